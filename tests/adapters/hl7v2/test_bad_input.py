"""Each kind of bad input: the words of the issue, its place, and what was kept."""

import pytest
from hl7build import OBR, PID, bare, issues, many, message, national_id, obx, one, only, results

from fhir_hr.adapters.hl7v2 import Limits
from fhir_hr.issues import Severity
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.model.values import Quantity, Text


def pid(*, number: str = "", born: str = "19800101", sex: str = "M", name: str = "测试甲", local: str = "P0001") -> str:
    card = f"~{number}^^^^NNCHN" if number else ""
    return f"PID|1||{local}^^^H1^PI{card}||{name}||{born}|{sex}"


# -- the wrong patient -------------------------------------------------------------------------------------------


def test_birth_date_that_contradicts_the_identity_card():
    read = one(message(pid(number=national_id(born="19800101"), born="19810203"), obx()))
    issue = only(read, "patient-conflict")
    assert (issue.where, issue.severity) == ("PID[1]-7", Severity.WARNING)
    assert issue.message == "the birth date differs from the one in the identity card number"
    assert len(results(read)) == 1


def test_sex_that_contradicts_the_identity_card():
    read = one(message(pid(number=national_id(male=True), sex="F"), obx()))
    issue = only(read, "patient-conflict")
    assert issue.where == "PID[1]-8"
    assert issue.message == "the sex differs from the one in the identity card number"


def test_agreement_with_the_identity_card_says_nothing():
    assert not issues(one(message(pid(number=national_id()), obx())), "patient-conflict")


def test_identity_card_with_a_wrong_check_character_is_no_national_number():
    good = national_id()
    wrong = good[:17] + ("0" if good[17] != "0" else "1")
    read = one(message(pid(number=wrong), obx()))
    issue = only(read, "identifier-invalid")
    assert issue.where == "PID[1]-3"
    assert "the check character is wrong; it was kept as a local number" in issue.message
    assert wrong not in issue.message
    systems = {i.value: i.system for i in read.message.patient.identifiers}
    assert systems[wrong] == "urn:oid:2.16.156.10011.2.5.1.4"


def test_two_identity_cards_in_one_pid():
    first, second = national_id(sequence=1), national_id(sequence=2)
    read = one(message(f"PID|1||{first}^^^^NNCHN~{second}^^^^NNCHN||测试甲||19800101|M", obx()))
    issue = only(read, "patient-conflict")
    assert issue.severity is Severity.ERROR
    assert "two different identity card numbers; identity is not proved" in issue.message


def test_two_patients_in_one_message_keeps_only_the_first_ones_results():
    second = pid(local="P0002", name="测试乙", born="19900101", sex="F")
    read = one(bare(PID, OBR, obx("4.10"), second, OBR, obx("9.90", n=1), obx("8.80", n=2)))
    issue = only(read, "patient-conflict")
    assert (issue.where, issue.severity) == ("PID[2]", Severity.ERROR)
    assert issue.message == (
        "a second patient stands in the message; the 2 results under this PID were left out, "
        "those of the first patient were kept"
    )
    assert [str(r.value.value) for r in results(read)] == ["4.10"]
    assert (read.counts.obx_read, read.counts.observations, read.counts.rejected) == (3, 1, 2)


def test_the_same_patient_stated_again_keeps_all_results():
    again = pid(number=national_id())
    read = one(bare(again, OBR, obx("4.10"), again, "OBR|2|ORD2|REP2|CRP^C反应蛋白|||20260820", obx("9.90")))
    assert not issues(read, "patient-conflict")
    assert len(results(read)) == 2


def test_results_before_any_patient_are_said_to_belong_to_nobody():
    read = one(bare(OBR, obx("4.10")))
    issue = only(read, "patient-missing")
    assert issue.message == "the message names no patient; its results cannot be anybody's priors"
    assert read.message.patient is None
    assert len(results(read)) == 1


# -- bytes -------------------------------------------------------------------------------------------------------


def test_a_message_cut_inside_a_value_leaves_that_result_out():
    whole = message(obx("4.10"), obx("135.50", n=2, code="HGB^血红蛋白^L"))
    read = one(whole[: whole.index(b"135.50") + 3])
    issue = only(read, "truncated")
    assert (issue.where, issue.severity) == ("OBX[2]", Severity.ERROR)
    assert issue.message == (
        "the message ends inside this segment (5 fields, the others have more, and no line end); "
        "it was left out, the 1 before it were kept"
    )
    assert [str(r.value.value) for r in results(read)] == ["4.10"]
    assert read.counts.rejected == 1


