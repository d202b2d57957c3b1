"""A small check of UCUM codes: the grammar, with the atoms that laboratories use."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from fhir_hr.mapping.tables import read_table

__all__ = ["UcumGrammar", "read_atoms"]

_COLUMNS = ("code", "kind", "name", "source")
_KINDS = ("prefix", "metric", "atom")
_MAX = 100


class UcumGrammar(msgspec.Struct, frozen=True, kw_only=True):
    """The UCUM atoms and prefixes that are known here (case sensitive)."""

    prefixes: frozenset[str]
    metric: frozenset[str]
    atoms: frozenset[str]

    def check(self, code: str) -> bool | None:
        """Tell whether ``code`` is a UCUM unit: ``False`` if it cannot be, ``None`` if an atom is unknown.

        Example:
            >>> some = frozenset({"mol", "L"})
            >>> grammar = UcumGrammar(prefixes=frozenset("um"), metric=some, atoms=frozenset())
            >>> grammar.check("umol/L"), grammar.check("umol//L"), grammar.check("foo/L")
            (True, False, None)
        """
        if not code or len(code) > _MAX or not code.isascii() or any(ch.isspace() for ch in code):
            return False
        return _Parser(self, code).run()

    def knows(self, symbol: str) -> bool:
        """Tell whether ``symbol`` is an atom, or a prefix before a metric one."""
        if symbol in self.atoms or symbol in self.metric:
            return True
        return any(symbol[:size] in self.prefixes and symbol[size:] in self.metric for size in (1, 2))


_ANNOTATION = re.compile(r"\{[!-z|~]*\}", re.ASCII)
_SYMBOL = re.compile(r"10[*^]|%|(?:[A-Za-z'\"_]|\[[!-Z\\^-~]+\])+", re.ASCII)
_EXPONENT = re.compile(r"[+-]?\d+", re.ASCII)
_FACTOR = re.compile(r"\d+", re.ASCII)


class _Parser:
    """One pass over a code: terms joined by ``.`` and ``/``, in brackets or not."""

    def __init__(self, grammar: UcumGrammar, code: str) -> None:
        self.grammar, self.code, self.at = grammar, code, 0
        self.unknown = False

    def run(self) -> bool | None:
        if not self._term() or self.at != len(self.code):
            return False
        return None if self.unknown else True

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.code, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def _next_is(self, signs: str) -> bool:
        if self.at < len(self.code) and self.code[self.at] in signs:
            self.at += 1
            return True
        return False

    def _term(self) -> bool:
        self._next_is("/")
        if not self._component():
            return False
        while self._next_is("./"):
            if not self._component():
                return False
        return True

    def _component(self) -> bool:
        if self._next_is("("):
            return self._term() and self._next_is(")")
        symbol = self._take(_SYMBOL)
        if symbol is not None:
            self._take(_EXPONENT)
            self._take(_ANNOTATION)
            if not self.grammar.knows(symbol):
                self.unknown = True
            return True
        factor = self._take(_FACTOR)
        return self._take(_ANNOTATION) is not None or factor is not None


def read_atoms(path: Path) -> UcumGrammar:
    """Read the atoms table.

    Raises:
        DataFileError: the table is broken.
    """
    found: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for row in read_table(path, required=_COLUMNS, key=("code", "kind")):
        if not row["source"]:
            raise row.error(f"atom {row['code']!r} has no source")
        found[row.choice("kind", _KINDS)].add(row["code"])
    return UcumGrammar(
        prefixes=frozenset(found["prefix"]), metric=frozenset(found["metric"]), atoms=frozenset(found["atom"])
    )
