"""The lines that a program under test reads and writes: requests and answers of the conformance kit.

Described in ``docs/reference/vectors.md``, and by ``request.schema.json`` and ``answer.schema.json``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.rules.pack import Pack, canonical_json
from fhir_hr.rules.tables_of import item_system_of
from fhir_hr.testing.answers import Answer
from fhir_hr.testing.shelf import Shelf, replaced_parts
from fhir_hr.testing.vectors import Vector

__all__ = [
    "MAX_ANSWER",
    "PACKS_VARIABLE",
    "Request",
    "Said",
    "read_answer",
    "request_of",
    "write_answer",
    "write_packs",
]

PACKS_VARIABLE = "FHIR_HR_PACKS"
"""Environment variable that names the folder of the compiled packs."""

MAX_ANSWER = 1 << 20
"""Longest line of an answer, in bytes."""

_QUOTED = 80


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: all facts, merged over the base, item codes with their system."""

    id: str
    packs: tuple[str, ...]
    facts: dict[str, Any]
    tables: dict[str, dict[str, Any]] = {}
    fresh_until: dict[str, str] = {}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a program answered to a request."""

    id: str
    answer: Answer


class _Line(Answer, frozen=True, kw_only=True):
    id: str


def request_of(vector: Vector, shelf: Shelf, *, request_id: str) -> Request:
    """Return the request that asks a vector."""
    packs = shelf.packs_of(vector)
    system = item_system_of(packs[0].content)
    facts = dict(vector.facts)
    for key in ("order.item", "prior.item"):
        if facts[key] is not None:
            facts[key] = _full(facts[key], system)
    for key in ("order.codings", "prior.codings"):
        facts[key] = [_full(text, system) for text in facts[key]]
    tables = {}
    for pack in packs:
        name = pack.content.pack
        if name in vector.tables:
            parts = replaced_parts(shelf.pack(name).content, pack.content, vector.tables[name])
            tables[name] = msgspec.to_builtins(parts)
    return Request(id=request_id, packs=vector.packs, facts=facts, tables=tables, fresh_until=dict(vector.fresh_until))


def _full(text: str, system: str) -> str:
    return text if "|" in text else f"{system}|{text}"


def read_answer(line: bytes) -> Said:
    """Read one line of a program's output.

    Raises:
        UsageError: it is no answer; says why, quoting little of it.
    """
    try:
        read = msgspec.json.decode(line, type=_Line)
    except msgspec.ValidationError as error:
        msg = f"is no answer: {error}: {_quote(line)}"
        raise UsageError(msg) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"is no JSON: {_quote(line)}"
        raise UsageError(msg) from error
    answer = Answer(
        outcome=read.outcome, reasons=read.reasons, force=read.force, missing=read.missing, expires=read.expires
    )
    return Said(id=read.id, answer=answer)


def _quote(line: bytes) -> str:
    text = line[:_QUOTED].decode("utf-8", "replace").strip()
    return "".join(ch if ch.isprintable() else "·" for ch in text) + ("…" if len(line) > _QUOTED else "")


def write_answer(request_id: str, answer: Answer) -> bytes:
    """Return an answer as one line."""
    return msgspec.json.encode({"id": request_id, **msgspec.to_builtins(answer)}) + b"\n"


def write_packs(folder: Path, packs: Iterable[Pack]) -> None:
    """Write compiled packs, one canonical JSON file each, as programs under test read them."""
    folder.mkdir(parents=True, exist_ok=True)
    for pack in packs:
        (folder / f"{pack.content.pack}.json").write_bytes(canonical_json(pack.content))
