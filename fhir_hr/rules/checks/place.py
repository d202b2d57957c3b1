"""Where does it come from: own hospital, institution list, suspension, negative list."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import InstitutionSpec, NegativeSpec, OwnHospitalSpec
from fhir_hr.rules.clock import within
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ListState, ReasonCode

__all__ = ["bind_institution", "bind_negative_list", "bind_own_hospital"]


def bind_own_hospital(spec: OwnHospitalSpec, voice: Voice) -> Check:
    """Bind: issuer and receiver are one institution → ``on_same``; even one visit there → ``on_same_encounter``."""
    kind = CheckKind.OWN_HOSPITAL
    same = voice.fixed(ReasonCode.OWN_HOSPITAL, kind, spec.on_same)
    visit = same
    if spec.on_same_encounter is not None:
        visit = voice.fixed(ReasonCode.SAME_ENCOUNTER, kind, spec.on_same_encounter)

    def check(c: Candidate) -> Findings:
        issuer = c.prior.institution.id
        if not issuer or issuer != c.order.institution.id:
            return NOTHING
        encounter = c.prior.encounter
        return visit if encounter and encounter == c.order.encounter else same

    return check


def bind_institution(spec: InstitutionSpec, voice: Voice) -> Check:
    """Bind: not on the institution list → ``on_unlisted``; on it → ``on_listed``, where the pack has it.

    Suspended, itself or for this item → ``on_suspended``; the performed time does not tell → ``on_unknown``. Not
    among the rows of a pack that does not hold the whole list → ``on_open``, where the pack has it.
    """
    kind = CheckKind.INSTITUTION
    listed, suspensions, system = voice.lists.institutions, voice.lists.suspensions, voice.lists.system
    whole = voice.content.institutions_state is ListState.COMPLETE
    unlisted = voice.fixed(ReasonCode.INSTITUTION_UNLISTED, kind, spec.on_unlisted)
    stopped = voice.fixed(ReasonCode.INSTITUTION_SUSPENDED, kind, spec.on_suspended)
    unknown = voice.fixed(ReasonCode.INSTITUTION_UNKNOWN, kind, spec.on_unknown)
    met = voice.fixed(ReasonCode.INSTITUTION_LISTED, kind, spec.on_listed) if spec.on_listed else NOTHING
    opened = voice.fixed(ReasonCode.INSTITUTION_LIST_OPEN, kind, spec.on_open) if spec.on_open else NOTHING

    unheld = unlisted if whole else opened
    silent = not listed and not suspensions

    def check(c: Candidate) -> Findings:
        if silent:
            return unheld
        uscc, performed = c.prior.institution.id, c.performed
        halted: bool | None = False
        if uscc in suspensions:
            item = c.prior.item
            known = item is not None and item.system == system
            code = item.code if item is not None and known else None
            halted = _any(
                within(start, end, performed) if row.item is None or known else _maybe(within(start, end, performed))
                for row, start, end in suspensions.of(uscc)
                if row.item is None or item is None or row.item == code
            )
            if halted:
                return stopped
        rows = listed.of(uscc)
        if not rows:
            return unheld if whole or halted is False else unknown
        standing = _any(within(start, end, performed) for _, start, end in rows)
        if standing is False:
            return unlisted
        return unknown if standing is None or halted is None else met

    return check


def bind_negative_list(spec: NegativeSpec, voice: Voice) -> Check:
    """Bind: the prior's item stands on the negative list at order time → ``on_listed``.

    The time does not tell → ``on_unknown``.
    """
    negative, system = voice.lists.negative, voice.lists.system
    empty = not negative
    hit = voice.varying(ReasonCode.NEGATIVE_LIST, CheckKind.NEGATIVE_LIST, spec.on_listed)
    unknown = voice.varying(ReasonCode.NEGATIVE_UNKNOWN, CheckKind.NEGATIVE_LIST, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        item = c.prior.item
        if empty or item is None or item.system != system:
            return NOTHING
        on_list = _any(within(start, end, c.at) for _, start, end in negative.of(item.code))
        if on_list is False:
            return NOTHING
        return (hit if on_list else unknown)((("item", item.code),), ())

    return check


def _maybe(answer: bool | None) -> bool | None:
    """A suspended item, of a prior whose item is not known: it may be that one."""
    return None if answer is not False else False


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued "any": true beats unknown beats false."""
    out: bool | None = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            out = None
    return out
