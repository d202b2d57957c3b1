"""A socket under an association that reads no more, and no longer, than it may.

pynetdicom reads a PDU of whatever size it claims to have, and waits for its last byte for ever.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from fhir_hr.sources.dimse.settings import Bounds, Peer

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.transport import T_CONNECT, AddressInformation

__all__ = ["BoundedSocket", "Deadline", "Entity", "entity_of", "put_under_bounds", "words_of"]

_PDU_SLACK = 1 << 16
_WAITING_MESSAGES = 64


class Deadline:
    """The end of a call, shared by all its associations."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, not below zero."""
        return max(0.0, self._end - time.monotonic())


class BoundedSocket:
    """A socket that reads no more, and no longer, than it may."""

    assoc: Any
    socket: socket.socket | None
    tls_args: tuple[ssl.SSLContext, str] | None
    provider_queue: Any
    _ready: Any
    _is_connected: bool
    close: Callable[[], None]

    deadline: Deadline
    patience: float
    pdu_bytes: int
    message_bytes: int
    got = 0
    heard = 0.0
    failure: str = ""

    def connect(self, primitive: T_CONNECT) -> None:
        """Connect, by TLS where asked, within the time that there is; the reason of a failure is kept."""
        from pynetdicom.transport import AddressInformation

        held = self.socket
        assert held is not None
        try:
            held.settimeout(self._seconds())
            held.connect(primitive.address_info.as_tuple)
            if self.tls_args:
                context, name = self.tls_args
                held = self.socket = context.wrap_socket(held, server_hostname=name or None)
            self.assoc.requestor.address_info = AddressInformation.from_tuple(held.getsockname())
            self._is_connected = True
            primitive.result = "Evt2"
        except OSError as error:
            self.failure = words_of(error)
            self._shutdown_socket()
            self.socket = None
            primitive.result = "Evt17"
        finally:
            self.provider_queue.put(primitive)
            self._ready.set()

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes, fewer when the peer ends.

        Raises:
            OSError: more than may be, or too slow.
        """
        if nr_bytes > self.pdu_bytes:
            self._give_up(f"it sent a PDU of {nr_bytes} bytes; at most {self.pdu_bytes} are taken")
        if self.got + nr_bytes > self.message_bytes:
            self._give_up(f"it sent an answer of more than {self.message_bytes} bytes")
        while self.assoc.dimse.msg_queue.qsize() > _WAITING_MESSAGES and self.deadline.left:
            time.sleep(0.005)
        held = self.socket
        data = bytearray()
        while held is not None and len(data) < nr_bytes:
            if not self.deadline.left:
                self._give_up("it was too slow")
            held.settimeout(self._seconds())
            try:
                chunk = held.recv(min(1 << 16, nr_bytes - len(data)))
            except TimeoutError:
                self._give_up("it fell silent")
            if not chunk:
                break
            data += chunk
            self.heard = time.monotonic()
        self.got += len(data)
        return data

    def cut(self) -> None:
        """End the connection from outside: whoever reads or writes wakes up."""
        held = self.socket
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def _shutdown_socket(self) -> None:
        """Shut down and close; pynetdicom leaves a socket open that its peer has closed first."""
        held = self.socket
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
            held.close()

    def _seconds(self) -> float:
        return max(0.001, min(self.patience, self.deadline.left))

    def _give_up(self, why: str) -> None:
        self.failure = self.failure or why
        raise OSError(why)


class Entity:
    """An application entity whose associations read by :class:`BoundedSocket`."""

    associate: Any

    def __init__(self, peer: Peer, deadline: Deadline, *, message_bytes: int) -> None:
        super().__init__(ae_title=peer.calling_ae)  # type: ignore[call-arg]
        bounds = peer.bounds
        self.connection_timeout = max(0.001, min(bounds.connect, deadline.left))
        self.acse_timeout = max(0.001, min(bounds.connect, deadline.left))
        self.dimse_timeout = bounds.silence
        self.network_timeout = None
        self._deadline = deadline
        self._bounds = bounds
        self._message_bytes = message_bytes
        self.association: Association | None = None
        self.wire: BoundedSocket | None = None

    def _create_socket(
        self, assoc: Association, address: AddressInformation, tls_args: tuple[ssl.SSLContext, str] | None
    ) -> BoundedSocket:
        wire: BoundedSocket = _socket_class()(assoc, address=address)
        # pynetdicom's thread would hold up the interpreter's end, beyond the deadline of whoever asked.
        assoc.dul.daemon = True
        wire.tls_args = tls_args
        wire.deadline = self._deadline
        wire.patience = self._bounds.connect
        wire.pdu_bytes = self._bounds.pdu + _PDU_SLACK
        wire.message_bytes = self._message_bytes
        self.association, self.wire = assoc, wire
        return wire


@cache
def _socket_class() -> Any:  # noqa: ANN401 - a class that exists once pynetdicom is loaded
    from pynetdicom.transport import AssociationSocket

    return type("BoundedAssociationSocket", (BoundedSocket, AssociationSocket), {})


@cache
def _entity_class() -> Any:  # noqa: ANN401 - as above
    from pynetdicom.ae import ApplicationEntity

    return type("BoundedEntity", (Entity, ApplicationEntity), {})


def entity_of(peer: Peer, deadline: Deadline, *, message_bytes: int) -> Any:  # noqa: ANN401 - an Entity and more
    """Return an application entity for one association."""
    return _entity_class()(peer, deadline, message_bytes=message_bytes)


def put_under_bounds(wire: Any, *, deadline: Deadline, bounds: Bounds) -> BoundedSocket:  # noqa: ANN401
    """Put a socket that pynetdicom's server accepted under bounds."""
    wire.__class__ = _socket_class()
    bounded: BoundedSocket = wire
    bounded.deadline = deadline
    bounded.patience = bounds.silence
    bounded.pdu_bytes = bounds.pdu + _PDU_SLACK
    bounded.message_bytes = bounds.object_bytes
    return bounded


def words_of(error: OSError) -> str:
    """Return why a connection failed, without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS was not agreed: {error.reason or 'it does not speak TLS'}"
    if isinstance(error, socket.gaierror):
        return "the host is not known"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return error.strerror or "the connection failed"
