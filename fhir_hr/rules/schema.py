"""What a compiled pack holds: plain typed data, no behaviour.

Authors write ``pack.yaml``, ``sources.yaml`` and tables; the loader turns them into one
:class:`PackContent`. Its canonical JSON is what is hashed, signed and distributed.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.decisions import Force
from fhir_hr.model.exams import Contrast, Side, View
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.model.lab import ReportKind, Scale
from fhir_hr.model.priors import Grade, InstitutionType, Ownership
from fhir_hr.rules.check_specs import CheckSpec, Part, Then
from fhir_hr.rules.vocabulary import CheckKind, DutyKind, Field, Level, ListState

__all__ = [
    "AllianceRow",
    "Applies",
    "Certainty",
    "Clause",
    "Document",
    "Duty",
    "Effective",
    "ExclusionCase",
    "ForceSpec",
    "Gap",
    "InstitutionRow",
    "ItemRow",
    "MarkRow",
    "NegativeRow",
    "OverlayRef",
    "PackContent",
    "Panels",
    "QualityRow",
    "Record",
    "Refusal",
    "RefusalReason",
    "SuspensionRow",
    "Verified",
    "WeakenRow",
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
    """A policy text. ``number`` and ``issued`` are ``null`` where the copy that was read does not say.

    ``source`` says where the copy was read: an address, or the title of a collection.
    """

    id: str
    title: str
    issuer: str | None
    number: str | None
    issued: str | None
    certainty: Certainty
    clauses: tuple[Clause, ...]
    note: str | None = None
    source: str | None = None


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
    """For which receiving hospitals the text is law: GB/T 2260 divisions as six digits, ``510000``.

    ``000000`` is the whole country. One of ``clause`` and ``interpretation`` must be given.
    """

    divisions: tuple[str, ...]
    on_unknown: Then
    clause: str | None = None
    interpretation: str | None = None


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
        modality, body_part, side, views, contrast: of an examination, what is part of the item; ``None``: not part.
        includes: codes of the items that this one holds within it, where the text says so.
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
    modality: str | None = None
    body_part: str | None = None
    side: Side | None = None
    views: tuple[View, ...] | None = None
    contrast: Contrast | None = None
    includes: tuple[str, ...] = ()


class ExclusionCase(Part, frozen=True, kw_only=True):
    """A case in which a clinician may decline (``1`` … ``6`` of 四(四)), with the words they must add."""

    case: str
    zh: str
    en: str
    clause: str
    needs: tuple[str, ...] = ()


class RefusalReason(Part, frozen=True, kw_only=True):
    """A reason a clinician may record for refusing.

    ``case`` names the exclusion it rests on, ``maps_to`` the reason of the common list
    (``profiles/rules/refusal-reasons.csv``).
    """

    code: str
    zh: str
    en: str
    case: str | None
    counts_as_refusal: bool
    needs: tuple[str, ...]
    clause: str
    certainty: Certainty
    maps_to: str | None = None


class InstitutionRow(Part, frozen=True, kw_only=True):
    """An institution on the jurisdiction's list, for a period. ``assessed_from``: first day it counts as assessed."""

    uscc: str
    name: str
    tier: int | None = None
    grade: Grade | None = None
    ownership: Ownership | None = None
    type: InstitutionType | None = None
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


class AllianceRow(Part, frozen=True, kw_only=True):
    """An institution's membership in a 医联体/医共体, for a period."""

    alliance: str
    uscc: str
    start: str | None = None
    end: str | None = None
    clause: str | None = None


class Duty(Part, frozen=True, kw_only=True):
    """A duty that the text lays down beside the verdict (remind, review, sample …).

    Attributes:
        percent: share of a sample, of one hundred; ``period``: ``month``, ``year`` … as the text says.
        text: the duty in the words of people.
    """

    duty: DutyKind
    clause: str
    text: str | None = None
    percent: int | None = None
    period: str | None = None


class Gap(Part, frozen=True, kw_only=True):
    """Something that the text has, or refers to, and that this pack does not hold; never filled in by us."""

    part: str
    text: str


class Verified(Part, frozen=True, kw_only=True):
    """Who compared the pack with the text, and when."""

    by: str
    on: str


class WeakenRow(Part, frozen=True, kw_only=True):
    """What a hospital's overlay leaves to its physicians: must → may, for a case that the pack has.

    ``item`` ``None`` is every item; the period counts at order time.
    """

    case: str
    reason: str
    item: str | None = None
    start: str | None = None
    end: str | None = None


class OverlayRef(Part, frozen=True, kw_only=True):
    """A hospital's overlay that was laid over this pack, and for which receiving institution it holds."""

    overlay: str
    version: str
    institution: str


class PackContent(Part, frozen=True, kw_only=True):
    """A whole pack as data.

    Attributes:
        jurisdiction: who may sign it: ``cn``, ``cn-51``, ``cn-1401``, ``cn-r-chengyu``.
        level: how wide the jurisdiction is.
        kinds: kinds of report that it speaks of.
        item_system: code system of its items; ``None`` while the list is absent.
        delegates: kinds of check that it leaves to a narrower jurisdiction's pack that has them.
        list_state, institutions_state: how much of these lists the pack holds.
        gaps: what the text has and the pack does not.
        review_by: day by which the authority wants it reviewed; never switches anything off.
        weaken, overlays: put there by :func:`fhir_hr.rules.overlays.apply_overlay`, never by an author.
    """

    pack: str
    version: str
    vocabulary: str
    title: str
    jurisdiction: str
    level: Level
    kinds: tuple[ReportKind, ...]
    authority: str | None
    applies: Applies
    effective: Effective
    checks: tuple[CheckSpec, ...]
    documents: tuple[Document, ...]
    list_state: ListState
    item_system: str | None = None
    list_version: str | None = None
    institutions_state: ListState = ListState.ABSENT
    force: ForceSpec | None = None
    marks: tuple[MarkRow, ...] = ()
    delegates: tuple[CheckKind, ...] = ()
    record: Record | None = None
    refusal: Refusal | None = None
    panels: Panels | None = None
    duties: tuple[Duty, ...] = ()
    gaps: tuple[Gap, ...] = ()
    review_by: str | None = None
    verified: Verified | None = None
    items: tuple[ItemRow, ...] = ()
    exclusions: tuple[ExclusionCase, ...] = ()
    refusal_reasons: tuple[RefusalReason, ...] = ()
    institutions: tuple[InstitutionRow, ...] = ()
    alliances: tuple[AllianceRow, ...] = ()
    suspensions: tuple[SuspensionRow, ...] = ()
    quality: tuple[QualityRow, ...] = ()
    negative: tuple[NegativeRow, ...] = ()
    weaken: tuple[WeakenRow, ...] = ()
    overlays: tuple[OverlayRef, ...] = ()
