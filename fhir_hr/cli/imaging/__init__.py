"""``fhir-hr imaging``: DICOM to FHIR, studies in archives, the mark on the image. One module per command."""

from __future__ import annotations

import argparse

__all__ = ["add_parser"]

_EPILOG = """examples:
  fhir-hr imaging convert STUDY.zip --out out --report report.jsonl
  fhir-hr imaging find --source https://pacs.example/dicom-web --patient-id T0001 --issuer TESTHOSP
  fhir-hr imaging mark FOLDER --statement exam.json --out marked
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands."""
    from fhir_hr.cli.imaging import convert, find, mark

    parser = commands.add_parser(
        "imaging",
        help="影像 · DICOM to FHIR, find studies in archives, mark images",
        description="影像检查：转换、查询、标注。Convert DICOM to FHIR, find studies in archives, mark images.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (convert, find, mark):
        module.add_parser(own)
