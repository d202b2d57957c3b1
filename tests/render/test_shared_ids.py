"""What a UID names has one id whoever sends it: studies, structured reports and what they measured."""

from __future__ import annotations

import json

import msgspec
import pytest
from studies import CASES, CT, REPORT, message

from fhir_hr.model.codes import Concept, Identifier
from fhir_hr.model.lab import Result, ResultDefinition, ResultStatus
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import Organization
from fhir_hr.model.values import Text
from fhir_hr.recognition.priors import priors_of
from fhir_hr.render import BundleKind, Release, render

replace = msgspec.structs.replace
ELSEWHERE = Organization(name="演示市第二医院", identifiers=(Identifier(value="H002", assigner="演示市卫健委"),))
SR_UID = "1.2.826.0.1.3680043.10.9999.8"
MEASURED = Result(
    key="1.2.826.0.1.3680043.10.9999.8.1",
    definition=ResultDefinition(code=Concept(text="结节长径")),
    value=Text(text="6 mm"),
    status=ResultStatus.FINAL,
    where="SR",
)
STRUCTURED = replace(REPORT, key=f"sr|{SR_UID}", request=None, results=(MEASURED,))


def from_elsewhere(one):
    return replace(one, sender=ELSEWHERE)


def test_a_structured_report_has_one_id_whoever_sends_it():
    one = message(CT, reports=(STRUCTURED,))
    here, there = render(one), render(from_elsewhere(one))
    assert here.report_ids == there.report_ids
    assert here.result_ids == there.result_ids
    assert here.study_ids == there.study_ids
    other = render(one, namespace="https://region.example")
    assert not {*here.report_ids.values()} & {*other.report_ids.values()}
    assert not {*here.result_ids.values()} & {*other.result_ids.values()}
    assert not {*here.study_ids.values()} & {*other.study_ids.values()}


@pytest.mark.parametrize("key", ["FILL|CT1", "sr||ACC1", f"sr|{SR_UID}|ACC1", "sr|x", "sr|1.2 ", f"sr|1.{'2' * 70}"])
def test_a_report_without_a_uid_is_its_senders(key):
    one = message(CT, reports=(replace(STRUCTURED, key=key),))
    here, there = render(one), render(from_elsewhere(one))
    assert not {*here.report_ids.values()} & {*there.report_ids.values()}
    assert not {*here.result_ids.values()} & {*there.result_ids.values()}


@pytest.mark.parametrize("key", [f"sr|{SR_UID}", "FILL|CT1"])
def test_priors_have_the_ids_of_the_resources(key):
    one = message(CT, reports=(replace(STRUCTURED, key=key),))
    rendered = render(one)
    (prior,) = [each for each in priors_of(one) if each.study_uid == CT.uid]
    assert prior.report_id == rendered.report_ids[key]


def test_a_transaction_finds_the_same_report_again():
    one = message(CT, reports=(STRUCTURED,))
    found = []
    for each in (one, from_elsewhere(one)):
        bundle = render(each, kind=BundleKind.TRANSACTION).bundle()
        found.append(
            {
                entry["request"]["url"]
                for entry in bundle["entry"]
                if entry["resource"]["resourceType"] in ("DiagnosticReport", "ImagingStudy", "Endpoint", "Observation")
            }
        )
    assert found[0] == found[1]
    # Report, study, its measurement, and two ways to a viewer beside the archive.
    assert len(found[0]) == 6


@pytest.mark.parametrize("release", list(Release))
def test_provenance_names_the_study(release):
    bundle = render(CASES["us_no_time"], release=release).bundle()
    (source,) = [e["resource"]["entity"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Provenance"]
    uid = CASES["us_no_time"].studies[0].uid
    assert source[0]["what"]["identifier"] == {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}


@pytest.mark.parametrize(
    ("number", "expected"),
    [("9.9", {"identifier": {"value": "9.9"}}), (" ", {"display": "unknown"}), ("", {"display": "unknown"})],
)
def test_provenance_claims_no_uid_that_is_none(number, expected):
    origin = MessageOrigin(system="x", format="dicom", message_id=number, sha256="")
    body = json.loads(render(replace(CASES["us_no_time"], origin=origin)).body)
    (made,) = [e["resource"] for e in body["entry"] if e["resource"]["resourceType"] == "Provenance"]
    assert made["entity"][0]["what"] == expected
