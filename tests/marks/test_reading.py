"""Reading marks from printed texts: exactly what is registered, and nothing guessed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.errors import UsageError
from fhir_hr.mapping.marks import load_marks
from fhir_hr.marks import SeenAs, read_marks

HEADINGS = [
    # text, marks, believed
    (["川内HR"], ("chuannei-hr",), True),
    (["演示医院检验报告单", "川内HR"], ("chuannei-hr",), True),
    (["演示医院检验报告单\n川内HR"], ("chuannei-hr",), True),
    (["　川内ＨＲ　"], ("chuannei-hr",), True),
    (["川 内 H R"], ("chuannei-hr",), True),
    (["川渝 HR"], ("chuanyu-hr",), True),
    (["川内HR", "川内HR"], ("chuannei-hr",), True),
    (["川内HR", "川渝HR"], ("chuannei-hr", "chuanyu-hr"), True),
    (["演示医院检验报告单"], (), True),
    ([], (), True),
    # a mark among other words is a mention, and then "none" is not believed
    (["本报告不属于川内HR范围"], (), False),
    (["本报告不属于 川内HR"], (), False),
    (["演示医院检验报告单          川内HR"], (), False),
    (["苏HR 第1页/共1页"], (), False),
    (["川内HR互认"], (), False),
    # look-alikes
    (["川内hr"], (), False),
    (["HR"], (), False),
    (["某地HR"], (), False),
    (["HR 川内"], (), False),
    (["报告单 HR"], (), False),
    (["全国HR"], (), False),  # named as an example only
    (["演示医院某地HR检验报告单"], (), False),
    (["川内HR", "某地HR"], ("chuannei-hr",), False),
    # what only holds the letters
    (["胸部HRCT检查报告单"], (), True),
    (["CHR-1 报告单"], (), True),
]


@pytest.mark.parametrize(("headings", "marks", "believed"), HEADINGS)
def test_the_mark_of_a_report(headings, marks, believed):
    read = read_marks(headings=headings)
    assert (read.report_marks, read.report_known) == (marks, believed)
    assert read.report_mark == (marks[0] if len(marks) == 1 else None)
    assert read.report_mark_known == (believed and len(marks) < 2)


def test_headings_that_cannot_be_read_are_not_empty_ones():
    assert not read_marks(headings=None, notes=["x"], items=["y"]).report_known
    assert read_marks(headings=()).report_known


def test_what_was_seen_is_said_with_its_place_and_without_the_words_around_it():
    read = read_marks(
        headings=["演示医院\n川渝 ＨＲ", "某人某地HR报告", "张某川内HR"],
        notes=["项目名称前注“*”为互认项目。★-危急值结果", "张某本报告不属于川内HR范围"],
        items=["*白细胞", "▲血小板", "某地HR血红蛋白"],
    )
    assert [(s.where, s.text, s.seen.value, s.mark) for s in read.seen] == [
        ("heading[1]", "川渝HR", "tidied", "chuanyu-hr"),
        ("heading[2]", "HR", "unknown", None),
        ("heading[3]", "川内HR", "mention", "chuannei-hr"),
        ("note[1]", "*", "legend", None),
        ("note[1]", "★", "other-legend", None),
        ("note[2]", "川内HR", "mention", "chuannei-hr"),
        ("item[1]", "*", "symbol", None),
        ("item[2]", "▲", "symbol-unexplained", None),
        ("item[3]", "某地HR", "unknown", None),
    ]
    assert "张某" not in repr(read)


# -- symbols ------------------------------------------------------------------------------------------------------

SICHUAN = "声明：此结果仅对此标本负责。项目名称前注“*”为互认项目。"
JIANGSU = "项目名称前注“*”为省内互认项目"


@pytest.mark.parametrize(
    ("headings", "notes", "starred"),
    [
        (["川内HR"], [], [True, False]),
        (["川内HR"], [SICHUAN], [True, False]),
        (["苏HR"], [JIANGSU, "注: ↑-偏高, ↓-偏低, ★-危急值结果"], [True, False]),
        ([], [SICHUAN], [True, False]),
        (None, ["注：项目名称前注＊为互认项目"], [True, False]),
        # nothing says what a star means
        ([], [], [None, None]),
        (["某医院检验报告单"], [], [None, None]),
        (["并HR"], [], [None, None]),  # 并HR has no symbol
        (["鄂HR"], [], [None, False]),  # 鄂HR has ★; what * means there is not said
        # something says otherwise
        ([], ["*表示异常结果"], [None, None]),
        ([], ["带*者非互认项目"], [None, None]),
        ([], ["项目名称前注“*”不为互认项目"], [None, None]),
        (["川内HR"], ["*表示异常结果"], [None, None]),
        (["川内HR"], [SICHUAN, "* 表示该项目为外送"], [None, None]),
        (["川内HR"], ["*表示异常结果", "★为鄂HR"], [None, None]),
        (["川内HR"], ["项目名称前注“*”为互认项目."], [True, False]),
        ([], ["项目名称前注“*”为互认项目!"], [True, False]),
        # a star inside a number explains nothing
        (["川内HR"], ["WBC 单位为 10*9/L"], [True, False]),
    ],
)
def test_what_a_star_means(headings, notes, starred):
    read = read_marks(headings=headings, notes=notes, items=["＊ 白细胞", "血小板"])
    assert [item.starred for item in read.items] == starred
    assert [item.name for item in read.items] == ["白细胞", "血小板"]
    assert [item.mark for item in read.items] == [None, None]
    assert [item.mark_known for item in read.items] == [True, True]


def test_a_symbol_of_no_mark_is_no_mark():
    (item,) = read_marks(headings=["川内HR"], items=["▲白细胞"]).items
    assert (item.name, item.symbols, item.starred, item.mark_known) == ("白细胞", "▲", False, True)


@pytest.mark.parametrize(
    ("headings", "notes", "mark", "known"),
    [
        (["鄂HR"], [], "e-hr", True),
        ([], ["★等同于鄂HR"], "e-hr", True),
        ([], ["注：“★”为鄂HR。"], "e-hr", True),
        ([], [], None, False),  # may be 鄂HR, may be anything
        (["川内HR"], [], None, False),
        ([], ["★-危急值结果"], None, True),  # it is something else
        ([], ["★不等同鄂HR"], None, True),
        (["鄂HR"], ["★-危急值结果"], None, False),  # both are said
    ],
)
def test_a_star_that_is_the_mark_itself(headings, notes, mark, known):
    (item,) = read_marks(headings=headings, notes=notes, items=["★白细胞"]).items
    assert (item.name, item.mark, item.mark_known) == ("白细胞", mark, known)


def test_report_and_item_are_kept_apart():
    read = read_marks(headings=["某医院"], notes=["★为鄂HR"], items=["★白细胞", "血小板"])
    assert (read.report_mark, read.report_known) == (None, True)
    assert [item.mark for item in read.items] == ["e-hr", None]
    assert [item.starred for item in read.items] == [True, False]
    read = read_marks(headings=["川内HR"], items=["白细胞"])
    assert (read.report_mark, read.items[0].mark) == ("chuannei-hr", None)


# -- a mark before the name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "name", "mark", "known"),
    [
        ("并HR胸部CT平扫", "胸部CT平扫", "bing-hr", True),
        ("并HR 胸部CT平扫", "胸部CT平扫", "bing-hr", True),
        ("并 ＨＲ　胸部CT平扫", "胸部CT平扫", "bing-hr", True),
        ("*并HR*胸部CT平扫", "胸部CT平扫", "bing-hr", True),
        ("并HR CT胸部", "CT胸部", "bing-hr", True),
        ("并HR3.0T颅脑MR", "3.0T颅脑MR", "bing-hr", True),
        ("胸部CT平扫", "胸部CT平扫", None, True),
        ("胸部CT并HR", "胸部CT并HR", None, True),
        ("肺部HRCT", "肺部HRCT", None, True),
        ("心率HR", "心率HR", None, True),
        ("并HRCT胸部", "并HRCT胸部", None, False),  # or 并 and HRCT
        ("并HR", "并HR", None, False),  # names nothing
        ("并hr胸部CT", "并hr胸部CT", None, False),
        ("(并HR)胸部CT", "(并HR)胸部CT", None, False),
        ("某地HR胸部CT", "某地HR胸部CT", None, False),
        ("川内HR白细胞", "川内HR白细胞", None, False),  # not where 川内HR stands
        ("鄂HR白细胞", "鄂HR白细胞", None, False),
    ],
)
def test_a_mark_before_an_item_name(printed, name, mark, known):
    (item,) = read_marks(items=[printed]).items
    assert (item.name, item.mark, item.mark_known) == (name, mark, known)


def test_two_marks_at_one_item_are_none():
    (item,) = read_marks(headings=["鄂HR"], items=["★并HR胸部CT"]).items
    assert (item.mark, item.mark_known) == ("bing-hr", False)


def test_the_foot_note_of_bing_is_a_legend_and_a_whole_mark_in_a_note_is_a_doubt():
    read = read_marks(headings=[], notes=["‘并HR’为可在全市范围内互认的检查项目"], items=["并HR胸部CT"])
    assert (read.seen[0].seen, read.report_known) == (SeenAs.LEGEND, True)
    assert not read_marks(headings=["检验报告单"], notes=["川渝HR"]).report_known
    assert read_marks(headings=["川渝HR"], notes=["川渝HR"]).report_known
    assert read_marks(headings=["检验报告单"], notes=["本报告不属于川渝HR范围"]).report_known


# -- anything at all ----------------------------------------------------------------------------------------------

TEXTS = tuple(load_marks().texts)
piece = st.sampled_from(
    [
        *TEXTS,
        *"*＊★☆▲（）“”。；:：\n \t\u3000\u2028\x1d\x00",
        "互认项目",
        "项目名称前注“*”为互认项目",
        "为",
        "HR",
        "hr",
        "并",
    ]
) | st.text(max_size=6)
wild = st.lists(piece, max_size=6).map("".join)


def squeezed(text):
    return "".join(unicodedata.normalize("NFKC", text).split())


@given(
    headings=st.none() | st.lists(wild, max_size=4), notes=st.lists(wild, max_size=4), items=st.lists(wild, max_size=4)
)
def test_whatever_is_printed_is_read_and_no_mark_is_made_up(headings, notes, items):
    read = read_marks(headings=headings, notes=notes, items=items)
    assert len(read.items) == len(items)
    registry = load_marks()
    lines = {squeezed(line) for text in headings or () for line in text.splitlines()}
    for code in read.report_marks:
        assert registry.codes[code].text in lines
    for item, printed in zip(read.items, items, strict=True):
        if item.mark == "bing-hr":
            assert squeezed(printed).lstrip("*★▲☆△※#").startswith("并HR")
        elif item.mark is not None:
            assert item.mark == "e-hr"
            assert "★" in item.symbols
        assert squeezed(printed).endswith(squeezed(item.name))
    for sighting in read.seen:
        assert len(sighting.text) <= 13
        assert sighting.mark is None or sighting.mark in registry.codes
    assert read == read_marks(headings=headings, notes=notes, items=items)


@given(st.sampled_from(TEXTS), st.lists(st.sampled_from(["", " ", "\u3000", "\t"]), min_size=8, max_size=8))
def test_width_and_white_space_change_nothing(text, gaps):
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in text)
    spaced = "".join(c + gap for c, gap in zip(wide, gaps, strict=False))
    assert read_marks(headings=[spaced]).report_marks == read_marks(headings=[text]).report_marks


@given(st.sampled_from(TEXTS), st.text(min_size=1, max_size=4))
def test_one_more_character_is_another_text(text, more):
    for changed in (text + more, more + text):
        if squeezed(changed) != text and len(changed.splitlines()) == 1:
            assert read_marks(headings=[changed]).report_marks == ()


@pytest.mark.parametrize("printed", ["∗白细胞", "\u200b*白细胞", "\ufeff白细胞", "⁎ 白细胞", "✱白细胞", "٭白细胞"])
def test_a_character_that_looks_like_the_symbol_is_not_read_as_none(printed):
    [item] = read_marks(headings=["川内HR"], items=[printed]).items
    assert item.starred is (False if printed == "\ufeff白细胞" else None)


@pytest.mark.parametrize("name", ["headings", "notes", "items"])
@pytest.mark.parametrize("text", ["川内HR", "", b"x"])
def test_one_text_in_the_place_of_several_is_refused(name, text):
    with pytest.raises(UsageError, match=f"{name} are several texts"):
        read_marks(**{name: text})
