"""Priors: the facts that decisions rest on, under the ids of the FHIR resources."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fhir_hr.model.lab import ReportKind
from fhir_hr.model.values import Absent, AbsentReason, Quantity, Ratio, Text, ValueRange
from fhir_hr.recognition import convert
from fhir_hr.recognition.priors import value_text


def test_ids_are_those_of_the_fhir_resources(conversions):
    for one in conversions:
        ids = {entry["resource"]["id"]: entry["resource"] for entry in one.bundle()["entry"]}
        assert len(one.priors()) == one.counts.observations
        for prior in one.priors():
            assert ids[prior.id]["resourceType"] == "Observation"
            assert ids[prior.report_id]["resourceType"] == "DiagnosticReport"
            assert ids[prior.id]["code"]["text"].lstrip("*") == prior.name


def test_the_facts_of_a_marked_result(priors):
    white = next(p for p in priors if p.item is not None and p.item.code == "cn-51-lab-01")
    assert (white.name, white.value_text, white.unit, white.reference_text) == ("白细胞", "6.83", "10^9/L", "3.5-9.5")
    assert (white.report_mark, white.report_mark_known, white.starred) == ("chuannei-hr", True, True)
    assert white.performed.iso == "2026-03-16T09:12:00+08:00"  # collected, not analysed or reported
    assert white.reported.iso == "2026-03-16T10:28:00+08:00"
    assert (white.method, white.specimen_kind) == ("流式细胞法", "blood")
    assert (white.institution.id, white.institution.division) == ("12510000000000001H", "510100")
    assert white.report_number.value == "A26031600815-01"
    assert white.superseded is None


def test_no_mark_is_known_where_the_sender_says_where_marks_stand(priors):
    creatinine = next(p for p in priors if p.name == "肌酐")
    assert (creatinine.report_mark, creatinine.report_mark_known) == (None, True)


def test_no_mark_is_unknown_for_an_unknown_sender():
    text = "MSH|^~\\&|X|Y|||20260316||ORU^R01|1|P|2.4\rPID|1||1\rOBR|1||F1|A\rOBX|1|NM|WBC||5|10*9/L|||||F\r"
    ((prior,),) = [one.priors() for one in convert(text.encode())]
    assert (prior.report_mark, prior.report_mark_known, prior.starred) == (None, False, None)


def test_a_message_without_patient_gives_no_priors():
    text = "MSH|^~\\&|X|Y|||20260316||ORU^R01|1|P|2.4\rOBR|1||F1|A\rOBX|1|NM|WBC||5|10*9/L|||||F\r"
    (one,) = convert(text.encode())
    assert (one.counts.observations, one.priors()) == (1, ())


def test_an_imaging_report_is_one_prior():
    text = "\r".join(
        (
            r"MSH|^~\&|RIS|H9|||20260316103015||ORU^R01|9|P|2.5.1",
            "PID|1||7^^^H9^PI||测试乙||19900101|F",
            "OBR|1||R9|DR01^胸部正位|||20260316091200|||||||||||||||20260316102800||RAD|F",
            "OBX|1|TX|1^检查所见||双肺纹理清晰。||||||F",
            "OBX|2|TX|2^检查印象||未见异常。||||||F",
            "",
        )
    )
    ((prior,),) = [one.priors() for one in convert(text.encode())]
    assert (prior.kind, prior.name, prior.value_text) == (ReportKind.IMAGING, "胸部正位", "未见异常。")
    assert prior.id == prior.report_id


def test_repr_shows_nobody(priors):
    assert "测试甲" not in repr(priors)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (Quantity(value=Decimal("0.050")), "0.050"),
        (Quantity(value=Decimal("1E+3")), "1000"),
        (Ratio(numerator=Decimal(1), denominator=Decimal(80)), "1:80"),
        (ValueRange(low=Decimal("2.0")), "2.0-"),
        (Text(text="阴性"), "阴性"),
        (Absent(reason=AbsentReason.UNKNOWN), None),
    ],
)
def test_value_text(value, text):
    assert value_text(value) == text
