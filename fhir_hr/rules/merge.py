"""What several packs say together: delegation, silence, conflict, and which obligation is the strongest.

How the packs of one set relate never changes, so it is worked out once per set and per answer on which of them
apply; a decision then only runs the checks that are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from fhir_hr.model.decisions import Effect, Force, PackRef, RecognitionOutcome
from fhir_hr.model.when import When
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.reasons import Finding, Findings
from fhir_hr.rules.verdicts import RANK, Verdict, make_verdict, merge_finding, outcome_of, settle
from fhir_hr.rules.vocabulary import BLOCK, NOTE, OBLIGE, UNKNOWN, CheckKind, ReasonCode

__all__ = ["Plan", "judge_all", "plan_of"]

Applies: TypeAlias = tuple[bool | None, ...]

_STRENGTH = {Force.SHALL_NOT_REPEAT: 0, Force.IN_PRINCIPLE: 1}
_KEPT = 4096
_PLANS = 64
_SWITCHES = 512


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One pack's part: the checks that are left to it, and what is said before them.

    ``sure``: whether it applies for certain.
    ``left``: kinds of check that it leaves, each with the packs that it leaves it to.
    ``window``: whether its own window is asked; a window that was left to a narrower pack limits nothing.
    """

    pack: Pack
    checks: tuple[Check, ...]
    said: Findings
    window: bool
    sure: bool = True
    left: tuple[tuple[str, Pack], ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of packs does for one answer on which of them apply."""

    steps: tuple[Step, ...]
    refs: tuple[PackRef, ...]
    limited: bool
    ends: bool


class Plan:
    """A set of packs, prepared: in order of id, each once."""

    __slots__ = ("_routes", "folded", "packs")

    def __init__(self, packs: Iterable[Pack]) -> None:
        distinct = {(pack.ref.digest, pack.ref.fresh_until): pack for pack in packs}
        self.packs = tuple(sorted(distinct.values(), key=_order))
        self.folded: dict[Any, Verdict] = {}
        self._routes: dict[Applies, Route] = {}

    def route(self, applies: Applies) -> Route:
        """Return what to do where ``applies`` tells which packs apply (``None``: not known)."""
        known = self._routes.get(applies)
        if known is None:
            known = self._make(applies)
            if len(self._routes) < _SWITCHES:
                self._routes[applies] = known
        return known

    def _make(self, applies: Applies) -> Route:
        asked = [(pack, answer) for pack, answer in zip(self.packs, applies, strict=True) if answer is not False]
        sure = [pack for pack, answer in asked if answer]
        steps = tuple(_step(pack, answer, sure) for pack, answer in asked)
        return Route(
            steps=steps,
            refs=tuple(step.pack.ref for step in steps),
            limited=sum(step.window and step.pack.limited for step in steps) > 1,
            ends=any(step.pack.ends for step in steps),
        )


@lru_cache(maxsize=_PLANS)
def plan_of(packs: tuple[Pack, ...]) -> Plan:
    """Return the plan of a set of packs; worked out once for packs that come again."""
    return Plan(packs)


def judge_all(candidate: Candidate, packs: Sequence[Pack]) -> Verdict:
    """Judge under several packs: any that obliges → must; blocks and unknowns united; disagreement is told."""
    plan = plan_of(tuple(packs))
    applies = tuple([pack.applies(candidate) for pack in plan.packs])
    route = plan.route(applies)
    if not route.steps:
        return _none(candidate)
    found: list[list[Finding]] = []
    for step in route.steps:
        said = [*step.said] if step.said else []
        if step.pack.fresh_until is not None:
            said += step.pack.stale(candidate)
        for check in step.checks:
            findings = check(candidate)
            if findings:
                said += findings
        found.append(said)
    limits = _limits(candidate, route) if route.limited else ()
    key = applies, limits, tuple([tuple(said) for said in found])
    known = plan.folded.get(key)
    if known is None:
        shared = len(plan.folded) < _KEPT and all(finding.shared for said in found for finding in said)
        known = _fold(route, found, limits)
        if shared:
            plan.folded[key] = known
    return _dated(known, route, candidate) if route.ends else known


def _order(pack: Pack) -> tuple[str, str, str, str]:
    return pack.ref.id, pack.ref.version, pack.ref.digest, pack.ref.fresh_until or ""


def _step(pack: Pack, applies: bool | None, sure: list[Pack]) -> Step:
    """Leave out the kinds of check that the pack leaves to a narrower one that surely applies and has them."""
    takers = tuple(
        (kind.value, other)
        for kind in pack.content.delegates
        for other in sure
        if other.width < pack.width and kind in other.asks
    )
    left = {kind for kind, _ in takers}
    checks = tuple(check for check, kind in zip(pack.checks, pack.kinds, strict=True) if kind not in left)
    return Step(
        pack=pack,
        checks=checks,
        said=NOTHING if applies else pack.unknown,
        window=CheckKind.WINDOW in pack.asks and CheckKind.WINDOW not in left,
        sure=applies is True,
        left=takers,
    )


def _fold(route: Route, found: list[list[Finding]], limits: tuple[int | None, ...]) -> Verdict:
    answers = [(step.pack, *settle(said)) for step, said in zip(route.steps, found, strict=True)]
    united = _unite(route, [bits for _, bits, _ in answers])
    outcomes = [outcome_of(_with_left(route, found, n, bits)) for n, (_, bits, _) in enumerate(answers)]
    outcome = outcome_of(united)
    if outcome is RecognitionOutcome.MAY and RecognitionOutcome.MUST in outcomes:
        outcome = RecognitionOutcome.MUST
    merged = [finding for _, _, said in answers for finding in said]
    # A pack that only notes something has no opinion, so nobody can disagree with it.
    spoken = [(pack, own) for (pack, bits, _), own in zip(answers, outcomes, strict=True) if bits & ~NOTE]
    if len({own for _, own in spoken}) > 1:
        merged.append(_conflict(spoken))
    if len(set(limits) - {None}) > 1:
        merged.append(_window_conflict(route, limits))
    # Findings of one code keep their packs' order (by id): sort is stable.
    merged.sort(key=RANK)
    forces = [
        pack.force
        for (pack, _, _), own in zip(answers, outcomes, strict=True)
        if pack.force and own is RecognitionOutcome.MUST
    ]
    force = min(forces, key=_STRENGTH.__getitem__, default=None)
    return make_verdict(outcome, merged, route.refs, force)


def _unite(route: Route, effects: list[int]) -> int:
    """Unite the packs' effects. A block of a pack that may not apply is one only if every pack blocks."""
    united = 0
    for bits in effects:
        united |= bits
    if united & BLOCK and not all(bits & BLOCK for bits in effects):
        surely = any(step.sure and bits & BLOCK for step, bits in zip(route.steps, effects, strict=True))
        if not surely:
            united = united & ~BLOCK | UNKNOWN
    return united


def _with_left(route: Route, found: list[list[Finding]], n: int, bits: int) -> int:
    """Return a pack's effects with what weakens it in the checks that it left to narrower packs."""
    left = {(kind, id(pack)) for kind, pack in route.steps[n].left}
    for step, said in zip(route.steps, found, strict=True):
        for finding in said:
            if (finding.reason.check, id(step.pack)) in left:
                bits |= finding.bit & ~(NOTE | OBLIGE)
    return bits


def _limits(candidate: Candidate, route: Route) -> tuple[int | None, ...]:
    return tuple([step.pack.limit(candidate) if step.window else None for step in route.steps])


def _dated(verdict: Verdict, route: Route, candidate: Candidate) -> Verdict:
    """Add when the answer may change by time alone; a block stays one."""
    if verdict.outcome is RecognitionOutcome.NOT:
        return verdict
    ends = [end for step in route.steps if (end := step.pack.expires(candidate, window=step.window)) is not None]
    return msgspec.structs.replace(verdict, expires=When.from_datetime(min(ends))) if ends else verdict


def _none(candidate: Candidate) -> Verdict:
    params = (("receiver", candidate.order.institution.division or "–"),)
    finding = merge_finding(ReasonCode.PACK_NONE, CheckKind.APPLIES, Effect.UNKNOWN, params, "没有规则包，不作判断")
    return make_verdict(RecognitionOutcome.INDETERMINATE, [finding], (), None)


def _conflict(spoken: list[tuple[Pack, RecognitionOutcome]]) -> Finding:
    params = (
        ("outcomes", ",".join(outcome for _, outcome in spoken)),
        ("packs", ",".join(pack.ref.id for pack, _ in spoken)),
    )
    reading = "任一规则包要求应当互认的即计入，各包的不予互认与无法判断合并计算"
    return merge_finding(ReasonCode.CONFLICT, CheckKind.MERGE, Effect.NOTE, params, reading)


def _window_conflict(route: Route, limits: tuple[int | None, ...]) -> Finding:
    stated = [(step.pack.ref.id, days) for step, days in zip(route.steps, limits, strict=True) if days is not None]
    params = (
        ("days", ",".join(str(days) for _, days in stated)),
        ("packs", ",".join(pack for pack, _ in stated)),
    )
    reading = "各规则包均未让位于对方的时限，逐一判断"
    return merge_finding(ReasonCode.WINDOW_CONFLICT, CheckKind.MERGE, Effect.NOTE, params, reading)
