"""Imaging studies as FHIR: what is counted, what is named, and that instances are written as the full check wants."""

from __future__ import annotations

import json
from itertools import product

import msgspec
import pytest
from studies import CASES, CT, CT_IMAGE, DERIVED, DR, FLAG, HOSPITAL, REPORT, UID, US, WADO, images, message

from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
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
from fhir_hr.model.people import HumanName, Organization, Patient
from fhir_hr.render import BundleKind, Release, encode, render
from fhir_hr.render.check import check_bytes, check_resource
from fhir_hr.render.ids import study_id
from fhir_hr.render.series import FRAMES, faults, write_instances

replace = msgspec.structs.replace


def resources(rendered, kind):
    return [each["resource"] for each in rendered.bundle()["entry"] if each["resource"]["resourceType"] == kind]


def study_of(study, release=Release.R4, **options):
    (found,) = resources(render(message(study, **options), release=release), "ImagingStudy")
    return found


def extension(element, name):
    return [one for one in element.get("extension", ()) if one["url"].endswith(f"/{name}")]


# -- every case -------------------------------------------------------------------------------------------


WRITABLE = [
    (name, release, kind)
    for name, release, kind in product(CASES, Release, BundleKind)
    if kind is not BundleKind.DOCUMENT or CASES[name].reports  # a document needs a report
]


@pytest.mark.parametrize(("name", "release", "kind"), WRITABLE)
def test_every_case_passes_the_full_check(name, release, kind):
    rendered = render(CASES[name], release=release, kind=kind)
    assert [str(each) for each in rendered.issues] == []
    # What was checked by example while it was written is now walked instance by instance.
    assert [str(each) for each in check_bytes(rendered.body, release=release)] == []


def test_ids_come_from_the_study_alone():
    here, elsewhere = message(CT), replace(message(CT), sender=Organization(name="另一医院"))
    first, second = render(here), render(elsewhere)
    assert first.study_ids == second.study_ids == {CT.uid: study_id(CT.uid)}
    assert [one["id"] for one in resources(first, "Endpoint")] == [one["id"] for one in resources(second, "Endpoint")]
    assert render(message(US)).study_ids[US.uid] != first.study_ids[CT.uid]
    assert render(here, namespace="other").study_ids != first.study_ids
    assert study_of(CT)["id"] == study_id(CT.uid)


# -- the study --------------------------------------------------------------------------------------------


def test_identifiers_of_a_study():
    uid, accession, number, own = study_of(CT)["identifier"]
    assert uid == {"system": "urn:dicom:uid", "value": f"urn:oid:{CT.uid}"}
    assert accession["type"]["coding"][0]["code"] == "ACSN"
    assert (accession["value"], accession["assigner"]) == ("CT20260601001", {"display": "演示市第一医院"})
    assert (number["type"], number["value"]) == ({"text": "StudyID"}, "S1")
    assert own["value"] == f"urn:uuid:{study_id(CT.uid)}"


@pytest.mark.parametrize("uid", ["1.2", "1.2.840.007.1", "2.25.139812345678901234567890123456789"])
def test_every_uid_that_devices_write_is_found_by_it(uid):
    rendered = render(message(replace(US, uid=uid)))
    (study,) = resources(rendered, "ImagingStudy")
    assert study["identifier"][0]["value"] == f"urn:oid:{uid}"
    assert "meta" in study
    assert rendered.issues == ()


def test_a_uid_that_is_none_stands_as_it_was_sent_and_claims_no_profile():
    rendered = render(message(replace(US, uid="not a uid")))
    (study,) = resources(rendered, "ImagingStudy")
    assert study["identifier"][0] == {"type": {"text": "Study Instance UID"}, "value": "not a uid"}
    assert "meta" not in study
    assert [(each.code, each.message) for each in rendered.issues] == [
        (IssueCode.UID_INVALID, "the Study Instance UID is no OID; it stands as it was sent")
    ]


def test_times_keep_their_precision():
    assert study_of(DR)["started"] == "2026-06-01"
    assert "started" not in study_of(US)
    (counted,) = resources(render(CASES["archive_counts"]), "ImagingStudy")
    assert counted["started"] == "2026-06-01T09:15:00+08:00"
    assert counted["_started"]["extension"][0]["valueString"] == "0915"


