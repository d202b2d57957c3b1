"""Small changes of a pack: what an author could get wrong, one at a time.

Changed are the checks (each dropped, every effect, every part of every parameter), the head (area, period, kinds,
force, level, delegation, states of lists) and the rows that decide (marks, items, exclusions, institutions and the
fast tables). Texts, clauses, duties, refusal reasons and what has to be recorded do not enter a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import Enum
from typing import Any

import msgspec

from fhir_hr.model.decisions import Effect
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.rules.check_specs import CheckSpec, DirectionCase, Part, Then, WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Anchor, Aspect, CheckKind, Count, ListState

__all__ = ["Mutation", "mutations"]


class Mutation(msgspec.Struct, frozen=True, kw_only=True):
    """One change.

    Attributes:
        name: where and what, for people: ``window[18].on_none: block``.
        content: the changed pack.
        kind, index: the check that was changed, if one was.
        field: the parameter, ``drop``, or name of the head's part or of the table.
        item: code of the row that was changed, of a table with codes.
        value: what was put there.
        original: what stood there.
    """

    name: str
    content: PackContent
    field: str
    kind: CheckKind | None = None
    index: int = -1
    item: str | None = None
    value: object = None
    original: object = None


Path = tuple[str | int, ...]
_DROP = object()
_NOT_OBLIGING = (Effect.NOTE, Effect.DISCRETION, Effect.UNKNOWN, Effect.BLOCK)
_MAY_OBLIGE = {(CheckKind.MARK, "on_valid"), (CheckKind.INSTITUTION, "on_listed"), (CheckKind.DIRECTION, "then")}
_MAY_GO = {"on_broader", "on_same_encounter", "on_listed", "at_least", "at_most", "ownership", "grade", "assessed"}
_OTHER_ZONE = {"+08:00": "+09:00"}
_OF_EXAMS = (Aspect.MODALITY, Aspect.BODY_PART, Aspect.SIDE, Aspect.VIEWS, Aspect.CONTRAST)
_OF_RESULTS = (Aspect.UNIT, Aspect.METHOD, Aspect.REFERENCE_INTERVAL)
_DATES = ("start", "end", "assessed_from")


def mutations(content: PackContent) -> Iterator[Mutation]:
    """Make every mutation of a pack, always in the same order."""
    for n, spec in enumerate(content.checks):
        yield from _of_check(content, n, spec)
    yield from _of_head(content)
    yield from _of_tables(content)


def _of_check(content: PackContent, n: int, spec: CheckSpec) -> Iterator[Mutation]:
    kind = kind_of(spec)
    yield Mutation(
        name=f"{kind.value}[{n}]: dropped",
        content=_put(content, ("checks", n), _DROP),
        kind=kind,
        index=n,
        field="drop",
    )
    for path, label, value, original in _of_part(kind, spec, ()):
        yield Mutation(
            name=f"{kind.value}[{n}].{_dotted(path)}: {label}",
            content=_put(content, ("checks", n, *path), value),
            kind=kind,
            index=n,
            field=_dotted(path),
            value=None if value is _DROP else value,
            original=original,
        )


_Change = tuple[Path, str, Any, Any]


def _of_part(kind: CheckKind, part: Part, at: Path) -> Iterator[_Change]:
    for name in part.__struct_fields__:
        value = getattr(part, name)
        for path, label, other, original in _of_value(kind, name, value, (*at, name)):
            if not (isinstance(part, WindowSpec) and path == (name,) and _needs_unclear(part, other)):
                yield path, label, other, original


def _needs_unclear(spec: WindowSpec, other: object) -> bool:
    # An unstated reading without on_unclear is refused by the loader: no such pack can exist.
    return spec.on_unclear is None and (other is None or other in (Anchor.UNSTATED, Count.UNSTATED))


def _of_value(kind: CheckKind, name: str, value: Any, at: Path) -> Iterator[_Change]:  # noqa: ANN401
    if isinstance(value, Then):
        effects = (*_NOT_OBLIGING, Effect.OBLIGE) if (kind, name) in _MAY_OBLIGE else _NOT_OBLIGING
        for effect in effects:
            if effect is not value.effect:
                yield (*at, "effect"), effect.value, effect, value.effect
    elif isinstance(value, tuple):
        yield from _of_list(kind, value, at)
    elif isinstance(value, Part):
        yield from _of_part(kind, value, at)
    for other in _others(name, value):
        yield at, _label(other), other, value
    if name in _MAY_GO and value is not None and (kind, name) != (CheckKind.NEGATIVE_LIST, "on_listed"):
        yield at, "none", None, value


def _others(name: str, value: object) -> tuple[object, ...]:
    """Return the other values that a plain parameter could have."""
    match value:
        case bool():
            return (not value, None) if name == "inclusive" else (not value,)
        case Enum():
            return tuple(member for member in type(value) if member is not value)
        case int():
            return (value - 1, value + 1) if value else (1,)
        case str() if name == "zone":
            return (_OTHER_ZONE.get(value, "+08:00"),)
        case str() if name == "symbol":
            return (f"{value}{value}",)
        case None:
            return {"max_days": (9,), "inclusive": (True, False)}.get(name, ())
        case _:
            return ()


def _label(value: object) -> str:
    if value is None:
        return "unstated"
    return str(value.value) if isinstance(value, Enum) else str(value).lower()


def _of_list(kind: CheckKind, value: tuple[Any, ...], at: Path) -> Iterator[_Change]:
    for m, member in enumerate(value):
        yield (*at, m), f"without {_short(member, m)}", _DROP, member
        if isinstance(member, Part):
            yield from _of_part(kind, member, (*at, m))
    for other in _missing(value):
        yield at, f"also {other.value}", (*value, other), value


def _missing(value: tuple[Any, ...]) -> Iterator[Enum]:
    """Return the statuses or aspects that a list does not hold."""
    first = value[0] if value else None
    if isinstance(first, ResultStatus | ReportStatus):
        yield from (member for member in type(first) if member not in value)
    elif isinstance(first, Aspect):
        yield from (aspect for aspect in (_OF_EXAMS if first in _OF_EXAMS else _OF_RESULTS) if aspect not in value)


def _short(member: object, number: int) -> str:
    if isinstance(member, DirectionCase):
        return f"case {number}"
    return str(member.value if isinstance(member, Enum) else member)


def _of_head(content: PackContent) -> Iterator[Mutation]:
    for path, label, value, original in (*_of_area(content), *_of_period(content), *_of_standing(content)):
        yield Mutation(
            name=f"{_dotted(path)}: {label}",
            content=_put(content, path, value),
            field=_dotted(path),
            value=None if value is _DROP else value,
            original=original,
        )


def _of_area(content: PackContent) -> Iterator[_Change]:
    applies = content.applies
    for effect in _NOT_OBLIGING:
        if effect is not applies.on_unknown.effect:
            yield ("applies", "on_unknown", "effect"), effect.value, effect, applies.on_unknown.effect
    for n, division in enumerate(applies.divisions):
        yield ("applies", "divisions", n), f"without {division}", _DROP, division
        for other in _other_divisions(division):
            yield ("applies", "divisions", n), other, other, division
    for name in ("kinds", "delegates"):
        for n, member in enumerate(getattr(content, name)):
            yield (name, n), f"without {member.value}", _DROP, member


def _of_period(content: PackContent) -> Iterator[_Change]:
    for name in ("start", "end"):
        day = getattr(content.effective, name)
        for other in _near_days(day):
            yield ("effective", name), other, other, day
        if day is not None:
            yield ("effective", name), "open", None, day
    zone = content.effective.zone
    yield ("effective", "zone"), "another", _OTHER_ZONE.get(zone, "+08:00"), zone


def _of_standing(content: PackContent) -> Iterator[_Change]:
    if content.force is not None:
        for force in _others("force", content.force.value):
            yield ("force", "value"), _label(force), force, content.force.value
    for level in _others("level", content.level):
        yield ("level",), _label(level), level, content.level
    for state in _other_states(content):
        yield ("list_state",), state.value, state, content.list_state
    if any(kind_of(spec) is CheckKind.INSTITUTION for spec in content.checks):
        for state in _flipped(content.institutions_state):
            yield ("institutions_state",), state.value, state, content.institutions_state
    if content.item_system is not None:
        yield ("item_system",), "another", "urn:other", content.item_system


def _flipped(state: ListState) -> tuple[ListState, ...]:
    return (ListState.PARTIAL,) if state is ListState.COMPLETE else (ListState.COMPLETE,)


def _other_states(content: PackContent) -> tuple[ListState, ...]:
    opens = [getattr(spec, "on_open", None) for spec in content.checks if kind_of(spec) is CheckKind.LISTED]
    if content.list_state is ListState.COMPLETE and (not opens or None in opens):
        return ()  # an open list without on_open is refused by the loader
    return _flipped(content.list_state)


def _other_divisions(division: str) -> tuple[str, ...]:
    """Return an area beside, and one inside, another than the one that is meant."""
    beside = "990000"
    if division == "000000":
        return (beside, "110000")
    if division.endswith("0000"):
        return beside, f"{division[:2]}9900"
    return (beside, f"{division[:2]}0000")


def _near_days(day: str | None) -> tuple[str, ...]:
    if day is None:
        return ()
    if len(day) == 10:
        at = date.fromisoformat(day)
        return tuple((at + timedelta(days=n)).isoformat() for n in (-1, 1))
    if len(day) == 7:
        month = int(day[:4]) * 12 + int(day[5:]) - 1
        return tuple(f"{(month + n) // 12:04}-{(month + n) % 12 + 1:02}" for n in (-1, 1))
    return tuple(f"{int(day) + n:04}" for n in (-1, 1))


_STANDING = {
    "items": ("modality", "body_part", "side", "views", "contrast"),
    "institutions": ("tier", "grade", "ownership", "type"),
}
_MEMBERS = {"marks": ("covers",), "items": ("specimens", "require", "includes")}


def _of_tables(content: PackContent) -> Iterator[Mutation]:
    tables = ("marks", "items", "exclusions", "institutions", "alliances", "suspensions", "quality", "negative")
    windows = any(kind_of(spec) is CheckKind.WINDOW for spec in content.checks)
    for table in tables:
        for n, row in enumerate(getattr(content, table)):
            code = getattr(row, "code", None) or getattr(row, "item", None)
            name = f"{table}[{code or n}]"
            yield _row(content, (table, n), f"{name}: dropped", code, _DROP)
            for column in _MEMBERS.get(table, ()):
                for m, member in enumerate(getattr(row, column)):
                    yield _row(content, (table, n, column, m), f"{name}.{column}: without {member}", code, _DROP)
            for column in _DATES:
                for other in _near_days(getattr(row, column, None)):
                    yield _row(content, (table, n, column), f"{name}.{column}: {other}", code, other)
            for column in _STANDING.get(table, ()):
                if getattr(row, column) is not None:
                    yield _row(content, (table, n, column), f"{name}.{column}: none", code, None)
            if table == "items" and windows:
                for days in _other_days(row.window_days):
                    yield _row(content, (table, n, "window_days"), f"{name}.window_days: {days}", code, days)


def _other_days(days: int | None) -> Iterable[int | None]:
    if days is None:
        return (0,)
    return (days + 1, None) if days == 0 else (days - 1, days + 1, None)


def _row(content: PackContent, path: Path, name: str, code: str | None, value: object) -> Mutation:
    field = ".".join(str(part) for part in path if isinstance(part, str))
    return Mutation(
        name=name, content=_put(content, path, value), field=field, item=code, value=None if value is _DROP else value
    )


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text[1:]


def _put(node: Any, path: Path, value: object) -> Any:  # noqa: ANN401 - any part of a pack
    """Return a copy of a part with the value at ``path`` replaced; everything else is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        inside = () if value is _DROP and not rest else (_put(node[step], rest, value),)
        return (*node[:step], *inside, *node[step + 1 :])
    return msgspec.structs.replace(node, **{step: _put(getattr(node, step), rest, value)})
