"""Own hospital and visit, institution lists and suspensions, and who recognises whom."""

from __future__ import annotations

import msgspec
import pytest

from fhir_hr.rules import judge
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.pack import bind_pack

BLOCK = {"effect": "block", "interpretation": "made up for this test"}
UNKNOWN = {"effect": "unknown", "interpretation": "made up for this test"}
MAY = {"effect": "discretion", "interpretation": "made up for this test"}
NOTE = {"effect": "note", "interpretation": "made up for this test"}
OBLIGE = {"effect": "oblige", "interpretation": "made up for this test"}
ISSUER, RECEIVER = "T510104000000000I", "T510703000000000R"


@pytest.fixture
def with_checks(variant):
    def make(*specs, **tables):
        def edit(data):
            kinds = {spec["check"] for spec in specs}
            data["checks"] = [*(each for each in data["checks"] if each["check"] not in kinds), *specs]
            data.update(tables)

        return variant(edit)

    return make


def codes(pack, case, *prefixes):
    verdict = judge(case.item, case.prior, order=case.order, packs=[pack])
    return verdict, [r.code for r in verdict.reasons if r.code.startswith(prefixes)]


@pytest.mark.parametrize(
    ("prior", "order", "there", "code"),
    [
        ("V1", "V1", True, "HR-SAME-ENCOUNTER"),
        ("V1", "V1", False, "HR-OWN-HOSPITAL"),
        ("V1", "V2", True, "HR-OWN-HOSPITAL"),
        (None, None, True, "HR-OWN-HOSPITAL"),
        (None, "V1", True, "HR-OWN-HOSPITAL"),
    ],
)
def test_the_same_visit_is_told_from_the_same_hospital(with_checks, make, prior, order, there, code):
    spec = {"check": "own_hospital", "on_same": MAY, **({"on_same_encounter": BLOCK} if there else {})}
    facts = {"prior.institution": RECEIVER, "prior.encounter": prior, "order.encounter": order}
    assert codes(with_checks(spec), make(facts), "HR-OWN", "HR-SAME")[1] == [code]
    assert (
        codes(with_checks(spec), make({"prior.encounter": "V1", "order.encounter": "V1"}), "HR-OWN", "HR-SAME")[1] == []
    )


LIST = {"check": "institution", "on_unlisted": MAY, "on_suspended": BLOCK, "on_unknown": UNKNOWN}
ROW = {"uscc": ISSUER, "name": "甲医院"}


@pytest.mark.parametrize(
    ("more", "rows", "state", "outcome", "code"),
    [
        ({}, [], "absent", "must", None),
        ({"on_open": MAY}, [], "absent", "may", "HR-INSTITUTION-LIST-OPEN"),
        ({"on_open": MAY}, [{**ROW, "uscc": "T9"}], "partial", "may", "HR-INSTITUTION-LIST-OPEN"),
        ({"on_open": MAY}, [{**ROW, "uscc": "T9"}], "complete", "may", "HR-INSTITUTION-UNLISTED"),
        ({"on_open": NOTE}, [{**ROW, "end": "2026-08-09"}], "partial", "may", "HR-INSTITUTION-UNLISTED"),
        ({"on_listed": OBLIGE}, [ROW], "partial", "must", "HR-INSTITUTION-LISTED"),
        ({}, [ROW], "partial", "must", None),
        ({}, [{**ROW, "end": "2026-08-09"}, {**ROW, "start": "2026-08-10"}], "complete", "must", None),
    ],
)
def test_a_list_that_is_not_whole_says_so(with_checks, make, more, rows, state, outcome, code):
    pack = with_checks({**LIST, **more}, institutions=rows, institutions_state=state)
    verdict, found = codes(pack, make({}), "HR-INSTITUTION")
    assert (verdict.outcome, found) == (outcome, [code] if code else [])


def test_a_listed_institution_obliges_without_any_mark(with_checks, make):
    pack = with_checks({**LIST, "on_listed": OBLIGE}, institutions=[ROW], institutions_state="complete")
    without = without_checks(pack, "mark", "item_symbol")
    verdict, _ = codes(without, make({"prior.mark": None}), "HR")
    assert (verdict.outcome, verdict.force) == ("must", "shall-not-repeat")


