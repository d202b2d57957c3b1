"""Did a clinician assert one of the cases in which recognition is at their discretion?"""

from __future__ import annotations

from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ExclusionSpec
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_exclusion"]


def bind_exclusion(spec: ExclusionSpec, voice: Voice) -> Check:
    """Bind: a claim of a case that the pack has → ``on_claim``; of another → ``on_unknown``.

    A claim without item holds for the whole order. Nothing is ever inferred here: no claim, no finding.
    """
    known = {case.case for case in voice.content.exclusions}
    claimed = voice.varying(ReasonCode.EXCLUSION, CheckKind.EXCLUSION, spec.on_claim)
    unknown = voice.varying(ReasonCode.EXCLUSION_UNKNOWN, CheckKind.EXCLUSION, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        if not c.order.exclusions:
            return NOTHING
        mine = {claim.case for claim in c.order.exclusions if claim.item_id in (None, c.item.id)}
        found = NOTHING
        if mine & known:
            found += claimed((("cases", ",".join(sorted(mine & known))),), ())
        if mine - known:
            found += unknown((("cases", ",".join(sorted(mine - known))),), ())
        return found

    return check
