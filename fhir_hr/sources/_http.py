"""One bounded HTTP GET: one origin, a deadline to its last byte, a bound on its size, nothing of the environment.

Shared by everything here that asks a server. Proxies and ``.netrc`` of the environment are never used, redirects are
followed on the same origin only, and credentials are sent to that origin alone. What a stranger's server sends is
held only up to the bound, compressed or not; a server that keeps the line open is left at the deadline.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import msgspec

from fhir_hr.errors import UsageError

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter

__all__ = ["HttpClient", "HttpFailure", "HttpFault", "HttpReply", "check_address", "origin"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHUNK = 1 << 16
_MAX_REDIRECTS = 3
_GZIP = 16 + zlib.MAX_WBITS


class HttpFault(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    TOO_SLOW = "too-slow"
    REDIRECTED = "redirected"
    TOO_LARGE = "too-large"
    TRUNCATED = "truncated"


class HttpFailure(Exception):  # noqa: N818 - an answer among others, never seen by a caller of the library
    """There is no answer. The message names neither the address nor anything that was sent.

    Attributes:
        fault: why.
    """

    def __init__(self, fault: HttpFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class HttpReply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer.

    Attributes:
        status: HTTP status code.
        headers: by lower-case name; of repeated headers all values, joined by commas.
        body: whole and unpacked; empty for a status whose body was not wanted.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"HttpReply(status={self.status!r}, <{len(self.body)} bytes>)"


class HttpClient:
    """Asks one origin.

    Args:
        address: an address of the origin; nothing else is ever asked.
        ca: file with certificates of a hospital's own authority; by default those of ``requests``.
        certificate: client certificate and key, one PEM file or two.
        proxy: address of a proxy.
        gzip: whether compressed answers are asked for, and unpacked up to the bound.
    """

    def __init__(
        self,
        address: str,
        *,
        ca: str | None = None,
        certificate: str | tuple[str, str] | None = None,
        proxy: str | None = None,
        gzip: bool = False,
    ) -> None:
        self._origin = origin(address)
        self._ca = ca
        self._certificate = certificate
        self._proxy = proxy
        self._gzip = gzip

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        limit: int,
        seconds: float,
        wanted: Collection[int] = (200,),
    ) -> HttpReply:
        """Ask for a resource; the body is read only of a ``wanted`` status.

        Raises:
            HttpFailure: there is no whole answer within ``seconds`` and ``limit`` bytes.
        """
        if origin(url) != self._origin:
            raise HttpFailure(HttpFault.REDIRECTED, "redirected to another origin; it is not followed")
        end = time.monotonic() + seconds
        arrived: queue.SimpleQueue[HttpReply | HttpFailure] = queue.SimpleQueue()
        asking = _Asking(limit=limit, seconds=seconds, end=end, gzip=self._gzip)
        # In a thread of its own: a head that drips has no time limit in urllib3, so its socket is cut from here.
        threading.Thread(
            target=self._ask, args=(url, dict(headers), frozenset(wanted), asking, arrived), name="http", daemon=True
        ).start()
        try:
            answer = arrived.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            asking.cut()
            raise asking.late() from None
        if isinstance(answer, HttpFailure):
            raise answer
        return answer

    def _ask(
        self,
        url: str,
        headers: dict[str, str],
        wanted: frozenset[int],
        asking: _Asking,
        arrived: queue.SimpleQueue[HttpReply | HttpFailure],
    ) -> None:
        import requests

        try:
            with requests.Session() as session:
                session.trust_env = False
                for scheme in ("https://", "http://"):
                    session.mount(scheme, _adapter(asking))
                session.verify = True if self._ca is None else self._ca
                session.cert = self._certificate
                if self._proxy:
                    session.proxies = {"http": self._proxy, "https": self._proxy}
                response = self._response(session, url, headers, asking)
                with response:
                    body = asking.body(response) if response.status_code in wanted else b""
                    said = {name.lower(): value for name, value in response.headers.items()}
                    arrived.put(HttpReply(status=response.status_code, headers=said, body=body))
        except HttpFailure as failure:
            arrived.put(failure)
        except requests.exceptions.Timeout:
            arrived.put(asking.late())
        except Exception as error:  # noqa: BLE001 - whatever a stranger's server makes our libraries raise
            late = time.monotonic() >= asking.end
            unreachable = HttpFailure(HttpFault.UNREACHABLE, f"cannot be fetched: {type(error).__name__}")
            arrived.put(asking.late() if late else unreachable)

    def _response(
        self, session: requests.Session, url: str, headers: dict[str, str], asking: _Asking
    ) -> requests.Response:
        accepted = {"Accept-Encoding": "gzip" if self._gzip else "identity"}
        for _ in range(_MAX_REDIRECTS + 1):
            left = asking.left()
            response = session.get(
                url, stream=True, allow_redirects=False, timeout=(left, left), headers={**headers, **accepted}
            )
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
            response.close()
            if origin(url) != self._origin:
                raise HttpFailure(HttpFault.REDIRECTED, "redirected to another origin; it is not followed")
        raise HttpFailure(HttpFault.REDIRECTED, f"redirected more than {_MAX_REDIRECTS} times")


class _Asking(msgspec.Struct, frozen=True):
    """One question's bounds, and the reading of a body within them."""

    limit: int
    seconds: float
    end: float
    gzip: bool
    connections: list[Any] = msgspec.field(default_factory=list)

    def cut(self) -> None:
        """Wake up whoever still reads."""
        for each in self.connections:
            with suppress(OSError, AttributeError):
                each.sock.shutdown(socket.SHUT_RDWR)

    def left(self) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise self.late()
        return left

    def late(self) -> HttpFailure:
        return HttpFailure(HttpFault.TOO_SLOW, f"not there within {self.seconds:g} s")

    def body(self, response: requests.Response) -> bytes:
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        packed = coding in ("gzip", "x-gzip")
        if coding not in ("identity", "") and not (packed and self.gzip):
            raise HttpFailure(HttpFault.UNREACHABLE, "sent compressed, which was not asked for")
        said = response.headers.get("Content-Length", "")
        length = int(said) if said.isascii() and said.isdigit() and len(said) <= 15 else None
        if said.isascii() and said.isdigit() and (length is None or length > self.limit):
            raise HttpFailure(HttpFault.TOO_LARGE, f"{said[:20]} bytes; at most {self.limit} are read")
        pieces = self._pieces(response, length)
        return b"".join(self._unpacked(pieces) if packed else pieces)

    def _pieces(self, response: requests.Response, length: int | None) -> Iterator[bytes]:
        total = 0
        # One piece as it comes, where urllib3 can: of a server that drips, the deadline is met between the drops.
        response.raw.enforce_content_length = False  # the length is compared here, with a code of its own
        read = getattr(response.raw, "read1", response.raw.read)
        while part := read(min(_CHUNK, self.limit + 1 - total), decode_content=False):
            total += len(part)
            if total > self.limit:
                raise self._much()
            yield part
            self.left()
        if length is not None and total < length:
            raise HttpFailure(HttpFault.TRUNCATED, f"{total} bytes of {length}")

    def _unpacked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        total, unpacker = 0, zlib.decompressobj(_GZIP)
        for piece in pieces:
            while piece:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(_GZIP)  # the next member of the same file
                try:
                    part = unpacker.decompress(piece, self.limit + 1 - total)
                except zlib.error:
                    raise HttpFailure(HttpFault.TRUNCATED, "compressed content is broken") from None
                total += len(part)
                if total > self.limit:
                    raise self._much()
                yield part
                piece = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        if not unpacker.eof:
            raise HttpFailure(HttpFault.TRUNCATED, "compressed content ends too early")

    def _much(self) -> HttpFailure:
        return HttpFailure(HttpFault.TOO_LARGE, f"more than {self.limit} bytes")


