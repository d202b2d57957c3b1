"""Which recognised item is this study? By its headers, descriptions and procedures, and never by a guess.

What is stated must leave exactly one row of the list, in every facet that the row has. Where statements disagree, a
facet is missing or a word is not understood, there are candidates for a person, in the order of the list.

Items are those of 四川省 附件3, the one imaging list whose rows are known. Other packs use the facets (``exam``).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fhir_hr.mapping.exam_evidence import Evidence, Statement, gather
from fhir_hr.mapping.exam_facets import (
    CHEST,
    INFANT_CHEST,
    Facet,
    Views,
    contrast_of,
    modality_of,
    part_of,
    side_of,
    views_of,
)
from fhir_hr.mapping.exams import ExamRow, load_exams
from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.mapping.imaging_words import WordFacet
from fhir_hr.mapping.modalities import load_modalities
from fhir_hr.model.codes import Code
from fhir_hr.model.exams import Contrast, Exam, Side
from fhir_hr.model.imaging import Study

__all__ = ["ExamReading", "match_exam"]

_CHESTS = frozenset({CHEST, INFANT_CHEST})
_LABELS = {
    WordFacet.PART: "部位",
    WordFacet.INFANT: "年龄",
    WordFacet.SIDE: "侧别",
    WordFacet.VIEW: "体位",
    WordFacet.STANDING: "体位",
    WordFacet.NOT_STANDING: "体位",
    WordFacet.CONTRAST: "增强",
    WordFacet.MODALITY: "模态",
    WordFacet.OTHER: "其他检查",
    WordFacet.LOCALIZER: "定位像",
    WordFacet.UNCLEAR: "否定或选择",
}


class ExamReading(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of :func:`match_exam`.

    Attributes:
        exam: what was examined; a facet that is not proven is ``None``.
        item: the recognised item, when exactly one is certain.
        candidates: what it might be, in the order of the list; empty when ``item`` is set.
        grounds: what was found where, and what is missing or disagrees, for a person. Of free text they hold only
            words of our tables, never the rest.
    """

    exam: Exam
    item: Code | None = None
    candidates: tuple[Code, ...] = ()
    grounds: tuple[str, ...] = ()


class _Facets(msgspec.Struct, frozen=True, kw_only=True):
    modality: Facet
    part: Facet
    side: Facet
    views: Views
    contrast: Facet
    chest: bool

    def conflicts(self) -> Iterator[str]:
        for name, facet in (
            ("模态", self.modality),
            ("部位", self.part),
            ("侧别", self.side),
            ("体位", self.views),
            ("增强", self.contrast),
        ):
            if facet.conflict:
                yield name


def match_exam(study: Study, *, sender: ImagingSender | None = None) -> ExamReading:
    """Read what a study examined, and find its item.

    Args:
        study: with its series; instances are only counted, so that a large study costs no more than a small one.
        sender: the sender's own names of protocols, procedures and body parts.

    Example:
        >>> from fhir_hr.model.imaging import Series
        >>> from fhir_hr.model.codes import Concept
        >>> chest = Series(uid="1", modality="CT", body_part=Concept(text="CHEST"))
        >>> match_exam(Study(uid="2", description="胸部CT平扫", series=(chest,))).item.code
        'cn-51-img-26'
        >>> [code.code for code in match_exam(Study(uid="2", series=(chest,))).candidates]
        ['cn-51-img-26', 'cn-51-img-39']
    """
    evidence = gather(study, sender=sender)
    facets = _facets(evidence)
    exam = _exam(facets)
    other = any(text.other for text in _all_texts(evidence)) or any(text.localizer for text in evidence.texts)
    understood = all(text.explained for text in evidence.texts) and not any(map(_unclear, _all_texts(evidence)))
    item = None
    planned = bool(evidence.series) and not any(each.required for each in evidence.series)
    differs = any(each.differs for each in evidence.series if each.required)
    if understood and not other and not differs and not planned and not any(facets.conflicts()):
        item = _item(exam, facets)
    candidates = () if item is not None or other else _candidates(facets)
    grounds = (*_found(evidence), *_open(evidence, exam, facets, other=other, understood=understood))
    return ExamReading(exam=exam, item=item, candidates=candidates, grounds=tuple(dict.fromkeys(grounds)))


def _unclear(text: Statement) -> bool:
    return text.unclear


def _all_texts(evidence: Evidence) -> Iterator[Statement]:
    yield from evidence.texts
    for each in evidence.series:
        if each.required:
            yield from each.texts


def _facets(evidence: Evidence) -> _Facets:
    modality = modality_of(evidence)
    # words are read for a radiograph as long as it may be one: CR may be DR
    reading = next(iter(modality.allowed)) if modality.allowed is not None and len(modality.allowed) == 1 else None
    radiograph = modality.admits("DR")
    part = part_of(evidence, "DR" if radiograph and reading is None else reading)
    infant = part.allowed == frozenset({INFANT_CHEST})
    views = views_of(evidence, infant=infant) if radiograph else Views()
    chest = part.allowed is None or part.conflict or bool(part.allowed & _CHESTS)
    if part.allowed == _CHESTS and views.standing_pa and not views.conflict and "frontal" in views.kinds:
        # 站立后前位 is of no row of 婴幼儿; that it is an infant was not said
        part = msgspec.structs.replace(part, allowed=frozenset({CHEST}), proven=part.covered)
    return _Facets(
        modality=modality,
        part=part,
        side=side_of(evidence),
        views=views,
        contrast=contrast_of(evidence),
        chest=chest,
    )


