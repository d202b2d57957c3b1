"""The gate before every mark on an image: what the verdict allows is drawn, and nothing else."""

from __future__ import annotations

import msgspec

from fhir_hr.issues import Issue, IssueCode, Outcome, Severity
from fhir_hr.mapping.marks import MarkPlace, MarkTarget
from fhir_hr.marks.advice import MarkVerdict

__all__ = ["ImageMark", "allowed_mark", "refusal"]


class ImageMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark that may be drawn in the upper right of images.

    Attributes:
        code: our code for it (``chuannei-hr``).
        words: exactly what is drawn (``川内HR``).
    """

    code: str
    words: str


def refusal(message: str, *, where: str = "") -> Issue:
    """Return the issue that says why an image carries no mark."""
    return Issue(code=IssueCode.IMAGE_MARK_REFUSED, severity=Severity.ERROR, where=where, message=message)


def allowed_mark(verdict: MarkVerdict) -> Outcome[ImageMark | None]:
    """Return what a verdict on an examination allows to be drawn, or the reasons why nothing may be.

    Args:
        verdict: of :func:`fhir_hr.marks.issue_exam_marks`, of one mark on one examination.
    """
    mark = verdict.mark
    if not verdict.may:
        reasons = "；".join(reason.text() for reason in verdict.reasons) or "未说明原因"
        return Outcome(None, (refusal(f"{mark.text} 不标注: {reasons}"),))
    for shown in verdict.shown:
        if shown.target is MarkTarget.IMAGE and shown.place is MarkPlace.TOP_RIGHT and shown.words:
            return Outcome(ImageMark(code=mark.code, words=shown.words))
    return Outcome(None, (refusal(f"{mark.text} 不标注于图像: 该标识的文本未规定在图像右上角标注"),))
