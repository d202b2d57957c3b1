"""What the tables of a pack must keep to: keys, clauses, periods, items and cases that exist.

A list may have thousands of rows: each question is asked of the distinct values, and rows are looked at one by one
only to say where something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from fhir_hr.rules.checks.complete import TRI_STATE
from fhir_hr.rules.clock import parse_day
from fhir_hr.rules.lint_checks import MAX_DAYS
from fhir_hr.rules.places import Places
from fhir_hr.rules.refusals import Need, common_refusals
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import ListState

__all__ = ["check_tables"]

_DIVISION = re.compile(r"[0-9]{6}")

_KEYS: dict[str, Callable[[Any], object]] = {
    "items": lambda row: row.code,
    "exclusions": lambda row: row.case,
    "refusal_reasons": lambda row: row.code,
    "institutions": lambda row: (row.uscc, row.start),
    "alliances": lambda row: (row.alliance, row.uscc, row.start),
    "suspensions": lambda row: (row.uscc, row.item, row.start),
    "quality": lambda row: (row.uscc, row.item, row.type, row.start, row.issuer),
    "negative": lambda row: (row.item, row.start),
    "weaken": lambda row: (row.item, row.case, row.start),
}
_CITED = ("items", "exclusions", "refusal_reasons", "institutions", "alliances", "suspensions", "negative")
_DATED = ("items", "institutions", "alliances", "suspensions", "quality", "negative", "weaken")
_OF_ITEMS = ("suspensions", "quality", "negative", "weaken")
_TIERS = (None, 0, 1, 2, 3)


def check_tables(content: PackContent, clauses: frozenset[str], at: Places) -> None:
    """Look at every table of a pack.

    Raises:
        PackError: the first thing that does not hold, with its row.
    """
    for part, key in _KEYS.items():
        rows = getattr(content, part)
        if len(set(map(key, rows))) != len(rows):
            raise at.row("repeats the key of another row", part, _repeated(map(key, rows)))
    for part in _CITED:
        _each(content, part, "clause", lambda clause: clause in clauses, "clause {} is not in sources.yaml", at)
    for part in _DATED:
        _check_periods(content, part, at)
    items = {row.code for row in content.items}
    if content.list_state is ListState.COMPLETE:
        for part in _OF_ITEMS:
            _each(content, part, "item", lambda item: item in items, "item {} is not in items.csv", at)
    _check_items(content, items, at)
    _check_places(content, at)
    _check_cases(content, at)


def _repeated(keys: Iterable[object]) -> int:
    seen: set[object] = set()
    for n, key in enumerate(keys):
        if key in seen:
            return n
        seen.add(key)
    return 0


def _each(content: PackContent, part: str, column: str, holds: Callable[[Any], bool], message: str, at: Places) -> None:
    rows = getattr(content, part)
    bad = {value for value in {getattr(row, column) for row in rows} if value is not None and not holds(value)}
    if bad:
        n, value = next((n, getattr(row, column)) for n, row in enumerate(rows) if getattr(row, column) in bad)
        raise at.row(message.format(repr(str(value)[:60])), part, n)


def _check_periods(content: PackContent, part: str, at: Places) -> None:
    zone = content.effective.zone
    columns = {"from": "start", "to": "end"}
    if part == "institutions":
        columns["assessed_from"] = "assessed_from"
    for name, column in columns.items():
        message = f"{name}: {{}} is no date"
        _each(content, part, column, lambda day: parse_day(day, zone=zone) is not None, message, at)
    for n, row in enumerate(getattr(content, part)):
        if row.start is not None and row.end is not None:
            start, end = parse_day(row.start, zone=zone), parse_day(row.end, zone=zone)
            if start is not None and end is not None and end[1] < start[0]:
                raise at.row("ends before it begins", part, n)


def _check_items(content: PackContent, items: set[str], at: Places) -> None:
    for n, row in enumerate(content.items):
        if row.window_days is not None and not 0 <= row.window_days <= MAX_DAYS:
            raise at.row(f"window_days must lie between 0 and {MAX_DAYS}", "items", n)
        for code in row.includes:
            if code not in items or code == row.code:
                raise at.row(f"includes: {code[:60]!r} is no other item of items.csv", "items", n)
        for field in row.require:
            if field in TRI_STATE:
                raise at.row(f"require: {field.value} belongs to the check 'complete'", "items", n)


def _check_places(content: PackContent, at: Places) -> None:
    message = "division: {} is no GB/T 2260 division of six digits"
    _each(content, "institutions", "division", lambda code: _DIVISION.fullmatch(code) is not None, message, at)
    _each(content, "institutions", "tier", _TIERS.__contains__, "tier: {} is no level of a hospital (0 to 3)", at)


def _check_cases(content: PackContent, at: Places) -> None:
    cases = {case.case for case in content.exclusions}
    for part in ("refusal_reasons", "weaken"):
        _each(content, part, "case", lambda case: case in cases, "case {} is not in exclusions.csv", at)
    common = common_refusals()
    if common:
        message = "maps_to: {} is not in the common list of refusal reasons"
        _each(content, "refusal_reasons", "maps_to", lambda code: code in common, message, at)
    known = {need.value for need in Need}
    for part in ("exclusions", "refusal_reasons"):
        for n, row in enumerate(getattr(content, part)):
            for need in row.needs:
                if need not in known:
                    raise at.row(f"needs: {need[:40]!r} is none of {', '.join(sorted(known))}", part, n)
    if content.refusal is not None:
        for need in (*content.refusal.needs, *content.refusal.when_patient_disagrees):
            if need not in known:
                raise at.head(f"{need[:40]!r} is none of {', '.join(sorted(known))}", "$.refusal")
    if content.weaken and not content.overlays:
        raise at.head("is an overlay's, and the pack names none", "$.weaken")
    if len({overlay.institution for overlay in content.overlays}) > 1:
        raise at.head("overlays of two institutions cannot lie over one pack", "$.overlays")
