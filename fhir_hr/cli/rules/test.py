"""``fhir-hr rules test``: are the vectors beside a pack answered as they expect?"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from fhir_hr.cli.console import Language, choose_language, complain, console, told, tracked
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.junit import JUnitCase, write_junit
from fhir_hr.cli.rules.output import clean
from fhir_hr.cli.rules.packs import add_packs, as_given, folders_of
from fhir_hr.errors import DataFileError
from fhir_hr.testing.running import Report, run_vectors, vectors_of
from fhir_hr.testing.vectors import Vector

__all__ = ["add_parser", "run"]

_DIFFERENCE = re.compile(r"(\w+): expected (.*), got (.*)", re.DOTALL)
_NAMES_ZH = {
    "outcome": "结论",
    "force": "约束力",
    "codes": "理由代码",
    "effects": "效果",
    "missing": "缺少的事实",
    "expires": "到期时间",
}
_OUTCOMES_ZH = {
    "must": "must（应当互认）",
    "may": "may（可以互认）",
    "not": "not（不予互认）",
    "indeterminate": "indeterminate（无法判断）",
    "none": "none（无）",
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "test",
        help="测试规则包 · run a pack's decision vectors",
        description="逐条运行规则包 tests/ 下的判断用例。Run the decision vectors in the folder tests/ of each pack.",
        epilog="Exit code 1 when a vector is answered otherwise than expected, or there is none; 4 when one is broken.",
    )
    add_packs(parser)
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Run the vectors of all packs."""
    language = choose_language(options.lang)
    reports: list[tuple[Path, Report, Sequence[Vector]]] = []
    broken = 0
    for folder in tracked(folders_of(options), "test"):
        try:
            reports.append((folder, *_run(folder)))
        except DataFileError as error:
            broken += 1
            complain(f"{as_given(folder)}: {told(error, language)}")
    if options.junit is not None:
        write_junit(options.junit, _cases(reports))
    _show(reports, language)
    if broken:
        return Exit.DATA
    return Exit.OK if all(report.ok for _, report, _ in reports) else Exit.FINDINGS


def _run(folder: Path) -> tuple[Report, Sequence[Vector]]:
    if not (folder / "tests" / "base.json").is_file():
        return Report(vectors=0, failures=(), met=frozenset()), ()
    shelf, vectors = vectors_of(folder)
    return run_vectors(vectors, shelf), vectors


def _cases(reports: Sequence[tuple[Path, Report, Sequence[Vector]]]) -> list[JUnitCase]:
    cases = []
    for folder, report, vectors in reports:
        wrong = {failure.vector.where: failure for failure in report.failures}
        for vector in vectors:
            failure = wrong.get(vector.where)
            said = None if failure is None else f"{vector.where}: {'; '.join(failure.differences)}"
            cases.append(JUnitCase(suite=as_given(folder), name=vector.name, failure=said))
        if not vectors:
            cases.append(JUnitCase(suite=as_given(folder), name="vectors", failure="the pack has no vectors"))
    return cases


def _chinese(difference: str) -> str:
    found = _DIFFERENCE.fullmatch(difference)
    if found is None:
        return difference
    name, expected, got = found.groups()
    return f"{_NAMES_ZH.get(name, name)}：应为 {_word(expected)}，得到 {_word(got)}"


def _word(value: str) -> str:
    return _OUTCOMES_ZH.get(value, value)


def _show(reports: Sequence[tuple[Path, Report, Sequence[Vector]]], language: Language) -> None:
    from rich.table import Table

    zh = language == "zh"
    out = console()
    for folder, report, _ in reports:
        for failure in report.failures:
            out.print(f"{as_given(folder)}/tests/{failure.vector.where}", soft_wrap=True)
            out.print(clean(f"  {failure.vector.name}"), soft_wrap=True)
            for said in failure.differences:
                out.print(clean(f"    {_chinese(said) if zh else said}"), soft_wrap=True)
    table = Table(pad_edge=False)
    for number, heading in enumerate(("规则包", "用例", "不符", "") if zh else ("pack", "vectors", "failed", "")):
        table.add_column(heading, justify="right" if number in (1, 2) else "left", overflow="fold")
    for folder, report, _ in reports:
        if not report.vectors:
            told = "没有用例" if zh else "no vectors"
        else:
            told = ("通过" if zh else "passed") if report.ok else ("未通过" if zh else "failed")
        table.add_row(as_given(folder), str(report.vectors), str(len(report.failures)), told)
    out.print(table)
