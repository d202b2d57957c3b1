"""A copy with the mark burned into the pixels, for film only and only when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_hr.issues import Outcome
from fhir_hr.marks.advice import MarkVerdict
from fhir_hr.marks.images.allowed import allowed_mark, refusal
from fhir_hr.marks.images.appearance import windows_of
from fhir_hr.marks.images.derived import derive
from fhir_hr.marks.images.extra import load
from fhir_hr.marks.images.glyphs import Drawn, draw
from fhir_hr.marks.images.headers import first_number, frames_of, is_image, number, put, quietly, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

__all__ = ["burned_copy"]

_GREY = ("MONOCHROME1", "MONOCHROME2")
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


class _Refused(Exception):  # noqa: N818 - never leaves the module
    """Why an image cannot be burned."""


@quietly
def burned_copy(dataset: Dataset, verdict: MarkVerdict, *, series_number: int | None = None) -> Outcome[Dataset | None]:
    """Make a derived copy with the mark burned into the upper right of every frame: light letters with a dark edge.

    For film and for what can show nothing else. Only the pixels of the letters and of their edge differ from the
    original. BurnedInAnnotation is YES. Compressed images are decoded first, and refused when no decoder is there.

    Args:
        dataset: the image, with its pixel data.
        verdict: what :func:`fhir_hr.marks.issue_exam_marks` says of this mark on this examination.
        series_number: SeriesNumber of the copies; that of the original by default.

    Returns:
        The copy, uncompressed and to be written in explicit little endian; or ``None`` with an issue
        ``image-mark-refused`` that says why.

    Raises:
        MissingExtraError: the extra ``dicom-marks`` is not installed.
    """
    allowed = allowed_mark(verdict)
    if allowed.value is None:
        return Outcome(None, allowed.issues)
    mark = allowed.value
    where = text(dataset, "SOPInstanceUID") or ""
    try:
        drawn = _drawn(dataset, mark.words)
        out = derive(dataset, kind="burned", mark=mark.code, description=f"Recognition mark {mark.code} burned in")
        _burn(out, drawn)
    except _Refused as why:
        return Outcome(None, (refusal(str(why), where=where),))
    put(out, "BurnedInAnnotation", "YES")
    if series_number is not None:
        out.SeriesNumber = series_number
    return Outcome(out)


def _drawn(dataset: Dataset, words: str) -> Drawn:
    if not is_image(dataset):
        raise _Refused("不是图像")
    if any(text(dataset, keyword) is None for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")):
        raise _Refused("图像缺少 UID")
    if "PixelData" not in dataset:
        raise _Refused("没有整数像素数据")
    rows, columns = number(dataset, "Rows") or 0, number(dataset, "Columns") or 0
    drawn = draw(words, rows=rows, columns=columns)
    if drawn is None:
        raise _Refused(f"图像矩阵 {columns}×{rows} 太小，标识无法辨认")
    return drawn


def _burn(out: Dataset, drawn: Drawn) -> None:
    from pydicom.uid import UID

    numpy = load("numpy")
    big = _decode(out)
    photometric, samples = text(out, "PhotometricInterpretation") or "", number(out, "SamplesPerPixel") or 1
    bits = number(out, "BitsAllocated") or 0
    light, dark = _colors(out, photometric, samples, bits)
    signed = samples == 1 and number(out, "PixelRepresentation") == 1
    kind = numpy.dtype(f"{'>' if big else '<'}{'i' if signed else 'u'}{bits // 8}")
    shape, planar = _shape(out, samples)
    count = int(numpy.prod(shape))
    data = bytes(out.PixelData)
    if len(data) < count * kind.itemsize:
        raise _Refused(f"像素数据 {len(data)} 字节，少于矩阵所需的 {count * kind.itemsize} 字节")
    pixels = numpy.frombuffer(data, dtype=kind, count=count).reshape(shape).astype(kind.newbyteorder("<"))
    if light is None:
        low, high = int(pixels.min()), int(pixels.max())
        light, dark = ((high,), (low,)) if high > low else _extremes(out, signed=signed)
        if photometric == "MONOCHROME1":
            light, dark = dark, light
    outline, letters = drawn.on_matrix(drawn.outline), drawn.on_matrix(drawn.letters)
    for sample in range(samples):
        plane = pixels[:, sample] if planar else pixels[..., sample]
        plane[:, outline] = dark[sample]
        plane[:, letters] = light[sample]
    raw = pixels.tobytes()
    out.add_new(0x7FE00010, "OW" if bits > 8 else "OB", raw + b"\0" * (len(raw) % 2))
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelDataProviderURL"):
        if keyword in out:
            delattr(out, keyword)
    if getattr(out, "file_meta", None) is not None:
        out.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE)


def _decode(out: Dataset) -> bool:
    """Decompress in place where needed; tells whether the pixels lie in big-endian order."""
    from pydicom.uid import UID

    meta = getattr(out, "file_meta", None)
    syntax = UID(meta.TransferSyntaxUID) if meta is not None and "TransferSyntaxUID" in meta else None
    if syntax is None:
        raise _Refused("没有传输语法，无法得知像素如何存放")
    if not syntax.is_compressed or syntax.is_deflated:
        return not syntax.is_little_endian
    try:
        out.decompress(generate_instance_uid=False)
    except Exception as error:  # a decoder may raise anything about data of others
        raise _Refused(f"压缩图像无法解码（传输语法 {syntax}）: {type(error).__name__}") from error
    return False


def _shape(out: Dataset, samples: int) -> tuple[tuple[int, ...], bool]:
    rows, columns, frames = number(out, "Rows") or 0, number(out, "Columns") or 0, frames_of(out)
    planar = samples > 1 and number(out, "PlanarConfiguration") == 1
    return ((frames, samples, rows, columns) if planar else (frames, rows, columns, samples)), planar


def _colors(
    out: Dataset, photometric: str, samples: int, bits: int
) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    """Return light and dark as stored values per sample; ``None`` when only the pixels themselves can tell them."""
    stored = number(out, "BitsStored") or bits
    if bits not in (8, 16, 32):
        raise _Refused(f"BitsAllocated {bits} 的图像不支持烧录")
    if (number(out, "HighBit") or stored - 1) != stored - 1:
        raise _Refused("像素值未靠低位存放（HighBit 与 BitsStored 不符），不支持烧录")
    top = 2**stored - 1
    if photometric == "RGB" and samples == 3:
        return (top, top, top), (0, 0, 0)
    if photometric == "YBR_FULL" and samples == 3:
        middle = 2 ** (stored - 1)
        return (top, middle, middle), (0, middle, middle)
    if photometric not in _GREY or samples != 1:
        raise _Refused(f"PhotometricInterpretation {photometric[:16]!r} 的图像不支持烧录")
    return _grey(out, photometric)


def _grey(out: Dataset, photometric: str) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    """Return values at the ends of the windows: they show fully light and dark, and stay within what is stored."""
    bounds = [bound for bound in (_bounds(window.center, window.width) for window, _ in windows_of(out)) if bound]
    bounds += [
        bound
        for bound in map(_bounds, *(_all(out, keyword) for keyword in ("WindowCenter", "WindowWidth")))
        if bound is not None
    ]
    if not bounds or "ModalityLUTSequence" in out:
        return None, ()
    slope = first_number(out, "RescaleSlope") or 1.0
    intercept = first_number(out, "RescaleIntercept") or 0.0
    ends = ((min(low for low, _ in bounds) - intercept) / slope, (max(high for _, high in bounds) - intercept) / slope)
    (least,), (most,) = _limits(out)
    dark, light = (min(most, max(least, round(end))) for end in ends)
    if dark == light:
        return None, ()
    return ((dark,), (light,)) if photometric == "MONOCHROME1" else ((light,), (dark,))


def _bounds(center: str | None, width: str | None) -> tuple[float, float] | None:
    try:
        middle, wide = float(center or ""), float(width or "")
    except ValueError:
        return None
    return (middle - 0.5 - (wide - 1) / 2, middle - 0.5 + (wide - 1) / 2) if wide >= 1 else None


def _all(out: Dataset, keyword: str) -> tuple[str, ...]:
    from fhir_hr.marks.images.headers import texts

    return texts(out, keyword)


def _limits(out: Dataset) -> tuple[tuple[int], tuple[int]]:
    stored = number(out, "BitsStored") or number(out, "BitsAllocated") or 0
    if number(out, "PixelRepresentation") == 1:
        return (-(2 ** (stored - 1)),), (2 ** (stored - 1) - 1,)
    return (0,), (2**stored - 1,)


def _extremes(out: Dataset, *, signed: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    low, high = _limits(out)
    return (high, low) if signed or low < high else (low, high)


_Array = Any
if TYPE_CHECKING:
    _Array = NDArray[np.generic]
