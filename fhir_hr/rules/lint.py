"""What must hold between the parts of a pack: no dangling clause, item or case, no unsafe effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_hr.errors import PackError
from fhir_hr.model.decisions import Effect
from fhir_hr.model.flags import EvidenceType
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.rules.check_specs import CheckSpec, CompleteSpec, FinalitySpec, IdentitySpec, QualitySpec, Then, WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.clock import parse_day, parse_zone
from fhir_hr.rules.pack_tables import Tables
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.strict_yaml import Lines
from fhir_hr.rules.tables import TableRow
from fhir_hr.rules.vocabulary import CheckKind

__all__ = ["NEEDED", "check_content"]

NEEDED = (
    CheckKind.IDENTITY,
    CheckKind.FINALITY,
    CheckKind.SUPERSEDED,
    CheckKind.TIME_ORDER,
    CheckKind.ITEM_FIT,
)
"""Kinds that no pack may leave out: without them a MUST could be the wrong patient's or no result at all."""

_NEVER_FINAL = (ResultStatus.UNKNOWN, ResultStatus.CANCELLED, ResultStatus.ENTERED_IN_ERROR)
_NEVER_FINAL_REPORT = (ReportStatus.UNKNOWN, ReportStatus.CANCELLED, ReportStatus.ENTERED_IN_ERROR)
_MAX_DAYS = 36_500


def check_content(content: PackContent, *, lines: Lines, source_lines: Lines, tables: Tables) -> None:
    """Check a compiled pack.

    Raises:
        PackError: the first thing that does not hold, with file and line.
    """
    clauses = _clause_ids(content, source_lines)
    _check_head(content, clauses, lines)
    for n, spec in enumerate(content.checks):
        _check_spec(spec, f"$.checks[{n}]", clauses, lines)
    present = {kind_of(spec) for spec in content.checks}
    for kind in NEEDED:
        if kind not in present:
            raise _error(f"lacks the check {kind.value!r}, which every pack needs", "$.checks", lines)
    _check_tables(content, clauses, tables)


def _error(message: str, path: str, lines: Lines, *, file: str = "pack.yaml") -> PackError:
    at = path
    while at not in lines and len(at) > 1:
        at = at[: max(at.rfind("."), at.rfind("["), 1)]
    return PackError(message, file=file, line=lines.get(at))


def _clause_ids(content: PackContent, lines: Lines) -> set[str]:
    seen: set[str] = set()
    for n, document in enumerate(content.documents):
        for m, clause in enumerate(document.clauses):
            if clause.id in seen:
                path = f"$.documents[{n}].clauses[{m}]"
                raise _error(f"clause id {clause.id!r} stands twice", path, lines, file="sources.yaml")
            seen.add(clause.id)
    return seen


def _check_head(content: PackContent, clauses: set[str], lines: Lines) -> None:
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
        raise _error("needs a clause, or an interpretation marked as such", "$.applies", lines)
    for path, clause in cited.items():
        _check_clause(clause, path, clauses, lines)
    _check_then(content.applies.on_unknown, "$.applies.on_unknown", clauses, lines, may_oblige=False)
    _check_divisions(content.applies.divisions, "$.applies.divisions", lines)
    if len({mark.code for mark in content.marks}) != len(content.marks):
        raise _error("a mark stands twice", "$.marks", lines)
    if parse_zone(content.effective.zone) is None:
        raise _error(f"{content.effective.zone[:40]!r} is no offset like +08:00", "$.effective.zone", lines)
    for name, day in (("from", content.effective.start), ("to", content.effective.end)):
        if day is not None and parse_day(day, zone=content.effective.zone) is None:
            raise _error(f"{day[:40]!r} is no date", f"$.effective.{name}", lines)


def _check_divisions(divisions: Iterable[str], path: str, lines: Lines) -> None:
    codes = tuple(divisions)
    if not codes:
        raise _error("names no division", path, lines)
    for code in codes:
        if len(code) != 6 or not code.isascii() or not code.isdigit():
            raise _error(f"{code[:40]!r} is no GB/T 2260 division of six digits", path, lines)


def _check_clause(clause: str, path: str, clauses: set[str], lines: Lines) -> None:
    if clause not in clauses:
        raise _error(f"clause {clause[:60]!r} is not in sources.yaml", path, lines)


