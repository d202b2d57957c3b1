"""The registry of recognition marks (互认标识): a mark is found here or it is none."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.tables import read_table
from fhir_hr.mapping.text import tidy
from fhir_hr.model.flags import Mark

__all__ = ["MarkRegistry", "load_marks"]

_COLUMNS = ("code", "text", "scopes", "covers", "status", "placement", "source")
_STATUS = ("official", "sourced", "unconfirmed")
_DIVISION = re.compile(r"[1-9]\d{5}")


class MarkRegistry(msgspec.Struct, frozen=True, kw_only=True):
    """The marks that are official or sourced; a row marked ``unconfirmed`` is data for people only.

    Example:
        >>> load_marks().by_text("川内ＨＲ").covers
        ('510000',)
    """

    marks: tuple[Mark, ...]
    texts: dict[str, Mark]
    codes: dict[str, Mark]
    unconfirmed: tuple[Mark, ...] = ()

    def by_text(self, text: str) -> Mark | None:
        """Return the mark that is printed as exactly ``text`` (NFKC, without spaces around), or ``None``."""
        return self.texts.get(tidy(text))

    def by_code(self, code: str) -> Mark | None:
        """Return the mark with our code ``code``, or ``None``."""
        return self.codes.get(code)


def read_marks(path: Path) -> MarkRegistry:
    """Read a mark registry from a file.

    Raises:
        DataFileError: the table is broken.
    """
    texts: dict[str, Mark] = {}
    codes: dict[str, Mark] = {}
    unconfirmed = []
    for row in read_table(path, required=_COLUMNS, key=("code",)):
        for division in row.values("covers"):
            if not _DIVISION.fullmatch(division):
                raise row.error(f"column 'covers': {division!r} is not a division code of six digits")
        if not row["text"] or not row["source"]:
            raise row.error(f"mark {row['code']!r} has no text or no source")
        mark = Mark(
            code=row["code"],
            text=row["text"],
            scopes=row.values("scopes"),
            covers=row.values("covers"),
            source=row["source"],
        )
        if row.choice("status", _STATUS) == "unconfirmed":
            unconfirmed.append(mark)
            continue
        if texts.setdefault(tidy(mark.text), mark) is not mark:
            raise row.error(f"mark text {mark.text!r} stands twice")
        codes[mark.code] = mark
    return MarkRegistry(marks=tuple(codes.values()), texts=texts, codes=codes, unconfirmed=tuple(unconfirmed))


@cache
def load_marks() -> MarkRegistry:
    """Load the packaged registry (``mappings/marks.csv``). Loaded once, then shared."""
    return read_marks(data_path("mappings", "marks.csv"))
