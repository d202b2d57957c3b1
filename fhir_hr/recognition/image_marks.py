"""Which mark do the images of a received study carry? As presentation states and overlays say, never the pixels."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.marks.images.reading import ImageMarkReading
from fhir_hr.model.flags import FlagBasis, Mark, RecognitionFlag
from fhir_hr.model.imaging import InstanceKind, Study

__all__ = ["flag_of_images"]


def flag_of_images(
    study: Study, readings: Sequence[ImageMarkReading]
) -> tuple[RecognitionFlag | None, tuple[Issue, ...]]:
    """Return the flag of a study whose images all carry one and the same registered mark, and what stands against it.

    Args:
        study: the study.
        readings: what its presentation states and images show.
    """
    images = {one.uid for each in study.series for one in each.instances if one.kind is InstanceKind.IMAGE}
    marked: dict[Mark, set[str]] = {}
    issues: list[Issue] = []
    for reading in readings:
        for mark in reading.marks:
            marked.setdefault(mark, set()).update(uid for _, uid in reading.images if uid in images)
        for sighting in reading.sightings:
            if sighting.mark is None:
                words = f"{sighting.text!r} on an image looks like a mark and is not registered"
                issues.append(_issue(IssueCode.MARK_UNKNOWN, words))
    shown = {mark: uids for mark, uids in marked.items() if uids}
    if not shown:
        return None, tuple(dict.fromkeys(issues))
    if len(shown) > 1:
        words = f"the images carry several marks ({', '.join(mark.text for mark in shown)}); no flag was taken"
        return None, (*dict.fromkeys(issues), _issue(IssueCode.MARK_UNKNOWN, words))
    [(mark, uids)] = shown.items()
    if uids != images:
        words = f"{mark.text} stands on {len(uids)} of {len(images)} images; the study as a whole was not flagged"
        return None, (*dict.fromkeys(issues), _issue(IssueCode.MARK_UNKNOWN, words))
    flag = RecognitionFlag(mark=mark, basis=FlagBasis.ON_IMAGE)
    return flag, tuple(dict.fromkeys(issues))


def _issue(code: IssueCode, message: str) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, where="images", message=message)
