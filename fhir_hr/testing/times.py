"""Times as vectors write them."""

from __future__ import annotations

import re
from functools import lru_cache

from fhir_hr.errors import UsageError
from fhir_hr.model.when import Precision, When

__all__ = ["read_time"]

_TIME = re.compile(
    r"(?P<day>\d{4}(?:-\d\d(?:-\d\d)?)?)"
    r"|(?P<date>\d{4}-\d\d-\d\d)T(?P<hour>\d\d)(?P<minute>:\d\d(?P<second>:\d\d(?P<fraction>\.\d{1,6})?)?)?"
    r"(?P<zone>[+-]\d\d:\d\d|Z)",
    re.ASCII,
)


@lru_cache(maxsize=4096)
def read_time(text: str) -> When:
    """Read a time as vectors write it: year to fraction of a second, with offset from the hour on.

    Only the form is checked: a day that no calendar has (``2026-02-30``) is a time that cannot be read, which the
    vocabulary gives a meaning.

    Raises:
        UsageError: it is not of that form.

    Example:
        >>> at = read_time("2026-08-20T10+08:00")
        >>> at.iso, at.precision.name
        ('2026-08-20T10:00:00+08:00', 'HOUR')
    """
    found = _TIME.fullmatch(text)
    if found is None:
        msg = f"{text[:40]!r} is no time like 2026-08 or 2026-08-20T10:00:00+08:00"
        raise UsageError(msg)
    day = found["day"]
    if day is not None:
        return When(iso=day, precision={4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}[len(day)])
    precision = Precision.HOUR
    for part, finer in (("minute", Precision.MINUTE), ("second", Precision.SECOND), ("fraction", Precision.FRACTION)):
        if found[part]:
            precision = finer
    # The group of the minute holds second and fraction as well.
    clock = f"{found['hour']}{found['minute'] or ':00'}{'' if found['second'] else ':00'}"
    iso = f"{found['date']}T{clock}{found['zone']}"
    zone = "+00:00" if found["zone"] == "Z" else found["zone"]
    return When(iso=iso, precision=precision, zone=zone, zone_stated=True)
