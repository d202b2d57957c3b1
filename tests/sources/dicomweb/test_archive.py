"""What a DICOMweb archive answers, against a conformant server and its lesser relatives."""

from __future__ import annotations

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.model.imaging import Study
from fhir_hr.model.people import Sex
from fhir_hr.sources._http import HttpReply
from fhir_hr.sources.dicomweb import DicomWebArchive, DicomWebLimits
from fhir_hr.sources.studies import StudyQuery
from fhir_hr.testing.dicom import MR, dataset, series, uid
from fhir_hr.testing.qido import QidoServer

WANG = "Wang^XiaoDong=王^小东"


def _objects():
    return [
        *series(2, study="S1", PatientName=WANG, PatientID="P 1/王"),
        dataset(study="S2", sop_class=MR, PatientName=WANG, PatientID="P2", StudyDate="20260501"),
        dataset(study="S3", PatientName="OuYang^Xiu=欧阳^修", PatientID="P3", PatientSex="M", StudyDate="20251231"),
        dataset(study="S4", PatientName="SMITH^JOHN", PatientID="P4", StudyDescription=None, Modality="CT"),
    ]


@pytest.fixture
def server():
    with QidoServer(_objects()) as running:
        yield running


def _find(server, **conditions):
    options = conditions.pop("options", {})
    return DicomWebArchive("PACS", server.root, **options).find_studies(StudyQuery(**conditions))


def _names(answer):
    known = {uid(name): name for name in ("S1", "S2", "S3", "S4")}
    return [known[study.uid] for study in answer.studies]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["S3", "S1", "S4", "S2"]),
        ({"patient_id": "P 1/王"}, ["S1"]),
        ({"name": "王小东"}, ["S1", "S2"]),
        ({"name": "王^小*"}, ["S1", "S2"]),
        ({"name": "Wang^XiaoDong=王^小东"}, ["S1", "S2"]),
        ({"name": "Wang XiaoDong"}, ["S1", "S2"]),
        ({"name": "欧阳*"}, ["S3"]),
        ({"name": "smith^john"}, ["S4"]),
        ({"name": "王小"}, []),
        ({"birth_date": "19850214", "sex": Sex.MALE}, ["S3"]),
        ({"date_from": "20260101", "date_to": "20260331"}, ["S1", "S4"]),
        ({"date_to": "20251231"}, ["S3"]),
        ({"date_from": "20260501", "date_to": "20260501"}, ["S2"]),
        ({"modalities": ("MR",)}, ["S2"]),
        ({"modalities": ("MR", "CT")}, ["S3", "S1", "S4", "S2"]),
        ({"accession": "ACC-S2"}, ["S2"]),
        ({"study_uids": (uid("S2"), uid("S3"), "1.2.3")}, ["S3", "S2"]),
        ({"patient_id": "P2", "name": "李*"}, []),
    ],
)
@pytest.mark.parametrize("decode", [True, False], ids=["decodes", "does not decode"])
def test_questions(conditions, expected, decode):
    with QidoServer(_objects(), decode=decode) as server:
        answer = _find(server, **conditions)
    assert (_names(answer), answer.state.value) == (expected, "found" if expected else "nothing")


def test_a_conformant_server_gets_utf8_and_plain_wildcards(server):
    _find(server, name="王小东")
    _find(server, patient_id="P 1/王")
    assert server.searches[0].startswith("PatientName=*%E7%8E%8B*%E5%B0%8F*%E4%B8%9C*&includefield=00081030")
    assert server.searches[-1].startswith("PatientID=P%201%2F%E7%8E%8B&")
    assert all("fuzzymatching" not in each for each in server.searches)


def test_a_server_that_does_not_decode_is_asked_for_more_within_a_bound(server):
    server.decode = False
    answer = _find(server, name="王小东", options={"limits": DicomWebLimits(broad_rows=2, page=2)})
    assert answer.state.value == "partial"
    assert "more than 2 rows are not read" in str(answer.issues)
    refused = _find(server, name="王小东", options={"limits": DicomWebLimits(broad_rows=0)})
    assert (refused.state.value, refused.studies) == ("partial", ())
    assert "ask with a patient id" in refused.issues[-1].message


