"""Times as the flat facts of vectors and columns write them: one form, read in one place."""

from __future__ import annotations

import re

from fhir_hr.model.when import Precision, When

__all__ = ["read_fact_time"]

_TIME = re.compile(
    r"(?P<day>\d{4}(?:-\d\d(?:-\d\d)?)?)"
    r"|(?P<date>\d{4}-\d\d-\d\d)T(?P<clock>\d\d(?::\d\d(?::\d\d(?:\.\d{1,6})?)?)?)(?P<zone>[+-]\d\d:\d\d|Z)",
    re.ASCII,
)
_DAYS = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}
_CLOCKS = {2: Precision.HOUR, 5: Precision.MINUTE, 8: Precision.SECOND}


def read_fact_time(text: str) -> When | None:
    """Read a time from year to fraction of a second, with offset from the hour on; ``None`` when not of that form.

    Only the form is checked: a day that no calendar has (``2026-02-30``) is a time that cannot be read, which the
    vocabulary gives a meaning.

    Example:
        >>> at = read_fact_time("2026-08-20T10+08:00")
        >>> at.iso, at.precision.name, read_fact_time("20.8.2026")
        ('2026-08-20T10:00:00+08:00', 'HOUR', None)
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, clock, zone = found["day"], found["clock"], found["zone"]
    if day is not None:
        return When(iso=day, precision=_DAYS[len(day)])
    precision = _CLOCKS.get(len(clock), Precision.FRACTION)
    iso = f"{found['date']}T{clock}{':00:00'[len(clock) - 2 :]}{zone}"
    return When(iso=iso, precision=precision, zone="+00:00" if zone == "Z" else zone, zone_stated=True)
