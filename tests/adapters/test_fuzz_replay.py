"""Replays the seeds of the fuzz targets and every input that once broke something; needs no fuzzer."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

from seeds import seeds
from targets import TARGETS

CASES = [(name, index, data) for name in TARGETS for index, data in enumerate(seeds(name))]


@pytest.mark.parametrize(("name", "data"), [(n, d) for n, _, d in CASES], ids=[f"{n}-{i}" for n, i, _ in CASES])
def test_seed(name, data):
    TARGETS[name](data)


def test_the_seeds_reach_results_and_packs():
    from targets import WARM

    assert sum(read.counts.observations for data in seeds("reader") for read in WARM.read(data)) > 20
