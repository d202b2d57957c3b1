"""The order arrives: expand it, ask the sources, judge each candidate, and say who could not be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue
from fhir_hr.mapping.item_table import ItemTable
from fhir_hr.mapping.items import load_items
from fhir_hr.model.decisions import Decision, ItemDecision, PackRef, Reason, RecognitionOutcome
from fhir_hr.model.flags import Evidence
from fhir_hr.model.identity import match_identity
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When
from fhir_hr.recognition.candidates import Candidates, broader_items
from fhir_hr.recognition.evidence import evidence_for
from fhir_hr.recognition.items import expand_order, map_prior
from fhir_hr.rules.engine import choose, decide
from fhir_hr.rules.load import builtin_packs
from fhir_hr.rules.overlays import Overlay, apply_overlay
from fhir_hr.rules.pack import Pack
from fhir_hr.sources import Gathered, PriorQuery, PriorSource, ask

__all__ = ["Candidates", "Recognition", "SourceAnswer", "expand_order", "find_priors", "recognise"]


class SourceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How one source answered: ``found``, ``nothing``, ``partial``, ``unavailable`` or ``refused``."""

    source: str
    state: str
    priors: int


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one order.

    Attributes:
        order: id of the order.
        at: the order's time, which is the moment of judgement.
        items: one per ordered item, panels expanded, in the order's sequence.
        sources: how each source answered, in the order in which they were given.
        packs: the packs that were given; of those that ship, the ones that spoke of a prior.
        issues: of the sources and of the order's items.
    """

    order: str
    at: When
    items: tuple[ItemDecision, ...]
    sources: tuple[SourceAnswer, ...]
    packs: tuple[PackRef, ...]
    issues: tuple[Issue, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether there were sources and every one was asked fully."""
        return bool(self.sources) and all(each.state in ("found", "nothing") for each in self.sources)

    def json(self) -> bytes:
        """Return the answer as JSON: the same order, priors and packs give the same bytes.

        It holds results and where they come from, and not who the patient is: the order says that.
        """
        return msgspec.json.format(msgspec.json.encode(self.plain(), order="deterministic"), indent=2) + b"\n"

    def plain(self) -> dict[str, Any]:
        """Return the answer as plain data, in the shape of :meth:`json`."""
        return {
            "order": self.order,
            "at": self.at.iso,
            "packs": [_plain(each) for each in self.packs],
            "sources": [_plain(each) for each in self.sources],
            "items": [_item(each) for each in self.items],
            "issues": [_plain(each) for each in self.issues],
        }


def find_priors(query: PriorQuery, sources: Sequence[PriorSource], *, deadline: float = 5.0) -> Gathered:
    """Ask all sources for a patient's priors, in parallel, no longer than ``deadline`` seconds.

    Example:
        >>> from fhir_hr.model.codes import Identifier
        >>> from fhir_hr.model.identity import PatientIdentity
        >>> from fhir_hr.sources import MemorySource
        >>> card = Identifier(system="urn:oid:2.16.156.10011.1.3", value="999999199003072229")
        >>> find_priors(PriorQuery(patient=PatientIdentity(identifiers=(card,))), [MemorySource(())]).state
        'nothing'
    """
    return ask(query, sources, deadline=deadline)


def recognise(
    order: Order,
    *,
    sources: Sequence[PriorSource],
    packs: Sequence[Pack] | None = None,
    items: ItemTable | None = None,
    evidence: Sequence[Evidence] = (),
    overlays: Sequence[Overlay] = (),
    deadline: float = 5.0,
) -> Recognition:
    """Judge every item of an order against the priors that the sources hold.

    One item that nobody knows never fails the rest, and a source that could not be asked is named on every
    item that it might have answered.

    Args:
        order: the draft order.
        sources: where priors may be.
        packs: rule packs; all that ship when left out. The receiver's division, the kind of item and the order's
            time tell which of them speak.
        items: the recognised items; the packaged table when left out.
        evidence: quality evidence known to the caller; added to the priors that it is for.
        overlays: hospitals' overlays; those of the ordering institution are laid over the packs that they name.
        deadline: seconds to wait for the sources.

    Raises:
        UsageError: the order's time is not precise to the second.
        PackError: an overlay does not fit its pack.
    """
    if not order.at.is_moment:
        msg = "the order's time must be precise to the second: it is the moment of judgement"
        raise UsageError(msg)
    mine = [overlay for overlay in overlays if overlay.institution == order.institution.id]
    chosen = _overlaid(tuple(packs) if packs is not None else builtin_packs(), mine)
    for overlay in mine:
        order = overlay.map_order(order)
    expanded, issues = expand_order(order, items=items)
    kinds = tuple(sorted({item.kind for item in expanded.items}))
    gathered = find_priors(PriorQuery(patient=order.patient, kinds=kinds), sources, deadline=deadline)
    table = items or load_items()
    priors = tuple(_prepared(prior, table, mine, evidence) for prior in gathered.priors)
    by_id = {prior.id: prior for prior in priors}
    candidates = Candidates(priors, broader=broader_items(chosen))
    identities = {prior.id: match_identity(order.patient, prior.patient) for prior in priors}
    judged = tuple(
        _item_decision(
            item,
            [
                decide(item, prior, order=expanded, packs=chosen, identity=identities[prior.id])
                for prior in candidates.of(item)
            ],
            priors=by_id,
            gathered=gathered,
        )
        for item in expanded.items
    )
    return Recognition(
        order=order.id,
        at=order.at,
        items=judged,
        sources=tuple(
            SourceAnswer(source=answer.source, state=answer.state, priors=len(answer.priors))
            for answer in gathered.answers
        ),
        packs=tuple(pack.ref for pack in chosen) if packs is not None else _asked(judged),
        issues=issues + gathered.issues,
    )


