"""Which report belongs to which study? By study UID, or by accession number and a proved patient; never by doubt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.codes import Identifier
from fhir_hr.model.identity import NATIONAL_ID, IdentityMatch, PatientIdentity, match_identity
from fhir_hr.model.imaging import Study
from fhir_hr.model.lab import Report, ReportKind, ReportMessage
from fhir_hr.model.people import Patient
from fhir_hr.model.when import compare
from fhir_hr.render.collect import sender_key

__all__ = ["Link", "SentReport", "Unlinked", "link_reports", "message_of"]


class SentReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report message and the file that it came in.

    Attributes:
        issues: what was met while the message was read.
    """

    source: str
    message: ReportMessage
    issues: tuple[Issue, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A report of a message that belongs to a study."""

    sent: SentReport
    report: Report


class Unlinked(msgspec.Struct, frozen=True, kw_only=True):
    """A report that belongs to none of the studies, and why."""

    sent: SentReport
    issue: Issue


def link_reports(
    studies: Sequence[Study], sent: Sequence[SentReport]
) -> tuple[dict[str, tuple[Link, ...]], tuple[Unlinked, ...]]:
    """Find the study of each imaging report.

    A stated Study Instance UID decides, unless name, sex, birth date or identity card differ. Without one the
    accession number does, and then the patient must be proved to be the same, and no issuer may differ. Reports of one
    study that name different patients are not put together either: only those are taken whose patient is proved.

    Returns:
        the links by study UID, and the reports that found no study (laboratory reports among them).
    """
    links: dict[str, list[Link]] = {}
    unlinked: list[Unlinked] = []
    for each in sent:
        for report in each.message.reports:
            found = _study_of(report, each.message, studies)
            if isinstance(found, Study):
                links.setdefault(found.uid, []).append(Link(sent=each, report=report))
            else:
                unlinked.append(Unlinked(sent=each, issue=found))
    by_uid = {study.uid: study for study in studies}
    kept: dict[str, tuple[Link, ...]] = {}
    for uid, each_link in links.items():
        good = _of_one_patient(by_uid[uid], each_link)
        if good:
            kept[uid] = good
        taken = {id(link) for link in good}
        unlinked += [
            Unlinked(sent=link.sent, issue=_others(link.report)) for link in each_link if id(link) not in taken
        ]
    return kept, tuple(unlinked)


def _of_one_patient(study: Study, links: Sequence[Link]) -> tuple[Link, ...]:
    """The links that may stand together: a study without name or birth date fits many patients, but not two at once."""
    if _agree(links):
        return tuple(links)
    proved = tuple(link for link in links if _match(link.sent.message, study).same is True)
    return proved if _agree(proved) else ()


def _agree(links: Sequence[Link]) -> bool:
    patients = (link.sent.message.patient for link in links)
    stated = list(dict.fromkeys(_telling(patient) for patient in patients if patient is not None))
    return not any(match_identity(one, other).differ for one, other in combinations(stated, 2))


def _telling(patient: Patient) -> PatientIdentity:
    """What can tell two patients apart. Local numbers cannot, and thousands of them would be compared in pairs."""
    identity = PatientIdentity.of(patient)
    cards = tuple(one for one in identity.identifiers if one.system == NATIONAL_ID)
    return msgspec.structs.replace(identity, identifiers=cards)


def _others(report: Report) -> Issue:
    return Issue(
        code=IssueCode.IDENTITY_DOUBTFUL,
        severity=Severity.ERROR,
        where=report.where,
        message="reports of this study name different patients, and nothing proves that this one is of the study's; "
        "it was not put to it",
    )


def _study_of(report: Report, message: ReportMessage, studies: Sequence[Study]) -> Study | Issue:
    if report.kind is ReportKind.LABORATORY:
        return _issue(report, "this is a laboratory report; it belongs to no study (fhir-hr convert reads it)")
    if report.study_uid:
        named = [study for study in studies if study.uid == report.study_uid]
        if not named:
            return _issue(report, "the study that this report names is not among those given")
        match = _match(message, named[0])
        return named[0] if not match.differ and match.same is not False else _doubt(report, match)
    if report.accession is None:
        return _issue(report, "the report states neither study UID nor accession number")
    numbered = [study for study in studies if study.accession and _same_number(study.accession, report.accession)]
    if not numbered:
        return _issue(report, "no study given has the accession number of this report")
    matches = [(study, _match(message, study)) for study in numbered]
    proved = [study for study, match in matches if match.same is True]
    if len(proved) == 1:
        return proved[0]
    if proved:
        return _issue(report, f"{len(proved)} studies have the accession number and patient of this report")
    return _doubt(report, matches[0][1])


def _match(message: ReportMessage, study: Study) -> IdentityMatch:
    if message.patient is None or study.patient is None:
        return IdentityMatch(same=None)
    return match_identity(PatientIdentity.of(message.patient), PatientIdentity.of(study.patient))


def _same_number(one: Identifier, other: Identifier) -> bool:
    if one.value.strip() != other.value.strip():
        return False
    return not any(
        mine and theirs and mine != theirs
        for mine, theirs in ((one.assigner, other.assigner), (one.system, other.system))
    )


def _doubt(report: Report, match: IdentityMatch) -> Issue:
    what = f"{', '.join(match.differ)} differs" if match.differ else "nothing proves that the patient is the same"
    return Issue(
        code=IssueCode.IDENTITY_DOUBTFUL,
        severity=Severity.ERROR,
        where=report.where,
        message=f"a study has the number that this report states, but {what}; they were not put together",
    )


def _issue(report: Report, message: str) -> Issue:
    return Issue(code=IssueCode.REPORT_UNLINKED, severity=Severity.WARNING, where=report.where, message=message)


def message_of(bare: ReportMessage, links: Sequence[Link]) -> tuple[ReportMessage, tuple[Issue, ...]]:
    """Return the message that a study and its reports are written from.

    Without a sent report it is the study's own. Otherwise it is the latest message sent: its patient, sender and
    encounter, so that the report gets the id that converting its message alone would give it. Of two versions of one
    report the later message's is taken.

    Args:
        bare: the message of the study alone, with the reports that came as DICOM objects.
        links: the reports that were sent for it.
    """
    if not links:
        return bare, ()
    ordered = _by_age(links)
    base = ordered[-1].sent.message
    owner = sender_key(base)
    issues: list[Issue] = []
    reports: dict[str, Report] = {}
    for link in ordered:
        if sender_key(link.sent.message) != owner:
            issues.append(_issue(link.report, "another institution sent this report of the study; it was left out"))
            continue
        if link.report.key in reports:
            issues.append(
                Issue(
                    code=IssueCode.OLDER_MESSAGE,
                    severity=Severity.INFORMATION,
                    where=link.report.where,
                    message="an older version of this report was given too; the later message's was taken",
                )
            )
        uid = bare.studies[0].uid
        reports[link.report.key] = msgspec.structs.replace(link.report, study_uid=uid)
    whole = (*reports.values(), *(each for each in bare.reports if each.key not in reports))
    patient = base.patient if base.patient is not None else bare.patient
    message = msgspec.structs.replace(base, patient=patient, reports=whole, studies=bare.studies)
    return message, tuple(issues)


def _by_age(links: Sequence[Link]) -> list[Link]:
    """Oldest first; where times do not tell, by name of the file, and as they stand in it."""
    ordered: list[Link] = []
    for link in sorted(links, key=lambda link: link.sent.source):
        created = link.sent.message.created
        place = len(ordered)
        while place and created is not None:
            other = ordered[place - 1].sent.message.created
            if other is None or compare(created, other) != -1:
                break
            place -= 1
        ordered.insert(place, link)
    return ordered
