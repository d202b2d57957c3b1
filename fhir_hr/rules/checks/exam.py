"""Is it the examination that is ordered: modality, part of the body, side, projection, contrast?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fhir_hr.model.exams import Exam
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ExamFitSpec
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.schema import ItemRow
from fhir_hr.rules.vocabulary import Aspect, CheckKind, ReasonCode

__all__ = ["EXAM_ASPECTS", "bind_exam_fit"]

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
    includes the ordered item, contrast is not compared with the order.
    """
    kind = CheckKind.EXAM_FIT
    mismatch = voice.varying(ReasonCode.EXAM_MISMATCH, kind, spec.on_mismatch)
    unknown = voice.varying(ReasonCode.EXAM_UNKNOWN, kind, spec.on_unknown)
    asked = tuple((aspect, EXAM_ASPECTS[aspect]) for aspect in spec.aspects)
    lists = voice.lists

    def check(c: Candidate) -> Findings:
        ordered, own = c.item.item, c.prior.item
        wanted_row, own_row = lists.row(ordered), lists.row(own)
        includes = wanted_row is not None and own_row is not None and wanted_row.code in own_row.includes
        differ: list[tuple[str, str, str]] = []
        lacking: list[str] = []
        for aspect, read in asked:
            want = _first(read, c.item.exam, wanted_row)
            if includes and aspect is Aspect.CONTRAST:
                want = None
            said, listed = _first(read, c.prior.exam, None), _first(read, None, own_row)
            have = said or listed
            if want is not None and have is None:
                lacking.append(aspect.value)
            elif want is not None and have is not None and want != have:
                differ.append((aspect.value, want, have))
            elif said is not None and listed is not None and said != listed:
                differ.append((aspect.value, listed, said))
        if not differ and not lacking:
            return NOTHING
        found = NOTHING
        if differ:
            aspects, wants, haves = (",".join(words) for words in zip(*differ, strict=True))
            found = mismatch((("aspects", aspects), ("ordered", wants), ("prior", haves)), ())
        if lacking:
            found += unknown((("aspects", ",".join(lacking)),), ())
        return found

    return check


def _first(read: Callable[[Exam | ItemRow], str | None], exam: _Stated, row: _Stated) -> str | None:
    for stated in (exam, row):
        if stated is not None and (text := read(stated)) is not None:
            return text
    return None
