"""C-FIND against servers that behave badly: the outcome is named, time and size are bounded, nothing is raised."""

from __future__ import annotations

import importlib.util
import logging
import struct
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from fhir_hr.issues import IssueCode
from fhir_hr.model.imaging import Study
from fhir_hr.sources.studies import StudyQuery, StudyState
from fhir_hr.testing.dicom import MR, dataset, uid

_spec = importlib.util.spec_from_file_location("dimse_servers", Path(__file__).with_name("conftest.py"))
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)
QUICK, accept, encoded, read_pdu, row = servers.QUICK, servers.accept, servers.encoded, servers.read_pdu, servers.row

T1 = StudyQuery(patient_id="T1")


def words(answer):
    return " | ".join(f"{issue.code} {issue.message}" for issue in answer.issues)


def timed(call):
    start = time.monotonic()
    return call(), time.monotonic() - start


def test_rows_are_studies_each_once_although_one_comes_per_instance(serve):
    pacs = serve(find=lambda event: ((0xFF00, row()) for _ in range(5)))
    answer = pacs.archive().find_studies(T1)
    assert (answer.state, [study.uid for study in answer.studies]) == (StudyState.FOUND, [uid("S1")])
    assert answer.studies[0].patient.names[0].text


def test_no_row_is_nothing(serve):
    answer = serve(find=lambda event: iter(())).archive().find_studies(T1)
    assert (answer.state, answer.studies, answer.issues) == (StudyState.NOTHING, (), ())


def test_the_character_set_is_always_stated(serve):
    pacs = serve(find=lambda event: iter(()))
    pacs.archive().find_studies(T1)
    pacs.archive(charset="ISO_IR 192").find_studies(StudyQuery(name="欧阳*"))
    assert [asked.SpecificCharacterSet for asked in pacs.asked] == ["GB18030", "ISO_IR 192"]
    assert str(pacs.asked[1].PatientName) == "*欧*阳*"


def test_text_that_would_become_a_wildcard_is_refused_and_not_sent(serve):
    pacs = serve(find=lambda event: [(0xFF00, row())])
    answer = pacs.archive(charset="ISO_IR 100").find_studies(StudyQuery(name="欧阳*"))
    assert (answer.state, answer.studies, pacs.asked) == (StudyState.REFUSED, (), [])
    assert words(answer) == "query-unencodable the name is not sent: not every character can be written in ISO_IR 100"


def test_rows_that_do_not_meet_a_condition_are_left_out_and_reported(serve):
    pacs = serve(find=lambda event: [(0xFF00, row("A")), (0xFF00, row("B", PatientID="t1"))])
    answer = pacs.archive().find_studies(T1)
    assert [study.uid for study in answer.studies] == [uid("A")]
    assert IssueCode.ANSWER_NOT_ASKED_FOR in {issue.code for issue in answer.issues}


def test_an_answer_without_a_character_set_is_read_as_configured_and_reported(serve):
    raw = row(PatientName="X", SpecificCharacterSet=None)

    def find(event):
        from pydicom.dataelem import RawDataElement
        from pydicom.tag import Tag

        name = "王^小东".encode("gb18030")
        raw[0x00100010] = RawDataElement(Tag(0x00100010), "PN", len(name) + 1, name + b" ", 0, True, True)
        yield 0xFF00, raw

    told = serve(find=find).archive(answer_charset="GB18030").find_studies(StudyQuery(patient_id="T1", name="王小东"))
    assert (told.state, len(told.studies)) == (StudyState.FOUND, 1)
    assert "charset-assumed" in words(told)
    untold = serve(find=find).archive(objects=0).find_studies(StudyQuery(patient_id="T1", name="王小东"))
    assert untold.studies == ()
    assert "charset-unknown" in words(untold)


def test_optional_keys_that_were_not_looked_at_are_reported(serve):
    answer = serve(find=lambda event: [(0xFF01, row())]).archive().find_studies(T1)
    assert len(answer.studies) == 1
    assert "the archive says that it did not look at every condition" in words(answer)


def test_a_peer_that_breaks_off_leaves_a_partial_answer(serve):
    def find(event):
        yield 0xFF00, row("A")
        time.sleep(0.2)
        event.assoc.abort()

    answer = serve(find=find).archive().find_studies(T1)
    assert (answer.state, [study.uid for study in answer.studies]) == (StudyState.PARTIAL, [uid("A")])
    assert "source-partial the association was aborted" in words(answer)


