"""Structured reports: text, status, people, times, references, limits; broken ones are said, never fallen over."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from sr_documents import (
    BASIC,
    COMPREHENSIVE,
    COMPREHENSIVE_3D,
    ENHANCED,
    FINDING,
    FINDINGS,
    HISTORY,
    IMPRESSION,
    IMPRESSIONS,
    KEY_OBJECTS,
    code,
    coded,
    container,
    document,
    evidence,
    image,
    item,
    listed,
    modifier,
    number,
    plant,
    reread,
    text,
)

from fhir_hr.adapters.dicom.documents import sr_tree
from fhir_hr.adapters.dicom.documents.sr import read_report
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.lab import ReportKind, ReportStatus
from fhir_hr.testing.dicom import dataset, uid

SEEN = "双肺纹理清晰，右肺上叶见结节。"
THOUGHT = "右肺上叶结节，建议复查。"


def usual(**elements):
    return document(
        container(HISTORY, text("咳嗽一周", HISTORY)),
        container(FINDINGS, text(SEEN)),
        container(IMPRESSIONS, text(THOUGHT, IMPRESSION)),
        **elements,
    )


def read(document_, **options):
    outcome = read_report(document_, **options)
    assert outcome.value is not None
    return outcome.value, outcome.issues


def codes(issues):
    return [issue.code for issue in issues]


def test_a_usual_report_is_read_without_an_issue():
    report, issues = read(reread(usual()))
    assert issues == ()
    assert report.kind is ReportKind.IMAGING
    assert report.findings == f"【History】\n咳嗽一周\n【Findings】\n{SEEN}"
    assert report.conclusion == THOUGHT
    assert report.study_uid == uid("S1")
    assert report.accession is not None
    assert report.accession.value == "ACC-S1"
    assert [(one.system, one.value) for one in report.identifiers] == [
        ("urn:dicom:uid", f"urn:oid:{uid('S1', '9', 1)}")
    ]
    assert report.code.code_in("http://loinc.org") == "18748-4"
    assert report.effective.iso == "2026-03-01T09:15:00+08:00"
    assert report.issued.iso == "2026-03-01T11:30:00+08:00"
    assert [one.organization.name for one in report.performers] == ["示例市第一人民医院"]


@pytest.mark.parametrize("sop_class", [BASIC, ENHANCED, COMPREHENSIVE, COMPREHENSIVE_3D])
def test_all_report_classes_are_read(sop_class):
    assert read(usual(sop_class=sop_class))[0].conclusion == THOUGHT


@pytest.mark.parametrize(
    ("sop_class", "title", "said"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.67", None, True),
        ("1.2.840.10008.5.1.4.1.1.88.50", None, True),
        (ENHANCED, ("113701", "DCM", "X-Ray Radiation Dose Report"), True),
        (KEY_OBJECTS, ("113000", "DCM", "Of Interest"), False),
        ("1.2.840.10008.5.1.4.1.1.2", None, False),
    ],
)
def test_doses_key_objects_and_images_are_no_reports(sop_class, title, said):
    outcome = read_report(document(text("x"), sop_class=sop_class, title=title))
    assert outcome.value is None
    assert codes(outcome.issues) == ([IssueCode.CONTENT_UNMAPPED] if said else [])


def test_a_document_without_class_is_read_by_its_modality():
    report, _ = read(document(container(FINDINGS, text(SEEN)), SOPClassUID=None))
    assert report.findings == SEEN


def test_findings_alone_need_no_heading():
    assert read(document(container(FINDINGS, text("甲"), text("乙"))))[0].findings == "甲\n乙"


@pytest.mark.parametrize("name", [("121072", "DCM", "Impressions"), ("121077", "DCM", "Conclusion"), IMPRESSION])
def test_a_conclusion_is_found_wherever_it_stands(name):
    report, _ = read(document(container(FINDINGS, text(SEEN), text(THOUGHT, name))))
    assert (report.findings, report.conclusion) == (SEEN, THOUGHT)


def test_local_headings_are_known_by_their_words():
    report, _ = read(
        document(
            container(("A1", "99HIS", "检查所见："), text(SEEN, ("A2", "99HIS", "正文"))),
            container(("B1", "99HIS", "诊断意见"), text(THOUGHT, ("A2", "99HIS", "正文"))),
        )
    )
    assert (report.findings, report.conclusion) == (f"正文：{SEEN}", f"正文：{THOUGHT}")


def test_previous_findings_and_summary_stay_headed_text():
    report, _ = read(
        document(
            container(("18834-2", "LN", "Previous Findings"), text("旧结节")),
            container(("55112-7", "LN", "Summary"), text("小结")),
        )
    )
    assert report.findings == "【Previous Findings】\n旧结节\n【Summary】\n小结"
    assert report.conclusion is None


def test_what_stands_below_a_conclusion_keeps_its_headings():
    report, _ = read(
        document(
            container(
                IMPRESSIONS, text(THOUGHT, IMPRESSION), container(("18783-1", "LN", "Recommendations"), text("复查"))
            )
        )
    )
    assert report.conclusion == f"{THOUGHT}\n〔Recommendations〕\n复查"


def test_an_impression_below_another_heading_of_the_conclusion_stays_under_it():
    advice = container(("18783-1", "LN", "Recommendations"), text("复查", IMPRESSION))
    report, _ = read(document(container(IMPRESSIONS, text(THOUGHT, IMPRESSION), advice)))
    assert report.conclusion == f"{THOUGHT}\n〔Recommendations〕\n复查"


def test_values_of_every_kind_are_told():
    name = ("X", "99HIS", "项")
    report, issues = read(
        document(
            container(
                FINDINGS,
                coded(("1", "99HIS", "阳性"), name, modifier(("2", "99HIS", "高"), ("3", "99HIS", "程度"))),
                number("4.30", name),
                item("DATE", name, Date="20260301"),
                item("TIME", name, Time="0915"),
                item("DATETIME", name, DateTime="202603010915"),
                item("UIDREF", name, UID="1.2.3"),
                item("PNAME", name, PersonName="Shen^HeYi=审^核乙"),
                image(name, "1.2.3.4", frames=["2", "5"]),
            ),
            sop_class=COMPREHENSIVE,
        )
    )
    assert report.findings.split("\n") == [
        "项：阳性（程度：高）",
        *(
            "项：4.30 mm",
            "项：20260301",
            "项：0915",
            "项：202603010915",
            "项：1.2.3",
            "项：审核乙（HeYi Shen）",
            "项：图1",
        ),
    ]
    assert "引用对象：\n图1：1.2.3.4（帧 2, 5）" in [note.text for note in report.notes]
    assert issues == ()


def test_what_the_root_says_of_itself_is_a_note():
    language = modifier(("zh-CN", "RFC5646", "中文"), ("121049", "DCM", "Language of Content Item and Descendants"))
    observer = item(
        "PNAME", ("121008", "DCM", "Person Observer Name"), PersonName="甲^乙", relationship="HAS OBS CONTEXT"
    )
    report, _ = read(document(language, observer, container(FINDINGS, text(SEEN)), CompletionFlagDescription="已完成"))
    assert report.findings == SEEN
    assert [note.text for note in report.notes if note.kind == "document"] == [
        "Language of Content Item and Descendants：中文",
        "Person Observer Name：甲乙",
        "完成情况说明：已完成",
    ]


def test_regions_have_no_words_and_are_said():
    region = item("SCOORD", None, GraphicType="POINT", GraphicData=[1.0, 2.0])
    report, issues = read(document(container(FINDINGS, text(SEEN, FINDING, region)), sop_class=COMPREHENSIVE))
    assert report.findings == SEEN
    assert [(one.code, one.where) for one in issues] == [
        (IssueCode.CONTENT_UNMAPPED, "ContentSequence[1].ContentSequence[1].ContentSequence[1]")
    ]


# -- status, people, times -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (("COMPLETE", "VERIFIED", None), ReportStatus.FINAL),
        (("COMPLETE", "VERIFIED", "FINAL"), ReportStatus.FINAL),
        (("COMPLETE", "VERIFIED", "PRELIMINARY"), ReportStatus.PRELIMINARY),
        (("COMPLETE", "UNVERIFIED", None), ReportStatus.PRELIMINARY),
        (("PARTIAL", "UNVERIFIED", None), ReportStatus.PARTIAL),
        (("PARTIAL", "VERIFIED", None), ReportStatus.PARTIAL),
        (("COMPLETE", None, None), ReportStatus.UNKNOWN),
        ((None, None, None), ReportStatus.UNKNOWN),
        (("DONE", "VERIFIED", None), ReportStatus.UNKNOWN),
    ],
)
def test_the_status_is_what_the_flags_say_together(flags, status):
    keywords = ("CompletionFlag", "VerificationFlag", "PreliminaryFlag")
    report, issues = read(usual(**dict(zip(keywords, flags, strict=True))))
    assert report.status is status
    assert report.status_source == ("/".join(flag for flag in flags if flag) or None)
    assert (IssueCode.STATUS_UNKNOWN in codes(issues)) == (status is ReportStatus.UNKNOWN)


def test_a_verified_report_without_verifier_says_so():
    _, issues = read(usual(VerifyingObserverSequence=None))
    assert [str(issue) for issue in issues] == [
        "warning field-unmapped at VerifyingObserverSequence: the report is verified, but nobody is named who did so"
    ]


def test_verifiers_are_interpreters_with_their_time():
    report, _ = read(usual())
    (one,) = report.interpreters
    assert one.practitioner.name.text == "审核乙"
    assert one.organization.name == "示例市第一人民医院"
    assert [(number.value, number.system, number.assigner) for number in one.practitioner.identifiers] == [
        ("D0007", None, "99TESTHOSP")
    ]
    assert [(note.text, note.author) for note in report.notes] == [("审核时间：2026-03-01T11:30:00+08:00", one)]


def test_the_latest_verification_is_when_the_report_was_issued():
    first, second = Dataset(), Dataset()
    first.VerifyingObserverName, first.VerificationDateTime = "甲", "20260302080000"
    second.VerifyingObserverName, second.VerificationDateTime = "乙", "20260301235900"
    report, _ = read(usual(VerifyingObserverSequence=[first, second]))
    assert report.issued.iso == "2026-03-02T08:00:00+08:00"
    assert len(report.interpreters) == 2


def test_authors_perform_and_custody_goes_before_the_institution():
    author, keeper = Dataset(), Dataset()
    author.ObserverType, author.PersonName = "PSN", "Bao^GaoJia=报^告甲"
    keeper.InstitutionName = "示例市影像中心"
    report, _ = read(usual(AuthorObserverSequence=[author], CustodialOrganizationSequence=[keeper]))
    assert report.performers[0].practitioner.name.text == "报告甲"
    assert report.performers[0].role.text == "报告医师"
    assert report.performers[1].organization.name == "示例市影像中心"


def test_a_zone_of_its_own_goes_before_the_senders():
    report, _ = read(usual(TimezoneOffsetFromUTC="+0900"), zone="+06:00")
    assert report.effective.iso == "2026-03-01T09:15:00+09:00"
    report, issues = read(usual(TimezoneOffsetFromUTC=None), zone="+06:00")
    assert report.effective.iso == "2026-03-01T09:15:00+06:00"
    assert [str(issue) for issue in issues] == [
        "information zone-assumed at TimezoneOffsetFromUTC: no offset from UTC is stated; +06:00 was taken"
    ]


def test_an_impossible_time_is_said_and_the_date_kept():
    made = reread(usual())
    plant(made, "StudyTime", b"2575", "TM")
    report, issues = read(made)
    assert report.effective.iso == "2026-03-01"
    assert IssueCode.TIME_INVALID in codes(issues)


def test_times_without_seconds_keep_their_precision():
    report, _ = read(usual(StudyTime="0915", VerifyingObserverSequence=None, VerificationFlag="UNVERIFIED"))
    assert report.effective.iso == "2026-03-01T09:15:00+08:00"
    assert report.effective.precision.name == "MINUTE"
    assert report.issued.iso == "2026-03-01T11:00:00+08:00"


# -- order, study, versions ----------------------------------------------------------------------


def request(**values):
    out = Dataset()
    for keyword, value in values.items():
        setattr(out, keyword, value)
    return out


def test_the_request_is_read_and_gives_the_accession_where_the_report_has_none():
    asked = request(
        AccessionNumber="A77",
        PlacerOrderNumberImagingServiceRequest="P1",
        FillerOrderNumberImagingServiceRequest="F1",
        RequestedProcedureCodeSequence=code(("CT01", "99HIS", "胸部CT平扫")),
    )
    report, _ = read(usual(AccessionNumber="", ReferencedRequestSequence=[asked]))
    assert report.accession.value == "A77"
    assert (report.request.placer.value, report.request.filler.value) == ("P1", "F1")
    assert report.request.code.shown == "胸部CT平扫"


def test_several_requests_are_said_and_none_is_guessed():
    both = [request(AccessionNumber="A1"), request(AccessionNumber="A2")]
    report, issues = read(usual(AccessionNumber="", ReferencedRequestSequence=both))
    assert report.request is None
    assert report.accession is None
    assert codes(issues) == [IssueCode.CONTENT_UNMAPPED]


def test_evidence_of_another_study_is_said():
    _, issues = read(usual(CurrentRequestedProcedureEvidenceSequence=evidence(*listed(study="S2"))))
    assert codes(issues) == [IssueCode.REPORT_UNLINKED]


def test_evidence_names_the_study_where_the_report_does_not():
    report, _ = read(usual(StudyInstanceUID=None, CurrentRequestedProcedureEvidenceSequence=evidence(*listed())))
    assert report.study_uid == uid("S1")


def test_an_earlier_version_is_named():
    report, _ = read(usual(PredecessorDocumentsSequence=evidence((uid("S1"), uid("S1", "9"), "1.2.3.99"))))
    assert "前一版本文档：1.2.3.99" in [note.text for note in report.notes]


def test_a_report_without_uid_says_that_it_cannot_be_told_apart():
    report, issues = read(usual(SOPInstanceUID=None))
    assert report.identifiers == ()
    assert codes(issues) == [IssueCode.REPORT_IDENTIFIER_MISSING]


# -- character sets ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "codec", "escaped"),
    [
        ("GB18030", "gb18030", False),
        ("GBK", "gb18030", False),
        ("ISO_IR 192", "utf-8", False),
        (["", "ISO 2022 IR 58"], "gb2312", True),
    ],
)
def test_chinese_text_is_read_in_every_character_set(charset, codec, escaped):
    words = "双肺纹理清晰"
    made = plain()
    plant(made, "SpecificCharacterSet", "\\".join([charset] if isinstance(charset, str) else charset).encode(), "CS")
    plant(leaf(made), "TextValue", (b"\x1b$)A" if escaped else b"") + words.encode(codec), "UT")
    report, issues = read(made)
    assert report.findings == words
    assert issues == ()


def plain():
    """A report in ASCII, as its file has it."""
    nobody = {"VerifyingObserverSequence": None, "VerificationFlag": "UNVERIFIED", "InstitutionName": None}
    return reread(document(container(FINDINGS, text("TEXT")), **nobody))


def leaf(made):
    return made.ContentSequence[0].ContentSequence[0]


def test_an_item_may_have_a_character_set_of_its_own():
    made = plain()
    plant(made.ContentSequence[0], "SpecificCharacterSet", b"ISO_IR 192", "CS")
    plant(leaf(made), "TextValue", "结节".encode(), "UT")
    assert read(made)[0].findings == "结节"


def test_text_with_a_wrong_character_set_is_repaired_only_when_asked():
    made = plain()
    plant(made, "SpecificCharacterSet", b"ISO_IR 100", "CS")
    raw = "右肺上叶结节".encode("gb18030")
    plant(leaf(made), "TextValue", raw, "UT")
    report, issues = read(made)
    assert report.findings == raw.decode("latin-1")
    assert IssueCode.CHARSET_WRONG in codes(issues)
    report, issues = read(made, repair=True)
    assert report.findings == "右肺上叶结节"
    assert IssueCode.CHARSET_REPAIRED in codes(issues)


def test_a_character_set_is_assumed_only_where_none_is_stated():
    made = plain()
    del made.SpecificCharacterSet
    plant(leaf(made), "TextValue", "结节".encode("gb18030"), "UT")
    report, issues = read(made, charset="GB18030")
    assert report.findings == "结节"
    assert IssueCode.CHARSET_ASSUMED in codes(issues)


# -- broken and too large ------------------------------------------------------------------------


def test_an_empty_report_says_so():
    _, issues = read(document())
    assert [str(issue) for issue in issues] == [
        "warning value-missing at ContentSequence: the report has neither text nor results"
    ]


def test_nesting_beyond_the_limit_is_said_with_its_place():
    node = text("最深")
    for _ in range(sr_tree.MAX_DEPTH + 2):
        node = container(None, node)
    report, issues = read(document(text("外面"), node))
    assert report.findings == "外面"
    (issue,) = issues
    assert (issue.code, issue.severity) == (IssueCode.LIMIT_REACHED, Severity.ERROR)
    assert issue.where.count("ContentSequence") == sr_tree.MAX_DEPTH + 1
    assert "nested deeper than 64" in issue.message


def test_too_many_items_are_said_and_the_first_kept(monkeypatch):
    monkeypatch.setattr(sr_tree, "MAX_ITEMS", 3)
    report, issues = read(document(*(text(f"第{number}") for number in range(1, 6))))
    assert report.findings == "第1\n第2\n第3"
    assert [(issue.code, issue.where) for issue in issues] == [(IssueCode.LIMIT_REACHED, "ContentSequence[4]")]


def test_a_value_that_no_one_can_read_is_an_issue_and_the_rest_is_kept():
    made = reread(document(container(FINDINGS, text("甲"), text("乙"))))
    plant(leaf(made), "ConceptNameCodeSequence", b"\x01\x02\x03\x04\x05", "SQ")
    report, issues = read(made)
    assert report.findings == "甲\n乙"
    assert [(issue.code, issue.where) for issue in issues] == [
        (IssueCode.DICOM_MALFORMED, "ContentSequence[1].ContentSequence[1].ConceptNameCodeSequence")
    ]


def test_neither_issues_nor_logs_hold_words_of_the_report(caplog):
    made = reread(document(container(FINDINGS, text("某某有结节"), number("1")), sop_class=COMPREHENSIVE))
    plant(made.ContentSequence[0].ContentSequence[1].MeasuredValueSequence[0], "NumericValue", b"ZHANG", "DS")
    plant(made, "StudyTime", b"ZHANG", "TM")
    plant(made, "StudyInstanceUID", b"ZHANG", "UI")
    report, issues = read(made)
    assert [result.value.text for result in report.results] == ["ZHANG"]
    assert {IssueCode.NUMBER_INVALID, IssueCode.TIME_INVALID} <= set(codes(issues))
    assert not any("ZHANG" in words or "某" in words for words in [*map(str, issues), caplog.text])


# -- documents that others made ------------------------------------------------------------------


def test_a_report_with_every_kind_of_item_keeps_its_words():
    made = pydicom.dcmread(get_testdata_file("test-SR.dcm"))
    report, issues = read(made)
    assert report.status is ReportStatus.FINAL
    assert report.findings.count("A mass of") == 2
    assert report.conclusion is None
    assert [str(result.value.value) for result in report.results] == ["3", "3"]
    assert [result.definition.unit.ucum for result in report.results] == ["cm", "cm"]
    assert [one.practitioner.name.text for one in report.interpreters] == ["Jörg Riesmeier", "Verifying Observer"]
    assert {issue.code for issue in issues} == {
        *(IssueCode.UNIT_UNKNOWN, IssueCode.CONTENT_UNMAPPED, IssueCode.ZONE_ASSUMED)
    }


def test_a_partial_basic_report():
    report, _ = read(pydicom.dcmread(get_testdata_file("reportsi.dcm")))
    assert report.status is ReportStatus.PARTIAL
    assert report.findings.startswith("【Section Heading】\nReport Text：Enter text")


def test_an_image_is_no_report():
    assert read_report(dataset()).value is None
