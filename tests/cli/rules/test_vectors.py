"""``fhir-hr rules test``, ``mutate`` and ``explain``: what is run, what is said, and JUnit."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from fhir_hr.cli.rules.mutate import in_chinese


def test_all_vectors_hold(cli, pack):
    done = cli("rules", "test", pack(), "--junit", "report.xml")
    assert (done.code, done.err) == (0, "")
    assert "│pack   │    4 │    0 │ 通过│" in done.out
    root = ElementTree.parse("report.xml").getroot()
    [suite] = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("pack", "4", "0")
    assert suite[0].get("name") == "十天前的结果，条件都符合"


def test_a_vector_that_fails_is_shown_with_its_line(cli, pack):
    folder = pack("pack", ("pack.yaml", "max_days: 30 ", "max_days: 29 "))
    done = cli("rules", "test", folder, "--junit", "report.xml")
    assert done.code == 1
    assert (
        "pack/tests/vectors.jsonl:2\n  正好三十天\n    结论：应为 must（应当互认），得到 may（可以互认）\n" in done.out
    )
    assert "未通过" in done.out
    [failure] = ElementTree.parse("report.xml").getroot().iter("failure")
    assert "outcome: expected must, got may" in failure.get("message")


def test_a_pack_without_vectors_does_not_pass(cli, pack):
    folder = pack()
    for path in (folder / "tests").iterdir():
        path.unlink()
    done = cli("rules", "test", folder)
    assert done.code == 1
    assert "没有用例" in done.out


def test_a_broken_pack_does_not_stop_the_others(cli, pack):
    pack("all/broken", ("items.csv", "-02,", "-01,"))
    pack("all/good")
    for name in ("test", "mutate"):
        done = cli("rules", name, "all")
        assert done.code == 4
        assert done.err == "fhir-hr: all/broken: items.csv:3: 与第 2 行重复 · repeats the key of line 2\n"
        assert "all/good" in done.out


def test_survivors_are_named(cli, pack):
    done = cli("rules", "mutate", pack(), "--junit", "report.xml", "--all")
    assert done.code == 1
    assert "pack: 没有用例发现：第 2 条检查“结果已审核签发”：整条去掉（finality[1]: dropped）\n" in done.out
    assert "改了也一样" in done.out
    failures = list(ElementTree.parse("report.xml").getroot().iter("failure"))
    assert len(failures) == done.out.count("没有用例发现")
    few = cli("rules", "mutate", "pack")
    assert few.out.count("没有用例发现") == 20
    assert "（--all）" in few.out


def test_the_report_that_cannot_be_written(cli, pack):
    done = cli("rules", "test", pack(), "--junit", "nowhere/report.xml")
    assert done.code == 5
    assert "--junit: the report could not be written" in done.err


class TestExplain:
    def test_a_vector(self, cli, pack):
        done = cli("rules", "explain", pack(), "--vector", "超过三十天一秒")
        assert (done.code, done.err) == (0, "")
        assert "给医师\n可以互认，由医师判断：" in done.out
        assert "[由医师判断] HR-WINDOW-EXPIRED 超出时限：事实如此，补充资料不能改变" in done.out
        assert "给审核者\n" in done.out
        assert "规则包:\n  cn-5101-lab 2026.1.0 sha256:" in done.out
        assert cli("rules", "explain", "pack", "--vector", 3).out == done.out

    def test_what_is_must_already(self, cli, pack):
        assert "  已是“应当互认”\n" in cli("rules", "explain", pack(), "--vector", 1).out

    def test_missing_facts_are_named(self, cli, pack):
        folder = pack()
        facts = {"prior.mark": None, "prior.mark_known": False}
        (folder / "facts.json").write_text(json.dumps(facts), "utf-8")
        words = ("rules", "explain", folder, "--facts", folder / "facts.json", "--base", folder / "tests" / "base.json")
        assert "HR-MARK-UNKNOWN 互认标识不明：查明 报告上的标识" in cli(*words).out
        assert "find out mark on the report" in cli("--lang", "en", *words).out
        plain = json.loads(cli(*words, "--json").out)
        assert plain["decision"]["outcome"] == "indeterminate"
        assert [each["code"] for each in plain["hindrances"]] == ["HR-MARK-UNKNOWN"]

    def test_nothing_obliges(self, cli, pack):
        done = cli("rules", "explain", pack(mark=None), "--vector", 1)
        assert "没有任何规则使它“应当互认”" in done.out

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ("[]", "facts.json: is no JSON object"),
            ("{", "facts.json: is no JSON object"),
            ('{"prior.colour": 1}', "facts.json: there is no fact 'prior.colour'"),
            ("{}", "facts.json: fact 'order.at': an order has a time"),
        ],
    )
    def test_facts_that_are_none(self, cli, pack, facts, words):
        folder = pack()
        (folder / "facts.json").write_text(facts, "utf-8")
        done = cli("rules", "explain", folder, "--facts", folder / "facts.json")
        assert done.code == 2
        assert words in done.err

    def test_an_unknown_vector(self, cli, pack):
        done = cli("rules", "explain", pack(), "--vector", "none such")
        assert (done.code, done.err) == (2, "fhir-hr: --vector: there is none named 'none such'\n")
        done = cli("rules", "explain", "cn-51-lab", "--vector", "1")
        assert done.code == 2
        assert "--vector needs the folder of a pack with tests" in done.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("window[7].on_expired.effect: block", "第 8 条检查“互认时限”，超过时限时、效果：改为“不予互认”"),
        ("finality[1].item_statuses[1]: without amended", "第 2 条检查“结果已审核签发”，项目状态：去掉 amended"),
        ("window[7]: performed -1 s", "第 8 条检查“互认时限”：采集或检查时间早 1 秒"),
        ("items[cn-5101-lab-02].window_days: 6", "项目 cn-5101-lab-02，时限天数：改为 6"),
        ("effective: order +1 s", "开单时间晚 1 秒"),
        ("a change without words", "a change without words"),
    ],
)
def test_a_change_in_chinese(name, said):
    assert said in in_chinese(name)
    assert in_chinese(name).endswith(f"（{name}）")
