"""OBX-5 by OBX-2: every value type of table 0125, repeats, statuses."""

import base64

import pytest
from hl7build import OBR, issues, message, obx, one, only, result, results

from fhir_hr.mapping.codes import load_code_table
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.model.values import (
    Absent,
    Coded,
    Comparator,
    Moment,
    Quantity,
    Ratio,
    SampledData,
    Span,
    Text,
    TimeOfDay,
    ValueRange,
)


def value(text: str, kind: str, **others: str):
    return result(obx(text, kind=kind, **others)).value


def test_nm():
    got = value("12.50", "NM")
    assert isinstance(got, Quantity)
    assert (str(got.value), got.unit.ucum, got.comparator) == ("12.50", "mmol/L", None)


@pytest.mark.parametrize("text", ["-3.5", "+7", ".5", "5.", "007", "1.5e3", "123456789012345678901234567890"])
def test_nm_forms(text):
    got = value(text, "NM")
    assert isinstance(got, Quantity)
    assert got.source == text


def test_nm_with_a_comparator():
    read = one(message(obx("<0.05")))
    got = results(read)[0].value
    assert (str(got.value), got.comparator) == ("0.05", Comparator.LT)
    assert only(read, "value-type-mismatch").message == "a number with a comparator in an NM field was read as such"


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("＜0.05", "<", "0.05"),
        ("≤5.0", "<=", "5.0"),
        (">=1000", ">=", "1000"),
        ("＞＝ 3", ">=", "3"),
        ("≧3", ">=", "3"),
    ],
)
def test_comparators(text, sign, number):
    for kind in ("NM", "ST"):
        got = value(text, kind)
        assert (got.comparator.value, str(got.value)) == (sign, number)


def test_nm_repeats_become_components():
    got = result(obx("1.0~2.0~3.0"))
    assert str(got.value.value) == "1.0"
    assert [str(one.value) for one in got.components] == ["2.0", "3.0"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^5.0", ("q", "5.0", None)),
        ("=^5.0", ("q", "5.0", None)),
        (">^100", ("q", "100", ">")),
        ("<=^0.5", ("q", "0.5", "<=")),
        ("^1^:^80", ("ratio", "1", "80")),
        ("^1^/^2", ("ratio", "1", "2")),
        ("^10^-^20", ("range", "10", "20")),
        ("<>^100", ("text", "<> 100", None)),
        ("^2^+", ("text", "2 +", None)),
    ],
)
def test_sn(text, expected):
    got = value(text, "SN")
    kind, first, second = expected
    if kind == "q":
        assert (str(got.value), got.comparator and got.comparator.value) == (first, second)
    elif kind == "ratio":
        assert isinstance(got, Ratio)
        assert (str(got.numerator), str(got.denominator)) == (first, second)
    elif kind == "range":
        assert isinstance(got, ValueRange)
        assert (str(got.low), str(got.high)) == (first, second)
    else:
        assert isinstance(got, Text)
        assert got.text == first


def test_sn_with_a_comparator_keeps_it_on_a_ratio():
    got = value(">^1^:^80", "SN")
    assert got.comparator is Comparator.GT


def test_sn_without_a_number_stays_text():
    read = one(message(obx(">^溶血", kind="SN")))
    assert only(read, "number-invalid").message == "a structured numeric holds no number; it was kept as text"
    assert results(read)[0].value.text == "> 溶血"


def test_sn_repeats():
    got = result(obx("^1.0~^2.0", kind="SN"))
    assert [str(v.value) for v in (got.value, *got.components)] == ["1.0", "2.0"]


def test_nr():
    got = value("10^20", "NR")
    assert isinstance(got, ValueRange)
    assert (str(got.low), str(got.high)) == ("10", "20")


def test_nr_open_on_one_side():
    got = value("10", "NR")
    assert (str(got.low), got.high) == ("10", None)


