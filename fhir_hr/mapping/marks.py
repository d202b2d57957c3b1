"""The registry of recognition marks (互认标识): a mark is found here or it is none.

Three tables: ``marks.csv`` (the marks), ``mark_places.csv`` (where each is shown, and the exact words) and
``mark_symbols.csv`` (what ``*`` and ``★`` mean under which mark). Beside them the primitives with which printed
text is read: a whole text that is a mark, and the symbols before an item name.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.tables import Row, read_table
from fhir_hr.mapping.text import MARKERS, tidy
from fhir_hr.model.flags import Mark
from fhir_hr.model.lab import ReportKind

__all__ = [
    "FoundMark",
    "ItemSymbol",
    "MarkCertainty",
    "MarkPlace",
    "MarkRegistry",
    "MarkStatus",
    "MarkTarget",
    "Placement",
    "SymbolMeaning",
    "inside_area",
    "legend_key",
    "load_marks",
    "looks_like_mark",
    "without_symbols",
]

_COLUMNS = ("code", "text", "scopes", "covers", "status", "placement", "source")
_PLACE_COLUMNS = ("mark", "kind", "target", "place", "words", "clause", "certainty", "note", "source")
_SYMBOL_COLUMNS = ("symbol", "mark", "meaning", "legends", "note", "source")
_DIVISION = re.compile(r"[1-9]\d{5}")
_QUOTES = str.maketrans("", "", "\"'“”‘’「」『』()[]【】")
_LOOKS = re.compile(r".{0,10}HR", re.IGNORECASE)


class MarkStatus(StrEnum):
    """How far a mark is confirmed: in a policy text, seen elsewhere, or only named as an example."""

    OFFICIAL = "official"
    SOURCED = "sourced"
    UNCONFIRMED = "unconfirmed"


class MarkTarget(StrEnum):
    """What a mark is shown on: 报告单, 图像或胶片, 项目."""

    REPORT = "report"
    IMAGE = "image"
    ITEM = "item"


class MarkPlace(StrEnum):
    """Where it is shown: 右上角, 抬头, 项目名称前, 报告单下部."""

    TOP_RIGHT = "top-right"
    HEADING = "heading"
    BEFORE_NAME = "before-name"
    FOOT = "foot"


class MarkCertainty(StrEnum):
    """How sure a row is: the text says so, it follows from the text as we read it, it was seen in use."""

    STATED = "stated"
    INFERRED = "inferred"
    SEEN = "seen"


class SymbolMeaning(StrEnum):
    """Whether a symbol is the mark itself (★ is 鄂HR), or tells the recognised items of a marked report (``*``)."""

    EQUALS_MARK = "equals-mark"
    MARKS_ITEM = "marks-item"


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a mark is shown.

    Attributes:
        words: exactly what is printed there; ``None`` where the wording was not seen.
        clause: the clause that says so; ``None`` where no text was read.
        note: our reading, or what is not known.
    """

    mark: str
    kind: ReportKind
    target: MarkTarget
    place: MarkPlace
    words: str | None
    clause: str | None
    certainty: MarkCertainty
    note: str
    source: str


class ItemSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """What a symbol before an item name means under a mark.

    Attributes:
        legends: foot notes that explain it so, as whole sentences.
    """

    symbol: str
    mark: str
    meaning: SymbolMeaning
    legends: tuple[str, ...]
    note: str
    source: str


class FoundMark(NamedTuple):
    """A mark that a whole text is; ``tidied`` when it is so only without white space."""

    mark: Mark
    tidied: bool


