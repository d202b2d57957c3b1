"""Measurements of a structured report (NUM items; TID 1500 with its groups) as results.

What a group says once (finding, site, method, tracking) holds for each of its measurements and is repeated there.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

import msgspec

from fhir_hr.adapters.dicom.documents.sr_concepts import (
    DERIVATION,
    FINDING_SITE,
    IMAGE_LIBRARY,
    IMAGING_MEASUREMENTS,
    LATERALITY,
    MEASUREMENT_GROUP,
    METHOD,
    TRACKING_ID,
    TRACKING_UID,
    means,
)
from fhir_hr.adapters.dicom.documents.sr_text import one_line, unit_words
from fhir_hr.adapters.dicom.documents.sr_tree import Node, Reference
from fhir_hr.adapters.dicom.facts.codes import concept_of
from fhir_hr.adapters.dicom.facts.numbers import is_oid
from fhir_hr.adapters.dicom.facts.times import Zone, read_dt
from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.units import load_units
from fhir_hr.model.codes import EMPTY_CONCEPT, Concept, Identifier
from fhir_hr.model.lab import Note, Result, ResultDefinition, ResultStatus
from fhir_hr.model.values import Absent, AbsentReason, Coded, Quantity, Text, Unit, Value
from fhir_hr.model.when import When

__all__ = ["Measurements", "read_measurements"]

DICOM_UID = "urn:dicom:uid"

_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?\Z", re.ASCII)
# CID 42: why there is no number.
_ABSENT = {
    "114000": AbsentReason.NOT_A_NUMBER,
    **dict.fromkeys(("114003", "114004", "114005", "114006", "114008", "114009"), AbsentReason.ERROR),
    "114007": AbsentReason.NOT_PERFORMED,
}


class Measurements(NamedTuple):
    """Results, and the paths of the items that they hold with all below them."""

    results: tuple[Result, ...]
    told: frozenset[str]


class _Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a measurement, of its group or of itself."""

    tracking_id: str | None = None
    tracking_uid: str | None = None
    site: Concept | None = None
    method: Concept | None = None
    derivation: Concept | None = None
    notes: tuple[str, ...] = ()


def read_measurements(
    root: Node, *, status: ResultStatus, zone: Zone, references: dict[Reference, str], log: IssueLog
) -> Measurements:
    """Read all measurements of a tree.

    Those of a measurement group (125007) or below Imaging Measurements (126010) are told as results alone; a number
    that stands in running text becomes a result and stays in the text, which would not read without it.
    """
    reader = _Reader(status, zone, references, log)
    reader.walk(root, inside=False)
    return Measurements(tuple(reader.results), frozenset(reader.told))


