"""Recognised items: which item of a list does a sender's code, name or LOINC mean?

Exact matches on normalised words only, never on parts of words: 总胆固醇 is not 高密度脂蛋白胆固醇, and CK is
not CK-MB. Two answers are no answer. A name says nothing of the specimen (白细胞 also stands on a urine
report), so whoever uses a match compares the report's specimen with :attr:`ItemRow.specimens`.
"""

from __future__ import annotations

import msgspec

from fhir_hr.mapping.canonical import ITEM_SYSTEM, LOINC
from fhir_hr.mapping.text import fold, fold_name
from fhir_hr.model.codes import Code
from fhir_hr.model.lab import Scale

__all__ = ["ItemMatch", "ItemRow", "ItemTable", "LoincRow", "PanelMember", "SynonymHit"]


class LoincRow(msgspec.Struct, frozen=True, kw_only=True):
    """A LOINC code of an item.

    Attributes:
        code: the LOINC Coding, with its long common name as display.
        property: LOINC property: ``MCnc``, ``SCnc``, ``NCnc``, ``CCnc``, ``ACnc``, ``PrThr``.
        scale: 定量/定性.
        general: whether it says nothing beyond item, specimen, property and scale (no method): the code to
            write when the method is not known.
    """

    code: Code
    property: str
    scale: Scale
    general: bool
    source: str


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """One recognised item as the list writes it, with what the tables know of it.

    Attributes:
        seq: its number on the list.
        list_uri, list_version: the list it stands on.
        authority: who issued the list.
        specimens: accepted specimen kinds (``blood``, ``serum``, ``plasma``); see ``specimen_source``.
        loincs: its LOINC codes, one per property, scale and method.
        units: UCUM codes that laboratories commonly report it in.
        note: the list's own remark.
        source: where the row comes from.
    """

    code: Code
    name_zh: str
    abbrev: str
    name_en: str
    seq: int
    list_uri: str
    list_version: str
    authority: str
    specimens: tuple[str, ...]
    specimen_source: str
    loincs: tuple[LoincRow, ...]
    units: tuple[str, ...]
    note: str
    source: str


class SynonymHit(msgspec.Struct, frozen=True, kw_only=True):
    """What one word means: the items, how sure, and the scale it states (``HBsAg定量``)."""

    items: tuple[Code, ...]
    certain: bool
    scale: Scale | None = None


class ItemMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of :meth:`ItemTable.find`.

    Attributes:
        item: the item, when exactly one is certain.
        candidates: what it might be, for a person to decide; empty when ``item`` is set.
        scale: 定量/定性, when the LOINC code or the matched word states it.
    """

    item: Code | None = None
    candidates: tuple[Code, ...] = ()
    scale: Scale | None = None


class PanelMember(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a panel: a recognised item, or ``None`` with a name only."""

    item: Code | None
    name: str
    abbreviation: str | None = None


_NO_MATCH = ItemMatch()
_PRESENCE = frozenset({"PrThr"})


