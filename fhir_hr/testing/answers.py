"""What an engine answered to a vector, and how it differs from what was expected, in words."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.model.decisions import Decision, Effect, Force, RecognitionOutcome
from fhir_hr.rules.clock import span
from fhir_hr.rules.engine import Verdict
from fhir_hr.rules.vocabulary import ReasonCode
from fhir_hr.testing.times import read_time

__all__ = ["Answer", "AnswerReason", "Expect", "answer_of", "differences"]


class AnswerReason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of an answer; ``pack`` is empty for reasons of no pack."""

    code: str
    effect: Effect
    pack: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it travels on the wire (``answer.schema.json``). ``expires`` is a time with offset."""

    outcome: RecognitionOutcome
    reasons: tuple[AnswerReason, ...]
    force: Force | None = None
    missing: tuple[str, ...] = ()
    expires: str | None = None


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a vector expects. What is not given is not compared, except ``force``: not given means none.

    Attributes:
        outcome: the outcome.
        codes: all reason codes in order.
        force: with ``must``, how strongly it binds.
        effects: beside each code, its effect.
        missing: names of the missing facts, in any order.
        expires: until when the answer holds; ``null`` when nothing ends.
    """

    outcome: RecognitionOutcome
    codes: tuple[ReasonCode, ...]
    force: Force | None = None
    effects: tuple[Effect, ...] | msgspec.UnsetType = msgspec.UNSET
    missing: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    expires: str | msgspec.UnsetType | None = msgspec.UNSET


def answer_of(verdict: Verdict | Decision) -> Answer:
    """Return a verdict, or a decision, as an answer."""
    return Answer(
        outcome=verdict.outcome,
        reasons=tuple([AnswerReason(code=r.code, effect=r.effect, pack=r.pack) for r in verdict.reasons]),
        force=verdict.force,
        missing=verdict.missing,
        expires=None if verdict.expires is None else verdict.expires.iso,
    )


def differences(expect: Expect, answer: Answer) -> tuple[str, ...]:
    """Say in what an answer differs from what was expected; empty when in nothing.

    Example:
        >>> expect = Expect(outcome=RecognitionOutcome.MUST, codes=(ReasonCode.OBLIGED,))
        >>> reason = AnswerReason(code="HR-OBLIGED", effect=Effect.OBLIGE)
        >>> differences(expect, Answer(outcome=RecognitionOutcome.MAY, reasons=(reason,)))
        ('outcome: expected must, got may',)
    """
    said = []
    if answer.outcome != expect.outcome:
        said.append(_said("outcome", expect.outcome.value, answer.outcome.value))
    if answer.force != expect.force:
        said.append(_said("force", _text(expect.force), _text(answer.force)))
    codes = tuple(reason.code for reason in answer.reasons)
    if codes != expect.codes:
        said.append(_said("codes", _words(expect.codes), _words(codes)))
    if expect.effects is not msgspec.UNSET:
        effects = tuple(reason.effect for reason in answer.reasons)
        if effects != expect.effects:
            said.append(_said("effects", _words(expect.effects), _words(effects)))
    if expect.missing is not msgspec.UNSET and sorted(answer.missing) != sorted(expect.missing):
        said.append(_said("missing", _words(sorted(expect.missing)), _words(sorted(answer.missing))))
    if expect.expires is not msgspec.UNSET and not _same_moment(expect.expires, answer.expires):
        said.append(_said("expires", _text(expect.expires), _text(answer.expires)))
    return tuple(said)


def _same_moment(a: str | None, b: str | None) -> bool:
    if a is None or b is None or a == b:
        return a == b
    try:
        return span(read_time(a)) == span(read_time(b))
    except UsageError:
        return False


def _said(what: str, expected: str, got: str) -> str:
    return f"{what}: expected {expected}, got {got}"


def _text(value: str | None) -> str:
    return "none" if value is None else str(value)


def _words(values: Iterable[str]) -> str:
    return ", ".join(str(value) for value in values) or "none"
