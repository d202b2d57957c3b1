"""From findings to a verdict: effects are united, reasons put in order, one code once per pack."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from operator import attrgetter

import msgspec

from fhir_hr.model.decisions import ClauseRef, Effect, Force, PackRef, Reason, RecognitionOutcome
from fhir_hr.model.when import When
from fhir_hr.rules.reasons import Finding, Params, reason_texts, sentences
from fhir_hr.rules.vocabulary import BLOCK, DISCRETION, NOTE, OBLIGE, UNKNOWN, CheckKind, ReasonCode

__all__ = ["RANK", "Verdict", "make_verdict", "merge_finding", "outcome_of", "settle"]

RANK = attrgetter("rank")
"""Key of findings in the order in which reasons are told."""


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


def settle(found: list[Finding]) -> tuple[int, list[Finding]]:
    """Put one pack's findings in order, keep one per code (the strongest), and unite their effects."""
    bits = 0
    for finding in found:
        bits |= finding.bit
    if len(found) > 1:
        found.sort(key=RANK)
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


def make_verdict(
    outcome: RecognitionOutcome, found: Iterable[Finding], packs: tuple[PackRef, ...], force: Force | None
) -> Verdict:
    """Make a verdict of findings in order; ``missing`` unites the facts that they lacked."""
    missing: tuple[str, ...] = ()
    reasons = []
    for finding in found:
        reasons.append(finding.reason)
        if finding.missing:
            missing += finding.missing
    return Verdict(
        outcome=outcome,
        reasons=tuple(reasons),
        packs=packs,
        force=force if outcome is RecognitionOutcome.MUST else None,
        missing=tuple(dict.fromkeys(missing)) if missing else missing,
    )


def merge_finding(code: ReasonCode, kind: CheckKind, effect: Effect, params: Params, reading: str) -> Finding:
    """Make a finding that is no pack's own: no pack applies, or several packs disagree."""
    text = reason_texts()[code.value]
    zh, en = sentences(text, params)
    reason = Reason(
        code=code.value,
        check=kind.value,
        effect=effect,
        clause=ClauseRef(document=None, clause=None, interpretation=reading),
        pack="",
        params=params,
        zh=zh,
        en=en,
    )
    bit = UNKNOWN if effect is Effect.UNKNOWN else NOTE
    return Finding(bit=bit, rank=text.rank, reason=reason, missing=text.facts if bit == UNKNOWN else ())