def _check_then(then: Then, path: str, clauses: set[str], lines: Lines, *, may_oblige: bool) -> None:
    if then.clause is None and not then.interpretation:
        raise _error("needs a clause, or an interpretation marked as such", path, lines)
    if then.clause is not None:
        _check_clause(then.clause, path, clauses, lines)
    if then.effect is Effect.OBLIGE and not may_oblige:
        raise _error("only a valid mark may oblige", path, lines)


def _thens(spec: CheckSpec) -> Iterator[tuple[str, Then]]:
    for name in spec.__struct_fields__:
        value = getattr(spec, name)
        if isinstance(value, Then):
            yield name, value


def _check_spec(spec: CheckSpec, path: str, clauses: set[str], lines: Lines) -> None:
    kind = kind_of(spec)
    for name, then in _thens(spec):
        valid_mark = kind is CheckKind.MARK and name == "on_valid"
        _check_then(then, f"{path}.{name}", clauses, lines, may_oblige=valid_mark)
    if isinstance(spec, IdentitySpec | FinalitySpec):
        _check_safety(spec, path, lines)
    elif isinstance(spec, QualitySpec):
        if spec.evidence is EvidenceType.ASSESSMENT:
            raise _error("evidence must be eqa or iqc", f"{path}.evidence", lines)
    elif isinstance(spec, WindowSpec):
        if parse_zone(spec.zone) is None:
            raise _error(f"{spec.zone[:40]!r} is no offset like +08:00", f"{path}.zone", lines)
        if spec.max_days is not None and not 0 <= spec.max_days <= _MAX_DAYS:
            raise _error(f"max_days must lie between 0 and {_MAX_DAYS}", f"{path}.max_days", lines)
    elif isinstance(spec, CompleteSpec) and not spec.fields:
        raise _error("names no field", f"{path}.fields", lines)


def _check_safety(spec: IdentitySpec | FinalitySpec, path: str, lines: Lines) -> None:
    if isinstance(spec, IdentitySpec):
        if spec.on_mismatch.effect is not Effect.BLOCK:
            raise _error("another person's result must be blocked", f"{path}.on_mismatch", lines)
        if spec.on_unknown.effect not in (Effect.UNKNOWN, Effect.BLOCK):
            raise _error("an identity in doubt must stay unknown or be blocked", f"{path}.on_unknown", lines)
        return
    never = [str(s) for s in spec.item_statuses if s in _NEVER_FINAL]
    never += [str(s) for s in spec.report_statuses if s in _NEVER_FINAL_REPORT]
    if never:
        raise _error(f"{', '.join(never)} can never count as final", path, lines)


def _check_tables(content: PackContent, clauses: set[str], tables: Tables) -> None:
    items = {row.code for row in content.items}
    cases = {case.case for case in content.exclusions}
    zone = content.effective.zone
    for part, rows in tables.rows.items():
        for row in rows:
            clause = row.text("clause")
            if clause is not None and clause not in clauses:
                raise row.broken(f"clause {clause[:60]!r} is not in sources.yaml")
            _check_period(row, zone)
            item = row.text("item")
            if part != "items" and item is not None and item not in items:
                raise row.broken(f"item {item[:60]!r} is not in items.csv")
            case = row.text("case")
            if part == "refusal_reasons" and case is not None and case not in cases:
                raise row.broken(f"case {case[:60]!r} is not in exclusions.csv")
    for listed, row in zip(content.items, tables.rows["items"], strict=True):
        if listed.window_days is not None and listed.window_days > _MAX_DAYS:
            raise row.broken(f"window_days must lie between 0 and {_MAX_DAYS}")


def _check_period(row: TableRow, zone: str) -> None:
    ends = {}
    for column in ("from", "to", "assessed_from"):
        text = row.text(column)
        if text is None:
            continue
        ends[column] = parse_day(text, zone=zone)
        if ends[column] is None:
            raise row.broken(f"{column}: {text[:40]!r} is no date")
    start, end = ends.get("from"), ends.get("to")
    if start is not None and end is not None and end[1] < start[0]:
        raise row.broken("ends before it begins")
