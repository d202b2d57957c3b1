"""How an image is shown: what a presentation state has to say of it, so that only the mark is added to the picture.

A presentation state replaces the image's own display (PS3.4 N.2): modality LUT, window, polarity, shutter and overlays
that it does not name are gone. So they are read here and told again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fhir_hr.marks.images.headers import first_number, number, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

__all__ = [
    "COLOR",
    "GREY",
    "Appearance",
    "Lut",
    "NotShown",
    "Window",
    "appearance_of",
    "overlay_groups",
    "put_lut",
    "windows_of",
]

Lut = tuple[tuple[str, str, Any], ...]
"""A look-up table as keyword, value representation and value."""

COLOR = ("RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")
GREY = ("MONOCHROME1", "MONOCHROME2")
_CT = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
_PROJECTION = ("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2")
"""XA and XRF: their modality LUT leads back to the beam's intensity and is not for display (PS3.3 C.8.7.1.1.2)."""
_SHUTTER = (
    "ShutterShape", "ShutterLeftVerticalEdge", "ShutterRightVerticalEdge", "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge", "CenterOfCircularShutter", "RadiusOfCircularShutter",
    "VerticesOfThePolygonalShutter", "ShutterPresentationValue",
)  # fmt: skip
_LUT = ("LUTDescriptor", "LUTExplanation", "ModalityLUTType", "LUTData")


class NotShown(Exception):  # noqa: N818 - never leaves the package
    """An image whose display a presentation state cannot tell; the words say why."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One VOI transformation: a window, or the look-up table ``lut`` (descriptor, explanation, data).

    Attributes:
        center, width: as stated, the first of several (a second one makes readers fail).
    """

    center: str | None = None
    width: str | None = None
    explanation: str | None = None
    function: str | None = None
    lut: Lut | None = None


class Appearance(msgspec.Struct, frozen=True, kw_only=True):
    """What must be the same of all images of one presentation state."""

    rows: int
    columns: int
    photometric: str
    rescale: tuple[str, str, str] | None
    modality_lut: Lut | None
    aspect: tuple[str, ...]
    aspect_is_spacing: bool
    shutter: tuple[tuple[str, Any], ...]
    icc: bytes | None
    overlays: tuple[int, ...]

    @property
    def color(self) -> bool:
        """Whether the images are colour images."""
        return self.photometric not in GREY


def appearance_of(dataset: Dataset) -> Appearance:
    """Read the appearance of an image.

    Raises:
        NotShown: no presentation state can tell it.
    """
    photometric = text(dataset, "PhotometricInterpretation") or ""
    if photometric not in (*GREY, *COLOR):
        msg = f"PhotometricInterpretation {photometric[:16]!r} 无法用呈现状态表示"
        raise NotShown(msg)
    spacing = texts(dataset, "PixelSpacing") or texts(dataset, "ImagerPixelSpacing")
    square = len(spacing) != 2 or len({_decimal(each) for each in spacing}) == 1
    rescale, lut = (None, None) if photometric in COLOR else _modality(dataset)
    icc = dataset.get("ICCProfile") if photometric in COLOR else None
    return Appearance(
        rows=number(dataset, "Rows") or 0,
        columns=number(dataset, "Columns") or 0,
        photometric=photometric,
        rescale=rescale,
        modality_lut=lut,
        aspect=((texts(dataset, "PixelAspectRatio") if len(spacing) != 2 else ()) or ("1", "1")) if square else spacing,
        aspect_is_spacing=not square,
        shutter=tuple((name, _plain(dataset, name)) for name in _SHUTTER if name in dataset),
        icc=bytes(icc) if icc else None,
        overlays=overlay_groups(dataset),
    )


def _decimal(words: str) -> float | None:
    try:
        return float(words)
    except ValueError:
        return None


def overlay_groups(dataset: Dataset) -> tuple[int, ...]:
    """Return the groups 60xx in which something stands, in order."""
    return tuple(sorted({tag.group for tag in dataset.keys() if 0x6000 <= tag.group <= 0x60FF}))  # noqa: SIM118


