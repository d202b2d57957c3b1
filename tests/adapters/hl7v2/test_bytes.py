"""Bytes to messages: line ends, separators, character sets, MLLP, batches."""

import pytest
from hl7build import PID, bare, issues, many, message, msh, obx, one, only, results

from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.adapters.hl7v2.er7 import Separators, unescape
from fhir_hr.issues import Severity

SEPARATORS = Separators("|", "^", "~", "\\", "&")


# -- line ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"])
def test_line_ends(end):
    read = one(message(obx("4.10"), obx("5.20", n=2), end=end))
    assert [str(r.value.value) for r in results(read)] == ["4.10", "5.20"]
    assert not [issue for issue in read.issues if issue.severity is Severity.ERROR]


def test_mixed_line_ends():
    data = message(obx("4.10"), obx("5.20", n=2), obx("6.30", n=3)).replace(b"\rOBX|2", b"\nOBX|2")
    assert len(results(one(data.replace(b"\rOBX|3", b"\r\nOBX|3")))) == 3


def test_a_line_break_inside_the_text_of_obx_5_is_kept():
    report = obx("第一行\n第二行\n\n第三行", kind="TX", code="NOTE^备注", unit="").rstrip("|F")
    read = one(message(report, obx("4.10", n=2)))
    issue = only(read, "text-line-break")
    assert issue.where == "OBX[1]-5"
    assert issue.message == "a line break inside the text was kept (2 places)"
    assert results(read)[0].value.text == "第一行\n第二行\n第三行"
    assert len(results(read)) == 2


def test_fields_after_a_line_break_inside_the_text_are_still_read():
    read = one(message(obx("第一行\n第二行", kind="TX", code="NOTE^备注", unit="")))
    (got,) = results(read)
    assert got.value.text == "第一行\n第二行"
    assert got.status_source == "F"


def test_a_line_of_three_capitals_inside_text_is_no_segment():
    read = one(message("OBX|1|TX|NOTE^备注||见下\nMRI\n随访"))
    assert results(read)[0].value.text == "见下\nMRI\n随访"
    assert not issues(read, "segment-unused")


def test_a_line_break_inside_a_note_is_kept():
    read = one(message(obx(), "NTE|1||第一行\n第二行"))
    assert results(read)[0].notes[0].text == "第一行\n第二行"


def test_leading_blanks_before_a_segment_are_tolerated():
    assert len(results(one(message("  " + obx())))) == 1


# -- separators --------------------------------------------------------------------------------------------------


def test_the_five_character_msh_2_of_version_2_7():
    read = one(message(obx(r"5\P\6", kind="ST", unit=""), encoding="^~\\&#", version="2.7"))
    assert results(read)[0].value.text == "5#6"
    assert read.message.version == "2.7"


def test_custom_separators():
    lines = [
        msh(encoding="^~\\&"),
        PID,
        "OBR|1|O1|R1|CBC^血常规|||20260820||||||||||||||||||F",
        obx("1\\S\\80", kind="ST"),
    ]
    table = str.maketrans({"|": "!", "^": "$", "~": "*", "\\": "/", "&": "%"})
    read = one(("\r".join(line.translate(table) for line in lines) + "\r").encode())
    (got,) = results(read)
    assert got.value.text == "1$80"
    assert got.definition.code.codings[0].display == "葡萄糖"
    assert read.message.patient.identifiers[0].value == "P0001"


def test_a_short_msh_2_takes_the_recommended_characters():
    assert len(results(one(message(obx(), encoding="^")))) == 1


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"one\.br\two\.sp2\three", "one\ntwo\n\nthree"),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"\.in+4\in\.ti-2\ti\.sk3\x", "intix".replace("x", "   x")),
        (r"\X0D0A\\X41\B", "\r\nAB"),
        (r"C:\data\x", r"C:\data\x"),
        (r"50\%", r"50\%"),
        ("\\", "\\"),
        (r"\\", r"\\"),
    ],
)
def test_escapes(raw, text):
    assert unescape(raw, SEPARATORS) == text


def test_a_hexadecimal_escape_is_read_in_the_declared_character_set():
    read = one(
        message(obx("\\XC6CFCCD1CCC7\\", kind="ST", unit="", code="GLU"), charset="GB18030")
        .replace("测试甲".encode(), b"X")
        .replace("血常规".encode(), b"CBC")
    )
    assert results(read)[0].value.text == "葡萄糖"


def test_a_hexadecimal_escape_that_is_no_text_is_kept_and_said():
    read = one(message(obx(r"a\XFF\b", kind="ST", unit="")))
    assert results(read)[0].value.text == r"a\XFF\b"
    issue = only(read, "escape-unknown")
    assert issue.where == "OBX[1]-5"
    assert issue.message == "an escape sequence 'X' could not be resolved and was kept as sent"


