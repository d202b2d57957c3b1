"""A small DICOMweb server on this machine: conformant where real ones are not, and as bad as a test wants it.

It answers searches (QIDO-RS) and metadata (WADO-RS) over objects in memory, percent-decodes as RFC 3986 says, and
matches as the standard says (:mod:`fhir_hr.testing.qido_rows`). For tests and harnesses; it listens on loopback only.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

import msgspec

from fhir_hr.testing.dicom import uid
from fhir_hr.testing.qido_rows import (
    BadQueryError,
    Query,
    Row,
    defaults_of,
    instance_rows,
    series_rows,
    study_rows,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Asked", "Misbehaviour", "QidoServer"]

_JSON = "application/dicom+json"
_HUGE = 2 << 30
_NOT_FUZZY = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
_PATH = re.compile(
    r"/studies(?:/(?P<study>[^/]+)/(?:series(?:/(?P<series>[^/]+)/(?P<leaf>instances|metadata))?|metadata))?"
)


class Misbehaviour(StrEnum):
    """What a server does instead of answering."""

    STOPS = "stops-mid-answer"
    """Says a length, sends half of it and closes."""
    TRUNCATED = "truncated"
    """Sends half a JSON array as if it were whole."""
    GARBAGE = "garbage"
    """Sends no HTTP at all."""
    LOGIN = "login-page"
    """Sends a page in HTML with status 200."""
    WRONG_TYPE = "wrong-type"
    """Sends the rows as ``text/html``."""
    LINES = "json-lines"
    """Sends one JSON object per line instead of an array."""
    NO_ARRAY = "no-array"
    """Sends a JSON object."""
    REDIRECT = "redirect"
    """Redirects to ``elsewhere``."""
    HUGE = "huge"
    """Sends 2 GB."""
    BOMB = "gzip-bomb"
    """Sends some KB that unpack to 1 GB."""
    SILENT = "silent"
    """Takes the question and never answers."""
    DRIPS = "drips"
    """Sends a space every 50 ms."""
    SAME_PAGE = "same-page"
    """Answers the first page again and again, whatever ``offset`` says."""
    ENDLESS = "endless"
    """Answers new studies on every page, for ever."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question as it came: path, the text after ``?`` still encoded, headers by lower-case name."""

    path: str
    query: str
    headers: dict[str, str]