def windows_of(dataset: Dataset) -> list[tuple[Window, tuple[int, ...] | None]]:
    """Return the first window (or look-up table) of an image; of an enhanced one by frames (from 1; ``None``: all)."""
    frames = dataset.get("PerFrameFunctionalGroupsSequence")
    shared = _shared(dataset, "FrameVOILUTSequence")
    if shared is not None or not frames:
        window = _window(dataset if shared is None else shared)
        return [(window, None)] if window is not None else []
    found: dict[Window, list[int]] = {}
    for at, frame in enumerate(frames, 1):
        item = next(iter(frame.get("FrameVOILUTSequence") or ()), None)
        window = _window(item) if item is not None else None
        if window is not None:
            found.setdefault(window, []).append(at)
    if not found:
        window = _window(dataset)
        return [(window, None)] if window is not None else []
    return [(window, None if len(at) == len(frames) else tuple(at)) for window, at in found.items()]


def _window(item: Dataset) -> Window | None:
    width = first_number(item, "WindowWidth")
    center = text(item, "WindowCenter")
    function = text(item, "VOILUTFunction")
    least = 1 if function in (None, "LINEAR") else 0
    if (
        center is not None
        and first_number(item, "WindowCenter") is not None
        and width is not None
        and (width >= 1 if least else width > 0)
    ):
        return Window(
            center=center,
            width=text(item, "WindowWidth"),
            explanation=text(item, "WindowCenterWidthExplanation"),
            function=function,
        )
    lut = next(iter(item.get("VOILUTSequence") or ()), None)
    return Window(lut=_lut(lut)) if lut is not None else None


def _modality(dataset: Dataset) -> tuple[tuple[str, str, str] | None, Lut | None]:
    if text(dataset, "SOPClassUID") not in _PROJECTION:
        lut = next(iter(dataset.get("ModalityLUTSequence") or ()), None)
        if lut is not None:
            return None, _lut(lut)
    default = "HU" if text(dataset, "SOPClassUID") in _CT else "US"
    found = {_rescale(item, default) for item in _transformed(dataset)}
    if len(found) > 1:
        msg = "各帧的重缩放（RescaleSlope、RescaleIntercept）不同，一个呈现状态无法表示"
        raise NotShown(msg)
    return next(iter(found), None), None


def _transformed(dataset: Dataset) -> Iterator[Dataset]:
    shared = _shared(dataset, "PixelValueTransformationSequence")
    if shared is not None:
        yield shared
        return
    frames = [
        each.get("PixelValueTransformationSequence") for each in dataset.get("PerFrameFunctionalGroupsSequence") or ()
    ]
    if any(frames):
        yield from (next(iter(each or ()), dataset) for each in frames)
    else:
        yield dataset


def _rescale(item: Dataset, default: str) -> tuple[str, str, str] | None:
    slope, intercept = text(item, "RescaleSlope"), text(item, "RescaleIntercept")
    if slope is None or intercept is None or not _decimal(slope) or _decimal(intercept) is None:
        return None
    return intercept, slope, text(item, "RescaleType") or default


def _shared(dataset: Dataset, keyword: str) -> Dataset | None:
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), None)
    return next(iter(shared.get(keyword) or ()), None) if shared is not None else None


def _lut(item: Dataset) -> Lut:
    found = []
    for name in _LUT:
        if name in item:
            value = _plain(item, name)
            found.append((name, _vr(item, name, value), value))
    return tuple(found)


def _vr(item: Dataset, keyword: str, value: object) -> str:
    """Return how an element is written outside of its image, where no PixelRepresentation tells."""
    stated = str(item[keyword].VR)
    if stated == "US or SS":
        signed = isinstance(value, tuple) and len(value) > 1 and isinstance(value[1], int) and value[1] < 0
        return "SS" if signed else "US"
    if stated == "US or OW":
        return "OW" if isinstance(value, bytes) else "US"
    return stated


def _plain(item: Dataset, keyword: str) -> Any:  # noqa: ANN401 - values of any kind
    from pydicom.multival import MultiValue

    value = item.get(keyword)
    return tuple(value) if isinstance(value, MultiValue | list) else value


def put_lut(item: Dataset, lut: Lut) -> None:
    """Write a look-up table as it was read."""
    from pydicom.datadict import tag_for_keyword

    for name, vr, value in lut:
        tag = tag_for_keyword(name)
        assert tag is not None
        item.add_new(tag, vr, list(value) if isinstance(value, tuple) else value)
