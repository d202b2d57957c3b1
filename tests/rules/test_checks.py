"""Checks that the Sichuan text does not use, or uses in one way only: windows, institutions, negative list."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.model.when import Precision, When
from fhir_hr.rules import judge
from fhir_hr.rules.check_specs import CheckSpec
from fhir_hr.rules.checks import BINDERS, kind_of
from fhir_hr.rules.checks.mark import covers, division_prefix
from fhir_hr.rules.checks.window import in_window
from fhir_hr.rules.clock import moment, parse_day, parse_zone, span, within
from fhir_hr.rules.vocabulary import CheckKind, Count

BEIJING = parse_zone("+08:00")
BLOCK = {"effect": "block", "interpretation": "made up for this test"}
UNKNOWN = {"effect": "unknown", "interpretation": "made up for this test"}
MAY = {"effect": "discretion", "interpretation": "made up for this test"}


def at(text, precision=Precision.SECOND):
    found = span(When(iso=text, precision=precision))
    assert found is not None
    return found


def window(variant, **changes):
    def edit(data):
        spec = next(s for s in data["checks"] if s["check"] == "window")
        spec.update({"max_days": 30, "on_expired": BLOCK, "on_unknown": UNKNOWN, **changes})

    return variant(edit)


def with_check(variant, spec, **tables):
    def edit(data):
        data["checks"] = [*(each for each in data["checks"] if each["check"] != spec["check"]), spec]
        data.update(tables)

    return variant(edit)


def ask(pack, case):
    verdict = judge(case.item, case.prior, order=case.order, packs=[pack])
    return verdict, [r.code for r in verdict.reasons]


@pytest.mark.parametrize(
    ("inclusive", "performed", "outcome"),
    [
        (True, "2026-07-21T10:00:00+08:00", "must"),
        (True, "2026-07-21T09:59:59+08:00", "not"),
        (True, "2026-07-21T02:00:00+00:00", "must"),
        (True, "2026-07-21T01:59:59Z", "not"),
        (False, "2026-07-21T10:00:00+08:00", "not"),
        (False, "2026-07-21T10:00:01+08:00", "must"),
        (True, "2026-07-21", "indeterminate"),
        (True, "2026-07-22", "must"),
        (True, "2026-07-20", "not"),
        (True, "2026-07", "indeterminate"),
        (True, "2026-05", "not"),
    ],
)
def test_thirty_days_elapsed_from_performed(variant, make, inclusive, performed, outcome):
    # Ordered 2026-08-20T10:00:00+08:00; thirty times 24 hours before that is 2026-07-21T10:00:00+08:00.
    verdict, codes = ask(
        window(variant, inclusive=inclusive), make({"prior.performed": performed, "prior.reported": None})
    )
    assert verdict.outcome == outcome
    expected = {"must": [], "not": ["HR-WINDOW-EXPIRED"], "indeterminate": ["HR-WINDOW-UNKNOWN"]}[outcome]
    assert [c for c in codes if "WINDOW" in c] == expected


@pytest.mark.parametrize(
    ("inclusive", "performed", "outcome"),
    [
        (True, "2026-07-21T00:00:00+08:00", "must"),
        (True, "2026-07-20T23:59:59+08:00", "not"),
        (True, "2026-07-20T16:30:00+00:00", "must"),
        (False, "2026-07-21T23:00:00+08:00", "not"),
        (False, "2026-07-22T00:00:00+08:00", "must"),
        (True, "2026-07-21", "must"),
    ],
)
def test_thirty_days_by_the_calendar_in_the_packs_zone(variant, make, inclusive, performed, outcome):
    pack = window(variant, count="calendar", inclusive=inclusive)
    verdict, _ = ask(pack, make({"prior.performed": performed, "prior.reported": None}))
    assert verdict.outcome == outcome


def test_the_zone_moves_the_calendar_edge(variant, make):
    case = make({"prior.performed": "2026-07-20T16:30:00+00:00", "prior.reported": None})
    assert ask(window(variant, count="calendar", zone="+08:00"), case)[0].outcome == "must"
    assert ask(window(variant, count="calendar", zone="+00:00"), case)[0].outcome == "not"


def test_the_window_may_run_from_the_report(variant, make):
    case = make({"prior.performed": "2026-07-20T08:00:00+08:00", "prior.reported": "2026-07-22T08:00:00+08:00"})
    assert ask(window(variant, anchor="performed"), case)[0].outcome == "not"
    assert ask(window(variant, anchor="reported"), case)[0].outcome == "must"
    unreported = make({"prior.reported": None})
    verdict, codes = ask(window(variant, anchor="reported"), unreported)
    assert verdict.outcome == "indeterminate"
    assert "HR-WINDOW-UNKNOWN" in codes
    assert verdict.missing == ("reported",)


def test_an_items_own_limit_beats_the_checks(variant, make):
    def edit(data):
        data["items"][11]["window_days"] = 7
        next(s for s in data["checks"] if s["check"] == "window").update({"max_days": 30, "on_expired": BLOCK})

    pack = variant(edit)
    assert ask(pack, make({}))[0].outcome == "not"  # ten days old, ALT: 7 days
    other = {"order.item": "cn-51-lab-13", "prior.item": "cn-51-lab-13"}
    assert ask(pack, make(other))[0].outcome == "must"  # AST: 30 days


def test_a_reason_names_what_was_compared(variant, make):
    verdict, _ = ask(window(variant), make({"prior.performed": "2026-07-01T08:00:00+08:00"}))
    reason = next(r for r in verdict.reasons if r.code == "HR-WINDOW-EXPIRED")
    assert dict(reason.params) == {"anchor": "performed", "days": "30", "at": "2026-07-01T08:00:00+08:00"}
    assert reason.zh == "距采集/检查时间（2026-07-01T08:00:00+08:00）已超过30天"
    assert reason.en == "More than 30 days since performed (2026-07-01T08:00:00+08:00)"


def test_expires_is_when_the_window_ends(variant, make):
    verdict, _ = ask(window(variant), make({}))
    assert verdict.expires is not None
    assert verdict.expires.iso == "2026-09-09T00:00:00+00:00"  # 2026-08-10T08:00+08:00 and 30 days
    verdict, _ = ask(window(variant, count="calendar"), make({}))
    assert verdict.expires.iso == "2026-09-09T16:00:00+00:00"  # midnight in Beijing after 2026-09-09
    verdict, _ = ask(window(variant, count="calendar", inclusive=False), make({}))
    assert verdict.expires.iso == "2026-09-08T16:00:00+00:00"
    verdict, _ = ask(window(variant), make({"identity": "different"}))
    assert verdict.expires is None


def test_without_a_limit_nothing_expires_but_the_text_itself(pack, variant, make):
    assert ask(pack, make({}))[0].expires is None
    ending = variant(lambda data: data["effective"].update({"to": "2026-12-31"}))
    assert ask(ending, make({}))[0].expires.iso == "2026-12-31T15:59:59.999999+00:00"
    over = ask(ending, make({"order.at": "2027-01-01T00:00:00+08:00"}))
    assert over[1] == ["HR-PACK-NONE"]


@given(
    anchor=st.integers(0, 10**8), age=st.integers(0, 10**7), days=st.integers(0, 100), inclusive=st.booleans(),
    count=st.sampled_from(Count),
)  # fmt: skip
def test_a_window_never_opens_again(anchor, age, days, inclusive, count):
    since = timedelta(seconds=anchor)
    asked = [
        in_window((since, since), (now, now), days=days, count=count, inclusive=inclusive, zone=BEIJING)
        for now in (since + timedelta(seconds=age), since + timedelta(seconds=age + 1))
    ]
    assert None not in asked
    assert asked[0] or not asked[1]


INSTITUTION = {"check": "institution", "on_unlisted": MAY, "on_suspended": BLOCK, "on_unknown": UNKNOWN}
LISTED = {"uscc": "T510104000000000I", "name": "甲医院"}


@pytest.mark.parametrize(
    ("institutions", "suspensions", "performed", "outcome", "code"),
    [
        ([LISTED], [], "2026-08-10T08:00:00+08:00", "must", None),
        ([], [], "2026-08-10T08:00:00+08:00", "may", "HR-INSTITUTION-UNLISTED"),
        ([{**LISTED, "start": "2026-08-11"}], [], "2026-08-10T23:59:59+08:00", "may", "HR-INSTITUTION-UNLISTED"),
        ([{**LISTED, "start": "2026-08-11"}], [], "2026-08-10T16:00:00+00:00", "must", None),
        ([{**LISTED, "start": "2026-08-11"}], [], "2026-08", "indeterminate", "HR-INSTITUTION-UNKNOWN"),
        ([LISTED], [{"end": "2026-08-10"}], "2026-08-10T23:59:00+08:00", "not", "HR-INSTITUTION-SUSPENDED"),
        ([LISTED], [{"end": "2026-08-10"}], "2026-08-11T00:30:00+08:00", "must", None),
        ([LISTED], [{"item": "cn-51-lab-12"}], "2026-08-10T08:00:00+08:00", "not", "HR-INSTITUTION-SUSPENDED"),
        ([LISTED], [{"item": "cn-51-lab-13"}], "2026-08-10T08:00:00+08:00", "must", None),
        ([LISTED], [{"uscc": "T0"}], "2026-08-10T08:00:00+08:00", "must", None),
    ],
)
def test_institutions_count_at_the_time_performed(variant, make, institutions, suspensions, performed, outcome, code):
    stops = [{"uscc": LISTED["uscc"], **row} for row in suspensions]
    pack = with_check(variant, INSTITUTION, institutions=institutions, suspensions=stops, institutions_state="complete")
    verdict, codes = ask(pack, make({"prior.performed": performed, "prior.reported": "2026-08-20T09:00:00+08:00"}))
    assert verdict.outcome == outcome
    assert [c for c in codes if "INSTITUTION" in c] == ([code] if code else [])


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({}, "not"),
        ({"start": "2026-08-20"}, "not"),
        ({"start": "2026-08-21"}, "must"),
        ({"end": "2026-08-19"}, "must"),
        ({"start": "2026-08"}, "not"),
    ],
)
def test_the_negative_list_counts_at_order_time(variant, make, row, outcome):
    spec = {"check": "negative_list", "on_listed": BLOCK, "on_unknown": UNKNOWN}
    pack = with_check(variant, spec, negative=[{"item": "cn-51-lab-12", **row}])
    verdict, codes = ask(pack, make({}))
    assert verdict.outcome == outcome
    assert ("HR-NEGATIVE-LIST" in codes) is (outcome == "not")


def test_published_quality_evidence_counts_like_the_priors_own(variant, make):
    row = {"uscc": "T510104000000000I", "type": "eqa", "result": "failed", "start": "2026-08-01", "end": "2026-08-31"}
    pack = variant(lambda data: data.update(quality=[row]))
    assert ask(pack, make({}))[1][0] == "HR-EQA-FAIL"
    assert ask(pack, make({"prior.institution": "T0"}))[0].outcome == "must"


def test_a_failure_whose_period_cannot_be_read_is_not_an_open_one(pack, make):
    case = make({"prior.evidence": [{"type": "eqa", "result": "failed", "from": "2026-77", "to": None}]})
    verdict, codes = ask(pack, case)
    assert verdict.outcome == "indeterminate"
    assert "HR-EQA-UNKNOWN" in codes


def test_every_kind_has_a_binder_and_a_spec():
    specs = {str(spec.__struct_config__.tag) for spec in CheckSpec.__args__}
    listed = {kind.value for kind in CheckKind} - {CheckKind.APPLIES, CheckKind.MERGE, CheckKind.OVERLAY}
    assert specs == listed == {kind.value for kind in BINDERS}


def test_binders_belong_to_their_specs():
    for spec in CheckSpec.__args__:
        kind = CheckKind(str(spec.__struct_config__.tag))
        assert BINDERS[kind].__annotations__["spec"] == spec.__name__
    assert (
        kind_of(msgspec.convert({"check": "superseded", "on_fail": BLOCK, "on_unknown": BLOCK}, CheckSpec))
        == "superseded"
    )


def test_areas_are_prefixes_of_divisions():
    assert [division_prefix(c) for c in ("510000", "510100", "510104")] == ["51", "5101", "510104"]
    assert covers(("51", "50"), "500103") is True
    assert covers(("51",), "500103") is False
    assert [covers(("51",), odd) for odd in (None, "", "51", "51010x", "5101040")] == [None] * 5


def test_spans():
    assert at("2026-08-20T10:00:00+08:00") == at("2026-08-20T02:00:00Z") == at("2026-08-20T02:00:00+00:00")
    assert at("2026-08-20T10:00:00") == at("2026-08-20T02:00:00Z")
    assert at("2026-08-20T10:00:00-09:30") == at("2026-08-20T19:30:00Z")
    minute = at("2026-08-20T10:05:00+08:00", Precision.MINUTE)
    assert moment(minute[1]).isoformat() == "2026-08-20T02:05:59.999999+00:00"
    for odd in ("", "x", "2026-02-30T00:00:00+08:00", "2026-08-20T10:00:00+08:00+08:00", "2026-08-20T25:00:00+08:00"):
        assert span(When(iso=odd, precision=Precision.SECOND)) is None
        assert span(When(iso=odd, precision=Precision.DAY)) is None or odd.startswith("2026-08")
    assert parse_zone("+8") is None
    assert parse_zone("+25:00") is None


def test_within_is_three_valued():
    day, month = parse_day("2026-08-10", zone="+08:00"), parse_day("2026-08", zone="+08:00")
    assert within(None, None, None) is True
    assert within(day, None, None) is None
    assert within(day, day, at("2026-08-10T23:59:59+08:00")) is True
    assert within(day, day, at("2026-08-11T00:00:00+08:00")) is False
    assert within(day, None, month) is None
    assert within(None, parse_day("2026-09-01", zone="+08:00"), month) is True
