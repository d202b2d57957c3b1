"""Strict reading of the data files: CSV tables and TOML profiles.

A table is UTF-8 without BOM, LF line ends, a header line, RFC 4180 quoting, and as many cells in each row as
in the header. Whatever else is found is a :class:`fhir_hr.errors.DataFileError` with file and line: a table
that is wrong in one row is not used at all, since a wrong translation is worse than none.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.errors import DataFileError

__all__ = ["MAX_BYTES", "MAX_LINE", "Row", "line_of", "read_table", "read_toml"]

MAX_BYTES = 4_000_000
"""Largest data file that is read."""

MAX_LINE = 10_000
"""Most characters in one line of a data file."""

_AT_LINE = re.compile(r"at line (\d+)")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a table. ``row["column"]`` is text, ``""`` when the cell is empty or the column absent.

    Attributes:
        cells: column name to text.
        file: name of the file, for messages.
        line: line on which the row begins, from 1 (the header is line 1).
    """

    cells: dict[str, str]
    file: str
    line: int

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def values(self, column: str) -> tuple[str, ...]:
        """Return the parts of a cell that lists several, separated by ``|``.

        Raises:
            DataFileError: a part is empty or stands twice.
        """
        text = self.cells[column]
        if not text:
            return ()
        parts = tuple(part.strip() for part in text.split("|"))
        if "" in parts:
            raise self.error(f"column '{column}' has an empty part in {text!r}")
        if len(set(parts)) != len(parts):
            raise self.error(f"column '{column}' names a part twice in {text!r}")
        return parts

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """Return the cell, which must be one of ``allowed``.

        Raises:
            DataFileError: it is another word.
        """
        text = self.cells[column]
        if text not in allowed:
            raise self.error(f"column '{column}' is {text!r}; allowed: {', '.join(allowed)}")
        return text

    def error(self, message: str) -> DataFileError:
        """Make the error that names this row's place."""
        return DataFileError(message, file=self.file, line=self.line)


def read_table(path: Path, *, required: Sequence[str], optional: Sequence[str] = (), key: Sequence[str]) -> list[Row]:
    """Read a CSV table strictly.

    Args:
        path: the file.
        required: columns that must stand in the header.
        optional: columns that may; an absent one reads as ``""``.
        key: columns that together are unique; none of the first column's cells may be empty.

    Raises:
        DataFileError: unreadable, too large, not UTF-8, a BOM, a carriage return, no header, an unknown,
            missing or repeated column, a row with too few or too many cells, a blank line, space around a
            cell, an empty or duplicate key. The message begins with file and line.
    """
    file = path.name
    text = _read_text(path)
    rows: list[Row] = []
    seen: dict[tuple[str, ...], int] = {}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if header is None:
                header = _header(cells, required=required, optional=optional, file=file)
            else:
                row = _row(cells, header=header, optional=optional, file=file, line=line)
                _keep_unique(row, key=key, seen=seen)
                rows.append(row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataFileError(f"not valid CSV: {error}", file=file, line=reader.line_num) from error
    return rows


def _header(cells: list[str], *, required: Sequence[str], optional: Sequence[str], file: str) -> list[str]:
    for column in cells:
        if column not in required and column not in optional:
            raise DataFileError(f"unknown column {column!r}", file=file, line=1)
        if cells.count(column) > 1:
            raise DataFileError(f"column {column!r} stands twice", file=file, line=1)
    for column in required:
        if column not in cells:
            raise DataFileError(f"missing column {column!r}", file=file, line=1)
    return cells


def _row(cells: list[str], *, header: list[str], optional: Sequence[str], file: str, line: int) -> Row:
    if not cells:
        raise DataFileError("blank line", file=file, line=line)
    if len(cells) != len(header):
        msg = f"{len(cells)} cells where the header has {len(header)}"
        raise DataFileError(msg, file=file, line=line)
    for column, cell in zip(header, cells, strict=True):
        if cell != cell.strip():
            raise DataFileError(f"space around the cell of column {column!r}", file=file, line=line)
    values = dict.fromkeys(optional, "")
    values.update(zip(header, cells, strict=True))
    return Row(cells=values, file=file, line=line)


def _keep_unique(row: Row, *, key: Sequence[str], seen: dict[tuple[str, ...], int]) -> None:
    parts = tuple(row[column] for column in key)
    if not parts[0]:
        raise row.error(f"empty key in column '{key[0]}'")
    first = seen.setdefault(parts, row.line)
    if first != row.line:
        raise row.error(f"duplicate key {'/'.join(parts)!r}, first on line {first}")


def _read_text(path: Path) -> str:
    file = path.name
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataFileError(f"cannot be read: {error.strerror or 'unknown reason'}", file=file) from error
    if len(data) > MAX_BYTES:
        raise DataFileError(f"larger than {MAX_BYTES} bytes", file=file)
    if data.startswith(b"\xef\xbb\xbf"):
        raise DataFileError("begins with a byte order mark (BOM); save as UTF-8 without BOM", file=file, line=1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataFileError("not valid UTF-8", file=file, line=line) from error
    if not text.strip():
        raise DataFileError("empty file", file=file, line=1)
    for number, content in enumerate(text.split("\n"), start=1):
        if "\r" in content:
            msg = "carriage return (CR); save with LF line ends"
            raise DataFileError(msg, file=file, line=number)
        if "\x00" in content:
            raise DataFileError("NUL character", file=file, line=number)
        if len(content) > MAX_LINE:
            raise DataFileError(f"line longer than {MAX_LINE} characters", file=file, line=number)
    return text


def read_toml(path: Path, *, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """Read a TOML file strictly: only known keys at its top level, no BOM, LF line ends.

    Raises:
        DataFileError: unreadable, not valid TOML, an unknown or missing key.
    """
    file = path.name
    text = _read_text(path)
    data = _parse_toml(text, file=file)
    for name in data:
        if name not in required and name not in optional:
            raise DataFileError(f"unknown key {name!r}", file=file, line=line_of(text, name))
    for name in required:
        if name not in data:
            raise DataFileError(f"missing key {name!r}", file=file)
    return data


def _parse_toml(text: str, *, file: str) -> dict[str, Any]:
    loads: Callable[[str], dict[str, Any]] = tomllib.loads
    try:
        return loads(text)
    except RecursionError as error:
        raise DataFileError("nested too deeply", file=file) from error
    except ValueError as error:
        found = _AT_LINE.search(str(error))
        line = int(found.group(1)) if found else None
        raise DataFileError(f"not valid TOML: {error}", file=file, line=line) from error


def line_of(text: str, name: str) -> int | None:
    """Return the first line of a TOML text on which ``name`` is a key or a table, or ``None``."""
    pattern = re.compile(rf"""^\s*(?:\[+[^\]]*?)?["']?{re.escape(name)}["']?\s*(?:[=.\]])""")
    for number, content in enumerate(text.split("\n"), start=1):
        if pattern.match(content):
            return number
    return None
