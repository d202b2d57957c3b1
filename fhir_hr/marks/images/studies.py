"""The mark on a whole study: what of it is marked, in which way, and what is not and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, Outcome
from fhir_hr.marks.advice import MarkVerdict
from fhir_hr.marks.images.allowed import allowed_mark, refusal
from fhir_hr.marks.images.burning import burned_copy
from fhir_hr.marks.images.headers import is_image, text
from fhir_hr.marks.images.overlays import overlay_copy
from fhir_hr.marks.images.states import mark_series

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["MarkWay", "MarkedSeries", "MarkedStudy", "mark_study"]

_FIRST_STATE = 9001


class MarkWay(StrEnum):
    """How a mark is put on images."""

    PRESENTATION_STATE = "presentation-state"
    """A new object beside the images, which stay as they are. The normal way."""
    OVERLAY_COPY = "overlay-copy"
    """Derived copies with an overlay plane, for export."""
    BURNED_COPY = "burned-copy"
    """Derived copies with the mark in their pixels, for film."""


class MarkedSeries(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one series.

    Attributes:
        uid: Series Instance UID of the images.
        images: how many images were given; 0 for presentations, documents and their like, which carry no mark.
        marked: how many of them the new objects mark.
        objects: the new objects.
    """

    uid: str
    images: int
    marked: int
    objects: tuple[Any, ...]
    issues: tuple[Issue, ...] = ()

    def __repr__(self) -> str:
        return f"MarkedSeries(images={self.images}, marked={self.marked}, <{len(self.objects)} objects>)"


class MarkedStudy(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a study, series by series in the order given."""

    series: tuple[MarkedSeries, ...]

    @property
    def objects(self) -> tuple[Any, ...]:
        """All new objects."""
        return tuple(one for each in self.series for one in each.objects)

    @property
    def complete(self) -> bool:
        """Whether every image that was given is marked, and there was one."""
        images = sum(each.images for each in self.series)
        return images > 0 and images == sum(each.marked for each in self.series)


def mark_study(
    series: Mapping[str, Sequence[Dataset]],
    verdict: MarkVerdict,
    *,
    when: datetime,
    way: MarkWay = MarkWay.PRESENTATION_STATE,
    creator: str = "HR^System",
    progress: Callable[[int], None] | None = None,
) -> Outcome[MarkedStudy | None]:
    """Mark all images of a study in one way. What is given is only read.

    Args:
        series: by Series Instance UID the objects of each series; series without images are passed over.
        verdict: what :func:`fhir_hr.marks.issue_exam_marks` says of this mark on this examination.
        when: creation time of presentation states, with its zone.
        way: presentation states need headers only, copies the pixel data too.
        creator: ContentCreatorName of presentation states.
        progress: called with the number of objects just dealt with.

    Returns:
        The new objects by series; ``None`` when the verdict allows no mark on the images, with the reasons as an issue
        ``image-mark-refused``. The issues are those of all series together.

    Raises:
        UsageError: the objects are of several studies, or stand under the UID of another series.
        MissingExtraError: the extra ``dicom-marks`` is not installed.
    """
    allowed = allowed_mark(verdict)
    if allowed.value is None:
        return Outcome(None, allowed.issues)
    _check(series)
    made = []
    number = _FIRST_STATE
    for uid, datasets in series.items():
        images = [each for each in datasets if is_image(each)]
        if not images:
            made.append(MarkedSeries(uid=uid, images=0, marked=0, objects=()))
        elif way is MarkWay.PRESENTATION_STATE:
            done = mark_series(images, verdict, when=when, series_number=number, creator=creator)
            made.append(_counted(uid, images, done.value, done.issues))
            number += 1
        else:
            made.append(_copied(uid, images, verdict, way, progress))
        if progress is not None:
            progress(len(datasets) if not images or way is MarkWay.PRESENTATION_STATE else len(datasets) - len(images))
    issues = tuple(issue for each in made for issue in each.issues)
    if not any(each.images for each in made):
        issues += (refusal("检查中没有图像"),)
    return Outcome(MarkedStudy(series=tuple(made)), issues)


def _check(series: Mapping[str, Sequence[Dataset]]) -> None:
    studies = {text(each, "StudyInstanceUID") for datasets in series.values() for each in datasets}
    if len(studies) > 1:
        msg = f"the objects are of {len(studies)} studies; a verdict is about one examination"
        raise UsageError(msg)
    for uid, datasets in series.items():
        if any(text(each, "SeriesInstanceUID") != uid for each in datasets):
            msg = "an object stands under the UID of another series"
            raise UsageError(msg)


def _counted(
    uid: str, images: Sequence[Dataset], states: tuple[Dataset, ...], issues: tuple[Issue, ...]
) -> MarkedSeries:
    named = {
        text(reference, "ReferencedSOPInstanceUID")
        for state in states
        for each in state.ReferencedSeriesSequence
        for reference in each.ReferencedImageSequence
    }
    marked = sum(text(each, "SOPInstanceUID") in named for each in images)
    return MarkedSeries(uid=uid, images=len(images), marked=marked, objects=states, issues=issues)


def _copied(
    uid: str,
    images: Sequence[Dataset],
    verdict: MarkVerdict,
    way: MarkWay,
    progress: Callable[[int], None] | None,
) -> MarkedSeries:
    copy = overlay_copy if way is MarkWay.OVERLAY_COPY else burned_copy
    done = list(_each(images, lambda image: copy(image, verdict), progress))
    objects = tuple(each.value for each in done if each.value is not None)
    issues = tuple(issue for each in done for issue in each.issues)
    return MarkedSeries(uid=uid, images=len(images), marked=len(objects), objects=objects, issues=issues)


def _each(
    images: Sequence[Dataset],
    make: Callable[[Dataset], Outcome[Dataset | None]],
    progress: Callable[[int], None] | None,
) -> Iterator[Outcome[Dataset | None]]:
    for image in images:
        yield make(image)
        if progress is not None:
            progress(1)