def test_nr_without_numbers():
    read = one(message(obx("低^高", kind="NR")))
    assert only(read, "number-invalid").message == "a numeric range holds no numbers; it was kept as text"


def test_na():
    got = value("1.0^2.5^3~4^5", "NA")
    assert isinstance(got, SampledData)
    assert got.data == ("1.0", "2.5", "3", "4", "5")


def test_na_with_words():
    read = one(message(obx("1^二", kind="NA")))
    assert "a numeric array holds other things than numbers" in only(read, "number-invalid").message


def test_vr():
    assert value("低^高", "VR").text == "低-高"


@pytest.mark.parametrize("kind", ["CE", "CWE", "CNE", "CF"])
def test_coded(kind):
    got = value("112283007^大肠埃希菌^SCT^EC^大肠^L", kind)
    assert isinstance(got, Coded)
    first, second = got.concept.codings
    assert (first.system, first.code, first.display) == ("http://snomed.info/sct", "112283007", "大肠埃希菌")
    assert (second.system, second.code) == (None, "EC")


def test_coded_with_words_only():
    got = value("^未见异常", "CE")
    assert got.concept.codings == ()
    assert got.concept.text == "未见异常"


def test_coded_repeats():
    got = result(obx("A^甲^L~B^乙^L", kind="CWE"))
    assert [v.concept.text for v in (got.value, *got.components)] == ["甲", "乙"]


@pytest.mark.parametrize("kind", ["IS", "ID"])
def test_one_code(kind):
    assert value("POS", kind).concept.codings[0].code == "POS"


@pytest.mark.parametrize("kind", ["DT", "DTM", "TS"])
def test_moments(kind):
    got = value("20260820", kind)
    assert isinstance(got, Moment)
    assert got.when.iso == "2026-08-20"


def test_dtm_keeps_its_stated_zone():
    got = value("20260820101500.250+0900", "DTM").when
    assert (got.iso, got.zone_stated) == ("2026-08-20T10:15:00.250+09:00", True)


def test_an_impossible_date_as_a_result_stays_text():
    read = one(message(obx("20261340", kind="DT")))
    assert only(read, "time-invalid").where == "OBX[1]-5"
    assert results(read)[0].value == Text(text="20261340")


def test_tm():
    got = value("0730", "TM")
    assert isinstance(got, TimeOfDay)
    assert got.time == "07:30:00"


def test_an_impossible_time_of_day_stays_text():
    read = one(message(obx("2561", kind="TM")))
    assert only(read, "time-invalid").message == "the value is no time of day; it was kept as text"


def test_dr():
    got = value("20260820^20260821", "DR")
    assert isinstance(got, Span)
    assert (got.period.start.iso, got.period.end.iso) == ("2026-08-20", "2026-08-21")


@pytest.mark.parametrize("kind", ["TX", "FT"])
def test_text_lines(kind):
    assert value(r"第一行~第二行\.br\第三行", kind, unit="").text == "第一行\n第二行\n第三行"


def test_st_with_a_number_and_a_unit_is_a_quantity():
    read = one(message(obx("290.00", kind="ST", unit="U/L")))
    got = results(read)[0].value
    assert (str(got.value), got.unit.ucum) == ("290.00", "U/L")
    assert only(read, "number-in-text").message == "a number with a unit in a text field was read as a quantity"


def test_st_with_a_number_and_no_unit_stays_text():
    assert value("1037", "ST", unit="") == Text(text="1037")


@pytest.mark.parametrize(
    "kind",
    "AD CK CN CP CX EI EIP FN HD JCC MA MO PL PN PPN SAD SI SPS TN TQ VID XAD XCN XON XPN XTN CQ RI OG DLN".split(),
)
def test_composite_types_keep_their_words(kind):
    read = one(message(obx("甲^乙&丙", kind=kind, unit="")))
    assert results(read)[0].value.text == "甲 乙 丙"
    assert not issues(read, "value-type-unknown")


