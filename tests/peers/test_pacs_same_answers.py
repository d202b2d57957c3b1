"""Twelve questions to three archives, one of them by DICOMweb too: the same studies four times.

The table of the reference page is made here: ``FHIR_HR_WRITE_DOCS=1 pytest tests/peers/test_pacs_same_answers.py``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from pathlib import Path

import pytest

from fhir_hr.sources.dicomweb import DicomWebArchive
from fhir_hr.sources.dimse import DimseArchive
from fhir_hr.sources.studies import StudyState
from fhir_hr.testing.dicom import uid

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "reference" / "pacs-answers.md"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
NAMES = ("orthanc", "dcmqrscp", "qrscp")


def _module(name):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


cases = _module("pacs_studies")
QUESTIONS = cases.questions()
STUDY_OF = {uid(name): name for name in cases.studies()}

PLAIN = {
    "patient id": {"PatientID": "P001"},
    "patient id and issuer": {"PatientID": "P001", "IssuerOfPatientID": "TESTHOSP"},
    "name, ASCII with a wildcard": {"PatientName": "wang^xiao*"},
    "name, Chinese in full": {"PatientName": "王小东"},
    "name, one Chinese letter": {"PatientName": "*王*"},
    "birth date": {"PatientBirthDate": "19700101"},
    "study date, between": {"StudyDate": "20260201-20260301"},
    "study date, open": {"StudyDate": "20260302-"},
    "modality": {"ModalitiesInStudy": ["MR", "DX"]},
    "accession number": {"AccessionNumber": "ACC-gbk"},
    "list of study UIDs": {"StudyInstanceUID": [uid("utf8"), uid("single"), uid("nowhere")]},
    "description, sex and day together": {
        "StudyDescription": "*平扫",
        "PatientSex": "F",
        "StudyDate": "20260201-20260228",
    },
}
"""The same questions as a client asks them that knows nothing of these archives."""


@pytest.fixture(scope="module")
def peers(request):
    held = {}
    for name in NAMES:
        held[name] = request.getfixturevalue(name)
        for objects in cases.studies().values():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydicom writes these names as they are, and warns of them
                held[name].store(objects)
    return held


def dimse(peer):
    return DimseArchive(peer.name, peer.host, peer.port, called_ae=peer.called_ae, calling_ae=peer.calling_ae)


def ours(answer):
    return {STUDY_OF[study.uid] for study in answer.studies if study.uid in STUDY_OF}


def test_there_are_twelve_questions_and_each_finds_something_and_not_everything():
    assert len(QUESTIONS) == len(PLAIN) == 12
    assert QUESTIONS.keys() == PLAIN.keys()
    assert all(0 < len(wanted) < len(STUDY_OF) for _query, wanted in QUESTIONS.values())


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_by_dimse_each_archive_gives_the_same_studies(peers, name, question):
    query, wanted = QUESTIONS[question]
    answer = dimse(peers[name]).find_studies(query)
    assert (answer.state, ours(answer)) == (StudyState.FOUND, wanted)


@pytest.mark.parametrize("question", QUESTIONS)
def test_by_dicomweb_orthanc_gives_the_same_studies(peers, question):
    query, wanted = QUESTIONS[question]
    answer = DicomWebArchive("Orthanc", peers["orthanc"].dicomweb).find_studies(query)
    assert ours(answer) == wanted
    assert answer.state in (StudyState.FOUND, StudyState.PARTIAL)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_the_same_letter_for_letter(peers, name):
    query, _ = QUESTIONS["name, one Chinese letter"]
    studies = dimse(peers[name]).find_studies(query).studies
    names = {STUDY_OF[s.uid]: {n.text for n in s.patient.names} for s in studies if s.uid in STUDY_OF}
    expected = {
        "gb18030": "王小东",
        "same-patient": "王小东",
        "other-case": "王大伟",
        "ir58": "王小红",
        "four-bytes": "王㐀𠂇",
        "single": "王芳",
    }
    assert {
        study: expected[study] in {t.replace("^", "") for t in texts} for study, texts in names.items()
    } == dict.fromkeys(expected, True), names


# -- the page --------------------------------------------------------------------------------------


def plain(peer, conditions):
    """Ask as it stands; returns how the answer looks beside what is right."""
    from pydicom.dataset import Dataset
    from pynetdicom import AE

    query = Dataset()
    query.SpecificCharacterSet = "GB18030"
    query.QueryRetrieveLevel = "STUDY"
    query.StudyInstanceUID = ""
    for keyword, value in conditions.items():
        setattr(query, keyword, value)
    ae = AE(ae_title=peer.calling_ae)
    ae.add_requested_context(FIND)
    association = ae.associate(peer.host, peer.port, ae_title=peer.called_ae)
    answers = list(association.send_c_find(query, FIND))
    association.release()
    rows = [STUDY_OF.get(row.StudyInstanceUID) for _status, row in answers if row is not None]
    return [row for row in rows if row], answers[-1][0].get("Status", -1)


def shown(rows, status, wanted):
    if status != 0:
        return f"fails, 0x{status:04X}"
    found = set(rows)
    parts = [f"{len(found & wanted)} of {len(wanted)}"]
    if found - wanted:
        parts.append(f"{len(found - wanted)} wrong")
    if len(rows) > len(found):
        parts.append("rows twice")
    return ", ".join(parts)


def table(peers):
    lines = [
        "| question | studies | Orthanc | dcmqrscp | qrscp | `DimseArchive`, each of them |",
        "|---|---|---|---|---|---|",
    ]
    for question, (query, wanted) in QUESTIONS.items():
        cells = [shown(*plain(peers[name], PLAIN[question]), wanted) for name in NAMES]
        same = all(ours(dimse(peers[name]).find_studies(query)) == wanted for name in NAMES)
        lines.append(
            f"| {question} | {len(wanted)} | {' | '.join(cells)} | {'all, and no other' if same else 'differs'} |"
        )
    return "\n".join(lines)


def test_the_page_shows_what_was_measured(peers):
    version = peers["orthanc"].version
    made = f"<!-- table: Orthanc {version} -->\n\n{table(peers)}\n\n<!-- end of table -->"
    page = PAGE.read_text("utf-8")
    start, end = page.index("<!-- table"), page.index("<!-- end of table -->") + len("<!-- end of table -->")
    if os.environ.get("FHIR_HR_WRITE_DOCS") == "1":
        PAGE.write_text(page[:start] + made + page[end:], "utf-8")
        return
    if f"<!-- table: Orthanc {version} -->" in page:
        assert page[start:end] == made
    assert "differs" not in made
