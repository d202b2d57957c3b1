"""Several packs: delegation, silence, conflicts, the whole country, stale indexes, and when all that ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fhir_hr.rules import decide, judge
from fhir_hr.rules.load import builtin_pack, builtin_packs
from fhir_hr.rules.merge import plan_of
from fhir_hr.rules.pack import bind_pack

NOTE = {"effect": "note", "interpretation": "made up for this test"}
MAY = {"effect": "discretion", "interpretation": "made up for this test"}
BLOCK = {"effect": "block", "interpretation": "made up for this test"}


def ask(case, *packs):
    verdict = judge(case.item, case.prior, order=case.order, packs=packs)
    return verdict, [(reason.code, reason.pack) for reason in verdict.reasons]


@pytest.fixture
def wider(variant):
    """The Sichuan pack made the nation's, with a limit of its own and whatever it leaves to others."""

    def make(*delegates, days=5, effect=MAY, **more):
        def edit(data):
            data.update(pack="wide", jurisdiction="cn", level="nation", delegates=list(delegates), **more)
            data["applies"]["divisions"] = ["000000"]
            next(spec for spec in data["checks"] if spec["check"] == "window").update(max_days=days, on_expired=effect)

        return variant(edit)

    return make


@pytest.fixture
def limited(variant):
    def make(days, **more):
        def edit(data):
            data.update(**more)
            next(spec for spec in data["checks"] if spec["check"] == "window").update(max_days=days, on_expired=MAY)

        return variant(edit)

    return make


def test_a_delegated_kind_is_left_to_the_narrower_pack(pack, wider, make):
    _, asked = ask(make({}), wider(), pack)
    assert ("HR-WINDOW-EXPIRED", "wide") in asked
    verdict, left = ask(make({}), wider("window"), pack)
    assert ("HR-WINDOW-EXPIRED", "wide") not in left
    assert ("HR-WINDOW-NONE", "cn-51-lab") in left
    assert verdict.outcome == "must"


def test_nothing_is_left_to_a_pack_that_does_not_surely_apply_or_is_not_narrower(pack, wider, variant, make):
    elsewhere = variant(lambda data: (data.update(jurisdiction="cn-42"), data["applies"].update(divisions=["420000"])))
    assert ("HR-WINDOW-EXPIRED", "wide") in ask(make({}), wider("window"), elsewhere)[1]
    unsure = make({"order.division": None})
    assert ("HR-WINDOW-EXPIRED", "wide") in ask(unsure, wider("window"), pack)[1]
    twin = variant(lambda data: data.update(pack="twin", jurisdiction="cn", level="nation"))
    assert ("HR-WINDOW-EXPIRED", "wide") in ask(make({}), wider("window"), twin)[1]


def test_nothing_is_left_to_a_pack_without_such_a_check(wider, variant, make):
    def edit(data):
        data["checks"] = [spec for spec in data["checks"] if spec["check"] != "window"]

    assert ("HR-WINDOW-EXPIRED", "wide") in ask(make({}), wider("window"), variant(edit))[1]


def test_the_whole_country_holds_every_receiver(wider, make):
    for division in ("110101", "510703", None):
        assert ask(make({"order.division": division}), wider())[0].packs[0].id == "wide"


def test_a_pack_that_only_notes_takes_no_part_in_a_conflict(pack, variant, make):
    def silent(data):
        data.update(pack="silent")
        data["checks"] = [spec for spec in data["checks"] if spec["check"] not in ("mark", "item_symbol")]

    quiet, case = variant(silent), make({})
    assert judge(case.item, case.prior, order=case.order, packs=[quiet]).outcome == "may"
    verdict, told = ask(case, quiet, pack)
    assert verdict.outcome == "must"
    assert "HR-CONFLICT" not in [code for code, _ in told]
    assert {ref.id for ref in verdict.packs} == {"silent", "cn-51-lab"}


def test_packs_that_disagree_are_named(pack, limited, make):
    verdict, told = ask(make({}), pack, limited(5, pack="a-limited"))
    assert ("HR-CONFLICT", "") in told
    reason = next(reason for reason in verdict.reasons if reason.code == "HR-CONFLICT")
    assert dict(reason.params) == {"outcomes": "may,must", "packs": "a-limited,cn-51-lab"}


def test_a_block_of_a_pack_that_may_not_apply_leaves_the_answer_open(pack, wider, make):
    strict = wider(effect=BLOCK, days=5)
    unsure = make({"order.division": None})
    narrow = bind_pack(msgspec.structs.replace(strict.content, pack="narrow", applies=pack.content.applies))
    verdict, told = ask(unsure, narrow)
    assert (verdict.outcome, ("HR-WINDOW-EXPIRED", "narrow") in told) == ("not", True)  # the only one asked
    assert ask(unsure, narrow, pack)[0].outcome == "indeterminate"
    assert ask(unsure, strict, pack)[0].outcome == "not"  # the nation's surely applies
    nobody = make({"order.division": None, "identity": "different"})
    assert ask(nobody, narrow, pack)[0].outcome == "not"  # whichever applies


