"""Columns are answered as the row engine answers their rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
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
