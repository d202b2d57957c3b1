"""Does one need of a mark hold for one item? One small function per need."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fhir_hr.mapping.marks import inside_area
from fhir_hr.mapping.specimens import load_specimens
from fhir_hr.marks.facts import ItemFacts
from fhir_hr.marks.grounds import Grounds, ListedItem, MarkList
from fhir_hr.marks.needs import Need, State
from fhir_hr.marks.periods import moments
from fhir_hr.marks.rules import MarkRule
from fhir_hr.model.flags import Evidence, EvidenceType
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.model.priors import Institution, Ownership
from fhir_hr.model.when import Precision, When

__all__ = ["QUALITY_NEEDS", "Finding", "judge"]

QUALITY_NEEDS = {EvidenceType.EQA: Need.EQA, EvidenceType.IQC: Need.IQC, EvidenceType.ASSESSMENT: Need.ASSESSMENT}

_RELEASED = frozenset({ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.CORRECTED, ReportStatus.APPENDED})
_FINAL = frozenset({ResultStatus.FINAL, ResultStatus.AMENDED, ResultStatus.CORRECTED})
_DAY_WIDTHS = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """How a need stands, with what showed it."""

    state: State
    evidence: tuple[Evidence, ...] = ()
    row: ListedItem | None = None
    list: MarkList | None = None


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    rule: MarkRule
    facts: ItemFacts
    institution: Institution
    grounds: Grounds
    systems: tuple[str, ...]


_MET, _MISSING, _UNKNOWN = (Finding(state=state) for state in (State.MET, State.MISSING, State.UNKNOWN))


def judge(
    rule: MarkRule, facts: ItemFacts, *, institution: Institution, grounds: Grounds, systems: tuple[str, ...]
) -> Finding:
    """Tell how the need of a rule stands.

    Args:
        rule: the rule.
        facts: the item.
        institution: who issues the report.
        grounds: evidence, statements and lists.
        systems: code systems of the lists that the rules of this mark name, for needs that depend on the list's row.
    """
    case = _Case(rule=rule, facts=facts, institution=institution, grounds=grounds, systems=systems)
    return _JUDGES[rule.need](case)


def _stated(value: bool | None) -> Finding:
    if value is None:
        return _UNKNOWN
    return _MET if value else _MISSING


def _present(value: bool | None) -> Finding:
    # What is to stand on the report and is not seen there does not stand there.
    return _MET if value else _MISSING


def _text_in_force(c: _Case) -> Finding:
    """A first day of which only the year or month is known leaves that whole year or month open."""
    day = c.rule.values[0]
    first, at = moments(When(iso=day, precision=_DAY_WIDTHS[len(day)])), moments(c.facts.performed)
    if first is None or at is None:
        return _UNKNOWN
    if at[0] >= (first[0] if len(day) == 10 else first[1]):
        return _MET
    return _MISSING if at[1] <= first[0] else _UNKNOWN


def _report_final(c: _Case) -> Finding:
    if c.facts.report_status is ReportStatus.UNKNOWN:
        return _UNKNOWN
    return _stated(c.facts.report_status in _RELEASED)


def _result_final(c: _Case) -> Finding:
    status = c.facts.result_status
    if status is None or status is ResultStatus.UNKNOWN:
        return _UNKNOWN
    return _stated(status in _FINAL)


def _area(c: _Case) -> Finding:
    return _stated(inside_area(c.institution.division, c.rule.values))


def _tier(c: _Case) -> Finding:
    tier = c.institution.tier
    return _stated(None if tier is None else tier >= int(c.rule.values[0]))


def _public(c: _Case) -> Finding:
    owner = c.institution.ownership
    return _stated(None if owner is None else owner is Ownership.PUBLIC)


def _statement(c: _Case) -> Finding:
    rule, facts = c.rule, c.facts
    code = facts.item.code if facts.item is not None else None
    said = c.grounds.stated(rule.need, mark=rule.mark, item=code, performed=facts.performed)
    return _MET if said else _UNKNOWN


def _item_listed(c: _Case) -> Finding:
    item = c.facts.item
    if item is None:
        return _UNKNOWN
    state, row, found = c.grounds.listed(c.rule.values[0], item, c.facts.performed)
    return Finding(state=state, row=row, list=found)


def _performed(c: _Case) -> Finding:
    when = c.facts.performed
    return _present(when is not None and when.precision >= Precision.DAY and moments(when) is not None)


def _specimen_fit(c: _Case) -> Finding:
    item, kind = c.facts.item, c.facts.specimen_kind
    rows = [row for system in c.systems if item and (row := c.grounds.listed(system, item, c.facts.performed)[1])]
    accepted = rows[0].specimens if rows else ()
    if not accepted:
        return _MET  # the list says nothing of specimens, or the item stands on none: that is another reason
    table = load_specimens()
    if kind is None or table.kind(kind) is None:
        return _UNKNOWN
    # A kind that may be an accepted one (blood, not nearer stated) is accepted: the list itself names no specimen.
    return _MET if kind in accepted or table.accepts(accepted, kind) is not False else _MISSING


def _scale(c: _Case) -> Finding:
    return _present(c.facts.scale is not None)


def _device(c: _Case) -> Finding:
    return _present(bool(c.facts.device_model and c.facts.device_model.strip()))


def _quality(kind: EvidenceType) -> Callable[[_Case], Finding]:
    def ask(c: _Case) -> Finding:
        item = c.facts.item.code if c.facts.item is not None else None
        state, evidence = c.grounds.standing(
            kind,
            item=item,
            performed=c.facts.performed,
            issuers=c.rule.values if c.rule.need is Need.EQA else (),
        )
        return Finding(state=state, evidence=evidence)

    return ask


def _assessment(c: _Case) -> Finding:
    tier = c.institution.tier
    exempt = tier is not None and tier >= int(c.rule.values[0])
    return _MET if exempt else _quality(EvidenceType.ASSESSMENT)(c)


_JUDGES: dict[Need, Callable[[_Case], Finding]] = {
    Need.TEXT_IN_FORCE: _text_in_force,
    Need.REPORT_FINAL: _report_final,
    Need.RESULT_FINAL: _result_final,
    Need.INSTITUTION_AREA: _area,
    Need.INSTITUTION_LISTED: lambda c: Finding(state=c.grounds.takes_part(c.facts.performed)),
    Need.INSTITUTION_PUBLIC: _public,
    Need.INSTITUTION_TIER: _tier,
    Need.AUTHORISED: _statement,
    Need.ITEM_LISTED: _item_listed,
    Need.PATIENT_NAMED: lambda c: _stated(c.facts.patient_named),
    Need.PERFORMED_STATED: _performed,
    Need.SPECIMEN_STATED: lambda c: _present(c.facts.specimen_stated),
    Need.SPECIMEN_FIT: _specimen_fit,
    Need.VALUE_PRESENT: lambda c: _present(c.facts.value_present),
    Need.METHOD_STATED: lambda c: _present(c.facts.method),
    Need.REFERENCE_STATED: lambda c: _present(c.facts.reference),
    Need.SCALE_STATED: _scale,
    Need.SERIES_COMPLETE: lambda c: _stated(c.facts.series_complete),
    Need.IMAGE_QUALITY: lambda c: _stated(c.facts.image_quality),
    Need.REPORT_SOUND: lambda c: _stated(c.facts.report_sound),
    Need.DEVICE_MODEL: _device,
    Need.EQA: _quality(EvidenceType.EQA),
    Need.IQC: _quality(EvidenceType.IQC),
    Need.ASSESSMENT: _assessment,
    Need.QUALITY_SYSTEM: _statement,
}
