from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fhir_hr.testing.shelf import rules_root


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of packs that holds the Sichuan laboratory pack and its vectors only."""
    root = tmp_path / "rules"
    shutil.copytree(rules_root() / "cn-51" / "lab", root / "cn-51" / "lab")
    return root
