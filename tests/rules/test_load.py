"""The strict pack loader: what is wrong is told with file and line, and nothing else ever comes out."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_hr.errors import PackError
from fhir_hr.mapping.items import load_items
from fhir_hr.rules import builtin_pack, load_pack, load_pack_files
from fhir_hr.rules.load import compile_pack
from fhir_hr.rules.pack import canonical_json, digest_of
from fhir_hr.rules.reasons import parse_reason_texts, reason_texts
from fhir_hr.rules.strict_yaml import MAX_BYTES, read_yaml
from fhir_hr.rules.tables import read_rows

ABSENT = "on_absent: {effect: discretion, clause: 四(一)/other}"
MISMATCH = "on_mismatch: {effect: block, clause: 三(一)/report, interpretation: 报告须载明患者姓名"
DOUBT = "on_unknown: {effect: unknown, clause: 三(一)/report, interpretation: 身份"
BITS = """a|: |- |\n|  |{|}|[|]|,|"|'|>|&x |*x|!t |#|?|%YAML 1.9|---|...|\t|\\U|0|\u2028|<<|=|\ufeff""".split("|")


def edited(files, name, old, new):
    text = files[name].decode()
    assert old in text, old
    return {**files, name: text.replace(old, new, 1).encode()}


def line_of(files, name, text):
    return next(n for n, line in enumerate(files[name].decode().splitlines(), 1) if text in line)


def test_the_built_in_pack_is_what_its_folder_holds(pack, pack_files):
    assert load_pack_files(pack_files).ref == pack.ref
    assert pack.ref.id == "cn-51-lab"
    assert len(pack.ref.digest) == 64


def test_the_pack_invents_no_date_or_limit(pack):
    content = pack.content
    assert [s.max_days for s in content.checks if hasattr(s, "max_days")] == [None]
    assert all(row.window_days is None for row in content.items)
    assert content.effective.certainty == "inferred"
    assert content.documents[0].issued is None
    assert content.documents[0].number is None


def test_the_packs_items_are_those_of_the_mappings(pack):
    table = load_items()
    assert [(r.code, r.name_zh, r.abbreviation) for r in pack.content.items] == [
        (row.code.code, row.name_zh, row.abbrev) for row in table.items
    ]
    assert {row.code.system for row in table.items} == {pack.content.item_system}
    for ours, row in zip(pack.content.items, table.items, strict=True):
        assert set(row.specimens) <= set(ours.specimens)


def test_marks_take_text_and_area_from_the_registry(pack):
    assert [(m.text, m.covers) for m in pack.content.marks] == [
        ("川内HR", ("510000",)),
        ("川渝HR", ("510000", "500000")),
    ]


