"""``fhir-hr validate``: what the library checks before it writes, on any Bundle."""

from __future__ import annotations

import argparse

import msgspec

from fhir_hr.cli.console import choose_language, console, tracked, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.files import find_inputs, read_input
from fhir_hr.issues import Issue, Severity
from fhir_hr.render import Release
from fhir_hr.render.check import check_bytes

__all__ = ["add_parser", "run"]

_LIMIT = 64 << 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "validate",
        help="校验 FHIR · check Bundles: schema, profiles, references",
        description="Check FHIR Bundles: JSON, schema, our profiles, references inside the Bundle, bound codes.",
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="file, folder, or - for standard input")
    parser.add_argument("--release", default="R4", choices=("R4", "R5"), help="FHIR release (default R4)")
    parser.add_argument("--json", action="store_true", help="print one JSON line per file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Check all files; :attr:`Exit.FINDINGS` when one has an error or cannot be read."""
    language = choose_language(options.lang)
    release = Release(options.release)
    errors = files = 0
    out = console()
    for each in tracked(find_inputs(options.paths), "validate", quiet=options.json):
        data = read_input(each.source, limit=_LIMIT)
        issues = [data] if isinstance(data, Issue) else check_bytes(data, release=release)
        files += 1
        errors += sum(issue.severity is Severity.ERROR for issue in issues)
        if options.json:
            write_bytes(msgspec.json.encode({"source": each.source, "issues": issues}) + b"\n")
        else:
            for issue in issues:
                out.print(f"{each.source}: {issue}", soft_wrap=True)
    if not options.json:
        told = f"{files} 个文件，{errors} 个错误" if language == "zh" else f"{files} files, {errors} errors"
        out.print(f"{release.value}: {told}")
    return Exit.FINDINGS if errors or not files else Exit.OK
