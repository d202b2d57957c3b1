"""Spans of moments: what a time of partial precision can mean, and comparing such spans.

A moment precise to the second is one point; a day is the span from its first to its last microsecond. All
comparison is of aware datetimes; text is never compared.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from fhir_hr.model.when import Precision, When

__all__ = ["Span", "day_end", "day_start", "parse_day", "parse_zone", "span", "within"]

Span = tuple[datetime, datetime]
"""First and last moment, both inclusive."""

_FIRST, _LAST = 1, 9999  # the edge years overflow when moved to another zone
_TICK = timedelta(microseconds=1)
_STEP = {Precision.HOUR: timedelta(hours=1) - _TICK, Precision.MINUTE: timedelta(minutes=1) - _TICK}


def span(when: When | None) -> Span | None:
    """Return the moments a time can mean; ``None`` when it is absent or cannot be read.

    Example:
        >>> span(When(iso="2026-08-20T10:00:00+08:00", precision=Precision.SECOND))[0].isoformat()
        '2026-08-20T10:00:00+08:00'
        >>> span(When(iso="2026-13", precision=Precision.MONTH)) is None
        True
    """
    if when is None:
        return None
    try:
        if when.precision >= Precision.HOUR:
            start = datetime.fromisoformat(when.iso)
            if start.tzinfo is None:
                start = datetime.fromisoformat(when.iso + when.zone)
            if not _FIRST < start.year < _LAST:
                return None
            step = _STEP.get(when.precision)
            return (start, start) if step is None else (start, start + step)
        return when.earliest, when.latest - _TICK
    except (ValueError, OverflowError, TypeError, AttributeError):
        # An impossible time is an unknown time; the adapter that read it has already reported it.
        return None


def within(start: Span | None, end: Span | None, at: Span | None) -> bool | None:
    """Tell whether ``at`` lies inside a period; ``None`` when precision does not tell.

    ``start`` counts from its first moment, ``end`` to its last (inclusive); ``None`` is open.
    """
    if start is None and end is None:
        return True
    if at is None:
        return None
    lo, hi = at
    after = start is None or lo >= start[0]
    before = end is None or hi <= end[1]
    if after and before:
        return True
    if (start is not None and hi < start[0]) or (end is not None and lo > end[1]):
        return False
    return None


def parse_zone(text: str) -> timezone | None:
    """Read ``+08:00``; ``None`` when it is no offset.

    Example:
        >>> parse_zone("+08:00").utcoffset(None)
        datetime.timedelta(seconds=28800)
    """
    try:
        at = datetime.fromisoformat(f"2000-01-01T00:00:00{text}")
    except ValueError:
        return None
    offset = at.utcoffset()
    if offset is None or len(text) != 6:
        return None
    return timezone(offset)


def parse_day(text: str | None, *, zone: str) -> Span | None:
    """Read ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` of a pack as a span in its zone; ``None`` when not that."""
    if text is None:
        return None
    precision = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}.get(len(text))
    if precision is None:
        return None
    return span(When(iso=text, precision=precision, zone=zone))


def day_start(at: datetime, zone: timezone) -> datetime:
    """Return midnight of the day of ``at`` in ``zone``."""
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def day_end(at: datetime, zone: timezone, *, days: int) -> datetime:
    """Return the midnight that ends the ``days``-th day after the day of ``at``, in UTC."""
    return (day_start(at, zone) + timedelta(days=days + 1)).astimezone(UTC)
