"""What of issuer and receiver a direction can tell apart.

Whether one institution fits what a case asks of one side is answered by the check itself, under a direction that asks
for nothing else. So each side comes down to a handful of answers before the two are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from fhir_hr.model.decisions import Effect
from fhir_hr.model.flags import EvidenceType
from fhir_hr.rules.bulk.columns import Chunk
from fhir_hr.rules.bulk.facets import Asked, Facet, Fold
from fhir_hr.rules.bulk.lists import ListFacets
from fhir_hr.rules.candidate import Check
from fhir_hr.rules.check_specs import DirectionCase, DirectionSpec, Party, Then
from fhir_hr.rules.checks import bind_check
from fhir_hr.rules.reasons import Voice

__all__ = ["direction_facets"]

_TIME = {"prior": "prior.performed", "order": "order.at"}
_YES = Then(effect=Effect.NOTE, interpretation="asked of one side")
_NO = Then(effect=Effect.DISCRETION, interpretation="asked of one side")
_UNKNOWN = Then(effect=Effect.UNKNOWN, interpretation="asked of one side")


def direction_facets(spec: DirectionSpec, voice: Voice, lists: ListFacets) -> tuple[Facet, ...]:
    """Return a facet for each side, and one for the alliances they share."""
    parties = {
        "prior": [case.issuer for case in spec.cases],
        "order": [case.receiver for case in spec.cases],
    }
    if any(case.same_tier for case in spec.cases):
        levels = [Party(tiers=(tier,)) for tier in range(4)]
        parties = {side: [*asked, *levels] for side, asked in parties.items()}
    assessed = any(party.assessed is not None for asked in parties.values() for party in asked)
    found = [_side(side, asked, voice, lists, assessed=assessed) for side, asked in parties.items()]
    if any(case.same_alliance for case in spec.cases):
        found.append(_allied(voice, lists))
    return tuple(found)


def _side(side: str, parties: list[Party], voice: Voice, lists: ListFacets, *, assessed: bool) -> Facet:
    asked = [party for party in dict.fromkeys(parties) if party != Party()]
    if side == "prior":
        checks = [_alone(DirectionCase(then=_YES, issuer=party), voice) for party in asked]
    else:
        checks = [_alone(DirectionCase(then=_YES, receiver=party), voice) for party in asked]
    at = _TIME[side]
    facets: list[Facet] = [*lists.cells(side).at(at)]
    for name, reads in (
        ("tier", any(party.tiers or party.at_least or party.at_most for party in asked)),
        ("grade", any(party.at_least or party.at_most for party in asked)),
        ("ownership", any(party.ownership is not None for party in asked)),
        ("type", any(party.types for party in asked)),
    ):
        if reads:
            facets.append(Fold(f"{side}.{name}", _plain))
    if assessed:
        facets += lists.published(EvidenceType.ASSESSMENT, side).at(at)
        facets += lists.evidence(EvidenceType.ASSESSMENT, side).at(at)
    return Asked(facets, _ask(checks))


def _allied(voice: Voice, lists: ListFacets) -> Facet:
    check = _alone(DirectionCase(then=_YES, same_alliance=True), voice)
    facets: list[Facet] = []
    for side, at in _TIME.items():
        facets += lists.alliances(side).at(at)
        facets.append(Fold(f"{side}.alliances", _members))
    return Asked(facets, _ask([check]))


def _alone(case: DirectionCase, voice: Voice) -> Check:
    return bind_check(DirectionSpec(cases=(case,), otherwise=_NO, on_unknown=_UNKNOWN), voice)


def _ask(checks: Iterable[Check]) -> Callable[[Chunk, int], Hashable]:
    listed = tuple(checks)

    def ask(chunk: Chunk, row: int) -> Hashable:
        candidate = chunk.candidate(row)
        return tuple(tuple(finding.bit for finding in check(candidate)) for check in listed)

    return ask


def _plain(value: Hashable) -> Hashable:
    return value


def _members(alliances: tuple[str, ...] | None) -> Hashable:
    return None if alliances is None else frozenset(alliances)
