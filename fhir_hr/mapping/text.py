"""Normalising of local words before an exact lookup. Nothing here ever compares parts of words."""

from __future__ import annotations

import unicodedata

__all__ = ["MARKERS", "fold", "fold_name", "tidy"]

MARKERS = "*★▲☆△※#"
"""Symbols that laboratories put before an item name; what one means is the sender profile's statement."""


def tidy(text: str) -> str:
    """Return ``text`` in NFKC form without spaces around it; case is kept.

    Example:
        >>> tidy("　川内ＨＲ ")
        '川内HR'
    """
    return unicodedata.normalize("NFKC", text).strip()


def fold(text: str) -> str:
    """Return ``text`` in NFKC form, case-folded and without any white space.

    Example:
        >>> fold("HBsAg （定量）")
        'hbsag(定量)'
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_name(text: str) -> str:
    """Return the key of an item name: :func:`fold` without leading item symbols.

    Example:
        >>> fold_name("＊ 丙氨酸氨基转移酶")
        '丙氨酸氨基转移酶'
    """
    return fold(text).lstrip(MARKERS)
