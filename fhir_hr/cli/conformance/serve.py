"""``fhir-hr conformance serve``: our own engine behind the protocol of the conformance kit."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from fhir_hr.cli.console import complain
from fhir_hr.cli.exits import Exit
from fhir_hr.errors import UsageError
from fhir_hr.rules.load import builtin_packs
from fhir_hr.testing.protocol import PACKS_VARIABLE
from fhir_hr.testing.serving import Engine, read_packs

__all__ = ["add_parser", "run"]

_MOST = 4 << 20


def add_parser(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the part."""
    parser = parts.add_parser(
        "serve",
        help="以本引擎作答 · answer requests with our own engine",
        description="Answer requests on standard input with our own engine, one line each.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:  # noqa: ARG001 - every command is called with its options
    """Answer until standard input ends; :attr:`Exit.FINDINGS` when a request could not be answered."""
    folder = os.environ.get(PACKS_VARIABLE)
    packs = read_packs(Path(folder)) if folder else {pack.content.pack: pack for pack in builtin_packs()}
    engine = Engine(packs)
    code, number = Exit.OK, 0
    while line := sys.stdin.buffer.readline(_MOST):
        number += 1
        if not line.strip():
            continue
        try:
            answer = engine.answer(line)
        except UsageError as error:
            complain(f"line {number}: {error}")
            code = Exit.FINDINGS
            continue
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    return code
