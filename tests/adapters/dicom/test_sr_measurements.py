"""Measurements of structured reports: exact values, units, and all that is said of them."""

import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from sr_documents import (
    COMPREHENSIVE_3D,
    DERIVATION,
    DIAMETER,
    FINDING,
    FINDINGS,
    GROUP,
    LUNG,
    MAXIMUM,
    MEAN,
    MEASUREMENTS,
    METHOD,
    MM,
    RIGHT,
    SIDE,
    SITE,
    TRACKING_ID,
    TRACKING_UID,
    code,
    coded,
    container,
    document,
    image,
    item,
    modifier,
    number,
    plant,
    reread,
    text,
)

from fhir_hr.adapters.dicom.documents.sr import read_report
from fhir_hr.issues import IssueCode
from fhir_hr.model.lab import ResultStatus
from fhir_hr.model.values import Absent, AbsentReason, Coded, Quantity, Text, Unit

NODULE = ("27925004", "SCT", "结节")
HU = ("[hnsf'U]", "UCUM", "Hounsfield unit")


def measured(*children, **elements):
    return document(
        container(MEASUREMENTS, *children),
        sop_class=COMPREHENSIVE_3D,
        title=("126000", "DCM", "Imaging Measurement Report"),
        **elements,
    )


def group(*children):
    return container(
        GROUP,
        text("结节1", TRACKING_ID, relationship="HAS OBS CONTEXT"),
        item("UIDREF", TRACKING_UID, UID="1.2.3.77", relationship="HAS OBS CONTEXT"),
        coded(NODULE, FINDING),
        modifier(LUNG, SITE, modifier(RIGHT, SIDE)),
        *children,
    )


def read(made):
    outcome = read_report(made)
    assert outcome.value is not None
    return outcome.value, outcome.issues


def test_what_a_group_says_holds_for_each_of_its_measurements():
    report, issues = read(
        reread(
            measured(
                group(
                    number("4.30", DIAMETER, modifier(("1", "99HIS", "长径"), METHOD)),
                    number("35", ("112031", "DCM", "Attenuation Coefficient"), modifier(MEAN, DERIVATION), unit=HU),
                    image(("121112", "DCM", "Source of Measurement"), "1.2.3.4"),
                )
            )
        )
    )
    assert issues == ()
    assert report.findings is None
    first, second = report.results
    assert first.value == Quantity(value=Decimal("4.30"), unit=Unit(text="mm", ucum="mm", source="mm"), source="4.30")
    assert str(first.value.value) == "4.30"
    assert first.definition.method.shown == "长径"
    assert second.definition.method is None
    assert second.definition.unit.ucum == "[hnsf'U]"
    assert second.definition.code.shown == "Attenuation Coefficient（平均）"
    assert second.definition.code.codings[0].code == "112031"
    for one in (first, second):
        assert one.definition.body_site.shown == "肺（Laterality：右）"
        assert one.definition.body_site.code_in("http://snomed.info/sct") == "39607008"
        assert one.sub_id == "结节1"
        assert [note.text for note in one.notes] == [
            "追踪标识：结节1，1.2.3.77",
            "Finding：结节",
            "Source of Measurement：图1",
        ]
        assert one.status is ResultStatus.FINAL
    assert "引用对象：\n图1：1.2.3.4" in [note.text for note in report.notes]


def test_what_is_tracked_is_no_identifier_of_a_result_but_its_own_uid_is():
    report, _ = read(measured(group(number("1"), number("2", ObservationUID="1.2.3.78"))))
    assert [[(held.system, held.value) for held in one.identifiers] for one in report.results] == [
        [],
        [("urn:dicom:uid", "urn:oid:1.2.3.78")],
    ]


def test_keys_are_stable_and_never_hold_a_value():
    def keys(*values):
        largest = number("1", DIAMETER, modifier(MAXIMUM, DERIVATION))
        report, _ = read(measured(group(*(number(value) for value in values), largest)))
        return [result.key for result in report.results]

    assert keys("4.30", "5") == keys("9", "8")
    assert keys("1", "2") == [
        "1.2.3.77/SCT:81827009#1",
        "1.2.3.77/SCT:81827009#2",
        "1.2.3.77/SCT:81827009/56851009#1",
    ]


def test_what_a_measurement_says_itself_goes_before_its_group_and_both_are_kept():
    other = ("69536005", "SCT", "头")
    (one,) = read(measured(group(number("1", DIAMETER, modifier(other, SITE)))))[0].results
    assert one.definition.body_site.shown == "头"
    assert "Finding Site（测量组）：肺（Laterality：右）" in [note.text for note in one.notes]


def test_qualitative_evaluations_of_a_group_are_results():
    edge = coded(("1", "99HIS", "毛刺"), ("2", "99HIS", "边缘"))
    report, _ = read(measured(group(edge, text("血管集束", ("3", "99HIS", "征象")))))
    coded_one, worded = report.results
    assert isinstance(coded_one.value, Coded)
    assert coded_one.value.concept.shown == "毛刺"
    assert worded.value == Text(text="血管集束")


def test_a_group_without_measurements_is_told_as_text():
    report, _ = read(measured(group()))
    assert report.results == ()
    assert report.findings == (
        "【Imaging Measurements】\n〔Measurement Group〕\nTracking Identifier：结节1\n"
        "Tracking Unique Identifier：1.2.3.77\n结节\nFinding Site：肺（Laterality：右）"
    )


