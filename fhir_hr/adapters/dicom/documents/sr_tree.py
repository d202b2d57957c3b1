"""The content tree of a structured report (PS3.3 C.17.3) as plain nodes, bounded in depth and number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fhir_hr.adapters.dicom.documents.elements import Elements
from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.issues import IssueCode, Severity

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "Node", "Reference", "read_tree"]

MAX_DEPTH = 64
"""Deepest nesting that is read; the templates of PS3.16 stay below 15."""

MAX_ITEMS = 20_000
"""Most content items that are read of one document."""

_WORDS = ("TextValue", "PersonName", "DateTime", "Date", "Time", "UID")
_MODIFIERS = frozenset({"HAS CONCEPT MOD"})
_CONTEXT = frozenset({"HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT"})
_COORDINATES = frozenset({"SCOORD", "SCOORD3D", "TCOORD", "TABLE"})


class Reference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An object that an item points to; ``part`` are its frames, segments or channels, as stated."""

    uid: str
    sop_class: str | None = None
    part: str | None = None
    image: bool = True


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One content item.

    Attributes:
        path: its place, ``ContentSequence[2].ContentSequence[1]``; empty for the root.
        position: the same as numbers, as a by-reference relationship names it.
        kind: ValueType as stated.
        name: concept name; ``None`` when not stated.
        words: text, person name, date, time or UID, whichever stand there.
        person: whether the words are a person name with its groups.
        codes: the coded value.
        numbers: the numbers of a NUM, as text.
        target: of a by-reference item, the position of the item that is meant.
        observed: ObservationDateTime.
        uid: ObservationUID.
    """

    path: str
    position: tuple[int, ...] = ()
    relationship: str | None = None
    kind: str | None = None
    name: CodedEntry | None = None
    words: tuple[str, ...] = ()
    person: bool = False
    codes: tuple[CodedEntry, ...] = ()
    numbers: tuple[str, ...] = ()
    unit: CodedEntry | None = None
    qualifier: CodedEntry | None = None
    references: tuple[Reference, ...] = ()
    target: tuple[int, ...] = ()
    observed: str | None = None
    uid: str | None = None
    children: tuple[Node, ...] = ()

    @property
    def label(self) -> str:
        """What a person reads as its name: the meaning, else the code, else nothing."""
        return (self.name.meaning or self.name.value or "") if self.name is not None else ""

    @property
    def is_container(self) -> bool:
        """Whether it groups others and says nothing itself."""
        return self.kind == "CONTAINER"

    @property
    def is_modifier(self) -> bool:
        """Whether it says more of its parent's name."""
        return self.relationship in _MODIFIERS

    @property
    def is_context(self) -> bool:
        """Whether it says under which circumstances its parent holds."""
        return self.relationship in _CONTEXT

    @property
    def is_coordinates(self) -> bool:
        """Whether it is a region, a time range or a table, which no words can hold."""
        return self.kind in _COORDINATES

    @property
    def says_nothing(self) -> bool:
        """Whether it holds no value that words can hold."""
        return not (self.words or self.codes or self.numbers or self.qualifier or self.references or self.target)

    def __repr__(self) -> str:
        return f"Node(path={self.path!r}, kind={self.kind!r}, <{len(self.children)} children>)"


def read_tree(dataset: Dataset, elements: Elements) -> Node:
    """Read the content tree that stands at the root of an SR dataset. Never raises on a broken one."""
    return _Tree(elements).node(dataset, (), "")


