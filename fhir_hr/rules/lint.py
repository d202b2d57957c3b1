"""What a pack must keep to beyond its shape: no clause, case or item that is not there, no unsafe choice.

The checks of a pack are looked at in :mod:`fhir_hr.rules.lint_checks`, its tables in
:mod:`fhir_hr.rules.lint_tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fhir_hr.model.lab import ReportKind
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.clock import parse_day, parse_zone
from fhir_hr.rules.lint_checks import check_specs, check_then, obliges
from fhir_hr.rules.lint_tables import check_tables
from fhir_hr.rules.places import Places
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import VOCABULARY, CheckKind, Level, ListState

__all__ = ["NEEDED", "check_content"]

NEEDED = (
    CheckKind.IDENTITY,
    CheckKind.FINALITY,
    CheckKind.SUPERSEDED,
    CheckKind.TIME_ORDER,
    CheckKind.ITEM_FIT,
)
"""Kinds that no pack may leave out: without them a MUST could be the wrong patient's or no result at all."""

_NEVER_DELEGATED = (CheckKind.APPLIES, CheckKind.MERGE, CheckKind.OVERLAY)
_PACK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_JURISDICTION = {
    Level.NATION: re.compile(r"cn"),
    Level.REGION: re.compile(r"cn-r-[a-z0-9]+", re.ASCII),
    Level.PROVINCE: re.compile(r"cn-(\d{2})", re.ASCII),
    Level.CITY: re.compile(r"cn-(\d{4})", re.ASCII),
    Level.COUNTY: re.compile(r"cn-(\d{6})", re.ASCII),
    Level.ALLIANCE: re.compile(r"cn-a-[a-z0-9]+", re.ASCII),
}
_MAX_NAME = 64


def check_content(content: PackContent, *, places: Places | None = None) -> None:
    """Check a compiled pack.

    Args:
        content: the pack.
        places: finds file and line of what is wrong; without it, the path in the pack is told.

    Raises:
        PackError: the first thing that does not hold, with its place.
    """
    at = Places(file=content.pack) if places is None else places
    clauses = _clause_ids(content, at)
    _check_name(content, at)
    _check_cited(content, clauses, at)
    _check_dates(content, at)
    _check_divisions(content, at)
    _check_states(content, at)
    check_specs(content, clauses, at)
    _check_needed(content, at)
    check_tables(content, clauses, at)


def _clause_ids(content: PackContent, at: Places) -> frozenset[str]:
    seen: set[str] = set()
    for n, document in enumerate(content.documents):
        for m, clause in enumerate(document.clauses):
            if clause.id in seen:
                raise at.source(f"clause id {clause.id!r} stands twice", f"$.documents[{n}].clauses[{m}]")
            seen.add(clause.id)
    return frozenset(seen)


def _check_name(content: PackContent, at: Places) -> None:
    if content.vocabulary != VOCABULARY:
        message = f"is written for vocabulary {content.vocabulary[:40]!r}; this library knows {VOCABULARY!r}"
        raise at.head(message, "$.vocabulary")
    if not _PACK.fullmatch(content.pack) or len(content.pack) > _MAX_NAME:
        raise at.head(f"{content.pack[:40]!r} is no pack id like cn-51-lab", "$.pack")
    if not content.version.strip() or len(content.version) > _MAX_NAME:
        raise at.head("version: needs a text like 2022.1.0", "$.version")
    if not _JURISDICTION[content.level].fullmatch(content.jurisdiction):
        message = f"{content.jurisdiction[:40]!r} is no jurisdiction of level {content.level.value}"
        raise at.head(message, "$.jurisdiction")
    if not content.kinds:
        raise at.head("names no kind of report", "$.kinds")


