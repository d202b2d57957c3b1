"""The three picture archives start, take objects, answer to one peer only, and are gone at the end."""

from __future__ import annotations

import json
import socket
import subprocess

import pytest

from fhir_hr.testing.dicom import dataset, file_bytes, uid

pytestmark = pytest.mark.peer


@pytest.fixture(params=["orthanc", "dcmqrscp", "qrscp"])
def archive(request):
    return request.getfixturevalue(request.param)


def studies_of(archive, calling_ae=None):
    from pydicom.dataset import Dataset
    from pynetdicom import AE

    ae = AE(ae_title=calling_ae or archive.calling_ae)
    ae.add_requested_context("1.2.840.10008.5.1.4.1.2.2.1")
    association = ae.associate(archive.host, archive.port, ae_title=archive.called_ae)
    if not association.is_established:
        return None
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.StudyInstanceUID = uid("harness")
    query.PatientID = ""
    rows = [row for status, row in association.send_c_find(query, "1.2.840.10008.5.1.4.1.2.2.1") if row]
    association.release()
    return rows


def test_each_keeps_what_is_stored_and_finds_it(archive):
    assert archive.store([dataset(study="harness", PatientID="H1")]) == 1
    assert [row.PatientID for row in studies_of(archive)] == ["H1"]


@pytest.mark.parametrize("name", ["orthanc", "dcmqrscp"])
def test_those_that_listen_everywhere_give_nothing_to_a_stranger(name, request):
    archive = request.getfixturevalue(name)
    archive.store([dataset(study="harness", PatientID="H1")])
    assert not studies_of(archive, calling_ae="STRANGER")


def test_orthanc_speaks_dicomweb_and_takes_files_as_they_are(orthanc):
    assert orthanc.store_files([file_bytes(dataset(study="web", charset="GB18030"))]) == 1
    found = json.loads(orthanc.get(f"/dicom-web/studies?StudyInstanceUID={uid('web')}"))
    assert [row["00100010"]["Value"][0]["Ideographic"] for row in found] == ["测^试甲"]


def test_an_archive_is_gone_after_its_block(pacs_module):
    with pacs_module.Qrscp() as archive:
        port, folder = archive.port, archive.folder
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


def test_a_program_that_cannot_be_brought_is_named(pacs_module, monkeypatch, tmp_path):
    monkeypatch.setattr(pacs_module, "CACHE", tmp_path)
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="no network")
    monkeypatch.setattr(pacs_module.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(pacs_module.PeerUnavailable, match="no-such-server not found, and not brought: no network"):
        pacs_module.find_program("no-such-server")


def test_unpacked_programs_find_the_libraries_of_both_folders(pacs_module, tmp_path, monkeypatch):
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    held = tmp_path / "root" / "usr" / "bin" / "no-such-server"
    held.parent.mkdir(parents=True)
    held.touch()
    monkeypatch.setattr(pacs_module, "CACHE", tmp_path)
    path, environment = pacs_module.find_program("no-such-server")
    assert path == str(held)
    folders = environment["LD_LIBRARY_PATH"].split(":")
    assert [each.removeprefix(str(tmp_path / "root")) for each in folders][1::2] == ["/usr/lib", "/lib"]


@pytest.fixture
def pacs_module():
    import sys

    return sys.modules["fhir_hr_peer_pacs"]
