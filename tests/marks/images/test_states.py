"""Presentation states: one test for each pitfall of the way, and what must not be lost from the picture."""

import copy
import io
import subprocess
import sys
from datetime import datetime

import numpy
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from fhir_hr.errors import UsageError
from fhir_hr.issues import IssueCode
from fhir_hr.marks.images import mark_series
from fhir_hr.testing import dicom

SC = "1.2.840.10008.5.1.4.1.1.7"
US = "1.2.840.10008.5.1.4.1.1.6.1"
US_FRAMES = "1.2.840.10008.5.1.4.1.1.3.1"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
PET = "1.2.840.10008.5.1.4.1.1.128"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"


def images(count=3, **options):
    return list(dicom.series(count, **{"size": 128, **options}))


def colour(**options):
    return {
        "sop_class": US,
        "PhotometricInterpretation": "RGB",
        "SamplesPerPixel": 3,
        "PlanarConfiguration": 0,
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "RescaleType": None,
        **options,
    }


def item(**elements):
    out = Dataset()
    for keyword, value in elements.items():
        setattr(out, keyword, value)
    return out


def only(outcome):
    [state] = outcome.value
    return dcmread(io.BytesIO(dicom.file_bytes(state)))


def overlay(state, group=0x6000):
    rows, columns = state[group, 0x0010].value, state[group, 0x0011].value
    bits = numpy.unpackbits(numpy.frombuffer(state[group, 0x3000].value, dtype="u1"), bitorder="little")
    return bits[: rows * columns].reshape(rows, columns)


def text_object(state):
    [annotation] = state.GraphicAnnotationSequence
    [found] = annotation.TextObjectSequence
    return found


def test_one_state_holds_text_and_plane_in_the_upper_right_of_all_images(allowed, when):
    given = images()
    outcome = mark_series(given, allowed, when=when)
    state = only(outcome)
    assert outcome.issues == ()
    assert state.SOPClassUID == "1.2.840.10008.5.1.4.1.1.11.1"
    assert state.Modality == "PR"
    uids = [each.SOPInstanceUID for each in given]
    [series] = state.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == given[0].SeriesInstanceUID
    assert [each.ReferencedSOPInstanceUID for each in series.ReferencedImageSequence] == uids
    [annotation] = state.GraphicAnnotationSequence
    assert [each.ReferencedSOPInstanceUID for each in annotation.ReferencedImageSequence] == uids
    assert text_object(state).UnformattedTextValue == "川内HR"
    lit = overlay(state)
    assert lit.shape == (128, 128)
    assert lit[:40, 64:].sum() == lit.sum() > 50
    assert state[0x6000, 0x1500].value == "川内HR"
    layers = {each.GraphicLayer for each in state.GraphicLayerSequence}
    assert {state[0x6000, 0x1001].value, annotation.GraphicLayer} <= layers
    assert state.StudyInstanceUID == given[0].StudyInstanceUID
    assert state.SeriesInstanceUID != given[0].SeriesInstanceUID


def test_the_images_are_only_read(allowed, when):
    given = images()
    before = [dicom.file_bytes(copy.deepcopy(each)) for each in given]
    mark_series(given, allowed, when=when)
    assert [dicom.file_bytes(each) for each in given] == before


def test_headers_suffice(allowed, when):
    given = images(PixelData=None)
    assert only(mark_series(given, allowed, when=when)).ContentLabel == "CHUANNEI_HR"


def test_a_the_first_of_several_windows_is_taken(allowed, when):
    given = images(WindowCenter=["40", "-500"], WindowWidth=["400", "1500"], WindowCenterWidthExplanation=["M", "L"])
    [voi] = only(mark_series(given, allowed, when=when)).SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.WindowCenterWidthExplanation) == (40, 400, "M")
    assert "ReferencedImageSequence" not in voi


def test_windows_that_differ_are_told_by_image(allowed, when):
    given = images(2)
    given[1].WindowCenter, given[1].WindowWidth = "-600", "1500"
    third = dicom.dataset(number=3, size=128, WindowCenter=None, WindowWidth=None)
    windows = only(mark_series([*given, third], allowed, when=when)).SoftcopyVOILUTSequence
    told = {
        each.WindowCenter: [one.ReferencedSOPInstanceUID for one in each.ReferencedImageSequence] for each in windows
    }
    assert told == {40: [given[0].SOPInstanceUID], -600: [given[1].SOPInstanceUID]}


