"""Is this text formed like a LOINC code?"""

from __future__ import annotations

import re

__all__ = ["is_loinc"]

_FORM = re.compile(r"(\d{1,7})-(\d)", re.ASCII)


def is_loinc(text: str) -> bool:
    """Tell whether ``text`` has the form and the mod-10 check digit of a LOINC code.

    It does not tell whether LOINC has such a code; a local number can pass by chance (one in ten).

    Example:
        >>> is_loinc("718-7"), is_loinc("718-8"), is_loinc("1037")
        (True, False, False)
    """
    found = _FORM.fullmatch(text)
    if not found:
        return False
    total = 0
    for place, digit in enumerate(reversed(found.group(1))):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(found.group(2))
