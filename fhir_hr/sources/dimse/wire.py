"""One association with an archive: bounded in time and size, its threads ended, its peer's faults named.

pynetdicom speaks the protocol. What it leaves open is closed here: a peer that drips bytes for ever, a PDU that claims
four gigabytes, a handshake that never ends. Messages are taken from its queue directly, since its own loops wait once
per message, not in all, and write identifiers, which name patients, to the log of whoever listens.
"""

from __future__ import annotations

import io
import queue
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from fhir_hr.errors import PeerLostError
from fhir_hr.sources.dimse.settings import Bounds, Peer
from fhir_hr.sources.dimse.sockets import BoundedSocket, Deadline, Entity, entity_of, words_of

if TYPE_CHECKING:
    from pynetdicom import evt
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

__all__ = ["Agreed", "Link", "payload"]

_TICK = 0.2
_END = 2.0

# PS3.8 9.3.4: (source, diagnostic) of an A-ASSOCIATE-RJ
_REJECTIONS = {
    (1, 2): "it does not know the application context",
    (1, 3): "it does not know our AE title",
    (1, 7): "it does not know the called AE title",
    (2, 2): "it does not speak this version of the protocol",
    (3, 1): "it has no room for now",
    (3, 2): "it has as many associations as it takes",
}


class Agreed(NamedTuple):
    """A presentation context that both ends agreed on."""

    id: int
    transfer_syntax: str

    @property
    def implicit(self) -> bool:
        """Whether data sets are written in implicit VR."""
        return self.transfer_syntax == "1.2.840.10008.1.2"


