"""Every condition on every answer: true, false, or not stated."""

from __future__ import annotations

import pytest

from fhir_hr.adapters.dicom.facts.people import read_name
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.studies.rows import study_of_headers
from fhir_hr.model.imaging import Study
from fhir_hr.model.people import Sex
from fhir_hr.model.when import Precision, When
from fhir_hr.sources.studies import StudyQuery
from fhir_hr.sources.studies.matching import meets, name_matches, select_studies


def _study(**stated) -> Study:
    row = {"patient_name": "Wang^XiaoDong=王^小东", "patient_id": "P1", "issuer_of_patient_id": "HIS"}
    row |= {"patient_birth_date": "19850214", "patient_sex": "F", "study_date": "20260301", "study_time": "0915"}
    row |= {"accession_number": "A1", "study_description": "胸部CT平扫", "modalities_in_study": ("CT", "SR")}
    row |= stated
    return study_of_headers([Header(study_instance_uid="1.2", **row)]).value


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, True),
        ({"patient_id": "P1"}, True),
        ({"patient_id": "p1"}, False),
        ({"patient_id": "P"}, False),
        ({"patient_id": "P*"}, False),
        ({"patient_id": "P1", "issuer": "HIS"}, True),
        ({"patient_id": "P1", "issuer": "RIS"}, False),
        ({"issuer": "HIS"}, True),
        ({"birth_date": "19850214"}, True),
        ({"birth_date": "19850215"}, False),
        ({"sex": Sex.FEMALE}, True),
        ({"sex": Sex.MALE}, False),
        ({"sex": Sex.UNKNOWN}, True),
        ({"date_from": "20260301"}, True),
        ({"date_from": "20260302"}, False),
        ({"date_to": "20260301"}, True),
        ({"date_to": "20260228"}, False),
        ({"date_from": "20260101", "date_to": "20261231"}, True),
        ({"modalities": ("MR", "CT")}, True),
        ({"modalities": ("MR",)}, False),
        ({"accession": "A1"}, True),
        ({"accession": "a1"}, False),
        ({"study_uids": ("1.1", "1.2")}, True),
        ({"study_uids": ("1.1",)}, False),
        ({"description": "胸部ＣＴ*"}, True),
        ({"description": "*平扫"}, True),
        ({"description": "平扫"}, False),
        ({"patient_id": "P1", "name": "李*"}, False),
    ],
)
def test_conditions(query, expected):
    assert meets(_study(), StudyQuery(**query)) is expected


@pytest.mark.parametrize(
    ("element", "query"),
    [
        ("patient_id", {"patient_id": "P1"}),
        ("issuer_of_patient_id", {"patient_id": "P1", "issuer": "HIS"}),
        ("patient_name", {"name": "王*"}),
        ("patient_birth_date", {"birth_date": "19850214"}),
        ("patient_sex", {"sex": Sex.FEMALE}),
        ("study_date", {"date_from": "20260301"}),
        ("accession_number", {"accession": "A1"}),
        ("study_description", {"description": "*"}),
        ("modalities_in_study", {"modalities": ("CT",)}),
    ],
)
def test_what_is_not_stated_is_unknown_and_never_met(element, query):
    assert meets(_study(**{element: () if element == "modalities_in_study" else None}), StudyQuery(**query)) is None


NAMES = [
    ("王小东", "Wang^XiaoDong=王^小东", True),
    ("王 小东", "Wang^XiaoDong=王^小东", True),
    ("王^小东", "王小东", True),
    ("王小*", "Wang^XiaoDong=王^小东", True),
    ("*小*", "Wang^XiaoDong=王^小东", True),
    ("王小", "Wang^XiaoDong=王^小东", False),
    ("小东", "Wang^XiaoDong=王^小东", False),
    ("王晓东", "Wang^XiaoDong=王^小东", False),
    ("wang^xiaodong", "Wang^XiaoDong=王^小东", True),
    ("WANG xiao dong", "Wang^XiaoDong=王^小东", True),
    ("ｗａｎｇ*", "Wang^XiaoDong=王^小东", True),
    ("wang", "Wang^XiaoDong=王^小东", False),
    ("Wang^XiaoDong=王^小东", "Wang^XiaoDong=王^小东", True),
    ("Wang^XiaoDong=王^小东", "Wang^XiaoDong=王^晓东", False),
    ("Wang^XiaoDong=王^小东", "Wang^XiaoDong", True),
    ("王小东", "Wang^XiaoDong", None),
    ("Wang^XiaoDong", "王小东", None),
    ("王?东", "王小东", False),
    ("*", "王小东", True),
    ("王*东*王", "王东", False),
    ("王·小东", "王小东", True),
]


