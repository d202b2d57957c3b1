"""Transactions of the library on a real server: accepted whole, repeatable without duplicates, corrected in place.

The server is HAPI FHIR JPA with a database in memory. It gives every resource its own id, so all that is found
again is found by what the library wrote into the resource.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_hr import BundleKind, Converter, Release
from fhir_hr.cli.demo import DATA

pytestmark = pytest.mark.peer

MESSAGES = DATA / "messages"
LIVER = MESSAGES / "hospital-a-liver.oru-r01.gb18030.hl7"
SEARCH_PARAMETERS = Path(__file__).resolve().parents[2] / "profiles" / "fhir"
KINDS = (
    "Patient",
    "Encounter",
    "DiagnosticReport",
    "ServiceRequest",
    "Specimen",
    "Observation",
    "Device",
    "Organization",
    "Provenance",
)
# What stands in PID-3 and PID-5 of the three messages.
PATIENT_WORDS = ("DA0031575", "B00731", "999999198803150016", "测试", "Ceshi")
CANONICAL = "https://fhir-hr.example/fhir"
CARD = "urn:oid:2.16.156.10011.2.5.1.4"  # what both hospitals of the demonstration number their patients by
OWN = "urn:ietf:rfc:3986"
FLAG = f"{CANONICAL}/StructureDefinition/recognition-flag"


def bundle(data: bytes, release: str) -> dict[str, Any]:
    converter = Converter(release=Release(release), kind=BundleKind.TRANSACTION)
    [one] = converter.convert(data)
    made: dict[str, Any] = json.loads(one.json(), parse_float=Decimal)
    return {"bytes": one.json(), **made}


def demo(release: str) -> list[dict[str, Any]]:
    made = [bundle(path.read_bytes(), release) for path in sorted(MESSAGES.iterdir())]
    assert len(made) == 3
    return made


def statuses(server: Any, made: dict[str, Any]) -> list[str]:
    """Post it; one status for each entry, in their order."""
    response = server.transaction(made["bytes"])
    assert response["type"] == "transaction-response"
    found = [entry["response"]["status"][:3] for entry in response["entry"]]
    assert len(found) == len(made["entry"])
    assert set(found) <= {"200", "201"}
    return found


def counts(server: Any) -> dict[str, int]:
    return {kind: server.count(kind) for kind in KINDS}


def key(resource: dict[str, Any]) -> str:
    """What the library made for the server to know the resource by: an identifier, of a Provenance a tag."""
    if resource["resourceType"] == "Provenance":
        [one] = [tag["code"] for tag in resource["meta"]["tag"]]
    else:
        [one] = [i["value"] for i in resource["identifier"] if i.get("system") == OWN]
    return str(one)


def of_kind(made: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    found = [entry["resource"] for one in made for entry in one["entry"]]
    return {key(resource): resource for resource in found if resource["resourceType"] == kind}


def stored(server: Any, kind: str, parameters: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    found = server.search(kind, parameters)
    by_key = {key(resource): resource for resource in found}
    assert len(by_key) == len(found), "two resources have the same identifier"
    return by_key


def numbers(node: object) -> Iterator[str]:
    """All numbers of a resource, digit by digit, in the order of their elements' names."""
    if isinstance(node, Decimal | int) and not isinstance(node, bool):
        yield str(node)
    elif isinstance(node, dict):
        for name in sorted(set(node) - {"meta", "id"}):
            yield from numbers(node[name])
    elif isinstance(node, list):
        for each in node:
            yield from numbers(each)


def flag(resource: dict[str, Any]) -> list[dict[str, Any]]:
    return [extension for extension in resource.get("extension", ()) if extension["url"] == FLAG]


def liver(*, correction: bool = False, visit: str = "", control_id: str = "A20260316000457") -> bytes:
    """The liver report; corrected, ALT 52.0 is 48.50 under the same numbers, its OBX-11 and the OBR-25 are C."""
    text = LIVER.read_bytes().decode("gb18030")
    changes = [("|A20260316000457|", f"|{control_id}|"), ("^^^全科门诊\r", f"^^^全科门诊{'|' * 16}{visit}\r")]
    if correction:
        changes += [("||CH|F", "||CH|C"), ("||52.0|^U/L|9-50|↑|||F|", "||48.50|^U/L|9-50|M|||C|")]
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text.encode("gb18030")


