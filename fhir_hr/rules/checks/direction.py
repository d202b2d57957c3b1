"""Who recognises whom: levels, grades, ownership, kinds, assessment and alliances of both institutions.

Every question is three-valued: what is not known of an institution leaves the direction unknown, unless another
part already excludes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from fhir_hr.model.decisions import Effect
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.model.priors import Grade, Institution, InstitutionType, Ownership
from fhir_hr.rules.candidate import Candidate, Check
from fhir_hr.rules.check_specs import DirectionCase, DirectionSpec, Party, Rank
from fhir_hr.rules.checks.quality import Published, proof_row
from fhir_hr.rules.clock import Span, parse_day, within
from fhir_hr.rules.lists import Lists
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.schema import InstitutionRow
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_direction"]

_KEPT = 4096
"""How many answers on two institutions, each with its standing, a pack keeps."""

_Standing: TypeAlias = tuple[Institution, int, int, tuple[bool | None, ...], bool | None]
"""An institution as stated; place of its row, and of the first that may count, on the list (-1: none); whether each
of its memberships counts; whether it is assessed."""

_HEIGHT = {Grade.SPECIAL: 3, Grade.A: 2, Grade.B: 1, Grade.C: 0}


class _Side(msgspec.Struct):
    """What is known of one institution at its time; lives for one decision only."""

    tier: int | None
    grade: Grade | None
    ownership: Ownership | None
    type: InstitutionType | None
    assessed: bool | None
    alliances: frozenset[str] | None
    perhaps: frozenset[str]


def bind_direction(spec: DirectionSpec, voice: Voice) -> Check:
    """Bind: the first case that is not false decides.

    True → its ``then``; not to be told → ``on_unknown``; all false → ``otherwise``.
    """
    kind = CheckKind.DIRECTION
    met = {n: voice.varying(_code(case.then.effect), kind, case.then) for n, case in enumerate(spec.cases)}
    otherwise = voice.varying(ReasonCode.DIR_NOT_OBLIGED, kind, spec.otherwise)
    unknown = voice.fixed(ReasonCode.DIR_UNKNOWN, kind, spec.on_unknown)
    facts = _Facts(spec, voice.lists, voice.content.effective.zone)

    answers: dict[tuple[_Standing, _Standing], Findings] = {}

    def check(c: Candidate) -> Findings:
        key = facts.standing(c.prior.institution, c.performed, c), facts.standing(c.order.institution, c.at, c)
        known = answers.get(key)
        if known is None:
            known = ask(facts.side(key[0]), facts.side(key[1]))
            if len(answers) < _KEPT:
                answers[key] = known
        return known

    def ask(issuer: _Side, receiver: _Side) -> Findings:
        for n, case in enumerate(spec.cases):
            answer = _holds(case, issuer, receiver)
            if answer is None:
                return unknown
            if answer:
                return met[n](_said(issuer, receiver), ())
        return otherwise(_said(issuer, receiver), ())

    return check


def _code(effect: Effect) -> ReasonCode:
    return ReasonCode.DIR_MET if effect in (Effect.OBLIGE, Effect.NOTE) else ReasonCode.DIR_NOT_OBLIGED


def _holds(case: DirectionCase, issuer: _Side, receiver: _Side) -> bool | None:
    answers = [_fits(case.issuer, issuer), _fits(case.receiver, receiver)]
    if case.same_tier:
        both = issuer.tier is not None and receiver.tier is not None
        answers.append(issuer.tier == receiver.tier if both else None)
    if case.same_alliance:
        answers.append(_allied(issuer, receiver))
    return _all(answers)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued "all": false beats unknown beats true."""
    out: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            out = None
    return out


def _fits(party: Party, side: _Side) -> bool | None:
    answers: list[bool | None] = []
    if party.tiers:
        answers.append(None if side.tier is None else side.tier in party.tiers)
    if party.at_least is not None:
        answers.append(_reaches(side, party.at_least, above=True))
    if party.at_most is not None:
        answers.append(_reaches(side, party.at_most, above=False))
    if party.ownership is not None:
        answers.append(None if side.ownership is None else side.ownership is party.ownership)
    if party.types:
        answers.append(None if side.type is None else side.type in party.types)
    if party.assessed is not None:
        answers.append(None if side.assessed is None else side.assessed is party.assessed)
    return _all(answers)


def _reaches(side: _Side, line: Rank, *, above: bool) -> bool | None:
    if side.tier is None:
        return None
    if side.tier != line.tier:
        return (side.tier > line.tier) is above
    if line.grade is None:
        return True
    if side.grade is None:
        return None
    have, want = _HEIGHT[side.grade], _HEIGHT[line.grade]
    return have >= want if above else have <= want


def _allied(a: _Side, b: _Side) -> bool | None:
    mine, theirs = a.alliances or frozenset(), b.alliances or frozenset()
    if mine & theirs:
        return True
    if (mine | a.perhaps) & (theirs | b.perhaps):
        return None
    return None if a.alliances is None or b.alliances is None else False