def _overlaid(packs: tuple[Pack, ...], overlays: Sequence[Overlay]) -> tuple[Pack, ...]:
    for overlay in overlays:
        named = (overlay.overlay, overlay.version)
        packs = tuple(
            apply_overlay(pack, overlay)
            if pack.ref.id in overlay.packs
            and named not in [(each.overlay, each.version) for each in pack.content.overlays]
            else pack
            for pack in packs
        )
    return packs


def _prepared(prior: Prior, table: ItemTable, overlays: Sequence[Overlay], evidence: Sequence[Evidence]) -> Prior:
    for overlay in overlays:
        prior = overlay.map_prior(prior)
    return _with_evidence(map_prior(prior, items=table), evidence)


def _asked(items: Sequence[ItemDecision]) -> tuple[PackRef, ...]:
    """The packs that spoke, in order of id."""
    decisions = [decision for item in items for decision in (item.decision, *item.others) if decision is not None]
    return tuple(sorted({ref: None for decision in decisions for ref in decision.packs}, key=lambda ref: ref.id))


def _with_evidence(prior: Prior, evidence: Sequence[Evidence]) -> Prior:
    known = evidence_for(
        evidence,
        institution=prior.institution.id,
        item=prior.item.code if prior.item is not None else None,
        performed=prior.performed,
    )
    new = tuple(each for each in known if each not in prior.evidence)
    return msgspec.structs.replace(prior, evidence=prior.evidence + new) if new else prior


def _item_decision(
    item: OrderItem, unordered: Sequence[Decision], *, priors: Mapping[str, Prior], gathered: Gathered
) -> ItemDecision:
    decisions = choose(unordered, priors)
    best = decisions[0] if decisions else None
    # Other sources may hold a better prior: as long as one could not be asked, the answer is partial.
    asked = gathered.state in ("found", "nothing")
    answer = ("found" if best is not None else "nothing") if asked else gathered.state
    if best is not None:
        # A result that cannot be relied on says nothing of what the source that did not answer holds.
        open_yet = best.outcome is RecognitionOutcome.NOT and not asked
        outcome: RecognitionOutcome | None = RecognitionOutcome.INDETERMINATE if open_yet else best.outcome
    else:
        outcome = RecognitionOutcome.NOT if answer == "nothing" else RecognitionOutcome.INDETERMINATE
    return ItemDecision(
        order_item=item.id,
        name=item.name,
        panel=item.panel,
        answer=answer,
        outcome=outcome,
        decision=best,
        prior=priors[best.prior] if best is not None else None,
        others=decisions[1:],
        sources=gathered.not_asked,
    )


def _item(item: ItemDecision) -> dict[str, Any]:
    return {
        "order_item": item.order_item,
        "name": item.name,
        "panel": item.panel,
        "outcome": item.outcome,
        "answer": item.answer,
        "not_asked": list(item.sources),
        "prior": _prior(item.prior) if item.prior is not None else None,
        "decision": _decision(item.decision) if item.decision is not None else None,
        "others": [_decision(each) for each in item.others],
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "prior": decision.prior,
        "outcome": decision.outcome,
        "force": decision.force,
        "reasons": [_reason(each) for each in decision.reasons],
        "as_of": decision.as_of.iso,
        "expires": decision.expires.iso if decision.expires is not None else None,
        "missing": list(decision.missing),
        "packs": [_plain(each) for each in decision.packs],
        "facts_digest": decision.facts_digest,
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "check": reason.check,
        "effect": reason.effect,
        "pack": reason.pack,
        "clause": _plain(reason.clause),
        "params": dict(reason.params),
        "zh": reason.zh,
        "en": reason.en,
    }


def _prior(prior: Prior) -> dict[str, Any]:
    number = prior.report_number
    return {
        "id": prior.id,
        "institution": {
            "id": prior.institution.id,
            "name": prior.institution.name,
            "division": prior.institution.division,
        },
        "report_number": number.value if number is not None else None,
        "item": prior.item.code if prior.item is not None else None,
        "name": prior.name,
        "performed": prior.performed.iso if prior.performed is not None else None,
        "reported": prior.reported.iso if prior.reported is not None else None,
        "value": prior.value_text,
        "unit": prior.unit,
        "reference": prior.reference_text,
        "interpretation": prior.interpretation_text,
        "method": prior.method,
        "scale": prior.scale,
        "specimen": prior.specimen_kind,
        "status": prior.status,
        "report_status": prior.report_status,
        "superseded": prior.superseded,
        "mark": prior.report_mark,
        "mark_known": prior.report_mark_known,
        "starred": prior.starred,
        "evidence": [_plain_evidence(each) for each in prior.evidence],
    }


def _plain_evidence(evidence: Evidence) -> dict[str, Any]:
    plain = _plain(evidence)
    for side in ("start", "end"):
        when: When | None = getattr(evidence, side)
        plain[side] = when.iso if when is not None else None
    return plain


def _plain(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)
