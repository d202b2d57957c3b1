"""Columns are answered as the row engine answers their rows."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fhir_hr.errors import UsageError
from fhir_hr.model.when import Precision, When
from fhir_hr.rules import judge
from fhir_hr.rules.bulk import change, codes_of, facets, judge_batches, judge_table, mask_of, mask_order
from fhir_hr.rules.bulk.columns import Reader, stated
from fhir_hr.rules.bulk.facts import FACTS, PRECISION, TIMES, Form, build_candidate, read_fact
from fhir_hr.rules.bulk.spans import Buckets
from fhir_hr.rules.bulk.times import micros, read_timestamps
from fhir_hr.rules.checks import BINDERS
from fhir_hr.rules.clock import span
from fhir_hr.rules.diff import weigh
from fhir_hr.rules.fact_times import read_fact_time
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.tables_of import item_system_of, replace_tables, with_rows
from fhir_hr.rules.vocabulary import BIT
from fhir_hr.testing import facts as kit
from fhir_hr.testing.facts import BASE_KEYS, build
from fhir_hr.testing.generate_facts import FactMaker
from fhir_hr.testing.generate_tables import table_variants
from fhir_hr.testing.shelf import Shelf, bind
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
        found[f"{side}.specimen"] += ["", " ", "serum"]
        found[f"{side}.codings"] += [[], ["urn:a|1"], ["urn:a|1", "urn:a|2"], ["|1"]]
    for name in ("name", "patient_name", "value", "specimen_text", "device_model"):
        found[f"prior.{name}"] = [None, "", " ", "\u3000", "\u2003x", "\x1f", "甲", "35", "~"]
    for name in ("mark", "item_mark"):
        found[f"prior.{name}"] += [None, "", " ", "no-such-hr", "chuannei-hr", "bing-hr"]
    found["prior.evidence"] += [[*one, *two] for one in found["prior.evidence"] for two in found["prior.evidence"]][:40]
    return found


ODD_TIMES = (
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
                facts[name] = chance.choice(ODD_TIMES if chance.random() < 0.5 else pools[name])
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


def test_generated_candidates_are_answered_alike(all_vectors, pack_folders, monkeypatch):
    # Small chunks: what was learned from one has to hold for the next.
    cut = Reader.chunks
    monkeypatch.setattr(Reader, "chunks", lambda self, batch: cut(self, batch, size=41))
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
        rows = _generate(max(90, 20_000 // len(sets) + 1), own, pools, seed=seed)
        for facts, bulk, row in zip(rows, in_bulk(table_of(rows), packs), by_row(rows, packs), strict=True):
            assert bulk == row, (packs, facts)
            outcomes.add(row[0])
        total += len(rows)
    assert total >= 20_000
    assert outcomes == {"must", "may", "not", "indeterminate"}


def test_cases_of_the_kit_are_answered_alike_under_changed_tables(pack_folders, monkeypatch):
    cut = Reader.chunks
    monkeypatch.setattr(Reader, "chunks", lambda self, batch: cut(self, batch, size=17))
    shelf, chance, total = Shelf(pack_folders), random.Random(8), 0
    for name in shelf.ids:
        content = shelf.pack(name).content
        make = FactMaker(content).make
        for tables in [{}, *table_variants(content, random.Random(name))]:
            changed = replace_tables(content, dict(tables)) if tables else content
            packs = [bind(changed, fresh_until=chance.choice([None, "2026-08-20T10:00:00+08:00"]))]
            packs += [shelf.pack(other) for other in chance.sample(shelf.ids, chance.randint(0, 3)) if other != name]
            rows = [{**BASE_KEYS, **make(chance)} for _ in range(50)]
            for facts, bulk, row in zip(rows, in_bulk(table_of(rows), packs), by_row(rows, packs), strict=True):
                assert bulk == row, (packs, tables, facts)
            total += len(rows)
    assert total > 4_000


@pytest.mark.parametrize("stops", [2, 7, 40])
@pytest.mark.parametrize("places", [1, 5])
def test_institutions_with_many_periods(pack, all_vectors, stops, places):
    chance = random.Random(stops)
    facts = next(vector.facts for vector in all_vectors if vector.packs == ("cn-51-lab",))
    names = [f"T{n}" for n in range(places)]
    first = datetime(2026, 1, 1)
    days = [sorted(chance.sample(range(400), 2 * stops)) for _ in names]
    suspended = [
        {"uscc": name, "start": f"{first + timedelta(start):%F}", "end": f"{first + timedelta(end):%F}"}
        for name, own in zip(names, days, strict=True)
        for start, end in zip(own[::2], own[1::2], strict=True)
    ]
    changed = with_rows(pack, suspensions=suspended)
    rows = []
    for _ in range(600):
        at = first + timedelta(chance.randint(-3, 403), chance.choice((0, 57_599, 57_600, 86_399)))
        text = f"{at:%FT%T}+00:00" if chance.random() < 0.8 else f"{at:%Y-%m-%d}"[: chance.choice((7, 10))]
        order = {"order.at": "2027-12-01T10:00:00+08:00", "prior.reported": "2027-11-01T10:00:00+08:00"}
        rows.append({**facts, **order, "prior.performed": text, "prior.institution": chance.choice(names)})
    found = in_bulk(table_of(rows), [changed])
    assert found == by_row(rows, [changed])
    codes = {code for row in found for code in row[2]}
    assert {"HR-INSTITUTION-SUSPENDED", "HR-INSTITUTION-UNKNOWN"} <= codes


# -- forms of columns ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(all_vectors) -> list[dict[str, Any]]:
    own = [vector for vector in all_vectors if vector.packs == ("cn-51-lab",) and not vector.tables]
    found = _generate(1_500, own, _pools(all_vectors), seed=99)
    return [row for row in found if _moment(row["order.at"])]


def _moment(text: str | None) -> bool:
    at = None if text is None else span(read_fact_time(text))
    return at is not None and at[0] == at[1]


def _stamps(rows: Sequence[Mapping[str, Any]], unit: str = "us", zone: str = "UTC") -> pa.Table:
    """The same with timestamps and a column of precision, as far as a time can be one."""
    table = table_of(rows)
    for name in TIMES:
        whens = [None if row[name] is None else read_fact_time(row[name]) for row in rows]
        spans = [span(when) for when in whens]
        values = [None if one is None else micros(one[0]) for one in spans]
        precise = [None if when is None else when.precision.name.lower() for when in whens]
        array = pa.array(values, type=pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        array = array.cast(pa.timestamp(unit, tz=zone), safe=False)
        table = table.set_column(table.schema.names.index(name), name, array)
        table = table.append_column(name + PRECISION, pa.array(precise, type=pa.string()).dictionary_encode())
    return table


def _readable(row: Mapping[str, Any]) -> bool:
    # A time that cannot be read has no timestamp; an hour of a zone half an hour away is another hour of +08:00.
    whens = [read_fact_time(row[name]) for name in TIMES if row[name] is not None]
    return all(
        (found := span(when)) is not None
        and (when.precision is not Precision.HOUR or micros(found[0]) % 3_600_000_000 == 0)
        for when in whens
    )


@pytest.mark.parametrize("zone", ["UTC", "+08:00", "Asia/Shanghai"])
def test_timestamps_with_precision_are_read_as_text_is(rows, pack, zone):
    rows = [row for row in rows if _readable(row)]
    assert len(rows) > 1_000
    assert in_bulk(_stamps(rows, zone=zone), [pack]) == by_row(rows, [pack])


@pytest.mark.parametrize("unit", ["s", "ms", "ns"])
def test_units_of_time(rows, pack, unit):
    rows = [row for row in rows if _readable(row) and all(_fits(row[name], unit) for name in TIMES)]
    assert len(rows) > 500
    assert in_bulk(_stamps(rows, unit), [pack]) == by_row(rows, [pack])


def _fits(text: str | None, unit: str) -> bool:
    if text is None:
        return True
    at = span(read_fact_time(text))
    assert at is not None
    if unit == "ns":
        return "1700" < text[:4] < "2200"
    return micros(at[0]) % 1_000_000 == 0


@pytest.mark.parametrize("size", [1, 3, 64, 1_000_003])
def test_batches_of_any_size(rows, pack, size):
    table = table_of(rows[:400])
    batches = table.to_batches(max_chunksize=size)
    assert in_bulk(pa.Table.from_batches(batches), [pack]) == by_row(rows[:400], [pack])
    assert in_bulk(iter(batches), [pack]) == in_bulk(table, [pack])
    reader = pa.RecordBatchReader.from_batches(table.schema, batches)
    assert in_bulk(reader, [pack]) == in_bulk(table, [pack])


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_nothing_but_the_time(rows, pack, threads):
    batches = table_of(rows[:400]).to_batches(max_chunksize=7)
    assert in_bulk(iter(batches), [pack], threads=threads) == by_row(rows[:400], [pack])


def test_an_error_in_a_thread_reaches_the_caller_and_ends_the_others(rows, pack):
    broken = _broken("identity", pa.array(["nobody"])).to_batches()
    batches = [*table_of(rows[:70]).to_batches(max_chunksize=7), *broken]
    with pytest.raises(UsageError, match="identity"):
        in_bulk(iter([*batches, *batches]), [pack], threads=3)
    with pytest.raises(UsageError, match="threads must be at least 1"):
        in_bulk(table_of([]), [pack], threads=0)


def test_batches_each_with_dictionaries_of_its_own(rows, pack):
    parts = [table_of(rows[n : n + 37]).combine_chunks().to_batches()[0] for n in range(0, 370, 37)]
    assert in_bulk(iter(parts), [pack]) == by_row(rows[:370], [pack])


def test_chunks_are_cut_at_odd_places(rows, pack, monkeypatch):
    cut = Reader.chunks
    monkeypatch.setattr(Reader, "chunks", lambda self, batch: cut(self, batch, size=13))
    table = table_of(rows[:300], dictionaries=False)
    assert in_bulk(table.slice(5), [pack]) == by_row(rows[5:300], [pack])
    assert in_bulk(_stamps([row for row in rows if _readable(row)][:300]).slice(3), [pack])


def test_plain_text_needs_no_dictionary(rows, pack):
    assert in_bulk(table_of(rows, dictionaries=False), [pack]) == by_row(rows, [pack])
    large = pa.table({name: _large(column) for name, column in _named(table_of(rows, dictionaries=False))})
    assert in_bulk(large, [pack]) == by_row(rows, [pack])
    views = pa.table({name: _large(column, pa.string_view()) for name, column in _named(large)})
    assert in_bulk(views, [pack]) == by_row(rows, [pack])


@pytest.mark.parametrize("dense", [1, 40, 5_000])
def test_tables_that_are_too_large_to_be_laid_out_are_searched(rows, pack, pack_folders, monkeypatch, dense):
    monkeypatch.setattr(facets, "_DENSE", dense)
    cut = Reader.chunks
    monkeypatch.setattr(Reader, "chunks", lambda self, batch: cut(self, batch, size=71))
    several = [pack, *(Shelf(pack_folders).pack(name) for name in ("cn", "cn-42-lab"))]
    assert in_bulk(table_of(rows), [pack]) == by_row(rows, [pack])
    assert in_bulk(table_of(rows), several) == by_row(rows, several)


def _large(column: Any, kind: Any = None) -> Any:
    texts = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return column.cast(kind or pa.large_string()) if texts else column


def _named(table: pa.Table) -> list[tuple[str, Any]]:
    return list(zip(table.schema.names, table.columns, strict=True))


def test_a_parquet_file_is_read_in_batches(rows, pack, tmp_path):
    path = tmp_path / "candidates.parquet"
    pq.write_table(_stamps([row for row in rows if _readable(row)]), path, row_group_size=200)
    told = []
    found = judge_table(str(path), packs=[pack], expires=True, progress=lambda *done: told.append(done))
    rows = [row for row in rows if _readable(row)]
    assert told[-1] == (len(rows), len(rows))
    assert in_bulk(path, [pack]) == by_row(rows, [pack])
    # And what was judged can be written and read again.
    pq.write_table(found, tmp_path / "judged.parquet")
    assert pq.read_table(tmp_path / "judged.parquet").to_pylist() == found.to_pylist()


def test_an_empty_table_has_the_columns_all_the_same(pack):
    found = judge_table(table_of([]), packs=[pack], expires=True)
    assert found.num_rows == 0
    assert found.schema.names == ["outcome", "force", "reasons_0", "reasons_1", "effects", "expires"]
    assert judge_table(table_of([]), packs=[pack]).schema.names[-1] == "effects"


def test_columns_that_are_left_out_have_their_defaults(rows, pack):
    names = ["identity", "order.at", "order.division", "prior.item", "order.item"]
    few = [{name: row[name] for name in names} for row in rows[:200]]
    table = table_of(rows[:200]).select(names)
    assert in_bulk(table, [pack]) == by_row(few, [pack])
    nothing = table_of(few).select(names)
    for name in FACTS:
        if name not in names:
            nothing = nothing.append_column(name, pa.nulls(200))
    assert in_bulk(nothing, [pack]) == by_row(few, [pack])


def test_a_null_identity_is_unknown_and_never_the_same(pack, all_vectors):
    facts = next(vector.facts for vector in all_vectors if vector.packs == ("cn-51-lab",))
    table = table_of([facts])
    table = table.set_column(0, "identity", pa.array([None], type=pa.string()))
    assert table.schema.names[0] == "identity"
    assert "HR-IDENTITY-UNPROVEN" in in_bulk(table, [pack])[0][2]


def test_results_come_chunk_by_chunk(rows, pack):
    found = judge_batches(table_of(rows[:100]), packs=[pack])
    first = next(found)
    assert first.num_rows == 100
    assert pa.types.is_dictionary(first.schema.field("outcome").type)


# -- what is refused -------------------------------------------------------------------------------


def _broken(name: str, column: Any) -> pa.Table:
    table = pa.table({"identity": ["same"], "order.at": ["2026-08-20T10:00:00+08:00"]})
    if name in table.schema.names:
        table = table.drop_columns([name])
    return table if column is None else table.append_column(name, column)


DAY = datetime(2026, 8, 20)


@pytest.mark.parametrize(
    ("name", "column", "words"),
    [
        ("prior.itme", pa.array(["x"]), "column 'prior.itme': there is no such fact"),
        ("prior.item.precision", pa.array(["day"]), "there is no such fact"),
        ("prior.performed.precision", pa.array(["day"]), "there is no column 'prior.performed' to be precise about"),
        ("identity", None, "column 'identity' is needed: it has no default"),
        ("order.at", None, "column 'order.at' is needed"),
        ("order.at", pa.array([None], type=pa.string()), "column 'order.at': a value is null; an order has a time"),
        ("order.at", pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([None], pa.string())), "a value is null"),
        ("order.at", pa.array([DAY]), "column 'order.at': times without zone"),
        ("prior.reported", pa.array(["20.8.2026"]), "column 'prior.reported': a value is no time like 2026-08"),
        ("prior.reported", pa.array([7]), "column 'prior.reported' holds int64, not timestamp[us, tz=UTC] or text"),
        ("prior.status", pa.array(["fertig"]), "column 'prior.status': a value is none of registered, preliminary"),
        ("prior.status", pa.array([1]), "column 'prior.status' holds int64, not text"),
        ("prior.starred", pa.array(["true"]), "column 'prior.starred' holds string, not true or false"),
        ("prior.tier", pa.array([4]), "column 'prior.tier': a value is none of 0, 1, 2, 3"),
        ("prior.tier", pa.array([2.0]), "column 'prior.tier' holds double, not a whole number"),
        ("prior.item", pa.array([""]), "column 'prior.item': a value is an empty code"),
        ("prior.evidence", pa.array(["[{]"]), "column 'prior.evidence': a value is not the JSON that this fact has"),
        ("prior.evidence", pa.array(['[{"type":"eqa"}]']), "not the JSON that this fact has"),
        ("prior.evidence", pa.array(['[{"type":"eqa","result":"passed","from":"x"}]']), "is no time like 2026-08"),
        ("order.exclusions", pa.array([["1"]]), "column 'order.exclusions' holds list<item: string>, not JSON text"),
        ("prior.exam", pa.array(['{"colour":"red"}']), "not the JSON that this fact has"),
    ],
)
def test_columns_that_cannot_be(pack, name, column, words):
    with pytest.raises(UsageError) as caught:
        judge_table(_broken(name, column), packs=[pack])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("prior.exam", "{"), ("order.grade", "A"), ("prior.codings", "[1]"), ("prior.type", "x")]
)
def test_a_wrong_value_is_refused_wherever_it_stands_and_whoever_asks_for_it(rows, pack, name, value, monkeypatch):
    cut = Reader.chunks
    monkeypatch.setattr(Reader, "chunks", lambda self, batch: cut(self, batch, size=20))
    good = table_of([rows[0]] * 60, dictionaries=False)
    number = good.schema.names.index(name)
    bad = good.set_column(number, name, pa.array([*good.column(name).to_pylist()[:59], value], type=pa.string()))
    for table in (bad, bad.set_column(number, name, bad.column(name).dictionary_encode())):
        with pytest.raises(UsageError, match=f"column '{name}': a value is"):
            list(judge_batches(iter(table.to_batches(max_chunksize=20)), packs=[pack]))


@pytest.mark.parametrize(
    ("value", "kind", "precision", "words"),
    [
        (1, pa.timestamp("ns", tz="UTC"), "second", "a time is finer than a microsecond"),
        (1 << 61, pa.timestamp("us", tz="UTC"), "second", "a time lies outside the years 1 to 9999"),
        (1 << 61, pa.timestamp("s", tz="UTC"), "second", "or too far away to be one"),
        (1, pa.timestamp("us", tz="UTC"), "weekly", "column 'prior.performed.precision': a value is none of year, mon"),
    ],
)
def test_timestamps_that_cannot_be(pack, value, kind, precision, words):
    table = _broken("prior.performed", pa.array([value], type=pa.int64()).cast(kind))
    table = table.append_column("prior.performed.precision", pa.array([precision]))
    with pytest.raises(UsageError) as caught:
        judge_table(table, packs=[pack])
    assert words in str(caught.value)


def test_a_column_that_stands_there_twice_is_refused(pack):
    table = pa.Table.from_arrays([pa.array(["same"])] * 2, names=["identity", "identity"])
    with pytest.raises(UsageError, match="column 'identity' stands there twice"):
        judge_table(table, packs=[pack])


def test_text_with_a_column_of_precision_is_refused(pack):
    table = _broken("prior.performed", pa.array(["2026-08"])).append_column("prior.performed.precision", [["day"]])
    with pytest.raises(UsageError, match="the times are text, which says itself how precise it is"):
        judge_table(table, packs=[pack])


def test_sources_that_are_none(pack, tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        judge_table(tmp_path / "x.parquet", packs=[pack])
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        judge_table(tmp_path / "nowhere.parquet", packs=[pack])
    with pytest.raises(UsageError, match="not from int"):
        judge_table(7, packs=[pack])
    with pytest.raises(UsageError, match="no packs were given"):
        judge_table(table_of([]), packs=[])


def test_messages_never_hold_a_value(pack):
    with pytest.raises(UsageError) as caught:
        judge_table(_broken("prior.status", pa.array(["张某某"])), packs=[pack])
    assert "张" not in str(caught.value)


# -- the parts -------------------------------------------------------------------------------------


def test_candidates_are_built_as_the_kit_builds_them(all_vectors):
    pools = _pools(all_vectors)
    for facts in [*(vector.facts for vector in all_vectors), *_generate(500, all_vectors, pools, seed=5)]:
        case = build(facts, item_system="urn:list")
        read = {}
        for name, fact in FACTS.items():
            value = facts[name]
            if fact.form is Form.JSON:
                value = json.dumps(value)
            read[name] = read_fact(name, value, item_system="urn:list")
        c = build_candidate(read)
        assert c.identity.same is case.identity.same
        assert (c.at, c.performed) == (span(case.order.at), span(case.prior.performed))
        assert _plain(c.item, "name") == _plain(case.item, "name")
        assert _plain(c.prior, "id", "patient") == _plain(case.prior, "id", "patient")
        assert c.prior.patient.name == case.prior.patient.name
        assert _plain(c.order, "id", "patient", "items") == _plain(case.order, "id", "patient", "items")


def _plain(struct: Any, *without: str) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__ if name not in without}


def test_there_is_a_column_for_every_fact_with_the_same_default():
    assert set(FACTS) == set(BASE_KEYS)
    for name, fact in FACTS.items():
        if name != "identity":
            assert read_fact(name, None, item_system=None) == fact.default
            if BASE_KEYS[name] is not None and fact.form is not Form.JSON:
                assert read_fact(name, BASE_KEYS[name], item_system=None) == fact.default


@pytest.mark.parametrize(
    "text",
    ["2026", "2026-08", "2026-08-20", "2026-08-20T10+08:00", "2026-08-20T10:05+08:00", "2026-08-20T10:05:07-03:30",
     "2026-08-20T10:05:07.1+08:00", "2026-08-20T10:05:07.123456+08:00", "2026-13-45"],
)  # fmt: skip
def test_times_are_read_as_the_kit_reads_them(text):
    assert read_fact_time(text) == kit.read_time(text)


@pytest.mark.parametrize(
    "text", ["", "26-08", "2026-8", "2026-08-20T10:05:07", "2026-08-20T10:5+08:00", "2026 08", "x"]
)
def test_times_that_are_none(text):
    assert read_fact_time(text) is None
    with pytest.raises(UsageError):
        kit.read_time(text)


def test_spans_of_timestamps_are_those_of_the_clock():
    chance = random.Random(3)
    first, last = -62_135_596_800, 253_402_300_799
    stamps = [chance.randint(-2_000_000_000, 4_000_000_000) for _ in range(2_000)]
    stamps += [first, first + 1, first + 40_000, first + 90_000, last, last - 1, last - 40_000, last - 90_000, 0, -1]
    stamps += [
        edge + chance.randint(-700_000, 700_000) for edge in (first + 700_000, last - 700_000) for _ in range(99)
    ]
    zone = timedelta(hours=8)
    for precision in Precision:
        words = pa.array([precision.name.lower()] * len(stamps)).dictionary_encode()
        array = pa.array([stamp * 1_000_000 for stamp in stamps], type=pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        times = read_timestamps(array, words, name="prior.performed")
        for row, stamp in enumerate(stamps):
            when = times.when(row)
            assert times.span(row) == span(when), (stamp, precision)
            if when is not None:
                assert when.precision == precision or precision >= Precision.SECOND
                at = datetime(1970, 1, 1) + timedelta(seconds=stamp)
                if precision < Precision.SECOND:
                    assert when.iso[:4] == (at + zone).isoformat()[:4]
    assert isinstance(times.when(0), When)


def test_stated_is_told_as_python_tells_white_space():
    texts = [
        None,
        "",
        " ",
        "\t",
        "x",
        " x",
        "\u3000",
        "\u3000中",
        "中",
        "\x1c",
        "\x85",
        "é",
        "\u2028",
        "\u200b",
        "\U0001f600",
    ]
    texts += [chr(point) for point in range(0x300)] + [chr(point) for point in range(0x2000, 0x2070)]
    for kind in (pa.string(), pa.large_string()):
        array = pa.array(texts, type=kind)
        wanted = [bool(text) and not text.isspace() for text in texts]
        assert stated(array).tolist() == wanted
        assert stated(array.slice(3)).tolist() == wanted[3:]
    assert stated(pa.array([], type=pa.string())).tolist() == []
    assert stated(pa.array([None, ""], type=pa.string())).tolist() == [False, False]


def test_buckets_by_day_and_by_search_agree():
    chance = np.random.default_rng(2)
    day = 86_400_000_000
    bounds = [int(number) * day - 28_800_000_000 for number in chance.integers(19_000, 22_000, 400)]
    moments = np.concatenate(
        [chance.integers(18_000 * day, 23_000 * day, 5_000), np.array(bounds), np.array(bounds) - 1]
    )
    aligned, few = Buckets("order.at", bounds), Buckets("order.at", bounds[:5])
    assert aligned.reached(moments).tolist() == np.searchsorted(np.unique(bounds), moments, side="right").tolist()
    assert few.reached(moments).tolist() == np.searchsorted(np.unique(bounds[:5]), moments, side="right").tolist()
    odd = Buckets("order.at", [*bounds, 1])
    wanted = np.searchsorted(np.unique([*bounds, 1]), moments, side="right")
    assert odd.reached(moments).tolist() == wanted.tolist()


def test_masks_and_codes():
    assert len(mask_order()) > 64
    for code in mask_order():
        assert codes_of(*mask_of([code])) == (code,)
    assert codes_of(*mask_of(mask_order())) == mask_order()
    assert mask_of([]) == (0, 0)
    low, high = mask_of(mask_order())
    assert low < 1 << 64
    assert high < 1 << 64


def test_every_kind_of_check_says_what_it_reads():
    from fhir_hr.rules.bulk.reading import READERS

    assert set(READERS) == set(BINDERS)


# -- what other packs would change -----------------------------------------------------------------


def test_changes_are_counted_as_one_by_one(rows, pack, variant):
    def edit(data: dict[str, Any]) -> None:
        data["checks"] = [check for check in data["checks"] if check["check"] not in ("item_symbol", "special")]
        for check in data["checks"]:
            if check["check"] == "window":
                check["max_days"] = 9
        data["items"] = data["items"][:10]

    other = variant(edit)
    system = item_system_of(pack.content)
    told = []
    found = change([pack], [other], table_of(rows), progress=lambda done, total: told.append((done, total)))
    assert found == weigh(pack, other, [build(row, item_system=system) for row in rows])
    assert found.changed > 100
    assert found.reasons_only > 10
    assert told == [(len(rows), len(rows))]
    same = change([pack], [pack], table_of(rows))
    assert (same.changed, same.reasons_only, same.moves) == (0, 0, ())
    assert change([pack], [other], table_of([])).judged == 0


# -- the extra -------------------------------------------------------------------------------------


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_nothing_else_loads_the_packages_of_the_extra():
    code = "import sys, fhir_hr, fhir_hr.rules; fhir_hr.decide; print({'numpy', 'pyarrow'} & set(sys.modules))"
    assert _python(code) == "set()"


@pytest.mark.parametrize("package", ["numpy", "pyarrow"])
def test_the_extra_is_named_when_it_is_not_installed(package):
    code = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {package!r} else find(name, *rest)
from fhir_hr.errors import MissingExtraError
try:
    import fhir_hr.rules.bulk
except MissingExtraError as error:
    print(error)
"""
    assert _python(code) == f"this needs '{package}'; install it with: pip install 'fhir-hr[bulk]'"
