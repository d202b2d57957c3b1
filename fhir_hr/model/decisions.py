"""Outcome, reasons and decision: what the rules answer."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When

__all__ = [
    "ClauseRef",
    "Decision",
    "Effect",
    "Force",
    "ItemDecision",
    "PackRef",
    "Reason",
    "RecognitionOutcome",
]


class RecognitionOutcome(StrEnum):
    """The four outcomes: 应当互认, 可以互认, 不予互认, 无法判断."""

    MUST = "must"
    MAY = "may"
    NOT = "not"
    INDETERMINATE = "indeterminate"


class Effect(StrEnum):
    """What one check's finding does to the outcome.

    ``oblige`` supports MUST; ``discretion`` lowers MUST to MAY; ``block`` makes NOT; ``unknown`` makes
    INDETERMINATE; ``note`` only says something.
    """

    OBLIGE = "oblige"
    DISCRETION = "discretion"
    BLOCK = "block"
    UNKNOWN = "unknown"
    NOTE = "note"


class Force(StrEnum):
    """Strength of a MUST, by the text: 不得重复 or 原则上."""

    SHALL_NOT_REPEAT = "shall-not-repeat"
    IN_PRINCIPLE = "in-principle"


class ClauseRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The sentence of the policy text that says so.

    Attributes:
        document: id of the document in the pack's sources.
        clause: its number as the text writes it (``四(二)``); ``None`` when no clause says it: then
            ``interpretation`` must.
        text: short normative phrase of the clause.
        interpretation: our reading where the text is silent; marked as ours.
    """

    document: str | None
    clause: str | None
    text: str | None = None
    interpretation: str | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why: one check's finding as data.

    Attributes:
        code: permanent reason code (``HR-EQA-FAIL``).
        check: the check that found it.
        params: the values compared, as text pairs; never what names a person.
    """

    code: str
    check: str
    effect: Effect
    clause: ClauseRef
    pack: str
    params: tuple[tuple[str, str], ...] = ()
    zh: str = ""
    en: str = ""


class PackRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pack at a version, with the digest that pins its content.

    ``fresh_until``: when the signed index that it came with expires (RFC 3339 text), where there is one.
    """

    id: str
    version: str
    digest: str
    fresh_until: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The verdict on one candidate (order item × prior), recomputable from its digests.

    Attributes:
        id: hash of packs, facts and ``as_of``.
        outcome, force: what, and how strongly (``force`` only with MUST).
        reasons: in (stage, code) order.
        as_of: the order time that it was judged at.
        expires: the moment from which the answer may change by time alone; ``None`` when never by time.
        missing: names of the facts whose absence kept it from a firmer answer.
    """

    id: str
    outcome: RecognitionOutcome
    reasons: tuple[Reason, ...]
    packs: tuple[PackRef, ...]
    facts_digest: str
    as_of: When
    order_item: str
    prior: str
    force: Force | None = None
    expires: When | None = None
    missing: tuple[str, ...] = ()


class ItemDecision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that is known for one ordered item.

    The best prior with its decision, the others, and which sources could not be asked.

    Attributes:
        name: ordered item as the physician reads it.
        panel: the panel it came from.
        outcome: the best decision's outcome; ``NOT`` with no prior means: nothing to recognise, order it. While a
            source could not be asked fully it is never ``NOT`` but ``INDETERMINATE``.
        decision, prior: the best candidate; ``None`` when no prior was found.
        others: the other candidates' decisions in order of preference.
        answer: the combined answer (``found``, ``nothing``, ``partial``, ``unavailable``, ``refused``).
        sources: names of sources that could not be asked fully.
    """

    order_item: str
    name: str
    answer: str
    outcome: RecognitionOutcome | None = None
    panel: str | None = None
    decision: Decision | None = None
    prior: Prior | None = None
    others: tuple[Decision, ...] = ()
    sources: tuple[str, ...] = ()
