"""The instances of a series: written as bytes, value by value, since a thousand of them repeat one form.

What an instance says is a UID, a class, perhaps a number, a count of frames and a title. Each value is looked at while
it is written; what FHIR cannot hold is told (:func:`faults`, in the words of :mod:`fhir_hr.render.check`) and kept as
text. Of each form one example is given back, which the caller has checked in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from fhir_hr.model.imaging import Instance
from fhir_hr.render.datatypes import PROFILE, URI, absent, clean, source_text
from fhir_hr.render.encode import Json, encode

__all__ = ["FRAMES", "MOST", "Fault", "Instances", "count", "faults", "put_number", "put_uid", "write_instances"]

FRAMES = f"{PROFILE}frame-count"
MOST = 2**31 - 1
"""The largest number that FHIR's integers hold."""

# FHIR type ``id``, which series and instance UIDs have.
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_UID = re.compile(r"[0-2](\.[0-9]+)+")
_OUT_OF_RANGE = "is out of range"


class Fault(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What FHIR cannot hold: the element below the instance or series, and why."""

    element: str
    words: str


class Instances(msgspec.Struct, frozen=True, kw_only=True):
    """Written instances.

    Attributes:
        body: the JSON list.
        examples: one instance of each form, and all that are odd, for the full check.
        odd: index and faults of what could not be said as it was stated.
    """

    body: msgspec.Raw
    examples: list[Json]
    odd: tuple[tuple[int, tuple[Fault, ...]], ...]


def count(value: int | None) -> bool:
    """Whether a number is a FHIR ``unsignedInt``."""
    return type(value) is int and 0 <= value <= MOST


def put_uid(out: Json, uid: str) -> None:
    """Put a UID of type ``id``; one that FHIR refuses is kept as text."""
    if _ID.fullmatch(uid):
        out["uid"] = uid
        return
    extensions = absent("error")
    if text := clean(uid):
        extensions.append(source_text(text))
    out["_uid"] = {"extension": extensions}


def put_number(out: Json, number: int | None) -> None:
    """Put a number of type ``unsignedInt``; one that FHIR refuses is kept as text."""
    if number is None:
        return
    if count(number):
        out["number"] = number
    else:
        out["_number"] = {"extension": [source_text(str(number))]}


def faults(instance: Instance) -> Iterator[Fault]:
    """Yield what of an instance FHIR cannot hold, in the words of the checker."""
    if instance.frames is not None and not (count(instance.frames) and instance.frames > 0):
        yield Fault(element="extension[0].valuePositiveInt", words=_OUT_OF_RANGE)
    if not _ID.fullmatch(instance.uid):
        yield Fault(element="uid", words="is not a id" if instance.uid.strip() else "is empty")
    if instance.sop_class and not _UID.fullmatch(instance.sop_class):
        yield Fault(element="sopClass.code", words="is not a code")
    if instance.number is not None and not count(instance.number):
        yield Fault(element="number", words=_OUT_OF_RANGE)
    if instance.title:
        shown = instance.title.shown
        kept = clean(shown)
        if kept is None:
            yield Fault(element="title", words="is empty")
        elif kept != shown:
            yield Fault(element="title", words="holds a control character")


def write_instances(instances: Sequence[Instance]) -> Instances:
    """Write the instances of one series."""
    classes: dict[str | None, str] = {}
    parts: list[str] = []
    forms: dict[tuple[str, bool, bool], Json] = {}
    odd: list[tuple[int, tuple[Fault, ...]]] = []
    strange: list[Json] = []
    good = _ID.fullmatch
    for index, one in enumerate(instances):
        sop = classes.get(one.sop_class)
        if sop is None:
            sop = classes[one.sop_class] = encode(_sop_class(one.sop_class)).decode()
        number, frames = one.number, one.frames
        plain = (
            one.title is None
            and good(one.uid) is not None
            and (number is None or (type(number) is int and 0 <= number <= MOST))
            and (frames is None or (type(frames) is int and 0 < frames <= MOST))
            and (not one.sop_class or '"code"' in sop)
        )
        if not plain:
            member = _instance(one)
            strange.append(member)
            parts.append(encode(member).decode())
            if found := tuple(faults(one)):
                odd.append((index, found))
            continue
        form = (sop, number is None, frames is None)
        if form not in forms:
            forms[form] = _instance(one)
        head = "" if frames is None else f'"extension":[{{"url":"{FRAMES}","valuePositiveInt":{frames}}}],'
        tail = "" if number is None else f',"number":{number}'
        parts.append(f'{{{head}"uid":"{one.uid}","sopClass":{sop}{tail}}}')
    body = f"[{','.join(parts)}]".encode()
    return Instances(body=msgspec.Raw(body), examples=[*forms.values(), *strange], odd=tuple(odd))


def _instance(one: Instance) -> Json:
    """Return one instance member by member."""
    out: Json = {}
    if one.frames is not None and count(one.frames) and one.frames > 0:
        out["extension"] = [{"url": FRAMES, "valuePositiveInt": one.frames}]
    put_uid(out, one.uid)
    out["sopClass"] = _sop_class(one.sop_class)
    put_number(out, one.number)
    if one.title and (text := clean(one.title.shown)):
        out["title"] = text
    return out


def _sop_class(uid: str | None) -> Json:
    if uid and _UID.fullmatch(uid):
        return {"system": URI, "code": f"urn:oid:{uid}"}
    # Mandatory; what is no UID stays as words.
    text = clean(uid)
    return {"display": text} if text else {"extension": absent()}
