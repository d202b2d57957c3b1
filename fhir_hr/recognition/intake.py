"""What every imaging file turned out to be: an object of a study, a list, a report, or nothing that can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from fhir_hr.adapters.dicom.documents import kos, mpps, sr
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.metadata import headers_of_json
from fhir_hr.adapters.dicom.headers.reading import HeaderReader, read_object
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.dicom.studies.grouping import GroupedStudy, StudyBuilder
from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity
from fhir_hr.mapping.imaging_senders import ImagingSender, ImagingSenders, load_imaging_senders
from fhir_hr.mapping.senders import Senders
from fhir_hr.mapping.sop_classes import kind_of
from fhir_hr.marks.images.reading import ImageMarkReading, read_image_marks
from fhir_hr.model.imaging import InstanceKind, Manifest
from fhir_hr.model.lab import Report
from fhir_hr.recognition.linking import SentReport, Unlinked
from fhir_hr.sources.dicom_files import DicomInput, FileKind

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Intake", "Leftover", "at"]

_PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
_HL7_STARTS = (b"MSH", b"\x0bMSH", b"FHS", b"BHS")
_JSON_STARTS = (b"[", b"{")
_TEXT_DOUBTS = frozenset(
    (IssueCode.CHARSET_ASSUMED, IssueCode.CHARSET_UNKNOWN, IssueCode.CHARSET_WRONG, IssueCode.UNDECODABLE)
)
# Python codecs of sender profiles as DICOM terms (PS3.3 C.12.1.1.2).
_TERMS = {"gb18030": "GB18030", "gb2312": "GB18030", "gbk": "GBK", "utf-8": "ISO_IR 192", "utf8": "ISO_IR 192"}


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """A file that no study took, and why."""

    source: str
    issues: tuple[Issue, ...]


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    report: Report | None
    issues: tuple[Issue, ...]


class _List(msgspec.Struct, frozen=True, kw_only=True):
    """A list of objects; ``header`` names its patient, and its own study (none of a performed procedure step)."""

    source: str
    header: Header
    manifest: Manifest | None
    issues: tuple[Issue, ...]


class _Waiting(NamedTuple):
    """An object that is no image, with what was read of it, until the images have told whose study it is."""

    source: str
    header: Header
    issues: tuple[Issue, ...]
    content: _Document | _List | ImageMarkReading | None


class Intake:
    """Reads inputs one by one and remembers what each of them was.

    Args:
        senders: imaging sender profiles; the packaged ones when left out.
        report_senders: sender profiles of HL7 v2 messages; the packaged ones when left out.
        repair: whether texts of a wrong character set may be repaired.
        limits: bounds of the reading.

    Attributes:
        names: the inputs given, in order.
        sent: HL7 v2 messages with reports.
    """

    def __init__(
        self,
        *,
        senders: ImagingSenders | None,
        report_senders: Senders | None,
        repair: bool,
        limits: DicomLimits,
    ) -> None:
        self.names: list[str] = []
        self.sent: list[SentReport] = []
        self._senders = senders if senders is not None else load_imaging_senders()
        self._builder = StudyBuilder(senders=self._senders)
        self._report_senders = report_senders
        self._reader: Reader | None = None
        self._repair = repair
        self._readers: dict[tuple[str | None, bool], HeaderReader] = {}
        self._limits = limits
        self._documents: dict[str, list[_Document]] = {}
        self._lists: list[_List] = []
        self._waiting: list[_Waiting] = []
        self._marks: dict[str, list[ImageMarkReading]] = {}
        self._issues: dict[str, list[Issue]] = {}
        self._places: dict[str, int] | None = None

    def add(self, given: DicomInput) -> None:
        """Read one input. Whatever happens, it is remembered with what it was or why it was not used."""
        source = given.source
        self.names.append(source)
        if given.issues:
            self._tell(source, given.issues)
        if not given.readable:
            return
        try:
            with given.open() as file:
                self._read(source, file, kind=given.kind)
        except OSError as error:
            self._say(source, IssueCode.UNREADABLE, f"the file could not be read: {error.strerror or 'error'}")
        except Exception as error:  # noqa: BLE001 - one file must never stop a night's run
            # Only the kind of error: its text may quote what was read.
            self._say(source, IssueCode.INTERNAL, f"a bug in the library ({type(error).__name__}); please report it")

    def _read(self, source: str, file: BinaryIO, *, kind: FileKind) -> None:
        if kind is FileKind.JSON and _start(file).startswith(_JSON_STARTS):
            self._rows(source, file)
            return
        read = self._header(file)
        if read.value is not None:
            self._object(source, read.value, read.issues, file)
            return
        start = _start(file)
        if start.startswith(_HL7_STARTS):
            self._message(source, file)
        elif start.startswith(_JSON_STARTS):
            self._rows(source, file)
        else:
            self._tell(source, read.issues)

    def _header(self, file: BinaryIO) -> Outcome[Header | None]:
        """Read a header; once more where its sender's profile says how texts without a character set are meant."""
        read = self._reader_for(None, self._repair).read(file)
        if read.value is None or not any(issue.code in _TEXT_DOUBTS for issue in read.issues):
            return read
        sender = self._sender(read.value)
        charset = _charset(sender)
        if charset is None and sender.repair_charset in (False, self._repair):
            return read
        return self._reader_for(charset, self._repair or sender.repair_charset).read(file)

    def _reader_for(self, charset: str | None, repair: bool) -> HeaderReader:
        reader = self._readers.get((charset, repair))
        if reader is None:
            reader = HeaderReader(limits=self._limits, charset=charset, repair=repair)
            self._readers[charset, repair] = reader
        return reader

    def _sender(self, header: Header) -> ImagingSender:
        return self._senders.find(
            institution_name=header.institution_name,
            station_name=header.station_name,
            manufacturer=header.manufacturer,
        )

    def _object(self, source: str, header: Header, issues: tuple[Issue, ...], file: BinaryIO) -> None:
        if header.sop_class_uid == _PERFORMED_STEP:
            self._tell(source, issues)
            self._lists.append(self._list(source, header, file, mpps.read_performed_step))
            return
        kind = kind_of(header.sop_class_uid, header.modality)
        if kind is InstanceKind.IMAGE:
            self._tell(source, self._builder.add(header, source, issues))
            return
        content: _Document | _List | ImageMarkReading | None = None
        if kind is InstanceKind.KEY_OBJECT:
            content = self._list(source, header, file, kos.read_manifest)
        elif kind is InstanceKind.PRESENTATION:
            content = self._presentation(source, file)
        elif kind is InstanceKind.DOCUMENT:
            content = self._document(source, header, file)
        self._waiting.append(_Waiting(source, header, issues, content))

    def _settle(self) -> None:
        """Put what is no image to its study. Only now: a stray report must not decide whose images they are."""
        # By name, so that the order in which files were given changes nothing.
        for source, header, issues, content in sorted(self._waiting, key=lambda each: each.source):
            refused = self._builder.add(header, source, issues)
            uid = header.study_instance_uid or ""
            if refused:
                self._tell(source, refused)
            elif isinstance(content, _List):
                self._lists.append(content)
            elif isinstance(content, _Document):
                self._documents.setdefault(uid, []).append(content)
            elif content is not None:
                self._marks.setdefault(uid, []).append(content)
        self._waiting.clear()

    def _document(self, source: str, header: Header, file: BinaryIO) -> _Document:
        file.seek(0)
        dataset = read_object(file, limits=self._limits)
        sender = self._sender(header)
        read: Outcome[Report | None] = Outcome(None)
        if dataset.value is not None:
            charset = _charset(sender)
            repair = self._repair or sender.repair_charset
            read = sr.read_report(dataset.value, zone=sender.zone, charset=charset, repair=repair)
        return _Document(source=source, report=read.value, issues=at(source, (*dataset.issues, *read.issues)))

    def _presentation(self, source: str, file: BinaryIO) -> ImageMarkReading | None:
        file.seek(0)
        dataset = read_object(file, limits=self._limits)
        self._tell(source, dataset.issues)
        return None if dataset.value is None else read_image_marks(dataset.value)

    def _list(
        self, source: str, header: Header, file: BinaryIO, read_list: Callable[[Dataset], Outcome[Manifest | None]]
    ) -> _List:
        file.seek(0)
        dataset = read_object(file, limits=self._limits)
        read = read_list(dataset.value) if dataset.value is not None else Outcome(None)
        found = at(source, (*dataset.issues, *read.issues))
        return _List(source=source, header=header, manifest=read.value, issues=found)

    def _message(self, source: str, file: BinaryIO) -> None:
        file.seek(0)
        if self._reader is None:
            self._reader = Reader(senders=self._report_senders)
        for one in self._reader.read(file.read(self._limits.json_bytes + 1)):
            if one.message is None or not one.message.reports:
                self._tell(source, one.issues)
                continue
            self.sent.append(SentReport(source=source, message=one.message, issues=at(source, one.issues)))

    def _rows(self, source: str, file: BinaryIO) -> None:
        file.seek(0)
        read = headers_of_json(file.read(self._limits.json_bytes + 1), limits=self._limits)
        self._tell(source, read.issues)
        for header in read.value:
            if kind_of(header.sop_class_uid, header.modality) is InstanceKind.IMAGE:
                self._tell(source, self._builder.add(header, source))
            else:
                self._waiting.append(_Waiting(source, header, (), None))

    def _tell(self, source: str, issues: Iterable[Issue]) -> None:
        self._issues.setdefault(source, []).extend(issues)

    def _say(self, source: str, code: IssueCode, message: str) -> None:
        self._tell(source, (Issue(code=code, severity=Severity.ERROR, where="", message=message),))

    # -- what the studies ask for ------------------------------------------------------------------

    def studies(self) -> tuple[GroupedStudy, ...]:
        """Return the studies, in order of UID."""
        self._settle()
        self._lists = [self._checked(each) for each in sorted(self._lists, key=lambda each: each.source)]
        return self._builder.done()

    def _checked(self, given: _List) -> _List:
        """Take from a list the studies of another patient than its own: what it says of them proves nothing."""
        if given.manifest is None:
            return given
        differ = {uid: self._builder.other_patient(uid, given.header) for uid in _studies(given.manifest)}
        strange = {uid: what for uid, what in differ.items() if what is not None}
        if not strange:
            return given
        left = tuple(entry for entry in given.manifest.instances if entry[0] not in strange)
        what = ", ".join(sorted(set(strange.values())))
        message = (
            f"a list names objects of a study of another patient than its own ({what} differs); they were left out"
        )
        issue = Issue(code=IssueCode.STUDY_CONFLICT, severity=Severity.ERROR, where="", message=message)
        manifest = msgspec.structs.replace(given.manifest, instances=left)
        issues = (*given.issues, *at(given.source, [issue]))
        return msgspec.structs.replace(given, manifest=manifest, issues=issues)

    def manifests_of(self, uid: str) -> tuple[Manifest, ...]:
        """Return the lists that name objects of this study."""
        return tuple(each.manifest for each in self._lists if each.manifest and uid in _studies(each.manifest))

    def reports_of(self, uid: str) -> tuple[Report, ...]:
        """Return the reports that came as objects of this study, each once: of several with one UID the first."""
        found: dict[str, Report] = {}
        for each in self._documents.get(uid, ()):
            if each.report is not None:
                found.setdefault(each.report.key, each.report)
        return tuple(found.values())

    def marks_of(self, uid: str) -> tuple[ImageMarkReading, ...]:
        """Return what the presentation states of this study show."""
        return tuple(self._marks.get(uid, ()))

    def taken_by(self, uid: str) -> tuple[str, ...]:
        """Return the files that are objects of no study but lists of this one (performed procedure steps)."""
        return tuple(
            each.source
            for each in self._lists
            if not each.header.study_instance_uid and each.manifest and uid in _studies(each.manifest)
        )

    def in_order(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Return sources as they were given, each once."""
        if self._places is None:
            self._places = {name: place for place, name in reversed(tuple(enumerate(self.names)))}
        return tuple(sorted(set(sources), key=self._places.__getitem__))

    def issues_of(self, uid: str, sources: Sequence[str]) -> tuple[Issue, ...]:
        """Return what was met in a study's reports and lists, and in files that it shares with other content."""
        found = [issue for each in self._documents.get(uid, ()) for issue in each.issues]
        found += self._contradicted(uid)
        inside = set(sources)
        found += [issue for each in self._lists if each.source in inside for issue in each.issues]
        found += [issue for source in sources for issue in at(source, self._issues.get(source, ()))]
        return tuple(found)

    def _contradicted(self, uid: str) -> Iterator[Issue]:
        """Say which reports came again under one UID and do not say the same."""
        first = {each.key: each for each in self.reports_of(uid)}
        for each in self._documents.get(uid, ()):
            if each.report is not None and each.report != first[each.report.key]:
                message = "another report came under the same UID and says something else; the first was kept"
                issue = Issue(code=IssueCode.DUPLICATE_INSTANCE, severity=Severity.ERROR, where="", message=message)
                yield from at(each.source, [issue])

    def leftovers(self, taken: frozenset[str], unlinked: Sequence[Unlinked]) -> tuple[Leftover, ...]:
        """Return the inputs that no study took, in the order given, each with at least one issue."""
        found: dict[str, list[Issue]] = {name: list(self._issues.get(name, ())) for name in self.names}
        for each in self._lists:
            found[each.source] += each.issues
            if each.manifest is not None and each.manifest.instances:
                found[each.source].append(_unused("the study that this list names is not among those given"))
        for other in unlinked:
            found[other.sent.source] += [*other.sent.issues, other.issue]
        return tuple(
            Leftover(source=name, issues=tuple(dict.fromkeys(issues)) or (_unused("nothing in it could be used"),))
            for name, issues in found.items()
            if name not in taken
        )


def _charset(sender: ImagingSender) -> str | None:
    """Return the DICOM term of a profile's codec; ``None`` where it names none, or none that DICOM has."""
    return _TERMS.get(sender.charset.lower().replace("_", "-")) if sender.charset else None


def _start(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()


def _studies(manifest: Manifest) -> set[str]:
    return {study for study, _, _ in manifest.instances}


def at(source: str, issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Name the file before the place in it: a study has many."""
    return tuple(
        msgspec.structs.replace(issue, where=f"{source}: {issue.where}" if issue.where else source) for issue in issues
    )


def _unused(message: str) -> Issue:
    return Issue(code=IssueCode.FILE_UNUSED, severity=Severity.WARNING, where="", message=message)
