"""From candidate and packs to a verdict with its reasons.

:func:`judge` answers outcome and reasons; :func:`decide` adds the digests that make the answer recomputable;
:func:`choose` puts several answers in order of preference. None of them raises on odd facts or changes what it
is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

import msgspec

from fhir_hr.model.decisions import (
    ClauseRef,
    Decision,
    Effect,
    Force,
    PackRef,
    Reason,
    RecognitionOutcome,
)
from fhir_hr.model.identity import IdentityMatch, match_identity
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When
from fhir_hr.rules.candidate import Candidate
from fhir_hr.rules.clock import span
from fhir_hr.rules.digest import decision_id, facts_digest
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.reasons import Finding, reason_texts
from fhir_hr.rules.vocabulary import BLOCK, DISCRETION, NOTE, OBLIGE, UNKNOWN, CheckKind, ReasonCode

__all__ = ["Verdict", "choose", "decide", "judge", "outcome_of"]

_PREFERENCE = {
    RecognitionOutcome.MUST: 0,
    RecognitionOutcome.MAY: 1,
    RecognitionOutcome.INDETERMINATE: 2,
    RecognitionOutcome.NOT: 3,
}
_RANK = attrgetter("rank")
_FOLDED = 4096
_STRENGTH = {Force.SHALL_NOT_REPEAT: 0, Force.IN_PRINCIPLE: 1}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the packs say of one candidate, before it is pinned by digests.

    Attributes:
        reasons: in (stage, code, pack) order; one code once per pack.
        packs: the packs that were asked, in order of id.
    """

    outcome: RecognitionOutcome
    reasons: tuple[Reason, ...]
    packs: tuple[PackRef, ...]
    force: Force | None = None
    expires: When | None = None
    missing: tuple[str, ...] = ()


def outcome_of(bits: int) -> RecognitionOutcome:
    """Fold effects into an outcome.

    Any block → not; else any unknown → indeterminate; else any discretion → may; else must, if anything
    obliges; else may.

    Example:
        >>> outcome_of(OBLIGE | NOTE), outcome_of(OBLIGE | BLOCK)
        (<RecognitionOutcome.MUST: 'must'>, <RecognitionOutcome.NOT: 'not'>)
    """
    if bits & BLOCK:
        return RecognitionOutcome.NOT
    if bits & UNKNOWN:
        return RecognitionOutcome.INDETERMINATE
    if bits & DISCRETION or not bits & OBLIGE:
        return RecognitionOutcome.MAY
    return RecognitionOutcome.MUST


def judge(
    item: OrderItem, prior: Prior, *, order: Order, packs: Sequence[Pack], identity: IdentityMatch | None = None
) -> Verdict:
    """Judge one candidate.

    Args:
        item: the ordered item, after panels were expanded.
        prior: the result that exists.
        order: the order that ``item`` belongs to; its time is the moment of judgement.
        packs: the packs to ask, in any order.
        identity: the answer of ``match_identity(order.patient, prior.patient)``, where the caller has it already
            for this prior's patient; worked out here otherwise.
    """
    if identity is None:
        identity = match_identity(order.patient, prior.patient)
    candidate = Candidate(item, prior, order, identity, span(order.at), span(prior.performed))
    if len(packs) == 1:
        pack = packs[0]
        if pack.applies(candidate):
            return _judge_one(candidate, pack)
    return _judge_all(candidate, packs)


def _judge_one(candidate: Candidate, pack: Pack) -> Verdict:
    """Judge under one pack that applies.

    What a set of shared findings adds up to never changes, so it is folded once and kept with the pack; there are
    some thousand such sets, and none holds a fact of a person or an event.
    """
    found = _findings(pack, candidate)
    key = tuple(found)
    known: Verdict | None = pack.folded.get(key)
    if known is None:
        bits, settled = _settle(found)
        known = _verdict(outcome_of(bits), settled, pack.refs, pack.force)
        if len(pack.folded) < _FOLDED and all(finding.shared for finding in key):
            pack.folded[key] = known
    return _dated(known, (pack,), candidate) if pack.ends else known


def _findings(pack: Pack, candidate: Candidate) -> list[Finding]:
    found: list[Finding] = []
    for check in pack.checks:
        findings = check(candidate)
        if findings:
            found += findings
    return found


def _settle(found: list[Finding]) -> tuple[int, list[Finding]]:
    """Put findings in order, keep one per code (the strongest), and unite their effects."""
    bits = 0
    for finding in found:
        bits |= finding.bit
    if len(found) > 1:
        found.sort(key=_RANK)
        if any(a.rank == b.rank for a, b in pairwise(found)):
            found = _strongest(found)
    return bits, found


def _strongest(found: list[Finding]) -> list[Finding]:
    best: dict[int, Finding] = {}
    for finding in found:
        kept = best.get(finding.rank)
        if kept is None or finding.bit > kept.bit:
            best[finding.rank] = finding
    return list(best.values())