@pytest.mark.parametrize(("first", "second", "days"), [(30, 60, "30,60"), (30, 30, None), (30, None, None)])
def test_limits_that_differ_are_told(limited, make, first, second, days):
    verdict, told = ask(make({}), limited(first, pack="a"), limited(second, pack="b"))
    assert (("HR-WINDOW-CONFLICT", "") in told) is (days is not None)
    if days:
        reason = next(reason for reason in verdict.reasons if reason.code == "HR-WINDOW-CONFLICT")
        assert dict(reason.params) == {"days": days, "packs": "a,b"}
        assert reason.effect == "note"
        assert reason.zh == "各规则包对该项目的时限不同（30、60天）"


def test_a_limit_that_is_left_to_another_pack_is_in_no_conflict(wider, limited, make):
    assert ("HR-WINDOW-CONFLICT", "") in ask(make({}), wider(days=20), limited(30))[1]
    verdict, told = ask(make({}), wider("window", days=20), limited(30))
    assert ("HR-WINDOW-CONFLICT", "") not in told
    assert verdict.expires.iso == "2026-09-09T00:00:00+00:00"  # thirty days, not twenty
    assert ask(make({}), wider(days=20), limited(30))[0].expires.iso == "2026-08-30T00:00:00+00:00"


def test_the_order_in_which_packs_are_given_is_irrelevant_and_each_counts_once(pack, wider, limited, make):
    packs = [pack, wider("window"), limited(30, pack="b")]
    case = make({})
    answers = {
        decide(case.item, case.prior, order=case.order, packs=some).id
        for some in (packs, packs[::-1], [*packs, packs[1]], [packs[1], packs[0], packs[2], packs[0]])
    }
    assert len(answers) == 1


def test_the_plan_of_a_set_of_packs_is_kept_and_its_memory_bounded(pack, wider, make):
    packs, case = (pack, wider("window")), make({})
    assert plan_of(packs) is plan_of(packs)
    for n in range(5000):
        prior = msgspec.structs.replace(case.prior, report_mark=f"mark-{n}")
        judge(case.item, prior, order=case.order, packs=packs)
    assert len(plan_of(packs).folded) <= 4096


AT = datetime(2026, 8, 20, 2, 0, 0, tzinfo=UTC)  # order time of the base case


@pytest.mark.parametrize(("seconds", "stale"), [(-1, True), (0, False), (3600, False)])
def test_a_stale_index_is_told_and_switches_nothing_off(pack, make, seconds, stale):
    until = AT + timedelta(seconds=seconds)
    fresh = bind_pack(pack.content, fresh_until=until)
    verdict, told = ask(make({}), fresh)
    assert verdict.outcome == "must"
    assert (("HR-PACK-STALE", "cn-51-lab") in told) is stale
    assert (verdict.expires.iso if verdict.expires else None) == (None if stale else until.isoformat())
    assert fresh.ref.digest == pack.ref.digest
    assert ask(make({}), fresh, builtin_pack("cn"))[0].outcome == "must"


def test_the_end_of_the_index_pins_the_decision(pack, make):
    case = make({})
    ids = {
        decide(case.item, case.prior, order=case.order, packs=[each]).id
        for each in (pack, bind_pack(pack.content, fresh_until=AT), bind_pack(pack.content, fresh_until=AT))
    }
    assert len(ids) == 2


def test_negative_rows_end_an_answer(variant, make):
    rows = [
        {"item": "cn-51-lab-12", "start": "2026-08-25", "end": "2026-08-31"},
        {"item": "cn-51-lab-13", "start": "2026-08-21"},
    ]
    spec = {"check": "negative_list", "on_listed": MAY, "on_unknown": MAY}

    def change(data):
        others = [each for each in data["checks"] if each["check"] != "negative_list"]
        data.update(negative=rows, checks=[*others, spec])

    pack = variant(change)
    assert ask(make({}), pack)[0].expires.iso == "2026-08-24T16:00:00+00:00"
    during = ask(make({"order.at": "2026-08-26T10:00:00+08:00"}), pack)[0]
    assert (during.outcome, during.expires.iso) == ("may", "2026-08-31T15:59:59.999999+00:00")
    assert ask(make({"order.at": "2026-09-26T10:00:00+08:00"}), pack)[0].expires is None


def test_the_packs_that_ship_can_be_asked_together(make):
    case = make({})
    verdict = judge(case.item, case.prior, order=case.order, packs=builtin_packs())
    assert {ref.id for ref in verdict.packs} == {"cn", "cn-51-lab"}
    assert (verdict.outcome, verdict.force) == ("must", "shall-not-repeat")
    assert [pack.ref.id for pack in builtin_packs()] == sorted(pack.ref.id for pack in builtin_packs())
