"""``fhir-hr rules lane``: suspensions or quality evidence on their own, faster than the pack that they belong to."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import read_bytes, write_file
from fhir_hr.cli.rules.packs import read_moment, serial_number
from fhir_hr.errors import UsageError
from fhir_hr.rules.publishing import LaneKind, build_lane, lane_rows

__all__ = ["add_parser", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "lane",
        help="快速名单 · publish suspensions or quality evidence by themselves",
        description="单独发布暂停名单（suspensions.csv）或质量评价（quality.csv）：整份替换规则包里的同名表，几小时内生效。"
        " Publish a list faster than its pack.",
        epilog="The table is the whole list, not what changed; a header alone lifts everything. Sign the file next.",
    )
    parser.add_argument("table", metavar="TABLE.csv", help="suspensions.csv or quality.csv; the name says which")
    parser.add_argument("--pack", metavar="ID", required=True, help="pack that it belongs to: cn-51-lab")
    parser.add_argument(
        "--serial", type=serial_number, metavar="N", required=True, help="higher than that of the list before"
    )
    parser.add_argument("--issued", metavar="TIME", help="moment of issue (default: now)")
    parser.add_argument("--out", metavar="FILE", required=True, help="file to write, ending in .json")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Write the lane."""
    zh = choose_language(options.lang) == "zh"
    path, out = Path(options.table), Path(options.out)
    kinds = [kind for kind in LaneKind if path.name == f"{kind.value}.csv"]
    if not kinds:
        msg = f"{path.name!r} is neither suspensions.csv nor quality.csv"
        raise UsageError(msg)
    if out.suffix != ".json":
        msg = f"--out {out.name!r} must end in .json"
        raise UsageError(msg)
    rows = lane_rows(kinds[0], read_bytes(path, "table"))
    issued = read_moment(options.issued, "--issued").replace(microsecond=0)
    write_file(out, build_lane(options.pack, kinds[0], rows, serial=options.serial, issued=issued))
    told = f"{len(rows)} 行，第 {options.serial} 次发布" if zh else f"{len(rows)} rows, serial {options.serial}"
    console().print(f"{out.as_posix()}: {told}", soft_wrap=True)
    return Exit.OK