def test_all_objects_are_counted_and_images_beside():
    study = study_of(DERIVED)
    assert (study["numberOfSeries"], study["numberOfInstances"]) == (4, 5)
    assert extension(study, "image-count")[0]["valueUnsignedInt"] == 2
    each = [(one["modality"]["code"], extension(one, "image-count")[0]["valueUnsignedInt"]) for one in study["series"]]
    assert each == [("CT", 2), ("PR", 0), ("KO", 0), ("SR", 0)]
    assert [one["instance"][0].get("title") for one in study["series"]] == [None, None, "Manifest", "影像报告"]


COUNTS = {
    "the archive has more than was read": ((2,), (9,), 9, 9),
    "never fewer than are listed": ((2,), (1,), 1, 2),
    "nothing was asked of the series": ((0,), (None,), None, None),
    "series tell their counts": ((0, 0), (3, 4), None, 7),
    "one series is not counted": ((2, 0), (None, None), None, None),
    "the study is counted though a series is not": ((2, 0), (None, None), 12, 12),
    "a count that is none": ((2,), (-1,), -5, 2),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    listed, stated, of_study, expected = COUNTS[name]
    series = tuple(
        Series(uid=f"{UID}.7.{at}", modality="CT", instances=images(number, study=7, series=at), stated_instances=said)
        for at, (number, said) in enumerate(zip(listed, stated, strict=True), 1)
    )
    study = study_of(Study(uid=f"{UID}.7", series=series, stated_instances=of_study))
    assert study.get("numberOfInstances") == expected
    # Without all instances the images of the study cannot be counted.
    assert bool(extension(study, "image-count")) == all(listed)


def test_status_says_what_is_there():
    empty = Study(uid=f"{UID}.8", stated_series=0, stated_instances=0)
    assert study_of(empty)["status"] == "registered"
    gone = study_of(replace(CT, availability="UNAVAILABLE"))
    assert (gone["status"], gone["_status"]["extension"][0]["valueString"]) == ("unknown", "UNAVAILABLE")
    near = study_of(replace(CT, availability="NEARLINE"))
    assert (near["status"], near["_status"]["extension"][0]["valueString"]) == ("available", "NEARLINE")
    assert "_status" not in study_of(replace(CT, availability="ONLINE"))


def test_a_modality_that_dicom_does_not_know_has_no_system():
    assert study_of(DR)["modality"] == [
        {"display": "DR"},
        {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "DX", "display": "Digital Radiography"},
    ]
    assert study_of(DR, Release.R5)["modality"][0] == {"text": "DR"}
    assert study_of(DR)["series"][2]["modality"]["extension"][0]["valueCode"] == "unknown"


def test_sides_by_the_value_set_of_each_release():
    four = [one["laterality"]["code"] for one in study_of(DR)["series"]]
    five = [one["laterality"]["coding"][0]["code"] for one in study_of(DR, Release.R5)["series"]]
    assert (four, five) == (["51440002", "419161000", "419465000"], ["51440002", "7771000", "24028007"])


def test_a_side_that_was_not_understood_stands_as_words():
    series = replace(DR.series[0], side=None, side_source="U")
    assert study_of(replace(DR, series=(series,)))["series"][0]["laterality"] == {"display": "U"}


def test_body_site_keeps_code_and_words():
    (series,) = study_of(CT)["series"]
    assert series["bodySite"]["code"] == "51185008"
    assert series["bodySite"]["extension"][0]["valueString"] == "CHEST"
    (series,) = study_of(CT, Release.R5)["series"]
    assert series["bodySite"]["concept"]["text"] == "CHEST"


def test_who_and_what_made_a_series():
    rendered = render(message(CT))
    kinds = {each["fullUrl"]: each["resource"] for each in rendered.bundle()["entry"]}
    (study,) = resources(rendered, "ImagingStudy")
    made = [
        (one["function"]["coding"][0]["code"], kinds[one["actor"]["reference"]]["resourceType"])
        for one in study["series"][0]["performer"]
    ]
    assert made == [("PRF", "Practitioner"), ("LOC", "Organization"), ("DEV", "Device")]
    (device,) = resources(rendered, "Device")
    assert (device["manufacturer"], device["modelNumber"]) == ("演示厂商", "CT-64")
    assert study["location"]["display"] == "演示市第一医院 放射科"


def test_readers_are_kept_in_both_releases():
    assert len(study_of(CT)["interpreter"]) == 2
    five = study_of(CT, Release.R5)
    assert five["note"] == [{"text": "阅片医师：阅片医师乙、审核医师丙"}]
    assert "interpreter" not in five


# -- the item -----------------------------------------------------------------------------------------------


def test_a_certain_item_stands_beside_the_local_code():
    (procedure,) = study_of(CT)["procedureCode"]
    assert [one.get("system") for one in procedure["coding"]] == [None, EXAM_ITEM_SYSTEM]
    assert study_of(CT, Release.R5)["procedure"] == [{"concept": procedure}]
    twice = replace(CT, procedures=(Concept(codings=(CT.item,)),))
    assert len(study_of(twice)["procedureCode"][0]["coding"]) == 1


def test_of_several_procedures_none_is_said_to_be_the_item():
    several = replace(CT, procedures=(Concept(text="胸部CT"), Concept(text="腹部CT")))
    assert [len(one.get("coding", ())) for one in study_of(several)["procedureCode"]] == [0, 0, 1]


def test_candidates_are_no_codes_of_the_procedure():
    study = study_of(US)
    assert [one["valueCoding"]["code"] for one in extension(study, "item-candidate")] == [
        "cn-51-img-24",
        "cn-51-img-35",
    ]
    assert "procedureCode" not in study
    certain = replace(US, item=Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-24"))
    assert extension(study_of(certain), "item-candidate") == []


def test_the_mark_follows_the_rules_of_reports():
    assert extension(study_of(CT), "recognition-flag")
    failed = Evidence(type=EvidenceType.EQA, result=EvidenceResult.FAILED, institution="X")
    rendered = render(message(replace(CT, flag=replace(FLAG, evidence=(failed,)))))
    (study,) = resources(rendered, "ImagingStudy")
    assert extension(study, "recognition-flag") == []
    assert [(each.code, each.severity) for each in rendered.issues] == [(IssueCode.MARK_FORBIDDEN, Severity.ERROR)]


def test_completeness_with_its_evidence():
    (found,) = extension(study_of(DR), "study-completeness")
    parts = {one["url"]: one for one in found["extension"]}
    assert parts["verdict"]["valueCode"] == "incomplete"
    assert parts["missingCount"]["valueUnsignedInt"] == 1
    assert parts["missing"]["valueOid"] == f"urn:oid:{UID}.3.1.9"
    evidence = {one["url"]: one for one in parts["evidence"]["extension"]}
    assert (evidence["ground"]["valueCode"], evidence["holds"]["valueBoolean"]) == ("manifest", False)
    assert extension(study_of(US), "study-completeness") == []


def test_of_many_missing_all_are_counted_and_a_hundred_named():
    missing = (*(f"{UID}.9.{number}" for number in range(1, 251)), "no uid")
    evidence = CompletenessEvidence(ground=CompletenessGround.MANIFEST, holds=False, text="缺 251", missing=missing)
    verdict = Completeness(verdict=CompletenessVerdict.INCOMPLETE, evidence=(evidence,))
    rendered = render(message(replace(US, completeness=verdict)))
    assert rendered.issues == ()
    (found,) = extension(resources(rendered, "ImagingStudy")[0], "study-completeness")
    assert [one["valueUnsignedInt"] for one in found["extension"] if one["url"] == "missingCount"] == [251]
    assert sum(one["url"] == "missing" for one in found["extension"]) == 100


# -- endpoints ----------------------------------------------------------------------------------------------


def test_one_endpoint_for_each_address():
    rendered = render(CASES["two_studies"])
    (endpoint,) = resources(rendered, "Endpoint")
    assert endpoint["connectionType"]["code"] == "dicom-wado-rs"
    for study in resources(rendered, "ImagingStudy"):
        assert study["endpoint"] == [{"reference": f"urn:uuid:{endpoint['id']}"}]
        assert all(series["endpoint"] == study["endpoint"] for series in study["series"])


def test_a_viewer_is_no_place_to_fetch_from_and_promises_no_protocol():
    archive, viewer, invoked = resources(render(message(CT)), "Endpoint")
    assert archive["payloadMimeType"] == ["application/dicom"]
    assert viewer["connectionType"]["system"].endswith("/CodeSystem/image-connection")
    assert invoked["connectionType"]["code"] == "ihe-iid"
    (series,) = study_of(CT)["series"]
    assert series["endpoint"] == [{"reference": f"urn:uuid:{archive['id']}"}]
    five = resources(render(message(CT), release=Release.R5), "Endpoint")
    assert [one["connectionType"][0]["coding"][0]["code"] for one in five] == [
        "dicom-wado-rs",
        "image-viewer",
        "image-viewer",
    ]
    assert five[0]["payload"][0]["mimeType"] == ["application/dicom"]


def test_an_address_that_is_none_is_told():
    bad = Access(kind=AccessKind.WADO_RS, address="pacs here")
    rendered = render(message(replace(US, access=(bad,))))
    assert resources(rendered, "Endpoint") == []
    assert [each.message for each in rendered.issues] == [
        "the address of the images is no http address; it was left out"
    ]


# -- with reports, patients, documents ------------------------------------------------------------------------


@pytest.mark.parametrize("release", list(Release))
def test_report_study_and_order_refer_to_each_other(release):
    rendered = render(CASES["ct_report"], release=release)
    (report,), (study,) = resources(rendered, "DiagnosticReport"), resources(rendered, "ImagingStudy")
    (order,) = resources(rendered, "ServiceRequest")
    name = "imagingStudy" if release is Release.R4 else "study"
    assert report[name] == [{"reference": f"urn:uuid:{study['id']}"}]
    assert study["basedOn"] == [{"reference": f"urn:uuid:{order['id']}"}]
    targets = {one["reference"] for one in resources(rendered, "Provenance")[0]["target"]}
    assert targets == {f"urn:uuid:{report['id']}", f"urn:uuid:{study['id']}"}


def test_without_an_order_the_accession_number_names_it():
    (based,) = study_of(CT)["basedOn"]
    assert (based["type"], based["identifier"]["value"]) == ("ServiceRequest", "CT20260601001")


def test_a_report_of_a_study_that_is_elsewhere_names_it():
    rendered = render(message(US, reports=(REPORT,)))
    (report,) = resources(rendered, "DiagnosticReport")
    assert report["imagingStudy"][0]["identifier"]["value"] == f"urn:oid:{CT.uid}"


def test_a_document_leads_to_the_images():
    rendered = render(CASES["ct_report"], kind=BundleKind.DOCUMENT)
    (composition,) = resources(rendered, "Composition")
    assert composition["section"][-1] == {
        "title": "检查影像",
        "entry": [{"reference": f"urn:uuid:{study_id(CT.uid)}"}],
    }


def test_a_transaction_updates_by_our_own_number():
    bundle = render(message(CT), kind=BundleKind.TRANSACTION).bundle()
    found = {each["resource"]["resourceType"]: each["request"]["url"] for each in bundle["entry"]}
    assert found["ImagingStudy"] == f"ImagingStudy?identifier=urn:ietf:rfc:3986|urn:uuid:{study_id(CT.uid)}"
    assert "Endpoint?identifier=" in found["Endpoint"]


def test_nobodys_study_says_so():
    study = study_of(replace(US, patient=None), patient=None)
    assert study["subject"]["extension"][0]["valueCode"] == "unknown"
    assert "meta" not in study


def test_the_patient_that_all_studies_name_is_theirs():
    rendered = render(message(CT, replace(US, patient=CT.patient), patient=None))
    (patient,) = resources(rendered, "Patient")
    assert all(
        one["subject"] == {"reference": f"urn:uuid:{patient['id']}"} for one in resources(rendered, "ImagingStudy")
    )


def test_studies_of_two_people_are_nobodys():
    other = replace(US, patient=Patient(names=(HumanName(text="另一人"),)))
    rendered = render(message(CT, other, patient=None))
    assert resources(rendered, "Patient") == []
    assert [(each.code, each.severity) for each in rendered.issues] == [(IssueCode.STUDY_CONFLICT, Severity.ERROR)]
    assert "另一人" not in str(rendered.issues)


def test_two_studies_of_one_uid():
    rendered = render(message(CT, replace(CT, description="again")))
    assert len(resources(rendered, "ImagingStudy")) == 1
    assert [each.severity for each in rendered.issues] == [Severity.ERROR]


# -- instances, quickly and with every check --------------------------------------------------------------------


def naive(instances, release):
    """The study with these instances, put as they are, and what the full check finds among them."""
    members = []
    for one in instances:
        member = {"uid": one.uid, "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{one.sop_class}"}}
        if one.frames is not None:
            member["extension"] = [{"url": FRAMES, "valuePositiveInt": one.frames}]
        if one.number is not None:
            member["number"] = one.number
        if one.title is not None:
            member["title"] = one.title.shown
        members.append(member)
    modality = {"display": "DR"} if release is Release.R4 else {"text": "DR"}
    series = {"uid": "1.2.3", "modality": modality, "instance": members}
    study = {"resourceType": "ImagingStudy", "status": "available", "subject": {"display": "-"}, "series": [series]}
    found = check_resource(study, release=release)
    return {(each.where.removeprefix("ImagingStudy.series[0]."), each.message) for each in found}


def quick(instances):
    written = write_instances(instances)
    return {(f"instance[{at}].{fault.element}", fault.words) for at, found in written.odd for fault in found}


GOOD = Instance(uid="1.2.3.4", sop_class=CT_IMAGE, kind=InstanceKind.IMAGE, number=1, frames=2)
HOSTILE = {
    "uid with a blank": {"uid": "1.2 3"},
    "uid too long": {"uid": "1" * 65},
    "uid empty": {"uid": ""},
    "uid blank": {"uid": " "},
    "uid with a quote": {"uid": '1"},{"uid":"2'},
    "uid with a line feed at its end": {"uid": "1.2.3\n"},
    "uid in other digits": {"uid": "１.２.３"},
    "number negative": {"number": -1},
    "number too large": {"number": 2**31},
    "frames none": {"frames": 0},
    "frames negative": {"frames": -3},
    "title blank": {"title": Concept(text="  ")},
    "title with a control character": {"title": Concept(text="a\x00b")},
    "class with a blank": {"sop_class": "1.2  3"},
    "all at once": {"uid": "?", "number": -1, "frames": 0, "title": Concept(text=" ")},
    "nothing": {},
}


@pytest.mark.parametrize("release", list(Release))
@pytest.mark.parametrize("name", HOSTILE)
def test_the_quick_way_finds_what_the_full_check_finds(name, release):
    bad = replace(GOOD, **HOSTILE[name])
    instances = (GOOD, bad, GOOD, bad)
    found = {(place, _plain(words)) for place, words in naive(instances, release)}
    assert {(place, _plain(words)) for place, words in quick(instances)} == found
    assert bool(found) == (name != "nothing")
    # And what is written passes.
    study = replace(US, series=(replace(US.series[0], instances=instances),))
    rendered = render(message(study), release=release)
    assert [str(each) for each in check_bytes(rendered.body, release=release)] == []
    (written,) = resources(rendered, "ImagingStudy")
    assert len(written["series"][0]["instance"]) == 4
    assert len(rendered.issues) == 2 * len(tuple(faults(bad)))


def _plain(words):
    # A pattern may be told as empty, or by the type of the value; the element is what counts there.
    return "is not a id" if words in ("is empty", "is not a id") else words


def test_what_fhir_cannot_hold_is_kept_as_text():
    bad = replace(GOOD, uid="1.2 3", number=-1)
    (member,) = json.loads(encode(write_instances([bad]).body))
    assert [one.get("valueString") for one in member["_uid"]["extension"]] == [None, "1.2 3"]
    assert member["_number"]["extension"][0]["valueString"] == "-1"


def test_a_series_with_a_bad_uid_or_number_is_kept_and_told():
    series = replace(US.series[0], uid="no uid", number=-4)
    rendered = render(message(replace(US, series=(series,))))
    assert [(each.where, each.message) for each in rendered.issues] == [
        ("ImagingStudy.series[0].uid", "is not a id"),
        ("ImagingStudy.series[0].number", "is out of range"),
    ]
    assert check_bytes(rendered.body, release=Release.R4) == []


def test_quick_and_plain_instances_are_the_same_bytes():
    many = [
        replace(GOOD, uid=f"1.2.{at}", number=number, frames=frames, sop_class=sop_class)
        for at, (number, frames, sop_class) in enumerate(product((None, 0, 7), (None, 30), (CT_IMAGE, None, "odd one")))
    ]
    # With one instance alone, the example is that instance, put member by member.
    one_by_one = [write_instances([each]).examples[0] for each in many]
    assert encode(write_instances(many).body) == encode(one_by_one)
    # Every form is among the examples, which are checked in full.
    examples = write_instances(many).examples
    assert {_form(each) for each in examples} == {_form(each) for each in one_by_one}
    assert len(examples) < len(many)


def test_a_number_of_another_type_breaks_no_json():
    (member,) = json.loads(encode(write_instances([replace(GOOD, number=True)]).body))
    assert "number" not in member


def _form(member):
    return json.dumps([sorted(member), member["sopClass"]], sort_keys=True)


def test_hospital_of_the_fixtures_is_the_sender():
    assert message(CT).sender is HOSPITAL
    assert WADO.organization is HOSPITAL