@pytest.mark.parametrize(("center", "width"), [("40", "0"), ("", "400"), ("40", ""), (None, "400"), ("40", None)])
def test_a_window_that_is_none_is_not_told(allowed, when, center, width):
    given = images(1, WindowCenter=center, WindowWidth=width)
    assert "SoftcopyVOILUTSequence" not in only(mark_series(given, allowed, when=when))


def test_a_look_up_table_of_the_image_is_told_as_it_stands(allowed, when):
    table = item(LUTDescriptor=[4, 0, 16], LUTData=[0, 10, 20, 30], LUTExplanation="T")
    given = images(2, sop_class=dicom.DX, WindowCenter=None, WindowWidth=None, VOILUTSequence=Sequence([table]))
    [voi] = only(mark_series(given, allowed, when=when)).SoftcopyVOILUTSequence
    [told] = voi.VOILUTSequence
    assert (list(told.LUTDescriptor), list(told.LUTData), told.LUTExplanation) == ([4, 0, 16], [0, 10, 20, 30], "T")


def test_b_two_series_are_a_mistake_of_the_caller(allowed, when):
    with pytest.raises(UsageError, match="2 series"):
        mark_series([*images(1), *images(1, series="2")], allowed, when=when)
    with pytest.raises(UsageError, match="2 studies"):
        mark_series([*images(1), *images(1, study="S2")], allowed, when=when)


def test_b_images_of_another_size_get_a_state_of_their_own(allowed, when):
    given = [*images(2), dicom.dataset(number=3, size=256)]
    outcome = mark_series(given, allowed, when=when)
    first, second = outcome.value
    assert (first[0x6000, 0x0010].value, second[0x6000, 0x0010].value) == (128, 256)
    assert [len(each.ReferencedSeriesSequence[0].ReferencedImageSequence) for each in (first, second)] == [2, 1]
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    assert (first.InstanceNumber, second.InstanceNumber) == (1, 2)
    assert "分为 2 个呈现状态" in outcome.issues[0].message


def test_rescaling_that_differs_by_slice_is_never_told_of_another_slice(allowed, when):
    given = images(2, sop_class=PET, RescaleIntercept="0", RescaleType="BQML", Modality="PT")
    given[1].RescaleSlope = "2.5"
    states = mark_series(given, allowed, when=when).value
    assert [float(each.RescaleSlope) for each in states] == [1, 2.5]


@pytest.mark.parametrize(("photometric", "shape"), [("MONOCHROME1", "INVERSE"), ("MONOCHROME2", "IDENTITY")])
def test_c_the_polarity_of_the_image_is_kept(allowed, when, photometric, shape):
    given = images(1, sop_class=dicom.DX, PhotometricInterpretation=photometric)
    assert only(mark_series(given, allowed, when=when)).PresentationLUTShape == shape


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422", "PALETTE COLOR"])
def test_d_colour_images_get_a_colour_state_with_a_profile(allowed, when, photometric):
    samples = 1 if photometric == "PALETTE COLOR" else 3
    given = images(2, **colour(PhotometricInterpretation=photometric, SamplesPerPixel=samples))
    state = only(mark_series(given, allowed, when=when))
    assert state.SOPClassUID == "1.2.840.10008.5.1.4.1.1.11.2"
    assert state.ICCProfile[36:40] == b"acsp"
    assert not {"PresentationLUTShape", "SoftcopyVOILUTSequence", "RescaleSlope"} & set(state.dir())
    assert overlay(state).any()


def test_d_the_profile_of_the_image_is_kept_and_ours_has_no_clock(allowed, when):
    own = b"\0" * 36 + b"acsp" + b"\0" * 88
    assert only(mark_series(images(1, **colour(ICCProfile=own)), allowed, when=when)).ICCProfile == own
    ours = only(mark_series(images(1, **colour()), allowed, when=when)).ICCProfile
    assert ours[24:36] == bytes.fromhex("07e800010001000000000000")


@pytest.mark.parametrize("label", ["", "hr", "A" * 17, "川内HR"])
def test_e_a_content_label_is_a_code_string(allowed, when, label):
    with pytest.raises(UsageError, match="content label"):
        mark_series(images(1), allowed, when=when, label=label)