@pytest.mark.parametrize(("wanted", "stated", "expected"), NAMES)
def test_names(wanted, stated, expected):
    assert name_matches(wanted, read_name(stated)) is expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("20260101", "20261231", True),
        ("20260102", None, None),
        (None, "20260630", None),
        ("20270101", None, False),
        (None, "20251231", False),
    ],
)
def test_a_year_alone_meets_a_range_only_where_all_of_it_lies_inside(start, end, expected):
    study = Study(uid="1.2", started=When(iso="2026", precision=Precision.YEAR))
    assert meets(study, StudyQuery(date_from=start, date_to=end)) is expected


def test_who_it_is_has_to_be_stated_and_what_it_is_need_not():
    queries = {
        "issuer": (
            _study(issuer_of_patient_id=None),
            StudyQuery(patient_id="P1", issuer="HIS"),
            0,
            "identity-doubtful",
        ),
        "birth-date": (_study(patient_birth_date=None), StudyQuery(birth_date="19850214"), 0, "identity-doubtful"),
        "accession": (_study(accession_number=None), StudyQuery(accession="A1"), 0, "identity-doubtful"),
        "date": (_study(study_date=None, study_time=None), StudyQuery(date_from="20260101"), 1, "source-partial"),
        "modality": (_study(modalities_in_study=()), StudyQuery(modalities=("CT",)), 1, "source-partial"),
        "description": (_study(study_description=None), StudyQuery(description="胸*"), 1, "source-partial"),
    }
    for name, (study, query, kept, code) in queries.items():
        selection = select_studies([study], query, source="PACS")
        assert (len(selection.kept), [str(i.code) for i in selection.issues]) == (kept, [code])
        assert f"({name})" in selection.issues[0].message
        assert (selection.doubtful, selection.unsure) == (1 - kept, kept)


def test_rows_that_an_archive_should_not_have_sent_are_counted_only_where_it_was_told():
    study, query = _study(patient_id="p1"), StudyQuery(patient_id="P1", modalities=("MR",))
    told = select_studies([study, study], query, source="PACS", sent={"patient-id"})
    assert told.kept == ()
    assert [(str(i.code), i.message) for i in told.issues] == [
        (
            "answer-not-asked-for",
            "the archive answered 2 study(ies) that do not meet the condition it was given (patient-id); "
            "they were left out here",
        )
    ]
    assert select_studies([study], query, source="PACS").issues == ()


def test_pinyin_is_no_hit_for_a_chinese_name_but_cannot_confirm_a_number_either():
    pinyin = _study(patient_name="Wang^XiaoDong")
    assert select_studies([pinyin], StudyQuery(name="王小东"), source="PACS").issues == ()
    selection = select_studies([pinyin], StudyQuery(patient_id="P1", name="王小东"), source="PACS")
    assert (selection.kept, selection.doubtful) == ((), 1)


def test_answers_come_in_order_of_time_each_once_and_unknown_last():
    late, early, never = (_study(study_date=day) for day in ("20260401", "20260201", None))
    studies = [
        Study(uid=uid, started=each.started, modalities=("CT",))
        for uid, each in (("3", late), ("2", never), ("9", early), ("3", late))
    ]
    assert [each.uid for each in select_studies(studies, StudyQuery(), source="PACS").kept] == ["9", "3", "2"]
