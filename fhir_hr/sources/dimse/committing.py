"""Storage commitment: does the archive keep these objects (PS3.4 J)? It proves them safe, not a study complete."""

from __future__ import annotations

import io
import queue
import ssl
from collections.abc import Iterable
from typing import Any

import msgspec

from fhir_hr.errors import PeerLostError
from fhir_hr.sources.dimse.find import failure_words
from fhir_hr.sources.dimse.keys import IMPLICIT_LITTLE
from fhir_hr.sources.dimse.receiving import COMMITMENT, Receiver
from fhir_hr.sources.dimse.settings import Peer
from fhir_hr.sources.dimse.sockets import Deadline
from fhir_hr.sources.dimse.wire import Link
from fhir_hr.sources.studies.query import StudyState

__all__ = ["Commitment", "commit"]

_INSTANCE = "1.2.840.10008.1.20.1.1"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_REPORT_BYTES = 1 << 26
_SAME_ASSOCIATION = 1.0  # seconds that a report on the association of the request is waited for

# PS3.3 C.14.1.1
_REASONS = {
    0x0110: "processing failure",
    0x0112: "no such object",
    0x0213: "resource limitation",
    0x0122: "SOP class not supported",
    0x0119: "another SOP class than the archive holds",
    0x0131: "the transaction UID was used before",
}


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive says of objects that it was asked to keep.

    Attributes:
        state: found when it answered on all of them; partial when its report leaves some out; unavailable or refused
            when there is no report, and then nothing is known.
        committed: SOP Instance UIDs that it keeps; for :func:`fhir_hr.adapters.dicom.studies.completeness.assess`.
        failed: SOP Instance UIDs that it does not keep, with its reason.
        failures: why there is no full answer.
    """

    state: StudyState
    committed: frozenset[str] = frozenset()
    failed: tuple[tuple[str, str], ...] = ()
    failures: tuple[str, ...] = ()


def commit(
    peer: Peer,
    objects: Iterable[tuple[str, str]],
    *,
    transaction_uid: str,
    port: int,
    host: str,
    context: ssl.SSLContext | None = None,
) -> Commitment:
    """Ask an archive whether it keeps objects; it has to know our AE title with an address that leads to ``host:port``.

    Args:
        objects: ``(SOP Class UID, SOP Instance UID)`` of each.
        transaction_uid: a UID that was never used for this before.
        port: where we listen for its report.
        host: which of our addresses to listen on; never more than is named.
        context: TLS for its report.
    """
    asked = {instance: sop_class for sop_class, instance in objects}
    if not asked:
        return Commitment(state=StudyState.NOTHING)
    deadline = Deadline(peer.bounds.total)
    try:
        with Receiver(peer.calling_ae, host, port, bounds=peer.bounds, deadline=deadline, context=context) as receiver:
            report = _ask(peer, asked, transaction_uid, receiver, deadline)
            if report is None:
                report = _wait(receiver, transaction_uid, deadline)
    except PeerLostError as lost:
        state = StudyState.REFUSED if lost.refused else StudyState.UNAVAILABLE
        return Commitment(state=state, failures=(str(lost),))
    if report is None:
        words = f"no report within {deadline.seconds:g} s; does the archive know our AE title and port?"
        return Commitment(state=StudyState.UNAVAILABLE, failures=(words,))
    return _read(report, asked)


def _ask(peer: Peer, asked: dict[str, str], transaction_uid: str, receiver: Receiver, deadline: Deadline) -> Any:  # noqa: ANN401
    """Send the request; returns the report when it comes soon, perhaps on the same association."""
    from pynetdicom import evt
    from pynetdicom.dimse_primitives import N_ACTION
    from pynetdicom.presentation import build_context

    contexts = [build_context(COMMITMENT, [_EXPLICIT_LITTLE, IMPLICIT_LITTLE])]
    handlers = [(evt.EVT_N_EVENT_REPORT, receiver.take_report)]
    with Link(peer, contexts, deadline, message_bytes=_REPORT_BYTES, handlers=handlers) as link:
        agreed = link.accepted(COMMITMENT)
        if agreed is None:
            raise PeerLostError("storage commitment is not offered", refused=True)
        request = N_ACTION()
        request.MessageID = link.next_id
        request.RequestedSOPClassUID = COMMITMENT
        request.RequestedSOPInstanceUID = _INSTANCE
        request.ActionTypeID = 1
        request.ActionInformation = io.BytesIO(_request(asked, transaction_uid, implicit=agreed.implicit))
        link.send(request, agreed.id)
        _context, answer = link.receive()
        if not isinstance(answer, N_ACTION) or answer.Status is None:
            raise PeerLostError("it sent something else than an answer")
        if answer.Status != 0:
            raise PeerLostError(failure_words(answer.Status), refused=True)
        return _wait(receiver, transaction_uid, Deadline(min(_SAME_ASSOCIATION, deadline.left)))


def _request(asked: dict[str, str], transaction_uid: str, *, implicit: bool) -> bytes:
    from pydicom.dataset import Dataset
    from pynetdicom.dsutils import encode

    wanted = Dataset()
    wanted.TransactionUID = transaction_uid
    items = []
    for instance, sop_class in asked.items():
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = instance
        items.append(item)
    wanted.ReferencedSOPSequence = items
    return encode(wanted, implicit, True) or b""


def _wait(receiver: Receiver, transaction_uid: str, deadline: Deadline) -> Any:  # noqa: ANN401
    """Return the report on a transaction, or ``None`` when it does not come in time."""
    while True:
        try:
            _event, data, implicit = receiver.reports.get(timeout=max(0.001, deadline.left))
        except queue.Empty:
            return None
        report = _decoded(data, implicit=implicit)
        if report is not None and str(report.get("TransactionUID", "")) == transaction_uid:
            return report


def _decoded(data: bytes, *, implicit: bool) -> Any:  # noqa: ANN401 - a dataset, or None
    from pynetdicom.dsutils import decode

    try:
        return decode(io.BytesIO(data), implicit, True)
    except (ValueError, TypeError, KeyError, AttributeError, EOFError, NotImplementedError):
        return None


def _read(report: Any, asked: dict[str, str]) -> Commitment:  # noqa: ANN401
    kept = {str(item.get("ReferencedSOPInstanceUID", "")) for item in report.get("ReferencedSOPSequence") or ()}
    failed = {
        str(item.get("ReferencedSOPInstanceUID", "")): _reason(item.get("FailureReason"))
        for item in report.get("FailedSOPSequence") or ()
    }
    committed = frozenset(kept & asked.keys() - failed.keys())
    named = tuple((uid, why) for uid, why in failed.items() if uid in asked)
    silent = len(asked) - len(committed) - len(named)
    words = (f"the report says nothing of {silent} object(s)",) if silent else ()
    return Commitment(
        state=StudyState.PARTIAL if silent else StudyState.FOUND, committed=committed, failed=named, failures=words
    )


def _reason(value: object) -> str:
    if not isinstance(value, int):
        return "no reason is given"
    return f"0x{value:04X} ({_REASONS.get(value, 'no known reason')})"
