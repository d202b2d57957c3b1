"""What is committed speaks of the project alone: no machine's paths, no registry's host, no word of its making."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from fhir_hr import __version__

ROOT = Path(__file__).resolve().parents[2]
BINARY = {".tgz", ".png", ".jpg", ".gz", ".db", ".ico"}

# Written in parts, so that this file does not hold what it looks for.
_MAKERS = ("Clau" + "de", "Anthr" + "opic", "Chat" + "GPT", "Open" + "AI", "Co" + "pilot", "L" + "LM")
_PAPERS = ("this ses" + "sion", "sub" + "agent", "brief" + r"\.md", "contracts" + r"\.md", "DESIGN" + r"\.md")
_FORBIDDEN = {
    "a path of a machine": rf"(?<![\w.:/])/(?:{'wo' + 'rk'}|{'ro' + 'ot'}|{'ho' + 'me'}|{'Us' + 'ers'})/",
    "a registry's host": "|".join(
        re.escape(host)
        for host in (
            *("pypi" + ".org", "files.python" + "hosted", "registry." + "npmjs", "registry." + "yarnpkg"),
            *("repo." + "maven", "repo1." + "maven", "crates" + ".io", "packages.fhir" + ".org", "mirrors" + ".aliyun"),
        )
    ),
    "a word of the making": rf"\b(?:{'|'.join(_MAKERS)})\b",
    "a session or its papers": rf"\b(?:{'|'.join(_PAPERS)})\b",
}


def _committed() -> list[Path]:
    """Files that git knows; in an unpacked archive, all text files that belong to the project."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True, encoding="utf-8"
        ).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        folders = ("fhir_hr", "profiles", "mappings", "tests", "docs")
        paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


def _findings(text: str) -> list[str]:
    return [
        f"{what}: {found[0]!r} in {text[max(0, found.start() - 30) : found.end() + 30]!r}"
        for what, pattern in _FORBIDDEN.items()
        for found in re.finditer(pattern, text)
    ]


def test_no_committed_file_names_a_machine_a_registry_or_its_making():
    found = []
    for path in _committed():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {each}" for each in _findings(text)]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "open('/ro" + "ot/file')",
        "see /wo" + "rk/shared/x",
        "pip install -i https://py" + "pi.org/simple x",
        "https://repo.mav" + "en.apache.org/maven2",
        "written by Clau" + "de",
    ],
)
def test_a_planted_word_is_found(planted):
    assert _findings(planted)


@pytest.mark.parametrize(
    "innocent", ["https://example.org/work/1", "network/root", "the root of the tree", "at home / work"]
)
def test_an_innocent_word_is_not(innocent):
    assert _findings(innocent) == []


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__


def test_the_changelog_has_the_current_version():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\]", text, re.MULTILINE)
    assert text.index("## [Unreleased]") < text.index(f"## [{__version__}]")


def test_every_committed_text_ends_with_a_line_break_and_has_no_carriage_return():
    odd = []
    for path in _committed():
        if path.suffix not in {".py", ".md", ".toml", ".csv", ".yaml", ".yml", ".fsh", ".css"}:
            continue
        data = path.read_bytes()
        if b"\r" in data or (data and not data.endswith(b"\n")):
            odd.append(str(path.relative_to(ROOT)))
    assert odd == []