def test_an_unknown_type_is_said_and_kept_as_text():
    read = one(message(obx("甲", kind="QQ", unit="")))
    issue = only(read, "value-type-unknown")
    assert issue.where == "OBX[1]-2"
    assert issue.message == "value type 'QQ' is not known; the value was kept as text"
    assert results(read)[0].value.text == "甲"


def test_a_missing_type_is_said():
    read = one(message(obx("阴性", kind="", unit="")))
    assert only(read, "value-type-missing").message == "a value without a type was read as text"
    assert results(read)[0].value.ordinal.code == "NEG"


def test_types_are_read_in_any_case():
    assert isinstance(value("5.0", " nm"), Quantity)


def test_every_type_of_table_0125_is_counted():
    kinds = (
        "AD CE CF CK CN CNE CP CQ CWE CX DLN DR DT DTM ED EI EIP FN FT HD ID IS JCC MA MO NA NM NR OG PL PN PPN RI RP "
        "SAD SI SN SPS ST TM TN TQ TS TX VID VR XAD XCN XON XPN XTN"
    ).split()
    read = one(message(*(obx("1^2", n=n, kind=kind, code=f"T{n}^x") for n, kind in enumerate(kinds, start=1))))
    assert read.counts.obx_read == len(kinds)
    assert not issues(read, "value-type-unknown")


# -- documents ---------------------------------------------------------------------------------------------------

PDF = base64.b64encode(b"%PDF-1.4 invented").decode()


def test_ed_base64_goes_into_the_report():
    read = one(message(obx(f"^AP^PDF^Base64^{PDF}", kind="ED", code="PDF^检验报告单", unit="")))
    (document,) = read.message.reports[0].documents
    assert (document.content_type, document.data, document.title) == ("application/pdf", PDF, "检验报告单")
    assert (read.counts.observations, read.counts.in_report) == (0, 1)


def test_ed_text_and_hex():
    read = one(
        message(
            obx("^TEXT^PLAIN^A^见附件", kind="ED", code="T1^文本", unit=""),
            obx("^IM^PNG^Hex^89504E47", n=2, kind="ED", code="T2^图", unit=""),
        )
    )
    text, image = read.message.reports[0].documents
    assert base64.b64decode(text.data).decode() == "见附件"
    assert (image.content_type, base64.b64decode(image.data)) == ("image/png", b"\x89PNG")


def test_ed_that_is_no_base64_is_rejected():
    read = one(message(obx("^AP^PDF^Base64^%%%not-base64", kind="ED", code="PDF^报告", unit="")))
    issue = only(read, "encoded-data-invalid")
    assert issue.where == "OBX[1]-5.5"
    assert issue.message == "encapsulated data could not be decoded (stated encoding: Base64)"
    assert read.counts.rejected == 1


def test_rp_is_a_pointer():
    read = one(message(obx("https://pacs.example/1^PACS^AP^PDF", kind="RP", code="PDF^报告", unit="")))
    (document,) = read.message.reports[0].documents
    assert (document.url, document.content_type, document.data) == ("https://pacs.example/1", "application/pdf", None)


def test_rp_without_a_url_keeps_its_words():
    read = one(message(obx(r"\\server\share\1.pdf", kind="RP", code="PDF^报告", unit="")))
    assert "server" in base64.b64decode(read.message.reports[0].documents[0].data).decode()


# -- nothing there -----------------------------------------------------------------------------------------------


def test_an_empty_value_is_absent():
    got = result(obx("", kind="ST", unit=""))
    assert isinstance(got.value, Absent)
    assert got.value.reason == "unknown"


def test_an_explicit_null_is_absent():
    assert isinstance(value('""', "NM"), Absent)


def test_an_obx_without_code_is_rejected():
    read = one(message(obx("5", code="")))
    issue = only(read, "code-missing")
    assert (issue.where, issue.message) == ("OBX[1]-3", "a result without code and name was left out")
    assert read.counts.rejected == 1


