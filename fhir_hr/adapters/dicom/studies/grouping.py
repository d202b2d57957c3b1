"""Headers to studies: every object ends in exactly one study, or is given back with the issue that says why not.

Two patients are never merged: objects that name another patient than those before them under one Study Instance UID
are rejected. Objects that were given twice count once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fhir_hr.adapters.dicom.facts.codes import concept_of
from fhir_hr.adapters.dicom.facts.numbers import UID_LENGTH, is_oid, is_uid, read_count
from fhir_hr.adapters.dicom.facts.people import (
    assigned_by,
    known_issuer,
    read_institution,
    read_patient,
    read_performers,
)
from fhir_hr.adapters.dicom.facts.times import DEFAULT_ZONE, Zone, read_zone
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.studies.identity import PatientOfStudy
from fhir_hr.adapters.dicom.studies.series import HeldSeries, order_of, read_started, stated_count
from fhir_hr.adapters.dicom.studies.stated import (
    STUDY_LEVEL,
    Statement,
    Statements,
    differing,
    first_codes,
    first_text,
    first_texts,
    keyword,
)
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.mapping.imaging_senders import ImagingSender, ImagingSenders
from fhir_hr.mapping.sop_classes import kind_of
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.imaging import InstanceKind, Study
from fhir_hr.model.people import Patient

__all__ = ["GroupedStudy", "StudyBuilder"]

_MAX_ISSUES = 1_000
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_MODALITIES = "modalities_in_study"


class GroupedStudy(msgspec.Struct, frozen=True, kw_only=True):
    """One study as its objects state it.

    Attributes:
        study: the study; series by number and UID, instances likewise.
        sources: where its objects came from, each source once, in the order given.
        files_read: how many sources those are.
        duplicates: objects that were given more than once; they count once.
        issues: what was wrong or doubtful, objects' own issues among them; never names a patient.
        sender: the profile that fits it.
    """

    study: Study
    sources: tuple[str, ...]
    files_read: int
    duplicates: int = 0
    issues: tuple[Issue, ...] = ()
    sender: ImagingSender | None = None


class StudyBuilder:
    """Groups objects into studies.

    Args:
        senders: profiles of imaging senders; without them times are read as +08:00 where they state no zone.
        ae_title: AE title of the archive that they come from, by which a profile may be found.
        rows: whether headers may be an archive's answers on studies and series, which name no instance.

    Example:
        >>> builder = StudyBuilder()
        >>> builder.add(Header(study_instance_uid="1.2", series_instance_uid="1.2.1", sop_instance_uid="1.2.1.1",
        ...                    sop_class_uid="1.2.840.10008.5.1.4.1.1.2", modality="CT", patient_id="T1"), "IM1")
        ()
        >>> builder.add(Header(study_instance_uid="1.2", modality="CT"), "IM2")[0].code.value
        'object-rejected'
        >>> [grouped.study.image_count for grouped in builder.done()]
        [1]
    """

    def __init__(
        self, *, senders: ImagingSenders | None = None, ae_title: str | None = None, rows: bool = False
    ) -> None:
        self._senders = senders
        self._ae_title = ae_title
        self._rows = rows
        self._studies: dict[str, _HeldStudy] = {}
        self._objects: dict[str, tuple[_HeldStudy, HeldSeries]] = {}
        self._series: dict[str, _HeldStudy] = {}
        self._kinds: dict[tuple[str | None, str | None], tuple[str | None, InstanceKind]] = {}
        self._good: set[str] = set()

    def add(self, header: Header, source: str, issues: Iterable[Issue] = ()) -> tuple[Issue, ...]:
        """Take one object.

        Args:
            header: what was read of it.
            source: where it came from; several objects may share one.
            issues: what was met while it was read; kept with the study that takes it.

        Returns:
            nothing when a study took it; else ``issues`` and the issue that says why none did.
        """
        faults = self._faults(header, source)
        if any(fault.severity is Severity.ERROR for fault in faults):
            return (*issues, *faults)
        uid = header.study_instance_uid or ""
        study = self._studies.get(uid)
        known = self._objects.get(header.sop_instance_uid or "")
        if known is not None and known[0] is not study:
            message = (
                "an object with this SOP Instance UID was given before, in another study; this one was taken into none"
            )
            return (*issues, _issue(IssueCode.DUPLICATE_INSTANCE, Severity.ERROR, source, message))
        if study is None:
            study = _HeldStudy(uid, source, rows=self._rows)
        differs = study.patient.take(header)
        if differs is not None:
            message = f"another patient stands under the same Study Instance UID ({differs} differs); it was not merged"
            return (*issues, _issue(IssueCode.STUDY_CONFLICT, Severity.ERROR, source, message))
        self._studies[uid] = study
        study.sources[source] = None
        for issue in (*issues, *faults):
            study.log.add_once(issue.code, issue.severity, issue.where, issue.message)
        self._place(header, study, source, None if known is None else known[1])
        return ()

    def _faults(self, header: Header, source: str) -> tuple[Issue, ...]:
        """What is wrong with the UIDs; an error means that the object has no place."""
        study, series, instance = header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid
        good, sop_class = self._good, header.sop_class_uid
        if study in good and series in good and sop_class in good and instance and _clean(instance):
            return ()
        found: list[Issue] = []
        for number, (name, uid) in enumerate(zip(_UIDS, (study, series, instance), strict=True)):
            if not uid:
                if number == 0 or not self._rows:
                    found.append(_rejected(source, f"the object states no {name}, so no study took it"))
            elif not (is_uid(uid) if number else is_oid(uid)):
                found.append(_rejected(source, f"the {name} is none that FHIR can hold, so no study took the object"))
            elif not _clean(uid):
                message = f"the {name} breaks the rules of PS3.5 9.1 (length, leading zeros); it was kept"
                found.append(_issue(IssueCode.UID_INVALID, Severity.WARNING, source, message))
        if not found:
            good.update(uid for uid in (study, series) if uid)
        if sop_class and is_oid(sop_class):
            good.add(sop_class)
        elif instance:
            message = "the object states no SOP class that FHIR can hold; what it is was told by its modality"
            found.append(_issue(IssueCode.UID_INVALID, Severity.WARNING, source, message))
        return tuple(found)

    def _place(self, header: Header, study: _HeldStudy, source: str, known: HeldSeries | None) -> None:
        uid = header.series_instance_uid
        if not uid:
            study.statements.take(header, (0, ""))
            return
        if not header.sop_instance_uid:
            self._series_of(study, uid).take(header, None)
            return
        series = known or self._series_of(study, uid)
        instance = series.read(header, *self._kind(header), study.log)
        if known is not None:
            same = known.uid == uid and known.instances[instance.uid] == instance and known.statements.knows(header)
            study.tell_duplicate(same=same, source=source)
            return
        self._objects[instance.uid] = study, series
        series.take(header, instance)

    def _kind(self, header: Header) -> tuple[str | None, InstanceKind]:
        stated = (header.sop_class_uid, header.modality)
        found = self._kinds.get(stated)
        if found is None:
            sop_class = header.sop_class_uid if header.sop_class_uid and is_oid(header.sop_class_uid) else None
            found = self._kinds[stated] = sop_class, kind_of(sop_class, header.modality)
        return found

    def _series_of(self, study: _HeldStudy, uid: str) -> HeldSeries:
        series = study.series.get(uid)
        if series is None:
            series = study.series[uid] = HeldSeries(uid)
            if self._series.setdefault(uid, study) is not study:
                message = "this Series Instance UID stands in another study too; the series were kept apart"
                study.log.add(IssueCode.SERIES_CONFLICT, Severity.WARNING, f"series {uid}", message)
        return series

    def other_patient(self, uid: str, header: Header) -> str | None:
        """Name the element by which an object speaks of another patient than a study does; ``None`` when none does.

        For what is no object of the study but tells of it (a performed procedure step, a list kept elsewhere).
        """
        study = self._studies.get(uid)
        return None if study is None else study.patient.compare(header)

    def done(self) -> tuple[GroupedStudy, ...]:
        """Return the studies, in order of UID. May be called again; more objects may be added in between."""
        return tuple(self._studies[uid].done(self._senders, self._ae_title) for uid in sorted(self._studies))


class _HeldStudy:
    """A study while it is being read."""

    def __init__(self, uid: str, where: str, *, rows: bool) -> None:
        self.rows = rows
        self.uid = uid
        self.where = where
        self.patient = PatientOfStudy()
        self.statements = Statements()
        self.series: dict[str, HeldSeries] = {}
        self.sources: dict[str, None] = {}
        self.duplicates = 0
        self.log = IssueLog(limit=_MAX_ISSUES, of="study")

    def tell_duplicate(self, *, same: bool, source: str) -> None:
        self.duplicates += 1
        severity = Severity.INFORMATION if same else Severity.WARNING
        message = (
            "an object was given more than once; it counts once"
            if same
            else "an object was given more than once and differs in series or header; the first was kept"
        )
        self.log.add_once(IssueCode.DUPLICATE_INSTANCE, severity, source, message)

    def done(self, senders: ImagingSenders | None, ae_title: str | None) -> GroupedStudy:
        log = IssueLog(limit=_MAX_ISSUES, of="study")
        ordered = self._ordered()
        statements = [*self.statements.done(), *(each for _, found in ordered for each in found)]
        sender = _sender(senders, statements, ae_title)
        differ = differing(statements, STUDY_LEVEL)
        if differ:
            message = f"objects of one study disagree on {', '.join(differ)}; what the first says was kept"
            log.add(IssueCode.SERIES_CONFLICT, Severity.WARNING, "study", message)
        series = [held.done(found, sender=sender, log=log) for held, found in ordered]
        series.sort(key=lambda each: order_of(each.number, each.uid))
        study = self._study(statements, sender, log)
        modalities = {each.modality for each in series} | {
            text for one in statements for text in one.texts(_MODALITIES)
        }
        study = msgspec.structs.replace(
            study, series=tuple(series), modalities=tuple(sorted(text for text in modalities if text))
        )
        return GroupedStudy(
            study=study,
            sources=tuple(self.sources),
            files_read=len(self.sources),
            duplicates=self.duplicates,
            issues=(*self.log.done(), *log.done()),
            sender=sender,
        )

    def _ordered(self) -> list[tuple[HeldSeries, list[Statement]]]:
        """Series with what they state, those with images first: what they say of the study comes first."""
        found = [(held, held.statements.done()) for held in self.series.values()]
        found.sort(
            key=lambda pair: (
                not pair[0].has_images,
                order_of(read_count(first_text(pair[1], "series_number")), pair[0].uid),
            )
        )
        return found

    def _study(self, statements: list[Statement], sender: ImagingSender | None, log: IssueLog) -> Study:
        zone, _ = read_zone(None, zone=sender.zone if sender is not None else DEFAULT_ZONE)
        referrer = first_text(statements, "referring_physician_name")
        readers = first_texts(statements, "reading_physicians")
        referred = read_performers((referrer,) if referrer else (), where="ReferringPhysicianName", log=log)
        return Study(
            uid=self.uid,
            where=self.where,
            patient=self._patient(zone, sender, log),
            institution=read_institution(
                first_text(statements, "institution_name"),
                first_codes(statements, "institution_codes"),
                sender=sender,
                log=log,
            ),
            department=first_text(statements, "institutional_department_name"),
            started=read_started(statements, ("study_",), sender=sender, log=log),
            accession=_accession(statements, sender),
            study_id=first_text(statements, "study_id"),
            description=first_text(statements, "study_description"),
            procedures=_procedures(statements, log),
            referrer=referred[0] if referred else None,
            readers=read_performers(readers, where="NameOfPhysiciansReadingStudy", log=log),
            stated_series=_count(statements, "number_of_study_related_series", log),
            stated_instances=_count(statements, "number_of_study_related_instances", log),
            availability=first_text(statements, "instance_availability"),
        )

    def _patient(self, zone: Zone, sender: ImagingSender | None, log: IssueLog) -> Patient | None:
        facts = self.patient.facts()
        if self.rows and not any(facts):
            return None  # rows on series and instances need not repeat the patient
        return read_patient(facts, zone=zone, log=log, sender=sender)


def _sender(senders: ImagingSenders | None, statements: list[Statement], ae_title: str | None) -> ImagingSender | None:
    if senders is None:
        return None
    return senders.find(
        institution_name=first_text(statements, "institution_name"),
        station_name=first_text(statements, "station_name"),
        ae_title=ae_title,
        manufacturer=first_text(statements, "manufacturer"),
    )


def _accession(statements: list[Statement], sender: ImagingSender | None) -> Identifier | None:
    for each in statements:
        value = each.text("accession_number")
        if value:
            system, assigner = assigned_by(
                known_issuer(each.text("issuer_of_accession_number"), sender)
                or (sender.accession_assigner if sender is not None else None)
            )
            kind = Code(system=V2_0203, code="ACSN", display="Accession ID")
            return Identifier(value=value, system=system, type=kind, assigner=assigner)
    return None


def _procedures(statements: list[Statement], log: IssueLog) -> tuple[Concept, ...]:
    """Procedures done, then the one requested; each once, in order of appearance."""
    found: dict[Concept, None] = {}
    for each in statements:
        for entry in each.codes("procedure_codes"):
            done = concept_of((entry,), where="ProcedureCodeSequence", log=log)
            if done is not None:
                found[done] = None
        requested = concept_of(
            each.codes("requested_procedure_codes"),
            where="RequestedProcedureCodeSequence",
            log=log,
            text=each.text("requested_procedure_description"),
        )
        if requested is not None:
            found[requested] = None
    return tuple(found)


def _count(statements: list[Statement], name: str, log: IssueLog) -> int | None:
    return stated_count(first_text(statements, name), keyword(name), log)


def _clean(uid: str) -> bool:
    return len(uid) <= UID_LENGTH and is_oid(uid)


def _rejected(source: str, message: str) -> Issue:
    return _issue(IssueCode.OBJECT_REJECTED, Severity.ERROR, source, message)


def _issue(code: IssueCode, severity: Severity, where: str, message: str) -> Issue:
    return Issue(code=code, severity=severity, where=where, message=message)