def test_that_a_server_decodes_is_found_out_once(server):
    archive = DicomWebArchive("PACS", server.root)
    for _ in range(2):
        assert archive.find_studies(StudyQuery(name="李*")).state.value == "nothing"
    assert server.searches.count("PatientID=%2A&limit=1") == 1


def test_nothing_is_said_of_204_as_of_an_empty_list():
    for empty in (200, 204):
        with QidoServer(_objects(), empty=empty) as server:
            assert _find(server, patient_id="X").state.value == "nothing"
            assert _find(server, patient_id="P2").state.value == "found"


def test_filters_that_a_server_ignores_are_applied_here_and_said():
    with QidoServer(_objects(), ignored=["00100020", "00080020", "00080061", "0020000D"]) as server:
        for conditions, expected in (
            ({"patient_id": "P2"}, ["S2"]),
            ({"date_from": "20260501"}, ["S2"]),
            ({"modalities": ("MR",)}, ["S2"]),
            ({"study_uids": (uid("S2"),)}, ["S2"]),
        ):
            answer = _find(server, **conditions)
            assert _names(answer) == expected
            assert [i.message[:24] for i in answer.issues if str(i.code) == "answer-not-asked-for"] == [
                "the archive answered 3 s"
            ]


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (["00081030"], "the archive refused additional attributes (includefield); it was asked without"),
        (["includefield"], "the archive refused additional attributes (includefield); it was asked without"),
        (["includefield", "limit"], "the archive refused additional attributes and paging; it was asked without"),
    ],
)
def test_a_server_that_refuses_what_it_does_not_know_is_asked_for_less(refused, words):
    with QidoServer(_objects(), refused=refused) as server:
        answer = _find(server, patient_id="P2")
    assert (_names(answer), answer.state.value) == (["S2"], "found")
    assert words in [issue.message for issue in answer.issues]


def test_pages_go_on_until_one_is_empty_whatever_is_announced():
    for warns in (True, False):
        with QidoServer(_objects(), cap=1, warns=warns) as server:
            answer = _find(server)
            assert len(server.asked) == 5
        assert (len(answer.studies), answer.state.value) == (4, "found")


@pytest.mark.parametrize(
    ("warning", "state", "words"),
    [
        ('299 x "There are 7 additional results that can be requested"', "partial", "says that there is more"),
        ('299 x "The index is being rebuilt"', "partial", "answered with a warning (299)"),
        ("nonsense of 王小东", "partial", "answered with a warning (unnumbered)"),
    ],
)
def test_warnings_make_an_answer_partial(warning, state, words):
    with QidoServer(_objects(), warning=warning.encode().decode("latin-1")) as server:
        answer = _find(server, patient_id="P2")
    assert (_names(answer), answer.state.value) == (["S2"], state)
    assert words in str(answer.issues)
    assert "王小东" not in str(answer.issues)


def test_as_many_as_were_wanted_may_not_be_all(server):
    answer = _find(server, limit=2)
    assert (len(answer.studies), answer.state.value) == (2, "partial")
    assert "2 studies were found, as many as were wanted; there may be more" in str(answer.issues)


def test_one_study_with_two_patients_is_never_one(server):
    find = server.find

    def both(path, query):
        rows, more = find(path, query)
        return [row | {"00100020": {"vr": "LO", "Value": [who]}} for row in rows for who in ("P2", "P3")], more

    server.find = both
    answer = _find(server, accession="ACC-S2")
    assert (answer.state.value, [study.patient.identifiers[0].value for study in answer.studies]) == ("partial", ["P2"])
    assert "error" in [str(issue.severity) for issue in answer.issues]


def test_rows_without_a_study_are_reported(server):
    find = server.find

    def nameless(path, query):
        rows, more = find(path, query)
        return [{tag: value for tag, value in row.items() if tag != "0020000D"} for row in rows], more

    server.find = nameless
    answer = _find(server, patient_id="P2")
    assert (answer.state.value, answer.studies) == ("partial", ())
    assert any(str(issue.severity) == "error" for issue in answer.issues)


