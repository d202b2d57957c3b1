"""Help of the imaging commands: every one has it in both languages, and the reference page names every option."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from fhir_hr.cli import main as command

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md"


def inside(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    [found] = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found.choices)


COMMANDS = inside(inside(command._parser())["imaging"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(cli, name):
    done = cli("imaging", name, "--help")
    assert done.code == 0
    assert f"usage: fhir-hr imaging {name}" in done.out
    assert "options:" in done.out


def test_the_commands_are_listed_in_chinese_too(cli):
    done = cli("imaging", "--help")
    for name in COMMANDS:
        assert re.search(rf"^    {name} +[^\n]*[\u4e00-\u9fff]", done.out, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_names_every_option_and_no_other(name):
    found = re.search(
        rf"^## fhir-hr imaging {name}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, name
    rows = set(re.findall(r"^\| `(--[a-z-]+)", found[1], re.MULTILINE))
    options = {each for action in COMMANDS[name]._actions for each in action.option_strings if each.startswith("--")}
    assert rows == options - {"--help"}
