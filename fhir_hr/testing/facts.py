"""Flat facts: one candidate as a flat JSON object, the same for every language and every harness.

Every key, its values and its default are listed in ``docs/reference/vectors.md``. An unknown key or an impossible
value is an error: a vector with a slip of the pen would otherwise prove nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from fhir_hr.errors import UsageError
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Contrast, Exam, Side, View
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.identity import NATIONAL_ID, IdentityMatch, PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.model.orders import ExclusionClaim, Order, OrderItem
from fhir_hr.model.priors import Grade, Institution, InstitutionType, Ownership, Prior
from fhir_hr.model.values import Text
from fhir_hr.model.when import When
from fhir_hr.testing.times import read_time

__all__ = ["BASE_KEYS", "Case", "build"]

E = TypeVar("E", bound=Enum)
Facts = Mapping[str, Any]


class Case(NamedTuple):
    """One candidate, ready for :func:`fhir_hr.rules.engine.judge`."""

    item: OrderItem
    prior: Prior
    order: Order
    identity: IdentityMatch


BASE_KEYS: Mapping[str, Any] = MappingProxyType(
    {
        "identity": "same",
        "order.at": None,
        "order.institution": "",
        "order.division": None,
        "order.tier": None,
        "order.grade": None,
        "order.ownership": None,
        "order.type": None,
        "order.alliances": None,
        "order.encounter": None,
        "order.kind": "laboratory",
        "order.item": None,
        "order.codings": [],
        "order.scale": None,
        "order.specimen": None,
        "order.exam": None,
        "order.method": None,
        "order.unit": None,
        "order.reference": None,
        "order.exclusions": [],
        "prior.institution": "",
        "prior.division": None,
        "prior.tier": None,
        "prior.grade": None,
        "prior.ownership": None,
        "prior.type": None,
        "prior.alliances": None,
        "prior.encounter": None,
        "prior.kind": "laboratory",
        "prior.item": None,
        "prior.codings": [],
        "prior.name": None,
        "prior.patient_name": None,
        "prior.status": "unknown",
        "prior.report_status": "unknown",
        "prior.superseded": None,
        "prior.performed": None,
        "prior.reported": None,
        "prior.specimen_text": None,
        "prior.specimen": None,
        "prior.method": None,
        "prior.scale": None,
        "prior.value": None,
        "prior.unit": None,
        "prior.reference": None,
        "prior.exam": None,
        "prior.device_model": None,
        "prior.has_report": None,
        "prior.has_images": None,
        "prior.series_complete": None,
        "prior.mark": None,
        "prior.mark_known": False,
        "prior.item_mark": None,
        "prior.item_mark_known": False,
        "prior.starred": None,
        "prior.evidence": [],
    }
)
"""Every fact with its default. Only ``order.at`` has to be given."""

_CARD = Identifier(system=NATIONAL_ID, value="11010519491231002X")
_OTHER_CARD = Identifier(system=NATIONAL_ID, value="110105194912310046")
_ME = PatientIdentity(identifiers=(_CARD,))
_IDENTITY = {
    "same": (IdentityMatch(same=True, agree=("national-id",)), (_CARD,)),
    "different": (IdentityMatch(same=False, differ=("national-id",)), (_OTHER_CARD,)),
    "unknown": (IdentityMatch(same=None), ()),
}


def build(facts: Facts, *, item_system: str | None = None) -> Case:
    """Build a candidate from flat facts; keys that are left out have the value of :data:`BASE_KEYS`.

    Args:
        facts: the facts by key.
        item_system: code system of item codes that are written without one.

    Raises:
        UsageError: an unknown key, or a value that cannot be; says which.

    Example:
        >>> case = build({"order.at": "2026-08-20T10:00:00+08:00", "prior.performed": "2026-08"})
        >>> case.prior.performed.precision.name, case.identity.same
        ('MONTH', True)
        >>> build({"order.at": "20.8.2026"})
        Traceback (most recent call last):
        fhir_hr.errors.UsageError: fact 'order.at': '20.8.2026' is no time like 2026-08 or 2026-08-20T10:00:00+08:00
    """
    for key in facts:
        if key not in BASE_KEYS:
            msg = f"there is no fact {str(key)[:60]!r}"
            raise UsageError(msg)
    f = {**BASE_KEYS, **facts}
    identity, cards = _identity(f["identity"])
    item = _order_item(f, item_system)
    at = _maybe_time(f, "order.at")
    if at is None:
        msg = "fact 'order.at': an order has a time"
        raise UsageError(msg)
    order = Order(
        id="order-1",
        patient=_ME,
        institution=_institution(f, "order"),
        at=at,
        items=(item,),
        exclusions=tuple(_claim(one, n) for n, one in enumerate(_list(f, "order.exclusions"))),
        encounter=_text(f, "order.encounter"),
    )
    theirs = PatientIdentity(identifiers=cards, name=_text(f, "prior.patient_name"))
    return Case(item, _prior(f, theirs, item_system), order, identity)


def _identity(value: object) -> tuple[IdentityMatch, tuple[Identifier, ...]]:
    known = _IDENTITY.get(value) if isinstance(value, str) else None
    if known is None:
        raise _wrong("identity", value, f"one of {', '.join(_IDENTITY)}")
    return known


def _order_item(f: dict[str, Any], system: str | None) -> OrderItem:
    return OrderItem(
        id="1",
        name="项目",
        code=_concept(f, "order.codings", system),
        kind=_enum(f, "order.kind", ReportKind),
        item=_code(f["order.item"], "order.item", system),
        scale=_maybe(f, "order.scale", Scale),
        specimen_kind=_text(f, "order.specimen"),
        exam=_exam(f, "order.exam"),
        method=_text(f, "order.method"),
        unit=_text(f, "order.unit"),
        reference_text=_text(f, "order.reference"),
    )


def _prior(f: dict[str, Any], patient: PatientIdentity, system: str | None) -> Prior:
    institution = _institution(f, "prior")
    specimen, value = _text(f, "prior.specimen_text"), _text(f, "prior.value")
    proofs = _list(f, "prior.evidence")
    return Prior(
        id="prior-1",
        kind=_enum(f, "prior.kind", ReportKind),
        patient=patient,
        institution=institution,
        name=_text(f, "prior.name") or "",
        status=_enum(f, "prior.status", ResultStatus),
        report_status=_enum(f, "prior.report_status", ReportStatus),
        code=_concept(f, "prior.codings", system),
        item=_code(f["prior.item"], "prior.item", system),
        performed=_maybe_time(f, "prior.performed"),
        reported=_maybe_time(f, "prior.reported"),
        specimen=Concept(text=specimen) if specimen else None,
        specimen_kind=_text(f, "prior.specimen"),
        method=_text(f, "prior.method"),
        scale=_maybe(f, "prior.scale", Scale),
        value=Text(text=value) if value else None,
        unit=_text(f, "prior.unit"),
        reference_text=_text(f, "prior.reference"),
        report_mark=_text(f, "prior.mark"),
        report_mark_known=_flag(f, "prior.mark_known"),
        item_mark=_text(f, "prior.item_mark"),
        item_mark_known=_flag(f, "prior.item_mark_known"),
        starred=_tri(f, "prior.starred"),
        evidence=tuple(_evidence(one, n, institution.id) for n, one in enumerate(proofs)),
        superseded=_tri(f, "prior.superseded"),
        encounter=_text(f, "prior.encounter"),
        exam=_exam(f, "prior.exam"),
        device_model=_text(f, "prior.device_model"),
        has_report=_tri(f, "prior.has_report"),
        has_images=_tri(f, "prior.has_images"),
        series_complete=_tri(f, "prior.series_complete"),
    )


def _institution(f: dict[str, Any], side: str) -> Institution:
    tier, alliances = f[f"{side}.tier"], f[f"{side}.alliances"]
    if tier is not None and (isinstance(tier, bool) or not isinstance(tier, int) or not 0 <= tier <= 3):
        raise _wrong(f"{side}.tier", tier, "0, 1, 2, 3 or null")
    key = f"{side}.alliances"
    return Institution(
        id=_text(f, f"{side}.institution") or "",
        division=_text(f, f"{side}.division"),
        tier=tier,
        grade=_maybe(f, f"{side}.grade", Grade),
        ownership=_maybe(f, f"{side}.ownership", Ownership),
        type=_maybe(f, f"{side}.type", InstitutionType),
        alliances=None if alliances is None else tuple(_word(one, key) for one in _list(f, key)),
    )


def _claim(value: object, n: int) -> ExclusionClaim:
    at = f"order.exclusions[{n}]"
    row = _row(value, at, ("case", "item"), needed=("case",))
    return ExclusionClaim(case=_word(row["case"], f"{at}.case"), item_id=_text(row, "item", at=at) or None)


def _evidence(value: object, n: int, institution: str) -> Evidence:
    at = f"prior.evidence[{n}]"
    row = _row(value, at, ("type", "result", "institution", "item", "from", "to"), needed=("type", "result"))
    return Evidence(
        type=_enum(row, "type", EvidenceType, at=at),
        result=_enum(row, "result", EvidenceResult, at=at),
        institution=_text(row, "institution", at=at) or institution,
        item=_text(row, "item", at=at) or None,
        start=_maybe_time(row, "from", at=at),
        end=_maybe_time(row, "to", at=at),
    )


def _exam(f: dict[str, Any], key: str) -> Exam | None:
    if f[key] is None:
        return None
    row = _row(f[key], key, ("modality", "body_part", "side", "views", "contrast"))
    views = row.get("views")
    found = None if views is None else {_member(one, f"{key}.views", View) for one in _list(row, "views", at=key)}
    return Exam(
        modality=_text(row, "modality", at=key),
        body_part=_text(row, "body_part", at=key),
        side=_maybe(row, "side", Side, at=key),
        views=tuple(sorted(found)) if found else None,
        contrast=_maybe(row, "contrast", Contrast, at=key),
    )


@lru_cache(maxsize=4096)
def _known_code(text: str, system: str | None) -> Code:
    named, bar, value = text.partition("|")
    return Code(system=named or None, code=value) if bar else Code(system=system, code=text)


def _code(value: object, key: str, system: str | None) -> Code | None:
    return None if value is None else _known_code(_word(value, key), system)


def _concept(f: dict[str, Any], key: str, system: str | None) -> Concept:
    return Concept(codings=tuple(_known_code(_word(one, key), system) for one in _list(f, key)))


def _maybe_time(f: Mapping[str, Any], key: str, *, at: str = "") -> When | None:
    text = _text(f, key, at=at)
    if text is None:
        return None
    try:
        return read_time(text)
    except UsageError as error:
        msg = f"fact {_name(at, key)!r}: {error}"
        raise UsageError(msg) from error


def _name(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _wrong(key: str, value: object, wanted: str) -> UsageError:
    return UsageError(f"fact {key!r}: {str(value)[:40]!r} is not {wanted}")


def _word(value: object, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(key, value, "text")
    return value


def _text(f: Mapping[str, Any], key: str, *, at: str = "") -> str | None:
    value = f.get(key)
    if value is not None and not isinstance(value, str):
        raise _wrong(_name(at, key), value, "text or null")
    return value


def _flag(f: Mapping[str, Any], key: str) -> bool:
    value = f[key]
    if not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


def _tri(f: Mapping[str, Any], key: str) -> bool | None:
    value = f[key]
    if value is not None and not isinstance(value, bool):
        raise _wrong(key, value, "true, false or null")
    return value


def _list(f: Mapping[str, Any], key: str, *, at: str = "") -> list[Any]:
    value = f[key]
    if not isinstance(value, list):
        raise _wrong(_name(at, key), value, "a list")
    return value


def _row(value: object, at: str, keys: tuple[str, ...], *, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(at, value, "an object")
    for key in value:
        if key not in keys:
            msg = f"fact {at!r}: there is no key {str(key)[:40]!r}; there are {', '.join(keys)}"
            raise UsageError(msg)
    for key in needed:
        if key not in value:
            msg = f"fact {at!r}: lacks {key!r}"
            raise UsageError(msg)
    return value


def _member(value: object, key: str, kind: type[E]) -> E:
    found: E | None = _members(kind).get(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(key, value, f"one of {', '.join(_members(kind))}")
    return found


@lru_cache(maxsize=32)
def _members(kind: type[E]) -> dict[str, E]:
    return {str(member.value): member for member in kind}


def _enum(f: Mapping[str, Any], key: str, kind: type[E], *, at: str = "") -> E:
    return _member(f[key], _name(at, key), kind)


def _maybe(f: Mapping[str, Any], key: str, kind: type[E], *, at: str = "") -> E | None:
    return None if f.get(key) is None else _enum(f, key, kind, at=at)
