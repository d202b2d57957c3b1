"""Replaced tables for generated cases: a few for each pack, with periods around the times of the cases."""

from __future__ import annotations

from random import Random
from typing import Any

from fhir_hr.errors import PackError
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.tables_of import replace_tables
from fhir_hr.rules.vocabulary import CheckKind, ListState

__all__ = ["ALLIANCES", "INSTITUTIONS", "SHARED_SYSTEM", "shared_code", "table_variants"]

INSTITUTIONS = ("T510104000000000I", "T510703000000000R", "T140100000000000A", "T320100000000000B")
ALLIANCES = ("alliance-1", "alliance-2")

SHARED_SYSTEM = "urn:example:shared-items"
"""System of items that several packs list, so that their limits can differ for one item."""

_VARIANTS = 10
_DAYS = (None, "2026", "2026-08", "2026-08-09", "2026-08-10", "2026-08-19", "2026-08-20", "2025-01-01")
_ITEMS = 4


def table_variants(content: PackContent, chance: Random) -> list[dict[str, Any]]:
    """Return some sets of replaced tables for a pack, each of which the pack accepts."""
    found: list[dict[str, Any]] = []
    for n in range(_VARIANTS * 3):
        tables = _tables(content, chance, shared=n % 5 == 0)
        if tables and len(found) < _VARIANTS and _fits(content, tables):
            found.append(tables)
    return found


def _fits(content: PackContent, tables: dict[str, Any]) -> bool:
    try:
        replace_tables(content, dict(tables))
    except PackError:
        return False
    return True


def _tables(content: PackContent, chance: Random, *, shared: bool) -> dict[str, Any]:
    kinds = {kind_of(spec) for spec in content.checks}
    tables: dict[str, Any] = {}
    if shared or chance.random() < (0.8 if content.list_state is ListState.ABSENT else 0.1):
        tables["items"] = [_item(content, n, chance, shared=shared) for n in range(1, _ITEMS)]
        if shared:
            tables["item_system"] = SHARED_SYSTEM
    codes = [row["code"] for row in tables["items"]] if "items" in tables else [row.code for row in content.items]
    if kinds & {CheckKind.INSTITUTION, CheckKind.DIRECTION} and chance.random() < 0.7:
        tables["institutions"] = _some(INSTITUTIONS, chance, _institution)
        tables["alliances"] = _some(INSTITUTIONS, chance, _member)
    if CheckKind.INSTITUTION in kinds and chance.random() < 0.5:
        tables["suspensions"] = [_of_item({"uscc": chance.choice(INSTITUTIONS)}, codes, chance, needed=False)]
    if CheckKind.QUALITY in kinds and chance.random() < 0.5:
        tables["quality"] = [_quality(codes, chance) for _ in range(chance.randint(1, 3))]
    if CheckKind.NEGATIVE_LIST in kinds and codes and chance.random() < 0.8:
        tables["negative"] = [_period({"item": code}, chance) for code in codes[:_ITEMS] if chance.random() < 0.7]
    if content.exclusions and chance.random() < 0.3:
        cases = [case.case for case in content.exclusions]
        row = {"case": chance.choice(cases), "reason": "review"}
        tables["weaken"] = [_of_item(row, codes, chance, needed=False)]
        receiver = chance.choice(INSTITUTIONS)
        tables["overlays"] = [{"overlay": "hospital", "version": "1", "institution": receiver}]
    return tables


def _some(names: tuple[str, ...], chance: Random, make: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [make(name, chance) for name in names if chance.random() < 0.7]


def _period(row: dict[str, Any], chance: Random) -> dict[str, Any]:
    start, end = chance.choice(_DAYS), chance.choice(_DAYS)
    row = {key: value for key, value in row.items() if value is not None}
    if start is not None:
        row["start"] = start
    if end is not None and (start is None or end[:4] >= start[:4]):
        row["end"] = end
    return row


def _of_item(row: dict[str, Any], codes: list[str], chance: Random, *, needed: bool) -> dict[str, Any]:
    if codes and (needed or chance.random() < 0.5):
        row["item"] = chance.choice(codes[:_ITEMS])
    return _period(row, chance)


def _institution(uscc: str, chance: Random) -> dict[str, Any]:
    row = {
        "uscc": uscc,
        "name": uscc,
        "tier": chance.choice((None, 1, 2, 3)),
        "grade": chance.choice((None, "甲", "乙")),
        "ownership": chance.choice((None, "public", "private")),
        "type": chance.choice((None, "hospital", "independent-laboratory")),
        "division": chance.choice((None, "510104", "140105")),
        "assessed_from": chance.choice((None, "2026-08-10", "2026-08-11")),
    }
    return _period(row, chance)


def _member(uscc: str, chance: Random) -> dict[str, Any]:
    return _period({"alliance": chance.choice(ALLIANCES), "uscc": uscc}, chance)


def _quality(codes: list[str], chance: Random) -> dict[str, Any]:
    row = {
        "uscc": chance.choice(INSTITUTIONS),
        "type": chance.choice(("eqa", "iqc", "assessment")),
        "result": chance.choice(("passed", "failed", "not-assessed")),
    }
    return _of_item(row, codes, chance, needed=False)


def shared_code(number: int) -> str:
    """Return the code of an item that several packs may list."""
    return f"shared-{number:02}"


def _item(content: PackContent, number: int, chance: Random, *, shared: bool) -> dict[str, Any]:
    code = shared_code if shared else lambda n: f"{content.pack}-{n:02}"
    row = {
        "code": code(number),
        "name_zh": f"项目{number}",
        "abbreviation": "",
        "clause": content.documents[0].clauses[0].id,
        "window_days": chance.choice((None, 7, 10, 30)),
        "specimens": chance.choice(((), ("serum", "plasma"))),
        "includes": (code(number - 1),) if number > 1 and chance.random() < 0.5 else (),
    }
    if "imaging" in content.kinds:
        row |= {
            "specimens": (),
            "modality": chance.choice((None, "CT", "DR")),
            "body_part": chance.choice((None, "chest", "knee")),
            "side": chance.choice((None, "left")),
            "contrast": chance.choice((None, "plain", "plain-and-enhanced")),
        }
    return _period({key: value for key, value in row.items() if value is not None}, chance)
