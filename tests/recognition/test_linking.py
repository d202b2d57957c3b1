"""A report goes to its study by UID, or by number and a proved patient; doubt keeps them apart."""

from __future__ import annotations

import time

import msgspec
import pytest

from fhir_hr.model.codes import Identifier
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.imaging import Study
from fhir_hr.model.lab import Counts, Report, ReportKind, ReportMessage, ReportStatus
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import HumanName, Organization, Patient, Sex
from fhir_hr.model.when import Precision, When
from fhir_hr.recognition.linking import SentReport, link_reports, message_of

CARD = Identifier(system=NATIONAL_ID, value="999999199003072229")
PATIENT = Patient(identifiers=(CARD,), names=(HumanName(text="测试甲"),), sex=Sex.FEMALE)
STUDY = Study(uid="1.2.3", patient=PATIENT, accession=Identifier(value="A1", assigner="H1"))


def sent(name="r.hl7", *, patient=PATIENT, created="2026-03-01", sender="H1", key="R1", **report):
    one = Report(
        key=key, kind=report.pop("kind", ReportKind.IMAGING), where="OBR[1]", status=ReportStatus.FINAL, **report
    )
    message = ReportMessage(
        origin=MessageOrigin(system=sender, format="hl7v2", message_id=name, sha256=name),
        type="ORU^R01",
        control_id=name,
        sender=Organization(name=sender),
        counts=Counts(),
        created=When(iso=created, precision=Precision.DAY),
        patient=patient,
        reports=(one,),
    )
    return SentReport(source=name, message=message)


def words(unlinked):
    return [f"{each.issue.code}: {each.issue.message}" for each in unlinked]


def test_the_study_uid_decides():
    links, unlinked = link_reports([STUDY], [sent(study_uid="1.2.3")])
    assert [link.report.key for link in links["1.2.3"]] == ["R1"]
    assert unlinked == ()


def test_a_study_uid_with_another_patient_is_refused():
    other = msgspec.structs.replace(PATIENT, names=(HumanName(text="测试乙"),))
    links, unlinked = link_reports([STUDY], [sent(study_uid="1.2.3", patient=other)])
    assert links == {}
    assert words(unlinked) == [
        "identity-doubtful: a study has the number that this report states, but name differs; "
        "they were not put together"
    ]


def test_of_reports_of_two_patients_only_the_proved_one_is_taken():
    nameless = msgspec.structs.replace(STUDY, patient=Patient(identifiers=(CARD,)))
    stranger = Patient(names=(HumanName(text="测试乙"),))
    mine, other = sent("mine", study_uid="1.2.3"), sent("other", study_uid="1.2.3", patient=stranger)
    links, unlinked = link_reports([nameless], [other, mine])
    assert [link.sent.source for link in links["1.2.3"]] == ["mine"]
    assert [each.sent.source for each in unlinked] == ["other"]
    assert words(unlinked) == [
        "identity-doubtful: reports of this study name different patients, and nothing proves that this one is of the "
        "study's; it was not put to it"
    ]
    nobody = msgspec.structs.replace(STUDY, patient=None)
    assert link_reports([nobody], [other, mine])[0] == {}


def test_many_reports_of_one_study_are_compared_in_good_time():
    numbered = (Patient(identifiers=(Identifier(value=f"{n}", assigner="H1"),)) for n in range(3_000))
    many = [sent(f"{n:05}", study_uid="1.2.3", patient=patient) for n, patient in enumerate(numbered)]
    started = time.monotonic()
    links, unlinked = link_reports([msgspec.structs.replace(STUDY, patient=None)], many)
    assert (len(links["1.2.3"]), unlinked) == (3_000, ())
    assert time.monotonic() - started < 2


def test_an_accession_number_of_another_system_is_another_number():
    numbered = msgspec.structs.replace(STUDY, accession=Identifier(value="A1", system="urn:oid:1.2.3"))
    links, _ = link_reports([numbered], [sent(accession=Identifier(value="A1", system="urn:oid:1.2.4"))])
    assert links == {}
    links, _ = link_reports([numbered], [sent(accession=Identifier(value="A1"))])
    assert list(links) == ["1.2.3"]


