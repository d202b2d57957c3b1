"""Burned copies: the letters and their edge differ from the original and nothing else; light and dark in every kind."""

import io

import numpy
import pytest
from pydicom import dcmread, examples
from pydicom.encaps import encapsulate

from fhir_hr.issues import IssueCode
from fhir_hr.marks.images import burned_copy
from fhir_hr.marks.images.glyphs import draw
from fhir_hr.testing import dicom

SIZE = 128
DRAWN = draw("川内HR", rows=SIZE, columns=SIZE)
LETTERS, OUTLINE = DRAWN.on_matrix(DRAWN.letters), DRAWN.on_matrix(DRAWN.outline)
EDGE = OUTLINE & ~LETTERS


def image(pixels=None, *, kind="<u2", fill=0, **options):
    if pixels is None:
        pixels = numpy.full((SIZE, SIZE), fill, dtype=kind)
    return dicom.dataset(**{"size": SIZE, "PixelData": pixels.astype(kind).tobytes(), **options})


def values(dataset, kind="<u2", shape=(SIZE, SIZE)):
    return numpy.frombuffer(dataset.PixelData, dtype=kind)[: numpy.prod(shape)].reshape(shape)


def burned(given, allowed):
    outcome = burned_copy(given, allowed)
    assert outcome.issues == ()
    return outcome.value


def test_only_letters_and_edge_differ_and_the_copy_says_so(allowed):
    noise = numpy.random.default_rng(1).integers(0, 4096, (SIZE, SIZE))
    given = image(noise)
    copy = burned(given, allowed)
    changed = values(copy) != values(given)
    assert not changed[~OUTLINE].any()
    assert changed[OUTLINE].mean() > 0.9
    assert copy.BurnedInAnnotation == "YES"
    assert copy.ImageType[0] == "DERIVED"
    assert copy.SOPInstanceUID != given.SOPInstanceUID
    assert values(given).tobytes() == noise.astype("<u2").tobytes(), "the original was touched"
    assert dcmread(io.BytesIO(dicom.file_bytes(copy))).PixelData == copy.PixelData


@pytest.mark.parametrize("fill", [0, 1064, 4095])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("center", "width", "top", "bottom"),
    [
        ("40", "400", 239, -160),
        (["40", "-500"], ["400", "1500"], 249, -1024),  # light and dark in both windows
        (None, None, 3071, -1024),
    ],
)
def test_light_letters_with_a_dark_edge_on_every_ground(allowed, fill, photometric, center, width, top, bottom):
    given = image(fill=fill, PhotometricInterpretation=photometric, WindowCenter=center, WindowWidth=width)
    pixels = values(burned(given, allowed)).astype(int) - 1024  # RescaleIntercept -1024
    (light,), (dark,) = set(pixels[LETTERS]), set(pixels[EDGE])
    assert (dark, light) == ((top, bottom) if photometric == "MONOCHROME1" else (bottom, top))


def test_signed_pixels_keep_their_sign(allowed):
    given = image(
        kind="<i2", fill=-1000, PixelRepresentation=1, BitsStored=16, HighBit=15, RescaleIntercept="0", RescaleSlope="1"
    )
    pixels = values(burned(given, allowed), "<i2")
    assert set(pixels[LETTERS]) == {239}
    assert set(pixels[EDGE]) == {-160}
    assert set(pixels[~OUTLINE]) == {-1000}


def test_values_stay_within_the_bits_stored(allowed):
    given = image(WindowCenter="40", WindowWidth="100000")
    pixels = values(burned(given, allowed))
    assert set(pixels[OUTLINE]) == {0, 4095}


def test_a_negative_slope_turns_light_and_dark(allowed):
    given = image(RescaleSlope="-1", RescaleIntercept="2000", WindowCenter="1000", WindowWidth="400")
    pixels = values(burned(given, allowed))
    assert pixels[LETTERS].max() < 2000 - 1198 < 2000 - 802 < pixels[EDGE].min()


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize(("photometric", "light", "dark"), [("RGB", 255, 0), ("YBR_FULL", 255, 0)])
def test_colour(allowed, planar, photometric, light, dark):
    shape = (3, SIZE, SIZE) if planar else (SIZE, SIZE, 3)
    given = image(
        numpy.full(shape, 77),
        kind="u1",
        sop_class="1.2.840.10008.5.1.4.1.1.6.1",
        SamplesPerPixel=3,
        PlanarConfiguration=planar,
        PhotometricInterpretation=photometric,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
    )
    pixels = values(burned(given, allowed), "u1", shape)
    first, second = (pixels[0], pixels[1]) if planar else (pixels[..., 0], pixels[..., 1])
    assert set(first[LETTERS]) == {light}
    assert set(first[EDGE]) == {dark}
    assert set(second[LETTERS]) == {128 if photometric == "YBR_FULL" else 255}
    assert set(pixels.reshape(-1)[:: SIZE * SIZE]) == {77}


