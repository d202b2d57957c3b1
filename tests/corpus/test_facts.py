"""102 facts that another converter's own tests state about the FHIR form of 25 messages."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from table import PAGE

from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.render import Release, Renderer

MISSING = object()

UNMET = {
    ("OBX-all", "Observation[0].referenceRange[0].high.unit"): (
        "OBX-6 is `mm^Text 3^SNM3`. HL7's own table (CWE to Quantity) takes the unit from component 2, the code from "
        "component 1, and so do we: the unit is `Text 3`"
    ),
    ("CWE-nosys", "rx:code"): (
        "the fact is about PID-10 (race), which is not mapped: it is a concept of the US, and 民族 is read from PID-22"
    ),
}
"""Facts that are not met, and why; the conformance page says the same."""


def walk(value: Any, path: str) -> Any:
    """Follow ``Observation[0].code.text``."""
    for part in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if part.startswith("["):
            index = int(part[1:-1])
            if not isinstance(value, list) or index >= len(value):
                return MISSING
            value = value[index]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return MISSING
    return value


def anywhere(value: Any, key: str) -> list[Any]:
    """Every value under ``key``, at any depth."""
    if isinstance(value, dict):
        return [v for k, v in value.items() if k == key] + [x for v in value.values() for x in anywhere(v, key)]
    if isinstance(value, list):
        return [x for v in value for x in anywhere(v, key)]
    return []


class Converted:
    """One message as a Bundle, by resource type."""

    def __init__(self, message: str) -> None:
        (read,) = Reader().read(message.encode())
        self.body = Renderer(release=Release.R4).render(read.message).body
        entries = json.loads(self.body, parse_float=Decimal)["entry"]
        self.full = {entry["fullUrl"]: entry["resource"] for entry in entries}
        self.types: dict[str, list[dict[str, Any]]] = {}
        for entry in entries:
            self.types.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])

    def target(self, reference: Any) -> Any:
        """A reference as ``Type/id``, however the Bundle writes it."""
        if isinstance(reference, str) and reference in self.full:
            found = self.full[reference]
            return f"{found['resourceType']}/{found['id']}"
        return reference

    def get(self, path: str) -> Any:
        kind, colon, rest = path.partition(":")
        if not colon:
            return walk(self.types, path)
        match kind:
            case "count":
                return len(self.types.get(rest, []))
            case "len":
                found = walk(self.types, rest)
                return len(found) if found is not MISSING else 0
            case "raw":
                return str(walk(self.types, rest))
            case "anytype":
                return walk(self.types, rest)
            case "rx":
                return anywhere(self.types.get("Patient", []), rest)
        raise AssertionError(f"unknown kind of path {kind!r}")


def holds(converted: Converted, path: str, op: str, value: Any) -> bool:
    """Whether one fact is met."""
    got = converted.get(path)
    if path.startswith("rx:"):
        # "code without system → coding.code only": a coding with this code, and none of that coding's system.
        codings = [c for found in anywhere(converted.types.get("Patient", []), "coding") for c in found]
        if op == "absent":
            return not any(c.get("code") == "W" and "system" in c for c in codings)
        return any(c.get("code") == value for c in codings)
    match op:
        case "eq":
            return got == value
        case "num":
            return got is not MISSING and Decimal(str(got)) == Decimal(str(value))
        case "absent":
            return got is MISSING
        case "re":
            return got is not MISSING and re.search(value, converted.target(got)) is not None
        case "ref":
            return got in converted.full and converted.full[got] is walk(converted.types, value)
        case "has":
            found = {one["value"]: one["type"]["coding"][0]["code"] for one in got if "type" in one}
            return all(found.get(number) == kind for number, kind in value.items())
    raise AssertionError(f"unknown operation {op!r}")


@pytest.fixture(scope="module")
def judged(corpus):
    facts = json.loads((corpus / "v2_facts.json").read_text(encoding="utf-8"))
    found = []
    for message in facts:
        converted = Converted(message["message"])
        for check in message["checks"]:
            met = holds(converted, check["path"], check["op"], check["value"])
            found.append((message["id"], check["path"], met, check["fact"]))
    return found


def test_every_fact_is_judged(judged):
    assert len(judged) == 102


def test_what_is_not_met_is_known(judged):
    assert {(id_, path) for id_, path, met, _ in judged if not met} == set(UNMET)


def test_what_is_not_met_is_in_the_conformance_page(judged):
    text = PAGE.read_text(encoding="utf-8")
    for (id_, path), why in UNMET.items():
        assert f"| {id_} | `{path}` | {why} |" in text


def test_the_raw_digits_are_on_the_wire(judged, corpus):
    facts = json.loads((corpus / "v2_facts.json").read_text(encoding="utf-8"))
    (message,) = [one["message"] for one in facts if one["id"] == "NUM-exact"]
    assert b'"value":1769.859285' in Converted(message).body
