"""Reason codes as bits, and back: bit n of a mask is the n-th code in the order in which reasons are told."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from fhir_hr.rules.reasons import reason_texts

__all__ = ["codes_of", "mask_of", "mask_order"]

_HALF = (1 << 64) - 1


@cache
def mask_order() -> tuple[str, ...]:
    """Return the reason codes by bit: bits 0 to 63 stand in ``reasons_0``, 64 and on in ``reasons_1``."""
    return tuple(sorted(reason_texts(), key=lambda code: reason_texts()[code].rank))


@lru_cache(maxsize=8192)
def codes_of(low: int, high: int = 0) -> tuple[str, ...]:
    """Return the reason codes of a pair of masks, in the order in which reasons are told.

    Example:
        >>> codes_of(*mask_of(["HR-OBLIGED", "HR-WINDOW-NONE"]))
        ('HR-WINDOW-NONE', 'HR-OBLIGED')
    """
    mask = low | high << 64
    return tuple(code for bit, code in enumerate(mask_order()) if mask >> bit & 1)


def mask_of(codes: Iterable[str]) -> tuple[int, int]:
    """Return the pair of masks of some reason codes."""
    mask = 0
    for code in codes:
        mask |= 1 << mask_order().index(code)
    return mask & _HALF, mask >> 64
