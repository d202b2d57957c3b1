"""The small DICOMweb server against the standard's own examples, so that it may stand for a conformant one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import quote

import pytest

from fhir_hr.testing.dicom import dataset, series, uid
from fhir_hr.testing.qido import QidoServer
from fhir_hr.testing.qido_rows import BadQueryError, Query

FIRST = "1.2.392.200036.9116.2.2.2.2162893313.1029997326.94587"
SECOND = "1.2.392.200036.9116.2.2.2.2162893313.1029997326.94583"


def _objects():
    from pydicom.dataset import Dataset

    other = Dataset()
    other.PatientID = "11235813"
    made = [
        dataset(
            study="A", StudyInstanceUID=FIRST, PatientID="11235813", PatientName="SMITH^JOHN", StudyDate="20130509"
        ),
        dataset(study="B", StudyInstanceUID=SECOND, PatientID="11235813", PatientName="DOE^JANE", StudyDate="20130510"),
        dataset(study="C", PatientID="1", PatientName="SMITHERS^W", StudyDate="20130511"),
    ]
    made[2].OtherPatientIDsSequence = [other]
    made[0].PhysiciansOfRecord = "House^G"
    return made


@pytest.fixture(scope="module")
def server():
    with QidoServer(_objects()) as running:
        yield running


def _get(server, target):
    with urllib.request.urlopen(f"{server.root}{target}", timeout=5) as answer:
        body = answer.read()
        return json.loads(body) if body else [], answer


def _days(server, text):
    rows, _ = _get(server, f"/studies?{text}")
    return sorted(row["00080020"]["Value"][0][-2:] for row in rows)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        # PS3.18 10.6.1.2.1, its examples but the private ones
        ("PatientID=11235813", ["09", "10"]),
        ("PatientID=11235813&StudyDate=20130509", ["09"]),
        ("00100010=SMITH*&00101002.00100020=11235813&limit=25", ["11"]),
        ("00100010=SMITH*&OtherPatientIDsSequence.00100020=11235813", ["11"]),
        ("PatientID=11235813&includefield=00081048,00081049,00081060", ["09", "10"]),
        ("PatientID=11235813&includefield=00081048&includefield=00081049&includefield=00081060", ["09", "10"]),
        ("PatientID=11235813&StudyDate=20130509-20130510", ["09", "10"]),
        (f"StudyInstanceUID={FIRST},{SECOND}", ["09", "10"]),
        # PS3.4 C.2.2.2: range, wildcard and universal matching
        ("StudyDate=20130510-", ["10", "11"]),
        ("StudyDate=-20130510", ["09", "10"]),
        ("StudyDate=", ["09", "10", "11"]),
        ("PatientID=*", ["09", "10", "11"]),
        ("PatientName=SMITH", []),
        ("PatientName=SMITH?*", ["09", "11"]),
        ("PatientName=?MITH%5EJOHN", ["09"]),
        ("PatientName=smith*", []),
        ("StudyDate=2013051*", []),
        # RFC 3986: an encoded character is the character
        ("PatientName=SMITH%2A", ["09", "11"]),
        ("%50atientName=%53MITH*", ["09", "11"]),
        # PS3.18 8.3.4.1: what is not supported is ignored
        ("Bogus=1", ["09", "10", "11"]),
    ],
)
def test_the_standard_s_examples(server, text, days):
    assert _days(server, text) == days


def test_included_attributes_and_defaults(server):
    [row], _ = _get(server, f"/studies?StudyInstanceUID={FIRST}")
    assert "00081048" not in row
    assert "00081030" not in row
    assert {"00080061", "00100010", "0020000D", "00201206", "00201208", "00081190"} <= set(row)
    for text in ("includefield=00081048,00081030", "includefield=PhysiciansOfRecord&includefield=StudyDescription"):
        [row], _ = _get(server, f"/studies?StudyInstanceUID={FIRST}&{text}")
        assert {"00081048", "00081030"} <= set(row)
    [row], _ = _get(server, f"/studies?StudyInstanceUID={FIRST}&includefield=all")
    assert "00080070" in row


def test_pages_and_what_remains(server):
    rows, answer = _get(server, "/studies?limit=2")
    assert len(rows) == 2
    assert "There are 1 additional results that can be requested" in answer.headers["Warning"]
    rows, answer = _get(server, "/studies?limit=2&offset=2")
    assert (len(rows), answer.headers["Warning"]) == (1, None)
    assert _get(server, "/studies?offset=3")[0] == []


def test_fuzzy_matching_is_not_supported_and_says_so(server):
    rows, answer = _get(server, "/studies?PatientName=SMYTH*&fuzzymatching=true")
    assert rows == []
    assert "fuzzymatching parameter is not supported" in answer.headers["Warning"]


def test_what_is_wrong_is_400_and_what_is_not_there_404(server):
    for target, status in (
        ("/studies?limit=abc", 400),
        ("/studies?PatientName=%FF%FE", 400),
        ("/elsewhere", 404),
        ("/studies/1.2.3/metadata", 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            _get(server, target)
        assert caught.value.code == status
        caught.value.close()


def test_a_chinese_name_is_found_by_its_utf8_and_by_nothing_else():
    with QidoServer([dataset(PatientName="Wang^XiaoDong=王^小东")]) as server:
        for text, found in (("王^小东", 1), ("王*", 1), ("*王*小*", 1), ("Wang^XiaoDong=王^小东", 1), ("李*", 0)):
            assert len(_get(server, f"/studies?PatientName={quote(text, safe='*')}")[0]) == found
        server.decode = False
        assert _get(server, f"/studies?PatientName={quote('王*', safe='*')}")[0] == []


def test_levels_and_metadata():
    objects = [*series(2, study="A"), dataset(study="A", series="2", number=1), dataset(study="B")]
    with QidoServer(objects) as server:
        assert len(_get(server, "/studies")[0]) == 2
        rows, _ = _get(server, f"/studies/{uid('A')}/series")
        assert [row["00201209"]["Value"] for row in rows] == [[2], [1]]
        instances = f"/studies/{uid('A')}/series/{uid('A', '1')}"
        assert len(_get(server, f"{instances}/instances")[0]) == 2
        [row, _], _ = _get(server, f"{instances}/metadata")
        assert (row["00080005"]["Value"], "BulkDataURI" in row["7FE00010"]) == (["GB18030"], True)
        assert len(_get(server, f"/studies/{uid('A')}/metadata")[0]) == 3


def test_a_query_reads_its_syntax():
    query = Query("PatientName=A%20B&limit=3&offset=6&fuzzymatching=true&includefield=StudyDescription,x")
    assert query.conditions == [(("00100010",), "A B")]
    assert (query.limit, query.offset, query.fuzzy, query.include) == (3, 6, True, ["00081030", "x"])
    with pytest.raises(BadQueryError, match="limit is no number"):
        Query("limit=-1")