class _Reader:
    def __init__(self, status: ResultStatus, zone: Zone, references: dict[Reference, str], log: IssueLog) -> None:
        self._status = status
        self._zone = zone
        self._references = references
        self._log = log
        self._seen: dict[str, int] = {}
        self.results: list[Result] = []
        self.told: set[str] = set()

    def walk(self, node: Node, *, inside: bool) -> None:
        """Find groups and single numbers, in reading order; ``inside``: below Imaging Measurements."""
        if means(node.name, MEASUREMENT_GROUP) and any(_is_result(child) for child in node.children):
            self._group(node)
            return
        if means(node.name, IMAGE_LIBRARY):
            # Its numbers are those of the images (thickness, spacing), which their own headers say.
            self._log.add(
                IssueCode.CONTENT_UNMAPPED,
                Severity.INFORMATION,
                node.path,
                "the image library describes images by what their own headers say; only their UIDs were taken over",
            )
            self.told.add(node.path)
            return
        inside = inside or means(node.name, IMAGING_MEASUREMENTS)
        for child in node.children:
            if _is_number(child):
                self._result(child, _Circumstances())
                if inside:
                    self.told.add(child.path)
            else:
                self.walk(child, inside=inside)

    def _group(self, group: Node) -> None:
        held = [child for child in group.children if not _is_result(child) and not child.is_container]
        around = self._circumstances(held, _Circumstances(), alone=False)
        self.told.update(child.path for child in held)
        for child in group.children:
            if _is_result(child):
                self._result(child, around)
                self.told.add(child.path)
            elif child.is_container:
                self.walk(child, inside=True)

    def _circumstances(self, nodes: list[Node], around: _Circumstances, *, alone: bool) -> _Circumstances:
        """Add what items say to what is known; the nearer goes before, and what has no place of its own is a note."""
        found: dict[str, object] = {}
        notes: list[str] = []
        for node in nodes:
            place = self._place_of(node) if not alone or node.is_context or node.is_modifier else ""
            if place and place not in found:
                value, left = self._value_for(place, node)
                if value is not None:
                    found[place] = value
                    notes += self._overruled(getattr(around, place), value, node)
                    notes += left
                    continue
            line = one_line(node, self._references, self._log)
            notes += [line] if line else []
        return msgspec.structs.replace(around, **found, notes=(*around.notes, *notes))

    @staticmethod
    def _overruled(before: object, value: object, node: Node) -> list[str]:
        """What the group says otherwise than the measurement itself."""
        if before is None or before == value:
            return []
        words = before.shown if isinstance(before, Concept) else str(before)
        return [f"{node.label or '测量组'}（测量组）：{words}"]

    @staticmethod
    def _place_of(node: Node) -> str:
        places = {
            "tracking_id": TRACKING_ID,
            "tracking_uid": TRACKING_UID,
            "site": FINDING_SITE,
            "method": METHOD,
            "derivation": DERIVATION,
        }
        return next((place for place, concept in places.items() if means(node.name, concept)), "")

    def _value_for(self, place: str, node: Node) -> tuple[object, list[str]]:
        """The value for a place, and what stands below the item beside it."""
        below = list(node.children)
        value: object = None
        if place in ("tracking_id", "tracking_uid"):
            value = "，".join(node.words) or None
        elif node.codes:
            value = concept_of(node.codes, where=node.path, log=self._log)
            if place == "site" and value is not None:
                sides = [child for child in below if means(child.name, LATERALITY)]
                value = self._site(value, sides)
                below = [child for child in below if child not in sides]
        lines = [line for child in below if (line := one_line(child, self._references, self._log))]
        return value, lines if value is not None else []

    def _site(self, site: object, sides: list[Node]) -> Concept:
        assert isinstance(site, Concept)
        words = "，".join(one_line(side, self._references, self._log) for side in sides)
        return Concept(codings=site.codings, text=f"{site.shown}（{words}）") if words else site

    def _result(self, node: Node, around: _Circumstances) -> None:
        holds = self._circumstances(list(node.children), around, alone=True)
        value, further = self._values(node)
        notes = list(holds.notes)
        if node.qualifier is not None and node.numbers:
            notes.append(node.qualifier.meaning or node.qualifier.value or "")
        notes += [self._references.get(each, each.uid) for each in node.references] if node.numbers else []
        # What is tracked is the lesion, not the measurement: its UID identifies no result.
        tracked = "，".join(each for each in (holds.tracking_id, holds.tracking_uid) if each)
        if tracked:
            notes.insert(0, f"追踪标识：{tracked}")
        self.results.append(
            Result(
                key=self._key(node, holds),
                definition=ResultDefinition(
                    code=self._code(node, holds.derivation),
                    unit=self._unit(node) if node.numbers else None,
                    method=holds.method,
                    body_site=holds.site,
                ),
                value=value,
                components=further,
                status=self._status,
                where=node.path,
                effective=self._observed(node),
                identifiers=_identifiers(node.uid),
                notes=tuple(Note(text=text, kind="measurement") for text in notes if text),
                sub_id=holds.tracking_id,
            )
        )

    def _code(self, node: Node, derivation: Concept | None) -> Concept:
        code = concept_of([node.name] if node.name is not None else [], where=node.path, log=self._log)
        if code is None:
            self._log.add(IssueCode.CODE_MISSING, Severity.WARNING, node.path, "a measurement has no name")
            code = EMPTY_CONCEPT
        if derivation is None:
            return code
        # A mean is no maximum: without its derivation the name would say less than the sender does.
        return Concept(codings=code.codings, text=f"{code.shown}（{derivation.shown}）")

    def _key(self, node: Node, holds: _Circumstances) -> str:
        """Tracking, code and derivation, and the how manieth of these; never a value."""
        name = node.name or CodedEntry()
        code = f"{name.scheme or ''}:{name.value or name.meaning or ''}"
        parts = [holds.tracking_uid or holds.tracking_id or "", code]
        if holds.derivation is not None:
            parts.append(holds.derivation.codings[0].code if holds.derivation.codings else holds.derivation.shown)
        key = "/".join(parts)
        number = self._seen[key] = self._seen.get(key, 0) + 1
        return f"{key}#{number}"

    def _values(self, node: Node) -> tuple[Value | None, tuple[Value, ...]]:
        if node.numbers:
            unit = self._unit(node)
            first, *rest = [self._number(text, unit, node) for text in node.numbers]
            return first, tuple(rest)
        if node.kind == "NUM" and not node.codes and not node.words:
            return self._absent(node), ()
        values: list[Value] = [Text(text=words) for words in node.words]
        concept = concept_of(node.codes, where=node.path, log=self._log)
        if concept is not None:
            values.insert(0, Coded(concept=concept))
        return values[0] if values else None, tuple(values[1:])

    def _number(self, text: str, unit: Unit | None, node: Node) -> Value:
        bare = text.strip()
        if _NUMBER.match(bare):
            return Quantity(value=Decimal(bare), unit=unit, source=text)
        self._log.add(
            IssueCode.NUMBER_INVALID, Severity.WARNING, node.path, "the value is no number; it was kept as text"
        )
        return Text(text=text)

    def _absent(self, node: Node) -> Absent:
        if node.qualifier is None:
            self._log.add(
                IssueCode.VALUE_MISSING, Severity.WARNING, node.path, "a measurement has no value and says not why"
            )
            return Absent(reason=AbsentReason.UNKNOWN)
        reason = _ABSENT.get(node.qualifier.value or "", AbsentReason.UNKNOWN)
        return Absent(reason=reason, text=node.qualifier.meaning or node.qualifier.value)

    def _unit(self, node: Node) -> Unit | None:
        entry = node.unit
        if entry is None or not (entry.value or entry.meaning):
            self._log.add_once(IssueCode.UNIT_UNKNOWN, Severity.WARNING, node.path, "a measurement states no unit")
            return None
        units = load_units()
        words = unit_words(entry)
        if entry.scheme == "UCUM" and entry.value and units.is_ucum(entry.value) is not False:
            return Unit(text=words, ucum=entry.value, source=entry.value)
        known = next((unit for text in (entry.value, entry.meaning) if text and (unit := units.find(text))), None)
        stated = f"'{(entry.value or words)[:30]}'"
        self._log.add_once(
            IssueCode.UNIT_UNKNOWN,
            Severity.INFORMATION if known else Severity.WARNING,
            node.path,
            f"unit {stated} is not UCUM; "
            + (f"it was read as {known.ucum}" if known and known.ucum else "it was kept as text"),
        )
        return Unit(text=words, ucum=known.ucum if known else None, source=entry.value)

    def _observed(self, node: Node) -> When | None:
        read = read_dt(node.observed, zone=self._zone)
        if read.problem:
            self._log.add(IssueCode.TIME_INVALID, Severity.WARNING, node.path, read.problem)
        return read.when


def _is_number(node: Node) -> bool:
    return node.kind == "NUM" or bool(node.numbers)


def _is_result(node: Node) -> bool:
    """In a group: a number, or a qualitative evaluation (TID 1501: a CODE or TEXT that the group contains)."""
    if _is_number(node):
        return True
    if node.kind not in ("CODE", "TEXT") or node.relationship != "CONTAINS":
        return False
    return bool(node.codes or node.words) and not any(means(node.name, one) for one in _OF_THE_GROUP)


_FINDING = frozenset({("DCM", "121071"), ("SCT", "276214006")})
"""Finding and its category say what is measured, not what was found of it (TID 1411)."""

_OF_THE_GROUP = (TRACKING_ID, TRACKING_UID, FINDING_SITE, METHOD, DERIVATION, _FINDING)


def _identifiers(uid: str | None) -> tuple[Identifier, ...]:
    if not uid:
        return ()
    return (Identifier(value=f"urn:oid:{uid}", system=DICOM_UID),) if is_oid(uid) else (Identifier(value=uid),)
