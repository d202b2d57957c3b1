"""``fhir-hr rules diff``: in words, as JSON, and over candidates."""

from __future__ import annotations

import json

import pytest

NEW = (("pack.yaml", "max_days: 30 ", "max_days: 60 "), ("pack.yaml", "2026.1.0", "2027.1.0"))


def test_words(cli, pack):
    done = cli("rules", "diff", pack("old"), pack("new", *NEW))
    assert (done.code, done.err) == (0, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines == [
        "cn-5101-lab 2026.1.0 → cn-5101-lab 2027.1.0",
        "  规则包",
        "~ 版本：2026.1.0 → 2027.1.0",
        "  时限",
        "~ 时限：天数：30 天 → 60 天",
    ]
    english = cli("--lang", "en", "rules", "diff", "old", "new")
    assert "time limit, days: 30 days -> 60 days" in english.out


def test_no_difference(cli, pack):
    pack("old")
    done = cli("rules", "diff", "old", pack("new"))
    assert "内容没有不同" in done.out


def test_over_candidates(cli, pack):
    pack("new", *NEW)
    old = pack("old")
    words = ("--priors", old / "tests" / "vectors.jsonl", "--base", old / "tests" / "base.json")
    done = cli("rules", "diff", "old", "new", *words)
    assert done.code == 0
    assert "既往结果 4 条：结论改变 1 条（25.0%），结论不变而理由不同 0 条" in done.out
    assert "│   1 │ cn-5101-lab-01 │ 可以互认 │ 应当互认 │ -超出时限│" in done.out
    english = cli("--lang", "en", "rules", "diff", "old", "new", *words)
    assert "4 candidates: 1 outcomes change (25.0 %), 0 keep their outcome for other reasons" in english.out
    plain = json.loads(cli("rules", "diff", "old", "new", *words, "--json").out)
    assert plain["old"]["version"] == "2026.1.0"
    assert [each["subject"] for each in plain["changes"]] == ["version", "checks.window.max_days"]
    assert plain["impact"]["moves"] == [
        {
            "item": "cn-5101-lab-01",
            "before": "may",
            "after": "must",
            "gone": ["HR-WINDOW-EXPIRED"],
            "come": [],
            "count": 1,
        }
    ]


def test_over_columns(cli, pack):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    old = pack("old")
    base = json.loads((old / "tests" / "base.json").read_text("utf-8"))
    columns = {name: [value] * 40 for name, value in base.items()}
    columns["prior.performed"] = [f"2026-07-{day:02}T08:00:00+08:00" for day in range(1, 31)] + [None] * 10
    pq.write_table(pa.table(columns), "priors.parquet")
    done = cli("rules", "diff", "old", pack("new", *NEW), "--priors", "priors.parquet")
    assert (done.code, done.err) == (0, "")
    assert "既往结果 40 条：结论改变 21 条（52.5%）" in done.out
    done = cli("rules", "diff", "old", "new", "--priors", "priors.parquet", "--base", "x")
    assert (done.code, done.err) == (
        2,
        "fhir-hr: --base belongs to JSON lines; a Parquet file holds every fact as a column\n",
    )
    done = cli("rules", "diff", "old", "new", "--priors", "none.parquet")
    assert (done.code, done.err) == (2, "fhir-hr: 'none.parquet' could not be read: there is no such file\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{}", "priors.jsonl:2: fact 'order.at': an order has a time"),
        ("nonsense", "priors.jsonl:2: is no JSON object"),
        ('{"order.at": "2026-08-20T10:00:00+08:00", "x": 1}', "priors.jsonl:2: there is no fact 'x'"),
        ('{"a": "' + "x" * (1 << 20) + '"}', "priors.jsonl:2: the line is longer than 1048576 bytes"),
    ],
)
def test_a_line_that_is_no_candidate_is_named(cli, pack, tmp_path, line, words):
    pack("old")
    (tmp_path / "priors.jsonl").write_text(f'{{"order.at": "2026-08-20T10:00:00+08:00"}}\n{line}\n', "utf-8")
    done = cli("rules", "diff", "old", "old", "--priors", "priors.jsonl")
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_packs_that_ship_and_compiled_ones(cli, pack):
    assert cli("rules", "build", pack(), "--out", "dist").code == 0
    done = cli("rules", "diff", "cn-51-lab", "dist/cn-5101-lab/cn-5101-lab.json")
    assert done.code == 0
    assert "新增项目 cn-5101-lab-01（示例项目一）" in done.out


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("nowhere", 4, "no built-in pack 'nowhere'"),
        ("no/where", 2, "'no/where' is no folder of a pack and no compiled pack"),
        ("nowhere.json", 2, "'nowhere.json' could not be read: No such file or directory"),
    ],
)
def test_what_is_no_pack(cli, pack, name, code, words):
    done = cli("rules", "diff", pack(), name)
    assert done.code == code
    assert words in done.err


def test_an_error_says_in_which_folder(cli, pack):
    pack("old")
    done = cli("rules", "diff", "old", pack("new", ("items.csv", "-02,", "-01,")))
    assert (done.code, done.err) == (4, "fhir-hr: new/items.csv:3: 与第 2 行重复 · repeats the key of line 2\n")
