"""``fhir-hr rules new``, ``build``, ``keygen``, ``sign``, ``verify``: from a template to a pack that is taken."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

TIME = "2026-12-01T00:00:00+08:00"


@pytest.fixture
def signed(cli, pack):
    pack()
    assert cli("rules", "build", "pack", "--out", "dist", "--not-before", TIME).code == 0
    words = ("keys/chengdu", "--jurisdiction", "cn-5101*", "--trust", "trust.toml")
    assert cli("rules", "keygen", *words).code == 0
    assert cli("rules", "sign", "dist/cn-5101-lab", "--key", "keys/chengdu.key.pem").code == 0
    return Path("dist/cn-5101-lab")


class TestNew:
    @pytest.mark.parametrize(
        ("division", "kind", "jurisdiction", "level"),
        [
            ("510000", "laboratory", "cn-51", "province"),
            ("510100", "imaging", "cn-5101", "city"),
            ("510104", "laboratory", "cn-510104", "county"),
        ],
    )
    def test_what_is_begun_can_be_checked_and_tested(
        self, cli, tmp_path, monkeypatch, division, kind, jurisdiction, level
    ):
        monkeypatch.chdir(tmp_path)
        done = cli("rules", "new", "mine", "--division", division, "--title", "测试规则（试行）", "--kind", kind)
        assert (done.code, done.err) == (0, "")
        text = Path("mine/pack.yaml").read_text("utf-8")
        assert f"jurisdiction: {jurisdiction}\nlevel: {level}\n" in text
        assert "@" not in text
        assert cli("rules", "lint", "mine").code == 0
        assert cli("rules", "test", "mine").code == 0

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--division", "5101", "--title", "x"), "--division '5101' is no GB/T 2260 division"),
            (("--division", "000000", "--title", "x"), "is no GB/T 2260 division"),
            (("--division", "510000", "--title", "x: y"), "--title must be one line"),
            (("--division", "510000", "--title", "a\nb"), "--title must be one line"),
            (
                ("--division", "510000", "--title", "x", "--mark", "xx"),
                "--mark 'xx' is not registered; there are ",
            ),
            (("--division", "510000", "--title", "x", "--year", "26"), "--year '26' is no year"),
        ],
    )
    def test_what_cannot_be(self, cli, tmp_path, monkeypatch, words, said):
        monkeypatch.chdir(tmp_path)
        done = cli("rules", "new", "mine", *words)
        assert done.code == 2
        assert said in done.err
        assert not Path("mine").exists()

    def test_nothing_is_replaced(self, cli, pack):
        pack("mine")
        done = cli("rules", "new", "mine", "--division", "510000", "--title", "x")
        assert (done.code, done.err) == (2, "fhir-hr: 'mine' is not empty; name a new folder\n")


class TestBuild:
    def test_the_same_gives_the_same(self, cli, pack):
        pack()
        for out in ("one", "two"):
            done = cli("rules", "build", "pack", "--out", out, "--serial", 7, "--not-before", TIME)
            assert done.code == 0
            assert "cn-5101-lab 2026.1.0 第 7 次发布" in done.out
        for name in ("manifest.json", "cn-5101-lab.json"):
            assert Path("one/cn-5101-lab", name).read_bytes() == Path("two/cn-5101-lab", name).read_bytes()

    def test_the_serial_goes_on_by_itself_when_something_changed(self, cli, pack):
        def serial() -> int:
            assert cli("rules", "build", "pack", "--out", "dist", "--not-before", TIME).code == 0
            return json.loads(Path("dist/cn-5101-lab/manifest.json").read_bytes())["serial"]

        pack()
        assert [serial(), serial()] == [1, 1]
        pack("pack", ("pack.yaml", "max_days: 30 ", "max_days: 31 "))
        assert [serial(), serial()] == [2, 2]

    def test_a_pack_with_errors_is_not_written(self, cli, pack):
        pack("all/bad", ("items.csv", "-02,", "-01,"), ("pack.yaml", "四/cases}", "四/lost}"))
        pack("all/good")
        done = cli("rules", "build", "all", "--out", "dist", "--not-before", TIME)
        assert done.code == 1
        assert "all/bad/items.csv:3: 与第 2 行重复\n" in done.out
        assert "all/bad/pack.yaml:78: 所引条款“四/lost”" in done.out
        assert "第 1 次发布" in done.out

    def test_too_soon_is_said(self, cli, pack):
        done = cli("rules", "build", pack(), "--out", "dist")
        assert done.code == 0
        assert "距生效不足 48 小时，医院可能来不及更新 · takes effect less than 48 hours after" in done.err

    def test_vectors_are_published_where_asked(self, cli, pack):
        assert cli("rules", "build", pack(), "--out", "dist", "--vectors").code == 0
        manifest = json.loads(Path("dist/cn-5101-lab/manifest.json").read_bytes())
        assert [each["path"] for each in manifest["files"]] == [
            "cn-5101-lab.json",
            "tests/base.json",
            "tests/vectors.jsonl",
        ]
        for path in Path("pack/tests").iterdir():
            path.unlink()
        done = cli("rules", "build", "pack", "--out", "dist", "--vectors")
        assert (done.code, done.err) == (2, "fhir-hr: --vectors: 'pack' has none in tests/\n")

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("--not-before", "soon"), 2, "--not-before 'soon' is no day"),
            (("--serial", "-1"), 2, "serial"),
        ],
    )
    def test_what_cannot_be(self, cli, pack, words, code, said):
        done = cli("rules", "build", pack(), "--out", "dist", *words)
        assert done.code == code
        assert said in done.err

    def test_an_old_manifest_that_cannot_be_read(self, cli, pack):
        pack()
        Path("dist/cn-5101-lab").mkdir(parents=True)
        Path("dist/cn-5101-lab/manifest.json").write_text("{")
        done = cli("rules", "build", "pack", "--out", "dist")
        assert done.code == 2
        assert "the manifest in 'cn-5101-lab' cannot be read; give --serial" in done.err


class TestKeys:
    def test_the_private_key_is_its_owners_alone_and_never_replaced(self, cli, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        done = cli("rules", "keygen", "keys/one")
        assert done.code == 0
        assert 'jurisdictions = ["cn-51*"]' in done.out
        private = Path("keys/one.key.pem")
        if sys.platform != "win32":
            assert stat.S_IMODE(private.stat().st_mode) == 0o600
        before = private.read_bytes()
        again = cli("rules", "keygen", "keys/one")
        assert (again.code, again.err) == (
            2,
            "fhir-hr: 'one.key.pem' 已经存在，不会覆盖 · exists already; it is not replaced\n",
        )
        assert private.read_bytes() == before
        assert before.decode() not in done.out

    def test_a_password(self, cli, pack):
        pack()
        Path("password").write_text("geheim\n")
        assert cli("rules", "keygen", "one", "--password-file", "password").code == 0
        assert b"ENCRYPTED" in Path("one.key.pem").read_bytes()
        assert cli("rules", "build", "pack", "--out", "dist").code == 0
        done = cli("rules", "sign", "dist/cn-5101-lab", "--key", "one.key.pem")
        assert done.code == 2
        assert "the key file is encrypted; its password is needed" in done.err
        words = ("--key", "one.key.pem", "--password-file", "password")
        assert cli("rules", "sign", "dist/cn-5101-lab", *words).code == 0

    @pytest.mark.parametrize("data", [b"", b"\n", b"\r\nsecond\n"])
    def test_an_empty_password_is_none_and_no_key_is_left_open(self, cli, tmp_path, monkeypatch, data):
        monkeypatch.chdir(tmp_path)
        Path("password").write_bytes(data)
        done = cli("rules", "keygen", "one", "--password-file", "password")
        assert (done.code, "第一行是空的" in done.err) == (2, True)
        assert not Path("one.key.pem").exists()

    def test_a_trust_file_grows(self, cli, tmp_path, monkeypatch):
        import tomllib

        monkeypatch.chdir(tmp_path)
        for name in ("one", "two"):
            assert cli("rules", "keygen", name, "--trust", "trust.toml", "--jurisdiction", "cn-14").code == 0
        trust = tomllib.loads(Path("trust.toml").read_text("utf-8"))
        assert [each["name"] for each in trust["keys"]] == ["one", "two"]
        assert trust["keys"][1]["jurisdictions"] == ["cn-14"]


class TestVerify:
    def test_a_good_one(self, cli, signed):
        done = cli("rules", "verify", signed, "--trust", "trust.toml", "--as-of", "2026-12-01")
        assert (done.code, done.err) == (0, "")
        assert "可采用：cn-5101-lab 2026.1.0 (cn-5101, 1)，签名者 chengdu" in done.out
        english = cli("--lang", "en", "rules", "verify", signed, "--trust", "trust.toml", "--as-of", "2026-12-01")
        assert "good: cn-5101-lab 2026.1.0 (cn-5101, 1), signed by chengdu" in english.out

    def test_refusals_have_their_reason(self, cli, signed):
        def fault(as_of: str = "2026-12-01", trust: str = "trust.toml") -> str:
            words = ("--trust", trust, "--as-of", as_of, "--json")
            done = cli("rules", "verify", signed, *words)
            assert done.code == 1
            return json.loads(done.out)["fault"]

        assert fault("2026-11-30") == "not-yet"
        text = Path("trust.toml").read_text("utf-8")
        Path("other.toml").write_text(text.replace("cn-5101*", "cn-14*"), "utf-8")
        assert fault(trust="other.toml") == "wrong-jurisdiction"
        Path("both.toml").write_text(text.replace('["Ed25519"]', '["Ed25519", "SM2-SM3"]'), "utf-8")
        content = signed / "cn-5101-lab.json"
        good = content.read_bytes()
        content.write_bytes(good[:-1])
        assert fault() == "truncated"
        content.write_bytes(good.replace(b'"max_days":30', b'"max_days":90'))
        assert fault() == "wrong-digest"
        content.unlink()
        assert fault() == "not-found"
        content.write_bytes(good)
        manifest = signed / "manifest.json"
        manifest.write_bytes(manifest.read_bytes().replace(b'"serial":1', b'"serial":2'))
        assert fault() == "bad-signature"
        manifest.write_bytes(b"{")
        assert fault() == "malformed"

    def test_words_of_a_refusal(self, cli, signed):
        done = cli("rules", "verify", signed, "--trust", "trust.toml", "--as-of", "2026-11-30")
        assert "拒绝：尚未到生效时间（not-yet）" in done.out

    def test_every_reason_has_chinese_words(self):
        from fhir_hr.cli.rules.verify import FAULTS_ZH
        from fhir_hr.rules.publishing import Fault

        reaching = {"unreachable", "too-slow", "redirected"}
        flagged = {"index-expired", "not-listed", "key-withdrawn", "store-damaged", "extra-missing"}
        assert {fault.value for fault in Fault} - reaching - flagged - set(FAULTS_ZH) == set()

    def test_a_path_that_leads_outside_is_not_read(self, cli, signed):
        secret = Path("secret.json")
        secret.write_text("{}")
        manifest = signed / "manifest.json"
        plain = json.loads(manifest.read_bytes())
        plain["files"].append({**plain["files"][0], "path": "../../secret.json"})
        manifest.write_text(json.dumps(plain))
        assert cli("rules", "sign", signed, "--key", "keys/chengdu.key.pem").code == 0
        done = cli("rules", "verify", signed, "--trust", "trust.toml", "--as-of", "2026-12-01", "--json")
        assert done.code == 1
        assert json.loads(done.out)["fault"] == "path-refused"

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("nowhere", "--trust", "trust.toml"), 2, "there is no nowhere at 'nowhere'"),
            (("dist/cn-5101-lab", "--trust", "none.toml"), 2, "trust file 'none.toml' could not be read"),
            (("dist/cn-5101-lab", "--trust", "keys/chengdu.pub.pem"), 4, "chengdu.pub.pem"),
        ],
    )
    def test_what_cannot_be(self, cli, signed, words, code, said):
        done = cli("rules", "verify", *words)
        assert done.code == code
        assert said in done.err

    @pytest.mark.parametrize("serial", ["0", "-1", "x", "１", "9007199254740992"])
    def test_a_serial_begins_at_one(self, cli, pack, serial):
        pack()
        done = cli("rules", "build", "pack", "--out", "dist", "--serial", serial)
        assert done.code == 2
        assert "发布号须是从 1 起的整数" in done.err or "expected one argument" in done.err
        assert not Path("dist").exists()

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("H1,,2026-12-1,,,", "suspensions.csv:2: from 栏“2026-12-1”不是日期"),
            ("H1,,2026-12,2026-11,,", "suspensions.csv:2: 结束日期早于开始日期"),
        ],
    )
    def test_a_lane_that_no_client_would_take_is_not_written(self, cli, tmp_path, monkeypatch, row, said):
        monkeypatch.chdir(tmp_path)
        Path("suspensions.csv").write_text(f"uscc,item,from,to,reason,clause\n{row}\n")
        done = cli("rules", "lane", "suspensions.csv", "--pack", "cn-5101-lab", "--serial", 1, "--out", "lane.json")
        assert done.code == 4
        assert said in done.err
        assert not Path("lane.json").exists()

    def test_an_index_and_a_lane(self, cli, signed):
        key, trust = ("--key", "keys/chengdu.key.pem"), ("--trust", "trust.toml", "--as-of", "2026-12-02")
        Path("suspensions.csv").write_text("uscc,item,from,to,reason,clause\nH1,,2026-11,,,\n")
        issued = ("--issued", "2026-11-22")
        words = ("--pack", "cn-5101-lab", "--serial", 3, *issued, "--out", "lane.json")
        done = cli("rules", "lane", "suspensions.csv", *words)
        assert (done.code, done.out) == (0, "lane.json: 1 行，第 3 次发布\n")
        assert cli("rules", "sign", "lane.json", *key).code == 0
        words = ("--publisher", "chengdu", "--jurisdiction", "cn-5101", "--serial", 1, *issued, "--out", "site")
        until = ("--expires", "2027-01-01")
        done = cli("rules", "index", signed, "--lane", "lane.json", *words, *until)
        assert (done.code, done.out) == (0, "site/index.json: 1 个规则包，1 份名单\n")
        assert cli("rules", "sign", "site/index.json", *key).code == 0
        done = cli("rules", "verify", "site/index.json", "lane.json", "site/packs/cn-5101-lab/1", *trust)
        assert done.code == 0, done.out
        assert (
            "可采用：chengdu (cn-5101, 1)，1 个规则包，有效期至 2027-01-01T00:00:00+08:00，签名者 chengdu" in done.out
        )
        assert "可采用：cn-5101-lab suspensions (3)，1 行，签名者 chengdu" in done.out
        assert "可采用：cn-5101-lab 2026.1.0" in done.out
        before = Path("site/index.json").read_bytes()
        assert cli("rules", "index", signed, "--lane", "lane.json", *words, *until).code == 0
        assert Path("site/index.json").read_bytes() == before
        Path("site/index.signatures.json").unlink()
        done = cli("rules", "verify", "site/index.json", *trust, "--json")
        assert (done.code, json.loads(done.out)["fault"]) == (1, "unknown-key")

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (
                ("lane", "x.csv", "--pack", "cn-51-lab", "--serial", 1, "--out", "o.json"),
                2,
                "is neither suspensions.csv",
            ),
            (("lane", "quality.csv", "--pack", "cn-51-lab", "--serial", 1, "--out", "o"), 2, "must end in .json"),
            (("lane", "quality.csv", "--pack", "x", "--serial", 1, "--out", "o.json"), 2, "'x' is no name of a pack"),
            (("lane", "bad/quality.csv", "--pack", "cn-51-lab", "--serial", 1, "--out", "o.json"), 4, "quality.csv:1"),
            (("index", "pack", *"--publisher a --jurisdiction cn --serial 1".split()), 2, "the following arguments"),
            (
                "index pack --publisher A --jurisdiction cn --serial 1 --expires 2027-01-01 --out site".split(),
                2,
                "--publisher 'A'：只能用 a-z、数字和 -",
            ),
        ],
    )
    def test_lists_and_indexes_that_cannot_be(self, cli, pack, words, code, said):
        pack()
        Path("quality.csv").write_text("uscc,item,type,result,from,to,issuer,document\n")
        Path("bad").mkdir()
        Path("bad/quality.csv").write_text("usc\n")
        done = cli("rules", *words)
        assert done.code == code
        assert said in done.err

    def test_an_unbuilt_pack_is_not_laid_out(self, cli, pack):
        words = "--publisher a --jurisdiction cn-5101 --serial 1 --expires 2027-01-01 --out site".split()
        done = cli("rules", "index", pack(), *words)
        assert (done.code, done.err) == (
            2,
            "fhir-hr: there is no manifest.json in 'pack'; build and sign the pack first\n",
        )


def test_every_pack_that_ships_is_built_alike_twice(cli, tmp_path, monkeypatch):
    from fhir_hr.rules.load import builtin_packs, load_compiled

    monkeypatch.chdir(tmp_path)
    for out in ("one", "two"):
        done = cli("rules", "build", "--builtin", "--out", out, "--not-before", TIME)
        assert done.code == 0, done.out + done.err
    files = sorted(path.relative_to("one") for path in Path("one").rglob("*.json"))
    assert len(files) == 2 * len(builtin_packs())
    for path in files:
        assert Path("one", path).read_bytes() == Path("two", path).read_bytes()
    for pack in builtin_packs():
        name = pack.content.pack
        assert load_compiled(Path("one", name, f"{name}.json").read_bytes()).ref == pack.ref
