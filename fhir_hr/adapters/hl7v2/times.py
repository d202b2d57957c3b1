"""HL7 times (DTM, TS, DT, TM; chapter 2A) with their precision and zone kept."""

from __future__ import annotations

import re

from fhir_hr.mapping.calendar import is_possible
from fhir_hr.model.when import Precision, When

__all__ = ["read_time_of_day", "read_when"]

_DTM = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,9})|(\d{3}))?)?)?)?)?)?"
    r"(?:([+-])(\d\d):?(\d\d)?|(Z))?\Z",
    re.ASCII,
)
# Written by systems that print their own database's time: 2026-08-20 09:20:00, 2026/8/20 9:20, …T…
_PRINTED = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?"
    r"(?:([+-])(\d\d):?(\d\d)?|(Z))?\Z",
    re.ASCII,
)
_TM = re.compile(r"(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,9}))?)?)?(?:[+-]\d{4})?\Z", re.ASCII)
_MAX_CHARS = 40


def read_when(text: str, *, zone: str) -> When | None:
    """Read a time; ``None`` when it is none (an impossible month, day, hour …).

    Args:
        text: the field as sent.
        zone: offset of the sender, used when the time states none.

    Example:
        >>> read_when("200711040132-0400", zone="+08:00").iso
        '2007-11-04T01:32:00-04:00'
        >>> read_when("20260820", zone="+08:00").iso
        '2026-08-20'
        >>> read_when("20261340", zone="+08:00") is None
        True
    """
    if len(text) > _MAX_CHARS:
        return None
    plain = _read_plain(text, zone)
    if plain is not None:
        return plain
    stripped = text.strip()
    found = _DTM.match(stripped)
    if found is not None:
        year, month, day, hour, minute, second, dotted, glued, sign, zh, zm, zulu = found.groups()
        fraction = dotted or glued
    else:
        found = _PRINTED.match(stripped)
        if found is None:
            return None
        year, month, day, hour, minute, second, fraction, sign, zh, zm, zulu = found.groups()
    if not is_possible(year, month, day, hour, minute, second):
        return None
    stated = zulu is not None or sign is not None
    if stated:
        zone = "+00:00" if zulu else f"{sign}{zh}:{zm or '00'}"
        if zone[1:] > "14:00" or int(zone[4:]) > 59:
            return None
    if month is None:
        return When(iso=year, precision=Precision.YEAR, zone=zone, zone_stated=stated, source=text)
    if day is None:
        iso = f"{year}-{month:0>2}"
        return When(iso=iso, precision=Precision.MONTH, zone=zone, zone_stated=stated, source=text)
    iso = f"{year}-{month:0>2}-{day:0>2}"
    if hour is None:
        return When(iso=iso, precision=Precision.DAY, zone=zone, zone_stated=stated, source=text)
    precision = Precision.HOUR if minute is None else Precision.MINUTE if second is None else Precision.SECOND
    clock = f"T{hour:0>2}:{minute or '00'}:{second or '00'}"
    if fraction:
        precision = Precision.FRACTION
        clock += f".{fraction}"
    return When(iso=iso + clock + zone, precision=precision, zone=zone, zone_stated=stated, source=text)


_TWO = [f"{number:02}" for number in range(60)]
_MONTHS, _DAYS_ALWAYS = frozenset(_TWO[1:13]), frozenset(_TWO[1:29])
_HOURS, _SIXTY = frozenset(_TWO[:24]), frozenset(_TWO)


def _read_plain(text: str, zone: str) -> When | None:
    """The two forms that nearly all times have, read without a pattern: 20260820 and 20260820093015."""
    length = len(text)
    if length not in (8, 14) or not text.isascii() or not text.isdigit() or text[:2] not in ("19", "20"):
        return None
    month, day = text[4:6], text[6:8]
    if month not in _MONTHS or day not in _DAYS_ALWAYS:
        return None  # the last days of a month are looked at with care
    iso = f"{text[:4]}-{month}-{day}"
    if length == 8:
        return When(iso=iso, precision=Precision.DAY, zone=zone, source=text)
    hour, minute, second = text[8:10], text[10:12], text[12:]
    if hour not in _HOURS or minute not in _SIXTY or second not in _SIXTY:
        return None
    return When(iso=f"{iso}T{hour}:{minute}:{second}{zone}", precision=Precision.SECOND, zone=zone, source=text)


def read_time_of_day(text: str) -> str | None:
    """Read a TM value as ``hh:mm:ss``; ``None`` when it is none.

    Example:
        >>> read_time_of_day("0730")
        '07:30:00'
    """
    found = _TM.match(text.strip()) if len(text) <= _MAX_CHARS else None
    if found is None:
        return None
    hour, minute, second, fraction = found.groups()
    if int(hour) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    if fraction and not fraction.strip("0"):
        fraction = None  # the reference validator refuses "22:31:00.0000"
    tail = f".{fraction}" if fraction else ""
    return f"{hour}:{minute or '00'}:{second or '00'}{tail}"
