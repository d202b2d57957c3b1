"""Runs the command in this process, or as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fhir_hr.cli.demo import DATA
from fhir_hr.cli.main import main


class Result:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def cli(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: object) -> Result:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Result(code, said.out, said.err)

    return run


@pytest.fixture
def process(tmp_path):
    def run(*words: object, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "PYTHONUTF8")}
        done = subprocess.run(
            [sys.executable, "-m", "fhir_hr.cli", *(str(word) for word in words)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**clean, "COLUMNS": "80", **environment},
            timeout=120,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    return run


@pytest.fixture
def messages() -> Path:
    return DATA / "messages"


@pytest.fixture
def filled_store(cli, messages, tmp_path) -> Path:
    path = tmp_path / "priors.db"
    assert cli("convert", messages, "--store", path, "--quiet").code == 0
    return path
