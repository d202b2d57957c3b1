"""What a study states of its examination, facet by facet, with where it stands. Nothing is decided here.

A text's own words never leave this module: grounds name the DICOM attribute and the word of our tables that was found,
since a description may name a patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from fhir_hr.mapping.dicom_terms import load_body_parts, load_views
from fhir_hr.mapping.exams import load_exams
from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.mapping.imaging_words import Scan, Word, WordFacet, load_imaging_words
from fhir_hr.mapping.modalities import load_modalities
from fhir_hr.mapping.sop_classes import kind_of, load_sop_classes
from fhir_hr.mapping.text import fold
from fhir_hr.model.codes import Concept
from fhir_hr.model.exams import Contrast, Exam, Side, View
from fhir_hr.model.imaging import InstanceKind, Series, Study

__all__ = ["Doubts", "Evidence", "SeriesEvidence", "Statement", "gather"]

_ENHANCED = frozenset({Contrast.ENHANCED.value, Contrast.PLAIN_AND_ENHANCED.value})
_BOTH_PHASES = frozenset({Contrast.PLAIN_AND_ENHANCED.value})
_LATERALITY = {"L": Side.LEFT.value, "R": Side.RIGHT.value, "B": Side.BOTH.value}
_TELLING = frozenset(
    {
        "Modality", "BodyPartExamined", "AnatomicRegions", "Laterality", "ProtocolName", "SeriesDescription",
        "PerformedProcedureStepDescription",
    }
)  # fmt: skip
"""Elements that a series has once: where its objects state several, only the first is known here."""
_LYING = ("HF", "FF")
"""PatientPosition of one who lies on a table begins so (PS3.3 C.7.3.1.1.2)."""


class Doubts(msgspec.Struct, frozen=True, kw_only=True):
    """What words that are not sure would state."""

    sides: frozenset[str] = frozenset()
    contrasts: frozenset[str] = frozenset()


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What one text, code or series states. Empty is nothing.

    Attributes:
        where: the DICOM attribute, for people.
        modalities, sides: what is named.
        parts: one set for each part that is named: all that the word may mean.
        views: projections (``pa``, ``lateral`` …); together they are all that the text names.
        contrasts: what the contrast can be by it; empty: nothing is said.
        perhaps: facets that are named by words that may mean something else; they can only contradict.
        other: whether it names another examination than the list's (CTA, 穿刺).
        explained: whether every word was understood.
        unclear: whether words deny or condition others (不, 或): then nothing of the text is certain.
        words: the words of our tables that were found, with their facet.
    """

    where: str
    modalities: frozenset[str] = frozenset()
    parts: tuple[frozenset[str], ...] = ()
    infant: bool = False
    sides: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    standing: bool = False
    not_standing: bool = False
    contrasts: frozenset[str] = frozenset()
    perhaps: Doubts = Doubts()
    other: bool = False
    localizer: bool = False
    explained: bool = True
    unclear: bool = False
    words: tuple[tuple[WordFacet, str], ...] = ()


class SeriesEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What one series of images states.

    Attributes:
        label: 序列1 …, by order.
        required: whether it must state what the study is; localizers and screen captures can only contradict.
        modality: as stated, upper case; ``None``: not stated.
        header_parts: what BodyPartExamined and AnatomicRegionSequence may mean, one set for each.
        header_views: projections of the header, ``other`` for an unknown one.
        images: how many images it holds; ``None``: not known.
        agent: whether a contrast agent is stated.
        texts: its protocol, description and procedure.
        part_terms: the terms that ``header_parts`` were read from.
        unclear_part: whether a part is named in words that are not understood.
        differs: whether its objects state differently what a series has once.
    """

    label: str
    required: bool
    modality: str | None
    header_parts: tuple[frozenset[str], ...]
    header_sides: frozenset[str]
    header_views: frozenset[str]
    header_standing: bool
    header_not_standing: bool
    images: int | None
    agent: bool | None
    texts: tuple[Statement, ...]
    part_terms: tuple[str, ...] = ()
    unclear_part: bool = False
    differs: bool = False


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that a study states.

    Attributes:
        texts: descriptions and procedures of the whole study.
        series: its series of images.
        modalities: of series of images, also of those that were not read.
        partial: whether the archive counts more series than were read.
        imageless: whether something is known of its series or modalities, and none of it is images.
    """

    texts: tuple[Statement, ...]
    series: tuple[SeriesEvidence, ...]
    modalities: tuple[str, ...]
    partial: bool
    imageless: bool


def gather(study: Study, *, sender: ImagingSender | None = None) -> Evidence:
    """Collect what a study states. Texts that stand in several series are read once."""
    images = [each for each in study.series if _may_be_images(each)]
    stated = [each.modality.strip().upper() for each in images if each.modality and each.modality.strip()]
    counted = [code for text in study.modalities if (code := text.strip().upper()) and _may_be_image_modality(code)]
    modalities = tuple(dict.fromkeys((*stated, *counted)))
    reader = _Reader(_listed(modalities), sender)
    texts = list(reader.study_texts(study))
    for text in dict.fromkeys(each.procedure for each in images if each.procedure):
        exam = reader.whole(text)
        if exam is not None:
            texts.append(_of_exam(exam, "PerformedProcedureStepDescription"))
    return Evidence(
        texts=tuple(texts),
        series=tuple(reader.series(each, number) for number, each in enumerate(images, 1)),
        modalities=modalities,
        partial=study.stated_series is not None and study.stated_series > len(study.series),
        imageless=bool(study.series or study.modalities) and not images and not modalities,
    )