def test_every_frame_is_burned(allowed):
    given = image(numpy.full((2, SIZE, SIZE), 500), NumberOfFrames="2")
    pixels = values(burned(given, allowed), shape=(2, SIZE, SIZE))
    assert (pixels[:, LETTERS] == pixels[0, LETTERS][0]).all()


def test_big_endian_stays_big_endian(allowed):
    syntax = "1.2.840.10008.1.2.2"
    given = image(kind=">u2", fill=1000)
    given = dcmread(io.BytesIO(dicom.file_bytes(given, transfer_syntax=syntax)))
    copy = burned(given, allowed)
    pixels = values(copy, ">u2")
    assert set(pixels[~OUTLINE]) == {1000}
    assert set(pixels[LETTERS]) == {1263}
    assert copy.file_meta.TransferSyntaxUID == syntax


def test_compressed_images_are_decoded_where_that_is_possible(allowed):
    given = examples.jpeg2k
    copy = burned(given, allowed)
    assert not copy.file_meta.TransferSyntaxUID.is_encapsulated
    assert given.file_meta.TransferSyntaxUID.is_encapsulated
    before, after = given.pixel_array, copy.pixel_array
    drawn = draw("川内HR", rows=given.Rows, columns=given.Columns)
    outline = drawn.on_matrix(drawn.outline)
    assert (before[~outline] == after[~outline]).all()
    assert (before[outline] != after[outline]).any()


def broken():
    out = image()
    out.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    out.PixelData = encapsulate([b"no image at all "])
    out["PixelData"].is_undefined_length = True
    return out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (broken(), "压缩图像无法解码（传输语法 1.2.840.10008.1.2.4.90）"),
        (image(PixelData=None), "没有整数像素数据"),
        (image(PixelData=b"\0\0"), "像素数据 2 字节，少于矩阵所需的 32768 字节"),
        (image(PhotometricInterpretation="PALETTE COLOR"), "'PALETTE COLOR' 的图像不支持烧录"),
        (image(BitsAllocated=12), "BitsAllocated 12"),
        (image(HighBit=15), "HighBit 15，BitsStored 12"),
        (image(sop_class="1.2.840.10008.5.1.4.1.1.88.11"), "不是图像"),
        (image(SOPInstanceUID=None), "缺少 UID"),
        (dicom.dataset(size=16), "16×16 太小"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_burned_is_refused_with_the_reason(allowed, given, words):
    outcome = burned_copy(given, allowed)
    assert outcome.value is None
    assert outcome.issues[0].code is IssueCode.IMAGE_MARK_REFUSED
    assert words in outcome.issues[0].message


def test_without_a_transfer_syntax_nobody_knows_the_pixels(allowed):
    given = image()
    del given.file_meta
    assert "没有传输语法" in burned_copy(given, allowed).issues[0].message


def test_two_pixels_in_a_big_endian_word_are_not_swapped(allowed):
    syntax = "1.2.840.10008.1.2.2"
    ramp = numpy.tile(numpy.arange(SIZE), (SIZE, 1))
    stored = ramp.astype("u1").reshape(-1, 2)[:, ::-1]  # the second pixel stands in the high byte (PS3.5 8.1.1)
    given = image(stored, kind="u1", BitsAllocated=8, BitsStored=8, HighBit=7, WindowCenter=None, WindowWidth=None)
    given["PixelData"].VR = "OW"
    given.file_meta.TransferSyntaxUID = syntax
    pixels = values(burned(given, allowed), "u1").reshape(-1, 2)[:, ::-1].reshape(SIZE, SIZE)
    assert (pixels == ramp)[~OUTLINE].all()
    assert set(pixels[LETTERS]) == {127}
    assert set(pixels[EDGE]) == {0}


def test_a_slope_of_nought_is_none(allowed):
    pixels = values(burned(image(RescaleSlope="0", fill=100), allowed))
    assert set(pixels[LETTERS]) == {239}


def test_stated_extremes_that_are_no_longer_true_are_left_out(allowed):
    copy = burned(image(SmallestImagePixelValue=3, LargestImagePixelValue=9), allowed)
    assert not {"SmallestImagePixelValue", "LargestImagePixelValue"} & set(copy.dir())
