"""Any study that the model can hold becomes a valid Bundle, and the same one every time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from studies import HOSPITAL, PATIENT, REPORT, message

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Side
from fhir_hr.model.imaging import (
    Access,
    AccessKind,
    Completeness,
    CompletenessEvidence,
    CompletenessGround,
    CompletenessVerdict,
    Instance,
    InstanceKind,
    Series,
    Study,
)
from fhir_hr.model.people import Device, HumanName, Organization, Performer, Practitioner
from fhir_hr.model.when import Precision, When
from fhir_hr.render import BundleKind, Release, Renderer, render
from fhir_hr.render.check import check_bytes
from fhir_hr.render.typed import typed

words = st.text(max_size=8)
maybe = st.none() | words
uids = st.sampled_from(["1.2.840.1", "2.25.7", "1.2", "1.2.03", "1.2 3", "", "9.9.9", "1" * 70, '"', "１.２"]) | words
numbers = st.none() | st.integers(-5, 5) | st.sampled_from([2**31 - 1, 2**31, -(2**70), 2**70])
codes = st.builds(
    Code, code=words, system=st.none() | st.sampled_from(["http://snomed.info/sct", "99LOCAL"]), display=maybe
)
concepts = st.builds(Concept, codings=st.lists(codes, max_size=2).map(tuple), text=maybe)
organisations = st.just(HOSPITAL) | st.builds(Organization, name=maybe)
performers = st.builds(
    Performer,
    practitioner=st.none() | st.builds(Practitioner, name=st.none() | st.builds(HumanName, text=words), source=maybe),
    organization=st.none() | organisations,
)
several = st.lists(performers, max_size=2).map(tuple)
whens = st.sampled_from(
    [
        None,
        When(iso="2026", precision=Precision.YEAR),
        When(iso="2026-05-02", precision=Precision.DAY, source="20260502"),
        When(iso="2026-05-02T09:15:00+08:00", precision=Precision.MINUTE, source="0915"),
        When(iso="2026-05-02T09:15:07.120+08:00", precision=Precision.SECOND),
    ]
)
instances = st.builds(
    Instance,
    uid=uids,
    sop_class=st.none() | uids,
    kind=st.sampled_from(list(InstanceKind)),
    number=numbers,
    frames=numbers,
    title=st.none() | concepts,
)
series = st.builds(
    Series,
    uid=uids,
    modality=st.none() | st.sampled_from(["CT", "DX", "DR", " "]) | words,
    number=numbers,
    description=maybe,
    protocol=maybe,
    body_part=st.none() | concepts,
    side=st.none() | st.sampled_from(list(Side)),
    side_source=maybe,
    views=st.lists(words, max_size=2).map(tuple),
    patient_position=maybe,
    contrast=st.none() | st.booleans(),
    contrast_agent=maybe,
    started=whens,
    procedure=maybe,
    performers=several,
    device=st.none() | st.builds(Device, name=maybe, manufacturer=maybe, model=maybe),
    station=maybe,
    instances=st.lists(instances, max_size=4).map(tuple),
    stated_instances=numbers,
)
evidence = st.builds(
    CompletenessEvidence,
    ground=st.sampled_from(list(CompletenessGround)),
    holds=st.none() | st.just(True),
    text=words,
)
against = st.builds(
    CompletenessEvidence,
    ground=st.sampled_from(list(CompletenessGround)),
    holds=st.just(False),
    text=words,
    missing=st.lists(uids, max_size=3).map(tuple),
)
completeness = st.builds(
    Completeness,
    verdict=st.sampled_from(list(CompletenessVerdict)),
    evidence=st.lists(evidence, max_size=2).map(tuple),
) | st.builds(
    Completeness,
    verdict=st.just(CompletenessVerdict.INCOMPLETE),
    evidence=st.lists(evidence | against, min_size=1, max_size=2).map(tuple),
)
accesses = st.builds(
    Access,
    kind=st.sampled_from(list(AccessKind)),
    address=st.sampled_from(["https://pacs.example/wado", "http://v.example/?s=1", "ftp://x", "https://a b"]) | words,
    name=maybe,
    organization=st.none() | organisations,
)
studies = st.builds(
    Study,
    uid=uids,
    where=st.just("study/"),
    institution=st.none() | organisations,
    department=maybe,
    started=whens,
    accession=st.none() | st.builds(Identifier, value=words, assigner=maybe, system=st.none() | words),
    study_id=maybe,
    description=maybe,
    procedures=st.lists(concepts, max_size=2).map(tuple),
    referrer=st.none() | performers,
    readers=several,
    modalities=st.lists(st.sampled_from(["CT", "DR", "PR", ""]) | words, max_size=2).map(tuple),
    series=st.lists(series, max_size=2).map(tuple),
    stated_series=numbers,
    stated_instances=numbers,
    availability=st.none() | st.sampled_from(["ONLINE", "OFFLINE", "UNAVAILABLE"]) | words,
    access=st.lists(accesses, max_size=2).map(tuple),
    completeness=completeness,
    item=st.none() | codes,
    item_candidates=st.lists(codes, max_size=2).map(tuple),
)
messages = st.builds(
    lambda found, patient, reported: message(
        *found, patient=PATIENT if patient else None, reports=(REPORT,) if reported else ()
    ),
    st.lists(studies, min_size=1, max_size=2),
    st.booleans(),
    st.booleans(),
)
slow = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.mark.parametrize("release", list(Release))
@pytest.mark.parametrize("kind", [BundleKind.COLLECTION, BundleKind.TRANSACTION])
@slow
@given(message=messages)
def test_any_study_becomes_a_valid_bundle(release, kind, message):
    rendered = render(message, release=release, kind=kind)
    assert [str(i) for i in rendered.issues if i.code in ("fhir-invalid", "fhir-profile", "fhir-reference")] == []
    assert [str(i) for i in check_bytes(rendered.body, release=release)] == []


@slow
@given(message=messages, release=st.sampled_from(list(Release)))
def test_remembering_changes_nothing(message, release):
    renderer = Renderer(release=release)
    first = render(message, release=release).body
    assert [renderer.render(message).body for _ in range(3)] == [first] * 3


@settings(slow, max_examples=15)
@given(message=messages, release=st.sampled_from(list(Release)))
def test_the_typed_view_agrees(message, release):
    typed(render(message, release=release).body, release=release)


@slow
@given(message=messages)
def test_every_instance_is_there(message):
    rendered = render(message)
    found = {
        entry["resource"]["id"]: entry["resource"]
        for entry in rendered.bundle()["entry"]
        if entry["resource"]["resourceType"] == "ImagingStudy"
    }
    for study in {one.uid: one for one in reversed(message.studies)}.values():
        resource = found[rendered.study_ids[study.uid]]
        written = [len(one.get("instance", ())) for one in resource.get("series", ())]
        assert written == [len(one.instances) for one in study.series]
