"""Code tables of ``mappings/hl7v2/codesystems``: a sender's code to what it means here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.tables import read_table
from fhir_hr.mapping.text import tidy

__all__ = ["CodeRow", "CodeTable", "code_table_names", "load_code_table", "read_code_table"]

_COLUMNS = ("code", "target", "target_system", "display", "zh", "note", "source")
_FOLDER = ("mappings", "hl7v2", "codesystems")


class CodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what one code means.

    Attributes:
        code: the sender's code.
        target: the code it means; ``None`` when there is deliberately none (``note`` says why).
        target_system: system of the target, where it is a code of one.
        display: English name.
        zh: Chinese name.
        note: the choice made, where the source table leaves a hole or we differ from it.
        source: where the row comes from.
        target_for_grade: the target when the result is a grade word instead of a number (Ruimei ``N``);
            ``None`` when it does not depend on that.
        absent: ``data-absent-reason`` code that goes with it when there is no value.
    """

    code: str
    target: str | None
    target_system: str | None
    display: str
    zh: str
    note: str
    source: str
    target_for_grade: str | None = None
    absent: str | None = None


class CodeTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table of codes, looked up by the exact code, else by the code in any case.

    Example:
        >>> load_code_table("sex").get("男").target
        'male'
    """

    name: str
    rows: tuple[CodeRow, ...]
    exact: dict[str, CodeRow]
    folded: dict[str, CodeRow]

    def get(self, code: str) -> CodeRow | None:
        """Return the row of a code (NFKC, without spaces around), or ``None``."""
        key = tidy(code)
        return self.exact.get(key) or self.folded.get(key.casefold())


def read_code_table(path: Path) -> CodeTable:
    """Read a code table from a file.

    Raises:
        DataFileError: the table is broken, or a row has neither target nor note.
    """
    rows = []
    exact: dict[str, CodeRow] = {}
    folded: dict[str, CodeRow] = {}
    for cells in read_table(path, required=_COLUMNS, optional=("target_for_grade", "absent"), key=("code",)):
        row = CodeRow(
            code=cells["code"],
            target=cells["target"] or None,
            target_system=cells["target_system"] or None,
            display=cells["display"],
            zh=cells["zh"],
            note=cells["note"],
            source=cells["source"],
            target_for_grade=cells["target_for_grade"] or None,
            absent=cells["absent"] or None,
        )
        if not row.source:
            raise cells.error(f"row {row.code!r} has no source")
        if row.target is None and not row.note:
            raise cells.error(f"row {row.code!r} has no target and no note that says why")
        key = tidy(row.code)
        if key in exact:
            raise cells.error(f"code {row.code!r} reads the same as an earlier row")
        exact[key] = row
        folded.setdefault(key.casefold(), row)
        rows.append(row)
    return CodeTable(name=path.stem, rows=tuple(rows), exact=exact, folded=folded)


@cache
def load_code_table(name: str) -> CodeTable:
    """Load a packaged code table by name, e.g. ``obx-status-0085``. Loaded once, then shared.

    Raises:
        DataFileError: there is no such table, or it is broken.
    """
    if name not in code_table_names():
        known = ", ".join(code_table_names())
        raise DataFileError(f"no such code table; there are: {known}", file=f"{name}.csv")
    return read_code_table(data_path(*_FOLDER, f"{name}.csv"))


@cache
def code_table_names() -> tuple[str, ...]:
    """Return the names of the packaged code tables, sorted."""
    return tuple(sorted(path.stem for path in data_path(*_FOLDER).glob("*.csv")))