class Link:
    """An association, as a context manager; its threads have ended when the block is left.

    Args:
        peer: whom to ask.
        contexts: presentation contexts that are proposed, at most 128.
        deadline: of the call that it serves.
        message_bytes: size of the largest message that is taken.
        roles: extended negotiation items.
        handlers: of what the peer asks of us meanwhile, as ``(event, function)``.

    Raises:
        PeerLostError: no association; ``refused`` when it was rejected for good.
    """

    def __init__(
        self,
        peer: Peer,
        contexts: Sequence[PresentationContext],
        deadline: Deadline,
        *,
        message_bytes: int,
        roles: Sequence[Any] = (),
        handlers: Sequence[Any] = (),
    ) -> None:
        self._peer = peer
        self._bounds: Bounds = peer.bounds
        self._deadline = deadline
        self._contexts = list(contexts)
        self._roles = list(roles)
        self._handlers = list(handlers)
        self._tls = (peer.tls.context(), peer.host) if peer.tls else None
        self._entity: Entity = entity_of(peer, deadline, message_bytes=message_bytes)
        self._message_id = 0
        self._broken = False
        self._silent = False

    def __enter__(self) -> Self:
        try:
            self._associate()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _associate(self) -> None:
        from pynetdicom import evt

        if not self._deadline.left:
            raise PeerLostError(f"no answer within {self._deadline.seconds:g} s")
        try:
            association = self._entity.associate(
                self._peer.host,
                self._peer.port,
                contexts=self._contexts,
                ae_title=self._peer.called_ae,
                max_pdu=self._bounds.pdu,
                ext_neg=self._roles,
                tls_args=self._tls,
                evt_handlers=[(evt.EVT_DIMSE_RECV, self._count_anew), *self._handlers],
            )
        except OSError as error:  # the name of the host is not known
            raise PeerLostError(f"no connection: {words_of(error)}") from error
        if not association.is_established:
            raise self._not_established(association)
        self._association = association
        self.wire.patience = self._bounds.silence
        # From here on messages are ours: its own thread would take them from the queue as requests.
        association._reactor_checkpoint.clear()
        while not association._is_paused and association.is_alive():
            time.sleep(0.0005)

    @property
    def wire(self) -> BoundedSocket:
        """The socket below."""
        assert self._entity.wire is not None
        return self._entity.wire

    def _count_anew(self, _event: evt.Event) -> None:
        self.wire.got = 0

    def _not_established(self, association: Association) -> PeerLostError:
        if association.is_rejected:
            answer: Any = association.acceptor.primitive
            why = _REJECTIONS.get((answer.result_source, answer.diagnostic), "it gives no reason")
            lasting = answer.result == 1
            return PeerLostError(
                f"the association was rejected {'for good' if lasting else 'for now'}: {why}", refused=lasting
            )
        if self.wire.failure:
            return PeerLostError(f"no association: {self.wire.failure}")
        if association.acceptor.primitive is not None:
            return PeerLostError("none of the services that are needed is offered", refused=True)
        return PeerLostError("no association: the peer broke off, or did not answer the request in time")

    def accepted(self, abstract_syntax: str) -> Agreed | None:
        """Return what was agreed for a SOP class, if anything."""
        for each in self._association.accepted_contexts:
            if each.abstract_syntax == abstract_syntax:
                return _agreed(each)
        return None

    def context(self, context_id: int) -> Agreed | None:
        """Return an agreed context by its number."""
        for each in self._association.accepted_contexts:
            if each.context_id == context_id:
                return _agreed(each)
        return None

    @property
    def next_id(self) -> int:
        """A Message ID that was not used here."""
        self._message_id += 1
        return self._message_id

    def send(self, message: Any, context_id: int) -> None:  # noqa: ANN401 - any DIMSE primitive
        """Send one message; a lost peer shows at the next :meth:`receive`."""
        self._association.dimse.send_msg(message, context_id)

    def cancel(self, message_id: int, context_id: int) -> None:
        """Send a C-CANCEL (PS3.7 9.3.2.3); answers go on until the peer has seen it."""
        from pynetdicom.dimse_primitives import C_CANCEL

        request = C_CANCEL()
        request.MessageIDBeingRespondedTo = message_id
        self.send(request, context_id)

    def receive(self) -> tuple[int, Any]:
        """Return the next message with the number of its context.

        Raises:
            PeerLostError: the peer is gone, broke off, fell silent, or the call's time is over.
        """
        self._silent = False
        asked = time.monotonic()
        while True:
            silent_until = max(asked, self.wire.heard) + self._bounds.silence
            wait = min(_TICK, self._deadline.left, max(0.0, silent_until - time.monotonic()))
            try:
                context_id, message = self._message(max(wait, 0.001))
            except queue.Empty:
                self._check(silent_until)
                continue
            if message is None:
                self._broken = True
                raise PeerLostError(self.wire.failure or "the association was aborted")
            return context_id, message

    def _message(self, seconds: float) -> tuple[int, Any]:
        context_id, message = self._association.dimse.msg_queue.get(timeout=seconds)
        return context_id or 0, message

    def abandon(self) -> None:
        """Give the association up: it will be broken off, not released."""
        self._broken = True

    @property
    def gone(self) -> bool:
        """Whether the peer is known to have gone."""
        return self._broken or not self._association.dul.is_alive()

    def _check(self, silent_until: float) -> None:
        if not self._deadline.left:
            self._broken = True
            raise PeerLostError(f"not done within {self._deadline.seconds:g} s")
        if time.monotonic() >= silent_until:
            self._silent = True
            raise PeerLostError(f"no answer for {self._bounds.silence:g} s")
        if not self._association.dul.is_alive() and self._association.dimse.msg_queue.empty():
            self._broken = True
            raise PeerLostError(self.wire.failure or "the connection was closed")

    def close(self) -> None:
        """Release the association, or break it off, and end its threads."""
        association, wire = self._entity.association, self._entity.wire
        if association is None or wire is None:
            return
        wire.deadline = Deadline(_END)
        association.acse_timeout = _END
        if association.is_established and not self._broken and not self._silent:
            association._reactor_checkpoint.set()
            association.release()
        elif association.is_established:
            association.abort(block=False)
            _join(association.dul, 0.3)
        wire.cut()
        association._kill = True
        association._reactor_checkpoint.set()
        _join(association.dul, _END)
        if association.dul.is_alive():
            association.dul.kill_dul()
            _join(association.dul, _END)
        if association.ident is not None:
            _join(association, _END)
        wire.close()


def payload(data: io.BytesIO | None) -> bytes:
    """Return the bytes of a message's data set."""
    return data.getvalue() if data is not None else b""


def _agreed(context: PresentationContext) -> Agreed:
    return Agreed(id=context.context_id or 0, transfer_syntax=str(context.transfer_syntax[0]))


def _join(thread: Any, seconds: float) -> None:  # noqa: ANN401 - both kinds of threads of pynetdicom
    if thread.ident is not None:
        thread.join(seconds)
