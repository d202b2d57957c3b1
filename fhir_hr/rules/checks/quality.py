"""What is known of the issuer's quality for this item at the time performed?"""

from __future__ import annotations

from typing import TypeAlias

from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import QualitySpec
from fhir_hr.rules.clock import Span, span, within
from fhir_hr.rules.lists import Dated
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.schema import QualityRow
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["ProofRow", "Published", "bind_quality", "proof_row"]

ProofRow: TypeAlias = tuple[str | None, EvidenceResult, Span | None, Span | None, bool]
"""Item or all, result, from, until, and whether that period could be read."""

_CODES = {
    EvidenceType.EQA: (ReasonCode.EQA_FAIL, ReasonCode.EQA_ABSENT, ReasonCode.EQA_UNKNOWN),
    EvidenceType.IQC: (ReasonCode.IQC_FAIL, ReasonCode.IQC_ABSENT, ReasonCode.IQC_UNKNOWN),
    EvidenceType.ASSESSMENT: (
        ReasonCode.ASSESSMENT_FAIL,
        ReasonCode.ASSESSMENT_ABSENT,
        ReasonCode.ASSESSMENT_UNKNOWN,
    ),
}


def bind_quality(spec: QualitySpec, voice: Voice) -> Check:
    """Bind: a failure in force at performed time → ``on_fail``, whatever else passed and whatever is printed.

    Else a failure that may have been in force → ``on_unclear``; else a pass → nothing; else known not assessed →
    ``on_not_assessed``; else no evidence → ``on_unknown``.

    Evidence is the pack's quality table and what the prior brings; it counts for its own institution, its type,
    and its item (or all items).
    """
    fail_code, absent_code, unknown_code = _CODES[spec.evidence]
    kind = CheckKind.QUALITY
    fail = voice.fixed(fail_code, kind, spec.on_fail)
    absent = voice.fixed(absent_code, kind, spec.on_not_assessed)
    unknown = voice.fixed(unknown_code, kind, spec.on_unknown)
    unclear = voice.fixed(unknown_code, kind, spec.on_unclear)
    published = Published(voice.lists.quality, spec.evidence)
    wanted = spec.evidence

    def check(c: Candidate) -> Findings:
        prior = c.prior
        if not prior.evidence and not published:
            return unknown
        issuer, item = prior.institution.id, prior.item.code if prior.item is not None else None
        unsure = passed = missed = False
        rows = published.of(issuer) if published else ()
        if prior.evidence:
            rows = (*rows, *(proof_row(p) for p in prior.evidence if p.type == wanted and p.institution == issuer))
        for of, result, start, end, readable in rows:
            if of is not None and of != item:
                continue
            holds = within(start, end, c.performed) if readable else None
            if result == EvidenceResult.FAILED:
                if holds:
                    return fail
                unsure = unsure or holds is None
            elif holds:
                passed = passed or result == EvidenceResult.PASSED
                missed = missed or result == EvidenceResult.NOT_ASSESSED
        if unsure:
            return unclear
        if passed:
            return NOTHING
        return absent if missed else unknown

    return check


class Published:
    """The evidence of one type in a pack's quality table, by institution; read when it is first asked for."""

    __slots__ = ("_known", "_rows", "_wanted")

    def __init__(self, rows: Dated[QualityRow], wanted: EvidenceType) -> None:
        self._rows = rows
        self._wanted = wanted
        self._known: dict[str, tuple[ProofRow, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def of(self, institution: str) -> tuple[ProofRow, ...]:
        """Return the evidence of an institution."""
        if institution not in self._rows:
            return ()
        known = self._known.get(institution)
        if known is None:
            known = tuple(
                (row.item, row.result, start, end, True)
                for row, start, end in self._rows.of(institution)
                if row.type is self._wanted
            )
            self._known[institution] = known
        return known


def proof_row(proof: Evidence) -> ProofRow:
    """Return a prior's own evidence in the shape of the published one."""
    start, end = span(proof.start), span(proof.end)
    # A period that was stated but cannot be read must not turn into an open one.
    readable = (start is not None or proof.start is None) and (end is not None or proof.end is None)
    return proof.item, proof.result, start, end, readable