def without_checks(pack, *kinds):
    kept = tuple(spec for spec in pack.content.checks if kind_of(spec) not in kinds)
    return bind_pack(msgspec.structs.replace(pack.content, checks=kept))


@pytest.mark.parametrize(
    ("row", "facts", "code"),
    [
        ({}, {}, "HR-INSTITUTION-SUSPENDED"),
        ({"item": "cn-51-lab-12"}, {}, "HR-INSTITUTION-SUSPENDED"),
        ({"item": "cn-51-lab-13"}, {}, None),
        ({"item": "cn-51-lab-12"}, {"prior.item": "urn:other|cn-51-lab-12"}, None),
        ({"item": "cn-51-lab-12"}, {"prior.item": None}, "HR-INSTITUTION-UNKNOWN"),
        ({"item": "cn-51-lab-12", "end": "2026-08-09"}, {"prior.item": None}, None),
        ({"start": "2026-08-10"}, {"prior.performed": "2026-08"}, "HR-INSTITUTION-UNKNOWN"),
    ],
)
def test_a_suspension_counts_where_no_list_is_held(with_checks, make, row, facts, code):
    pack = with_checks(LIST, suspensions=[{"uscc": ISSUER, **row}])
    assert codes(pack, make(facts), "HR-INSTITUTION")[1] == ([code] if code else [])


def direction(*cases):
    return {"check": "direction", "cases": list(cases), "otherwise": MAY, "on_unknown": UNKNOWN}


TERTIARY = {"tiers": [3], "ownership": "public"}
ASSESSED = {"tiers": [2], "ownership": "public", "assessed": True}
TAIYUAN = direction(
    {"issuer": TERTIARY, "receiver": {"tiers": [2, 3]}, "then": OBLIGE},
    {"issuer": ASSESSED, "receiver": {"tiers": [2, 3]}, "then": NOTE},
)


def sides(issuer=None, receiver=None, **more):
    facts = {f"prior.{key}": value for key, value in (issuer or {}).items()}
    return {**facts, **{f"order.{key}": value for key, value in (receiver or {}).items()}, **more}


PUBLIC_3, PUBLIC_2 = {"tier": 3, "ownership": "public"}, {"tier": 2, "ownership": "public"}


@pytest.mark.parametrize(
    ("issuer", "receiver", "code"),
    [
        (PUBLIC_3, PUBLIC_2, "HR-DIR-MET"),
        (PUBLIC_3, {"tier": 1}, "HR-DIR-NOT-OBLIGED"),
        ({"tier": 3, "ownership": "private"}, PUBLIC_2, "HR-DIR-NOT-OBLIGED"),
        ({"tier": 3}, PUBLIC_2, "HR-DIR-UNKNOWN"),
        (PUBLIC_3, {}, "HR-DIR-UNKNOWN"),
        ({"tier": 1}, {}, "HR-DIR-NOT-OBLIGED"),  # a first-level issuer is in no case, whoever receives
        ({}, {"tier": 1}, "HR-DIR-NOT-OBLIGED"),
        (PUBLIC_2, PUBLIC_3, "HR-DIR-UNKNOWN"),  # nothing is known of an assessment
    ],
)
def test_directions_are_three_valued(with_checks, make, issuer, receiver, code):
    assert codes(with_checks(TAIYUAN), make(sides(issuer, receiver)), "HR-DIR")[1] == [code]


