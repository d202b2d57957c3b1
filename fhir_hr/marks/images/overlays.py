"""An export copy of an image that carries the mark as an overlay plane: pixel data stays byte for byte the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_hr.issues import Outcome
from fhir_hr.marks.advice import MarkVerdict
from fhir_hr.marks.images.allowed import allowed_mark, refusal
from fhir_hr.marks.images.appearance import overlay_groups
from fhir_hr.marks.images.derived import derive, encodable
from fhir_hr.marks.images.glyphs import draw, overlay_bytes
from fhir_hr.marks.images.headers import frames_of, is_image, number, quietly, text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["GROUPS", "overlay_copy"]

GROUPS = range(0x6000, 0x6020, 2)
"""The sixteen groups of overlay planes (PS3.5 7.6)."""


@quietly
def overlay_copy(
    dataset: Dataset, verdict: MarkVerdict, *, series_number: int | None = None
) -> Outcome[Dataset | None]:
    """Make a derived copy of an image with the mark as an overlay plane in the upper right (PS3.3 C.9.2).

    For export to viewers that know no presentation states; never to replace the original, which is left as it is.
    Works for every transfer syntax, since pixel data is not looked at. Colour images get the plane as well.

    Args:
        dataset: the image, with its pixel data.
        verdict: what :func:`fhir_hr.marks.issue_exam_marks` says of this mark on this examination.
        series_number: SeriesNumber of the copies; that of the original by default.

    Returns:
        The copy, or ``None`` with an issue ``image-mark-refused`` that says why.

    Raises:
        MissingExtraError: the extra ``dicom-marks`` is not installed.
    """
    allowed = allowed_mark(verdict)
    if allowed.value is None:
        return Outcome(None, allowed.issues)
    mark = allowed.value
    where = text(dataset, "SOPInstanceUID") or ""
    why = _hindrance(dataset)
    if why is not None:
        return Outcome(None, (refusal(why, where=where),))
    rows, columns = number(dataset, "Rows") or 0, number(dataset, "Columns") or 0
    drawn = draw(mark.words, rows=rows, columns=columns)
    if drawn is None:
        return Outcome(None, (refusal(f"图像矩阵 {columns}×{rows} 太小，标识无法辨认", where=where),))
    group = next(each for each in GROUPS if each not in overlay_groups(dataset))
    chinese = encodable(dataset)
    out = derive(
        dataset, kind="overlay", mark=mark.code, description=f"Overlay plane with recognition mark {mark.code}"
    )
    frames = frames_of(dataset)
    plane = [
        (0x0010, "US", rows),
        (0x0011, "US", columns),
        *([(0x0015, "IS", frames)] if frames > 1 else []),
        (0x0022, "LO", "互认标识" if chinese else "Recognition mark"),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        *([(0x0051, "US", 1)] if frames > 1 else []),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x1500, "LO", mark.words if chinese else mark.code),
        (0x3000, "OW", overlay_bytes(drawn, frames=frames)),
    ]
    for element, vr, value in plane:
        out.add_new((group, element), vr, value)
    if series_number is not None:
        out.SeriesNumber = series_number
    return Outcome(out)


def _hindrance(dataset: Dataset) -> str | None:
    if not is_image(dataset):
        return "不是图像"
    if any(text(dataset, keyword) is None for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")):
        return "图像缺少 UID"
    if "SharedFunctionalGroupsSequence" in dataset or "PerFrameFunctionalGroupsSequence" in dataset:
        return "增强型多帧对象不含叠加层，请用呈现状态"
    if all(group in overlay_groups(dataset) for group in GROUPS):
        return "叠加层 6000 至 601E 均已占用"
    return None
