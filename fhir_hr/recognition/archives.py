"""A study beside the same study in an archive: does the copy hold all that the archive counts?"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.identity import PatientIdentity, match_identity
from fhir_hr.model.imaging import Study
from fhir_hr.sources.studies.query import StudyArchive, StudyQuery, StudyState

__all__ = ["same_in_archive"]


def same_in_archive(study: Study, archives: Sequence[StudyArchive]) -> tuple[Study | None, tuple[Issue, ...]]:
    """Return a study as the first archive that holds it states it, and what could not be asked.

    A study of another patient under the same UID is not it.

    Args:
        study: the copy.
        archives: asked one after the other, until one holds the study.
    """
    issues: list[Issue] = []
    for archive in archives:
        answer = archive.find_studies(StudyQuery(study_uids=(study.uid,)))
        issues += answer.issues
        found = next((each for each in answer.studies if each.uid == study.uid), None)
        if found is None:
            if answer.state is not StudyState.NOTHING:
                issues.append(_issue(archive, IssueCode.SOURCE_PARTIAL, "the archive could not be asked fully"))
            continue
        if _another_patient(study, found):
            words = "the archive holds this Study Instance UID for another patient; its counts were not compared"
            issues.append(_issue(archive, IssueCode.STUDY_CONFLICT, words))
            continue
        more = archive.with_series(found)
        issues += [issue for issue in more.issues if issue not in issues]
        return next((each for each in more.studies if each.uid == study.uid), found), tuple(issues)
    return None, tuple(issues)


def _another_patient(study: Study, other: Study) -> bool:
    if study.patient is None or other.patient is None:
        return False
    return bool(match_identity(PatientIdentity.of(study.patient), PatientIdentity.of(other.patient)).differ)


def _issue(archive: StudyArchive, code: IssueCode, message: str) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, where=archive.name, message=message)