def test_a_character_set_escape_is_kept_and_said():
    read = one(message(obx(r"a\C2842\b", kind="ST", unit="")))
    assert only(read, "escape-unknown").message.startswith("an escape sequence 'C'")
    assert results(read)[0].value.text == r"a\C2842\b"


# -- character sets ----------------------------------------------------------------------------------------------

TEXT = "白细胞偏高，请结合临床"


def charset_message(codec: str, charset: str = "") -> bytes:
    return message(obx(TEXT, kind="ST", unit=""), codec=codec, charset=charset)


@pytest.mark.parametrize("name", ["UNICODE UTF-8", "UTF-8", "utf8", "UNICODE"])
def test_declared_utf_8_is_honoured(name):
    read = one(charset_message("utf-8", name))
    assert results(read)[0].value.text == TEXT
    assert not [issue for issue in read.issues if issue.code.startswith("charset")]


@pytest.mark.parametrize("name", ["GB 18030-2000", "GB18030", "GBK", "GB2312", "CP936"])
def test_declared_gb18030_is_honoured(name):
    read = one(charset_message("gb18030", name))
    assert results(read)[0].value.text == TEXT
    assert not [issue for issue in read.issues if issue.code.startswith("charset")]


def test_an_empty_msh_18_is_assumed_and_said():
    for codec, name in (("utf-8", "UTF-8"), ("gb18030", "GB18030")):
        read = one(charset_message(codec))
        issue = only(read, "charset-assumed")
        assert (issue.where, issue.severity) == ("MSH[1]-18", Severity.INFORMATION)
        assert issue.message == f"MSH-18 states no character set; the bytes were read as {name}"
        assert results(read)[0].value.text == TEXT


def test_a_declared_set_that_does_not_fit_is_doubted():
    read = one(charset_message("gb18030", "UNICODE UTF-8"))
    issue = only(read, "charset-wrong")
    assert issue.message == "the bytes are not UNICODE UTF-8; they were read as GB18030"
    assert results(read)[0].value.text == TEXT


def test_utf_8_under_a_gbk_label_is_doubted():
    read = one(charset_message("utf-8", "GBK"))
    assert only(read, "charset-wrong").message == "the bytes are not GBK; they were read as UTF-8"
    assert results(read)[0].value.text == TEXT


def test_an_unknown_set_is_said():
    read = one(charset_message("gb18030", "KLINGON-1"))
    issue = only(read, "charset-unknown")
    assert issue.message == "character set 'KLINGON-1' is not known; the bytes were read as GB18030"
    assert results(read)[0].value.text == TEXT


def test_a_set_without_a_codec_is_said_to_be_unsupported():
    read = one(charset_message("utf-8", "ISO IR87"))
    assert only(read, "charset-unknown").message.startswith("character set 'ISO IR87' is not supported")


def test_latin_1_is_honoured():
    segments = ["PID|1||P0001", "OBR|1|O1|R1|CBC", obx("Glycémie élevée", kind="ST", unit="", code="GLU")]
    assert results(one(bare(*segments, codec="latin-1", charset="8859/1")))[0].value.text == "Glycémie élevée"


def second_byte_traps() -> str:
    """Characters whose second byte in GBK is a delimiter of HL7."""
    wanted = {0x5C, 0x5E, 0x7C, 0x7E}
    found = []
    for byte in sorted(wanted):
        for lead in range(0x81, 0xFE):
            char = bytes((lead, byte)).decode("gbk", errors="ignore")
            if len(char) == 1 and "\u4e00" <= char <= "\u9fff":
                found.append(char)
                break
    assert len(found) == 4
    return "".join(found)


@pytest.mark.parametrize("charset", ["", "GBK"])
def test_bytes_are_decoded_before_they_are_split(charset):
    text = second_byte_traps()
    assert {text.encode("gbk")[i] for i in (1, 3, 5, 7)} == {0x5C, 0x5E, 0x7C, 0x7E}
    read = one(message(obx(text, kind="ST", unit="", code=f"X1^{text}"), codec="gb18030", charset=charset))
    (got,) = results(read)
    assert got.value.text == text
    assert got.definition.code.codings[0].display == text
    assert got.status_source == "F"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [True, False])
def test_utf_16(codec, mark):
    data = ("\ufeff" if mark else "").encode(codec) + message(
        obx(TEXT, kind="ST", unit=""), charset="UNICODE UTF-16"
    ).decode().encode(codec)
    read = one(data)
    assert results(read)[0].value.text == TEXT
    assert not [issue for issue in read.issues if issue.code.startswith(("charset", "undecodable"))]


