"""``fhir-hr imaging find``: which studies archives hold, as a table, JSON, or a picture of the patient's time line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.cli.console import choose_language, complain, console, tracked, write_bytes
from fhir_hr.cli.exits import Exit
from fhir_hr.cli.files import read_document
from fhir_hr.cli.sources import Archive, open_archives
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, Severity
from fhir_hr.mapping.imaging_senders import load_imaging_senders
from fhir_hr.model.imaging import Study
from fhir_hr.recognition.documents import MAX_BYTES, read_study_query
from fhir_hr.recognition.imaging import read_exam
from fhir_hr.sources.studies import StudyAnswer, StudyQuery, StudyState

__all__ = ["add_parser", "run"]

_EPILOG = """an archive is an address:
  https://host/dicom-web             DICOMweb (QIDO-RS)
  dimse://[CALLING:]CALLED@host:port  DIMSE (C-FIND)
or a [[source]] table of a TOML file (--sources): with secrets from the environment, TLS, character sets.
Exit code 3: an archive could not be asked fully, there may be more.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "find",
        help="查询既往检查 · find a patient's studies in archives",
        description="Ask image archives which studies they hold. Every condition is checked again on every answer.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--source", metavar="ADDRESS", action="append", default=[], help="an archive; may be repeated")
    parser.add_argument("--sources", metavar="FILE", action="append", default=[], help="archives described in TOML")
    parser.add_argument(
        "--query",
        metavar="FILE",
        help="what is asked as JSON (- for standard input), in place of the options below: other users of this "
        "machine can see those",
    )
    parser.add_argument("--patient-id", metavar="ID", help="patient number, compared exactly")
    parser.add_argument("--issuer", metavar="NAME", help="who gave the patient number (IssuerOfPatientID)")
    parser.add_argument("--name", metavar="NAME", help="patient name, with * as wildcard; Chinese or pinyin")
    parser.add_argument("--birth", metavar="YYYYMMDD", help="date of birth")
    parser.add_argument("--sex", choices=("male", "female", "other"))
    parser.add_argument("--since", metavar="YYYYMMDD", help="first day of examination")
    parser.add_argument("--until", metavar="YYYYMMDD", help="last day of examination")
    parser.add_argument("--modality", action="append", default=[], help="CT, MR, DX …; may be repeated")
    parser.add_argument("--accession", metavar="NUMBER", help="accession number")
    parser.add_argument("--study", metavar="UID", action="append", default=[], help="study UID; may be repeated")
    parser.add_argument("--description", metavar="TEXT", help="study description, with * as wildcard")
    parser.add_argument("--limit", type=int, metavar="N", help="most studies wanted (default 1000)")
    parser.add_argument("--no-series", action="store_true", help="do not ask for series: faster, but items stay open")
    parser.add_argument("--senders", metavar="DIR", action="append", default=[], help="further imaging sender profiles")
    parser.add_argument("--picture", metavar="FILE.svg", help="write the time line as a picture; it names no patient")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON, without who the patient is")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Exit:
    """Ask all archives; :attr:`Exit.SOURCE` when one could not be asked fully."""
    query = _query(options)
    senders = load_imaging_senders(*map(Path, options.senders))
    archives = open_archives(options.source, options.sources, senders=senders)
    answers = []
    for each in tracked(archives, "find", quiet=options.json):
        answer = each.archive.find_studies(query)
        answers.append(answer if options.no_series else _with_series(each, answer))
    held = _held(answers)
    studies = [(read_exam(study, senders=senders), names) for study, names in held]
    if options.picture is not None:
        _draw(options.picture, [study for study, _ in studies], missing=_missing(answers))
    if options.json:
        write_bytes(msgspec.json.format(msgspec.json.encode(_plain(answers, studies)), indent=2) + b"\n")
    else:
        _show(answers, studies, language=choose_language(options.lang))
    whole = all(each.state in (StudyState.FOUND, StudyState.NOTHING) for each in answers)
    return Exit.OK if whole else Exit.SOURCE


def _query(options: argparse.Namespace) -> StudyQuery:
    stated = {
        "patient_id": options.patient_id,
        "issuer": options.issuer,
        "name": options.name,
        "birth_date": options.birth,
        "sex": options.sex,
        "date_from": options.since,
        "date_to": options.until,
        "modalities": options.modality or None,
        "accession": options.accession,
        "study_uids": options.study or None,
        "description": options.description,
        "limit": options.limit,
    }
    given = {key: value for key, value in stated.items() if value is not None}
    if options.query is not None:
        if given:
            msg = "--query holds all that is asked; give no condition beside it"
            raise UsageError(msg)
        return read_study_query(read_document(options.query, limit=MAX_BYTES, what="query"))
    return read_study_query(msgspec.json.encode(given))


def _with_series(archive: Archive, answer: StudyAnswer) -> StudyAnswer:
    """Ask for the series of each study found: body part, side and contrast stand there."""
    studies, issues, state = [], list(answer.issues), answer.state
    for study in answer.studies:
        more = archive.archive.with_series(study)
        issues += [issue for issue in more.issues if issue not in issues]
        found = next((each for each in more.studies if each.uid == study.uid), study)
        studies.append(found)
        if more.state is not StudyState.FOUND:
            state = StudyState.PARTIAL
    return msgspec.structs.replace(answer, studies=tuple(studies), issues=tuple(issues), state=state)


