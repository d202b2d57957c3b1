"""The fast way in: a selective walk over the elements of a file in an explicit little endian transfer syntax.

It reads a few KiB, hops from element to element by their lengths (PS3.5 7.1.2) and decodes what a
:class:`~fhir_hr.adapters.dicom.headers.header.Header` needs. What it does not know for certain makes it give up with
:class:`Surprise`; pydicom then reads that file.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

from msgspec import Struct

from fhir_hr.adapters.dicom.headers.assembly import fill, sequence_fields
from fhir_hr.adapters.dicom.headers.charset import Charset, charset_of
from fhir_hr.adapters.dicom.headers.fields import FIELD_OF, SEQUENCE_TAGS, VR_OF, Tag
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.values import Reading, fault, split_text
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import Issue, IssueCode

__all__ = ["Surprise", "Walker"]

_FIRST_READ = 16 << 10
_PREAMBLE = 128
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xE000FFFE, 0xE00DFFFE, 0xE0DDFFFE

_SHORT_NAMES = b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US"
_LONG_NAMES = b"OB OD OF OL OV OW SQ SV UC UN UR UT UV"
_SHORT = frozenset(int.from_bytes(name, "little") for name in _SHORT_NAMES.split())
"""Representations with a length of two bytes."""
_LONG = frozenset(int.from_bytes(name, "little") for name in _LONG_NAMES.split())
_VR_NAME = {int.from_bytes(name, "little"): name.decode() for name in (*_SHORT_NAMES.split(), *_LONG_NAMES.split())}
_SQ = int.from_bytes(b"SQ", "little")

_head = struct.Struct("<HHHH").unpack_from
_length = struct.Struct("<I").unpack_from
_item_head = struct.Struct("<II").unpack_from

_WANTED = frozenset(FIELD_OF) | SEQUENCE_TAGS | {Tag.SHARED_GROUPS, Tag.FRAME_GROUPS}
_PIXELS, _PIXEL_DATA = 0x7FE00008, 0x7FE00010
"""FloatPixelData to PixelData: the header ends before them. All up to there is hopped over, though nothing beyond the
functional groups is wanted: only so a tag that is out of order is seen."""
_MOST_CHARSETS = 100
_LONGEST_REMEMBERED = 4096
_NOT_EXPLICIT_LITTLE = frozenset(
    {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.4.95",
        "1.2.840.10008.1.2.4.205",
    }
)
"""Implicit, big endian and deflated transfer syntaxes; all others of the standard are explicit little endian."""
_EXPLICIT_LITTLE = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")


class Surprise(Exception):  # noqa: N818 - a signal between two readers, never shown
    """What the walk does not know for certain; pydicom reads the file."""


class _Short(Exception):  # noqa: N818 - a signal within the walk
    """The buffer ends within an element."""


class _Known(Struct, frozen=True, gc=False):
    """What one element came to; ``name`` is empty for a sequence, whose fields are in ``more``."""

    name: str
    value: str | tuple[str, ...] | None
    more: dict[str, Any]
    issues: tuple[Issue, ...]


class Walker:
    """Walks over files of one run and remembers decoded values, since most repeat throughout a series.

    Args:
        reading: how values are read.
    """

    __slots__ = ("_reading", "_remembered", "_size")

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        # By value of (0008,0005), then by the whole element as it stands in the file.
        self._remembered: dict[bytes, tuple[Charset, dict[bytes, _Known]]] = {}
        self._size = 0

    def read(self, file: BinaryIO) -> tuple[Header, tuple[Issue, ...]]:
        """Read one object from the start of a file.

        Raises:
            Surprise: the file must be read another way.
        """
        try:
            data, places = _scan(file, self._reading.limits)
        except struct.error:  # the file ends within the head of an element
            raise Surprise from None
        return self._interpret(data, places)

    def _interpret(self, data: bytes, places: list[tuple[int, int, int, int]]) -> tuple[Header, tuple[Issue, ...]]:
        charset, known = self._memory(b"")
        found: dict[str, Any] = {}
        later: list[dict[str, Any]] = []
        issues: list[Issue] = []
        for tag, vr, start, end in places:
            element = data[start:end]
            hit = known.get(element)
            if hit is None:
                hit = self._decode(tag, vr, element, charset)
                self._remember(known, element, hit)
            if hit.value is not None:
                found[hit.name] = hit.value
            elif hit.more:
                later.append(hit.more)
            if tag == Tag.CHARSET:
                charset, known = self._memory(element[8:])
                issues += charset.issues
            if hit.issues:
                issues += hit.issues
        if not _is_explicit_little(found.get("transfer_syntax_uid")):
            raise Surprise
        fill(found, later)
        return Header(**found), tuple(issues)

    def _memory(self, raw: bytes) -> tuple[Charset, dict[bytes, _Known]]:
        memory = self._remembered.get(raw)
        if memory is None:
            text, _ = self._reading.text(Tag.CHARSET, "CS", raw, Charset(), expected="CS")
            memory = (charset_of(split_text(text, "CS"), assumed=self._reading.assumed), {})
            if len(self._remembered) >= _MOST_CHARSETS:
                self._remembered.clear()
            self._remembered[raw] = memory
        return memory

    def _remember(self, known: dict[bytes, _Known], element: bytes, hit: _Known) -> None:
        if len(element) > _LONGEST_REMEMBERED:
            return
        self._size += 1
        if self._size > self._reading.limits.remembered:
            for _, each in self._remembered.values():
                each.clear()
            self._size = 1
        known[element] = hit

    def _decode(self, tag: int, vr: int, element: bytes, charset: Charset) -> _Known:
        body = 8 if vr in _SHORT else 12
        if tag in SEQUENCE_TAGS:
            if vr != _SQ:
                raise Surprise
            issues: list[Issue] = []
            context = _Context(self._reading, issues)
            fields = sequence_fields(tag, _items(element, tag, charset, context, depth=1))
            return _Known("", None, fields, tuple(issues))
        if vr == _SQ or tag not in FIELD_OF:
            raise Surprise
        field = FIELD_OF[tag]
        text, issue = self._reading.text(tag, _VR_NAME[vr], element[body:], charset, expected=field.vr)
        values = split_text(text, field.vr)
        value = (values if field.many else "\\".join(values)) if values else None
        return _Known(field.name, value, {}, (issue,) if issue is not None else ())


def _is_explicit_little(uid: str | None) -> bool:
    return uid is not None and uid.startswith(_EXPLICIT_LITTLE) and uid not in _NOT_EXPLICIT_LITTLE


# -- hopping ----------------------------------------------------------------------------------------------------


def _scan(file: BinaryIO, limits: DicomLimits) -> tuple[bytes, list[tuple[int, int, int, int]]]:
    """Find the wanted elements: what was read of the file, and tag, representation, start and end of each."""
    data = file.read(_FIRST_READ)
    if data[_PREAMBLE : _PREAMBLE + 6] != b"DICM\x02\0":  # the meta information comes first, in group 2
        raise Surprise
    at, last, size = _PREAMBLE + 4, 0, len(data)
    places: list[tuple[int, int, int, int]] = []
    wanted, short, long, head = _WANTED, _SHORT, _LONG, _head
    while True:
        if at + 12 > size:
            data = _more(file, data, at + 12, limits, at_end=True)
            size = len(data)
            if at == size:
                break
        group, element, vr, length = head(data, at)
        tag = group << 16 | element
        if not last < tag < _PIXELS:
            if tag <= last:
                raise Surprise
            if tag <= _PIXEL_DATA:
                break
        last = tag
        if vr in short:
            end = at + 8 + length
        elif vr in long:
            data, end = _long_end(file, data, at, vr, limits)
            size = len(data)
        else:
            raise Surprise
        if end > size:
            data = _more(file, data, end, limits)
            size = len(data)
        if tag in wanted:
            places.append((tag, vr, at, end))
        at = end
    return data, places


def _more(file: BinaryIO, data: bytes, need: int, limits: DicomLimits, *, at_end: bool = False) -> bytes:
    """Read on to ``need`` at least, doubling what was read; ``at_end``: the file may end before that."""
    if need > limits.header_bytes:
        raise Surprise
    size = len(data)
    data += file.read(max(need - size, min(size, limits.header_bytes - size)))
    if len(data) < need and not at_end:
        raise Surprise
    return data


def _long_end(file: BinaryIO, data: bytes, at: int, vr: int, limits: DicomLimits) -> tuple[bytes, int]:
    """Find the end of an element with a length of four bytes; returns the buffer, maybe read on, and the end."""
    length = _length(data, at + 8)[0]
    if length != _UNDEFINED:
        return data, at + 12 + length
    if vr != _SQ:
        raise Surprise
    while True:
        try:
            return data, _sequence_end(data, at + 12, limits.depth)
        except (_Short, struct.error):
            data = _more(file, data, len(data) + 1, limits)


def _sequence_end(data: bytes, at: int, depth: int) -> int:
    """Where a sequence of undefined length ends, its delimiter included (PS3.5 7.5)."""
    if depth <= 0:
        raise Surprise
    while True:
        tag, length = _item_head(data, at)
        at += 8
        if tag == _SEQUENCE_END:
            return at
        if tag != _ITEM:
            raise Surprise
        at = _item_end(data, at, depth) if length == _UNDEFINED else at + length
        if at > len(data):
            raise _Short


def _item_end(data: bytes, at: int, depth: int) -> int:
    """Where an item of undefined length ends, its delimiter included."""
    while True:
        if _item_head(data, at)[0] == _ITEM_END:
            return at + 8
        _, _, at = _element(data, at, depth)


def _element(data: bytes, at: int, depth: int) -> tuple[int, int, int]:
    """Tag, representation and end of the element at a place within a sequence."""
    group, element, vr, length = _head(data, at)
    if vr in _SHORT:
        end = at + 8 + length
    elif vr in _LONG:
        length = _length(data, at + 8)[0]
        if length == _UNDEFINED:
            if vr != _SQ:
                raise Surprise
            end = _sequence_end(data, at + 12, depth - 1)
        else:
            end = at + 12 + length
    else:
        raise Surprise
    if end > len(data):
        raise _Short
    return group << 16 | element, vr, end


# -- items of wanted sequences ----------------------------------------------------------------------------------


class _Context(NamedTuple):
    """What all items of one sequence share."""

    reading: Reading
    issues: list[Issue]


class _Item:
    """One item as it stands in a file."""

    __slots__ = ("_charset", "_context", "_depth", "_elements")

    def __init__(self, elements: dict[int, tuple[int, bytes]], charset: Charset, context: _Context, depth: int) -> None:
        self._elements = elements
        self._context = context
        self._depth = depth
        self._charset = charset
        stated = self.texts(Tag.CHARSET)
        if stated:
            self._charset = charset_of(stated, assumed=context.reading.assumed)
            context.issues.extend(self._charset.issues)

    def texts(self, tag: int) -> tuple[str, ...]:
        found = self._elements.get(tag)
        if found is None:
            return ()
        vr, raw = found
        if vr == _SQ:
            raise Surprise
        expected = VR_OF[tag]
        text, issue = self._context.reading.text(
            tag, _VR_NAME[vr], raw[8 if vr in _SHORT else 12 :], self._charset, expected=expected
        )
        if issue is not None:
            self._context.issues.append(issue)
        return split_text(text, expected)

    def items(self, tag: int) -> Sequence[_Item]:
        found = self._elements.get(tag)
        if found is None:
            return ()
        vr, raw = found
        if vr != _SQ:
            raise Surprise
        return _items(raw, tag, self._charset, self._context, depth=self._depth + 1)

    def count(self, tag: int) -> int:
        return len(self.items(tag))


def _items(element: bytes, tag: int, charset: Charset, context: _Context, *, depth: int) -> list[_Item]:
    """Items of a whole sequence element, head included; more than the limit are left out and said."""
    limits = context.reading.limits
    if depth > limits.depth:
        raise Surprise
    found: list[_Item] = []
    at, end, left_out = 12, len(element), 0
    try:
        while at < end:
            mark, length = _item_head(element, at)
            at += 8
            if mark == _SEQUENCE_END:
                break
            if mark != _ITEM:
                raise Surprise
            stop = _item_end(element, at, limits.depth) if length == _UNDEFINED else at + length
            if stop > end:
                raise Surprise
            if len(found) < limits.items:
                inner = stop - 8 if length == _UNDEFINED else stop
                found.append(_Item(_elements(element[at:inner], limits), charset, context, depth))
            else:
                left_out += 1
            at = stop
    except (_Short, struct.error):
        raise Surprise from None
    if left_out:
        context.issues.append(fault(IssueCode.LIMIT_REACHED, tag, f"{left_out} further items were left out"))
    return found


def _elements(data: bytes, limits: DicomLimits) -> dict[int, tuple[int, bytes]]:
    """All elements of an item by tag, each with its representation and as it stands."""
    found: dict[int, tuple[int, bytes]] = {}
    at, last = 0, -1
    while at < len(data):
        tag, vr, end = _element(data, at, limits.depth)
        if tag <= last:
            raise Surprise
        last = tag
        found[tag] = (vr, data[at:end])
        at = end
    return found