def _may_be_images(series: Series) -> bool:
    """Whether a series is not known to be something else; what nothing is known of may be images."""
    if series.instances:
        return any(
            one.kind is InstanceKind.IMAGE or (one.kind is InstanceKind.OTHER and one.sop_class is None)
            for one in series.instances
        )
    return series.modality is None or _may_be_image_modality(series.modality.strip().upper())


def _may_be_image_modality(code: str) -> bool:
    return code == "OT" or code not in load_modalities() or kind_of(None, code) is InstanceKind.IMAGE


def _listed(modalities: Iterable[str]) -> str | None:
    """The list's modality that words and terms are read in; ``None``: not known, or several."""
    rows = [load_modalities().get(code) for code in modalities]
    found = {row.listed or row.perhaps for row in rows if row is not None}
    return found.pop() if len(found) == 1 else None


class _Reader:
    """Reads the texts of one study; each only once."""

    def __init__(self, modality: str | None, sender: ImagingSender | None) -> None:
        self.modality = modality
        self.sender = sender
        self._scans: dict[str, Scan] = {}

    def study_texts(self, study: Study) -> Iterator[Statement]:
        texts: list[tuple[str, str]] = []
        if study.description:
            texts.append((study.description, "StudyDescription"))
        for concept in study.procedures:
            texts.extend((text, "procedure") for text in _names(concept))
            texts.extend((coding.code, "procedure code") for coding in concept.codings if self._known(coding.code))
        for text, where in dict.fromkeys(texts):
            exam = self.whole(text)
            yield self._of_words(text, where) if exam is None else _of_exam(exam, where)

    def whole(self, text: str) -> Exam | None:
        """What a whole name means: by the sender's profile, else by the list."""
        if self._known(text) and self.sender is not None:
            return self.sender.procedures[fold(text)]
        item = load_exams().find(text).item
        row = None if item is None else load_exams().row(item)
        return None if row is None else row.exam

    def _known(self, text: str) -> bool:
        return self.sender is not None and fold(text) in self.sender.procedures

    def series(self, series: Series, number: int) -> SeriesEvidence:
        label = f"序列{number}"
        texts = tuple(self._series_texts(series))
        views = load_views()
        header = [views.get(fold(text), "other") for text in series.views if text.strip()]
        lying = bool(series.patient_position) and (series.patient_position or "").strip().upper().startswith(_LYING)
        parts = tuple(self._header_parts(series.body_part)) if series.body_part is not None else ()
        return SeriesEvidence(
            label=label,
            required=not _is_localizer(series, texts, self.modality) and not _is_capture(series),
            modality=(series.modality or "").strip().upper() or None,
            header_parts=tuple(part for _, part in parts if part),
            part_terms=tuple(term for term, _ in parts if term),
            unclear_part=not all(part for _, part in parts),
            differs=not _TELLING.isdisjoint(series.differing),
            header_sides=_sides(series),
            header_views=frozenset(view for view in header if view not in ("standing", "not-standing")),
            header_standing="standing" in header,
            header_not_standing="not-standing" in header or lying,
            images=_count(series),
            agent=series.contrast,
            texts=texts,
        )

    def _series_texts(self, series: Series) -> Iterator[Statement]:
        for text, where in (
            (series.protocol, "ProtocolName"),
            (series.description, "SeriesDescription"),
            (series.procedure, "PerformedProcedureStepDescription"),
        ):
            if not text:
                continue
            if where == "ProtocolName" and self.sender is not None and fold(text) in self.sender.protocols:
                yield _of_exam(self.sender.protocols[fold(text)], where)
            else:
                yield self._of_words(text, where)

    def _header_parts(self, concept: Concept) -> Iterator[tuple[str, frozenset[str]]]:
        """Terms of the body part with all that each may mean; an empty set for what is not understood."""
        table = load_body_parts()
        own = self.sender.body_parts if self.sender is not None else {}
        known: set[str] = set()
        texts: list[str] = []
        for coding in concept.codings:
            if coding.display and (fold(coding.code) in own or table.find(coding.code, self.modality)):
                known.add(coding.display)
            texts.append(coding.code if not coding.display or coding.display in known else coding.display)
        texts.extend(text for text in (concept.text, concept.source) if text and text not in known)
        for text in dict.fromkeys(texts):
            if fold(text) in own:
                yield text, frozenset({own[fold(text)]})
            elif found := table.find(text, self.modality):
                yield text, found
            else:
                yield from self._worded_part(text)

    def _worded_part(self, text: str) -> Iterator[tuple[str, frozenset[str]]]:
        """A body part in words of no standard (胸部)."""
        scan = self._scan(text)
        words = [word for word in self._apt(scan.words) if word.facet is WordFacet.PART]
        yield from ((word.word, frozenset(word.values)) for word in words)
        if not words or not scan.explained:
            yield "", frozenset()

    def _scan(self, text: str) -> Scan:
        known = self._scans.get(text)
        if known is None:
            known = self._scans[text] = load_imaging_words().scan(text)
        return known

    def _apt(self, words: tuple[Word, ...]) -> list[Word]:
        """Of words that mean different things in different modalities, those for this one."""
        special = {(word.word, word.facet) for word in words if word.modality and word.modality == self.modality}
        return [
            word
            for word in words
            if (word.modality == self.modality if (word.word, word.facet) in special else not word.modality)
        ]

    def _of_words(self, text: str, where: str) -> Statement:
        scan = self._scan(text)
        words = self._apt(scan.words)

        def values(facet: WordFacet, *, sure: bool = True) -> frozenset[str]:
            return frozenset(v for word in words if word.facet is facet and word.sure is sure for v in word.values)

        def has(facet: WordFacet) -> bool:
            return any(word.facet is facet and word.sure for word in words)

        doubts = Doubts(
            sides=values(WordFacet.SIDE, sure=False),
            contrasts=_contrasts(values(WordFacet.CONTRAST, sure=False)),
        )
        return Statement(
            where=where,
            modalities=values(WordFacet.MODALITY),
            parts=tuple(frozenset(word.values) for word in words if word.facet is WordFacet.PART),
            infant=has(WordFacet.INFANT),
            sides=values(WordFacet.SIDE),
            views=values(WordFacet.VIEW),
            standing=has(WordFacet.STANDING),
            not_standing=has(WordFacet.NOT_STANDING),
            contrasts=_contrasts(values(WordFacet.CONTRAST)),
            perhaps=doubts,
            other=has(WordFacet.OTHER),
            localizer=has(WordFacet.LOCALIZER),
            explained=scan.explained,
            unclear=has(WordFacet.UNCLEAR),
            words=tuple((word.facet, word.word) for word in words if word.facet is not WordFacet.NEUTRAL),
        )


