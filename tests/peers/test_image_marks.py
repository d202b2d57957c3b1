"""The mark on images before real peers: dcmtk checks and draws it, Orthanc takes it and gives it back."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from fhir_hr.mapping.marks import MarkTarget, load_marks
from fhir_hr.marks import MarkVerdict, Shown
from fhir_hr.marks.images import burned_copy, mark_series, overlay_copy, read_image_marks
from fhir_hr.marks.images.glyphs import draw
from fhir_hr.testing import dicom

pytestmark = pytest.mark.peer

SIZE = 256
US = "1.2.840.10008.5.1.4.1.1.6.1"
WHEN = datetime(2026, 3, 2, 10, 30, tzinfo=timezone(timedelta(hours=8)))
FALSE_REJECT = re.compile(r"Affected attribute: (\w+) \([0-9a-f,]+\), Type (?:LO|PN|ST)\s+Attribute value\s+: \[(.*)\]")


@pytest.fixture(scope="module")
def allowed() -> MarkVerdict:
    registry = load_marks()
    [place] = [each for each in registry.places_of("chuannei-hr") if each.target is MarkTarget.IMAGE]
    names = ("target", "place", "words", "clause", "certainty", "note")
    shown = Shown(**{name: getattr(place, name) for name in names})
    return MarkVerdict(mark=registry.by_code("chuannei-hr"), may=True, shown=(shown,))


@pytest.fixture
def run(request: pytest.FixtureRequest):
    """Run a program of dcmtk; where it is missing the test says so."""

    def run(program: str, *words: object, check: bool = True) -> str:
        if shutil.which(program) is None:
            pytest.skip(f"{program} not run: it is not installed")
        done = subprocess.run([program, *map(str, words)], capture_output=True, check=False, timeout=60)
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        assert not check or done.returncode == 0, said
        return said

    return run


def images(count: int = 1, **options) -> list[Dataset]:
    grey = numpy.full((SIZE, SIZE), 1064, dtype="<u2").tobytes()
    return list(dicom.series(count, **{"size": SIZE, "PixelData": grey, **options}))


def saved(folder: Path, name: str, dataset: Dataset) -> Path:
    path = folder / name
    path.write_bytes(dicom.file_bytes(dataset))
    return path


def picture(path: Path):
    from PIL import Image

    with Image.open(path) as opened:
        return numpy.asarray(opened.convert("L")).astype(int)


def plain(dataset: Dataset) -> Dataset:
    """The same object with ASCII letters in place of all others: dcmpschk knows no UTF-8."""

    def blank(_: Dataset, element) -> None:
        if element.VR in ("LO", "PN", "ST", "SH") and element.value and not str(element.value).isascii():
            element.value = re.sub(r"[^\x20-\x7e]", "X", str(element.value))

    dataset.walk(blank)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    return dataset


KINDS = {
    "ct": {"WindowCenter": ["40", "-500"], "WindowWidth": ["400", "1500"]},
    "dx": {"sop_class": dicom.DX, "PhotometricInterpretation": "MONOCHROME1", "RescaleType": "US"},
    "no window": {"WindowCenter": None, "WindowWidth": None},
    "not square": {"PixelSpacing": ["0.5", "0.25"]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_dcmpschk_passes_the_state(allowed, run, tmp_path, kind):
    [state] = mark_series(images(3, **KINDS[kind]), allowed, when=WHEN).value
    told = run("dcmpschk", saved(tmp_path, "state.dcm", state), check=False)
    errors = told.count("E: Error:")
    rejected = FALSE_REJECT.findall(re.sub(r"\nE:\s+", "\n ", told))
    assert len(rejected) == errors, told
    assert [words for _, words in rejected if words.isascii()] == [], "an error that is not about UTF-8"
    assert "Test passed" in run("dcmpschk", saved(tmp_path, "plain.dcm", plain(state)))


@pytest.mark.parametrize("kind", ["ct", "dx", "no window"])
def test_the_state_shows_the_image_as_it_was(allowed, run, tmp_path, kind):
    grey = numpy.tile(numpy.arange(SIZE, dtype="<u2") * 8, (SIZE, 1)).tobytes()
    [image] = images(1, **{**KINDS[kind], "PixelData": grey})
    [state] = mark_series([image], allowed, when=WHEN).value
    given, told = saved(tmp_path, "image.dcm", image), saved(tmp_path, "state.dcm", state)
    run("dcmp2pgm", "-p", told, given, tmp_path / "state.pgm")
    window = ("+Ww", "40", "400") if kind != "no window" else ("-W",)
    run("dcm2pnm", "--write-raw-pnm", *window, given, tmp_path / "image.pgm")
    drawn, expected = picture(tmp_path / "state.pgm"), picture(tmp_path / "image.pgm")
    assert drawn.shape == expected.shape
    assert abs(drawn - expected).max() <= 2
    assert drawn.max() - drawn.min() > 100


@pytest.mark.parametrize("kind", ["grey", "frames"])
def test_dcm2pnm_draws_the_overlay_copy_in_the_upper_right_and_nowhere_else(allowed, run, tmp_path, kind):
    grey = numpy.full((2, SIZE, SIZE), 1064, dtype="<u2").tobytes()
    options = {"NumberOfFrames": "2", "PixelData": grey} if kind == "frames" else {}
    [image] = images(1, **options)
    copy = overlay_copy(image, allowed).value
    path = saved(tmp_path, "copy.dcm", copy)
    window = ("+Ww", "40", "400")
    frame = "2" if kind == "frames" else "1"
    run("dcm2pnm", "--write-png", *window, "--frame", frame, path, tmp_path / "with.png")
    run("dcm2pnm", "--write-png", *window, "--frame", frame, "-O", path, tmp_path / "without.png")
    lit = picture(tmp_path / "with.png") != picture(tmp_path / "without.png")
    drawn = draw("川内HR", rows=SIZE, columns=SIZE)
    assert (lit == drawn.on_matrix(drawn.letters)).all()
    assert lit[:30, SIZE // 2 :].sum() == lit.sum() > 100
    assert dcmread(path).PixelData == image.PixelData


def test_dcm2pnm_draws_the_burned_colour_copy(allowed, run, tmp_path):
    """dcm2pnm draws no overlay planes on colour images; a colour state or a burned copy serves there."""
    [image] = images(
        1,
        sop_class=US,
        PixelData=b"\x50" * (SIZE * SIZE * 3),
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        **dict.fromkeys(("RescaleSlope", "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth")),
    )
    run("dcm2pnm", "--write-png", saved(tmp_path, "copy.dcm", burned_copy(image, allowed).value), tmp_path / "copy.png")
    pixels = picture(tmp_path / "copy.png")
    drawn = draw("川内HR", rows=SIZE, columns=SIZE)
    assert set(pixels[drawn.on_matrix(drawn.letters)]) == {255}
    assert set(pixels[~drawn.on_matrix(drawn.outline)]) == {0x50}


@pytest.mark.parametrize("fill", [0, 1064, 4095])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_dcm2pnm_draws_the_burned_copy_light_with_a_dark_edge(allowed, run, tmp_path, fill, photometric):
    even = numpy.full((SIZE, SIZE), fill, dtype="<u2").tobytes()
    [image] = images(1, PixelData=even, PhotometricInterpretation=photometric)
    path = saved(tmp_path, "copy.dcm", burned_copy(image, allowed).value)
    run("dcm2pnm", "--write-png", "+Ww", "40", "400", path, tmp_path / "copy.png")
    pixels = picture(tmp_path / "copy.png")
    drawn = draw("川内HR", rows=SIZE, columns=SIZE)
    letters, outline = drawn.on_matrix(drawn.letters), drawn.on_matrix(drawn.outline)
    assert pixels[letters].min() > 250
    assert pixels[outline & ~letters].max() < 5
    assert len(set(pixels[~outline])) == 1


def test_orthanc_takes_images_and_states_and_gives_the_mark_back(allowed, orthanc):
    """Pitfall i as well: the new series adds PR to the study and one to its count."""
    given = images(3, study="MARKS", PatientID="MARKS-1")
    study = given[0].StudyInstanceUID
    states = mark_series(given, allowed, when=WHEN).value
    copies = [overlay_copy(each, allowed).value for each in given]
    assert orthanc.store([*given, *states]) == 4
    assert orthanc.store_files([dicom.file_bytes(each) for each in copies]) == 3
    found = json.loads(
        orthanc.get(f"/dicom-web/studies?StudyInstanceUID={study}&includefield=00081030&includefield=00201208")
    )
    assert sorted(found[0]["00080061"]["Value"]) == ["CT", "PR"]
    assert found[0]["00201208"]["Value"] == [7]
    told = json.loads(orthanc.get(f"/dicom-web/studies/{study}/series/{states[0].SeriesInstanceUID}/metadata"))
    metadata = Dataset.from_json(told[0], bulk_data_uri_handler=lambda *_: b"")
    assert [mark.text for mark in read_image_marks(metadata).marks] == ["川内HR"]
    [stored] = json.loads(orthanc.post("/tools/lookup", states[0].SOPInstanceUID.encode()))
    back = dcmread(io.BytesIO(orthanc.get(f"/instances/{stored['ID']}/file")))
    assert back[0x6000, 0x3000].value == states[0][0x6000, 0x3000].value
    assert read_image_marks(back) == read_image_marks(states[0])
