"""One result as an Observation."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fhir_hr.model.codes import Code
from fhir_hr.model.lab import Note, ReferenceRange, Report, ReportKind, Result, ResultDefinition, ResultStatus
from fhir_hr.model.values import Attachment, Quantity
from fhir_hr.model.when import Period, When
from fhir_hr.render.collect import reference
from fhir_hr.render.datatypes import (
    PROFILE,
    absent,
    clean,
    coding,
    concept,
    concepts,
    identifier,
    period,
    put_instant,
    put_when,
    quantity,
    source_text,
    technical_identifier,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.flag import flag_extension
from fhir_hr.render.r4 import R4
from fhir_hr.render.values import data_absent, put_value

__all__ = ["Links", "linked", "note_list", "observation", "report_categories", "status_source"]

_LAB_PROFILE = f"{PROFILE}recognised-lab-result"
_ANALYSED = "分析时间"
_SCALE = f"{PROFILE}result-scale"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_CATEGORIES = {ReportKind.LABORATORY: "laboratory", ReportKind.IMAGING: "imaging"}
_DISPLAYS = {"laboratory": "Laboratory", "imaging": "Imaging"}

# The HL7 v2 codes (tables 0085, 0123) that say exactly what the FHIR status says; any other code is kept as text.
_PLAIN_STATUS = frozenset(
    (
        ("F", "final"),
        ("P", "preliminary"),
        ("C", "corrected"),
        ("X", "cancelled"),
        ("A", "amended"),
        ("A", "partial"),
        ("D", "entered-in-error"),
        ("R", "registered"),
        ("O", "registered"),
        ("I", "registered"),
    )
)
# hr-obs-1: a result in one of these states needs no value.
_MAY_BE_EMPTY = frozenset(
    (
        ResultStatus.REGISTERED,
        ResultStatus.PRELIMINARY,
        ResultStatus.CANCELLED,
        ResultStatus.ENTERED_IN_ERROR,
    )
)


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What an Observation refers to (resource ids), and the times that it has.

    All of it but ``authors``, ``derived_from`` and ``focus`` is often the same for many results of a report.
    """

    patient: str | None = None
    encounter: str | None = None
    request: str | None = None
    specimen: str | None = None
    device: str | None = None
    performers: tuple[str, ...] = ()
    effective: When | Period | None = None
    issued: When | None = None
    authors: tuple[str | None, ...] = ()
    derived_from: Json | None = None
    focus: str | None = None
    analysed: When | None = None


def linked(links: Links) -> tuple[Json, Json, Json]:
    """Return the members that say what an Observation belongs to, in the three places where they stand."""
    first: Json = {}
    if links.request is not None:
        first["basedOn"] = [reference(links.request)]
    second: Json = {}
    if links.patient is not None:
        second["subject"] = reference(links.patient)
    if links.focus is not None:
        second["focus"] = [reference(links.focus)]
    if links.encounter is not None:
        second["encounter"] = reference(links.encounter)
    if isinstance(links.effective, Period):
        if span := period(links.effective):
            second["effectivePeriod"] = span
    else:
        put_when(second, "effectiveDateTime", links.effective)
    put_instant(second, "issued", links.issued)
    if links.performers:
        second["performer"] = [reference(performer) for performer in links.performers]
    third: Json = {}
    if links.analysed is not None:
        # FHIR has no element for the time of analysis (OBX-19), and R4 no standard extension.
        third["note"] = [{"text": f"{_ANALYSED}：{clean(links.analysed.source) or links.analysed.iso}"}]
    if links.specimen is not None:
        third["specimen"] = reference(links.specimen)
    if links.device is not None:
        third["device"] = reference(links.device)
    return first, second, third


def observation(
    result: Result, report: Report, links: Links, *, resource_id: str, dialect: R4, flagged: bool
) -> tuple[Json, list[Attachment]]:
    """Return the Observation, and the attachments that this release cannot hold in it.

    Args:
        result: the result.
        report: its report; gives kind and section.
        links: what it refers to.
        resource_id: its id.
        dialect: what differs by release.
        flagged: whether the result's flag may be written (:func:`fhir_hr.render.flag.forbidden`).
    """
    first, second, third = linked(links)
    out: Json = {"resourceType": "Observation", "id": resource_id}
    if report.kind is ReportKind.LABORATORY and links.patient is not None:
        out["meta"] = {"profile": [_LAB_PROFILE]}
    if extensions := _extensions(result, flagged=flagged):
        out["extension"] = extensions
    numbers = (identifier(one) for one in result.identifiers if clean(one.value))
    out["identifier"] = [technical_identifier(resource_id), *numbers]
    out.update(first)
    out["status"] = result.status.value
    if extra := status_source(result.status_source, result.status.value):
        out["_status"] = extra
    if categories := report_categories(report, first=_observation_category(report.kind)):
        out["category"] = categories
    out["code"] = code = _code(result.definition)
    out.update(second)
    left = _put_values(out, result, code, dialect=dialect)
    components = out.pop("component", None)
    if found := concepts(result.interpretations):
        out["interpretation"] = found
    if result.notes and (notes := note_list(result.notes, links.authors)):
        third["note"] = notes + third.get("note", [])
    _put_circumstances(out, result.definition, third)
    if links.derived_from is not None:
        out["derivedFrom"] = [links.derived_from]
    if components is not None:
        out["component"] = components
    return out, left