@pytest.mark.parametrize(
    ("row", "evidence", "performed", "code"),
    [
        ({}, [], None, "HR-DIR-NOT-OBLIGED"),  # on the list, and no day from which it counts as assessed
        ({"assessed_from": "2026-08-10"}, [], "2026-08-10T00:00:00+08:00", "HR-DIR-MET"),
        ({"assessed_from": "2026-08-10"}, [], "2026-08-09T23:59:59+08:00", "HR-DIR-NOT-OBLIGED"),
        ({"assessed_from": "2026-08-10"}, [], "2026-08", "HR-DIR-UNKNOWN"),
        (None, [{"result": "passed"}], None, "HR-DIR-MET"),
        (None, [{"result": "passed", "to": "2026-08-09"}], None, "HR-DIR-UNKNOWN"),
        (None, [{"result": "failed"}, {"result": "passed"}], None, "HR-DIR-NOT-OBLIGED"),
        ({"assessed_from": "2026-08-01"}, [{"result": "failed"}], None, "HR-DIR-NOT-OBLIGED"),
        ({"assessed_from": "2026-08-01"}, [{"result": "failed", "to": "2026-99"}], None, "HR-DIR-UNKNOWN"),
        (None, [{"result": "not-assessed"}], None, "HR-DIR-NOT-OBLIGED"),
        ({}, [{"result": "passed", "from": "2026-08-10"}], "2026-08", "HR-DIR-UNKNOWN"),
        (None, [{"result": "passed", "institution": "T9"}], None, "HR-DIR-UNKNOWN"),
        (None, [{"result": "passed", "item": "cn-51-lab-13"}], None, "HR-DIR-UNKNOWN"),
    ],
)
def test_an_assessment_counts_at_the_time_performed(with_checks, make, row, evidence, performed, code):
    rows = [] if row is None else [{**ROW, **row}]
    pack = with_checks(TAIYUAN, institutions=rows, institutions_state="partial")
    proofs = [{"type": "assessment", **proof} for proof in evidence]
    more = {"prior.evidence": proofs, **({"prior.performed": performed} if performed else {})}
    assert codes(pack, make(sides(PUBLIC_2, PUBLIC_3, **more)), "HR-DIR")[1] == [code]


def test_the_packs_own_row_goes_before_what_is_stated(with_checks, make):
    rows = [
        {**ROW, "tier": 2, "ownership": "public", "end": "2026-08-09"},
        {**ROW, "tier": 3, "ownership": "public", "start": "2026-08-10"},
    ]
    pack = with_checks(TAIYUAN, institutions=rows, institutions_state="partial")
    stated = sides({"tier": 1, "ownership": "private"}, PUBLIC_2)
    verdict, found = codes(pack, make(stated), "HR-DIR")
    assert found == ["HR-DIR-MET"]
    reason = next(r for r in verdict.reasons if r.code == "HR-DIR-MET")
    assert dict(reason.params) == {"issuer": "tier-3,public,not-assessed", "receiver": "tier-2,public"}
    assert "三级、公立、未评估" in reason.zh
    assert codes(pack, make({**stated, "prior.performed": "2026-08-09T08:00:00+08:00"}), "HR-DIR")[1] == [
        "HR-DIR-NOT-OBLIGED"
    ]
    # Which row counts in August cannot be told: what the two rows state is not known.
    assert codes(pack, make({**stated, "prior.performed": "2026-08"}), "HR-DIR")[1] == ["HR-DIR-UNKNOWN"]


def test_a_line_between_levels_with_its_grade(with_checks, make):
    line = {"tier": 2, "grade": "甲"}
    pack = with_checks(direction({"issuer": {"at_least": line}, "receiver": {"at_most": line}, "then": NOTE}))
    answers = {}
    for tier, grade in ((3, None), (2, "特"), (2, "甲"), (2, "乙"), (2, None), (1, "特"), (None, "甲")):
        case = make(sides({"tier": tier, "grade": grade}, {"tier": 1}))
        other = make(sides({"tier": 3}, {"tier": tier, "grade": grade}))
        answers[tier, grade] = tuple(codes(pack, each, "HR-DIR")[1][0][7:] for each in (case, other))
    assert answers == {
        (3, None): ("MET", "NOT-OBLIGED"),
        (2, "特"): ("MET", "NOT-OBLIGED"),
        (2, "甲"): ("MET", "MET"),
        (2, "乙"): ("NOT-OBLIGED", "MET"),
        (2, None): ("UNKNOWN", "UNKNOWN"),
        (1, "特"): ("NOT-OBLIGED", "MET"),
        (None, "甲"): ("UNKNOWN", "UNKNOWN"),
    }


