"""``fhir-hr rules keygen``: a new key pair, and its lines for a trust file."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import read_bytes, write_file
from fhir_hr.errors import UsageError
from fhir_hr.rules.publishing import Alg, new_key

__all__ = ["add_parser", "password_of", "run"]

_HEAD = 'format = "fhir-hr-trust/1"\nrequire = ["Ed25519"]\n'


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "keygen",
        help="生成密钥 · make a key pair",
        description="生成签名密钥，并给出可信名单（trust.toml）中应写的内容。 Make a key pair for signing packs.",
        epilog="Writes NAME.key.pem (only its owner may read it) and NAME.pub.pem; neither is ever replaced.",
    )
    parser.add_argument("name", metavar="NAME", help="where to write, without ending: keys/sichuan-2026")
    parser.add_argument("--alg", choices=[str(each) for each in Alg], default=str(Alg.ED25519), help="algorithm")
    parser.add_argument("--jurisdiction", metavar="CODE", default="cn-51*", help="for the lines that are printed")
    parser.add_argument("--trust", metavar="FILE", help="add the key to this trust file; made when it does not exist")
    parser.add_argument("--password-file", metavar="FILE", help="encrypt the private key with the first line of FILE")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Make the key and print what a trust file needs."""
    language = choose_language(options.lang)
    password = password_of(options)
    key = new_key(Alg(options.alg), entropy=os.urandom(48))
    private, public = Path(f"{options.name}.key.pem"), Path(f"{options.name}.pub.pem")
    write_file(private, key.private_pem(password), mode=0o600, replace=False)
    write_file(public, key.public.pem(), replace=False)
    pem = key.public.pem().decode()
    lines = ("[[keys]]", f'name = "{Path(options.name).name}"', f'kid = "{key.public.kid}"')
    entry = "\n".join((*lines, f'public = """\n{pem}"""', f'jurisdictions = ["{options.jurisdiction}"]')) + "\n"
    out = console()
    zh = language == "zh"
    if zh:
        out.print(f"私钥 {private.name}（切勿外传），公钥 {public.name}", soft_wrap=True)
    else:
        out.print(f"private key {private.name} (keep it secret), public key {public.name}", soft_wrap=True)
    if options.trust is None:
        out.print("可信名单 trust.toml 中写：\n" if zh else "in trust.toml:\n")
        out.print(entry, end="")
        return Exit.OK
    trust = Path(options.trust)
    there = read_bytes(trust, "trust file").decode("utf-8", "replace") if trust.exists() else _HEAD
    write_file(trust, f"{there.rstrip()}\n\n{entry}".encode())
    out.print(f"{trust.name}: {'已加入' if zh else 'added'} {key.public.kid}", soft_wrap=True)
    return Exit.OK


def password_of(options: argparse.Namespace) -> bytes | None:
    """Return the password: the first line of the file that was named, if one was.

    Raises:
        UsageError: the file cannot be read, or its first line is empty.
    """
    if options.password_file is None:
        return None
    password = read_bytes(Path(options.password_file), "password file").partition(b"\n")[0].rstrip(b"\r")
    if not password:  # an empty one would leave the key as it is: not encrypted
        msg = "--password-file：第一行是空的 · the first line of the password file is empty"
        raise UsageError(msg)
    return password