def _adapter(asking: _Asking) -> HTTPAdapter:
    """Return an adapter whose connections are known to the question, and are not begun after its end."""
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as requests has it
            pool: Any = super().get_connection_with_tls_context(*args, **options)
            made: Any = pool.ConnectionCls

            def connect(connection: Any) -> None:  # noqa: ANN401 - a connection of urllib3
                made.connect(connection)
                asking.connections.append(connection)
                asking.left()

            pool.ConnectionCls = type("Connection", (made,), {"connect": connect})
            return pool

    return Adapter()


def check_address(address: str, *, what: str, plain: bool = False) -> None:
    """Check the address of a service: ``https``, or ``http`` on this machine or where ``plain`` says so.

    Args:
        address: the address.
        what: what it is the address of, as words of the message.
        plain: whether ``http`` to another machine is wanted.

    Raises:
        UsageError: it cannot be used; the message does not quote it.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
        readable = "\\" not in address
    except ValueError:
        readable = False
    if not readable:
        raise UsageError(f"the address of {what} cannot be read")
    if parts.scheme not in ("https", "http") or not host:
        raise UsageError(f"the address of {what} starts with https://")
    if parts.scheme == "http" and host not in _LOOPBACK and not plain:
        raise UsageError(f"{what} is asked by https; http is for this machine alone")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(f"the address of {what} has no credentials, query or fragment")


def origin(url: str) -> tuple[str, str, int | None]:
    r"""Return scheme, host and port of an address; one that two readers may read differently has none.

    Of ``https://a.example\@b.example/`` the standard library reads the host ``b.example``, and urllib3, which asks,
    ``a.example``; and an address with a user would be asked with that user in place of our credentials.

    Example:
        >>> origin("https://pacs.example/dicom-web") == origin("https://pacs.example:443/")
        True
        >>> origin(r"https://elsewhere.example\@pacs.example/")
        ('', '', -1)
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", "", -1
    if "\\" in url or "@" in parts.netloc:
        return "", "", -1
    if port is None:
        port = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, host, port
