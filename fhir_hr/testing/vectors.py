"""Decision vectors: one JSON object a line, facts that differ from a base, and the expected answer.

The format is described in ``docs/reference/vectors.md`` and by ``profiles/rules/schema/vector.schema.json``. Reading
is strict and bounded: a repeated key, an unknown fact or a pack that is nowhere is an error with file and line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.errors import DataFileError, UsageError
from fhir_hr.testing.answers import Expect
from fhir_hr.testing.facts import BASE_KEYS, build
from fhir_hr.testing.times import read_moment

__all__ = ["Vector", "read_base", "read_folder", "read_vectors"]

MAX_FILE = 64 << 20
MAX_LINE = 1 << 20
_AT = re.compile(r" - at `\$([^`]*)`\Z")


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """One vector, merged over its base.

    Attributes:
        name: unique in its file.
        packs: ids of the packs to ask.
        facts: all facts, with every key of :data:`~fhir_hr.testing.facts.BASE_KEYS`.
        tables: by pack id, the tables that replace those of the pack.
        fresh_until: by pack id, when its signed index ends.
        file, line: where it stands.
    """

    name: str
    packs: tuple[str, ...]
    facts: dict[str, Any]
    expect: Expect
    tables: dict[str, dict[str, Any]] = {}
    fresh_until: dict[str, str] = {}
    file: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.file}:{self.line}"


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    facts: dict[str, Any]
    expect: Expect
    packs: tuple[str, ...] = ()
    tables: dict[str, dict[str, Any]] = {}
    fresh_until: dict[str, str] = {}
    note: str | None = None


def read_folder(folder: Path, *, pack: str | None = None) -> tuple[Vector, ...]:
    """Read ``base.json`` and every ``*.jsonl`` of a folder, in order of file name.

    Args:
        folder: the folder.
        pack: id of the pack that vectors without ``packs`` are for.

    Raises:
        DataFileError: anything is wrong; with file and line.
    """
    base = read_base(folder / "base.json")
    vectors: list[Vector] = []
    for path in sorted(folder.glob("*.jsonl")):
        vectors += read_vectors(path.name, _read(path), base=base, pack=pack)
    return tuple(vectors)


def read_base(path: Path) -> dict[str, Any]:
    """Read a base candidate: all facts, those that it leaves out with their defaults.

    Raises:
        DataFileError: it cannot be read or built.
    """
    facts = _load(_read(path), file=path.name, line=None)
    if not isinstance(facts, dict):
        raise DataFileError("is no JSON object", file=path.name)
    _try_build(facts, file=path.name, line=None)
    return {**BASE_KEYS, **facts}


def read_vectors(file: str, data: bytes, *, base: Mapping[str, Any], pack: str | None = None) -> tuple[Vector, ...]:
    """Read one file of vectors from its bytes (see :func:`read_folder`)."""
    vectors: list[Vector] = []
    names: set[str] = set()
    for number, text in enumerate(data.split(b"\n"), start=1):
        if not text.strip():
            continue
        vector = _vector(_load(text, file=file, line=number), base=base, pack=pack, file=file, line=number)
        if vector.name in names:
            raise DataFileError(f"the name {vector.name[:60]!r} stands twice", file=file, line=number)
        names.add(vector.name)
        vectors.append(vector)
    return tuple(vectors)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise DataFileError(f"cannot be read ({type(error).__name__})", file=path.name) from error
    if len(data) > MAX_FILE:
        raise DataFileError(f"is larger than {MAX_FILE >> 20} MiB", file=path.name)
    return data


def _load(text: bytes, *, file: str, line: int | None) -> object:
    if line is not None and len(text) > MAX_LINE:
        raise DataFileError(f"the line is longer than {MAX_LINE} bytes", file=file, line=line)
    try:
        value: object = json.loads(text, object_pairs_hook=_once)
        msgspec.json.encode(value)  # half a surrogate pair could be read, but never be asked
        return value
    except UsageError as error:
        raise DataFileError(str(error), file=file, line=line) from error
    except (ValueError, RecursionError) as error:
        raise DataFileError(f"is no JSON ({type(error).__name__})", file=file, line=line) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        msg = f"the key {twice[:60]!r} stands twice"
        raise UsageError(msg)
    return found


def _vector(raw: object, *, base: Mapping[str, Any], pack: str | None, file: str, line: int) -> Vector:
    try:
        read = msgspec.convert(raw, _Line)
    except msgspec.ValidationError as error:
        message = str(error)
        at = _AT.search(message)
        message = _AT.sub("", message)
        raise DataFileError(f"{at.group(1)[1:]}: {message}" if at else message, file=file, line=line) from error
    packs = read.packs or ((pack,) if pack else ())
    if not packs:
        raise DataFileError("names no packs, and stands beside none", file=file, line=line)
    for name in (*read.tables, *read.fresh_until):
        if name not in packs:
            raise DataFileError(f"{name[:60]!r} is none of the packs asked", file=file, line=line)
    expect = read.expect
    if isinstance(expect.effects, tuple) and len(expect.effects) != len(expect.codes):
        raise DataFileError("expect.effects: one effect for each code", file=file, line=line)
    times = [*read.fresh_until.values(), *([expect.expires] if isinstance(expect.expires, str) else [])]
    for text in times:
        _check_moment(text, file=file, line=line)
    _try_build(read.facts if "order.at" in read.facts else {**read.facts, "order.at": base["order.at"]}, file, line)
    return Vector(
        name=read.name,
        packs=packs,
        facts={**base, **read.facts},
        expect=expect,
        tables=read.tables,
        fresh_until=read.fresh_until,
        file=file,
        line=line,
    )


def _try_build(facts: Mapping[str, Any], file: str, line: int | None) -> None:
    try:
        build(facts)
    except UsageError as error:
        raise DataFileError(str(error), file=file, line=line) from error


def _check_moment(text: str, *, file: str, line: int) -> None:
    try:
        read_moment(text)
    except UsageError as error:
        raise DataFileError(str(error), file=file, line=line) from error
