"""An archive as a source of priors: asked by number, believed only where the patient is proved."""

from __future__ import annotations

import time

import pytest

from fhir_hr.adapters.dicom.headers.header import Header, OtherPatientId
from fhir_hr.adapters.dicom.studies.rows import study_of_headers
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.codes import Code, Identifier
from fhir_hr.model.identity import NATIONAL_ID, PatientIdentity
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.people import Sex
from fhir_hr.model.when import Precision, When
from fhir_hr.sources import PriorQuery, ask
from fhir_hr.sources.dicomweb import DicomWebArchive
from fhir_hr.sources.studies import StudyAnswer, StudyState
from fhir_hr.sources.studies.pacs import PacsSource, PatientNumbers
from fhir_hr.testing.dicom import dataset
from fhir_hr.testing.qido import Misbehaviour, QidoServer

BORN = When(iso="1985-02-14", precision=Precision.DAY)
NUMBER = Identifier(value="P1", assigner="H001")
ME = PatientIdentity(identifiers=(NUMBER,), name="王小东", sex=Sex.FEMALE, birth=BORN)
CARD = "11010519491231002X"
HIS = PatientNumbers(assigner="H001", issuer="HIS")


def _study(uid="1.2", **stated):
    row = {"patient_name": "Wang^XiaoDong=王^小东", "patient_id": "P1", "issuer_of_patient_id": "HIS"}
    row |= {"patient_birth_date": "19850214", "patient_sex": "F", "study_date": "20260301"}
    row |= {"study_description": "胸部CT平扫", "modalities_in_study": ("CT",), "institution_name": "示例医院"}
    return study_of_headers([Header(study_instance_uid=uid, **{**row, **stated})]).value


class Archive:
    name = "PACS"

    def __init__(self, *studies, state=None, issues=(), series=None):
        self.studies, self.issues, self.series = studies, issues, series
        self.state = state or (StudyState.FOUND if studies else StudyState.NOTHING)
        self.asked, self.asked_series = [], []

    def find_studies(self, query):
        self.asked.append(query)
        if isinstance(self.state, Exception):
            raise self.state
        return StudyAnswer(source="PACS", state=self.state, studies=self.studies, issues=self.issues)

    def with_series(self, study):
        self.asked_series.append(study.uid)
        if isinstance(self.series, Exception):
            raise self.series
        return StudyAnswer(source="PACS", state=self.series or StudyState.FOUND, studies=(study,))


def _find(*studies, patient=ME, numbers=HIS, query=None, **options):
    archive = Archive(*studies, **options)
    return PacsSource(archive, numbers=[numbers]).find(query or PriorQuery(patient=patient)), archive


def test_a_proved_study_is_a_prior():
    answer, archive = _find(_study())
    assert (answer.state, [each.study_uid for each in answer.priors]) == ("found", ["1.2"])
    [query] = archive.asked
    assert (query.patient_id, query.issuer, query.name, query.birth_date) == ("P1", None, None, None)
    assert archive.asked_series == ["1.2"]
    assert answer.priors[0].patient.identifiers == (NUMBER,)


@pytest.mark.parametrize(
    ("stated", "differs"),
    [
        ({"patient_name": "Wang^XiaoDong=王^晓东"}, "name"),
        ({"patient_name": "王*东"}, "name"),
        ({"patient_name": "王＊"}, "name"),
        ({"patient_birth_date": "19850215"}, "birth-date"),
        ({"patient_sex": "M"}, "sex"),
        ({"patient_name": None, "patient_birth_date": None}, "what could prove it"),
        ({"patient_name": "Wang^XiaoDong", "patient_birth_date": None}, "what could prove it"),
        ({"issuer_of_patient_id": "RIS"}, "who gave the patient number"),
        ({"issuer_of_patient_id": None}, "who gave the patient number"),
        ({"patient_id": "p1"}, "who gave the patient number"),
        ({"patient_id": None}, "who gave the patient number"),
    ],
)
def test_doubt_is_left_out_and_reported(stated, differs):
    answer, archive = _find(_study(**stated))
    assert (answer.state, answer.priors) == ("partial", ())
    assert [(str(i.code), i.message) for i in answer.issues] == [
        (
            "identity-doubtful",
            f"1 study(ies) of 示例医院 carry a number of this patient, but {differs} differs or is not stated; they "
            "were left out until someone has looked",
        )
    ]
    assert archive.asked_series == []


@pytest.mark.parametrize("stated", [{"patient_name": "Wang^XiaoDong"}, {"patient_name": None}, {"patient_sex": None}])
def test_what_is_not_stated_or_cannot_be_compared_is_no_difference(stated):
    assert _find(_study(**stated))[0].state == "found"


