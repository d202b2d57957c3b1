"""``fhir-hr rules lint``: words, files and lines, exit codes."""

from __future__ import annotations

import json

import pytest

QUIET = (("pack.yaml", "from: null ", 'from: "2026-01-01" '), ("pack.yaml", "certainty: unknown", "certainty: stated"))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_pack_without_errors_is_exit_0_and_counted(cli, pack):
    done = cli("rules", "lint", pack(), "--as-of", "2026-11-22")
    assert (done.code, done.err) == (0, "")
    assert "警告 pack.yaml:23 没有写明自何日起施行（effective.from）" in squeezed(done.out)
    assert "提示 7 条（--all 逐条列出）" in done.out
    assert done.out.endswith("1 个规则包：0 个错误，2 个警告，7 条提示\n")


def test_strict_makes_a_warning_an_error(cli, pack):
    assert cli("rules", "lint", pack(), "--strict").code == 1
    assert cli("rules", "lint", pack("quiet", *QUIET), "--strict", "--as-of", "2026-11-22").code == 0


def test_errors_are_exit_1_with_file_and_line(cli, pack):
    folder = pack("pack", ("items.csv", "-02,", "-01,"), ("pack.yaml", "四/cases}", "四/lost}"))
    done = cli("rules", "lint", folder)
    assert done.code == 1
    told = squeezed(done.out)
    assert "错误 pack.yaml:78 所引条款“四/lost”不在 sources.yaml 中" in told
    assert "错误 items.csv:3 与第 2 行重复" in told
    assert "2 个错误" in told


def test_english_where_asked(cli, pack):
    done = cli("--lang", "en", "rules", "lint", pack("pack", ("items.csv", "-02,", "-01,")), "--all")
    assert "error items.csv:3 repeats the key of line 2" in squeezed(done.out)
    assert "info sources.yaml:8 the date of issue of the document '测试规则' is not known" in squeezed(done.out)
    assert "1 packs: 1 errors" in done.out


def test_json_lines(cli, pack):
    done = cli("rules", "lint", pack(), "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert len(rows) == 9
    assert set(rows[0]) == {"pack", "severity", "code", "file", "line", "zh", "en"}
    assert (rows[0]["pack"], rows[0]["code"], rows[0]["line"]) == ("pack", "date-missing", 23)


def test_packs_below_a_folder_are_found(cli, pack):
    pack("rules/one")
    pack("rules/two")
    done = cli("rules", "lint", "rules", "rules/two")
    assert "rules/one\n" in done.out
    assert done.out.count("rules/two\n") == 1
    assert "2 个规则包" in done.out


def test_the_packs_that_ship_are_clean(cli):
    done = cli("rules", "lint", "--builtin", "--as-of", "2026-11-22")
    assert done.code == 0, done.out
    assert "0 个错误" in done.out
    assert "cn-51/lab" in done.out


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-08-20T10:00:00"])
def test_an_impossible_day_is_usage(cli, pack, day):
    done = cli("rules", "lint", pack(), "--as-of", day)
    assert done.code == 2
    assert done.err.startswith(f"fhir-hr: --as-of '{day}' ")


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_no_line_is_wider_than_the_terminal(cli, pack, monkeypatch, columns):
    from rich.cells import cell_len

    folder = pack()
    monkeypatch.setenv("COLUMNS", columns)
    done = cli("rules", "lint", folder, "--all")
    assert max(cell_len(line) for line in done.out.splitlines()) <= int(columns)


def test_a_shipped_pack_by_name(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("rules", "lint", "cn-51-lab")
    assert done.code == 0
    assert "cn-51/lab\n" in done.out


def test_a_pack_does_not_steer_the_terminal(cli, pack):
    nasty = "\x1b[2J\x1b]0;x\x07\u202e"
    folder = pack("pack", ("sources.yaml", "title: 测试规则", 'title: "\\x1b[2J测\\u202e"'))
    rows = (
        (folder / "items.csv").read_text("utf-8").replace("示例项目二", f"示例{nasty}").replace("serum|", f"{nasty}|")
    )
    (folder / "items.csv").write_text(rows, "utf-8")
    for words in (("lint", folder, "--all"), ("diff", "cn-51-lab", folder), ("explain", folder, "--vector", 1)):
        done = cli("rules", *words)
        assert done.code == 0
        assert "\x1b" not in done.out + done.err
        assert "\u202e" not in done.out + done.err
    assert cli("rules", "docs", folder, "--out", "pages").code == 0
    for path in (folder.parent / "pages").iterdir():
        text = path.read_text("utf-8")
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("name", ["Suspensions.CSV", "suspensions.xlsx", "suspension.csv", "pack.yml"])
def test_what_looks_like_a_list_is_never_left_out_without_a_word(cli, pack, name):
    (pack() / name).write_bytes(b"uscc,item,from,to,reason,clause\n")
    done = cli("rules", "lint", "pack")
    assert done.code == 1
    assert f"{name}" in done.out
    assert "不是规则包的文件，请移走或改名" in done.out


def test_the_workbook_beside_its_table_is_left_alone(cli, pack):
    (pack() / "items.xlsx").write_bytes(b"PK")
    assert cli("rules", "lint", "pack").code == 0


def test_a_list_that_is_no_file_is_said(cli, pack):
    (pack() / "suspensions.csv").mkdir()
    done = cli("rules", "lint", "pack")
    assert (done.code, "pack/suspensions.csv' 不是普通文件" in done.err) == (2, True)