def test_broken_utf_16_is_said():
    data = b"\xff\xfe" + message(obx(TEXT, kind="ST", unit="")).decode().encode("utf-16-le") + b"\x00"
    assert "could not be decoded as UTF-16" in only(one(data), "undecodable").message


def test_a_utf_16_label_on_utf_8_bytes_does_no_harm():
    read = one(message(obx("正常", kind="ST", unit=""), charset="UNICODE UTF-16"))
    assert results(read)[0].value.text == "正常"


def test_a_byte_order_mark_is_no_part_of_the_message():
    read = one(b"\xef\xbb\xbf" + message(obx()))
    assert len(results(read)) == 1
    assert not issues(read, "segment-malformed")


def test_the_charset_of_the_senders_profile_is_used_for_an_empty_msh_18():
    header = {"application": "DEMO-LIS-A", "facility": "DEMO-A"}
    read = one(message(obx("正常", kind="ST", unit=""), codec="gb18030", **header))
    assert results(read)[0].value.text == "正常"
    assert not [issue for issue in read.issues if issue.code.startswith("charset")]


# -- framing -----------------------------------------------------------------------------------------------------


def test_mllp_blocks():
    data = b"".join(b"\x0b" + message(obx(), control=f"C{n}") + b"\x1c\r" for n in range(3))
    reads = many(data)
    assert [read.control_id for read in reads] == ["C0", "C1", "C2"]
    assert not any(issues(read, "segment-malformed") for read in reads)


def test_an_mllp_block_without_final_cr_is_whole():
    reads = many(b"\x0b" + message(obx()).rstrip(b"\r") + b"\x1c\r")
    assert not issues(reads[0], "truncated")
    assert len(results(reads[0])) == 1


def test_several_messages_in_a_row():
    assert len(many(message(obx()) * 3)) == 3


def batch(count: str, *messages: bytes, files: str = "1") -> bytes:
    head = b"FHS|^~\\&|LIS|H1\rBHS|^~\\&|LIS|H1\r"
    return head + b"".join(messages) + f"BTS|{count}\rFTS|{files}\r".encode()


def test_a_batch():
    reads = many(batch("2", message(obx(), control="C0"), message(obx(), control="C1")))
    assert [read.control_id for read in reads] == ["C0", "C1"]
    assert not any(issues(read, "batch-count-mismatch") for read in reads)
    assert not any(issues(read, "segment-unused") for read in reads)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_batch_with_a_wrong_count(end):
    data = batch("3", message(obx(), control="C0"), message(obx(), control="C1")).replace(b"\r", end)
    reads = many(data)
    issue = only(reads[-1], "batch-count-mismatch")
    assert (issue.where, issue.severity) == ("BTS-1", Severity.WARNING)
    assert issue.message == "the batch trailer counts 3 messages, 2 were found"
    assert all(len(results(read)) == 1 for read in reads)


def test_a_batch_without_a_count_says_nothing():
    assert not any(issues(read, "batch-count-mismatch") for read in many(batch("", message(obx()))))


def test_two_batches_are_counted_apart():
    one_batch = b"BHS|^~\\&\r" + message(obx()) + b"BTS|1\r"
    reads = many(b"FHS|^~\\&\r" + one_batch * 2 + b"FTS|2\r")
    assert len(reads) == 2
    assert not any(issues(read, "batch-count-mismatch") for read in reads)


def test_a_file_trailer_that_counts_other_batches():
    reads = many(batch("1", message(obx()), files="4"))
    issue = only(reads[-1], "batch-count-mismatch")
    assert issue.where == "FTS-1"
    assert issue.message == "the file trailer counts 4 batches, 1 were found"


def test_a_batch_without_trailer_may_have_been_cut():
    reads = many(b"BHS|^~\\&\r" + message(obx()))
    issue = only(reads[-1], "truncated")
    assert issue.message == "the batch has no trailer (BTS); messages at its end may be missing"


# -- versions and kinds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8"])
def test_versions(version):
    read = one(message(obx(), version=version))
    assert read.message.version == version
    assert not issues(read, "field-unmapped")


def test_another_version_is_said():
    assert only(one(message(obx(), version="3.0")), "field-unmapped").where == "MSH[1]-12"


@pytest.mark.parametrize(
    "kind", ["ORU^R01", "ORU^R01^ORU_R01", "ORU", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24^OUL_R24"]
)
def test_kinds(kind):
    read = one(bare(PID, "OBR|1|O|F|CBC", obx(), kind=kind))
    assert len(results(read)) == 1
    assert read.type == "^".join(kind.split("^")[:2])


def test_the_same_input_reads_the_same_from_a_new_reader():
    data = message(obx("阴性", kind="ST", unit="", flag="?"), "NTE|1||备注")
    assert list(Reader().read(data)) == many(data) == many(data)