def test_a_peer_that_breaks_off_at_once_is_unavailable_and_not_nothing(serve):
    def find(event):
        event.assoc.abort()
        yield 0x0000, None

    answer = serve(find=find).archive().find_studies(T1)
    assert answer.state is StudyState.UNAVAILABLE
    assert "source-unavailable the association was aborted" in words(answer)


def test_silence_is_unavailable_and_not_nothing(serve):
    def find(event):
        time.sleep(2.5)
        yield 0x0000, None

    answer, seconds = timed(lambda: serve(find=find).archive().find_studies(T1))
    assert (answer.state, words(answer)) == (StudyState.UNAVAILABLE, "source-unavailable no answer for 0.8 s")
    assert seconds < 3


def test_a_peer_that_drips_rows_for_ever_ends_with_the_call(serve):
    def find(event):
        for number in range(100):
            if event.is_cancelled:
                return
            time.sleep(0.4)
            yield 0xFF00, row(f"S{number}")

    answer, seconds = timed(lambda: serve(find=find).archive().find_studies(T1))
    assert (answer.state, "not done within 3 s" in words(answer)) == (StudyState.PARTIAL, True)
    assert len(answer.studies) >= 3
    assert seconds < 5


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [
        (0xA700, StudyState.UNAVAILABLE, "status 0xA700 (out of resources)"),
        (0xC000, StudyState.UNAVAILABLE, "status 0xC000 (unable to process)"),
        (0x0110, StudyState.UNAVAILABLE, "status 0x0110 (processing failure)"),
        (0xA900, StudyState.REFUSED, "status 0xA900 (the identifier does not fit the SOP class)"),
        (0x0124, StudyState.REFUSED, "status 0x0124 (not authorized)"),
        (0xFE00, StudyState.UNAVAILABLE, "status 0xFE00 (cancelled)"),
        (0x1234, StudyState.UNAVAILABLE, "status 0x1234 (no known status)"),
    ],
)
def test_a_failure_is_named_and_never_nothing(serve, status, state, text):
    answer = serve(find=lambda event: [(status, None)]).archive().find_studies(T1)
    assert (answer.state, text in words(answer)) == (state, True)
    after_a_row = serve(find=lambda event: [(0xFF00, row()), (status, None)]).archive().find_studies(T1)
    assert (after_a_row.state, len(after_a_row.studies)) == (StudyState.PARTIAL, 1)


def test_enough_is_enough_the_query_is_cancelled(serve):
    cancelled = []

    def find(event):
        for number in range(10_000):
            time.sleep(0.01)  # a server that is busy sending reads nothing
            if event.is_cancelled:
                cancelled.append(number)
                yield 0xFE00, None
                return
            yield 0xFF00, row(f"S{number}")

    answer = serve(find=find).archive().find_studies(StudyQuery(patient_id="T1", limit=3))
    assert (answer.state, len(answer.studies)) == (StudyState.PARTIAL, 3)
    assert "limit-reached there are more than 3 studies; the rest was left out" in words(answer)
    assert 3 < cancelled[0] < 200


def test_endless_rows_are_stopped(serve):
    def find(event):
        while True:
            yield 0xFF00, row("S1")

    answer, seconds = timed(lambda: serve(find=find).archive().find_studies(T1))
    assert (answer.state, len(answer.studies)) == (StudyState.PARTIAL, 1)
    assert "limit-reached more than 50 rows: the query was stopped" in words(answer)
    assert seconds < 5


def test_a_huge_row_is_not_taken(serve):
    def find(event):
        yield 0xFF00, row("A")
        yield 0xFF00, row("B", StudyDescription="A" * 64, TextValue="x" * 100_000)

    answer = serve(find=find).archive().find_studies(T1)
    assert (answer.state, [study.uid for study in answer.studies]) == (StudyState.PARTIAL, [uid("A")])
    assert "it sent an answer of more than 20000 bytes" in words(answer)


