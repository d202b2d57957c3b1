"""From candidate and packs to a verdict with its reasons.

:func:`judge` answers outcome and reasons; :func:`decide` adds the digests that make the answer recomputable;
:func:`choose` puts several answers in order of preference. None of them raises on odd facts or changes what it
is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fhir_hr.model.decisions import Decision, RecognitionOutcome
from fhir_hr.model.identity import IdentityMatch, match_identity
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When
from fhir_hr.rules.candidate import Candidate
from fhir_hr.rules.clock import span
from fhir_hr.rules.digest import decision_id, facts_digest
from fhir_hr.rules.merge import judge_all
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.reasons import Finding
from fhir_hr.rules.verdicts import Verdict, make_verdict, outcome_of, settle

__all__ = ["Verdict", "choose", "decide", "judge", "outcome_of"]

_PREFERENCE = {
    RecognitionOutcome.MUST: 0,
    RecognitionOutcome.MAY: 1,
    RecognitionOutcome.INDETERMINATE: 2,
    RecognitionOutcome.NOT: 3,
}
_FOLDED = 4096


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
    return judge_all(candidate, packs)


def _judge_one(candidate: Candidate, pack: Pack) -> Verdict:
    """Judge under one pack that applies.

    What a set of shared findings adds up to never changes, so it is folded once and kept with the pack; there are
    some thousand such sets, and none holds a fact of a person or an event.
    """
    found: list[Finding] = []
    for check in pack.checks:
        findings = check(candidate)
        if findings:
            found += findings
    if pack.fresh_until is not None:
        found += pack.stale(candidate)
    key = tuple(found)
    known: Verdict | None = pack.folded.get(key)
    if known is None:
        bits, settled = settle(found)
        known = make_verdict(outcome_of(bits), settled, pack.refs, pack.force)
        if len(pack.folded) < _FOLDED and all(finding.shared for finding in key):
            pack.folded[key] = known
    if not pack.ends or known.outcome is RecognitionOutcome.NOT:
        # A block stays one: nothing of it ends by time alone.
        return known
    end = pack.expires(candidate)
    return known if end is None else msgspec.structs.replace(known, expires=When.from_datetime(end))


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
