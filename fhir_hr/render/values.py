"""A result's value as ``value[x]`` or ``dataAbsentReason``."""

from __future__ import annotations

import re

from fhir_hr.model.values import (
    Absent,
    Attachment,
    Coded,
    Moment,
    Quantity,
    Ratio,
    SampledData,
    Span,
    Text,
    TimeOfDay,
    Value,
    ValueRange,
)
from fhir_hr.render.datatypes import (
    attachment,
    clean,
    concept,
    period,
    put_unit,
    put_when,
    quantity,
    ratio,
    source_text,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.r4 import R4

__all__ = ["data_absent", "put_value"]

_ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
# SampledData.data (R4 and R5): decimals, or E (error), U (above limit), L (below limit).
_SAMPLES = re.compile(r"(-?\d+(\.\d+)?|E|U|L)( (-?\d+(\.\d+)?|E|U|L))*", re.ASCII)


def data_absent(reason: str, text: str | None = None) -> Json:
    """Return ``dataAbsentReason``."""
    out: Json = {"coding": [{"system": _ABSENT_SYSTEM, "code": reason}]}
    if kept := clean(text):
        out["text"] = kept
    return out


def put_value(out: Json, value: Value, *, dialect: R4) -> Attachment | None:
    """Put a value into an Observation or a component.

    Returns:
        An attachment that this release cannot hold as a value; the caller puts it into the report.
    """
    if isinstance(value, Quantity):
        if value.value.is_finite():
            out["valueQuantity"] = quantity(value, with_source=True)
        else:
            # JSON has no NaN; the adapters never make one.
            out["dataAbsentReason"] = data_absent("not-a-number", value.source)
    elif isinstance(value, Text):
        _put_or_absent(out, "valueString", clean(value.text))
    elif isinstance(value, Coded):
        _put_or_absent(out, "valueCodeableConcept", concept(value.concept))
    elif isinstance(value, Absent):
        out["dataAbsentReason"] = data_absent(value.reason.value, value.text)
    elif isinstance(value, Attachment) and not attachment(value):
        out["dataAbsentReason"] = data_absent("unknown")
    elif isinstance(value, Attachment):
        return None if dialect.put_attachment(out, "value", value) else value
    else:
        _put_rare(out, value, dialect=dialect)
    return None


def _put_or_absent(out: Json, name: str, content: object | None) -> None:
    if content is not None:
        out[name] = content
    else:
        out["dataAbsentReason"] = data_absent("unknown")


def _put_rare(out: Json, value: ValueRange | Ratio | Moment | TimeOfDay | Span | SampledData, *, dialect: R4) -> None:
    match value:
        case ValueRange():
            _put_range(out, value)
        case Ratio():
            if value.numerator.is_finite() and value.denominator.is_finite():
                out["valueRatio"] = ratio(value)
            else:
                out["dataAbsentReason"] = data_absent("not-a-number", value.source)
        case Moment():
            put_when(out, "valueDateTime", value.when)
        case TimeOfDay():
            out["valueTime"] = value.time
        case Span():
            _put_or_absent(out, "valuePeriod", period(value.period) or None)
        case SampledData():
            _put_series(out, value, dialect=dialect)


def _put_range(out: Json, value: ValueRange) -> None:
    ends: Json = {}
    numbers = [number for number in (value.low, value.high) if number is not None]
    if not all(number.is_finite() for number in numbers) or numbers != sorted(numbers):
        # rng-2 forbids it as a range; the words remain.
        out["valueString"] = clean(value.source) or f"{value.low}-{value.high}"
        return
    for side, number in (("low", value.low), ("high", value.high)):
        if number is not None:
            ends[side] = {"value": number}
            put_unit(ends[side], value.unit)
    if not ends:
        out["dataAbsentReason"] = data_absent("unknown", value.source)
        return
    if value.source and value.source != f"{value.low}-{value.high}" and (text := clean(value.source)):
        ends = {"extension": [source_text(text)], **ends}
    out["valueRange"] = ends


def _put_series(out: Json, value: SampledData, *, dialect: R4) -> None:
    text = " ".join(value.data)
    if _SAMPLES.fullmatch(text):
        out["valueSampledData"] = dialect.sampled_data(value)
    elif kept := clean(value.source or text):
        out["valueString"] = kept
    else:
        out["dataAbsentReason"] = data_absent("unknown")
