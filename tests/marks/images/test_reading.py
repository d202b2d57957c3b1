"""Marks of received objects: registered ones only, from text objects and overlay labels, never from pixels."""

import io

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from fhir_hr.marks.images import MarkSource, burned_copy, mark_series, overlay_copy, read_image_marks
from fhir_hr.testing import dicom

GSPS = "1.2.840.10008.5.1.4.1.1.11.1"


def state(*words):
    annotation = Dataset()
    annotation.TextObjectSequence = Sequence()
    for each in words:
        text = Dataset()
        text.UnformattedTextValue = each
        annotation.TextObjectSequence.append(text)
    return dicom.dataset(sop_class=GSPS, GraphicAnnotationSequence=Sequence([annotation]), Rows=None, PixelData=None)


def reread(dataset):
    return dcmread(io.BytesIO(dicom.file_bytes(dataset)))


def test_our_own_states_are_read_back(allowed, when):
    given = list(dicom.series(2, size=128))
    read = read_image_marks(reread(mark_series(given, allowed, when=when).value[0]))
    assert [mark.text for mark in read.marks] == ["川内HR"]
    assert {each.source for each in read.sightings} == {MarkSource.TEXT_OBJECT, MarkSource.OVERLAY_LABEL}
    assert all(each.mark for each in read.sightings)
    assert read.images == tuple((each.SeriesInstanceUID, each.SOPInstanceUID) for each in given)


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 100"])
def test_our_own_overlay_copies_are_read_back(allowed, charset):
    chinese = ("PatientName", "StudyDescription", "InstitutionName", "Manufacturer", "SeriesDescription")
    given = dicom.dataset(size=128, charset=charset, **dict.fromkeys(chinese, "A"))
    read = read_image_marks(reread(overlay_copy(given, allowed).value))
    assert [mark.code for mark in read.marks] == ["chuannei-hr"]
    assert read.known


def test_pixels_are_never_read(allowed):
    read = read_image_marks(burned_copy(dicom.dataset(size=128), allowed).value)
    assert (read.marks, read.known, read.burned_in) == ((), False, True)
    assert read_image_marks(dicom.dataset(BurnedInAnnotation="NO")).burned_in is False
    assert read_image_marks(dicom.dataset()).burned_in is None


@pytest.mark.parametrize("words", ["川内HR", " 川内ＨＲ ", "川内 HR", "张三\r\n川内HR\r\n左"])
def test_a_whole_line_that_is_a_mark_is_one(words):
    [sighting] = read_image_marks(reread(state(words))).sightings
    assert sighting.mark.text == "川内HR"
    assert sighting.tidied is (words == "川内 HR")


@pytest.mark.parametrize("words", ["不属于川内HR", "川内HR互认", "chuannei-hr", "内HR之外", ""])
def test_everything_else_is_none(words):
    assert not read_image_marks(reread(state(words))).known


def test_what_only_looks_like_a_mark_is_seen_and_no_mark():
    read = read_image_marks(reread(state("某地HR", "HR")))
    assert [(each.text, each.mark) for each in read.sightings] == [("某地HR", None), ("HR", None)]
    assert not read.known


def test_two_marks_are_both_read():
    assert [mark.text for mark in read_image_marks(state("川内HR", "川渝HR", "川内HR")).marks] == ["川内HR", "川渝HR"]


def test_the_repr_names_no_patient_and_no_image(allowed, when):
    read = read_image_marks(mark_series([dicom.dataset(size=128)], allowed, when=when).value[0])
    assert repr(read) == "ImageMarkReading(marks=['川内HR'], <1 images>)"
