"""Orders and evidence by hand: strict, and the words say where."""

from __future__ import annotations

import json

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.recognition import read_evidence, read_order

GOOD = {
    "id": "1",
    "at": "2026-03-20T09:30:00+08:00",
    "patient": {"identifiers": [{"value": "7", "assigner": "H1"}], "sex": "male", "birth": "1988-03"},
    "institution": {"id": "H2"},
    "items": [{"name": "血常规"}, {"id": "b", "name": "ALT", "loinc": "1742-6"}],
}


def order(**changes):
    return json.dumps({**GOOD, **changes}).encode()


def test_a_good_order():
    read = read_order(order(exclusions=[{"case": "3", "item_id": "b"}]))
    assert [item.id for item in read.items] == ["1", "b"]
    assert read.items[1].code.code_in("http://loinc.org") == "1742-6"
    assert (read.patient.birth.iso, read.exclusions[0].case) == ("1988-03", "3")


def test_an_imaging_order_and_what_is_known_of_the_receiver():
    exam = {"modality": "DR", "body_part": "knee", "side": "left", "views": ["lateral", "frontal", "lateral"]}
    item = {"name": "左膝", "kind": "imaging", "exam": exam, "method": "m", "unit": "u", "reference_text": "r"}
    place = {"id": "H2", "grade": "甲", "type": "hospital", "ownership": "public", "alliances": ["A"], "tier": 2}
    read = read_order(order(items=[item], institution=place))
    (stated,) = read.items
    assert (stated.exam.side, stated.exam.views, stated.exam.contrast) == ("left", ("frontal", "lateral"), None)
    assert (stated.method, stated.unit, stated.reference_text) == ("m", "u", "r")
    assert (read.institution.type, read.institution.alliances) == ("hospital", ("A",))
    assert read_order(order()).institution.alliances is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe", "order: this is not JSON in UTF-8"),
        (b"[" * 100_000, "order: Expected `object`, got `array`"),
        (b'{"id": ' + b"[" * 100_000, "order: Expected `str`, got `array`"),
        (b"{}", "order: Object missing required field `id`"),
        (order(colour="red"), "order: Object contains unknown field `colour`"),
        (order(institution={"id": "1", "grade": "A"}), r"order: Invalid value - at `\$.institution.grade`"),
        (order(items=[{"name": "a", "exam": {"side": "top"}}]), r"Invalid value - at `\$.items\[0\].exam.side`"),
        (order(items=[]), r"order: \$.items is empty"),
        (order(items=[{"name": 5}]), r"order: Expected `str`, got `int` - at `\$.items\[0\].name`"),
        (order(at="2026-03-20"), r"order: \$.at must be a full time with zone"),
        (order(at="2026-03-20T09:30:00"), r"\$.at is not a possible date, nor a full time with zone"),
        (order(at="2026-13-20T09:30:00+08:00"), r"\$.at is not a possible date"),
        (order(patient={**GOOD["patient"], "birth": "1988-02-30"}), r"\$.patient.birth is not a possible date"),
        (order(exclusions=[{"case": "3", "item_id": "zz"}]), "an exclusion names item 'zz', and the order has no such"),
        (order(items=[{"id": "1", "name": "a"}, {"name": "b", "id": "1"}]), "order: two items have the id '1'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data, words):
    with pytest.raises(UsageError, match=words):
        read_order(data)


def test_a_wrong_sex_is_not_repeated():
    with pytest.raises(UsageError) as caught:
        read_order(order(patient={**GOOD["patient"], "sex": "测试甲"}))
    assert "测试甲" not in str(caught.value)
    assert "$.patient.sex" in str(caught.value)


def test_evidence():
    (one,) = read_evidence(
        b'{"evidence": [{"type": "eqa", "result": "failed", "institution": "H1", "start": "2026", "end": null}]}'
    )
    assert (one.type, one.result, one.start.iso, one.item, one.end) == ("eqa", "failed", "2026", None, None)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"evidence": [{"type": "eqa"}]}', "evidence: Object missing required field `result`"),
        (
            b'{"evidence": [{"type": "eqa", "result": "failed", "institution": "H1", "end": "soon"}]}',
            r"\$.evidence\[0\].end is not a possible date",
        ),
        (
            b'{"evidence": [{"type": "eqa", "result": "failed", "institution": "H1", "item": ""}]}',
            r"\$.evidence\[0\].item is empty; leave it out where the evidence is for all items",
        ),
    ],
)
def test_wrong_evidence(data, words):
    with pytest.raises(UsageError, match=words):
        read_evidence(data)
