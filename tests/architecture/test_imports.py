"""What ``import fhir_hr`` costs, and which packages a use case pulls in."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    *("fhir", "pydantic", "pydicom", "pynetdicom", "requests", "urllib3", "lxml", "yaml", "rich", "jsonschema_rs"),
    *("numpy", "ssl", "socket", "http", "sqlite3", "subprocess", "argparse"),
}
LIMIT_MS = 100

_PROBE = """
import sys, time, json
before = set(sys.modules)
start = time.perf_counter()
{statement}
took = time.perf_counter() - start
print(json.dumps({{"took": took * 1000, "modules": sorted(set(sys.modules) - before)}}))
"""


def _after(statement: str) -> tuple[float, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(statement=statement)], capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    return answer["took"], set(answer["modules"])


def _roots(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def test_the_package_pulls_in_only_itself_and_little_of_the_standard_library():
    _, modules = _after("import fhir_hr")
    allowed = {"fhir_hr", "importlib", "warnings", "__future__", "_imp", "_warnings"}
    assert _roots(modules) - allowed == set()
    assert {name for name in modules if name.startswith("fhir_hr")} == {"fhir_hr", "fhir_hr._version"}


def test_the_import_is_quick():
    # Not a benchmark: ten times what it takes, so that only something heavy is noticed. The best of three counts.
    best = min(_after("import fhir_hr")[0] for _ in range(3))
    assert best < LIMIT_MS, f"import fhir_hr took {best:.0f} ms"


@pytest.mark.parametrize(
    ("statement", "may"),
    [
        ("import fhir_hr.model.lab, fhir_hr.model.decisions", set()),
        ("import fhir_hr.adapters.hl7v2", set()),
        ("import fhir_hr.rules.engine", {"yaml"}),  # packs are written in YAML
        ("import fhir_hr.render", {"jsonschema_rs", "socket"}),  # jsonschema_rs itself loads socket
        ("import fhir_hr.cli.main", {"argparse"}),
    ],
)
def test_a_layer_pulls_in_no_more_than_it_needs(statement, may):
    _, modules = _after(statement)
    assert _roots(modules) & HEAVY - may == set()


def test_a_command_loads_no_other_command():
    statement = (
        "import contextlib, io\n"
        "from fhir_hr.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(['--lang', 'zh', 'validate', '--help'])"
    )
    _, modules = _after(statement)
    assert "fhir_hr.cli.validate" in modules
    assert not {name for name in modules if name.startswith(("fhir_hr.testing", "fhir_hr.cli.rules", "fhir_hr.rules"))}


@pytest.mark.parametrize("package", ["pydicom", "pynetdicom", "requests", "lxml", "fhir"])
def test_no_module_of_the_package_imports_the_fields_packages_at_its_head(package):
    # All of the package at once: the five are loaded where they are used, inside a function.
    statement = (
        "import pkgutil, importlib, fhir_hr\n"
        "for found in pkgutil.walk_packages(fhir_hr.__path__, 'fhir_hr.'):\n"
        "    if not found.name.endswith('__main__'):\n"
        "        importlib.import_module(found.name)"
    )
    _, modules = _after(statement)
    assert package not in _roots(modules)
