"""Check digits of registered numbers."""

from __future__ import annotations

import re

__all__ = ["is_uscc", "national_id_problem"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_CARD = re.compile(r"\d{17}[\dXx]\Z", re.ASCII)
_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_CHECK = "10X98765432"


def is_uscc(text: str) -> bool:
    """Tell whether ``text`` is formed like a 统一社会信用代码 (GB 32100-2015) with a right check character.

    Example:
        >>> is_uscc("125100000000000016"), is_uscc("125100000000000017")
        (False, False)
    """
    if not _FORM.fullmatch(text):
        return False
    total = sum(_ALPHABET.index(ch) * weight for ch, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total) % 31] == text[17]


def national_id_problem(number: str) -> str | None:
    """Say what is wrong with an identity card number of 18 characters (GB 11643), or ``None``.

    Example:
        >>> national_id_problem("11010519491231002X") is None
        True
        >>> national_id_problem("110105194912310021")
        'the check character is wrong'
    """
    if not _CARD.match(number):
        return "it is not 17 digits and a check character"
    total = sum(int(digit) * weight for digit, weight in zip(number, _CARD_WEIGHTS, strict=False))
    if _CARD_CHECK[total % 11] != number[17].upper():
        return "the check character is wrong"
    return None
