"""Imaging files to checked FHIR: read, group, name the item, weigh completeness, link reports, render, and count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.dicom.studies.completeness import assess
from fhir_hr.adapters.dicom.studies.grouping import GroupedStudy
from fhir_hr.errors import InvariantError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.dicom_exams import match_exam
from fhir_hr.mapping.imaging_senders import ImagingSender, ImagingSenders
from fhir_hr.mapping.senders import Senders
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.imaging import Access, CompletenessVerdict, Study
from fhir_hr.model.lab import Counts, Report, ReportMessage
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import Organization
from fhir_hr.model.priors import Prior
from fhir_hr.recognition.archives import same_in_archive
from fhir_hr.recognition.conversion import choose, fitting
from fhir_hr.recognition.image_marks import flag_of_images
from fhir_hr.recognition.intake import Intake, Leftover, at
from fhir_hr.recognition.linking import Link, Unlinked, link_reports, message_of
from fhir_hr.recognition.priors import priors_of
from fhir_hr.render import BundleKind, Release, Renderer
from fhir_hr.render.typed import typed
from fhir_hr.sources.dicom_files import DicomInput, find_files
from fhir_hr.sources.studies.merging import merge_studies
from fhir_hr.sources.studies.priors import prior_of_study
from fhir_hr.sources.studies.query import StudyArchive

if TYPE_CHECKING:
    from fhir.resources.core.fhirabstractmodel import FHIRAbstractModel

__all__ = ["ImagingConversion", "ImagingConverter", "ImagingResult", "Leftover", "convert_imaging", "read_exam"]


class ImagingConversion(msgspec.Struct, frozen=True, kw_only=True):
    """One study with its reports, converted.

    Attributes:
        study: the neutral model, with item and completeness.
        study_id: id of the ImagingStudy.
        sources: every file that went into it, reports and manifests too, each once, in the order given.
        files_read: how many files those are.
        duplicates: objects that were given more than once.
        issues: everything met while reading, linking and writing.
        release: FHIR release of the Bundle.
        message: what the Bundle was written from.
        body: the Bundle as JSON.
    """

    study: Study
    study_id: str
    sources: tuple[str, ...]
    files_read: int
    duplicates: int
    issues: tuple[Issue, ...]
    release: Release
    message: ReportMessage
    body: bytes
    namespace: str | None = None

    def __repr__(self) -> str:
        return f"ImagingConversion({self.study!r}, {len(self.body)} bytes {self.release}, {len(self.issues)} issues)"

    def json(self) -> bytes:
        """Return the Bundle as UTF-8 JSON."""
        return self.body

    def bundle(self) -> dict[str, Any]:
        """Return the Bundle as plain data; numbers are ``Decimal``."""
        parsed: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return parsed

    def resource(self) -> FHIRAbstractModel:
        """Return the Bundle as a typed ``fhir.resources`` model (R4B classes serve R4 data)."""
        return typed(self.body, release=self.release)

    def priors(self) -> tuple[Prior, ...]:
        """Return the study as one prior, with what its reports say; none without a patient."""
        patient = self.message.patient
        if patient is None:
            return ()
        images = prior_of_study(self.study, source=self.study.where, namespace=self.namespace)
        # Whoever sent the report for this study knows its patient by another number perhaps; the link is made.
        images = msgspec.structs.replace(images, patient=PatientIdentity.of(patient))
        return merge_studies((*priors_of(self.message, namespace=self.namespace), images))


class ImagingResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all files given.

    Attributes:
        conversions: one per study, in order of study UID.
        leftovers: files that no study took, each with its issues.
        files: how many files were given; all of them are in a study or left over, checked.
    """

    conversions: tuple[ImagingConversion, ...]
    leftovers: tuple[Leftover, ...]
    files: int

    def priors(self) -> tuple[Prior, ...]:
        """Return the priors of all studies."""
        return tuple(prior for each in self.conversions for prior in each.priors())


