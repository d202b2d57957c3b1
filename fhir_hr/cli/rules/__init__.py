"""``fhir-hr rules``: write, check, compare, publish and read rule packs. One module per command."""

from __future__ import annotations

import argparse

__all__ = ["add_parser"]

_EPILOG = """a pack is a folder with pack.yaml, sources.yaml and tables; start with:
  fhir-hr rules new MY-PACK …       a folder to begin with
  fhir-hr rules lint MY-PACK        what is wrong, doubtful or idle, with file and line
  fhir-hr rules test MY-PACK        are its vectors answered as expected?
  fhir-hr rules diff OLD NEW        what does the new version change?
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands."""
    from fhir_hr.cli.rules import (
        build,
        diff,
        docs,
        explain,
        export,
        fetch,
        index,
        keygen,
        lane,
        lint,
        mutate,
        new,
        sign,
        test,
        verify,
    )

    parser = commands.add_parser(
        "rules",
        help="规则包工具 · lint, test, compare, build, sign and export rule packs",
        description="规则包工具：检查、测试、比较、打包、签名、导出。Write, check and publish rule packs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    making = (new, lint, test, mutate, diff, explain, build, keygen, sign, verify, lane, index)
    for module in (*making, fetch, export, docs):
        module.add_parser(own)