def test_an_issuer_that_is_not_stated_leaves_a_study_out_and_says_so():
    objects = [dataset(study="S1", PatientID="P1", IssuerOfPatientID=None), dataset(study="S2", PatientID="P1")]
    with QidoServer(objects) as server:
        answer = _find(server, patient_id="P1", issuer="TESTHOSP")
        assert all("00100021=" not in each for each in server.searches)
    assert (_names(answer), answer.state.value) == (["S2"], "partial")
    assert "does not state what identifies 1 study(ies) (issuer)" in str(answer.issues)


@pytest.mark.parametrize(
    ("conditions", "name"),
    [
        ({"patient_id": "A\\B"}, "patient-id holds a backslash"),
        ({"name": "王\n小"}, "name holds a backslash or a control character"),
        ({"accession": "\ud800"}, "accession holds"),
        ({"modalities": ("CT\\MR",)}, "modality[1] holds"),
        ({"date_from": "2026-01-01"}, "date is no day in the form YYYYMMDD"),
        ({"birth_date": "1985"}, "birth-date is no day"),
        ({"study_uids": ("1.2&x=y",)}, "study-uid holds what is no UID"),
    ],
)
def test_what_cannot_be_put_to_a_server_is_not_sent(server, conditions, name):
    answer = _find(server, **conditions)
    assert (answer.state.value, str(answer.issues[0].code)) == ("refused", "query-unencodable")
    assert f"the condition {name}" in answer.issues[0].message
    assert server.asked == []


# -- series and instances --------------------------------------------------------------------------


def test_series_are_asked_for_by_study_and_instances_only_when_wanted(server):
    archive = DicomWebArchive("PACS", server.root)
    [study] = archive.find_studies(StudyQuery(accession="ACC-S1")).studies
    answer = archive.with_series(study)
    [more] = answer.studies
    assert answer.state.value == "found"
    assert (more.patient, more.description, more.access) == (study.patient, study.description, study.access)
    [one] = more.series
    assert (one.modality, one.stated_instances, one.instances) == ("CT", 2, ())
    assert not any(each.path.endswith(("/metadata", "/instances")) for each in server.asked)
    [full] = archive.with_instances(more).studies
    assert [each.number for each in full.series[0].instances] == [1, 2]
    assert server.asked[-1].path == f"/studies/{uid('S1')}/series/{uid('S1', '1')}/metadata"


def test_a_study_that_is_not_there_is_nothing_and_one_without_uid_is_refused(server):
    archive = DicomWebArchive("PACS", server.root)
    assert archive.with_series(Study(uid="1.2.3")).state.value == "nothing"
    assert archive.with_instances(Study(uid="1.2.3"), series=["1.2.3.1"]).state.value == "nothing"
    for answer in (
        archive.with_series(Study(uid="../x")),
        archive.with_instances(Study(uid="1.2"), series=["1/../.."]),
    ):
        assert (answer.state.value, str(answer.issues[0].code)) == ("refused", "uid-invalid")


def test_series_of_another_patient_are_left_out(server):
    archive = DicomWebArchive("PACS", server.root)
    [study] = archive.find_studies(StudyQuery(patient_id="P2")).studies
    server._rows = [{**row, "00100020": {"vr": "LO", "Value": ["P9"]}} for row in server._rows]
    server.find = _with_patient(server.find)
    answer = archive.with_series(study)
    assert (answer.state.value, answer.studies) == ("partial", ())
    assert [str(i.code) for i in answer.issues if str(i.severity) == "error"] == ["study-conflict"]


def _with_patient(find):
    def found(path, query):
        rows, more = find(path, query)
        return [{**row, "00100020": {"vr": "LO", "Value": ["P9"]}} for row in rows], more

    return found


