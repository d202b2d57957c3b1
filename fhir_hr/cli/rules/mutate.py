"""``fhir-hr rules mutate``: would the vectors notice if a check, an edge or a row were wrong?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from fhir_hr.cli.console import Language, choose_language, complain, console, told, tracked
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.junit import JUnitCase, write_junit
from fhir_hr.cli.rules.packs import add_packs, as_given, folders_of
from fhir_hr.errors import DataFileError
from fhir_hr.testing.mutants import MutationReport, mutate_pack

__all__ = ["add_parser", "run"]

_SHOWN = 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "mutate",
        help="变异测试 · would the vectors notice a wrong pack?",
        description="逐处改错规则包（去掉一条检查、时限差一秒、效果改写等），看判断用例能否发现。"
        " Change the pack in one place at a time; a change that no vector notices is a survivor.",
        epilog="Exit code 1 when a change survives, or a vector fails on the pack as it is; 4 when one is broken.",
    )
    add_packs(parser)
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.add_argument("--all", action="store_true", help="list the changes that cannot matter too, with the reason")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Mutate all packs."""
    language = choose_language(options.lang)
    reports: list[tuple[Path, MutationReport]] = []
    broken = 0
    for folder in tracked(folders_of(options), "mutate"):
        try:
            reports.append((folder, mutate_pack(folder)))
        except DataFileError as error:
            broken += 1
            complain(f"{as_given(folder)}: {told(error, language)}")
    if options.junit is not None:
        write_junit(options.junit, _cases(reports))
    _show(reports, language, everything=options.all)
    if broken:
        return Exit.DATA
    return Exit.OK if all(report.ok for _, report in reports) else Exit.FINDINGS


def _cases(reports: Sequence[tuple[Path, MutationReport]]) -> list[JUnitCase]:
    cases = []
    for folder, report in reports:
        name = as_given(folder)
        cases += [JUnitCase(suite=name, name=one, failure="no vector notices this change") for one in report.survivors]
        cases += [JUnitCase(suite=name, name=str(one.vector.name), failure=str(one)) for one in report.failing]
        cases.append(JUnitCase(suite=name, name=f"{report.killed} of {report.total} changes are noticed"))
    return cases


def _show(reports: Sequence[tuple[Path, MutationReport]], language: Language, *, everything: bool) -> None:
    from rich.table import Table

    zh = language == "zh"
    out = console()
    for folder, report in reports:
        name = as_given(folder)
        for failure in report.failing:
            out.print(f"{name}: {'用例不符' if zh else 'a vector fails'}: {failure}", soft_wrap=True)
        shown = report.survivors if everything else report.survivors[:_SHOWN]
        for survivor in shown:
            out.print(f"{name}: {'没有用例发现' if zh else 'no vector notices'}: {survivor}", soft_wrap=True)
        if len(shown) < len(report.survivors):
            rest = len(report.survivors) - len(shown)
            out.print(f"{name}: … {f'另有 {rest} 处（--all）' if zh else f'{rest} more (--all)'}", soft_wrap=True)
        for same in report.equivalent if everything else ():
            out.print(f"{name}: {'改了也一样' if zh else 'cannot matter'}: {same.name}: {same.reason}", soft_wrap=True)
    table = Table(pad_edge=False)
    headings = (
        ("规则包", "用例", "改动", "被发现", "改了也一样", "未发现")
        if zh
        else ("pack", "vectors", "changes", "noticed", "no matter", "survive")
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for folder, report in reports:
        numbers = (report.vectors, report.total, report.killed, len(report.equivalent), len(report.survivors))
        table.add_row(as_given(folder), *(str(each) for each in numbers))
    out.print(table)
