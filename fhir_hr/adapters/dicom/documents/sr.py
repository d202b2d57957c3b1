"""A structured report (DICOM SR) as a report of the neutral model: text, measurements, status, who and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_hr.adapters.dicom.documents.elements import Elements, warnings_as_issues
from fhir_hr.adapters.dicom.documents.kos import KEY_OBJECT_SELECTION
from fhir_hr.adapters.dicom.documents.sr_measurements import DICOM_UID, read_measurements
from fhir_hr.adapters.dicom.documents.sr_people import custodian, read_authors, read_verifiers
from fhir_hr.adapters.dicom.documents.sr_text import number_references, tell
from fhir_hr.adapters.dicom.documents.sr_tree import Reference, read_tree
from fhir_hr.adapters.dicom.facts.codes import concept_of
from fhir_hr.adapters.dicom.facts.numbers import is_oid
from fhir_hr.adapters.dicom.facts.people import assigned_by
from fhir_hr.adapters.dicom.facts.times import DEFAULT_ZONE, TimeReading, Zone, read_date_time, read_zone
from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Outcome, Severity
from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.model.codes import EMPTY_CONCEPT, Code, Identifier
from fhir_hr.model.lab import Note, Report, ReportKind, ReportStatus, Request, ResultStatus
from fhir_hr.model.when import When

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["MAX_ISSUES", "is_report", "read_report"]

MAX_ISSUES = 200
"""Most issues that are listed for one document; how many more there were is said."""

_SR = "1.2.840.10008.5.1.4.1.1.88."
# PS3.6 Table A-1. Other classes below the same root are machine findings (CAD), doses, logs, plans and key objects.
_REPORTS = frozenset(_SR + end for end in ("1", "2", "3", "4", "11", "22", "33", "34", "35", "72"))
_ANY_SR = _SR + "33"
# Titles by which a document of a general class is no report of an examination: the radiation dose reports of PS3.16.
_NO_REPORT = frozenset({("DCM", "113701"), ("DCM", "113500"), ("DCM", "128401")})

_RESULT_STATUS = {
    ReportStatus.FINAL: ResultStatus.FINAL,
    ReportStatus.PRELIMINARY: ResultStatus.PRELIMINARY,
    ReportStatus.PARTIAL: ResultStatus.PRELIMINARY,
}


def is_report(sop_class: str | None, title: CodedEntry | None = None) -> bool:
    """Tell whether a document of this class and title is a report of an examination.

    Example:
        >>> is_report("1.2.840.10008.5.1.4.1.1.88.11"), is_report("1.2.840.10008.5.1.4.1.1.88.67")
        (True, False)
    """
    if title is not None and (title.scheme or "", title.value or "") in _NO_REPORT:
        return False
    return sop_class in _REPORTS


def read_report(
    dataset: Dataset, *, zone: str = DEFAULT_ZONE, charset: str | None = None, repair: bool = False
) -> Outcome[Report | None]:
    """Read a structured report. Never raises on a broken one.

    Basic Text, Enhanced, Comprehensive (3D), Extensible and Simplified Adult Echo SR are reports; key objects, doses,
    CAD results and logs are not: their value is ``None``.

    Args:
        dataset: the object, read by pydicom.
        zone: offset of times where the object states none.
        charset: character set to take where the object states none.
        repair: whether text with a wrong character set is decoded by the right one, and flagged.

    Returns:
        the report of kind imaging, with what could not be read or said as issues.
    """
    log = IssueLog(limit=MAX_ISSUES, of="document")
    with warnings_as_issues(log):
        elements = Elements(log, dataset, assumed=charset, repair=repair)
        report = _Reader(dataset, zone, elements).read()
    return Outcome(report, log.done())


class _Reader:
    def __init__(self, dataset: Dataset, zone: str, elements: Elements) -> None:
        self._ds = dataset
        self._log = elements.log
        self._in = elements
        self._default_zone = zone

    def _text(self, keyword: str) -> str | None:
        return self._in.text(self._ds, keyword)

    def read(self) -> Report | None:
        titles = self._in.entries(self._ds, "ConceptNameCodeSequence")
        if not self._is_report(titles):
            return None
        zone = self._zone()
        tree = read_tree(self._ds, self._in)
        references = number_references(tree)
        status, status_source = self._status()
        measured = read_measurements(
            tree,
            status=_RESULT_STATUS.get(status, ResultStatus.UNKNOWN),
            zone=zone,
            references=references,
            log=self._log,
        )
        if not zone.stated and (self._text("StudyTime") or self._text("ContentTime")):
            self._log.add(
                IssueCode.ZONE_ASSUMED,
                Severity.INFORMATION,
                "TimezoneOffsetFromUTC",
                f"no offset from UTC is stated; {zone.offset} was taken",
            )
        told = tell(tree, told=measured.told, references=references, log=self._log)
        if not (told.findings or told.conclusion or measured.results):
            self._log.add(
                IssueCode.VALUE_MISSING, Severity.WARNING, "ContentSequence", "the report has neither text nor results"
            )
        uid = self._text("SOPInstanceUID")
        verified = read_verifiers(self._ds, self._in, zone)
        requests = self._in.items(self._ds, "ReferencedRequestSequence")
        accession = self._accession(requests)
        lines = [*told.notes, *self._remarks(), *self._reference_lines(references)]
        return Report(
            key=self._key(uid, accession),
            kind=ReportKind.IMAGING,
            where="SR",
            status=status,
            status_source=status_source,
            identifiers=(_uid_identifier(uid),) if uid else (),
            code=concept_of(titles, where="ConceptNameCodeSequence", log=self._log) or EMPTY_CONCEPT,
            effective=self._when("StudyDate", "StudyTime", zone),
            issued=verified.latest or self._when("ContentDate", "ContentTime", zone),
            request=self._request(requests),
            results=measured.results,
            performers=(*read_authors(self._ds, self._in), *custodian(self._ds, self._in)),
            interpreters=verified.performers,
            findings=told.findings,
            conclusion=told.conclusion,
            notes=(*verified.notes, *(Note(text=line, kind="document") for line in lines)),
            study_uid=self._study(),
            accession=accession,
        )

    def _is_report(self, titles: tuple[CodedEntry, ...]) -> bool:
        sop_class = self._text("SOPClassUID")
        if sop_class is None and self._text("Modality") == "SR":
            sop_class = _ANY_SR
        if is_report(sop_class, titles[0] if titles else None):
            return True
        if (sop_class or "").startswith(_SR) and sop_class != KEY_OBJECT_SELECTION:
            self._log.add(
                IssueCode.CONTENT_UNMAPPED,
                Severity.INFORMATION,
                "SOPClassUID",
                "a document on dose, of a machine (CAD) or on a procedure is no report; its content was not taken over",
            )
        return False

    def _zone(self) -> Zone:
        zone, problem = read_zone(self._text("TimezoneOffsetFromUTC"), zone=self._default_zone)
        if problem:
            self._log.add(IssueCode.TIME_INVALID, Severity.WARNING, "TimezoneOffsetFromUTC", problem)
        return zone

    def _when(self, date: str, time: str, zone: Zone) -> When | None:
        read: TimeReading = read_date_time(self._text(date), self._text(time), zone=zone)
        if read.problem:
            self._log.add(IssueCode.TIME_INVALID, Severity.WARNING, date, read.problem)
        return read.when

    def _status(self) -> tuple[ReportStatus, str | None]:
        """Status by CompletionFlag, VerificationFlag and PreliminaryFlag (PS3.3 C.17.2)."""
        flags = [self._text(each) for each in ("CompletionFlag", "VerificationFlag", "PreliminaryFlag")]
        done, verified, preliminary = flags
        source = "/".join(flag for flag in flags if flag) or None
        if done == "PARTIAL":
            return ReportStatus.PARTIAL, source
        if done == "COMPLETE" and (verified == "UNVERIFIED" or preliminary == "PRELIMINARY"):
            return ReportStatus.PRELIMINARY, source
        if done == "COMPLETE" and verified == "VERIFIED":
            if not self._in.items(self._ds, "VerifyingObserverSequence"):
                self._log.add(
                    IssueCode.FIELD_UNMAPPED,
                    Severity.WARNING,
                    "VerifyingObserverSequence",
                    "the report is verified, but nobody is named who did so",
                )
            return ReportStatus.FINAL, source
        self._log.add(
            IssueCode.STATUS_UNKNOWN,
            Severity.WARNING,
            "CompletionFlag",
            "completion and verification are not both stated as the standard has them; the status is unknown",
        )
        return ReportStatus.UNKNOWN, source

    def _key(self, uid: str | None, accession: Identifier | None) -> str:
        if uid:
            return f"sr|{uid}"
        self._log.add(
            IssueCode.REPORT_IDENTIFIER_MISSING,
            Severity.WARNING,
            "SOPInstanceUID",
            "the report has no UID of its own; it cannot be told from another of the same study",
        )
        return f"sr|{self._text('StudyInstanceUID') or ''}|{accession.value if accession else ''}"

    def _study(self) -> str | None:
        """The study of the report; its evidence names it where the document itself does not."""
        own = self._text("StudyInstanceUID")
        evidence = [
            uid
            for number, item in enumerate(self._in.items(self._ds, "CurrentRequestedProcedureEvidenceSequence"), 1)
            if (uid := self._in.text(item, "StudyInstanceUID", f"CurrentRequestedProcedureEvidenceSequence[{number}]"))
        ]
        others = [uid for uid in dict.fromkeys(evidence) if uid != own]
        if own is None and len(others) == 1:
            return others[0]
        if own is None or (others and own not in evidence):
            self._log.add(
                IssueCode.REPORT_UNLINKED,
                Severity.WARNING,
                "StudyInstanceUID",
                "the report names no study"
                if own is None
                else "the evidence of the report is of another study than its own",
            )
        return own

    def _accession(self, requests: tuple[Dataset, ...]) -> Identifier | None:
        """AccessionNumber of the document, else the only one of its requests."""
        number = self._text("AccessionNumber")
        holder, place = self._ds, ""
        if number is None:
            held = [
                (item, f"ReferencedRequestSequence[{position}]")
                for position, item in enumerate(requests, 1)
                if self._in.text(item, "AccessionNumber", f"ReferencedRequestSequence[{position}]")
            ]
            numbers = {self._in.text(item, "AccessionNumber", where) for item, where in held}
            if len(numbers) != 1:
                return None
            holder, place = held[0]
            number = next(iter(numbers))
        issuer = next(iter(self._in.items(holder, "IssuerOfAccessionNumberSequence", place)), None)
        local = self._in.text(issuer, "LocalNamespaceEntityID", place) if issuer is not None else None
        universal = self._in.text(issuer, "UniversalEntityID", place) if issuer is not None else None
        system, assigner = assigned_by(local, universal)
        kind = Code(system=V2_0203, code="ACSN", display="Accession ID")
        return Identifier(value=number or "", system=system, type=kind, assigner=assigner)

    def _request(self, requests: tuple[Dataset, ...]) -> Request | None:
        if not requests:
            return None
        if len(requests) > 1:
            self._log.add(
                IssueCode.CONTENT_UNMAPPED,
                Severity.WARNING,
                "ReferencedRequestSequence",
                f"the report answers {len(requests)} requests; none was taken, since a report has one",
            )
            return None
        item, where = requests[0], "ReferencedRequestSequence[1]"
        placer = self._in.text(item, "PlacerOrderNumberImagingServiceRequest", where)
        filler = self._in.text(item, "FillerOrderNumberImagingServiceRequest", where)
        codes = self._in.entries(item, "RequestedProcedureCodeSequence", where)
        words = self._in.text(item, "RequestedProcedureDescription", where)
        code = concept_of(codes, where=where, log=self._log, text=words) or EMPTY_CONCEPT
        if not (placer or filler or code):
            return None
        return Request(
            key=f"sr-request|{placer or ''}|{filler or ''}",
            where=where,
            placer=Identifier(value=placer) if placer else None,
            filler=Identifier(value=filler) if filler else None,
            code=code,
        )

    def _remarks(self) -> list[str]:
        """What the document says of itself: why it is complete or not, and which documents it replaces or adds to."""
        out = []
        words = self._text("CompletionFlagDescription")
        if words:
            out.append(f"完成情况说明：{words}")
        for number, study in enumerate(self._in.items(self._ds, "PredecessorDocumentsSequence"), 1):
            place = f"PredecessorDocumentsSequence[{number}]"
            for series in self._in.items(study, "ReferencedSeriesSequence", place):
                for one in self._in.items(series, "ReferencedSOPSequence", place):
                    uid = self._in.text(one, "ReferencedSOPInstanceUID", place)
                    if uid:
                        # Whether it corrects or adds to it is not stated (PS3.3 C.17.2).
                        out.append(f"前一版本文档：{uid}")
        return out

    @staticmethod
    def _reference_lines(references: dict[Reference, str]) -> list[str]:
        lines = [f"{name}：{each.uid}" + (f"（{each.part}）" if each.part else "") for each, name in references.items()]
        return ["\n".join(["引用对象：", *lines])] if lines else []


def _uid_identifier(uid: str) -> Identifier:
    return Identifier(value=f"urn:oid:{uid}", system=DICOM_UID) if is_oid(uid) else Identifier(value=uid)
