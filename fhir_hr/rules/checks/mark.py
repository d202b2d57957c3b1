"""Does the report carry a mark that covers both sides, and the item its symbol?"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

from fhir_hr.model.decisions import Effect
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ItemSymbolSpec, MarkSpec
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, MarkLevel, ReasonCode

__all__ = ["bind_item_symbol", "bind_mark", "covers", "division_prefix"]


_ANSWERS = 4096
"""How many answers on (mark, issuer's division, receiver's division) a pack keeps."""


def division_prefix(code: str) -> str:
    """Return what all divisions inside one share: ``510000`` → ``51``, ``510100`` → ``5101`` (GB/T 2260).

    ``000000`` is the whole country.

    Example:
        >>> division_prefix("510000"), division_prefix("510104"), division_prefix("000000")
        ('51', '510104', '')
    """
    if code == "000000":
        return ""
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code


def covers(prefixes: tuple[str, ...], division: str | None) -> bool | None:
    """Tell whether a division lies inside; ``None`` when it is not known or no six-digit code.

    The whole country holds every division, known or not.
    """
    if "" in prefixes:
        return True
    if not division or len(division) != 6 or not (division.isascii() and division.isdigit()):
        return None
    return division.startswith(prefixes)


def bind_mark(spec: MarkSpec, voice: Voice) -> Check:
    """Bind: a mark of the pack that covers issuer and receiver → ``on_valid``.

    None → ``on_absent``; another mark, or not covering → ``on_outside``; not readable, or a division not
    known → ``on_unknown``. Where report and item both count, one valid mark is enough, and "none" has to be known
    of both.
    """
    kind, level = CheckKind.MARK, spec.level
    absent = voice.fixed(ReasonCode.MARK_ABSENT, kind, spec.on_absent)
    unread = voice.fixed(ReasonCode.MARK_UNKNOWN, kind, spec.on_unknown, params=(("mark", "–"),), missing=_FACTS[level])
    answer = _answers(spec, voice)

    def at_report(c: Candidate) -> Findings:
        prior = c.prior
        mark = prior.report_mark
        if not mark:
            return absent if prior.report_mark_known else unread
        return answer(mark, prior.institution.division, c.order.institution.division)[1]

    def at_item(c: Candidate) -> Findings:
        prior = c.prior
        mark = prior.item_mark
        if not mark:
            return absent if prior.item_mark_known else unread
        return answer(mark, prior.institution.division, c.order.institution.division)[1]

    def at_either(c: Candidate) -> Findings:
        prior = c.prior
        marks = [mark for mark in (prior.report_mark, prior.item_mark) if mark]
        if not marks:
            return absent if prior.report_mark_known and prior.item_mark_known else unread
        issuer, receiver = prior.institution.division, c.order.institution.division
        return min((answer(mark, issuer, receiver) for mark in marks), key=_FIRST)[1]

    return {MarkLevel.REPORT: at_report, MarkLevel.ITEM: at_item, MarkLevel.EITHER: at_either}[level]


_FACTS = {
    MarkLevel.REPORT: ("report_mark",),
    MarkLevel.ITEM: ("item_mark",),
    MarkLevel.EITHER: ("report_mark", "item_mark"),
}
_FIRST = itemgetter(0)
_VALID, _UNSURE, _OUTSIDE = range(3)


def _answers(spec: MarkSpec, voice: Voice) -> Callable[[str, str | None, str | None], tuple[int, Findings]]:
    """Return what to say of (mark, issuer's division, receiver's division), the better first."""
    kind, marks = CheckKind.MARK, voice.content.marks
    prefixes = {mark.code: tuple(division_prefix(code) for code in mark.covers) for mark in marks}
    texts = {mark.code: mark.text for mark in marks}
    # Where a text does not oblige by the mark, "recognition is due" would be the wrong thing to say.
    due = ReasonCode.OBLIGED if spec.on_valid.effect is Effect.OBLIGE else ReasonCode.MARK_VALID
    valid = {code: voice.fixed(due, kind, spec.on_valid, params=(("mark", text),)) for code, text in texts.items()}
    outside = voice.varying(ReasonCode.MARK_OUTSIDE, kind, spec.on_outside)
    unknown = voice.varying(ReasonCode.MARK_UNKNOWN, kind, spec.on_unknown)
    answers: dict[tuple[str, str | None, str | None], tuple[int, Findings]] = {}

    def ask(mark: str, issuer: str | None, receiver: str | None) -> tuple[int, Findings]:
        area = prefixes.get(mark)
        from_there = covers(area, issuer) if area is not None else False
        to_here = covers(area, receiver) if area is not None else False
        if from_there and to_here:
            return _VALID, valid[mark]
        if from_there is False or to_here is False:
            said = ("mark", texts.get(mark, mark)), ("issuer", issuer or "–"), ("receiver", receiver or "–")
            return _OUTSIDE, outside(said, ())
        missing = "institution.division" if from_there is None else "receiver.division"
        return _UNSURE, unknown((("mark", texts.get(mark, mark)),), (missing,))

    def answer(mark: str, issuer: str | None, receiver: str | None) -> tuple[int, Findings]:
        key = mark, issuer, receiver
        known = answers.get(key)
        if known is None:
            known = ask(mark, issuer, receiver)
            if len(answers) < _ANSWERS:
                answers[key] = known
        return known

    return answer


def bind_item_symbol(spec: ItemSymbolSpec, voice: Voice) -> Check:
    """Bind: on a marked report, an item without its symbol → ``on_absent``; not known → ``on_unknown``.

    On a report without mark the symbol says nothing and is not asked.
    """
    said = (("symbol", spec.symbol),)
    absent = voice.fixed(ReasonCode.ITEM_SYMBOL_ABSENT, CheckKind.ITEM_SYMBOL, spec.on_absent, params=said)
    unknown = voice.fixed(ReasonCode.ITEM_SYMBOL_UNKNOWN, CheckKind.ITEM_SYMBOL, spec.on_unknown, params=said)

    def check(c: Candidate) -> Findings:
        starred = c.prior.starred
        if starred or not c.prior.report_mark:
            return NOTHING
        return unknown if starred is None else absent

    return check