@pytest.mark.parametrize(
    ("numbers", "issuer", "state"),
    [
        (PatientNumbers(assigner="H001", issuer="HIS"), "HIS", "found"),
        (PatientNumbers(assigner="H001", issuer="HIS"), None, "partial"),
        (PatientNumbers(assigner="H001", issuer="HIS", also_unstated=True), None, "found"),
        (PatientNumbers(assigner="H001", issuer="HIS", also_unstated=True), "RIS", "partial"),
        (PatientNumbers(assigner="H001"), None, "found"),
        (PatientNumbers(assigner="H001"), "HIS", "partial"),
        (PatientNumbers(assigner="H001"), "H001", "found"),
        (PatientNumbers(assigner="H001", issuer="1.2.3"), "1.2.3", "found"),
    ],
)
def test_whose_number_it_is_must_be_known(numbers, issuer, state):
    assert _find(_study(issuer_of_patient_id=issuer), numbers=numbers)[0].state == state


@pytest.mark.parametrize(
    ("identifier", "numbers"),
    [
        (Identifier(value="P1"), PatientNumbers(system=None, assigner=None)),
        (Identifier(value="P1"), PatientNumbers(assigner="H001")),
        (Identifier(value="P1", assigner="H002"), PatientNumbers(assigner="H001")),
        (Identifier(value="", assigner="H001"), PatientNumbers(assigner="H001")),
        (Identifier(value=CARD, system=NATIONAL_ID), PatientNumbers(assigner="H001")),
        (Identifier(value="P1", system="urn:oid:1.2"), PatientNumbers(system="urn:oid:1.2")),
    ],
)
def test_a_patient_without_a_number_that_the_archive_knows_is_not_asked_for(identifier, numbers):
    answer, archive = _find(
        _study(), patient=PatientIdentity(identifiers=(identifier,), name="王小东"), numbers=numbers
    )
    assert (answer.state, archive.asked) == ("refused", [])
    assert "it is not asked by name and birth date alone" in answer.issues[0].message


def test_an_identity_card_is_asked_for_only_where_that_is_configured():
    card = Identifier(value=CARD, system=NATIONAL_ID)
    patient = PatientIdentity(identifiers=(card,), name="王小东")
    numbers = PatientNumbers(system=NATIONAL_ID)
    study = _study(patient_id=CARD, issuer_of_patient_id="2.16.156.10011.1.3", patient_birth_date=None)
    assert _find(study, patient=patient, numbers=numbers)[0].state == "found"


def test_another_identity_card_beside_the_number_disproves():
    other = OtherPatientId(value="510105198502140024", issuer="2.16.156.10011.1.3")
    study = _study(other_patient_ids=(other,))
    assert NATIONAL_ID in [each.system for each in study.patient.identifiers]
    patient = PatientIdentity(
        identifiers=(NUMBER, Identifier(value=CARD, system=NATIONAL_ID)), name="王小东", birth=BORN
    )
    answer, _ = _find(study, patient=patient)
    assert (answer.state, answer.priors) == ("partial", ())
    assert "but national-id differs" in answer.issues[0].message


def test_imaging_that_is_not_wanted_is_not_asked_for():
    query = PriorQuery(patient=ME, kinds=(ReportKind.LABORATORY,))
    answer, archive = _find(_study(), query=query)
    assert (answer.state, archive.asked) == ("nothing", [])


def test_what_is_too_old_is_left_out_and_what_has_no_date_is_not():
    since = When(iso="2026-03-01T00:00:00+08:00", precision=Precision.SECOND)
    old, undated = _study("1.3", study_date="20260228"), _study("1.4", study_date=None)
    answer, archive = _find(_study(), old, undated, query=PriorQuery(patient=ME, since=since))
    assert {each.study_uid for each in answer.priors} == {"1.2", "1.4"}
    assert (archive.asked[0].date_from, archive.asked[0].date_to) == (None, None)
    never = When(iso="0001-01-01", precision=Precision.DAY)
    assert _find(_study(), query=PriorQuery(patient=ME, since=never))[0].state == "found"


def test_another_item_is_not_wanted_but_an_unknown_one_is():
    other = PriorQuery(patient=ME, items=(Code(code="other"),))
    answer, _ = _find(_study("1.2", study_description=None), query=other)
    assert [(each.study_uid, each.item) for each in answer.priors] == [("1.2", None)]
    chest = _study("1.3", body_part_examined="CHEST", series_instance_uid="1.3.1", modality="CT")
    assert _find(chest, query=PriorQuery(patient=ME))[0].priors[0].item.code == "cn-51-img-26"
    assert _find(chest, query=other)[0].state == "nothing"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (StudyState.NOTHING, "nothing"),
        (StudyState.UNAVAILABLE, "unavailable"),
        (StudyState.REFUSED, "refused"),
        (StudyState.PARTIAL, "partial"),
        (RuntimeError("P1 王小东"), "unavailable"),
    ],
)
def test_states_are_passed_on_and_nothing_is_raised(state, expected):
    answer, _ = _find(state=state, issues=())
    assert (answer.state, answer.priors) == (expected, ())
    assert "王小东" not in str(answer)


