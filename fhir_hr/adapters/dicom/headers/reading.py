"""One DICOM file to its ``Header``: by the walk, or by pydicom if it gives up."""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from fhir_hr.adapters.dicom.headers.datasets import bounded_issues, guarded, header_of_dataset
from fhir_hr.adapters.dicom.headers.fields import FIELD_OF, SEQUENCE_TAGS, Tag
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.values import Reading
from fhir_hr.adapters.dicom.headers.walk import Surprise, Walker
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

__all__ = ["HeaderReader", "read_header", "read_object"]

_LIMITS = DicomLimits()
_DEFLATED = "1.2.840.10008.1.2.1.99"
_PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_WANTED = [*FIELD_OF, *SEQUENCE_TAGS, Tag.SHARED_GROUPS, Tag.FRAME_GROUPS]
_SEARCH = 128 * 8
"""How many bytes pydicom reads at once while it looks for a delimiter."""
ITEM_HEADS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
"""Tag of an item (FFFE,E000), little and big endian."""
_ZEROS = bytes(8)
_MOST_ZEROS = 10_000
"""pydicom takes each eight zero bytes for an element (0000,0000) without a value."""
_META = 132
"""Where the elements begin: after a preamble of 128 bytes and ``DICM`` (PS3.10 7.1)."""


class HeaderReader:
    """Reads headers of many files and remembers decoded values, since most repeat throughout a series.

    One reader serves one run: what it remembers names patients. It may not be shared between threads.

    Args:
        limits: bounds.
        charset: term of (0008,0005) to take where a file states none.
        repair: decode text of a wrong character set by the right one, and say so; otherwise the doubt is said.
    """

    __slots__ = ("_reading", "_walker")

    def __init__(self, *, limits: DicomLimits = _LIMITS, charset: str | None = None, repair: bool = False) -> None:
        self._reading = Reading(limits=limits, assumed=charset, repair=repair)
        self._walker = Walker(self._reading)

    def read(self, file: BinaryIO) -> Outcome[Header | None]:
        """Read the header of one file, open for reading bytes and for seeking; see :func:`read_header`."""
        limits = self._reading.limits
        try:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if not size:
                return _nothing(IssueCode.EMPTY_INPUT, "the file is empty")
            if size > limits.file_bytes:
                return _nothing(IssueCode.TOO_LARGE, f"the file has {size} bytes; the limit is {limits.file_bytes}")
            try:
                header, issues = self._walker.read(file)
            except Surprise:
                file.seek(0)
                return _by_pydicom(_Bounded(file, limits.header_bytes, limits.all_items), self._reading)
        except (OSError, zlib.error, EOFError) as error:  # a file of an archive can be damaged too
            return Outcome(None, (_unreadable(error),))
        return Outcome(header, bounded_issues(issues, limits) if issues else ())


def read_header(
    file: BinaryIO, *, limits: DicomLimits = _LIMITS, charset: str | None = None, repair: bool = False
) -> Outcome[Header | None]:
    """Read the header of one DICOM file (PS3.10), also one without preamble or meta information.

    Args:
        file: the file, open for reading bytes and for seeking.
        limits: bounds.
        charset: term of (0008,0005) to take where the file states none.
        repair: decode text of a wrong character set by the right one, and say so; otherwise the doubt is said.

    Returns:
        The header and what was doubtful; ``None`` with an error when it is no DICOM object or cannot be read.
        For many files use one :class:`HeaderReader`.

    Example:
        >>> import io
        >>> from fhir_hr.testing.dicom import dataset, file_bytes
        >>> read_header(io.BytesIO(file_bytes(dataset()))).value.patient_name
        'Ce^ShiJia=测^试甲'
    """
    return HeaderReader(limits=limits, charset=charset, repair=repair).read(file)