class _Tree:
    def __init__(self, elements: Elements) -> None:
        self._in = elements
        self._left = MAX_ITEMS

    def node(self, item: Dataset, position: tuple[int, ...], path: str) -> Node:
        elements = self._in
        words = tuple(text for each in _WORDS if (text := elements.text(item, each, path)))
        names = elements.entries(item, "ConceptNameCodeSequence", path)
        kind = elements.text(item, "ValueType", path)
        numbers, unit = self._measured(item, path)
        return Node(
            path=path,
            position=position,
            relationship=elements.text(item, "RelationshipType", path),
            kind=kind,
            name=names[0] if names else None,
            words=words,
            person=elements.text(item, "PersonName", path) is not None,
            codes=elements.entries(item, "ConceptCodeSequence", path),
            numbers=numbers,
            unit=unit,
            qualifier=next(iter(elements.entries(item, "NumericValueQualifierCodeSequence", path)), None),
            references=self._references(item, kind, path) if position else (),
            target=_position(elements.texts(item, "ReferencedContentItemIdentifier", path)),
            observed=elements.text(item, "ObservationDateTime", path),
            uid=elements.text(item, "ObservationUID", path),
            children=self._children(item, position, path),
        )

    def _measured(self, item: Dataset, path: str) -> tuple[tuple[str, ...], CodedEntry | None]:
        elements = self._in
        numbers: tuple[str, ...] = ()
        unit = None
        for number, value in enumerate(elements.items(item, "MeasuredValueSequence", path), 1):
            place = f"{path}.MeasuredValueSequence[{number}]".lstrip(".")
            decimal = elements.texts(value, "NumericValue", place)
            numbers += decimal or elements.texts(value, "FloatingPointValue", place)
            units = elements.entries(value, "MeasurementUnitsCodeSequence", place)
            if unit is not None and units and units[0] != unit:
                elements.log.add(
                    IssueCode.CONTENT_UNMAPPED,
                    Severity.ERROR,
                    place,
                    "one measurement has values of different units; only the first value was taken",
                )
                return numbers[:1], unit
            unit = unit or (units[0] if units else None)
        return numbers, unit

    def _references(self, item: Dataset, kind: str | None, path: str) -> tuple[Reference, ...]:
        found = []
        for number, each in enumerate(self._in.items(item, "ReferencedSOPSequence", path), 1):
            place = f"{path}.ReferencedSOPSequence[{number}]"
            uid = self._in.text(each, "ReferencedSOPInstanceUID", place)
            if uid is None:
                self._in.log.add(
                    IssueCode.UID_INVALID, Severity.WARNING, place, "a reference names no object; it was left out"
                )
                continue
            parts = [
                f"{zh} {text}"
                for keyword, zh in (
                    ("ReferencedFrameNumber", "帧"),
                    ("ReferencedSegmentNumber", "分割"),
                    ("ReferencedWaveformChannels", "通道"),
                )
                if (text := ", ".join(self._in.texts(each, keyword, place)))
            ]
            found.append(
                Reference(
                    uid=uid,
                    sop_class=self._in.text(each, "ReferencedSOPClassUID", place),
                    part="，".join(parts) or None,
                    image=kind == "IMAGE",
                )
            )
        return tuple(found)

    def _children(self, item: Dataset, position: tuple[int, ...], path: str) -> tuple[Node, ...]:
        items = self._in.items(item, "ContentSequence", path)
        if not items:
            return ()
        place = f"{path}.ContentSequence".lstrip(".")
        if len(position) >= MAX_DEPTH:
            self._stop(f"{place}[1]", f"content items are nested deeper than {MAX_DEPTH}; those below were not read")
            return ()
        found = []
        for number, child in enumerate(items, 1):
            if self._left <= 0:
                self._stop(
                    f"{place}[{number}]",
                    f"the document has more than {MAX_ITEMS} content items; those from here on were not read",
                )
                break
            self._left -= 1
            found.append(self.node(child, (*position, number), f"{place}[{number}]"))
        return tuple(found)

    def _stop(self, where: str, message: str) -> None:
        self._in.log.add_once(IssueCode.LIMIT_REACHED, Severity.ERROR, where, message)


def _position(texts: tuple[str, ...]) -> tuple[int, ...]:
    """Position that a by-reference relationship names; its first number is the root itself (PS3.3 C.17.3.2.5)."""
    return tuple(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) <= 9)