def test_one_number_that_could_not_be_asked_makes_it_partial():
    class Half(Archive):
        def find_studies(self, query):
            self.state = StudyState.FOUND if query.patient_id == "P1" else StudyState.UNAVAILABLE
            return super().find_studies(query)

    patient = PatientIdentity(identifiers=(NUMBER, Identifier(value="P2", assigner="H001")), name="王小东")
    answer = PacsSource(Half(_study()), numbers=[HIS]).find(PriorQuery(patient=patient))
    assert (answer.state, len(answer.priors)) == ("partial", 1)


@pytest.mark.parametrize("mask", ["王*", "王＊", "王﹡东", "王？"])
def test_a_name_that_was_masked_proves_nothing(mask):
    masked = PatientIdentity(identifiers=(NUMBER,), name=mask)
    for stated in ({}, {"patient_name": mask}, {"patient_name": "王*东"}, {"patient_name": "李^四"}):
        answer, _ = _find(_study(**stated), patient=masked)
        assert (answer.state, answer.priors) == ("partial", ())


def test_the_same_mask_is_no_difference_where_the_birth_date_proves():
    masked = PatientIdentity(identifiers=(NUMBER,), name="王*东", birth=BORN)
    answer, _ = _find(_study(patient_name="王*东"), patient=masked)
    assert [each.study_uid for each in answer.priors] == ["1.2"]


@pytest.mark.parametrize("last", ["x", "X"])
def test_an_identity_card_is_asked_for_in_both_cases(last):
    """Archives compare to the letter; an order that writes ``x`` must not find nothing."""
    asked = Identifier(system=NATIONAL_ID, value=CARD[:-1] + last)
    _, archive = _find(
        patient=PatientIdentity(identifiers=(asked,), name="王小东"), numbers=PatientNumbers(system=NATIONAL_ID)
    )
    assert sorted(query.patient_id for query in archive.asked) == [CARD, CARD[:-1] + "x"]


@pytest.mark.parametrize("other", ["patient", "uid", "none"])
def test_series_that_come_with_another_patient_or_study_are_not_believed(other):
    mine = _study()
    stranger = {
        "patient": (_study(patient_name="李^四", study_description="头颅MR平扫"),),
        "uid": (_study("1.3"),),
        "none": (),
    }[other]
    archive = Archive(mine)
    archive.with_series = lambda study: StudyAnswer(source="PACS", state=StudyState.FOUND, studies=stranger)
    answer = PacsSource(archive, numbers=[HIS]).find(PriorQuery(patient=ME))
    assert (answer.state, [each.name for each in answer.priors]) == ("partial", ["胸部CT平扫"])
    assert "for the series of a study, the archive answered another patient or study" in answer.issues[0].message


def test_what_the_archive_says_is_kept():
    issue = Issue(code=IssueCode.LIMIT_REACHED, severity=Severity.WARNING, where="PACS", message="a limit")
    answer, _ = _find(_study(), state=StudyState.PARTIAL, issues=(issue,))
    assert (answer.state, answer.issues) == ("partial", (issue,))


@pytest.mark.parametrize("lost", [StudyState.UNAVAILABLE, StudyState.NOTHING, RuntimeError("x")])
def test_series_that_cannot_be_had_leave_the_study_and_make_it_partial(lost):
    answer, _ = _find(_study(), series=lost)
    assert (answer.state, len(answer.priors)) == ("partial", 1)


def test_series_are_bounded_and_can_be_left_out():
    archive = Archive(_study("1.2"), _study("1.3"))
    answer = PacsSource(archive, numbers=[HIS], max_series=1).find(PriorQuery(patient=ME))
    assert (answer.state, len(answer.priors), len(archive.asked_series)) == ("partial", 2, 1)
    archive = Archive(_study())
    assert PacsSource(archive, numbers=[HIS], series=False).find(PriorQuery(patient=ME)).state == "found"
    assert archive.asked_series == []


def test_a_study_found_by_two_numbers_is_one():
    patient = PatientIdentity(identifiers=(NUMBER, NUMBER), name="王小东")
    answer, archive = _find(_study(), patient=patient)
    assert (len(answer.priors), len(archive.asked)) == (1, 1)
    assert repr(PacsSource(archive, numbers=[HIS], name="x")) == "PacsSource(name='x')"


def test_a_dead_archive_holds_nobody_up_and_is_named():
    with QidoServer(misbehaviour=Misbehaviour.SILENT) as dead, QidoServer([dataset(PatientID="P1")]) as alive:
        sources = [
            PacsSource(DicomWebArchive(name, server.root), numbers=[PatientNumbers(assigner="H001", issuer="TESTHOSP")])
            for name, server in (("dead", dead), ("alive", alive))
        ]
        start = time.monotonic()
        patient = PatientIdentity(identifiers=(NUMBER,), name="测试甲", birth=BORN)
        gathered = ask(PriorQuery(patient=patient), sources, deadline=1.0)
        assert time.monotonic() - start < 3
    assert (gathered.state, gathered.not_asked) == ("partial", ("dead",))
    [prior] = gathered.priors
    assert (prior.source, prior.exam.body_part, prior.has_images) == ("alive", "chest", True)