def read_object(file: BinaryIO, *, limits: DicomLimits = _LIMITS, pixels: bool = False) -> Outcome[Dataset | None]:
    """Read a whole data set, its pixels only on request: reports and manifests are trees, not headers.

    Args:
        file: the file, open for reading bytes and for seeking.
        limits: bounds; of a file with its pixels, the file's own.
        pixels: whether the pixels are wanted.

    Returns:
        The data set and what was doubtful; ``None`` with an error when it cannot be read.
    """
    issues: list[Issue] = []
    try:
        bounded = _Bounded(file, limits.file_bytes if pixels else limits.header_bytes, limits.all_items)
        dataset, _, _ = _parsed(bounded, limits, issues, wanted=None, pixels=pixels)
    except (OSError, zlib.error, EOFError) as error:
        return Outcome(None, (_unreadable(error),))
    if bounded.blank:
        return Outcome(None, (_no_object(),))
    if bounded.exhausted or bounded.crowded:
        return Outcome(None, (_too_long(limits, crowded=bounded.crowded),))
    return Outcome(dataset, bounded_issues(issues, limits))


def _by_pydicom(file: _Bounded, reading: Reading) -> Outcome[Header | None]:
    issues: list[Issue] = []
    dataset, marked, syntax = _parsed(file, reading.limits, issues, wanted=_WANTED)
    if file.blank:
        return Outcome(None, (_no_object(),))
    if file.exhausted or file.crowded:
        return Outcome(None, (_too_long(reading.limits, crowded=file.crowded),))
    if dataset is None:
        return Outcome(None, (_no_object(),)) if not marked else Outcome(None, tuple(issues))
    read = header_of_dataset(dataset, limits=reading.limits, charset=reading.assumed, repair=reading.repair)
    header = read.value
    if syntax is not None:
        header = msgspec.structs.replace(header, transfer_syntax_uid=syntax)
    if not marked and not (header.sop_class_uid or header.sop_instance_uid or header.study_instance_uid):
        return Outcome(None, (_no_object(),))
    return Outcome(header, bounded_issues([*issues, *read.issues], reading.limits))


def _parsed(
    file: _Bounded, limits: DicomLimits, issues: list[Issue], *, wanted: list[int] | None, pixels: bool = False
) -> tuple[Dataset | None, bool, str | None]:
    """Let pydicom read: the data set, whether the file is marked as DICOM, the transfer syntax where it is deflated."""
    from pydicom.filereader import read_partial

    start = file.read(_META)
    marked = start[_META - 4 :] == b"DICM"
    dataset: Dataset | None = None
    syntax = None
    with guarded(issues):
        if marked and not pixels and (body := _deflated_body(file)) is not None:
            syntax = _DEFLATED
            dataset = _inflated(file, body, limits, issues, wanted=wanted)
        else:
            file.seek(0)
            file.short = False
            stop = _Stop(file, limits.elements, pixels=pixels)
            dataset = read_partial(cast("BinaryIO", file), stop, force=True, specific_tags=_tags(wanted))
            if file.short:
                issues.append(_truncated("the file ends within an element; what stands before it was kept"))
    return dataset, marked, syntax


def _deflated_body(file: _Bounded) -> int | None:
    """Where the deflated part of a file begins; ``None`` for other transfer syntaxes."""
    at, syntax = _META, b""
    while True:
        file.seek(at)
        head = file.read(12)
        if len(head) < 8 or head[:2] != b"\x02\0":
            return at if syntax.rstrip(b"\0 ") == _DEFLATED.encode() else None
        long = head[4:6] in (b"OB", b"OW", b"UN", b"UT", b"SQ", b"OF")
        if long and len(head) < 12:
            return None
        length = struct.unpack_from("<I", head, 8)[0] if long else struct.unpack_from("<H", head, 6)[0]
        at += 12 if long else 8
        if head[2:4] == b"\x10\0":
            file.seek(at)
            syntax = file.read(min(length, 80))
        at += length


