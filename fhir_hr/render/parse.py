"""Reads FHIR JSON strictly: duplicate keys, NaN, depth and size are errors; decimals stay exact."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from fhir_hr.errors import UsageError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "JsonError", "parse"]

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64


class JsonError(UsageError):
    """The text is not JSON that FHIR allows; says why, without quoting it."""


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Parse one JSON object.

    Raises:
        JsonError: it is not UTF-8 JSON, not an object, too large or deep, or says a key twice.

    Example:
        >>> parse(b'{"value": 4.30}')
        {'value': Decimal('4.30')}
        >>> parse(b'{"a": 1, "a": 2}')
        Traceback (most recent call last):
        ...
        fhir_hr.render.parse.JsonError: the key 'a' stands twice in one object
    """
    if len(data) > max_bytes:
        msg = f"{len(data)} bytes are more than the limit of {max_bytes}"
        raise JsonError(msg)
    _check_depth(data, max_depth)
    try:
        value = json.loads(
            data.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_constant,
            object_pairs_hook=_pairs,
        )
    except UnicodeDecodeError as error:
        msg = f"not UTF-8 at byte {error.start}"
        raise JsonError(msg) from error
    except json.JSONDecodeError as error:
        msg = f"not JSON at line {error.lineno} column {error.colno}: {error.msg}"
        raise JsonError(msg) from error
    except (RecursionError, ValueError) as error:
        if isinstance(error, JsonError):
            raise
        msg = "a number is too long, or the text is nested too deep"
        raise JsonError(msg) from error
    if not isinstance(value, dict):
        msg = "not a JSON object"
        raise JsonError(msg)
    return value


def _constant(name: str) -> None:
    msg = f"{name} is not a JSON number"
    raise JsonError(msg)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                msg = f"the key {key[:64]!r} stands twice in one object"
                raise JsonError(msg)
            seen.add(key)
    return out


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def _check_depth(data: bytes, limit: int) -> None:
    """Count brackets outside strings: a parser that recurses must not meet the deep ones."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if match.group() in (b"[", b"{") else -1
        if depth > limit:
            msg = f"nested deeper than {limit} levels"
            raise JsonError(msg)
