"""Headers of pydicom data sets: enhanced images, query answers, converted values, faults."""

from __future__ import annotations

import io
import logging

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from fhir_hr.adapters.dicom.headers.datasets import header_of_dataset
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import IssueCode
from fhir_hr.testing.dicom import dataset, file_bytes

ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"


def item(**elements):
    out = Dataset()
    for keyword, value in elements.items():
        setattr(out, keyword, value)
    return out


def enhanced(frames=3, **more):
    shared = item(
        PixelMeasuresSequence=[item(SliceThickness="1.25", SpacingBetweenSlices="1.0")],
        PlaneOrientationSequence=[item(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])],
        FrameAnatomySequence=[
            item(
                FrameLaterality="R",
                AnatomicRegionSequence=[item(CodeValue="51185008", CodingSchemeDesignator="SCT", CodeMeaning="Chest")],
            )
        ],
        PixelValueTransformationSequence=[item(RescaleType="HU")],
        CTXRayDetailsSequence=[item(KVP="120")],
        CTReconstructionSequence=[item(ConvolutionKernel=["B30f", "X"], ReconstructionDiameter="350")],
    )
    per_frame = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=["0", "0", str(number)])],
            CTExposureSequence=[item(ExposureInmAs=12.5, CTDIvol=3.0)],
        )
        for number in range(frames)
    ]
    return dataset(
        sop_class=ENHANCED_CT,
        NumberOfFrames=str(frames),
        SliceThickness=None,
        KVP=None,
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        RescaleType=None,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=per_frame,
        **more,
    )


def stored(value):
    return dcmread(io.BytesIO(file_bytes(value)))


@pytest.mark.parametrize("value", [enhanced(), stored(enhanced())], ids=["made", "stored"])
def test_functional_groups(value):
    found = header_of_dataset(value)
    header = found.value
    assert found.issues == ()
    assert header.frames_described == 3
    assert header.number_of_frames == "3"
    assert (header.slice_thickness, header.spacing_between_slices, header.kvp) == ("1.25", "1.0", "120")
    assert header.image_position_patient == ("0", "0", "0")
    assert header.convolution_kernel == ("B30f", "X")
    assert header.frame_laterality == "R"
    assert header.anatomic_regions[0].meaning == "Chest"
    assert (header.exposure, header.ctdi_vol) == ("12.5", "3")


def test_the_root_says_it_before_the_groups():
    assert header_of_dataset(enhanced(SliceLocation="1", FrameLaterality="L")).value.frame_laterality == "L"


def test_many_frames_are_counted_beyond_the_limit_of_items():
    found = header_of_dataset(enhanced(frames=30), limits=DicomLimits(items=5))
    assert found.value.frames_described == 30
    assert found.issues == ()


def test_the_same_before_and_after_pydicom_converted_the_values():
    value = dataset(OperatorsName=["Li^A=李^甲", "Wu=吴"], SliceThickness=" 1.50")
    fresh, used = stored(value), stored(value)
    for element in used.iterall():
        _ = element.value
    assert header_of_dataset(fresh) == header_of_dataset(used)
    assert header_of_dataset(used).value.operators == ("Li^A=李^甲", "Wu=吴")


def test_escapes_that_pydicom_left_in_text_are_taken_out():
    value = dataset(
        charset=["", "ISO 2022 IR 58"],
        StudyDescription="AB",
        InstitutionName=None,
        Manufacturer=None,
        SeriesDescription=None,
        PatientName="X",
    )
    raw = file_bytes(value).replace(b"LO\x02\x00AB", b"LO\x08\x00\x1b$)A\xd0\xd8\xb2\xbf")
    read = dcmread(io.BytesIO(raw))
    assert read.StudyDescription.startswith("\x1b")
    assert header_of_dataset(read).value.study_description == "胸部"
    assert header_of_dataset(dcmread(io.BytesIO(raw))).value.study_description == "胸部"


def test_an_identifier_of_a_query_answer():
    answer = Dataset()
    answer.SpecificCharacterSet = "ISO_IR 192"
    answer.QueryRetrieveLevel = "STUDY"
    answer.PatientName = "王^小东"
    answer.ModalitiesInStudy = ["CT", "PR"]
    answer.NumberOfStudyRelatedInstances = "12"
    answer.RetrieveAETitle = "PACS"
    header = header_of_dataset(answer).value
    assert header.patient_name == "王^小东"
    assert header.modalities_in_study == ("CT", "PR")
    assert header.number_of_study_related_instances == "12"
    assert header.retrieve_ae_titles == ("PACS",)
    assert header.transfer_syntax_uid is None


def test_names_that_an_archive_emptied_are_nothing():
    answer = Dataset()
    answer.PatientName = "^"
    assert header_of_dataset(answer).value.patient_name is None


def test_a_value_that_cannot_be_read_is_said_and_costs_nothing_else():
    data = file_bytes(dataset(CTDIvol=1.5)).replace(b"US\x02\x00\x08\x00", b"US\x03\x00\x08\x00\x00", 1)
    found = header_of_dataset(dcmread(io.BytesIO(data), specific_tags=["Rows", "PatientID"]))
    assert found.value.patient_id == "T0001"
    assert found.value.rows is None
    assert [(issue.code, issue.where) for issue in found.issues] == [(IssueCode.DICOM_MALFORMED, "(0028,0010)")]
    assert "no whole number of 2-byte numbers" in found.issues[0].message


def test_numbers_that_are_none_are_left_out_and_said():
    found = header_of_dataset(stored(dataset(CTDIvol=float("nan"))))
    assert found.value.ctdi_vol is None
    assert found.issues[0].code is IssueCode.NUMBER_INVALID


def test_a_broken_sequence_is_said_and_costs_nothing_else():
    value = stored(dataset(ProcedureCodeSequence=[item(CodeValue="A", CodeMeaning="b")]))
    raw = value.get_item(0x00081032)
    value._dict[raw.tag] = raw._replace(value=b"\1\2\3\4" * 5)
    found = header_of_dataset(value)
    assert found.value.patient_id == "T0001"
    assert found.value.procedure_codes == ()
    assert any("a sequence was expected" in issue.message for issue in found.issues)


def test_long_text_is_left_out_and_said():
    found = header_of_dataset(dataset(StudyDescription="x" * 60), limits=DicomLimits(text_chars=50))
    assert found.value.study_description is None
    assert [issue.code for issue in found.issues] == [IssueCode.FIELD_TOO_LONG]


def test_issues_are_bounded():
    raw = file_bytes(dataset())
    limits = DicomLimits(text_chars=1, issues=3)
    found = header_of_dataset(dcmread(io.BytesIO(raw)), limits=limits)
    assert len(found.issues) == 4
    assert "further issues" in found.issues[-1].message


def test_nothing_of_pydicom_reaches_the_log(caplog):
    data = file_bytes(dataset(PatientName="Secret^Name")).replace(b"GB18030 ", b"KLINGON ")
    with pytest.warns(UserWarning, match="KLINGON"):
        value = dcmread(io.BytesIO(data))
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        found = header_of_dataset(value)
    assert IssueCode.CHARSET_UNKNOWN in [issue.code for issue in found.issues]
    assert caplog.text == ""


def test_no_issue_names_the_patient():
    data = file_bytes(dataset(charset="ISO_IR 192", PatientName="Secret")).replace(b"Secret", b"Secre\xd0")
    found = header_of_dataset(dcmread(io.BytesIO(data)))
    assert found.issues
    assert not any("Secre" in str(issue) for issue in found.issues)
