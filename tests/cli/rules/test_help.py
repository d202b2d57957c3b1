"""Help of the pack tool: every command has it in both languages, and the reference page names every option."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from fhir_hr.cli import main as command

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"


def commands() -> dict[str, argparse.ArgumentParser]:
    found = command._parser()
    for name in ("rules", None):
        [inside] = [each for each in found._actions if isinstance(each, argparse._SubParsersAction)]
        if name is None:
            return dict(inside.choices)
        found = inside.choices[name]
    raise AssertionError


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help(cli, name):
    done = cli("rules", name, "--help")
    assert done.code == 0
    assert f"usage: fhir-hr rules {name}" in done.out
    assert re.search("[\u4e00-\u9fff]", done.out), "no word of Chinese"
    assert "options:" in done.out


def test_the_tool_lists_its_commands(cli):
    done = cli("rules", "--help")
    assert done.code == 0
    for name in commands():
        assert re.search(rf"^    {name} ", done.out, re.MULTILINE), name


@pytest.mark.parametrize("name", commands())
def test_the_page_names_every_option_and_no_other(name):
    text = PAGE.read_text("utf-8")
    found = re.search(rf"^## fhir-hr rules {name}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, name
    rows = set(re.findall(r"^\| `(--[a-z-]+)", found[1], re.MULTILINE))
    options = {each for action in commands()[name]._actions for each in action.option_strings if each.startswith("--")}
    assert rows == options - {"--help"}


@pytest.mark.parametrize("words", [(), ("lint",), ("unknown",), ("lint", "x", "--colour"), ("diff", "one")])
def test_wrong_words_are_usage(cli, words):
    done = cli("rules", *words)
    assert done.code == 2
    assert done.out == ""


@pytest.mark.parametrize("name", ["lint", "test", "mutate", "build", "export", "docs"])
def test_what_is_no_pack_is_said(cli, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    out = ("--out", "out") if name in ("build", "export", "docs") else ()
    done = cli("rules", name, "nowhere", *out)
    assert (done.code, done.err) == (
        2,
        "fhir-hr: 没有 'nowhere' 这个文件夹；请给出 pack.yaml 所在的文件夹"
        " · 'nowhere' is no folder; give the folder that holds pack.yaml\n",
    )
    (tmp_path / "empty").mkdir()
    done = cli("rules", name, "empty", *out)
    assert (done.code, done.err) == (
        2,
        "fhir-hr: 'empty' 及其下没有 pack.yaml · there is no pack.yaml in 'empty' or below it\n",
    )
    done = cli("rules", name, *out)
    assert (done.code, done.err) == (
        2,
        "fhir-hr: 请写明规则包的文件夹，或用 --builtin · name the folder of a pack, or give --builtin\n",
    )