def test_the_only_result_cut_inside_its_value_is_doubted():
    whole = message(obx("135.50"))
    read = one(whole[: whole.index(b"135.50") + 2])
    issue = only(read, "truncated")
    assert issue.where == "OBX[1]"
    assert "the message ends inside or right after the value" in issue.message
    assert results(read) == []
    assert read.counts.rejected == 1


def test_a_short_last_result_without_line_end_is_kept_where_all_are_short():
    segments = [obx("1").rsplit("|", 4)[0], obx("2", n=2).rsplit("|", 4)[0]]
    read = one(message(*segments).rstrip(b"\r"))
    assert len(results(read)) == 2


def test_a_message_that_continues_elsewhere():
    issue = only(one(message(obx(), "DSC|7|F")), "truncated")
    assert issue.message == "the message continues in another one (DSC); only what arrived was read"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty-input", "there are no bytes"),
        (b"  \r\n\x00", "not-hl7", "no MSH segment was found; this looks like blank, not an HL7 v2 message"),
        (b"<?xml version='1.0'?><a/>", "not-hl7", "this looks like XML"),
        (b'\xef\xbb\xbf{"resourceType": "Bundle"}', "not-hl7", "this looks like JSON"),
        (b"%PDF-1.7\n%...", "not-hl7", "this looks like PDF"),
        (b"PK\x03\x04....", "not-hl7", "this looks like a zip archive"),
        (bytes(range(256)) * 40, "not-hl7", "no MSH segment was found; this is not an HL7 v2 message"),
        (b"PID|1||7\rOBX|1|NM|GLU||5\r", "not-hl7", "no MSH segment was found"),
        (b"MSHX|^~", "not-hl7", "no MSH segment was found"),
        (b"MSH|", "not-hl7", "the header has no usable delimiters (MSH-1, MSH-2)"),
        (b"MSH|^^^^|LIS|", "not-hl7", "the header has no usable delimiters (MSH-1, MSH-2)"),
        (b"MSH\x81\x00\x81|^~\\&|A\r", "not-hl7", "the header has no usable delimiters (MSH-1, MSH-2)"),
    ],
)
def test_what_is_not_hl7(data, code, words):
    read = one(data)
    issue = only(read, code)
    assert words in issue.message
    assert issue.severity is Severity.ERROR
    assert read.message is None
    assert read.counts.obx_read == 0


def test_a_message_of_another_type_is_counted_and_not_read():
    read = one(message(obx(), obx(n=2), kind="ADT^A01"))
    issue = only(read, "message-type-unsupported")
    assert issue.where == "MSH[1]-9"
    assert "'ADT^A01' is not a result message (ORU^R01, OUL^R21 to R24); it was not read" in issue.message
    assert (read.counts.obx_read, read.counts.rejected) == (2, 2)
    assert read.type == "ADT^A01"
    assert read.control_id == "C1"


def test_an_input_beyond_the_limit_is_not_read():
    read = one(message(obx()), limits=Limits(input_bytes=50))
    assert "the limit is 50; nothing of it was read" in only(read, "too-large").message


def test_an_oversized_message_does_not_hide_the_others_of_its_batch():
    big = message(obx("x" * 5000, kind="TX"), control="BIG")
    reads = many(big + message(obx("4.10"), control="SMALL"), limits=Limits(message_bytes=2000))
    assert "the limit is 2000; nothing of it was read" in only(reads[0], "too-large").message
    assert reads[0].message is None
    assert reads[1].control_id == "SMALL"
    assert len(results(reads[1])) == 1


