"""A DICOMweb service as an image archive.

QIDO-RS knows no other way than GET, so what is asked stands in the address, names and numbers of patients with it:
servers and proxies may log it. It goes by https unless it stays on this machine or plain http is asked for by name;
nothing here writes an address down.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.studies.rows import studies_of_headers, study_of_headers
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.imaging_senders import ImagingSenders
from fhir_hr.model.identity import PatientIdentity, match_identity
from fhir_hr.model.imaging import Access, AccessKind, Study
from fhir_hr.model.people import Patient
from fhir_hr.sources._http import HttpClient, check_address, origin
from fhir_hr.sources.dicomweb.limits import DicomWebLimits
from fhir_hr.sources.dicomweb.pages import Asking, Read
from fhir_hr.sources.dicomweb.questions import SERIES_FIELDS, STUDY_FIELDS, Search, UnaskableError, searches_of
from fhir_hr.sources.studies.matching import name_matches, select_studies
from fhir_hr.sources.studies.query import StudyAnswer, StudyQuery, StudyState

__all__ = ["DicomWebArchive"]

_UID = re.compile(r"[0-9.]{1,64}")
_JSON = {"Accept": "application/dicom+json"}


class DicomWebArchive:
    """An image archive behind QIDO-RS and WADO-RS; implements :class:`~fhir_hr.sources.studies.StudyArchive`.

    Nothing of the environment is used: no proxy, no ``.netrc``, no certificate store but the one given. Credentials
    are sent to the origin of ``root`` alone, and stand in no message, ``repr`` or log.

    Args:
        name: name of the archive, as it is shown and recorded.
        root: address of the service, up to and without ``/studies``: ``https``, or ``http`` on this machine.
        token: bearer token, or a function that returns one for each call.
        basic: user and password.
        certificate: client certificate (mTLS): one PEM file, or certificate and key.
        ca: PEM file with certificates of a hospital's own authority.
        proxy: address of a proxy.
        plain_http: whether ``http`` to another machine is wanted. No credentials are sent that way.
        senders: profiles of imaging senders, for zones and institutions.
        limits: bounds on one call.

    Raises:
        UsageError: an option cannot be; the message quotes none.

    Example:
        >>> DicomWebArchive("PACS", "https://pacs.example/dicom-web", token="secret")
        DicomWebArchive(name='PACS')
    """

    def __init__(
        self,
        name: str,
        root: str,
        *,
        token: str | Callable[[], str] | None = None,
        basic: tuple[str, str] | None = None,
        certificate: Path | str | tuple[Path | str, Path | str] | None = None,
        ca: Path | str | None = None,
        proxy: str | None = None,
        plain_http: bool = False,
        senders: ImagingSenders | None = None,
        limits: DicomWebLimits = DicomWebLimits(),  # noqa: B008 - immutable
    ) -> None:
        check_address(root, what="a DICOMweb service", plain=plain_http)
        if token is not None and basic is not None:
            raise UsageError("a DICOMweb service is asked with a token or with a user, not with both")
        if token is not None or basic is not None:
            check_address(root, what="a DICOMweb service that wants credentials")
            if proxy is not None and origin(root)[0] == "http":
                raise UsageError("credentials are not sent in the open through a proxy; the service is asked by https")
        if isinstance(token, str):
            _authorization(token, None)
        if basic is not None and ":" in basic[0]:
            raise UsageError("the user of a DICOMweb service has no colon (RFC 7617)")
        self._name = name
        self._root = root.rstrip("/")
        self._token, self._basic = token, basic
        self._senders = senders
        self._limits = limits
        self._decodes: bool | None = None
        pair = (str(certificate[0]), str(certificate[1])) if isinstance(certificate, tuple) else certificate
        self._client = HttpClient(
            root,
            ca=None if ca is None else str(ca),
            certificate=str(pair) if isinstance(pair, Path) else pair,
            proxy=proxy,
            gzip=True,
        )

    def __repr__(self) -> str:
        return f"DicomWebArchive(name={self._name!r})"

    @property
    def name(self) -> str:
        """Name of the archive."""
        return self._name

    def find_studies(self, query: StudyQuery) -> StudyAnswer:
        """Find studies; see :class:`~fhir_hr.sources.studies.StudyArchive`.

        ``PARTIAL`` says that something was found or nothing, and that there may be more: a limit, a lost page, a
        warning, a study in doubt. ``NOTHING`` is said only by a server that was asked in words that it understands.
        """
        try:
            searches = searches_of(query)
            asking = self._asking()
        except UnaskableError as error:
            return self._alone(StudyState.REFUSED, IssueCode.QUERY_UNENCODABLE, f"{error}; it was not sent")
        except _CredentialsError as error:
            return self._alone(StudyState.REFUSED, IssueCode.SOURCE_REFUSED, str(error))
        reads: list[Read] = []
        sent: set[str] | None = None
        for search in searches:
            read, asked = self._search(asking, search)
            reads.append(read)
            sent = set(asked.sent) if sent is None else sent & asked.sent
            if read.failure is not None:
                break  # a server that is lost or refuses is not asked again and again
        headers = dict.fromkeys(header for read in reads for header in read.headers)
        found = studies_of_headers(headers, where=self._name, senders=self._senders)
        chosen = select_studies(self._reachable(found.value, headers), query, source=self._name, sent=sent or set())
        issues = [*_issues(reads), *found.issues, *chosen.issues]
        partial = chosen.doubtful > 0 or chosen.unsure > 0 or _lossy(found.issues)
        kept = chosen.kept
        if len(kept) >= query.limit:
            kept, partial = kept[: query.limit], True
            words = f"{query.limit} studies were found, as many as were wanted; there may be more"
            issues.append(self._issue(IssueCode.LIMIT_REACHED, Severity.WARNING, words))
        return self._answer(reads, kept, issues, partial=partial)

    def with_series(self, study: Study) -> StudyAnswer:
        """Return the study with its series, as the archive lists them; their instances are not asked for.

        ``NOTHING``: the archive has no such study.
        """
        return self._more(
            study, lambda asking, path: [asking.search(f"{path}/series", "", SERIES_FIELDS, uid_of=_series)]
        )

    def with_instances(self, study: Study, *, series: Iterable[str] = ()) -> StudyAnswer:
        """Return the study with the instances of some series, or of all that it lists (WADO-RS metadata, by series).

        Args:
            study: with its series (:meth:`with_series`), unless ``series`` names them.
            series: Series Instance UIDs.
        """
        wanted = tuple(series) or tuple(each.uid for each in study.series)

        def read_all(asking: Asking, path: str) -> list[Read]:
            reads = []
            for uid in wanted:
                reads.append(asking.metadata(f"{path}/series/{uid}/metadata"))
                if reads[-1].failure is not None:
                    break
            return reads

        if not all(_UID.fullmatch(uid) for uid in wanted):
            return self._alone(StudyState.REFUSED, IssueCode.UID_INVALID, "a Series Instance UID is no UID")
        return self._more(study, read_all)

    # -- asking ------------------------------------------------------------------------------------

    def _asking(self) -> Asking:
        token = self._token
        if callable(token):
            try:
                token = token()
            except Exception as error:  # noqa: BLE001 - a caller's function may raise anything, with anything in it
                raise _CredentialsError(f"no token could be had: {type(error).__name__}") from None
        try:
            headers = {**_JSON, **_authorization(token, self._basic)}
        except UsageError as error:
            raise _CredentialsError(str(error)) from None
        return Asking(self._client, root=self._root, source=self._name, headers=headers, limits=self._limits)

    def _search(self, asking: Asking, search: Search) -> tuple[Read, Search]:
        """Ask; where nothing is found and the server may not have understood, ask in plainer words."""
        read = asking.search("/studies", search.text, STUDY_FIELDS, uid_of=_study)
        for other in search.cased():
            if read.headers or read.failure is not None:
                break
            before, read = read, asking.search("/studies", other.text, STUDY_FIELDS, uid_of=_study)
            read.add(before)
        if not read.headers and search.cased():
            words = "nothing was found for a name in Latin letters; some servers compare them with case"
            read.issues.append(self._issue(IssueCode.SOURCE_PARTIAL, Severity.INFORMATION, words))
        if read.headers or read.failure is not None or not search.encoded or self._understands(asking):
            return read, search
        plainer = search.relaxed()
        rows = self._limits.rows if plainer.narrows else self._limits.broad_rows
        if rows <= 0:
            words = (
                "the archive found nothing for text that has to be percent-decoded, and does not show that it "
                "decodes; ask with a patient id"
            )
            read.issues.append(self._issue(IssueCode.QUERY_UNENCODABLE, Severity.WARNING, words))
            read.partial = True
            return read, search
        again = asking.search("/studies", plainer.text, STUDY_FIELDS, uid_of=_study, most=rows)
        words = (
            "the archive does not percent-decode; it was asked for more than was wanted, and its answer was filtered"
        )
        again.add(read)
        again.issues.append(self._issue(IssueCode.SOURCE_PARTIAL, Severity.INFORMATION, words))
        return again, plainer

    def _understands(self, asking: Asking) -> bool:
        """Whether the server percent-decodes: an encoded ``*`` finds any study (one row is asked for)."""
        if not self._decodes:
            self._decodes = asking.shows("/studies", "PatientID=%2A&limit=1")
        return self._decodes

    def _more(self, study: Study, ask: Callable[[Asking, str], list[Read]]) -> StudyAnswer:
        if not _UID.fullmatch(study.uid):
            return self._alone(StudyState.REFUSED, IssueCode.UID_INVALID, "the Study Instance UID is no UID")
        try:
            asking = self._asking()
        except _CredentialsError as error:
            return self._alone(StudyState.REFUSED, IssueCode.SOURCE_REFUSED, str(error))
        reads = ask(asking, f"/studies/{study.uid}")
        headers = dict.fromkeys(header for read in reads for header in read.headers)
        found = study_of_headers(headers, where=self._name, senders=self._senders, study_uid=study.uid)
        issues = [*_issues(reads), *found.issues]
        if found.value is None:
            return self._answer(reads, (), issues, partial=_lossy(found.issues))
        if _other_patient(study, found.value):
            words = "the archive names another patient at the series than at the study; the series were left out"
            issues.append(self._issue(IssueCode.STUDY_CONFLICT, Severity.ERROR, words))
            return self._answer(reads, (), issues, partial=True)
        short = study.stated_series is not None and len(found.value.series) < study.stated_series
        return self._answer(reads, (_joined(study, found.value),), issues, partial=_lossy(found.issues) or short)

    # -- answering ---------------------------------------------------------------------------------

    def _reachable(self, studies: Iterable[Study], headers: Iterable[Header]) -> list[Study]:
        """Add where images can be fetched: at our own address, since servers behind a proxy state a wrong one."""
        stated = {header.study_instance_uid for header in headers if header.retrieve_url}
        access = Access(kind=AccessKind.WADO_RS, address=self._root, name=self._name)
        return [
            msgspec.structs.replace(study, access=(*study.access, access)) if study.uid in stated else study
            for study in studies
        ]

    def _answer(
        self, reads: list[Read], studies: tuple[Study, ...], issues: list[Issue], *, partial: bool
    ) -> StudyAnswer:
        failures = [read.failure for read in reads if read.failure is not None]
        answered = any(read.answered for read in reads)
        if failures and not answered:
            state = failures[0]
        elif failures or partial or any(read.partial for read in reads):
            state = StudyState.PARTIAL
        else:
            state = StudyState.FOUND if studies else StudyState.NOTHING
        return StudyAnswer(source=self._name, state=state, studies=studies, issues=tuple(dict.fromkeys(issues)))

    def _alone(self, state: StudyState, code: IssueCode, message: str) -> StudyAnswer:
        return StudyAnswer(source=self._name, state=state, issues=(self._issue(code, Severity.ERROR, message),))

    def _issue(self, code: IssueCode, severity: Severity, message: str) -> Issue:
        return Issue(code=code, severity=severity, where=self._name, message=message)


class _CredentialsError(Exception):
    """No credentials to ask with; the message quotes none."""


def _authorization(token: str | None, basic: tuple[str, str] | None) -> dict[str, str]:
    if token is not None:
        if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
            raise UsageError("the token holds what no bearer token may hold (RFC 6750)")
        return {"Authorization": f"Bearer {token}"}
    if basic is not None:
        return {"Authorization": f"Basic {base64.b64encode(':'.join(basic).encode()).decode()}"}
    return {}


def _study(header: Header) -> str | None:
    return header.study_instance_uid


def _series(header: Header) -> str | None:
    return header.series_instance_uid


def _issues(reads: Iterable[Read]) -> list[Issue]:
    return [issue for read in reads for issue in read.issues]


def _lossy(issues: Iterable[Issue]) -> bool:
    return any(issue.severity is Severity.ERROR for issue in issues)


def _other_patient(a: Study, b: Study) -> bool:
    if a.patient is None or b.patient is None or not a.patient.identifiers or not b.patient.identifiers:
        return False
    one, other = a.patient.identifiers[0], b.patient.identifiers[0]
    if one.value != other.value or (one.assigner and other.assigner and one.assigner != other.assigner):
        return True
    if match_identity(_born(a.patient), _born(b.patient)).differ:
        return True
    written = ("".join((name.family or "", *name.given)) if name.family else name.text for name in a.patient.names)
    return any(name_matches(name, b.patient.names) is False for name in written)


def _born(patient: Patient) -> PatientIdentity:
    return PatientIdentity(sex=patient.sex, birth=patient.birth)


def _joined(study: Study, more: Study) -> Study:
    """The study as it was found, with the series that were read since; what it did not state is filled."""
    new = {each.uid for each in more.series}
    series = [*more.series, *(each for each in study.series if each.uid not in new)]
    filled = {
        name: getattr(more, name)
        for name in ("patient", "institution", "department", "started", "accession", "description", "availability")
        if getattr(study, name) is None
    }
    order = sorted(series, key=lambda each: (each.number is None, each.number or 0, each.uid))
    modalities = tuple(sorted({*study.modalities, *more.modalities}))
    return msgspec.structs.replace(study, series=tuple(order), modalities=modalities, **filled)
