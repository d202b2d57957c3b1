"""What a compiled pack holds: plain typed data, no behaviour.

Authors write ``pack.yaml``, ``sources.yaml`` and tables; the loader turns them into one
:class:`PackContent`. Its canonical JSON is what is hashed, signed and distributed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from fhir_hr.model.decisions import Effect, Force
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.rules.vocabulary import Anchor, Count, Field

__all__ = [
    "Applies",
    "Certainty",
    "CheckSpec",
    "Clause",
    "CompleteSpec",
    "Document",
    "Effective",
    "ExclusionCase",
    "ExclusionSpec",
    "FinalitySpec",
    "ForceSpec",
    "IdentitySpec",
    "InstitutionRow",
    "InstitutionSpec",
    "ItemFitSpec",
    "ItemRow",
    "ItemSymbolSpec",
    "ListedSpec",
    "MarkRow",
    "MarkSpec",
    "NegativeRow",
    "NegativeSpec",
    "OwnHospitalSpec",
    "PackContent",
    "Panels",
    "QualityRow",
    "QualitySpec",
    "Record",
    "Refusal",
    "RefusalReason",
    "ScaleFitSpec",
    "SpecialSpec",
    "SpecimenFitSpec",
    "SupersededSpec",
    "SuspensionRow",
    "Then",
    "TimeOrderSpec",
    "WindowSpec",
]


class Certainty(StrEnum):
    """How surely a value is known: read in the text, concluded from it, or not known."""

    STATED = "stated"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all pack parts: frozen, and an unknown key is an error."""


class Then(_Part, frozen=True, kw_only=True):
    """What a finding does, and on whose word.

    Attributes:
        clause: id of a clause in ``sources.yaml``.
        interpretation: our reading where the text is silent. One of both must be given.
    """

    effect: Effect
    clause: str | None = None
    interpretation: str | None = None


class Clause(_Part, frozen=True, kw_only=True):
    """One sentence of a document: ``id`` inside the pack, ``clause`` as the text numbers it, its short phrase."""

    id: str
    clause: str
    text: str


class Document(_Part, frozen=True, kw_only=True):
    """A policy text. ``number`` and ``issued`` are ``null`` where the copy that was read does not say."""

    id: str
    title: str
    issuer: str | None
    number: str | None
    issued: str | None
    certainty: Certainty
    clauses: tuple[Clause, ...]
    note: str | None = None


class Effective(_Part, frozen=True, kw_only=True):
    """Since when, and until when, the text is in force.

    Attributes:
        start, end: ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; ``null`` is open or not known.
        zone: offset in which those days are counted.
        basis: the words it rests on.
    """

    start: str | None = msgspec.field(name="from")
    end: str | None = msgspec.field(name="to")
    certainty: Certainty
    basis: str
    zone: str = "+08:00"


class Applies(_Part, frozen=True, kw_only=True):
    """For which receiving hospitals the text is law: GB/T 2260 divisions as six digits, ``510000``."""

    divisions: tuple[str, ...]
    clause: str
    on_unknown: Then


class ForceSpec(_Part, frozen=True, kw_only=True):
    """How strongly a MUST binds, and the clause that says so."""

    value: Force
    clause: str


class MarkRow(_Part, frozen=True, kw_only=True):
    """A registered mark that obliges under this pack; ``text`` and ``covers`` come from the registry."""

    code: str
    text: str
    covers: tuple[str, ...]
    clause: str


class Record(_Part, frozen=True, kw_only=True):
    """What has to be written down when a result is recognised."""

    fields: tuple[str, ...]
    clause: str


class Refusal(_Part, frozen=True, kw_only=True):
    """What a refusal asks for: words to the patient, consent to the repetition, the reason, a signature."""

    needs: tuple[str, ...]
    when_patient_disagrees: tuple[str, ...]
    clause: str


class Panels(_Part, frozen=True, kw_only=True):
    """Whether orders are taken apart into items before they are judged."""

    expand: bool
    clause: str


class ItemRow(_Part, frozen=True, kw_only=True):
    """One item of the list.

    Attributes:
        specimens: kinds of specimen that count as the listed item; empty: any.
        require: what the list itself demands for this item.
        window_days: its own limit; ``None``: the window check's.
        start, end: since when and until when it is on the list (performed time).
    """

    code: str
    name_zh: str
    abbreviation: str
    clause: str
    specimens: tuple[str, ...] = ()
    require: tuple[Field, ...] = ()
    scale: Scale | None = None
    window_days: int | None = None
    start: str | None = None
    end: str | None = None


class ExclusionCase(_Part, frozen=True, kw_only=True):
    """A case in which a clinician may decline (``1`` … ``6`` of 四(四)), with the words they must add."""

    case: str
    zh: str
    en: str
    clause: str
    needs: tuple[str, ...] = ()


class RefusalReason(_Part, frozen=True, kw_only=True):
    """A reason a clinician may record for refusing; ``case`` names the exclusion it rests on."""

    code: str
    zh: str
    en: str
    case: str | None
    counts_as_refusal: bool
    needs: tuple[str, ...]
    clause: str
    certainty: Certainty


class InstitutionRow(_Part, frozen=True, kw_only=True):
    """An institution on the jurisdiction's list, for a period."""

    uscc: str
    name: str
    tier: int | None = None
    grade: str | None = None
    ownership: str | None = None
    division: str | None = None
    start: str | None = None
    end: str | None = None
    assessed_from: str | None = None
    clause: str | None = None


