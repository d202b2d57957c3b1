"""What the next version of a pack would change over a file of candidates: from which outcome to which, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

import msgspec

from fhir_hr.model.decisions import RecognitionOutcome
from fhir_hr.model.identity import IdentityMatch
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.engine import Verdict, judge
from fhir_hr.rules.pack import Pack

__all__ = ["CaseLike", "Impact", "Move", "weigh"]


class CaseLike(Protocol):
    """One candidate: an ordered item, a prior, their order, and what is known of the persons' identity."""

    @property
    def item(self) -> OrderItem:
        """The ordered item."""

    @property
    def prior(self) -> Prior:
        """The result that exists."""

    @property
    def order(self) -> Order:
        """The order."""

    @property
    def identity(self) -> IdentityMatch | None:
        """Whether both are one person; worked out where ``None``."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Candidates of one item that move from one outcome to another for the same reasons.

    Attributes:
        item: code of the ordered item; ``–`` where it has none.
        gone, come: reason codes that only the old or only the new pack gives.
    """

    item: str
    before: RecognitionOutcome
    after: RecognitionOutcome
    gone: tuple[str, ...]
    come: tuple[str, ...]
    count: int


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        judged: how many candidates; ``changed``: how many outcomes differ; ``reasons_only``: same outcome for other
            reasons.
        before, after: candidates by outcome.
        moves: most frequent first.
    """

    judged: int
    changed: int
    reasons_only: int
    before: dict[str, int]
    after: dict[str, int]
    moves: tuple[Move, ...]


def weigh(old: Pack, new: Pack, cases: Iterable[CaseLike]) -> Impact:
    """Judge every candidate under both packs, each alone, and count what differs."""
    judged = reasons_only = 0
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    moves: Counter[tuple[str, RecognitionOutcome, RecognitionOutcome, tuple[str, ...], tuple[str, ...]]] = Counter()
    for case in cases:
        judged += 1
        one = judge(case.item, case.prior, order=case.order, packs=(old,), identity=case.identity)
        other = judge(case.item, case.prior, order=case.order, packs=(new,), identity=case.identity)
        before[one.outcome.value] += 1
        after[other.outcome.value] += 1
        had, has = _codes(one), _codes(other)
        if one.outcome is other.outcome:
            reasons_only += had != has
            continue
        item = case.item.item.code if case.item.item else "–"
        gone, come = tuple(c for c in had if c not in has), tuple(c for c in has if c not in had)
        moves[item, one.outcome, other.outcome, gone, come] += 1
    told = tuple(
        Move(item=item, before=was, after=now, gone=gone, come=come, count=count)
        for (item, was, now, gone, come), count in sorted(moves.items(), key=lambda each: (-each[1], each[0]))
    )
    return Impact(
        judged=judged,
        changed=sum(move.count for move in told),
        reasons_only=reasons_only,
        before=dict(sorted(before.items())),
        after=dict(sorted(after.items())),
        moves=told,
    )


def _codes(verdict: Verdict) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason.code for reason in verdict.reasons))
