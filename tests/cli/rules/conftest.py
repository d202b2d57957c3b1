"""Folders of packs to run the commands on: begun from the template, and changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fhir_hr.cli.rules.new import new_files


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def pack(tmp_path, monkeypatch) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)

    def make(name: str = "pack", *edits: tuple[str, str, str], mark: str | None = "chuannei-hr") -> Path:
        for path, data in new_files(division="510100", title="测试规则", mark=mark).items():
            target = Path(name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for file, old, new in edits:
            text = (Path(name) / file).read_text("utf-8")
            assert old in text, old
            (Path(name) / file).write_text(text.replace(old, new), "utf-8")
        return Path(name)

    return make
