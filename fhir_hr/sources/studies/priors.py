"""A study as a prior: what images alone can say, and nothing of the report that they cannot."""

from __future__ import annotations

from fhir_hr.mapping.dicom_exams import match_exam
from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.model.codes import Concept
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.imaging import InstanceKind, Study
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.render.ids import study_id

__all__ = ["prior_of_study"]

_NO_IMAGES = frozenset(
    {"SR", "PR", "KO", "DOC", "REG", "SEG", "PLAN", "RTPLAN", "RTSTRUCT", "RTDOSE", "RTRECORD", "AU"}
)
_REACHABLE = {"ONLINE": True, "NEARLINE": True, "UNAVAILABLE": False}


def prior_of_study(
    study: Study,
    *,
    source: str,
    namespace: str | None = None,
    sender: ImagingSender | None = None,
    report: ReportStatus | None = None,
) -> Prior:
    """Return a study as a prior; its id is that of the ImagingStudy that rendering makes with the same namespace.

    Images prove no report: without ``report`` both statuses are unknown, and ``has_report`` is true only where an
    object of the study is a report. An archive does not know what the RIS holds, so it is never false.

    Args:
        study: the study; with its series, more of its exam is known.
        source: name of the source that it came from.
        namespace: name of the deployment, as for rendering.
        sender: profile of its sender: institution with level and grade, and the sender's own words for exams.
        report: status of the study's report, where a report is known.

    Example:
        >>> prior = prior_of_study(Study(uid="1.2.3", modalities=("CT",), stated_instances=300), source="PACS")
        >>> prior.has_images, prior.has_report, prior.report_status.value
        (True, None, 'unknown')
    """
    exam, item = study.exam, study.item
    if exam is None:
        reading = match_exam(study, sender=sender)
        exam, item = reading.exam, item or reading.item
    return Prior(
        id=study_id(study.uid, namespace),
        kind=ReportKind.IMAGING,
        patient=PatientIdentity.of(study.patient) if study.patient is not None else PatientIdentity(),
        institution=_institution(study, sender, source),
        name=_name(study),
        status=_status(report),
        report_status=report or ReportStatus.UNKNOWN,
        code=study.procedures[0] if study.procedures else Concept(text=study.description),
        source=source,
        item=item,
        performed=study.started,
        report_mark=study.flag.mark.code if study.flag is not None else None,
        report_mark_known=study.flag is not None,
        report_number=study.accession,
        exam=exam,
        device_model=next((each.device.model for each in study.series if each.device and each.device.model), None),
        has_report=True if report is not None or _holds_report(study) else None,
        has_images=_has_images(study),
        series_complete=study.completeness.all_series,
        study_uid=study.uid,
    )


def _institution(study: Study, sender: ImagingSender | None, source: str) -> Institution:
    """The profile's hospital, else the one stated; an archive itself stands for what states none."""
    if sender is not None and sender.institution is not None:
        return sender.institution
    stated = study.institution
    if stated is None:
        return Institution(id=source)
    number = next((each.value for each in stated.identifiers if each.value), None)
    return Institution(id=number or stated.name or source, name=stated.name, division=stated.division)


def _name(study: Study) -> str:
    asked = study.procedures[0].shown if study.procedures else ""
    return study.description or asked or f"{'/'.join(study.modalities)}检查"


def _status(report: ReportStatus | None) -> ResultStatus:
    if report is None:
        return ResultStatus.UNKNOWN
    try:
        return ResultStatus(report.value)
    except ValueError:
        # partial and appended have no twin among results
        return ResultStatus.PRELIMINARY if report is ReportStatus.PARTIAL else ResultStatus.AMENDED


def _holds_report(study: Study) -> bool:
    return any(one.kind is InstanceKind.DOCUMENT for each in study.series for one in each.instances)


def _has_images(study: Study) -> bool | None:
    """Whether images can be had: as the archive says, else as it counts; what is offline is not known."""
    if study.availability is not None:
        return _REACHABLE.get(study.availability.upper())
    if study.instance_count:
        return study.image_count > 0
    counted = study.stated_instances or sum(each.stated_instances or 0 for each in study.series)
    return True if counted and set(study.modalities) - _NO_IMAGES else None
