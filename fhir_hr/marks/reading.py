"""Which mark does a report or an item carry, as printed? Report and item are kept apart; nothing is guessed.

A text is a mark when the whole of it is one of the registry, at most with other widths or white space inside. A symbol
before an item name means something only where the report carries a mark with that symbol, or a foot note of the
registry's wording explains it: on many reports ``★`` is a critical value and ``*`` an abnormal one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.mapping.marks import (
    ItemSymbol,
    MarkPlace,
    MarkRegistry,
    SymbolMeaning,
    legend_key,
    load_marks,
    looks_like_mark,
    without_symbols,
)
from fhir_hr.mapping.text import MARKERS, tidy

__all__ = ["ItemReading", "MarkReading", "SeenAs", "Sighting", "read_marks"]

_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_SENTENCES = re.compile(r"[。；;\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_LEAD = re.compile(r"^(?:注|备注|说明|声明|提示)[:：]")
_HAN = r"[\u3400-\u9fff]"
_UNKNOWN_INSIDE = re.compile(rf"{_HAN}HR(?![A-Za-z])", re.IGNORECASE)
_UNKNOWN_PREFIX = re.compile(rf"[(\[【]?{_HAN}{{0,8}}HR[)\]】]?(?![A-Za-z])\S", re.IGNORECASE)
_HR_ALONE = re.compile(r"(?<![0-9A-Za-z-])HR(?![0-9A-Za-z-])")
_LOOK_ALIKE = re.compile("^[\u200b-\u200f\u2060\ufeff]*[\u2217\u204e\u2731-\u2733\u273b\u066d\u22c6\u2605\uff0a*]")
_EXPLAINED = re.compile(rf"(?<![0-9A-Za-z)])[{re.escape(MARKERS)}]|[{re.escape(MARKERS)}](?![0-9A-Za-z(])")


class SeenAs(StrEnum):
    """What something printed turned out to be.

    ``exact`` and ``tidied`` are marks; ``symbol`` is a symbol whose meaning is known, ``symbol-unexplained`` one whose
    meaning is not; ``legend`` explains a mark or symbol as the registry does, ``other-legend`` explains a symbol
    otherwise; ``mention`` is a registered mark among other words, ``misplaced`` one before an item name where it does
    not belong, ``unclear`` one that runs into the name (并HRCT), ``unknown`` looks like a mark and is none.
    """

    EXACT = "exact"
    TIDIED = "tidied"
    SYMBOL = "symbol"
    SYMBOL_UNEXPLAINED = "symbol-unexplained"
    LEGEND = "legend"
    OTHER_LEGEND = "other-legend"
    MENTION = "mention"
    MISPLACED = "misplaced"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One thing seen.

    Attributes:
        where: ``heading[1]``, ``note[2]``, ``item[3]``: the n-th text given.
        text: the mark, symbol or look-alike alone, never the words around it.
        mark: code of the registered mark, where it is one.
    """

    where: str
    text: str
    seen: SeenAs
    mark: str | None = None


class ItemReading(msgspec.Struct, frozen=True, kw_only=True):
    """What an item's printed name carries.

    Attributes:
        name: the name without mark and symbols.
        symbols: symbols before it, as printed (NFKC).
        starred: whether it carries a symbol known to mean "recognised"; ``None`` when nothing says what one means.
        mark: code of the mark at the item itself (并HR, or ★ where it is 鄂HR).
        mark_known: whether "no mark" can be believed: ``False`` where something unclear stands at the item.
    """

    name: str
    symbols: str = ""
    starred: bool | None = None
    mark: str | None = None
    mark_known: bool = True

    def __repr__(self) -> str:
        return f"ItemReading(symbols={self.symbols!r}, starred={self.starred!r}, mark={self.mark!r})"