def test_a_row_without_a_study_or_of_garbage_is_reported(serve):
    def find(event):
        yield 0xFF00, row("A")
        yield 0xFF00, _without_uid()

    answer = serve(find=find).archive().find_studies(T1)
    assert (answer.state, len(answer.studies)) == (StudyState.PARTIAL, 1)
    assert "answer-invalid a row states no StudyInstanceUID; it was left out" in words(answer)


def _without_uid():
    made = row()
    del made.StudyInstanceUID
    return made


def test_two_patients_under_one_study_are_not_merged(serve):
    pacs = serve(find=lambda event: [(0xFF00, row("A")), (0xFF00, row("A", PatientID="OTHER"))])
    answer = pacs.archive().find_studies(StudyQuery(study_uids=(uid("A"),)))
    assert (answer.state, "study-conflict" in words(answer)) == (StudyState.PARTIAL, True)
    assert [study.patient.identifiers[0].value for study in answer.studies] == ["T1"]


@pytest.mark.parametrize(
    "other",
    [
        {"IssuerOfPatientID": "OTHER"},
        {"PatientName": "Li^Si=李^四"},
        {"PatientBirthDate": "19500101"},
    ],
)
def test_two_patients_with_one_number_under_one_study_are_not_merged(serve, other):
    first = row("A", IssuerOfPatientID="HIS", PatientBirthDate="19880315", StudyDescription="胸部CT平扫")
    pacs = serve(find=lambda event: [(0xFF00, first), (0xFF00, row("A", InstitutionName="另一家医院", **other))])
    answer = pacs.archive().find_studies(T1)
    assert (answer.state, "study-conflict" in words(answer)) == (StudyState.PARTIAL, True)
    assert [(study.description, study.institution) for study in answer.studies] == [("胸部CT平扫", None)]


@pytest.mark.parametrize("level", ["SERIES", "IMAGE"])
def test_rows_of_another_study_are_no_series_of_this_one(serve, level):
    """A server that ignores the study it is asked for answers series, and objects, of anybody."""

    def find(event):
        asked = event.identifier
        if asked.QueryRetrieveLevel == "SERIES":
            yield 0xFF00, row("A", level="SERIES", SeriesInstanceUID="1.2.1", Modality="CT")
            if level == "SERIES":
                yield 0xFF00, row("B", level="SERIES", SeriesInstanceUID="1.2.2", Modality="MR")
        elif asked.SeriesInstanceUID == "1.2.1":
            yield 0xFF00, row("A", level="IMAGE", SeriesInstanceUID="1.2.1", SOPInstanceUID="1.2.1.1", SOPClassUID=MR)
            if level == "IMAGE":
                stray = {"SeriesInstanceUID": "1.2.9", "SOPInstanceUID": "1.2.9.9", "SOPClassUID": MR}
                yield 0xFF00, row("A", level="IMAGE", **stray)

    answer = serve(find=find).archive().with_series(Study(uid=uid("A")))
    assert [[each.uid for each in one.instances] for one in answer.studies[0].series] == [["1.2.1.1"]]
    assert answer.state is StudyState.FOUND  # it answered more than was asked, not less
    assert "answer-not-asked-for 1 row(s) of another study or series than the one asked for; they were left" in words(
        answer
    )


def test_a_series_that_cannot_be_read_makes_the_series_partial(serve):
    def find(event):
        if event.identifier.QueryRetrieveLevel == "SERIES":
            yield 0xFF00, row("A", level="SERIES", SeriesInstanceUID="1.2.1", Modality="CT")
            yield 0xFF00, row("A", level="SERIES", SeriesInstanceUID="x" * 70)

    answer = serve(find=find).archive().with_series(Study(uid=uid("A")))
    assert (answer.state, len(answer.studies[0].series)) == (StudyState.PARTIAL, 1)


def test_what_is_wrong_with_one_of_a_list_is_said(serve):
    def find(event):
        wanted = event.identifier.StudyInstanceUID
        if not isinstance(wanted, str):
            yield 0xC320, None
        else:
            yield 0xFF01, row("A", StudyInstanceUID=wanted)
            for _ in range(60):
                yield 0xFF00, row("A", StudyInstanceUID=wanted)

    answer = serve(find=find).archive().find_studies(StudyQuery(study_uids=(uid("A"), uid("B"))))
    assert answer.state is StudyState.PARTIAL
    assert "more than 50 rows: the query was stopped" in words(answer)
    assert "it did not look at every condition" in words(answer)