def _held(answers: Sequence[StudyAnswer]) -> list[tuple[Study, tuple[str, ...]]]:
    """Each study once with the archives that hold it; one UID with two patients stays two."""
    held: dict[tuple[str, str], tuple[Study, list[str]]] = {}
    for answer in answers:
        for study in answer.studies:
            numbers = study.patient.identifiers if study.patient else ()
            key = (study.uid, "|".join(sorted(one.value for one in numbers)))
            held.setdefault(key, (study, []))[1].append(answer.source)
    ordered = sorted(held.values(), key=lambda pair: pair[0].uid)
    ordered.sort(key=lambda pair: pair[0].started.iso if pair[0].started else "", reverse=True)
    return [(study, tuple(names)) for study, names in ordered]


def _missing(answers: Sequence[StudyAnswer]) -> list[str]:
    return [each.source for each in answers if each.state not in (StudyState.FOUND, StudyState.NOTHING)]


def _persons(studies: Iterable[Study]) -> list[int]:
    """Number the patients of studies: one for each patient number, all without a number apart.

    Who they are is not shown; that they are several must be.
    """
    seen: dict[object, int] = {}
    numbers = []
    for place, study in enumerate(studies):
        first = study.patient.identifiers[0] if study.patient and study.patient.identifiers else None
        key = (first.value, first.system, first.assigner) if first else place
        numbers.append(seen.setdefault(key, len(seen) + 1))
    return numbers


def _draw(path: str, studies: Sequence[Study], *, missing: Sequence[str]) -> None:
    from fhir_hr.outputs.timeline import timeline_svg

    if Path(path).suffix.lower() != ".svg":
        msg = "--picture writes SVG; name a file that ends in .svg"
        raise UsageError(msg)
    try:
        picture = timeline_svg(studies, missing=missing, patients=max(_persons(studies), default=1))
        Path(path).write_text(picture, encoding="utf-8")
    except OSError as error:
        msg = f"the picture {path!r} could not be written: {error.strerror}"
        raise UsageError(msg) from error


def _plain(answers: Sequence[StudyAnswer], studies: Sequence[tuple[Study, tuple[str, ...]]]) -> dict[str, Any]:
    persons = _persons(study for study, _ in studies)
    numbered = zip(persons, studies, strict=True)
    return {
        "archives": [
            {"source": each.source, "state": each.state, "studies": len(each.studies), "issues": each.issues}
            for each in answers
        ],
        "studies": [
            {
                "study_uid": study.uid,
                "patient": person,
                "archives": names,
                "started": study.started.iso if study.started else None,
                "modalities": study.modalities,
                "description": study.description,
                "institution": study.institution.name if study.institution else None,
                "accession": study.accession.value if study.accession else None,
                "series": len(study.series) or study.stated_series,
                "instances": study.stated_instances,
                "exam": study.exam,
                "item": study.item.code if study.item else None,
                "item_candidates": [code.code for code in study.item_candidates],
                "completeness": study.completeness.verdict,
            }
            for person, (study, names) in numbered
        ],
    }


_HEADINGS = {
    "zh": ("患者", "检查时间", "类型", "检查", "机构", "互认项目", "序列/实例", "存于"),
    "en": ("patient", "started", "type", "study", "institution", "item", "series/inst.", "held by"),
}
_NARROW = (0, 1, 2, 6)
_STATES = {"found": "有", "nothing": "没有", "partial": "不完整", "unavailable": "无法查询", "refused": "拒绝"}
_SEVERAL = {
    "zh": "注意：检查来自 {n} 个患者编号（“患者”一栏），可能不是同一人。",
    "en": "note: the studies carry {n} patient numbers (column patient); they may not be of one person",
}


def _show(answers: Sequence[StudyAnswer], studies: Sequence[tuple[Study, tuple[str, ...]]], *, language: str) -> None:
    from rich import box
    from rich.table import Table

    screen = console()
    persons = _persons(study for study, _ in studies)
    several = max(persons, default=1)
    # What is the same on every line takes no room on a terminal of 80 columns.
    hidden = {number for number, same in ((0, several == 1), (7, len(answers) == 1)) if same}
    table = Table(pad_edge=False, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for number, heading in enumerate(_HEADINGS["en" if language == "en" else "zh"]):
        if number not in hidden:
            table.add_column(heading, overflow="fold", no_wrap=number in _NARROW)
    for person, (study, names) in zip(persons, studies, strict=True):
        cells = (
            str(person),
            study.started.iso[:10] if study.started else "",
            "/".join(study.modalities),
            study.description or "",
            (study.institution.name if study.institution else None) or "",
            _item(study),
            _counts(study),
            ", ".join(names),
        )
        table.add_row(*(cell for number, cell in enumerate(cells) if number not in hidden))
    if studies:
        screen.print(table)
    for each in answers:
        state = each.state.value if language == "en" else _STATES[each.state]
        screen.print(f"{each.source}: {state} ({len(each.studies)})")
        for issue in each.issues:
            _complain(issue)
    if several > 1:
        screen.print(_SEVERAL["en" if language == "en" else "zh"].format(n=several))


def _counts(study: Study) -> str:
    instances = study.stated_instances or study.instance_count
    return f"{len(study.series) or study.stated_series or '?'}/{instances or '?'}"


def _item(study: Study) -> str:
    if study.item is not None:
        return f"{study.item.display}\n{study.item.code}" if study.item.display else study.item.code
    shown = [f"{code.display or code.code}?" for code in study.item_candidates[:2]]
    return "\n".join([*shown, *["…"][: len(study.item_candidates[2:])]])


def _complain(issue: Issue) -> None:
    if issue.severity is not Severity.INFORMATION:
        complain(str(issue))