def test_the_digest_is_of_canonical_json_and_follows_content_not_layout(pack, pack_files):
    raw = canonical_json(pack.content)
    again = json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert raw == again
    commented = edited(pack_files, "pack.yaml", "applies:", "# a remark\n\napplies:")
    assert load_pack_files(commented).ref.digest == pack.ref.digest
    changed = edited(pack_files, "items.csv", "白细胞", "白血球")
    assert digest_of(compile_pack(changed)) != pack.ref.digest


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("pack.yaml", "  - check: superseded\n", "  - check: superceded\n", "unknown kind of check 'superceded'"),
        ("pack.yaml", "on_fail: {effect: block, inter", "on_fial: {effect: block, inter", "unknown key 'on_fial'"),
        ("pack.yaml", "    symbol: \"*\"\n", "", "missing required field `symbol`"),
        ("pack.yaml", ABSENT, ABSENT.replace("discretion", "maybe"), "Invalid enum value 'maybe'"),
        ("pack.yaml", "clause: 四(一)/other}", "clause: 四(九)/other}", "clause '四(九)/other' is not in sources.yaml"),
        ("pack.yaml", "code: chuannei-hr", "code: chuanwai-hr", "mark 'chuanwai-hr' is not in the registry"),
        ("pack.yaml", "code: chuannei-hr", "code: quanguo-hr", "mark 'quanguo-hr' is not in the registry"),
        ("pack.yaml", "force: {value", "force: {value: in-principle, value", "duplicate key 'value'"),
        ("pack.yaml", "title: ", "title: !!str ", "a tag (!) is not allowed"),
        ("pack.yaml", "title: ", "title: &a ", "an anchor (&) is not allowed"),
        ("pack.yaml", "title: 四川省医疗机构检验结果互认规则（第一批）", "title: *a", "an alias (*) is not allowed"),
        ("pack.yaml", 'divisions: ["510000"]', "divisions: [510000]", "Expected `str`, got `int`"),
        ("pack.yaml", 'divisions: ["510000"]', 'divisions: ["51"]', "'51' is no GB/T 2260 division"),
        ("pack.yaml", 'vocabulary: "1.1"', 'vocabulary: "2.0"', "is written for vocabulary '2.0'"),
        ("pack.yaml", 'from: "2022-08"', 'from: "2022-13"', "'2022-13' is no date"),
        ("pack.yaml", "max_days: null", "max_days: -3", "max_days must lie between 0 and 36500"),
        ("pack.yaml", "max_days: null", "max_days: 1_000", "Expected `int | null`, got `str`"),
        ("pack.yaml", MISMATCH, MISMATCH.replace("block", "note"), "another person's result must be blocked"),
        ("pack.yaml", DOUBT, DOUBT.replace("unknown,", "note,"), "must stay unknown or be blocked"),
        ("pack.yaml", ABSENT, ABSENT.replace("discretion", "oblige"), "a direction may oblige"),
        ("pack.yaml", ABSENT, ABSENT.replace(", clause: 四(一)/other", ""), "needs a clause, or an interpretation"),
        ("pack.yaml", "item_statuses: [final,", "item_statuses: [unknown, final,", "unknown can never count as final"),
        ("pack.yaml", "effective:", "items: []\neffective:", "unknown key 'items'"),
        ("pack.yaml", "pack: cn-51-lab", "pack:", "a value is missing; write null"),
        ("sources.yaml", "{id: 一/premise", "{id: 前言/between", "clause id '前言/between' stands twice"),
        ("sources.yaml", "certainty: inferred", "certainty: sure", "Invalid enum value 'sure'"),
        ("items.csv", "cn-51-lab-02", "cn-51-lab-01", "repeats the key of line 2"),
        ("items.csv", "name_zh", "name_cn", "unknown column 'name_cn'"),
        ("items.csv", "附件1/list", "附件9/list", "clause '附件9/list' is not in sources.yaml"),
        ("items.csv", ",,,附件1/list", ",,2026-99,附件1/list", "to: '2026-99' is no date"),
        ("items.csv", ",,,附件1/list", ",2026-02,2026-01,附件1/list", "ends before it begins"),
        ("items.csv", ",,,,,附件1/list", ",,3.5,,,附件1/list", "window_days: '3.5' is not a whole number"),
        ("items.csv", ",,,,,附件1/list", ",methode,,,,附件1/list", "'methode' is not a valid Field"),
        ("items.csv", "白细胞,", "白细胞 ,", "name_zh: space around the cell"),
        ("items.csv", "cn-51-lab-01,", "cn-51-lab-01,x,", "10 cells where the header has 9"),
        ("refusal-reasons.csv", ",6,yes,text", ",7,yes,text", "case '7' is not in exclusions.csv"),
        ("refusal-reasons.csv", ",6,yes,text", ",6,perhaps,text", "'perhaps' is none of yes, no"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_line(pack_files, name, old, new, words):
    broken = edited(pack_files, name, old, new)
    with pytest.raises(PackError) as caught:
        load_pack_files(broken)
    assert words in str(caught.value)
    assert caught.value.file == name
    assert re.match(rf"{re.escape(name)}:\d+: ", str(caught.value))


def test_the_line_is_the_line_of_the_mistake(pack_files):
    broken = edited(
        pack_files,
        "pack.yaml",
        "    on_absent: {effect: discretion, clause: 四(一)/other}",
        "    on_absent: {effect: 好, clause: 四(一)/other}",
    )
    with pytest.raises(PackError) as caught:
        load_pack_files(broken)
    assert caught.value.line == line_of(broken, "pack.yaml", "effect: 好")
    broken = edited(pack_files, "pack.yaml", "panels: {expand", "panels: {expand: true, speed: 3, x")
    with pytest.raises(PackError, match="speed") as caught:
        load_pack_files(broken)
    assert caught.value.line == line_of(broken, "pack.yaml", "speed")


@pytest.mark.parametrize("kind", ["identity", "finality", "superseded", "time_order", "item_fit"])
def test_no_pack_can_leave_out_what_keeps_patients_safe(pack_files, kind):
    text = pack_files["pack.yaml"].decode()
    without = re.sub(rf"  - check: {kind}\n(    .*\n)+", "", text)
    assert without != text
    with pytest.raises(PackError, match=f"lacks the check '{kind}', which every pack needs"):
        load_pack_files({**pack_files, "pack.yaml": without.encode()})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pack.yaml", "pack.yaml: is missing"),
        ("sources.yaml", "sources.yaml: is missing"),
        ("items.csv", r"pack\.yaml:\d+: list_state is complete, and items\.csv has no rows"),
        ("exclusions.csv", r"refusal-reasons\.csv:2: case '1' is not in exclusions\.csv"),
    ],
)
def test_a_missing_file_is_named(pack_files, name, words):
    with pytest.raises(PackError, match=words):
        load_pack_files({key: data for key, data in pack_files.items() if key != name})


