"""Which item do a sender's words mean: exact, never by part, and doubt is a candidate."""

import pytest

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.canonical import CANONICAL, ITEM_SYSTEM, LOINC
from fhir_hr.mapping.items import load_items, read_items
from fhir_hr.mapping.loinc import is_loinc
from fhir_hr.model.codes import Code
from fhir_hr.model.lab import Scale

LISTED = """
    白细胞 红细胞 血红蛋白 血小板 尿素 尿酸 肌酐 总蛋白 白蛋白 胆固醇 甘油三酯
    丙氨酸氨基转移酶 天门冬氨酸氨基转移酶 肌酸激酶 乳酸脱氢酶 乙肝病毒表面抗原
"""


@pytest.fixture(scope="module")
def table():
    return load_items()


def item(number):
    return Code(system=ITEM_SYSTEM, code=f"cn-51-lab-{number:02}")


def test_the_list_as_published(table):
    names = [row.name_zh for row in table.items]
    assert names == LISTED.split()
    abbreviations = "WBC RBC HB PLT Urea Uric Cr TP Alb TC TG ALT AST CK LDH HBsAg"
    assert [row.abbrev for row in table.items] == abbreviations.split()
    assert [row.seq for row in table.items] == list(range(1, 17))
    assert {row.list_uri for row in table.items} == {ITEM_SYSTEM}
    assert ITEM_SYSTEM.startswith(CANONICAL)
    assert table.item("cn-51-lab-16").note == "需标明方法学、定量或定性"


@pytest.mark.parametrize(
    ("name", "abbreviation", "number"),
    [
        ("*丙氨酸氨基转移酶", "ALT", 12),
        ("★ 谷丙转氨酶", None, 12),
        ("＊丙氨酸氨基转移酶（ALT）", None, 12),
        ("血肌酐", "", 7),
        ("白细胞计数", "WBC", 1),
        ("总胆固醇", "CHOL", 10),
        ("ALT", None, 12),
        ("", "hgb", 3),
        ("乙 肝 表 面 抗 原", None, 16),
    ],
)
def test_a_known_name_is_the_item(table, name, abbreviation, number):
    match = table.find(code="0301013", name=name, abbreviation=abbreviation)
    assert (match.item, match.candidates) == (item(number), ())


@pytest.mark.parametrize(
    ("name", "abbreviation"),
    [
        ("高密度脂蛋白胆固醇", "HDL-C"),
        ("低密度脂蛋白胆固醇", None),
        ("前白蛋白", "PA"),
        ("尿微量白蛋白", "mAlb"),
        ("肌酸激酶同工酶", "CK-MB"),
        ("CK-MB", None),
        ("乙肝表面抗体", "HBsAb"),
        ("乙肝e抗原", "HBeAg"),
        ("尿肌酐", "UCr"),
        ("糖化血红蛋白", "HbA1c"),
        ("平均血红蛋白浓度", "MCHC"),
        ("血小板压积", "PCT"),
        ("尿蛋白", None),
        ("乳酸", "LAC"),
        ("网织红细胞", "RET"),
        ("", None),
    ],
)
def test_a_like_name_is_not_the_item(table, name, abbreviation):
    match = table.find(code="0301099", name=name, abbreviation=abbreviation)
    assert (match.item, match.candidates) == (None, ())


@pytest.mark.parametrize(
    ("name", "abbreviation", "candidates"),
    [
        ("尿白细胞", "WBC", [1]),
        ("尿肌酐", "Cr", [7]),
        ("尿素氮", "BUN", [5]),
        ("尿素", "BUN", [5]),
        ("丙氨酸氨基转移酶", "AST", [12, 13]),
    ],
)
def test_doubt_is_a_candidate_and_no_item(table, name, abbreviation, candidates):
    match = table.find(code="1", name=name, abbreviation=abbreviation)
    assert match.item is None
    assert match.candidates == tuple(item(number) for number in candidates)


def test_loinc_decides(table):
    assert table.find(name="某院自编名", loinc="1742-6").item == item(12)
    assert table.find(code="1742-6", system=LOINC).item == item(12)
    # leukocytes in urine sediment: whatever the name says, it is another test
    other = table.find(name="白细胞", abbreviation="WBC", loinc="5821-4")
    assert (other.item, other.candidates) == (None, (item(1),))
    contradiction = table.find(name="天门冬氨酸氨基转移酶", loinc="1742-6")
    assert (contradiction.item, contradiction.candidates) == (None, (item(12), item(13)))


def test_scale_of_hbsag(table):
    assert table.find(name="HBsAg定量").scale == Scale.QUANTITATIVE
    assert table.find(name="乙肝表面抗原（定性）").scale == Scale.QUALITATIVE
    assert table.find(name="乙肝表面抗原").scale is None
    assert table.find(loinc="5196-1").scale == Scale.QUALITATIVE
    assert table.find(loinc="63557-3").scale == Scale.QUANTITATIVE


def test_a_code_of_the_item_system_is_the_item(table):
    assert table.find(code="cn-51-lab-07", system=ITEM_SYSTEM).item == item(7)
    assert table.find(code="cn-51-lab-99", system=ITEM_SYSTEM, name="肌酐").item is None
    assert table.item(Code(system="urn:other", code="cn-51-lab-07")) is None


