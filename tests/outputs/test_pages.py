"""The pages of packs: up to date, and saying what the pack says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fhir_hr.cli.rules.docs import pages_of, stale
from fhir_hr.outputs.pages import MARKER, index_page, pack_page
from fhir_hr.outputs.pages.markdown import cell, table
from fhir_hr.rules.load import builtin_pack, builtin_packs
from fhir_hr.rules.plain_parts import gap_words
from fhir_hr.testing.shelf import find_packs, rules_root

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference" / "packs"
CONTENTS = [pack.content for pack in builtin_packs()]
by_pack = pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.pack)


def test_the_committed_pages_are_up_to_date():
    old = stale(pages_of(list(find_packs(rules_root()).values())), PAGES)
    assert old == [], "run: fhir-hr rules docs --builtin --out docs/reference/packs"


@by_pack
def test_a_page_holds_every_clause_item_gap_and_duty(content):
    page = pack_page(content)
    assert page.startswith(MARKER)
    for document in content.documents:
        assert cell(document.title) in page
        for clause in document.clauses:
            assert cell(clause.text) in page
    for item in content.items:
        assert f"| `{item.code}` |" in page
    for gap in content.gaps:
        assert cell(gap.text) in page
    for duty in content.duties:
        assert cell(duty.text or "") in page
    for case in content.exclusions:
        assert cell(case.zh) in page
    for mark in content.marks:
        assert f"**{mark.text}**" in page


@by_pack
def test_every_reading_of_ours_is_marked_as_ours(content):
    page = pack_page(content)
    read = set(re.findall(r"'interpretation': '([^']+)'", repr(_plain(content))))
    for words in read:
        assert f"**【解释】** {cell(words)}" in page


def _plain(content):
    import msgspec

    return msgspec.to_builtins(content)


@by_pack
def test_every_table_has_one_width(content):
    for block in re.findall(r"(?:^\|.*\n)+", pack_page(content), re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block


def test_what_a_pack_says_in_short():
    page = pack_page(builtin_pack("cn-51-lab").content)
    assert "- 最强的结论：**应当互认（不得重复）**，由“互认标识”得出\n" in page
    assert "- 项目清单：16（完整）；机构名单：未见\n" in page
    assert "- 时限：未定时限\n" in page
    assert "Strongest outcome: must (shall not be repeated), by: mark. Marks: 川内HR、川渝HR." in page
    taiyuan = pack_page(builtin_pack("cn-1401-imaging").content)
    assert "30 天，自采集或检查时间起算，满 24 小时为一天，含界" in taiyuan
    assert "| 1 | 三级，公立 | 三级，公立 | 应当互认 |" in taiyuan
    assert "抽查不予互认 10%，每月" in pack_page(builtin_pack("cn-350428").content)
    assert "没有一条产生“应当互认”" in pack_page(builtin_pack("cn-350428").content)


@by_pack
def test_sections_are_numbered_without_a_hole(content):
    found = re.findall(r"^## (.+?)、", pack_page(content), re.MULTILINE)
    every = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三"]
    assert found == every[: len(found)]
    assert len(found) >= 6


@by_pack
def test_every_gap_is_named_in_chinese(content):
    assert [gap.part for gap in content.gaps if gap_words(gap)[0].startswith(gap.part)] == []


def test_the_list_of_pages_links_them_all():
    page = index_page(CONTENTS)
    for content in CONTENTS:
        assert f"]({content.pack}.md)" in page
        assert f"\n{content.pack}\n" in page


def test_no_character_of_a_cell_is_markdown():
    assert cell("a|b*c_d`e<f>[g]\nh") == r"a\|b\*c\_d\`e\<f\>\[g\] h"


def test_empty_columns_are_left_out():
    assert table(("a", "b"), [("1", ""), ("2", "")]) == ["| a |", "| --- |", "| 1 |", "| 2 |", ""]
    assert table(("a",), []) == []


class TestCommand:
    def test_pages_are_written_checked_and_cleared(self, tmp_path, monkeypatch, capsys):
        from fhir_hr.cli.main import main

        monkeypatch.chdir(tmp_path)
        words = ["rules", "docs", "--builtin", "--out", "pages"]
        assert main(words) == 0
        assert f"{len(CONTENTS) + 1} 页" in capsys.readouterr().out
        assert main([*words, "--check"]) == 0
        (tmp_path / "pages" / "cn.md").write_text("changed", "utf-8")
        (tmp_path / "pages" / "gone.md").write_text(f"{MARKER}\n", "utf-8")
        (tmp_path / "pages" / "mine.md").write_text("# mine\n", "utf-8")
        assert main([*words, "--check"]) == 1
        assert capsys.readouterr().out == "cn.md: 不是最新\ngone.md: 不是最新\n"
        assert main(words) == 0
        assert "2 页有变化" in capsys.readouterr().out
        assert not (tmp_path / "pages" / "gone.md").exists()
        assert (tmp_path / "pages" / "mine.md").exists()
        assert main([*words, "--check"]) == 0

    def test_export_writes_a_package_for_each(self, tmp_path, monkeypatch, capsys):
        from fhir_hr.cli.main import main

        monkeypatch.chdir(tmp_path)
        assert main(["rules", "export", "--builtin", "--release", "R5", "--out", "fhir"]) == 0
        assert "cn.fhir-hr.cn-51-lab.r5-" in capsys.readouterr().out
        assert len(list((tmp_path / "fhir").glob("*.tgz"))) == len(CONTENTS)
