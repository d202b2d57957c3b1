"""What stands between an answer and must; what the answer would be if something were otherwise."""

from __future__ import annotations

import msgspec
import pytest

from fhir_hr.errors import UsageError
from fhir_hr.model.identity import IdentityMatch
from fhir_hr.rules import decide, judge
from fhir_hr.rules.hindrances import Hindrance, hindrances, what_if
from fhir_hr.rules.load import builtin_pack


def of(make, pack, facts):
    case = make(facts)
    verdict = judge(case.item, case.prior, order=case.order, packs=[pack])
    decision = decide(case.item, case.prior, order=case.order, packs=[pack])
    assert hindrances(decision) == hindrances(verdict)
    return hindrances(verdict)


def test_nothing_stands_before_must(make, pack):
    assert of(make, pack, {}) == ()


def test_blocks_come_first_then_unknowns_then_judgement(make, pack):
    found = of(make, pack, {"identity": "different", "prior.starred": None, "prior.method": None, "prior.mark": None})
    assert [(each.code, each.effect) for each in found] == [
        ("HR-IDENTITY-MISMATCH", "block"),
        ("HR-MARK-ABSENT", "discretion"),
        ("HR-METHOD-MISSING", "discretion"),
    ]
    assert [each.removable for each in found] == [False, False, True]


@pytest.mark.parametrize(
    ("facts", "code", "lacked"),
    [
        ({"prior.mark": None, "prior.mark_known": False}, "HR-MARK-UNKNOWN", ("report_mark",)),
        ({"order.division": None, "prior.mark": "chuanyu-hr"}, "HR-MARK-UNKNOWN", ("receiver.division",)),
        ({"prior.starred": None}, "HR-ITEM-SYMBOL-UNKNOWN", ("starred",)),
        ({"prior.patient_name": None, "prior.value": None}, "HR-INCOMPLETE", ("patient-name", "value")),
        ({"prior.superseded": True}, "HR-SUPERSEDED", ()),
    ],
)
def test_the_facts_that_would_settle_it_are_named(make, pack, facts, code, lacked):
    found = next(each for each in of(make, pack, facts) if each.code == code)
    assert found.facts == lacked
    assert found.removable is bool(lacked)


def test_a_gap_of_the_text_is_nobodys_to_remove(make):
    found = of(make, builtin_pack("cn"), {"order.division": "110101"})
    gap = next(each for each in found if each.code == "HR-LIST-OPEN")
    assert (gap.facts, gap.removable) == (("item.list",), False)


def test_where_nothing_obliges_and_nothing_says_why(make, variant):
    quiet = variant(
        lambda data: data.update(checks=[c for c in data["checks"] if c["check"] not in ("mark", "item_symbol")])
    )
    assert of(make, quiet, {}) == (Hindrance(code=None, effect=None),)


def test_what_if_changes_nothing_that_is_given(make, pack):
    case = make({"prior.mark": None, "prior.method": None})
    before = msgspec.json.encode([case.item, case.prior, case.order])

    def ask(**change):
        named = {name.replace("__", "."): value for name, value in change.items()}
        return what_if(case.item, case.prior, order=case.order, packs=[pack], change=named).outcome

    assert ask() == "may"
    assert ask(prior__report_mark="chuannei-hr") == "may"
    assert ask(prior__report_mark="chuannei-hr", prior__method="速率法") == "must"
    assert ask(prior__status="preliminary") == "not"
    assert ask(prior__institution__division="500103", prior__report_mark="chuannei-hr") == "may"
    assert ask(order__institution__division="110101") == "indeterminate"
    assert ask(item__scale="quantitative") == "indeterminate"
    assert ask(identity=IdentityMatch(same=False)) == "not"
    assert msgspec.json.encode([case.item, case.prior, case.order]) == before


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("prior.metod", "x", "there is no 'prior.metod' to change"),
        ("prior.institution.floor", 3, "there is no 'prior.institution.floor' to change"),
        ("prior.method.deep", 3, "there is no 'prior.method.deep' to change"),
        ("patient.name", "x", "nothing can be changed by the name 'patient.name'"),
        ("prior", "x", "nothing can be changed by the name 'prior'"),
        ("identity", "same", "nothing can be changed by the name 'identity'"),
        ("prior.status", "finished", "'prior.status' cannot have such a value"),
        ("prior.method", 7, "'prior.method' cannot have such a value"),
    ],
)
def test_a_change_that_cannot_be_is_refused_without_repeating_the_value(make, pack, name, value, words):
    case = make({})
    with pytest.raises(UsageError) as caught:
        what_if(case.item, case.prior, order=case.order, packs=[pack], change={name: value})
    assert words in str(caught.value)
    assert "finished" not in str(caught.value)