@pytest.mark.parametrize("creator", ["HR", "", "^", "A\\B^C", "a=b^c"])
def test_e_a_creator_has_a_family_and_a_given_name(allowed, when, creator):
    with pytest.raises(UsageError, match="content creator"):
        mark_series(images(1), allowed, when=when, creator=creator)


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192"])
def test_f_the_state_is_in_utf_8_whatever_the_images_are_in(allowed, when, charset):
    image = dcmread(io.BytesIO(dicom.file_bytes(images(1, charset=charset)[0])))
    data = dicom.file_bytes(mark_series([image], allowed, when=when).value[0])
    assert "川内HR".encode() in data
    assert "测^试甲".encode() in data
    assert dcmread(io.BytesIO(data)).SpecificCharacterSet == "ISO_IR 192"


def test_f_iso_ir_58_loses_its_escapes_and_not_its_words(allowed, when):
    chinese = ("Manufacturer", "InstitutionName", "SeriesDescription", "StudyDescription")
    chinese = ("Manufacturer", "InstitutionName", "SeriesDescription", "StudyDescription")
    plain = images(1, charset="ISO_IR 100", PatientName="A^BC", **dict.fromkeys(chinese, "D"))[0]
    name = b"Ce^ShiJia=\x1b$)A" + "王".encode("gb2312") + b"^\x1b$)A" + "东".encode("gb2312")
    data = dicom.file_bytes(plain).replace(b"CS\x0a\0ISO_IR 100", b"CS\x10\0\\ISO 2022 IR 58 ")
    data = data.replace(b"PN\x04\0A^BC", b"PN" + (len(name) + 1).to_bytes(2, "little") + name + b" ")
    image = dcmread(io.BytesIO(data))
    assert str(only(mark_series([image], allowed, when=when)).PatientName) == "Ce^ShiJia=王^东"


def test_f_a_name_that_its_character_set_does_not_fit_is_left_empty_and_said(allowed, when):
    raw = dicom.file_bytes(images(1, charset="GB18030")[0]).replace(b"\x08\x00\x05\x00CS\x08\x00GB18030 ", b"")
    outcome = mark_series([dcmread(io.BytesIO(raw))], allowed, when=when)
    state = only(outcome)
    assert state.PatientName == ""
    assert state.PatientID == "T0001"
    assert {each.code for each in outcome.issues} == {IssueCode.CHARSET_UNKNOWN}
    assert "PatientName" in outcome.issues[0].where
    assert all("Ce" not in each.message for each in outcome.issues)


def test_g_the_box_is_just_as_wide_as_the_text_and_below_the_plane(allowed, when):
    state = only(mark_series(images(1, size=512), allowed, when=when))
    found = text_object(state)
    ys, xs = overlay(state).nonzero()
    left, top = found.BoundingBoxTopLeftHandCorner
    right, bottom = found.BoundingBoxBottomRightHandCorner
    assert found.BoundingBoxTextHorizontalJustification == "RIGHT"
    assert left * 512 == pytest.approx(xs.min(), abs=5)
    assert right * 512 == pytest.approx(xs.max(), abs=5)
    assert ys.max() < top * 512 < bottom * 512 < 0.15 * 512


def test_h_the_box_is_a_share_of_the_displayed_area_which_is_the_whole_image(allowed, when):
    state = only(mark_series(images(1), allowed, when=when))
    [area] = state.DisplayedAreaSelectionSequence
    assert text_object(state).BoundingBoxAnnotationUnits == "DISPLAY"
    assert list(area.DisplayedAreaTopLeftHandCorner) == [1, 1]
    assert list(area.DisplayedAreaBottomRightHandCorner) == [128, 128]
    assert area.PresentationSizeMode == "SCALE TO FIT"
    assert list(area.PresentationPixelAspectRatio) == [1, 1]


def test_h_pixels_that_are_not_square_stay_so(allowed, when):
    given = images(1, PixelSpacing=["0.5", "0.25"])
    [area] = only(mark_series(given, allowed, when=when)).DisplayedAreaSelectionSequence
    assert [float(each) for each in area.PresentationPixelSpacing] == [0.5, 0.25]
    assert "PresentationPixelAspectRatio" not in area


def test_i_the_state_does_not_count_as_an_image(allowed, when):
    from fhir_hr.mapping.sop_classes import kind_of

    state = only(mark_series(images(1), allowed, when=when))
    assert kind_of(state.SOPClassUID, state.Modality).value == "presentation"


