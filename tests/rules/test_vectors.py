"""The decision vectors of every pack and of the engine, and that every part of every pack is held by one of them."""

from __future__ import annotations

import msgspec
import pytest

from fhir_hr.rules import decide, load_pack
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.vocabulary import ReasonCode
from fhir_hr.testing.answers import answer_of, differences
from fhir_hr.testing.mutants import mutate_pack
from fhir_hr.testing.shelf import Shelf, case_of, find_packs, rules_root

CLAUSES = {
    # What the text is cited for; None: nothing in the text, our reading only.
    "HR-PACK-NONE": {None},
    "HR-PACK-UNKNOWN": {None},
    "HR-IDENTITY-MISMATCH": {"三(一)"},
    "HR-IDENTITY-UNPROVEN": {"三(一)"},
    "HR-NOT-FINAL": {None},
    "HR-STATUS-UNKNOWN": {None},
    "HR-SUPERSEDED": {None},
    "HR-SUPERSEDED-UNKNOWN": {None},
    "HR-FUTURE": {None},
    "HR-TIME-UNKNOWN": {"四(三)", "附件1"},
    "HR-ITEM-UNLISTED": {"四(一)"},
    "HR-ITEM-MISMATCH": {None},
    "HR-ITEM-UNMAPPED": {None, "附件1"},
    "HR-SPECIMEN-MISMATCH": {"三(一)"},
    "HR-SPECIMEN-UNKNOWN": {"三(一)"},
    "HR-SCALE-MISMATCH": {"附件1"},
    "HR-SCALE-UNKNOWN": {"附件1"},
    "HR-OWN-HOSPITAL": {"前言"},
    "HR-MARK-ABSENT": {"四(一)"},
    "HR-MARK-OUTSIDE": {"四(一)"},
    "HR-MARK-UNKNOWN": {"四(一)"},
    "HR-ITEM-SYMBOL-ABSENT": {"附件2"},
    "HR-ITEM-SYMBOL-UNKNOWN": {"附件2"},
    "HR-EQA-FAIL": {"三(一)"},
    "HR-EQA-ABSENT": {"三(一)"},
    "HR-EQA-UNKNOWN": {"三(一)"},
    "HR-IQC-FAIL": {"三(一)"},
    "HR-IQC-ABSENT": {"三(一)"},
    "HR-IQC-UNKNOWN": {"三(一)"},
    "HR-INCOMPLETE": {"三(一)"},
    "HR-METHOD-MISSING": {"三(一)", "附件1"},
    "HR-INTERVAL-MISSING": {"三(一)"},
    "HR-SCALE-MISSING": {"附件1"},
    "HR-WINDOW-NONE": {None},
    "HR-EXCLUSION": {"四(四)"},
    "HR-EXCLUSION-UNKNOWN": {"四(四)"},
    "HR-OBLIGED": {"四(一)"},
}


@pytest.fixture(scope="module")
def shelf():
    return Shelf(find_packs(rules_root()))


def test_vector(vector, shelf):
    if hasattr(vector, "error"):
        raise vector.error
    packs = shelf.packs_of(vector)
    case = case_of(vector, packs)
    decision = decide(case.item, case.prior, order=case.order, packs=packs, identity=case.identity)
    assert differences(vector.expect, answer_of(decision)) == ()
    for reason in decision.reasons:
        if reason.pack == "cn-51-lab" and reason.code in CLAUSES:
            assert reason.clause.clause in CLAUSES[reason.code], reason
        assert reason.clause.clause or reason.clause.interpretation, reason
        assert "{" not in reason.zh + reason.en
        assert reason.zh
        assert reason.en


def test_there_are_enough_vectors_and_every_reason_code_is_met(all_vectors):
    met = {code for vector in all_vectors for code in vector.expect.codes}
    assert len(all_vectors) >= 150
    assert met == set(ReasonCode)


def test_each_pack_meets_all_outcomes_that_its_effects_allow(pack_id, all_vectors, shelf):
    wanted = {"not", "indeterminate", "may"}
    if shelf.pack(pack_id).content.force is not None:
        wanted.add("must")
    met = {vector.expect.outcome.value for vector in all_vectors if vector.packs == (pack_id,)}
    assert met == wanted


def test_every_mutant_of_a_pack_is_noticed(pack_id, pack_folders):
    report = mutate_pack(pack_folders[pack_id])
    assert report.failing == ()
    assert report.survivors == ()
    assert report.killed > 50
    assert all(excused.reason for excused in report.equivalent)


def test_each_check_of_a_pack_is_listed_once_or_differs_in_parameters(pack_id, shelf):
    seen = [(kind_of(spec), msgspec.json.encode(spec)) for spec in shelf.pack(pack_id).content.checks]
    assert len(set(seen)) == len(seen)


def test_the_folder_of_a_pack_holds_the_pack_of_that_name(pack_id, pack_folders):
    assert load_pack(pack_folders[pack_id]).content.pack == pack_id


@pytest.mark.parametrize("name", ["items", "exclusions"])
def test_the_tables_of_the_text_are_complete(pack, name):
    assert len(getattr(pack.content, name)) == {"items": 16, "exclusions": 6}[name]
