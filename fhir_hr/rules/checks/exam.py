"""Is it the examination that is ordered: modality, part of the body, side, projection, contrast?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fhir_hr.model.exams import Exam, Side
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ExamFitSpec
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.schema import ItemRow
from fhir_hr.rules.vocabulary import Aspect, CheckKind, ReasonCode

__all__ = ["EXAM_ASPECTS", "bind_exam_fit"]

_ONE_SIDE = (Side.LEFT.value, Side.RIGHT.value)
"""One side alone answers no order that does not say which: which hip was meant is not known."""

_KEPT = 4096
"""How many answers on two examinations and their rows a pack keeps."""

_Stated: TypeAlias = "Exam | ItemRow | None"


def _views(stated: Exam | ItemRow) -> str | None:
    return "+".join(sorted({view.value for view in stated.views})) or None if stated.views else None


EXAM_ASPECTS: dict[Aspect, Callable[[Exam | ItemRow], str | None]] = {
    Aspect.MODALITY: lambda stated: stated.modality or None,
    Aspect.BODY_PART: lambda stated: stated.body_part or None,
    Aspect.SIDE: lambda stated: None if stated.side is None else stated.side.value,
    Aspect.VIEWS: _views,
    Aspect.CONTRAST: lambda stated: None if stated.contrast is None else stated.contrast.value,
}
"""What an examination, or an item's row, states of each aspect, as text."""


def bind_exam_fit(spec: ExamFitSpec, voice: Voice) -> Check:
    """Bind: an aspect that differs → ``on_mismatch``; one that is asked for and not known → ``on_unknown``.

    What is wanted is what the order states, else what the ordered item's row does; what there is, the prior's own
    statement, else its item's row. A prior that contradicts its own row differs in any case. Where the prior's row
    includes the ordered item, contrast is not compared with the order. A prior of one side alone is unknown beside
    an order that names no side.
    """
    kind = CheckKind.EXAM_FIT
    mismatch = voice.varying(ReasonCode.EXAM_MISMATCH, kind, spec.on_mismatch)
    unknown = voice.varying(ReasonCode.EXAM_UNKNOWN, kind, spec.on_unknown)
    asked = tuple((aspect, EXAM_ASPECTS[aspect]) for aspect in spec.aspects)
    lists = voice.lists
    answers: dict[tuple[Exam | None, Exam | None, str, str], Findings] = {}

    def check(c: Candidate) -> Findings:
        wanted_row, own_row = lists.row(c.item.item), lists.row(c.prior.item)
        wanted, own = c.item.exam, c.prior.exam
        key = wanted, own, wanted_row.code if wanted_row else "", own_row.code if own_row else ""
        known = answers.get(key)
        if known is None:
            known = ask(wanted, own, wanted_row, own_row)
            if len(answers) < _KEPT:
                answers[key] = known
        return known

    def ask(wanted: Exam | None, own: Exam | None, wanted_row: ItemRow | None, own_row: ItemRow | None) -> Findings:
        includes = wanted_row is not None and own_row is not None and wanted_row.code in own_row.includes
        differ: list[tuple[str, str, str]] = []
        lacking: list[str] = []
        for aspect, read in asked:
            want = None if includes and aspect is Aspect.CONTRAST else _first(read, wanted, wanted_row)
            said, listed = _first(read, own, None), _first(read, own_row, None)
            pair = _differing(want, said, listed)
            if pair is not None:
                differ.append((aspect.value, *pair))
            elif _open(aspect, want, said or listed):
                lacking.append(aspect.value)
        found = NOTHING
        if differ:
            aspects, wants, haves = (",".join(words) for words in zip(*differ, strict=True))
            found = mismatch((("aspects", aspects), ("ordered", wants), ("prior", haves)), ())
        if lacking:
            found += unknown((("aspects", ",".join(lacking)),), ())
        return found

    return check


def _open(aspect: Aspect, want: str | None, have: str | None) -> bool:
    """Whether it cannot be told if there is what was wanted."""
    if want is not None:
        return have is None
    return aspect is Aspect.SIDE and have in _ONE_SIDE


def _differing(want: str | None, said: str | None, listed: str | None) -> tuple[str, str] | None:
    """What was wanted and what there is, where they differ; a prior that contradicts its own row differs from it."""
    have = said or listed
    if want is not None and have is not None and want != have:
        return want, have
    return (listed, said) if said is not None and listed is not None and said != listed else None


def _first(read: Callable[[Exam | ItemRow], str | None], exam: _Stated, row: _Stated) -> str | None:
    for stated in (exam, row):
        if stated is not None and (text := read(stated)) is not None:
            return text
    return None
