"""Decimal and integer strings (DS, IS; PS3.5 6.2) and UIDs as values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["UID_LENGTH", "is_oid", "is_uid", "read_count", "read_floats", "read_number"]

UID_LENGTH = 64
"""Most characters of a UID (PS3.5 9.1), and of a FHIR ``id``, as which series and instances are written."""

_LARGEST = 2**31 - 1
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)
_UID = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


def is_oid(text: str) -> bool:
    """Tell whether FHIR can write ``urn:oid:`` before it (no leading zeros, root 0 to 2).

    Example:
        >>> is_oid("1.2.840.10008"), is_oid("1.2.03"), is_oid("9.1")
        (True, False, False)
    """
    return _OID.fullmatch(text) is not None


def is_uid(text: str) -> bool:
    """Tell whether it is digits and dots of at most 64 characters, which FHIR can write as ``id``."""
    return len(text) <= UID_LENGTH and _UID.fullmatch(text) is not None


def read_count(text: str | None) -> int | None:
    """Read a whole number from 0 to 2³¹−1, as FHIR's ``unsignedInt``; ``None`` when it is none.

    Example:
        >>> read_count("12"), read_count("+7"), read_count("-1"), read_count("7.0"), read_count("x")
        (12, 7, None, 7, None)
    """
    if text is None or len(text) > 16:
        return None
    whole, _, fraction = text.strip().partition(".")
    if whole[:1] == "+":
        whole = whole[1:]
    if not (whole.isascii() and whole.isdigit()) or fraction.strip("0"):
        return None
    value = int(whole)
    return value if value <= _LARGEST else None


def read_number(text: str | None) -> float | None:
    """Read a finite number; ``None`` when it is none.

    Example:
        >>> read_number("1.25"), read_number("NaN"), read_number("1,5")
        (1.25, None, None)
    """
    if text is None or len(text) > 32 or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_floats(texts: Sequence[str], count: int) -> tuple[float, ...] | None:
    """Read so many finite numbers, or ``None``."""
    if len(texts) != count:
        return None
    found = []
    for text in texts:
        value = read_number(text)
        if value is None:
            return None
        found.append(value)
    return tuple(found)
