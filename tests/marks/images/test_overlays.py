"""Overlay copies: a derived object whose pixel data is the original's, byte for byte, in every transfer syntax."""

import io

import numpy
import pytest
from pydicom import dcmread, examples
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from fhir_hr.marks.images import overlay_copy
from fhir_hr.testing import dicom

SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]


def image(**options):
    return dicom.dataset(**{"size": 128, **options})


def plane(copy, group=0x6000, frames=1):
    rows, columns = copy[group, 0x0010].value, copy[group, 0x0011].value
    bits = numpy.unpackbits(numpy.frombuffer(copy[group, 0x3000].value, dtype="u1"), bitorder="little")
    return bits[: frames * rows * columns].reshape(frames, rows, columns)


def test_the_copy_is_derived_and_names_its_source(allowed):
    given = image()
    before = dicom.file_bytes(given)
    copy = overlay_copy(given, allowed, series_number=9101).value
    again = dcmread(io.BytesIO(dicom.file_bytes(copy)))
    assert again.SOPInstanceUID not in ("", given.SOPInstanceUID)
    assert again.file_meta.MediaStorageSOPInstanceUID == again.SOPInstanceUID
    assert again.SeriesInstanceUID != given.SeriesInstanceUID
    assert again.StudyInstanceUID == given.StudyInstanceUID
    assert list(again.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    [source] = again.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == given.SOPInstanceUID
    assert "chuannei-hr" in again.DerivationDescription
    assert again.SeriesNumber == 9101
    assert str(again.PatientName) == "Ce^ShiJia=测^试甲"
    assert dicom.file_bytes(given) == before, "the original was touched"


def test_images_of_one_series_come_into_one_new_series(allowed):
    copies = [overlay_copy(each, allowed).value for each in dicom.series(2, size=128)]
    assert copies[0].SeriesInstanceUID == copies[1].SeriesInstanceUID
    assert copies[0].SOPInstanceUID != copies[1].SOPInstanceUID


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_pixel_data_is_unchanged(allowed, syntax):
    pixels = numpy.random.default_rng(1).integers(0, 4096, 128 * 128, dtype="u2").tobytes()
    given = dcmread(io.BytesIO(dicom.file_bytes(image(PixelData=pixels), transfer_syntax=syntax)))
    copy = overlay_copy(given, allowed).value
    again = dcmread(io.BytesIO(dicom.file_bytes(copy, transfer_syntax=syntax)))
    assert again.PixelData == given.PixelData
    assert plane(again)[0, :40, 64:].any()


@pytest.mark.parametrize("name", ["jpeg2k", "ybr_color"])
def test_compressed_pixel_data_is_unchanged(allowed, name):
    given = getattr(examples, name)
    assert given.file_meta.TransferSyntaxUID.is_encapsulated or name == "ybr_color"
    copy = overlay_copy(given, allowed).value
    out = io.BytesIO()
    copy.save_as(out)
    again = dcmread(io.BytesIO(out.getvalue()))
    assert again.PixelData == given.PixelData
    assert again.file_meta.TransferSyntaxUID == given.file_meta.TransferSyntaxUID
    frames = int(given.get("NumberOfFrames", 1))
    assert plane(again, frames=frames)[-1].any()


def test_every_frame_gets_the_plane(allowed):
    given = image(NumberOfFrames="3", PixelData=b"\0" * 3 * 128 * 128 * 2)
    copy = overlay_copy(given, allowed).value
    found = plane(copy, frames=3)
    assert (copy[0x6000, 0x0015].value, copy[0x6000, 0x0051].value) == (3, 1)
    assert found[0].any()
    assert (found[0] == found[2]).all()


def test_the_first_free_group_is_taken(allowed):
    given = image()
    given.add_new((0x6000, 0x0102), "US", 12)  # an overlay in the unused bits of the pixels
    given.add_new((0x6004, 0x0010), "US", 128)
    copy = overlay_copy(given, allowed).value
    assert copy[0x6002, 0x1500].value == "川内HR"
    for group in range(0x6000, 0x6020, 2):
        given.add_new((group, 0x0010), "US", 128)
    refused = overlay_copy(given, allowed)
    assert refused.value is None
    assert "均已占用" in refused.issues[0].message


@pytest.mark.parametrize("charset", [None, "ISO_IR 100", ["", "ISO 2022 IR 58"]])
def test_a_character_set_without_chinese_gets_the_code_of_the_mark(allowed, charset):
    chinese = ("PatientName", "StudyDescription", "InstitutionName", "Manufacturer", "SeriesDescription")
    given = image(charset=charset, **dict.fromkeys(chinese, "A"))
    copy = overlay_copy(given, allowed).value
    assert copy[0x6000, 0x1500].value == "chuannei-hr"
    assert dicom.file_bytes(copy)


def test_signatures_of_the_original_are_left_out(allowed):
    given = image(DigitalSignaturesSequence=Sequence([Dataset()]), MACParametersSequence=Sequence([Dataset()]))
    copy = overlay_copy(given, allowed).value
    assert "DigitalSignaturesSequence" not in copy
    assert "MACParametersSequence" not in copy
    assert "DigitalSignaturesSequence" in given


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 16}, "16×16 太小"),
        ({"sop_class": "1.2.840.10008.5.1.4.1.1.88.11"}, "不是图像"),
        ({"SOPInstanceUID": None}, "缺少 UID"),
        ({"PerFrameFunctionalGroupsSequence": Sequence([Dataset()])}, "增强型多帧对象不含叠加层"),
    ],
)
def test_what_cannot_be_marked_is_refused_with_the_reason(allowed, options, words):
    outcome = overlay_copy(image(**options), allowed)
    assert outcome.value is None
    assert words in outcome.issues[0].message
