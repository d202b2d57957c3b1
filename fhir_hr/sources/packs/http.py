"""Packs from an HTTP server: one origin, a deadline for each file, a bound on its size, nothing unpacked."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from fhir_hr.errors import PackRefusedError, UsageError
from fhir_hr.rules.publishing.faults import Fault, refused
from fhir_hr.rules.publishing.names import plain_path

if TYPE_CHECKING:
    import requests

__all__ = ["HttpTransport"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHUNK = 1 << 16
_MAX_REDIRECTS = 3


class HttpTransport:
    """A publisher's site under an address.

    Only its own origin is asked; nothing of the environment (proxies, ``.netrc``) is used but what is given here.
    What it sends is trusted no more than a file: signatures decide.

    Args:
        url: address of the folder that holds ``index.json``: ``https``, or ``http`` on this machine only.
        name: name in reports; the host by default.
        deadline: seconds for one file, from asking to its last byte.
        ca: file with certificates of a hospital's own authority; by default those of ``requests``.
        proxy: address of a proxy.

    Raises:
        UsageError: the address cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str | None = None,
        deadline: float = 10.0,
        ca: Path | str | None = None,
        proxy: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("https", "http") or not host:
            raise UsageError("the address of a pack site starts with https://")
        if parts.scheme == "http" and host not in _LOOPBACK:
            raise UsageError("a pack site is asked by https; http is for this machine alone")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UsageError("the address of a pack site has no credentials, query or fragment")
        self._url = url if url.endswith("/") else f"{url}/"
        self._origin = _origin(self._url)
        self._name = name or host
        self._deadline = deadline
        self._ca = None if ca is None else str(ca)
        self._proxy = proxy

    @property
    def name(self) -> str:
        """Name in reports."""
        return self._name

    def read(self, path: str, *, limit: int) -> bytes:
        """Return a file's bytes; see :class:`~fhir_hr.sources.packs.PackTransport`.

        A server that keeps the line open is left to its own thread at the deadline.
        """
        plain_path(path, file=path[:60])
        arrived: queue.SimpleQueue[bytes | PackRefusedError] = queue.SimpleQueue()
        end = time.monotonic() + self._deadline
        threading.Thread(target=self._ask, args=(path, limit, end, arrived), name="pack-transport", daemon=True).start()
        try:
            answer = arrived.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise self._late(path) from None
        if isinstance(answer, PackRefusedError):
            raise answer
        return answer

    def _ask(self, path: str, limit: int, end: float, arrived: queue.SimpleQueue[bytes | PackRefusedError]) -> None:
        import requests

        try:
            with requests.Session() as session:
                session.trust_env = False
                if self._proxy:
                    session.proxies = {"http": self._proxy, "https": self._proxy}
                arrived.put(self._body(self._response(session, path, end), path, limit, end))
        except PackRefusedError as error:
            arrived.put(error)
        except requests.exceptions.Timeout:
            arrived.put(self._late(path))
        except Exception as error:  # noqa: BLE001 - whatever a stranger's server makes our libraries raise
            arrived.put(refused(Fault.UNREACHABLE, f"cannot be fetched: {type(error).__name__}", file=path))

    def _response(self, session: requests.Session, path: str, end: float) -> requests.Response:
        url = urljoin(self._url, path)
        for _ in range(_MAX_REDIRECTS + 1):
            left = self._left(end, path)
            response = session.get(
                url,
                stream=True,
                allow_redirects=False,
                timeout=(left, left),
                verify=True if self._ca is None else self._ca,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            )
            if not response.is_redirect:
                return response
            url = urljoin(url, response.headers["Location"])
            response.close()
            if _origin(url) != self._origin:
                raise refused(Fault.REDIRECTED, "redirected to another origin; it is not followed", file=path)
        raise refused(Fault.REDIRECTED, f"redirected more than {_MAX_REDIRECTS} times", file=path)

    def _body(self, response: requests.Response, path: str, limit: int, end: float) -> bytes:
        with response:
            if response.status_code in (404, 410):
                raise refused(Fault.NOT_FOUND, "is not there", file=path)
            if response.status_code != 200:
                raise refused(Fault.UNREACHABLE, f"answered {response.status_code}", file=path)
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise refused(Fault.UNREACHABLE, "sent compressed, which was not asked for", file=path)
            said = response.headers.get("Content-Length", "")
            if said.isascii() and said.isdigit() and (len(said) > 15 or int(said) > limit):
                raise refused(Fault.TOO_LARGE, f"{said[:20]} bytes; at most {limit} are read", file=path)
            data = self._pieces(response, path, limit, end)
            if said.isascii() and said.isdigit() and len(data) < int(said):
                raise refused(Fault.TRUNCATED, f"{len(data)} bytes of {said}", file=path)
            return data

    def _pieces(self, response: requests.Response, path: str, limit: int, end: float) -> bytes:
        parts: list[bytes] = []
        total = 0
        # One piece as it comes, where urllib3 can: of a server that drips, the deadline is met between the drops.
        response.raw.enforce_content_length = False  # the length is compared here, with a code of its own
        read = getattr(response.raw, "read1", response.raw.read)
        while part := read(min(_CHUNK, limit + 1 - total), decode_content=False):
            parts.append(part)
            total += len(part)
            if total > limit:
                raise refused(Fault.TOO_LARGE, f"more than {limit} bytes", file=path)
            self._left(end, path)
        return b"".join(parts)

    def _left(self, end: float, path: str) -> float:
        left = end - time.monotonic()
        if left <= 0:
            raise self._late(path)
        return left

    def _late(self, path: str) -> PackRefusedError:
        return refused(Fault.TOO_SLOW, f"not there within {self._deadline:g} s", file=path)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if port is None:
        port = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port
