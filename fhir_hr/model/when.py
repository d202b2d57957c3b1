"""Times with partial precision, and comparison that can answer "unknown"."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import msgspec

__all__ = ["Period", "Precision", "When", "compare"]


class Precision(IntEnum):
    """How much of a time was stated."""

    YEAR = 1
    MONTH = 2
    DAY = 3
    HOUR = 4
    MINUTE = 5
    SECOND = 6
    FRACTION = 7


class When(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A point in time as precise as its source stated it.

    Attributes:
        iso: FHIR ``dateTime`` text: ``2026``, ``2026-08``, ``2026-08-20`` or a full time with offset.
            FHIR has no hour or minute precision: those are filled with zeros and ``precision`` says so.
        precision: what the source stated.
        zone: the offset, ``+08:00``; also for dates, where FHIR text carries none.
        zone_stated: whether the source itself stated the offset.
        source: the source's own text.

    Example:
        >>> day = When(iso="2026-08-20", precision=Precision.DAY)
        >>> day.earliest.isoformat(), day.latest.isoformat()
        ('2026-08-19T16:00:00+00:00', '2026-08-20T16:00:00+00:00')
    """

    iso: str
    precision: Precision
    zone: str = "+08:00"
    zone_stated: bool = False
    source: str | None = None

    @classmethod
    def from_datetime(cls, value: datetime) -> When:
        """Make a ``When`` of second or sub-second precision from an aware ``datetime``.

        Raises:
            ValueError: ``value`` has no time zone.
        """
        if value.tzinfo is None:
            msg = "a time without zone is not a moment; give an aware datetime"
            raise ValueError(msg)
        iso = value.isoformat()
        zone = "+00:00" if iso.endswith("+00:00") else iso[-6:]
        precision = Precision.FRACTION if value.microsecond else Precision.SECOND
        return cls(iso=iso, precision=precision, zone=zone, zone_stated=True)

    @property
    def earliest(self) -> datetime:
        """The first moment this can mean, in UTC."""
        return _bounds(self)[0]

    @property
    def latest(self) -> datetime:
        """The first moment after all that this can mean, in UTC (exclusive bound)."""
        return _bounds(self)[1]

    @property
    def is_moment(self) -> bool:
        """Whether it is precise to the second or finer."""
        return self.precision >= Precision.SECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local on purpose: the offset is taken off by hand
_STEPS = {
    Precision.HOUR: timedelta(hours=1),
    Precision.MINUTE: timedelta(minutes=1),
    Precision.SECOND: timedelta(seconds=1),
    Precision.FRACTION: timedelta(microseconds=1),
}


def _bounds(when: When) -> tuple[datetime, datetime]:
    start, end = _distances(when)
    return _EPOCH + start, _EPOCH + end


def _distances(when: When) -> tuple[timedelta, timedelta]:
    """The bounds as distances from 1970: those of the first and the last year have no datetime in UTC."""
    iso, precision = when.iso, when.precision
    if precision >= Precision.HOUR:
        at = datetime.fromisoformat(iso)
        start = at.replace(tzinfo=None) - _LOCAL_EPOCH - _offset(at)
        return start, start + _STEPS[precision]
    year, month, day = int(iso[:4]), int(iso[5:7] or 1), int(iso[8:10] or 1)
    first = datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T00:00:00{when.zone}")
    if precision == Precision.DAY:
        days = 1
    elif precision == Precision.MONTH:
        days = monthrange(year, month)[1]
    else:
        days = 366 if isleap(year) else 365
    start = first.replace(tzinfo=None) - _LOCAL_EPOCH - _offset(first)
    return start, start + timedelta(days=days)


def _offset(at: datetime) -> timedelta:
    offset = at.utcoffset()
    if offset is None:
        msg = f"{at.isoformat()} has no offset"
        raise ValueError(msg)
    return offset


def compare(a: When, b: When) -> int | None:
    """Compare two times: -1 before, 1 after, 0 the same moment, ``None`` when precision does not tell.

    A time that no calendar has tells nothing.

    Example:
        >>> y = When(iso="2026", precision=Precision.YEAR)
        >>> d = When(iso="2026-08-20", precision=Precision.DAY)
        >>> compare(y, d) is None
        True
        >>> compare(d, When(iso="2026-08-21", precision=Precision.DAY))
        -1
    """
    try:
        a_from, a_to = _distances(a)
        b_from, b_to = _distances(b)
    except ValueError:
        return None  # on no calendar: nothing can be told
    if a_to <= b_from:
        return -1
    if b_to <= a_from:
        return 1
    if (a_from, a_to) == (b_from, b_to) and a.is_moment:
        return 0
    return None


class Period(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A span of time; either end may be open."""

    start: When | None = None
    end: When | None = None