class QidoServer:
    """The server; a context manager.

    Args:
        datasets: objects that it holds.
        decode: whether it percent-decodes values; Debian's Orthanc does not.
        ignored: tags of conditions that it ignores.
        refused: parameters (``limit``, ``includefield``, or one tag as value of includefield) answered by 400.
        cap: most rows of one answer, whatever ``limit`` says.
        warns: whether a cap is said by a Warning header.
        warning: a Warning header on every answer.
        empty: status of an answer without rows: 200 or 204.
        status: status of every answer, in place of the truth.
        status_from: from which offset on ``status`` and ``misbehaviour`` hold.
        token: bearer token that it wants; without it 401.
        misbehaviour: what it does instead.
        elsewhere: address that it redirects to.

    Attributes:
        asked: every question.
        sent: bytes of bodies handed to the network until now.

    Example:
        >>> from fhir_hr.testing.dicom import dataset
        >>> with QidoServer([dataset()]) as server:
        ...     server.root.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        datasets: Iterable[Dataset] = (),
        *,
        decode: bool = True,
        ignored: Sequence[str] = (),
        refused: Sequence[str] = (),
        cap: int | None = None,
        warns: bool = True,
        warning: str | None = None,
        empty: int = 200,
        status: int | None = None,
        status_from: int = 0,
        token: str | None = None,
        misbehaviour: Misbehaviour | None = None,
        elsewhere: str = "",
    ) -> None:
        self._datasets = list(datasets)
        self.decode, self.ignored, self.refused = decode, tuple(ignored), tuple(refused)
        self.cap, self.warns, self.warning, self.empty = cap, warns, warning, empty
        self.status, self.status_from, self.token = status, status_from, token
        self.misbehaviour, self.elsewhere = misbehaviour, elsewhere
        self.asked: list[Asked] = []
        self.sent = 0
        self.over = threading.Event()
        self._rows: list[Row] = []

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self._rows = instance_rows(self._datasets, self.root)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def root(self) -> str:
        """Address of the service, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}/dicom-web"

    @property
    def searches(self) -> list[str]:
        """The text after ``?`` of every search for studies, in order."""
        return [each.query for each in self.asked if each.path == "/studies"]

    def find(self, path: str, query: Query) -> tuple[list[Row] | None, int]:
        """Return the rows of an answer and how many more there are; ``None``: there is no such resource."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None, 0
        study, series, leaf = found["study"], found["series"], found["leaf"]
        rows = [each for each in self._rows if _is(each, "0020000D", study) and _is(each, "0020000E", series)]
        if path.endswith("/metadata"):
            return rows or None, 0
        level = "instance" if leaf else "series" if study else "study"
        if level == "study":
            rows = study_rows(rows, self.root)
        elif level == "series":
            rows = series_rows(rows, self.root)
        query.conditions = [each for each in query.conditions if each[0][0] not in self.ignored]
        matching = [query.answer(row, defaults_of(level)) for row in rows if query.matches(row)]
        end = len(matching) if query.limit is None else query.offset + query.limit
        if self.cap is not None:
            end = min(end, query.offset + self.cap)
        page = matching[query.offset : end]
        return page, max(0, len(matching) - query.offset - len(page))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: QidoServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    asked = ""
    text = ""

    def do_GET(self) -> None:
        owner = self.server.owner
        target, _, text = self.path.partition("?")
        path = self.asked = target.removeprefix("/dicom-web")
        self.text = text
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.asked.append(Asked(path=path, query=text, headers=headers))
        offset = re.search(r"(?:^|&)offset=(\d+)", text)
        bad = (int(offset[1]) if offset else 0) >= owner.status_from
        if owner.token is not None and headers.get("authorization") != f"Bearer {owner.token}":
            self._send(401, b"")
        elif bad and owner.status is not None:
            self._send(owner.status, b"")
        elif any(self._refused(each, text) for each in owner.refused):
            self._send(400, b'{"Message": "Bad Request"}')
        else:
            with suppress(OSError):
                misbehaves = self._MISBEHAVES.get(owner.misbehaviour) if bad and owner.misbehaviour else None
                if misbehaves:
                    misbehaves(self)
                else:
                    self._answer(text)

    @staticmethod
    def _refused(what: str, text: str) -> bool:
        return any(pair.partition("=")[0] == what or pair == f"includefield={what}" for pair in text.split("&"))

    def _answer(self, text: str) -> None:
        owner = self.server.owner
        try:
            query = Query(text, decode=owner.decode)
        except BadQueryError as error:
            self._send(400, json.dumps({"Message": str(error)}).encode())
            return
        rows, more = owner.find(self.asked, query)
        if rows is None:
            self._send(404, b"")
            return
        warnings = [owner.warning] if owner.warning else []
        if more and owner.warns:
            warnings.append(f'299 127.0.0.1 "There are {more} additional results that can be requested"')
        if query.fuzzy:
            warnings.append(f'299 127.0.0.1 "{_NOT_FUZZY}"')
        if rows or owner.empty == 200:
            self._send(200, _json(rows), warnings=warnings)
        else:
            self._send(owner.empty, b"", warnings=warnings)

    def _send(
        self, status: int, body: bytes, *, kind: str = _JSON, length: int | None = None, warnings: Sequence[str] = ()
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for each in warnings:
            self.send_header("Warning", each)
        if self.server.owner.elsewhere and status in (301, 302, 307, 308):
            self.send_header("Location", self.server.owner.elsewhere)
        self.end_headers()
        self._write(body)

    def _write(self, data: bytes) -> None:
        with suppress(OSError):
            self.wfile.write(data)
            self.server.owner.sent += len(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: a search names a patient."""

    # -- misbehaviour ------------------------------------------------------------------------------

    def _page(self) -> bytes:
        rows, _ = self.server.owner.find(self.asked, Query(self.text))
        return _json(rows or [])

    def _stops(self) -> None:
        body = self._page()
        self._send(200, body[: len(body) // 2], length=len(body))

    def _truncated(self) -> None:
        body = self._page()
        self._send(200, body[: len(body) // 2])

    def _garbage(self) -> None:
        self._write(b"\x00\x01SSH-2.0-nonsense\r\n" * 20)

    def _login(self) -> None:
        self._send(200, "<!DOCTYPE html><html><body>请登录</body></html>".encode(), kind="text/html; charset=utf-8")

    def _wrong_type(self) -> None:
        self._send(200, self._page(), kind="text/html")

    def _lines(self) -> None:
        rows, _ = self.server.owner.find(self.asked, Query(self.text))
        self._send(200, b"\n".join(json.dumps(row).encode() for row in rows or []))

    def _no_array(self) -> None:
        self._send(200, b'{"0020000D": {"vr": "UI", "Value": ["1.2.3"]}}')

    def _redirect(self) -> None:
        self._send(302, b"")

    def _huge(self) -> None:
        self._stream(b'[{"00100010": {"vr": "PN", "Value": ["' + b"x" * (1 << 16), _HUGE >> 16)

    def _bomb(self) -> None:
        packed = gzip.compress(b"[" + b" " * (1 << 20)) + gzip.compress(b" " * (1 << 20)) * 1023
        self.send_response(200)
        for name, value in (("Type", _JSON), ("Encoding", "gzip"), ("Length", str(len(packed)))):
            self.send_header(f"Content-{name}", value)
        self.end_headers()
        self._write(packed)

    def _stream(self, piece: bytes, count: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", _JSON)
        self.end_headers()
        for _ in range(count):
            if self.server.owner.over.is_set():
                return
            self.wfile.write(piece)
            self.server.owner.sent += len(piece)

    def _silent(self) -> None:
        self.server.owner.over.wait()

    def _drips(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", _JSON)
        self.end_headers()
        while not self.server.owner.over.wait(0.05):
            self.wfile.write(b" ")

    def _same_page(self) -> None:
        self._answer(re.sub(r"(^|&)offset=\d+", "", self.text))

    def _endless(self) -> None:
        number = len(self.server.owner.asked)
        rows, _ = self.server.owner.find(self.asked, Query(re.sub(r"(^|&)offset=\d+", "", self.text)))
        new = {"0020000D": {"vr": "UI", "Value": [uid("endless", number)]}}
        self._send(200, _json([{**row, **new} for row in (rows or [])[:1]]))

    _MISBEHAVES: ClassVar[dict[Misbehaviour, Callable[[_Handler], None]]] = {
        Misbehaviour.STOPS: _stops,
        Misbehaviour.TRUNCATED: _truncated,
        Misbehaviour.GARBAGE: _garbage,
        Misbehaviour.LOGIN: _login,
        Misbehaviour.WRONG_TYPE: _wrong_type,
        Misbehaviour.LINES: _lines,
        Misbehaviour.NO_ARRAY: _no_array,
        Misbehaviour.REDIRECT: _redirect,
        Misbehaviour.HUGE: _huge,
        Misbehaviour.BOMB: _bomb,
        Misbehaviour.SILENT: _silent,
        Misbehaviour.DRIPS: _drips,
        Misbehaviour.SAME_PAGE: _same_page,
        Misbehaviour.ENDLESS: _endless,
    }


def _is(row: Row, tag: str, wanted: str | None) -> bool:
    return wanted is None or wanted in row.get(tag, {}).get("Value", [])


def _json(rows: Iterable[Row] | Iterator[Row]) -> bytes:
    return json.dumps(list(rows), ensure_ascii=False).encode()
