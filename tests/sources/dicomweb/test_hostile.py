"""Servers that lie, stall, flood or send elsewhere: named outcomes, no token leaves, bounded time and memory."""

from __future__ import annotations

import threading
import time
import tracemalloc

import pytest

from fhir_hr.sources.dicomweb import DicomWebArchive, DicomWebLimits
from fhir_hr.sources.studies import StudyQuery
from fhir_hr.testing.dicom import dataset, uid
from fhir_hr.testing.qido import Misbehaviour, QidoServer

TOKEN = "s3cret-Token.value"
ONE = StudyQuery(patient_id="T0001")


def _studies(count):
    return [dataset(study=f"S{number}", StudyDate=f"202601{number:02}") for number in range(1, count + 1)]


def _ask(server, query=ONE, *, limits=None, **options):
    archive = DicomWebArchive("PACS", server.root, limits=limits or DicomWebLimits(seconds=5), **options)
    return archive.find_studies(query)


def _said(answer):
    return answer.state.value, [(str(issue.code), issue.message) for issue in answer.issues]


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        (Misbehaviour.STOPS, "source-unavailable", "bytes of"),
        (Misbehaviour.GARBAGE, "source-unavailable", "cannot be fetched"),
        (Misbehaviour.LOGIN, "answer-invalid", "the answer is no DICOM JSON by its type; a page to log in looks like"),
        (Misbehaviour.WRONG_TYPE, "answer-invalid", "the answer is no DICOM JSON by its type"),
        (Misbehaviour.LINES, "answer-invalid", "the answer is no list of DICOM JSON"),
        (Misbehaviour.NO_ARRAY, "answer-invalid", "the answer is no list of DICOM JSON"),
    ],
)
def test_an_answer_that_is_none_is_unavailable_and_never_nothing(how, code, words):
    with QidoServer([dataset()], misbehaviour=how) as server:
        state, issues = _said(_ask(server))
    assert state == "unavailable"
    assert [code for code, message in issues if words in message] == [code]


def test_half_a_list_is_never_the_whole():
    with QidoServer(_studies(3), misbehaviour=Misbehaviour.TRUNCATED) as server:
        answer = _ask(server)
    assert answer.state.value in ("unavailable", "partial")
    assert any(str(issue.severity) == "error" for issue in answer.issues)


@pytest.mark.parametrize("how", [*Misbehaviour])
def test_a_server_that_fails_on_its_second_page_leaves_what_the_first_brought(how):
    if how in (Misbehaviour.ENDLESS, Misbehaviour.REDIRECT):
        return
    with QidoServer(_studies(3), misbehaviour=how, status_from=1) as server:
        answer = _ask(server, limits=DicomWebLimits(seconds=1, page=2, answer_bytes=1 << 20))
    assert answer.state.value == "partial"
    assert {study.uid for study in answer.studies} >= {uid("S1"), uid("S2")}
    assert [issue for issue in answer.issues if str(issue.severity) != "information"]


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (401, "refused", "the archive refuses the question (401)"),
        (403, "refused", "the archive refuses the question (403)"),
        (400, "unavailable", "does not understand the question (400)"),
        (404, "unavailable", "there is no such service at this address (404)"),
        (413, "unavailable", "finds the question too broad (413)"),
        (429, "unavailable", "asked too often (429)"),
        (500, "unavailable", "the archive answered 500"),
        (503, "unavailable", "the archive answered 503"),
        (304, "unavailable", "the archive answered 304"),
    ],
)
def test_statuses(status, state, words):
    with QidoServer([dataset()], status=status) as server:
        answer = _ask(server)
    assert answer.state.value == state
    assert words in answer.issues[-1].message


def test_404_beyond_the_end_is_the_end_and_a_lost_page_is_not():
    for status, state in ((404, "found"), (500, "partial"), (401, "partial")):
        with QidoServer(_studies(3), status=status, status_from=3) as server:
            answer = _ask(server, limits=DicomWebLimits(page=3))
        assert (answer.state.value, len(answer.studies)) == (state, 3)


def test_nobody_there_is_unavailable():
    with QidoServer() as server:
        root = server.root
    answer = DicomWebArchive("PACS", root, token=TOKEN).find_studies(ONE)
    assert _said(answer) == ("unavailable", [("source-unavailable", "cannot be fetched: ConnectionError")])


# -- time and memory -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Misbehaviour.SILENT, Misbehaviour.DRIPS])
def test_the_deadline_is_kept(how):
    with QidoServer([dataset()], misbehaviour=how) as server:
        start = time.monotonic()
        answer = _ask(server, limits=DicomWebLimits(seconds=0.5))
        took = time.monotonic() - start
    assert _said(answer) == ("unavailable", [("source-unavailable", "not there within 0.5 s")])
    assert took < 2.5


def test_the_deadline_is_for_all_pages_together():
    with QidoServer([dataset()], misbehaviour=Misbehaviour.ENDLESS) as server:
        start = time.monotonic()
        answer = _ask(server, limits=DicomWebLimits(seconds=0.7, rows=10**9))
    assert time.monotonic() - start < 3
    assert answer.state.value == "partial"
    assert "not there within 0.7 s" in answer.issues[-1].message or "not there within 0.7 s" in str(answer.issues)


