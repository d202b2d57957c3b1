"""What holds for any input: no exception, nothing lost, the same answer from every reader, no names in issues."""

import msgspec
import pytest
from hl7build import many, message, obx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_hr.adapters.hl7v2 import Limits, Reader
from fhir_hr.adapters.hl7v2.er7 import Separators, separators_of, split_segments, unescape
from fhir_hr.adapters.hl7v2.problems import IssueLog
from fhir_hr.mapping.senders import load_senders

SENDERS = load_senders()
WARM = Reader(senders=SENDERS)
ENCODER = msgspec.json.Encoder(decimal_format="string")
relaxed = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)

# -- strategies --------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["", "", '""', "5.60", "<0.05", "1:80", "阴性", "弱阳性", "白细胞", "WBC", "718-7", "LN", "*ALT",
     "10^9/L", "^umol/L",
     "%", "3.5-9.5", "2--15.22", "20260820", "20261340", "F", "C", "D", "X", "↑", "H", "Q", "川内HR",
     "\\S\\", "\\X41\\",
     "\\Z99\\", "\\C2842\\", "\\", "a~b", "a&b", "a^b^c^d^e^f", "1.2.840.1", " ", "\u3000", "\ufeff", "\x0b", "\x00"]
)  # fmt: skip
ATOM = WORDS | st.text(
    st.characters(codec="utf-8", exclude_characters="\r"), max_size=12
) | st.integers(0, 999999).map(str)  # fmt: skip
FIELD = st.lists(ATOM, max_size=4).map("^".join) | ATOM
IDS = ["PID", "PV1", "ORC", "OBR", "OBX", "OBX", "OBX", "NTE", "SPM", "ZZZ", "DSC", "TQ1"]
TYPES = ["NM", "SN", "ST", "TX", "FT", "CE", "CWE", "DT", "TM", "TS", "NR", "VR", "NA", "ED", "RP", "DR", "", "XX"]


@st.composite
def segment(draw) -> str:
    name = draw(st.sampled_from(IDS))
    fields = draw(st.lists(FIELD, max_size=34))
    if name == "OBX" and len(fields) > 1:
        fields[1] = draw(st.sampled_from(TYPES))
    return "|".join([name, *fields])


@st.composite
def structured(draw) -> bytes:
    header = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "application": st.sampled_from(["LIS", "LIS^瑞美", "DEMO-LIS-A", "SHIFTED-OBX9-EXAMPLE", ""]),
                "facility": st.sampled_from(["H1", "DEMO-A", ""]),
                "kind": st.sampled_from(["ORU^R01", "OUL^R22", "OUL^R24", "OUL^R21"]),
                "charset": st.sampled_from(["", "UNICODE UTF-8", "GBK", "8859/1", "UNICODE UTF-16", "nonsense"]),
                "encoding": st.sampled_from(["^~\\&", "^~\\&#", "$~\\&", "^"]),
            },
        )
    )
    segments = draw(st.lists(segment(), max_size=12))
    end = draw(st.sampled_from(["\r", "\n", "\r\n"]))
    codec = draw(st.sampled_from(["utf-8", "gb18030"]))
    return message(*segments, end=end, codec=codec, **header)


# -- properties --------------------------------------------------------------------------------------------------


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda rest: b"MSH|^~\\&|" + rest))
@relaxed
def test_arbitrary_bytes_give_reads_that_hold(data):
    reads = many(data, reader=WARM)
    assert reads
    assert [read.index for read in reads] == list(range(len(reads)))
    for read in reads:
        assert read.message is not None or any(issue.severity == "error" for issue in read.issues)


@given(structured(), st.integers(0, 10_000), st.integers(0, 5), st.binary(max_size=3))
@relaxed
def test_a_damaged_message_gives_reads_that_hold(data, at, cut, new):
    at %= len(data)
    assert many(data[:at] + new + data[at + cut :], reader=WARM)
    assert many(data[:at], reader=WARM)


@given(structured())
@relaxed
def test_every_obx_is_accounted_for(data):
    for read in many(data, reader=WARM):
        reports = read.message.reports if read.message is not None else ()
        assert read.counts.observations == sum(len(report.results) for report in reports)
        if read.counts.rejected:
            assert any(issue.severity == "error" for issue in read.issues)


@given(st.lists(structured(), min_size=1, max_size=4))
@settings(relaxed, max_examples=60)
def test_what_a_reader_has_read_before_never_shows(inputs):
    fresh = [ENCODER.encode(list(Reader(senders=SENDERS).read(data))) for data in inputs]
    warm = [ENCODER.encode(list(WARM.read(data))) for data in inputs]
    again = [ENCODER.encode(list(WARM.read(data))) for data in inputs]
    assert fresh == warm == again


