"""Check digits of registered numbers."""

from __future__ import annotations

import re

__all__ = ["is_uscc"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)


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
