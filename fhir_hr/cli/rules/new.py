"""``fhir-hr rules new``: a folder to begin a pack with, complete enough to be checked and tested at once."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from fhir_hr.cli.console import choose_language, console
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.rules.output import write_files
from fhir_hr.errors import UsageError
from fhir_hr.mapping.marks import load_marks
from fhir_hr.rules.vocabulary import Level

__all__ = ["add_parser", "new_files", "run"]

_TEMPLATE = Path(__file__).resolve().parent / "template"
_KINDS = ("laboratory", "imaging")
_YEAR = re.compile(r"[12][0-9]{3}", re.ASCII)
_LEVELS = {2: Level.PROVINCE, 4: Level.CITY, 6: Level.COUNTY}
_FORCE = "force: {value: in-principle, clause: 三/duty}   # shall-not-repeat 不得重复，in-principle 原则上认可"
_EXAM = """
  - check: exam_fit
    aspects: [modality, body-part, side, views, contrast]
    on_mismatch: {effect: block, interpretation: 设备、部位、侧别、体位或增强不同者不是同一检查}
    on_unknown: {effect: unknown, interpretation: 所开检查写明而已有检查未写明时不能确定是否同一检查}
"""
_MARK_CHECK = """
  - check: mark
    on_valid: {effect: oblige, clause: 三/duty}
    on_absent: {effect: discretion, clause: 三/duty, interpretation: 没有标识的结果由医师判断}
    on_outside: {effect: discretion, clause: 三/duty, interpretation: 标识不覆盖出具机构的由医师判断}
    on_unknown: {effect: unknown, clause: 三/duty, interpretation: 不知有无标识时不能区分}
"""
_ITEMS = {
    "laboratory": (
        "code,name_zh,abbreviation,specimens,require,window_days,from,to,clause",
        "{}-01,示例项目一,EX1,serum|plasma|serum-plasma,,,,,二/list",
        "{}-02,示例项目二,EX2,,,7,,,二/list",
    ),
    "imaging": (
        "code,name_zh,abbreviation,specimens,require,window_days,from,to,clause,"
        "modality,body_part,side,views,contrast,includes",
        "{}-01,胸部平扫,,,,,,,二/list,CT,chest,,,plain,",
        "{}-02,胸部增强,,,,7,,,二/list,CT,chest,,,enhanced,",
    ),
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "new",
        help="新建规则包 · a folder to begin a pack with",
        description="新建一个规则包文件夹：每个字段都有说明，可以立即检查和测试。 Begin a pack.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="folder to make")
    parser.add_argument("--division", metavar="CODE", required=True, help="GB/T 2260 division it is law in: 510100")
    parser.add_argument("--title", metavar="TEXT", required=True, help="name of the rules, as the text has it")
    parser.add_argument("--kind", choices=_KINDS, default="laboratory", help="kind of result (default laboratory)")
    parser.add_argument("--mark", metavar="CODE", help="registered mark that obliges, like chuannei-hr")
    parser.add_argument("--year", metavar="YYYY", default="2026", help="year of the version (default 2026)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Write the folder; nothing that exists is replaced."""
    zh = choose_language(options.lang) == "zh"
    folder = Path(options.folder)
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder.as_posix()!r} is not empty; name a new folder"
        raise UsageError(msg)
    files = new_files(
        division=options.division, title=options.title, kind=options.kind, mark=options.mark, year=options.year
    )
    write_files(folder, files)
    told = "已建立；接着：fhir-hr rules lint" if zh else "is made; next: fhir-hr rules lint"
    console().print(f"{folder.as_posix()} {told} {folder.as_posix()}", soft_wrap=True)
    return Exit.OK


