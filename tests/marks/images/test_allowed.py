"""No mark without the leave of the rules, and none on an image where its text puts none there."""

import msgspec
import pytest
from pydicom.dataset import Dataset

from fhir_hr.issues import IssueCode
from fhir_hr.mapping.marks import MarkPlace, MarkTarget
from fhir_hr.marks.images import allowed_mark, burned_copy, mark_series, mark_study, overlay_copy
from fhir_hr.model.lab import ReportStatus
from fhir_hr.testing import dicom


def without_image(verdict):
    """As 并HR: it stands before the item name and not on the image."""
    shown = msgspec.structs.replace(verdict.shown[0], target=MarkTarget.ITEM, place=MarkPlace.BEFORE_NAME)
    return msgspec.structs.replace(verdict, shown=(shown,))


def test_what_the_rules_allow_is_drawn_as_the_text_writes_it(allowed):
    assert allowed_mark(allowed).value.words == "川内HR"


@pytest.mark.parametrize("way", ["series", "study", "overlay", "burned"])
def test_a_study_without_leave_gets_no_mark_in_any_way_and_the_reasons_are_said(verdict_for, when, way):
    refused = verdict_for(status=ReportStatus.PRELIMINARY, series_complete=None)
    [image] = dicom.series(1, size=64)
    if way == "series":
        outcome = mark_series([image], refused, when=when)
    elif way == "study":
        outcome = mark_study({image.SeriesInstanceUID: [image]}, refused, when=when)
    else:
        outcome = (overlay_copy if way == "overlay" else burned_copy)(image, refused)
    [issue] = outcome.issues
    assert not outcome.value
    assert issue.code is IssueCode.IMAGE_MARK_REFUSED
    assert "川内HR 不标注" in issue.message
    assert "报告未审核签发" in issue.message
    assert "序列" in issue.message


def test_a_mark_that_its_text_does_not_put_on_images_is_not_put_there(allowed, when):
    [image] = dicom.series(1, size=64)
    outcome = mark_series([image], without_image(allowed), when=when)
    assert outcome.value == ()
    assert "未规定在图像右上角标注" in outcome.issues[0].message


def test_the_verdict_on_the_report_is_no_leave_for_its_images(allowed, when):
    outcome = mark_series([Dataset()], msgspec.structs.replace(allowed, shown=()), when=when)
    assert outcome.value == ()


def test_a_mark_whose_words_nobody_saw_is_not_drawn(allowed, when):
    shown = msgspec.structs.replace(allowed.shown[0], words=None)
    assert mark_series([Dataset()], msgspec.structs.replace(allowed, shown=(shown,)), when=when).value == ()
