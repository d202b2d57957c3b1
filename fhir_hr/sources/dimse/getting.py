"""C-GET: objects over the association that asks for them (PS3.4 C.4.3)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from fhir_hr.errors import PeerLostError
from fhir_hr.sources.dimse.find import failure_words
from fhir_hr.sources.dimse.keys import GET, IMPLICIT_LITTLE, identifier
from fhir_hr.sources.dimse.received import Received, ReceivedObject, Taker
from fhir_hr.sources.dimse.settings import Peer
from fhir_hr.sources.dimse.sockets import Deadline
from fhir_hr.sources.dimse.wire import Link, payload

if TYPE_CHECKING:
    from pynetdicom.dimse_primitives import C_STORE

__all__ = ["failed_uids", "get", "level_of", "storage_classes"]

_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_MOST_CLASSES = 127  # an association has at most 128 contexts, one is for C-GET itself
_SYNTAXES = (
    *("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"),
    *("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"),
    *("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
    *("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.103"),
)
_PENDING = (0xFF00, 0xFF01)


_COMMON = (
    *("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.1.1"),
    *("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7"),
)


@cache
def storage_classes() -> tuple[str, ...]:
    """Return every storage class that is known; more than one association holds."""
    from pynetdicom import AllStoragePresentationContexts

    known = [str(context.abstract_syntax) for context in AllStoragePresentationContexts]
    return tuple(dict.fromkeys((*_COMMON, *known)))


class _Counts(msgspec.Struct):
    completed: int = 0
    failed: int = 0
    warning: int = 0


def get(
    peer: Peer,
    values: dict[str, str],
    *,
    sop_classes: Iterable[str] = (),
    take: Callable[[ReceivedObject], None],
    expected: frozenset[str] = frozenset(),
    deadline: Deadline | None = None,
) -> Received:
    """Fetch objects by C-GET.

    A server sends only classes that were agreed on, and fails for others, some of them (0xC000) without a word which.
    So the classes are those that the study holds; without them all known ones, in several associations.

    Args:
        values: ``StudyInstanceUID``, and ``SeriesInstanceUID`` and ``SOPInstanceUID`` for less.
        sop_classes: what the study holds (SOPClassesInStudy, or from IMAGE level).
        take: gets each object once.
        expected: SOP Instance UIDs that there are; once all came, no further association is made.
        deadline: of the call this is part of.
    """
    wanted = tuple(dict.fromkeys(sop_classes)) or storage_classes()
    clock = deadline or Deadline(peer.bounds.total)
    taker = Taker(values, peer.bounds, take)
    complete = True
    failures: list[str] = []
    counts = _Counts()
    failed_uids: list[str] = []
    for start in range(0, len(wanted), _MOST_CLASSES):
        try:
            one = _Getting(peer, values, wanted[start : start + _MOST_CLASSES], taker, clock).run()
        except PeerLostError as lost:
            if not taker.count and lost.refused:
                return taker.done(complete=False, failures=(*failures, str(lost)), refused=True)
            failures.append(str(lost))
            complete = False
            break
        counts.completed += one.counts.completed
        counts.failed += one.counts.failed
        counts.warning += one.counts.warning
        failed_uids += one.failed_uids
        if one.failure:
            failures.append(one.failure)
        if expected and expected <= taker.seen.keys():
            break
    missing = tuple(uid for uid in dict.fromkeys(failed_uids) if uid not in taker.seen)
    # With several associations each fails for the classes of the others; what counts is what came in the end.
    many = len(wanted) > _MOST_CLASSES
    there = bool(expected) and expected <= taker.seen.keys()
    whole = complete and not missing and not taker.refused and (many or there or (not failures and not counts.failed))
    return taker.done(
        complete=whole,
        failures=() if whole else tuple(dict.fromkeys(failures)),
        failed=missing,
        reported_completed=counts.completed,
        reported_failed=counts.failed,
        reported_warning=counts.warning,
    )


class _Getting:
    """One association."""

    def __init__(
        self, peer: Peer, values: dict[str, str], sop_classes: Sequence[str], taker: Taker, deadline: Deadline
    ) -> None:
        self._peer = peer
        self._values = values
        self._classes = sop_classes
        self._taker = taker
        self._deadline = deadline
        self.counts = _Counts()
        self.failed_uids: list[str] = []
        self.failure = ""

    def run(self) -> _Getting:
        from pynetdicom.dimse_primitives import C_GET
        from pynetdicom.presentation import build_context, build_role

        contexts = [build_context(GET, [_EXPLICIT_LITTLE, IMPLICIT_LITTLE])]
        contexts += [build_context(each, list(_SYNTAXES)) for each in self._classes]
        roles = [build_role(each, scp_role=True) for each in self._classes]
        limit = self._peer.bounds.object_bytes
        with Link(self._peer, contexts, self._deadline, message_bytes=limit, roles=roles) as link:
            context = link.accepted(GET)
            if context is None:
                raise PeerLostError("C-GET is not offered", refused=True)
            implicit = context.implicit
            request = C_GET()
            request.MessageID = link.next_id
            request.AffectedSOPClassUID = GET
            request.Priority = 2
            request.Identifier = io.BytesIO(
                identifier(level_of(self._values), (), self._values, charset="", implicit=implicit)
            )
            link.send(request, context.id)
            self._receive(link, request.MessageID, context.id, implicit=implicit)
        return self

    def _receive(self, link: Link, message_id: int, own: int, *, implicit: bool) -> None:
        from pynetdicom.dimse_primitives import C_GET, C_STORE

        cancelled = False
        while True:
            context_id, message = link.receive()
            if isinstance(message, C_STORE):
                self._store(link, context_id, message)
                if self._taker.full and not cancelled:
                    cancelled = True
                    link.cancel(message_id, own)
                continue
            if not isinstance(message, C_GET) or message.Status is None:
                raise PeerLostError("it sent something else than an answer")
            self.counts = _Counts(
                completed=message.NumberOfCompletedSuboperations or 0,
                failed=message.NumberOfFailedSuboperations or 0,
                warning=message.NumberOfWarningSuboperations or 0,
            )
            if message.Status in _PENDING:
                continue
            if message.Status != 0:
                self.failure = failure_words(message.Status) if message.Status != 0xB000 else "some objects failed"
            self.failed_uids = failed_uids(payload(message.Identifier), implicit=implicit)
            return

    def _store(self, link: Link, context_id: int, message: C_STORE) -> None:
        from pynetdicom.dimse_primitives import C_STORE

        answer = C_STORE()
        answer.MessageID = message.MessageID
        answer.MessageIDBeingRespondedTo = message.MessageID
        answer.AffectedSOPInstanceUID = message.AffectedSOPInstanceUID
        answer.AffectedSOPClassUID = message.AffectedSOPClassUID
        context = link.context(context_id)
        if context is None:
            answer.Status = 0x0122
            link.send(answer, context_id)
            return
        answer.Status = self._taker.take(
            ReceivedObject(
                sop_class_uid=str(message.AffectedSOPClassUID),
                sop_instance_uid=str(message.AffectedSOPInstanceUID),
                transfer_syntax_uid=context.transfer_syntax,
                data=payload(message.DataSet),
            )
        )
        link.send(answer, context_id)


def level_of(values: dict[str, str]) -> str:
    """Return the level that the UIDs name."""
    if "SOPInstanceUID" in values:
        return "IMAGE"
    return "SERIES" if "SeriesInstanceUID" in values else "STUDY"


def failed_uids(data: bytes, *, implicit: bool) -> list[str]:
    """Return FailedSOPInstanceUIDList (0008,0058) of a last answer; nothing when it cannot be read."""
    from pynetdicom.dsutils import decode

    if not data:
        return []
    try:
        value = decode(io.BytesIO(data), implicit, True).get("FailedSOPInstanceUIDList") or []
        return [str(value)] if isinstance(value, str) else [str(each) for each in value]
    except (ValueError, TypeError, KeyError, AttributeError, EOFError, NotImplementedError):
        return []
