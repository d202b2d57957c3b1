"""Strict CSV tables of a pack, read from bytes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

import msgspec

from fhir_hr.errors import PackError
from fhir_hr.rules.strict_yaml import MAX_BYTES

__all__ = ["TableRow", "read_rows"]

_ROUNDED = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{2,3}")
_OTHER_SEPARATORS = (";", "\t", "，", "；", "、")


class TableRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row: its cells by column and the line it starts on."""

    file: str
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str | None:
        """Return the cell, or ``None`` when it is empty or the table has no such column."""
        return self.cells.get(column) or None

    def need(self, column: str) -> str:
        """Return the cell.

        Raises:
            PackError: it is empty.
        """
        text = self.text(column)
        if text is None:
            raise self.broken(f"{column}: empty")
        return text

    def yes_no(self, column: str) -> bool:
        """Return whether the cell says ``yes``.

        Raises:
            PackError: it says neither ``yes`` nor ``no``.
        """
        text = self.cells[column]
        if text not in ("yes", "no"):
            raise self.broken(f"{column}: {text[:40]!r} is none of yes, no")
        return text == "yes"

    def words(self, column: str) -> tuple[str, ...]:
        """Return the ``|``-separated words of a cell."""
        return tuple(word.strip() for word in self.cells.get(column, "").split("|") if word.strip())

    def whole(self, column: str) -> int | None:
        """Return the cell as a whole number ≥ 0.

        Raises:
            PackError: it is something else.
        """
        text = self.text(column)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise PackError(f"{column}: {text[:40]!r} is not a whole number", file=self.file, line=self.line)
        return int(text)

    def broken(self, message: str) -> PackError:
        """Make an error at this row."""
        return PackError(message, file=self.file, line=self.line)


def read_rows(
    data: bytes, *, file: str, required: Sequence[str], optional: Sequence[str] = (), key: Sequence[str]
) -> list[TableRow]:
    """Read a table: UTF-8, a header of known columns, no repeated key.

    A byte order mark before the header is passed over: spreadsheets write one whenever they save as UTF-8.

    Raises:
        PackError: with file and line: too large, not UTF-8, an unknown, missing or repeated column, other
            separators than commas, a stray or missing cell, an empty or repeated key.
    """
    if len(data) > MAX_BYTES:
        raise PackError(f"larger than {MAX_BYTES} bytes", file=file)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PackError("not UTF-8", file=file, line=data[: error.start].count(b"\n") + 1) from error
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[TableRow] = []
    seen: dict[tuple[str, ...], int] = {}
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            start, line = line, reader.line_num + 1
            if header is None:
                header = _header(cells, file=file, required=required, optional=optional)
            elif cells:
                rows.append(_row(header, cells, file=file, line=start, key=key, seen=seen))
    except csv.Error as error:
        raise PackError(f"not CSV: {error}", file=file, line=line) from error
    if header is None:
        raise PackError("is empty; it needs at least its header", file=file, line=1)
    return rows


def _header(cells: list[str], *, file: str, required: Sequence[str], optional: Sequence[str]) -> list[str]:
    known = {*required, *optional}
    for name in cells:
        for separator in _OTHER_SEPARATORS:
            if {part.strip() for part in name.split(separator)} & known and separator in name:
                raise PackError(f"separates cells by {separator!r}, not by commas", file=file, line=1)
        if name not in known:
            raise PackError(f"unknown column {name[:40]!r}", file=file, line=1)
    for name in required:
        if name not in cells:
            raise PackError(f"missing column {name!r}", file=file, line=1)
    if len(set(cells)) != len(cells):
        raise PackError("a column is repeated", file=file, line=1)
    return cells


def _row(
    header: list[str],
    cells: list[str],
    *,
    file: str,
    line: int,
    key: Sequence[str],
    seen: dict[tuple[str, ...], int],
) -> TableRow:
    if len(cells) != len(header):
        raise PackError(f"{len(cells)} cells where the header has {len(header)}", file=file, line=line)
    row = dict(zip(header, cells, strict=True))
    for name, cell in row.items():
        if cell != cell.strip():
            raise PackError(f"{name}: space around the cell", file=file, line=line)
    for name in key:
        if name == key[0] and not row[name]:
            raise PackError(f"{name}: empty", file=file, line=line)
        if _ROUNDED.fullmatch(row.get(name, "")):  # its last digits are lost, and it would match nobody
            message = f"{name}: {row[name][:40]!r} was rewritten as a number by a spreadsheet"
            raise PackError(message, file=file, line=line)
    mark = tuple(row.get(name, "") for name in key)
    if mark in seen:
        raise PackError(f"repeats the key of line {seen[mark]}", file=file, line=line)
    seen[mark] = line
    return TableRow(file=file, line=line, cells=row)
