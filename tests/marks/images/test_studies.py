"""A whole study: series by series, all accounted for."""

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.marks.images import MarkWay, mark_study
from fhir_hr.testing import dicom

SR = "1.2.840.10008.5.1.4.1.1.88.11"


def study(**options):
    made = {}
    for name in ("1", "2"):
        images = list(dicom.series(3, series=name, size=128, **options))
        made[images[0].SeriesInstanceUID] = images
    report = dicom.dataset(series="3", sop_class=SR, Modality="SR", Rows=None)
    return {**made, report.SeriesInstanceUID: [report]}


def test_each_series_gets_one_state_and_reports_are_passed_over(allowed, when):
    outcome = mark_study(study(), allowed, when=when)
    done = outcome.value
    assert [(each.images, each.marked, len(each.objects)) for each in done.series] == [(3, 3, 1), (3, 3, 1), (0, 0, 0)]
    assert done.complete
    assert outcome.issues == ()
    assert [each.SeriesNumber for each in done.objects] == [9001, 9002]
    assert len({each.SeriesInstanceUID for each in done.objects}) == 2


@pytest.mark.parametrize("way", [MarkWay.OVERLAY_COPY, MarkWay.BURNED_COPY])
def test_copies_are_made_of_each_image(allowed, when, way):
    seen = []
    done = mark_study(study(), allowed, when=when, way=way, progress=seen.append).value
    assert [len(each.objects) for each in done.series] == [3, 3, 0]
    assert done.complete
    assert sum(seen) == 7


def test_progress_counts_every_object_once(allowed, when):
    seen = []
    mark_study(study(), allowed, when=when, progress=seen.append)
    assert sum(seen) == 7


def test_what_is_not_marked_is_counted_and_said(allowed, when):
    given = study()
    first = next(iter(given.values()))
    first[1].PhotometricInterpretation = "CMYK"
    outcome = mark_study(given, allowed, when=when)
    assert [(each.images, each.marked) for each in outcome.value.series] == [(3, 2), (3, 3), (0, 0)]
    assert not outcome.value.complete
    assert [each.where for each in outcome.issues] == [first[1].SOPInstanceUID]


def test_a_study_without_images_is_said(allowed, when):
    report = dicom.dataset(sop_class=SR, Modality="SR", Rows=None)
    outcome = mark_study({report.SeriesInstanceUID: [report]}, allowed, when=when)
    assert not outcome.value.complete
    assert "检查中没有图像" in outcome.issues[0].message


def test_objects_of_two_studies_are_a_mistake_of_the_caller(allowed, when):
    first, second = dicom.dataset(), dicom.dataset(study="S2")
    with pytest.raises(UsageError, match="2 studies"):
        mark_study({first.SeriesInstanceUID: [first], second.SeriesInstanceUID: [second]}, allowed, when=when)
    with pytest.raises(UsageError, match="another series"):
        mark_study({"1.2.3": [first]}, allowed, when=when)


def test_the_repr_names_no_image(allowed, when):
    [first, *_] = mark_study(study(), allowed, when=when).value.series
    assert repr(first) == "MarkedSeries(images=3, marked=3, <1 objects>)"
