"""``fhir-hr rules lint``: everything that is wrong, doubtful or idle in a pack, with file and line."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fhir_hr.cli.console import Language, choose_language, console, tracked, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import clean
from fhir_hr.cli.rules.packs import add_packs, as_given, folders_of, read_folder, read_moment
from fhir_hr.issues import Severity
from fhir_hr.rules.advice import Advice, advise

__all__ = ["add_parser", "run"]

_SEVERITY = {
    "zh": {Severity.ERROR: "错误", Severity.WARNING: "警告", Severity.INFORMATION: "提示"},
    "en": {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "info"},
}
_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFORMATION: "dim"}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "lint",
        help="检查规则包 · what is wrong or doubtful in a pack",
        description="检查规则包：缺漏、重叠、用不到的规则、错误的代码与日期，逐条指出文件和行。"
        " Say all that is wrong, doubtful or idle, with file and line.",
        epilog="Exit code 1 when there is an error; with --strict also when there is a warning.",
    )
    add_packs(parser)
    parser.add_argument("--as-of", metavar="DATE", help="day that dates are compared with (default: today)")
    parser.add_argument("--strict", action="store_true", help="a warning counts as an error")
    parser.add_argument("--all", action="store_true", help="list the information too, not only its number")
    parser.add_argument("--json", action="store_true", help="print one JSON line per finding")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Check all packs."""
    language = choose_language(options.lang)
    as_of = read_moment(options.as_of, "--as-of")
    found: list[tuple[Path, tuple[Advice, ...]]] = []
    for folder in tracked(folders_of(options), "lint", quiet=options.json):
        found.append((folder, advise(read_folder(folder), as_of=as_of)))
    if options.json:
        for folder, advices in found:
            for one in advices:
                plain = {"pack": as_given(folder), **msgspec.to_builtins(one)}
                write_bytes(msgspec.json.encode(plain) + b"\n")
    else:
        _show(found, language, everything=options.all)
    counts = Counter(one.severity for _, advices in found for one in advices)
    bad = counts[Severity.ERROR] or (options.strict and counts[Severity.WARNING])
    return Exit.FINDINGS if bad else Exit.OK


def _show(found: Sequence[tuple[Path, Sequence[Advice]]], language: Language, *, everything: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    words = _SEVERITY[language]
    for folder, advices in found:
        out.print(Text(clean(as_given(folder)), style="bold"), soft_wrap=True)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        hidden = 0
        for one in advices:
            if one.severity is Severity.INFORMATION and not everything:
                hidden += 1
                continue
            gravity = Text(f"  {words[one.severity]}", style=_STYLE[one.severity])
            table.add_row(gravity, clean(one.place), clean(one.text(language)))
        if table.row_count:
            out.print(table)
        elif not hidden:
            out.print("  没有问题" if language == "zh" else "  nothing to say")
        if hidden:
            told = (
                f"  提示 {hidden} 条（--all 逐条列出）" if language == "zh" else f"  info: {hidden} (--all lists them)"
            )
            out.print(Text(told, style="dim"))
    counts = Counter(one.severity for _, advices in found for one in advices)
    errors, warnings, notes = (counts[each] for each in Severity)
    if language == "zh":
        out.print(f"{len(found)} 个规则包：{errors} 个错误，{warnings} 个警告，{notes} 条提示")
    else:
        out.print(f"{len(found)} packs: {errors} errors, {warnings} warnings, {notes} notes")