def test_a_file_that_is_none_of_a_packs_is_refused(pack_files):
    with pytest.raises(PackError, match=r"notes\.csv: is no file of a pack"):
        load_pack_files({**pack_files, "notes.csv": b""})


def test_dangling_items_in_the_fast_lane_tables_are_refused(pack_files):
    bad = pack_files["suspensions.csv"] + b"T1,cn-51-lab-99,2026-01-01,,,\n"
    with pytest.raises(PackError, match=r"suspensions\.csv:2: item 'cn-51-lab-99' is not in items\.csv"):
        load_pack_files({**pack_files, "suspensions.csv": bad})
    bad = pack_files["quality.csv"] + b"T1,cn-51-lab-01,eqa,perfect,,,,\n"
    with pytest.raises(PackError, match=r"quality\.csv:2: result: 'perfect' is none of passed, failed, not-assessed"):
        load_pack_files({**pack_files, "quality.csv": bad})


def test_an_unknown_built_in_pack_or_folder_is_told(tmp_path):
    with pytest.raises(PackError, match="no built-in pack 'cn-99'; there are cn, "):
        builtin_pack("cn-99")
    with pytest.raises(PackError, match=r"pack\.yaml: is missing"):
        load_pack(tmp_path)
    with pytest.raises(PackError, match="nowhere: cannot be read"):
        load_pack(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[" * 40, "nested deeper than 16"),
        (b"a: " + b"[" * 100_000, "nested deeper than 16"),
        (b"x" * (MAX_BYTES + 1), "larger than 10000000 bytes"),
        (b"- 1\n" * 20_001, "more than 20000 values"),
        (b"a: \xff", "not UTF-8"),
        (b"a: 1\n---\nb: 2\n", "not YAML"),
        (b'a: "\\UFFFFFFFF"', "not YAML"),
        (b"? [a]\n: b\n", "a key must be plain text"),
        (b"a: 1\na: 2\n", "duplicate key 'a'"),
        (b"a: !!python/object/apply:os.system [ls]\n", "a tag (!) is not allowed"),
        (b"a: \x00", "not YAML"),
    ],
)  # fmt: skip
def test_hostile_yaml_is_refused(data, words):
    with pytest.raises(PackError) as caught:
        read_yaml(data, file="pack.yaml")
    assert words in str(caught.value)


