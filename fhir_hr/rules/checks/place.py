"""Where does it come from: own hospital, institution list, suspension, negative list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import InstitutionSpec, NegativeSpec, OwnHospitalSpec
from fhir_hr.rules.clock import Span, parse_day, within
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_institution", "bind_negative_list", "bind_own_hospital"]

_Period = tuple[Span | None, Span | None]


def bind_own_hospital(spec: OwnHospitalSpec, voice: Voice) -> Check:
    """Bind: issuer and receiver are one institution → ``on_same``."""
    same = voice.fixed(ReasonCode.OWN_HOSPITAL, CheckKind.OWN_HOSPITAL, spec.on_same)

    def check(c: Candidate) -> Findings:
        issuer = c.prior.institution.id
        return same if issuer and issuer == c.order.institution.id else NOTHING

    return check


def bind_institution(spec: InstitutionSpec, voice: Voice) -> Check:
    """Bind: not on the institution list → ``on_unlisted``.

    Suspended, itself or for this item → ``on_suspended``; the performed time does not tell → ``on_unknown``.
    """
    content = voice.content
    zone = content.effective.zone
    listed: dict[str, list[_Period]] = defaultdict(list)
    suspended: dict[str, list[tuple[str | None, _Period]]] = defaultdict(list)
    for row in content.institutions:
        listed[row.uscc].append((parse_day(row.start, zone=zone), parse_day(row.end, zone=zone)))
    for stop in content.suspensions:
        period = (parse_day(stop.start, zone=zone), parse_day(stop.end, zone=zone))
        suspended[stop.uscc].append((stop.item, period))
    unlisted = voice.fixed(ReasonCode.INSTITUTION_UNLISTED, CheckKind.INSTITUTION, spec.on_unlisted)
    stopped = voice.fixed(ReasonCode.INSTITUTION_SUSPENDED, CheckKind.INSTITUTION, spec.on_suspended)
    unknown = voice.fixed(ReasonCode.INSTITUTION_UNKNOWN, CheckKind.INSTITUTION, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        uscc, item = c.prior.institution.id, c.prior.item
        standing = _any(within(start, end, c.performed) for start, end in listed.get(uscc, ()))
        halted = _any(
            within(start, end, c.performed) if of is None or item else None
            for of, (start, end) in suspended.get(uscc, ())
            if of is None or item is None or of == item.code
        )
        if halted:
            return stopped
        if standing is False:
            return unlisted
        return unknown if standing is None or halted is None else NOTHING

    return check


def bind_negative_list(spec: NegativeSpec, voice: Voice) -> Check:
    """Bind: the prior's item stands on the negative list at order time → ``on_listed``.

    The time does not tell → ``on_unknown``.
    """
    content = voice.content
    zone = content.effective.zone
    rows: dict[str, list[_Period]] = defaultdict(list)
    for row in content.negative:
        rows[row.item].append((parse_day(row.start, zone=zone), parse_day(row.end, zone=zone)))
    hit = voice.varying(ReasonCode.NEGATIVE_LIST, CheckKind.NEGATIVE_LIST, spec.on_listed)
    unknown = voice.varying(ReasonCode.NEGATIVE_UNKNOWN, CheckKind.NEGATIVE_LIST, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        item = c.prior.item
        if item is None or item.system != content.item_system:
            return NOTHING
        on_list = _any(within(start, end, c.at) for start, end in rows.get(item.code, ()))
        if on_list is False:
            return NOTHING
        return (hit if on_list else unknown)((("item", item.code),), ())

    return check


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued "any": true beats unknown beats false."""
    out: bool | None = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            out = None
    return out
