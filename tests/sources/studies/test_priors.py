"""A study as a prior: what images prove, and what they do not."""

from __future__ import annotations

import pytest

from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Exam
from fhir_hr.model.imaging import (
    Completeness,
    CompletenessVerdict,
    Instance,
    InstanceKind,
    Series,
    Study,
)
from fhir_hr.model.lab import ReportKind, ReportStatus
from fhir_hr.model.people import Device, HumanName, Organization, Patient
from fhir_hr.model.priors import Institution
from fhir_hr.model.when import Precision, When
from fhir_hr.render.ids import study_id
from fhir_hr.sources.studies.priors import prior_of_study

DAY = When(iso="2026-03-01", precision=Precision.DAY)


def _study(**fields):
    images = tuple(Instance(uid=f"1.2.1.{n}", kind=InstanceKind.IMAGE) for n in (1, 2))
    chest = Series(
        uid="1.2.1", modality="CT", body_part=Concept(text="CHEST"), device=Device(model="SIM-64"), instances=images
    )
    known = {
        "patient": Patient(identifiers=(Identifier(value="P1", assigner="H1"),), names=(HumanName(text="测试甲"),)),
        "institution": Organization(name="示例医院", identifiers=(Identifier(value="USCC1"),), division="510104"),
        "started": DAY,
        "accession": Identifier(value="A1", assigner="RIS"),
        "description": "胸部CT平扫",
        "modalities": ("CT",),
        "series": (chest,),
    }
    return Study(uid="1.2", **{**known, **fields})


def test_what_a_study_says():
    prior = prior_of_study(_study(), source="PACS", namespace="https://a.example")
    assert prior.id == study_id("1.2", "https://a.example")
    assert (prior.kind, prior.source, prior.study_uid) == (ReportKind.IMAGING, "PACS", "1.2")
    assert prior.institution == Institution(id="USCC1", name="示例医院", division="510104")
    assert (prior.name, prior.performed, prior.report_number.value) == ("胸部CT平扫", DAY, "A1")
    assert (prior.item.code, prior.exam.body_part, prior.device_model) == ("cn-51-img-26", "chest", "SIM-64")
    assert prior.patient.name == "测试甲"
    assert prior.reported is None
    assert prior.report_mark_known is False


def test_the_same_study_has_one_id_wherever_it_comes_from():
    ids = {prior_of_study(Study(uid="1.2", where=where), source=where).id for where in ("PACS", "file", "other")}
    assert len(ids) == 1
    assert prior_of_study(Study(uid="1.2"), source="PACS", namespace="https://b.example").id not in ids


def test_images_prove_no_report():
    prior = prior_of_study(_study(), source="PACS")
    assert (prior.status.value, prior.report_status.value, prior.has_report) == ("unknown", "unknown", None)


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (ReportStatus.FINAL, "final"),
        (ReportStatus.PARTIAL, "preliminary"),
        (ReportStatus.APPENDED, "amended"),
        (ReportStatus.CANCELLED, "cancelled"),
    ],
)
def test_a_report_that_is_known_gives_its_status(report, status):
    prior = prior_of_study(_study(), source="PACS", report=report)
    assert (prior.status.value, prior.report_status, prior.has_report) == (status, report, True)


def test_a_report_among_the_objects_is_a_report_of_unknown_status():
    for kind, expected in ((InstanceKind.DOCUMENT, True), (InstanceKind.DOSE, None), (InstanceKind.KEY_OBJECT, None)):
        more = Series(uid="1.2.9", modality="SR", instances=(Instance(uid="1.2.9.1", kind=kind),))
        prior = prior_of_study(_study(series=(*_study().series, more)), source="PACS")
        assert (prior.has_report, prior.report_status.value) == (expected, "unknown")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"availability": "ONLINE"}, True),
        ({"availability": "NEARLINE"}, True),
        ({"availability": "OFFLINE"}, None),
        ({"availability": "UNAVAILABLE"}, False),
        ({"series": (), "stated_instances": 300}, True),
        ({"series": (), "stated_instances": 0}, None),
        ({"series": ()}, None),
        ({"series": (), "stated_instances": 1, "modalities": ("SR",)}, None),
        ({"series": (Series(uid="1.2.1", modality="CT", stated_instances=3),)}, True),
        ({"series": (Series(uid="1", instances=(Instance(uid="2", kind=InstanceKind.PRESENTATION),)),)}, False),
    ],
)
def test_whether_images_can_be_had(fields, expected):
    assert prior_of_study(_study(**fields), source="PACS").has_images is expected


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (CompletenessVerdict.COMPLETE, True),
        (CompletenessVerdict.COMPLETE_PER_ARCHIVE, None),
        (CompletenessVerdict.INCOMPLETE, False),
        (CompletenessVerdict.UNKNOWN, None),
    ],
)
def test_completeness(verdict, expected):
    study = _study(completeness=Completeness(verdict=verdict))
    assert prior_of_study(study, source="PACS").series_complete is expected


def test_what_was_read_already_is_not_read_again():
    exam, item = Exam(modality="CT", body_part="knee"), Code(code="x")
    prior = prior_of_study(_study(exam=exam, item=item), source="PACS")
    assert (prior.exam, prior.item) == (exam, item)


def test_the_sender_s_profile_knows_the_institution_better():
    known = Institution(id="USCC9", name="示例医院", tier=3)
    sender = ImagingSender(id="x", title="x", source="x", institution=known)
    assert prior_of_study(_study(), source="PACS", sender=sender).institution is known


def test_a_study_that_says_nothing_is_still_a_prior():
    prior = prior_of_study(Study(uid="1.2"), source="PACS")
    assert (prior.institution.id, prior.name, prior.item, prior.patient.identifiers) == ("PACS", "检查", None, ())