def _said(issuer: _Side, receiver: _Side) -> tuple[tuple[str, str], ...]:
    return ("issuer", _words(issuer)), ("receiver", _words(receiver))


def _words(side: _Side) -> str:
    words = [
        None if side.tier is None else f"tier-{side.tier}",
        None if side.grade is None else side.grade.value,
        None if side.ownership is None else side.ownership.value,
        None if side.type is None else side.type.value,
        None if side.assessed is None else "assessed" if side.assessed else "not-assessed",
    ]
    return ",".join(word for word in words if word) or "–"


class _Facts:
    """Finds what is known of an institution: its row on the pack's list first, then what is stated with the facts."""

    def __init__(self, spec: DirectionSpec, lists: Lists, zone: str) -> None:
        self._lists = lists
        self._zone = zone
        self._assessments = Published(lists.quality, EvidenceType.ASSESSMENT)
        parties = [party for case in spec.cases for party in (case.issuer, case.receiver)]
        self._asks_assessment = any(party.assessed is not None for party in parties)
        self._asks_alliance = any(case.same_alliance for case in spec.cases)

    def standing(self, place: Institution, at: Span | None, c: Candidate) -> _Standing:
        """What the pack's lists say of an institution at a time, short enough to be looked up."""
        uscc, row, perhaps = place.id, -1, -1
        if uscc in self._lists.institutions:
            for n, (_, start, end) in enumerate(self._lists.institutions.of(uscc)):
                counts = within(start, end, at)
                if counts:
                    row, perhaps = n, -1
                    break
                if counts is None and perhaps < 0:
                    perhaps = n
        allied: tuple[bool | None, ...] = ()
        if self._asks_alliance and uscc in self._lists.alliances:
            allied = tuple(within(start, end, at) for _, start, end in self._lists.alliances.of(uscc))
        assessed = self._assessed(uscc, row, at, c) if self._asks_assessment else None
        return place, row, perhaps, allied, assessed

    def side(self, standing: _Standing) -> _Side:
        """What is known of an institution: its row first, then what is stated with the facts."""
        place, at_row, at_perhaps, allied, assessed = standing
        rows = self._lists.institutions.of(place.id)
        row = rows[at_row][0] if at_row >= 0 else None
        perhaps = rows[at_perhaps][0] if at_perhaps >= 0 else None
        members = [row.alliance for row, _, _ in self._lists.alliances.of(place.id)] if allied else []
        sure = {alliance for alliance, counts in zip(members, allied, strict=True) if counts}
        known = place.alliances is not None or bool(sure)
        return _Side(
            tier=_cell("tier", row, perhaps, place),
            grade=_cell("grade", row, perhaps, place),
            ownership=_cell("ownership", row, perhaps, place),
            type=_cell("type", row, perhaps, place),
            assessed=assessed,
            alliances=frozenset(sure | set(place.alliances or ())) if known else None,
            perhaps=frozenset(alliance for alliance, counts in zip(members, allied, strict=True) if counts is None),
        )

    def _assessed(self, uscc: str, at_row: int, at: Span | None, c: Candidate) -> bool | None:
        evidence = self._evidence(uscc, at, c) if c.prior.evidence or self._assessments else {}
        if EvidenceResult.FAILED in evidence:
            return False if evidence[EvidenceResult.FAILED] else None
        if evidence.get(EvidenceResult.PASSED):
            return True
        listed: bool | None = None
        if at_row >= 0:
            row = self._lists.institutions.of(uscc)[at_row][0]
            since = parse_day(row.assessed_from, zone=self._zone)
            listed = False if since is None else within(since, None, at)
            if listed:
                return True
        if EvidenceResult.PASSED in evidence:
            return None
        return False if evidence.get(EvidenceResult.NOT_ASSESSED) else listed

    def _evidence(self, uscc: str, at: Span | None, c: Candidate) -> dict[EvidenceResult, bool | None]:
        """Results of assessments that are, or (``None``) may be, in force at the time."""
        item = c.prior.item.code if c.prior.item is not None else None
        own = (
            proof_row(proof)
            for proof in c.prior.evidence
            if proof.type is EvidenceType.ASSESSMENT and proof.institution == uscc
        )
        found: dict[EvidenceResult, bool | None] = {}
        for of, result, start, end, readable in (*self._assessments.of(uscc), *own):
            if of is not None and of != item:
                continue
            holds = within(start, end, at) if readable else None
            if holds is not False:
                found[result] = True if holds or found.get(result) else None
        return found


def _cell(name: str, row: InstitutionRow | None, perhaps: InstitutionRow | None, place: Institution) -> Any:  # noqa: ANN401
    if row is not None and (listed := getattr(row, name)) is not None:
        return listed
    if perhaps is not None and getattr(perhaps, name) is not None:
        # A row that may or may not count yet: what it states is not known.
        return None
    return getattr(place, name)
