"""Periods and evidence by themselves."""

import pytest
from scenes import CENTRE, HOSPITAL, PATIENT, SCENES, WBC, proof, report, when

from fhir_hr.mapping.marks import MarkCertainty
from fhir_hr.marks import MarkRule, MarkRules, Need, State, issue_marks, with_marks
from fhir_hr.marks.grounds import Grounds
from fhir_hr.marks.periods import holds
from fhir_hr.model.flags import EvidenceType
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.when import Precision, When


@pytest.mark.parametrize(
    ("start", "end", "at", "expected"),
    [
        (None, None, None, True),
        ("2026-08-20", "2026-08-20", "2026-08-20", True),
        ("2026-08-21", None, "2026-08-20", False),
        (None, "2026-08-19", "2026-08-20", False),
        ("2026-06-01", None, "2026", None),
        (None, "2026-06-01", "2026", None),
        ("2026-06", "2026-07", "2026", None),
        ("2026", "2026", "2026-12", True),
        ("2025", "2025", "2026", False),
        ("2027", None, "2026", False),
        ("2026", None, None, None),
    ],
)
def test_a_period_holds_does_not_or_cannot_be_told(start, end, at, expected):
    assert holds(when(start), when(end), when(at)) is expected


def test_the_end_of_a_period_is_its_last_moment():
    last = When(iso="2026-08-20T23:59:59+08:00", precision=Precision.SECOND)
    after = When(iso="2026-08-21T00:00:00+08:00", precision=Precision.SECOND)
    same = When(iso="2026-08-20T16:00:00+00:00", precision=Precision.SECOND)  # midnight in China
    assert [holds(None, when("2026-08-20"), at) for at in (last, after, same)] == [True, False, False]
    assert [holds(when("2026-08-21"), None, at) for at in (last, after, same)] == [False, True, True]


@pytest.mark.parametrize(
    ("evidence", "state", "used"),
    [
        ([], State.UNKNOWN, 0),
        ([proof("eqa")], State.MET, 1),
        ([proof("eqa"), proof("eqa", item=WBC)], State.MET, 1),
        ([proof("eqa"), proof("eqa", "failed")], State.FAILED, 1),
        ([proof("eqa"), proof("eqa", "failed", start="2026-08-21")], State.MET, 1),
        ([proof("eqa", start=None, end=None), proof("eqa", "failed", end=None, start="2027")], State.MET, 1),
        ([proof("eqa", "not-assessed")], State.MISSING, 1),
        ([proof("iqc")], State.UNKNOWN, 0),
    ],
)
def test_how_an_assessment_stands(evidence, state, used):
    grounds = Grounds(institution=HOSPITAL, evidence=tuple(evidence))
    found = grounds.standing(EvidenceType.EQA, item=WBC, performed=when("2026-08-20"), issuers=(CENTRE,))
    assert (found[0], len(found[1])) == (state, used)


@pytest.mark.parametrize("outcome", ["failed", "not-assessed"])
def test_what_may_have_been_in_force_is_unknown(outcome):
    evidence = (proof("eqa", start=None, end=None), proof("eqa", outcome, end="2026-08-25"))
    grounds = Grounds(institution=HOSPITAL, evidence=evidence)
    assert grounds.standing(EvidenceType.EQA, item=WBC, performed=when("2026-08"))[0] is State.UNKNOWN


def test_a_mark_that_stands_at_items_only_puts_no_flag_on_the_report():
    rule = MarkRule(
        mark="bing-hr",
        kind=ReportKind.LABORATORY,
        need=Need.PATIENT_NAMED,
        clause="一",
        words="姓名",
        certainty=MarkCertainty.STATED,
        source="invented",
    )
    one = report()
    advice = issue_marks(
        one,
        patient=PATIENT,
        institution=SCENES["bing-hr", ReportKind.IMAGING, None].institution,
        rules=MarkRules(rules=(rule,), silences=()),
        marks=["bing-hr"],
    )
    marked = with_marks(one, advice, mark="bing-hr")
    assert marked.results[0].flag.mark.text == "并HR"
    assert marked.flag is None
