"""``fhir-hr rules explain``: one candidate judged, told to the physician in a sentence and to the auditor in full."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from fhir_hr.cli.console import Language, choose_language, console, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.candidates import read_facts
from fhir_hr.cli.rules.output import clean
from fhir_hr.cli.rules.packs import load_any
from fhir_hr.errors import UsageError
from fhir_hr.model.decisions import Decision, RecognitionOutcome
from fhir_hr.rules.engine import decide
from fhir_hr.rules.explain import explain
from fhir_hr.rules.hindrances import hindrances
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.plain_words import joined, word
from fhir_hr.rules.reasons import reason_texts
from fhir_hr.rules.tables_of import item_system_of
from fhir_hr.testing.facts import Case
from fhir_hr.testing.running import vectors_of
from fhir_hr.testing.shelf import case_of

__all__ = ["add_parser", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "explain",
        help="解释结论 · why is a candidate judged so, and what stands in the way of MUST?",
        description="判断一例，并说明理由：给医师的一句话、给审核者的全部依据、以及怎样才会“应当互认”。"
        " Judge one candidate and tell why.",
    )
    parser.add_argument("packs", nargs="+", metavar="PACK", help="folder, compiled .json, or name of one that ships")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--facts", metavar="FILE", help="the candidate: flat facts as one JSON object")
    given.add_argument("--vector", metavar="NAME", help="a vector of the first pack's folder, by its name or line")
    parser.add_argument("--base", metavar="FILE", help="facts that hold where --facts does not say otherwise")
    parser.add_argument("--json", action="store_true", help="print the decision as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Judge and explain."""
    language = choose_language(options.lang)
    packs: tuple[Pack, ...] = tuple(load_any(name) for name in options.packs)
    if options.vector is not None:
        case, asked = _vector(Path(options.packs[0]), options.vector)
        packs = asked if len(packs) == 1 else packs
    else:
        case = read_facts(options.facts, item_system=item_system_of(packs[0].content), base=options.base)
    decision = decide(case.item, case.prior, order=case.order, packs=packs, identity=case.identity)
    if options.json:
        plain = {"decision": msgspec.to_builtins(decision), "hindrances": msgspec.to_builtins(hindrances(decision))}
        write_bytes(msgspec.json.encode(plain) + b"\n")
    else:
        _show(decision, language)
    return Exit.OK


def _vector(folder: Path, name: str) -> tuple[Case, tuple[Pack, ...]]:
    if not (folder / "tests").is_dir():
        msg = f"--vector needs the folder of a pack with tests, and {str(folder)!r} is none"
        raise UsageError(msg)
    shelf, vectors = vectors_of(folder)
    for vector in vectors:
        if name in (vector.name, vector.where, str(vector.line)):
            packs = shelf.packs_of(vector)
            return case_of(vector, packs), packs
    msg = f"--vector: there is none named {name[:60]!r}"
    raise UsageError(msg)


def _show(decision: Decision, language: Language) -> None:
    from rich.text import Text

    zh = language == "zh"
    out = console()

    def section(title: str) -> None:
        out.print(Text(title, style="bold"))

    section("给医师" if zh else "For the physician")
    out.print(clean(explain(decision, language)), soft_wrap=True)
    out.print()
    section("怎样才会“应当互认”" if zh else "What would make it MUST")
    for line in _ways(decision, language):
        out.print(f"  {line}", soft_wrap=True)
    out.print()
    section("给审核者" if zh else "For the auditor")
    out.print(clean(explain(decision, language, audience="auditor")), soft_wrap=True)


def _ways(decision: Decision, language: Language) -> list[str]:
    zh = language == "zh"
    if decision.outcome is RecognitionOutcome.MUST:
        return ["已是“应当互认”" if zh else "it is MUST already"]
    lines = []
    for one in hindrances(decision):
        if one.code is None or one.effect is None:
            lines.append("没有任何规则使它“应当互认”" if zh else "nothing obliges here")
            continue
        text = reason_texts()[one.code]
        name, facts = (text.zh if zh else text.en), joined(one.facts, language)
        if one.removable:
            told = f"查明 {facts}" if zh else f"find out {facts}"
        elif facts:
            told = f"须由主管部门或更完整的规则包给出 {facts}" if zh else f"only the authority can supply {facts}"
        else:
            told = "事实如此，补充资料不能改变" if zh else "so it is; no further fact changes it"
        lines.append(f"[{word(one.effect, language)}] {one.code} {name}{'：' if zh else ': '}{told}")
    return lines
