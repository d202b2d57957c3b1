"""Reading the pages of one search, and one answer of metadata: what was read, and why it may not be all.

Short pages, ``Link`` and ``Warning`` are never taken for the end: servers cap their answers without a word (measured).
Pages are asked for until one is empty, and no further when a page brings nothing new.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.metadata import headers_of_json
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.sources._http import HttpClient, HttpFailure, HttpFault, HttpReply
from fhir_hr.sources.dicomweb.limits import DicomWebLimits
from fhir_hr.sources.studies.query import StudyState

__all__ = ["Asking", "Read"]

_READ = (200, 206)
_MORE = re.compile(r"additional results|number of results exceeded", re.IGNORECASE)


class Read(msgspec.Struct, kw_only=True):
    """What was read of one search.

    Attributes:
        headers: rows, each once, in the order of the answer.
        answered: whether at least one page was read.
        failure: why reading ended before the end.
        partial: whether there may be more, or less than all of it could be read.
        issues: what was wrong.
    """

    headers: dict[Header, None] = msgspec.field(default_factory=dict)
    answered: bool = False
    failure: StudyState | None = None
    partial: bool = False
    issues: list[Issue] = msgspec.field(default_factory=list)

    def add(self, before: Read) -> None:
        """Take over what an earlier search for the same brought, but its rows: nothing that it said is lost."""
        self.answered |= before.answered
        self.partial |= before.partial
        self.issues[:0] = before.issues


class _FailedError(Exception):
    def __init__(self, state: StudyState, code: IssueCode, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.state, self.code, self.status = state, code, status


class Asking:
    """One call of an archive: its deadline, and what it may still read.

    Args:
        client: asks the server.
        root: address of the service, without a slash at the end.
        source: name of the archive, for issues.
        headers: what every question carries, credentials among it.
        limits: bounds.
    """

    def __init__(
        self, client: HttpClient, *, root: str, source: str, headers: Mapping[str, str], limits: DicomWebLimits
    ) -> None:
        self._client = client
        self._root = root
        self._source = source
        self._headers = headers
        self._limits = limits
        self._end = time.monotonic() + limits.seconds
        self._bytes = limits.total_bytes

    def search(
        self,
        path: str,
        text: str,
        fields: Sequence[str],
        *,
        uid_of: Callable[[Header], str | None],
        most: int | None = None,
    ) -> Read:
        """Read all pages of a search.

        Args:
            path: below the root.
            text: the conditions, encoded.
            fields: attributes that answers leave out unless they are asked for.
            uid_of: what makes a row a new one.
            most: rows that are read at most; by default as many as the limits say.
        """
        read = Read()
        try:
            self._pages(read, path, self._forms(text, fields), uid_of, self._limits.rows if most is None else most)
        except _FailedError as failed:
            read.failure = failed.state
            read.issues.append(self._issue(failed.code, Severity.ERROR, str(failed)))
        return read

    def metadata(self, path: str) -> Read:
        """Read one answer of WADO-RS metadata; 404 is a search that found nothing."""
        read = Read()
        try:
            rows, _ = self._page(read, path)
            read.headers.update(dict.fromkeys(rows))
        except _FailedError as failed:
            if failed.status == 404:
                read.answered = True
            else:
                read.failure = failed.state
                read.issues.append(self._issue(failed.code, Severity.ERROR, str(failed)))
        return read

    def shows(self, path: str, text: str) -> bool:
        """Whether a search finds anything at all; failures are no."""
        try:
            rows, _ = self._page(Read(), f"{path}?{text}")
        except _FailedError:
            return False
        return bool(rows)

    def _pages(
        self, read: Read, path: str, forms: Iterator[str], uid_of: Callable[[Header], str | None], most: int
    ) -> None:
        seen: set[str | None] = set()
        form, refusals = next(forms), 0
        offset = 0
        warned = False
        while True:
            paging = form.endswith(f"limit={self._limits.page}")
            try:
                rows, warning = self._page(read, f"{path}?{form}{f'&offset={offset}' if offset else ''}".rstrip("?"))
            except _FailedError as failed:
                if failed.status == 404 and read.answered:
                    return  # beyond the end, for some servers
                again = next(forms, None) if failed.status == 400 and not read.answered else None
                if again is None:
                    raise
                form, refusals = again, refusals + 1
                continue
            if refusals and not offset:
                self._note_refusal(read, paging=paging)
            if not rows:
                self._note_end(read, warned=warned, count=len(seen))
                return
            new = {uid_of(row) for row in rows} - seen
            seen |= new
            if new:
                read.headers.update(dict.fromkeys(rows))
                warned = self._warned(read, warning)
            else:
                self._note_repeated(read)
                return
            if len(seen) >= most:
                self._note(read, IssueCode.LIMIT_REACHED, f"more than {most} rows are not read")
                return
            if not paging:
                self._note_end(read, warned=warned, count=len(seen))
                return
            offset += len(rows)

    def _forms(self, text: str, fields: Sequence[str]) -> Iterator[str]:
        """The question, then less of it for servers that refuse what they do not know (400)."""
        paging = f"limit={self._limits.page}"
        include = "&".join(f"includefield={each}" for each in fields)
        for parts in ((text, include, paging), (text, paging), (text,)):
            yield "&".join(filter(None, parts))

    def _page(self, read: Read, target: str) -> tuple[tuple[Header, ...], str]:
        """Ask once; returns the rows and what the server warns of."""
        reply = self._get(target)
        if reply.status not in (*_READ, 204):
            raise _refusal(reply.status)
        rows: tuple[Header, ...] = ()
        if reply.status != 204:
            rows = self._rows(read, reply)
        if reply.status == 206:
            self._note(read, IssueCode.SOURCE_PARTIAL, "the archive says that its answer is only a part (206)")
        read.answered = True
        return rows, reply.headers.get("warning", "")

    def _get(self, target: str) -> HttpReply:
        left = self._end - time.monotonic()
        limit = min(self._limits.answer_bytes, self._bytes)
        if left <= 0:
            raise _unavailable(f"not there within {self._limits.seconds:g} s")
        if limit <= 0:
            raise _unavailable(f"more than {self._limits.total_bytes} bytes are not read")
        try:
            reply = self._client.get(
                f"{self._root}{target}", headers=self._headers, limit=limit, seconds=left, wanted=_READ
            )
        except HttpFailure as failure:
            if failure.fault is HttpFault.TOO_SLOW:
                raise _unavailable(f"not there within {self._limits.seconds:g} s") from None
            raise _unavailable(str(failure)) from None
        self._bytes -= len(reply.body)
        return reply

    def _rows(self, read: Read, reply: HttpReply) -> tuple[Header, ...]:
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not (kind == "application/json" or kind.endswith("+json")):
            raise _invalid("the answer is no DICOM JSON by its type; a page to log in looks like this")
        if not reply.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            raise _invalid("the answer is no list of DICOM JSON")
        outcome = headers_of_json(reply.body, limits=DicomLimits(json_bytes=self._limits.answer_bytes))
        wrong = any(issue.severity is Severity.ERROR for issue in outcome.issues)
        read.issues.extend(outcome.issues)
        if wrong and not outcome.value:
            raise _invalid("the answer cannot be read as DICOM JSON")
        read.partial |= wrong
        return outcome.value

    # -- what is said of it ------------------------------------------------------------------------

    def _warned(self, read: Read, warning: str) -> bool:
        """Whether more is announced; any other warning makes the answer partial."""
        if not warning:
            return False
        if _MORE.search(warning):
            return True
        code = re.match(r"[0-9]{3}", warning)
        self._note(
            read, IssueCode.SOURCE_PARTIAL, f"the archive answered with a warning ({code[0] if code else 'unnumbered'})"
        )
        return False

    def _note_end(self, read: Read, *, warned: bool, count: int) -> None:
        if warned:
            self._note(read, IssueCode.SOURCE_PARTIAL, "the archive says that there is more, but answers no more")
        cap = self._limits.silent_cap
        if cap is not None and count >= cap:
            words = f"the archive is known to stop at {cap} rows without a word; it answered {count}"
            self._note(read, IssueCode.LIMIT_REACHED, words)

    def _note_repeated(self, read: Read) -> None:
        self._note(
            read,
            IssueCode.SOURCE_PARTIAL,
            "the archive answers the same page again: it knows no offset, and whether there is more is not known",
        )

    def _note_refusal(self, read: Read, *, paging: bool) -> None:
        what = "additional attributes (includefield)" if paging else "additional attributes and paging"
        message = f"the archive refused {what}; it was asked without"
        read.issues.append(self._issue(IssueCode.SOURCE_PARTIAL, Severity.INFORMATION, message))

    def _note(self, read: Read, code: IssueCode, message: str) -> None:
        read.partial = True
        issue = self._issue(code, Severity.WARNING, message)
        if issue not in read.issues:
            read.issues.append(issue)

    def _issue(self, code: IssueCode, severity: Severity, message: str) -> Issue:
        return Issue(code=code, severity=severity, where=self._source, message=message)


def _refusal(status: int) -> _FailedError:
    if status in (401, 403):
        return _FailedError(
            StudyState.REFUSED,
            IssueCode.SOURCE_REFUSED,
            f"the archive refuses the question ({status}): who asks is not known to it, or has no right to",
            status=status,
        )
    words = {
        400: "the archive does not understand the question (400)",
        404: "there is no such service at this address (404)",
        413: "the archive finds the question too broad (413)",
        429: "the archive is asked too often (429)",
    }
    return _unavailable(words.get(status, f"the archive answered {status}"), status=status)


def _unavailable(message: str, *, status: int = 0) -> _FailedError:
    return _FailedError(StudyState.UNAVAILABLE, IssueCode.SOURCE_UNAVAILABLE, message, status=status)


def _invalid(message: str) -> _FailedError:
    return _FailedError(StudyState.UNAVAILABLE, IssueCode.ANSWER_INVALID, message)
