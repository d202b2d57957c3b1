"""What a compiled pack holds: plain typed data, no behaviour.

Authors write ``pack.yaml``, ``sources.yaml`` and tables; the loader turns them into one
:class:`PackContent`. Its canonical JSON is what is hashed, signed and distributed.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.decisions import Force
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.model.lab import ReportKind, Scale
from fhir_hr.rules.check_specs import CheckSpec, Part, Then
from fhir_hr.rules.vocabulary import Field

__all__ = [
    "Applies",
    "Certainty",
    "Clause",
    "Document",
    "Effective",
    "ExclusionCase",
    "ForceSpec",
    "InstitutionRow",
    "ItemRow",
    "MarkRow",
    "NegativeRow",
    "PackContent",
    "Panels",
    "QualityRow",
    "Record",
    "Refusal",
    "RefusalReason",
    "SuspensionRow",
]


class Certainty(StrEnum):
    """How surely a value is known: read in the text, concluded from it, or not known."""

    STATED = "stated"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Clause(Part, frozen=True, kw_only=True):
    """One sentence of a document: ``id`` inside the pack, ``clause`` as the text numbers it, its short phrase."""

    id: str
    clause: str
    text: str


class Document(Part, frozen=True, kw_only=True):
    """A policy text. ``number`` and ``issued`` are ``null`` where the copy that was read does not say."""

    id: str
    title: str
    issuer: str | None
    number: str | None
    issued: str | None
    certainty: Certainty
    clauses: tuple[Clause, ...]
    note: str | None = None


class Effective(Part, frozen=True, kw_only=True):
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


class Applies(Part, frozen=True, kw_only=True):
    """For which receiving hospitals the text is law: GB/T 2260 divisions as six digits, ``510000``."""

    divisions: tuple[str, ...]
    clause: str
    on_unknown: Then


class ForceSpec(Part, frozen=True, kw_only=True):
    """How strongly a MUST binds, and the clause that says so."""

    value: Force
    clause: str


class MarkRow(Part, frozen=True, kw_only=True):
    """A registered mark that obliges under this pack; ``text`` and ``covers`` come from the registry."""

    code: str
    text: str
    covers: tuple[str, ...]
    clause: str


class Record(Part, frozen=True, kw_only=True):
    """What has to be written down when a result is recognised."""

    fields: tuple[str, ...]
    clause: str


class Refusal(Part, frozen=True, kw_only=True):
    """What a refusal asks for: words to the patient, consent to the repetition, the reason, a signature."""

    needs: tuple[str, ...]
    when_patient_disagrees: tuple[str, ...]
    clause: str


class Panels(Part, frozen=True, kw_only=True):
    """Whether orders are taken apart into items before they are judged."""

    expand: bool
    clause: str


class ItemRow(Part, frozen=True, kw_only=True):
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


class ExclusionCase(Part, frozen=True, kw_only=True):
    """A case in which a clinician may decline (``1`` … ``6`` of 四(四)), with the words they must add."""

    case: str
    zh: str
    en: str
    clause: str
    needs: tuple[str, ...] = ()


class RefusalReason(Part, frozen=True, kw_only=True):
    """A reason a clinician may record for refusing; ``case`` names the exclusion it rests on."""

    code: str
    zh: str
    en: str
    case: str | None
    counts_as_refusal: bool
    needs: tuple[str, ...]
    clause: str
    certainty: Certainty


class InstitutionRow(Part, frozen=True, kw_only=True):
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


class SuspensionRow(Part, frozen=True, kw_only=True):
    """An institution, or one of its items, suspended for a period; ``item`` ``None`` is all."""

    uscc: str
    item: str | None = None
    start: str | None = None
    end: str | None = None
    reason: str | None = None
    clause: str | None = None


class QualityRow(Part, frozen=True, kw_only=True):
    """Quality evidence of an institution, as the authority publishes it."""

    uscc: str
    type: EvidenceType
    result: EvidenceResult
    item: str | None = None
    start: str | None = None
    end: str | None = None
    issuer: str | None = None
    document: str | None = None


class NegativeRow(Part, frozen=True, kw_only=True):
    """An item that the jurisdiction takes out of recognition, for a period (order time)."""

    item: str
    start: str | None = None
    end: str | None = None
    reason: str | None = None
    clause: str | None = None


class PackContent(Part, frozen=True, kw_only=True):
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
