"""What real archives do that the standard does not say, each with what is made of it.

Each test shows the quirk on the wire first, so that it fails when a newer archive has lost it, and then that the answer
is right all the same.
"""

from __future__ import annotations

import sys

import pytest

from fhir_hr.issues import IssueCode
from fhir_hr.sources.dimse import DimseArchive, commit, get_study, move_study
from fhir_hr.sources.dimse.getting import get
from fhir_hr.sources.studies import StudyQuery, StudyState
from fhir_hr.testing.dicom import CT, MR, dataset, series, uid

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

ALL = ("orthanc", "dcmqrscp", "qrscp")
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
WANG = {"PatientName": "Wang^XiaoDong=王^小东", "PatientID": "Q001"}


def _load(peer):
    peer.store([*series(2, study="quirk-ct", **WANG), dataset(study="quirk-mr", sop_class=MR, **WANG)])
    peer.store([dataset(study="quirk-other", PatientName="Li^Na=李^娜", PatientID="q001")])
    return peer


@pytest.fixture(scope="module")
def loaded(request):
    """Each archive with the studies of these tests in it, once."""
    held = {}

    def peer(name):
        if name not in held:
            held[name] = _load(request.getfixturevalue(name))
        return held[name]

    return peer


def ask(peer, level="STUDY", charset="GB18030", **conditions):
    """Ask as a plain client would; returns the rows and the last status."""
    from pydicom.dataset import Dataset
    from pynetdicom import AE

    query = Dataset()
    if charset:
        query.SpecificCharacterSet = charset
    query.QueryRetrieveLevel = level
    asked = ("StudyInstanceUID", "PatientName", "PatientID", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")
    for keyword in asked if level == "STUDY" else ():
        setattr(query, keyword, "")
    for keyword, value in conditions.items():
        setattr(query, keyword, value)
    ae = AE(ae_title=peer.calling_ae)
    ae.add_requested_context(FIND)
    association = ae.associate(peer.host, peer.port, ae_title=peer.called_ae)
    assert association.is_established
    rows, last = [], None
    for status, row in association.send_c_find(query, FIND):
        last = status.get("Status")
        if row is not None:
            rows.append(row)
    association.release()
    return rows, last


def archive(peer, **options):
    return DimseArchive(
        peer.name, peer.host, peer.port, called_ae=peer.called_ae, calling_ae=peer.calling_ae, **options
    )


def found(answer):
    return {study.uid for study in answer.studies}


CT_MR = {uid("quirk-ct"), uid("quirk-mr")}
OURS = (uid("quirk-ct"), uid("quirk-mr"), uid("quirk-other"))


def test_orthanc_answers_in_its_own_character_set_not_in_that_of_the_question(loaded):
    rows, _ = ask(loaded("orthanc"), PatientID="Q001")
    assert {row.SpecificCharacterSet for row in rows} == {"ISO_IR 192"}
    answer = archive(loaded("orthanc")).find_studies(StudyQuery(patient_id="Q001", name="王小东"))
    assert found(answer) == CT_MR


@pytest.mark.parametrize("name", ALL)
def test_question_marks_would_find_everybody_so_such_a_name_is_not_sent(loaded, name):
    rows, _ = ask(loaded(name), PatientName="??*")
    assert {row.StudyInstanceUID for row in rows} >= {*OURS}, "'?' stands for any letter"
    answer = archive(loaded(name), charset="ISO_IR 100").find_studies(StudyQuery(name="欧阳*"))
    assert (answer.state, answer.studies) == (StudyState.REFUSED, ())
    assert [issue.code for issue in answer.issues] == [IssueCode.QUERY_UNENCODABLE]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192"])
def test_a_name_in_one_group_is_not_found_as_it_stands_but_is_by_us(loaded, name, charset):
    rows, _ = ask(loaded(name), charset=charset, PatientName="王^小东")
    assert not {row.StudyInstanceUID for row in rows} & CT_MR
    answer = archive(loaded(name), charset=charset).find_studies(StudyQuery(name="王^小东"))
    assert found(answer) & {*OURS} == CT_MR


@pytest.mark.parametrize("name", ALL)
def test_case_of_a_name_does_not_matter(loaded, name):
    answer = archive(loaded(name)).find_studies(StudyQuery(name="WANG^XIAODONG"))
    assert found(answer) & {*OURS} == CT_MR


def test_dcmqrscp_minds_the_case_of_a_name(loaded):
    assert not ask(loaded("dcmqrscp"), PatientName="WANG^XIAODONG*")[0]


@pytest.mark.parametrize("name", ["dcmqrscp", "qrscp"])
def test_modalities_are_ignored_and_not_answered_so_the_series_are_asked(loaded, name):
    rows, _ = ask(loaded(name), PatientID="Q001", ModalitiesInStudy="MR")
    assert {row.StudyInstanceUID for row in rows} == CT_MR, "the condition is ignored"
    assert not any(row.get("ModalitiesInStudy") for row in rows)
    answer = archive(loaded(name)).find_studies(StudyQuery(patient_id="Q001", modalities=("MR",)))
    assert found(answer) == {uid("quirk-mr")}
    assert IssueCode.ANSWER_NOT_ASKED_FOR in {issue.code for issue in answer.issues}


@pytest.mark.parametrize("name", ["dcmqrscp", "qrscp"])
def test_counts_are_not_answered_so_the_instances_are_listed(loaded, name):
    rows, _ = ask(loaded(name), PatientID="Q001")
    assert not any(row.get("NumberOfStudyRelatedInstances") for row in rows)
    asked = archive(loaded(name))
    study = next(
        each for each in asked.find_studies(StudyQuery(patient_id="Q001")).studies if each.uid == uid("quirk-ct")
    )
    assert (study.stated_instances, study.instance_count) == (None, 0)
    assert asked.with_series(study).studies[0].instance_count == 2


@pytest.mark.parametrize("name", ALL)
def test_a_study_with_its_series_is_the_same_from_each(loaded, name):
    asked = archive(loaded(name))
    study = next(
        each for each in asked.find_studies(StudyQuery(patient_id="Q001")).studies if each.uid == uid("quirk-ct")
    )
    answer = asked.with_series(study)
    assert answer.state is StudyState.FOUND
    assert [(one.uid, one.modality, [i.uid for i in one.instances]) for one in answer.studies[0].series] == [
        (uid("quirk-ct", "1"), "CT", [uid("quirk-ct", "1", 1), uid("quirk-ct", "1", 2)])
    ]


def test_qrscp_answers_one_row_per_instance_and_we_one_study(loaded):
    rows, _ = ask(loaded("qrscp"), StudyInstanceUID=uid("quirk-ct"))
    assert len(rows) == 2
    answer = archive(loaded("qrscp")).find_studies(StudyQuery(study_uids=(uid("quirk-ct"),)))
    assert [study.uid for study in answer.studies] == [uid("quirk-ct")]


def test_qrscp_writes_chinese_as_question_marks_so_an_object_is_read(loaded):
    rows, _ = ask(loaded("qrscp"), PatientID="Q001")
    assert {str(row.PatientName) for row in rows} == {"Wang^XiaoDong=?^??"}
    assert not any(row.get("SpecificCharacterSet") for row in rows)
    answer = archive(loaded("qrscp")).find_studies(StudyQuery(patient_id="Q001", name="王小东"))
    assert (answer.state, found(answer)) == (StudyState.FOUND, CT_MR)
    by_number = archive(loaded("qrscp")).find_studies(StudyQuery(patient_id="Q001")).studies
    assert ["王小东" in {name.text for name in study.patient.names} for study in by_number] == [True, True]
    unsure = archive(loaded("qrscp"), objects=0).find_studies(StudyQuery(patient_id="Q001", name="王小东"))
    assert (unsure.state, unsure.studies) == (StudyState.PARTIAL, ())


def test_orthanc_as_debian_configures_it_loses_names_so_an_object_is_read():
    pacs = sys.modules["fhir_hr_peer_pacs"]
    with pacs.Orthanc(encoding="Latin1") as peer:
        _load(peer)
        rows, _ = ask(peer, PatientID="Q001")
        assert not any("王" in str(row.PatientName) for row in rows)
        answer = archive(peer).find_studies(StudyQuery(patient_id="Q001", name="王小东"))
        assert (answer.state, found(answer)) == (StudyState.FOUND, CT_MR)


def test_qrscp_fails_on_a_list_of_uids_so_each_is_asked(loaded):
    rows, status = ask(loaded("qrscp"), StudyInstanceUID=[uid("quirk-ct"), uid("quirk-mr")])
    assert (rows, status) == ([], 0xC320)


@pytest.mark.parametrize("name", ALL)
def test_a_list_of_uids_finds_each(loaded, name):
    answer = archive(loaded(name)).find_studies(StudyQuery(study_uids=(uid("quirk-ct"), uid("quirk-mr"), uid("no"))))
    assert (answer.state, found(answer)) == (StudyState.FOUND, CT_MR)


@pytest.mark.parametrize("name", ALL)
def test_a_patient_id_is_compared_to_the_letter(loaded, name):
    assert found(archive(loaded(name)).find_studies(StudyQuery(patient_id="q001"))) == {uid("quirk-other")}


# -- objects ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_c_get_brings_a_study_whole(loaded, name):
    taken = []
    received = get_study(archive(loaded(name)).peer, uid("quirk-ct"), taken.append)
    assert (received.state, len(taken)) == (StudyState.FOUND, 2)
    assert taken[0].file_bytes()[128:132] == b"DICM"


@pytest.mark.parametrize("name", ALL)
def test_a_class_that_was_not_agreed_on_does_not_come_and_is_named(loaded, name):
    values = {"StudyInstanceUID": uid("quirk-ct")}
    received = get(archive(loaded(name)).peer, values, sop_classes=[MR], take=lambda one: None)
    assert (received.state, received.received) == (StudyState.UNAVAILABLE, ())
    assert received.failures


@pytest.mark.parametrize("name", ALL)
def test_c_move_brings_a_study_whole(loaded, name):
    taken = []
    peer = loaded(name)
    received = move_study(archive(peer).peer, uid("quirk-ct"), taken.append, port=peer.move_port, host="127.0.0.1")
    assert (received.state, len(taken)) == (StudyState.FOUND, 2)


@pytest.mark.parametrize("name", ALL)
def test_a_stranger_gets_nothing_by_c_move_and_the_reason_is_named(loaded, name):
    peer = loaded(name)
    stranger = DimseArchive(peer.name, peer.host, peer.port, called_ae=peer.called_ae, calling_ae="STRANGER")
    received = move_study(stranger.peer, uid("quirk-ct"), lambda one: None, port=peer.move_port, host="127.0.0.1")
    assert received.state is StudyState.REFUSED
    assert "it does not know" in received.failures[0]


def test_orthanc_commits_what_it_has_and_names_what_it_has_not(loaded):
    peer = loaded("orthanc")
    answer = commit(
        archive(peer).peer,
        [(CT, uid("quirk-ct", "1", 1)), (CT, uid("nowhere"))],
        transaction_uid=uid("transaction", "peers"),
        port=peer.move_port,
        host="127.0.0.1",
    )
    assert (answer.state, answer.committed) == (StudyState.FOUND, frozenset({uid("quirk-ct", "1", 1)}))
    assert answer.failed == ((uid("nowhere"), "0x0112 (no such object)"),)


@pytest.mark.parametrize("name", ["dcmqrscp", "qrscp"])
def test_archives_without_commitment_are_refused_by_name(loaded, name):
    peer = loaded(name)
    answer = commit(
        archive(peer).peer, [(CT, "1.2.3")], transaction_uid=uid("t"), port=peer.move_port, host="127.0.0.1"
    )
    assert (answer.state, answer.committed) == (StudyState.REFUSED, frozenset())
