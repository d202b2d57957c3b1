"""What a result can say: quantities with exact decimals, ranges, ratios, codes, text, times, attachments.

Each value keeps the source's own text beside its interpretation.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.when import Period, When

__all__ = [
    "Absent",
    "AbsentReason",
    "Attachment",
    "Coded",
    "Comparator",
    "Moment",
    "Quantity",
    "Ratio",
    "SampledData",
    "Span",
    "Text",
    "TimeOfDay",
    "Unit",
    "Value",
    "ValueRange",
]


class Comparator(StrEnum):
    """How a stated number bounds the true one (FHIR ``quantity-comparator``)."""

    LT = "<"
    LE = "<="
    GE = ">="
    GT = ">"


class Unit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A unit: the sender's text, and its UCUM code where a table or the sender states it.

    Attributes:
        text: as a person reads it (``10^9/L``).
        ucum: UCUM code (``10*9/L``); ``None`` when unknown: the unit then stays text.
        source: the raw field.
    """

    text: str
    ucum: str | None = None
    source: str | None = None


class Quantity(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A number with its unit. ``value`` keeps every digit that was sent (4.30 stays 4.30)."""

    value: Decimal
    unit: Unit | None = None
    comparator: Comparator | None = None
    source: str | None = None


class ValueRange(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A range of numbers; either side may be open."""

    low: Decimal | None = None
    high: Decimal | None = None
    unit: Unit | None = None
    source: str | None = None


class Ratio(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A ratio, most often a titre: ``1:80``."""

    numerator: Decimal
    denominator: Decimal
    comparator: Comparator | None = None
    unit: Unit | None = None
    source: str | None = None


class Coded(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A coded answer."""

    concept: Concept


class Text(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Words. ``ordinal`` is set where the whole text is a known grade word (阴性, 弱阳性, ±, ++)."""

    text: str
    ordinal: Code | None = None

    def __repr__(self) -> str:
        return f"Text(<{len(self.text)} characters>)"


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A date or time as the result itself."""

    when: When


class TimeOfDay(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A time of day, ``hh:mm:ss``."""

    time: str
    source: str | None = None


class Span(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A period as the result itself."""

    period: Period


class SampledData(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """A series of numbers (HL7 ``NA``); one channel."""

    data: tuple[str, ...]
    unit: Unit | None = None
    source: str | None = None


class Attachment(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """An encapsulated document, picture or a pointer to one.

    Attributes:
        content_type: MIME type.
        data: base64 text, checked to be valid; ``None`` for a pointer.
        url: the pointer; ``None`` for inline data.
        title: its title, where stated.
        source_type: what the sender called it.
    """

    content_type: str | None = None
    data: str | None = None
    url: str | None = None
    title: str | None = None
    source_type: str | None = None

    def __repr__(self) -> str:
        return f"Attachment(content_type={self.content_type!r}, …)"


class AbsentReason(StrEnum):
    """Why there is no value (FHIR ``data-absent-reason``)."""

    UNKNOWN = "unknown"
    NOT_ASKED = "not-asked"
    NOT_PERFORMED = "not-performed"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"
    NOT_A_NUMBER = "not-a-number"
    TEMP_UNKNOWN = "temp-unknown"


class Absent(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """No value, and why. ``text`` keeps what stood there, if anything."""

    reason: AbsentReason
    text: str | None = None


Value: TypeAlias = (
    Quantity | ValueRange | Ratio | Coded | Text | Moment | TimeOfDay | Span | SampledData | Attachment | Absent
)