@pytest.mark.parametrize("kind", [SR, SEG])
def test_what_is_no_image_is_not_referenced(allowed, when, kind):
    other = dicom.dataset(number=9, sop_class=kind, size=128)
    state = only(mark_series([*images(1), other], allowed, when=when))
    assert len(state.ReferencedSeriesSequence[0].ReferencedImageSequence) == 1
    refused = mark_series([other], allowed, when=when)
    assert refused.value == ()
    assert "没有图像" in refused.issues[0].message


def test_an_overlay_of_the_images_stays_visible_and_keeps_its_group(allowed, when):
    given = images(1)
    given[0].add_new((0x6000, 0x0010), "US", 128)
    state = only(mark_series(given, allowed, when=when))
    assert state[0x6000, 0x1001].value == "IMAGE_OVERLAYS"
    assert (0x6000, 0x3000) not in state
    assert overlay(state, 0x6002).any()
    assert "IMAGE_OVERLAYS" in {each.GraphicLayer for each in state.GraphicLayerSequence}


def test_without_a_free_group_the_text_alone_is_shown_and_said(allowed, when):
    given = images(1)
    for group in range(0x6000, 0x6020, 2):
        given[0].add_new((group, 0x0010), "US", 128)
    outcome = mark_series(given, allowed, when=when)
    assert text_object(only(outcome)).UnformattedTextValue == "川内HR"
    assert "均已占用" in outcome.issues[0].message


def test_a_small_image_gets_the_text_alone(allowed, when):
    outcome = mark_series(images(1, size=16), allowed, when=when)
    assert (0x6000, 0x3000) not in only(outcome)
    assert "图像太小" in outcome.issues[0].message


def test_a_shutter_of_the_image_is_kept(allowed, when):
    given = images(1, sop_class=dicom.DX, ShutterShape="CIRCULAR", CenterOfCircularShutter=[64, 64])
    given[0].RadiusOfCircularShutter = 50
    state = only(mark_series(given, allowed, when=when))
    assert (state.ShutterShape, list(state.CenterOfCircularShutter), state.RadiusOfCircularShutter) == (
        "CIRCULAR",
        [64, 64],
        50,
    )
    assert state.ShutterPresentationValue == 0


def test_frames_of_an_old_multi_frame_image_are_all_marked(allowed, when):
    given = images(1, **colour(sop_class=US_FRAMES, NumberOfFrames="3"))
    [reference] = only(mark_series(given, allowed, when=when)).ReferencedSeriesSequence[0].ReferencedImageSequence
    assert "ReferencedFrameNumber" not in reference


def enhanced(windows, slopes=("1",)):
    frames = [item(FrameVOILUTSequence=Sequence([item(WindowCenter=center, WindowWidth="400")])) for center in windows]
    for frame, slope in zip(frames, slopes * (len(frames) if len(slopes) == 1 else 1), strict=True):
        pixel = item(RescaleIntercept="-1000", RescaleSlope=slope, RescaleType="HU")
        frame.PixelValueTransformationSequence = Sequence([pixel])
    return dicom.dataset(
        size=128,
        sop_class=ENHANCED_CT,
        Modality="CT",
        NumberOfFrames=str(len(frames)),
        **dict.fromkeys(("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept", "RescaleType")),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
        SharedFunctionalGroupsSequence=Sequence([Dataset()]),
    )


def test_windows_of_enhanced_frames_are_told_by_frame(allowed, when):
    state = only(mark_series([enhanced(["40", "-600", "40"])], allowed, when=when))
    told = {
        each.WindowCenter: each.ReferencedImageSequence[0].ReferencedFrameNumber
        for each in state.SoftcopyVOILUTSequence
    }
    assert told == {40: [1, 3], -600: 2}
    assert state.RescaleIntercept == -1000


def test_enhanced_frames_with_different_rescaling_are_refused_and_not_shown_wrong(allowed, when):
    outcome = mark_series([enhanced(["40", "40"], ("1", "2"))], allowed, when=when)
    assert outcome.value == ()
    assert outcome.issues[0].code is IssueCode.IMAGE_MARK_REFUSED
    assert "各帧的重缩放" in outcome.issues[0].message


