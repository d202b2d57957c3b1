"""DICOM dates and times (DA, TM, DT; PS3.5 6.2) with their precision and zone kept.

What is written beyond the standard is read where it is clear: ``2026.03.01`` and ``09:15:00`` (ACR-NEMA),
``2026-03-01``. An impossible part ends the reading there: what stands before it is kept, and the problem says so.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fhir_hr.mapping.calendar import is_possible
from fhir_hr.model.when import Precision, When

__all__ = ["DEFAULT_ZONE", "TimeReading", "Zone", "read_date_time", "read_dt", "read_zone"]

DEFAULT_ZONE = "+08:00"
"""China has one zone (GB/T 7408); used where neither the object nor the sender profile states one."""

_DATE = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d))?)?\Z", re.ASCII)
_PRINTED_DATE = re.compile(r"(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})\Z", re.ASCII)
_TIME = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,9}))?)?)?\Z", re.ASCII)
_DT = re.compile(r"(\d{4}(?:\d\d(?:\d\d)?)?)((?<=\d{8})\d\d(?:\d\d(?:\d\d(?:\.\d{1,9})?)?)?)?([+-]\d{4})?\Z", re.ASCII)
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)?\Z", re.ASCII)
_MAX_CHARS = 40


class Zone(NamedTuple):
    """An offset, and whether the object itself stated it."""

    offset: str
    stated: bool


class TimeReading(NamedTuple):
    """What a date with its time means; ``problem`` says what could not be read, ``""`` when all could."""

    when: When | None
    problem: str = ""


def read_zone(text: str | None, *, zone: str = DEFAULT_ZONE) -> tuple[Zone, str]:
    """Read TimezoneOffsetFromUTC (0008,0201), ``&ZZXX``.

    Args:
        text: the element as sent.
        zone: offset of the sender, used when none is stated or the stated one is impossible.

    Returns:
        the zone, and what was wrong (``""``: nothing).

    Example:
        >>> read_zone("-0330")[0], read_zone(None)[0]
        (Zone(offset='-03:30', stated=True), Zone(offset='+08:00', stated=False))
    """
    if not text or not text.strip():
        return Zone(zone, stated=False), ""
    found = _ZONE.match(text.strip()) if len(text) <= _MAX_CHARS else None
    if found is not None:
        sign, hours, minutes = found.group(1), found.group(2), found.group(3) or "00"
        if f"{hours}:{minutes}" <= "14:00" and minutes <= "59":
            return Zone(f"{sign}{hours}:{minutes}", stated=True), ""
    return Zone(zone, stated=False), f"{_shown(text)} is not an offset from UTC; times were read as {zone}"


def read_date_time(date: str | None, time: str | None, *, zone: Zone) -> TimeReading:
    """Read a DA and its TM.

    Args:
        date, time: the elements as sent; without a time the date alone is taken.
        zone: see :func:`read_zone`.

    Example:
        >>> read_date_time("20260301", "0915", zone=Zone("+08:00", stated=False)).when.iso
        '2026-03-01T09:15:00+08:00'
        >>> read_date_time("2026.03.01", None, zone=Zone("+08:00", stated=False)).when.iso
        '2026-03-01'
        >>> read_date_time("20260301", "0975", zone=Zone("+08:00", stated=False)).problem
        "'0975' is not a possible time of day; what stands before the fault was kept"
    """
    day, clock = (date or "").strip(), (time or "").strip()
    if not day:
        return TimeReading(None, "a time of day without a date was left out" if clock else "")
    source = f"{day} {clock}" if clock else day
    ymd, problem = _date(day)
    if ymd is None:
        return TimeReading(None, problem)
    iso = "-".join(ymd)
    precision = (Precision.YEAR, Precision.MONTH, Precision.DAY)[len(ymd) - 1]
    if not clock or precision is not Precision.DAY:
        if clock and not problem:
            problem = "a time of day without a whole date was left out"
        return TimeReading(_when(iso, precision, zone, source), problem)
    hms, time_problem = _clock(clock)
    if hms is None:
        return TimeReading(_when(iso, precision, zone, source), time_problem)
    return TimeReading(_when(*_with_clock(iso, hms, zone), zone, source), time_problem)


def read_dt(text: str | None, *, zone: Zone) -> TimeReading:
    """Read a DT; an offset of its own goes before ``zone``.

    Example:
        >>> read_dt("20260301091500.123+0900", zone=Zone("+08:00", stated=False)).when.iso
        '2026-03-01T09:15:00.123+09:00'
    """
    whole = (text or "").strip()
    if not whole:
        return TimeReading(None)
    found = _DT.match(whole) if len(whole) <= _MAX_CHARS else None
    if found is None:
        return TimeReading(None, f"{_shown(whole)} is not a possible date and time; it was left out")
    day, clock, offset = found.groups()
    problem = ""
    if offset:
        zone, problem = read_zone(offset, zone=zone.offset)
    read = read_date_time(day, clock, zone=zone)
    when = None if read.when is None else _when(read.when.iso, read.when.precision, zone, whole)
    return TimeReading(when, read.problem or problem)


def _date(text: str) -> tuple[list[str] | None, str]:
    """Year, month and day as far as they are stated and possible."""
    found = None
    if len(text) <= _MAX_CHARS:
        found = _DATE.match(text) or _PRINTED_DATE.match(text)
    parts = [part.zfill(2) for part in found.groups() if part is not None] if found is not None else []
    kept = len(parts)
    while kept and not is_possible(*parts[:kept]):
        kept -= 1
    if not kept:
        return None, f"{_shown(text)} is not a possible date; it was left out"
    if kept < len(parts):
        return parts[:kept], f"{_shown(text)} is not a possible date; what stands before the fault was kept"
    return parts, ""


def _clock(text: str) -> tuple[list[str] | None, str]:
    """Hour, minute, second and fraction as far as they are stated and possible."""
    found = _TIME.match(text) if len(text) <= _MAX_CHARS else None
    parts = [part for part in found.groups() if part is not None] if found is not None else []
    kept = len(parts)
    while kept and not is_possible("2000", "01", "01", *parts[:kept][:3]):
        kept = min(kept, 3) - 1
    if not kept:
        return None, f"{_shown(text)} is not a possible time of day; the date alone was kept"
    if kept < len(parts):
        return parts[:kept], f"{_shown(text)} is not a possible time of day; what stands before the fault was kept"
    return parts, ""


def _with_clock(iso: str, hms: list[str], zone: Zone) -> tuple[str, Precision]:
    hour, minute, second, fraction = [*hms, *[""] * (4 - len(hms))]
    tail = f".{fraction}" if fraction else ""
    precision = (Precision.HOUR, Precision.MINUTE, Precision.SECOND, Precision.FRACTION)[len(hms) - 1]
    return f"{iso}T{hour}:{minute or '00'}:{second or '00'}{tail}{zone.offset}", precision


def _when(iso: str, precision: Precision, zone: Zone, source: str) -> When:
    return When(iso=iso, precision=precision, zone=zone.offset, zone_stated=zone.stated, source=source)


def _shown(text: str) -> str:
    """A short technical value for a message; digits and separators only, nothing that could be a name."""
    short = text[:30]
    return f"'{short}'" if all(ch.isascii() and (ch.isdigit() or ch in "+-:./ ") for ch in short) else "the value"