def test_a_message_larger_than_64_mib_is_refused_and_the_next_one_read():
    padding = b"OBX|1|TX|NOTE^note||" + b"x" * 999 + b"\r"
    data = message(control="HUGE") + padding * (70_000_000 // len(padding)) + message(obx(), control="NEXT")
    assert len(data) > 64 << 20
    reads = many(data)
    issue = only(reads[0], "too-large")
    assert "the limit is 67108864; nothing of it was read" in issue.message
    assert [read.control_id for read in reads] == ["", "NEXT"]


def test_segments_beyond_the_limit_are_counted_and_said():
    read = one(message(*(obx(n=n) for n in range(1, 21))), limits=Limits(segments=13))
    issue = only(read, "limit-reached")
    assert issue.severity is Severity.ERROR
    assert issue.message == "the message has more than 13 segments; the last 10 were not read"
    assert len(results(read)) == 10


def test_messages_beyond_the_limit_stop_the_reading():
    data = b"".join(message(obx(), control=f"C{n}") for n in range(5))
    reads = many(data, limits=Limits(messages=3))
    assert [read.control_id for read in reads] == ["C0", "C1", "C2", ""]
    assert only(reads[3], "limit-reached").message == "the input has more than 3 messages; stopped there"


def test_issues_beyond_the_limit_are_counted():
    segments = [obx(n=n, flag=f"?{n}") for n in range(1, 31)]
    read = one(message(*segments), limits=Limits(issues=10))
    assert len(read.issues) == 11
    assert read.issues[-1].message.endswith("further issues of this message are not listed")
    assert len(results(read)) == 30


def test_a_field_beyond_the_limit_is_left_out():
    read = one(message(obx(code="GLU^" + "葡" * 600), obx(n=2)), limits=Limits(field_chars=500))
    issue = only(read, "field-too-long")
    assert (issue.where, issue.severity) == ("OBX[1]-3", Severity.ERROR)
    assert issue.message == "the field has 604 characters, the limit is 500; it was left out"
    assert read.counts.rejected == 1


def test_an_encapsulated_document_may_be_longer_than_a_field():
    read = one(
        message(obx("^AP^PDF^Base64^" + "QUJD" * 300, kind="ED", code="PDF^报告")), limits=Limits(field_chars=500)
    )
    assert len(read.message.reports[0].documents) == 1
    assert not issues(read, "field-too-long")


def test_repetitions_beyond_the_limit_are_counted():
    names = "~".join(f"P{n}^^^H1^PI" for n in range(900))
    read = one(message(f"PID|1||{names}||测试甲", obx()), limits=Limits(repetitions=400))
    issue = only(read, "limit-reached")
    assert issue.where == "PID[1]-3"
    assert issue.message == "the field repeats 900 times, the limit is 400; the last 500 were not read"
    assert len(read.message.patient.identifiers) == 400


def test_undecodable_bytes_keep_the_rest():
    data = message(obx("葡萄糖正常，复查", kind="ST", unit="")).replace("正常".encode(), b"\xff\xfe\xfd")
    read = one(data)
    issue = only(read, "undecodable")
    assert (issue.where, issue.severity) == ("MSH[1]-18", Severity.ERROR)
    assert "places could not be decoded as UTF-8 nor as UTF-8 or GB18030; each is shown as U+FFFD" in issue.message
    assert results(read)[0].value.text.startswith("葡萄糖\ufffd")
    assert results(read)[0].value.text.endswith("，复查")


def test_undecodable_bytes_in_gb18030_text_keep_its_other_characters():
    data = message(obx("葡萄糖正常，请结合临床复查", kind="ST", unit=""), codec="gb18030")
    data = data.replace("正常".encode("gb18030"), b"\xff\xff")
    read = one(data)
    assert "could not be decoded as GB18030" in only(read, "undecodable").message
    assert results(read)[0].value.text.endswith("，请结合临床复查")


# -- fields ------------------------------------------------------------------------------------------------------


def test_an_impossible_date_is_left_out_and_the_rest_kept():
    read = one(message(obx("4.10", f14="20261340", f19="20260820093000")))
    issue = only(read, "time-invalid")
    assert (issue.where, issue.severity) == ("OBX[1]-14", Severity.ERROR)
    assert issue.message == "'20261340' is not a possible date or time; the field was left out, the rest kept"
    (got,) = results(read)
    assert str(got.value.value) == "4.10"
    assert got.effective.iso == "2026-08-20T09:00:00+08:00"  # the report's own time
    assert got.analysed.iso == "2026-08-20T09:30:00+08:00"


@pytest.mark.parametrize(
    "text",
    ["20260231", "20260820240000", "20260820106100", "2026082", "00000000", "20260820+2500", "20260820100000+1430"],
)
def test_more_impossible_dates(text):
    read = one(message(obx(f14=text)))
    assert only(read, "time-invalid").where == "OBX[1]-14"
    assert len(results(read)) == 1


def test_a_date_that_is_words_is_not_quoted():
    read = one(message(obx(f14="测试甲昨天")))
    assert only(read, "time-invalid").message.startswith("'(text)' is not a possible date or time")


def test_an_impossible_birth_date_keeps_the_patient():
    read = one(message(pid(born="19801340"), obx()))
    assert only(read, "time-invalid").where == "PID[1]-7"
    assert read.message.patient.birth is None
    assert read.message.patient.names[0].text == "测试甲"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nan", "not a finite number"),
        ("Infinity", "not a finite number"),
        ("1_000", "an underscore"),
        ("1,000", "a comma"),
        ("１２.５", "full-width digits"),
        ("溶血", "words"),
        ("12.5.1", "other characters than digits and a point"),
        ("1e400", "other characters than digits and a point"),
        ("0x1F", "other characters than digits and a point"),
    ],
)
def test_what_is_no_number_stays_text(text, why):
    read = one(message(obx(text)))
    issue = only(read, "number-invalid")
    assert (issue.where, issue.severity) == ("OBX[1]-5", Severity.WARNING)
    assert issue.message == f"the value is no number ({why}); it was kept as text"
    (got,) = results(read)
    assert isinstance(got.value, Text)
    assert got.value.text == text


