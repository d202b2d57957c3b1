"""C-MOVE to ourselves: the archive sends over associations of its own (PS3.4 C.4.2)."""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable
from typing import Any

from fhir_hr.errors import PeerLostError
from fhir_hr.sources.dimse.find import failure_words
from fhir_hr.sources.dimse.getting import failed_uids, level_of
from fhir_hr.sources.dimse.keys import IMPLICIT_LITTLE, MOVE, identifier
from fhir_hr.sources.dimse.received import Received, ReceivedObject, Taker
from fhir_hr.sources.dimse.receiving import Receiver
from fhir_hr.sources.dimse.settings import Peer
from fhir_hr.sources.dimse.sockets import Deadline
from fhir_hr.sources.dimse.wire import Link, payload

__all__ = ["move"]

_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_PENDING = (0xFF00, 0xFF01)
_WARNING = 0xB000
_UNKNOWN = 0xA801


def move(
    peer: Peer,
    values: dict[str, str],
    *,
    port: int,
    take: Callable[[ReceivedObject], None],
    host: str,
    context: ssl.SSLContext | None = None,
    deadline: Deadline | None = None,
) -> Received:
    """Fetch objects by C-MOVE; the archive has to know our AE title with an address that leads to ``host:port``.

    Args:
        values: ``StudyInstanceUID``, and ``SeriesInstanceUID`` and ``SOPInstanceUID`` for less.
        port: where we listen while it lasts.
        take: gets each object once, one at a time.
        host: which of our addresses to listen on; never more than is named.
        context: TLS for what the archive sends.
        deadline: of the call this is part of.
    """
    clock = deadline or Deadline(peer.bounds.total)
    taker = Taker(values, peer.bounds, take)
    moving = _Moving(peer, values, taker, clock)
    try:
        with Receiver(
            peer.calling_ae, host, port, bounds=peer.bounds, deadline=clock, taker=taker, context=context
        ) as receiver:
            moving.run(receiver)
    except PeerLostError as lost:
        return taker.done(complete=False, failures=(str(lost),), refused=lost.refused, **moving.counts)
    missing = tuple(uid for uid in dict.fromkeys(moving.failed_uids) if uid not in taker.seen)
    short = max(0, moving.counts["reported_completed"] - taker.count)
    failures = [moving.failure] if moving.failure else []
    if short:
        failures.append(f"the archive says that it sent {short} object(s) more than arrived here")
    whole = not failures and not missing and not moving.counts["reported_failed"]
    return taker.done(
        complete=whole, failures=tuple(failures), failed=missing, refused=moving.status == _UNKNOWN, **moving.counts
    )


class _Moving:
    """The request and its answers; objects come by another way."""

    def __init__(self, peer: Peer, values: dict[str, str], taker: Taker, deadline: Deadline) -> None:
        self.counts: dict[str, Any] = {"reported_completed": 0, "reported_failed": 0, "reported_warning": 0}
        self.failed_uids: list[str] = []
        self.failure = ""
        self.status: int | None = None
        self._peer = peer
        self._values = values
        self._taker = taker
        self._deadline = deadline

    def run(self, receiver: Receiver) -> None:
        from pynetdicom.dimse_primitives import C_MOVE
        from pynetdicom.presentation import build_context

        contexts = [build_context(MOVE, [_EXPLICIT_LITTLE, IMPLICIT_LITTLE])]
        with Link(self._peer, contexts, self._deadline, message_bytes=self._peer.bounds.row_bytes) as link:
            context = link.accepted(MOVE)
            if context is None:
                raise PeerLostError("C-MOVE is not offered", refused=True)
            implicit = context.implicit
            request = C_MOVE()
            request.MessageID = link.next_id
            request.AffectedSOPClassUID = MOVE
            request.Priority = 2
            request.MoveDestination = self._peer.calling_ae
            request.Identifier = io.BytesIO(
                identifier(level_of(self._values), (), self._values, charset="", implicit=implicit)
            )
            link.send(request, context.id)
            self._answers(link, receiver, request.MessageID, context.id, implicit=implicit)

    def _answers(self, link: Link, receiver: Receiver, message_id: int, own: int, *, implicit: bool) -> None:
        cancelled = False
        while True:
            message = self._next(link, receiver)
            self.counts = {
                "reported_completed": message.NumberOfCompletedSuboperations or 0,
                "reported_failed": message.NumberOfFailedSuboperations or 0,
                "reported_warning": message.NumberOfWarningSuboperations or 0,
            }
            if message.Status in _PENDING:
                if self._taker.full and not cancelled:
                    cancelled = True
                    link.cancel(message_id, own)
                continue
            self.status = message.Status
            if message.Status != 0:
                self.failure = "some objects failed" if message.Status == _WARNING else failure_words(message.Status)
            self.failed_uids = failed_uids(payload(message.Identifier), implicit=implicit)
            return

    def _next(self, link: Link, receiver: Receiver) -> Any:  # noqa: ANN401 - a C_MOVE with a status
        """Wait for an answer; an archive may say nothing while it sends."""
        from pynetdicom.dimse_primitives import C_MOVE

        while True:
            before = receiver.arrivals
            try:
                _context, message = link.receive()
            except PeerLostError:
                if receiver.arrivals > before and self._deadline.left and not link.gone:
                    continue
                raise
            if not isinstance(message, C_MOVE) or message.Status is None:
                raise PeerLostError("it sent something else than an answer")
            return message
