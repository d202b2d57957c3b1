"""What a fresh machine is set up from: the lock, the make targets and the checks."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", name)[0]).lower()


def test_the_lock_names_no_host():
    assert "://" not in LOCK
    assert not re.search(r"^\s*--(index|extra-index|find-links|trusted)", LOCK, re.MULTILINE)


def test_every_pin_has_a_hash():
    pins = re.split(r"\n(?=[a-z0-9])", LOCK.strip())
    assert len(pins) > 50
    assert [pin.splitlines()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_everything_that_is_needed_is_pinned():
    groups = PROJECT["dependency-groups"]
    wanted = list(PROJECT["project"]["dependencies"])
    for group in groups["dev"]:
        wanted += groups[group["include-group"]]
    pinned = {normal(line) for line in LOCK.splitlines() if re.match(r"[a-z0-9]", line)}
    assert {normal(name) for name in wanted} - pinned == set()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("target", ["demo", "test", "lint", "types", "layers", "docs", "bench", "fuzz", "wheel"])
def test_make_knows_its_targets(target):
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "requirements.lock" in done.stdout or ".venv" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_checks_are_a_sound_script():
    script = ROOT / ".ci" / "run"
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text("utf-8")
    order = [text.index(f"make {target}") for target in ("test", "lint", "types", "layers", "wheel")]
    assert order == sorted(order)
    assert script.stat().st_mode & 0o111
