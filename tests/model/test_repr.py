"""No patient data outside the payload: no ``repr`` of the model shows who it is about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fhir_hr import Converter, read_order
from fhir_hr.cli.demo import DATA

MESSAGES = sorted((DATA / "messages").iterdir())
# What the demonstration's messages and order say of their (invented) patient, visit, numbers and staff.
SECRETS = ("测试", "999999198803150016", "19880315", "1988-03-15", "B00731", "Ceshi")


def parts(value: object) -> Iterator[object]:
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from parts(getattr(value, name))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from parts(one)


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.name)
def test_no_part_of_a_message_shows_its_patient(path: Path) -> None:
    (one,) = Converter().convert(path.read_bytes())
    text = one.json().decode()
    assert sum(secret in text for secret in SECRETS) >= 3  # the payload does hold them
    subjects = [one, *parts(one.message), *parts(one.priors()), *parts(one.issues)]
    assert len(subjects) > 100
    for subject in subjects:
        if type(subject).__name__ == "When":
            continue  # a bare time names nobody; what holds it does not show it
        shown = repr(subject)
        assert [secret for secret in SECRETS if secret in shown] == [], type(subject).__name__


def test_an_order_does_not_show_its_patient() -> None:
    order = read_order((DATA / "order.json").read_bytes())
    for subject in parts(order):
        if type(subject).__name__ != "When":
            assert [secret for secret in SECRETS if secret in repr(subject)] == []
