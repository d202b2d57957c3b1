"""The lists of a pack, found by key: items by code, dated rows by institution.

A list may have thousands of rows and a decision asks for one or two: rows are grouped once, and a row's period is
read when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from fhir_hr.model.codes import Code
from fhir_hr.rules.clock import Span, parse_day
from fhir_hr.rules.schema import (
    AllianceRow,
    InstitutionRow,
    ItemRow,
    NegativeRow,
    PackContent,
    QualityRow,
    SuspensionRow,
    WeakenRow,
)

__all__ = ["Dated", "Lists", "list_row"]


class _Period(Protocol):
    @property
    def start(self) -> str | None: ...
    @property
    def end(self) -> str | None: ...


R = TypeVar("R", bound=_Period)


class Dated(Generic[R]):
    """Rows by a key, in the order of the table, each with the first and last day of its period."""

    __slots__ = ("_groups", "_known", "_zone")

    def __init__(self, rows: Iterable[R], *, key: Callable[[R], str], zone: str) -> None:
        groups: dict[str, list[R]] = {}
        for row in rows:
            name = key(row)
            known = groups.get(name)
            if known is None:
                groups[name] = [row]
            else:
                known.append(row)
        self._groups = groups
        self._known: dict[str, tuple[tuple[R, Span | None, Span | None], ...]] = {}
        self._zone = zone

    def __bool__(self) -> bool:
        return bool(self._groups)

    def __contains__(self, key: str) -> bool:
        return key in self._groups

    def of(self, key: str) -> tuple[tuple[R, Span | None, Span | None], ...]:
        """Return the rows of a key with their periods; empty when there are none."""
        known = self._known.get(key)
        if known is None:
            rows = self._groups.get(key)
            if rows is None:
                return ()
            zone = self._zone
            known = tuple((row, parse_day(row.start, zone=zone), parse_day(row.end, zone=zone)) for row in rows)
            self._known[key] = known
        return known


class Lists:
    """The lists of one pack."""

    def __init__(self, content: PackContent) -> None:
        self._content = content
        self._zone = content.effective.zone
        self.system = content.item_system

    @cached_property
    def rows(self) -> dict[str, ItemRow]:
        """The item rows by code."""
        return {row.code: row for row in self._content.items}

    @cached_property
    def items(self) -> Dated[ItemRow]:
        """The item rows by code, with their periods."""
        return Dated(self._content.items, key=attrgetter("code"), zone=self._zone)

    @cached_property
    def institutions(self) -> Dated[InstitutionRow]:
        """The institutions by number."""
        return Dated(self._content.institutions, key=attrgetter("uscc"), zone=self._zone)

    @cached_property
    def alliances(self) -> Dated[AllianceRow]:
        """The memberships by institution."""
        return Dated(self._content.alliances, key=attrgetter("uscc"), zone=self._zone)

    @cached_property
    def suspensions(self) -> Dated[SuspensionRow]:
        """The suspensions by institution."""
        return Dated(self._content.suspensions, key=attrgetter("uscc"), zone=self._zone)

    @cached_property
    def quality(self) -> Dated[QualityRow]:
        """The quality evidence by institution."""
        return Dated(self._content.quality, key=attrgetter("uscc"), zone=self._zone)

    @cached_property
    def negative(self) -> Dated[NegativeRow]:
        """The negative list by item."""
        return Dated(self._content.negative, key=attrgetter("item"), zone=self._zone)

    @cached_property
    def weaken(self) -> Dated[WeakenRow]:
        """What overlays weaken, by item; empty text for every item."""
        return Dated(self._content.weaken, key=_weakened, zone=self._zone)

    def row(self, item: Code | None) -> ItemRow | None:
        """Return the list row of an item code, if it is of this pack's own system."""
        if item is None or item.system != self.system:
            return None
        return self.rows.get(item.code)


def _weakened(row: WeakenRow) -> str:
    return row.item or ""


def list_row(item: Code | None, rows: dict[str, ItemRow], system: str | None) -> ItemRow | None:
    """Return the list row of an item code of the pack's own system."""
    if item is None or item.system != system:
        return None
    return rows.get(item.code)
