"""Small servers of all kinds of behaviour, on loopback; no thread of an association may be left behind."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
import threading
import time

import pytest

from fhir_hr.sources.dimse import Bounds, DimseArchive
from fhir_hr.sources.dimse.keys import FIND, identifier
from fhir_hr.testing.dicom import uid

QUICK = Bounds(connect=1, silence=0.8, total=3, rows=50, row_bytes=20_000)


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    end = time.monotonic() + 3
    while time.monotonic() < end:
        left = [each.name for each in threading.enumerate() if each.name.startswith("Requestor")]
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(left)


class Pacs:
    """A server whose answers to C-FIND, C-GET … are given by handlers; it remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.cancelled = []
        self.port = 0

    def archive(self, *, bounds=QUICK, **options):
        return DimseArchive("PACS", "127.0.0.1", self.port, called_ae="PACS", bounds=bounds, **options)


def _close_properly(self):
    """Close a socket whose peer was first; pynetdicom's own servers leave it open."""
    if self.socket is not None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def serve(monkeypatch):
    """Start a server: ``serve(find=handler, …)``; handlers get the event."""
    from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt
    from pynetdicom.transport import AssociationSocket

    monkeypatch.setattr(AssociationSocket, "_shutdown_socket", _close_properly)
    with contextlib.ExitStack() as stack:

        def start(*, find=None, get=None, move=None, action=None, ae_title="PACS", tls=None, storage=True, only=()):
            pacs = Pacs()
            ae = AE(ae_title=ae_title)
            ae.require_called_aet = True
            handlers = []
            if find is not None:
                ae.add_supported_context(FIND)

                def noted(event):
                    pacs.asked.append(event.identifier)
                    for answer in find(event):
                        if event.is_cancelled:
                            pacs.cancelled.append(True)
                        yield answer

                handlers.append((evt.EVT_C_FIND, noted))
            if get is not None:
                ae.add_supported_context("1.2.840.10008.5.1.4.1.2.2.3")
                for each in AllStoragePresentationContexts if storage else ():
                    ae.add_supported_context(each.abstract_syntax, ALL_TRANSFER_SYNTAXES, scu_role=True, scp_role=True)
                handlers.append((evt.EVT_C_GET, get))
            if move is not None:
                ae.add_supported_context("1.2.840.10008.5.1.4.1.2.2.2")
                handlers.append((evt.EVT_C_MOVE, move))
            if action is not None:
                ae.add_supported_context("1.2.840.10008.1.20.1")
                handlers.append((evt.EVT_N_ACTION, action))
            for each in only:
                ae.add_supported_context(each)
            server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
            stack.callback(server.shutdown)
            pacs.port = server.server_address[1]
            return pacs

        yield start


def row(study="S1", *, level="STUDY", **values):
    """Make one row of an answer."""
    from pydicom.dataset import Dataset

    out = Dataset()
    out.SpecificCharacterSet = "GB18030"
    out.QueryRetrieveLevel = level
    out.StudyInstanceUID = uid(study)
    stated = {"PatientID": "T1", "PatientName": "Ce^ShiJia=测^试甲", "StudyDate": "20260301", "ModalitiesInStudy": "CT"}
    for keyword, value in {**stated, **values}.items():
        if value is not None:
            setattr(out, keyword, value)
    if values.get("SpecificCharacterSet", "") is None:
        del out.SpecificCharacterSet
    return out


@pytest.fixture
def raw_server():
    """Start a server that speaks bytes: ``raw_server(behaviour)``; the behaviour gets each connection."""
    stop = threading.Event()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.settimeout(0.1)
    threads = []

    def start(behaviour):
        def run():
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection, contextlib.suppress(OSError):
                    behaviour(connection, stop)

        threads.append(threading.Thread(target=run, name="raw"))
        threads[-1].start()
        pacs = Pacs()
        pacs.port = listener.getsockname()[1]
        return pacs

    yield start
    stop.set()
    for each in threads:
        each.join(5)
    listener.close()


def read_pdu(connection):
    head = connection.recv(6, socket.MSG_WAITALL)
    return head + connection.recv(struct.unpack(">xxL", head)[0], socket.MSG_WAITALL)


def accept(connection):
    """Accept an association request for C-FIND in implicit VR."""
    request = read_pdu(connection)
    context = (
        b"\x21\0" + struct.pack(">H", 25) + b"\x01\0\0\0" + b"\x40\0" + struct.pack(">H", 17) + b"1.2.840.10008.1.2"
    )
    user = b"\x51\0\0\x04" + struct.pack(">L", 16384) + b"\x52\0\0\x031.2"
    body = request[6:74] + _item(0x10, b"1.2.840.10008.3.1.1.1") + context + _item(0x50, user)
    connection.sendall(b"\x02\0" + struct.pack(">L", len(body)) + body)


def _item(kind, value):
    return bytes([kind, 0]) + struct.pack(">H", len(value)) + value


def encoded(dataset):
    from pynetdicom.dsutils import encode

    return encode(dataset, True, True)


__all__ = ["QUICK", "accept", "encoded", "identifier", "io", "read_pdu", "row"]
