"""Who wrote, verified and keeps a structured report (PS3.3 C.17.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fhir_hr.adapters.dicom.documents.elements import Elements
from fhir_hr.adapters.dicom.facts.codes import code_of
from fhir_hr.adapters.dicom.facts.people import read_institution, read_name
from fhir_hr.adapters.dicom.facts.times import Zone, read_dt
from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.codes import Concept, Identifier
from fhir_hr.model.lab import Note
from fhir_hr.model.people import Organization, Performer, Practitioner
from fhir_hr.model.when import When, compare

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Verification", "custodian", "read_authors", "read_verifiers"]


class Verification(NamedTuple):
    """Who verified, a note of each time, and the latest of them."""

    performers: tuple[Performer, ...]
    notes: tuple[Note, ...]
    latest: When | None


def read_verifiers(dataset: Dataset, elements: Elements, zone: Zone) -> Verification:
    """Read VerifyingObserverSequence (0040,A073)."""
    found: list[Performer] = []
    notes: list[Note] = []
    latest: When | None = None
    for number, item in enumerate(elements.items(dataset, "VerifyingObserverSequence"), 1):
        where = f"VerifyingObserverSequence[{number}]"
        one = _person(
            elements.text(item, "VerifyingObserverName", where),
            elements.entries(item, "VerifyingObserverIdentificationCodeSequence", where),
            elements.text(item, "VerifyingOrganization", where),
            role="审核医师",
            where=where,
            elements=elements,
        )
        read = read_dt(elements.text(item, "VerificationDateTime", where), zone=zone)
        if read.problem:
            elements.log.add(IssueCode.TIME_INVALID, Severity.WARNING, where, read.problem)
        if one is None:
            elements.log.add(IssueCode.FIELD_UNMAPPED, Severity.WARNING, where, "a verifying observer has no name")
            continue
        found.append(one)
        if read.when is not None:
            notes.append(Note(text=f"审核时间：{read.when.iso}", author=one, kind="verification"))
            if latest is None or (compare(latest, read.when) or 0) < 0:
                latest = read.when
    return Verification(tuple(dict.fromkeys(found)), tuple(notes), latest)


def read_authors(dataset: Dataset, elements: Elements) -> tuple[Performer, ...]:
    """Read AuthorObserverSequence (0040,A078) and ParticipantSequence (0040,A07A): persons and organisations."""
    found: list[Performer] = []
    for keyword, role in (("AuthorObserverSequence", "报告医师"), ("ParticipantSequence", "")):
        for number, item in enumerate(elements.items(dataset, keyword), 1):
            where = f"{keyword}[{number}]"
            one = _person(
                elements.text(item, "PersonName", where),
                elements.entries(item, "PersonIdentificationCodeSequence", where),
                elements.text(item, "InstitutionName", where),
                role=role or elements.text(item, "ParticipationType", where) or "",
                where=where,
                elements=elements,
            )
            if one is not None:
                found.append(one)
                continue
            elements.log.add(
                IssueCode.CONTENT_UNMAPPED,
                Severity.INFORMATION,
                where,
                "an author or participant that is no named person (a device) was not taken over",
            )
    return tuple(dict.fromkeys(found))


def custodian(dataset: Dataset, elements: Elements) -> tuple[Performer, ...]:
    """Whose document it is: CustodialOrganizationSequence, else the institution of the document."""
    item = next(iter(elements.items(dataset, "CustodialOrganizationSequence")), None)
    where = "CustodialOrganizationSequence[1]"
    held: Organization | None = None
    if item is not None:
        held = read_institution(
            elements.text(item, "InstitutionName", where),
            elements.entries(item, "InstitutionCodeSequence", where),
            sender=None,
            log=elements.log,
        )
    if held is None:
        held = read_institution(
            elements.text(dataset, "InstitutionName"),
            elements.entries(dataset, "InstitutionCodeSequence"),
            sender=None,
            log=elements.log,
        )
    return (Performer(organization=held),) if held is not None else ()


def _person(
    name: str | None,
    codes: tuple[CodedEntry, ...],
    organization: str | None,
    *,
    role: str,
    where: str,
    elements: Elements,
) -> Performer | None:
    names = read_name(name, where=where, log=elements.log)
    numbers = []
    for entry in codes:
        code = code_of(entry, where=where, log=elements.log)
        if code is not None:
            assigner = None if code.system else entry.scheme
            numbers.append(Identifier(value=code.code, system=code.system, assigner=assigner))
    if not names and not numbers and not organization:
        return None
    return Performer(
        practitioner=Practitioner(identifiers=tuple(numbers), name=names[0] if names else None, source=name)
        if names or numbers
        else None,
        organization=Organization(name=organization) if organization else None,
        role=Concept(text=role) if role else None,
    )
