"""Spans of moments: what a time of partial precision can mean, and comparing such spans.

A moment is kept as the time since 1970-01-01T00:00Z: exact to the microsecond, and compared without asking for
time zones again. A time precise to the second is one point; a day is the span from its first to its last
microsecond. Text is never compared.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from fhir_hr.model.when import Precision, When

__all__ = ["Span", "day_end", "day_start", "moment", "parse_day", "parse_zone", "span", "within"]

Span = tuple[timedelta, timedelta]
"""First and last moment, both inclusive, as time since 1970-01-01T00:00Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local on purpose: the offset is taken off by hand
_OFFSETS = {
    f"{sign}{hours:02}:{minutes:02}": timedelta(hours=hours, minutes=minutes) * (1 if sign == "+" else -1)
    for sign in "+-"
    for hours in range(15)
    for minutes in (0, 15, 30, 45)
}
_TICK = timedelta(microseconds=1)
_HOUR, _MINUTE, _SECOND = int(Precision.HOUR), int(Precision.MINUTE), int(Precision.SECOND)
_HOUR_LONG, _MINUTE_LONG = timedelta(hours=1) - _TICK, timedelta(minutes=1) - _TICK


def span(when: When | None) -> Span | None:
    """Return the moments a time can mean; ``None`` when it is absent or cannot be read.

    Example:
        >>> first, last = span(When(iso="2026-08-20", precision=Precision.DAY))
        >>> moment(first).isoformat(), moment(last).isoformat()
        ('2026-08-19T16:00:00+00:00', '2026-08-20T15:59:59.999999+00:00')
        >>> span(When(iso="2026-13", precision=Precision.MONTH)) is None
        True
    """
    if when is None:
        return None
    try:
        precision = when.precision
        if precision >= _HOUR:
            iso = when.iso
            offset = _OFFSETS.get(iso[-6:])
            if offset is None:
                start = _unusual(iso, when.zone)
            else:
                # Taking the offset off by hand spares two calls of utcoffset(): 0.18 µs instead of 0.33 µs.
                start = datetime.fromisoformat(iso[:-6]) - _LOCAL_EPOCH - offset
            if precision >= _SECOND:
                return start, start
            return start, start + (_MINUTE_LONG if precision == _MINUTE else _HOUR_LONG)
        return _days(when.iso, int(precision), when.zone)
    except (ValueError, OverflowError, TypeError, AttributeError):
        # An impossible time is an unknown time; the adapter that read it has already reported it.
        return None


def _unusual(iso: str, zone: str) -> timedelta:
    # "Z", an offset of no whole quarter, or none at all: then the zone that the source is known to use.
    at = datetime.fromisoformat(iso)
    if at.tzinfo is None:
        at = datetime.fromisoformat(iso + zone)
    return at - _EPOCH


@lru_cache(maxsize=4096)
def _days(iso: str, precision: int, zone: str) -> Span:
    # Dates are few and come again (periods of validity), so their bounds are worth keeping.
    when = When(iso=iso, precision=Precision(precision), zone=zone)
    return when.earliest - _EPOCH, when.latest - _EPOCH - _TICK


def moment(at: timedelta) -> datetime:
    """Return a moment as a ``datetime`` in UTC."""
    return _EPOCH + at


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
    if len(text) != 6:
        return None
    try:
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").utcoffset()
    except ValueError:
        return None
    return None if offset is None else timezone(offset)


def parse_day(text: str | None, *, zone: str) -> Span | None:
    """Read ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` of a pack as a span in its zone; ``None`` when not that."""
    if text is None or not text.isascii():  # digits of other scripts, as full-width ones, are not those of a date
        return None
    precision = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}.get(len(text))
    if precision is None:
        return None
    return span(When(iso=text, precision=precision, zone=zone))


def day_start(at: timedelta, zone: timezone) -> datetime:
    """Return midnight of the day of ``at`` in ``zone``."""
    return moment(at).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def day_end(at: timedelta, zone: timezone, *, days: int) -> datetime:
    """Return the midnight that ends the ``days``-th day after the day of ``at``, in UTC."""
    return (day_start(at, zone) + timedelta(days=days + 1)).astimezone(UTC)
