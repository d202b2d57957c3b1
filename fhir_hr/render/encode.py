"""JSON with exact decimals."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

__all__ = ["Json", "encode"]

Json: TypeAlias = dict[str, Any]

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(value: object) -> bytes:
    """Encode as compact JSON; a ``Decimal`` keeps every digit.

    Example:
        >>> from decimal import Decimal
        >>> encode({"value": Decimal("4.30")})
        b'{"value":4.30}'
    """
    return _ENCODER.encode(value)
