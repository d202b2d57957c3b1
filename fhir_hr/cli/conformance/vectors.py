"""``fhir-hr conformance vectors``: everything that a vendor in another language needs, in one folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.errors import UsageError
from fhir_hr.testing.export import export_kit

__all__ = ["add_parser", "run"]


def add_parser(parts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the part and its options."""
    parser = parts.add_parser(
        "vectors",
        help="导出判定用例 · export vectors, schemas and compiled packs",
        description="Write vectors, bases, requests with expected answers, schemas and compiled packs into a folder.",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="new or empty folder to write to")
    parser.add_argument("--rules", metavar="DIR", help="folder of packs and vectors (default: those that ship)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Write the folder."""
    folder = Path(options.out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{options.out!r} is not a new or empty folder"
        raise UsageError(msg)
    done = export_kit(folder, root=Path(options.rules) if options.rules else None)
    told = (
        f"{done.vectors} 条判定用例、{done.packs} 个规则包写入 {options.out}"
        if choose_language(options.lang) == "zh"
        else f"{done.vectors} vectors and {done.packs} packs written to {options.out}"
    )
    console().print(told, soft_wrap=True)
    return Exit.OK
