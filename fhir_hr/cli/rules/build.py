"""``fhir-hr rules build``: an author's folder to a compiled pack with its manifest, ready to be signed."""

from __future__ import annotations

import argparse
from pathlib import Path

from fhir_hr.cli.console import choose_language, complain, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import clean, read_bytes, write_files
from fhir_hr.cli.rules.packs import add_packs, as_given, folders_of, read_folder, read_moment, serial_number
from fhir_hr.errors import PackError, UsageError
from fhir_hr.issues import Severity
from fhir_hr.rules.advice import advise
from fhir_hr.rules.publishing import MANIFEST, AdviceCode, BuiltPack, Manifest, build_advice, build_pack
from fhir_hr.rules.publishing.strict_json import read_json

__all__ = ["add_parser", "run"]

_ADVICE_ZH = {
    AdviceCode.LEAD_TIME: "距生效不足 48 小时，医院可能来不及更新",
    AdviceCode.NO_SM3: "没有 SM3 摘要，要求国密签名的医院不会采用",
    AdviceCode.REVIEW_PAST: "已过复核期限",
}
_VECTORS = ("base.json", "vectors.jsonl")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "build",
        help="打包 · compile packs and write their manifests",
        description="把规则包文件夹编译成一个 JSON 文件和清单（manifest），同样的内容永远得到同样的字节。"
        " Compile packs: canonical JSON and a manifest with serial and digests.",
        epilog="Writes DIR/<pack>/{manifest.json,<pack>.json}. Sign the manifest next: fhir-hr rules sign.",
    )
    add_packs(parser)
    parser.add_argument("--out", metavar="DIR", required=True, help="folder to write to")
    parser.add_argument(
        "--serial",
        type=serial_number,
        metavar="N",
        help="number of this publication; higher than the last (default: that of the manifest in DIR, raised by one "
        "when something changed; 1 when there is none)",
    )
    parser.add_argument(
        "--not-before", metavar="TIME", help="no client takes it before, like 2026-12-01T00:00:00+08:00"
    )
    parser.add_argument("--vectors", action="store_true", help="publish the decision vectors with it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Build all packs; one with an error is not written."""
    language = choose_language(options.lang)
    now = read_moment(None, "")
    not_before = None if options.not_before is None else read_moment(options.not_before, "--not-before")
    out, worst = console(), Exit.OK
    for folder in folders_of(options):
        files = read_folder(folder)
        errors = [one for one in advise(files) if one.severity is Severity.ERROR]
        for one in errors:
            out.print(clean(f"{as_given(folder)}/{one.place}: {one.text(language)}"), soft_wrap=True)
        if errors:
            worst = Exit.FINDINGS
            continue
        extra = {f"tests/{name}": read_bytes(folder / "tests" / name, "vectors") for name in _found(folder, options)}
        target = Path(options.out)
        built = build_pack(files, serial=options.serial or 1, not_before=not_before, extra=extra)
        if options.serial is None:
            before = _published(target / built.manifest.pack)
            serial = _next_serial(before, built.manifest)
            built = build_pack(files, serial=serial, not_before=not_before, extra=extra)
        write_files(target / built.manifest.pack, built.files)
        _told(built, language)
        for advice in build_advice(built.manifest, published=now):
            said = f"{_ADVICE_ZH[advice.code]} · {advice.message}" if language == "zh" else advice.message
            complain(f"{built.manifest.pack}: {said}")
    return worst


def _found(folder: Path, options: argparse.Namespace) -> list[str]:
    if not options.vectors:
        return []
    names = [name for name in _VECTORS if (folder / "tests" / name).is_file()]
    if not names:
        msg = f"--vectors: {as_given(folder)!r} has none in tests/"
        raise UsageError(msg)
    return names


def _published(folder: Path) -> Manifest | None:
    path = folder / MANIFEST
    if not path.is_file():
        return None
    data = read_bytes(path, "manifest")
    try:
        return read_json(data, Manifest, file=MANIFEST, limit=len(data))
    except PackError as error:
        msg = f"the manifest in {folder.name!r} cannot be read; give --serial: {error.reason}"
        raise UsageError(msg) from error


def _next_serial(before: Manifest | None, made: Manifest) -> int:
    if before is None:
        return 1
    same = before.files == made.files and before.not_before == made.not_before
    return before.serial if same else before.serial + 1


def _told(built: BuiltPack, language: str) -> None:
    manifest = built.manifest
    content = next(each for each in manifest.files if each.path == manifest.content_path)
    if language == "zh":
        words = f"{manifest.pack} {manifest.version} 第 {manifest.serial} 次发布，{content.size} 字节"
    else:
        words = f"{manifest.pack} {manifest.version} serial {manifest.serial}, {content.size} bytes"
    console().print(f"{words}, sha256 {content.sha256}", soft_wrap=True)
