"""An archive asked by DIMSE, as a source of studies."""

from __future__ import annotations

import msgspec

from fhir_hr.adapters.dicom.facts.people import PatientFacts
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.studies.identity import difference, patient_facts
from fhir_hr.adapters.dicom.studies.rows import studies_of_headers, study_of_headers
from fhir_hr.errors import PeerLostError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.imaging_senders import ImagingSenders
from fhir_hr.model.imaging import Study
from fhir_hr.sources.dimse.completing import Completer, is_lossy
from fhir_hr.sources.dimse.find import Rows
from fhir_hr.sources.dimse.keys import IMAGE, SERIES, STUDY
from fhir_hr.sources.dimse.plan import refusals, sent_conditions, study_conditions
from fhir_hr.sources.dimse.session import Session
from fhir_hr.sources.dimse.settings import Bounds, Peer, Tls
from fhir_hr.sources.studies.matching import check_conditions, select_studies
from fhir_hr.sources.studies.query import StudyAnswer, StudyQuery, StudyState

__all__ = ["DimseArchive"]

_TEXT_CONDITIONS = frozenset({"name", "description"})
_REFUSING = frozenset({0x0122, 0x0124, 0x0211, 0x0212, 0xA900})


class DimseArchive:
    """An archive that is asked by C-FIND and, where its rows do not say enough, by C-GET of one object.

    Args:
        name: how the archive is called in answers and issues.
        host, port: where it listens.
        called_ae: its AE title.
        calling_ae: ours; archives answer only to titles that they know.
        charset: character set of what is asked; the archive should answer in it, and states what it answers in.
        answer_charset: how rows are read that state no character set; ``None``: not guessed.
        tls: a secure connection.
        bounds: time and size of one call.
        senders: profiles of imaging senders, for time zones and institutions.
        objects: of how many studies one object may be fetched, to read what rows leave out or write as ``?``; 0: none.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        *,
        called_ae: str,
        calling_ae: str = "FHIRHR",
        charset: str = "GB18030",
        answer_charset: str | None = None,
        tls: Tls | None = None,
        bounds: Bounds | None = None,
        senders: ImagingSenders | None = None,
        objects: int = 50,
    ) -> None:
        self._name = name
        self._peer = Peer(
            host=host,
            port=port,
            called_ae=called_ae,
            calling_ae=calling_ae,
            charset=charset,
            answer_charset=answer_charset,
            tls=tls,
            bounds=bounds or Bounds(),
        )
        self._senders = senders
        self._objects = objects

    def __repr__(self) -> str:
        return f"DimseArchive({self._name!r})"

    @property
    def name(self) -> str:
        """Name of the archive."""
        return self._name

    @property
    def peer(self) -> Peer:
        """How it is reached; for :func:`.retrieve.get_study` and its like."""
        return self._peer

    def find_studies(self, query: StudyQuery) -> StudyAnswer:
        """Find studies; never raises for a lost peer.

        A query whose text cannot be asked without a wildcard in its place is refused and not sent.
        """
        refused = refusals(query, self._peer.charset)
        if refused:
            return StudyAnswer(source=self._name, state=StudyState.REFUSED, issues=refused)
        search = _Search(self._name, query, self._senders)
        with Session(self._peer) as session:
            try:
                for conditions in study_conditions(query):
                    if not search.ask(session, conditions):
                        break
                completer = Completer(session, self._objects)
                for uid, missing in search.unclear():
                    search.complete(uid, completer.complete(search.rows[uid], missing))
                search.note(completer.issues)
            except PeerLostError as lost:
                search.lost(lost)
        return search.answer()

    def with_series(self, study: Study) -> StudyAnswer:
        """Return the study with its series and their instances, from SERIES and IMAGE level; one study or none."""
        reading = _SeriesReading(self._name, study, self._senders)
        with Session(self._peer) as session:
            try:
                reading.read(session)
            except PeerLostError as lost:
                reading.failures.append(str(lost))
                reading.refused = lost.refused
        return reading.answer()


class _Search:
    """One search while it runs: rows by study."""

    def __init__(self, name: str, query: StudyQuery, senders: ImagingSenders | None) -> None:
        self.rows: dict[str, Header] = {}
        self._name = name
        self._query = query
        self._senders = senders
        self._issues: dict[tuple[str, str, str], Issue] = {}
        self._clashes: list[Header] = []
        self._failures: list[str] = []
        self._refused = False
        self._stopped = False
        self._limited = False
        self._good = 0

    def ask(self, session: Session, conditions: dict[str, str]) -> bool:
        """Ask once; whether to go on asking."""
        if "\\" in conditions.get("StudyInstanceUID", ""):
            rows = session.find_list("STUDY", STUDY, conditions, "StudyInstanceUID")
            for header in rows.headers:
                self._enough(header)
        else:
            rows = session.find("STUDY", STUDY, conditions, enough=self._enough)
        self._take(rows)
        return rows.status is not None and not self._stopped

    def _take(self, rows: Rows) -> None:
        self.note(rows.issues)
        self._limited |= any(issue.code is IssueCode.LIMIT_REACHED for issue in rows.issues)
        if rows.failure:
            self._failures.append(rows.failure)
            self._refused = rows.status in _REFUSING
        if rows.optional_ignored:
            text = "the archive says that it did not look at every condition; its rows were checked here"
            self._note(IssueCode.ANSWER_NOT_ASKED_FOR, Severity.INFORMATION, text)

    def _enough(self, header: Header) -> bool:
        """Keep a row; whether there are more studies than are wanted."""
        uid = header.study_instance_uid
        if not uid:
            self._note(IssueCode.ANSWER_INVALID, Severity.ERROR, "a row states no StudyInstanceUID; it was left out")
            return False
        known = self.rows.get(uid)
        if known is not None:
            if difference(_facts(known), _facts(header)) is not None:
                self._clashes.append(header)
            else:
                self.rows[uid] = _merged(known, header)
            return self._stopped
        self.rows[uid] = header
        if self._verdict(header) is not False:
            self._good += 1
        self._stopped = self._stopped or self._good > self._query.limit
        return self._stopped

    def _verdict(self, header: Header) -> bool | None:
        read = studies_of_headers([header], senders=self._senders)
        if not read.value:
            return False
        checks = check_conditions(read.value[0], self._query)
        found = {holds for name, holds in checks.items() if name not in _TEXT_CONDITIONS or not is_lossy(header)}
        return False if False in found else (None if None in found or is_lossy(header) else True)

    def unclear(self) -> list[tuple[str, frozenset[str]]]:
        """Return the studies that may be wanted, of which the rows do not say enough, and which conditions that are."""
        found = []
        for uid, header in self.rows.items():
            if self._verdict(header) is None:
                study = studies_of_headers([header], senders=self._senders).value[0]
                checks = check_conditions(study, self._query)
                found.append((uid, frozenset(name for name, holds in checks.items() if holds is None)))
        return found

    def complete(self, uid: str, header: Header) -> None:
        """Take what a closer look at a study gave."""
        self.rows[uid] = header

    def lost(self, error: PeerLostError) -> None:
        """Note that the archive is gone."""
        self._failures.append(str(error))
        self._refused = error.refused

    def note(self, issues: tuple[Issue, ...] | list[Issue]) -> None:
        """Keep issues, each once."""
        for issue in issues:
            where = issue.where or self._name
            self._issues.setdefault((issue.code, where, issue.message), msgspec.structs.replace(issue, where=where))

    def _note(self, code: IssueCode, severity: Severity, message: str) -> None:
        self.note([Issue(code=code, severity=severity, where=self._name, message=message)])

    def answer(self) -> StudyAnswer:
        """Return the answer: what meets every condition, and what was wrong."""
        read = studies_of_headers([*self.rows.values(), *self._clashes], where=self._name, senders=self._senders)
        self.note(read.issues)
        chosen = select_studies(read.value, self._query, source=self._name, sent=sent_conditions(self._query))
        self.note(chosen.issues)
        kept = chosen.kept
        if len(kept) > self._query.limit or self._stopped:
            kept = kept[: self._query.limit]
            self._limited = True
            self._note(
                IssueCode.LIMIT_REACHED,
                Severity.WARNING,
                f"there are more than {self._query.limit} studies; the rest was left out",
            )
        unread = any(issue.code is IssueCode.ANSWER_INVALID for issue in self._issues.values())
        incomplete = self._limited or unread or bool(self._clashes) or bool(chosen.doubtful or chosen.unsure)
        state = _state(bool(kept), self._failures, refused=self._refused, incomplete=incomplete)
        for failure in dict.fromkeys(self._failures):
            self._note(_CODES[state], Severity.ERROR, failure)
        return StudyAnswer(source=self._name, state=state, studies=kept, issues=tuple(self._issues.values()))


def _facts(header: Header) -> PatientFacts:
    return PatientFacts._make(patient_facts(header))


_CODES = {
    StudyState.PARTIAL: IssueCode.SOURCE_PARTIAL,
    StudyState.UNAVAILABLE: IssueCode.SOURCE_UNAVAILABLE,
    StudyState.REFUSED: IssueCode.SOURCE_REFUSED,
}


def _state(found: bool, failures: list[str], *, refused: bool, incomplete: bool) -> StudyState:
    if failures:
        if found:
            return StudyState.PARTIAL
        return StudyState.REFUSED if refused else StudyState.UNAVAILABLE
    if incomplete:
        return StudyState.PARTIAL
    return StudyState.FOUND if found else StudyState.NOTHING


def _merged(first: Header, second: Header) -> Header:
    """Return the first row with what only the second states."""
    more = {
        name: value for name in first.__struct_fields__ if not getattr(first, name) and (value := getattr(second, name))
    }
    return msgspec.structs.replace(first, **more) if more else first


class _SeriesReading:
    """The series of one study while they are read."""

    def __init__(self, name: str, study: Study, senders: ImagingSenders | None) -> None:
        self.failures: list[str] = []
        self.refused = False
        self._name = name
        self._study = study
        self._senders = senders
        self._issues: list[Issue] = []
        self._rows: list[Header] = []

    def read(self, session: Session) -> None:
        """Ask for the series, then for the instances of each."""
        of_study = {"StudyInstanceUID": self._study.uid}
        rows = self._take(session.find("SERIES", SERIES, of_study))
        series = {row.series_instance_uid: row for row in reversed(rows) if row.series_instance_uid}
        for uid, row in reversed(series.items()):
            row = msgspec.structs.replace(row, study_instance_uid=self._study.uid)
            self._rows.append(row)
            if self.failures:
                continue
            for image in self._take(session.find("IMAGE", IMAGE, {**of_study, "SeriesInstanceUID": str(uid)})):
                self._rows.append(
                    msgspec.structs.replace(
                        row,
                        sop_instance_uid=image.sop_instance_uid,
                        sop_class_uid=image.sop_class_uid,
                        instance_number=image.instance_number,
                    )
                )

    def _take(self, rows: Rows) -> tuple[Header, ...]:
        self._issues += rows.issues
        if rows.failure:
            self.failures.append(rows.failure)
            self.refused = rows.status in _REFUSING
        return rows.headers

    def answer(self) -> StudyAnswer:
        """Return the study with what was read."""
        read = study_of_headers(self._rows, where=self._name, senders=self._senders, study_uid=self._study.uid)
        found = [*self._issues, *read.issues]
        lost = any(each.severity is Severity.ERROR for each in found)  # a row that could not be read, or too many
        state = _state(read.value is not None, self.failures, refused=self.refused, incomplete=lost)
        found += [
            Issue(code=_CODES[state], severity=Severity.ERROR, where=self._name, message=each) for each in self.failures
        ]
        if read.value is None:
            return StudyAnswer(source=self._name, state=state, issues=tuple(found))
        modalities = tuple(sorted({*self._study.modalities, *read.value.modalities}))
        study = msgspec.structs.replace(self._study, series=read.value.series, modalities=modalities)
        return StudyAnswer(source=self._name, state=state, studies=(study,), issues=tuple(dict.fromkeys(found)))
