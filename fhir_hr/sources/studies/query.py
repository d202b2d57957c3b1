"""What is asked of an image archive and what it answers, the same for DICOMweb and DIMSE."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from fhir_hr.issues import Issue
from fhir_hr.model.imaging import Study
from fhir_hr.model.people import Sex

__all__ = ["StudyAnswer", "StudyArchive", "StudyQuery", "StudyState"]


class StudyQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which studies are wanted. Every condition is checked again on each answer, whatever the archive did with it.

    Attributes:
        patient_id, issuer: PatientID and IssuerOfPatientID; compared exactly.
        name: patient name, with DICOM wildcards ``*`` only; matches any component group (``欧阳*`` finds
            ``OuYang^Xiu=欧阳^修``), without regard to case, width or ``^``.
        birth_date: ``YYYYMMDD``.
        date_from, date_to: StudyDate, ``YYYYMMDD``, both inclusive; either may be left out.
        modalities: any of these.
        description: StudyDescription, with ``*``.
        limit: most studies that are wanted; reaching it makes the answer partial.
    """

    patient_id: str | None = None
    issuer: str | None = None
    name: str | None = None
    birth_date: str | None = None
    sex: Sex | None = None
    date_from: str | None = None
    date_to: str | None = None
    modalities: tuple[str, ...] = ()
    accession: str | None = None
    study_uids: tuple[str, ...] = ()
    description: str | None = None
    limit: int = 1_000

    def __repr__(self) -> str:
        stated = [name for name in self.__struct_fields__ if name != "limit" and getattr(self, name)]
        return f"StudyQuery(<{', '.join(stated) or 'nothing'}>)"


class StudyState(StrEnum):
    """How an archive answered; "could not ask" is never "there is nothing"."""

    FOUND = "found"
    NOTHING = "nothing"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"


class StudyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An archive's answer.

    Attributes:
        source: name of the archive.
        studies: those that meet every condition, each once, in order of start time (unknown last) and UID.
        issues: what was wrong or doubtful; never names a patient.
    """

    source: str
    state: StudyState
    studies: tuple[Study, ...] = ()
    issues: tuple[Issue, ...] = ()


class StudyArchive(Protocol):
    """An image archive that can be asked: DICOMweb or DIMSE."""

    @property
    def name(self) -> str:
        """Name of the archive, as it is shown and recorded."""
        ...

    def find_studies(self, query: StudyQuery) -> StudyAnswer:
        """Find studies. Never raises for a lost peer: that is :attr:`StudyState.UNAVAILABLE`."""
        ...

    def with_series(self, study: Study) -> StudyAnswer:
        """Return the study with its series, and their instances where that is cheap; one study or none."""
        ...
