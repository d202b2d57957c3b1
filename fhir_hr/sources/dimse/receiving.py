"""Our own end for what an archive sends by itself: objects of a C-MOVE, reports of a storage commitment."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from fhir_hr.errors import PeerLostError, UsageError
from fhir_hr.sources.dimse.received import ReceivedObject, Taker
from fhir_hr.sources.dimse.settings import Bounds
from fhir_hr.sources.dimse.sockets import BoundedSocket, Deadline, put_under_bounds
from fhir_hr.sources.dimse.wire import payload

if TYPE_CHECKING:
    from pynetdicom import evt

__all__ = ["COMMITMENT", "Receiver"]

COMMITMENT = "1.2.840.10008.1.20.1"
_MOST_ASSOCIATIONS = 10
_NOT_OURS = 0xA900


class _LateHandshake:
    """A TLS context for pynetdicom's server: the handshake is left to the association's own thread, under bounds.

    pynetdicom shakes hands where it accepts: a caller that says nothing would stop the server, and its end, for ever.
    """

    def __init__(self, context: ssl.SSLContext, seconds: float) -> None:
        self._context = context
        self._seconds = seconds

    def wrap_socket(self, accepted: socket.socket, *, server_side: bool) -> ssl.SSLSocket:
        """Wrap an accepted socket; it is not spoken to yet."""
        accepted.settimeout(self._seconds)
        return self._context.wrap_socket(accepted, server_side=server_side, do_handshake_on_connect=False)


class Receiver:
    """Listens while a call lasts, as a context manager.

    Args:
        ae_title: ours; whoever calls another title is rejected.
        host, port: where to listen; the archive has to know them under ``ae_title``.
        bounds, deadline: of the call.
        taker: gets objects; without one, objects are refused.
        context: makes it a TLS end.

    Attributes:
        reports: reports of storage commitments, ``(event type, encoded data set, implicit)``.

    Raises:
        PeerLostError: the port cannot be had.
    """

    def __init__(
        self,
        ae_title: str,
        host: str,
        port: int,
        *,
        bounds: Bounds,
        deadline: Deadline,
        taker: Taker | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts

        if not 0 <= port < 65_536:
            raise UsageError(f"port {port} is none")
        self.reports: queue.Queue[tuple[int, bytes, bool]] = queue.Queue()
        self.arrivals = 0
        self._address = (host, port)
        self._bounds = bounds
        self._deadline = deadline
        self._taker = taker
        self._context: Any = _LateHandshake(context, bounds.connect) if context is not None else None
        self._wires: list[BoundedSocket] = []
        self._lock = threading.Lock()
        self._ae = AE(ae_title=ae_title)
        self._ae.require_called_aet = True
        self._ae.maximum_associations = _MOST_ASSOCIATIONS
        self._ae.maximum_pdu_size = bounds.pdu
        self._ae.network_timeout = bounds.silence
        self._ae.acse_timeout = bounds.connect
        if taker is not None:
            for each in AllStoragePresentationContexts:
                self._ae.add_supported_context(str(each.abstract_syntax), ALL_TRANSFER_SYNTAXES)
        self._ae.add_supported_context(COMMITMENT, scu_role=True, scp_role=True)
        self._ae.add_supported_context("1.2.840.10008.1.1")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        from pynetdicom import evt

        handlers: list[Any] = [
            (evt.EVT_CONN_OPEN, self._opened),
            (evt.EVT_DIMSE_RECV, self._count_anew),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_EVENT_REPORT, self.take_report),
        ]
        try:
            self._server: Any = self._ae.start_server(
                self._address, block=False, evt_handlers=handlers, ssl_context=self._context
            )
        except OSError as error:
            raise PeerLostError(f"port {self._address[1]} cannot be listened on: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        with self._lock:
            held = list(self._wires)
        for wire in held:
            association = wire.assoc
            if association.dul.is_alive() and association.is_alive():
                association.dul.join(0.5)
            wire.cut()
            association.dul.join(2)
            association._kill = True
            association._reactor_checkpoint.set()
            if association.ident is not None:
                association.join(2)

    def _opened(self, event: evt.Event) -> None:
        accepted: Any = event.assoc.dul.socket
        wire = put_under_bounds(accepted, deadline=self._deadline, bounds=self._bounds)
        event.assoc.dul.daemon = True
        with self._lock:
            self._wires.append(wire)

    def _count_anew(self, event: evt.Event) -> None:
        self.arrivals += 1
        wire: Any = event.assoc.dul.socket
        wire.got = 0

    def _store(self, event: evt.Event) -> int:
        if self._taker is None:
            return _NOT_OURS
        request: Any = event.request
        return self._taker.take(
            ReceivedObject(
                sop_class_uid=str(request.AffectedSOPClassUID),
                sop_instance_uid=str(request.AffectedSOPInstanceUID),
                transfer_syntax_uid=str(event.context.transfer_syntax),
                data=payload(request.DataSet),
            )
        )

    def take_report(self, event: evt.Event) -> tuple[int, None]:
        """Keep a report of a storage commitment and confirm it; for associations of our own too."""
        request: Any = event.request
        implicit = bool(event.context.transfer_syntax.is_implicit_VR)
        self.reports.put((request.EventTypeID, payload(request.EventInformation), implicit))
        return 0x0000, None
