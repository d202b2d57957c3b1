"""Millions of candidates as Arrow columns, beside a hand-written numpy function and the row engine, in one run.

Run: ``python tests/benchmarks/bench_bulk.py [--rows N ...] [--times N]``. The pack is Sichuan's with 300 items (own
limits of days), 2,000 institutions, suspensions and quality lists; the candidates are synthetic, mixed, over two years,
some of their times of partial precision. All start from the same Arrow table, so building columns counts. The numpy
function answers outcome and reason masks for this one pack and nothing else, and is compared row by row with the bulk
path; the row engine judges a sample of candidates that are built already. Prints CPU time (all run on one thread),
rows/s, the ratio to the numpy function, wall time and memory. No timed assertion.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psutil
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
        {
            "uscc": place(13 * n),
            "type": "eqa",
            "result": "failed" if n % 4 == 0 else "passed",
            "item": f"i{n % 40:03}",
            "start": day(200),
            "end": day(565),
        }
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


# -- by hand: this one pack, no other ---------------------------------------------------------------


def _bit(code: str) -> tuple[int, int]:
    return mask_of([code])


class ByHand:
    """What one would write in numpy for this pack alone: tables made once, then one pass over the columns."""

    def __init__(self, pack: Pack) -> None:
        content = pack.content
        far = 1 << 62
        self.items = {row.code: n for n, row in enumerate(content.items)}
        self.limit = np.array([far if row.window_days is None else row.window_days * DAY for row in content.items])
        self.listed = np.array([-far if row.start is None else _midnight(row.start) for row in content.items])
        self.specimens = [frozenset(row.specimens) for row in content.items]
        self.places = {row.uscc: n for n, row in enumerate(content.institutions)}
        self.since = np.array([-far if row.start is None else _midnight(row.start) for row in content.institutions])
        self.stops = [
            (row.uscc, row.item, _midnight(row.start), _midnight(row.end) + DAY) for row in content.suspensions
        ]
        self.proofs = [
            (row.uscc, row.item, row.result, _midnight(row.start), _midnight(row.end) + DAY) for row in content.quality
        ]
        self.areas = {mark.code: tuple(code[:2] for code in mark.covers) for mark in content.marks}

    def __call__(self, table: pa.Table) -> tuple[Any, Any, Any]:
        found = [self._batch(batch) for batch in table.to_batches(max_chunksize=1 << 18)]
        return tuple(np.concatenate(part) for part in zip(*found, strict=True))

    def _batch(self, b: Any) -> tuple[Any, Any, Any]:
        n = b.num_rows
        low, high = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.uint64)
        block, unsure, weak = np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)

        def say(where: Any, code: str, effect: Any = None) -> None:
            bits = _bit(code)
            for mask, bit in ((low, bits[0]), (high, bits[1])):
                if bit:
                    np.bitwise_or(mask, np.uint64(bit), out=mask, where=where)
            if effect is not None:
                np.logical_or(effect, where, out=effect)

        at, _, _ = _when(b.column("order.at"), None)
        first, last, none = _when(b.column("prior.performed"), b.column("prior.performed.precision"))
        reported, _, _ = _when(b.column("prior.reported"), None)
        self._person_and_state(b, say, block, unsure)
        late = (~none & (first > at)) | (reported > at)
        say(late, "HR-FUTURE", block)
        say(~late & (none | ((last > at) & (reported > at))), "HR-TIME-UNKNOWN", unsure)
        item = self._item(b, say, block, unsure, weak, first, last, none)
        self._place(b, say, block, unsure, weak, item, first, last, none)
        self._mark(b, say, unsure, weak)
        self._quality(b, say, block, unsure, weak, item, first, last, none)
        self._stated(b, say, block, weak)
        self._window(say, weak, item, at, first, last, none)
        for name, code, effect in (("1", "HR-EXCLUSION", weak), ("99", "HR-EXCLUSION-UNKNOWN", None)):
            say(_lut(b, "order.exclusions", lambda text, name=name: f'"{name}"' in (text or "")), code, effect)
        say(_lut(b, "order.division", lambda text: text is None), "HR-PACK-UNKNOWN", unsure)
        obliged, half = (_bit("HR-OBLIGED")[0], low) if _bit("HR-OBLIGED")[0] else (_bit("HR-OBLIGED")[1], high)
        must = half & np.uint64(obliged) != 0
        outcome = np.where(block, 2, np.where(unsure, 3, np.where(weak | ~must, 1, 0))).astype(np.int8)
        elsewhere = _lut(b, "order.division", lambda text: text is not None and not text.startswith("51"))
        low[elsewhere], high[elsewhere], outcome[elsewhere] = *_bit("HR-PACK-NONE"), 3
        return outcome, low, high

    def _person_and_state(self, b: Any, say: Any, block: Any, unsure: Any) -> None:
        say(_lut(b, "identity", lambda text: text == "different"), "HR-IDENTITY-MISMATCH", block)
        say(_lut(b, "identity", lambda text: text == "unknown"), "HR-IDENTITY-UNPROVEN", unsure)
        good, fine = ("final", "amended", "corrected"), ("final", "amended", "corrected", "appended")
        failed = _lut(b, "prior.status", lambda text: text not in (*good, "unknown"))
        failed = failed | _lut(b, "prior.report_status", lambda text: text not in (*fine, "unknown"))
        say(failed, "HR-NOT-FINAL", block)
        say(~failed & _lut(b, "prior.status", lambda text: text == "unknown"), "HR-STATUS-UNKNOWN", unsure)
        superseded = b.column("prior.superseded")
        say(superseded.fill_null(False).to_numpy(zero_copy_only=False), "HR-SUPERSEDED", block)
        say(superseded.is_null().to_numpy(zero_copy_only=False), "HR-SUPERSEDED-UNKNOWN")

    def _item(self, b: Any, say: Any, block: Any, unsure: Any, weak: Any, first: Any, last: Any, none: Any) -> Any:
        ordered = _lut(b, "order.item", lambda text: self.items.get(text, -1), np.int32)
        item = _lut(b, "prior.item", lambda text: self.items.get(text, -1), np.int32)
        say(item < 0, "HR-ITEM-UNMAPPED", unsure)
        say((item >= 0) & (item != ordered), "HR-ITEM-MISMATCH", block)
        start = self.listed[item]
        undated = (item >= 0) & (start > -(1 << 61)) & (none | ((first < start) & (last >= start)))
        say(undated, "HR-TIME-UNKNOWN", unsure)
        say((item >= 0) & ~none & (last < start), "HR-ITEM-UNLISTED", weak)
        have = _lut(b, "prior.specimen", _specimen, np.int8)
        want = _lut(b, "order.specimen", _specimen, np.int8)
        accepts = np.array(
            [[not row or name in row for name in (None, "serum", "plasma", "urine")] for row in [*self.specimens, ()]]
        )
        asks = np.array([bool(row) for row in [*self.specimens, ()]])[item]
        good = accepts[item, have]
        say((have == 0) & ((want != 0) | asks), "HR-SPECIMEN-UNKNOWN", unsure)
        differs = (have != 0) & (want != 0) & (want != have) & ~(asks & good & accepts[item, want])
        other = (have != 0) & ~differs & asks & ~good
        say(differs | (other & (want != have)), "HR-SPECIMEN-MISMATCH", block)
        say(other & (want == have), "HR-ITEM-UNLISTED", weak)
        return item

    def _place(
        self, b: Any, say: Any, block: Any, unsure: Any, weak: Any, item: Any, first: Any, last: Any, none: Any
    ) -> None:
        uscc = _lut(b, "prior.institution", lambda text: int(text[1:-1]), np.int32)
        mine = _lut(b, "order.institution", lambda text: int(text[1:-1]), np.int32)
        say(uscc == mine, "HR-OWN-HOSPITAL", weak)
        place = _lut(b, "prior.institution", lambda text: self.places.get(text, -1), np.int32)
        halted, perhaps = np.zeros(len(item), bool), np.zeros(len(item), bool)
        inside, might = _periods(
            [(code, of, start, end) for code, of, start, end in self.stops], self.items, uscc, item, first, last, none
        )
        halted |= inside
        perhaps |= might
        say(halted, "HR-INSTITUTION-SUSPENDED", block)
        start = self.since[place]
        dated = (place >= 0) & (start > -(1 << 61))
        maybe = dated & (none | ((first < start) & (last >= start)))
        unlisted = ~halted & ((place < 0) | (dated & ~none & (last < start)))
        say(unlisted, "HR-INSTITUTION-UNLISTED", weak)
        say(~halted & ~unlisted & (maybe | perhaps), "HR-INSTITUTION-UNKNOWN", unsure)

    def _mark(self, b: Any, say: Any, unsure: Any, weak: Any) -> None:
        mark = _lut(b, "prior.mark", lambda text: 0 if text is None else 1 + list(self.areas).index(text)
                    if text in self.areas else 3, np.int8)  # fmt: skip
        known = b.column("prior.mark_known").to_numpy(zero_copy_only=False)
        say((mark == 0) & known, "HR-MARK-ABSENT", weak)
        say((mark == 0) & ~known, "HR-MARK-UNKNOWN", unsure)
        covered = []
        for side in ("prior", "order"):
            found = np.zeros((4, len(mark)), np.int8)
            for number, area in enumerate(self.areas.values(), start=1):
                found[number] = _lut(b, f"{side}.division", lambda text, area=area: 2 if text is None else
                                     int(text.startswith(area)), np.int8)  # fmt: skip
            covered.append(found[mark, np.arange(len(mark))])
        theirs, here = covered
        outside = (mark != 0) & ((theirs == 0) | (here == 0))
        valid = (mark != 0) & (theirs == 1) & (here == 1)
        say(outside, "HR-MARK-OUTSIDE", weak)
        say(valid, "HR-OBLIGED")
        say((mark != 0) & ~outside & ~valid, "HR-MARK-UNKNOWN", unsure)
        starred = b.column("prior.starred")
        none = starred.is_null().to_numpy(zero_copy_only=False)
        say((mark != 0) & none, "HR-ITEM-SYMBOL-UNKNOWN", unsure)
        say((mark != 0) & ~none & ~starred.fill_null(False).to_numpy(zero_copy_only=False), "HR-ITEM-SYMBOL-ABSENT",
            weak)  # fmt: skip

    def _quality(
        self, b: Any, say: Any, block: Any, unsure: Any, weak: Any, item: Any, first: Any, last: Any, none: Any
    ) -> None:
        uscc = _lut(b, "prior.institution", lambda text: int(text[1:-1]), np.int32)
        for kind, name in (("eqa", "EQA"), ("iqc", "IQC")):
            inside = {}
            for result in ("failed", "passed", "not-assessed"):
                start = _lut(b, "prior.evidence", lambda text, r=result, k=kind: _own(text, k, r)[0], np.int64)
                end = _lut(b, "prior.evidence", lambda text, r=result, k=kind: _own(text, k, r)[1], np.int64)
                there = ~none & (first >= start) & (last < end)
                might = (start < end) & ~there & (none | ~((last < start) | (first >= end)))
                if kind == "eqa" and result != "not-assessed":
                    rows = [(place, of, start, end) for place, of, said, start, end in self.proofs if said == result]
                    more, perhaps = _periods(rows, self.items, uscc, item, first, last, none, strict=True)
                    there, might = there | more, might | perhaps
                inside[result] = there, might
            failed, perhaps = inside["failed"]
            say(failed, f"HR-{name}-FAIL", block)
            unclear = ~failed & perhaps
            say(unclear, f"HR-{name}-UNKNOWN", unsure)
            passed = inside["passed"][0]
            missed = ~failed & ~unclear & ~passed & inside["not-assessed"][0]
            say(missed, f"HR-{name}-ABSENT", weak)
            say(~failed & ~unclear & ~passed & ~missed, f"HR-{name}-UNKNOWN")

    def _stated(self, b: Any, say: Any, block: Any, weak: Any) -> None:
        lacking = ~_lut(b, "prior.specimen", bool) | ~_lut(b, "prior.name", bool)
        for name in ("prior.patient_name", "prior.value"):
            offsets = np.frombuffer(b.column(name).buffers()[1], dtype=np.int32)
            start = b.column(name).offset
            lacking |= offsets[start : start + b.num_rows] == offsets[start + 1 : start + b.num_rows + 1]
        say(lacking, "HR-INCOMPLETE", block)
        say(_lut(b, "prior.method", lambda text: not text), "HR-METHOD-MISSING", weak)
        say(_lut(b, "prior.reference", lambda text: not text), "HR-INTERVAL-MISSING", weak)

    def _window(self, say: Any, weak: Any, item: Any, at: Any, first: Any, last: Any, none: Any) -> None:
        limit = np.where(item < 0, 1 << 62, self.limit[item])
        endless = limit == 1 << 62
        inside = ~none & (at - first <= limit)
        outside = ~none & (at - last > limit)
        say(endless, "HR-WINDOW-NONE")
        say(~endless & outside, "HR-WINDOW-EXPIRED", weak)
        say(~endless & ~inside & ~outside, "HR-WINDOW-UNKNOWN", weak)


def _midnight(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // MICRO - EAST


def _specimen(text: str | None) -> int:
    return 0 if text is None else 1 + ("serum", "plasma", "urine").index(text)


def _lut(b: Any, name: str, read: Callable[[Any], Any], kind: Any = bool) -> Any:
    column = b.column(name)
    words_ = [*column.dictionary.to_pylist(), *([None] if column.null_count else [])]
    table = np.array([read(word) for word in words_], dtype=kind)
    indices = column.indices
    if column.null_count:
        indices = indices.fill_null(len(column.dictionary))
    return table[indices.to_numpy(zero_copy_only=False)]


def _when(column: Any, precision: Any) -> tuple[Any, Any, Any]:
    none = column.is_null().to_numpy(zero_copy_only=False)
    first = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    if precision is None:
        return first, first, none
    words = precision.dictionary.to_pylist()
    kind = precision.indices.to_numpy(zero_copy_only=False)
    first, last = first.copy(), first.copy()
    for word, step, shift in (("day", DAY, EAST), ("minute", 60_000_000, 0)):
        rows = np.flatnonzero(kind == words.index(word))
        first[rows] = (first[rows] + shift) // step * step - shift
        last[rows] = first[rows] + step - 1
    rows = np.flatnonzero(kind == words.index("month"))
    month = (first[rows] + EAST).view("datetime64[us]").astype("datetime64[M]")
    first[rows] = month.astype("datetime64[us]").view(np.int64) - EAST
    last[rows] = (month + 1).astype("datetime64[us]").view(np.int64) - EAST - 1
    return first, last, none


def _own(text: str | None, kind: str, result: str) -> tuple[int, int]:
    for row in json.loads(text or "[]"):
        if row["type"] == kind and row["result"] == result:
            return _midnight(row["from"]), _midnight(row["to"]) + DAY
    return 0, 0


def _periods(
    rows: list[Any], items: dict[str, int], uscc: Any, item: Any, first: Any, last: Any, none: Any, *,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """Whether a time is surely, or perhaps, inside the one period that an institution has in this list."""
    start, end = np.zeros(PLACES, np.int64), np.zeros(PLACES, np.int64)
    of = np.full(PLACES, -1, np.int32)
    for code, what, since, until in rows:
        number = int(code[1:-1])
        start[number], end[number] = since, until
        of[number] = -1 if what is None else items[what]
    a, z, mine = start[uscc], end[uscc], of[uscc]
    open_item = item < 0
    fits = (mine < 0) | (mine == item) | (open_item & (not strict))
    there = (a < z) & fits & ~none & (first >= a) & (last < z)
    might = (a < z) & fits & ~there & (none | ~((last < a) | (first >= z)))
    unsure = (mine >= 0) & open_item
    return there & ~unsure, might | (there & unsure)


def _timed(label: str, run: Callable[[], Any], rows: int, floor: float | None, times: int) -> tuple[float, Any]:
    best, wall, out = float("inf"), float("inf"), None
    for _ in range(times):
        start, clock = time.process_time(), time.perf_counter()
        out = run()
        best, wall = min(best, time.process_time() - start), min(wall, time.perf_counter() - clock)
    ratio = f"{best / rows / floor:7.2f}×" if floor else "   1.00×"
    print(f"{label:58} {best:8.3f} s {rows / best:12,.0f} rows/s {ratio}   (wall {wall:.3f} s)")
    return best / rows, out


def _memory() -> float:
    return psutil.Process().memory_info().rss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    for rows in options.rows:
        _measure(rows, options.times)


def _measure(rows: int, times: int) -> None:
    pack = make_pack()
    table = make_table(rows)
    size = table.nbytes / 2**20
    print(f"\n{rows:,} candidates, {ITEMS} items, {PLACES} institutions, {size:,.0f} MiB of columns; best of {times}")
    before = _memory()
    peak = max(_memory() for _ in judge_batches(table, packs=[pack]))
    print(f"{'  memory that judging in a stream added to the table':58} {peak - before:8.0f} MiB")
    hand = ByHand(pack)
    floor, by_hand = _timed("  numpy by hand, this pack only", lambda: hand(table), rows, None, times)
    _, found = _timed("  bulk", lambda: _masks(table, pack), rows, floor, times)
    differ = sum(int((a != b).sum()) for a, b in zip(by_hand, found, strict=True))
    print(f"{'  values that differ from the hand-written function':58} {differ:8}")
    warm = BulkJudge([pack])
    _masks(table, pack, warm)
    _timed("  bulk, everything asked already", lambda: _masks(table, pack, warm), rows, floor, times)
    _timed("  bulk, with the time at which answers may change", lambda: _stream(table, pack, True), rows, floor, 1)
    start = time.perf_counter()
    done = sum(batch.num_rows for batch in judge_batches(table, packs=[pack], threads=2))
    wall = time.perf_counter() - start
    print(f"{'  bulk in two threads, wall time':58} {wall:8.3f} s {done / wall:12,.0f} rows/s")
    _rows(table, pack, floor)


def _masks(table: pa.Table, pack: Pack, judging: BulkJudge | None = None) -> tuple[Any, Any, Any]:
    judging = judging or BulkJudge([pack])
    chunks = (chunk for batch in table.to_batches() for chunk in judging.reader.chunks(batch))
    batches = [judging.judge(chunk) for chunk in chunks]
    found = pa.Table.from_batches(batches).combine_chunks()
    return (
        found.column("outcome").combine_chunks().indices.to_numpy(),
        found.column("reasons_0").to_numpy(),
        found.column("reasons_1").to_numpy(),
    )


def _stream(table: pa.Table, pack: Pack, expires: bool = False) -> int:
    return sum(batch.num_rows for batch in judge_batches(table, packs=[pack], expires=expires))


def _rows(table: pa.Table, pack: Pack, floor: float) -> None:
    judging = BulkJudge([pack])
    sample = min(table.num_rows, 20_000)
    chunks = [chunk for batch in table.slice(0, sample).to_batches() for chunk in judging.reader.chunks(batch)]
    start = time.perf_counter()
    candidates = [chunk.candidate(row) for chunk in chunks for row in range(chunk.rows)]
    built = time.perf_counter() - start

    def run() -> None:
        for c in candidates:
            judge(c.item, c.prior, order=c.order, packs=[pack], identity=c.identity)

    _timed("  row engine, candidates built already", run, sample, floor, 2)
    print(f"{'  (building a candidate from the columns)':58} {built:8.3f} s {sample / built:12,.0f} rows/s")


if __name__ == "__main__":
    main()