def _exam(facets: _Facets) -> Exam:
    side, contrast = facets.side.value, facets.contrast.value
    radiograph = facets.modality.value == "DR"
    part = facets.part.value
    return Exam(
        modality=facets.modality.value,
        body_part=part,
        side=Side(side) if side else None,
        views=facets.views.read(chest=facets.chest) if radiograph and facets.part.allowed else None,
        contrast=Contrast(contrast) if contrast else None,
    )


def _item(exam: Exam, facets: _Facets) -> Code | None:
    if exam.modality is None or exam.body_part is None:
        return None
    found = [
        row.code
        for row in load_exams().rows
        if row.exam.modality == exam.modality
        and row.exam.body_part == exam.body_part
        and row.exam.side in (None, exam.side)
        and row.exam.views in (None, exam.views)
        and (row.exam.contrast == exam.contrast if row.exam.contrast else not _medium(facets.contrast))
        and (facets.side.proven or facets.side.allowed is None or row.exam.side is not None)
    ]
    return found[0] if len(found) == 1 else None


def _medium(contrast: Facet) -> bool:
    """Whether a contrast medium may have been given, by what is stated."""
    return contrast.allowed is not None and contrast.allowed != frozenset({Contrast.PLAIN.value})


def _candidates(facets: _Facets) -> tuple[Code, ...]:
    """Rows that may be meant; none where no part is stated, and none of several regions where a row is of one."""
    if facets.part.allowed is None:
        return ()
    rows = [row for row in load_exams().rows if _possible(row, facets)]
    if facets.part.conflict and len({row.exam.body_part for row in rows}) < 2:
        return ()
    return tuple(row.code for row in rows)


def _possible(row: ExamRow, facets: _Facets) -> bool:
    exam = row.exam
    return (
        facets.modality.admits(exam.modality)
        and facets.part.admits(exam.body_part)
        and facets.side.admits(exam.side.value if exam.side else None)
        and facets.views.admits(exam.views, chest=exam.body_part in _CHESTS)
        and (facets.contrast.admits(exam.contrast.value) if exam.contrast else not _medium(facets.contrast))
    )


def _found(evidence: Evidence) -> Iterator[str]:
    for text in evidence.texts:
        yield from (f"{_LABELS[facet]}：{text.where} {word}" for facet, word in text.words)
    for each in evidence.series:
        if each.modality and each.modality in load_modalities():
            yield f"模态：{each.label} Modality {each.modality}"
        yield from (f"部位：{each.label} BodyPartExamined/AnatomicRegion {term}" for term in each.part_terms)
        yield from (f"侧别：{each.label} Laterality {side}" for side in sorted(each.header_sides))
        yield from (f"体位：{each.label} ViewPosition {view}" for view in sorted(each.header_views))
        if each.agent:
            yield f"增强：{each.label} ContrastBolusAgent"
        for text in each.texts:
            yield from (f"{_LABELS[facet]}：{each.label} {text.where} {word}" for facet, word in text.words)


def _open(evidence: Evidence, exam: Exam, facets: _Facets, *, other: bool, understood: bool) -> Iterator[str]:
    """What keeps the item from being certain."""
    for name in facets.conflicts():
        yield f"不定：{name}所述不一致"
    if other:
        yield "不定：名称表明是其他检查（如造影、穿刺、定位）"
    if not understood:
        unread = [text.where for text in evidence.texts if not text.explained]
        unread.extend(text.where for text in _all_texts(evidence) if text.unclear)
        yield f"不定：{', '.join(dict.fromkeys(unread))} 有未识别的文字或否定、选择之词"
    if evidence.series and not any(each.required for each in evidence.series):
        yield "不定：只有定位像或屏幕截图，没有检查图像"
    if evidence.partial:
        yield "不定：归档系统所计序列多于已读序列"
    for code in evidence.modalities:
        row = load_modalities().get(code)
        if row is None or (row.listed is None and row.perhaps is not None):
            yield f"不定：模态 {code if row else '未知'} 不能确定为清单所写模态"
    for each in evidence.series:
        if each.unclear_part:
            yield f"不定：{each.label} BodyPartExamined 有未识别的文字"
        if each.required and each.differs:
            yield f"不定：{each.label} 各影像对整个序列的说明不一致"
    yield from _missing(exam, facets, stated=bool(evidence.modalities))


def _missing(exam: Exam, facets: _Facets, *, stated: bool) -> Iterator[str]:
    if exam.modality is None and not stated:
        yield "不定：未述模态"
    if exam.body_part is None and not facets.part.conflict:
        yield "不定：部位未述或不能确定为一个部位"
    if exam.modality == "DR" and exam.views is None and not facets.views.conflict:
        yield "不定：体位未述全（胸部须述站立与后前位）" if facets.chest else "不定：体位未述全"
    if exam.modality in ("CT", "MR") and exam.contrast is None and not facets.contrast.conflict:
        yield "不定：未述平扫，或只述增强而未述平扫期"
