"""What the rows of a study leave out: its modalities from SERIES level, the rest from the header of one object.

pynetdicom's server writes names as ``?``, Orthanc with Debian's configuration as ``^``; dcmqrscp and pynetdicom's
server ignore ModalitiesInStudy and answer only the few attributes that they index. Nothing of that tells whose a study
is, but each of its objects does.
"""

from __future__ import annotations

import io

import msgspec

from fhir_hr.adapters.dicom.facts.people import PatientFacts
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.reading import read_header
from fhir_hr.adapters.dicom.studies.identity import difference, patient_facts
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.sources.dimse.find import Rows
from fhir_hr.sources.dimse.getting import get
from fhir_hr.sources.dimse.keys import IMAGE
from fhir_hr.sources.dimse.received import ReceivedObject
from fhir_hr.sources.dimse.session import Session

__all__ = ["Completer", "is_lossy"]

_TEXTS = ("patient_name", "study_description", "institution_name", "referring_physician_name")
_OF_STUDY = (
    *("patient_name", "patient_id", "issuer_of_patient_id", "issuer_universal_id", "type_of_patient_id"),
    *("other_patient_ids", "patient_birth_date", "patient_sex", "study_id", "study_date", "study_time"),
    *("accession_number", "issuer_of_accession_number", "study_description", "procedure_codes"),
    *("requested_procedure_description", "requested_procedure_codes", "referring_physician_name"),
    *("reading_physicians", "institution_name", "institution_codes", "institutional_department_name"),
    "timezone_offset_from_utc",
)


def is_lossy(header: Header) -> bool:
    """Whether text of a row was lost on the way: letters became ``?``, or no name is left but its delimiters.

    Example:
        >>> is_lossy(Header(patient_name="Wang^XiaoDong=??^??")), is_lossy(Header(patient_name="Wang^XiaoDong"))
        (True, False)
    """
    return not header.patient_name or any("?" in (getattr(header, name) or "") for name in _TEXTS)


class Completer:
    """Looks closer at studies, at so many as it may.

    Args:
        session: queries of the call.
        objects: of how many studies an object may be fetched.
    """

    def __init__(self, session: Session, objects: int) -> None:
        self.issues: list[Issue] = []
        self._session = session
        self._left = objects

    def complete(self, row: Header, unknown: frozenset[str]) -> Header:
        """Return the row with what is missing in it.

        Args:
            row: the study as its rows state it.
            unknown: conditions that could not be checked.

        Raises:
            PeerLostError: the archive is gone.
        """
        of_study = {"StudyInstanceUID": row.study_instance_uid or ""}
        series = self._taken(self._session.find("SERIES", ("SeriesInstanceUID", "Modality"), of_study)).headers
        modalities = tuple(sorted({each.modality for each in series if each.modality}))
        if modalities and not row.modalities_in_study:
            row = msgspec.structs.replace(row, modalities_in_study=modalities)
        if not is_lossy(row) and not unknown - {"modality"}:
            return row
        uids = [each.series_instance_uid for each in series if each.series_instance_uid]
        found = self._header_of_object(of_study, uids) if uids else None
        if found is None:
            return row
        # A name whose letters were lost cannot be compared; all else that both state must be of one patient.
        stated = PatientFacts._make(patient_facts(row))
        readable = stated._replace(name=None if "?" in (stated.name or "") else stated.name)
        differs = difference(readable, PatientFacts._make(patient_facts(found)))
        if differs is not None:
            self._note(f"an object names another patient than the archive's row ({differs}); only the row was believed")
            return row
        lossy = {name: getattr(found, name) for name in _TEXTS if "?" in (getattr(row, name) or "")}
        absent = {name: getattr(found, name) for name in _OF_STUDY if not getattr(row, name)}
        if "name" in unknown:  # only one group came, and not the one that was asked for
            lossy["patient_name"] = found.patient_name
        return msgspec.structs.replace(row, **{**absent, **{k: v for k, v in lossy.items() if v}})

    def _header_of_object(self, of_study: dict[str, str], series: list[str]) -> Header | None:
        if self._left <= 0:
            self._note("rows leave out what was asked of more studies than objects may be fetched for")
            return None
        self._left -= 1
        values = {**of_study, "SeriesInstanceUID": series[0]}
        images = self._taken(self._session.find("IMAGE", IMAGE, values)).headers
        image = next((each for each in images if each.sop_instance_uid), None)
        if image is None:
            self._note("a study whose rows leave out what was asked has no object that could be looked at")
            return None
        taken: list[ReceivedObject] = []
        classes = [image.sop_class_uid] if image.sop_class_uid else []
        received = get(
            self._session.peer,
            {**values, "SOPInstanceUID": image.sop_instance_uid or ""},
            sop_classes=classes,
            take=taken.append,
            expected=frozenset({image.sop_instance_uid or ""}),
            deadline=self._session.deadline,
        )
        if not taken:
            why = "; ".join(received.failures) or "it sent none"
            self._note(f"an object could not be fetched to read what the rows leave out: {why}")
            return None
        return read_header(io.BytesIO(taken[0].file_bytes())).value

    def _taken(self, rows: Rows) -> Rows:
        if rows.failure:
            self._note(f"the series or objects of a study could not be asked for: {rows.failure}")
        return rows

    def _note(self, message: str) -> None:
        issue = Issue(code=IssueCode.SOURCE_PARTIAL, severity=Severity.WARNING, where="", message=message)
        if issue not in self.issues:
            self.issues.append(issue)
