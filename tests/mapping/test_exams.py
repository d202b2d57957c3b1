"""Which examination do a name's words mean: exact, never filled in, and the pack's rows agree with the table."""

import csv

import pytest

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.canonical import CANONICAL, EXAM_ITEM_SYSTEM
from fhir_hr.mapping.exams import load_exams, read_exams
from fhir_hr.model.codes import Code
from fhir_hr.model.exams import Contrast, Exam, Side, View

TABLE = data_path("mappings", "items", "cn-51-imaging.csv")


@pytest.fixture(scope="module")
def table():
    return load_exams()


def item(number):
    return Code(system=EXAM_ITEM_SYSTEM, code=f"cn-51-img-{number:02}")


def numbers(candidates):
    return [int(code.code[-2:]) for code in candidates]


def test_the_list_as_far_as_it_is_known(table):
    assert [row.seq for row in table.rows] == list(range(1, 47))
    assert [row.code for row in table.rows] == [item(number) for number in range(1, 47)]
    assert f"{CANONICAL}/CodeSystem/recognised-item-cn-51-imaging" == EXAM_ITEM_SYSTEM
    # the copy of the list ends before the definition of row 46
    assert [row.seq for row in table.rows if not row.definition_zh] == [46]
    assert "截断" in table.rows[45].note


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("胸部站立后前位摄影", 1),
        ("X线胸部站立后前位摄影", 1),
        ("胸部(婴幼儿)正位摄影", 3),
        ("左侧肩关节前后位正位摄影", 4),
        ("右膝关节正侧位摄影", 14),
        ("★ DR左侧踝关节正侧位", 15),
        ("头部计算机体层（CT）平扫", 24),
        ("头部普通扫描", 24),
        ("头部ct平扫", 24),
        ("头部CT平扫＋增强", 35),
        ("胸部普通扫描加增强扫描", 39),
        ("颅脑 MRI 平扫", 40),
        ("双髋关节磁共振普通扫描", 45),
        ("左膝关节磁共振平扫", 46),
    ],
)
def test_a_known_name_is_the_item(table, name, number):
    match = table.find(name)
    assert (match.item, match.candidates) == (item(number), ())


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("膝关节正侧位摄影", [13, 14]),
        ("左膝关节正侧位", [13]),
        ("胸部正位", [1, 3]),
        ("胸片", [1, 2, 3]),
        ("头部CT", [24, 35]),
        ("胸部CT增强扫描", [39]),
        ("颅脑MRI", [40]),
        ("髋关节正位", [12]),
    ],
)
def test_what_a_name_leaves_open_is_not_filled_in(table, name, candidates):
    match = table.find(name)
    assert match.item is None
    assert numbers(match.candidates) == candidates


@pytest.mark.parametrize(
    "name",
    ["", "颅脑CT平扫", "右膝关节磁共振平扫", "膝关节", "髋关节磁共振平扫", "头部CT平扫报告", "上腹部CT平扫", "胸椎"],
)
def test_a_like_name_is_not_the_item(table, name):
    match = table.find(name)
    assert (match.item, match.candidates) == (None, ())


def test_what_makes_an_item(table):
    assert table.row("cn-51-img-02").exam == Exam(
        modality="DR", body_part="chest", views=(View.LATERAL, View.STANDING_PA)
    )
    assert table.row("cn-51-img-09").exam == Exam(
        modality="DR", body_part="wrist", side=Side.RIGHT, views=(View.FRONTAL, View.LATERAL)
    )
    assert table.row("cn-51-img-45").exam == Exam(
        modality="MR", body_part="hip", side=Side.BOTH, contrast=Contrast.PLAIN
    )
    assert table.row(Code(system="urn:other", code="cn-51-img-09")) is None
    assert table.row(item(9)) is table.row("cn-51-img-09")
    assert table.row("cn-51-img-47") is None


def test_no_two_items_are_the_same_examination(table):
    exams = [row.exam for row in table.rows]
    assert len(set(exams)) == len(exams)
    # an infant's chest is another item than an adult's, whatever the projection
    assert [row.seq for row in table.rows if row.exam.body_part == "infant-chest"] == [3]


def test_enhanced_holds_plain_only_where_the_list_has_the_plain_row(table):
    held = {row.seq: numbers(row.includes) for row in table.rows if row.includes}
    assert held == {35: [24], 36: [25], 39: [26]}
    enhanced = [row for row in table.rows if row.exam.contrast is Contrast.PLAIN_AND_ENHANCED]
    assert [row.seq for row in enhanced] == [35, 36, 37, 38, 39]
    assert all(row.definition_zh.endswith("普通扫描加增强扫描") for row in enhanced)
    for row in enhanced:
        for plain in row.includes:
            other = table.row(plain).exam
            assert (other.body_part, other.modality, other.contrast) == (row.exam.body_part, "CT", Contrast.PLAIN)


def test_the_pack_says_the_same():
    path = data_path("profiles", "rules", "cn-51", "imaging", "items.csv")
    same = ("code", "name_zh", "modality", "body_part", "side", "views", "contrast", "includes")

    def read(file):
        with file.open(encoding="utf-8", newline="") as stream:
            return [{name: row[name] for name in same} for row in csv.DictReader(stream)]

    assert read(path) == read(TABLE)


def broken(tmp_path, old, new):
    text = TABLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "exams.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_exams(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cn-51-img-01,1", "cn-51-lab-01,1", "exams.csv:2: item code 'cn-51-lab-01' is not of the form cn-51-img-NN"),
        ("cn-51-img-01,1", "cn-51-img-01,one", "exams.csv:2: column 'seq' is 'one', not a number"),
        (",shoulder,left,", ",shoulder,links,", "exams.csv:5: column 'side' is 'links'; allowed: , left, right, both"),
        (",frontal|oblique,", ",frontal|askew,", "exams.csv:11: column 'views' is 'frontal|askew'; allowed: frontal"),
        (",nose,,,plain,", ",nose,,,dry,", "exams.csv:26: column 'contrast' is 'dry'; allowed: , plain, enhanced"),
        (",sella,", ",Sella turcica,", "exams.csv:42: column 'body_part' is 'Sella turcica', not a code like"),
        ("cn-51-img-41,41,MR", "cn-51-img-41,41,US", "exams.csv:42: column 'modality' is 'US'; allowed: DR, CT, MR"),
        (",cn-51-img-24,", ",cn-51-img-50,", "exams.csv:36: includes 'cn-51-img-50', which is no other item"),
        (
            "骨盆正位摄影,骨盆",
            "颈椎正侧位摄影,骨盆",
            "exams.csv:24: the name '颈椎正侧位摄影' already belongs to cn-51-img-19",
        ),
    ],
)
def test_a_broken_row_names_its_place(tmp_path, old, new, message):
    assert message in broken(tmp_path, old, new)


def test_a_name_certain_here_and_doubtful_there_is_doubtful(tmp_path):
    text = TABLE.read_text(encoding="utf-8")
    path = tmp_path / "exams.csv"
    path.write_text(text.replace("头部CT增强|", "头部CT平扫|头部CT增强|", 1), encoding="utf-8")
    match = read_exams(path).find("头部CT平扫")
    assert (match.item, numbers(match.candidates)) == (None, [24, 35])