def _judge_all(candidate: Candidate, packs: Sequence[Pack]) -> Verdict:
    """Merge: any pack that obliges → must; blocks and unknowns of all packs united; disagreement is told."""
    asked: list[Pack] = []
    answers: list[tuple[Pack, int, list[Finding]]] = []
    for pack in _distinct(packs):
        applies = pack.applies(candidate)
        if applies is False:
            continue
        found = _findings(pack, candidate)
        bits, found = _settle(found if applies else [*pack.unknown, *found])
        asked.append(pack)
        answers.append((pack, bits, found))
    if not answers:
        return _verdict(RecognitionOutcome.INDETERMINATE, [_no_pack(candidate)], (), None)
    outcomes = [outcome_of(bits) for _, bits, _ in answers]
    united = 0
    for _, bits, _ in answers:
        united |= bits
    outcome = outcome_of(united)
    if outcome is RecognitionOutcome.MAY and RecognitionOutcome.MUST in outcomes:
        outcome = RecognitionOutcome.MUST
    # Findings keep their packs' order (by id) inside one rank: sort is stable.
    merged = sorted((finding for _, _, found in answers for finding in found), key=_RANK)
    if len(set(outcomes)) > 1:
        merged.append(_conflict(asked, outcomes))
    forces = [pack.force for pack, bits, _ in answers if pack.force and bits & OBLIGE and not bits & DISCRETION]
    force = min(forces, key=_STRENGTH.__getitem__, default=None)
    refs = tuple(pack.ref for pack in asked)
    return _dated(_verdict(outcome, merged, refs, force), tuple(asked), candidate)


def _distinct(packs: Iterable[Pack]) -> list[Pack]:
    by_digest = {pack.ref.digest: pack for pack in packs}
    return sorted(by_digest.values(), key=lambda pack: (pack.ref.id, pack.ref.version, pack.ref.digest))


def _verdict(
    outcome: RecognitionOutcome,
    found: list[Finding],
    packs: tuple[PackRef, ...],
    force: Force | None,
) -> Verdict:
    missing: tuple[str, ...] = ()
    for finding in found:
        if finding.missing:
            missing += finding.missing
    return Verdict(
        outcome=outcome,
        reasons=tuple([finding.reason for finding in found]),
        packs=packs,
        force=force if outcome is RecognitionOutcome.MUST else None,
        missing=tuple(dict.fromkeys(missing)) if missing else missing,
    )


def _dated(verdict: Verdict, packs: tuple[Pack, ...], candidate: Candidate) -> Verdict:
    """Add when the answer may change by time alone; a block stays one."""
    if verdict.outcome is RecognitionOutcome.NOT:
        return verdict
    ends = [end for pack in packs if (end := pack.expires(candidate)) is not None]
    if not ends:
        return verdict
    return msgspec.structs.replace(verdict, expires=When.from_datetime(min(ends)))


def _no_pack(candidate: Candidate) -> Finding:
    receiver = candidate.order.institution.division or "–"
    return _own_finding(
        ReasonCode.PACK_NONE, CheckKind.APPLIES, Effect.UNKNOWN, (("receiver", receiver),), "no pack, no judgement"
    )


def _conflict(packs: list[Pack], outcomes: list[RecognitionOutcome]) -> Finding:
    params = (("outcomes", ",".join(outcomes)), ("packs", ",".join(pack.ref.id for pack in packs)))
    return _own_finding(
        ReasonCode.CONFLICT, CheckKind.MERGE, Effect.NOTE, params, "any pack that obliges counts; blocks are united"
    )


def _own_finding(
    code: ReasonCode, kind: CheckKind, effect: Effect, params: tuple[tuple[str, str], ...], reading: str
) -> Finding:
    text = reason_texts()[code.value]
    said = dict(params)
    reason = Reason(
        code=code.value,
        check=kind.value,
        effect=effect,
        clause=ClauseRef(document=None, clause=None, interpretation=reading),
        pack="",
        params=params,
        zh=text.sentence_zh.format_map(said),
        en=text.sentence_en.format_map(said),
    )
    bit = UNKNOWN if effect is Effect.UNKNOWN else NOTE
    return Finding(bit=bit, rank=text.rank, reason=reason, missing=text.facts)


def decide(
    item: OrderItem, prior: Prior, *, order: Order, packs: Sequence[Pack], identity: IdentityMatch | None = None
) -> Decision:
    """Judge one candidate and pin the answer: digest of the facts, id from packs, facts and order time.

    See :func:`judge` for the arguments.
    """
    if identity is None:
        identity = match_identity(order.patient, prior.patient)
    verdict = judge(item, prior, order=order, packs=packs, identity=identity)
    facts = facts_digest(item, prior, order=order, identity=identity)
    return Decision(
        id=decision_id(verdict.packs, facts=facts, as_of=order.at),
        outcome=verdict.outcome,
        reasons=verdict.reasons,
        packs=verdict.packs,
        facts_digest=facts,
        as_of=order.at,
        order_item=item.id,
        prior=prior.id,
        force=verdict.force,
        expires=verdict.expires,
        missing=verdict.missing,
    )


def choose(decisions: Iterable[Decision], priors: Mapping[str, Prior]) -> tuple[Decision, ...]:
    """Put decisions on one order item in order of preference. A total order.

    By outcome (must, may, indeterminate, not), then performed latest first, then reported latest first, then
    the prior's id. A time that is unknown, or a prior that is not among ``priors``, comes last.

    Args:
        decisions: decisions on one order item.
        priors: the priors by id.
    """
    return tuple(sorted(decisions, key=lambda decision: _preference(decision, priors.get(decision.prior))))


def _preference(decision: Decision, prior: Prior | None) -> tuple[int, float, float, str, str]:
    performed = reported = float("inf")
    if prior is not None:
        performed, reported = _latest_first(prior.performed), _latest_first(prior.reported)
    return _PREFERENCE[decision.outcome], performed, reported, decision.prior, decision.id


def _latest_first(when: When | None) -> float:
    at = span(when)
    return float("inf") if at is None else -at[0].total_seconds()