def new_files(
    *, division: str, title: str, kind: str = "laboratory", mark: str | None = None, year: str = "2026"
) -> dict[str, bytes]:
    """Return the files of a new pack by name.

    Raises:
        UsageError: no division of a province, city or county, an unregistered mark, a title of more than one line.
    """
    digits = division[:4] if division.endswith("00") else division
    digits = division[:2] if division.endswith("0000") else digits
    if len(division) != 6 or not division.isascii() or not division.isdigit() or division == "000000":
        msg = f"--division {division[:40]!r} is no GB/T 2260 division of six digits"
        raise UsageError(msg)
    if mark is not None and load_marks().by_code(mark) is None:
        known = ", ".join(sorted(load_marks().codes))
        msg = f"--mark {mark[:40]!r} is not registered; there are {known}"
        raise UsageError(msg)
    if not title.strip() or any(ord(char) < 32 or char in "#:{}[]&*!|>%@`\"'" for char in title):
        msg = "--title must be one line without # : { } [ ] & * ! | > % @ ` and quotation marks"
        raise UsageError(msg)
    if not _YEAR.fullmatch(year):
        msg = f"--year {year[:40]!r} is no year"
        raise UsageError(msg)
    jurisdiction = f"cn-{digits}"
    pack = f"{jurisdiction}-{'lab' if kind == 'laboratory' else 'imaging'}"
    words = {
        "TITLE": title.strip(),
        "PACK": pack,
        "YEAR": year,
        "JURISDICTION": jurisdiction,
        "LEVEL": _LEVELS[len(digits)].value,
        "KIND": kind,
        "DIVISION": division,
        "FORCE": _FORCE if mark else "force: null                    # 没有一条产生“应当互认”，就没有约束力",
        "MARKS": f"marks:\n  - {{code: {mark}, clause: 三/duty}}\n" if mark else "marks: []\n",
        "EXAM": _EXAM if kind == "imaging" else "",
        "MARK_CHECK": _MARK_CHECK if mark else "",
    }
    files = {}
    for path in sorted(_TEMPLATE.iterdir()):
        if path.is_file():
            text = path.read_text("utf-8")
            for name, said in words.items():
                text = text.replace(f"@{name}@", said)
            files[path.name] = text.encode("utf-8")
    files["items.csv"] = ("\n".join(_ITEMS[kind]).replace("{}", pack) + "\n").encode("utf-8")
    files.update(_vectors(pack, kind, division, mark))
    return files


def _vectors(pack: str, kind: str, division: str, mark: str | None) -> dict[str, bytes]:
    base: dict[str, Any] = {
        "identity": "same",
        "order.at": "2026-08-20T10:00:00+08:00",
        "order.institution": "接诊医院",
        "order.division": division,
        "order.kind": kind,
        "order.item": f"{pack}-01",
        "prior.institution": "出具医院",
        "prior.division": division,
        "prior.kind": kind,
        "prior.item": f"{pack}-01",
        "prior.status": "final",
        "prior.report_status": "final",
        "prior.superseded": False,
        "prior.performed": "2026-08-10T08:00:00+08:00",
        "prior.reported": "2026-08-10T11:00:00+08:00",
        "prior.mark": mark,
        "prior.mark_known": True,
    }
    best = "must" if mark else "may"
    told = ["HR-OBLIGED"] if mark else []
    good: dict[str, Any] = {"outcome": best, "codes": told, **({"force": "in-principle"} if mark else {})}
    vectors: list[dict[str, Any]] = [
        {"name": "十天前的结果，条件都符合", "facts": {}, "expect": good},
        {
            "name": "正好三十天",
            "facts": {"prior.performed": "2026-07-21T10:00:00+08:00", "prior.reported": "2026-07-21T11:00:00+08:00"},
            "expect": good,
        },
        {
            "name": "超过三十天一秒",
            "facts": {"prior.performed": "2026-07-21T09:59:59+08:00", "prior.reported": "2026-07-21T11:00:00+08:00"},
            "expect": {"outcome": "may", "codes": ["HR-WINDOW-EXPIRED", *told]},
        },
        {
            "name": "他人的结果",
            "facts": {"identity": "different"},
            "expect": {"outcome": "not", "codes": ["HR-IDENTITY-MISMATCH", *told]},
        },
    ]
    lines = [json.dumps(each, ensure_ascii=False) for each in vectors]
    return {
        "tests/base.json": (json.dumps(base, ensure_ascii=False, indent=1) + "\n").encode("utf-8"),
        "tests/vectors.jsonl": ("\n".join(lines) + "\n").encode("utf-8"),
    }
