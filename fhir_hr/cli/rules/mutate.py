"""``fhir-hr rules mutate``: would the vectors notice if a check, an edge or a row were wrong?"""

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
from fhir_hr.rules.diff.fields import field_words
from fhir_hr.rules.plain_words import pair
from fhir_hr.rules.vocabulary import CheckKind
from fhir_hr.testing.mutants import MutationReport, mutate_pack

__all__ = ["add_parser", "run"]

_SHOWN = 20
_PART = re.compile(r"([\w-]+)\[([^\]]*)\]")
_INDEX = re.compile(r"\[[^\]]*\]")
_SHIFT = re.compile(r"(\w+) ([+-])(\d+) s")
_TIMES = {"order": "开单时间", "performed": "采集或检查时间", "reported": "报告时间"}
_WHAT = {"dropped": "整条去掉", "none": "改为空"}


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
    parser.add_argument("--all", action="store_true", help="list every survivor, and the changes that cannot matter")
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


def in_chinese(name: str) -> str:
    """Return the name of a change in Chinese, with the name itself.

    Example:
        >>> in_chinese("identity[0].on_unknown.effect: note")
        '第 1 条检查“身份核对”，不明时、效果：改为“仅提示”（identity[0].on_unknown.effect: note）'
    """
    place, _, what = name.partition(": ")
    first, *rest = place.split(".")
    found = _PART.fullmatch(first)
    part, at = (found.group(1), found.group(2)) if found else (first, None)
    where = field_words(part)[0]
    if at is not None:
        check = part in {kind.value for kind in CheckKind}
        where = f"第 {int(at) + 1} 条检查“{where}”" if check and at.isdigit() else f"{where} {at}"
    if rest:
        where += "，" + "、".join(field_words(_INDEX.sub("", field))[0] for field in rest)
    said = f"改为“{pair(what)[0]}”" if rest[-1:] == ["effect"] else _what(what)
    return f"{where}：{said}（{name}）"


def _what(what: str) -> str:
    if what in _WHAT:
        return _WHAT[what]
    shift = _SHIFT.fullmatch(what)
    if shift is not None:
        return (
            f"{_TIMES.get(shift.group(1), shift.group(1))}{'晚' if shift.group(2) == '+' else '早'} {shift.group(3)} 秒"
        )
    for begin, zh in (("without ", "去掉 "), ("also ", "也认可 ")):
        if what.startswith(begin):
            return zh + what.removeprefix(begin)
    return f"改为 {what}"


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
            said = f"没有用例发现：{in_chinese(survivor)}" if zh else f"no vector notices: {survivor}"
            out.print(clean(f"{name}: {said}"), soft_wrap=True)
        if len(shown) < len(report.survivors):
            rest = len(report.survivors) - len(shown)
            out.print(f"{name}: … {f'另有 {rest} 处（--all）' if zh else f'{rest} more (--all)'}", soft_wrap=True)
        for same in report.equivalent if everything else ():
            said = f"改了也一样：{in_chinese(same.name)}" if zh else f"cannot matter: {same.name}"
            out.print(clean(f"{name}: {said}: {same.reason}"), soft_wrap=True)
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