class ImagingConverter:
    """Converts many inputs with the same settings.

    It may be used again and again, but by one thread at a time.

    Args:
        release: FHIR release to write, ``R4`` or ``R5``.
        kind: ``collection``, ``transaction`` or ``document``.
        senders: imaging sender profiles; the packaged ones when left out.
        report_senders: sender profiles of HL7 v2 messages that come with the images; the packaged ones.
        namespace: name of the deployment that ids are made in; ``None`` for the library's own.
        access: where the images can be had (WADO-RS root, viewer); ``{study_uid}`` in a viewer's address stands for
            the study.
        repair: whether texts of a wrong character set may be read by GB18030 where that is unmistakable; each repair
            is an issue.
        archives: image archives that are asked whether they hold more of each study; the first that holds it counts.
        limits: sizes and depths that bound the reading.

    Raises:
        UsageError: an unknown release or kind.
    """

    def __init__(
        self,
        *,
        release: Release | str = Release.R4,
        kind: BundleKind | str = BundleKind.COLLECTION,
        senders: ImagingSenders | None = None,
        report_senders: Senders | None = None,
        namespace: str | None = None,
        access: Sequence[Access] = (),
        repair: bool = False,
        archives: Sequence[StudyArchive] = (),
        limits: DicomLimits | None = None,
    ) -> None:
        self._renderer = Renderer(release=choose(Release, release, "release"), namespace=namespace)
        self._kind = choose(BundleKind, kind, "kind")
        self._senders = senders
        self._report_senders = report_senders
        self._namespace = namespace
        self._access = tuple(access)
        self._repair = repair
        self._archives = tuple(archives)
        self._limits = limits or DicomLimits()

    def convert(self, inputs: Iterable[DicomInput]) -> ImagingResult:
        """Convert all inputs; studies are known only when the last input was read.

        Raises:
            InvariantError: a file got lost on the way (a bug of the library); nothing is given.
        """
        intake = Intake(
            senders=self._senders, report_senders=self._report_senders, repair=self._repair, limits=self._limits
        )
        for each in inputs:
            intake.add(each)
        grouped = intake.studies()
        links, unlinked = link_reports([each.study for each in grouped], intake.sent)
        conversions = tuple(self._one(each, intake, links.get(each.study.uid, ())) for each in grouped)
        taken = frozenset(source for each in conversions for source in each.sources)
        conversions = tuple(_told(each, unlinked) for each in conversions)
        result = ImagingResult(
            conversions=conversions, leftovers=intake.leftovers(taken, unlinked), files=len(set(intake.names))
        )
        _check_files(result, intake.names)
        return result

    def _one(self, grouped: GroupedStudy, intake: Intake, links: Sequence[Link]) -> ImagingConversion:
        uid = grouped.study.uid
        read, grounds = with_exam(grouped.study, grouped.sender)
        flag, doubts = flag_of_images(read, intake.marks_of(uid))
        archived, unasked = same_in_archive(read, self._archives)
        study = msgspec.structs.replace(
            read,
            completeness=assess(read, manifests=intake.manifests_of(uid), archive=archived),
            access=self._reach(uid),
            flag=flag,
        )
        message, issues = message_of(_bare(study, intake.reports_of(uid)), links)
        kind, unfit = fitting(self._kind, message)
        rendered = self._renderer.render(message, kind=kind)
        sources = intake.in_order((*grouped.sources, *intake.taken_by(uid), *(link.sent.source for link in links)))
        sent = {id(link.sent): link.sent for link in links}
        return ImagingConversion(
            study=study,
            study_id=rendered.study_ids[uid],
            sources=sources,
            files_read=len(sources),
            duplicates=grouped.duplicates,
            issues=(
                *grouped.issues,
                *intake.issues_of(uid, sources),
                *(issue for each in sent.values() for issue in each.issues),
                *issues,
                *_said_of(study, grounds),
                *doubts,
                *unasked,
                *unfit,
                *rendered.issues,
            ),
            release=self._renderer.release,
            message=message,
            body=rendered.body,
            namespace=self._namespace,
        )

    def _reach(self, uid: str) -> tuple[Access, ...]:
        return tuple(
            msgspec.structs.replace(each, address=each.address.replace("{study_uid}", uid)) for each in self._access
        )