def _check_cited(content: PackContent, clauses: frozenset[str], at: Places) -> None:
    cited: dict[str, str] = {}
    for name in ("force", "record", "refusal", "panels"):
        part = getattr(content, name)
        if part is not None:
            cited[f"$.{name}.clause"] = part.clause
    cited |= {f"$.marks[{n}].clause": mark.clause for n, mark in enumerate(content.marks)}
    cited |= {f"$.duties[{n}].clause": duty.clause for n, duty in enumerate(content.duties)}
    if content.applies.clause is not None:
        cited["$.applies.clause"] = content.applies.clause
    elif not content.applies.interpretation:
        raise at.head("needs a clause, or an interpretation marked as such", "$.applies")
    for path, clause in cited.items():
        if clause not in clauses:
            raise at.head(f"clause {clause[:60]!r} is not in sources.yaml", path)
    check_then(content.applies.on_unknown, "$.applies.on_unknown", clauses, at)
    if len({mark.code for mark in content.marks}) != len(content.marks):
        raise at.head("a mark stands twice", "$.marks")
    for n, duty in enumerate(content.duties):
        if duty.percent is not None and not 1 <= duty.percent <= 100:
            raise at.head("percent must lie between 1 and 100", f"$.duties[{n}].percent")
    if content.force is None:
        for path, _ in obliges(content):
            raise at.head("obliges, and the pack states no force", path)


def _check_dates(content: PackContent, at: Places) -> None:
    zone = content.effective.zone
    if parse_zone(zone) is None:
        raise at.head(f"{zone[:40]!r} is no offset like +08:00", "$.effective.zone")
    spans = {}
    for name, day in (("from", content.effective.start), ("to", content.effective.end)):
        spans[name] = parse_day(day, zone=zone)
        if day is not None and spans[name] is None:
            raise at.head(f"{day[:40]!r} is no date", f"$.effective.{name}")
    if spans["from"] and spans["to"] and spans["to"][1] < spans["from"][0]:
        raise at.head("ends before it begins", "$.effective")
    for n, document in enumerate(content.documents):
        if document.issued is not None and parse_day(document.issued, zone=zone) is None:
            raise at.source(f"{document.issued[:40]!r} is no date", f"$.documents[{n}].issued")
    days = {"$.review_by": content.review_by}
    if content.verified is not None:
        days["$.verified.on"] = content.verified.on
    for path, text in days.items():
        if text is not None and (len(text) != len("2026-08-20") or parse_day(text, zone=zone) is None):
            raise at.head(f"{text[:40]!r} is no day like 2026-08-20", path)


def _check_divisions(content: PackContent, at: Places) -> None:
    path = "$.applies.divisions"
    if not content.applies.divisions:
        raise at.head("names no division", path)
    own = _JURISDICTION[content.level].fullmatch(content.jurisdiction)
    digits = own.group(1) if own is not None and own.groups() else ""
    for code in content.applies.divisions:
        if len(code) != 6 or not code.isascii() or not code.isdigit():
            raise at.head(f"{code[:40]!r} is no GB/T 2260 division of six digits", path)
        if code == "000000" and content.level is not Level.NATION:
            raise at.head("000000 is the whole country, and the pack is not the nation's", path)
        if not code.startswith(digits):
            raise at.head(f"division {code} lies outside {content.jurisdiction}", path)


def _check_states(content: PackContent, at: Places) -> None:
    lists: Iterable[tuple[str, ListState, bool, str]] = (
        ("list_state", content.list_state, bool(content.items), "items"),
        ("institutions_state", content.institutions_state, bool(content.institutions), "institutions"),
    )
    for name, state, rows, table in lists:
        if rows and state is ListState.ABSENT:
            raise at.head(f"{name} is absent, and {table}.csv has rows", f"$.{name}")
        if not rows and state is not ListState.ABSENT:
            raise at.head(f"{name} is {state.value}, and {table}.csv has no rows", f"$.{name}")
    if content.items and not content.item_system:
        raise at.head("item_system is needed for the items of the list", "$.item_system")


def _check_needed(content: PackContent, at: Places) -> None:
    present = {kind_of(spec) for spec in content.checks}
    needed = NEEDED + ((CheckKind.EXAM_FIT,) if ReportKind.IMAGING in content.kinds else ())
    for kind in needed:
        if kind not in present:
            whose = "which every pack needs" if kind in NEEDED else "which every pack on imaging needs"
            raise at.head(f"lacks the check {kind.value!r}, {whose}", "$.checks")
    for n, kind in enumerate(content.delegates):
        if kind in _NEVER_DELEGATED or kind not in present:
            raise at.head(f"the pack has no check {kind.value!r} to delegate", f"$.delegates[{n}]")
