"""FHIR datatypes from the model's parts; the same in R4 and R5.

Functions return plain structures that are ready to encode. Nothing empty is ever written: a part that says
nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.people import Address, ContactPoint, HumanName
from fhir_hr.model.values import Attachment, Quantity, Ratio, Unit
from fhir_hr.model.when import Period, Precision, When, compare
from fhir_hr.render.encode import Json

__all__ = [
    "ABSENT_EXTENSION",
    "PROFILE",
    "SOURCE_TEXT",
    "UCUM",
    "URI",
    "absent",
    "address",
    "attachment",
    "clean",
    "coding",
    "concept",
    "concepts",
    "contact_point",
    "human_name",
    "identifier",
    "period",
    "put_instant",
    "put_unit",
    "put_when",
    "quantity",
    "ratio",
    "source_text",
    "technical_identifier",
]

PROFILE = f"{CANONICAL}/StructureDefinition/"
SOURCE_TEXT = f"{PROFILE}source-text"
UCUM = "http://unitsofmeasure.org"
URI = "urn:ietf:rfc:3986"
ABSENT_EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_REPRESENTATION_EXTENSION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
# HL7 table 0465 (name representation) -> iso21090 EntityNameUse representation.
_REPRESENTATIONS = {"I": "IDE", "A": "ABC", "P": "SYL"}
_NAME_USES = frozenset(("usual", "official", "temp", "nickname", "anonymous", "old", "maiden"))
_ADDRESS_USES = frozenset(("home", "work", "temp", "old", "billing"))
_TELECOM_USES = frozenset(("home", "work", "temp", "old", "mobile"))
_TELECOM_SYSTEMS = frozenset(("phone", "fax", "email", "pager", "url", "sms", "other"))

# FHIR string: no control character but tab, line feed and carriage return; never blank.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# An address without white space; an OID or UUID of its form. HL7's validator wants more than three arcs.
_URI = re.compile(
    r"urn:oid:[0-2](\.(0|[1-9][0-9]*)){3,}|urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?!urn:(oid|uuid):)[^\s\x00-\x1f]+"
)
_CODE = re.compile(r"\S+( \S+)*")


def clean(text: str | None) -> str | None:
    """Return text that a FHIR ``string`` may hold, or ``None`` when it is blank.

    Control characters, which FHIR forbids, become U+FFFD so that their place stays visible.

    Example:
        >>> clean("a\\x00b"), clean("  ")
        ('a\\ufffdb', None)
    """
    if text is None or not text.strip():
        return None
    return text if text.isprintable() else _CONTROL.sub("\ufffd", text)


def absent(reason: str = "unknown") -> list[Json]:
    """Return the ``extension`` list that stands where a mandatory element has no value."""
    return [{"url": ABSENT_EXTENSION, "valueCode": reason}]


def source_text(text: str) -> Json:
    """Return the extension that keeps the source's own text."""
    return {"url": SOURCE_TEXT, "valueString": text}


def coding(code: Code) -> Json:
    """Return a ``Coding``. A code without a known system stays without one."""
    out: Json = {}
    _put_system(out, code.system)
    if code.version:
        out["version"] = code.version
    if text := clean(code.code):
        out["code"] = " ".join(text.split())
    if display := clean(code.display):
        out["display"] = display
    return out


def _put_system(out: Json, system: str | None) -> None:
    """Put a system that is a URI; what only looks like one stays as text."""
    if not system:
        return
    if _URI.fullmatch(system):
        out["system"] = system
    elif text := clean(system):
        out["extension"] = [source_text(text)]


def concept(value: Concept | None) -> Json | None:
    """Return a ``CodeableConcept``, or ``None`` when it says nothing."""
    if not value:
        return None
    out: Json = {}
    codings = [found for code in value.codings if (found := coding(code))]
    if codings:
        out["coding"] = codings
    if text := clean(value.text):
        out["text"] = text
    return out or None


def concepts(values: Iterable[Concept]) -> list[Json]:
    """Return the concepts that say something."""
    return [out for value in values if (out := concept(value))]


def identifier(value: Identifier) -> Json:
    """Return an ``Identifier`` with its type and assigner."""
    out: Json = {}
    if value.type is not None and (kind := coding(value.type)):
        out["type"] = {"coding": [kind]}
    _put_system(out, value.system)
    if text := clean(value.value):
        out["value"] = text
    if assigner := clean(value.assigner):
        out["assigner"] = {"display": assigner}
    return out


def technical_identifier(resource_id: str) -> Json:
    """Return our own identifier of a resource: globally unique, holding nothing of the patient."""
    return {"system": URI, "value": f"urn:uuid:{resource_id}"}


def put_when(out: Json, name: str, when: When | None) -> None:
    """Put a ``dateTime`` under ``name``.

    FHIR cannot say "to the minute": seconds are filled with zeros, and the source's own text stays beside them.
    """
    if when is None:
        return
    out[name] = when.iso
    if Precision.HOUR <= when.precision < Precision.SECOND and (text := clean(when.source)):
        out[f"_{name}"] = {"extension": [source_text(text)]}