def _names(concept: Concept) -> Iterator[str]:
    if concept.text:
        yield concept.text
    for coding in concept.codings:
        if coding.display and coding.display != concept.text:
            yield coding.display


def _contrasts(words: frozenset[str]) -> frozenset[str]:
    """What a text that names these can mean: 增强 alone leaves open whether 平扫 was made as well."""
    if not words:
        return words
    if words <= {Contrast.PLAIN.value}:
        return words
    return _ENHANCED if words == {Contrast.ENHANCED.value} else _BOTH_PHASES


def _of_exam(exam: Exam, where: str) -> Statement:
    views: set[str] = set()
    for view in exam.views or ():
        views.add({View.STANDING_PA: "pa"}.get(view, view.value))
    infant = exam.body_part == "infant-chest"
    named = [(WordFacet.PART, exam.body_part), (WordFacet.SIDE, exam.side), (WordFacet.CONTRAST, exam.contrast)]
    named.extend((WordFacet.VIEW, view) for view in exam.views or ())
    return Statement(
        where=where,
        modalities=frozenset({exam.modality} if exam.modality else ()),
        parts=(frozenset({exam.body_part}),) if exam.body_part else (),
        infant=infant,
        sides=frozenset({Side(exam.side).value} if exam.side else ()),
        views=frozenset(views),
        standing=View.STANDING_PA in (exam.views or ()),
        contrasts=frozenset({exam.contrast.value} if exam.contrast else ()),
        words=tuple((facet, str(value)) for facet, value in named if value),
    )


def _is_localizer(series: Series, texts: Iterable[Statement], modality: str | None) -> bool:
    """Whether all of a series only plans others, by its images or its name; in DR 定位 is a purpose of its own."""
    images = [one for one in series.instances if one.kind is InstanceKind.IMAGE]
    if images and all(one.localizer for one in images):
        return True
    return modality != "DR" and any(each.localizer for each in texts if each.where.startswith("SeriesDescription"))


def _is_capture(series: Series) -> bool:
    """Whether all of a series are captures of a screen (dose and protocol pages)."""
    classes = {one.sop_class for one in series.instances}
    known = load_sop_classes()
    return bool(classes) and all(
        each is not None and each in known and "Secondary Capture" in known[each].name for each in classes
    )


def _sides(series: Series) -> frozenset[str]:
    """Sides of the header; images of the left and images of the right are not yet one examination of both."""
    stated = (series.side_source or "").upper().split("\\")
    found = frozenset(_LATERALITY[text.strip()] for text in stated if text.strip() in _LATERALITY)
    return found or (frozenset({series.side.value}) if series.side is not None else found)


def _count(series: Series) -> int | None:
    if series.instances:
        return sum(one.kind is InstanceKind.IMAGE or one.kind is InstanceKind.OTHER for one in series.instances)
    return series.stated_instances
