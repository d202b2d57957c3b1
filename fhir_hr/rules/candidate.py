"""A candidate: one ordered item beside one prior, with what every check needs already read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from fhir_hr.model.identity import IdentityMatch
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.clock import Span
from fhir_hr.rules.reasons import Findings

__all__ = ["NOTHING", "Candidate", "Check"]

NOTHING: Findings = ()


class Candidate(msgspec.Struct):
    """One (order item, prior) pair. Lives for one decision only.

    Attributes:
        identity: whether the patients are the same person.
        at: when the order was made; ``None`` when its time cannot be read.
        performed: when the prior was performed; ``None`` when absent or unreadable.
    """

    item: OrderItem
    prior: Prior
    order: Order
    identity: IdentityMatch
    at: Span | None
    performed: Span | None


Check: TypeAlias = Callable[[Candidate], Findings]
"""A bound check: answers what it found, or nothing. Never raises, never changes what it is given."""
