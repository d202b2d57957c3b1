"""The layers hold, and a violation would be seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PLANTED = {
    "a lower layer imports a higher one": ("model/origin.py", "import fhir_hr.mapping.units"),
    "siblings import one another": ("rules/clock.py", "import fhir_hr.render.ids"),
    "an adapter looks at the rules": ("adapters/hl7v2/times.py", "from fhir_hr.rules import clock"),
    "an import hides in a function": ("mapping/text.py", "def hidden() -> None:\n    import fhir_hr.sources.memory"),
    "an adapter opens a socket": ("adapters/hl7v2/framing.py", "import socket"),
    "the rules draw by chance": ("rules/engine.py", "import random"),
    "the marks look at the rules": ("marks/periods.py", "import fhir_hr.rules.clock"),
    "the marks open a socket": ("marks/table.py", "import socket"),
    "a pure layer opens a database": ("render/bundle.py", "import sqlite3"),
    "the model is made of fhir.resources": ("model/lab.py", "import fhir.resources"),
    "the use cases import the command": ("recognition/priors.py", "import fhir_hr.cli.exits"),
    "a cycle between two modules": ("model/codes.py", "import fhir_hr.model.when\nimport fhir_hr.model.origin"),
    "a package that no layer names": ("stray.py", "import fhir_hr.model.codes"),
}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-P", "-c", program, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def copy(tmp_path):
    """A copy of the package's code; its own folder comes first on the path."""
    shutil.copytree(
        ROOT / "fhir_hr", tmp_path / "fhir_hr", ignore=shutil.ignore_patterns("__pycache__", "messages", "*.json")
    )
    return tmp_path


def test_the_contracts_are_kept(copy):
    done = _lint(copy)
    assert "0 broken" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_violation_is_caught(what, copy):
    place, lines = PLANTED[what]
    path = copy / "fhir_hr" / place
    text = path.read_text("utf-8") if path.exists() else '"""Planted."""\n'
    path.write_text(f"{text}\n{lines}\n", "utf-8")
    if what.startswith("a cycle"):
        other = copy / "fhir_hr" / "model" / "when.py"
        other.write_text(other.read_text("utf-8") + "\nimport fhir_hr.model.codes\n", "utf-8")
    done = _lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout or "is not listed" in done.stdout or "missing" in done.stdout.casefold(), done.stdout
