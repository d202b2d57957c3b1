"""``fhir-hr rules verify``: would a hospital with this trust file take these packs, indexes and lanes?"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

import msgspec

from fhir_hr.cli.console import choose_language, console, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import clean, read_bytes
from fhir_hr.cli.rules.packs import read_moment
from fhir_hr.cli.rules.sign import beside, signed_file
from fhir_hr.errors import PackRefusedError
from fhir_hr.rules.publishing import INDEX, MANIFEST, SIGNATURES, Manifest, Trust, load_trust
from fhir_hr.rules.publishing import verify_index as check_index
from fhir_hr.rules.publishing import verify_lane as check_lane
from fhir_hr.rules.publishing import verify_pack as check_pack
from fhir_hr.rules.publishing.strict_json import read_json

__all__ = ["add_parser", "run"]

FAULTS_ZH = {
    "unreachable": "连接不上",
    "not-found": "缺少文件",
    "too-slow": "超时没有取到",
    "redirected": "被转到别的网址",
    "malformed": "格式不对",
    "too-large": "文件过大",
    "truncated": "文件不完整",
    "path-refused": "文件路径不被允许",
    "link-refused": "不接受链接文件",
    "broken-pack": "规则包内容有误",
    "wrong-vocabulary": "规则词汇版本不符",
    "unknown-key": "签名者不在可信名单中",
    "key-not-valid": "签名密钥不在有效期内",
    "bad-signature": "签名不成立，内容可能被改动",
    "signature-missing": "缺少必须的签名",
    "wrong-jurisdiction": "签名者无权为这一辖区签名",
    "wrong-purpose": "密钥不得用于签这类文件",
    "wrong-digest": "文件与签名时不同",
    "digest-missing": "缺少 SM3 摘要",
    "mismatch": "各部分不属于同一版本",
    "rolled-back": "比已采用的版本旧",
    "serial-reused": "发布号重复而内容不同",
    "not-yet": "尚未到生效时间",
    "store-damaged": "本地的一份已损坏或丢失，未使用",
    "key-withdrawn": "签名的密钥已不在可信名单中，未使用",
    "index-expired": "索引已过有效期，规则可能不是最新",
    "not-listed": "索引中已不再列出",
    "extra-missing": "缺少国密组件，未能再次核对签名",
}
"""Reasons for a refusal in Chinese; the code stands beside."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one file."""

    path: str
    ok: bool
    what: str
    keys: tuple[str, ...] = ()
    fault: str | None = None
    message: str | None = None


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "verify",
        help="验签 · check signatures, digests and who may sign what",
        description="按可信名单核对签名、摘要、辖区与生效时间，说明医院会不会采用。"
        " Check packs as a hospital with this trust file would.",
        epilog="Exit code 1 when something is refused.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="folder of a signed pack, index.json or a lane")
    parser.add_argument("--trust", metavar="FILE", required=True, help="trust file: which key may sign what")
    parser.add_argument("--as-of", metavar="TIME", help="moment of taking it over (default: now)")
    parser.add_argument("--json", action="store_true", help="print one JSON line per file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Check every file."""
    zh = choose_language(options.lang) == "zh"
    path = Path(options.trust)
    trust = load_trust(read_bytes(path, "trust file"), file=path.name)
    at = read_moment(options.as_of, "--as-of")
    found = [_checked(signed_file(Path(name)), trust, at, zh=zh) for name in options.paths]
    out = console()
    for one in found:
        if options.json:
            write_bytes(msgspec.json.encode(one) + b"\n")
            continue
        if one.ok:
            signers = "、".join(one.keys) if zh else ", ".join(one.keys)
            told = f"可采用：{one.what}，签名者 {signers}" if zh else f"good: {one.what}, signed by {signers}"
        elif zh:
            why = (one.message or "").removesuffix(f" ({one.fault})")
            told = f"拒绝：{FAULTS_ZH[one.fault or '']}（{one.fault}）：{why}"
        else:
            told = f"refused: {one.message}"
        out.print(clean(f"{one.path}: {told}"), soft_wrap=True)
    return Exit.OK if all(one.ok for one in found) else Exit.FINDINGS


def _checked(path: Path, trust: Trust, at: datetime, *, zh: bool) -> Checked:
    name = path.as_posix()
    try:
        what, keys = _pack(path, trust, at) if path.name == MANIFEST else _other(path, trust, at, zh=zh)
    except PackRefusedError as error:
        return Checked(path=name, ok=False, what="", fault=str(error.fault), message=error.reason)
    return Checked(path=name, ok=True, what=what, keys=keys)


def _pack(path: Path, trust: Trust, at: datetime) -> tuple[str, tuple[str, ...]]:
    files = {MANIFEST: read_bytes(path, "manifest")}
    manifest = read_json(files[MANIFEST], Manifest, file=MANIFEST, limit=len(files[MANIFEST]))
    # Only plain relative names: what else a manifest names is refused by the check itself.
    for each in (SIGNATURES, *(entry.path for entry in manifest.files)):
        inside = path.parent / each
        if inside.is_file() and inside.resolve().is_relative_to(path.parent.resolve()):
            files[each] = read_bytes(inside, "file")
    verified = check_pack(files, trust=trust, at=at)
    what = f"{manifest.pack} {manifest.version} ({manifest.jurisdiction}, {manifest.serial})"
    return what, tuple(key.name for key in verified.keys)


def _other(path: Path, trust: Trust, at: datetime, *, zh: bool) -> tuple[str, tuple[str, ...]]:
    data = read_bytes(path, "file")
    place = beside(path)
    signatures = read_bytes(place, "signatures") if place.is_file() else b"[]"
    if path.name == INDEX:
        index = check_index(data, signatures, trust=trust, at=at)
        number, until = len(index.packs), index.expires.isoformat()
        what = f"{index.publisher} ({index.jurisdiction}, {index.serial})"
        what += f"，{number} 个规则包，有效期至 {until}" if zh else f", {number} packs, until {until}"
    else:
        lane = check_lane(data, signatures, trust=trust, at=at)
        what = f"{lane.pack} {lane.kind} ({lane.serial})"
        what += f"，{len(lane.rows)} 行" if zh else f", {len(lane.rows)} rows"
    return what, _signers(signatures, trust)


def _signers(signatures: bytes, trust: Trust) -> tuple[str, ...]:
    rows = msgspec.json.decode(signatures)
    return tuple(key.name for row in rows if (key := trust.key(row["kid"])) is not None)
