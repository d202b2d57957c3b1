"""The recognition mark (互认标识) and the flag that carries it with its evidence."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.codes import Code
from fhir_hr.model.when import When

__all__ = ["Evidence", "EvidenceResult", "EvidenceType", "FlagBasis", "Mark", "RecognitionFlag"]


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One registered mark, e.g. 川内HR. Found in the registry, never by pattern.

    Attributes:
        code: our code for it (``chuannei-hr``).
        text: as printed (``川内HR``).
        scopes: codes of the recognition-scope system that it covers (``cn-51``).
        covers: GB/T 2260 division prefixes that it covers, as six digits (``510000``).
        source: where the registry row comes from.
    """

    code: str
    text: str
    scopes: tuple[str, ...]
    covers: tuple[str, ...]
    source: str


class FlagBasis(StrEnum):
    """On what ground a flag stands."""

    PRINTED = "printed-on-report"
    ITEM_SYMBOL = "item-symbol"
    ON_IMAGE = "shown-on-image"
    ISSUED = "issued"


class EvidenceType(StrEnum):
    """Kind of quality evidence: 室间质评, 室内质控, 专家评估."""

    EQA = "eqa"
    IQC = "iqc"
    ASSESSMENT = "assessment"


class EvidenceResult(StrEnum):
    """Result of a quality assessment."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSED = "not-assessed"


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Quality evidence of an institution for one item over a period.

    Attributes:
        institution: USCC of the institution.
        item: recognised item code; ``None`` for all its items.
        start, end: the period it is valid for (``end`` inclusive); ``None`` is open.
        issuer: who assessed (``国家卫生健康委临床检验中心``, …).
        document: number of the certificate or notice.
    """

    type: EvidenceType
    result: EvidenceResult
    institution: str
    item: str | None = None
    start: When | None = None
    end: When | None = None
    issuer: str | None = None
    document: str | None = None


class RecognitionFlag(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The mark as it stands on a report or one of its results, with its evidence.

    Attributes:
        mark: the registered mark.
        basis: on what ground.
        item: recognised item code (Coding) on the list, for a result.
        list_uri, list_version: the list that the item stands on.
        authority: who issued the list or mark.
        valid_until: last day of validity, where a text states one.
        evidence: quality evidence given by the caller.
    """

    mark: Mark
    basis: FlagBasis
    item: Code | None = None
    list_uri: str | None = None
    list_version: str | None = None
    authority: str | None = None
    valid_until: When | None = None
    evidence: tuple[Evidence, ...] = ()
