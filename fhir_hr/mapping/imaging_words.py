"""Words of protocols, descriptions and procedures: what do they state of an examination?

The longest known word at each place is taken, so 胸椎 is never 胸部 and 上腹部 never 腹部. A Latin word counts only as
a whole, but for one that makes it another examination: HeadCTA is a CTA. What no row explains is reported, since an
unknown word (穿刺引导) may make another examination of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.tables import Row, read_table
from fhir_hr.model.exams import Contrast, Side

__all__ = ["Scan", "Word", "WordFacet", "WordTable", "load_imaging_words", "read_imaging_words"]

_COLUMNS = ("word", "facet", "value", "modality", "sure", "note", "source")
_MODALITIES = ("", "DR", "CT", "MR")
_VIEWS = ("frontal", "ap", "pa", "lateral", "oblique", "other")
_SHORTEST_INSIDE = 3
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


class WordFacet(StrEnum):
    """What a word speaks of."""

    PART = "part"
    INFANT = "infant"
    SIDE = "side"
    VIEW = "view"
    STANDING = "standing"
    NOT_STANDING = "not-standing"
    CONTRAST = "contrast"
    MODALITY = "modality"
    OTHER = "other"
    """Makes it another examination: CTA, 造影, 穿刺."""
    UNCLEAR = "unclear"
    """Denies or conditions other words: 不, 未, 或, not."""
    LOCALIZER = "localizer"
    NEUTRAL = "neutral"


_ALLOWED: dict[WordFacet, tuple[str, ...]] = {
    WordFacet.SIDE: tuple(side.value for side in Side),
    WordFacet.CONTRAST: tuple(contrast.value for contrast in Contrast),
    WordFacet.MODALITY: ("CT", "MR", "DR", "CR", "US", "MG", "PET", "NM", "RF"),
}


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of one word.

    Attributes:
        word: as the table writes it.
        facet: what it speaks of.
        values: what it states: for a part, all that it may mean; for a view, all projections that it names.
        modality: it means this only in examinations of this modality; ``""``: in all others.
        sure: whether it may prove something; else it can only contradict.
    """

    word: str
    facet: WordFacet
    values: tuple[str, ...]
    modality: str
    sure: bool


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one text.

    Attributes:
        words: statements, in order of the text.
        explained: whether every word was known; numbers and punctuation need no explanation.
    """

    words: tuple[Word, ...] = ()
    explained: bool = True


class WordTable(msgspec.Struct, frozen=True, kw_only=True):
    """The known words; made by :func:`load_imaging_words`.

    Example:
        >>> [(word.word, word.facet.value) for word in load_imaging_words().scan("胸椎CT平扫").words]
        [('胸椎', 'part'), ('ct', 'modality'), ('平扫', 'contrast')]
        >>> load_imaging_words().scan("胸部CT平扫下粒子植入").explained
        False
    """

    by_first: dict[str, tuple[tuple[str, tuple[Word, ...]], ...]]
    others: tuple[Word, ...] = ()
    """Latin words of facet :attr:`WordFacet.OTHER` that are looked for at both ends of unknown runs too."""

    def scan(self, text: str) -> Scan:
        """Find the words of a text. Nothing of the text is kept but the table's own words."""
        folded = _fold(text)
        found: list[Word] = []
        explained = True
        at, end = 0, len(folded)
        while at < end:
            hit = self._at(folded, at)
            if hit is not None:
                found.extend(hit[1])
                at += len(hit[0])
                continue
            char = folded[at]
            if char in _LATIN:
                stop = at + 1
                while stop < end and folded[stop] in _LATIN:
                    stop += 1
                run = folded[at:stop]
                explained = explained and run.isdigit()
                found.extend(self._inside(run))
                at = stop
            else:
                explained = explained and not char.isalnum()
                at += 1
        return Scan(words=tuple(found), explained=explained)

    def _inside(self, run: str) -> Iterator[Word]:
        letters = run.strip("0123456789")
        return (word for word in self.others if letters.startswith(word.word) or letters.endswith(word.word))

    def _at(self, text: str, at: int) -> tuple[str, tuple[Word, ...]] | None:
        """The longest word that begins here; a run of Latin letters is never entered in its middle."""
        for word, statements in self.by_first.get(text[at], ()):
            if not text.startswith(word, at):
                continue
            after = at + len(word)
            if after < len(text) and text[after] in _LATIN and _is_latin(word):
                continue
            return word, statements
        return None


def _is_latin(word: str) -> bool:
    return not _LATIN.isdisjoint(word)


def _is_ending(word: str) -> bool:
    return len(word) >= _SHORTEST_INSIDE and word.isascii() and word.isalpha()


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.replace("_", " ").replace("^", " ").split())


@cache
def load_imaging_words() -> WordTable:
    """Load the packaged words (``mappings/dicom/words.csv``). Loaded once, then shared.

    Raises:
        DataFileError: the table is broken; see :func:`read_imaging_words`.
    """
    return read_imaging_words(data_path("mappings", "dicom", "words.csv"))


def read_imaging_words(path: Path) -> WordTable:
    """Read a table of words.

    Raises:
        DataFileError: the table is broken, a word is not in the form that texts are compared in, or a value does not
            exist.
    """
    words: dict[str, list[Word]] = {}
    for row in read_table(path, required=_COLUMNS, key=("word", "facet", "modality")):
        if row["word"] != _fold(row["word"]):
            raise row.error(f"word {row['word']!r} is not folded; write {_fold(row['word'])!r}")
        if not row["source"]:
            raise row.error("column 'source' is empty")
        words.setdefault(row["word"], []).append(_word(row))
    by_first: dict[str, list[tuple[str, tuple[Word, ...]]]] = {}
    for word in sorted(words, key=lambda one: (-len(one), one)):
        by_first.setdefault(word[0], []).append((word, tuple(words[word])))
    others = (statement for statements in words.values() for statement in statements)
    return WordTable(
        by_first={first: tuple(entries) for first, entries in by_first.items()},
        others=tuple(word for word in others if word.facet is WordFacet.OTHER and _is_ending(word.word)),
    )


def _word(row: Row) -> Word:
    facet = WordFacet(row.choice("facet", tuple(each.value for each in WordFacet)))
    values: tuple[str, ...]
    if facet is WordFacet.VIEW:
        values = tuple(row["value"].split("+"))
        if unknown := [value for value in values if value not in _VIEWS]:
            raise row.error(f"view {unknown[0]!r} is unknown; allowed: {', '.join(_VIEWS)}")
    elif facet in _ALLOWED:
        values = (row.choice("value", _ALLOWED[facet]),)
    else:
        values = row.values("value")
    if (facet is WordFacet.PART) != bool(values) and facet not in _ALLOWED and facet is not WordFacet.VIEW:
        raise row.error(f"a word of facet {facet.value!r} has {'no' if not values else 'a'} value")
    return Word(
        word=row["word"],
        facet=facet,
        values=values,
        modality=row.choice("modality", _MODALITIES),
        sure=row.choice("sure", ("", "no")) != "no",
    )
