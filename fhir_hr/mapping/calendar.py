"""Which dates and times of day exist, for every format that writes them as digits."""

from __future__ import annotations

__all__ = ["days_in", "is_possible"]


def days_in(year: int, month: int) -> int:
    """Return how many days a month has.

    Example:
        >>> days_in(2024, 2), days_in(2026, 2), days_in(2026, 4)
        (29, 28, 30)
    """
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def is_possible(
    year: str,
    month: str | None = None,
    day: str | None = None,
    hour: str | None = None,
    minute: str | None = None,
    second: str | None = None,
) -> bool:
    """Tell whether these digits name a time that exists; parts that are not stated are ``None``.

    Example:
        >>> is_possible("2026", "02", "28", "09"), is_possible("2026", "02", "29")
        (True, False)
    """
    y = int(year)
    if not 1 < y < 9999:
        return False
    if month is not None:
        m = int(month)
        if not 1 <= m <= 12:
            return False
        if day is not None and not 1 <= int(day) <= days_in(y, m):
            return False
    return (
        (hour is None or int(hour) <= 23)
        and (minute is None or int(minute) <= 59)
        and (second is None or int(second) <= 59)
    )
