"""Advice on dates, periods and windows: missing, impossible, passed, overlapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from fhir_hr.rules.advice.finding import Advice, Draft, advice
from fhir_hr.rules.advice.words import AdviceCode as C
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.clock import Span, moment, parse_day
from fhir_hr.rules.schema import Certainty
from fhir_hr.rules.tables import TableRow

__all__ = ["advise_dates", "advise_overlaps", "advise_windows"]

LEAD = timedelta(hours=48)
"""Least time between publishing and taking effect."""

_ONE_DAY = timedelta(days=1)


def advise_dates(draft: Draft) -> Iterator[Advice]:
    """Advise on the pack's own dates."""
    content = draft.content
    effective = content.effective
    if effective.start is None:
        yield draft.head(C.DATE_MISSING, "$.effective.from")
    if effective.certainty is Certainty.UNKNOWN:
        yield draft.head(C.DATE_UNSURE, "$.effective.certainty")
    start, end = _period(draft)
    if content.review_by is None:
        yield draft.head(C.REVIEW_MISSING, "$")
    if content.verified is None:
        yield draft.head(C.NOT_VERIFIED, "$")
    yield from _compared_with_now(draft, start, end)


def _compared_with_now(draft: Draft, start: Span | None, end: Span | None) -> Iterator[Advice]:
    if draft.as_of is None:
        return
    content = draft.content
    if end is not None and moment(end[1]) < draft.as_of:
        yield draft.head(C.EXPIRED, "$.effective.to", day=content.effective.end)
    review = parse_day(content.review_by, zone=content.effective.zone)
    if review is not None and moment(review[1]) < draft.as_of:
        yield draft.head(C.REVIEW_PASSED, "$.review_by", day=content.review_by)
    begins = draft.not_before or (moment(start[0]) if start is not None else None)
    if begins is not None and timedelta(0) < begins - draft.as_of < LEAD:
        hours = int((begins - draft.as_of) / timedelta(hours=1))
        yield draft.head(C.LEAD_TIME, "$.effective.from", hours=hours)


def advise_windows(draft: Draft) -> Iterator[Advice]:
    """Advise on limits that nothing can keep, or that outlast the text."""
    start, end = _period(draft)
    length = None if start is None or end is None else (end[1] - start[0]) // _ONE_DAY + 1
    for n, spec in enumerate(draft.content.checks):
        if not isinstance(spec, WindowSpec):
            continue
        limits = [(spec.max_days, "pack.yaml", draft.line(f"$.checks[{n}].max_days"))]
        rows = zip(draft.content.items, draft.rows["items"], strict=True)
        limits += [(item.window_days, row.file, row.line) for item, row in rows]
        for days, file, line in limits:
            if days == 0 and spec.inclusive is False:
                yield advice(C.WINDOW_IMPOSSIBLE, file, line)
            if days is not None and length is not None and days > length:
                yield advice(C.WINDOW_TOO_LONG, file, line, days=days, length=length)


def advise_overlaps(draft: Draft) -> Iterator[Advice]:
    """Advise on rows that speak of the same thing on the same day, and on rows outside the text's own period."""
    for part, code, key in _KEYS:
        yield from _overlaps(draft, part, code, key)
    yield from _quality_overlaps(draft)
    yield from _outside(draft)


def _uscc(row: TableRow) -> str:
    return row.cells["uscc"]


_KEYS: tuple[tuple[str, C, Callable[[TableRow], tuple[str | None, ...]]], ...] = (
    ("institutions", C.OVERLAP_INSTITUTION, lambda row: (_uscc(row),)),
    ("alliances", C.OVERLAP_ALLIANCE, lambda row: (_uscc(row), row.text("alliance"))),
    ("negative", C.OVERLAP_NEGATIVE, lambda row: (row.text("item"),)),
    ("suspensions", C.OVERLAP_SUSPENSION, lambda row: (_uscc(row),)),
)


def _overlaps(draft: Draft, part: str, code: C, key: Callable[[TableRow], tuple[str | None, ...]]) -> Iterator[Advice]:
    seen: dict[tuple[str | None, ...], list[TableRow]] = {}
    for row in draft.rows.get(part, ()):
        earlier = seen.setdefault(key(row), [])
        for other in earlier:
            same_item = part != "suspensions" or row.text("item") == other.text("item") or not other.text("item")
            if same_item and _meet(draft, row, other):
                yield advice(code, row.file, row.line, value=key(row)[0], other=other.line)
                break
        earlier.append(row)


def _quality_overlaps(draft: Draft) -> Iterator[Advice]:
    seen: dict[tuple[str | None, ...], list[TableRow]] = {}
    for row in draft.rows.get("quality", ()):
        earlier = seen.setdefault((_uscc(row), row.text("item"), row.text("type")), [])
        for other in earlier:
            if other.cells["result"] != row.cells["result"] and _meet(draft, row, other):
                yield advice(C.OVERLAP_QUALITY, row.file, row.line, value=_uscc(row), other=other.line)
                break
        earlier.append(row)


def _outside(draft: Draft) -> Iterator[Advice]:
    text_start, text_end = _period(draft)
    for rows in draft.rows.values():
        for row in rows:
            start, end = _span(draft, row, "from"), _span(draft, row, "to")
            after = text_end is not None and start is not None and start[0] > text_end[1]
            before = text_start is not None and end is not None and end[1] < text_start[0]
            if after or before:
                name = row.text("code") or row.text("uscc") or row.text("item") or ""
                period = f"{row.text('from') or '…'} – {row.text('to') or '…'}"
                yield advice(C.ROW_OUTSIDE, row.file, row.line, value=name, period=period)


def _meet(draft: Draft, one: TableRow, other: TableRow) -> bool:
    a, b = (_span(draft, one, "from"), _span(draft, one, "to"))
    c, d = (_span(draft, other, "from"), _span(draft, other, "to"))
    apart = (b is not None and c is not None and b[1] < c[0]) or (d is not None and a is not None and d[1] < a[0])
    return not apart


def _span(draft: Draft, row: TableRow, column: str) -> Span | None:
    return parse_day(row.text(column), zone=draft.content.effective.zone)


def _period(draft: Draft) -> tuple[Span | None, Span | None]:
    effective = draft.content.effective
    return parse_day(effective.start, zone=effective.zone), parse_day(effective.end, zone=effective.zone)
