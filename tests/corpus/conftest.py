"""The corpus of public messages lies beside the checkout (``../shared/corpus``) and is never part of the project."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from table import CORPUS


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the corpus; without it the tests here name themselves as not run."""
    if not CORPUS.is_dir():
        pytest.skip("not run: the corpus of public messages (../shared/corpus) is not beside this checkout")
    return CORPUS
