"""The issuing rules (``mappings/mark_rules.csv``): what each text asks before its mark may be shown.

A row either asks a need (``required``, with clause and words) or says that the text read does not (``silent``, with a
note). Per mark and kind of report every need is one or the other: a table that forgets one is not used. A mark
without rows has no text that we read, and is never issued.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.marks import MarkCertainty, MarkRegistry, inside_area, load_marks
from fhir_hr.mapping.tables import Row, read_table
from fhir_hr.marks.needs import NEEDS, Need
from fhir_hr.model.lab import ReportKind

__all__ = ["MarkRule", "MarkRules", "SilentNeed", "load_mark_rules", "read_mark_rules"]

_COLUMNS = (
    "mark", "kind", "need", "item", "rule", "value", "clause", "words", "certainty", "note", "source",
)  # fmt: skip
_KINDS = tuple(kind.value for kind in NEEDS)
_DIVISION = re.compile(r"[1-9]\d{5}")
_DAY = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_TIER = re.compile(r"[123]")
_CERTAIN = (MarkCertainty.STATED.value, MarkCertainty.INFERRED.value)


class MarkRule(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a text asks before its mark may be shown.

    Attributes:
        item: asked for this item only; ``None`` for all.
        values: what the need is compared with: division codes, accepted issuers, a tier, the code system of the
            list, the first day.
        clause: the clause of the text; ``words`` its short words.
        certainty: whether the text says so, or it is our reading; ``note`` says which reading.
    """

    mark: str
    kind: ReportKind
    need: Need
    clause: str
    words: str
    certainty: MarkCertainty
    source: str
    item: str | None = None
    values: tuple[str, ...] = ()
    note: str = ""


class SilentNeed(msgspec.Struct, frozen=True, kw_only=True):
    """A need that the text read does not ask; ``note`` says what the text says instead, if anything."""

    mark: str
    kind: ReportKind
    need: Need
    note: str
    source: str


class MarkRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of all marks.

    Example:
        >>> rules = load_mark_rules()
        >>> [rule.clause for rule in rules.asked("bing-hr", ReportKind.IMAGING) if rule.need == "device-model"]
        ['五']
        >>> rules.asked("e-hr", ReportKind.LABORATORY)  # no text of it was read
        ()
    """

    rules: tuple[MarkRule, ...]
    silences: tuple[SilentNeed, ...]

    def asked(self, mark: str, kind: ReportKind, *, item: str | None = None) -> tuple[MarkRule, ...]:
        """Return what is asked of a mark on a kind of report, for an item, in the order of the table."""
        return tuple(
            rule for rule in self.rules if rule.mark == mark and rule.kind == kind and rule.item in (None, item)
        )

    def silent(self, mark: str, kind: ReportKind) -> tuple[SilentNeed, ...]:
        """Return the needs that the text read does not ask."""
        return tuple(each for each in self.silences if each.mark == mark and each.kind == kind)

    def kinds(self, mark: str) -> tuple[ReportKind, ...]:
        """Return the kinds of report for which rules of a mark were read."""
        return tuple(dict.fromkeys(rule.kind for rule in self.rules if rule.mark == mark))


def read_mark_rules(path: Path, *, registry: MarkRegistry) -> MarkRules:
    """Read the issuing rules.

    Raises:
        DataFileError: a row is broken, names a mark that is not registered, or a need of a mark and kind has no row,
            or both kinds of row.
    """
    rules: list[MarkRule] = []
    silences: list[SilentNeed] = []
    lines: dict[tuple[str, ReportKind, Need, str | None], int] = {}
    for row in read_table(path, required=_COLUMNS, key=("mark", "kind", "need", "item")):
        kind = ReportKind(row.choice("kind", _KINDS))
        need = Need(row.choice("need", tuple(need.value for need in NEEDS[kind])))
        required = row.choice("rule", ("required", "silent")) == "required"
        for mark in row.values("mark"):
            if registry.by_code(mark) is None:
                raise row.error(f"mark {mark!r} is not in the registry, or is unconfirmed")
            first = lines.setdefault((mark, kind, need, row["item"] or None), row.line)
            if first != row.line:
                raise row.error(f"need {need.value!r} of {mark!r} stands twice, first on line {first}")
            if required:
                rules.append(_rule(row, mark, kind, need, registry))
            else:
                silences.append(_silence(row, mark, kind, need))
    found = MarkRules(rules=tuple(rules), silences=tuple(silences))
    _check_complete(found, file=path.name)
    return found


def _rule(row: Row, mark: str, kind: ReportKind, need: Need, registry: MarkRegistry) -> MarkRule:
    for column in ("clause", "words", "source"):
        if not row[column]:
            raise row.error(f"a required need has no {column}")
    certainty = MarkCertainty(row.choice("certainty", _CERTAIN))
    if certainty is MarkCertainty.INFERRED and not row["note"]:
        raise row.error("certainty 'inferred' needs a note that says how we read the text")
    values = row.values("value")
    check = _VALUES.get(need)
    if check is None and values:
        raise row.error(f"need {need.value!r} takes no value")
    if check is not None:
        problem = check(values)
        if problem:
            raise row.error(f"need {need.value!r} needs {problem}, and not {row['value']!r}")
    known = registry.codes[mark]
    if need is Need.INSTITUTION_AREA and any(not inside_area(code, known.covers) for code in values):
        raise row.error(f"value {row['value']!r} lies outside the area that {known.text} covers")
    return MarkRule(
        mark=mark,
        kind=kind,
        need=need,
        item=row["item"] or None,
        values=values,
        clause=row["clause"],
        words=row["words"],
        certainty=certainty,
        note=row["note"],
        source=row["source"],
    )


def _silence(row: Row, mark: str, kind: ReportKind, need: Need) -> SilentNeed:
    for column in ("item", "value", "clause", "words", "certainty"):
        if row[column]:
            raise row.error(f"a silent need has no {column}")
    if not row["note"] or not row["source"]:
        raise row.error("a silent need needs a note and a source")
    return SilentNeed(mark=mark, kind=kind, need=need, note=row["note"], source=row["source"])


def _check_complete(found: MarkRules, *, file: str) -> None:
    asked = {(rule.mark, rule.kind, rule.need) for rule in found.rules}
    silent = {(each.mark, each.kind, each.need) for each in found.silences}
    for mark, kind, need in sorted(asked & silent):
        raise DataFileError(f"need {need.value!r} of {mark!r} ({kind.value}) is both required and silent", file=file)
    for mark, kind in sorted({(mark, kind) for mark, kind, _ in asked | silent}):
        for need in NEEDS[kind]:
            if (mark, kind, need) not in asked | silent:
                msg = f"need {need.value!r} of {mark!r} ({kind.value}) is neither required nor silent"
                raise DataFileError(msg, file=file)


def _one(pattern: re.Pattern[str], what: str) -> Callable[[tuple[str, ...]], str]:
    return lambda values: "" if len(values) == 1 and pattern.fullmatch(values[0]) else what


def _divisions(values: tuple[str, ...]) -> str:
    return "" if values and all(_DIVISION.fullmatch(each) for each in values) else "division codes of six digits"


_VALUES: dict[Need, Callable[[tuple[str, ...]], str]] = {
    Need.TEXT_IN_FORCE: _one(_DAY, "a first day (YYYY, YYYY-MM or YYYY-MM-DD)"),
    Need.INSTITUTION_AREA: _divisions,
    Need.INSTITUTION_TIER: _one(_TIER, "a tier from 1 to 3"),
    Need.ASSESSMENT: _one(_TIER, "the tier from which none is asked"),
    Need.ITEM_LISTED: _one(re.compile(r"\S+"), "the code system of the list"),
    Need.EQA: lambda values: "" if values else "the issuers that the text accepts",
}
"""What the value of a need must be: returns the words for what is lacking, or ``""``. Other needs take none."""


@cache
def load_mark_rules() -> MarkRules:
    """Load the packaged rules (``mappings/mark_rules.csv``). Loaded once, then shared."""
    return read_mark_rules(data_path("mappings", "mark_rules.csv"), registry=load_marks())
