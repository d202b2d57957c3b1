"""House rules that a parser can see: sizes, docstrings, clock and chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "fhir_hr"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_MODULE, MAX_FUNCTION = 450, 80

CLOCK_AND_CHANCE = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"),
    *("time.localtime", "time.gmtime", "uuid.uuid1", "uuid.uuid4", "os.urandom"),
}
CHANCE_MODULES = {"random", "secrets"}
ABOVE = ("cli", "service", "testing")


def _name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def clock_or_chance(tree: ast.Module) -> Iterator[str]:
    """Names of clocks and sources of chance that a module uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            tail = ".".join(_dotted(node).split(".")[-2:])
            if tail in CLOCK_AND_CHANCE:
                yield tail
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in CLOCK_AND_CHANCE or node.module in CHANCE_MODULES:
                    yield full
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in CHANCE_MODULES)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_module_is_too_long(path):
    assert len(path.read_text("utf-8").splitlines()) <= MAX_MODULE


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_no_function_is_too_long(path):
    functions = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    assert [each.name for each in functions if (each.end_lineno or 0) - each.lineno + 1 > MAX_FUNCTION] == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(_tree(path))


@pytest.mark.parametrize("path", [each for each in MODULES if _name(each).split("/")[0] not in ABOVE], ids=_name)
def test_there_is_no_clock_and_no_chance_below_the_command(path):
    assert list(clock_or_chance(_tree(path))) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import datetime; datetime.datetime.now()", "datetime.now"),
        ("from datetime import datetime; x = datetime.now", "datetime.now"),
        ("from datetime import date; date.today()", "date.today"),
        ("import time; time.time()", "time.time"),
        ("from time import time", "time.time"),
        ("from uuid import uuid4", "uuid.uuid4"),
        ("import uuid; uuid.uuid4()", "uuid.uuid4"),
        ("import random", "random"),
        ("from secrets import token_hex", "secrets.token_hex"),
    ],
)
def test_a_planted_clock_is_found(line, found):
    assert found in list(clock_or_chance(ast.parse(line)))


def test_a_deadline_may_be_measured_and_ids_may_be_named():
    assert list(clock_or_chance(ast.parse("import time, uuid; time.monotonic(); uuid.uuid5(a, b)"))) == []