def convert_imaging(
    *paths: str | Path,
    release: Release | str = Release.R4,
    kind: BundleKind | str = BundleKind.COLLECTION,
    senders: ImagingSenders | None = None,
    namespace: str | None = None,
    access: Sequence[Access] = (),
    repair: bool = False,
) -> ImagingResult:
    """Convert DICOM files, folders, DICOMDIRs, zip files and DICOM JSON, one Bundle per study.

    HL7 v2 messages among them are joined to their study. See :class:`ImagingConverter` for the options.

    Raises:
        UsageError: an unknown release or kind.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from fhir_hr.testing.dicom import write_study
        >>> with TemporaryDirectory() as folder:
        ...     _ = write_study(Path(folder), 2)
        ...     result = convert_imaging(folder)
        >>> [(each.study.modalities, each.study.image_count) for each in result.conversions]
        [(('CT',), 2)]
    """
    converter = ImagingConverter(
        release=release, kind=kind, senders=senders, namespace=namespace, access=access, repair=repair
    )
    return converter.convert(find_files([str(path) for path in paths]))


def _bare(study: Study, reports: tuple[Report, ...]) -> ReportMessage:
    """Return the message of a study that no HL7 message told of."""
    sender = study.institution or Organization()
    return ReportMessage(
        # No digest: a study is read from many files, and never in whole.
        origin=MessageOrigin(system=sender.name or "DICOM", format="dicom", message_id=study.uid, sha256=""),
        type="",
        control_id="",
        sender=sender,
        counts=Counts(),
        patient=study.patient,
        reports=reports,
        studies=(study,),
    )


def _told(conversion: ImagingConversion, unlinked: Sequence[Unlinked]) -> ImagingConversion:
    """Add the reports that found no study, where the study took another report of the same file."""
    inside = set(conversion.sources)
    more = tuple(
        issue for each in unlinked if each.sent.source in inside for issue in at(each.sent.source, [each.issue])
    )
    return msgspec.structs.replace(conversion, issues=(*conversion.issues, *more)) if more else conversion


def _said_of(study: Study, grounds: Sequence[str]) -> tuple[Issue, ...]:
    """What a person should know of the study's item and completeness."""
    found = []
    why = "; ".join(grounds[:6])
    if study.item is None and study.item_candidates:
        codes = ", ".join(code.code for code in study.item_candidates)
        message = f"several recognised items are possible ({codes}), so none was taken: {why}"
        found.append(Issue(code=IssueCode.EXAM_AMBIGUOUS, severity=Severity.WARNING, where="", message=message))
    elif study.item is None:
        message = f"no recognised item is stated{f': {why}' if why else ''}"
        found.append(Issue(code=IssueCode.EXAM_UNKNOWN, severity=Severity.INFORMATION, where="", message=message))
    if study.completeness.verdict is CompletenessVerdict.INCOMPLETE:
        message = "; ".join(each.text for each in study.completeness.evidence if each.holds is False)
        found.append(Issue(code=IssueCode.STUDY_INCOMPLETE, severity=Severity.WARNING, where="", message=message))
    return tuple(found)


def _check_files(result: ImagingResult, names: Sequence[str]) -> None:
    """Files given = files in studies + files left over; a file is never in both, and none is lost."""
    inside = {source for each in result.conversions for source in each.sources}
    outside = {each.source for each in result.leftovers}
    given = set(names)
    if inside | outside != given or inside & outside:
        msg = (
            f"{len(given)} files were given, but {len(inside)} in studies and {len(outside)} left over "
            f"({len(inside & outside)} in both) do not add up"
        )
        raise InvariantError(msg)


def read_exam(study: Study, *, senders: ImagingSenders | None = None) -> Study:
    """Return a study with what was examined: exam, recognised item, or the items that it might be.

    For studies that an archive told of; :class:`ImagingConverter` does so by itself.

    Example:
        >>> read_exam(Study(uid="1.2", modalities=("CT",), description="胸部CT平扫")).item_candidates
        ()
    """
    return with_exam(study, senders.of_study(study) if senders is not None else None)[0]


def with_exam(study: Study, sender: ImagingSender | None) -> tuple[Study, tuple[str, ...]]:
    """Return a study with what was examined, by a sender's profile where one is known, and on what grounds."""
    reading = match_exam(study, sender=sender)
    found = msgspec.structs.replace(study, exam=reading.exam, item=reading.item, item_candidates=reading.candidates)
    return found, reading.grounds