@pytest.mark.parametrize(
    "stated",
    [
        {"IssuerOfPatientID": "ELSEWHERE"},
        {"PatientName": "Li^Si=李^四"},
        {"PatientBirthDate": "19500101"},
        {"PatientSex": "M"},
    ],
)
def test_series_of_another_patient_with_the_same_number_are_left_out(stated):
    mine, other = dataset(), dataset(**stated)
    with QidoServer([mine]) as server:
        archive = DicomWebArchive("PACS", server.root)
        [study] = archive.find_studies(StudyQuery(patient_id="T0001")).studies
    with QidoServer([other]) as server:  # metadata says all of the patient
        answer = DicomWebArchive("PACS", server.root).with_instances(study, series=[other.SeriesInstanceUID])
    assert (answer.state.value, answer.studies) == ("partial", ())
    assert "names another patient at the series than at the study" in answer.issues[-1].message


def test_what_the_first_way_to_write_a_name_met_is_not_lost(server):
    """A name in Latin letters is asked in several ways: that the first answer was a part (206) must stay known."""
    archive = DicomWebArchive("PACS", server.root)
    statuses = iter([206])

    def get(url, **_options):
        kind = {"content-type": "application/dicom+json"}
        return HttpReply(status=next(statuses, 200), headers=kind, body=b"[]")

    archive._client.get = get
    answer = archive.find_studies(StudyQuery(name="nobody^here"))
    assert (answer.state.value, answer.issues[0].message) == (
        "partial",
        "the archive says that its answer is only a part (206)",
    )


def test_fewer_series_than_the_archive_counts_is_partial(server):
    archive = DicomWebArchive("PACS", server.root)
    study = Study(uid=uid("S2"), stated_series=2)
    assert archive.with_series(study).state.value == "partial"


# -- credentials -----------------------------------------------------------------------------------


def test_credentials_are_sent_as_they_should_be():
    tokens = iter(["one", "two"])
    with QidoServer(_objects()) as server:
        for options, expected in (
            ({"token": "abc.DEF~+/=="}, "Bearer abc.DEF~+/=="),
            ({"basic": ("医生", "p:w")}, "Basic 5Yy755SfOnA6dw=="),
            ({"token": lambda: next(tokens)}, "Bearer one"),
        ):
            _find(server, patient_id="P2", options=options)
            assert server.asked[-1].headers["authorization"] == expected
            assert server.asked[-1].headers["accept"] == "application/dicom+json"


def test_a_token_that_cannot_be_had_is_said_without_it(server):
    def fails():
        raise RuntimeError("s3cret")

    for token in (fails, lambda: "a\r\nX-Evil: 1"):
        answer = _find(server, patient_id="P2", options={"token": token})
        assert answer.state.value == "refused"
        assert "s3cret" not in str(answer)
        assert "Evil" not in str(answer)
    assert server.asked == []


@pytest.mark.parametrize(
    ("root", "options", "words"),
    [
        ("http://pacs.example/dicom-web", {}, "a DICOMweb service is asked by https"),
        ("ftp://pacs.example/", {}, "starts with https://"),
        ("https://me:s3cret@pacs.example/", {}, "has no credentials, query or fragment"),
        ("https://pacs.example:s3cret/", {}, "cannot be read"),
        ("https://pacs.example/", {"token": "s3cret\n"}, "what no bearer token may hold"),
        ("https://pacs.example/", {"token": "s3cret", "basic": ("a", "b")}, "not with both"),
        ("https://pacs.example/", {"basic": ("a:s3cret", "b")}, "has no colon"),
        ("https://pacs.example\\@elsewhere.example/", {"token": "s3cret"}, "cannot be read"),
        ("http://127.0.0.1/", {"token": "s3cret", "proxy": "http://proxy.example:3128"}, "through a proxy"),
        (
            "http://pacs.example/",
            {"token": "s3cret", "plain_http": True},
            "a DICOMweb service that wants credentials is asked by https",
        ),
    ],
)
def test_options_that_cannot_be(root, options, words):
    with pytest.raises(UsageError, match=words) as caught:
        DicomWebArchive("PACS", root, **options)
    assert "s3cret" not in str(caught.value)


def test_plain_http_to_another_machine_has_to_be_asked_for():
    assert repr(DicomWebArchive("PACS", "http://pacs.example/", plain_http=True)) == "DicomWebArchive(name='PACS')"
