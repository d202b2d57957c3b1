"""``fhir-hr imaging mark``: marked where the rules allow it, and otherwise the reason."""

from __future__ import annotations

import hashlib
import json

import pytest
from pydicom import dcmread

from fhir_hr.recognition.imaging import convert_imaging
from fhir_hr.testing.dicom import write_study

MAY = {
    "institution": {"id": "12510000000000001H", "division": "510100", "tier": 3, "grade": "甲"},
    "status": "final",
    "series_complete": True,
    "image_quality": True,
    "report_sound": True,
}


@pytest.fixture
def study(tmp_path):
    write_study(tmp_path / "in", 2, size=128)
    return tmp_path / "in"


def stated(tmp_path, **changes):
    file = tmp_path / "statement.json"
    file.write_text(json.dumps({**MAY, **changes}), "utf-8")
    return file


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_presentation_state_stands_beside_untouched_images(cli, study, tmp_path):
    before = digests(study)
    done = cli("imaging", "mark", study, "--statement", stated(tmp_path), "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert "川内HR：2 幅图像中已标注 2 幅" in done.out
    assert digests(study) == before
    [state] = [dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert state.Modality == "PR"
    [bundle] = (tmp_path / "out").glob("*.r4.json")
    images = [
        entry["resource"]
        for entry in json.loads(bundle.read_bytes())["entry"]
        if entry["resource"]["resourceType"] == "ImagingStudy"
    ]
    assert any(each["url"].endswith("/recognition-flag") for each in images[0]["extension"])
    assert [len(each["instance"]) for each in images[0]["series"]] == [2, 1]


def test_who_states_it_is_named_in_the_presentation_state(cli, study, tmp_path):
    cli("imaging", "mark", study, "--statement", stated(tmp_path, by="审核甲"), "--out", tmp_path / "out")
    [state] = [dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    assert str(state.ContentCreatorName) == "审核甲^"


def test_a_marked_study_is_known_as_marked_when_it_is_received(cli, study, tmp_path):
    cli("imaging", "mark", study, "--statement", stated(tmp_path), "--out", tmp_path / "out")
    result = convert_imaging(study, *(tmp_path / "out").glob("*.dcm"))
    [one] = result.conversions
    assert (one.study.flag.mark.code, one.study.flag.basis.value) == ("chuannei-hr", "shown-on-image")
    assert one.priors()[0].report_mark == "chuannei-hr"
    write_study(study, 3, size=128)  # one image more than the state names
    [grown] = convert_imaging(study, *(tmp_path / "out").glob("*.dcm")).conversions
    assert grown.study.flag is None
    assert any("川内HR stands on 2 of 3 images" in issue.message for issue in grown.issues)


@pytest.mark.parametrize(("way", "count"), [("overlay-copy", 2), ("burned-copy", 2)])
def test_copies_are_new_objects(cli, study, tmp_path, way, count):
    done = cli("imaging", "mark", study, "--statement", stated(tmp_path), "--way", way, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    copies = [dcmread(path) for path in (tmp_path / "out").glob("*.dcm")]
    originals = {dcmread(path).SOPInstanceUID for path in study.iterdir()}
    assert len(copies) == count
    assert originals.isdisjoint(each.SOPInstanceUID for each in copies)
    assert all("DERIVED" in each.ImageType for each in copies)


@pytest.mark.parametrize(
    "changes",
    [{"image_quality": None}, {"image_quality": False}, {"series_complete": None}, {"status": "preliminary"}],
)
def test_without_what_the_text_asks_nothing_is_written(cli, study, tmp_path, changes):
    done = cli("imaging", "mark", study, "--statement", stated(tmp_path, **changes), "--out", tmp_path / "out")
    assert done.code == 1
    assert "川内HR: 不标注" in done.out
    assert not (tmp_path / "out").exists()


def test_a_statement_cannot_overrule_the_headers(cli, study, tmp_path):
    done = cli(
        "imaging", "mark", study, "--statement", stated(tmp_path, item="cn-51-img-24"), "--out", tmp_path / "out"
    )
    assert done.code == 2
    assert "the headers rule 'cn-51-img-24' out; they leave open: cn-51-img-26" in done.err


def test_two_studies_at_once_are_refused(cli, study, tmp_path):
    write_study(study / "b", 1, study="B")
    done = cli("imaging", "mark", study, "--statement", stated(tmp_path), "--out", tmp_path / "out")
    assert (done.code, "the files hold 2 studies; give those of one" in done.err) == (2, True)
