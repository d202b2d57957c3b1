"""One C-FIND on an association: rows as headers, the end named (PS3.4 C.4.1)."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.errors import PeerLostError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.sources.dimse.keys import FIND, IMPLICIT_LITTLE, identifier
from fhir_hr.sources.dimse.settings import Peer
from fhir_hr.sources.dimse.wire import Link, payload

if TYPE_CHECKING:
    from pynetdicom.presentation import PresentationContext

__all__ = ["Rows", "failure_words", "find", "find_context"]

_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, EOFError, NotImplementedError, struct.error)
_GRACE = 2.0  # seconds that a peer may go on after it was told to stop
_PENDING = (0xFF00, 0xFF01)
_CANCELLED = 0xFE00
_WARNINGS = (0x0001, 0x0107, 0x0116)

# PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4; PS3.7 C
_FAILURES = {
    0x0110: "processing failure",
    0x0117: "invalid object instance",
    0x0122: "SOP class not supported",
    0x0124: "not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0xA700: "out of resources",
    0xA701: "out of resources: it cannot count the matches",
    0xA702: "out of resources: it cannot perform the sub-operations",
    0xA801: "it does not know the destination",
    0xA900: "the identifier does not fit the SOP class",
    0xFE00: "cancelled",
}


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What one query gave.

    Attributes:
        headers: rows, as many as could be read.
        failure: why the archive did not answer in full; empty when it did.
        status: its last status; ``None``: it was lost before.
        stopped: whether we stopped it, since there was enough.
        optional_ignored: whether it said that it did not look at every condition (0xFF01).
    """

    headers: tuple[Header, ...] = ()
    failure: str = ""
    status: int | None = None
    stopped: bool = False
    optional_ignored: bool = False
    issues: tuple[Issue, ...] = ()


def failure_words(status: int) -> str:
    """Return a status in words.

    Example:
        >>> failure_words(0xA801)
        'status 0xA801 (it does not know the destination)'
        >>> failure_words(0xC320)
        'status 0xC320 (unable to process)'
    """
    words = _FAILURES.get(status) or ("unable to process" if 0xC000 <= status <= 0xCFFF else "no known status")
    return f"status 0x{status:04X} ({words})"


def find_context() -> PresentationContext:
    """Return the presentation context of C-FIND, study root."""
    from pynetdicom.presentation import build_context

    return build_context(FIND, [_EXPLICIT_LITTLE, IMPLICIT_LITTLE])


def find(
    link: Link,
    peer: Peer,
    level: str,
    asked: Sequence[str],
    values: Mapping[str, str],
    *,
    enough: Callable[[Header], bool] | None = None,
) -> Rows:
    """Ask once and read all rows.

    Args:
        enough: is told each row; once it says ``True`` the query is cancelled.

    Returns:
        the rows; a lost peer is a ``failure`` with what came before.

    Raises:
        PeerLostError: the archive offers no C-FIND.
    """
    from pynetdicom.dimse_primitives import C_FIND

    context = link.accepted(FIND)
    if context is None:
        raise PeerLostError("C-FIND is not offered", refused=True)
    implicit = context.implicit
    request = C_FIND()
    request.MessageID = link.next_id
    request.AffectedSOPClassUID = FIND
    request.Priority = 2
    request.Identifier = io.BytesIO(identifier(level, asked, values, charset=peer.charset, implicit=implicit))
    link.send(request, context.id)
    reading = _Reading(link, peer, context.id, request.MessageID, implicit=implicit)
    return reading.all(enough or (lambda _header: False))


class _Reading:
    """The rows of one query, as they come."""

    def __init__(self, link: Link, peer: Peer, context_id: int, message_id: int, *, implicit: bool) -> None:
        self._link = link
        self._peer = peer
        self._context_id = context_id
        self._message_id = message_id
        self._implicit = implicit
        self._headers: list[Header] = []
        self._issues: dict[tuple[IssueCode, str], Issue] = {}
        self._stopped = False
        self._until = 0.0
        self._ignored = False
        self._count = 0

    def all(self, enough: Callable[[Header], bool]) -> Rows:
        from pynetdicom.dimse_primitives import C_FIND

        try:
            while True:
                _context, answer = self._link.receive()
                status: int | None = answer.Status if isinstance(answer, C_FIND) else None
                if status is None:
                    return self._end("it sent something else than an answer to the query", None)
                if status not in _PENDING:
                    return self._ended(status)
                self._ignored |= status == _PENDING[1]
                if self._stopped:
                    if time.monotonic() > self._until:
                        self._link.abandon()
                        return self._end("", None)
                    continue
                self._take(payload(answer.Identifier), enough)
        except PeerLostError as lost:
            return self._end("" if self._stopped else str(lost), None)

    def _take(self, data: bytes, enough: Callable[[Header], bool]) -> None:
        self._count += 1
        header = self._read(data)
        if header is not None:
            self._headers.append(header)
            if enough(header):
                self._stop()
        if self._count >= self._peer.bounds.rows:
            self._note(
                IssueCode.LIMIT_REACHED,
                f"more than {self._peer.bounds.rows} rows: the query was stopped",
                Severity.ERROR,
            )
            self._stop()

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._until = time.monotonic() + _GRACE
            self._link.cancel(self._message_id, self._context_id)

    def _ended(self, status: int) -> Rows:
        if status == 0 or status in _WARNINGS or (status == _CANCELLED and self._stopped):
            return self._end("", status)
        return self._end(failure_words(status), status)

    def _end(self, failure: str, status: int | None) -> Rows:
        return Rows(
            headers=tuple(self._headers),
            failure=failure,
            status=status,
            stopped=self._stopped,
            optional_ignored=self._ignored,
            issues=tuple(self._issues.values()),
        )

    def _read(self, data: bytes) -> Header | None:
        from pynetdicom.dsutils import decode

        from fhir_hr.adapters.dicom.headers.datasets import header_of_dataset

        try:
            dataset = decode(io.BytesIO(data), self._implicit, True)
            read = header_of_dataset(dataset, charset=self._peer.answer_charset)
        except _UNREADABLE as error:
            self._note(IssueCode.ANSWER_INVALID, f"a row could not be read: {type(error).__name__}", Severity.ERROR)
            return None
        for issue in read.issues:
            self._issues.setdefault((issue.code, issue.message), issue)
        return read.value

    def _note(self, code: IssueCode, message: str, severity: Severity) -> None:
        self._issues.setdefault((code, message), Issue(code=code, severity=severity, where="", message=message))
