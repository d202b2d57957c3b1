"""The checks of a pack as data: one Struct per kind of check, told apart by the tag ``check``."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from fhir_hr.model.decisions import Effect
from fhir_hr.model.flags import EvidenceType
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.model.priors import Grade, InstitutionType, Ownership
from fhir_hr.rules.vocabulary import Anchor, Aspect, Count, Field, MarkLevel

__all__ = [
    "CheckSpec",
    "ComparabilitySpec",
    "CompleteSpec",
    "DirectionCase",
    "DirectionSpec",
    "ExamFitSpec",
    "ExclusionSpec",
    "FinalitySpec",
    "IdentitySpec",
    "InstitutionSpec",
    "ItemFitSpec",
    "ItemSymbolSpec",
    "ListedSpec",
    "MarkSpec",
    "NegativeSpec",
    "OwnHospitalSpec",
    "Part",
    "Party",
    "QualitySpec",
    "Rank",
    "ScaleFitSpec",
    "SpecialSpec",
    "SpecimenFitSpec",
    "SupersededSpec",
    "Then",
    "TimeOrderSpec",
    "WindowSpec",
]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all pack parts: frozen, and an unknown key is an error."""


class Then(Part, frozen=True, kw_only=True):
    """What a finding does, and on whose word.

    Attributes:
        clause: id of a clause in ``sources.yaml``.
        interpretation: our reading where the text is silent. One of both must be given.
    """

    effect: Effect
    clause: str | None = None
    interpretation: str | None = None


class IdentitySpec(Part, frozen=True, kw_only=True, tag_field="check", tag="identity"):
    """Same person: proved, disproved or unknown."""

    on_mismatch: Then
    on_unknown: Then


class FinalitySpec(Part, frozen=True, kw_only=True, tag_field="check", tag="finality"):
    """Result and report are finished."""

    item_statuses: tuple[ResultStatus, ...]
    report_statuses: tuple[ReportStatus, ...]
    on_fail: Then
    on_unknown: Then


class SupersededSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="superseded"):
    """No later correction or withdrawal is known."""

    on_fail: Then
    on_unknown: Then


class TimeOrderSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="time_order"):
    """Performed and reported before the order."""

    on_fail: Then
    on_unknown: Then


class ItemFitSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="item_fit"):
    """The prior is the item that is ordered.

    ``on_broader``: the prior's list row says that it includes the ordered item (增强 = 平扫 + 增强); without it, such
    a prior is another item.
    """

    on_mismatch: Then
    on_unknown: Then
    on_broader: Then | None = None


class ExamFitSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="exam_fit"):
    """The examination agrees with the ordered one in these aspects."""

    aspects: tuple[Aspect, ...]
    on_mismatch: Then
    on_unknown: Then


class SpecimenFitSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="specimen_fit"):
    """The specimen is the ordered one, or one that the item's list row accepts."""

    on_mismatch: Then
    on_other: Then
    on_unknown: Then


class ScaleFitSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="scale_fit"):
    """Quantitative or qualitative as ordered; ``on_finer``: a number where a grade was asked."""

    on_mismatch: Then
    on_finer: Then
    on_unknown: Then


class ListedSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="listed"):
    """The prior's item is on the list at performed time.

    ``on_open``: the item is not in the pack's rows, and the pack does not hold the whole list.
    """

    on_unlisted: Then
    on_unknown: Then
    on_open: Then | None = None


class OwnHospitalSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="own_hospital"):
    """The prior comes from the ordering hospital itself, or even from the same visit there."""

    on_same: Then
    on_same_encounter: Then | None = None


class InstitutionSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="institution"):
    """The issuer is on the institution list, and not suspended, at performed time.

    ``on_listed`` may oblige; ``on_open``: not in the pack's rows, and the pack does not hold the whole list. Without
    them nothing is said then.
    """

    on_unlisted: Then
    on_suspended: Then
    on_unknown: Then
    on_listed: Then | None = None
    on_open: Then | None = None