class MarkRegistry(msgspec.Struct, frozen=True, kw_only=True):
    """The marks that are official or sourced; a row marked ``unconfirmed`` is data for people only.

    Attributes:
        issuers: by mark code, who lets it be used; no entry where no text says.
        statuses: by mark code, how far it is confirmed.
        places: where marks are shown.
        symbols: what symbols before item names mean.

    Example:
        >>> load_marks().by_text("川内ＨＲ").covers
        ('510000',)
        >>> [place.words for place in load_marks().places_of("bing-hr")]
        ['并HR', '‘并HR’为可在全市范围内互认的检查项目']
    """

    marks: tuple[Mark, ...]
    texts: dict[str, Mark]
    codes: dict[str, Mark]
    unconfirmed: tuple[Mark, ...] = ()
    issuers: dict[str, tuple[str, ...]] = {}
    statuses: dict[str, MarkStatus] = {}
    places: tuple[Placement, ...] = ()
    symbols: tuple[ItemSymbol, ...] = ()

    @property
    def item_symbols(self) -> frozenset[str]:
        """All symbols that may mark an item under some mark; what one means on a report is another question."""
        return frozenset(each.symbol for each in self.symbols)

    def by_text(self, text: str) -> Mark | None:
        """Return the mark that is printed as exactly ``text`` (NFKC, without spaces around), or ``None``."""
        return self.texts.get(tidy(text))

    def by_code(self, code: str) -> Mark | None:
        """Return the mark with our code ``code``, or ``None``."""
        return self.codes.get(code)

    def find(self, text: str) -> FoundMark | None:
        """Return the mark that the whole of ``text`` is, also with white space inside; case is kept.

        Example:
            >>> load_marks().find("川渝 ＨＲ").mark.text, load_marks().find("川渝 ＨＲ").tidied
            ('川渝HR', True)
            >>> [load_marks().find(text) for text in ("川内HR互认", "川内hr", "不属于川内HR")]
            [None, None, None]
        """
        exact = self.texts.get(tidy(text))
        if exact is not None:
            return FoundMark(exact, tidied=False)
        loose = self.texts.get("".join(tidy(text).split()))
        return None if loose is None else FoundMark(loose, tidied=True)

    def places_of(self, mark: str, *, kind: ReportKind | None = None) -> tuple[Placement, ...]:
        """Return where a mark is shown, of one kind of report or of all."""
        return tuple(each for each in self.places if each.mark == mark and kind in (None, each.kind))

    def symbols_of(self, mark: str) -> tuple[ItemSymbol, ...]:
        """Return the item symbols that belong to a mark."""
        return tuple(each for each in self.symbols if each.mark == mark)


def without_symbols(name: str) -> tuple[str, str]:
    """Split the symbols before an item name from the name; both in NFKC form.

    Example:
        >>> without_symbols("＊ 丙氨酸氨基转移酶"), without_symbols("白细胞")
        (('*', '丙氨酸氨基转移酶'), ('', '白细胞'))
    """
    text = tidy(name)
    rest = text.lstrip(MARKERS + " \t　")
    symbols = "".join(text[: len(text) - len(rest)].split())
    return symbols, rest


def looks_like_mark(text: str) -> bool:
    """Tell whether a whole short text looks like a mark, registered or not: a few characters, then HR.

    Example:
        >>> [looks_like_mark(text) for text in ("某地HR", "川内hr", "HR", "本报告不属于川内HR范围")]
        [True, True, True, False]
    """
    return bool(_LOOKS.fullmatch("".join(tidy(text[:100]).split())))


def legend_key(text: str) -> str:
    """Return the key by which a foot note is compared: NFKC, no white space, quotes, brackets or end stop.

    Example:
        >>> legend_key("项目名称前注“*”为互认项目。") == legend_key("项目名称前注 ＊ 为互认项目")
        True
    """
    return "".join(unicodedata.normalize("NFKC", text).split()).translate(_QUOTES).strip("。.;；,，:：!！")


def inside_area(division: str | None, area: tuple[str, ...]) -> bool | None:
    """Tell whether a GB/T 2260 division lies in one of ``area``; ``None`` when it is no six-digit code.

    Example:
        >>> inside_area("510104", ("510000",)), inside_area("500101", ("510000",)), inside_area(None, ("510000",))
        (True, False, None)
    """
    if division is None or not _DIVISION.fullmatch(division):
        return None
    return any(division.startswith(code[:2] if code.endswith("0000") else code.removesuffix("00")) for code in area)