def test_of_versions_of_one_time_the_last_of_the_file_is_taken_whatever_the_order():
    first, last = sent("a", study_uid="1.2.3", conclusion="一"), sent("a", study_uid="1.2.3", conclusion="二")
    before = sent("0", study_uid="1.2.3", conclusion="零")
    for given in ((first, last, before), (before, first, last)):
        message, _ = message_of(bare(), links_of(*given))
        assert message.reports[0].conclusion == "二"


def test_an_accession_number_needs_a_proved_patient():
    number = Identifier(value="A1", assigner="H1")
    links, _ = link_reports([STUDY], [sent(accession=number)])
    assert list(links) == ["1.2.3"]
    nobody = Patient(names=(HumanName(text="测试甲"),))
    links, unlinked = link_reports([STUDY], [sent(accession=number, patient=nobody)])
    assert links == {}
    assert "nothing proves that the patient is the same" in words(unlinked)[0]


def test_an_accession_number_of_another_issuer_is_another_number():
    links, unlinked = link_reports([STUDY], [sent(accession=Identifier(value="A1", assigner="H2"))])
    assert links == {}
    assert words(unlinked) == ["report-unlinked: no study given has the accession number of this report"]


def test_two_studies_under_one_number_are_not_chosen_from():
    twin = msgspec.structs.replace(STUDY, uid="1.2.4")
    links, unlinked = link_reports([STUDY, twin], [sent(accession=Identifier(value="A1"))])
    assert links == {}
    assert words(unlinked) == ["report-unlinked: 2 studies have the accession number and patient of this report"]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({"kind": ReportKind.LABORATORY}, "laboratory report"),
        ({}, "neither study UID nor accession number"),
        ({"study_uid": "9.9"}, "not among those given"),
    ],
)
def test_what_has_no_study_says_why(report, said):
    assert said in words(link_reports([STUDY], [sent(**report)])[1])[0]


def bare():
    return ReportMessage(
        origin=MessageOrigin(system="DICOM", format="dicom", message_id="1.2.3", sha256=""),
        type="",
        control_id="",
        sender=Organization(name="PACS"),
        counts=Counts(),
        patient=PATIENT,
        reports=(Report(key="SR", kind=ReportKind.IMAGING, where="", status=ReportStatus.FINAL),),
        studies=(STUDY,),
    )


def links_of(*sents):
    return link_reports([STUDY], list(sents))[0]["1.2.3"]


def test_the_later_version_of_a_report_is_taken_whatever_the_order():
    old = sent("old", created="2026-03-01", study_uid="1.2.3", conclusion="初步")
    new = sent("new", created="2026-03-02", study_uid="1.2.3", conclusion="最终")
    for given in ((old, new), (new, old)):
        message, issues = message_of(bare(), links_of(*given))
        assert [report.conclusion for report in message.reports if report.key == "R1"] == ["最终"]
        assert [issue.code.value for issue in issues] == ["older-message"]


def test_the_senders_message_carries_the_study_and_the_reports_among_its_objects():
    message, _ = message_of(bare(), links_of(sent(study_uid="1.2.3")))
    assert (message.sender.name, [study.uid for study in message.studies]) == ("H1", ["1.2.3"])
    assert [report.key for report in message.reports] == ["R1", "SR"]


def test_a_report_linked_by_number_refers_to_the_study():
    message, _ = message_of(bare(), links_of(sent(accession=Identifier(value="A1"))))
    assert message.reports[0].study_uid == "1.2.3"


def test_reports_of_two_institutions_are_not_mixed():
    mine = sent("mine", created="2026-03-02", study_uid="1.2.3")
    other = sent("other", created="2026-03-01", sender="H2", key="R2", study_uid="1.2.3")
    message, issues = message_of(bare(), links_of(mine, other))
    assert [report.key for report in message.reports] == ["R1", "SR"]
    assert "another institution sent this report" in issues[0].message


def test_without_a_sent_report_the_study_speaks_for_itself():
    assert message_of(bare(), ()) == (bare(), ())