def test_an_empty_obx_is_rejected():
    read = one(message("OBX|1"))
    assert only(read, "value-missing").message == "an OBX without type, code and value was left out"
    assert read.counts.rejected == 1


def test_text_without_code_goes_into_the_report():
    read = one(message(obx("标本轻度溶血", kind="TX", code="", unit="")))
    assert read.message.reports[0].findings == "标本轻度溶血"
    assert read.counts.in_report == 1


# -- statuses: the whole of tables 0085 and 0123 ------------------------------------------------------------------

OBX_11 = {
    "A": "amended", "B": "amended", "C": "corrected", "D": "entered-in-error", "F": "final", "I": "registered",
    "N": "cancelled", "O": "registered", "P": "preliminary", "R": "preliminary", "S": "preliminary", "U": "final",
    "V": "final", "W": "entered-in-error", "X": "cancelled",
}  # fmt: skip
OBR_25 = {
    "A": "partial", "C": "corrected", "F": "final", "I": "registered", "M": "preliminary", "N": "registered",
    "O": "registered", "P": "preliminary", "R": "partial", "S": "registered", "X": "cancelled", "Y": "unknown",
    "Z": "unknown",
}  # fmt: skip


@pytest.mark.parametrize(("code", "status"), OBX_11.items())
def test_obx_11(code, status):
    read = one(message(obx(status=code)))
    (got,) = results(read)
    assert got.status == status
    assert got.status_source == code
    assert not issues(read, "status-unknown")


def test_obx_11_is_the_whole_table():
    rows = load_code_table("obx-status-0085").rows
    assert {row.code: row.target for row in rows} == OBX_11


@pytest.mark.parametrize(("code", "status"), OBR_25.items())
def test_obr_25(code, status):
    read = one(message(OBR.removesuffix("F") + code, obx()))
    report = read.message.reports[0]
    assert report.status == status
    assert report.status_source == code


def test_obr_25_is_the_whole_table():
    rows = load_code_table("report-status-0123").rows
    assert {row.code: row.target for row in rows} == OBR_25


def test_an_unknown_obx_status_is_said():
    read = one(message(obx(status="Q")))
    issue = only(read, "status-unknown")
    assert issue.where == "OBX[1]-11"
    assert issue.message == "result status 'Q' is not known; it was read as unknown"
    assert results(read)[0].status is ResultStatus.UNKNOWN


def test_an_unknown_report_status_is_said():
    read = one(message(OBR.removesuffix("F") + "Q", obx()))
    issue = only(read, "status-unknown")
    assert issue.where == "OBR[1]-25"
    assert issue.message == "report status 'Q' is not that of a report; it was read as unknown"
    assert read.message.reports[0].status is ReportStatus.UNKNOWN


@pytest.mark.parametrize(("code", "words"), [("Y", "No order on record"), ("Z", "No record of this patient")])
def test_a_report_status_that_says_an_error(code, words):
    read = one(message(OBR.removesuffix("F") + code, obx()))
    assert words in only(read, "status-unknown").message
    assert len(results(read)) == 1


def test_an_empty_status_in_a_final_report_is_final():
    read = one(message(obx(status="")))
    assert results(read)[0].status is ResultStatus.FINAL
    assert only(read, "status-assumed").where == "OBX[1]-11"


def test_an_empty_status_in_an_unfinished_report_is_unknown():
    read = one(message(OBR.removesuffix("F") + "P", obx(status="")))
    assert results(read)[0].status is ResultStatus.UNKNOWN
    assert only(read, "status-unknown").message == "results without a status were read as unknown"


@pytest.mark.parametrize(("code", "reason"), [("X", "not-performed"), ("N", "not-asked")])
def test_a_status_that_says_why_there_is_no_value(code, reason):
    got = result(obx("", status=code))
    assert isinstance(got.value, Absent)
    assert got.value.reason == reason
