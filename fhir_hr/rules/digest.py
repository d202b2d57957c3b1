"""The digests that pin a decision: same facts, same packs, same moment → same id.

Only what the checks read is hashed: codes, states, times, presence of required statements. What names a
person goes in as the kinds of fact that agree or differ, never as the facts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.decisions import PackRef
from fhir_hr.model.flags import Evidence
from fhir_hr.model.identity import IdentityMatch
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.model.when import When
from fhir_hr.rules.checks.complete import STATED

__all__ = ["decision_id", "facts_digest"]

_ENCODER = msgspec.json.Encoder()


def facts_digest(item: OrderItem, prior: Prior, *, order: Order, identity: IdentityMatch) -> str:
    """Return the SHA-256 (hex) over the facts of one candidate, as one canonical JSON array."""
    claims = sorted(claim.case for claim in order.exclusions if claim.item_id in (None, item.id))
    facts = (
        (order.id, item.id, _code(item.item), _codings(item.code), item.scale, item.specimen_kind, item.kind),
        (_institution(order.institution), claims),
        (prior.id, prior.kind, _code(prior.item), _codings(prior.code), prior.status, prior.report_status),
        (_time(prior.performed), _time(prior.reported), prior.superseded),
        (prior.specimen_kind, prior.scale),
        [stated(prior) for stated in STATED.values()],
        (prior.report_mark, prior.report_mark_known, prior.starred),
        (_institution(prior.institution), [_evidence(proof) for proof in prior.evidence]),
        (identity.same, identity.agree, identity.differ),
    )
    return hashlib.sha256(_ENCODER.encode(facts)).hexdigest()


def decision_id(packs: Iterable[PackRef], *, facts: str, as_of: When) -> str:
    """Return the SHA-256 (hex) over pack digests (in order), facts digest and moment of judgement."""
    pinned = (sorted(pack.digest for pack in packs), facts, _time(as_of))
    return hashlib.sha256(_ENCODER.encode(pinned)).hexdigest()


def _code(code: Code | None) -> tuple[str | None, str] | None:
    return None if code is None else (code.system, code.code)


def _codings(concept: Concept) -> list[tuple[str | None, str]]:
    return [(coding.system, coding.code) for coding in concept.codings]


def _time(when: When | None) -> tuple[str, int, str] | None:
    return None if when is None else (when.iso, int(when.precision), when.zone)


def _institution(place: Institution) -> tuple[str, str | None]:
    return place.id, place.division


def _evidence(proof: Evidence) -> tuple[object, ...]:
    return proof.type, proof.result, proof.institution, proof.item, _time(proof.start), _time(proof.end)
