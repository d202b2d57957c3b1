"""What stands between an answer and ``must``, and what the answer would be if something were otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.model.decisions import Decision, Effect, Reason, RecognitionOutcome
from fhir_hr.model.identity import IdentityMatch
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.engine import judge
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.reasons import reason_texts
from fhir_hr.rules.verdicts import Verdict
from fhir_hr.rules.vocabulary import BIT

__all__ = ["Hindrance", "hindrances", "what_if"]

_OF_THE_TEXT = ("item.list", "institution.list", "window.reading", "window.limit")
"""Facts that only the authority, or a fuller pack, can supply."""


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that keeps an answer from being ``must``.

    Attributes:
        code: the reason's code; ``None``: nothing obliges, and no reason says why.
        effect: what it does; ``None`` with ``code``.
        facts: names of the facts that would settle it, where it is a matter of knowing.
        removable: whether such a fact can be found out about this order or prior; a text's own gap, another item or
            an exclusion that a clinician asserted cannot.
    """

    code: str | None
    effect: Effect | None
    facts: tuple[str, ...] = ()
    removable: bool = False
    pack: str = ""


def hindrances(answer: Decision | Verdict) -> tuple[Hindrance, ...]:
    """Return what stands between an answer and ``must``: blocks first, then unknowns, then what is left to judgement.

    Empty for ``must``. Each reason is told once, in the order of the reasons. A pack that leaves something to
    judgement does not stand in the way of another that obliges, so without it the answer may still be ``may``.
    """
    if answer.outcome is RecognitionOutcome.MUST:
        return ()
    against = [reason for reason in answer.reasons if reason.effect not in (Effect.NOTE, Effect.OBLIGE)]
    against.sort(key=lambda reason: -BIT[reason.effect])
    found = [_hindrance(reason, answer.missing) for reason in against]
    if not any(reason.effect is Effect.OBLIGE for reason in answer.reasons) and not found:
        return (Hindrance(code=None, effect=None),)
    return tuple(found)


def _hindrance(reason: Reason, missing: tuple[str, ...]) -> Hindrance:
    text = reason_texts().get(reason.code)
    named = dict(reason.params).get("fields", "")
    wanted = [*(text.facts if text is not None else ()), *named.split(",")]
    if reason.code == "HR-MARK-UNKNOWN":
        wanted += ["item_mark", "receiver.division"]
    if reason.code == "HR-WINDOW-UNKNOWN":
        wanted += ["reported"]
    facts = tuple(fact for fact in missing if fact in wanted)
    return Hindrance(
        code=reason.code,
        effect=reason.effect,
        facts=facts,
        removable=any(fact not in _OF_THE_TEXT for fact in facts),
        pack=reason.pack,
    )


def what_if(
    item: OrderItem,
    prior: Prior,
    *,
    order: Order,
    packs: Sequence[Pack],
    change: Mapping[str, object],
    identity: IdentityMatch | None = None,
) -> Verdict:
    """Judge a candidate as if some of its facts were otherwise. Nothing that is given is changed.

    Args:
        item, prior, order, packs: as of :func:`~fhir_hr.rules.engine.judge`.
        change: new values by name: ``prior.method``, ``item.scale``, ``order.at``, ``prior.institution.tier``, or
            ``identity`` (an :class:`~fhir_hr.model.identity.IdentityMatch`).
        identity: the identity as it is, where the caller has matched it already.

    Raises:
        UsageError: no such field, or a value of another kind than it holds; the value is not repeated.
    """
    parts: dict[str, Any] = {"item": item, "prior": prior, "order": order}
    for name, value in change.items():
        head, _, rest = name.partition(".")
        if name == "identity" and (value is None or isinstance(value, IdentityMatch)):
            identity = value
        elif head in parts and rest:
            parts[head] = _changed(parts[head], rest.split("."), value, name)
        else:
            msg = f"nothing can be changed by the name {name[:60]!r}"
            raise UsageError(msg)
        if head in ("prior", "order") and rest.startswith("patient"):
            identity = None
    return judge(parts["item"], parts["prior"], order=parts["order"], packs=packs, identity=identity)


def _changed(part: Any, path: list[str], value: object, name: str) -> Any:  # noqa: ANN401
    field, rest = path[0], path[1:]
    kinds = {each.name: each.type for each in msgspec.structs.fields(part)} if isinstance(part, msgspec.Struct) else {}
    if field not in kinds:
        msg = f"there is no {name[:60]!r} to change"
        raise UsageError(msg)
    if rest:
        return msgspec.structs.replace(part, **{field: _changed(getattr(part, field), rest, value, name)})
    try:
        # Text becomes the member of its enum; a struct stays as it is.
        value = msgspec.convert(value, kinds[field])
    except msgspec.ValidationError as error:
        msg = f"{name[:60]!r} cannot have such a value"
        raise UsageError(msg) from error
    return msgspec.structs.replace(part, **{field: value})
