"""The mark on images: 川内HR in the upper right (四川省方案 三(二)), without touching the pixels of the originals.

:func:`mark_study` marks a study; :func:`mark_series`, :func:`overlay_copy` and :func:`burned_copy` are its three ways.
Each wants the verdict of :func:`fhir_hr.marks.issue_exam_marks` on the examination: without leave nothing is drawn.
:func:`read_image_marks` reads marks from received objects. Needs the extra ``dicom-marks`` to draw, not to read.
"""

from fhir_hr.marks.images.allowed import ImageMark, allowed_mark
from fhir_hr.marks.images.burning import burned_copy
from fhir_hr.marks.images.overlays import overlay_copy
from fhir_hr.marks.images.reading import ImageMarkReading, ImageMarkSighting, MarkSource, read_image_marks
from fhir_hr.marks.images.states import mark_series
from fhir_hr.marks.images.studies import MarkedSeries, MarkedStudy, MarkWay, mark_study

__all__ = [
    "ImageMark",
    "ImageMarkReading",
    "ImageMarkSighting",
    "MarkSource",
    "MarkWay",
    "MarkedSeries",
    "MarkedStudy",
    "allowed_mark",
    "burned_copy",
    "mark_series",
    "mark_study",
    "overlay_copy",
    "read_image_marks",
]
