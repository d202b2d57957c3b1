"""``fhir-hr rules sign``: detached signatures beside a manifest, an index or a lane."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.keygen import password_of
from fhir_hr.cli.rules.output import read_bytes, write_file
from fhir_hr.errors import UsageError
from fhir_hr.rules.publishing import MANIFEST, SIGNATURES, load_signing_key, sign_manifest, signatures_beside

__all__ = ["add_parser", "beside", "run", "signed_file"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "sign",
        help="签名 · sign manifests, indexes and lanes",
        description="为清单（manifest.json）、索引（index.json）或快速名单签名；已有的其他签名保留。"
        " Sign files; signatures of other keys stay.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folder of a built pack, or a file to be signed")
    parser.add_argument("--key", metavar="FILE", action="append", required=True, help="private key; may be repeated")
    parser.add_argument("--password-file", metavar="FILE", help="password of the keys: the first line of FILE")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Sign every file with every key."""
    zh = choose_language(options.lang) == "zh"
    password = password_of(options)
    keys = [load_signing_key(read_bytes(Path(name), "key"), password=password) for name in options.key]
    out = console()
    for name in options.paths:
        path = signed_file(Path(name))
        target = beside(path)
        there = read_bytes(target, "signatures") if target.exists() else None
        write_file(target, sign_manifest(read_bytes(path, "file"), keys, signatures=there))
        kids = ", ".join(f"{key.public.alg} {key.public.kid}" for key in keys)
        out.print(f"{target.as_posix()}: {'已签名' if zh else 'signed'} {kids}", soft_wrap=True)
    return Exit.OK


def signed_file(path: Path) -> Path:
    """Return the file that a path means: itself, or the manifest in a folder.

    Raises:
        UsageError: there is no such file.
    """
    found = path / MANIFEST if path.is_dir() else path
    if not found.is_file():
        msg = f"there is no {found.name} at {path.as_posix()!r}"
        raise UsageError(msg)
    return found


def beside(path: Path) -> Path:
    """Return where the signatures of a file stand."""
    return path.with_name(SIGNATURES if path.name == MANIFEST else signatures_beside(path.name))
