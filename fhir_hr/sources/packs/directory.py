"""Packs from a folder: a mounted share, a USB stick, the output of the build."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from fhir_hr.rules.publishing.faults import Fault, refused
from fhir_hr.rules.publishing.names import plain_path

__all__ = ["DirectoryTransport", "read_bounded"]

_CHUNK = 1 << 20


class DirectoryTransport:
    """A publisher's site in a folder. No symbolic link inside it is followed.

    Args:
        folder: where ``index.json`` lies.
        name: name in reports; the folder's own by default.
    """

    def __init__(self, folder: Path | str, *, name: str | None = None) -> None:
        self._folder = Path(folder)
        self._name = name or self._folder.name

    @property
    def name(self) -> str:
        """Name in reports."""
        return self._name

    def read(self, path: str, *, limit: int) -> bytes:
        """Return a file's bytes; see :class:`~fhir_hr.sources.packs.PackTransport`."""
        return read_bounded(self._folder, path, limit=limit)


def read_bounded(folder: Path, path: str, *, limit: int) -> bytes:
    """Read a regular file below a folder: no link on the way, not more than ``limit`` bytes.

    Raises:
        PackRefusedError: ``path-refused``, ``link-refused``, ``not-found``, ``too-large`` or ``unreachable``.
    """
    plain_path(path, file=path[:60])
    at = folder
    try:
        for part in path.split("/"):
            at /= part
            if at.is_symlink():
                raise refused(Fault.LINK_REFUSED, "a symbolic link is not followed", file=path)
        opened = _open(folder, path.split("/"))
        try:
            found = os.fstat(opened)
            if not stat.S_ISREG(found.st_mode):
                raise refused(Fault.LINK_REFUSED, "is no regular file", file=path)
            if found.st_size > limit:
                raise refused(Fault.TOO_LARGE, f"{found.st_size} bytes; at most {limit} are read", file=path)
            return _read(opened, path, limit)
        finally:
            os.close(opened)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise refused(Fault.NOT_FOUND, "is not there", file=path) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise refused(Fault.LINK_REFUSED, "a symbolic link is not followed", file=path) from error
        raise refused(Fault.UNREACHABLE, f"cannot be read: {type(error).__name__}", file=path) from error


def _open(folder: Path, parts: list[str]) -> int:
    """Open step by step, where the system can, so that no link slips in after the look at the path."""
    link = getattr(os, "O_NOFOLLOW", 0)
    # A pipe must not hold us up.
    flags = os.O_RDONLY | link | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if os.open not in os.supports_dir_fd:
        return os.open(folder.joinpath(*parts), flags)
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | link, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1], flags, dir_fd=at)
    finally:
        os.close(at)


def _read(descriptor: int, path: str, limit: int) -> bytes:
    """Read piece by piece: a file that grows meanwhile is noticed, and never more than the limit is held."""
    parts: list[bytes] = []
    total = 0
    while part := os.read(descriptor, min(_CHUNK, limit + 1 - total)):
        parts.append(part)
        total += len(part)
        if total > limit:
            raise refused(Fault.TOO_LARGE, f"more than {limit} bytes", file=path)
    return b"".join(parts)
