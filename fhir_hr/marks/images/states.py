"""The mark as a presentation state: the images stay as they are, and viewers draw 川内HR in their upper right.

One Grayscale (PS3.3 A.33.1) or Color (A.33.2) Softcopy Presentation State per series, with the mark twice: as an
overlay plane with its activation layer, which shows Chinese wherever overlays are shown, and below it as a text object
in DISPLAY units. Series whose images differ in size, polarity or rescaling get one state for each kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from fhir_hr._version import __version__
from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity
from fhir_hr.marks.advice import MarkVerdict
from fhir_hr.marks.images.allowed import ImageMark, allowed_mark, refusal
from fhir_hr.marks.images.appearance import Appearance, NotShown, Window, appearance_of, put_lut, windows_of
from fhir_hr.marks.images.extra import load
from fhir_hr.marks.images.glyphs import Drawn, draw, overlay_bytes
from fhir_hr.marks.images.headers import copy_subject, is_image, put, quietly, text
from fhir_hr.marks.images.uids import derived_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["mark_series"]

_GREYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
_COLOR = "1.2.840.10008.5.1.4.1.1.11.2"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_UTF8 = "ISO_IR 192"
_PLANE_LAYER, _TEXT_LAYER, _KEPT_LAYER = "HR_MARK", "HR_TEXT", "IMAGE_OVERLAYS"
_LABEL = re.compile(r"[A-Z0-9_ ]{1,16}")
_CREATOR = re.compile(r"[^\\^=\x00-\x1f]+\^[^\\=\x00-\x1f]*")
_WHITE, _WHITE_CIELAB = 0xFFFF, [0xFFFF, 0x8080, 0x8080]
_GROUPS = range(0x6000, 0x6020, 2)


class _Part(msgspec.Struct, frozen=True):
    """Images of one series that share an appearance."""

    appearance: Appearance
    images: list[Any]


@quietly
def mark_series(
    datasets: Sequence[Dataset],
    verdict: MarkVerdict,
    *,
    when: datetime,
    series_number: int = 9001,
    creator: str = "HR^System",
    label: str | None = None,
) -> Outcome[tuple[Dataset, ...]]:
    """Make the presentation states that show a mark on the images of one series. The images are only read.

    Headers suffice: pixel data is not looked at. The UIDs follow from the series, the mark and the images named, so the
    same call makes the same objects, and a series that has grown gets new ones.

    Args:
        datasets: the objects of the series; what is no image is left out.
        verdict: what :func:`fhir_hr.marks.issue_exam_marks` says of this mark on this examination. Without leave
            nothing is made.
        when: creation time, with its zone; written in the zone of the images where they state one.
        series_number: SeriesNumber of the new presentation series.
        creator: ContentCreatorName; family and given name parted by ``^``.
        label: ContentLabel, at most 16 of ``A-Z 0-9 _`` and space; the mark's code by default.

    Returns:
        The objects, ready to be written as explicit little-endian files; empty when the series carries no mark, with
        issues ``image-mark-refused``.

    Raises:
        UsageError: the objects are of several series or studies, or an option is malformed.
        MissingExtraError: the extra ``dicom-marks`` is not installed.
    """
    allowed = allowed_mark(verdict)
    if allowed.value is None:
        return Outcome((), allowed.issues)
    mark = allowed.value
    name = mark.code.upper().replace("-", "_")[:16] if label is None else label
    _check(datasets, when, name, creator)
    images = [each for each in datasets if is_image(each)]
    if not images:
        return Outcome((), (refusal("序列中没有图像", where=_series_of(datasets)),))
    parts, issues = _parts(images)
    made = []
    for at, part in enumerate(parts, 1):
        state, said = _state(part, mark)
        issues += said
        issues += _identify(state, part, mark, when=when, at=at)
        put(state, "SeriesNumber", series_number)
        put(state, "ContentLabel", name)
        put(state, "ContentCreatorName", creator)
        made.append(state)
    if len(made) > 1:
        message = f"图像的矩阵、显示方式或重缩放不同，分为 {len(made)} 个呈现状态"
        issues.append(_said(message, where=_series_of(images)))
    return Outcome(tuple(made), tuple(issues))


def _check(datasets: Sequence[Dataset], when: datetime, label: str, creator: str) -> None:
    if when.utcoffset() is None:
        msg = "the creation time needs a zone"
        raise UsageError(msg)
    if not _LABEL.fullmatch(label):
        msg = f"a content label is 1 to 16 of A-Z, 0-9, _ and space, not {label[:40]!r}"
        raise UsageError(msg)
    if not _CREATOR.fullmatch(creator) or len(creator) > 64:
        msg = "a content creator is a family name, '^' and a given name, such as 'HR^System'"
        raise UsageError(msg)
    for keyword, what in (("StudyInstanceUID", "studies"), ("SeriesInstanceUID", "series")):
        found = {text(each, keyword) for each in datasets}
        if len(found) > 1:
            msg = f"the objects are of {len(found)} {what}; a presentation state is of one"
            raise UsageError(msg)


def _parts(images: Iterable[Dataset]) -> tuple[list[_Part], list[Issue]]:
    found: dict[Appearance, list[Any]] = {}
    issues = []
    seen = set()
    for image in images:
        uid = text(image, "SOPInstanceUID")
        if uid is None or text(image, "SeriesInstanceUID") is None or text(image, "StudyInstanceUID") is None:
            issues.append(refusal("图像缺少 UID，呈现状态无法引用"))
            continue
        if uid in seen:
            message = "the instance was given twice; it is referenced once"
            issues.append(
                Issue(code=IssueCode.DUPLICATE_INSTANCE, severity=Severity.WARNING, where=uid, message=message)
            )
            continue
        seen.add(uid)
        try:
            found.setdefault(appearance_of(image), []).append(image)
        except NotShown as why:
            issues.append(refusal(str(why), where=uid))
    return [_Part(appearance, group) for appearance, group in found.items()], issues


def _state(part: _Part, mark: ImageMark) -> tuple[Dataset, list[Issue]]:
    """Make the modules that show: displayed area, mark, layers, transformations."""
    from pydicom.dataset import Dataset

    state = Dataset()
    put(state, "SpecificCharacterSet", _UTF8)
    look = part.appearance
    issues = []
    drawn = draw(mark.words, rows=look.rows, columns=look.columns)
    layers = []
    free = next((group for group in _GROUPS if group not in look.overlays), None)
    if drawn is None or free is None:
        why = "图像太小" if drawn is None else "叠加层 6000 至 601E 均已占用"
        issues.append(_said(f"{why}，标识只作为文字对象，不作为叠加层", where=_series_of(part.images)))
    else:
        _put_plane(state, free, drawn, mark)
        layers.append((_PLANE_LAYER, "互认标识"))
    for group in look.overlays:
        state.add_new((group, 0x1001), "CS", _KEPT_LAYER)
    layers.append((_TEXT_LAYER, "互认标识（文字）"))
    if look.overlays:
        layers.append((_KEPT_LAYER, "图像自带叠加层"))
    put(state, "GraphicAnnotationSequence", [_annotation(part, mark, drawn if free is not None else None)])
    put(state, "GraphicLayerSequence", [_layer(name, words, at) for at, (name, words) in enumerate(layers, 1)])
    put(state, "DisplayedAreaSelectionSequence", [_area(look)])
    for keyword, value in look.shutter:
        put(state, keyword, list(value) if isinstance(value, tuple) else value)
    if look.shutter and "ShutterPresentationValue" not in state:
        put(state, "ShutterPresentationValue", 0)
    if look.color:
        put(state, "ICCProfile", look.icc or _srgb())
    else:
        _put_transformations(state, part)
    return state, issues


def _put_plane(state: Dataset, group: int, drawn: Drawn, mark: ImageMark) -> None:
    plane = [
        (0x0010, "US", drawn.rows),
        (0x0011, "US", drawn.columns),
        (0x0022, "LO", "互认标识"),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x1001, "CS", _PLANE_LAYER),
        (0x1500, "LO", mark.words),
        (0x3000, "OW", overlay_bytes(drawn)),
    ]
    for element, vr, value in plane:
        state.add_new((group, element), vr, value)


def _annotation(part: _Part, mark: ImageMark, drawn: Drawn | None) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    put(item, "ReferencedImageSequence", [_reference(each) for each in part.images])
    put(item, "GraphicLayer", _TEXT_LAYER)
    pr: Any = load("highdicom.pr", package="highdicom")
    text_object = pr.TextObject(
        text_value=mark.words,
        units="DISPLAY",
        bounding_box=_box(part.appearance, mark, drawn),
        text_justification="RIGHT",
    )
    put(item, "TextObjectSequence", [text_object])
    return item


def _box(look: Appearance, mark: ImageMark, drawn: Drawn | None) -> tuple[float, float, float, float]:
    """Return left, top, right, bottom as shares of the displayed area: just as wide as the text, below the plane.

    As wide as the text because viewers are about that ignore the justification; below, so that the two do not cover
    each other where both are drawn.
    """
    if drawn is not None:
        top = drawn.top + drawn.height
        return (
            round(drawn.left / look.columns, 4),
            round(top / look.rows, 4),
            round((drawn.left + drawn.width) / look.columns, 4),
            round(min(look.rows, top + drawn.height) / look.rows, 4),
        )
    width = min(0.98, 0.05 * sum(1 if ord(letter) > 0x2E80 else 0.7 for letter in mark.words))
    return (round(0.99 - width, 4), 0.01, 0.99, 0.08)


def _layer(name: str, description: str, order: int) -> Dataset:
    pr: Any = load("highdicom.pr", package="highdicom")
    layer: Dataset = pr.GraphicLayer(layer_name=name, order=order, description=description)
    put(layer, "GraphicLayerRecommendedDisplayGrayscaleValue", _WHITE)
    put(layer, "GraphicLayerRecommendedDisplayCIELabValue", _WHITE_CIELAB)
    return layer


def _area(look: Appearance) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    put(item, "DisplayedAreaTopLeftHandCorner", [1, 1])
    put(item, "DisplayedAreaBottomRightHandCorner", [look.columns, look.rows])
    put(item, "PresentationSizeMode", "SCALE TO FIT")
    keyword = "PresentationPixelSpacing" if look.aspect_is_spacing else "PresentationPixelAspectRatio"
    put(item, keyword, list(look.aspect))
    return item


def _put_transformations(state: Dataset, part: _Part) -> None:
    from pydicom.dataset import Dataset

    look = part.appearance
    if look.rescale is not None:
        for keyword, value in zip(("RescaleIntercept", "RescaleSlope", "RescaleType"), look.rescale, strict=True):
            put(state, keyword, value)
    elif look.modality_lut is not None:
        item = Dataset()
        put_lut(item, look.modality_lut)
        put(state, "ModalityLUTSequence", [item])
    windows = _windows(part)
    if windows:
        put(state, "SoftcopyVOILUTSequence", windows)
    # A reader follows this and not the image's own polarity (PS3.3 C.11.6.1).
    put(state, "PresentationLUTShape", "INVERSE" if look.photometric == "MONOCHROME1" else "IDENTITY")


def _windows(part: _Part) -> list[Dataset]:
    from pydicom.dataset import Dataset

    used: dict[Window, list[Dataset]] = {}
    whole: dict[Window, int] = {}
    for image in part.images:
        for window, frames in windows_of(image):
            reference = _reference(image)
            if frames is not None:
                put(reference, "ReferencedFrameNumber", list(frames))
            used.setdefault(window, []).append(reference)
            whole[window] = whole.get(window, 0) + (frames is None)
    items = []
    for window, references in used.items():
        item = Dataset()
        if whole[window] != len(part.images):
            put(item, "ReferencedImageSequence", references)
        if window.lut is not None:
            table = Dataset()
            put_lut(table, window.lut)
            put(item, "VOILUTSequence", [table])
        else:
            put(item, "WindowCenter", window.center)
            put(item, "WindowWidth", window.width)
            for keyword, value in (
                ("WindowCenterWidthExplanation", window.explanation),
                ("VOILUTFunction", window.function),
            ):
                if value:
                    put(item, keyword, value)
        items.append(item)
    return items


def _reference(image: Dataset) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    put(item, "ReferencedSOPClassUID", text(image, "SOPClassUID"))
    put(item, "ReferencedSOPInstanceUID", text(image, "SOPInstanceUID"))
    return item


def _identify(state: Dataset, part: _Part, mark: ImageMark, *, when: datetime, at: int) -> tuple[Issue, ...]:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    first = part.images[0]
    series = text(first, "SeriesInstanceUID") or ""
    issues = copy_subject(first, state)
    named = sorted(text(each, "SOPInstanceUID") or "" for each in part.images)
    uid = derived_uid("state", series, mark.code, *named)
    put(state, "SOPClassUID", _COLOR if part.appearance.color else _GREYSCALE)
    put(state, "SOPInstanceUID", uid)
    put(state, "SeriesInstanceUID", derived_uid("series", series, mark.code))
    put(state, "Modality", "PR")
    put(state, "SeriesDescription", f"互认标识 {mark.words}")
    put(state, "InstanceNumber", at)
    put(state, "Manufacturer", "fhir_hr")
    put(state, "ManufacturerModelName", "fhir_hr")
    put(state, "SoftwareVersions", __version__)
    put(state, "ContentDescription", f"互认标识 {mark.words}")
    local = when.astimezone(_zone(first, when))
    put(state, "PresentationCreationDate", f"{local:%Y%m%d}")
    put(state, "PresentationCreationTime", f"{local:%H%M%S}")
    references = Dataset()
    put(references, "SeriesInstanceUID", series)
    put(references, "ReferencedImageSequence", [_reference(each) for each in part.images])
    put(state, "ReferencedSeriesSequence", [references])
    state.file_meta = FileMetaDataset()
    state.file_meta.MediaStorageSOPClassUID = UID(state.SOPClassUID)
    state.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    state.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE)
    return issues


def _zone(image: Dataset, when: datetime) -> Any:  # noqa: ANN401 - a tzinfo
    stated = re.fullmatch(r"[+-](?:0\d|1[0-4])[0-5]\d", text(image, "TimezoneOffsetFromUTC") or "")
    return datetime.strptime(stated.group(), "%z").tzinfo if stated else when.tzinfo


def _srgb() -> bytes:
    """Return an sRGB profile without the time of its making, which Pillow's engine writes into it."""
    cms: Any = load("PIL.ImageCms", package="pillow")
    profile = bytearray(cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07e8 0001 0001 0000 0000 0000")  # 2024-01-01, ICC.1 dateTimeNumber
    return bytes(profile) + b"\0" * (len(profile) % 2)


def _series_of(datasets: Sequence[Dataset]) -> str:
    return next((uid for uid in (text(each, "SeriesInstanceUID") for each in datasets) if uid), "")


def _said(message: str, *, where: str) -> Issue:
    return Issue(code=IssueCode.IMAGE_MARK_LIMITED, severity=Severity.INFORMATION, where=where, message=message)