def test_scalars_are_text_unless_they_are_plain_words_or_whole_numbers():
    value, _ = read_yaml(
        b"a: 0510\nb: NO\nc: 12:30:00\nd: 1_000\ne: 2026-01-01\nf: true\ng: -3\nh: null\ni: '7'\nj: ~\nk: 1.5\n<<: x\n",
        file="x",
    )
    assert value == {
        "a": "0510", "b": "NO", "c": "12:30:00", "d": "1_000", "e": "2026-01-01", "f": True, "g": -3, "h": None,
        "i": "7", "j": "~", "k": "1.5", "<<": "x",
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_arbitrary_yaml_raises_nothing_but_pack_error(data):
    with contextlib.suppress(PackError):
        read_yaml(data, file="pack.yaml")


_YAML_BITS = st.lists(
    st.sampled_from(["|", *BITS]),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_YAML_BITS)
def test_arbitrary_yaml_grammar_raises_nothing_but_pack_error(text):
    with contextlib.suppress(PackError):
        read_yaml(text.encode(), file="pack.yaml")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["pack.yaml", "sources.yaml", "items.csv", "exclusions.csv", "quality.csv"]),
    at=st.integers(0, 12_000),
    cut=st.integers(0, 40),
    put=st.one_of(st.binary(max_size=12), _YAML_BITS.map(str.encode)),
)  # fmt: skip
def test_a_damaged_pack_loads_or_raises_pack_error(pack_files, name, at, cut, put):
    data = pack_files[name]
    at %= len(data) + 1
    files = {**pack_files, name: data[:at] + put + data[at + cut :]}
    with contextlib.suppress(PackError):
        load_pack_files(files)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["pack.yaml", "sources.yaml", "items.csv", "x"]), st.binary(max_size=60)))
def test_arbitrary_files_raise_pack_error(files):
    with pytest.raises(PackError):
        load_pack_files(files)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "t.csv:1: is empty; it needs at least its header"),
        (b"\xef\xbb\xbfa;b\n", "t.csv:1: separates cells by ';', not by commas"),
        (b"a\tb\n", r"t.csv:1: separates cells by '\t', not by commas"),
        ("a，b\n".encode(), "t.csv:1: separates cells by '，', not by commas"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa,b\n", "t.csv:1: unknown column"),
        (b"a,a\n", "t.csv:1: missing column 'b'"),
        (b"a,b,a\n", "t.csv:1: a column is repeated"),
        (b"a,b\n1,\xff\n", "t.csv:2: not UTF-8"),
        (b'a,b\n1,"x\n', "t.csv:2: not CSV"),
        (b"a,b\n,x\n", "t.csv:2: a: empty"),
        (b"a,b\n1.251E+17,x\n", "t.csv:2: a: '1.251E+17' was rewritten as a number by a spreadsheet"),
        (b'a,b\n1,"two\nlines"\n1,x\n', "t.csv:4: repeats the key of line 2"),
    ],
)
def test_broken_tables(data, words):
    with pytest.raises(PackError) as caught:
        read_rows(data, file="t.csv", required=("a", "b"), key=("a",))
    assert words in str(caught.value)


def test_what_a_spreadsheet_saves_as_utf8_is_read():
    [row] = read_rows(b"\xef\xbb\xbfa,b\r\n1,x\r\n", file="t.csv", required=("a", "b"), key=("a",))
    assert (row.cells, row.line) == ({"a": "1", "b": "x"}, 2)


def test_the_table_of_reasons_is_checked():
    shipped = reason_texts()
    assert [text.rank for text in sorted(shipped.values(), key=lambda t: (t.stage, t.code.value))] == list(
        range(len(shipped))
    )
    header = b"code,stage,facts,params,zh,en,sentence_zh,sentence_en\n"
    with pytest.raises(PackError, match="unknown reason code 'HR-X'"):
        parse_reason_texts(header + b"HR-X,mark,,,a,b,c,d\n")
    with pytest.raises(PackError, match="lacks HR-ASSESSMENT-ABSENT, "):
        parse_reason_texts(header)
    from fhir_hr._data import data_path

    text = data_path("profiles", "rules", "reason-codes.csv").read_text(encoding="utf-8")
    with pytest.raises(PackError, match="sentence_en: names a parameter that the row does not have"):
        parse_reason_texts(text.replace("The two", "x").replace("({differ}): not", "({nobody}): not").encode())
    with pytest.raises(PackError, match="unknown stage 'marks'"):
        parse_reason_texts(text.replace("HR-MARK-ABSENT,mark", "HR-MARK-ABSENT,marks").encode())


@pytest.mark.parametrize("name", ["suspensions.csv", "Items.CSV"])
def test_a_list_that_cannot_be_read_is_not_one_that_is_not_there(pack_files, tmp_path, name):
    for each, data in pack_files.items():
        (tmp_path / each).write_bytes(data)
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to(tmp_path / "nowhere")
    with pytest.raises(PackError, match=f"{name}: is no regular file"):
        load_pack(tmp_path)
