"""Imaging report messages, and the marks that senders put on reports."""

import base64
from pathlib import Path

import pytest
from hl7build import OBR, issues, message, obx, one, only, results

from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.mapping.senders import load_senders
from fhir_hr.model.flags import FlagBasis
from fhir_hr.model.lab import ReportKind

RIS = {"application": "LIS^瑞美", "facility": "10"}
FIELDS = {1: "1", 2: "O1", 3: "E1", 4: "CT01^胸部CT平扫", 7: "20260820090000", 18: "ACC77", 22: "20260820100000"}
IMAGING = "OBR|" + "|".join(({**FIELDS, 24: "CT", 25: "F"}).get(n, "") for n in range(1, 26))
UNSECTIONED = "OBR|" + "|".join(({**FIELDS, 25: "F"}).get(n, "") for n in range(1, 26))


def report_of(*segments: str, obr: str = IMAGING, **header: str):
    read = one(message(obr, *segments, **header))
    (report,) = read.message.reports
    return read, report


def narrative() -> list[str]:
    return [
        obx("两肺纹理清晰。", kind="TX", code="1037^检查所见", unit=""),
        obx("未见占位。", n=2, kind="TX", code="1037^检查所见", unit=""),
        obx("胸部CT平扫未见异常。", n=3, kind="TX", code="1038^检查印象", unit=""),
    ]


def test_findings_and_impression():
    read, report = report_of(*narrative(), **RIS)
    assert report.kind is ReportKind.IMAGING
    assert report.findings == "两肺纹理清晰。\n未见占位。"
    assert report.conclusion == "胸部CT平扫未见异常。"
    assert report.results == ()
    assert (read.counts.in_report, read.counts.observations) == (3, 0)


def test_the_words_alone_are_enough():
    _, report = report_of(*narrative(), obr=UNSECTIONED)
    assert report.kind is ReportKind.IMAGING
    assert report.conclusion == "胸部CT平扫未见异常。"


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("59776-5^Procedure findings^LN", "findings"),
        ("19005-8^Impression^LN", "conclusion"),
        ("CT01&GDT^胸部CT", "findings"),
        ("CT01&IMP^胸部CT", "conclusion"),
        ("X^影像诊断：", "conclusion"),
        ("检查所见", "findings"),
    ],
)
def test_other_ways_to_name_the_parts(code, part):
    _, report = report_of(obx("文字", kind="TX", code=code, unit=""))
    assert getattr(report, part) == "文字"


def test_a_name_that_only_contains_the_word_is_no_part():
    _, report = report_of(obx("7", code="X1^检查所见评分", unit=""))
    assert report.findings is None
    assert len(report.results) == 1


def test_other_text_of_an_imaging_report_keeps_its_heading():
    _, report = report_of(obx("平扫", kind="TX", code="2001^检查方法", unit=""), *narrative())
    assert report.findings.startswith("【检查方法】\n平扫\n")


def test_the_study_uid_and_the_accession_number():
    _, report = report_of(obx("1.2.826.0.1.99.7", kind="ST", code="113014^Study UID^DCM", unit=""), *narrative())
    assert report.study_uid == "1.2.826.0.1.99.7"
    assert report.accession.value == "ACC77"


def test_a_study_uid_that_is_none_stays_a_result():
    read, report = report_of(obx("1.2.x", kind="ST", code="113014^Study UID^DCM", unit=""))
    assert report.study_uid is None
    assert read.counts.observations == 1


def test_measurements_of_an_imaging_report_are_results():
    _, report = report_of(obx("12.5", code="M1^结节长径", unit="mm"), *narrative())
    assert len(report.results) == 1


def test_documents_of_an_imaging_report():
    pdf = base64.b64encode(b"%PDF-1.4 invented").decode()
    read, report = report_of(
        obx("https://pacs.example/r/1^PACS^AP^PDF", kind="RP", code="R^报告链接", unit=""),
        obx(f"^AP^PDF^Base64^{pdf}", n=2, kind="ED", code="P^报告", unit=""),
        *narrative(),
    )
    assert [(d.url, d.content_type) for d in report.documents] == [
        ("https://pacs.example/r/1", "application/pdf"),
        (None, "application/pdf"),
    ]
    assert read.counts.in_report == 5


def test_an_empty_findings_obx_is_counted():
    read, report = report_of(obx("", kind="TX", code="1037^检查所见", unit=""), *narrative()[2:], **RIS)
    assert report.findings is None
    assert read.counts.holds
    assert report.conclusion == "胸部CT平扫未见异常。"


# -- marks -------------------------------------------------------------------------------------------------------

