"""Generated cases: the same for the same seed, many kinds of them, and fast enough for a hundred thousand."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import jsonschema_rs
import pytest

from fhir_hr.rules import judge
from fhir_hr.rules.vocabulary import ReasonCode
from fhir_hr.testing.facts import BASE_KEYS, build
from fhir_hr.testing.generate import generate
from fhir_hr.testing.protocol import Request
from fhir_hr.testing.schemas import schemas
from fhir_hr.testing.serving import Engine
from fhir_hr.testing.shelf import Shelf, find_packs, rules_root


@pytest.fixture(scope="module")
def packs():
    shelf = Shelf(find_packs(rules_root()))
    return {name: shelf.pack(name) for name in shelf.ids}


@pytest.fixture(scope="module")
def cases(packs):
    return list(generate(6000, packs=packs, seed=20260820))


def test_the_same_seed_gives_the_same_cases_and_another_gives_others(packs, cases):
    assert list(generate(50, packs=packs, seed=20260820)) == cases[:50]
    assert list(generate(50, packs=packs, seed=20260821)) != cases[:50]


def test_work_can_be_split(packs, cases):
    assert list(generate(40, packs=packs, seed=20260820, start=1000)) == cases[1000:1040]


def test_every_fact_is_varied(cases):
    seen = {key: set() for key in BASE_KEYS}
    for case in cases:
        for key, value in case.facts.items():
            seen[key].add(repr(value))
    assert [key for key, values in seen.items() if len(values) < 2] == []


def test_every_case_can_be_built_and_fits_the_schema(cases):
    check = jsonschema_rs.Draft202012Validator(schemas()["base.schema.json"])
    for case in islice(cases, 0, None, 5):
        build(case.facts)
        check.validate(case.facts)


def test_cases_meet_every_outcome_and_nearly_every_reason(packs, cases):
    engine = Engine(packs)
    outcomes: Counter[str] = Counter()
    codes: set[str] = set()
    for case in cases:
        request = Request(id="x", packs=case.packs, facts=case.facts, tables=case.tables, fresh_until=case.fresh_until)
        bound = engine.packs_of(request)
        built = build(case.facts)
        verdict = judge(built.item, built.prior, order=built.order, packs=bound, identity=built.identity)
        outcomes[verdict.outcome.value] += 1
        codes |= {reason.code for reason in verdict.reasons}
    assert min(outcomes[name] for name in ("must", "may", "not", "indeterminate")) > 100
    lost = {code.value for code in ReasonCode} - codes
    # A conflict of two packs' own limits is rare; it has its vectors.
    assert lost <= {"HR-WINDOW-CONFLICT", "HR-NEGATIVE-UNKNOWN", "HR-ASSESSMENT-ABSENT"}


def test_several_packs_tables_and_fresh_indexes_are_among_them(cases):
    assert {len(case.packs) for case in cases} == {1, 2, 3}
    tables = {table for case in cases for rows in case.tables.values() for table in rows}
    assert {"institutions", "alliances", "suspensions", "quality", "weaken", "overlays", "items"} <= tables
    assert sum(bool(case.fresh_until) for case in cases) > 100


def test_few_different_tables_so_that_packs_can_be_kept(cases):
    different = {(name, repr(rows)) for case in cases for name, rows in case.tables.items()}
    assert len(different) <= 150
