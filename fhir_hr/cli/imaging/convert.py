"""``fhir-hr imaging convert``: DICOM files to FHIR Bundles, one per study, and what became of every file."""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from pathlib import Path

import msgspec

from fhir_hr.cli.console import choose_language, complain, console, tracked, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.files import make_folder, open_report
from fhir_hr.cli.imaging.report import StudyLine, named_lines
from fhir_hr.cli.sources import open_archives
from fhir_hr.errors import UsageError
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.imaging_senders import load_imaging_senders
from fhir_hr.mapping.senders import load_senders
from fhir_hr.model.imaging import Access, AccessKind
from fhir_hr.recognition.imaging import ImagingConversion, ImagingConverter, ImagingResult, Leftover
from fhir_hr.sources.dicom_files import find_files

__all__ = ["add_parser", "bundle_name", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "convert",
        help="DICOM 转 FHIR · convert DICOM studies to FHIR Bundles",
        description="Convert DICOM files, folders, DICOMDIRs, zip files and DICOM JSON to FHIR Bundles, one per study. "
        "Structured reports, key object lists, performed procedure steps and HL7 v2 report messages among them are "
        "put to their study.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, DICOMDIR or zip")
    parser.add_argument("--release", default="R4", choices=("R4", "R5"), help="FHIR release (default R4)")
    parser.add_argument("--out", metavar="DIR", help="folder for the Bundles; made when it does not exist")
    parser.add_argument(
        "--kind",
        default="collection",
        choices=("collection", "transaction", "document"),
        help="kind of Bundle (default collection)",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write one JSON line per study, and one per file that no study took (- for standard output)",
    )
    parser.add_argument("--senders", metavar="DIR", action="append", default=[], help="further imaging sender profiles")
    parser.add_argument(
        "--report-senders", metavar="DIR", action="append", default=[], help="further sender profiles of HL7 v2 reports"
    )
    parser.add_argument("--namespace", metavar="NAME", help="deployment that ids are made in")
    parser.add_argument(
        "--source",
        metavar="ADDRESS",
        action="append",
        default=[],
        help="archive that is asked whether it holds more of each study (see find); may be repeated",
    )
    parser.add_argument("--sources", metavar="FILE", action="append", default=[], help="archives described in TOML")
    parser.add_argument("--wado-root", metavar="URL", help="WADO-RS address of the images, without /studies")
    parser.add_argument("--viewer", metavar="URL", help="address of a viewer; {study_uid} stands for the study")
    parser.add_argument(
        "--repair-charset",
        action="store_true",
        help="read texts of a wrong or missing character set as GB18030 where unmistakable; each repair is reported",
    )
    parser.add_argument("--json", action="store_true", help="print the sums as JSON instead of a table")
    parser.add_argument("--quiet", action="store_true", help="print no table and no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Convert everything; :attr:`Exit.FINDINGS` when a file was left over or an error was found."""
    if options.out is None and options.report is None:
        msg = "nothing to write: give --out or --report"
        raise UsageError(msg)
    if options.report == "-" and options.json:
        msg = "--report - and --json both write to standard output; choose one"
        raise UsageError(msg)
    senders = load_imaging_senders(*map(Path, options.senders))
    archives = (
        open_archives(options.source, options.sources, senders=senders) if options.source + options.sources else []
    )
    converter = ImagingConverter(
        release=options.release,
        kind=options.kind,
        senders=senders,
        report_senders=load_senders(*map(Path, options.report_senders)),
        namespace=options.namespace,
        access=_access(options),
        repair=options.repair_charset,
        archives=[each.archive for each in archives],
    )
    out = make_folder(options.out) if options.out is not None else None
    quiet = options.quiet or options.report == "-"
    with contextlib.ExitStack() as stack:
        # Opened before the work: a report that cannot be written must not cost a night.
        report = open_report(options.report, stack)
        result = converter.convert(tracked(list(find_files(options.paths)), "read", quiet=quiet))
        lines = named_lines(result, None if out is None else bundle_name)
        for line in lines:
            if report is not None:
                report.write(line.json())
        if out is not None:
            for each in tracked(result.conversions, "write", quiet=quiet):
                (out / bundle_name(each)).write_bytes(each.body)
    if options.json:
        write_bytes(msgspec.json.encode(_sums(result, lines)) + b"\n")
    elif not quiet:
        _show(result, lines, language=choose_language(options.lang))
    return _exit(result, lines)


def bundle_name(conversion: ImagingConversion) -> str:
    """Return the file name of a Bundle: the study's FHIR id and the release; nothing of a patient."""
    return f"{conversion.study_id}.{conversion.release.value.lower()}.json"


def _access(options: argparse.Namespace) -> tuple[Access, ...]:
    found = []
    for kind, address in ((AccessKind.WADO_RS, options.wado_root), (AccessKind.VIEWER, options.viewer)):
        if address is None:
            continue
        if not address.startswith(("https://", "http://")) or any(char.isspace() for char in address):
            msg = f"{address[:80]!r} is no http(s) address"
            raise UsageError(msg)
        found.append(Access(kind=kind, address=address.rstrip("/") if kind is AccessKind.WADO_RS else address))
    return tuple(found)


def _sums(result: ImagingResult, lines: list[StudyLine]) -> dict[str, int]:
    counts = Counter(issue.severity for line in lines for issue in line.issues)
    return {
        "files": result.files,
        "studies": len(result.conversions),
        "left_over": len(_lost(result)),
        "containers": len(result.leftovers) - len(_lost(result)),
        "series": sum(len(each.study.series) for each in result.conversions),
        "instances": sum(each.study.instance_count for each in result.conversions),
        "images": sum(each.study.image_count for each in result.conversions),
        "duplicates": sum(each.duplicates for each in result.conversions),
        **{str(severity): counts[severity] for severity in Severity},
    }


_HEADINGS = {
    "zh": ("检查时间", "类型", "检查", "互认项目", "序列", "图像", "完整性", "报告", "文件"),
    "en": ("started", "type", "study", "item", "series", "images", "complete", "reports", "files"),
}
_VERDICTS = {"complete": "完整", "complete-per-archive": "与归档一致", "incomplete": "不完整", "unknown": "未知"}


def _show(result: ImagingResult, lines: list[StudyLine], *, language: str) -> None:
    from rich.table import Table

    table = Table(pad_edge=False)
    for number, heading in enumerate(_HEADINGS["en" if language == "en" else "zh"]):
        table.add_column(heading, justify="right" if number in (4, 5, 7, 8) else "left", overflow="fold")
    for each in result.conversions:
        study = each.study
        verdict = study.completeness.verdict.value
        candidates = "?" * min(1, len(study.item_candidates))
        table.add_row(
            study.started.iso[:10] if study.started else "",
            "/".join(study.modalities),
            study.description or "",
            study.item.code if study.item else candidates,
            str(len(study.series)),
            str(study.image_count),
            verdict if language == "en" else _VERDICTS[verdict],
            str(len(each.message.reports)),
            str(each.files_read),
        )
    screen = console()
    if result.conversions:
        screen.print(table)
    sums = _sums(result, lines)
    words = (
        "{files} files: {studies} studies, {left_over} files in none; {error} errors, {warning} warnings"
        if language == "en"
        else "{files} 个文件：{studies} 个检查，{left_over} 个文件不属于任何检查；{error} 个错误，{warning} 个警告"
    )
    screen.print(words.format(**sums))


def _lost(result: ImagingResult) -> list[Leftover]:
    """Files that no study took; a zip or DICOMDIR whose files were taken themselves is none of them."""
    return [
        left for left in result.leftovers if any(issue.severity is not Severity.INFORMATION for issue in left.issues)
    ]


def _exit(result: ImagingResult, lines: list[StudyLine]) -> Exit:
    issues = [issue for line in lines for issue in line.issues]
    if any(issue.code is IssueCode.INTERNAL for issue in issues):
        complain("a file met a bug in the library; the report says which")
        return Exit.BUG
    if not result.conversions:
        complain("no study was found")
        return Exit.FINDINGS
    bad = _lost(result) or any(issue.severity is Severity.ERROR for issue in issues)
    return Exit.FINDINGS if bad else Exit.OK
