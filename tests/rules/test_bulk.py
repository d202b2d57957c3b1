"""Columns are answered as the row engine answers their rows."""

from __future__ import annotations

import contextlib
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from fhir_hr.rules import judge
from fhir_hr.rules.bulk import codes_of, judge_table
from fhir_hr.rules.bulk.facts import FACTS, PRECISION, Form
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.tables_of import item_system_of
from fhir_hr.rules.vocabulary import BIT
from fhir_hr.testing.facts import BASE_KEYS, build
from fhir_hr.testing.shelf import Shelf
from fhir_hr.testing.vectors import Vector

KINDS = {Form.FLAG: pa.bool_(), Form.NUMBER: pa.int8(), Form.TEXT: pa.string(), Form.TIME: pa.string()}


def table_of(rows: Sequence[Mapping[str, Any]], *, dictionaries: bool = True) -> pa.Table:
    """All facts of all rows as columns; times as text."""
    columns = {}
    for name, fact in FACTS.items():
        values = [{**BASE_KEYS, **row}[name] for row in rows]
        if fact.form is Form.JSON:
            values = [json.dumps(value, ensure_ascii=False) for value in values]
        array = pa.array(values, type=KINDS.get(fact.form, pa.string()))
        columns[name] = array.dictionary_encode() if dictionaries and fact.form is not Form.FLAG else array
    return pa.table(columns)


def by_row(rows: Iterable[Mapping[str, Any]], packs: Sequence[Pack]) -> list[tuple[Any, ...]]:
    """What the row engine says: outcome, force, codes, effects, and when it may change."""
    system = item_system_of(packs[0].content)
    return [_said(build(row, item_system=system), packs) for row in rows]


def _said(case: Any, packs: Sequence[Pack]) -> tuple[Any, ...]:
    verdict = judge(case.item, case.prior, order=case.order, packs=packs, identity=case.identity)
    effects = 0
    for reason in verdict.reasons:
        effects |= BIT[reason.effect]
    expires = None if verdict.expires is None else datetime.fromisoformat(verdict.expires.iso)
    codes = tuple(dict.fromkeys(reason.code for reason in verdict.reasons))
    return verdict.outcome.value, verdict.force, codes, effects, expires


def in_bulk(table: Any, packs: Sequence[Pack], **options: Any) -> list[tuple[Any, ...]]:
    found = judge_table(table, packs=packs, expires=True, **options).to_pylist()
    return [
        (row["outcome"], row["force"], codes_of(row["reasons_0"], row["reasons_1"]), row["effects"], row["expires"])
        for row in found
    ]


def _groups(vectors: Iterable[Vector], shelf: Shelf) -> list[tuple[tuple[Pack, ...], list[Vector]]]:
    groups: dict[tuple[int, ...], tuple[tuple[Pack, ...], list[Vector]]] = {}
    for vector in vectors:
        packs = shelf.packs_of(vector)
        groups.setdefault(tuple(id(pack) for pack in packs), (packs, []))[1].append(vector)
    return list(groups.values())


def test_every_vector_is_answered_alike(all_vectors, pack_folders):
    groups = _groups(all_vectors, Shelf(pack_folders))
    differ = []
    for packs, vectors in groups:
        rows = [vector.facts for vector in vectors]
        for vector, bulk, row in zip(vectors, in_bulk(table_of(rows), packs), by_row(rows, packs), strict=True):
            if bulk != row:
                differ.append((vector.where, vector.name, bulk, row))
    assert not differ
    assert len(all_vectors) > 300
    assert max(len(vectors) for _, vectors in groups) > 20


# -- generated candidates --------------------------------------------------------------------------


