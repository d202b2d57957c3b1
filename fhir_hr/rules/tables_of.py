"""A pack with other rows: lists that a user supplies, suspensions that arrive faster than the rules, vectors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from fhir_hr.errors import PackError, UsageError
from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.rules.lint import check_content
from fhir_hr.rules.pack import Pack, bind_pack
from fhir_hr.rules.schema import (
    AllianceRow,
    InstitutionRow,
    ItemRow,
    NegativeRow,
    OverlayRef,
    PackContent,
    QualityRow,
    SuspensionRow,
    WeakenRow,
)
from fhir_hr.rules.vocabulary import CheckKind, ListState

__all__ = ["TABLES", "item_system_of", "replace_tables", "with_rows"]

TABLES: dict[str, type[msgspec.Struct]] = {
    "items": ItemRow,
    "institutions": InstitutionRow,
    "alliances": AllianceRow,
    "suspensions": SuspensionRow,
    "quality": QualityRow,
    "negative": NegativeRow,
    "weaken": WeakenRow,
    "overlays": OverlayRef,
}
"""Tables that may be replaced, and the shape of their rows."""


_READ_BY = {
    "institutions": (CheckKind.INSTITUTION, CheckKind.DIRECTION),
    "alliances": (CheckKind.DIRECTION,),
    "suspensions": (CheckKind.INSTITUTION,),
    "quality": (CheckKind.QUALITY, CheckKind.DIRECTION),
    "negative": (CheckKind.NEGATIVE_LIST,),
}
"""The kinds of check that read a table."""


def item_system_of(content: PackContent) -> str:
    """Return the code system of a pack's items: its own, or the one that its list would have."""
    return content.item_system or f"{CANONICAL}/CodeSystem/recognised-item-{content.pack}"


def with_rows(
    pack: Pack,
    *,
    list_state: ListState | str | None = None,
    institutions_state: ListState | str | None = None,
    item_system: str | None = None,
    fresh_until: datetime | None = None,
    **tables: Iterable[msgspec.Struct | dict[str, Any]],
) -> Pack:
    """Return the pack with some of its tables replaced, checked and bound again.

    Args:
        pack: the pack; it stays as it is.
        list_state: how much of the item list the rows are; with ``items``, ``complete`` when left out (``absent``
            for no rows).
        institutions_state: the same of institutions; when left out, an absent list that gets rows becomes
            ``partial``, and one that loses all of them ``absent``.
        item_system: code system of the items; the pack's own, or the one that its list would have, when left out.
        fresh_until: as of :func:`~fhir_hr.rules.pack.bind_pack`; the pack's own when left out.
        tables: rows by table (:data:`TABLES`), as structs or as the objects of the compiled pack.

    Raises:
        UsageError: there is no such table.
        PackError: the rows do not fit the pack, or no check of it reads them: a suspension that is only kept would
            look as if it counted.

    Example:
        >>> from fhir_hr.rules.load import builtin_pack
        >>> pack = with_rows(builtin_pack(), suspensions=[{"uscc": "T1", "start": "2026-08-01"}])
        >>> pack.content.suspensions[0].uscc, builtin_pack().content.suspensions
        ('T1', ())
    """
    changes: dict[str, Any] = dict(tables)
    for name, value in (
        ("list_state", list_state),
        ("institutions_state", institutions_state),
        ("item_system", item_system),
    ):
        if value is not None:
            changes[name] = value
    content = replace_tables(pack.content, changes)
    for name, kinds in _READ_BY.items():
        if name in tables and getattr(content, name) and pack.asks.isdisjoint(kinds):
            raise PackError(
                f"{name}: no check of {content.pack} reads them; they would change nothing", file=content.pack
            )
    return bind_pack(content, fresh_until=pack.fresh_until if fresh_until is None else fresh_until)


def replace_tables(content: PackContent, changes: dict[str, Any]) -> PackContent:
    """Return a pack's content with tables replaced (see :func:`with_rows`), checked."""
    parts: dict[str, Any] = {}
    for name, value in changes.items():
        if name in TABLES:
            parts[name] = _rows(content, name, value)
        elif name in ("list_state", "institutions_state"):
            parts[name] = _state(content, name, value)
        elif name == "item_system":
            parts[name] = value
        else:
            msg = f"a pack has no table {name[:40]!r} that can be replaced; there are {', '.join(TABLES)}"
            raise UsageError(msg)
    if "items" in parts:
        parts.setdefault("list_state", ListState.COMPLETE if parts["items"] else ListState.ABSENT)
        if parts["items"]:
            parts.setdefault("item_system", item_system_of(content))
    if "institutions" in parts and "institutions_state" not in parts:
        if not parts["institutions"]:
            parts["institutions_state"] = ListState.ABSENT
        elif content.institutions_state is ListState.ABSENT:
            parts["institutions_state"] = ListState.PARTIAL
    changed = msgspec.structs.replace(content, **parts)
    check_content(changed)
    return changed


def _rows(content: PackContent, name: str, rows: Iterable[Any]) -> tuple[Any, ...]:
    kind, made = TABLES[name], []
    for n, row in enumerate(rows):
        try:
            # A struct is read anew as well: it may hold plain text where a check compares members of an enum.
            made.append(msgspec.convert(msgspec.to_builtins(row) if isinstance(row, kind) else row, kind))
        except msgspec.ValidationError as error:
            raise PackError(f"{name}[{n}]: {error}", file=content.pack) from error
    return tuple(made)


def _state(content: PackContent, name: str, value: ListState | str) -> ListState:
    try:
        return ListState(value)
    except ValueError as error:
        raise PackError(f"{name}: {error}", file=content.pack) from error