class SuspensionRow(_Part, frozen=True, kw_only=True):
    """An institution, or one of its items, suspended for a period; ``item`` ``None`` is all."""

    uscc: str
    item: str | None = None
    start: str | None = None
    end: str | None = None
    reason: str | None = None
    clause: str | None = None


class QualityRow(_Part, frozen=True, kw_only=True):
    """Quality evidence of an institution, as the authority publishes it."""

    uscc: str
    type: EvidenceType
    result: EvidenceResult
    item: str | None = None
    start: str | None = None
    end: str | None = None
    issuer: str | None = None
    document: str | None = None


class NegativeRow(_Part, frozen=True, kw_only=True):
    """An item that the jurisdiction takes out of recognition, for a period (order time)."""

    item: str
    start: str | None = None
    end: str | None = None
    reason: str | None = None
    clause: str | None = None


# -- the checks: one Struct per kind; the tag is the kind ---------------------------------------


class IdentitySpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="identity"):
    """Same person: proved, disproved or unknown."""

    on_mismatch: Then
    on_unknown: Then


class FinalitySpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="finality"):
    """Result and report are finished."""

    item_statuses: tuple[ResultStatus, ...]
    report_statuses: tuple[ReportStatus, ...]
    on_fail: Then
    on_unknown: Then


class SupersededSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="superseded"):
    """No later correction or withdrawal is known."""

    on_fail: Then
    on_unknown: Then


class TimeOrderSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="time_order"):
    """Performed and reported before the order."""

    on_fail: Then
    on_unknown: Then


class ItemFitSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="item_fit"):
    """The prior is the item that is ordered."""

    on_mismatch: Then
    on_unknown: Then


class SpecimenFitSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="specimen_fit"):
    """The specimen is the ordered one, or one that the item's list row accepts."""

    on_mismatch: Then
    on_other: Then
    on_unknown: Then


class ScaleFitSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="scale_fit"):
    """Quantitative or qualitative as ordered; ``on_finer``: a number where a grade was asked."""

    on_mismatch: Then
    on_finer: Then
    on_unknown: Then


class ListedSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="listed"):
    """The prior's item is on the list at performed time."""

    on_unlisted: Then
    on_unknown: Then


class OwnHospitalSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="own_hospital"):
    """The prior comes from the ordering hospital itself."""

    on_same: Then


class InstitutionSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="institution"):
    """The issuer is on the institution list, and not suspended, at performed time."""

    on_unlisted: Then
    on_suspended: Then
    on_unknown: Then


class NegativeSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="negative_list"):
    """The ordered item is not on the negative list at order time."""

    on_listed: Then
    on_unknown: Then


class MarkSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="mark"):
    """The report carries a mark of this pack that covers issuer and receiver."""

    on_valid: Then
    on_absent: Then
    on_outside: Then
    on_unknown: Then


class ItemSymbolSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="item_symbol"):
    """On a marked report, the item itself carries its symbol."""

    symbol: str
    on_absent: Then
    on_unknown: Then


class QualitySpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="quality"):
    """Quality evidence of one type at performed time.

    ``on_unknown``: no evidence at hand; ``on_unclear``: a failure that may or may not cover the time.
    """

    evidence: EvidenceType
    on_fail: Then
    on_not_assessed: Then
    on_unknown: Then
    on_unclear: Then


class CompleteSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="complete"):
    """The report states these fields."""

    fields: tuple[Field, ...]
    on_missing: Then


class SpecialSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="special"):
    """The report states what the item's own list row demands."""

    on_missing: Then


class WindowSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="window"):
    """The prior is not too old. ``max_days`` ``null``: the text states no limit, then ``on_none`` says so."""

    max_days: int | None
    anchor: Anchor
    count: Count
    inclusive: bool
    zone: str
    on_expired: Then
    on_unknown: Then
    on_none: Then


class ExclusionSpec(_Part, frozen=True, kw_only=True, tag_field="check", tag="exclusion"):
    """A clinician asserted one of the pack's cases; ``on_unknown``: a case that the pack does not have."""

    on_claim: Then
    on_unknown: Then


CheckSpec: TypeAlias = (
    IdentitySpec
    | FinalitySpec
    | SupersededSpec
    | TimeOrderSpec
    | ItemFitSpec
    | SpecimenFitSpec
    | ScaleFitSpec
    | ListedSpec
    | OwnHospitalSpec
    | InstitutionSpec
    | NegativeSpec
    | MarkSpec
    | ItemSymbolSpec
    | QualitySpec
    | CompleteSpec
    | SpecialSpec
    | WindowSpec
    | ExclusionSpec
)


class PackContent(_Part, frozen=True, kw_only=True):
    """A whole pack as data."""

    pack: str
    version: str
    vocabulary: str
    title: str
    kind: ReportKind
    item_system: str
    list_version: str
    authority: str
    applies: Applies
    effective: Effective
    force: ForceSpec
    marks: tuple[MarkRow, ...]
    checks: tuple[CheckSpec, ...]
    record: Record
    refusal: Refusal
    panels: Panels
    documents: tuple[Document, ...]
    items: tuple[ItemRow, ...]
    exclusions: tuple[ExclusionCase, ...]
    refusal_reasons: tuple[RefusalReason, ...] = ()
    institutions: tuple[InstitutionRow, ...] = ()
    suspensions: tuple[SuspensionRow, ...] = ()
    quality: tuple[QualityRow, ...] = ()
    negative: tuple[NegativeRow, ...] = ()
