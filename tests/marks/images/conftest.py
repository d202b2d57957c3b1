"""A verdict that allows 川内HR, through the real rules, and the time at which marks are made."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM
from fhir_hr.marks import ExamFacts, MarkVerdict, Need, Statement, issue_exam_marks
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.lab import ReportStatus
from fhir_hr.model.priors import Institution
from fhir_hr.model.when import Precision, When

HOSPITAL = Institution(id="12510000000000001H", division="510100")  # invented


def verdict_of(mark: str = "chuannei-hr", **facts) -> MarkVerdict:
    """The verdict of the real rules on a chest CT of an invented hospital."""
    code = Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-01")
    given = {
        "key": "1",
        "name": "胸部CT平扫",
        "status": ReportStatus.FINAL,
        "item": code,
        "performed": When(iso="2026-03-01", precision=Precision.DAY),
        "patient_named": True,
        "series_complete": True,
        "image_quality": True,
        "report_sound": True,
        "device_model": "SIM-64",
        **facts,
    }
    evidence = [
        Evidence(type=kind, result=EvidenceResult.PASSED, institution=HOSPITAL.id, issuer="四川省临床检验中心")
        for kind in EvidenceType
    ]
    statements = [Statement(need=Need.QUALITY_SYSTEM, institution=HOSPITAL.id)]
    advice = issue_exam_marks([ExamFacts(**given)], institution=HOSPITAL, evidence=evidence, statements=statements)
    return next(each for each in advice.items[0].verdicts if each.mark.code == mark)


@pytest.fixture
def verdict_for():
    return verdict_of


@pytest.fixture
def allowed() -> MarkVerdict:
    verdict = verdict_of()
    assert verdict.may, [reason.text() for reason in verdict.reasons]
    return verdict


@pytest.fixture
def when() -> datetime:
    return datetime(2026, 3, 2, 10, 30, tzinfo=timezone(timedelta(hours=8)))
