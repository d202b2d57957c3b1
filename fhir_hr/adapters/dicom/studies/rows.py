"""An archive's answers on studies, series and instances as studies: rows that name no instance are allowed."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.studies.grouping import StudyBuilder
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity
from fhir_hr.mapping.imaging_senders import ImagingSenders
from fhir_hr.model.imaging import Study

__all__ = ["studies_of_headers", "study_of_headers"]


def study_of_headers(
    headers: Iterable[Header],
    *,
    where: str = "",
    senders: ImagingSenders | None = None,
    ae_title: str | None = None,
    study_uid: str | None = None,
) -> Outcome[Study | None]:
    """Read an archive's answers on one study: rows on the study, on its series, on its instances, in any mixture.

    Args:
        headers: the rows.
        where: name of the archive, for people.
        senders: profiles of imaging senders.
        ae_title: AE title of the archive, by which a profile may be found.
        study_uid: the study that was asked for; rows that state none are of it, rows of others are reported.

    Returns:
        the study, or ``None`` when no row is of it. Rows on series give series without instances.

    Raises:
        UsageError: the rows are of several studies and ``study_uid`` does not say which is meant.

    Example:
        >>> row = Header(study_instance_uid="1.2", patient_id="T1", modalities_in_study=("CT", "PR"),
        ...              number_of_study_related_instances="402")
        >>> read = study_of_headers([row], where="PACS")
        >>> read.value.modalities, read.value.stated_instances, read.value.series
        (('CT', 'PR'), 402, ())
    """
    rows = [
        msgspec.structs.replace(header, study_instance_uid=study_uid)
        if study_uid and not header.study_instance_uid
        else header
        for header in headers
    ]
    issues = []
    if study_uid:
        other = [row for row in rows if row.study_instance_uid != study_uid]
        if other:
            message = f"{len(other)} rows are of another study than the one asked for; they were left out"
            issues.append(
                Issue(code=IssueCode.ANSWER_NOT_ASKED_FOR, severity=Severity.WARNING, where=where, message=message)
            )
            rows = [row for row in rows if row.study_instance_uid == study_uid]
    found = studies_of_headers(rows, where=where, senders=senders, ae_title=ae_title)
    if len(found.value) > 1:
        msg = f"the rows are of {len(found.value)} studies; name the one that is meant, or use studies_of_headers"
        raise UsageError(msg)
    return Outcome(found.value[0] if found.value else None, (*issues, *found.issues))


def studies_of_headers(
    headers: Iterable[Header], *, where: str = "", senders: ImagingSenders | None = None, ae_title: str | None = None
) -> Outcome[tuple[Study, ...]]:
    """Read an archive's answers on any number of studies, as :func:`study_of_headers`; studies in order of UID."""
    builder = StudyBuilder(senders=senders, ae_title=ae_title, rows=True)
    issues = [issue for header in headers for issue in builder.add(header, where)]
    grouped = builder.done()
    issues += [issue for each in grouped for issue in each.issues]
    return Outcome(tuple(each.study for each in grouped), tuple(issues))
