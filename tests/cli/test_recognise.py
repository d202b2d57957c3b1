"""``fhir-hr recognise``: table, JSON, and the stores that could not be asked."""

from __future__ import annotations

import json
import sqlite3

import pytest

from fhir_hr.cli.demo import DATA

ORDER = DATA / "order.json"


def test_the_table_is_chinese_first_and_cites_clauses(cli, filled_store):
    done = cli("recognise", ORDER, "--store", filled_store, "--evidence", DATA / "evidence.json")
    assert (done.code, done.err) == (0, "")
    for words in ("【血常规】", "应当互认", "不得重复", "可以互认", "不予互认", "无法判断", "正常开单"):
        assert words in done.out
    assert "四(一)「在不影响疾病诊疗的前提下，对标有" in done.out
    assert "本库理解（非原文）" in done.out
    assert "结论供参考，由接诊医师判断；不阻断任何医嘱。" in done.out


def test_english_where_asked(cli, filled_store):
    done = cli("--lang", "en", "recognise", ORDER, "--store", filled_store)
    assert "no repeat" in done.out
    assert "The library advises; the physician decides." in done.out


def test_json_is_the_librarys(cli, filled_store):
    done = cli("recognise", ORDER, "--store", filled_store, "--json")
    plain = json.loads(done.out)
    assert len(plain["items"]) == 25
    assert plain["sources"] == [{"source": "priors.db", "state": "found", "priors": 30}]


def test_a_missing_store_is_exit_3_and_no_all_clear(cli, tmp_path):
    done = cli("recognise", ORDER, "--store", tmp_path / "none.db")
    assert done.code == 3
    assert "无法判断" in done.out
    assert "未查到" in done.out
    assert "正常开单" not in done.out
    assert "the store file 'none.db' does not exist" in " ".join(done.out.split())


def test_a_locked_store_beside_a_good_one(cli, filled_store, tmp_path):
    locked = tmp_path / "locked.db"
    locked.write_bytes(filled_store.read_bytes())
    holder = sqlite3.connect(locked, isolation_level=None)
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    done = cli("recognise", ORDER, "--store", locked, "--store", filled_store, "--json")
    holder.close()
    assert done.code == 3
    plain = json.loads(done.out)
    assert [(each["source"], each["state"]) for each in plain["sources"]] == [
        ("locked.db", "unavailable"),
        ("priors.db", "found"),
    ]
    assert {tuple(item["not_asked"]) for item in plain["items"]} == {("locked.db",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "order: this is not JSON in UTF-8"),
        ('{"id": "1"}', "order: Object missing required field `at`"),
    ],
)
def test_a_broken_order_is_one_line(cli, filled_store, tmp_path, text, said):
    (tmp_path / "o.json").write_text(text)
    done = cli("recognise", tmp_path / "o.json", "--store", filled_store)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"fhir-hr: {said}\n"


def test_an_unknown_pack(cli, filled_store, tmp_path):
    done = cli("recognise", ORDER, "--store", filled_store, "--pack", "cn-99")
    assert done.code == 4
    assert "cn-99" in done.err
    done = cli("recognise", ORDER, "--store", filled_store, "--pack", tmp_path / "none")
    assert done.code == 4
    assert done.err.endswith("is not a folder of a rule pack\n")


def test_a_pack_from_a_folder(cli, filled_store):
    from fhir_hr._data import data_path

    folder = data_path("profiles", "rules", "cn-51", "lab")
    done = cli("recognise", ORDER, "--store", filled_store, "--pack", folder, "--json")
    assert json.loads(done.out)["packs"][0]["id"] == "cn-51-lab"


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "1e9"])
def test_an_impossible_deadline(cli, filled_store, seconds):
    done = cli("recognise", ORDER, "--store", filled_store, f"--deadline={seconds}")
    assert (done.code, done.err) == (2, "fhir-hr: --deadline must be more than 0 and at most 600 seconds\n")
