"""Times as vectors write them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from fhir_hr.errors import UsageError
from fhir_hr.model.when import When
from fhir_hr.rules.clock import moment, span
from fhir_hr.rules.fact_times import read_fact_time

__all__ = ["read_moment", "read_time"]


@lru_cache(maxsize=4096)
def read_time(text: str) -> When:
    """Read a time of a vector; see :func:`fhir_hr.rules.fact_times.read_fact_time`. Vectors are nobody's facts.

    Raises:
        UsageError: it is not of that form.

    Example:
        >>> read_time("2026-08-20T10+08:00").iso
        '2026-08-20T10:00:00+08:00'
    """
    found = read_fact_time(text)
    if found is None:
        msg = f"{text[:40]!r} is no time like 2026-08 or 2026-08-20T10:00:00+08:00"
        raise UsageError(msg)
    return found


def read_moment(text: str) -> datetime:
    """Read a time of a vector that has to be one moment, to the second.

    Raises:
        UsageError: it is not.

    Example:
        >>> read_moment("2026-08-01T00:00:00+08:00").isoformat()
        '2026-07-31T16:00:00+00:00'
    """
    at = read_time(text)
    found = span(at) if at.is_moment else None
    if found is None:
        msg = f"{text[:40]!r} is no moment (to the second, with offset)"
        raise UsageError(msg)
    return moment(found[0])
