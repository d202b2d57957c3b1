"""Zip files as folders of members, bounded before anything is unpacked. Nothing is ever written to disk."""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, cast

import msgspec

from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["Member", "ZipLimits", "read_members"]

_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""bzip2 and LZMA are unpacked without bound by :mod:`zipfile`, and nobody packs images so."""

_CHUNK = 1 << 16
"""Read in one go: :mod:`zipfile` bounds what it unpacks by what is asked for, not by the size that is stated."""
_SMALL = 1 << 20
"""Members up to this size are unpacked at once: reading one by parts and again costs more."""

_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, ArithmeticError, EOFError, LookupError, NotImplementedError),
    *(RuntimeError, ValueError),
)
"""What :mod:`zipfile` raises on broken data."""

_FAULT = "the member of a zip file is broken"
_TAIL = (1 << 16) + 22
_END, _END_64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


class ZipLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes beyond which a zip file, or a member, is refused with a coded issue.

    Attributes:
        entries: members of one zip file.
        directory_bytes: its table of contents, which is read as a whole.
        total_bytes: all members together, unpacked.
        ratio: how many times larger than packed a member may be, from ``ratio_from`` bytes on.
    """

    entries: int = 100_000
    directory_bytes: int = 16 << 20
    total_bytes: int = 256 << 30
    ratio: int = 200
    ratio_from: int = 16 << 20


class Member(NamedTuple):
    """A member: its name as stated (a name only, never a path to write to), and how to open it or why not."""

    name: str
    open: Callable[[], BinaryIO] | None
    issue: Issue | None


def read_members(path: str, *, limits: ZipLimits) -> list[Member] | Issue:
    """Return the members of a zip file in order of name; hidden ones are left out, as in folders.

    The file stays open until the last member is forgotten.

    Returns:
        the members, or the issue that says why the zip file was not read at all.
    """
    try:
        fault = _too_large(path, limits)
        if fault is not None:
            return _issue(IssueCode.TOO_LARGE, fault)
        archive = zipfile.ZipFile(path)
    except OSError as error:
        return _issue(IssueCode.UNREADABLE, f"the file could not be read: {error.strerror or 'error'}")
    except _BROKEN:
        return _issue(IssueCode.ARCHIVE_UNREADABLE, "the zip file is broken; nothing of it was read")
    infos = [info for info in archive.infolist() if not info.filename.endswith("/") and not _hidden(info.filename)]
    if len(infos) > limits.entries:
        return _issue(IssueCode.TOO_LARGE, f"the zip file has more than {limits.entries} members; none was read")
    if sum(info.file_size for info in infos) > limits.total_bytes:
        size = limits.total_bytes >> 30
        return _issue(IssueCode.TOO_LARGE, f"the zip file unpacks to more than {size} GiB; nothing of it was read")
    infos.sort(key=lambda info: info.filename)
    return list(_members(archive, infos, limits))


def _members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], limits: ZipLimits) -> Iterator[Member]:
    seen: dict[str, int] = {}
    for info in infos:
        name = "".join(ch if ch.isprintable() else "\ufffd" for ch in info.filename.replace("\\", "/"))
        seen[name] = times = seen.get(name, 0) + 1
        if times > 1:
            name = f"{name}#{times}"  # two members of one name are two files
        issue = _fault(info, limits)
        yield Member(name, None if issue is not None else _opener(archive, info), issue)


def _fault(info: zipfile.ZipInfo, limits: ZipLimits) -> Issue | None:
    if info.flag_bits & _ENCRYPTED:
        return _issue(IssueCode.ARCHIVE_UNREADABLE, "the member of a zip file is encrypted; it was not read")
    if info.compress_type not in _METHODS:
        return _issue(
            IssueCode.ARCHIVE_UNREADABLE, "the member of a zip file is packed by a method that is not read here"
        )
    if info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(info.compress_size, 1):
        return _issue(
            IssueCode.TOO_LARGE,
            f"the member of a zip file unpacks to more than {limits.ratio} times its size; it was not read",
        )
    if info.filename.lower().endswith(".zip"):
        return _issue(IssueCode.ARCHIVE_UNREADABLE, "a zip file inside a zip file is not opened; it was not read")
    return None


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        try:
            file = _MemberFile(cast("zipfile.ZipExtFile", archive.open(info)))
        except _BROKEN as error:
            raise OSError(None, _FAULT) from error
        if info.file_size > _SMALL:
            return cast("BinaryIO", file)
        with file:
            return io.BytesIO(file.read())

    return opened


class _MemberFile(io.BufferedIOBase):
    """A member read by parts; what zip raises on broken data is an ``OSError``, as for any other file."""

    def __init__(self, file: zipfile.ZipExtFile) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def read(self, size: int | None = -1, /) -> bytes:
        left = sys.maxsize if size is None or size < 0 else size
        parts: list[bytes] = []
        try:
            while left and (part := self._file.read(min(left, _CHUNK))):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)
        except _BROKEN as error:
            raise OSError(None, _FAULT) from error

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return self._file.seek(offset, whence)
        except _BROKEN as error:
            raise OSError(None, _FAULT) from error

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


def _too_large(path: str, limits: ZipLimits) -> str | None:
    """Say whether the table of contents is too large to be read, from the record at the end alone."""
    with open(path, "rb") as file:  # noqa: PTH123 - the path is text as given
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    end = tail.rfind(_END, 0, max(len(tail) - 18, 0))
    if end < 0:
        return None  # zipfile says what is wrong with it
    entries = int.from_bytes(tail[end + 10 : end + 12], "little")
    contents = int.from_bytes(tail[end + 12 : end + 16], "little")
    if end >= 76 and tail[end - 20 : end - 16] == _LOCATOR and tail[end - 76 : end - 72] == _END_64:
        entries = int.from_bytes(tail[end - 44 : end - 36], "little")
        contents = int.from_bytes(tail[end - 36 : end - 28], "little")
    if entries > limits.entries:
        return f"the zip file has more than {limits.entries} members; none was read"
    if contents > limits.directory_bytes:
        return "the table of contents of the zip file is too large; nothing of it was read"
    return None


def _hidden(name: str) -> bool:
    """Hidden files, and what macOS adds to a zip file."""
    return any((part.startswith(".") and part not in {".", ".."}) or part == "__MACOSX" for part in name.split("/"))


def _issue(code: IssueCode, message: str) -> Issue:
    return Issue(code=code, severity=Severity.ERROR, where="", message=message)
