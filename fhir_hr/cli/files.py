"""Input files: found in a stable order, read within a limit, and what cannot be read is said."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["Input", "find_inputs", "make_folder", "open_report", "read_document", "read_input"]

STDIN = "-"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input.

    Attributes:
        source: the file as given (or found under a folder as given); ``-`` is standard input.
        folder: the folder that it is counted under.
    """

    source: str
    folder: str


def find_inputs(paths: Iterable[str]) -> list[Input]:
    """Return the inputs that paths stand for: files as given, folders searched, in sorted order.

    Hidden files and folders inside a folder are left out. A path that does not exist is an input too: reading
    it says so.
    """
    found: list[Input] = []
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            found += [Input(source=name, folder=str(Path(name).parent)) for name in _walk(path)]
        else:
            found.append(Input(source=path, folder=STDIN if path == STDIN else str(Path(path).parent)))
    return found


def _walk(folder: str) -> Iterator[str]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield str(Path(root) / name)


def read_input(source: str, *, limit: int) -> bytes | Issue:
    """Return the bytes of an input of at most ``limit`` bytes, or the issue that says why not."""
    try:
        if source == STDIN:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            path = Path(source)
            if path.exists() and not path.is_file():
                return _issue(IssueCode.UNREADABLE, "this is no regular file; it was not read")
            with path.open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        return _issue(IssueCode.UNREADABLE, f"the file could not be read: {error.strerror or 'error'}")
    except ValueError:
        return _issue(IssueCode.UNREADABLE, "the file could not be read: impossible name")
    if len(data) > limit:
        return _issue(
            IssueCode.TOO_LARGE,
            f"the file is larger than {limit >> 20} MiB; nothing of it was read (--max-mb sets the limit)",
        )
    return data


def read_document(path: str, *, limit: int, what: str) -> bytes:
    """Return the bytes of a file that a command cannot do without.

    Raises:
        UsageError: it cannot be read.
    """
    data = read_input(path, limit=limit)
    if isinstance(data, Issue):
        msg = f"{what} {path!r}: {data.message}"
        raise UsageError(msg)
    return data


def make_folder(path: str) -> Path:
    """Return an output folder, made where it does not exist.

    Raises:
        UsageError: it cannot be made.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the output folder {path!r} could not be made: {error.strerror}"
        raise UsageError(msg) from error
    return folder


def open_report(path: str | None, stack: contextlib.ExitStack) -> IO[bytes] | None:
    """Open a report for writing; ``-`` is standard output, ``None`` none.

    Raises:
        UsageError: it cannot be written.
    """
    if path is None:
        return None
    if path == "-":
        return sys.stdout.buffer
    try:
        return stack.enter_context(Path(path).open("wb"))
    except OSError as error:
        msg = f"the report {path!r} could not be written: {error.strerror}"
        raise UsageError(msg) from error


def _issue(code: IssueCode, message: str) -> Issue:
    return Issue(code=code, severity=Severity.ERROR, where="", message=message)