@pytest.mark.parametrize(
    "segments",
    [
        [obx(code="G\\Z9\\^n\\Z9\\^L", f17="M\\Z9\\^m", f18="D\\Z9\\^x", unit="u\\Z9\\", ranges="\\Z9\\")] * 2,
        [obx("阴性", kind="ST", flag="\\Z9\\~?", unit=""), obx("5", n=2, flag="\\Z9\\~?")],
        ["OBR|1|A|B|\\Z9\\^x^LN|||20260820||||||||C\\Z9\\&血清||||||||||F", obx(), "SPM|1|S||\\Z9\\^x^LN"],
        [obx("1", code="1037^x^LN"), obx("2", n=2, code="1037^x^LN"), obx("3", n=3, ranges="男3 女4")],
    ],
)
def test_what_is_remembered_of_a_sender_is_said_each_time(segments):
    data = message(*segments)
    reader = Reader(senders=SENDERS)
    assert ENCODER.encode(list(reader.read(data))) == ENCODER.encode(list(reader.read(data)))


@given(structured())
@relaxed
def test_issues_have_words_and_keys_are_unique(data):
    for read in many(data, reader=WARM):
        for issue in read.issues:
            assert issue.message.strip()
            assert "%s" not in issue.message
            assert issue.where == "" or not issue.where.endswith("-")
        for report in read.message.reports if read.message is not None else ():
            result_keys = [result.key for result in report.results]
            assert len(result_keys) == len(set(result_keys))
        if read.message is not None:
            report_keys = [report.key for report in read.message.reports]
            assert len(report_keys) == len(set(report_keys))


NAMES = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4, max_size=6) | st.from_regex(
    r"\A\\?[A-Z][a-z]{5,9} [A-Z][a-z]{5,9}\\?\Z"
)
NUMBERS = st.from_regex(r"\A9[0-9]{17}\Z") | st.from_regex(r"\AQX[0-9]{8}\Z")


@given(
    NAMES,
    NUMBERS,
    st.sampled_from(["", "PI", "NNCHN", "1", "51"]),
    st.text(st.sampled_from("0123456789-xX"), max_size=9),
    st.lists(segment().filter(lambda s: not s.startswith(("PID", "OBR"))), max_size=4),
)
@relaxed
def test_no_issue_names_the_patient(name, number, kind, born, others):
    pid = f"PID|1|{number}|{number}^^^{name}^{kind}||{name}^{name}||{born}{number[:3]}|{name}|||{name}||{number}"
    for read in many(message(pid, *others, obx()), reader=WARM):
        for issue in read.issues:
            assert name not in str(issue)
            assert name.strip("\\") not in str(issue)
            assert number not in str(issue)


# -- splitting and escapes ---------------------------------------------------------------------------------------

PLAIN = Separators("|", "^", "~", "\\", "&")
ODD = Separators("!", "$", "*", "/", "%")


def escape(text: str, separators: Separators) -> str:
    r"""What a sender must do before sending text (chapter 2.7.1)."""
    names = dict(zip(separators[:5], "FSRET", strict=True))
    names[separators.truncation] = "P"
    mark = separators.escape
    return "".join(f"{mark}{names[ch]}{mark}" if ch in names else ch for ch in text)


@given(st.text(), st.sampled_from([PLAIN, ODD]))
def test_unescape_undoes_escape(text, separators):
    sent = escape(text, separators)
    assert not set(sent) & {separators.field, separators.component, separators.repetition, separators.subcomponent}
    assert unescape(sent, separators) == text


@given(st.text())
def test_unescape_leaves_plain_text_alone(text):
    plain = text.replace("\\", "")
    assert unescape(plain, PLAIN) == plain


VALUE = st.text(
    st.characters(codec="utf-8", exclude_characters='\r\n|"\x0b\x1c\x00', exclude_categories=["Cc"]), max_size=20
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["PID", "OBR", "NTE", "SPM"]), st.lists(VALUE, min_size=1, max_size=9)), max_size=8
    )
)
def test_splitting_undoes_joining(segments):
    header = "MSH|^~\\&|LIS"
    text = "\r".join([header, *("|".join([name, *fields]) for name, fields in segments)])
    expected = [(name, [name, *fields]) for name, fields in segments]
    got = split_segments(text, PLAIN, IssueLog(limit=100), Limits())
    assert [(one.id, one.fields) for one in got[1:]] == expected


@given(st.text(max_size=12))
def test_separators_are_five_different_characters_or_none(encoding):
    found = separators_of(f"MSH|{encoding}|LIS|")
    if found is not None:
        assert len(set(found[:5])) == 5
        assert found.field == "|"
