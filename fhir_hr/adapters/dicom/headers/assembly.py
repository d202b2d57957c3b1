"""From elements to :class:`~fhir_hr.adapters.dicom.headers.header.Header` fields, whichever way the elements came.

Sequences of a classic object, and the functional groups of an enhanced one (PS3.3 C.7.6.16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from fhir_hr.adapters.dicom.headers.fields import FIELDS, SEQUENCE_TAGS, Tag
from fhir_hr.adapters.dicom.headers.header import CodedEntry, OtherPatientId

__all__ = ["View", "fill", "group_fields", "root_fields", "sequence_fields"]


class View(Protocol):
    """A data set or item, however it came."""

    def texts(self, tag: int) -> tuple[str, ...]:
        """The values of an element, without padding; none when it is missing or empty."""

    def items(self, tag: int) -> Sequence[View]:
        """The items of a sequence; none when it is missing or empty."""

    def count(self, tag: int) -> int:
        """How many items a sequence holds, those beyond the limit included."""


def root_fields(view: View) -> dict[str, Any]:
    """Return all header fields of a data set that are stated."""
    found: dict[str, Any] = {}
    for field in FIELDS:
        values = view.texts(field.tag)
        if values:
            found[field.name] = values if field.many else "\\".join(values)
    later = [sequence_fields(tag, view.items(tag)) for tag in sorted(SEQUENCE_TAGS)]
    frames = view.items(Tag.FRAME_GROUPS)
    later.append(group_fields(view.items(Tag.SHARED_GROUPS), frames, view.count(Tag.FRAME_GROUPS)))
    fill(found, later)
    return found


def fill(found: dict[str, Any], later: Iterable[dict[str, Any]]) -> None:
    """Add what sequences state where the root states nothing itself; the first that states it counts."""
    for fields in later:
        for name, value in fields.items():
            found.setdefault(name, value)


def sequence_fields(tag: int, items: Sequence[View]) -> dict[str, Any]:
    """Return the header fields that one sequence of the root gives."""
    if not items:
        return {}
    found = _READERS[tag](items)
    return {name: value for name, value in found.items() if value not in (None, ())}


def _text(item: View, tag: int) -> str | None:
    return "\\".join(item.texts(tag)) or None


def _first(items: Sequence[View], *tags: int) -> str | None:
    """The first text stated, by order of tags within an item, then of items."""
    return next((text for item in items for tag in tags if (text := _text(item, tag)) is not None), None)


def _codes(items: Sequence[View]) -> tuple[CodedEntry, ...]:
    found = []
    for item in items:
        value = _first([item], Tag.CODE_VALUE, Tag.LONG_CODE, Tag.URN_CODE)
        meaning = _text(item, Tag.CODE_MEANING)
        if value is None and meaning is None:
            continue
        scheme, version = _text(item, Tag.CODE_SCHEME), _text(item, Tag.CODE_VERSION)
        found.append(CodedEntry(value=value, scheme=scheme, meaning=meaning, version=version))
    return tuple(found)


def _coded(name: str) -> Callable[[Sequence[View]], dict[str, Any]]:
    return lambda items: {name: _codes(items)}


def _other_ids(items: Sequence[View]) -> dict[str, Any]:
    found = []
    for item in items:
        value = _text(item, Tag.PATIENT_ID)
        if value is not None:
            issuer, kind = _text(item, Tag.ISSUER_OF_PATIENT_ID), _text(item, Tag.TYPE_OF_PATIENT_ID)
            found.append(OtherPatientId(value=value, issuer=issuer, type=kind))
    return {"other_patient_ids": tuple(found)}


def _request(items: Sequence[View]) -> dict[str, Any]:
    """RequestAttributesSequence: what was asked for, where the root does not say."""
    codes = (_codes(item.items(Tag.REQUESTED_CODES)) for item in items)
    return {
        "requested_procedure_description": _first(items, Tag.REQUESTED_DESCRIPTION),
        "requested_procedure_codes": next((found for found in codes if found), ()),
    }


_READERS: dict[int, Callable[[Sequence[View]], dict[str, Any]]] = {
    Tag.ISSUER_OF_ACCESSION: lambda items: {
        "issuer_of_accession_number": _first(items, Tag.LOCAL_NAMESPACE, Tag.UNIVERSAL_ENTITY)
    },
    Tag.INSTITUTION_CODES: _coded("institution_codes"),
    Tag.PROCEDURE_CODES: _coded("procedure_codes"),
    Tag.ANATOMIC_REGIONS: _coded("anatomic_regions"),
    Tag.ISSUER_QUALIFIERS: lambda items: {"issuer_universal_id": _first(items, Tag.UNIVERSAL_ENTITY)},
    Tag.OTHER_PATIENT_IDS: _other_ids,
    Tag.CONTRAST_AGENTS: _coded("contrast_bolus_agents"),
    Tag.REQUESTED_CODES: _coded("requested_procedure_codes"),
    Tag.REQUEST_ATTRIBUTES: _request,
    Tag.CONCEPT_NAME: lambda items: {"concept_name": next(iter(_codes(items)), None)},
    Tag.VIEW_CODES: _coded("view_codes"),
}

_GROUPS: tuple[tuple[int, int, str, bool], ...] = (
    (Tag.PIXEL_MEASURES, Tag.SLICE_THICKNESS, "slice_thickness", False),
    (Tag.PIXEL_MEASURES, Tag.SPACING, "spacing_between_slices", False),
    (Tag.PLANE_POSITION, Tag.POSITION, "image_position_patient", True),
    (Tag.PLANE_ORIENTATION, Tag.ORIENTATION, "image_orientation_patient", True),
    (Tag.FRAME_ANATOMY, Tag.FRAME_LATERALITY, "frame_laterality", False),
    (Tag.PIXEL_VALUES, Tag.RESCALE_TYPE, "rescale_type", False),
    (Tag.CT_X_RAY, Tag.KVP, "kvp", False),
    (Tag.CT_EXPOSURE, Tag.EXPOSURE_IN_MAS, "exposure", False),
    (Tag.CT_EXPOSURE, Tag.CTDI_VOL, "ctdi_vol", False),
    (Tag.CT_RECONSTRUCTION, Tag.KERNEL, "convolution_kernel", True),
    (Tag.CT_RECONSTRUCTION, Tag.RECONSTRUCTION_DIAMETER, "reconstruction_diameter", False),
    (Tag.MR_TIMING, Tag.REPETITION_TIME, "repetition_time", False),
    (Tag.MR_ECHO, Tag.EFFECTIVE_ECHO_TIME, "echo_time", False),
)
"""Functional group macro, element in it, header field, whether it has several values. Times in ms, exposure in mAs,
as in the elements of classic images."""


def group_fields(shared: Sequence[View], frames: Sequence[View], count: int) -> dict[str, Any]:
    """Fields of the shared functional groups, else of the first frame's; and how many frames are described."""
    found: dict[str, Any] = {"frames_described": count} if count else {}
    for groups in (*shared[:1], *frames[:1]):
        for macro, tag, name, many in _GROUPS:
            if name in found:
                continue
            for item in groups.items(macro)[:1]:
                values = item.texts(tag)
                if values:
                    found[name] = values if many else "\\".join(values)
        if "anatomic_regions" not in found:
            regions = [
                each for item in groups.items(Tag.FRAME_ANATOMY)[:1] for each in item.items(Tag.ANATOMIC_REGIONS)
            ]
            if codes := _codes(regions):
                found["anatomic_regions"] = codes
    return found
