"""Files of candidates: flat facts, one JSON object a line, read and judged without keeping them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from fhir_hr.cli.console import console
from fhir_hr.errors import UsageError
from fhir_hr.testing.facts import Case, build

__all__ = ["progress_bar", "read_candidates", "read_facts"]

Facts: TypeAlias = dict[str, Any]

_LONGEST = 1 << 20
_TOLD = 500


def read_candidates(
    name: str, *, item_system: str | None, what: str, base: str | None = None, quiet: bool = False
) -> Iterator[Case]:
    """Yield the candidates of a file, with a progress bar where someone watches.

    Args:
        name: the file.
        item_system: code system of item codes that are written without one.
        what: words at the progress bar.
        base: file of facts that hold where a line does not say otherwise.
        quiet: show no progress.

    Raises:
        UsageError: a line is no candidate; with file and line.
    """
    path, same = Path(name), {} if base is None else _object(_head(base), base)
    try:
        size = path.stat().st_size
        with path.open("rb") as file, progress_bar(what, quiet=quiet) as told:
            for number, case in enumerate(_cases(file, name, item_system, same)):
                yield case
                if number % _TOLD == 0:
                    told(file.tell(), size or None)
    except OSError as error:
        msg = f"{name!r} could not be read: {error.strerror or type(error).__name__}"
        raise UsageError(msg) from error


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Hand out a function that is told how much is done, and of how much; it shows a bar where someone watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _cases(file: Any, name: str, item_system: str | None, same: Facts) -> Iterator[Case]:  # noqa: ANN401 - binary
    number = 0
    while line := file.readline(_LONGEST + 1):
        number += 1
        if len(line) > _LONGEST:
            msg = f"{name}:{number}: the line is longer than {_LONGEST} bytes"
            raise UsageError(msg)
        if line.strip():
            yield _case(line, f"{name}:{number}", item_system, same)


def read_facts(name: str, *, item_system: str | None, base: str | None = None) -> Case:
    """Return the one candidate of a JSON file.

    Raises:
        UsageError: it cannot be read, or is no candidate.
    """
    same = {} if base is None else _object(_head(base), base)
    return _case(_head(name), name, item_system, same)


def _head(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(_LONGEST)
    except OSError as error:
        msg = f"{name!r} could not be read: {error.strerror or type(error).__name__}"
        raise UsageError(msg) from error


def _object(data: bytes, where: str) -> Facts:
    try:
        facts = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        msg = f"{where}: is no JSON object"
        raise UsageError(msg) from error
    # A vector holds its facts beside what it expects.
    if isinstance(facts, dict) and isinstance(facts.get("facts"), dict):
        facts = facts["facts"]
    if not isinstance(facts, dict):
        msg = f"{where}: is no JSON object"
        raise UsageError(msg)
    return facts


def _case(data: bytes, where: str, item_system: str | None, same: Facts) -> Case:
    facts = {**same, **_object(data, where)}
    try:
        return build(facts, item_system=item_system)
    except UsageError as error:
        msg = f"{where}: {error}"
        raise UsageError(msg) from error
