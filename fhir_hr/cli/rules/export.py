"""``fhir-hr rules export``: packs as FHIR packages."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import write_file
from fhir_hr.cli.rules.packs import add_packs, folders_of, load_folder
from fhir_hr.outputs.packs import export_pack
from fhir_hr.render import Release

__all__ = ["add_parser", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "export",
        help="导出 FHIR · packs as FHIR packages",
        description="把规则包写成 FHIR 包：Library、CodeSystem、ValueSet、Organization、OrganizationAffiliation。"
        " Write packs as FHIR packages.",
    )
    add_packs(parser)
    parser.add_argument("--release", default="R4", choices=("R4", "R5"), help="FHIR release (default R4)")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Write one package for each pack."""
    zh = choose_language(options.lang) == "zh"
    out = console()
    for folder in folders_of(options):
        made = export_pack(load_folder(folder).content, release=Release(options.release))
        write_file(Path(options.out) / made.name, made.data)
        count = f"{len(made.resources)} 个资源" if zh else f"{len(made.resources)} resources"
        out.print(f"{made.name}: {count}, {len(made.data)} bytes", soft_wrap=True)
    return Exit.OK
