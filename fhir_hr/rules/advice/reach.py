"""Advice on what can never happen: swallowed directions, idle checks, parts and marks, outcomes out of reach."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_hr.model.decisions import Effect
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.priors import Grade
from fhir_hr.rules.advice.finding import Advice, Draft
from fhir_hr.rules.advice.words import AdviceCode as C
from fhir_hr.rules.check_specs import (
    CheckSpec,
    CompleteSpec,
    DirectionCase,
    DirectionSpec,
    InstitutionSpec,
    ItemFitSpec,
    ListedSpec,
    Party,
    QualitySpec,
    Rank,
    Then,
    WindowSpec,
)
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.checks.mark import covers, division_prefix
from fhir_hr.rules.plain_words import pair
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Anchor, CheckKind, Count, Field, ListState

__all__ = ["advise_checks", "advise_marks", "advise_outcomes", "each_then", "swallows"]

_TRISTATE = {Field.REPORT, Field.IMAGES, Field.SERIES}
_IMAGING_ONLY = {CheckKind.EXAM_FIT}
_LABORATORY_ONLY = {CheckKind.SPECIMEN_FIT, CheckKind.SCALE_FIT}
_GRADES = (Grade.C, Grade.B, Grade.A, Grade.SPECIAL)


def each_then(content: PackContent) -> Iterator[tuple[str, Then]]:
    """Yield path and effect of everything that the pack's checks can find."""
    for n, spec in enumerate(content.checks):
        for name in spec.__struct_fields__:
            value = getattr(spec, name)
            if isinstance(value, Then):
                yield f"$.checks[{n}].{name}", value
        if isinstance(spec, DirectionSpec):
            for m, case in enumerate(spec.cases):
                yield f"$.checks[{n}].cases[{m}].then", case.then


def advise_checks(draft: Draft) -> Iterator[Advice]:
    """Advise on checks that stand twice, or that nothing can trigger."""
    first: dict[tuple[object, ...], int] = {}
    for n, spec in enumerate(draft.content.checks):
        at = f"$.checks[{n}]"
        kind = kind_of(spec)
        before = first.setdefault(_sameness(spec, kind), n)
        if before != n:
            yield draft.head(C.CHECK_TWICE, at, value=pair(kind)[0], other=draft.line(f"$.checks[{before}]"))
        why = _idle(draft.content, kind)
        if why is not None:
            yield draft.head(C.CHECK_IDLE, at, value=kind.value, why=why[0], why_en=why[1])
        for name, (zh, en) in _idle_parts(draft.content, spec):
            yield draft.head(C.PART_IDLE, f"{at}.{name}", value=pair(name)[0], field=name, why=zh, why_en=en)
        if isinstance(spec, DirectionSpec):
            yield from _swallowed(draft, spec, at)


def _sameness(spec: CheckSpec, kind: CheckKind) -> tuple[object, ...]:
    match spec:
        case QualitySpec():
            return kind, spec.evidence
        case CompleteSpec():
            return kind, spec.fields
        case _:
            return kind, spec


def _idle(content: PackContent, kind: CheckKind) -> tuple[str, str] | None:
    """Say why a kind of check can find nothing in this pack; ``None`` when it can."""
    kinds = {kind_of(spec) for spec in content.checks}
    if kind is CheckKind.SPECIAL and not any(item.require for item in content.items):
        if content.list_state is ListState.COMPLETE:
            return "清单中没有一行写了特别要求（require）", "no row of the list demands anything (require)"
    elif kind is CheckKind.EXCLUSION and not content.exclusions:
        return "exclusions.csv 中没有任何情形", "exclusions.csv has no case"
    elif kind is CheckKind.ITEM_SYMBOL and CheckKind.MARK not in kinds:
        return "没有 mark 检查，只有带标识的报告才看项目前符号", "there is no check 'mark', whose reports it looks at"
    elif kind is CheckKind.MARK and not content.marks:
        return "没有登记任何互认标识（marks）", "the pack has no marks"
    elif kind in _IMAGING_ONLY and ReportKind.LABORATORY in content.kinds and len(content.kinds) == 1:
        return "本规则包只管检验", "the pack is about laboratory results only"
    elif kind in _LABORATORY_ONLY and ReportKind.IMAGING in content.kinds and len(content.kinds) == 1:
        return "本规则包只管影像检查", "the pack is about imaging only"
    return None


def _idle_parts(content: PackContent, spec: CheckSpec) -> Iterator[tuple[str, tuple[str, str]]]:
    whole = ("清单已标为完整", "the list is said to be complete")
    match spec:
        case ListedSpec() if spec.on_open is not None and content.list_state is ListState.COMPLETE:
            yield "on_open", whole
        case InstitutionSpec() if spec.on_open is not None and content.institutions_state is ListState.COMPLETE:
            yield "on_open", whole
        case ItemFitSpec() if spec.on_broader is not None and not any(item.includes for item in content.items):
            if content.list_state is not ListState.ABSENT:
                yield "on_broader", ("清单中没有一行写了“包含”（includes）", "no row of the list includes another")
        case CompleteSpec() if spec.on_unknown is not None and not _TRISTATE & set(spec.fields):
            yield "on_unknown", ("所列栏目不会“不明”", "none of its fields can be unknown")
        case WindowSpec() if spec.on_unclear is not None and _stated(spec):
            yield "on_unclear", ("起算、计数与含界都已写明", "anchor, count and edge are all stated")


