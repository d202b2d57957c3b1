"""recognise: one order, its panels, its sources and its verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from fhir_hr.errors import UsageError
from fhir_hr.issues import IssueCode
from fhir_hr.model.codes import Concept
from fhir_hr.model.decisions import RecognitionOutcome
from fhir_hr.model.orders import ExclusionClaim, OrderItem
from fhir_hr.model.people import Sex
from fhir_hr.model.when import Precision, When
from fhir_hr.recognition import expand_order, recognise
from fhir_hr.recognition.candidates import Candidates
from fhir_hr.sources import MemorySource, PriorStore, Unavailable


class Dead:
    name = "丁平台"

    def find(self, query):
        return Unavailable(source=self.name)


def outcomes(recognition):
    return {item.name: (item.outcome, item.answer) for item in recognition.items}


def test_the_demonstration_order(order, priors, evidence):
    found = outcomes(recognise(order, sources=[MemorySource(priors)], evidence=evidence))
    assert found["白细胞计数"] == ("must", "found")
    assert found["血小板计数"] == ("must", "found")
    assert found["红细胞压积"] == ("may", "found")  # known by name, on no list: encouraged, not owed
    assert found["红细胞分布宽度"] == ("not", "nothing")
    assert found["丙氨酸氨基转移酶"] == ("not", "found")
    assert found["肌酐"] == ("may", "found")
    assert found["HBsAg"] == ("must", "found")
    assert len(found) == 25


def test_a_panel_member_on_no_list_is_not_taken_from_another_specimen(order, priors):
    """葡萄糖 of a urine report has the name of a blood test; it stays unmapped."""
    urine = [msgspec.structs.replace(prior, specimen_kind="urine") for prior in priors]
    found = outcomes(recognise(order, sources=[MemorySource(urine)]))
    assert found["红细胞压积"] == ("indeterminate", "found")


def test_without_the_evidence_the_failed_item_would_pass(order, priors):
    assert outcomes(recognise(order, sources=[MemorySource(priors)]))["丙氨酸氨基转移酶"][0] == "must"


def test_every_reason_cites_a_clause_or_says_that_it_is_our_reading(order, priors, evidence):
    recognition = recognise(order, sources=[MemorySource(priors)], evidence=evidence)
    reasons = [reason for item in recognition.items if item.decision for reason in item.decision.reasons]
    assert len(reasons) > 50
    assert [r.code for r in reasons if not (r.clause.clause or r.clause.interpretation)] == []


def test_json_is_deterministic_and_names_no_patient(order, priors, evidence):
    a = recognise(order, sources=[MemorySource(priors)], evidence=evidence).json()
    b = recognise(order, sources=[MemorySource(reversed(priors))], evidence=evidence).json()
    assert a == b
    plain = json.loads(a)
    assert plain["items"][0]["decision"]["as_of"] == "2026-03-20T09:30:00+08:00"
    text = a.decode()
    assert "测试甲" not in text
    assert "999999198803150016" not in text
    assert "1988-03-15" not in text


def test_one_unknown_item_never_fails_the_rest(order, priors):
    odd = OrderItem(id="9", name="没有人知道的项目", code=Concept(text="没有人知道的项目"))
    recognition = recognise(msgspec.structs.replace(order, items=(odd, *order.items)), sources=[MemorySource(priors)])
    assert outcomes(recognition)["没有人知道的项目"] == ("not", "nothing")
    assert outcomes(recognition)["白细胞计数"] == ("must", "found")
    (issue,) = recognition.issues
    assert (issue.code, issue.where) == (IssueCode.ORDER_ITEM_UNKNOWN, "order item 9")
    assert issue.message == "'没有人知道的项目' stands on no table of recognised items"


def test_a_dead_source_is_named_and_never_means_nothing(order, priors):
    recognition = recognise(order, sources=[Dead(), MemorySource(priors)])
    assert not recognition.complete
    assert outcomes(recognition)["白细胞计数"] == ("must", "partial")
    assert outcomes(recognition)["红细胞分布宽度"] == ("indeterminate", "partial")
    assert {item.sources for item in recognition.items} == {("丁平台",)}


def test_a_prior_that_is_not_one_says_nothing_of_a_source_that_did_not_answer(order, priors):
    withdrawn = [msgspec.structs.replace(prior, superseded=True) for prior in priors]
    assert outcomes(recognise(order, sources=[MemorySource(withdrawn)]))["白细胞计数"] == ("not", "found")
    recognition = recognise(order, sources=[Dead(), MemorySource(withdrawn)])
    assert outcomes(recognition)["白细胞计数"] == ("indeterminate", "partial")
    (item,) = [each for each in recognition.items if each.name == "白细胞计数"]
    assert item.decision.outcome == "not"


def test_no_source_at_all_is_indeterminate(order):
    recognition = recognise(order, sources=[])
    assert set(outcomes(recognition).values()) == {("indeterminate", "unavailable")}


def test_nothing_found_is_said_as_such(order):
    assert set(outcomes(recognise(order, sources=[MemorySource(())])).values()) == {("not", "nothing")}


def test_the_wrong_sex_is_doubt_and_no_decision(order, priors):
    she = msgspec.structs.replace(order, patient=msgspec.structs.replace(order.patient, sex=Sex.FEMALE))
    recognition = recognise(she, sources=[MemorySource(priors)])
    assert all(item.decision is None for item in recognition.items)
    assert set(outcomes(recognition).values()) == {("indeterminate", "partial")}
    assert {issue.code for issue in recognition.issues} == {IssueCode.IDENTITY_DOUBTFUL}


def test_a_withdrawn_result_is_not_recognised_and_an_older_valid_one_is(order, priors, tmp_path):
    white = next(p for p in priors if p.item is not None and p.item.code == "cn-51-lab-01")
    gone = msgspec.structs.replace(white, superseded=True)
    older = msgspec.structs.replace(
        white, id="older", performed=When(iso="2026-03-01", precision=Precision.DAY), superseded=False
    )
    only = recognise(order, sources=[MemorySource([gone])])
    assert outcomes(only)["白细胞计数"] == ("not", "found")
    both = recognise(order, sources=[MemorySource([gone, older])])
    (item,) = [each for each in both.items if each.name == "白细胞计数"]
    assert (item.outcome, item.prior.id, [d.outcome for d in item.others]) == ("must", "older", ["not"])


def test_an_exclusion_on_a_panel_reaches_its_members(order, priors):
    claimed = msgspec.structs.replace(order, exclusions=(ExclusionClaim(case="4", item_id="1"),))
    found = outcomes(recognise(claimed, sources=[MemorySource(priors)]))
    assert found["白细胞计数"][0] == RecognitionOutcome.MAY
    assert found["HBsAg"][0] == RecognitionOutcome.MUST


def test_the_store_answers_as_the_memory_does(order, conversions, priors, tmp_path):
    with PriorStore(tmp_path / "s.db") as store:
        for one in conversions:
            store.keep(one.deposit())
        kept = recognise(order, sources=[store])
    assert outcomes(kept) == outcomes(recognise(order, sources=[MemorySource(priors)]))


def test_an_ordered_item_is_never_matched_by_part_of_its_name(priors):
    item = OrderItem(id="1", name="白细胞", code=Concept(text="白细胞"))
    assert [p.name for p in Candidates(priors).of(item)] == []  # the prior is a listed item, the order is not mapped
    urine = OrderItem(id="1", name="中性粒细胞", code=Concept(text="中性粒细胞"))
    assert Candidates(priors).of(urine) == []
    whole = OrderItem(id="1", name="★中性粒细胞百分比", code=Concept(text="★中性粒细胞百分比"))
    assert [p.value_text for p in Candidates(priors).of(whole)] == ["76.1"]


def test_an_ambiguous_item_is_reported_with_its_candidates(order):
    loinc = OrderItem(
        id="1",
        name="白细胞",
        code=Concept(codings=(msgspec.convert({"code": "789-8", "system": "http://loinc.org"}, type=_code()),)),
    )
    expanded, (issue,) = expand_order(msgspec.structs.replace(order, items=(loinc,)))
    assert expanded.items[0].item is None
    assert issue.code == IssueCode.ITEM_AMBIGUOUS
    assert issue.message == "'白细胞' could mean cn-51-lab-02, cn-51-lab-01; it was not guessed"


def _code():
    from fhir_hr.model.codes import Code

    return Code


def test_an_order_time_to_the_day_is_refused(order):
    vague = msgspec.structs.replace(order, at=When(iso="2026-03-20", precision=Precision.DAY))
    with pytest.raises(UsageError, match="the order's time must be precise to the second"):
        recognise(vague, sources=[])


def test_a_prior_of_the_future_is_not_must(order, priors):
    early = msgspec.structs.replace(order, at=When.from_datetime(datetime(2026, 3, 1, tzinfo=UTC)))
    assert outcomes(recognise(early, sources=[MemorySource(priors)]))["白细胞计数"][0] != "must"