def _inflated(
    file: _Bounded, at: int, limits: DicomLimits, issues: list[Issue], *, wanted: list[int] | None
) -> Dataset:
    """Read a deflated data set (PS3.5 A.5), inflated no further than the limits allow."""
    from pydicom.filereader import read_dataset

    file.seek(at)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflater.decompress(file.read(limits.header_bytes), limits.header_bytes)
    inflated = _Bounded(io.BytesIO(data), limits.header_bytes, limits.all_items)
    try:
        dataset = read_dataset(
            cast("BinaryIO", inflated),
            False,
            True,
            stop_when=_Stop(inflated, limits.elements, pixels=False),
            specific_tags=_tags(wanted),
        )
    finally:
        file.crowded, file.blank = inflated.crowded, inflated.blank
    if inflated.short and inflater.unconsumed_tail:
        words = f"the deflated header is longer than {limits.header_bytes} bytes; what stands before was kept"
        issues.append(Issue(code=IssueCode.TOO_LARGE, severity=Severity.ERROR, where="", message=words))
    elif inflated.short or not (inflater.eof or inflater.unconsumed_tail):
        issues.append(_truncated("the deflated part of the file is not whole; what stands before the end was kept"))
    return dataset


def _tags(wanted: list[int] | None) -> list[BaseTag | int] | None:
    from pydicom.tag import Tag as PydicomTag

    return None if wanted is None else [PydicomTag(tag) for tag in wanted]


class _Bounded(io.RawIOBase):
    """A file of which no more than so many bytes, and items of sequences, are read in all.

    Attributes:
        exhausted: more was wanted than may be read.
        crowded: more elements or items were met than may be built; from there on the file seems to end.
        blank: zero bytes were met in such a number that it is no object; likewise.
        short: the file ended before what was wanted; pydicom takes the rest for the whole value.
    """

    def __init__(self, file: BinaryIO, limit: int, items: int) -> None:
        super().__init__()
        self._file = file
        self._left = limit
        self._items_left = items
        self._zeros_left = _MOST_ZEROS
        at = file.tell()
        self._size = file.seek(0, os.SEEK_END)
        file.seek(at)
        self.exhausted = False
        self.crowded = False
        self.blank = False
        self.short = False

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else size
        data = b"" if self.crowded or self.blank else self._file.read(min(wanted, self._left))
        self._items_left -= sum(map(data.count, ITEM_HEADS))
        self._zeros_left -= data == _ZEROS
        self.crowded = self.crowded or self._items_left < 0
        self.blank = self._zeros_left < 0
        if self.crowded or self.blank:
            return b""
        if wanted > self._left and len(data) == self._left:
            self.exhausted = True
        elif 0 < len(data) < wanted and wanted != _SEARCH:
            self.short = True
        self._left -= len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        at = self._file.seek(offset, whence)
        self.short = self.short or at > self._size
        return at

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


class _Stop:
    """Tells pydicom where to stop: before the pixels unless they are wanted, and when an object has no end."""

    def __init__(self, file: _Bounded, elements: int, *, pixels: bool) -> None:
        self._file = file
        self._left = elements
        self._pixels = pixels

    def __call__(self, tag: BaseTag, *_: object) -> bool:
        self._left -= 1
        if self._left < 0:
            self._file.crowded = True
        return self._left < 0 or (not self._pixels and tag in _PIXELS)


def _no_object() -> Issue:
    return Issue(code=IssueCode.NOT_DICOM, severity=Severity.ERROR, where="", message="this is no DICOM object")


def _unreadable(error: Exception) -> Issue:
    words = f"the file could not be read ({type(error).__name__})"
    return Issue(code=IssueCode.UNREADABLE, severity=Severity.ERROR, where="", message=words)


def _truncated(words: str) -> Issue:
    return Issue(code=IssueCode.TRUNCATED, severity=Severity.WARNING, where="", message=words)


def _too_long(limits: DicomLimits, *, crowded: bool) -> Issue:
    words = (
        f"the object holds more than {limits.elements} elements or {limits.all_items} items of sequences"
        if crowded
        else f"the header is longer than {limits.header_bytes} bytes"
    )
    return Issue(code=IssueCode.TOO_LARGE, severity=Severity.ERROR, where="", message=words)


def _nothing(code: IssueCode, message: str) -> Outcome[Header | None]:
    return Outcome(None, (Issue(code=code, severity=Severity.ERROR, where="", message=message),))
