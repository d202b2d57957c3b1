"""The checks of a pack as data: one Struct per kind of check, told apart by the tag ``check``."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from fhir_hr.model.decisions import Effect
from fhir_hr.model.flags import EvidenceType
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.rules.vocabulary import Anchor, Count, Field

__all__ = [
    "CheckSpec",
    "CompleteSpec",
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
    "QualitySpec",
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
    """The prior is the item that is ordered."""

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
    """The prior's item is on the list at performed time."""

    on_unlisted: Then
    on_unknown: Then


class OwnHospitalSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="own_hospital"):
    """The prior comes from the ordering hospital itself."""

    on_same: Then


class InstitutionSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="institution"):
    """The issuer is on the institution list, and not suspended, at performed time."""

    on_unlisted: Then
    on_suspended: Then
    on_unknown: Then


class NegativeSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="negative_list"):
    """The ordered item is not on the negative list at order time."""

    on_listed: Then
    on_unknown: Then


class MarkSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="mark"):
    """The report carries a mark of this pack that covers issuer and receiver."""

    on_valid: Then
    on_absent: Then
    on_outside: Then
    on_unknown: Then


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
    """The report states these fields."""

    fields: tuple[Field, ...]
    on_missing: Then


class SpecialSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="special"):
    """The report states what the item's own list row demands."""

    on_missing: Then


class WindowSpec(Part, frozen=True, kw_only=True, tag_field="check", tag="window"):
    """The prior is not too old. ``max_days`` ``null``: the text states no limit, then ``on_none`` says so."""

    max_days: int | None
    anchor: Anchor
    count: Count
    inclusive: bool
    zone: str
    on_expired: Then
    on_unknown: Then
    on_none: Then


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