def test_a_list_of_uids_that_fails_or_brings_one_is_asked_one_by_one(serve):
    def failing(event):
        wanted = event.identifier.StudyInstanceUID
        if not isinstance(wanted, str):
            yield 0xC320, None
        else:
            yield 0xFF00, row("A" if wanted == uid("A") else "B")

    def first_only(event):
        wanted = event.identifier.StudyInstanceUID
        one = wanted if isinstance(wanted, str) else wanted[0]
        yield 0xFF00, row("A" if one == uid("A") else "B")

    for find in (failing, first_only):
        answer = serve(find=find).archive().find_studies(StudyQuery(study_uids=(uid("A"), uid("B"))))
        assert (answer.state, {study.uid for study in answer.studies}) == (StudyState.FOUND, {uid("A"), uid("B")})


# -- no association --------------------------------------------------------------------------------


def test_a_rejection_is_refused_with_its_reason(serve):
    pacs = serve(find=lambda event: iter(()), ae_title="OTHER")
    answer = pacs.archive().find_studies(T1)
    assert answer.state is StudyState.REFUSED
    assert "rejected for good: it does not know the called AE title" in words(answer)


def test_an_archive_without_c_find_is_refused(serve):
    answer = serve(only=("1.2.840.10008.1.1",)).archive().find_studies(T1)
    assert (answer.state, "none of the services that are needed is offered" in words(answer)) == (
        StudyState.REFUSED,
        True,
    )


def test_nobody_there_is_unavailable(raw_server):
    pacs = raw_server(lambda connection, stop: connection.close())
    broke = pacs.archive().find_studies(T1)
    assert (broke.state, "the peer broke off" in words(broke)) == (StudyState.UNAVAILABLE, True)
    pacs.port = 1
    answer = pacs.archive().find_studies(T1)
    assert (answer.state, "Connection refused" in words(answer)) == (StudyState.UNAVAILABLE, True)


def test_a_peer_that_never_answers_the_request_is_unavailable(raw_server):
    answer, seconds = timed(lambda: raw_server(lambda connection, stop: stop.wait(3)).archive().find_studies(T1))
    assert answer.state is StudyState.UNAVAILABLE
    assert seconds < 4


def test_bytes_that_drip_for_ever_end_with_the_call(raw_server):
    def drip(connection, stop):
        accept(connection)
        read_pdu(connection)
        connection.sendall(b"\x04\0" + struct.pack(">L", 15_000))
        while not stop.wait(0.1):
            connection.sendall(b"\0")

    answer, seconds = timed(lambda: raw_server(drip).archive().find_studies(T1))
    assert (answer.state, seconds < 5.5) == (StudyState.UNAVAILABLE, True), seconds
    assert "not done within 3 s" in words(answer) or "it was too slow" in words(answer)


def test_a_pdu_that_claims_two_gigabytes_is_not_read(raw_server):
    def huge(connection, stop):
        accept(connection)
        read_pdu(connection)
        connection.sendall(b"\x04\0" + struct.pack(">L", 2 << 30))
        block = b"\0" * 65_536
        while not stop.is_set():
            connection.sendall(block)

    answer, seconds = timed(lambda: raw_server(huge).archive().find_studies(T1))
    assert (answer.state, seconds < 4) == (StudyState.UNAVAILABLE, True)
    assert "it sent a PDU of 2147483648 bytes; at most" in words(answer)


def test_garbage_is_unavailable(raw_server):
    def garbage(connection, stop):
        read_pdu(connection)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        stop.wait(0.5)

    assert raw_server(garbage).archive().find_studies(T1).state is StudyState.UNAVAILABLE


# -- series and objects ----------------------------------------------------------------------------


def _levels(event):
    level = event.identifier.QueryRetrieveLevel
    one = msgspec.UNSET
    if level == "SERIES":
        for number in ("1", "1", "2"):
            one = row(level=level, SeriesInstanceUID=uid("S1", number), Modality="MR", SeriesNumber=number)
            yield 0xFF00, one
    elif level == "IMAGE":
        number = "1" if event.identifier.SeriesInstanceUID == uid("S1", "1") else "2"
        for image in (1, 2):
            yield (
                0xFF00,
                row(level=level, SOPInstanceUID=uid("S1", number, image), SOPClassUID=MR),
            )
    else:
        yield 0xFF00, row(ModalitiesInStudy=None)


