"""A copy with the mark burned into the pixels, for film only and only when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_hr.issues import Outcome
from fhir_hr.marks.advice import MarkVerdict
from fhir_hr.marks.images.allowed import allowed_mark, refusal
from fhir_hr.marks.images.appearance import NotShown, appearance_of, windows_of
from fhir_hr.marks.images.derived import derive
from fhir_hr.marks.images.extra import load
from fhir_hr.marks.images.glyphs import Drawn, draw
from fhir_hr.marks.images.headers import frames_of, is_image, number, put, quietly, text, texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

__all__ = ["burned_copy"]

_GREY = ("MONOCHROME1", "MONOCHROME2")
_Colors = tuple[tuple[int, ...], tuple[int, ...]]
"""Light and dark, as stored values per sample."""


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
        The copy, uncompressed; or ``None`` with an issue
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
    except (_Refused, NotShown) as why:
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
    numpy = load("numpy")
    big = _decode(out)
    samples, bits = number(out, "SamplesPerPixel") or 1, number(out, "BitsAllocated") or 0
    colors = _colors(out, samples, bits)
    kind = numpy.dtype(f"{'>' if big else '<'}u{bits // 8}")
    shape, planar = _shape(out, samples)
    count, data = int(numpy.prod(shape)), bytes(out.PixelData)
    if len(data) < count * kind.itemsize:
        raise _Refused(f"像素数据 {len(data)} 字节，少于矩阵所需的 {count * kind.itemsize} 字节")
    swapped = big and bits == 8 and out["PixelData"].VR == "OW"  # two pixels in each word (PS3.5 8.1.1)
    if swapped:
        data = numpy.frombuffer(data, dtype=">u2").byteswap().tobytes()
    pixels = numpy.frombuffer(data, dtype=kind, count=count).reshape(shape).copy()
    light, dark = colors or _seen(out, pixels)
    outline, letters = drawn.on_matrix(drawn.outline), drawn.on_matrix(drawn.letters)
    for sample in range(samples):
        plane = pixels[:, sample] if planar else pixels[..., sample]
        plane[:, outline] = dark[sample] % 2**bits
        plane[:, letters] = light[sample] % 2**bits
    raw = pixels.tobytes() + data[count * kind.itemsize :]
    if swapped:
        raw = numpy.frombuffer(raw, dtype=">u2").byteswap().tobytes()
    out["PixelData"].value = raw
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in out:
            delattr(out, keyword)


def _decode(out: Dataset) -> bool:
    """Decompress in place where needed; tells whether the pixels lie in big-endian order."""
    from pydicom.uid import UID

    meta = getattr(out, "file_meta", None)
    if meta is None or "TransferSyntaxUID" not in meta:
        raise _Refused("没有传输语法，无法得知像素如何存放")
    syntax = UID(meta.TransferSyntaxUID)
    if not syntax.is_encapsulated:
        return not syntax.is_little_endian
    try:
        out.decompress(generate_instance_uid=False)
    except Exception as error:  # a decoder may raise anything about the data of others
        msg = f"压缩图像无法解码（传输语法 {syntax}）: {type(error).__name__}"
        raise _Refused(msg) from error
    return False


def _shape(out: Dataset, samples: int) -> tuple[tuple[int, ...], bool]:
    rows, columns, frames = number(out, "Rows") or 0, number(out, "Columns") or 0, frames_of(out)
    planar = samples > 1 and number(out, "PlanarConfiguration") == 1
    return ((frames, samples, rows, columns) if planar else (frames, rows, columns, samples)), planar


def _colors(out: Dataset, samples: int, bits: int) -> _Colors | None:
    """Return light and dark as stored values per sample; ``None`` when only the pixels themselves can tell them."""
    photometric = text(out, "PhotometricInterpretation") or ""
    stored = number(out, "BitsStored") or bits
    if bits not in (8, 16, 32):
        raise _Refused(f"BitsAllocated {bits} 的图像不支持烧录")
    high = number(out, "HighBit")
    if high is not None and high != stored - 1:
        raise _Refused(f"像素值未靠低位存放（HighBit {high}，BitsStored {stored}），不支持烧录")
    top, middle = 2**stored - 1, 2 ** (stored - 1)
    if photometric == "RGB" and samples == 3:
        return (top, top, top), (0, 0, 0)
    if photometric == "YBR_FULL" and samples == 3:
        return (top, middle, middle), (0, middle, middle)
    if photometric not in _GREY or samples != 1:
        raise _Refused(f"PhotometricInterpretation {photometric[:16]!r} 的图像不支持烧录")
    return _windowed(out)


def _windowed(out: Dataset) -> _Colors | None:
    """Return values at the ends of all windows: fully light and dark in each, and within what can be stored."""
    stated = list(zip(texts(out, "WindowCenter"), texts(out, "WindowWidth"), strict=False))
    stated += [(window.center or "", window.width or "") for window, _ in windows_of(out)]
    bounds = [bound for bound in (_bounds(center, width) for center, width in stated) if bound is not None]
    if not bounds or "ModalityLUTSequence" in out:
        return None
    look = appearance_of(out).rescale
    intercept, slope = (float(look[0]), float(look[1])) if look is not None else (0.0, 1.0)
    ends = (min(low for low, _ in bounds), max(high for _, high in bounds))
    least, most = _limits(out)
    dark, light = (min(most, max(least, round((end - intercept) / slope))) for end in ends)
    return _colors_of(out, dark=dark, light=light) if dark != light else None


def _seen(out: Dataset, pixels: NDArray[np.unsignedinteger[Any]]) -> _Colors:
    """Return the least and the greatest value that the image has; of an even image what can be stored."""
    bits, stored = number(out, "BitsAllocated") or 0, number(out, "BitsStored") or 0
    values = pixels.astype("int64") & (2**stored - 1 if stored else 2**bits - 1)
    if number(out, "PixelRepresentation") == 1:
        values[values >= 2 ** (stored - 1)] -= 2**stored
    low, high = int(values.min()), int(values.max())
    if low == high:
        low, high = _limits(out)
    return _colors_of(out, dark=low, light=high)


def _colors_of(out: Dataset, *, dark: int, light: int) -> _Colors:
    inverse = text(out, "PhotometricInterpretation") == "MONOCHROME1"
    return ((dark,), (light,)) if inverse else ((light,), (dark,))


def _bounds(center: str, width: str) -> tuple[float, float] | None:
    try:
        middle, wide = float(center), float(width)
    except ValueError:
        return None
    return (middle - 0.5 - (wide - 1) / 2, middle - 0.5 + (wide - 1) / 2) if wide >= 1 else None


def _limits(out: Dataset) -> tuple[int, int]:
    stored = number(out, "BitsStored") or number(out, "BitsAllocated") or 0
    signed = number(out, "PixelRepresentation") == 1
    return (-(2 ** (stored - 1)), 2 ** (stored - 1) - 1) if signed else (0, 2**stored - 1)