def test_digits_are_kept_exactly():
    (got,) = results(one(message(obx("4.30"))))
    assert isinstance(got.value, Quantity)
    assert str(got.value.value) == "4.30"
    assert got.value.source == "4.30"


def test_duplicate_control_ids_are_both_read():
    reads = many(message(obx("1.0")) + message(obx("2.0")))
    assert not issues(reads[0], "duplicate-control-id")
    issue = only(reads[1], "duplicate-control-id")
    assert issue.where == "MSH[1]-10"
    assert issue.message == "the control id stands twice in this input; both messages were read"
    assert [str(results(read)[0].value.value) for read in reads] == ["1.0", "2.0"]


def test_the_same_control_id_from_two_hospitals_is_no_duplicate():
    reads = many(message(obx(), facility="H1") + message(obx(), facility="H2"))
    assert not any(issues(read, "duplicate-control-id") for read in reads)


def test_a_missing_control_id_is_said():
    issue = only(one(message(obx(), control="")), "control-id-missing")
    assert issue.where == "MSH[1]-10"


# -- corrections -------------------------------------------------------------------------------------------------


def corrected(status: str, report: str = "C") -> bytes:
    return message(OBR.removesuffix("F") + report, obx("6.10", status=status), control="C2")


def test_a_corrected_result_after_the_original():
    first, second = many(message(obx("5.60")) + corrected("C"))
    issue = only(second, "correction")
    assert issue.where == "OBR[1]"
    assert issue.message == "this report corrects an earlier one with the same order number"
    report, earlier = second.message.reports[0], first.message.reports[0]
    assert (report.status, report.results[0].status) == (ReportStatus.CORRECTED, ResultStatus.CORRECTED)
    assert report.key == earlier.key
    assert report.results[0].key == earlier.results[0].key


@pytest.mark.parametrize("status", ["D", "W"])
def test_a_withdrawn_result_after_the_original(status):
    first, second = many(message(obx("5.60")) + corrected(status))
    issue = only(second, "result-withdrawn")
    assert issue.message == "at least one result was withdrawn by its sender (OBX-11 D or W)"
    (withdrawn,) = results(second)
    assert withdrawn.status is ResultStatus.ENTERED_IN_ERROR
    assert withdrawn.status_source == status
    assert withdrawn.key == results(first)[0].key


def test_a_field_shifted_by_one_gives_no_value():
    read = one(message(obx("mmol/L", sub="5.60", unit="3.9-6.1")))
    issue = only(read, "field-shifted")
    assert (issue.where, issue.severity) == ("OBX[1]-5", Severity.ERROR)
    assert "the fields are shifted by one; no value was taken" in issue.message
    assert not isinstance(results(read)[0].value, Quantity)


def test_a_log_line_inside_a_message_is_left_out_and_said():
    data = message(obx("4.10"), obx("4.20", n=2)).replace(b"\rOBX|2", b"\r[2026-08-20 INFO] sent\rOBX|2")
    read = one(data)
    assert only(read, "segment-malformed").message == "a line of 22 characters is no segment and was left out"
    assert len(results(read)) == 2


def test_bytes_before_the_header_are_said():
    read = one(b"garbage here\r" + message(obx()))
    assert only(read, "segment-malformed").message == (
        "12 bytes before the first header are no segment and were left out"
    )
    assert len(results(read)) == 1


def test_no_issue_names_the_patient():
    card = national_id()
    read = one(
        message(
            f"PID|1||{card}^^^H1^NNCHN~P0001^^^^\\Zhang\\||\\Zhang San\\^\\Chen\\||1980134|0x",
            obx("测试甲", f14="测试甲"),
        )
    )
    for issue in read.issues:
        assert "Zhang" not in str(issue)
        assert "Chen" not in str(issue)
        assert card not in str(issue)


@pytest.mark.parametrize(
    "later",
    [
        "PID|2||||测试甲||19800101|M",
        "PID|2||9999^^^H9^PI||测试甲||19800101|M",
        "PID|2",
    ],
)
def test_a_second_patient_who_may_be_the_same_is_not_taken_for_the_same(later):
    read = one(bare(PID, OBR, obx("4.10"), later, OBR, obx("9.90")))
    assert only(read, "patient-conflict").where == "PID[2]"
    assert [str(r.value.value) for r in results(read)] == ["4.10"]
    assert read.counts.rejected == 1
