"""Performed procedure steps as manifests: the machine's own list, and how far it got."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from pydicom.dataset import Dataset
from sr_documents import listed, performed_step

from fhir_hr.adapters.dicom.documents.mpps import read_performed_step
from fhir_hr.issues import IssueCode
from fhir_hr.model.imaging import CompletenessGround
from fhir_hr.testing.dicom import dataset, uid


@pytest.mark.parametrize(("status", "finished"), [("COMPLETED", True), ("DISCONTINUED", False), ("IN PROGRESS", False)])
def test_a_step_lists_what_it_made(status, finished):
    both = [*listed(2), *listed(2, series="2")]
    outcome = read_performed_step(performed_step(*both, status=status))
    assert outcome.issues == ()
    manifest = outcome.value
    assert manifest.ground is CompletenessGround.PERFORMED_STEP
    assert manifest.instances == tuple(both)
    assert manifest.finished is finished
    assert manifest.whole_study is False
    assert manifest.uid == uid("step")


def test_what_is_no_image_is_listed_too():
    made = performed_step(*listed(1))
    other = Dataset()
    other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.67", "1.2.3.4"
    made.PerformedSeriesSequence[0].ReferencedNonImageCompositeSOPInstanceSequence = [other]
    assert read_performed_step(made).value.instances[-1] == (uid("S1"), uid("S1", "1"), "1.2.3.4")


def test_the_uid_may_come_from_the_command():
    made = performed_step(*listed(1))
    del made.SOPInstanceUID
    del made.SOPClassUID
    assert read_performed_step(made, uid="1.2.3").value.uid == "1.2.3"
    outcome = read_performed_step(made)
    assert outcome.value is None
    assert [issue.code for issue in outcome.issues] == [IssueCode.OBJECT_REJECTED]


def test_an_unknown_status_is_said_and_proves_nothing():
    outcome = read_performed_step(performed_step(*listed(1), status="DONE"))
    assert outcome.value.finished is None
    assert [issue.code for issue in outcome.issues] == [IssueCode.STATUS_UNKNOWN]


def test_a_step_of_several_studies_says_not_which_object_is_of_which():
    outcome = read_performed_step(performed_step(*listed(1), *listed(1, study="S2")))
    assert outcome.value.instances == ()
    assert "belongs to 2 studies" in outcome.issues[0].message


def test_an_object_without_uid_is_left_out_and_said():
    made = performed_step(*listed(2))
    del made.PerformedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID
    outcome = read_performed_step(made)
    assert len(outcome.value.instances) == 1
    assert [issue.where for issue in outcome.issues] == ["PerformedSeriesSequence[1].ReferencedImageSequence[1]"]


@pytest.mark.parametrize("other", [dataset(), Dataset()])
def test_others_are_no_steps(other):
    outcome = read_performed_step(other)
    assert outcome.value is None
    assert outcome.issues == ()
