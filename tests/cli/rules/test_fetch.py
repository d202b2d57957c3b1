"""``fhir-hr rules fetch``, and judging by what was fetched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_hr.cli.demo import DATA
from fhir_hr.cli.rules.verify import FAULTS_ZH
from fhir_hr.rules.publishing.faults import Fault

TIME = "2026-12-01T00:00:00+08:00"
STORE = ("--store", "packs", "--trust", "trust.toml")


@pytest.fixture
def site(cli, pack):
    """A site with one signed pack, laid out by the commands."""
    pack()
    assert cli("rules", "build", "pack", "--out", "dist", "--not-before", TIME).code == 0
    words = ("keys/chengdu", "--jurisdiction", "cn-5101*", "--trust", "trust.toml")
    assert cli("rules", "keygen", *words).code == 0
    key = ("--key", "keys/chengdu.key.pem")
    assert cli("rules", "sign", "dist/cn-5101-lab", *key).code == 0
    words = "--publisher chengdu --jurisdiction cn-5101 --serial 1 --issued 2026-11-22 --expires 2027-01-01 --out site"
    assert cli("rules", "index", "dist/cn-5101-lab", *words.split()).code == 0
    assert cli("rules", "sign", "site/index.json", *key).code == 0
    return Path("site")


def test_a_signed_pack_is_taken_over_and_used(cli, site):
    done = cli("rules", "fetch", site, *STORE, "--as-of", "2026-12-02")
    assert (done.code, done.err) == (0, "")
    assert "索引 chengdu 第 1 次发布 已采用" in done.out
    assert "规则包 cn-5101-lab 第 1 次发布 已采用" in done.out
    assert "使用中：cn-5101-lab 2026.1.0，有效期至 2027-01-01T00:00:00+08:00" in done.out
    held = cli("rules", "fetch", *STORE, "--as-of", "2026-12-02", "--json")
    assert [json.loads(line)["in_use"]["id"] for line in held.out.splitlines()] == ["cn-5101-lab"]


def test_what_was_changed_on_the_way_is_refused_and_the_last_good_one_stays(cli, site):
    assert cli("rules", "fetch", site, *STORE, "--as-of", "2026-12-02").code == 0
    index = site / "index.json"
    index.write_bytes(index.read_bytes().replace(b"2027-01-01", b"2037-01-01"))
    done = cli("rules", "fetch", site, *STORE, "--as-of", "2026-12-03")
    assert done.code == 1
    assert "拒绝，未采用：签名不成立，内容可能被改动（bad-signature）" in done.out
    assert "使用中：cn-5101-lab" in done.out


def test_that_the_index_is_over_is_told_and_the_pack_is_used(cli, site):
    assert cli("rules", "fetch", site, *STORE, "--as-of", "2026-12-02").code == 0
    done = cli("rules", "fetch", site, *STORE, "--as-of", "2027-02-02")
    assert done.code == 1
    assert "索引已过有效期，规则可能不是最新（index-expired）" in done.out
    assert "有效期至 2027-01-01T00:00:00+08:00，已过：可能不是最新，仍按它判断" in done.out


def test_every_fault_has_words_in_chinese():
    assert set(FAULTS_ZH) == {fault.value for fault in Fault}


def test_an_empty_store_is_an_exit_code_of_its_own(cli, site):
    done = cli("--lang", "en", "rules", "fetch", "nowhere", *STORE, "--as-of", "2026-12-02")
    assert done.code == 3
    assert "refused" in done.out
    assert done.err == "fhir-hr: there is no pack to judge by\n"


def _order() -> Path:
    order = json.loads((DATA / "order.json").read_text("utf-8"))
    order["at"] = "2026-12-02T09:00:00+08:00"
    order["institution"]["division"] = "510104"
    Path("order.json").write_text(json.dumps(order), "utf-8")
    return Path("order.json")


def test_an_order_is_judged_by_the_store(cli, site):
    assert cli("convert", DATA / "messages", "--release", "R4", "--out", "fhir", "--store", "priors.db").code in (0, 1)
    assert cli("rules", "fetch", site, *STORE, "--as-of", "2026-12-02").code == 0
    words = ("recognise", _order(), "--store", "priors.db", "--pack-store", "packs", "--trust", "trust.toml", "--json")
    done = cli(*words)
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert [(pack["id"], pack["fresh_until"] is not None) for pack in answer["packs"]] == [("cn-5101-lab", True)]
    assert any(item["decision"] for item in answer["items"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pack-store", "packs"), "--pack-store needs --trust, and no --pack beside it"),
        (("--trust", "trust.toml"), "--trust belongs to --pack-store"),
        (
            ("--pack-store", "empty", "--trust", "trust.toml"),
            "the store 'empty' holds no pack that this trust file accepts",
        ),
    ],
)
def test_options_that_do_not_go_together(cli, site, words, said):
    done = cli("recognise", _order(), "--store", "priors.db", *words)
    assert (done.code, done.err) == (2, f"fhir-hr: {said}\n")
