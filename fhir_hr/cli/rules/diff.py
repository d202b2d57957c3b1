"""``fhir-hr rules diff``: what a new version of a pack changes, in words, and over a file of candidates."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.cli.console import Language, choose_language, console, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.candidates import progress_bar, read_candidates
from fhir_hr.cli.rules.output import clean
from fhir_hr.cli.rules.packs import load_any
from fhir_hr.errors import UsageError
from fhir_hr.rules.diff import GROUPS, Change, Impact, Move, compare, weigh
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.plain_words import word
from fhir_hr.rules.reasons import reason_texts
from fhir_hr.rules.tables_of import item_system_of

__all__ = ["OUTCOMES", "add_parser", "run"]

OUTCOMES = {
    "zh": {"must": "应当互认", "may": "可以互认", "not": "不予互认", "indeterminate": "无法判断"},
    "en": {"must": "must", "may": "may", "not": "not", "indeterminate": "indeterminate"},
}
_SIGN = {"added": "+", "removed": "-", "changed": "~"}
_SHOWN = 30


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "diff",
        help="比较两个版本 · what does the new version change?",
        description="用文字说明新版规则包改了什么：时限、地区、项目、标识、检查、条文等；"
        "给出既往结果文件时，还说明有多少条结论会改变。 Say in words what a new version changes.",
        epilog="A candidate is one line of flat facts as in a pack's vectors (docs: reference/vectors).",
    )
    parser.add_argument("old", metavar="OLD", help="folder of a pack, compiled .json, or the name of one that ships")
    parser.add_argument("new", metavar="NEW", help="the same, of the new version")
    parser.add_argument(
        "--priors", metavar="FILE", help="candidates as JSON lines or .parquet: how many outcomes change?"
    )
    parser.add_argument("--base", metavar="FILE", help="facts that hold where a candidate does not say otherwise")
    parser.add_argument("--json", action="store_true", help="print changes (and effects) as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Compare two versions; a difference is no failure."""
    language = choose_language(options.lang)
    old, new = load_any(options.old), load_any(options.new)
    changes = compare(old.content, new.content)
    impact = None
    if options.priors is not None:
        impact = _weigh(old, new, options)
    if options.json:
        plain: dict[str, Any] = {
            "old": msgspec.to_builtins(old.ref),
            "new": msgspec.to_builtins(new.ref),
            "changes": msgspec.to_builtins(changes),
        }
        if impact is not None:
            plain["impact"] = msgspec.to_builtins(impact)
        write_bytes(msgspec.json.encode(plain) + b"\n")
        return Exit.OK
    _show_changes(old, new, changes, language)
    if impact is not None:
        _show_impact(impact, language)
    return Exit.OK


def _weigh(old: Pack, new: Pack, options: argparse.Namespace) -> Impact:
    name: str = options.priors
    if name.endswith(".parquet"):
        return _weigh_columns(old, new, options)
    system = item_system_of(new.content)
    cases = read_candidates(name, item_system=system, what="diff", base=options.base, quiet=options.json)
    return weigh(old, new, cases)


def _weigh_columns(old: Pack, new: Pack, options: argparse.Namespace) -> Impact:
    from fhir_hr.rules.bulk import change

    if options.base is not None:
        msg = "--base belongs to JSON lines; a Parquet file holds every fact as a column"
        raise UsageError(msg)
    if not Path(options.priors).is_file():
        msg = f"{options.priors!r} could not be read: there is no such file"
        raise UsageError(msg)
    with progress_bar("diff", quiet=options.json) as progress:
        return change((old,), (new,), options.priors, progress=progress)


def _show_changes(old: Pack, new: Pack, changes: Sequence[Change], language: Language) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(clean(f"{old.ref.id} {old.ref.version} → {new.ref.id} {new.ref.version}"), soft_wrap=True)
    if not changes:
        out.print("内容没有不同" if language == "zh" else "the content is the same")
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group, members in groupby(changes, key=lambda change: change.group):
        table.add_row("", Text(GROUPS[group][language == "en"], style="bold"))
        for change in members:
            table.add_row(_SIGN[change.how.value], clean(change.en if language == "en" else change.zh))
    out.print(table)


def _show_impact(impact: Impact, language: Language) -> None:
    from rich.table import Table

    zh = language == "zh"
    out, words = console(), OUTCOMES[language]
    share = 100 * impact.changed / impact.judged if impact.judged else 0
    if zh:
        out.print(f"既往结果 {impact.judged} 条：结论改变 {impact.changed} 条（{share:.1f}%）", end="，")
        out.print(f"结论不变而理由不同 {impact.reasons_only} 条")
    else:
        out.print(f"{impact.judged} candidates: {impact.changed} outcomes change ({share:.1f} %)", end=", ")
        out.print(f"{impact.reasons_only} keep their outcome for other reasons")
    totals = Table(pad_edge=False)
    for number, heading in enumerate(("结论", "旧", "新") if zh else ("outcome", "old", "new")):
        totals.add_column(heading, justify="right" if number else "left")
    for outcome, said in words.items():
        totals.add_row(said, str(impact.before.get(outcome, 0)), str(impact.after.get(outcome, 0)))
    out.print(totals)
    if not impact.moves:
        return
    table = Table(pad_edge=False)
    headings = ("条数", "项目", "由", "变为", "原因") if zh else ("count", "item", "from", "to", "reason")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number else "right", overflow="fold", no_wrap=number in (0, 2, 3))
    for move in impact.moves[:_SHOWN]:
        table.add_row(
            str(move.count), clean(move.item), words[move.before.value], words[move.after.value], _why(move, language)
        )
    out.print(table)
    if len(impact.moves) > _SHOWN:
        rest = len(impact.moves) - _SHOWN
        out.print(f"另有 {rest} 种变化（--json 全部列出）" if zh else f"{rest} more kinds of change (--json has all)")


def _why(move: Move, language: Language) -> str:
    texts = reason_texts()
    zh = language == "zh"
    told = []
    for codes, sign in ((move.come, "+"), (move.gone, "-")):
        told += [f"{sign}{texts[code].zh if zh else texts[code].en}" for code in codes if code in texts]
    return ("；" if zh else "; ").join(told) or word("unknown", language)