def test_loinc_fits_the_unit(table):
    found = {unit: table.loinc_for(item(7), ucum=unit, scale=None) for unit in ("umol/L", "mg/dL", "U/L", None)}
    assert found["umol/L"].code == "14682-9"
    assert found["mg/dL"].code == "2160-0"
    assert found["U/L"] is None
    assert found[None] is None
    # presence by which method is not known from the word alone
    assert table.loinc_for(item(16), ucum=None, scale=Scale.QUALITATIVE) is None


def test_specimens_are_said_to_be_convention(table):
    assert {row.specimens for row in table.items[:4]} == {("blood",)}
    assert {row.specimens for row in table.items[4:]} == {("serum", "plasma")}
    assert all("not in 附件1" in row.specimen_source for row in table.items)


def test_panels(table):
    cbc = table.panel("血常规")
    assert len(cbc) == 22
    assert [member.item for member in cbc if member.item] == [item(1), item(2), item(3), item(4)]
    assert table.panel("血细胞分析") == table.panel("cbc") == cbc
    assert [m.item for m in table.panel("两对半") if m.item] == [item(16)]
    assert table.panel("血常规加CRP") is None
    for name in ("肝功能", "肾功能", "血脂", "心肌酶谱", "乙肝五项"):
        assert any(member.item for member in table.panel(name)), name
    for members in table.panels.values():
        for member in members:
            if member.item is None:
                assert table.find(name=member.name, abbreviation=member.abbreviation).item is None, member.name
            else:
                assert table.find(name=member.name, abbreviation=member.abbreviation).item == member.item


def test_every_loinc_has_a_check_digit_and_a_source(table):
    rows = [loinc for row in table.items for loinc in row.loincs]
    assert len(rows) > 30
    for loinc in rows:
        assert is_loinc(loinc.code.code)
        assert "LOINC long name as cited" in loinc.source


HEAD = "item,kind,value,scale,display,property,general,source\n"


def extra(tmp_path, row):
    (tmp_path / "item_codes.csv").write_text(HEAD + row + "\n", encoding="utf-8")
    return read_items(data_path("mappings", "items"), tmp_path)


def test_a_hospital_adds_a_word(tmp_path):
    table = extra(tmp_path, "cn-51-lab-12,synonym,我院丙转,,,,,our LIS manual")
    assert table.find(name="*我院丙转").item == item(12)
    assert load_items().find(name="*我院丙转").item is None


def test_a_word_of_two_items_is_doubt(tmp_path):
    match = extra(tmp_path, "cn-51-lab-13,synonym,谷丙转氨酶,,,,,a mistake").find(name="谷丙转氨酶")
    assert (match.item, match.candidates) == (None, (item(12), item(13)))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("cn-51-lab-99,synonym,x,,,,,s", "item_codes.csv:2: unknown item 'cn-51-lab-99'"),
        ("cn-51-lab-01,nickname,x,,,,,s", "item_codes.csv:2: column 'kind' is 'nickname'; allowed: loinc"),
        ("cn-51-lab-01,synonym,x,,,,,", "item_codes.csv:2: a row needs a value and a source"),
        ("cn-51-lab-01,synonym,x,sometimes,,,,s", "item_codes.csv:2: column 'scale' is 'sometimes'"),
        ("cn-51-lab-01,loinc,6690-3,quantitative,d,NCnc,no,s", "item_codes.csv:2: '6690-3' is not a LOINC code"),
        ("cn-51-lab-02,loinc,6690-2,quantitative,d,NCnc,no,s", "item_codes.csv:2: LOINC 6690-2 already belongs to"),
        ("cn-51-lab-01,loinc,718-7,,d,NCnc,no,s", "item_codes.csv:2: a loinc row needs scale and display"),
        ("cn-51-lab-01,synonym,x,,,NCnc,,s", "item_codes.csv:2: display, property and general belong to loinc"),
        ("cn-51-lab-01,synonym,＊ 白细胞,,,,,s", "item_codes.csv:2: '＊ 白细胞' reads the same as an earlier synonym"),
    ],
)
def test_a_broken_row_names_its_place(tmp_path, row, message):
    with pytest.raises(DataFileError) as caught:
        extra(tmp_path, row)
    assert str(caught.value).startswith(message)


def test_a_hospital_replaces_a_panel(tmp_path):
    head = "panel,name_zh,synonyms,seq,item,member,abbreviation,source\n"
    (tmp_path / "panels.csv").write_text(head + "cbc,血常规,,1,cn-51-lab-01,白细胞,WBC,ours\n", encoding="utf-8")
    table = read_items(data_path("mappings", "items"), tmp_path)
    assert [member.item for member in table.panel("血常规")] == [item(1)]
    assert table.panel("血细胞分析") == table.panel("血常规")
    (tmp_path / "panels.csv").write_text(head + "x,甲,,1,cn-51-lab-77,a,,s\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"panels.csv:2: unknown item 'cn-51-lab-77'"):
        read_items(data_path("mappings", "items"), tmp_path)
    (tmp_path / "panels.csv").write_text(head + "x,甲,,1,,a,,s\ny,甲,,1,,a,,s\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"panels.csv:3: panel name '甲' already belongs to x"):
        read_items(data_path("mappings", "items"), tmp_path)


def test_a_folder_with_nothing_in_it(tmp_path):
    with pytest.raises(DataFileError, match=r"holds neither item_codes.csv nor panels.csv"):
        read_items(data_path("mappings", "items"), tmp_path)