def _put_circumstances(out: Json, definition: ResultDefinition, third: Json) -> None:
    for name, value in (("bodySite", definition.body_site), ("method", definition.method)):
        if found := concept(value):
            out[name] = found
    out.update(third)
    if ranges := [one for value in definition.ranges if (one := _range(value))]:
        out["referenceRange"] = ranges


def _extensions(result: Result, *, flagged: bool) -> list[Json]:
    out: list[Json] = []
    if result.flag is not None and flagged:
        out.append(flag_extension(result.flag))
    if result.definition.scale is not None:
        out.append({"url": _SCALE, "valueCode": result.definition.scale.value})
    return out


def status_source(source: str | None, status: str) -> Json | None:
    """Return the extension that keeps a source status code that the FHIR status does not say by itself."""
    if source is None or (source, status) in _PLAIN_STATUS:
        return None
    text = clean(source)
    return {"extension": [source_text(text)]} if text else None


def _observation_category(kind: ReportKind) -> Code | None:
    code = _CATEGORIES.get(kind)
    return Code(system=_CATEGORY, code=code, display=_DISPLAYS[code]) if code else None


def report_categories(report: Report, *, first: Code | None = None, last: Code | None = None) -> list[Json]:
    """Return the sender's sections with the category that our profile asks for before or after them."""
    out: list[Json] = [{"coding": [coding(first)]}] if first is not None else []
    out += concepts(report.categories)
    if last is not None and not any(last in section.codings for section in report.categories):
        out.append({"coding": [coding(last)]})
    return out


def _code(definition: ResultDefinition) -> Json:
    code = concept(definition.code) or {"extension": absent()}
    item = definition.item
    if item is not None and item not in definition.code.codings and (found := coding(item)):
        code.setdefault("coding", []).append(found)
        code.pop("extension", None)
    return code


def _put_values(out: Json, result: Result, code: Json, *, dialect: R4) -> list[Attachment]:
    if not result.components:
        if result.value is not None:
            left = put_value(out, result.value, dialect=dialect)
            return [left] if left is not None else []
        if result.status not in _MAY_BE_EMPTY:
            out["dataAbsentReason"] = data_absent("unknown")
        return []
    # obs-7 forbids a value beside a component of the same code, so repeated values are all components.
    attachments: list[Attachment] = []
    components: list[Json] = []
    for value in (result.value, *result.components):
        if value is not None:
            component: Json = {"code": code}
            left = put_value(component, value, dialect=dialect)
            components.append(component)
            if left is not None:
                attachments.append(left)
    out["component"] = components
    return attachments


def _range(value: ReferenceRange) -> Json | None:
    out: Json = {}
    if value.low is not None and value.low.value.is_finite():
        out["low"] = _bound(value.low)
    if value.high is not None and value.high.value.is_finite():
        out["high"] = _bound(value.high)
    if applies := clean(value.applies_to):
        out["appliesTo"] = [{"text": applies}]
    if text := clean(value.text):
        out["text"] = text
    return out if out.keys() - {"appliesTo"} else None


def _bound(value: Quantity) -> Json:
    bound = quantity(value)
    # A SimpleQuantity has no comparator; the text of the range keeps it.
    bound.pop("comparator", None)
    return bound


def note_list(notes: Sequence[Note], authors: Sequence[str | None]) -> list[Json]:
    """Return Annotations: consecutive lines of one author become one text with Markdown line breaks.

    Args:
        notes: the notes (NTE) in order.
        authors: ids of their authors, where one is known.
    """
    out: list[Json] = []
    lines: list[str] = []
    current: tuple[str | None, str | None] = (None, None)
    for note, author in zip(notes, authors or [None] * len(notes), strict=True):
        if lines and (author, note.kind) != current:
            _flush(out, lines, current[0])
            lines = []
        current = (author, note.kind)
        lines.append(note.text)
    if lines:
        _flush(out, lines, current[0])
    return out


def _flush(out: list[Json], lines: list[str], author: str | None) -> None:
    text = clean("  \n".join(lines))
    if text is None:
        return
    annotation: Json = {"authorReference": reference(author)} if author is not None else {}
    annotation["text"] = text
    out.append(annotation)
