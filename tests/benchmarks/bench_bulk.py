"""Millions of candidates as Arrow columns, beside a hand-written numpy function and the row engine, in one run.

Run: ``python tests/benchmarks/bench_bulk.py [--rows N]``. The pack is Sichuan's with 300 items (own limits of days), 2,000
institutions, suspensions and quality lists; the candidates are synthetic, mixed, over two years, some of their times of
partial precision. All three start from the same Arrow table, so building columns counts. The numpy function answers
outcome and reason masks for this one pack and nothing else, and is checked row by row against the bulk path; the row
engine judges a sample of candidates that are built already. Prints wall time, rows/s, ratios and memory. No timed assertion.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from fhir_hr.rules import builtin_pack, judge
from fhir_hr.rules.bulk import BulkJudge, judge_batches, mask_of
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.tables_of import with_rows

ITEMS, PLACES = 300, 2_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
DAY = 86_400_000_000
EAST = 8 * 3_600_000_000


def day(number: int) -> str:
    return (datetime(2024, 6, 1) + timedelta(days=number)).date().isoformat()


def place(number: int) -> str:
    return f"T{number:016}X"


def make_pack() -> Pack:
    chance = np.random.default_rng(7)
    base = builtin_pack()
    specimens = (("serum", "plasma"), ("serum", "plasma", "whole-blood"), ())
    items = [
        {
            "code": f"i{n:03}",
            "name_zh": f"项目{n}",
            "abbreviation": "",
            "clause": base.content.items[0].clause,
            "specimens": specimens[n % 3],
            "window_days": (7, 30, 60, None)[n % 4],
            "start": day(int(chance.integers(0, 500))) if n % 5 == 0 else None,
        }
        for n in range(ITEMS)
    ]
    places = [
        {"uscc": place(n), "name": f"医院{n}", "start": day(int(chance.integers(0, 700))) if n % 3 == 0 else None}
        for n in range(PLACES - 50)
    ]
    stops = [
        {"uscc": place(17 * n), "item": f"i{n:03}" if n % 2 else None, "start": day(300 + n), "end": day(360 + n)}
        for n in range(100)
    ]
    proofs = [
        {"uscc": place(13 * n), "type": "eqa", "result": "failed" if n % 4 == 0 else "passed", "item": f"i{n % 40:03}",
         "start": day(200), "end": day(565)}
        for n in range(150)
    ]
    return with_rows(
        base, items=items, institutions=places, suspensions=stops, quality=proofs, institutions_state="complete"
    )


def words(chance: Any, rows: int, values: list[Any], weights: list[float] | None = None) -> Any:
    """A dictionary-encoded text column; ``None`` among the values is null."""
    share = None if weights is None else np.array(weights) / sum(weights)
    codes = chance.choice(len(values), size=rows, p=share).astype(np.int32)
    return encoded(codes, values)


def encoded(codes: Any, values: list[Any]) -> Any:
    if None not in values:
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(values))
    gap = values.index(None)
    kept = [value for value in values if value is not None]
    codes = np.where(codes > gap, codes - 1, np.where(codes == gap, -1, codes)).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(kept))


def flags(chance: Any, rows: int, weights: tuple[float, float, float]) -> Any:
    codes = chance.choice(3, size=rows, p=np.array(weights) / sum(weights))
    return pa.array(codes == 1, mask=codes == 2)


def make_table(rows: int, *, seed: int = 1) -> pa.Table:
    chance = np.random.default_rng(seed)
    codes = [f"i{n:03}" for n in range(ITEMS)]
    item = chance.integers(0, ITEMS, rows)
    other = chance.random(rows)
    prior_item = np.where(other < 0.06, chance.integers(0, ITEMS + 1, rows), item)
    mine, theirs = chance.integers(0, PLACES, rows), chance.integers(0, PLACES, rows)
    theirs = np.where(chance.random(rows) < 0.03, mine, theirs)
    divisions = [f"51{n:02}{n % 9:02}" for n in range(1, 21)] + ["500101", "420106", None]
    live = np.random.default_rng(5).choice(len(divisions), PLACES, p=np.array([1.0] * 20 + [0.6, 0.3, 0.3]) / 21.2)
    start = (datetime(2025, 1, 1, tzinfo=UTC) - EPOCH) // MICRO
    at = start + chance.integers(0, 730 * 86_400, rows) * 1_000_000
    age = (chance.exponential(15, rows) * 86_400).astype(np.int64) * 1_000_000
    performed = at - age
    reported = performed + chance.integers(0, 30 * 3_600, rows) * 1_000_000
    precision = chance.choice(4, rows, p=[0.94, 0.04, 0.01, 0.01]).astype(np.int8)
    none = chance.random(rows) < 0.01
    stamp = pa.timestamp("us", tz="UTC")
    proof = [None] + [
        json.dumps([{"type": kind, "result": result, "from": day(d), "to": day(d + 365)}])
        for kind in ("eqa", "iqc")
        for result in ("passed", "passed", "failed", "not-assessed")
        for d in (0, 200, 400)
    ]
    values = chance.integers(1, 9_999, rows).astype(str)
    return pa.table(
        {
            "identity": words(chance, rows, ["same", "unknown", "different"], [96, 3, 1]),
            "order.at": pa.array(at, type=stamp),
            "order.institution": encoded(mine.astype(np.int32), [place(n) for n in range(PLACES)]),
            "order.division": encoded(live[mine].astype(np.int32), divisions),
            "order.item": encoded(item.astype(np.int32), codes),
            "order.specimen": words(chance, rows, [None, "serum", "urine"], [80, 18, 2]),
            "order.exclusions": words(chance, rows, [None, '[{"case":"1"}]', '[{"case":"99"}]'], [97, 2, 1]),
            "prior.institution": encoded(theirs.astype(np.int32), [place(n) for n in range(PLACES)]),
            "prior.division": encoded(live[theirs].astype(np.int32), divisions),
            "prior.item": encoded(prior_item.astype(np.int32), [*codes, None]),
            "prior.name": encoded(item.astype(np.int32), [f"项目{n}" for n in range(ITEMS)]),
            "prior.patient_name": pa.array(np.char.add("患", values)),
            "prior.status": words(chance, rows, ["final", "corrected", "preliminary", "unknown"], [93, 3, 3, 1]),
            "prior.report_status": words(chance, rows, ["final", "amended", "partial"], [96, 2, 2]),
            "prior.superseded": flags(chance, rows, (90, 1, 9)),
            "prior.performed": pa.array(performed, type=stamp, mask=none),
            "prior.performed.precision": encoded(precision, ["second", "day", "minute", "month"]),
            "prior.reported": pa.array(reported, type=stamp),
            "prior.specimen": words(chance, rows, ["serum", "plasma", "urine", None], [80, 12, 4, 4]),
            "prior.method": words(chance, rows, [None, *(f"方法{n}" for n in range(40))], [2] + [2.4] * 40),
            "prior.value": pa.array(values),
            "prior.reference": words(chance, rows, [None, *(f"{n}-{n + 50}" for n in range(200))], [2] + [0.5] * 200),
            "prior.mark": words(chance, rows, ["chuannei-hr", "chuanyu-hr", "e-hr", None], [65, 8, 3, 24]),
            "prior.mark_known": flags(chance, rows, (4, 96, 0)),
            "prior.starred": flags(chance, rows, (8, 82, 10)),
            "prior.evidence": words(chance, rows, proof, [60] + [1.6] * (len(proof) - 1)),
        }
    )
