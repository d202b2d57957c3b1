"""What a reader remembers between messages: what a sender says of its items, never of a person or an event."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.adapters.hl7v2.plans import Plans

# Each stands in a field that tells of one patient or one event; none may be found again in the caches.
PERSONAL = {
    "PID-5 name": "测试甲",
    "PID-3 number": "LOCAL-4711",
    "PID-16 marital status": "MARITAL-SECRET",
    "PID-22 ethnic group": "ETHNIC-SECRET",
    "PV1-19 visit": "VISIT-SECRET",
    "ORC-12 physician": "DOCTOR-SECRET",
    "OBR-3 number": "FILLER-SECRET",
    "OBR-26 parent": "PARENT-SECRET",
    "OBR-31 reason": "REASON-SECRET",
    "OBX-5 coded answer": "ANSWER-SECRET",
    "OBX-5 code of table": "TABLE-SECRET",
    "OBX-5 text": "TEXT-SECRET",
    "OBX-14 time": "20260102030405",
    "OBX-16 observer": "OBSERVER-SECRET",
    "OBX-25 director": "DIRECTOR-SECRET",
    "NTE-3 note": "NOTE-SECRET",
    "SPM-2 number": "SPECIMEN-SECRET",
}
MESSAGE = "\r".join(
    [
        "MSH|^~\\&|LIS|H1|||20260102||ORU^R01|C1|P|2.5.1||||||UNICODE UTF-8",
        "PID|1||LOCAL-4711^^^HIS^MR||测试甲||19900307|F||||||||MARITAL-SECRET||||||ETHNIC-SECRET",
        "PV1|1|O|||||||||||||||||VISIT-SECRET",
        "ORC|RE|P1|FILLER-SECRET||CM|||||||DOCTOR-SECRET^某",
        "OBR|1|P1|FILLER-SECRET|PANEL^组合|||20260102|||||||||||||||20260102||MB|F|PARENT-SECRET&x^1|||||REASON-SECRET^y",
        "OBX|1|CWE|A^甲项||ANSWER-SECRET^z|||N|||F|||20260102030405||OBSERVER-SECRET^某|手工^手工法"
        "||||||检验科||D1^DIRECTOR-SECRET",
        "NTE|1||NOTE-SECRET",
        "OBX|2|IS|B^乙项||TABLE-SECRET|||N|||F",
        "OBX|3|ST|C^丙项||TEXT-SECRET|||N|||F",
        "SPM|1|SPECIMEN-SECRET||SER^血清",
        "",
    ]
)


def reachable(value: object, seen: set[int]) -> Iterator[str]:
    """All texts that can be reached from an object."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from reachable(key, seen)
            yield from reachable(one, seen)
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from reachable(one, seen)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from reachable(getattr(value, name), seen)
    elif hasattr(value, "__slots__") or hasattr(value, "__dict__"):
        names = [*getattr(type(value), "__slots__", ()), *getattr(value, "__dict__", {})]
        for name in names:
            yield from reachable(getattr(value, name, None), seen)


def test_nothing_of_a_person_or_an_event_is_remembered() -> None:
    reader = Reader()
    (one,) = reader.read(MESSAGE.encode())
    assert one.counts.observations == 3
    plans = list(reader._plans.values())
    assert len(plans) == 1
    assert isinstance(plans[0], Plans)
    texts = list(reachable(plans[0], set()))
    assert any("甲项" in text for text in texts)  # what is said of the item is remembered
    found = {what for what, secret in PERSONAL.items() if any(secret in text for text in texts)}
    assert found == set()


def test_each_of_these_is_in_the_message_as_read() -> None:
    """The list above is of things that are read: else their absence would say nothing."""
    (one,) = Reader().read(MESSAGE.encode())
    texts = list(reachable(one.message, set()))
    missing = {what for what, secret in PERSONAL.items() if not any(secret in text for text in texts)}
    assert missing == set()


def test_a_reader_that_remembers_too_much_begins_anew(monkeypatch) -> None:
    monkeypatch.setattr("fhir_hr.adapters.hl7v2.plans._MAX_PLANS", 3)
    reader = Reader()
    first = [next(iter(reader.read(MESSAGE.encode()))) for _ in range(3)]
    assert all(one.message == first[0].message for one in first)
    before = next(iter(reader._plans.values()))
    next(iter(reader.read(MESSAGE.encode())))
    assert next(iter(reader._plans.values())) is not before
