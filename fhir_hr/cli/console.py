"""Terminals: which language they can show, tables that never crash one, progress only where someone watches."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from fhir_hr.errors import DataFileError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Language", "choose_language", "complain", "console", "prepare_streams", "told", "tracked", "write_bytes"]

Language: TypeAlias = Literal["zh", "en"]
_T = TypeVar("_T")


def prepare_streams() -> None:
    """Make standard output and error safe: a character that they cannot show becomes ``?``, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def choose_language(stated: str | None) -> Language:
    """Chinese wherever the terminal can show it; ``stated`` decides when given."""
    if stated is not None:
        return "en" if stated == "en" else "zh"
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "互认不予无法判断".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "en"
    return "zh"


def console(*, stderr: bool = False) -> Console:
    """Return a console for output, or for messages and progress. Honours ``NO_COLOR`` and ``COLUMNS``."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def complain(message: str) -> None:
    """Say what went wrong, on one line of standard error."""
    print("fhir-hr: " + " ".join(message.split()), file=sys.stderr)


def told(error: DataFileError, language: Language) -> str:
    """Return the words of a broken file's error; those of a rule pack in Chinese first where that is wanted.

    Example:
        >>> told(DataFileError("repeats the key of line 3", file="items.csv", line=9), "zh")
        'items.csv:9: 与第 3 行重复 · repeats the key of line 3'
    """
    from fhir_hr.rules.advice.translate import translated

    zh = translated(error.reason) if language == "zh" else None
    return str(error) if zh is None else f"{str(error).removesuffix(error.reason)}{zh} · {error.reason}"


def write_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are (JSON is UTF-8 whatever the terminal is)."""
    sys.stdout.flush()
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(data.decode("utf-8"))
    else:
        raw.write(data)
        raw.flush()


def tracked(items: Sequence[_T], what: str, *, quiet: bool = False) -> Iterable[_T]:
    """Go through items with a progress bar on standard error, when that is a terminal."""
    if quiet or len(items) < 2 or not sys.stderr.isatty():
        return items
    from rich.progress import track

    return track(items, description=what, console=console(stderr=True), transient=True)
