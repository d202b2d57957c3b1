"""``fhir-hr demo``: messages of two invented hospitals, an order at a third, and what the Sichuan pack says of it.

Every person and institution is invented: names are 测试…, the identity card's division 999999 is no place.
The order's time is fixed, so the demonstration gives the same bytes every time.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from fhir_hr.cli.console import Language, choose_language, console
from fhir_hr.cli.decisions import show_recognition
from fhir_hr.cli.exits import Exit
from fhir_hr.errors import UsageError
from fhir_hr.model.flags import Evidence
from fhir_hr.recognition import Conversion, Converter, read_evidence, read_order, recognise
from fhir_hr.render import Release
from fhir_hr.rules.load import builtin_pack
from fhir_hr.sources import PriorStore

__all__ = ["DATA", "STORE", "add_parser", "run"]

DATA = Path(__file__).resolve().parent
"""The demonstration's data, as it ships."""

STORE = "demo-priors.db"
_PACK = "cn-51-lab"

_WORDS = {
    "zh": {
        "title": "检查检验结果互认演示（人员与机构均为虚构）",
        "one": "一、两家医院的检验消息 → FHIR（R4 与 R5）→ 存为既往结果",
        "two": "二、第三家医院（{}）于 {} 为同一患者开单，按规则包 {} {} 判断",
        "three": "三、写出的文件",
        "four": "四、接下来可以试试",
        "columns": ("医院", "消息", "编码", "OBX", "结果", "带标识", "提示"),
        "bundles": "FHIR 资源包（每条消息一个）",
        "decision": "判断结果（JSON，含条款与依据）",
        "store": "既往结果库（SQLite，一个文件）",
        "inputs": "原始消息、医嘱、质量证据：可修改后重试",
        "again": "重新判断医嘱（可先改 order.json，例如加一条排除情形）：",
        "convert": "转换您自己的消息，每条消息一行报告：",
        "validate": "校验任意 FHIR 资源包：",
    },
    "en": {
        "title": "Mutual recognition of test results: demonstration (all persons and hospitals are invented)",
        "one": "1. Laboratory messages of two hospitals -> FHIR (R4 and R5) -> kept as priors",
        "two": "2. A third hospital ({}) orders for the same patient at {}, judged under {} {}",
        "three": "3. Files written",
        "four": "4. What to try next",
        "columns": ("hospital", "message", "charset", "OBX", "results", "marked", "notes"),
        "bundles": "FHIR Bundles, one per message",
        "decision": "the decisions as JSON, with clauses",
        "store": "the priors, one SQLite file",
        "inputs": "messages, order, evidence: change them and try again",
        "again": "judge the order again (edit order.json first, for example add an exclusion):",
        "convert": "convert your own messages, with one report line each:",
        "validate": "check any FHIR Bundle:",
    },
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "demo",
        help="演示 · two hospitals' messages, an order at a third, and the decisions",
        description="Convert invented messages of two hospitals, keep them, judge an order at a third one.",
    )
    parser.add_argument("--out", metavar="DIR", default="demo-out", help="folder to write to (default demo-out)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Run the demonstration and write everything under ``--out``."""
    language = choose_language(options.lang)
    words = _WORDS[language]
    out = console()
    folder = _prepare(Path(options.out))
    evidence = read_evidence((DATA / "evidence.json").read_bytes())
    order = read_order((DATA / "order.json").read_bytes())
    pack = builtin_pack(_PACK)
    out.print(words["title"], style="bold")
    out.print(f"\n{words['one']}", style="bold")
    with PriorStore(folder / STORE, name=STORE) as store:
        conversions = _convert(folder, evidence, store)
        _show_conversions(conversions, language)
        when = order.at.iso[:16].replace("T", " ")
        two = str(words["two"]).format(order.institution.name, when, pack.ref.id, pack.ref.version)
        out.print(f"\n{two}", style="bold")
        recognition = recognise(order, sources=[store], packs=[pack], evidence=evidence)
    show_recognition(recognition, language=language)
    (folder / "decisions.json").write_bytes(recognition.json())
    _show_files(folder, language)
    return Exit.OK if recognition.complete else Exit.SOURCE


def _prepare(folder: Path) -> Path:
    try:
        for name in ("messages", "fhir-r4", "fhir-r5"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for path in sorted((DATA / "messages").iterdir()):
            (folder / "messages" / path.name).write_bytes(path.read_bytes())
        for name in ("order.json", "evidence.json"):
            (folder / name).write_bytes((DATA / name).read_bytes())
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                (folder / f"{STORE}{suffix}").unlink()
    except OSError as error:
        msg = f"the output folder {str(folder)!r} cannot be written: {error.strerror}"
        raise UsageError(msg) from error
    return folder


def _convert(folder: Path, evidence: tuple[Evidence, ...], store: PriorStore) -> list[tuple[str, Conversion]]:
    done: list[tuple[str, Conversion]] = []
    for release in Release:
        converter = Converter(release=release, evidence=evidence)
        for path in sorted((folder / "messages").iterdir()):
            if not (DATA / "messages" / path.name).exists():
                continue  # somebody's own message; ``fhir-hr convert`` is for those
            for conversion in converter.convert(path.read_bytes()):
                name = f"{path.name.split('.')[0]}.{release.value.lower()}.json"
                (folder / f"fhir-{release.value.lower()}" / name).write_bytes(conversion.json())
                if release is Release.R4:
                    done.append((path.name, conversion))
                    deposit = conversion.deposit()
                    if deposit is not None:
                        store.keep(deposit)
    return done


def _show_conversions(conversions: list[tuple[str, Conversion]], language: Language) -> None:
    from rich.table import Table

    table = Table(pad_edge=False)
    for number, heading in enumerate(_WORDS[language]["columns"]):
        table.add_column(heading, justify="right" if number > 2 else "left", overflow="fold")
    for name, conversion in conversions:
        message = conversion.message
        if message is None:
            continue
        results = [result for report in message.reports for result in report.results]
        table.add_row(
            message.sender.name or "",
            f"{conversion.type} {' '.join(report.code.text or '' for report in message.reports)}",
            name.rsplit(".", 2)[1].upper(),
            str(conversion.counts.obx_read),
            str(conversion.counts.observations),
            str(sum(result.flag is not None for result in results)),
            str(len(conversion.issues)),
        )
    console().print(table)


def _show_files(folder: Path, language: Language) -> None:
    words = _WORDS[language]
    out = console()
    out.print(f"\n{words['three']}", style="bold")
    for what, name in (
        ("bundles", "fhir-r4/  fhir-r5/"),
        ("decision", "decisions.json"),
        ("store", STORE),
        ("inputs", "messages/  order.json  evidence.json"),
    ):
        out.print(f"  {folder}/{name}  {words[what]}", soft_wrap=True)
    out.print(f"\n{words['four']}", style="bold")
    commands = {
        "again": f"fhir-hr recognise {folder}/order.json --store {folder}/{STORE} --evidence {folder}/evidence.json",
        "convert": f"fhir-hr convert {folder}/messages --release R5 --out fhir --report report.jsonl",
        "validate": f"fhir-hr validate --release R4 {folder}/fhir-r4",
    }
    for what, command in commands.items():
        out.print(f"  {words[what]}\n    {command}", soft_wrap=True)
