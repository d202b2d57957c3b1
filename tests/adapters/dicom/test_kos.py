"""Key object documents as manifests: what they list, and what their title claims."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from pydicom.dataset import Dataset
from sr_documents import document, image, key_objects, listed, plant, reread, text

from fhir_hr.adapters.dicom.documents.kos import read_manifest
from fhir_hr.issues import IssueCode
from fhir_hr.model.imaging import CompletenessGround
from fhir_hr.testing.dicom import dataset, uid


@pytest.mark.parametrize(
    ("value", "meaning", "whole", "rejects"),
    [
        ("113000", "Of Interest", False, False),
        ("113001", "Rejected for Quality Reasons", False, True),
        ("113010", "Quality Issue", False, False),
        ("113030", "Manifest", False, False),
        ("113031", "Signed Manifest", False, False),
        ("113032", "Complete Study Content", True, False),
        ("113033", "Signed Complete Study Content", True, False),
        ("113034", "Complete Acquisition Content", False, False),
        ("113035", "Signed Complete Acquisition Content", False, False),
        ("113036", "Group of Frames for Display", False, False),
        ("113037", "Rejected for Patient Safety Reasons", False, True),
        ("113038", "Incorrect Modality Worklist Entry", False, True),
        ("113039", "Data Retention Policy Expired", False, True),
    ],
)
def test_a_title_claims_no_more_than_the_standard_says(value, meaning, whole, rejects):
    outcome = read_manifest(reread(key_objects((value, "DCM", meaning), *listed())))
    assert outcome.issues == ()
    manifest = outcome.value
    assert manifest.ground is CompletenessGround.MANIFEST
    assert (manifest.title.code, manifest.whole_study, manifest.rejects) == (value, whole, rejects)
    assert manifest.instances == tuple(listed())
    assert manifest.uid == uid("S1", "9", 1)
    assert manifest.finished is None


def test_the_titles_are_those_of_the_standard():
    from pydicom.sr.codedict import codes

    names = {
        "CompleteStudyContent": "113032",
        "SignedCompleteStudyContent": "113033",
        "RejectedForQualityReasons": "113001",
        "RejectedForPatientSafetyReasons": "113037",
        "IncorrectModalityWorklistEntry": "113038",
        "DataRetentionPolicyExpired": "113039",
    }
    assert {name: getattr(codes.cid7010, name).value for name in names} == names


@pytest.mark.parametrize("title", [("113032", "99HIS", "全部"), None])
def test_a_local_title_claims_nothing(title):
    manifest = read_manifest(key_objects(title, *listed())).value
    assert not manifest.whole_study
    assert len(manifest.instances) == 3


def test_several_studies_and_doubles_are_listed_once_each():
    both = [*listed(2), *listed(1, study="S2"), *listed(2)]
    manifest = read_manifest(key_objects(("113030", "DCM", "Manifest"), *both)).value
    assert sorted(manifest.instances) == sorted({*both})


def test_what_is_selected_but_not_listed_is_said():
    made = key_objects(("113000", "DCM", "Of Interest"), *listed(1))
    made.ContentSequence.append(image(None, "1.2.3.9"))
    outcome = read_manifest(made)
    assert len(outcome.value.instances) == 1
    assert [(issue.code, issue.where) for issue in outcome.issues] == [
        (IssueCode.CONTENT_UNMAPPED, "ContentSequence[2]")
    ]


def test_words_of_the_document_are_said_not_to_be_taken():
    made = key_objects(("113000", "DCM", "Of Interest"), *listed(1))
    made.ContentSequence.append(text("看这里", ("113012", "DCM", "Key Object Description")))
    (issue,) = read_manifest(made).issues
    assert issue.code is IssueCode.CONTENT_UNMAPPED
    assert "看" not in issue.message


def test_an_object_listed_without_its_uid_is_left_out_and_said():
    made = key_objects(("113030", "DCM", "Manifest"), *listed())
    series = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    del series.ReferencedSOPSequence[1].ReferencedSOPInstanceUID
    outcome = read_manifest(made)
    assert outcome.value.instances == (listed()[0], listed()[2])
    assert outcome.issues[0].where == (
        "CurrentRequestedProcedureEvidenceSequence[1].ReferencedSeriesSequence[1].ReferencedSOPSequence[2]"
    )


def test_a_document_without_uid_is_rejected_by_name():
    made = key_objects(("113030", "DCM", "Manifest"), *listed())
    del made.SOPInstanceUID
    outcome = read_manifest(made)
    assert outcome.value is None
    assert [issue.code for issue in outcome.issues] == [IssueCode.OBJECT_REJECTED]


@pytest.mark.parametrize("other", [dataset(), document(text("x")), Dataset()])
def test_others_are_no_manifests(other):
    outcome = read_manifest(other)
    assert outcome.value is None
    assert outcome.issues == ()


def test_a_broken_list_is_said():
    made = reread(key_objects(("113032", "DCM", "Complete Study Content"), *listed()))
    plant(made, "CurrentRequestedProcedureEvidenceSequence", b"\x01\x02\x03", "SQ")
    outcome = read_manifest(made)
    assert outcome.value.instances == ()
    assert IssueCode.DICOM_MALFORMED in {issue.code for issue in outcome.issues}
