"""Text by SpecificCharacterSet: the Chinese sets, code extensions, misspelt and wrong terms."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.adapters.dicom.headers.charset import charset_of, decode_name, decode_text, looks_chinese, tidy_name
from fhir_hr.issues import IssueCode, Severity

NAME = "Wang^XiaoDong=王^小东"


def text_of(raw, *terms, **options):
    return decode_text(raw, charset_of(terms), **options)


@pytest.mark.parametrize(
    ("term", "codec"),
    [
        ("GB18030", "gb18030"),
        ("GBK", "gbk"),
        ("ISO_IR 192", "utf-8"),
    ],
)
def test_chinese_sets(term, codec):
    found = decode_name(NAME.encode(codec), charset_of([term]))
    assert (found.text, found.issue) == (NAME, None)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("ISO_IR 100", "Buc^Jérôme"),
        ("ISO_IR 101", "Wałęsa"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 126", "Διονυσιος"),
        ("ISO_IR 166", "ไทย"),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 203", "œuvre"),
    ],
)
def test_single_byte_sets(term, text):
    codec = charset_of([term]).codec
    found = text_of(text.encode(codec), term)
    assert (found.text, found.issue) == (text, None)


def test_a_second_byte_that_is_a_backslash_separates_nothing():
    from fhir_hr.adapters.dicom.headers.values import split_text

    raw = "誠\\乗".encode("gbk")
    assert raw.count(b"\\") == 3
    assert split_text(text_of(raw, "GBK").text, "LO") == ("誠", "乗")


def test_every_gbk_character_with_a_backslash_inside():
    from fhir_hr.adapters.dicom.headers.values import split_text

    inside = [bytes([lead, 0x5C]) for lead in range(0x81, 0xFF)]
    chars = [raw.decode("gbk", "ignore") for raw in inside]
    chars = [char for char in chars if len(char) == 1 and char > "\x7f"]
    assert len(chars) > 100
    for char in chars:
        assert split_text(text_of(f"{char}\\甲".encode("gbk"), "GBK").text, "LO") == (char, "甲")


def test_four_bytes_of_gb18030():
    assert text_of("㐀𠂇".encode("gb18030"), "GB18030").text == "㐀𠂇"
    assert text_of("㐀𠂇".encode("gb18030"), "GBK").text == "㐀𠂇"


# -- ISO 2022 -------------------------------------------------------------------------------------


def ir58(text):
    """Text as PS3.5 annex K has it: the escape anew in each component that needs it."""
    out = b""
    fresh = True
    for char in text:
        if char in "^=\\\r\n\f\t":
            fresh = True
        elif char > "\x7f" and fresh:
            out += b"\x1b$)A"
            fresh = False
        out += char.encode("gb2312")
    return out


def test_the_example_of_annex_k():
    raw = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
    found = decode_name(raw, charset_of(["", "ISO 2022 IR 58"]))
    assert (found.text, found.issue) == ("Zhang^XiaoDong=张^小东", None)


def test_pydicom_leaves_the_escape_in_and_this_does_not():
    from pydicom.charset import decode_bytes

    raw = b"\x1b$)A\xd5\xc5"
    assert decode_bytes(raw, ["iso8859", "iso_ir_58"], set()) == "\x1b$)A张"
    assert text_of(raw, "", "ISO 2022 IR 58").text == "张"


@given(st.text(st.sampled_from("王小东张诚甲乙ABC ^=\\\r\n"), max_size=30))
def test_ir_58_comes_back(text):
    found = decode_text(ir58(text), charset_of(["", "ISO 2022 IR 58"]), name=True)
    assert (found.text, found.issue) == (text, None)


def test_no_escape_after_a_delimiter_is_read_and_said():
    raw = b"\x1b$)A\xd5\xc5^\xd0\xa1\xb6\xab"
    found = decode_name(raw, charset_of(["", "ISO 2022 IR 58"]))
    assert found.text == "张^小东"
    assert found.issue.code is IssueCode.CHARSET_WRONG
    assert "without an escape" in found.issue.message


def test_a_delimiter_returns_to_the_first_set():
    raw = b"\x1b$)A\xd5\xc5^J\xe9r\xf4me"
    assert decode_name(raw, charset_of(["ISO 2022 IR 100", "ISO 2022 IR 58"])).text == "张^Jérôme"
    # In text other than names, a caret is a letter and resets nothing.
    raw = b"\x1b$)A\xd5\xc5^\xd0\xa1"
    assert decode_text(raw, charset_of(["ISO 2022 IR 100", "ISO 2022 IR 58"])).text == "张^小"


@pytest.mark.parametrize(
    ("raw", "terms", "text"),
    [
        (
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            ("", "ISO 2022 IR 87"),
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            ("ISO 2022 IR 13", "ISO 2022 IR 87"),
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            ("", "ISO 2022 IR 149"),
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (b"\x1b$(D0!\x1b(B", ("", "ISO 2022 IR 159"), b"\x8f\xb0\xa1".decode("euc_jp")),
        (b"abc\x1b-L\xbb\xee", ("ISO 2022 IR 6", "ISO 2022 IR 144"), "abcЛю"),
    ],
)
def test_the_other_extensions(raw, terms, text):
    found = decode_name(raw, charset_of(terms))
    assert (found.text, found.issue) == (text, None)


def test_an_escape_that_is_not_known_is_said():
    found = text_of(b"\x1b$)Zabc\xd5", "", "ISO 2022 IR 58")
    assert found.issue.code in (IssueCode.CHARSET_UNKNOWN, IssueCode.UNDECODABLE)


def test_escapes_without_the_term_are_read_and_said():
    found = text_of(b"\x1b$)A\xd5\xc5")
    assert found.text == "张"
    assert "escapes of ISO 2022" in found.issue.message


@given(st.binary(max_size=60), st.sampled_from([("", "ISO 2022 IR 58"), ("ISO 2022 IR 13", "ISO 2022 IR 87"), ()]))
def test_no_bytes_make_it_raise(raw, terms):
    found = decode_text(b"\x1b$)A" + raw, charset_of(terms), name=True)
    assert isinstance(found.text, str)


# -- terms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "codec"),
    [
        ("GB 18030", "gb18030"),
        ("gb18030", "gb18030"),
        ("ISO_IR_192", "utf-8"),
        ("ISO IR 192", "utf-8"),
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("GB2312", "gb18030"),
        ("ISO 2022 GBK", "gb18030"),
        ("ISO-IR 100", "iso8859_1"),
    ],
)
def test_misspelt_terms_are_understood_and_said(term, codec):
    charset = charset_of([term])
    assert charset.codec == codec
    assert [issue.code for issue in charset.issues] == [IssueCode.CHARSET_WRONG]
    assert term in charset.issues[0].message


@pytest.mark.parametrize("terms", [("GB18030",), ("", "ISO 2022 IR 58"), ("ISO_IR 100",), ()])
def test_right_terms_give_no_issue(terms):
    assert charset_of(terms).issues == ()


def test_an_unknown_term_is_said_and_another_may_be_assumed():
    charset = charset_of(["KLINGON"])
    assert [issue.code for issue in charset.issues] == [IssueCode.CHARSET_UNKNOWN]
    assert not charset.known
    charset = charset_of(["KLINGON"], assumed="GB18030")
    assert charset.codec == "gb18030"
    assert decode_text("王".encode("gb18030"), charset).text == "王"


def test_an_assumed_term_is_said_where_it_mattered():
    charset = charset_of([], assumed="GB18030")
    assert decode_text(b"Wang", charset).issue is None
    found = decode_text("王".encode("gb18030"), charset)
    assert (found.text, found.issue.code) == ("王", IssueCode.CHARSET_ASSUMED)


@pytest.mark.parametrize("codec", ["gb18030", "utf-8"])
def test_pairs_that_may_not_be(codec):
    charset = charset_of(["GB18030", "ISO_IR 192"])
    assert [issue.code for issue in charset.issues] == [IssueCode.CHARSET_WRONG]
    assert decode_name(NAME.encode(codec), charset).text == NAME


def test_a_set_without_extension_behind_an_empty_first_value():
    assert text_of("王".encode("gb18030"), "", "GB18030").text == "王"


# -- wrong and missing terms ----------------------------------------------------------------------


def test_a_missing_term_keeps_the_text_and_says_so():
    found = text_of("王^小东".encode("gb18030"))
    assert found.text.encode("latin-1").decode("gb18030") == "王^小东"
    assert (found.issue.code, found.issue.severity) == (IssueCode.CHARSET_UNKNOWN, Severity.WARNING)


WRONG = [
    *(("gb18030", terms) for terms in [(), ("ISO_IR 100",), ("ISO_IR 192",)]),
    *(("utf-8", terms) for terms in [(), ("ISO_IR 100",), ("GB18030",)]),
]


@pytest.mark.parametrize(("codec", "terms"), WRONG)
def test_a_wrong_term_is_never_silent_and_repaired_only_when_asked(codec, terms):
    raw = NAME.encode(codec)
    kept = decode_name(raw, charset_of(terms))
    assert kept.text != NAME
    assert kept.issue is not None
    repaired = decode_name(raw, charset_of(terms), repair=True)
    assert (repaired.text, repaired.issue.code) == (NAME, IssueCode.CHARSET_REPAIRED)


@pytest.mark.parametrize("text", ["Jérôme", "Rüdiger", "37°C", "Äneas^Rüdiger", "Müller^Jörg", "Ø 5 µm"])
def test_western_names_are_left_alone(text):
    found = text_of(text.encode("latin-1"), "ISO_IR 100", repair=True)
    assert (found.text, found.issue) == (text, None)


@pytest.mark.parametrize("text", ["王^小东", "朱^镕基", "王^玥", "阿卜杜·热合曼", "㐀𠂇"])
def test_chinese_names_read_as_latin_are_known(text):
    assert looks_chinese(text.encode("gb18030").decode("latin-1")) == text


def test_half_a_character_at_the_end_is_said():
    found = text_of("胸部".encode("gb18030")[:-1], "GB18030")
    assert (found.text, found.issue.code) == ("胸\ufffd", IssueCode.UNDECODABLE)
    assert "U+FFFD" in found.issue.message


@pytest.mark.parametrize(
    ("term", "text"), [("ISO_IR 101", "Wałęsa"), ("ISO_IR 144", "Люкceмбypг"), ("ISO_IR 126", "Ναι")]
)
def test_other_alphabets_are_left_alone(term, text):
    found = text_of(text.encode(charset_of([term]).codec), term, repair=True)
    assert (found.text, found.issue) == (text, None)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12))
def test_chinese_text_in_its_own_set_is_left_alone(text):
    for terms, codec in ((("GB18030",), "gb18030"), (("ISO_IR 192",), "utf-8")):
        found = text_of(text.encode(codec), *terms, repair=True)
        assert found.text == text


@pytest.mark.parametrize(
    ("text", "tidy"),
    [("Wang^Xiao= 王^小 =", "Wang^Xiao=王^小"), ("==", ""), ("^", ""), ("=王", "=王"), ("A^B^^^", "A^B^^^")],
)
def test_names_are_tidied(text, tidy):
    assert tidy_name(text) == tidy


SAMPLES = {
    ("ISO_IR 100",): "äöüéÅ",
    ("ISO_IR 101",): "ąłľśš",
    ("ISO_IR 144",): "абвгд",
    ("ISO_IR 126",): "αβγδε",
    ("ISO_IR 192",): "王小东ä",
    ("GB18030",): "王小东𠂇",
    ("", "ISO 2022 IR 149"): "가나다홍",
    ("", "ISO 2022 IR 87"): "山田太郎",
}


@given(st.data())
def test_the_same_as_pydicom_where_it_is_right(data):
    from pydicom.charset import convert_encodings, decode_bytes, encode_string

    terms = data.draw(st.sampled_from(list(SAMPLES)))
    text = data.draw(st.text(st.sampled_from(SAMPLES[terms] + "ABC 1"), max_size=12))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encodings = convert_encodings(list(terms) if len(terms) > 1 else terms[0])
        raw = encode_string(text, encodings) if text else b""
        theirs = decode_bytes(raw, encodings, set())
    assert theirs == text
    found = text_of(raw, *terms)
    assert found.text == theirs
    if terms != ("ISO_IR 100",):  # two letters of Latin-1 side by side may be doubted
        assert found.issue is None
