"""Flat facts: what they become, and that a slip of the pen is an error that says which."""

from __future__ import annotations

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.model.identity import match_identity
from fhir_hr.model.when import Precision
from fhir_hr.rules.clock import span
from fhir_hr.testing.facts import BASE_KEYS, build
from fhir_hr.testing.times import read_time

AT = {"order.at": "2026-08-20T10:00:00+08:00"}


def test_what_is_left_out_is_unknown_or_nothing():
    case = build(AT)
    assert (case.prior.performed, case.prior.superseded, case.prior.item, case.prior.evidence) == (None, None, None, ())
    assert (case.order.institution.tier, case.order.institution.alliances, case.item.exam) == (None, None, None)
    assert case.prior.report_mark_known is False
    assert case.identity.same is True


@pytest.mark.parametrize(("identity", "same"), [("same", True), ("different", False), ("unknown", None)])
@pytest.mark.parametrize("name", [None, "测试甲"])
def test_the_patients_compare_to_the_identity_that_is_stated(identity, same, name):
    case = build({**AT, "identity": identity, "prior.patient_name": name})
    assert case.identity.same is same
    assert match_identity(case.order.patient, case.prior.patient) == case.identity


@pytest.mark.parametrize(
    ("text", "iso", "precision"),
    [
        ("2026", "2026", Precision.YEAR),
        ("2026-08", "2026-08", Precision.MONTH),
        ("2026-08-20", "2026-08-20", Precision.DAY),
        ("2026-08-20T10+08:00", "2026-08-20T10:00:00+08:00", Precision.HOUR),
        ("2026-08-20T10:05-05:30", "2026-08-20T10:05:00-05:30", Precision.MINUTE),
        ("2026-08-20T10:05:07Z", "2026-08-20T10:05:07Z", Precision.SECOND),
        ("2026-08-20T10:05:07.25+08:00", "2026-08-20T10:05:07.25+08:00", Precision.FRACTION),
    ],
)
def test_times_keep_their_precision(text, iso, precision):
    when = read_time(text)
    assert (when.iso, when.precision) == (iso, precision)
    assert span(when) is not None


def test_hour_and_minute_are_spans_of_their_length():
    first, last = span(read_time("2026-08-20T10+08:00"))
    assert (last - first).total_seconds() == pytest.approx(3600, abs=1e-3)


@pytest.mark.parametrize(
    "text", ["2026-8-20", "2026-08-20T10:00:00", "2026-08-20 10:00", "20260820", "", "2026-08-20T"]
)
def test_a_time_of_another_form_is_an_error(text):
    with pytest.raises(UsageError, match="is no time like 2026-08"):
        read_time(text)


def test_a_day_that_no_calendar_has_is_a_time_that_cannot_be_read():
    assert span(read_time("2026-02-30")) is None


@pytest.mark.parametrize(
    ("text", "system", "code"),
    [("a-1", "urn:list", "a-1"), ("urn:x|a|1", "urn:x", "a|1"), ("|a-1", None, "a-1")],
)
def test_item_codes_carry_a_system_or_get_the_packs(text, system, code):
    item = build({**AT, "prior.item": text}, item_system="urn:list").prior.item
    assert (item.system, item.code) == (system, code)


def test_every_part_of_an_institution_and_an_exam_arrives():
    case = build(
        {
            **AT,
            "prior.tier": 2,
            "prior.grade": "甲",
            "prior.ownership": "private",
            "prior.type": "imaging-centre",
            "prior.alliances": ["a"],
            "prior.exam": {"modality": "DR", "side": "left", "views": ["lateral", "frontal", "lateral"]},
        }
    )
    place, exam = case.prior.institution, case.prior.exam
    assert (place.tier, place.grade, place.ownership, place.type) == (2, "甲", "private", "imaging-centre")
    assert place.alliances == ("a",)
    assert (exam.modality, exam.side, exam.views, exam.contrast) == ("DR", "left", ("frontal", "lateral"), None)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"prior.perfomed": None}, "there is no fact 'prior.perfomed'"),
        ({"identity": "maybe"}, "'identity': 'maybe' is not one of same, different, unknown"),
        ({"order.at": None}, "an order has a time"),
        ({"prior.status": "done"}, "'prior.status': 'done' is not one of registered"),
        ({"prior.mark_known": None}, "'prior.mark_known': 'None' is not true or false"),
        ({"prior.starred": "yes"}, "'prior.starred': 'yes' is not true, false or null"),
        ({"order.tier": 4}, "'order.tier': '4' is not 0, 1, 2, 3 or null"),
        ({"order.tier": True}, "'order.tier': 'True' is not"),
        ({"prior.item": ""}, "'prior.item': '' is not text"),
        ({"prior.name": 3}, "'prior.name': '3' is not text or null"),
        ({"order.codings": "x|1"}, "'order.codings': 'x|1' is not a list"),
        ({"prior.exam": {"laterality": "left"}}, "'prior.exam': there is no key 'laterality'"),
        ({"prior.exam": {"views": ["ap"]}}, "'prior.exam.views': 'ap' is not one of frontal"),
        ({"prior.evidence": [{"type": "eqa"}]}, r"'prior.evidence\[0\]': lacks 'result'"),
        ({"prior.evidence": [{"type": "eqa", "result": "passed", "from": "soon"}]}, r"evidence\[0\].from': 'soon'"),
        ({"order.exclusions": [{"case": 1}]}, r"'order.exclusions\[0\].case': '1' is not text"),
        ({"order.exclusions": ["1"]}, r"'order.exclusions\[0\]': '1' is not an object"),
    ],
)
def test_an_impossible_fact_is_an_error_that_names_it(facts, words):
    with pytest.raises(UsageError, match=words):
        build({**AT, **facts})


def test_every_fact_is_used():
    """A fact that is read nowhere would let a vector prove nothing."""
    plain = repr(_all(build(AT)))
    other = {
        "identity": "unknown", "order.kind": "imaging", "prior.kind": "imaging", "prior.status": "final",
        "prior.report_status": "final", "order.grade": "甲", "prior.grade": "甲", "order.ownership": "public",
        "prior.ownership": "public", "order.type": "hospital", "prior.type": "hospital",
        "order.tier": 1, "prior.tier": 1,
        "order.alliances": [], "prior.alliances": [], "order.codings": ["a|1"], "prior.codings": ["a|1"],
        "order.scale": "quantitative", "prior.scale": "quantitative", "order.exam": {}, "prior.exam": {},
        "order.exclusions": [{"case": "1"}], "prior.evidence": [{"type": "eqa", "result": "passed"}],
        "order.at": "2026", "prior.performed": "2026", "prior.reported": "2026", "prior.mark_known": True,
        "prior.item_mark_known": True, "prior.starred": True, "prior.superseded": True, "prior.has_report": True,
        "prior.has_images": True, "prior.series_complete": True,
    }  # fmt: skip
    for key in BASE_KEYS:
        assert repr(_all(build({**AT, key: other.get(key, "x")}))) != plain, key


def _all(case):
    import msgspec

    return msgspec.to_builtins(case)
