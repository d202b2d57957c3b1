"""A message's results as priors: flattened to what a decision needs, and ready for a store."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_hr.mapping.text import MARKERS
from fhir_hr.model.codes import Concept, Identifier
from fhir_hr.model.flags import Evidence
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.lab import (
    Report,
    ReportKind,
    ReportMessage,
    ReportStatus,
    Result,
    ResultStatus,
)
from fhir_hr.model.people import Organization
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.model.values import (
    Absent,
    Attachment,
    Coded,
    Moment,
    Quantity,
    Ratio,
    SampledData,
    Span,
    Text,
    TimeOfDay,
    Value,
    ValueRange,
)
from fhir_hr.recognition.evidence import evidence_for
from fhir_hr.render.collect import sender_key
from fhir_hr.render.ids import IdMaker
from fhir_hr.sources import Deposit, ReportVersion

__all__ = ["deposit_of", "institution_of", "priors_of", "value_text"]


def priors_of(
    message: ReportMessage,
    *,
    namespace: str | None = None,
    evidence: Sequence[Evidence] = (),
) -> tuple[Prior, ...]:
    """Return one prior per laboratory result and one per imaging report.

    Ids are those of the FHIR resources that :func:`fhir_hr.convert` writes with the same ``namespace``. A
    message without a patient gives none: its results are nobody's.

    Args:
        message: what was read.
        namespace: name of the deployment, as for ``convert``.
        evidence: quality evidence, put on the priors that it is for.
    """
    if message.patient is None:
        return ()
    maker = _Maker(message, _ids(message, namespace), evidence)
    return tuple(prior for report in message.reports for prior in maker.of(report))


def deposit_of(
    message: ReportMessage,
    *,
    namespace: str | None = None,
    evidence: Sequence[Evidence] = (),
) -> Deposit:
    """Return what a message brings to a :class:`~fhir_hr.sources.PriorStore`."""
    ids = _ids(message, namespace)
    return Deposit(
        message=message.origin.sha256,
        created=message.created,
        processing=message.processing,
        reports=tuple(
            ReportVersion(report_id=_report_id(ids, report), status=report.status, issued=report.issued)
            for report in message.reports
        ),
        priors=priors_of(message, namespace=namespace, evidence=evidence),
    )


def institution_of(sender: Organization, *, fallback: str) -> Institution:
    """Return the institution that a sender stands for; ``fallback`` is for one without number and name."""
    number = next((each.value for each in sender.identifiers if each.value), None)
    return Institution(id=number or sender.name or fallback, name=sender.name, division=sender.division)


def _ids(message: ReportMessage, namespace: str | None) -> IdMaker:
    # The ids of the FHIR resources: a prior in the store and its Observation are one thing.
    return IdMaker(sender=sender_key(message), namespace=namespace)


def _report_id(ids: IdMaker, report: Report) -> str:
    return ids.of_report(report.key).make("DiagnosticReport", report.key)


class _Maker:
    """Makes the priors of one message."""

    def __init__(
        self,
        message: ReportMessage,
        ids: IdMaker,
        evidence: Sequence[Evidence],
    ) -> None:
        if message.patient is None:
            msg = "a message without patient has no priors"
            raise ValueError(msg)
        self._message = message
        self._ids = ids
        self._evidence = evidence
        self._patient = PatientIdentity.of(message.patient)
        self._institution = institution_of(message.sender, fallback=message.origin.system)
        numbers = message.encounter.identifiers if message.encounter is not None else ()
        self._encounter = numbers[0].value if numbers else None

    def of(self, report: Report) -> tuple[Prior, ...]:
        if report.kind is ReportKind.IMAGING:
            return (self._of_report(report),)
        # A second result with the same key is left out of the FHIR as well, with an issue.
        first = {result.key: result for result in reversed(report.results)}
        return tuple(self._of_result(result, report) for result in report.results if first[result.key] is result)

    def _of_result(self, result: Result, report: Report) -> Prior:
        definition = result.definition
        specimen = report.specimen_of(result)
        performed = report.performed_at(result)
        item = definition.item
        return Prior(
            id=self._ids.of_report(report.key).make("Observation", f"{report.key}\x1f{result.key}"),
            kind=report.kind,
            patient=self._patient,
            institution=self._institution,
            name=definition.code.shown.lstrip(MARKERS),
            status=result.status,
            report_status=report.status,
            code=definition.code,
            source=self._message.origin.system,
            item=item,
            performed=performed,
            reported=report.issued,
            specimen=specimen.type if specimen is not None else None,
            specimen_kind=specimen.kind_code if specimen is not None else None,
            method=definition.method.shown or None if definition.method else None,
            scale=definition.scale,
            value=result.value,
            value_text=value_text(result.value),
            unit=definition.unit.text if definition.unit is not None else None,
            reference_text="; ".join(each.text for each in definition.ranges) or None,
            interpretation_text=" ".join(_flag(each) for each in result.interpretations) or None,
            report_mark=report.flag.mark.code if report.flag is not None else None,
            report_mark_known=report.marks_readable,
            starred=definition.starred,
            evidence=evidence_for(
                self._evidence,
                institution=self._institution.id,
                item=item.code if item is not None else None,
                performed=performed,
            ),
            report_id=_report_id(self._ids, report),
            report_number=_report_number(report),
            encounter=self._encounter,
        )

    def _of_report(self, report: Report) -> Prior:
        performed = report.performed_at()
        return Prior(
            id=_report_id(self._ids, report),
            kind=report.kind,
            patient=self._patient,
            institution=self._institution,
            name=report.code.shown,
            status=_as_result_status(report.status),
            report_status=report.status,
            code=report.code,
            source=self._message.origin.system,
            performed=performed,
            reported=report.issued,
            value_text=report.conclusion,
            report_mark=report.flag.mark.code if report.flag is not None else None,
            report_mark_known=report.marks_readable,
            evidence=evidence_for(self._evidence, institution=self._institution.id, item=None, performed=performed),
            report_id=_report_id(self._ids, report),
            report_number=_report_number(report),
            encounter=self._encounter,
            has_report=True if report.findings or report.conclusion or report.documents else None,
            study_uid=report.study_uid,
        )


def _report_number(report: Report) -> Identifier | None:
    # 档案号/报告单号: the number of the laboratory that made it, before the number of the order.
    request = report.request
    if request is not None and request.filler is not None:
        return request.filler
    if report.identifiers:
        return report.identifiers[0]
    return request.placer if request is not None else None


def _as_result_status(status: ReportStatus) -> ResultStatus:
    try:
        return ResultStatus(status.value)
    except ValueError:
        # partial and appended have no twin among results
        return ResultStatus.PRELIMINARY if status is ReportStatus.PARTIAL else ResultStatus.AMENDED


def _flag(concept: Concept) -> str:
    """HL7 v3 interpretation code (``H``, ``L``, ``POS``), else the sender's own flag."""
    return concept.codings[0].code if concept.codings else concept.text or ""


def value_text(value: Value | None) -> str | None:
    """Return a value as a person reads it, without its unit; digits as sent. ``None`` when there is none.

    Example:
        >>> from decimal import Decimal
        >>> value_text(Quantity(value=Decimal("4.30")))
        '4.30'
        >>> value_text(Ratio(numerator=Decimal(1), denominator=Decimal(80)))
        '1:80'
    """
    match value:
        case None | Attachment():
            return None
        case Quantity(value=number, comparator=comparator):
            return f"{comparator or ''}{number:f}"
        case ValueRange(low=low, high=high):
            return f"{'' if low is None else f'{low:f}'}-{'' if high is None else f'{high:f}'}"
        case Ratio(numerator=top, denominator=bottom, comparator=comparator):
            return f"{comparator or ''}{top:f}:{bottom:f}"
        case Coded(concept=concept):
            return concept.shown
        case Text(text=text):
            return text
        case Moment(when=when):
            return when.iso
        case TimeOfDay(time=time):
            return time
        case Span(period=period):
            return f"{period.start.iso if period.start else ''}/{period.end.iso if period.end else ''}"
        case SampledData(data=data):
            return " ".join(data)
        case Absent(text=text):
            return text
