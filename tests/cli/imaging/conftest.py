"""The command, with room for the columns of studies."""

from __future__ import annotations

import pytest


@pytest.fixture
def cli(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    return cli
