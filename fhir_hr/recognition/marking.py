"""May the images of a study carry a mark? Headers and the reviewing physician's statement to facts, and to a flag."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM
from fhir_hr.mapping.exams import load_exams
from fhir_hr.marks import ExamFacts, MarkVerdict, issue_exam_marks
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import Evidence, FlagBasis, RecognitionFlag
from fhir_hr.model.imaging import InstanceKind, Study
from fhir_hr.recognition.documents import ExamStatement

__all__ = ["exam_facts", "exam_verdict", "with_issued_mark"]


def exam_facts(study: Study, statement: ExamStatement) -> ExamFacts:
    """Return what a mark asks of an examination, from its headers and what a physician states.

    A statement fills what the headers leave open and never overrules them: not the item, and not series that are
    known to be missing.

    Raises:
        UsageError: the statement names an item that the headers rule out, or that is not on the list.
    """
    known = study.completeness.all_series
    return ExamFacts(
        key=study.uid,
        name=study.description or (study.item.display if study.item and study.item.display else "检查"),
        status=statement.status,
        item=_item(study, statement.item),
        performed=study.started,
        patient_named=any(name.text.strip() for name in study.patient.names) if study.patient else None,
        device_model=_device_model(study) or statement.device_model,
        series_complete=known if known is not None else statement.series_complete,
        image_quality=statement.image_quality,
        report_sound=statement.report_sound,
        where=study.where,
    )


def exam_verdict(
    study: Study, statement: ExamStatement, *, mark: str, evidence: Sequence[Evidence] = ()
) -> MarkVerdict:
    """Say whether the images may carry a mark, and why not otherwise.

    Args:
        study: the study, with its item and completeness.
        statement: what the reviewing physician states.
        mark: code of the mark (``chuannei-hr``).
        evidence: quality evidence of the institution.

    Raises:
        UsageError: the mark is not registered, or the statement does not fit the study.
    """
    advice = issue_exam_marks(
        [exam_facts(study, statement)], institution=statement.institution, evidence=evidence, marks=[mark]
    )
    return advice.items[0].verdicts[0]


def with_issued_mark(study: Study, verdict: MarkVerdict, *, item: Code | None) -> Study:
    """Return the study with the flag that a verdict allows, or without one."""
    flag = None
    if verdict.may:
        flag = RecognitionFlag(
            mark=verdict.mark,
            basis=FlagBasis.ISSUED,
            item=item,
            list_uri=verdict.list_uri,
            list_version=verdict.list_version,
            authority=verdict.authority,
            evidence=verdict.evidence,
        )
    return msgspec.structs.replace(study, flag=flag)


def _item(study: Study, stated: str | None) -> Code | None:
    if stated is None:
        return study.item
    row = load_exams().row(stated)
    if row is None:
        msg = f"exam statement: {stated[:40]!r} is no item of the list {EXAM_ITEM_SYSTEM}"
        raise UsageError(msg)
    possible = (study.item,) if study.item is not None else study.item_candidates
    if possible and row.code not in possible:
        codes = ", ".join(code.code for code in possible)
        msg = f"exam statement: the headers rule {stated[:40]!r} out; they leave open: {codes}"
        raise UsageError(msg)
    return row.code


def _device_model(study: Study) -> str | None:
    models = {
        series.device.model: None
        for series in study.series
        if series.device is not None
        and series.device.model
        and any(one.kind is InstanceKind.IMAGE for one in series.instances)
    }
    return "、".join(models) or None