@pytest.mark.parametrize("how", [Misbehaviour.HUGE, Misbehaviour.BOMB])
def test_neither_two_gigabytes_nor_a_bomb_is_held(how):
    limit = 4 << 20
    with QidoServer([dataset()], misbehaviour=how) as server:
        tracemalloc.start()
        answer = _ask(server, limits=DicomWebLimits(seconds=20, answer_bytes=limit))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        sent = server.sent
    assert _said(answer) == ("unavailable", [("source-unavailable", f"more than {limit} bytes")])
    assert peak < 8 * limit
    assert sent < 1 << 30


def test_all_answers_of_a_call_together_are_bounded():
    with QidoServer(_studies(6)) as server:
        answer = _ask(server, limits=DicomWebLimits(page=1, total_bytes=6_000))
    assert answer.state.value == "partial"
    assert 0 < len(answer.studies) < 6
    assert any("bytes" in issue.message for issue in answer.issues)


def test_endless_new_rows_end_at_the_bound():
    with QidoServer([dataset()], misbehaviour=Misbehaviour.ENDLESS) as server:
        answer = _ask(server, limits=DicomWebLimits(rows=7))
        assert len(server.asked) == 7
    assert answer.state.value == "partial"
    assert "more than 7 rows are not read" in str(answer.issues)


def test_a_page_that_comes_again_ends_the_search_and_is_partial():
    with QidoServer(_studies(5), misbehaviour=Misbehaviour.SAME_PAGE) as server:
        answer = _ask(server, limits=DicomWebLimits(page=2))
        assert len(server.asked) == 2
    assert (answer.state.value, len(answer.studies)) == ("partial", 2)
    assert "it knows no offset" in answer.issues[0].message


# -- whom it is told -------------------------------------------------------------------------------


def test_a_redirect_to_another_host_is_not_followed_and_its_host_learns_nothing():
    with (
        QidoServer([dataset()]) as other,
        QidoServer(misbehaviour=Misbehaviour.REDIRECT, elsewhere=f"{other.root}/studies") as server,
    ):
        answer = _ask(server, token=TOKEN)
        assert other.asked == []
        assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert _said(answer) == (
        "unavailable",
        [("source-unavailable", "redirected to another origin; it is not followed")],
    )


@pytest.mark.parametrize("elsewhere", ["https://127.0.0.1/x", "file:///etc/passwd", "//example.org/x", "http://[::1"])
def test_nor_to_another_scheme_or_nonsense(elsewhere):
    with QidoServer(misbehaviour=Misbehaviour.REDIRECT, elsewhere=elsewhere) as server:
        assert _ask(server, token=TOKEN).state.value == "unavailable"
        assert len(server.asked) == 1


@pytest.mark.parametrize("between", ["\\@", "\\.x@", "%5C@", "@"])
def test_nor_to_an_address_that_two_readers_read_differently(between):
    """The standard library takes what follows ``@`` for the host; urllib3, which asks, what precedes ``\\``."""
    with QidoServer([dataset()]) as other, QidoServer(misbehaviour=Misbehaviour.REDIRECT) as server:
        server.elsewhere = f"{other.root.removesuffix('/dicom-web')}{between}{server.root.removeprefix('http://')}/x"
        answer = _ask(server, token=TOKEN)
        assert other.asked == []
        assert [each.path for each in server.asked] == ["/studies"]
    assert _said(answer)[1] == [("source-unavailable", "redirected to another origin; it is not followed")]


def test_a_redirect_on_the_same_server_is_followed():
    with QidoServer([dataset()], misbehaviour=Misbehaviour.REDIRECT) as server:
        # /elsewhere is no resource of it: followed, and answered as any address that is none
        server.elsewhere = f"{server.root}/elsewhere"
        answer = _ask(server, token=TOKEN)
        assert [each.path for each in server.asked] == ["/studies", *["/elsewhere"] * 3]
        assert {each.headers["authorization"] for each in server.asked} == {f"Bearer {TOKEN}"}
    assert _said(answer) == ("unavailable", [("source-unavailable", "redirected more than 3 times")])


def test_a_token_that_is_not_accepted_is_refused_and_stands_nowhere():
    with QidoServer([dataset()], token="another") as server:
        archive = DicomWebArchive("PACS", server.root, token=TOKEN)
        answer = archive.find_studies(ONE)
    assert answer.state.value == "refused"
    for text in (repr(archive), str(answer), repr(answer), str(vars(archive)["_client"])):
        assert TOKEN not in text


def test_nothing_that_is_asked_stands_in_any_message():
    query = StudyQuery(patient_id="T0001SECRET", name="王小东", accession="ACCSECRET")
    for how in Misbehaviour:
        with QidoServer([dataset()], misbehaviour=how) as server:
            text = str(_ask(server, query, token=TOKEN, limits=DicomWebLimits(seconds=0.4, answer_bytes=1 << 20)))
        assert not any(word in text for word in ("SECRET", "王小东", TOKEN, server_port(server)))


def server_port(server):
    return server.root.rpartition(":")[2]


def test_nothing_of_the_environment_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / "netrc").chmod(0o600)
    with QidoServer([dataset()]) as server:
        assert _ask(server).state.value == "found"
        assert "authorization" not in server.asked[0].headers


def test_no_thread_outlives_a_server_that_is_gone():
    before = {each.ident for each in threading.enumerate()}
    with QidoServer([dataset()], misbehaviour=Misbehaviour.SILENT) as server:
        _ask(server, limits=DicomWebLimits(seconds=0.2))
    end = time.monotonic() + 3
    while time.monotonic() < end and {each.ident for each in threading.enumerate()} - before:
        time.sleep(0.02)
    assert {each.ident for each in threading.enumerate()} - before == set()
