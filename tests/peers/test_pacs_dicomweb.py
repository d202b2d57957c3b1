"""Orthanc by DICOMweb: the twelve questions, and each thing that it does otherwise than one would think.

Every test of a quirk first shows the quirk itself by a plain request, so that one that is gone is seen, and then that
our answer is right in spite of it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
import requests

from fhir_hr.model.codes import Identifier
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.imaging import Study
from fhir_hr.model.people import Sex
from fhir_hr.model.when import Precision, When
from fhir_hr.sources import PriorQuery
from fhir_hr.sources.dicomweb import DicomWebArchive, DicomWebLimits
from fhir_hr.sources.studies import StudyQuery
from fhir_hr.sources.studies.pacs import PacsSource, PatientNumbers
from fhir_hr.testing.dicom import file_bytes, uid

pytestmark = pytest.mark.peer


def _cases():
    name = "fhir_hr_peer_pacs_studies"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("pacs_studies.py"))
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


CASES = _cases()
QUESTIONS = CASES.questions()


def _filled(pacs, **options):
    server = pacs.Orthanc(**options)
    server.__enter__()
    try:
        server.store_files(file_bytes(each) for group in CASES.studies().values() for each in group)
    except BaseException:
        server.__exit__(None, None, None)
        raise
    return server


@pytest.fixture(scope="module")
def pacs():
    return sys.modules["fhir_hr_peer_pacs"]


def _serving(pacs, **options):
    try:
        server = _filled(pacs, **options)
    except pacs.PeerUnavailable as missing:
        reason = f"Orthanc not run: {missing}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    yield server
    server.__exit__(None, None, None)


@pytest.fixture(scope="module")
def server(pacs):
    yield from _serving(pacs)


@pytest.fixture(scope="module")
def capped(pacs):
    yield from _serving(pacs, options={"LimitFindResults": 5})


@pytest.fixture
def archive(server):
    return DicomWebArchive("Orthanc", server.dicomweb)


@pytest.fixture
def raw(server):
    def ask(text, root=None):
        answer = requests.get(f"{root or server.dicomweb}{text}", timeout=10)
        answer.raise_for_status()
        return answer

    return ask


def _uids(rows):
    return {row["0020000D"]["Value"][0] for row in rows.json()}


def _names(answer):
    known = {uid(name): name for name in CASES.studies()}
    return {known[study.uid] for study in answer.studies}


@pytest.mark.parametrize("what", QUESTIONS)
def test_the_twelve_questions(archive, what):
    query, expected = QUESTIONS[what]
    answer = archive.find_studies(query)
    assert (answer.state.value, _names(answer)) == ("found", expected)


def test_quirk_1_values_are_not_percent_decoded(archive, raw):
    assert _uids(raw("/studies?PatientName=Wang*")) != set()
    assert _uids(raw("/studies?PatientName=Wang%2A")) == set()
    assert _uids(raw(f"/studies?PatientName={quote('*王*', safe='*')}")) == set()
    assert _names(archive.find_studies(StudyQuery(name="wang^xiao*"))) == {"gb18030", "same-patient", "ir58"}
    chinese = archive.find_studies(StudyQuery(name="欧阳*"))
    assert (chinese.state.value, _names(chinese)) == ("found", {"gbk"})
    assert any("does not percent-decode" in issue.message for issue in chinese.issues)


def test_quirk_2_what_answers_leave_out_is_asked_for(archive, raw):
    assert {"00081030", "00080080", "00100021"}.isdisjoint(raw("/studies?PatientID=P001").json()[0])
    [study] = archive.find_studies(StudyQuery(accession="ACC-gb18030")).studies
    assert study.description == "胸部CT平扫"
    assert study.institution.name == "示例市第一人民医院"
    assert study.patient.identifiers[0].assigner == "TESTHOSP"
    [series] = archive.with_series(study).studies[0].series
    assert (series.body_part.text or series.body_part.codings[0].code, series.station) == ("CHEST", "CT01")


def test_quirk_3_unknown_filters_are_ignored_so_every_condition_is_checked_here(archive, raw):
    everything = _uids(raw("/studies"))
    assert _uids(raw("/studies?Bogus=1")) == everything
    assert "Warning" not in raw("/studies?Bogus=1").headers
    assert _uids(raw("/studies?Modality=CT")) == set()
    assert _names(archive.find_studies(StudyQuery(sex=Sex.MALE))) == {"other-case", "gbk"}
    assert len(archive.find_studies(StudyQuery(modalities=("CT",))).studies) == len(everything) - 2


def test_quirk_4_fuzzy_matching_is_accepted_and_ignored(archive, raw):
    assert _uids(raw("/studies?PatientName=Wong*&fuzzymatching=true")) == set()
    assert "Warning" not in raw("/studies?PatientName=Wong*&fuzzymatching=true").headers
    assert archive.find_studies(StudyQuery(name="Wong*")).state.value == "nothing"


def test_quirk_5_dates_lists_and_case(archive, raw):
    assert _uids(raw("/studies?StudyDate=2026-01-05")) == set()
    refused = archive.find_studies(StudyQuery(date_from="2026-01-05"))
    assert refused.state.value == "refused"
    assert refused.issues[0].message == "the condition date is no day in the form YYYYMMDD; it was not sent"
    assert _uids(raw(r"/studies?ModalitiesInStudy=MR%5CDX")) == set()
    assert _names(archive.find_studies(StudyQuery(modalities=("MR", "DX")))) == {"same-patient", "utf8"}
    assert uid("other-case") in _uids(raw("/studies?PatientID=P001"))
    answer = archive.find_studies(StudyQuery(patient_id="P001"))
    assert "other-case" not in _names(answer)
    assert [str(i.code) for i in answer.issues if "patient-id" in i.message] == ["answer-not-asked-for"]
    wanted = (uid("utf8"), uid("single"))
    assert _names(archive.find_studies(StudyQuery(study_uids=wanted))) == {"utf8", "single"}


def test_quirk_6_a_short_page_is_not_the_last(archive, server):
    for page in (3, 4, 11):
        paged = DicomWebArchive("Orthanc", server.dicomweb, limits=DicomWebLimits(page=page))
        answer = paged.find_studies(StudyQuery())
        assert (answer.state.value, _names(answer)) == ("found", set(CASES.studies()))


def test_quirk_6_a_server_that_stops_without_a_word_is_partial_where_that_is_known(capped, raw):
    """``LimitFindResults`` is met before paging: no page, no Warning and no Link tell of the rest."""
    short = raw("/studies?limit=7", root=capped.dicomweb)
    assert 0 < len(short.json()) < 7 < len(CASES.studies())
    assert {"Warning", "Link"}.isdisjoint(short.headers)
    assert raw(f"/studies?limit=7&offset={len(short.json())}", root=capped.dicomweb).json() == []
    archive = DicomWebArchive("Orthanc", capped.dicomweb, limits=DicomWebLimits(silent_cap=5))
    answer = archive.find_studies(StudyQuery())
    assert answer.state.value == "partial"
    assert [str(i.code) for i in answer.issues if "known to stop at 5 rows without a word" in i.message] == [
        "limit-reached"
    ]
    assert archive.find_studies(StudyQuery(patient_id="P001")).state.value == "found"


def test_quirk_7_addresses_keep_their_port(archive, server, raw):
    stated = raw("/studies?PatientID=P002").json()[0]["00081190"]["Value"][0]
    assert f":{server.http_port}/" in stated
    [study] = archive.find_studies(StudyQuery(patient_id="P002")).studies
    assert [each.address for each in study.access] == [server.dicomweb]


def test_quirk_8_metadata_is_utf8_whatever_character_set_it_states(archive, raw):
    metadata = raw(f"/studies/{uid('gb18030')}/metadata").json()
    assert metadata[0]["00080005"]["Value"] == ["GB18030"]
    [found] = archive.find_studies(StudyQuery(accession="ACC-gb18030")).studies
    [study] = archive.with_instances(archive.with_series(found).studies[0]).studies
    assert (study.series[0].description, study.description) == ("肺窗 1.0mm", "胸部CT平扫")
    assert [name.text for name in study.patient.names][:1] == ["王小东"]
    assert [each.number for each in study.series[0].instances] == [1, 2]
    assert study.series[0].technique.kvp == 120.0


def test_quirk_9_not_found_is_404_here_and_an_empty_list_there(archive, server):
    assert requests.get(f"{server.dicomweb}/studies/1.2.3/metadata", timeout=10).status_code == 404
    assert requests.get(f"{server.dicomweb}/studies/1.2.3/series", timeout=10).status_code == 200
    unknown = Study(uid="1.2.3")
    assert archive.with_series(unknown).state.value == "nothing"
    assert archive.with_instances(unknown, series=["1.2.3.4"]).state.value == "nothing"
    assert archive.find_studies(StudyQuery(study_uids=("1.2.3",))).state.value == "nothing"


def test_a_patient_s_studies_are_priors_and_those_of_others_are_not(archive):
    """``p001`` is somebody else, ``P001`` of the other issuer too; the patient is proved by number, name and birth."""
    source = PacsSource(archive, numbers=[PatientNumbers(assigner="H001", issuer="TESTHOSP")])
    me = PatientIdentity(
        identifiers=(Identifier(value="P001", assigner="H001"),),
        name="王小东",
        sex=Sex.FEMALE,
        birth=When(iso="1985-02-14", precision=Precision.DAY),
    )
    answer = source.find(PriorQuery(patient=me))
    assert {prior.study_uid for prior in answer.priors} == {uid("gb18030"), uid("same-patient")}
    assert answer.state == "partial"
    assert [i.message for i in answer.issues if str(i.code) == "identity-doubtful"] == [
        "1 study(ies) of 示例市第一人民医院 carry a number of this patient, but who gave the patient number differs or "
        "is not stated; they were left out until someone has looked"
    ]
    head = next(prior for prior in answer.priors if prior.study_uid == uid("same-patient"))
    assert (head.exam.modality, head.has_images, head.has_report) == ("MR", True, None)
    wrong = msgspec.structs.replace(me, name="王晓东")
    assert source.find(PriorQuery(patient=wrong)).priors == ()
