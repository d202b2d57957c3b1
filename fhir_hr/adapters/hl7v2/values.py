"""OBX-5 by OBX-2: every value type of HL7 table 0125 as a value of the model (v2-to-FHIR OBX[Observation]).

What does not fit its stated type stays as text with an issue; nothing is turned into a number by guess.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import NamedTuple

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import read_cwe, repetitions
from fhir_hr.adapters.hl7v2.numbers import read_comparator_number, read_number, read_titre
from fhir_hr.adapters.hl7v2.times import read_time_of_day
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.values import (
    Attachment,
    Coded,
    Comparator,
    Moment,
    Quantity,
    Ratio,
    SampledData,
    Span,
    Text,
    TimeOfDay,
    Unit,
    Value,
    ValueRange,
)
from fhir_hr.model.when import Period

__all__ = ["TEXT_TYPES", "ValueRead", "read_document", "read_values"]

TEXT_TYPES = frozenset({"ST", "TX", "FT", ""})
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})

_COMPARATORS = {member.value: member for member in Comparator}


class ValueRead(NamedTuple):
    """The first value, and the others where the field repeats."""

    value: Value | None
    components: tuple[Value, ...] = ()


def read_values(ctx: Context, kind: str, raw: str, unit: Unit | None, where: str) -> ValueRead:
    """Read OBX-5.

    Args:
        kind: OBX-2.
        raw: OBX-5 as sent, not empty.
        unit: the unit of OBX-6.
        where: place of the segment, ``OBX[3]``.
    """
    if kind == "NM" and (number := read_number(raw)) is not None:
        return ValueRead(Quantity(value=number, unit=unit, source=raw))
    if kind in {"TX", "FT"}:
        lines = [ctx.text(line, f"{where}-5") for line in raw.split(ctx.separators.repetition)]
        return ValueRead(_text(ctx, "\n".join(lines)))
    if kind in {"ST", ""}:
        return ValueRead(_plain(ctx, raw, unit, where))
    if kind == "NA":
        return ValueRead(_series(ctx, raw, unit, where))
    reader = _READERS.get(kind)
    if reader is None:
        if kind not in _COMPOSITE:
            ctx.log.add_once(
                IssueCode.VALUE_TYPE_UNKNOWN,
                Severity.WARNING,
                f"{where}-2",
                f"value type '{kind[:10]}' is not known; the value was kept as text",
            )
        reader = _as_text
    values = [reader(ctx, part, unit, where) for part in repetitions(ctx, raw)]
    if not values:
        return ValueRead(None)
    return ValueRead(values[0], tuple(values[1:]))


def _plain(ctx: Context, raw: str, unit: Unit | None, where: str) -> Value:
    """ST: a grade word, a number with a unit, a titre, or words."""
    text = ctx.text(raw, f"{where}-5")
    if ctx.profile.numeric_text:
        bare = text.strip()
        if unit is not None:
            value = _number_in_text(bare, unit)
            if value is not None:
                ctx.log.add_once(
                    IssueCode.NUMBER_IN_TEXT,
                    Severity.INFORMATION,
                    f"{where}-5",
                    "a number with a unit in a text field was read as a quantity",
                )
                return value
        titre = read_titre(bare)
        if titre is not None:
            return titre
    return _text(ctx, text)


def _number_in_text(text: str, unit: Unit) -> Quantity | None:
    number = read_number(text)
    if number is not None:
        return Quantity(value=number, unit=unit, source=text)
    compared = read_comparator_number(text)
    if compared is not None:
        return Quantity(comparator=compared[0], value=compared[1], unit=unit, source=text)
    return None


def _text(ctx: Context, text: str) -> Text:
    return Text(text=text, ordinal=ctx.vocabulary.ordinals.find(text) if len(text) <= 16 else None)


def _as_text(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    seps = ctx.separators
    parts = re.split("[" + re.escape(seps.component + seps.subcomponent) + "]", raw)
    return _text(ctx, " ".join(word for part in parts if (word := ctx.text(part, f"{where}-5").strip())))


def _number(ctx: Context, raw: str, unit: Unit | None, where: str) -> Value:
    text = ctx.text(raw, f"{where}-5")
    bare = text.strip()
    number = read_number(bare)
    if number is not None:
        return Quantity(value=number, unit=unit, source=text)
    compared = read_comparator_number(bare)
    if compared is not None:
        ctx.log.add_once(
            IssueCode.VALUE_TYPE_MISMATCH,
            Severity.INFORMATION,
            f"{where}-5",
            "a number with a comparator in an NM field was read as such",
        )
        return Quantity(comparator=compared[0], value=compared[1], unit=unit, source=text)
    titre = read_titre(bare)
    if titre is not None:
        return titre
    ordinal = ctx.vocabulary.ordinals.find(bare) if len(bare) <= 16 else None
    ctx.log.add(
        IssueCode.NUMBER_INVALID,
        Severity.WARNING,
        f"{where}-5",
        f"the value is no number ({_why(bare)}); it was kept as text",
    )
    return Text(text=text, ordinal=ordinal)


def _why(text: str) -> str:
    if any("０" <= ch <= "９" for ch in text):
        return "full-width digits"
    if text.casefold() in {"nan", "inf", "-inf", "infinity", "-infinity", "+inf"}:
        return "not a finite number"
    if "_" in text:
        return "an underscore"
    if "," in text or "，" in text:
        return "a comma"
    if not any(ch.isdigit() for ch in text):
        return "words"
    return "other characters than digits and a point"


def _structured(ctx: Context, raw: str, unit: Unit | None, where: str) -> Value:
    """SN: comparator ^ number ^ separator or suffix ^ number (chapter 2A.2.69)."""
    parts = [ctx.text(part, f"{where}-5").strip() for part in raw.split(ctx.separators.component)]
    parts += [""] * (4 - len(parts))
    sign, first, suffix, second = parts[:4]
    low = read_number(first) if first else None
    high = read_number(second) if second else None
    words = " ".join(part for part in parts[:4] if part)
    if sign not in {"", "="} and sign not in _COMPARATORS:
        return _text(ctx, words)
    comparator = _COMPARATORS.get(sign)
    if suffix in {":", "/"} and low is not None and high is not None:
        return Ratio(numerator=low, denominator=high, comparator=comparator, unit=unit, source=raw)
    if suffix == "-" and low is not None and high is not None and comparator is None:
        return ValueRange(low=low, high=high, unit=unit, source=raw)
    if not suffix and not second and low is not None:
        return Quantity(value=low, comparator=comparator, unit=unit, source=raw)
    if low is None:
        ctx.log.add(
            IssueCode.NUMBER_INVALID,
            Severity.WARNING,
            f"{where}-5",
            "a structured numeric holds no number; it was kept as text",
        )
    return _text(ctx, words)


def _range(ctx: Context, raw: str, unit: Unit | None, where: str) -> Value:
    parts = [ctx.text(part).strip() for part in raw.split(ctx.separators.component)][:2]
    bounds = [read_number(part) if part else None for part in [*parts, ""][:2]]
    if any(part and bound is None for part, bound in zip(parts, bounds, strict=False)) or bounds == [
        None,
        None,
    ]:
        ctx.log.add(
            IssueCode.NUMBER_INVALID,
            Severity.WARNING,
            f"{where}-5",
            "a numeric range holds no numbers; it was kept as text",
        )
        return _text(ctx, "-".join(parts))
    return ValueRange(low=bounds[0], high=bounds[1], unit=unit, source=raw)


def _series(ctx: Context, raw: str, unit: Unit | None, where: str) -> Value:
    seps = ctx.separators
    numbers = [part.strip() for rep in raw.split(seps.repetition) for part in rep.split(seps.component)]
    if all(part and read_number(part) is not None for part in numbers):
        return SampledData(data=tuple(numbers), unit=unit, source=raw)
    ctx.log.add(
        IssueCode.NUMBER_INVALID,
        Severity.WARNING,
        f"{where}-5",
        "a numeric array holds other things than numbers; it was kept as text",
    )
    return _text(ctx, raw)


def _coded(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    return Coded(concept=read_cwe(ctx, raw, f"{where}-5"))


def _id_coded(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    # IS and ID are one code without components; a caret in them is text.
    concept = read_cwe(ctx, raw.replace(ctx.separators.component, " "), f"{where}-5")
    return Coded(concept=concept)


def _moment(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    when = ctx.when(raw, f"{where}-5")
    return Moment(when=when) if when is not None else Text(text=ctx.text(raw))


def _time_of_day(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    time = read_time_of_day(raw)
    if time is not None:
        return TimeOfDay(time=time, source=raw)
    ctx.log.add(
        IssueCode.TIME_INVALID,
        Severity.WARNING,
        f"{where}-5",
        "the value is no time of day; it was kept as text",
    )
    return Text(text=ctx.text(raw))


def _span(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    parts = [*raw.split(ctx.separators.component), ""][:2]
    start, end = (ctx.when(part.split(ctx.separators.subcomponent)[0], f"{where}-5") for part in parts)
    if start is None and end is None:
        return Text(text=ctx.text(raw))
    return Span(period=Period(start=start, end=end))


def _value_range(ctx: Context, raw: str, _unit: Unit | None, where: str) -> Value:
    parts = [ctx.text(part, f"{where}-5").strip() for part in raw.split(ctx.separators.component)]
    return _text(ctx, "-".join(parts[:2]))


_READERS: dict[str, Callable[[Context, str, Unit | None, str], Value]] = {
    "NM": _number,
    "SN": _structured,
    "NR": _range,
    "DT": _moment,
    "DTM": _moment,
    "TS": _moment,
    "TM": _time_of_day,
    "DR": _span,
    "VR": _value_range,
    "IS": _id_coded,
    "ID": _id_coded,
    **dict.fromkeys(("CE", "CWE", "CNE", "CF"), _coded),
}

_COMPOSITE = frozenset(
    "AD CK CN CP CX EI EIP FN HD JCC MA MO PL PN PPN SAD SI SPS TN TQ VID XAD XCN XON XPN XTN".split()
    + "ED RP CQ RI OG DLN".split()
)
"""Types of table 0125 that have no FHIR value of their own: their words are kept."""


_MIME = {
    "PDF": "application/pdf",
    "JPEG": "image/jpeg",
    "JPG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "RTF": "application/rtf",
    "HTML": "text/html",
    "XML": "text/xml",
    "X-HL7-CDA-LEVEL-ONE": "text/xml",
    "SGML": "text/sgml",
    "PLAIN": "text/plain",
    "TXT": "text/plain",
    "DICOM": "application/dicom",
    "BASIC": "audio/basic",
    "OCTET-STREAM": "application/octet-stream",
}
_MAIN_TYPES = {"AP": "application", "IM": "image", "TEXT": "text", "AU": "audio", "MULTIPART": "multipart"}
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*\Z")
_URL = re.compile(r"(https?|ftp|file|urn):[^\s<>\"^]+\Z", re.IGNORECASE)


def read_document(ctx: Context, kind: str, raw: str, title: str | None, where: str) -> Attachment | None:
    """Read ED (source ^ type ^ subtype ^ encoding ^ data) or RP (pointer ^ application ^ type ^ subtype).

    Returns ``None`` with an issue when there is nothing that can be kept as a document.
    """
    parts = [part.strip() for part in raw.split(ctx.separators.component)]
    parts += [""] * (5 - len(parts))
    if kind == "RP":
        url = ctx.text(parts[0], f"{where}-5")
        content_type = _content_type(parts[2], parts[3])
        if _URL.match(url):
            return Attachment(content_type=content_type, url=url, title=title, source_type=kind)
        return Attachment(
            content_type="text/plain; charset=utf-8",
            data=base64.b64encode(ctx.text(raw).encode()).decode(),
            title=title,
            source_type=kind,
        )
    return _encapsulated(ctx, parts, title, where)


def _encapsulated(ctx: Context, parts: list[str], title: str | None, where: str) -> Attachment | None:
    content_type = _content_type(parts[1], parts[2])
    encoding = parts[3].casefold()
    body = parts[4]
    if encoding == "base64":
        compact = "".join(ctx.text(body).split())
        try:
            base64.b64decode(compact, validate=True)
        except (binascii.Error, ValueError):
            compact = ""
        if compact:
            return Attachment(content_type=content_type, data=compact, title=title, source_type="ED")
    elif encoding in {"a", ""} and body:
        text = ctx.text(body, f"{where}-5").encode()
        return Attachment(
            content_type=content_type or "text/plain; charset=utf-8",
            data=base64.b64encode(text).decode(),
            title=title,
            source_type="ED",
        )
    elif encoding == "hex":
        try:
            data = base64.b64encode(bytes.fromhex(body)).decode()
        except ValueError:
            data = ""
        if data:
            return Attachment(content_type=content_type, data=data, title=title, source_type="ED")
    ctx.log.add(
        IssueCode.ENCODED_DATA_INVALID,
        Severity.ERROR,
        f"{where}-5.5",
        f"encapsulated data could not be decoded (stated encoding: {parts[3][:10] or 'none'})",
    )
    return None


def _content_type(main: str, sub: str) -> str | None:
    known = _MIME.get(sub.upper()) or _MIME.get(main.upper())
    if known:
        return known
    kind = _MAIN_TYPES.get(main.upper(), main.lower())
    if kind in {"application", "image", "text", "audio", "video", "multipart"} and _TOKEN.match(sub):
        return f"{kind}/{sub.lower()}"
    return None
