"""The JSON Schemas: the files are what the types say, every vector fits, and what the reader refuses they refuse."""

from __future__ import annotations

import json

import jsonschema_rs
import msgspec
import pytest

from fhir_hr.testing.conformance import load_suite
from fhir_hr.testing.protocol import write_answer
from fhir_hr.testing.running import ask
from fhir_hr.testing.schemas import schema_texts, schemas
from fhir_hr.testing.shelf import find_packs, rules_root

EXPECT = {"outcome": "may", "codes": []}


def validator(name):
    return jsonschema_rs.Draft202012Validator(schemas()[name])


def test_the_files_are_what_the_types_say():
    folder = rules_root() / "schema"
    assert {path.name: path.read_text("utf-8") for path in folder.glob("*.json")} == schema_texts()


@pytest.mark.parametrize("name", list(schemas()))
def test_each_is_a_schema_with_an_address(name):
    schema = schemas()[name]
    jsonschema_rs.meta.validate(schema)
    assert schema["$id"].endswith(f"/schema/{name}")


def test_every_vector_and_base_fits():
    vector, base = validator("vector.schema.json"), validator("base.schema.json")
    folders = [*(path / "tests" for path in find_packs(rules_root()).values()), rules_root() / "vectors"]
    count = 0
    for folder in folders:
        base.validate(json.loads((folder / "base.json").read_text("utf-8")))
        for path in sorted(folder.glob("*.jsonl")):
            for line in path.read_text("utf-8").splitlines():
                count += 1
                vector.validate(json.loads(line))
    assert count >= 150


def test_every_request_and_our_own_answers_fit():
    suite = load_suite()
    request, answer = validator("request.schema.json"), validator("answer.schema.json")
    for n, one in enumerate(suite.requests):
        request.validate(json.loads(msgspec.json.encode(one)))
        if n % 7 == 0:
            answer.validate(json.loads(write_answer(one.id, ask(suite.vectors[n], suite.shelf))))


@pytest.mark.parametrize(
    "change",
    [
        {"nam": "x"},
        {"facts": {"prior.nam": "x"}},
        {"facts": {"identity": "maybe"}},
        {"facts": {"order.at": "20.8.2026"}},
        {"facts": {"order.at": None}},
        {"facts": {"prior.performed": "2026-08-20T10:00:00"}},
        {"facts": {"prior.exam": {"laterality": "left"}}},
        {"facts": {"prior.evidence": [{"type": "eqa"}]}},
        {"facts": {"order.tier": 4}},
        {"facts": {"prior.mark_known": None}},
        {"expect": {"outcome": "perhaps", "codes": []}},
        {"expect": {"outcome": "may"}},
        {"expect": {"outcome": "may", "codes": ["HR-NOTHING"]}},
        {"tables": {"p": {"item": []}}},
        {"tables": {"p": {"suspensions": [{"uscc": "T", "from": "2026"}]}}},
        {"tables": {"p": {"institutions": [{"uscc": "T", "name": "T", "tier": "3"}]}}},
        {"fresh_until": {"p": "2026"}},
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(change):
    good = {"name": "a", "packs": ["p"], "facts": {}, "expect": EXPECT}
    check = validator("vector.schema.json")
    assert check.is_valid(good)
    assert not check.is_valid({**good, **change})


def test_what_the_reader_takes_the_schema_takes():
    check = validator("vector.schema.json")
    facts = {
        "order.at": "2026-08-20T10+08:00",
        "prior.performed": None,
        "prior.grade": "甲",
        "prior.exam": {"views": ["frontal"], "side": None},
        "order.exclusions": [{"case": "1", "item": None}],
        "prior.alliances": [],
    }
    tables = {"p": {"suspensions": [{"uscc": "T", "start": "2026"}], "list_state": "partial", "item_system": "urn:x"}}
    vector = {"name": "a", "facts": facts, "tables": tables, "expect": {**EXPECT, "expires": None, "force": None}}
    check.validate(vector)