class Rank(Part, frozen=True, kw_only=True):
    """A level with its grade as a line: 二级甲等 is ``{tier: 2, grade: 甲}``; without grade, the level as a whole."""

    tier: int
    grade: Grade | None = None


class Party(Part, frozen=True, kw_only=True):
    """What an institution has to be; what is left out does not matter. ``assessed``: by experts, at performed time."""

    tiers: tuple[int, ...] = ()
    at_least: Rank | None = None
    at_most: Rank | None = None
    ownership: Ownership | None = None
    types: tuple[InstitutionType, ...] = ()
    assessed: bool | None = None


class DirectionCase(Part, frozen=True, kw_only=True):
    """One direction: issuer and receiver as described, and, where asked, of one level or one alliance."""

    then: Then
    issuer: Party = Party()
    receiver: Party = Party()
    same_tier: bool = False
    same_alliance: bool = False


class DirectionSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="direction"):
    """Who recognises whom. The first case that holds decides; one that cannot be told gives ``on_unknown``."""

    cases: tuple[DirectionCase, ...]
    otherwise: Then
    on_unknown: Then


class NegativeSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="negative_list"):
    """The ordered item is not on the negative list at order time."""

    on_listed: Then
    on_unknown: Then


class MarkSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="mark"):
    """Report or item carries a mark of this pack that covers issuer and receiver."""

    on_valid: Then
    on_absent: Then
    on_outside: Then
    on_unknown: Then
    level: MarkLevel = MarkLevel.REPORT


class ItemSymbolSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="item_symbol"):
    """On a marked report, the item itself carries its symbol."""

    symbol: str
    on_absent: Then
    on_unknown: Then


class QualitySpec(Part, frozen=True, kw_only=True, tag_field="check", tag="quality"):
    """Quality evidence of one type at performed time.

    ``on_unknown``: no evidence at hand; ``on_unclear``: a failure that may or may not cover the time.
    """

    evidence: EvidenceType
    on_fail: Then
    on_not_assessed: Then
    on_unknown: Then
    on_unclear: Then


class CompleteSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="complete"):
    """The report states these fields; ``on_unknown``: it is not known whether one of them is there."""

    fields: tuple[Field, ...]
    on_missing: Then
    on_unknown: Then | None = None


class SpecialSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="special"):
    """The report states what the item's own list row demands."""

    on_missing: Then


class ComparabilitySpec(Part, frozen=True, kw_only=True, tag_field="check", tag="comparability"):
    """Unit, method or reference interval are those that the receiver would use."""

    aspects: tuple[Aspect, ...]
    on_differ: Then
    on_unknown: Then


class WindowSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="window"):
    """The prior is not too old.

    Attributes:
        max_days: limit of every item without its own; ``null``: none, then ``on_none`` says so.
        limit_known: whether ``null`` means that the text states no limit, or (false) that it was not seen.
        anchor, count, inclusive: how days are counted; ``unstated`` and ``null``: the text does not say. Then every
            reading is asked: if they differ, ``on_unclear``.
    """

    max_days: int | None
    anchor: Anchor
    count: Count
    inclusive: bool | None
    zone: str
    on_expired: Then
    on_unknown: Then
    on_none: Then
    limit_known: bool = True
    on_unclear: Then | None = None


class ExclusionSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="exclusion"):
    """A clinician asserted one of the pack's cases; ``on_unknown``: a case that the pack does not have."""

    on_claim: Then
    on_unknown: Then


CheckSpec: TypeAlias = (
    IdentitySpec
    | FinalitySpec
    | SupersededSpec
    | TimeOrderSpec
    | ItemFitSpec
    | ExamFitSpec
    | SpecimenFitSpec
    | ScaleFitSpec
    | ListedSpec
    | OwnHospitalSpec
    | InstitutionSpec
    | DirectionSpec
    | NegativeSpec
    | MarkSpec
    | ItemSymbolSpec
    | QualitySpec
    | CompleteSpec
    | SpecialSpec
    | ComparabilitySpec
    | WindowSpec
    | ExclusionSpec
)
