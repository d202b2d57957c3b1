"""Reading what a stranger published: strict, bounded JSON.

Python's reader takes the last of repeated keys, whole numbers of any length and any depth; the fast one
takes repeated keys too. Here all of that is an error.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

import msgspec

from fhir_hr.rules.publishing.faults import Fault, refused

__all__ = ["MAX_DEPTH", "read_json"]

T = TypeVar("T")

MAX_DEPTH = 8
_MAX_DIGITS = 16
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]*)`")


class _NotAllowedError(ValueError):
    """Something that JSON has and a published file may not have; turned into a refusal at once."""


def read_json(data: bytes, kind: type[T], *, file: str, limit: int) -> T:
    """Read one JSON document as ``kind``.

    Args:
        data: the bytes; UTF-8 without byte order mark.
        kind: what it must be; keys that it does not know are refused.
        file: its name, for the error.
        limit: most bytes.

    Raises:
        PackRefusedError: ``too-large`` or ``malformed``, with what and where.

    Example:
        >>> read_json(b'{"a": 1}', dict[str, int], file="x.json", limit=99)
        {'a': 1}
    """
    if len(data) > limit:
        raise refused(Fault.TOO_LARGE, f"larger than {limit} bytes", file=file)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
        _bounded(value)
        return msgspec.convert(value, kind)
    except UnicodeDecodeError as error:
        raise refused(Fault.MALFORMED, "not UTF-8", file=file) from error
    except RecursionError as error:
        raise refused(Fault.MALFORMED, f"nested deeper than {MAX_DEPTH}", file=file) from error
    except _NotAllowedError as error:
        raise refused(Fault.MALFORMED, str(error), file=file) from error
    except msgspec.ValidationError as error:
        message = _UNKNOWN_FIELD.sub(lambda found: f"unknown key {found[1]!r}", str(error))
        raise refused(Fault.MALFORMED, message, file=file) from error
    except ValueError as error:
        raise refused(Fault.MALFORMED, f"not JSON: {error}", file=file) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise _NotAllowedError(f"duplicate key {repeated[:40]!r}")
    return found


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_DIGITS:
        raise _NotAllowedError(f"a number of {len(text)} digits")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise _NotAllowedError(f"{text[:40]!r}: numbers are whole")


def _bounded(value: object) -> None:
    """Refuse depth, NUL and half characters (a lone surrogate cannot be written again)."""
    level: list[object] = [value]
    depth = 0
    while level:
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                _text(each)
            elif isinstance(each, dict | list):
                if depth == MAX_DEPTH:
                    raise _NotAllowedError(f"nested deeper than {MAX_DEPTH}")
                below.extend(each)
                below.extend(each.values() if isinstance(each, dict) else ())
        level = below
        depth += 1


def _text(text: str) -> None:
    if "\0" in text:
        raise _NotAllowedError("a NUL character")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _NotAllowedError("half of a surrogate pair")
