"""The documentation says what is true: its examples run, its references name every option, name and field.

In README and docs, a fenced block after ``<!-- runnable -->`` is run: Python with ``exec``, ``fhir-hr`` lines of a
``sh`` block through the command itself. The blocks of one page run in order, in one folder that holds the output of
the demonstration. A block after ``<!-- output -->`` is the whole output of the block before it, one after
``<!-- output: excerpt -->`` holds lines of it, where width does not count and … stands for anything.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import fhir_hr
from fhir_hr.cli import main as command
from fhir_hr.cli.exits import Exit

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^<!-- (runnable|output|output: excerpt) -->\n+```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNNABLE = [page for page in PAGES if "<!-- runnable -->" in page.read_text("utf-8")]
README, README_ZH = (ROOT / name for name in ("README.md", "README.zh.md"))


@dataclass
class Page:
    """The blocks of one page as one story."""

    folder: Path
    names: dict[str, object] = field(default_factory=dict)
    output: str = ""
    exits: list[int] = field(default_factory=list)

    def run(self, language: str, text: str) -> None:
        heard = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with contextlib.redirect_stdout(heard):
            if language == "python":
                exec(compile(text, "documentation", "exec"), self.names)
            else:
                assert language == "sh", f"a {language} block cannot be run"
                for line in text.replace("\\\n", " ").splitlines():
                    self._command(line)
        self.output = heard.buffer.getvalue().decode("utf-8")

    def _command(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if not words:
            return
        assert words[0] == "fhir-hr", f"only fhir-hr is run here, and not {words[0]}"
        self.exits.append(command.main(words[1:]))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        assert command.main(["demo", "--out", "demo-out"]) == Exit.OK
    return tmp_path


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _stands_in(line: str, lines: list[str]) -> bool:
    pattern = ".*".join(re.escape(part) for part in re.split(r"\s*…\s*", " ".join(line.split())))
    return any(re.fullmatch(pattern, each) for each in lines)


@pytest.mark.parametrize("path", RUNNABLE, ids=_name)
def test_the_examples_of_a_page_run(path, folder):
    page = Page(folder)
    for kind, language, text in BLOCK.findall(path.read_text("utf-8")):
        if kind == "runnable":
            page.run(language, text)
        elif kind == "output":
            assert page.output.rstrip() == text.rstrip()
        else:
            lines = [" ".join(line.split()) for line in page.output.splitlines()]
            assert [line for line in text.splitlines() if not _stands_in(line, lines)] == []
    assert set(page.exits) <= {Exit.OK}


def test_every_python_block_of_our_own_pages_is_run():
    # A block that is only shown has to say so; otherwise it is an example that nobody checks.
    shown = []
    for path in PAGES:
        text = path.read_text("utf-8")
        for found in re.finditer(r"^```python\n", text, re.MULTILINE):
            before = text[: found.start()].rstrip().rsplit("\n", 1)[-1]
            if before != "<!-- runnable -->" and not before.startswith("<!-- not run: "):
                shown.append(f"{_name(path)}: {text[found.end() :].splitlines()[0]}")
    allowed = ("docs/how-to/add-a-sender.md", "docs/explanation/rules.md", "docs/reference/rules-vocabulary.md")
    assert [each for each in shown if not each.startswith(allowed)] == []


# -- the two READMEs ------------------------------------------------------------------------------


def test_the_first_lines_of_the_readme_are_the_two_commands():
    for path in (README, README_ZH):
        lines = [line for line in path.read_text("utf-8").splitlines() if line]
        assert [line.split("#")[0].split() for line in lines[2:4]] == [["make", "demo"], ["make", "test"]], path.name


def _fences(path: Path) -> list[str]:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [f"{language}\n{re.sub(r' *# .*', '', text)}" for language, text in blocks]


def test_the_two_readmes_have_one_structure():
    outline = [re.findall(r"^(#+) ", path.read_text("utf-8"), re.MULTILINE) for path in (README, README_ZH)]
    assert outline[0] == outline[1]
    assert _fences(README) == _fences(README_ZH)
    promises = [len(re.findall(r"^\d+\. ", path.read_text("utf-8"), re.MULTILINE)) for path in (README, README_ZH)]
    assert promises == [12, 12]


# -- links ----------------------------------------------------------------------------------------

LINKING = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]


@pytest.mark.parametrize("path", LINKING, ids=_name)
def test_relative_links_lead_somewhere(path):
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    missing = [each for each in targets if "://" not in each and not (path.parent / each).exists()]
    assert missing == []


def test_every_page_is_in_a_table_of_contents():
    listed = set()
    for path in DOCS.rglob("*.md"):
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            entries = (line.strip() for line in tree.splitlines() if line.strip() and not line.startswith(":"))
            listed |= {(path.parent / f"{entry.rsplit('<', 1)[-1].rstrip('>')}.md").resolve() for entry in entries}
    pages = {path.resolve() for path in DOCS.rglob("*.md")} - {DOCS / "index.md"}
    assert sorted(pages - listed) == []
    assert sorted(path for path in listed if not path.exists()) == []


# -- reference pages ------------------------------------------------------------------------------


def _commands() -> dict[str, argparse.ArgumentParser]:
    parser = command._parser()
    [commands] = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    return {"": parser, **commands.choices}


def _section(text: str, heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"the page has no section {heading!r}"
    return found[1]


@pytest.mark.parametrize("name", sorted(_commands()))
def test_the_command_page_names_every_option_and_no_other(name):
    text = (DOCS / "reference" / "cli.md").read_text("utf-8")
    part = _section(text, f"fhir-hr {name}" if name else "fhir-hr")
    options = {each for action in _commands()[name]._actions for each in action.option_strings if each.startswith("--")}
    rows = set(re.findall(r"^\| `(--[a-z-]+)", part, re.MULTILINE))
    assert rows == options - {"--help"}


def test_the_command_page_names_every_exit_code():
    part = _section((DOCS / "reference" / "cli.md").read_text("utf-8"), "Exit codes")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", part, re.MULTILINE)} == {int(each) for each in Exit}


def test_the_report_page_names_every_field_of_a_report_line():
    from fhir_hr.cli.report import ReportLine

    text = (DOCS / "how-to" / "read-the-report.md").read_text("utf-8")
    fields = {each.split("`")[1] for each in text.splitlines() if each.startswith("| `")}
    assert fields >= set(ReportLine.__struct_fields__)


def test_the_api_page_names_every_public_name():
    text = (DOCS / "reference" / "api.md").read_text("utf-8")
    named = set(re.findall(r"^\.\. auto\w+:: fhir_hr\.(?:\w+\.)*(\w+)", text, re.MULTILINE))
    assert set(fhir_hr.__all__) - {"__version__"} <= named


def test_the_model_page_shows_every_module_and_every_field():
    text = (DOCS / "reference" / "model.md").read_text("utf-8")
    modules = {f"fhir_hr.model.{path.stem}" for path in (ROOT / "fhir_hr" / "model").glob("*.py")} - {
        "fhir_hr.model.__init__"
    }
    structs = _structs_extension()
    assert set(structs.MARK.findall(text)) == modules
    lab = structs.describe("fhir_hr.model.lab")
    assert "### `Specimen`" in lab
    assert "| `kind_code` | `str \\| None` | `None` | Code of the accepted-specimen table" in lab
    assert "| `key` | `str` | required | stable key inside its report" in lab


def _structs_extension():
    spec = importlib.util.spec_from_file_location("docs_structs", DOCS / "_ext" / "structs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_structs"] = module
    spec.loader.exec_module(module)
    return module


def test_the_order_page_names_every_key_of_the_document():
    from fhir_hr.recognition import documents

    text = (DOCS / "reference" / "order-json.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE))
    parts = (
        documents._Order,
        documents._Patient,
        documents._Number,
        documents._Institution,
        documents._Item,
        documents._Claim,
        documents._Evidence,
        documents._EvidenceList,
    )
    assert {name for part in parts for name in part.__struct_fields__} - named == set()


def test_the_glossary_has_the_words_of_the_domain():
    text = (DOCS / "reference" / "glossary.md").read_text("utf-8")
    words = (
        "item mark flag prior order candidate pack outcome reason clause recognise refuse withdraw quote view remind "
        "项目 互认标识 医嘱 认可 不予认可 撤销 引用 调阅 提醒 应当互认 可以互认 不予互认 无法判断"
    ).split()
    assert [word for word in words if word not in text] == []