class ItemTable(msgspec.Struct, frozen=True, kw_only=True):
    """The recognised items with their words; made by :func:`fhir_hr.mapping.items.load_items`.

    Example:
        >>> from fhir_hr.mapping.items import load_items
        >>> load_items().find(code="0301013", name="*丙氨酸氨基转移酶", abbreviation="ALT").item.code
        'cn-51-lab-12'
        >>> load_items().find(code="0301099", name="尿微量白蛋白", abbreviation="mAlb").item is None
        True
    """

    items: tuple[ItemRow, ...]
    by_code: dict[str, ItemRow]
    by_loinc: dict[str, tuple[Code, Scale]]
    by_name: dict[str, SynonymHit]
    by_abbreviation: dict[str, SynonymHit]
    panels: dict[str, tuple[PanelMember, ...]]
    unit_kinds: dict[str, frozenset[str]]
    """UCUM code to the LOINC properties that it measures."""
    off_list: dict[str, Code] = {}
    """Folded name to a code of :data:`OFF_LIST_SYSTEM`, for panel members that stand on no list."""

    def unlisted(self, name: str) -> Code | None:
        """Return a code for a test that is known by this whole name and stands on no list, or ``None``.

        "Not on the list" and "not mapped" are different answers: the first is a fact, the second is unknown.

        Example:
            >>> from fhir_hr.mapping.items import load_items
            >>> load_items().unlisted("平均红细胞体积").code, load_items().unlisted("白细胞计数")
            ('平均红细胞体积', None)
        """
        return self.off_list.get(fold_name(name)) if name else None

    def find(
        self,
        *,
        code: str = "",
        system: str | None = None,
        name: str = "",
        abbreviation: str | None = None,
        loinc: str | None = None,
    ) -> ItemMatch:
        """Find the item that a sender's code means.

        A code of the item system itself is the item. A stated LOINC code decides: an unlisted one is another
        test, whatever the name says, and one that contradicts a known name gives both as candidates. Without
        LOINC the name decides; an abbreviation (or a local code that is one) decides only when there is no
        other name. A name
        that no table knows beside an abbreviation that one does gives a candidate: 尿白细胞 (WBC) is not WBC.

        Args:
            code: the sender's code.
            system: its system, where known.
            name: the sender's name of it.
            abbreviation: the sender's abbreviation.
            loinc: a LOINC code that is believed (``code`` itself is taken when ``system`` is LOINC).
        """
        if system == ITEM_SYSTEM:
            row = self.by_code.get(code)
            return ItemMatch(item=row.code) if row else _NO_MATCH
        words = self._by_words(code="" if system == LOINC else code, name=name, abbreviation=abbreviation)
        stated = loinc or (code if system == LOINC else None)
        return self._with_loinc(stated, words) if stated else words

    def item(self, code: Code | str) -> ItemRow | None:
        """Return the row of an item code, or ``None``."""
        if isinstance(code, Code):
            return self.by_code.get(code.code) if code.system in (None, ITEM_SYSTEM) else None
        return self.by_code.get(code)

    def panel(self, name_or_code: str) -> tuple[PanelMember, ...] | None:
        """Return the members of a panel by its code or one of its names, or ``None``.

        Example:
            >>> from fhir_hr.mapping.items import load_items
            >>> sum(member.item is not None for member in load_items().panel("血常规"))
            4
        """
        return self.panels.get(fold_name(name_or_code))

    def loinc_for(self, item: Code, *, ucum: str | None, scale: Scale | None) -> Code | None:
        """Return the LOINC code that fits an item's unit and scale when no method is known.

        ``None`` when the unit does not tell the property, or when no listed code is certain.
        """
        row = self.by_code.get(item.code)
        if row is None:
            return None
        measured = self.unit_kinds.get(ucum or "", frozenset())
        wanted = _PRESENCE if scale == Scale.QUALITATIVE else measured
        found = [loinc.code for loinc in row.loincs if loinc.general and loinc.property in wanted]
        return found[0] if len(found) == 1 else None

    def _by_words(self, *, code: str, name: str, abbreviation: str | None) -> ItemMatch:
        name_key = fold_name(name)
        short = [fold(word) for word in (abbreviation, code) if word]
        hits = [hit for word in short if (hit := self.by_abbreviation.get(word))]
        named = self.by_name.get(name_key) if name_key else None
        if named is None and (not name_key or name_key in short):
            named = self.by_abbreviation.get(name_key) if name_key else None
            return _one(hits if named is None else [named, *hits])
        if named is None:
            named = self.by_abbreviation.get(name_key)
        if named is None:
            return ItemMatch(candidates=_codes(hits))
        return _one([named, *hits])

    def _with_loinc(self, stated: str, words: ItemMatch) -> ItemMatch:
        known = self.by_loinc.get(stated)
        named = (words.item, *words.candidates) if words.item else words.candidates
        if known is None:
            return ItemMatch(candidates=named)
        item, scale = known
        if words.item and words.item != item:
            return ItemMatch(candidates=(item, words.item))
        return ItemMatch(item=item, scale=scale)


def _codes(hits: list[SynonymHit]) -> tuple[Code, ...]:
    return tuple(dict.fromkeys(code for hit in hits for code in hit.items))


def _one(hits: list[SynonymHit]) -> ItemMatch:
    codes = _codes(hits)
    if not codes:
        return _NO_MATCH
    if len(codes) > 1 or not all(hit.certain for hit in hits):
        return ItemMatch(candidates=codes)
    scales = {hit.scale for hit in hits if hit.scale}
    return ItemMatch(item=codes[0], scale=scales.pop() if len(scales) == 1 else None)