def test_modalities_that_a_row_leaves_out_are_asked_of_the_series(serve):
    pacs = serve(find=_levels)
    assert pacs.archive().find_studies(StudyQuery(modalities=("CT",))).studies == ()
    found = pacs.archive().find_studies(StudyQuery(modalities=("MR",)))
    assert (found.state, [study.modalities for study in found.studies]) == (StudyState.FOUND, [("MR",)])


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ({"PatientName": "Li^Si"}, "PatientName"),
        ({"PatientName": "??^??", "IssuerOfPatientID": "ELSEWHERE"}, "IssuerOfPatientID"),
        ({"PatientName": "??^??", "PatientID": "OTHER"}, "PatientID"),
        ({"PatientName": "??^??", "PatientBirthDate": "19500101"}, "PatientBirthDate"),
    ],
)
def test_an_object_of_another_patient_tells_nothing_of_a_row(serve, stated, what):
    """A row whose name cannot be compared is completed by one object; not by one of somebody else."""
    one = dataset()

    def find(event):
        level = event.identifier.QueryRetrieveLevel
        more = {"SERIES": {"SeriesInstanceUID": one.SeriesInstanceUID, "Modality": "CT"}}
        more["IMAGE"] = {"SOPInstanceUID": one.SOPInstanceUID, "SOPClassUID": one.SOPClassUID}
        found = {"PatientID": "T0001", **stated} if level == "STUDY" else more[level]
        yield 0xFF00, row("S1", level=level, **found)

    def get(_event):
        yield 1
        yield 0xFF00, one

    answer = serve(find=find, get=get).archive().find_studies(StudyQuery(name="测试甲"))
    assert answer.studies == ()
    assert f"an object names another patient than the archive's row ({what}); only the row was believed" in words(
        answer
    )


def test_series_and_instances_of_a_study(serve):
    pacs = serve(find=_levels)
    study = pacs.archive().find_studies(T1).studies[0]
    answer = pacs.archive().with_series(study)
    assert answer.state is StudyState.FOUND
    assert [(each.uid, len(each.instances)) for each in answer.studies[0].series] == [(uid("S1", n), 2) for n in "12"]
    image_queries = [asked for asked in pacs.asked if asked.QueryRetrieveLevel == "IMAGE"]
    assert not {"ModalitiesInStudy", "SOPClassesInStudy", "PatientID"} & {e.keyword for q in image_queries for e in q}


def test_series_of_a_lost_archive_are_unavailable(serve):
    pacs = serve(find=_levels)
    study = pacs.archive().find_studies(T1).studies[0]
    pacs.port = 1
    answer = pacs.archive().with_series(study)
    assert (answer.state, answer.studies) == (StudyState.UNAVAILABLE, ())


def test_nothing_of_a_patient_is_logged(serve, caplog):
    caplog.set_level(logging.DEBUG)
    query = StudyQuery(patient_id="T1", name="测试甲")
    answer = serve(find=lambda event: [(0xFF00, row())]).archive().find_studies(query)
    assert len(answer.studies) == 1
    ours = [r.getMessage() for r in caplog.records if "RequestorThread" in r.threadName or r.threadName == "MainThread"]
    assert not [text for text in ours if "测" in text or "Ce^ShiJia" in text or "'T1'" in text]


def test_importing_the_package_leaves_pynetdicom_out():
    code = "import fhir_hr, sys; sys.exit('pynetdicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_call_that_nobody_waits_for_does_not_hold_the_interpreter_up(raw_server):
    def silent(connection, stop):
        servers.accept(connection)
        stop.wait(20)

    pacs = raw_server(silent)
    code = (
        "import sys, threading, time\n"
        "from fhir_hr.sources.dimse import DimseArchive\n"
        "from fhir_hr.sources.studies import StudyQuery\n"
        "archive = DimseArchive('PACS', '127.0.0.1', int(sys.argv[1]), called_ae='PACS')\n"
        "ask = lambda: archive.find_studies(StudyQuery(patient_id='T1'))\n"
        "threading.Thread(target=ask, daemon=True).start()\n"
        "time.sleep(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(pacs.port)], timeout=15, capture_output=True, check=True)
    assert done.stderr == b""
