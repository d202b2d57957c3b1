"""``fhir-hr rules index``: signed packs and lists laid out as a site, with the index that clients ask for."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import read_bytes, write_files
from fhir_hr.cli.rules.packs import read_moment, serial_number
from fhir_hr.cli.rules.sign import beside
from fhir_hr.errors import UsageError
from fhir_hr.rules.publishing import MANIFEST, build_site

__all__ = ["add_parser", "run"]

_PUBLISHER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "index",
        help="发布目录 · lay out signed packs as a site with its index",
        description="把已签名的规则包和快速名单排成可发布的目录，并写出索引 index.json。"
        " Lay out signed packs and lists as a site.",
        epilog="Sign DIR/index.json next, then copy DIR to a web server or a shared folder.",
    )
    parser.add_argument("packs", nargs="+", metavar="FOLDER", help="folder of a built and signed pack")
    parser.add_argument("--lane", metavar="FILE", action="append", default=[], help="signed list; may be repeated")
    parser.add_argument("--publisher", metavar="NAME", required=True, help="short name: a-z, digits and -")
    parser.add_argument("--jurisdiction", metavar="CODE", required=True, help="for which it speaks: cn-51")
    parser.add_argument(
        "--serial", type=serial_number, metavar="N", required=True, help="higher than that of the index before"
    )
    parser.add_argument("--issued", metavar="TIME", help="moment of issue (default: now)")
    parser.add_argument("--expires", metavar="TIME", required=True, help="after it, clients say that it may be stale")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Write the site."""
    zh = choose_language(options.lang) == "zh"
    if not _PUBLISHER.fullmatch(options.publisher):
        msg = (
            f"--publisher {options.publisher[:40]!r}：只能用 a-z、数字和 -，最多 64 个"
            " · a short name of a-z, digits and - is needed"
        )
        raise UsageError(msg)
    site = build_site(
        [_files(Path(name)) for name in options.packs],
        [_signed(Path(name)) for name in options.lane],
        publisher=options.publisher,
        jurisdiction=options.jurisdiction,
        serial=options.serial,
        issued=read_moment(options.issued, "--issued").replace(microsecond=0),
        expires=read_moment(options.expires, "--expires"),
    )
    write_files(Path(options.out), site)
    packs, lanes = len(options.packs), len(options.lane)
    told = f"{packs} 个规则包，{lanes} 份名单" if zh else f"{packs} packs, {lanes} lists"
    console().print(f"{Path(options.out).as_posix()}/index.json: {told}", soft_wrap=True)
    return Exit.OK


def _files(folder: Path) -> dict[str, bytes]:
    if not (folder / MANIFEST).is_file():
        msg = f"there is no {MANIFEST} in {folder.as_posix()!r}; build and sign the pack first"
        raise UsageError(msg)
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): read_bytes(path, "file") for path in found}


def _signed(path: Path) -> tuple[bytes, bytes]:
    return read_bytes(path, "list"), read_bytes(beside(path), "signatures")