def read_marks(path: Path, *, places: Path | None = None, symbols: Path | None = None) -> MarkRegistry:
    """Read a mark registry from its tables; without ``places`` and ``symbols`` it holds none.

    Raises:
        DataFileError: a table is broken, or the three do not fit together.
    """
    texts: dict[str, Mark] = {}
    codes: dict[str, Mark] = {}
    unconfirmed = []
    issuers: dict[str, tuple[str, ...]] = {}
    statuses: dict[str, MarkStatus] = {}
    for row in read_table(path, required=_COLUMNS, optional=("issuer",), key=("code",)):
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
        named = row.values("issuer")
        status = statuses[mark.code] = MarkStatus(row.choice("status", tuple(MarkStatus)))
        if status is MarkStatus.UNCONFIRMED:
            unconfirmed.append(mark)
            continue
        if texts.setdefault(tidy(mark.text), mark) is not mark:
            raise row.error(f"mark text {mark.text!r} stands twice")
        codes[mark.code] = mark
        if named:
            issuers[mark.code] = named
    signs = _read_symbols(symbols, codes) if symbols is not None else ()
    return MarkRegistry(
        marks=tuple(codes.values()),
        texts=texts,
        codes=codes,
        unconfirmed=tuple(unconfirmed),
        issuers=issuers,
        statuses=statuses,
        places=_read_places(places, codes, signs) if places is not None else (),
        symbols=signs,
    )


def _read_symbols(path: Path, codes: dict[str, Mark]) -> tuple[ItemSymbol, ...]:
    found = []
    for row in read_table(path, required=_SYMBOL_COLUMNS, key=("symbol", "mark")):
        symbol = row["symbol"]
        if len(symbol) != 1 or symbol not in MARKERS:
            raise row.error(f"symbol {symbol!r} is none of {MARKERS}")
        _known_mark(row, codes)
        for legend in row.values("legends"):
            if symbol not in legend:
                raise row.error(f"legend {legend!r} does not name the symbol {symbol!r}")
        found.append(
            ItemSymbol(
                symbol=symbol,
                mark=row["mark"],
                meaning=SymbolMeaning(row.choice("meaning", tuple(SymbolMeaning))),
                legends=row.values("legends"),
                note=row["note"],
                source=row["source"],
            )
        )
    return tuple(found)


def _read_places(path: Path, codes: dict[str, Mark], signs: tuple[ItemSymbol, ...]) -> tuple[Placement, ...]:
    found = []
    symbols = {(sign.mark, sign.symbol) for sign in signs}
    kinds = (ReportKind.LABORATORY.value, ReportKind.IMAGING.value)
    for row in read_table(path, required=_PLACE_COLUMNS, key=("mark", "kind", "target", "place")):
        mark = _known_mark(row, codes)
        placement = Placement(
            mark=mark.code,
            kind=ReportKind(row.choice("kind", kinds)),
            target=MarkTarget(row.choice("target", tuple(MarkTarget))),
            place=MarkPlace(row.choice("place", tuple(MarkPlace))),
            words=row["words"] or None,
            clause=row["clause"] or None,
            certainty=MarkCertainty(row.choice("certainty", tuple(MarkCertainty))),
            note=row["note"],
            source=row["source"],
        )
        if placement.certainty is not MarkCertainty.SEEN and placement.clause is None:
            raise row.error(f"certainty {placement.certainty.value!r} needs a clause")
        if (placement.place is MarkPlace.BEFORE_NAME) != (placement.target is MarkTarget.ITEM):
            raise row.error("place 'before-name' belongs to target 'item', and only to it")
        if placement.place is MarkPlace.FOOT:
            if placement.words is None and not placement.note:
                raise row.error("a foot note without words needs a note that says why")
        elif placement.words != mark.text and (
            placement.target is not MarkTarget.ITEM or (mark.code, placement.words) not in symbols
        ):
            raise row.error(f"words {row['words']!r} are neither the mark's text nor a symbol of it")
        found.append(placement)
    return tuple(found)


def _known_mark(row: Row, codes: dict[str, Mark]) -> Mark:
    mark = codes.get(row["mark"])
    if mark is None:
        raise row.error(f"mark {row['mark']!r} is not in the registry, or is unconfirmed")
    if not row["source"]:
        raise row.error("a row needs a source")
    return mark


@cache
def load_marks() -> MarkRegistry:
    """Load the packaged registry (``mappings/marks.csv`` and its two companions). Loaded once, then shared."""
    return read_marks(
        data_path("mappings", "marks.csv"),
        places=data_path("mappings", "mark_places.csv"),
        symbols=data_path("mappings", "mark_symbols.csv"),
    )