def _stated(spec: WindowSpec) -> bool:
    return spec.anchor is not Anchor.UNSTATED and spec.count is not Count.UNSTATED and spec.inclusive is not None


def _swallowed(draft: Draft, spec: DirectionSpec, at: str) -> Iterator[Advice]:
    for m, case in enumerate(spec.cases):
        for earlier in range(m):
            if swallows(spec.cases[earlier], case):
                line = draft.line(f"{at}.cases[{earlier}]")
                yield draft.head(C.CASE_SWALLOWED, f"{at}.cases[{m}]", other=line)
                break


def swallows(earlier: DirectionCase, later: DirectionCase) -> bool:
    """Tell whether all that fits ``later`` fits ``earlier`` already, so that ``later`` never decides.

    Example:
        >>> then = Then(effect=Effect.NOTE, interpretation="x")
        >>> anyone, third = DirectionCase(then=then), DirectionCase(then=then, issuer=Party(tiers=(3,)))
        >>> swallows(anyone, third), swallows(third, anyone)
        (True, False)
    """
    return (
        _wider(earlier.issuer, later.issuer)
        and _wider(earlier.receiver, later.receiver)
        and (later.same_tier or not earlier.same_tier)
        and (later.same_alliance or not earlier.same_alliance)
    )


def _wider(one: Party, other: Party) -> bool:
    return (
        (not one.tiers or (bool(other.tiers) and set(other.tiers) <= set(one.tiers)))
        and (one.at_least is None or _reaches(other, one.at_least, up=True))
        and (one.at_most is None or _reaches(other, one.at_most, up=False))
        and one.ownership in (None, other.ownership)
        and (not one.types or (bool(other.types) and set(other.types) <= set(one.types)))
        and one.assessed in (None, other.assessed)
    )


def _reaches(party: Party, line: Rank, *, up: bool) -> bool:
    sign = 1 if up else -1
    if party.tiers and all(sign * (tier - line.tier) > 0 for tier in party.tiers):
        return True
    own = party.at_least if up else party.at_most
    if own is None:
        return line.grade is None and bool(party.tiers) and all(sign * (t - line.tier) >= 0 for t in party.tiers)
    if own.tier != line.tier:
        return sign * (own.tier - line.tier) > 0
    if line.grade is None:
        return True
    if own.grade is None:
        return False
    return sign * (_GRADES.index(own.grade) - _GRADES.index(line.grade)) >= 0


def advise_marks(draft: Draft) -> Iterator[Advice]:
    """Advise on marks and exclusions that nothing uses."""
    content = draft.content
    kinds = {kind_of(spec) for spec in content.checks}
    if content.marks and CheckKind.MARK not in kinds:
        yield draft.head(C.MARK_IDLE, "$.marks")
    own = tuple(division_prefix(code) for code in content.applies.divisions)
    for n, mark in enumerate(content.marks):
        theirs = tuple(division_prefix(code) for code in mark.covers)
        inside = any(covers(own, code) for code in mark.covers)
        if not inside and not any(covers(theirs, code) for code in content.applies.divisions):
            yield draft.head(
                C.MARK_ELSEWHERE,
                f"$.marks[{n}]",
                value=mark.text,
                covers="、".join(mark.covers),
                divisions="、".join(content.applies.divisions),
            )
    if content.exclusions and CheckKind.EXCLUSION not in kinds:
        yield draft.head(C.EXCLUSION_IDLE, "$.checks", count=len(content.exclusions))


def advise_outcomes(draft: Draft) -> Iterator[Advice]:
    """Advise on outcomes that the pack can never come to."""
    content = draft.content
    thens = [then for _, then in each_then(content)]
    if not any(then.effect is Effect.OBLIGE for then in thens):
        if content.force is not None:
            yield draft.head(C.FORCE_IDLE, "$.force")
        count = sum(then.effect is Effect.DISCRETION for then in thens)
        if count:
            yield draft.head(C.DISCRETION_IDLE, "$.checks", count=count)
        return
    lowering = (Effect.DISCRETION, Effect.UNKNOWN, Effect.BLOCK)
    # Where the list is absent, limits come with the list that the user supplies.
    absent = content.list_state is ListState.ABSENT
    limited = absent or any(item.window_days is not None for item in content.items)
    for n, spec in enumerate(content.checks):
        if isinstance(spec, WindowSpec) and spec.max_days is None and not limited and spec.on_none.effect in lowering:
            yield draft.head(
                C.MUST_UNREACHABLE,
                f"$.checks[{n}].on_none",
                why=f"没有任何时限，而“未定时限时”写的是“{pair(spec.on_none.effect)[0]}”",
                why_en=f"there is no limit, and on_none is {spec.on_none.effect.value!r}",
            )
