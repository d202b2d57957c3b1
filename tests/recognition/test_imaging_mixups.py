"""Files of other patients beside a study: none gets into its images, reports or lists, whatever the order."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

sys.path.insert(0, str(Path(__file__).parents[1] / "adapters" / "dicom"))

from sr_documents import IMPRESSION, document, key_objects, listed, performed_step, text

from fhir_hr.model.imaging import CompletenessVerdict
from fhir_hr.recognition.imaging import ImagingConverter, convert_imaging
from fhir_hr.sources.dicom_files import find_files
from fhir_hr.testing.dicom import dataset, file_bytes, uid, write_study

OTHER = {"PatientName": "Ce^ShiYi=测^试乙", "PatientID": "T0002"}
NOBODY = dict.fromkeys(("PatientName", "PatientBirthDate", "PatientSex"))
WHOLE = ("113032", "DCM", "Complete Study Content")


def write(path, value):
    value.file_meta = dataset().file_meta
    value.file_meta.MediaStorageSOPClassUID = value.SOPClassUID
    value.file_meta.MediaStorageSOPInstanceUID = value.SOPInstanceUID
    path.write_bytes(file_bytes(value))


def patched(value, **elements):
    for keyword, element in elements.items():
        setattr(value, keyword, element)
    return value


def report(words, *, name, birth, order):
    lines = (
        "MSH|^~\\&|RIS|TESTHOSP|||20260301120000||ORU^R01|1|P|2.5.1|||||CHN|UNICODE UTF-8",
        f"PID|1||{order}^^^TESTHOSP^MR||{name}||{birth}|F",
        f"OBR|1|P{order}|F{order}|CT001^胸部CT平扫|||20260301091500|||||||||||||||20260301113000||RAD|F",
        f"OBX|1|TX|19005-8^检查印象^LN||{words}||||||F",
        f"OBX|2|ST|113014^DICOM Study^DCM||{uid('S1')}||||||F",
    )
    return "\r".join(lines).encode() + b"\r"


def said(result, name):
    """Code and message of all issues of a file that no study took."""
    [left] = [each for each in result.leftovers if Path(each.source).name == name]
    return [f"{issue.code}: {issue.message}" for issue in left.issues]


@pytest.mark.parametrize("name", ["0", "z"])
def test_a_stray_report_does_not_take_the_study_from_its_images(tmp_path, name):
    write_study(tmp_path / "images", 2)
    write(tmp_path / name, document(text("测试结论", IMPRESSION), **OTHER))
    result = convert_imaging(tmp_path)
    [one] = result.conversions
    assert (one.study.image_count, one.message.reports) == (2, ())
    assert "another patient stands under the same Study Instance UID (PatientID differs)" in said(result, name)[0]


def test_a_performed_step_of_another_patient_proves_nothing(tmp_path):
    write_study(tmp_path / "images", 3)
    step = performed_step(*listed(3), status="COMPLETED")
    write(tmp_path / "step", patched(step, SpecificCharacterSet="GB18030", **OTHER))
    result = convert_imaging(tmp_path)
    assert result.conversions[0].study.completeness.verdict is CompletenessVerdict.UNKNOWN
    assert said(result, "step") == [
        "study-conflict: a list names objects of a study of another patient than its own (PatientID differs); "
        "they were left out"
    ]


def test_a_performed_step_of_the_patient_proves_the_study_complete(tmp_path):
    write_study(tmp_path / "images", 3)
    same = {"SpecificCharacterSet": "GB18030", "PatientID": "T0001", "PatientName": "测试甲"}
    write(tmp_path / "step", patched(performed_step(*listed(3), status="COMPLETED"), **same))
    result = convert_imaging(tmp_path)
    [one] = result.conversions
    assert one.study.completeness.verdict is CompletenessVerdict.COMPLETE
    assert [Path(source).name for source in one.sources] == ["step", "IM00001", "IM00002", "IM00003"]
    assert result.leftovers == ()


def test_a_manifest_of_another_patients_study_proves_nothing_and_counts_once(tmp_path):
    write_study(tmp_path / "a", 3)
    write_study(tmp_path / "b", 1, study="B", **OTHER)
    elsewhere = {"StudyInstanceUID": uid("B"), "SeriesInstanceUID": "1.2.8.1", "SOPInstanceUID": "1.2.8"}
    write(tmp_path / "list", key_objects(WHOLE, *listed(3), **OTHER, **elsewhere))
    result = convert_imaging(tmp_path)
    studies = {each.study.uid: each for each in result.conversions}
    assert studies[uid("S1")].study.completeness.verdict is CompletenessVerdict.UNKNOWN
    assert [Path(source).name for source in studies[uid("S1")].sources] == ["IM00001", "IM00002", "IM00003"]
    assert "study-conflict" in {issue.code.value for issue in studies[uid("B")].issues}
    assert sum(each.files_read for each in result.conversions) == result.files


def test_reports_of_two_patients_are_not_put_to_one_anonymous_study(tmp_path):
    write_study(tmp_path / "images", 1, **NOBODY)
    (tmp_path / "1.hl7").write_bytes(report("一", name="测试甲", birth="19850214", order="1"))
    (tmp_path / "2.hl7").write_bytes(report("二", name="测试乙", birth="19700101", order="2"))
    result = convert_imaging(tmp_path)
    assert result.conversions[0].message.reports == ()
    for name in ("1.hl7", "2.hl7"):
        assert "reports of this study name different patients" in said(result, name)[-1]


def test_two_reports_under_one_uid_are_told_apart(tmp_path):
    write_study(tmp_path / "images", 1)
    for number, words in enumerate(("一", "二")):
        write(tmp_path / f"sr{number}", document(text(words, IMPRESSION), SOPInstanceUID="1.2.7"))
    [one] = convert_imaging(tmp_path).conversions
    assert [each.conclusion for each in one.message.reports] == ["一"]
    assert [issue.where for issue in one.issues if "says something else" in issue.message] == [str(tmp_path / "sr1")]


def test_two_identity_cards_are_two_patients(tmp_path):
    for number, card in enumerate(("999999199003072229", "999999198502140025")):
        other = Dataset()
        other.PatientID, other.IssuerOfPatientID = card, "2.16.156.10011.1.3"
        one = dataset(number=number, **NOBODY, PatientID=None, OtherPatientIDsSequence=[other])
        (tmp_path / f"IM{number}").write_bytes(file_bytes(one))
    result = convert_imaging(tmp_path)
    assert result.conversions[0].study.image_count == 1
    assert "(identity card number differs)" in said(result, "IM1")[0]


def test_the_order_of_reports_lists_and_messages_changes_nothing(tmp_path):
    write_study(tmp_path / "images", 2)
    for number in (1, 2):
        write(tmp_path / f"sr{number}", document(text(f"{number}", IMPRESSION), SOPInstanceUID=f"1.2.7.{number}"))
        write(tmp_path / f"ko{number}", key_objects(WHOLE, *listed(number), SOPInstanceUID=f"1.2.8.{number}"))
        words = report(f"{number}", name="测试甲", birth="19850214", order=str(number))
        (tmp_path / f"{number}.hl7").write_bytes(words)
    inputs = list(find_files([str(tmp_path)]))
    found = set()
    for chance in range(10):
        random.Random(chance).shuffle(inputs)
        found.add(tuple(each.body for each in ImagingConverter().convert(inputs).conversions))
    assert len(found) == 1
