"""Packs from an HTTP server: one origin, a deadline for each file, a bound on its size, nothing unpacked."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin, urlsplit

from fhir_hr.rules.publishing.faults import Fault, refused
from fhir_hr.rules.publishing.names import plain_path
from fhir_hr.sources._http import HttpClient, HttpFailure, check_address

__all__ = ["HttpTransport"]


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
        check_address(url, what="a pack site")
        self._url = url if url.endswith("/") else f"{url}/"
        self._name = name or urlsplit(url).hostname or ""
        self._deadline = deadline
        self._client = HttpClient(url, ca=None if ca is None else str(ca), proxy=proxy)

    @property
    def name(self) -> str:
        """Name in reports."""
        return self._name

    def read(self, path: str, *, limit: int) -> bytes:
        """Return a file's bytes; see :class:`~fhir_hr.sources.packs.PackTransport`.

        A server that keeps the line open is left to its own thread at the deadline.
        """
        plain_path(path, file=path[:60])
        try:
            reply = self._client.get(
                urljoin(self._url, path),
                headers={"Accept": "application/json"},
                limit=limit,
                seconds=self._deadline,
            )
        except HttpFailure as failure:
            raise refused(Fault(failure.fault), str(failure), file=path) from None
        if reply.status in (404, 410):
            raise refused(Fault.NOT_FOUND, "is not there", file=path)
        if reply.status != 200:
            raise refused(Fault.UNREACHABLE, f"answered {reply.status}", file=path)
        return reply.body