def test_the_zone_of_the_images_is_that_of_the_creation_time(allowed, when):
    state = only(mark_series(images(1, TimezoneOffsetFromUTC="+0000"), allowed, when=when))
    assert (state.PresentationCreationDate, state.PresentationCreationTime) == ("20260302", "023000")
    assert state.TimezoneOffsetFromUTC == "+0000"
    assert only(mark_series(images(1), allowed, when=when)).PresentationCreationTime == "103000"
    with pytest.raises(UsageError, match="zone"):
        mark_series(images(1), allowed, when=datetime(2026, 3, 2))


def test_the_same_call_makes_the_same_bytes_in_another_process(allowed, when):
    given = images(2)
    first, again = (dicom.file_bytes(mark_series(images(2), allowed, when=when).value[0]) for _ in range(2))
    assert first == again
    grown = mark_series([*given, dicom.dataset(number=3, size=128)], allowed, when=when).value[0]
    assert grown.SOPInstanceUID != dcmread(io.BytesIO(first)).SOPInstanceUID
    code = "from fhir_hr.marks.images.uids import derived_uid; print(derived_uid('a', 'b'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2.25.75137759508584941638238767210354610982"


def test_an_image_given_twice_is_referenced_once(allowed, when):
    [image] = images(1)
    outcome = mark_series([image, image], allowed, when=when)
    assert len(only(outcome).ReferencedSeriesSequence[0].ReferencedImageSequence) == 1
    assert outcome.issues[0].code is IssueCode.DUPLICATE_INSTANCE


@pytest.mark.parametrize("missing", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_an_image_that_cannot_be_referenced_is_refused(allowed, when, missing):
    outcome = mark_series(images(1, **{missing: None}), allowed, when=when)
    assert outcome.value == ()
    assert "缺少 UID" in outcome.issues[0].message


def test_values_of_others_that_are_malformed_do_not_stop_it(allowed, when):
    image = dcmread(io.BytesIO(dicom.file_bytes(images(1)[0]).replace(b"19850214", b"1985/2/1")))
    state = only(mark_series([image], allowed, when=when))
    assert state["PatientBirthDate"].value == "1985/2/1"


@pytest.mark.parametrize(("kind", "told"), [(dicom.DX, True), ("1.2.840.10008.5.1.4.1.1.12.1", False)])
def test_a_modality_table_is_told_but_for_angiography(allowed, when, kind, told):
    table = item(LUTDescriptor=[2, -5, 16], LUTData=[7, 9], ModalityLUTType="OD")
    none = dict.fromkeys(("RescaleSlope", "RescaleIntercept", "RescaleType"))
    given = images(1, sop_class=kind, PixelRepresentation=1, ModalityLUTSequence=Sequence([table]), **none)
    state = only(mark_series(given, allowed, when=when))
    assert ("ModalityLUTSequence" in state) is told
    if told:
        [again] = state.ModalityLUTSequence
        assert (list(again.LUTDescriptor), list(again.LUTData), again.ModalityLUTType) == ([2, -5, 16], [7, 9], "OD")


def test_what_enhanced_frames_share_is_told_once(allowed, when):
    image = enhanced(["40", "50"])
    voi = item(WindowCenter=["30", "90"], WindowWidth=["300", "900"])
    pixel = item(RescaleIntercept="-900", RescaleSlope="2")
    shared = item(FrameVOILUTSequence=Sequence([voi]), PixelValueTransformationSequence=Sequence([pixel]))
    image.SharedFunctionalGroupsSequence = Sequence([shared])
    state = only(mark_series([image], allowed, when=when))
    [told] = state.SoftcopyVOILUTSequence
    assert (told.WindowCenter, told.WindowWidth) == (30, 300)
    assert (state.RescaleIntercept, state.RescaleSlope, state.RescaleType) == (-900, 2, "HU")


@pytest.mark.parametrize("slope", ["0", ""])
def test_a_rescaling_that_is_none_is_not_told(allowed, when, slope):
    assert "RescaleSlope" not in only(mark_series(images(1, RescaleSlope=slope), allowed, when=when))


@pytest.mark.parametrize("zone", ["+9900", "+08:00", "8"])
def test_a_malformed_zone_of_the_images_does_not_move_the_time(allowed, when, zone):
    given = images(1, TimezoneOffsetFromUTC=zone)
    assert only(mark_series(given, allowed, when=when)).PresentationCreationTime == "103000"
