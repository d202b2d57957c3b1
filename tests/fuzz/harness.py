"""Runs one target under atheris (``pip install atheris``; Linux).

``python tests/fuzz/fuzz_reader.py -max_total_time=60``: the options are libFuzzer's. New inputs are remembered in
``.cache/fuzz``; one that breaks something is saved in ``tests/fuzz/found/<target>`` and replayed by the tests.
"""

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent

__all__ = ["run"]


def run(name: str) -> None:
    """Fuzz a target with the options of the command line."""
    sys.path.insert(0, str(HERE))
    with atheris.instrument_imports(include=["fhir_hr"]):
        import targets
    from seeds import FOUND, seeds

    remembered = HERE.parents[1] / ".cache" / "fuzz" / name
    remembered.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(seeds(name)):
        (remembered / f"seed-{index}").write_bytes(seed)
    (FOUND / name).mkdir(parents=True, exist_ok=True)
    options = [
        f"-artifact_prefix={FOUND / name}/",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-max_len=20000",
        *sys.argv[1:],
    ]
    atheris.Setup([sys.argv[0], *options, str(remembered)], targets.TARGETS[name])
    atheris.Fuzz()
