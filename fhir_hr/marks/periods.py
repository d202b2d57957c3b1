"""Does a period hold at a time? True, false, or not known: precision may not tell, a time may be unreadable."""

from __future__ import annotations

from datetime import datetime

from fhir_hr.model.when import Precision, When

__all__ = ["holds", "moments"]


def moments(when: When | None) -> tuple[datetime, datetime] | None:
    """Return the first moment a time can mean and the first after all of them; ``None`` when it cannot be read.

    Example:
        >>> moments(When(iso="2026-13", precision=Precision.MONTH)) is None
        True
    """
    if when is None:
        return None
    try:
        if when.precision >= Precision.HOUR and datetime.fromisoformat(when.iso).tzinfo is None:
            # Without an offset it would be read in the zone of the machine.
            return None
        return when.earliest, when.latest
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None


def holds(start: When | None, end: When | None, at: When | None) -> bool | None:
    """Tell whether a time lies in a period; ``end`` is inclusive, ``None`` is open, and an open period always holds.

    Example:
        >>> year = When(iso="2026", precision=Precision.YEAR)
        >>> day = When(iso="2026-12-31", precision=Precision.DAY)
        >>> holds(year, year, day), holds(day, None, year), holds(None, day, None)
        (True, None, None)
    """
    if start is None and end is None:
        return True
    first, last, asked = moments(start), moments(end), moments(at)
    if (start is not None and first is None) or (end is not None and last is None) or asked is None:
        return None
    if (first is None or asked[0] >= first[0]) and (last is None or asked[1] <= last[1]):
        return True
    if (first is not None and asked[1] <= first[0]) or (last is not None and asked[0] >= last[1]):
        return False
    return None
