"""Is it the same person?"""

from __future__ import annotations

from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import IdentitySpec
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_identity"]


def bind_identity(spec: IdentitySpec, voice: Voice) -> Check:
    """Bind: disproved → ``on_mismatch``; neither proved nor disproved → ``on_unknown``.

    The values compared are the *kinds* of fact that agree or differ, never the facts.
    """
    mismatch = voice.varying(ReasonCode.IDENTITY_MISMATCH, CheckKind.IDENTITY, spec.on_mismatch)
    unproven = voice.varying(ReasonCode.IDENTITY_UNPROVEN, CheckKind.IDENTITY, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        match = c.identity
        if match.same is True:
            return NOTHING
        differ = ("differ", ",".join(match.differ) or "–")
        if match.same is False:
            return mismatch((differ,), ())
        return unproven((("agree", ",".join(match.agree) or "–"), differ), ())

    return check
