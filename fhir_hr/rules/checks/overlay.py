"""What the receiving hospital's own overlay leaves to its physicians: must → may, for a case that the text has."""

from __future__ import annotations

from fhir_hr.model.decisions import Effect
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import Then
from fhir_hr.rules.clock import within
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_overlay"]


def bind_overlay(voice: Voice) -> Check | None:
    """Bind the weakened rows of a pack; ``None`` when there are none.

    A row counts for orders of the overlay's own institution, for the ordered item (or all), unless order time surely
    lies outside its period. It can only lower must to may.
    """
    content = voice.content
    if not content.weaken:
        return None
    here = frozenset(overlay.institution for overlay in content.overlays)
    clauses = {case.case: case.clause for case in content.exclusions}
    weaken, system = voice.lists.weaken, voice.lists.system
    findings = {
        (row.case, row.reason): voice.fixed(
            ReasonCode.OVERLAY,
            CheckKind.OVERLAY,
            Then(effect=Effect.DISCRETION, clause=clauses.get(row.case)),
            params=(("case", row.case), ("reason", row.reason)),
        )
        for row in content.weaken
    }

    def check(c: Candidate) -> Findings:
        if c.order.institution.id not in here:
            return NOTHING
        item = c.item.item
        own = weaken.of(item.code) if item is not None and item.system == system else ()
        for row, start, end in (*own, *weaken.of("")):
            if within(start, end, c.at) is not False:
                return findings[row.case, row.reason]
        return NOTHING

    return check
