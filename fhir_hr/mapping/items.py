"""Loading the recognised items: ``mappings/items/*.csv`` to one :class:`ItemTable`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.canonical import ITEM_SYSTEM, LOINC, OFF_LIST_SYSTEM
from fhir_hr.mapping.item_table import ItemMatch, ItemRow, ItemTable, LoincRow, PanelMember, SynonymHit
from fhir_hr.mapping.loinc import is_loinc
from fhir_hr.mapping.specimens import load_specimens
from fhir_hr.mapping.tables import Row, read_table
from fhir_hr.mapping.text import fold_name
from fhir_hr.mapping.units import load_units
from fhir_hr.model.codes import Code
from fhir_hr.model.lab import Scale

__all__ = ["ItemMatch", "ItemRow", "ItemTable", "LoincRow", "PanelMember", "SynonymHit", "load_items"]

_ITEM_COLUMNS = (
    "code", "seq", "name_zh", "abbrev", "name_en", "list_uri", "list_version", "authority", "specimens",
    "specimen_source", "units", "unit_source", "note", "source",
)  # fmt: skip
_CODE_COLUMNS = ("item", "kind", "value", "scale", "display", "property", "general", "source")
_PANEL_COLUMNS = ("panel", "name_zh", "synonyms", "seq", "item", "member", "abbreviation", "source")
_KINDS = ("loinc", "synonym", "abbreviation", "doubtful-synonym", "doubtful-abbreviation")
_PROPERTIES = ("MCnc", "SCnc", "NCnc", "CCnc", "ACnc", "PrThr")
_SCALES = ("", *(scale.value for scale in Scale))
_ITEM_CODE = re.compile(r"cn-51-lab-\d\d")


@cache
def load_items(*folders: Path) -> ItemTable:
    """Load the packaged items (``mappings/items``). Loaded once per set of folders, then shared.

    Args:
        folders: a hospital's own folders; each may hold an ``item_codes.csv`` with further words and LOINC codes
            of the listed items, and a ``panels.csv``, whose panels replace packaged ones of the same code or name.

    Raises:
        DataFileError: a table is broken; see :func:`read_items`.
    """
    return read_items(data_path("mappings", "items"), *folders)


def read_items(base: Path, *folders: Path) -> ItemTable:
    """Read ``cn-51-lab.csv``, ``item_codes.csv`` and ``panels.csv`` of a folder, and add those of further ones.

    Raises:
        DataFileError: a table is broken, a row has no source, names an item, specimen kind or unit that does
            not exist, a LOINC code fails its check digit, a word stands twice, or a folder holds neither table.
    """
    item_rows = read_table(base / "cn-51-lab.csv", required=_ITEM_COLUMNS, key=("code",))
    codes = {row["code"]: Code(system=ITEM_SYSTEM, code=row["code"], display=row["name_zh"]) for row in item_rows}
    code_rows: list[Row] = []
    names: dict[str, str] = {}
    members: dict[str, tuple[PanelMember, ...]] = {}
    for folder in (base, *folders):
        words, panels = folder / "item_codes.csv", folder / "panels.csv"
        if folder is not base and not words.exists() and not panels.exists():
            raise DataFileError("holds neither item_codes.csv nor panels.csv", file=folder.name)
        if folder is base or words.exists():
            code_rows += read_table(words, required=_CODE_COLUMNS, key=("item", "kind", "value"))
        if folder is base or panels.exists():
            _read_panels(panels, codes, names=names, members=members)
    for row in code_rows:
        _check_code_row(row, codes)
    loincs = _read_loincs(code_rows)
    items = tuple(_item(row, codes, loincs.get(row["code"], ())) for row in item_rows)
    return ItemTable(
        items=items,
        by_code={item.code.code: item for item in items},
        by_loinc={loinc.code.code: (item.code, loinc.scale) for item in items for loinc in item.loincs},
        by_name=_words(code_rows, codes, suffix="synonym"),
        by_abbreviation=_words(code_rows, codes, suffix="abbreviation"),
        panels={word: members[panel] for word, panel in names.items()},
        unit_kinds=load_units().kinds,
        off_list=_off_list(members),
    )


def _off_list(members: dict[str, tuple[PanelMember, ...]]) -> dict[str, Code]:
    """The panel members that stand on no list, by folded name; a name that is also a listed one is left out."""
    listed = {fold_name(one.name) for panel in members.values() for one in panel if one.item is not None}
    return {
        key: Code(system=OFF_LIST_SYSTEM, code=one.name)
        for panel in members.values()
        for one in panel
        if one.item is None and (key := fold_name(one.name)) not in listed
    }


def _item(row: Row, codes: dict[str, Code], loincs: tuple[LoincRow, ...]) -> ItemRow:
    if not _ITEM_CODE.fullmatch(row["code"]):
        raise row.error(f"item code {row['code']!r} is not of the form cn-51-lab-NN")
    if not row["seq"].isascii() or not row["seq"].isdigit():
        raise row.error(f"column 'seq' is {row['seq']!r}, not a number")
    known_kinds, known_units = load_specimens().kinds, load_units()
    for kind in row.values("specimens"):
        if kind not in known_kinds:
            raise row.error(f"unknown specimen kind {kind!r}")
    for unit in row.values("units"):
        if not known_units.is_ucum(unit):
            raise row.error(f"{unit!r} is not a known UCUM code")
    for what, because in (("specimens", "specimen_source"), ("units", "unit_source"), ("code", "source")):
        if row[what] and not row[because]:
            raise row.error(f"column '{what}' is filled without '{because}'")
    return ItemRow(
        code=codes[row["code"]],
        name_zh=row["name_zh"],
        abbrev=row["abbrev"],
        name_en=row["name_en"],
        seq=int(row["seq"]),
        list_uri=row["list_uri"],
        list_version=row["list_version"],
        authority=row["authority"],
        specimens=row.values("specimens"),
        specimen_source=row["specimen_source"],
        loincs=loincs,
        units=row.values("units"),
        note=row["note"],
        source=row["source"],
    )


def _check_code_row(row: Row, codes: dict[str, Code]) -> None:
    if row["item"] not in codes:
        raise row.error(f"unknown item {row['item']!r}")
    kind = row.choice("kind", _KINDS)
    row.choice("scale", _SCALES)
    if not row["value"] or not row["source"]:
        raise row.error("a row needs a value and a source")
    if kind != "loinc":
        if row["property"] or row["general"] or row["display"]:
            raise row.error(f"display, property and general belong to loinc rows only, not to {kind}")
        return
    if not is_loinc(row["value"]):
        raise row.error(f"{row['value']!r} is not a LOINC code (form or check digit)")
    row.choice("property", _PROPERTIES)
    row.choice("general", ("yes", "no"))
    if not row["scale"] or not row["display"]:
        raise row.error("a loinc row needs scale and display")


def _read_loincs(rows: list[Row]) -> dict[str, tuple[LoincRow, ...]]:
    found: dict[str, tuple[LoincRow, ...]] = {}
    owner: dict[str, str] = {}
    for row in rows:
        if row["kind"] != "loinc":
            continue
        if owner.setdefault(row["value"], row["item"]) != row["item"]:
            raise row.error(f"LOINC {row['value']} already belongs to {owner[row['value']]}")
        loinc = LoincRow(
            code=Code(system=LOINC, code=row["value"], display=row["display"]),
            property=row["property"],
            scale=Scale(row["scale"]),
            general=row["general"] == "yes",
            source=row["source"],
        )
        found[row["item"]] = (*found.get(row["item"], ()), loinc)
    return found


def _words(rows: list[Row], codes: dict[str, Code], *, suffix: str) -> dict[str, SynonymHit]:
    table: dict[str, SynonymHit] = {}
    for row in rows:
        if not row["kind"].endswith(suffix):
            continue
        key = fold_name(row["value"])
        hit = SynonymHit(
            items=(codes[row["item"]],),
            certain=row["kind"] == suffix,
            scale=Scale(row["scale"]) if row["scale"] else None,
        )
        before = table.get(key)
        if before and hit.items[0] in before.items:
            raise row.error(f"{row['value']!r} reads the same as an earlier {suffix} of {row['item']}")
        if before:
            hit = SynonymHit(items=(*before.items, *hit.items), certain=False)
        table[key] = hit
    return table


def _read_panels(
    path: Path, codes: dict[str, Code], *, names: dict[str, str], members: dict[str, tuple[PanelMember, ...]]
) -> None:
    """Add the panels of one file to ``names`` (folded name to panel) and ``members`` (panel to members)."""
    own_members: dict[str, list[PanelMember]] = {}
    own_names: dict[str, str] = {}
    for row in read_table(path, required=_PANEL_COLUMNS, key=("panel", "seq")):
        if row["item"] and row["item"] not in codes:
            raise row.error(f"unknown item {row['item']!r}")
        if not row["member"] or not row["source"]:
            raise row.error("a row needs a member and a source")
        for word in (row["panel"], row["name_zh"], *row.values("synonyms")):
            owner = own_names.setdefault(fold_name(word), row["panel"])
            if owner != row["panel"]:
                raise row.error(f"panel name {word!r} already belongs to {owner}")
        member = PanelMember(item=codes.get(row["item"]), name=row["member"], abbreviation=row["abbreviation"] or None)
        own_members.setdefault(row["panel"], []).append(member)
    names.update(own_names)
    members.update({panel: tuple(listed) for panel, listed in own_members.items()})
