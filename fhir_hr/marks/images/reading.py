"""Which registered mark does a received object show? Text objects and overlay labels are read, pixels never."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from fhir_hr.mapping.marks import MarkRegistry, load_marks, looks_like_mark
from fhir_hr.marks.images.appearance import overlay_groups
from fhir_hr.marks.images.headers import quietly, text
from fhir_hr.model.flags import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

__all__ = ["ImageMarkReading", "ImageMarkSighting", "MarkSource", "read_image_marks"]

_LINES = 100
_PRESENTATIONS = "1.2.840.10008.5.1.4.1.1.11."


class MarkSource(StrEnum):
    """Where a mark was read."""

    TEXT_OBJECT = "text-object"
    OVERLAY_LABEL = "overlay-label"
    OVERLAY_DESCRIPTION = "overlay-description"


class ImageMarkSighting(msgspec.Struct, frozen=True, kw_only=True):
    """A text that is a mark, or that looks like one.

    Attributes:
        mark: the registered mark; ``None`` when the text only looks like a mark.
        tidied: whether it is the mark only without white space.
        text: as it stands, at most 40 characters.
    """

    source: MarkSource
    text: str
    mark: Mark | None
    tidied: bool = False


class ImageMarkReading(msgspec.Struct, frozen=True, kw_only=True):
    """What one object shows.

    Attributes:
        sightings: each text that is or looks like a mark.
        images: ``(series UID, SOP Instance UID)`` of the images that it is about: of a presentation state those that
            it references, of an image itself.
        burned_in: BurnedInAnnotation; ``None`` when not stated.
    """

    sightings: tuple[ImageMarkSighting, ...]
    images: tuple[tuple[str, str], ...]
    burned_in: bool | None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The registered marks that were read, each once."""
        return tuple(dict.fromkeys(each.mark for each in self.sightings if each.mark is not None))

    @property
    def known(self) -> bool:
        """Whether a registered mark was read; otherwise it is unknown whether the images are marked."""
        return bool(self.marks)

    def __repr__(self) -> str:
        return f"ImageMarkReading(marks={[mark.text for mark in self.marks]!r}, <{len(self.images)} images>)"


@quietly
def read_image_marks(dataset: Dataset, *, registry: MarkRegistry | None = None) -> ImageMarkReading:
    """Read the marks of a presentation state or of an image with overlay planes.

    A text is a mark when the whole of it, or a whole line of it, is a registered mark; of our own overlay copies in
    character sets without Chinese also the mark's code.

    Args:
        dataset: the object; headers suffice.
        registry: the marks; the shipped ones by default.
    """
    known = load_marks() if registry is None else registry
    sightings = []
    for source, words in _texts(dataset):
        for line in words.splitlines()[:_LINES]:
            sighting = _sighting(source, line, known)
            if sighting is not None:
                sightings.append(sighting)
    burned = text(dataset, "BurnedInAnnotation")
    return ImageMarkReading(
        sightings=tuple(sightings),
        images=_images(dataset),
        burned_in={"YES": True, "NO": False}.get(burned or ""),
    )


def _sighting(source: MarkSource, line: str, known: MarkRegistry) -> ImageMarkSighting | None:
    found = known.find(line)
    if found is not None:
        return ImageMarkSighting(source=source, text=line.strip()[:40], mark=found.mark, tidied=found.tidied)
    coded = known.by_code(line.strip()) if source is MarkSource.OVERLAY_LABEL else None
    if coded is not None or looks_like_mark(line):
        return ImageMarkSighting(source=source, text=line.strip()[:40], mark=coded)
    return None


def _texts(dataset: Dataset) -> Iterator[tuple[MarkSource, str]]:
    for annotation in dataset.get("GraphicAnnotationSequence") or ():
        for each in annotation.get("TextObjectSequence") or ():
            yield MarkSource.TEXT_OBJECT, text(each, "UnformattedTextValue") or ""
    for group in overlay_groups(dataset):
        for element, source in ((0x1500, MarkSource.OVERLAY_LABEL), (0x0022, MarkSource.OVERLAY_DESCRIPTION)):
            if (group, element) in dataset:
                yield source, str(dataset[group, element].value or "")


def _images(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    if (text(dataset, "SOPClassUID") or "").startswith(_PRESENTATIONS):
        return tuple(
            (text(series, "SeriesInstanceUID") or "", text(image, "ReferencedSOPInstanceUID") or "")
            for series in dataset.get("ReferencedSeriesSequence") or ()
            for image in series.get("ReferencedImageSequence") or ()
        )
    series, instance = (text(dataset, keyword) for keyword in ("SeriesInstanceUID", "SOPInstanceUID"))
    return ((series or "", instance),) if instance is not None else ()
