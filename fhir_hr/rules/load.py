"""Loading a pack: strict files to :class:`~fhir_hr.rules.schema.PackContent`, to a bound pack.

Whatever is wrong is a :class:`~fhir_hr.errors.PackError` with file and line; nothing is guessed or skipped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import PackError
from fhir_hr.mapping.marks import load_marks
from fhir_hr.model.flags import Mark
from fhir_hr.rules.lint import check_content
from fhir_hr.rules.pack import Pack, bind_pack, canonical_json
from fhir_hr.rules.pack_tables import read_tables
from fhir_hr.rules.places import Places
from fhir_hr.rules.schema import Document, PackContent
from fhir_hr.rules.strict_yaml import Lines, Plain, read_yaml
from fhir_hr.rules.vocabulary import VOCABULARY, CheckKind

__all__ = [
    "MAX_COMPILED",
    "Marks",
    "builtin_folders",
    "builtin_pack",
    "builtin_packs",
    "compile_pack",
    "convert_part",
    "line_of",
    "load_compiled",
    "load_pack",
    "load_pack_files",
    "read_compiled",
]

T = TypeVar("T")

MAX_COMPILED = 16_000_000
"""Largest compiled pack that is read, in bytes."""

_YAML = ("pack.yaml", "sources.yaml")
_FROM_TABLES = (
    "documents",
    "items",
    "exclusions",
    "refusal_reasons",
    "institutions",
    "alliances",
    "suspensions",
    "quality",
    "negative",
)
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]*)`")
_PACK_ID = re.compile(r"""^pack:[ \t]*["']?([a-z0-9-]+)["']?[ \t]*(?:#.*)?$""", re.MULTILINE)
_AT = re.compile(r" - at `(\$[^`]*)`\Z")
_NEVER_LISTED = (CheckKind.APPLIES, CheckKind.MERGE, CheckKind.OVERLAY)
_LISTED_KINDS = tuple(kind.value for kind in CheckKind if kind not in _NEVER_LISTED)
_BY_OVERLAY = ("weaken", "overlays")


class Marks(Protocol):
    """Where marks are found by code: :class:`fhir_hr.mapping.marks.MarkRegistry`."""

    def by_code(self, code: str) -> Mark | None:
        """Return the registered mark, or ``None``."""


class _Sources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    documents: tuple[Document, ...]


def load_pack(folder: Path) -> Pack:
    """Load and bind the pack of a folder: ``pack.yaml``, ``sources.yaml`` and its tables.

    Raises:
        PackError: a file is missing or broken; with file and line.
    """
    files: dict[str, bytes] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() not in (".yaml", ".csv"):
                continue
            # A list that is there and cannot be read is not a list that is not there.
            if not path.is_file():
                raise PackError("is no regular file", file=path.name)
            files[path.name] = path.read_bytes()
    except OSError as error:
        raise PackError(f"cannot be read ({type(error).__name__})", file=folder.name) from error
    return load_pack_files(files)


@cache
def builtin_folders() -> Mapping[str, Path]:
    """Return the folders of all packs that ship, by pack id, in order of id.

    Raises:
        PackError: a folder's pack does not say its id, or two say the same.
    """
    found: dict[str, Path] = {}
    root = data_path("profiles", "rules")
    for path in sorted(root.glob("*/*/pack.yaml")):
        said = _PACK_ID.search(path.read_text(encoding="utf-8"))
        name = path.relative_to(root).as_posix()
        if said is None:
            raise PackError("does not say its pack id", file=name)
        if said[1] in found:
            raise PackError(f"pack {said[1]!r} stands in two folders", file=name)
        found[said[1]] = path.parent
    return dict(sorted(found.items()))


@cache
def builtin_pack(pack_id: str = "cn-51-lab") -> Pack:
    """Return a pack that ships with the library. Loaded and bound once.

    Raises:
        PackError: there is none of that name.

    Example:
        >>> builtin_pack().content.title
        '四川省医疗机构检验结果互认规则（第一批）'
    """
    folder = builtin_folders().get(pack_id)
    if folder is None:
        raise PackError(f"no built-in pack {pack_id!r}; there are {', '.join(builtin_folders())}", file=pack_id)
    return load_pack(folder)


@cache
def builtin_packs() -> tuple[Pack, ...]:
    """Return all packs that ship with the library, in order of id.

    Which of them speak of an order is asked of each order: by the receiver's division, the kind and the time.
    """
    return tuple(builtin_pack(pack_id) for pack_id in builtin_folders())


def load_pack_files(files: Mapping[str, bytes], *, marks: Marks | None = None) -> Pack:
    """Load and bind a pack from its files' bytes by name. Reads nothing else, except the shipped mark registry.

    Args:
        files: ``pack.yaml``, ``sources.yaml`` and the tables that the pack has.
        marks: the registry of marks; the shipped one by default.

    Raises:
        PackError: anything is wrong, with file and line. No other exception, whatever the bytes.
    """
    return bind_pack(compile_pack(files, marks=marks))


def compile_pack(files: Mapping[str, bytes], *, marks: Marks | None = None) -> PackContent:
    """Read and check a pack without binding it (see :func:`load_pack_files`)."""
    for name in _YAML:
        if name not in files:
            raise PackError("is missing", file=name)
    raw, lines = read_yaml(files["pack.yaml"], file="pack.yaml")
    said, said_lines = read_yaml(files["sources.yaml"], file="sources.yaml")
    sources = convert_part(said, _Sources, said_lines, file="sources.yaml")
    data = _mapping(raw, "$", lines)
    for name in (*_FROM_TABLES, *_BY_OVERLAY):
        if name in data:
            raise PackError(f"unknown key {name!r}", file="pack.yaml", line=lines.get(f"$.{name}"))
    _known_vocabulary(data, lines)
    _known_kinds(data, lines)
    _resolve_marks(data, lines, load_marks() if marks is None else marks)
    tables = read_tables(files)
    shell: dict[str, Plain] = {**data, "documents": []}
    content = convert_part(shell, PackContent, lines, file="pack.yaml")
    content = msgspec.structs.replace(content, documents=sources.documents, **tables.parts)
    check_content(content, places=Places(lines=lines, source_lines=said_lines, tables=tables))
    return content


def load_compiled(
    data: bytes, *, digest: str | None = None, fresh_until: datetime | None = None, file: str = "pack.json"
) -> Pack:
    """Load and bind a compiled pack: canonical JSON, as :func:`~fhir_hr.rules.pack.canonical_json` writes it.

    Args:
        data: the bytes.
        digest: SHA-256 (hex) that they must have, from a manifest; nothing is compared when left out.
        fresh_until: when the index that it came with expires (see :func:`~fhir_hr.rules.pack.bind_pack`).
        file: name to tell in errors.

    Raises:
        PackError: it is too large, not JSON, not of a pack's shape, not canonical, has another digest, or breaks a
            rule that every pack keeps to. No other exception, whatever the bytes.
    """
    content, found = read_compiled(data, digest=digest, file=file)
    return bind_pack(content, digest=found, fresh_until=fresh_until)


def read_compiled(data: bytes, *, digest: str | None = None, file: str = "pack.json") -> tuple[PackContent, str]:
    """Read and check a compiled pack without binding it; returns its content and digest (see :func:`load_compiled`)."""
    if len(data) > MAX_COMPILED:
        raise PackError(f"larger than {MAX_COMPILED} bytes", file=file)
    found = hashlib.sha256(data).hexdigest()
    if digest is not None and digest != found:
        raise PackError("has not the digest that its manifest states", file=file)
    try:
        content = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise PackError(str(error), file=file) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PackError("is not JSON in UTF-8", file=file) from error
    # What is hashed and signed has one form only: a repeated key or another spelling would hide from a reader.
    if canonical_json(content) != data:
        raise PackError("is not in canonical form", file=file)
    check_content(content, places=Places(file=file))
    return content, found


_DECODER = msgspec.json.Decoder(PackContent)


def _mapping(value: Plain, path: str, lines: Lines) -> dict[str, Plain]:
    if not isinstance(value, dict):
        raise PackError("must be keys with values here", file="pack.yaml", line=line_of(path, lines))
    return value


def _known_vocabulary(data: dict[str, Plain], lines: Lines) -> None:
    written = data.get("vocabulary")
    if written != VOCABULARY:
        message = f"is written for vocabulary {written!r}; this library knows {VOCABULARY!r}"
        raise PackError(message, file="pack.yaml", line=lines.get("$.vocabulary", 1))


def _known_kinds(data: dict[str, Plain], lines: Lines) -> None:
    checks = data.get("checks")
    for n, check in enumerate(checks if isinstance(checks, list) else ()):
        kind = check.get("check") if isinstance(check, dict) else None
        if kind not in _LISTED_KINDS:
            message = f"unknown kind of check {kind!r}; there are {', '.join(_LISTED_KINDS)}"
            raise PackError(message, file="pack.yaml", line=line_of(f"$.checks[{n}]", lines))


def _resolve_marks(data: dict[str, Plain], lines: Lines, registry: Marks) -> None:
    marks = data.get("marks")
    for n, row in enumerate(marks if isinstance(marks, list) else ()):
        at = f"$.marks[{n}]"
        entry = _mapping(row, at, lines)
        for name in entry:
            if name not in ("code", "clause"):
                raise PackError(f"unknown key {name!r}", file="pack.yaml", line=line_of(f"{at}.{name}", lines))
        code = entry.get("code")
        mark = registry.by_code(code) if isinstance(code, str) else None
        if mark is None:
            raise PackError(f"mark {code!r} is not in the registry", file="pack.yaml", line=line_of(at, lines))
        entry["text"], entry["covers"] = mark.text, list(mark.covers)


def convert_part(value: Plain, kind: type[T], lines: Lines, *, file: str) -> T:
    """Turn plain data of a strict YAML file into a struct.

    Raises:
        PackError: it has another shape; with file and line.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _AT.search(message)
        path = found.group(1) if found else "$"
        message = _AT.sub("", message)
        unknown = _UNKNOWN_FIELD.search(message)
        if unknown:
            message, path = f"unknown key {unknown.group(1)!r}", f"{path}.{unknown.group(1)}"
        raise PackError(f"{path[2:] or 'the file'}: {message}", file=file, line=line_of(path, lines)) from error


def line_of(path: str, lines: Lines) -> int | None:
    """Return the line of a path, or of the nearest part around it."""
    while path not in lines and len(path) > 1:
        path = path[: max(path.rfind("."), path.rfind("["), 1)]
    return lines.get(path)