HOSPITAL_A = {"application": "DEMO-LIS-A", "facility": "DEMO-A"}
HOSPITAL_B = {"application": "DEMO-LIS-B", "facility": "DEMO-B"}
ALT = "ALT^*丙氨酸氨基转移酶"


def test_a_sender_whose_every_report_carries_a_mark():
    read = one(message(obx("35", code=ALT, unit="U/L"), obx("5", n=2, code="X^无星项目"), **HOSPITAL_A))
    (report,) = read.message.reports
    assert report.marks_readable
    assert (report.flag.mark.text, report.flag.basis) == ("川内HR", FlagBasis.PRINTED)
    starred, other = report.results
    assert (starred.flag.mark.text, starred.flag.basis) == ("川内HR", FlagBasis.ITEM_SYMBOL)
    assert starred.flag.item == starred.definition.item
    assert starred.flag.list_uri
    assert other.flag is None


def test_an_item_without_star_carries_no_flag():
    read = one(message(obx("35", code="ALT^丙氨酸氨基转移酶", unit="U/L"), **HOSPITAL_A))
    assert results(read)[0].flag is None


def test_a_star_on_an_item_of_no_list_carries_no_flag():
    read = one(message(obx("35", code="X^*某项目", unit="U/L"), **HOSPITAL_A))
    (got,) = results(read)
    assert got.definition.starred
    assert got.flag is None


@pytest.mark.parametrize("place", ["order", "result"])
def test_a_mark_in_a_note(place):
    note = "NTE|1||川渝HR"
    segments = (
        [OBR, note, obx("35", code=ALT, unit="U/L")]
        if place == "order"
        else [OBR, obx("35", code=ALT, unit="U/L"), note]
    )
    (report,) = one(message(*segments, **HOSPITAL_B)).message.reports
    assert report.flag.mark.text == "川渝HR"
    assert report.results[0].flag.mark.text == "川渝HR"


def test_a_note_that_only_mentions_a_mark_is_none():
    read = one(message(OBR, "NTE|1||本报告不属于川内HR范围", obx("35", code=ALT, unit="U/L"), **HOSPITAL_B))
    (report,) = read.message.reports
    assert report.flag is None
    assert report.marks_readable
    assert not issues(read, "mark-unknown")


def test_an_unregistered_mark_is_said():
    read = one(message(OBR, "NTE|1||某地HR", obx("35", code=ALT, unit="U/L"), **HOSPITAL_B))
    issue = only(read, "mark-unknown")
    assert (issue.where, issue.message) == (
        "NTE[1]-3",
        "'某地HR' is not a registered mark; the report was read as unmarked",
    )


def test_a_mark_with_white_space_in_it_is_read_and_said():
    read = one(message(OBR, "NTE|1||川渝 ＨＲ", obx("35", code=ALT, unit="U/L"), **HOSPITAL_B))
    (report,) = read.message.reports
    assert report.flag.mark.text == "川渝HR"
    issue = only(read, "mark-tidied")
    assert (issue.where, issue.severity) == ("NTE[1]-3", "information")
    assert issue.message == "'川渝 ＨＲ' is the mark 川渝HR with white space in it; it was read as that mark"


def test_a_symbol_behind_another_is_seen():
    read = one(message(obx("35", code="ALT^▲ ＊丙氨酸氨基转移酶", unit="U/L"), **HOSPITAL_A))
    assert results(read)[0].definition.starred is True


def test_marks_of_an_unknown_sender_cannot_be_read():
    (report,) = one(message(OBR, "NTE|1||川内HR", obx("35", code=ALT, unit="U/L"))).message.reports
    assert not report.marks_readable
    assert report.flag is None
    assert report.results[0].flag is None


@pytest.mark.parametrize(("field", "segment"), [("OBR-13", "OBR"), ("OBX-13", "OBX"), ("ORC-17", "ORC")])
def test_a_mark_in_another_field(tmp_path: Path, field: str, segment: str):
    (tmp_path / "mine.toml").write_text(
        f'id = "mine"\ntitle = "t"\nsource = "invented"\nmark_field = "{field}"\n[match]\napplication = ["MINE"]\n'
    )
    number = int(field.split("-")[1])
    lines = {"ORC": ["ORC", "RE"], "OBR": ["OBR", "1", "O1", "R1", "CBC"], "OBX": obx().split("|")}
    lines[segment] += [""] * (number + 1 - len(lines[segment]))
    lines[segment][number] = "川内HR"
    read = one(
        message(*("|".join(parts) for parts in lines.values()), application="MINE"),
        reader=Reader(senders=load_senders(tmp_path)),
    )
    assert read.message.reports[0].flag.mark.text == "川内HR"