def _pools(vectors: Iterable[Vector]) -> dict[str, list[Any]]:
    """Every value that any vector has, by fact, and some that none has."""
    pools: dict[str, dict[str, Any]] = defaultdict(dict)
    for vector in vectors:
        for name, value in vector.facts.items():
            pools[name][json.dumps(value, sort_keys=True)] = value
    found = {name: list(values.values()) for name, values in pools.items()}
    for side in ("order", "prior"):
        found[f"{side}.tier"] = [None, 0, 1, 2, 3]
        found[f"{side}.grade"] = [None, "特", "甲", "乙", "丙"]
        found[f"{side}.ownership"] = [None, "public", "private"]
        found[f"{side}.type"] = [None, "hospital", "independent-laboratory", "imaging-centre", "primary-care"]
        found[f"{side}.alliances"] = [None, [], ["A"], ["A", "B"], ["C"]]
        found[f"{side}.division"] += [None, "", "51", "5101ab", "510104", "140105", "420106", "320102", "110101"]
        found[f"{side}.item"] += [None, "x", "urn:other|x", "|x"]
        found[f"{side}.unit"] = [None, "", "U/L", "u / l", "Ｕ/Ｌ", "mg/L"]
        found[f"{side}.method"] = [None, "", " \u3000", "速率法", " 速 率 法", "比色法"]
        found[f"{side}.reference"] = [None, "", "\x1c", "9-50", "9 - 50", "0-40"]
        found[f"{side}.encounter"] = [None, "", "v1", "v2"]
        found[f"{side}.institution"] = [*found[f"{side}.institution"], ""]
        found[f"{side}.codings"] += [[], ["urn:a|1"], ["urn:a|1", "urn:a|2"], ["|1"]]
    for name in ("name", "patient_name", "value", "specimen_text", "device_model"):
        found[f"prior.{name}"] = [None, "", " ", "\u3000", "\u2003x", "\x1f", "甲", "35", "~"]
    found["prior.evidence"] += [[*one, *two] for one in found["prior.evidence"] for two in found["prior.evidence"]][:40]
    return found


TIMES = (
    *("0001-01-01", "9999-12-31", "2022", "2026-08", "2026-13", "2026-02-30", "2026-08-19", "2026-08-20"),
    *("2026-08-20T10:00:00+08:00", "2026-08-20T09+08:00", "2026-08-20T10:00+08:00", "2026-08-20T02:00:00.5+00:00"),
    *("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00", "2026-08-21T00:00:00+08:00"),
    "2026-08-13T10:00:00.000001+08:00",
)


def _generate(rows: int, bases: Sequence[Vector], pools: Mapping[str, list[Any]], *, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    names = list(pools)
    found = []
    for _ in range(rows):
        facts = dict(chance.choice(bases).facts)
        for name in chance.sample(names, chance.choice((0, 1, 1, 2, 3, 8, 30))):
            facts[name] = chance.choice(pools[name])
        for name in ("order.at", "prior.performed", "prior.reported"):
            if chance.random() < 0.3:
                facts[name] = chance.choice(TIMES if chance.random() < 0.5 else pools[name])
            elif facts[name] is not None and chance.random() < 0.3:
                facts[name] = _shifted(facts[name], chance)
        facts["order.at"] = facts["order.at"] or "2026-08-20T10:00:00+08:00"
        found.append(facts)
    return found


def _shifted(text: str, chance: random.Random) -> str:
    if len(text) < 19 or text[:4] in ("0001", "9999"):
        return text
    by = timedelta(days=chance.choice((0, 1, -1, 7, 30, 60, -30)), seconds=chance.choice((0, 1, -1, 3600)))
    with contextlib.suppress(ValueError):
        return (datetime.fromisoformat(text) + by).isoformat()
    return text


def test_generated_candidates_are_answered_alike(all_vectors, pack_folders):
    pools = _pools(all_vectors)
    shelf = Shelf(pack_folders)
    groups = _groups(all_vectors, shelf)
    chance = random.Random(4)
    sets = [packs for packs, _ in groups]
    sets += [
        tuple(shelf.pack(name) for name in chance.sample(shelf.ids, chance.randint(2, len(shelf.ids))))
        for _ in range(12)
    ]
    total, outcomes = 0, set()
    for seed, packs in enumerate(sets):
        own = [vector for vector in all_vectors if {*vector.packs} & {pack.ref.id for pack in packs}]
        rows = _generate(max(120, 20_000 // len(sets) + 1), own, pools, seed=seed)
        for facts, bulk, row in zip(rows, in_bulk(table_of(rows), packs), by_row(rows, packs), strict=True):
            assert bulk == row, (packs, facts)
            outcomes.add(row[0])
        total += len(rows)
    assert total >= 20_000
    assert outcomes == {"must", "may", "not", "indeterminate"}