def test_posted_again_nothing_is_doubled(fhir_server: Any, release: str) -> None:
    """Each entry is 200 or 201; a second and a third time all are 200, and nothing is added."""
    made = demo(release)
    before = {kind: set(stored(fhir_server, kind)) for kind in KINDS}
    for one in made:
        statuses(fhir_server, one)
    first = {kind: set(stored(fhir_server, kind)) for kind in KINDS}
    assert first == {kind: before[kind] | of_kind(made, kind).keys() for kind in KINDS}
    assert counts(fhir_server) == {kind: len(keys) for kind, keys in first.items()}
    assert len(of_kind(made, "Observation")) == 30
    for _ in range(2):
        for one in made:
            assert set(statuses(fhir_server, one)) == {"200"}
    assert counts(fhir_server) == {kind: len(keys) for kind, keys in first.items()}


def test_patient_of_two_messages_is_one(fhir_server: Any, release: str) -> None:
    """Two messages of hospital A tell of one patient; hospital B's record of the same person stays its own."""
    made = demo(release)
    for one in made:
        statuses(fhir_server, one)
    patients = stored(fhir_server, "Patient", {"identifier": f"{CARD}|DA0031575"})
    assert patients.keys() == of_kind(made[:1], "Patient").keys() == of_kind(made[1:2], "Patient").keys()
    others = stored(fhir_server, "Patient", {"identifier": f"{CARD}|B00731"})
    assert others.keys() == of_kind(made[2:], "Patient").keys()
    assert not patients.keys() & others.keys()
    [patient] = patients.values()
    own = f"Patient/{patient['id']}"
    reports = fhir_server.search("DiagnosticReport", {"subject": own})
    assert {key(report) for report in reports} == set(of_kind(made[:2], "DiagnosticReport"))
    results = fhir_server.search("Observation", {"subject": own})
    assert {key(result) for result in results} == set(of_kind(made[:2], "Observation"))
    assert len(results) == 26


