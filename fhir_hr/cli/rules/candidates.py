"""Files of candidates: flat facts, one JSON object a line, read and judged without keeping them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.cli.console import console
from fhir_hr.errors import UsageError
from fhir_hr.testing.facts import Case, build

__all__ = ["read_candidates", "read_facts"]

_LONGEST = 1 << 20


def read_candidates(name: str, *, item_system: str | None, what: str, quiet: bool = False) -> Iterator[Case]:
    """Yield the candidates of a file, with a progress bar where someone watches.

    Raises:
        UsageError: a line is no candidate; with file and line.
    """
    path = Path(name)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if quiet or not sys.stderr.isatty():
                yield from _cases(file, name, item_system)
                return
            from rich.progress import Progress

            with Progress(console=console(stderr=True), transient=True) as progress:
                task = progress.add_task(what, total=size or None)
                for case in _cases(file, name, item_system):
                    yield case
                    progress.update(task, completed=file.tell())
    except OSError as error:
        msg = f"{name!r} could not be read: {error.strerror or type(error).__name__}"
        raise UsageError(msg) from error


def _cases(file: Any, name: str, item_system: str | None) -> Iterator[Case]:  # noqa: ANN401 - a binary file
    number = 0
    while line := file.readline(_LONGEST + 1):
        number += 1
        if len(line) > _LONGEST:
            msg = f"{name}:{number}: the line is longer than {_LONGEST} bytes"
            raise UsageError(msg)
        if line.strip():
            yield _case(line, f"{name}:{number}", item_system)


def read_facts(name: str, *, item_system: str | None) -> Case:
    """Return the one candidate of a JSON file.

    Raises:
        UsageError: it cannot be read, or is no candidate.
    """
    try:
        with Path(name).open("rb") as file:
            data = file.read(_LONGEST)
    except OSError as error:
        msg = f"{name!r} could not be read: {error.strerror or type(error).__name__}"
        raise UsageError(msg) from error
    return _case(data, name, item_system)


def _case(data: bytes, where: str, item_system: str | None) -> Case:
    try:
        facts = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        msg = f"{where}: is no JSON object"
        raise UsageError(msg) from error
    if isinstance(facts, dict) and isinstance(facts.get("facts"), dict):
        facts = facts["facts"]
    if not isinstance(facts, dict):
        msg = f"{where}: is no JSON object"
        raise UsageError(msg)
    try:
        return build(facts, item_system=item_system)
    except UsageError as error:
        msg = f"{where}: {error}"
        raise UsageError(msg) from error
