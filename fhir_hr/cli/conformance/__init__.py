"""``fhir-hr conformance``: hold any program to the decision vectors."""

from __future__ import annotations

import argparse

from fhir_hr.cli.conformance import run, serve, vectors

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its parts."""
    parser = commands.add_parser(
        "conformance",
        help="一致性检验 · hold a program to the decision vectors",
        description="Hold a program in any language to the decision vectors of all packs.",
    )
    parts = parser.add_subparsers(title="parts", metavar="PART", required=True)
    for module in (run, serve, vectors):
        module.add_parser(parts)