def put_instant(out: Json, name: str, when: When | None) -> None:
    """Put an ``instant`` under ``name``.

    An instant needs a time of day. A time to the hour or minute is filled with zeros and keeps its text; a date
    alone is no instant: only its text is kept, as an extension of the empty element.
    """
    if when is None:
        return
    if when.precision >= Precision.HOUR:
        out[name] = when.iso
    if when.precision < Precision.SECOND:
        out[f"_{name}"] = {"extension": [source_text(clean(when.source) or when.iso)]}


def period(value: Period) -> Json:
    """Return a ``Period``.

    A period that ends before it begins (per-1) keeps its end as text only.
    """
    out: Json = {}
    put_when(out, "start", value.start)
    if value.start is not None and value.end is not None and compare(value.start, value.end) == 1:
        out["_end"] = {"extension": [source_text(clean(value.end.source) or value.end.iso)]}
    else:
        put_when(out, "end", value.end)
    return out


def put_unit(out: Json, unit: Unit | None) -> None:
    """Put ``unit``, and ``system`` with ``code`` only for a known UCUM code."""
    if unit is None:
        return
    if text := clean(unit.text):
        out["unit"] = text
    if unit.ucum and _CODE.fullmatch(unit.ucum):
        out["system"] = UCUM
        out["code"] = unit.ucum


def quantity(value: Quantity, *, with_source: bool = False) -> Json:
    """Return a ``Quantity`` with every digit that was sent.

    Args:
        value: the quantity.
        with_source: keep the source's text where it says more than comparator and number do.
    """
    out: Json = {}
    if with_source and not _says_the_same(value) and (text := clean(value.source)):
        out["extension"] = [source_text(text)]
    out["value"] = value.value
    if value.comparator is not None:
        out["comparator"] = value.comparator.value
    put_unit(out, value.unit)
    return out


def _says_the_same(value: Quantity) -> bool:
    # Comparing with the comparator's text too: "<0.05" says no more than < and 0.05 do.
    number = str(value.value)
    return value.source in (None, number) or (value.source == f"{value.comparator or ''}{number}")


def ratio(value: Ratio) -> Json:
    """Return a ``Ratio``; the unit, if any, is the numerator's."""
    top: Json = {"value": value.numerator}
    if value.comparator is not None:
        top["comparator"] = value.comparator.value
    put_unit(top, value.unit)
    return {"numerator": top, "denominator": {"value": value.denominator}}


def human_name(name: HumanName) -> Json:
    """Return a ``HumanName``; ``text`` is the whole name in its owner's order."""
    out: Json = {}
    if name.representation in _REPRESENTATIONS:
        code = _REPRESENTATIONS[name.representation or ""]
        out["extension"] = [{"url": _REPRESENTATION_EXTENSION, "valueCode": code}]
    if name.use in _NAME_USES:
        out["use"] = name.use
    for key, text in (("text", name.text), ("family", name.family)):
        if kept := clean(text):
            out[key] = kept
    _put_texts(out, "given", name.given)
    _put_texts(out, "prefix", (name.prefix,))
    _put_texts(out, "suffix", (name.suffix,))
    return out if out.keys() - {"extension", "use"} else {}


def address(value: Address) -> Json:
    """Return an ``Address``."""
    out: Json = {}
    if value.use in _ADDRESS_USES:
        out["use"] = value.use
    _put_texts(out, "line", value.lines)
    parts = (
        ("city", value.city),
        ("district", value.district),
        ("state", value.state),
        ("postalCode", value.postal_code),
        ("country", value.country),
    )
    for key, text in parts:
        if kept := clean(text):
            out[key] = kept
    return out if out.keys() - {"use"} else {}


def contact_point(value: ContactPoint) -> Json:
    """Return a ``ContactPoint``."""
    text = clean(value.value)
    if text is None:
        return {}
    out: Json = {"system": value.system if value.system in _TELECOM_SYSTEMS else "other", "value": text}
    if value.use in _TELECOM_USES:
        out["use"] = value.use
    return out


def _put_texts(out: Json, key: str, texts: Sequence[str | None]) -> None:
    kept = [found for text in texts if (found := clean(text))]
    if kept:
        out[key] = kept


def attachment(value: Attachment, *, title: str | None = None) -> Json:
    """Return an ``Attachment``."""
    out: Json = {}
    if value.content_type and _CODE.fullmatch(value.content_type):
        out["contentType"] = value.content_type
    if value.data:
        # att-1: data needs a type.
        out.setdefault("contentType", "application/octet-stream")
        out["data"] = value.data
    if value.url and _URI.fullmatch(value.url):
        out["url"] = value.url
    if kept := clean(value.title or title or value.source_type):
        out["title"] = kept
    return out
