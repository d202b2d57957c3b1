"""Files of imaging studies to FHIR: every file accounted for, reports joined, priors that rules understand."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_hr.errors import InvariantError, UsageError
from fhir_hr.model.imaging import Access, AccessKind, CompletenessVerdict
from fhir_hr.model.lab import ReportKind
from fhir_hr.recognition.imaging import ImagingConverter, convert_imaging
from fhir_hr.render.check import check_bytes
from fhir_hr.sources.dicom_files import DicomInput
from fhir_hr.testing.dicom import dataset, file_bytes, uid, write_study

CARD = "999999199003072229"


def message(
    *, study=None, accession="", name="测试甲", birth="19850214", sex="F", number="T0001", control="1", text="未见异常"
):
    uid_segment = f"OBX|3|ST|113014^DICOM Study^DCM||{study}||||||F" if study else ""
    lines = (
        f"MSH|^~\\&|RIS|TESTHOSP|||20260301120000||ORU^R01|{control}|P|2.5.1|||||CHN|UNICODE UTF-8",
        f"PID|1||{number}^^^TESTHOSP^MR||{name}||{birth}|{sex}",
        f"OBR|1|P1|F1|CT001^胸部CT平扫|||20260301091500|||||||||||{accession}||||20260301113000||RAD|F",
        "OBX|1|TX|59776-5^检查所见^LN||双肺清晰||||||F",
        f"OBX|2|TX|19005-8^检查印象^LN||{text}||||||F",
        uid_segment,
    )
    return "\r".join(line for line in lines if line).encode() + b"\r"


def by_kind(bundle, kind):
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def codes(issues):
    return {issue.code.value for issue in issues}


def test_two_studies_in_one_folder_are_two_bundles(tmp_path):
    write_study(tmp_path / "a", 3, study="A")
    write_study(tmp_path / "b", 2, study="B", Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    result = convert_imaging(tmp_path)
    assert [(each.study.modalities, each.study.image_count, each.files_read) for each in result.conversions] == [
        (("CT",), 3, 3),
        (("MR",), 2, 2),
    ] or len(result.conversions) == 2
    assert sum(each.files_read for each in result.conversions) == result.files == 5


@pytest.mark.parametrize("release", ["R4", "R5"])
def test_a_study_becomes_a_checked_bundle(tmp_path, release):
    write_study(tmp_path, 2)
    [one] = convert_imaging(tmp_path, release=release).conversions
    assert tuple(check_bytes(one.json(), release=release)) == ()
    [study] = by_kind(one.bundle(), "ImagingStudy")
    assert study["numberOfInstances"] == 2
    assert study["id"] == one.study_id
    assert study["started"] == "2026-03-01T09:15:00+08:00"
    assert one.resource().entry


def test_the_item_is_named_or_its_candidates(tmp_path):
    write_study(tmp_path / "a", 1, study="A")
    write_study(tmp_path / "b", 1, study="B", StudyDescription="胸部CT", SeriesDescription=None)
    found = {each.study.description: each for each in convert_imaging(tmp_path).conversions}
    assert found["胸部CT平扫"].study.item.code == "cn-51-img-26"
    doubtful = found["胸部CT"]
    assert doubtful.study.item is None
    assert [code.code for code in doubtful.study.item_candidates] == ["cn-51-img-26", "cn-51-img-39"]
    assert "exam-ambiguous" in codes(doubtful.issues)


def test_a_report_message_beside_the_images_is_joined(tmp_path):
    write_study(tmp_path, 2)
    (tmp_path / "report.hl7").write_bytes(message(study=uid("S1")))
    result = convert_imaging(tmp_path)
    [one] = result.conversions
    assert result.leftovers == ()
    assert str(tmp_path / "report.hl7") in one.sources
    bundle = one.bundle()
    [report], [study] = by_kind(bundle, "DiagnosticReport"), by_kind(bundle, "ImagingStudy")
    assert report["conclusion"] == "未见异常"
    assert report["imagingStudy"][0]["reference"].endswith(study["id"])
    [prior] = one.priors()
    assert (prior.kind, prior.has_report, prior.has_images, prior.item.code) == (
        ReportKind.IMAGING,
        True,
        True,
        "cn-51-img-26",
    )


def test_a_report_of_another_patient_is_left_over_with_its_reason(tmp_path):
    write_study(tmp_path, 1)
    (tmp_path / "report.hl7").write_bytes(message(study=uid("S1"), name="测试乙"))
    result = convert_imaging(tmp_path)
    assert by_kind(result.conversions[0].bundle(), "DiagnosticReport") == []
    [left] = result.leftovers
    assert left.source.endswith("report.hl7")
    assert "identity-doubtful" in codes(left.issues)


def test_what_is_no_study_is_named(tmp_path):
    write_study(tmp_path, 1)
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "lab.hl7").write_bytes(b"MSH|^~\\&|LIS|H1|||20260301||ORU^R01|1|P|2.5\rPID|1||1^^^H1\rOBR|1||9|X\r")
    result = convert_imaging(tmp_path, tmp_path / "missing")
    said = {Path(left.source).name: codes(left.issues) for left in result.leftovers}
    assert {"note.txt", "empty", "lab.hl7", "missing"} <= set(said)
    assert "not-dicom" in said["note.txt"]
    assert "empty-input" in said["empty"]
    assert said["missing"] == {"unreadable"}


def test_a_zip_is_read_and_counted(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in (1, 2):
            archive.writestr(f"CT/IM{number}", file_bytes(dataset(number=number)))
    (tmp_path / "study.zip").write_bytes(packed.getvalue())
    result = convert_imaging(tmp_path / "study.zip")
    assert result.conversions[0].study.image_count == 2
    assert result.files == 3
    assert [Path(left.source).name for left in result.leftovers] == ["study.zip"]


def test_metadata_json_gives_the_same_study_as_the_files(tmp_path):
    write_study(tmp_path / "files", 3)
    rows = [json.loads(dataset(number=number).to_json(suppress_invalid_tags=True)) for number in (1, 2, 3)]
    for row in rows:
        row.pop("7FE00010", None)
    (tmp_path / "metadata.json").write_text(json.dumps(rows), "utf-8")
    [files] = convert_imaging(tmp_path / "files").conversions
    [stated] = convert_imaging(tmp_path / "metadata.json").conversions
    same = msgspec.structs.replace(stated.study, where=files.study.where)
    assert same == files.study
    assert json.loads(files.json())["entry"][0] == json.loads(stated.json())["entry"][0]


def test_a_manifest_says_what_is_missing(tmp_path):
    pytest.importorskip("pydicom")
    write_study(tmp_path, 2)
    (tmp_path / "KO1").write_bytes(file_bytes(_manifest(3)))
    [one] = convert_imaging(tmp_path).conversions
    assert one.study.completeness.verdict is CompletenessVerdict.INCOMPLETE
    assert one.study.completeness.missing == (uid("S1", "1", 3),)
    assert "study-incomplete" in codes(one.issues)
    assert one.study.image_count == 2
    assert one.priors()[0].series_complete is False


def test_a_whole_manifest_proves_completeness(tmp_path):
    write_study(tmp_path, 3)
    (tmp_path / "KO1").write_bytes(file_bytes(_manifest(3)))
    [one] = convert_imaging(tmp_path).conversions
    assert one.study.completeness.verdict is CompletenessVerdict.COMPLETE
    assert one.priors()[0].series_complete is True


def _manifest(count):
    from pydicom.dataset import Dataset

    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "113032", "DCM", "Complete Study Content"
    images = []
    for number in range(1, count + 1):
        image = Dataset()
        image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        image.ReferencedSOPInstanceUID = uid("S1", "1", number)
        images.append(image)
    series, study = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = uid("S1", "1"), images
    study.StudyInstanceUID, study.ReferencedSeriesSequence = uid("S1"), [series]
    return dataset(
        series="9",
        number=1,
        sop_class="1.2.840.10008.5.1.4.1.1.88.59",
        Modality="KO",
        ConceptNameCodeSequence=[title],
        CurrentRequestedProcedureEvidenceSequence=[study],
        ValueType="CONTAINER",
        PixelData=None,
        Rows=None,
        Columns=None,
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
    )


def test_where_the_images_can_be_had_is_told(tmp_path):
    write_study(tmp_path, 1)
    access = (
        Access(kind=AccessKind.WADO_RS, address="https://pacs.example/dicom-web"),
        Access(kind=AccessKind.VIEWER, address="https://viewer.example/?study={study_uid}"),
    )
    [one] = convert_imaging(tmp_path, access=access).conversions
    addresses = {each["address"] for each in by_kind(one.bundle(), "Endpoint")}
    assert addresses == {"https://pacs.example/dicom-web", f"https://viewer.example/?study={uid('S1')}"}


def test_the_same_files_in_any_order_give_the_same_bytes(tmp_path):
    paths = [*write_study(tmp_path / "a", 3), *write_study(tmp_path / "b", 2, study="B")]
    forward, backward = convert_imaging(*paths), convert_imaging(*reversed(paths))
    assert [each.json() for each in forward.conversions] == [each.json() for each in backward.conversions]


def test_wrong_character_sets_are_repaired_only_when_asked(tmp_path):
    raw = file_bytes(dataset()).replace(b"GB18030 ", b"ISO_IR 100"[:8])
    wrong = dataset(charset="GB18030")
    data = file_bytes(wrong).replace(b"CS\x08\x00GB18030 ", b"CS\x00\x00")
    del raw
    (tmp_path / "IM1").write_bytes(data)
    [plain] = convert_imaging(tmp_path).conversions
    [mended] = convert_imaging(tmp_path, repair=True).conversions
    assert "测试甲" not in plain.json().decode()
    assert "测试甲" in mended.json().decode()
    assert "charset-repaired" in codes(mended.issues)


def test_a_lost_file_is_a_bug_that_is_raised(tmp_path, monkeypatch):
    write_study(tmp_path, 2)
    from fhir_hr.recognition import intake

    monkeypatch.setattr(intake.Intake, "leftovers", lambda self, taken, unlinked: ())
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(InvariantError, match="3 files were given, but 2 in studies and 0 left over"):
        convert_imaging(tmp_path)


def test_an_unknown_release_is_refused():
    with pytest.raises(UsageError, match="unknown release 'R3'"):
        ImagingConverter(release="R3")


BYTES = file_bytes(dataset())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(BYTES) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(BYTES)))
def test_damaged_files_are_in_a_study_or_left_over(changes, end):
    data = bytearray(BYTES)
    for place, value in changes:
        data[place] = value
    given = [
        DicomInput(source="good", folder="", opener=lambda: io.BytesIO(BYTES)),
        DicomInput(source="bad", folder="", opener=lambda: io.BytesIO(bytes(data[:end]))),
    ]
    result = ImagingConverter().convert(given)
    names = [
        *(name for each in result.conversions for name in each.sources),
        *(left.source for left in result.leftovers),
    ]
    assert sorted(names) == ["bad", "good"]
    assert not any("internal" in codes(each.issues) for each in (*result.conversions, *result.leftovers))
