"""What a series states of how it was made is in the FHIR, in the equipment's own words."""

from __future__ import annotations

import msgspec
import pytest
from studies import CT, DR, US, message

from fhir_hr.model.exams import Side
from fhir_hr.render import Release, render

replace = msgspec.structs.replace
BASE = "https://fhir-hr.example/fhir/StructureDefinition/"


def first_series(study, release):
    rendered = render(message(study), release=release)
    assert rendered.issues == ()
    (found,) = [e["resource"] for e in rendered.bundle()["entry"] if e["resource"]["resourceType"] == "ImagingStudy"]
    return found["series"][0]


def stated(series):
    """Return what the extension says, as pairs."""
    for one in series.get("extension", ()):
        if one["url"] == f"{BASE}series-acquisition":
            return [(part["url"], value) for part in one["extension"] for key, value in part.items() if key != "url"]
    return None


def changed(study, **changes):
    return replace(study, series=(replace(study.series[0], **changes), *study.series[1:]))


@pytest.mark.parametrize("release", list(Release))
def test_protocol_position_procedure_and_station(release):
    assert stated(first_series(CT, release)) == [
        ("patientPosition", "HFS"),
        ("protocol", "胸部平扫 1.0"),
        ("procedure", "胸部CT平扫"),
        ("station", "CT01"),
    ]


@pytest.mark.parametrize("release", list(Release))
def test_every_view_stands_by_itself(release):
    assert stated(first_series(DR, release)) == [("view", "AP"), ("view", "LL")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"contrast": True, "contrast_agent": "碘海醇"}, [("contrastAgent", "碘海醇"), ("contrast", True)]),
        ({"contrast": False}, [("contrast", False)]),
        ({"contrast": None}, None),
        ({"protocol": " ", "views": ("",)}, None),
        ({"station": "a\x00b"}, [("station", "a\ufffdb")]),
    ],
)
def test_contrast_is_said_only_where_it_is_stated(changes, expected):
    assert stated(first_series(changed(US, **changes), Release.R4)) == expected


def test_an_archives_word_on_a_series_needs_no_instances():
    series = first_series(changed(US, instances=(), protocol="腹部"), Release.R5)
    assert stated(series) == [("protocol", "腹部")]
    assert [one["url"] for one in series["extension"]] == [f"{BASE}series-acquisition"]


@pytest.mark.parametrize("release", list(Release))
def test_the_words_of_a_side_stay_beside_its_code(release):
    side = first_series(changed(DR, side=Side.LEFT, side_source="L"), release)["laterality"]
    code = side if release is Release.R4 else side["coding"][0]
    assert code["extension"] == [{"url": f"{BASE}source-text", "valueString": "L"}]
    assert code["code"] == {"R4": "419161000", "R5": "7771000"}[release]
    plain = first_series(changed(DR, side=Side.LEFT, side_source=None), release)["laterality"]
    assert "extension" not in (plain if release is Release.R4 else plain["coding"][0])
