"""Units: a laboratory's way of writing one to its UCUM code."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.tables import read_table
from fhir_hr.mapping.ucum import UcumGrammar, read_atoms
from fhir_hr.model.values import Unit

__all__ = ["UnitTable", "load_units", "unit_key"]

_COLUMNS = ("text", "ucum", "kind", "source")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_POWER = re.compile(r"(?:[x×*·.])?10(?:\^|\*{1,2}|e\+?)(\d{1,2})(?=/|$)", re.IGNORECASE)


def unit_key(text: str) -> str:
    """Return the lookup key of a unit: one form for μ/µ/u, for powers of ten, and for full-width letters.

    Case is kept, since it carries meaning in UCUM (``mU`` and ``MU``).

    Example:
        >>> unit_key("×10⁹/L"), unit_key("x10^9/L"), unit_key("10E9/L"), unit_key("µmol／L")
        ('10*9/L', '10*9/L', '10*9/L', 'umol/L')
    """
    text = _SUPERSCRIPT_RUN.sub(lambda found: "^" + found.group().translate(_SUPERSCRIPTS), text)
    # A unit that stands in the second component of OBX-6 arrives as "^umol/L" when the field is not split.
    text = "".join(unicodedata.normalize("NFKC", text).split()).replace("μ", "u").lstrip("^")
    return _POWER.sub(r"10*\1", text, count=1) if text[:3].lstrip("xX×*·.").startswith("10") else text


class UnitTable(msgspec.Struct, frozen=True, kw_only=True):
    """Units by the way they are written.

    Attributes:
        ucum: lookup key to UCUM code.
        kinds: UCUM code to the LOINC properties it measures (``SCnc``, ``NCnc`` …).

    Example:
        >>> unit = load_units().find("10^9/L")
        >>> unit.text, unit.ucum
        ('10^9/L', '10*9/L')
    """

    ucum: dict[str, str]
    kinds: dict[str, frozenset[str]]
    grammar: UcumGrammar

    def find(self, text: str) -> Unit | None:
        """Return the unit with its UCUM code, or ``None`` when the table does not know it.

        ``text`` of the answer is the sender's text without spaces around it; ``source`` is ``text`` as given.
        """
        code = self.ucum.get(unit_key(text))
        return Unit(text=text.strip(), ucum=code, source=text) if code is not None else None

    def is_ucum(self, code: str) -> bool | None:
        """Tell whether a code that a sender states as UCUM is one: true, false, or ``None`` when not known.

        Example:
            >>> units = load_units()
            >>> units.is_ucum("mL/min/{1.73_m2}"), units.is_ucum("μmol/L"), units.is_ucum("furlong")
            (True, False, None)
        """
        return True if code in self.kinds else self.grammar.check(code)


def read_units(path: Path, *, atoms: Path) -> UnitTable:
    """Read a unit table, whose UCUM codes are checked against the UCUM atoms of the second file.

    Raises:
        DataFileError: a table is broken, a UCUM code is not one, or a way of writing stands for two units.
    """
    grammar = read_atoms(atoms)
    ucum: dict[str, str] = {}
    kinds: dict[str, frozenset[str]] = {}
    for row in read_table(path, required=_COLUMNS, key=("text",)):
        code = row["ucum"]
        if not code or not row["source"]:
            raise row.error(f"unit {row['text']!r} has no UCUM code or no source")
        if not grammar.check(code):
            raise row.error(f"{code!r} is not a UCUM code of the known atoms")
        if ucum.setdefault(unit_key(row["text"]), code) != code:
            raise row.error(f"unit {row['text']!r} reads the same as an earlier row with another UCUM code")
        kind = frozenset(row.values("kind"))
        if kinds.setdefault(code, kind) != kind:
            raise row.error(f"{code!r} has another kind in an earlier row")
    for code in kinds:
        ucum.setdefault(unit_key(code), code)
    return UnitTable(ucum=ucum, kinds=kinds, grammar=grammar)


@cache
def load_units() -> UnitTable:
    """Load the packaged units (``mappings/units``). Loaded once, then shared."""
    return read_units(
        data_path("mappings", "units", "units.csv"), atoms=data_path("mappings", "units", "ucum_atoms.csv")
    )
