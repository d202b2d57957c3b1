"""What is asked of an item before it may carry a mark, in one neutral form for laboratory and imaging."""

from __future__ import annotations

import msgspec

from fhir_hr.model.codes import Code
from fhir_hr.model.lab import Report, ReportKind, ReportStatus, Result, ResultStatus, Scale
from fhir_hr.model.people import Patient
from fhir_hr.model.values import Absent, Text
from fhir_hr.model.when import When

__all__ = ["ExamFacts", "ItemFacts", "facts_of_exam", "facts_of_report"]


class ExamFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One finished imaging examination, as far as a mark asks. ``None`` is not known, and then forbids what asks it.

    Attributes:
        key: stable key, unique among the examinations given together.
        item: recognised item code on a list; ``None`` when it was not mapped.
        performed: when it was done (检查时间).
        patient_named: whether name and basic data of the patient stand on the report.
        device_model: model of the instrument (仪器型号) that the report states.
        series_complete: 序列完整.
        image_quality: 检查过程规范、图像清晰、质量可靠、达到诊断要求: the reviewing physician's statement.
        report_sound: 报告文字规范、病变相关数据准确: the reviewing physician's statement.
    """

    key: str
    name: str
    status: ReportStatus
    item: Code | None = None
    performed: When | None = None
    patient_named: bool | None = None
    device_model: str | None = None
    series_complete: bool | None = None
    image_quality: bool | None = None
    report_sound: bool | None = None
    where: str = ""

    def __repr__(self) -> str:
        return f"ExamFacts(where={self.where!r}, status={self.status.value!r})"


class ItemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a finished report, as the rules of marks see it; made by the two functions of this module."""

    kind: ReportKind
    key: str
    where: str
    name: str
    report_status: ReportStatus
    item: Code | None = None
    performed: When | None = None
    result_status: ResultStatus | None = None
    patient_named: bool | None = None
    value_present: bool | None = None
    specimen_stated: bool | None = None
    specimen_kind: str | None = None
    method: bool | None = None
    reference: bool | None = None
    scale: Scale | None = None
    device_model: str | None = None
    series_complete: bool | None = None
    image_quality: bool | None = None
    report_sound: bool | None = None

    def __repr__(self) -> str:
        return f"ItemFacts(where={self.where!r}, kind={self.kind.value!r})"


def facts_of_report(report: Report, *, patient: Patient | None) -> tuple[ItemFacts, ...]:
    """Return the facts of each result of a laboratory report, in its order."""
    named = patient is not None and any(name.text.strip() for name in patient.names)
    return tuple(_facts(report, result, named=named) for result in report.results)


def facts_of_exam(exam: ExamFacts) -> ItemFacts:
    """Return the facts of an imaging examination."""
    return ItemFacts(
        kind=ReportKind.IMAGING,
        key=exam.key,
        where=exam.where,
        name=exam.name,
        report_status=exam.status,
        item=exam.item,
        performed=exam.performed,
        patient_named=exam.patient_named,
        device_model=exam.device_model,
        series_complete=exam.series_complete,
        image_quality=exam.image_quality,
        report_sound=exam.report_sound,
    )


def _facts(report: Report, result: Result, *, named: bool) -> ItemFacts:
    definition = result.definition
    specimen = report.specimen_of(result)
    return ItemFacts(
        kind=report.kind,
        key=result.key,
        where=result.where,
        name=definition.code.shown,
        report_status=report.status,
        item=definition.item,
        performed=report.performed_at(result),
        result_status=result.status,
        patient_named=named,
        value_present=_has_value(result),
        specimen_stated=specimen is not None and bool(specimen.type),
        specimen_kind=specimen.kind_code if specimen is not None else None,
        method=bool(definition.method and definition.method.shown.strip()),
        reference=any(each.text.strip() for each in definition.ranges),
        scale=definition.scale,
    )


def _has_value(result: Result) -> bool:
    value = result.value
    if value is None or isinstance(value, Absent):
        return False
    return not (isinstance(value, Text) and not value.text.strip())
