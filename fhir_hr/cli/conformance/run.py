"""``fhir-hr conformance run``: ask a program every vector and report."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from fhir_hr.cli.conformance.junit import junit
from fhir_hr.cli.conformance.page import page
from fhir_hr.cli.console import Language, choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import clean, write_file
from fhir_hr.errors import StoreError, UsageError
from fhir_hr.testing.conformance import SuiteResult, load_suite, run_suite
from fhir_hr.testing.program import Limits

__all__ = ["add_parser", "run"]

_SHOWN = 20
_LONGEST = 86_400.0
_EPILOG = """the program is started once. It reads one JSON request a line on standard input and
writes one JSON answer a line on standard output, in the same order; it may log on
standard error. The folder of the compiled packs is in the environment variable
FHIR_HR_PACKS (<pack id>.json). Formats: docs/reference/vectors.md
exit code 0: every vector answered as expected; 1: not
"""


def add_parser(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the part and its options."""
    parser = parts.add_parser(
        "run",
        help="检验一个程序 · ask a program every vector",
        description="Ask a program every vector; report what it answered otherwise.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.add_argument("--html", metavar="FILE", help="write a report as one page")
    parser.add_argument("--packs", metavar="DIR", help="where to put the compiled packs (default: a temporary folder)")
    parser.add_argument("--rules", metavar="DIR", help="folder of packs and vectors (default: those that ship)")
    parser.add_argument("--pack", metavar="ID", action="append", help="only vectors of this pack; may be repeated")
    parser.add_argument(
        "--answer-timeout", type=float, default=10.0, metavar="S", help="seconds to wait for the next answer (10)"
    )
    parser.add_argument("--timeout", type=float, default=600.0, metavar="S", help="seconds to wait for all (600)")
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the program and its arguments")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Run the vectors; :attr:`Exit.FINDINGS` when one is answered otherwise, or anything else is wrong."""
    limits = _limits(options)
    command = options.program[1:] if options.program[:1] == ["--"] else options.program
    suite = load_suite(Path(options.rules) if options.rules else None, packs=options.pack or ())
    if not suite.vectors:
        msg = "there is no vector for these packs"
        raise UsageError(msg)
    with tempfile.TemporaryDirectory(prefix="fhir-hr-packs-") as scratch:
        folder = Path(options.packs) if options.packs else Path(scratch)
        result = run_suite(suite, command, packs=folder.resolve(), limits=limits)
    failure: StoreError | None = None
    for path, text in ((options.junit, junit), (options.html, page)):
        try:
            if path:
                write_file(Path(path), clean(text(result)).encode("utf-8", "replace"))
        except StoreError as error:  # what was found is told all the same: a run may take minutes
            failure = error
    _show(result, choose_language(options.lang))
    if failure is not None:
        raise failure
    return Exit.OK if result.ok else Exit.FINDINGS


def _limits(options: argparse.Namespace) -> Limits:
    for name in ("answer_timeout", "timeout"):
        if not 0 < getattr(options, name) <= _LONGEST:
            msg = f"--{name.replace('_', '-')} must be more than 0 and at most {_LONGEST:g} seconds"
            raise UsageError(msg)
    return Limits(answer=options.answer_timeout, total=options.timeout)


def _show(result: SuiteResult, language: Language) -> None:
    out = console()
    failed = [case for case in result.cases if not case.passed]
    for case in failed[:_SHOWN]:
        out.print(clean(f"✗ {case.id}  {case.vector.name}"), soft_wrap=True)
        for said in case.differences:
            out.print(clean(f"    {said}"), soft_wrap=True)
    if len(failed) > _SHOWN:
        rest = len(failed) - _SHOWN
        out.print(f"… 另有 {rest} 条" if language == "zh" else f"… and {rest} more")
    for problem in result.problems:
        out.print(clean(f"! {problem}"), soft_wrap=True)
    for group, (passed, every) in result.by_group().items():
        out.print(f"{'✓' if passed == every else '✗'} {group}: {passed}/{every}", soft_wrap=True)
    total = len(result.cases)
    told = (
        f"{total} 条判定用例，{result.passed} 条一致，{total - result.passed} 条不一致，用时 {result.seconds:.1f} 秒"
        if language == "zh"
        else f"{total} vectors, {result.passed} as expected, {total - result.passed} not, {result.seconds:.1f} s"
    )
    out.print(told)
