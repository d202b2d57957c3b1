"""Specimens: a laboratory's word or code to a specimen kind, and whether a kind is among those accepted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.canonical import SNOMED, V2_0487
from fhir_hr.mapping.tables import read_table
from fhir_hr.mapping.text import fold
from fhir_hr.model.codes import Code

__all__ = ["SpecimenKind", "SpecimenTable", "load_specimens"]

_KIND_COLUMNS = (
    "kind",
    "zh",
    "en",
    "members",
    "v2_0487",
    "v2_0487_display",
    "snomed",
    "snomed_display",
    "source",
)
_WORD_COLUMNS = ("text", "kind", "source")


class SpecimenKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of specimen.

    Attributes:
        code: our code, ``serum``.
        members: the kinds that a specimen of this kind may be; itself, for a definite kind.
        codings: codes of it in HL7 v2 table 0487 and SNOMED CT, where certain.
    """

    code: str
    zh: str
    en: str
    members: tuple[str, ...]
    codings: tuple[Code, ...]


class SpecimenTable(msgspec.Struct, frozen=True, kw_only=True):
    """Specimen kinds by word or code.

    Example:
        >>> table = load_specimens()
        >>> table.find("血清"), table.find("SER"), table.find("血清样的东西")
        ('serum', 'serum', None)
    """

    kinds: dict[str, SpecimenKind]
    words: dict[str, str]

    def find(self, text: str) -> str | None:
        """Return the kind code of a word or code (exact after NFKC, case folded, no spaces), or ``None``."""
        return self.words.get(fold(text))

    def kind(self, code: str) -> SpecimenKind | None:
        """Return the kind with this code, or ``None``."""
        return self.kinds.get(code)

    def accepts(self, accepted: Sequence[str], kind: str | None) -> bool | None:
        """Tell whether a specimen of ``kind`` is one of the accepted kinds; ``None`` when that is not known.

        Example:
            >>> table = load_specimens()
            >>> table.accepts(("serum", "plasma"), "serum-plasma"), table.accepts(("serum",), "urine")
            (True, False)
            >>> table.accepts(("serum", "plasma"), "blood-unspecified") is None
            True
        """
        known = self.kinds.get(kind) if kind else None
        if known is None or not accepted:
            return None
        fits = {member in accepted for member in known.members}
        return fits.pop() if len(fits) == 1 else None


def read_specimens(folder: Path) -> SpecimenTable:
    """Read ``specimen_kinds.csv`` and ``specimens.csv`` of a folder.

    Raises:
        DataFileError: a table is broken or a row names a kind that does not exist.
    """
    kinds: dict[str, SpecimenKind] = {}
    rows = read_table(folder / "specimen_kinds.csv", required=_KIND_COLUMNS, key=("kind",))
    codes = {row["kind"] for row in rows}
    for row in rows:
        for member in row.values("members"):
            if member not in codes:
                raise row.error(f"unknown specimen kind {member!r}")
        if not row["source"]:
            raise row.error(f"specimen kind {row['kind']!r} has no source")
        codings = [
            Code(system=system, code=row[column], display=row[f"{column}_display"] or None)
            for column, system in (("v2_0487", V2_0487), ("snomed", SNOMED))
            if row[column]
        ]
        kinds[row["kind"]] = SpecimenKind(
            code=row["kind"],
            zh=row["zh"],
            en=row["en"],
            members=row.values("members") or (row["kind"],),
            codings=tuple(codings),
        )
    words: dict[str, str] = {}
    for row in read_table(folder / "specimens.csv", required=_WORD_COLUMNS, key=("text",)):
        if row["kind"] not in kinds:
            raise row.error(f"unknown specimen kind {row['kind']!r}")
        if not row["source"]:
            raise row.error(f"specimen word {row['text']!r} has no source")
        if words.setdefault(fold(row["text"]), row["kind"]) != row["kind"]:
            raise row.error(f"specimen word {row['text']!r} reads the same as an earlier row")
    return SpecimenTable(kinds=kinds, words=words)


@cache
def load_specimens() -> SpecimenTable:
    """Load the packaged specimens (``mappings/concepts``). Loaded once, then shared."""
    return read_specimens(data_path("mappings", "concepts"))