def test_an_image_library_gives_its_images_and_no_results():
    library = container(
        ("111028", "DCM", "Image Library"),
        container(
            ("126200", "DCM", "Image Library Group"),
            number("0.625", ("118689", "99TEST", "Slice Thickness")),
            image(None, "1.2.3.4"),
        ),
    )
    report, issues = read(document(library, container(MEASUREMENTS, group(number("1"))), sop_class=COMPREHENSIVE_3D))
    assert [str(one.value.value) for one in report.results] == ["1"]
    assert report.findings is None
    assert "引用对象：\n图1：1.2.3.4" in [note.text for note in report.notes]
    assert [(one.code, one.where) for one in issues] == [(IssueCode.CONTENT_UNMAPPED, "ContentSequence[1]")]


def test_a_number_in_running_text_is_a_result_and_stays_in_the_text():
    report, _ = read(document(container(FINDINGS, text("结节大小"), number("4.30")), sop_class=COMPREHENSIVE_3D))
    assert report.findings == "结节大小\nDiameter：4.30 mm"
    assert [str(result.value.value) for result in report.results] == ["4.30"]


def test_numbers_below_a_number_are_said_with_it():
    normal = number("3", ("1", "99HIS", "正常上限"), relationship="HAS PROPERTIES")
    (one,) = read(measured(number("5", DIAMETER, normal)))[0].results
    assert [note.text for note in one.notes] == ["正常上限：3 mm"]


@pytest.mark.parametrize(
    ("qualifier", "reason"),
    [
        (("114000", "DCM", "Not a number"), AbsentReason.NOT_A_NUMBER),
        (("114006", "DCM", "Measurement failure"), AbsentReason.ERROR),
        (("114007", "DCM", "Measurement not attempted"), AbsentReason.NOT_PERFORMED),
        (("114010", "DCM", "Value unknown"), AbsentReason.UNKNOWN),
    ],
)
def test_a_measurement_without_number_says_why(qualifier, reason):
    made = measured(number(None, NumericValueQualifierCodeSequence=code(qualifier)))
    (one,) = read(made)[0].results
    assert one.value == Absent(reason=reason, text=qualifier[2])


def test_a_measurement_without_number_and_reason_is_an_issue():
    report, issues = read(measured(number(None)))
    assert report.results[0].value == Absent(reason=AbsentReason.UNKNOWN)
    assert [str(issue) for issue in issues] == [
        "warning value-missing at ContentSequence[1].ContentSequence[1]: a measurement has no value and says not why"
    ]


def test_several_numbers_of_one_measurement_are_all_kept():
    (one,) = read(measured(number(["1.50", "2"])))[0].results
    assert [str(value.value) for value in (one.value, *one.components)] == ["1.50", "2"]


@pytest.mark.parametrize(
    ("unit", "shown", "ucum", "issue"),
    [
        (MM, "mm", "mm", None),
        (("1", "UCUM", "no units"), "1", "1", None),
        (("mm", "99HIS", "毫米"), "mm", "mm", IssueCode.UNIT_UNKNOWN),
        (("U07", "99HIS", "大格"), "大格", None, IssueCode.UNIT_UNKNOWN),
        (("μmol/L", "UCUM", "micromole"), "μmol/L", "umol/L", IssueCode.UNIT_UNKNOWN),
    ],
)
def test_units_are_ucum_only_where_that_is_certain(unit, shown, ucum, issue):
    report, issues = read(measured(number("1", unit=unit)))
    assert (report.results[0].definition.unit.text, report.results[0].definition.unit.ucum) == (shown, ucum)
    assert [one.code for one in issues] == ([issue] if issue else [])


def test_a_number_without_unit_is_said():
    report, issues = read(measured(number("1", unit=None)))
    assert report.results[0].definition.unit is None
    assert [one.code for one in issues] == [IssueCode.UNIT_UNKNOWN]


@pytest.mark.parametrize("raw", ["12,5", "NaN", "1_000", "<3", "１２"])
def test_what_is_no_number_stays_text(raw):
    made = reread(measured(number("1")))
    plant(made.ContentSequence[0].ContentSequence[0].MeasuredValueSequence[0], "NumericValue", raw.encode(), "DS")
    outcome = read_report(made)
    (one,) = outcome.value.results
    assert isinstance(one.value, Text)
    assert one.value.text == raw or not raw.isascii()
    assert IssueCode.NUMBER_INVALID in [issue.code for issue in outcome.issues]


def test_a_measurement_without_name_is_kept_and_said():
    report, issues = read(measured(item("NUM", None, MeasuredValueSequence=number("3").MeasuredValueSequence)))
    assert str(report.results[0].value.value) == "3"
    assert [one.code for one in issues] == [IssueCode.CODE_MISSING]


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ({"VerificationFlag": "UNVERIFIED"}, ResultStatus.PRELIMINARY),
        ({"CompletionFlag": "PARTIAL"}, ResultStatus.PRELIMINARY),
        ({"CompletionFlag": None}, ResultStatus.UNKNOWN),
    ],
)
def test_results_are_no_more_final_than_their_report(flags, status):
    assert read(measured(number("1"), **flags))[0].results[0].status is status


def test_when_a_measurement_was_made_is_kept():
    report, _ = read(measured(number("1", ObservationDateTime="20260301100500")))
    assert report.results[0].effective.iso == "2026-03-01T10:05:00+08:00"


def test_different_units_in_one_measurement_are_said():
    made = number("1")
    made.MeasuredValueSequence.append(number("2", unit=("cm", "UCUM", "centimeter")).MeasuredValueSequence[0])
    report, issues = read(measured(made))
    assert [str(one.value.value) for one in report.results] == ["1"]
    assert "values of different units" in issues[0].message
