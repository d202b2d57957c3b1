"""Grades of a qualitative result: the whole text is a grade word, or it is none."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.canonical import INTERPRETATION, RESULT_GRADE
from fhir_hr.mapping.tables import read_table
from fhir_hr.mapping.text import fold
from fhir_hr.model.codes import Code

__all__ = ["OrdinalTable", "load_ordinals"]

_COLUMNS = ("text", "code", "display", "interpretation", "interpretation_display", "source")


class OrdinalTable(msgspec.Struct, frozen=True, kw_only=True):
    """Grade words. Never a part of a word: 弱阳性 holds 阳性, and means another grade.

    Example:
        >>> table = load_ordinals()
        >>> table.find("阴性（-）").code, table.find("弱阳性").code, table.find("阴性或弱阳性")
        ('NEG', 'WEAK', None)
    """

    words: dict[str, Code]
    interpretations: dict[str, Code]

    def find(self, text: str) -> Code | None:
        """Return the grade of a text that is a grade word as a whole (NFKC, no spaces), or ``None``."""
        return self.words.get(_key(text))

    def interpretation(self, grade: Code | str) -> Code | None:
        """Return the HL7 v3 ObservationInterpretation of a grade, or ``None`` where there is no equal one."""
        return self.interpretations.get(grade.code if isinstance(grade, Code) else grade)


def _key(text: str) -> str:
    # NFKC leaves the true minus and the dashes alone; here they are all the same sign.
    return fold(text).translate(_DASHES)


_DASHES = str.maketrans(dict.fromkeys("−–—‐‑﹣", "-"))


def read_ordinals(path: Path) -> OrdinalTable:
    """Read a grade table.

    Raises:
        DataFileError: the table is broken, a word stands for two grades, or a grade has two interpretations.
    """
    words: dict[str, Code] = {}
    shown: dict[str, tuple[str, str, str]] = {}
    for row in read_table(path, required=_COLUMNS, key=("text",)):
        if not row["code"] or not row["source"]:
            raise row.error(f"grade word {row['text']!r} has no code or no source")
        facts = (row["display"], row["interpretation"], row["interpretation_display"])
        if shown.setdefault(row["code"], facts) != facts:
            raise row.error(f"grade {row['code']!r} has another display or interpretation in an earlier row")
        grade = Code(system=RESULT_GRADE, code=row["code"], display=row["display"])
        if words.setdefault(_key(row["text"]), grade) != grade:
            raise row.error(f"grade word {row['text']!r} reads the same as an earlier row")
    interpretations = {
        code: Code(system=INTERPRETATION, code=target, display=display or None)
        for code, (_, target, display) in shown.items()
        if target
    }
    return OrdinalTable(words=words, interpretations=interpretations)


@cache
def load_ordinals() -> OrdinalTable:
    """Load the packaged grades (``mappings/concepts/ordinals.csv``). Loaded once, then shared."""
    return read_ordinals(data_path("mappings", "concepts", "ordinals.csv"))
