"""Files that the commands write: whole or not at all, never over what must not be lost."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from fhir_hr.errors import StoreError, UsageError

__all__ = ["clean", "read_bytes", "write_file", "write_files"]

_MOST = 64 << 20
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Return the words of a pack as a terminal may show them: a pack cannot move its cursor or turn its text.

    Example:
        >>> clean("\\x1b[2J测试")
        '?[2J测试'
    """
    return _CONTROL.sub("?", text)


def write_file(path: Path, data: bytes, *, mode: int = 0o644, replace: bool = True) -> None:
    """Write a file so that a reader sees the old bytes or the new ones.

    Raises:
        StoreError: it cannot be written.
        UsageError: it exists and must not be replaced.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not replace and path.exists():
            msg = f"{path.name!r} 已经存在，不会覆盖 · exists already; it is not replaced"
            raise UsageError(msg)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        msg = f"{path.name!r} could not be written: {error.strerror or type(error).__name__}"
        raise StoreError(msg) from error


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path below a folder."""
    for name, data in files.items():
        write_file(folder / name, data)


def read_bytes(path: Path, what: str) -> bytes:
    """Return a file's bytes.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        msg = f"{what} {path.as_posix()!r} could not be read: {error.strerror or type(error).__name__}"
        raise UsageError(msg) from error
    if len(data) > _MOST:
        msg = f"{what} {path.as_posix()!r} is larger than {_MOST >> 20} MiB"
        raise UsageError(msg)
    return data
