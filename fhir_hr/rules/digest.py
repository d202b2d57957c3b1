"""The digests that pin a decision: same facts, same packs, same moment → same id.

Only what the checks read is hashed: codes, states, times, presence of required statements. What names a
person goes in as the kinds of fact that agree or differ, never as the facts; the visit as whether it is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.decisions import PackRef
from fhir_hr.model.exams import Exam
from fhir_hr.model.flags import Evidence
from fhir_hr.model.identity import IdentityMatch
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.model.when import When
from fhir_hr.rules.checks.compare import folded
from fhir_hr.rules.checks.complete import STATED

__all__ = ["decision_id", "facts_digest"]

_ENCODER = msgspec.json.Encoder()
_STATED = tuple(STATED.values())


def facts_digest(item: OrderItem, prior: Prior, *, order: Order, identity: IdentityMatch) -> str:
    """Return the SHA-256 (hex) over the facts of one candidate, as one canonical JSON array."""
    claims = sorted(claim.case for claim in order.exclusions if claim.item_id in (None, item.id))
    facts = (
        (order.id, item.id, _code(item.item), _codings(item.code), item.scale, item.specimen_kind, item.kind),
        (_institution(order.institution), claims, _exam(item.exam), _compared(item, prior)),
        (prior.id, prior.kind, _code(prior.item), _codings(prior.code), prior.status, prior.report_status),
        (_time(prior.performed), _time(prior.reported), prior.superseded, _exam(prior.exam)),
        (prior.specimen_kind, prior.scale, _same_visit(order, prior)),
        [stated(prior) for stated in _STATED],
        (prior.report_mark, prior.report_mark_known, prior.item_mark, prior.item_mark_known, prior.starred),
        (_institution(prior.institution), [_evidence(proof) for proof in prior.evidence]),
        (identity.same, identity.agree, identity.differ),
    )
    return hashlib.sha256(_ENCODER.encode(facts)).hexdigest()


def decision_id(packs: Iterable[PackRef], *, facts: str, as_of: When) -> str:
    """Return the SHA-256 (hex) over the packs (digest and end of index), facts digest and moment of judgement."""
    pinned = (sorted((pack.digest, pack.fresh_until or "") for pack in packs), facts, _time(as_of))
    return hashlib.sha256(_ENCODER.encode(pinned)).hexdigest()


def _code(code: Code | None) -> tuple[str | None, str] | None:
    return None if code is None else (code.system, code.code)


def _codings(concept: Concept) -> list[tuple[str | None, str]]:
    return [(coding.system, coding.code) for coding in concept.codings]


def _time(when: When | None) -> tuple[str, int, str] | None:
    return None if when is None else (when.iso, int(when.precision), when.zone)


def _institution(place: Institution) -> tuple[object, ...]:
    alliances = None if place.alliances is None else sorted(place.alliances)
    return place.id, place.division, place.tier, place.grade, place.ownership, place.type, alliances


def _exam(exam: Exam | None) -> tuple[object, ...] | None:
    return None if exam is None else (exam.modality, exam.body_part, exam.side, exam.views, exam.contrast)


def _compared(item: OrderItem, prior: Prior) -> tuple[str | None, ...] | None:
    # What the receiver would use itself; asked only where the order states it.
    if item.unit is None and item.method is None and item.reference_text is None:
        return None
    texts = (item.unit, prior.unit, item.method, prior.method, item.reference_text, prior.reference_text)
    return tuple(None if text is None else folded(text) for text in texts)


def _same_visit(order: Order, prior: Prior) -> bool | None:
    return prior.encounter == order.encounter if prior.encounter and order.encounter else None


def _evidence(proof: Evidence) -> tuple[object, ...]:
    return proof.type, proof.result, proof.institution, proof.item, _time(proof.start), _time(proof.end)
