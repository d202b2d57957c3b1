"""Mutants that no candidate can tell from the pack, each for a stated reason.

A rule speaks only of what follows from the pack's own content. It is asked only for a mutant that no vector killed;
every mutant that it excuses is listed in the report with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fhir_hr.rules.check_specs import CheckSpec, DirectionSpec, ItemFitSpec, WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.checks.mark import division_prefix
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Anchor, CheckKind, Count, ListState
from fhir_hr.testing.mutations import Mutation
from fhir_hr.testing.shifts import Shift

__all__ = ["packs_meet", "why_equivalent", "why_shift_equivalent"]


def why_equivalent(mutation: Mutation, content: PackContent, others: Iterable[PackContent]) -> str | None:
    """Say why a mutation cannot matter; ``None`` when it can.

    Args:
        mutation: the mutation.
        content: the pack as it is.
        others: the other packs that there are, for what depends on several.
    """
    if mutation.kind is None:
        return _head(mutation, content, tuple(others))
    spec = content.checks[mutation.index]
    field = mutation.field.split(".")[0].split("[")[0]
    if field == "symbol":
        return "the symbol stands only in the words of the reason"
    if isinstance(spec, WindowSpec):
        return _window(spec, field, content)
    if isinstance(spec, DirectionSpec) and mutation.field.endswith(".same_tier") and _one_tier(spec, mutation.field):
        return "both sides of the case are asked for one and the same level already"
    return _other_check(spec, field, content)


def _one_tier(spec: DirectionSpec, field: str) -> bool:
    case = spec.cases[int(field[field.index("[") + 1 : field.index("]")])]
    return len(case.issuer.tiers) == 1 and case.issuer.tiers == case.receiver.tiers


def _window(spec: WindowSpec, field: str, content: PackContent) -> str | None:
    limited = spec.max_days is not None or any(row.window_days is not None for row in content.items)
    if not limited and field in ("anchor", "count", "inclusive", "zone", "on_expired", "on_unknown", "on_unclear"):
        return "no limit is stated for any item, so no times are compared"
    if spec.max_days is not None and field in ("on_none", "limit_known"):
        return "a limit is stated for all items, so none is without"
    if field == "zone" and spec.count is Count.ELAPSED:
        return "days of 24 hours do not depend on a zone"
    stated = Anchor.UNSTATED is not spec.anchor and Count.UNSTATED is not spec.count and spec.inclusive is not None
    if field == "on_unclear" and stated:
        return "anchor, count and edge are all stated, so no two readings can differ"
    return None


def _other_check(spec: CheckSpec, field: str, content: PackContent) -> str | None:
    kind, rows = kind_of(spec), content.items
    if kind is CheckKind.LISTED:
        return _listed(field, content)
    if kind is CheckKind.INSTITUTION:
        return _institution(field, content)
    if kind is CheckKind.SPECIAL and not any(row.require for row in rows):
        return "no item of the list demands anything of its own"
    if isinstance(spec, ItemFitSpec) and field == "on_broader" and not any(row.includes for row in rows):
        return "no item of the list includes another"
    if kind is CheckKind.SPECIMEN_FIT and field == "on_other" and not any(row.specimens for row in rows):
        return "no item of the list names its specimens"
    if kind is CheckKind.EXCLUSION and field == "on_claim" and not content.exclusions:
        return "the pack has no exclusion case"
    return None


def _listed(field: str, content: PackContent) -> str | None:
    dated, state = _dated(content.items), content.list_state
    if field == "on_open" and state is ListState.COMPLETE:
        return "the pack holds the whole list, so it is never open"
    if field == "on_unlisted" and state is not ListState.COMPLETE and not dated:
        return "the list is open, so nothing is surely off it"
    if field == "on_unknown" and state is ListState.ABSENT and not dated:
        return "the list is absent, so an item that is not mapped is off it like any other"
    return None


def _institution(field: str, content: PackContent) -> str | None:
    complete = content.institutions_state is ListState.COMPLETE
    if field == "on_open" and complete:
        return "the pack holds the whole list of institutions, so it is never open"
    if field == "on_unlisted" and not complete and not _dated(content.institutions):
        return "the list of institutions is open, so none is surely off it"
    return None


def _head(mutation: Mutation, content: PackContent, others: tuple[PackContent, ...]) -> str | None:
    field = mutation.field
    if field == "effective.zone" and not _dates(content):
        return "the pack states no date, so its zone counts nothing"
    between = field == "level" or field.startswith("delegates")
    if between and _delegations(content, others) == _delegations(mutation.content, others):
        return "no known pack leaves a check to this one, or takes one over from it, on account of it"
    if field == "list_state" and not any(kind_of(spec) is CheckKind.LISTED for spec in content.checks):
        return "no check of the pack reads its item list's state"
    if field == "items.includes" and not _fits_broader(content):
        return "no check of the pack asks what an item includes"
    return None


def _fits_broader(content: PackContent) -> bool:
    for spec in content.checks:
        if isinstance(spec, ItemFitSpec) and spec.on_broader is not None:
            return True
        if kind_of(spec) is CheckKind.EXAM_FIT:
            return True
    return False


def _dates(content: PackContent) -> bool:
    if content.effective.start or content.effective.end:
        return True
    tables = (content.items, content.institutions, content.alliances, content.suspensions)
    return _dated(*tables, content.quality, content.negative)


def _delegations(content: PackContent, others: tuple[PackContent, ...]) -> set[tuple[str, str, CheckKind]]:
    """Return (wider, narrower, kind) for every kind that one of the packs leaves to another."""
    found = set()
    for other in others:
        if not packs_meet(content, other):
            continue
        for wide, narrow in ((content, other), (other, content)):
            if wide.level.width > narrow.level.width:
                kinds = {kind_of(spec) for spec in narrow.checks}
                found |= {(wide.pack, narrow.pack, kind) for kind in wide.delegates if kind in kinds}
    return found


def packs_meet(a: PackContent, b: PackContent) -> bool:
    """Tell whether two packs can apply to one order: a kind in common, and areas of which one lies in the other."""
    mine = [division_prefix(code) for code in a.applies.divisions]
    theirs = [division_prefix(code) for code in b.applies.divisions]
    return bool({*a.kinds} & {*b.kinds}) and any(x.startswith(y) or y.startswith(x) for x in mine for y in theirs)


def why_shift_equivalent(shift: Shift, content: PackContent) -> str | None:
    """Say why shifting an edge by a second cannot matter; ``None`` when it can."""
    if shift.index < 0:
        if content.effective.start is None and content.effective.end is None:
            return "the text states no first or last day"
        return None
    spec = content.checks[shift.index]
    if isinstance(spec, WindowSpec):
        return _window(spec, "anchor", content)
    if isinstance(spec, DirectionSpec):
        asked = any(party.assessed is not None for case in spec.cases for party in (case.issuer, case.receiver))
        if not asked and not _dated(content.institutions, content.alliances):
            return "no row of an institution or alliance has a date, and no case asks for an assessment"
        if shift.time == "order" and not _dated(content.institutions, content.alliances):
            return "at order time only the receiver's own rows are read, and none has a date"
    if shift.kind is CheckKind.LISTED and not _dated(content.items):
        return "no item of the list has a date"
    if shift.kind is CheckKind.INSTITUTION and not _dated(content.institutions, content.suspensions):
        return "no institution or suspension in the pack has a date"
    if shift.kind is CheckKind.NEGATIVE_LIST and not _dated(content.negative):
        return "no row of the negative list has a date"
    return None


def _dated(*tables: Iterable[msgspec.Struct]) -> bool:
    columns = ("start", "end", "assessed_from")
    return any(getattr(row, column, None) for table in tables for row in table for column in columns)