def test_references_lead_to_what_was_sent(fhir_server: Any, release: str) -> None:
    """Every placeholder became a reference to the resource that it meant; none is left over."""
    made = demo(release)
    for one in made:
        statuses(fhir_server, one)
    names = {f"{kind}/{resource['id']}": name for kind in KINDS for name, resource in stored(fhir_server, kind).items()}

    def targets(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if "reference" in node:
                yield names.get(node["reference"], node["reference"])
            for each in node.values():
                yield from targets(each)
        elif isinstance(node, list):
            for each in node:
                yield from targets(each)

    checked = 0
    for kind in KINDS:
        there = stored(fhir_server, kind)
        for name, resource in of_kind(made, kind).items():
            assert sorted(targets(there[name])) == sorted(targets(resource))
            checked += len(list(targets(resource)))
    assert checked > 100


@pytest.mark.parametrize("visit", ["V20260316007", ""], ids=["visit-number", "no-visit-number"])
def test_correction_updates_in_place(fhir_server: Any, release: str, visit: str) -> None:
    """A corrected message changes the Observation that is there; only what tells of the message itself is added.

    That is its Provenance. Without a visit number the visit is known by the report that tells of it.
    """
    statuses(fhir_server, bundle(liver(visit=visit), release))
    before, old = counts(fhir_server), stored(fhir_server, "Observation")
    # A message of its own for each case: the server is shared, and a repeated one would add nothing.
    control_id = f"A2026031600099{len(visit)}"
    fix = bundle(liver(correction=True, visit=visit, control_id=control_id), release)
    [name] = [name for name, sent in of_kind([fix], "Observation").items() if sent["status"] == "corrected"]
    assert shown(old[name]) == ("final", "52.0")
    statuses(fhir_server, fix)
    added = {"Provenance": 1}
    assert counts(fhir_server) == {kind: number + added.get(kind, 0) for kind, number in before.items()}
    new = stored(fhir_server, "Observation")
    assert new.keys() == old.keys()
    assert shown(new[name]) == ("corrected", "48.50")
    assert new[name]["id"] == old[name]["id"]
    assert int(new[name]["meta"]["versionId"]) == int(old[name]["meta"]["versionId"]) + 1
    others = new.keys() - {name}
    assert {one: shown(new[one]) for one in others} == {one: shown(old[one]) for one in others}
    [report] = of_kind([fix], "DiagnosticReport")
    assert stored(fhir_server, "DiagnosticReport")[report]["status"] == "corrected"


def shown(observation: dict[str, Any]) -> tuple[str, str]:
    """Status and value of a result."""
    return observation["status"], str(observation.get("valueQuantity", {}).get("value"))


def test_decimals_keep_their_digits(fhir_server: Any, release: str) -> None:
    """The server gives back every number digit by digit: 44.30 stays 44.30, 52.0 stays 52.0."""
    made = demo(release)
    for one in made:
        statuses(fhir_server, one)
    there = stored(fhir_server, "Observation")
    sent = {name: list(numbers(resource)) for name, resource in of_kind(made, "Observation").items()}
    assert {name: list(numbers(there[name])) for name in sent} == sent
    digits = {digit for found in sent.values() for digit in found}
    assert {"44.30", "52.0", "5.10", "0.01"} <= digits


def test_flags_survive_and_are_found(fhir_server: Any, release: str) -> None:
    """The flags come back as sent, and this project's SearchParameters find exactly the flagged results."""
    made = demo(release)
    for one in made:
        statuses(fhir_server, one)
    sent = of_kind(made, "Observation")
    there = stored(fhir_server, "Observation")
    assert {name: flag(there[name]) for name in sent} == {name: flag(resource) for name, resource in sent.items()}

    def with_part(url: str, value: str) -> set[str]:
        return {name for name, resource in sent.items() if (url, value) in parts(resource)}

    def parts(resource: dict[str, Any]) -> set[tuple[str, str]]:
        inner = [part for extension in flag(resource) for part in extension["extension"]]
        texts = {(part["url"], part["valueString"]) for part in inner if "valueString" in part}
        return texts | {(part["url"], part["valueCoding"]["code"]) for part in inner if "valueCoding" in part}

    for path in sorted((SEARCH_PARAMETERS / release.lower()).glob("SearchParameter-*.json")):
        fhir_server.put(json.loads(path.read_text("utf-8")))
    for part, code, system in (
        ("mark", "chuannei-hr", "recognition-mark"),
        ("mark", "chuanyu-hr", "recognition-mark"),
        ("scope", "cn-51", "recognition-scope"),
        ("scope", "cn-50", "recognition-scope"),
        ("item", "cn-51-lab-01", "recognised-item-cn-51-lab"),
    ):
        expected = with_part(part, code)
        assert 0 < len(expected) < len(sent)
        query = {f"recognition-{part}": f"{CANONICAL}/CodeSystem/{system}|{code}"}
        assert found_in_time(fhir_server, query, expected) == expected
    expected = with_part("label", "川渝HR")
    assert 0 < len(expected) < len(sent)
    assert found_in_time(fhir_server, {"recognition-label": "川渝HR"}, expected) == expected
    assert stored(fhir_server, "Observation", {"recognition-mark": "no-such-mark"}) == {}


def found_in_time(server: Any, query: dict[str, str], expected: set[str]) -> set[str]:
    """The server indexes stored resources for a new SearchParameter in a job of its own, some seconds later."""
    end = time.monotonic() + 60
    while True:
        found = set(stored(server, "Observation", query))
        if found == expected or time.monotonic() > end:
            return found
        time.sleep(0.3)


def test_no_patient_in_any_request_url(release: str) -> None:
    """Addresses land in access logs: what identifies a patient stands in no request of the transaction."""
    made = [*demo(release), bundle(liver(correction=True, visit="V1"), release)]
    bodies = "".join(one["bytes"].decode() for one in made)
    assert all(word in bodies for word in PATIENT_WORDS)
    urls = [entry["request"]["url"] for one in made for entry in one["entry"]]
    assert len(urls) > 50
    assert [url for url in urls if any(word in url for word in PATIENT_WORDS)] == []
    identifying = {
        identifier["value"]
        for resource in of_kind(made, "Patient").values()
        for identifier in resource["identifier"]
        if identifier.get("system") != OWN
    }
    assert len(identifying) >= 3
    assert [url for url in urls if any(value in url for value in identifying)] == []


def test_failing_entry_leaves_nothing_behind(fhir_server: Any, release: str) -> None:
    """A transaction is taken whole or not at all: one reference into the void, and the server keeps nothing."""
    text = LIVER.read_bytes().decode("gb18030").replace("A26031600816", "A26031699999")
    made = bundle(text.encode("gb18030"), release)
    broken = json.loads(made["bytes"])
    broken["entry"] = [entry for entry in broken["entry"] if entry["resource"]["resourceType"] != "Specimen"]
    before = counts(fhir_server)
    with pytest.raises(AssertionError, match=r"HTTP 400: .*urn:uuid"):
        fhir_server.transaction(json.dumps(broken).encode())
    assert counts(fhir_server) == before