@pytest.mark.parametrize(
    ("rows", "issuer", "receiver", "code"),
    [
        ([], ["A"], ["B", "A"], "HR-DIR-MET"),
        ([], ["A"], ["B"], "HR-DIR-NOT-OBLIGED"),
        ([], [], ["B"], "HR-DIR-NOT-OBLIGED"),
        ([], None, ["B"], "HR-DIR-UNKNOWN"),
        ([("A", ISSUER, {}), ("A", RECEIVER, {})], None, None, "HR-DIR-MET"),
        ([("A", ISSUER, {}), ("B", RECEIVER, {})], None, None, "HR-DIR-NOT-OBLIGED"),
        ([("A", ISSUER, {})], None, ["A"], "HR-DIR-MET"),
        ([("A", ISSUER, {"end": "2026-08-09"})], None, ["A"], "HR-DIR-UNKNOWN"),  # no longer a member of A
        ([("A", ISSUER, {"end": "2026-08-09"})], [], ["A"], "HR-DIR-NOT-OBLIGED"),
        ([("A", RECEIVER, {"start": "2026-08-20"})], ["A"], None, "HR-DIR-MET"),  # at order time
    ],
)
def test_one_alliance(with_checks, make, rows, issuer, receiver, code):
    alliances = [{"alliance": alliance, "uscc": uscc, **period} for alliance, uscc, period in rows]
    pack = with_checks(direction({"same_alliance": True, "then": NOTE}), alliances=alliances)
    assert codes(pack, make(sides({"alliances": issuer}, {"alliances": receiver})), "HR-DIR")[1] == [code]


def test_one_level(with_checks, make):
    pack = with_checks(direction({"same_tier": True, "then": MAY}, {"issuer": {"types": ["hospital"]}, "then": NOTE}))
    assert codes(pack, make(sides({"tier": 2}, {"tier": 2})), "HR-DIR")[1] == ["HR-DIR-NOT-OBLIGED"]
    assert codes(pack, make(sides({"tier": 2, "type": "hospital"}, {"tier": 3})), "HR-DIR")[1] == ["HR-DIR-MET"]
    # A case that cannot be told stops the search: the next one is not asked.
    assert codes(pack, make(sides({"type": "hospital"}, {"tier": 3})), "HR-DIR")[1] == ["HR-DIR-UNKNOWN"]


@pytest.mark.parametrize(
    ("level", "report", "item", "code"),
    [
        ("report", "chuannei-hr", None, "HR-OBLIGED"),
        ("item", "chuannei-hr", None, "HR-MARK-ABSENT"),
        ("item", None, "chuannei-hr", "HR-OBLIGED"),
        ("either", None, "chuannei-hr", "HR-OBLIGED"),
        ("either", "e-hr", "chuannei-hr", "HR-OBLIGED"),
        ("either", "e-hr", None, "HR-MARK-OUTSIDE"),
        ("either", None, None, "HR-MARK-ABSENT"),
    ],
)
def test_a_mark_may_stand_on_the_report_or_at_the_item(variant, make, level, report, item, code):
    def edit(data):
        data["checks"] = [spec for spec in data["checks"] if spec["check"] != "item_symbol"]
        next(spec for spec in data["checks"] if spec["check"] == "mark")["level"] = level

    facts = {"prior.mark": report, "prior.item_mark": item, "prior.item_mark_known": True}
    assert codes(variant(edit), make(facts), "HR-MARK", "HR-OBLIGED")[1] == [code]
    unread = {**facts, "prior.mark_known": False, "prior.item_mark_known": False}
    if code == "HR-MARK-ABSENT":
        verdict, found = codes(variant(edit), make(unread), "HR-MARK")
        assert found == ["HR-MARK-UNKNOWN"]
        assert set(verdict.missing) == {"item": {"item_mark"}, "either": {"report_mark", "item_mark"}}[level]
