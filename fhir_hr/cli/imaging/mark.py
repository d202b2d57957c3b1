"""``fhir-hr imaging mark``: put the recognition mark on the images of a study, where it may stand."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fhir_hr.cli.console import choose_language, complain, console, tracked
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.files import make_folder, read_document
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, Severity
from fhir_hr.mapping.imaging_senders import load_imaging_senders
from fhir_hr.marks import MarkVerdict
from fhir_hr.marks.images import MarkedStudy, MarkWay, mark_study
from fhir_hr.model.flags import Evidence
from fhir_hr.model.lab import ReportMessage
from fhir_hr.recognition import read_evidence
from fhir_hr.recognition.documents import MAX_BYTES, read_exam_statement
from fhir_hr.recognition.imaging import ImagingConversion, ImagingConverter
from fhir_hr.recognition.marking import exam_facts, exam_verdict, with_issued_mark
from fhir_hr.render import render
from fhir_hr.sources.dicom_files import DicomInput, find_files

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["add_parser", "run"]

_EPILOG = """the statement of the reviewing physician is one JSON object:
  {"institution": {"id": "USCC", "division": "510100", "tier": 3, "grade": "甲"},
   "status": "final", "series_complete": true, "image_quality": true, "report_sound": true,
   "item": "cn-51-img-26", "device_model": "…", "by": "…"}
Only institution and status are needed; what is not stated and not in the headers forbids the mark where it is asked.
Originals are never changed. Needs: pip install 'fhir-hr[dicom-marks]'
"""
_SYSTEM = "HR^System"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "mark",
        help="在图像上标注互认标识 · put the recognition mark on images",
        description="Make objects that show a recognition mark (川内HR) in the upper right of the images of one study, "
        "where its rules allow it; otherwise say why not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, DICOMDIR or zip; one study")
    parser.add_argument("--statement", metavar="FILE", required=True, help="statement of the reviewing physician, JSON")
    parser.add_argument("--evidence", metavar="FILE", help="quality evidence as JSON")
    parser.add_argument("--mark", default="chuannei-hr", metavar="CODE", help="code of the mark (default chuannei-hr)")
    parser.add_argument(
        "--way",
        default=MarkWay.PRESENTATION_STATE.value,
        choices=[way.value for way in MarkWay],
        help="presentation state beside the images (default), copies with an overlay, or copies with it burned in",
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the new objects and the Bundle")
    parser.add_argument("--release", default="R4", choices=("R4", "R5"), help="FHIR release of the Bundle (default R4)")
    parser.add_argument("--senders", metavar="DIR", action="append", default=[], help="further imaging sender profiles")
    parser.add_argument("--namespace", metavar="NAME", help="deployment that ids are made in")
    parser.add_argument("--quiet", action="store_true", help="print no table and no progress")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Mark the study; :attr:`Exit.FINDINGS` when nothing may be marked or an image carries none."""
    statement = read_exam_statement(read_document(options.statement, limit=MAX_BYTES, what="statement"))
    evidence: tuple[Evidence, ...] = ()
    if options.evidence is not None:
        evidence = read_evidence(read_document(options.evidence, limit=MAX_BYTES, what="evidence"))
    inputs = list(find_files(options.paths))
    converter = ImagingConverter(
        release=options.release, senders=load_imaging_senders(*map(Path, options.senders)), namespace=options.namespace
    )
    found = converter.convert(tracked(inputs, "read", quiet=options.quiet)).conversions
    if len(found) != 1:
        msg = f"the files hold {len(found)} studies; give those of one"
        raise UsageError(msg)
    [conversion] = found
    verdict = exam_verdict(conversion.study, statement, mark=options.mark, evidence=evidence)
    if not verdict.may:
        _say(verdict, None, language=choose_language(options.lang))
        return Exit.FINDINGS
    way = MarkWay(options.way)
    pixels = way is not MarkWay.PRESENTATION_STATE
    series, unread = _objects(tracked(inputs, "load", quiet=options.quiet), conversion, pixels=pixels)
    creator = _person(statement.by) if statement.by else _SYSTEM
    done = mark_study(series, verdict, when=datetime.now(tz=UTC).astimezone(), way=way, creator=creator)
    out = make_folder(options.out)
    if done.value is not None:
        written = _write(done.value, out)
        # Read back with what was made: the study now holds it, and its Bundle says so.
        [whole] = converter.convert([*inputs, *find_files(written)]).conversions
        item = exam_facts(conversion.study, statement).item
        study = with_issued_mark(whole.study, verdict, item=item)
        _write_bundle(msgspec.structs.replace(whole.message, studies=(study,)), whole, out, options.namespace)
    issues = (*unread, *done.issues)
    for issue in issues:
        complain(str(issue))
    if not options.quiet:
        _say(verdict, done.value, language=choose_language(options.lang))
    bad = done.value is None or any(issue.severity is Severity.ERROR for issue in issues)
    return Exit.FINDINGS if bad else Exit.OK


def _objects(
    inputs: Iterable[DicomInput], conversion: ImagingConversion, *, pixels: bool
) -> tuple[dict[str, list[Dataset]], list[Issue]]:
    """Load the objects of the study by series; a duplicate once."""
    from fhir_hr.adapters.dicom.headers.reading import read_object

    wanted = set(conversion.sources)
    series: dict[str, list[Dataset]] = {}
    seen: set[str] = set()
    issues: list[Issue] = []
    for each in inputs:
        if each.source not in wanted or not each.readable:
            continue
        with each.open() as file:
            read = read_object(file, pixels=pixels)
        dataset = read.value
        if dataset is None or "SOPInstanceUID" not in dataset or "SeriesInstanceUID" not in dataset:
            continue  # a report message or a list; the conversion has said what it is
        issues += read.issues
        if dataset.SOPInstanceUID not in seen:
            seen.add(dataset.SOPInstanceUID)
            series.setdefault(str(dataset.SeriesInstanceUID), []).append(dataset)
    return series, issues


def _person(text: str) -> str:
    """Return a person's name or number as DICOM writes names; one without parts is a family name."""
    plain = text.strip()[:60]
    return plain if "^" in plain else f"{plain}^"


def _write(marked: MarkedStudy, out: Path) -> list[str]:
    from pydicom import dcmwrite

    written = []
    for each in marked.series:
        for dataset in each.objects:
            # Named by the new object's own UID, which names nobody.
            path = out / f"{dataset.SOPInstanceUID}.dcm"
            dcmwrite(path, dataset, enforce_file_format=True)
            written.append(str(path))
    return written


def _write_bundle(message: ReportMessage, conversion: ImagingConversion, out: Path, namespace: str | None) -> None:
    rendered = render(message, release=conversion.release, namespace=namespace)
    (out / f"{conversion.study_id}.{conversion.release.value.lower()}.json").write_bytes(rendered.body)


def _say(verdict: MarkVerdict, marked: MarkedStudy | None, *, language: str) -> None:
    screen = console()
    english = language == "en"
    if not verdict.may:
        screen.print(f"{verdict.mark.text}: {'not marked' if english else '不标注'}")
        for reason in verdict.reasons:
            screen.print(f"  {reason.text('en' if english else 'zh')}")
        return
    images = sum(each.images for each in marked.series) if marked else 0
    done = sum(each.marked for each in marked.series) if marked else 0
    made = sum(len(each.objects) for each in marked.series) if marked else 0
    words = (
        f"{verdict.mark.text}: {done} of {images} images marked, {made} new objects"
        if english
        else f"{verdict.mark.text}：{images} 幅图像中已标注 {done} 幅，新增 {made} 个对象"
    )
    screen.print(words)
