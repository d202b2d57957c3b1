"""What the checks of a pack must keep to: who may oblige, what has to be said for the unknown, what is unsafe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fhir_hr.model.decisions import Effect
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.rules.check_specs import (
    CheckSpec,
    ComparabilitySpec,
    CompleteSpec,
    DirectionSpec,
    ExamFitSpec,
    FinalitySpec,
    IdentitySpec,
    ListedSpec,
    Party,
    Then,
    WindowSpec,
)
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.checks.compare import COMPARED
from fhir_hr.rules.checks.complete import TRI_STATE
from fhir_hr.rules.checks.exam import EXAM_ASPECTS
from fhir_hr.rules.checks.window import readings
from fhir_hr.rules.clock import parse_zone
from fhir_hr.rules.places import Places
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Aspect, CheckKind, ListState

__all__ = ["MAX_DAYS", "check_specs", "check_then", "obliges", "thens"]

MAX_DAYS = 36_500
"""Longest limit that a pack may state."""

_REPEATED = (CheckKind.QUALITY, CheckKind.COMPLETE, CheckKind.COMPARABILITY, CheckKind.EXAM_FIT)
_NEVER_FINAL = (ResultStatus.UNKNOWN, ResultStatus.CANCELLED, ResultStatus.ENTERED_IN_ERROR)
_NEVER_FINAL_REPORT = (ReportStatus.UNKNOWN, ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR)
_TIERS = (0, 1, 2, 3)


def thens(spec: CheckSpec) -> Iterator[tuple[str, Then]]:
    """Yield what a check may say, with its path inside the check."""
    for name in spec.__struct_fields__:
        value = getattr(spec, name)
        if isinstance(value, Then):
            yield name, value
    if isinstance(spec, DirectionSpec):
        for n, case in enumerate(spec.cases):
            yield f"cases[{n}].then", case.then


def obliges(content: PackContent) -> Iterator[tuple[str, Then]]:
    """Yield what obliges in a pack, with its path."""
    for n, spec in enumerate(content.checks):
        for name, then in thens(spec):
            if then.effect is Effect.OBLIGE:
                yield f"$.checks[{n}].{name}", then


def check_specs(content: PackContent, clauses: frozenset[str], at: Places) -> None:
    """Look at every check of a pack.

    Raises:
        PackError: the first thing that does not hold.
    """
    seen: set[CheckKind] = set()
    for n, spec in enumerate(content.checks):
        path, kind = f"$.checks[{n}]", kind_of(spec)
        if kind in seen and kind not in _REPEATED:
            raise at.head(f"the check {kind.value!r} stands twice", path)
        seen.add(kind)
        for name, then in thens(spec):
            check_then(then, f"{path}.{name}", clauses, at, may_oblige=_may_oblige(kind, name))
        look = _LOOKS.get(kind)
        if look is not None:
            look(spec, content, path, at)


def check_then(then: Then, path: str, clauses: frozenset[str], at: Places, *, may_oblige: bool = False) -> None:
    """Look at one thing that a check may say.

    Raises:
        PackError: no clause or interpretation, a clause that is not there, or an obligation where none may be.
    """
    if then.clause is None and not then.interpretation:
        raise at.head("needs a clause, or an interpretation marked as such", path)
    if then.clause is not None and then.clause not in clauses:
        raise at.head(f"clause {then.clause[:60]!r} is not in sources.yaml", path)
    if then.effect is Effect.OBLIGE and not may_oblige:
        raise at.head("only a valid mark, a listed institution or a direction may oblige", path)


def _may_oblige(kind: CheckKind, name: str) -> bool:
    if kind is CheckKind.DIRECTION:
        return name.startswith("cases[")
    return (kind, name) in ((CheckKind.MARK, "on_valid"), (CheckKind.INSTITUTION, "on_listed"))


def _identity(spec: IdentitySpec, _: PackContent, path: str, at: Places) -> None:
    if spec.on_mismatch.effect is not Effect.BLOCK:
        raise at.head("another person's result must be blocked", f"{path}.on_mismatch")
    if spec.on_unknown.effect not in (Effect.UNKNOWN, Effect.BLOCK):
        raise at.head("an identity in doubt must stay unknown or be blocked", f"{path}.on_unknown")


def _finality(spec: FinalitySpec, _: PackContent, path: str, at: Places) -> None:
    never = [str(s) for s in spec.item_statuses if s in _NEVER_FINAL]
    never += [str(s) for s in spec.report_statuses if s in _NEVER_FINAL_REPORT]
    if never:
        raise at.head(f"{', '.join(never)} can never count as final", path)


def _listed(spec: ListedSpec, content: PackContent, path: str, at: Places) -> None:
    if spec.on_open is None and content.list_state is not ListState.COMPLETE:
        raise at.head("needs on_open: the pack does not hold the whole list", path)


def _aspects(aspects: tuple[Aspect, ...], known: Any, path: str, at: Places) -> None:  # noqa: ANN401
    if not aspects:
        raise at.head("names no aspect", path)
    if len(set(aspects)) != len(aspects):
        raise at.head("an aspect stands twice", path)
    for aspect in aspects:
        if aspect not in known:
            raise at.head(f"{aspect.value} is none of {', '.join(each.value for each in known)}", path)


def _exam_fit(spec: ExamFitSpec, _: PackContent, path: str, at: Places) -> None:
    _aspects(spec.aspects, EXAM_ASPECTS, f"{path}.aspects", at)


def _comparability(spec: ComparabilitySpec, _: PackContent, path: str, at: Places) -> None:
    _aspects(spec.aspects, COMPARED, f"{path}.aspects", at)


def _complete(spec: CompleteSpec, _: PackContent, path: str, at: Places) -> None:
    if not spec.fields:
        raise at.head("names no field", f"{path}.fields")
    unsure = [field.value for field in spec.fields if field in TRI_STATE]
    if unsure and spec.on_unknown is None:
        raise at.head(f"needs on_unknown: it may be unknown whether {', '.join(unsure)} is there", path)


def _direction(spec: DirectionSpec, _: PackContent, path: str, at: Places) -> None:
    if not spec.cases:
        raise at.head("names no case", f"{path}.cases")
    for n, case in enumerate(spec.cases):
        here = f"{path}.cases[{n}]"
        if case.then.effect is Effect.UNKNOWN:
            raise at.head("a case that holds is not unknown", f"{here}.then")
        _party(case.issuer, f"{here}.issuer", at)
        _party(case.receiver, f"{here}.receiver", at)


def _party(party: Party, path: str, at: Places) -> None:
    ranks = [rank.tier for rank in (party.at_least, party.at_most) if rank is not None]
    for tier in (*party.tiers, *ranks):
        if tier not in _TIERS:
            raise at.head(f"{tier} is no level of a hospital (0 to 3)", path)


def _window(spec: WindowSpec, _: PackContent, path: str, at: Places) -> None:
    if parse_zone(spec.zone) is None:
        raise at.head(f"{spec.zone[:40]!r} is no offset like +08:00", f"{path}.zone")
    if spec.max_days is not None and not 0 <= spec.max_days <= MAX_DAYS:
        raise at.head(f"max_days must lie between 0 and {MAX_DAYS}", f"{path}.max_days")
    if spec.max_days is not None and not spec.limit_known:
        raise at.head("states a limit, and says that it was not seen", f"{path}.limit_known")
    if len(readings(spec)) > 1 and spec.on_unclear is None:
        raise at.head("needs on_unclear: the text does not say how to count", path)


_LOOKS: dict[CheckKind, Callable[[Any, PackContent, str, Places], None]] = {
    CheckKind.IDENTITY: _identity,
    CheckKind.FINALITY: _finality,
    CheckKind.LISTED: _listed,
    CheckKind.EXAM_FIT: _exam_fit,
    CheckKind.COMPARABILITY: _comparability,
    CheckKind.COMPLETE: _complete,
    CheckKind.DIRECTION: _direction,
    CheckKind.WINDOW: _window,
}
