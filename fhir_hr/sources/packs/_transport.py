"""What the store asks of a place where packs are published: one bounded read by plain relative path."""

from __future__ import annotations

from typing import Protocol

__all__ = ["PackTransport"]


class PackTransport(Protocol):
    """A publisher's site: a folder, a USB stick, an HTTP server."""

    @property
    def name(self) -> str:
        """Name as it is shown in reports; without credentials."""
        ...

    def read(self, path: str, *, limit: int) -> bytes:
        """Return a file's bytes.

        Args:
            path: plain and relative, with ``/``.
            limit: most bytes; never more than that is held.

        Raises:
            PackRefusedError: it is not there, too large, too slow, behind a link or a redirect, not to be reached.
        """
        ...