class MarkReading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a report.

    Attributes:
        report_marks: codes of the marks in its headings, each once.
        report_known: whether "no mark" can be believed of the headings.
        items: one per item given, in their order.
        seen: all that was seen, also what is no mark.
    """

    report_marks: tuple[str, ...]
    report_known: bool
    items: tuple[ItemReading, ...]
    seen: tuple[Sighting, ...]

    @property
    def report_mark(self) -> str | None:
        """The mark of the report, when it carries exactly one."""
        return self.report_marks[0] if len(self.report_marks) == 1 else None

    @property
    def report_mark_known(self) -> bool:
        """Whether :attr:`report_mark` says all: headings were read, nothing unclear, at most one mark."""
        return self.report_known and len(self.report_marks) <= 1


def read_marks(
    *,
    headings: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    items: Sequence[str] = (),
    registry: MarkRegistry | None = None,
) -> MarkReading:
    """Read the marks of a report from its printed texts.

    Args:
        headings: the texts of the places where this sender's marks stand (heading, top right); ``None`` when they
            cannot be read, and then "no mark" is not known.
        notes: foot notes and remarks; they explain symbols, and a mark in them is only a mention.
        items: the item names as printed.
        registry: the marks; the shipped ones by default.

    Raises:
        UsageError: one text where several are asked: its characters would each be read as a text without a mark.

    Example:
        >>> read = read_marks(headings=["川内 ＨＲ"], items=["＊白细胞", "血小板"])
        >>> read.report_mark, [(item.name, item.starred) for item in read.items], read.seen[0].seen.value
        ('chuannei-hr', [('白细胞', True), ('血小板', False)], 'tidied')
        >>> read_marks(items=["*白细胞"], notes=["*表示异常结果"]).items[0].starred is None
        True
    """
    for name, texts in (("headings", headings), ("notes", notes), ("items", items)):
        if isinstance(texts, str | bytes):
            raise UsageError(f"{name} are several texts: give a list, not one text")
    known = load_marks() if registry is None else registry
    seen: list[Sighting] = []
    marks, clear = _headings(headings or (), known, seen)
    explained, other, in_notes = _notes(notes, known, seen)
    meanings = {
        symbol: tuple(dict.fromkeys([*(s for m in marks for s in known.symbols_of(m) if s.symbol == symbol), *found]))
        for symbol in MARKERS
        for found in [explained.get(symbol, ())]
    }
    reader = _ItemReader(known, meanings=meanings, other=other)
    readings = []
    for number, name in enumerate(items, start=1):
        reading, sightings = reader.read(name, where=f"item[{number}]")
        readings.append(reading)
        seen += sightings
    return MarkReading(
        report_marks=marks,
        report_known=headings is not None and clear and in_notes <= set(marks),
        items=tuple(readings),
        seen=tuple(seen),
    )


def _lines(texts: Iterable[str], name: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts, start=1):
        for line in pattern.split(text):
            if tidy(line):
                yield f"{name}[{number}]", line


def _headings(texts: Sequence[str], registry: MarkRegistry, seen: list[Sighting]) -> tuple[tuple[str, ...], bool]:
    """The marks of the headings, and whether all of them was clear."""
    marks: dict[str, None] = {}
    clear = True
    for where, line in _lines(texts, "heading", _BREAKS):
        found = registry.find(line)
        if found is not None:
            marks[found.mark.code] = None
            how = SeenAs.TIDIED if found.tidied else SeenAs.EXACT
            seen.append(Sighting(where=where, text=found.mark.text, seen=how, mark=found.mark.code))
            continue
        doubts = _doubts(line, where, registry)
        seen += doubts
        clear = clear and not doubts
    return tuple(marks), clear


def _doubts(line: str, where: str, registry: MarkRegistry) -> list[Sighting]:
    packed = _packed(line)
    inside = [mark for text, mark in registry.texts.items() if text in packed]
    if inside:
        return [Sighting(where=where, text=mark.text, seen=SeenAs.MENTION, mark=mark.code) for mark in inside]
    if looks_like_mark(line):
        return [Sighting(where=where, text=packed, seen=SeenAs.UNKNOWN)]
    if _UNKNOWN_INSIDE.search(packed) or _HR_ALONE.search(line):
        # What stands before HR is not quoted: in a line of many words it may be anything.
        return [Sighting(where=where, text="HR", seen=SeenAs.UNKNOWN)]
    return []


def _notes(
    texts: Sequence[str], registry: MarkRegistry, seen: list[Sighting]
) -> tuple[dict[str, tuple[ItemSymbol, ...]], set[str], set[str]]:
    """Symbols explained as the registry does, symbols explained otherwise, and the marks that a whole note is."""
    legends: dict[str, list[ItemSymbol]] = {}
    for sign in registry.symbols:
        for words in sign.legends:
            legends.setdefault(legend_key(words), []).append(sign)
    feet = {legend_key(p.words): p.mark for p in registry.places if p.place is MarkPlace.FOOT and p.words}
    explained: dict[str, tuple[ItemSymbol, ...]] = {}
    other: set[str] = set()
    whole: set[str] = set()
    for where, line in _lines(texts, "note", _SENTENCES):
        key = legend_key(_LEAD.sub("", tidy(line)))
        signs = legends.get(key)
        if signs is not None:
            explained[signs[0].symbol] = (*explained.get(signs[0].symbol, ()), *signs)
            seen.append(Sighting(where=where, text=signs[0].symbol, seen=SeenAs.LEGEND))
        elif key in feet:
            mark = registry.codes[feet[key]]
            seen.append(Sighting(where=where, text=mark.text, seen=SeenAs.LEGEND, mark=mark.code))
        else:
            found = registry.find(line)
            whole |= {found.mark.code} if found is not None else set()
            packed = _packed(line)
            seen += [
                Sighting(where=where, text=mark.text, seen=SeenAs.MENTION, mark=mark.code)
                for text, mark in registry.texts.items()
                if text in packed
            ]
            for symbol in sorted({char for match in _EXPLAINED.findall(packed) for char in match}):
                other.add(symbol)
                seen.append(Sighting(where=where, text=symbol, seen=SeenAs.OTHER_LEGEND))
    return explained, other, whole


class _ItemReader:
    def __init__(self, registry: MarkRegistry, *, meanings: dict[str, tuple[ItemSymbol, ...]], other: set[str]) -> None:
        self._registry = registry
        self._meanings = {symbol: signs for symbol, signs in meanings.items() if signs and symbol not in other}
        self._disputed = {symbol for symbol, signs in meanings.items() if signs and symbol in other}
        self._other = other
        self._own_text = {p.mark for p in registry.places if p.place is MarkPlace.BEFORE_NAME}
        self._own_text -= {sign.mark for sign in registry.symbols}
        self._may_equal = {s.symbol for s in registry.symbols if s.meaning is SymbolMeaning.EQUALS_MARK}

    def read(self, printed: str, *, where: str) -> tuple[ItemReading, list[Sighting]]:
        symbols, name = without_symbols(printed)
        seen: list[Sighting] = []
        name, mark, known = self._prefix(name, where, seen)
        further, name = without_symbols(name)
        symbols += further
        like = _LOOK_ALIKE.match(name)  # looks the same on paper, and is another character: ∗ is not *
        if like is not None:
            seen.append(Sighting(where=where, text=like.group()[-1], seen=SeenAs.SYMBOL_UNEXPLAINED))
        for symbol in dict.fromkeys(symbols):
            signs = self._meanings.get(symbol, ())
            equal = sorted({sign.mark for sign in signs if sign.meaning is SymbolMeaning.EQUALS_MARK})
            if len(equal) == 1 and mark in (None, equal[0]):
                mark = equal[0]
            elif equal or (symbol in self._may_equal and not signs and symbol not in self._other - self._disputed):
                known = False
            how = SeenAs.SYMBOL if signs else SeenAs.SYMBOL_UNEXPLAINED
            seen.append(Sighting(where=where, text=symbol, seen=how, mark=equal[0] if len(equal) == 1 else None))
        starred = self._starred(symbols)
        starred = None if like is not None and not starred else starred
        return (
            ItemReading(name=name, symbols=symbols, starred=starred, mark=mark, mark_known=known and like is None),
            seen,
        )

    def _starred(self, symbols: str) -> bool | None:
        if any(symbol in self._meanings for symbol in symbols):
            return True
        # Without a symbol whose meaning is settled, absence says nothing; nor does a symbol that nothing explains.
        unexplained = any(symbol in self._registry.item_symbols and symbol not in self._other for symbol in symbols)
        return None if self._disputed or not self._meanings or unexplained else False

    def _prefix(self, name: str, where: str, seen: list[Sighting]) -> tuple[str, str | None, bool]:
        """The mark before a name: the rest, its code, and whether all was clear."""
        for text, mark in sorted(self._registry.texts.items(), key=lambda each: -len(each[0])):
            cut = _after(name, text)
            if cut is None:
                continue
            rest = name[cut:]
            if mark.code not in self._own_text:
                seen.append(Sighting(where=where, text=text, seen=SeenAs.MISPLACED, mark=mark.code))
                return name, None, False
            if not rest.strip() or re.match(r"[A-Za-z]", rest):
                seen.append(Sighting(where=where, text=text, seen=SeenAs.UNCLEAR, mark=mark.code))
                return name, None, False
            how = SeenAs.EXACT if name[:cut] == text else SeenAs.TIDIED
            seen.append(Sighting(where=where, text=text, seen=how, mark=mark.code))
            return rest.strip(), mark.code, True
        unknown = _UNKNOWN_PREFIX.match(_packed(name))
        if unknown is not None:
            seen.append(Sighting(where=where, text=unknown.group()[:-1], seen=SeenAs.UNKNOWN))
            return name, None, False
        return name, None, True


def _packed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _after(name: str, text: str) -> int | None:
    """Where ``text`` ends when ``name`` begins with it, white space inside allowed; ``None`` when it does not."""
    at = 0
    for number, char in enumerate(text):
        while number and at < len(name) and name[at].isspace():
            at += 1
        if at >= len(name) or name[at] != char:
            return None
        at += 1
    return at
