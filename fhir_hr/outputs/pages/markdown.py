"""The little Markdown that pages need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["bullets", "cell", "heading", "table"]

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|{}$])")


def cell(text: str) -> str:
    """Return text so that no character of it is taken as Markdown.

    Example:
        >>> cell("*|a_b")
        '\\\\*\\\\|a\\\\_b'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(_CONTROL.sub("?", text).split()))


def heading(level: int, zh: str, en: str) -> str:
    """Return a heading in both languages."""
    return f"{'#' * level} {zh} · {en}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, without the columns that are empty in every row; cells are Markdown already."""
    body = [tuple(row) for row in rows]
    kept = [n for n in range(len(headings)) if any(row[n] for row in body)]
    if not kept:
        return []
    lines = [_row([headings[n] for n in kept]), _row(["---"] * len(kept))]
    lines += [_row([row[n] for n in kept]) for row in body]
    return [*lines, ""]


def bullets(lines: Iterable[str]) -> list[str]:
    """Return a list; its lines are Markdown already."""
    made = [f"- {line}" for line in lines]
    return [*made, ""] if made else []


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
