"""The rules of our imaging profiles and extensions, each broken once, in both releases."""

from __future__ import annotations

import copy

import pytest
from studies import CASES

from fhir_hr.issues import Severity
from fhir_hr.render import Release, render
from fhir_hr.render.check import check_bundle

BASE = "https://fhir-hr.example/fhir/StructureDefinition/"


@pytest.fixture(params=list(Release))
def release(request):
    return request.param


def of_kind(bundle, kind):
    return next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind)


def own(resource, name):
    return next(one for one in resource["extension"] if one["url"] == BASE + name)


def part(resource, name):
    return next(one for one in own(resource, "study-completeness")["extension"] if one["url"] == name)


def evidence(resource, name):
    return next(one for one in part(resource, "evidence")["extension"] if one["url"] == name)


def without(resource, name):
    found = own(resource, "study-completeness")
    found["extension"] = [one for one in found["extension"] if one["url"] != name]


def more(resource, **values):
    own(resource, "study-completeness")["extension"].append(values)


def doubled(resource, name):
    resource["extension"].append(copy.deepcopy(own(resource, name)))


def uid_of(resource):
    return next(one for one in resource["identifier"] if one.get("system") == "urn:dicom:uid")


def nameless_accession(study):
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
    study["identifier"].append({"type": kind, "use": "usual"})


def frames(study):
    study["series"][0]["instance"][0]["extension"] = [{"url": f"{BASE}frame-count", "valueUnsignedInt": 3}]


def acquisition(study):
    """What is stated of how the first series was made; the series itself is the owner here."""
    return own(study["series"][0], "series-acquisition")["extension"]


# dr_both_sides is incomplete, with one image missing by name. name: (how it is broken, words)
STUDY_FAULTS = {
    "no UID": (lambda s: uid_of(s).update(system="urn:x:y"), "exactly one identifier of the system urn:dicom:uid"),
    "two UIDs": (
        lambda s: s["identifier"].append(dict(uid_of(s))),
        "exactly one identifier of the system urn:dicom:uid",
    ),
    "bare UID": (lambda s: uid_of(s).update(value="1.2.3"), "is not written as urn:oid: and the UID (hr-study-1)"),
    "no digits": (lambda s: uid_of(s).update(value="urn:oid:x"), "is not written as urn:oid: and the UID (hr-study-1)"),
    "no value of the UID": (lambda s: uid_of(s).pop("value"), "(hr-study-1)"),
    "accession without value": (nameless_accession, "an accession number needs a value"),
    "no subject": (lambda s: s.pop("subject"), "'subject' is required"),
    "completeness twice": (lambda s: doubled(s, "study-completeness"), "more than one study-completeness"),
    "image count twice": (lambda s: doubled(s, "image-count"), "more than one image-count"),
    "no verdict": (lambda s: without(s, "verdict"), "exactly one 'verdict' with valueCode"),
    "two verdicts": (lambda s: more(s, url="verdict", valueCode="unknown"), "exactly one 'verdict' with valueCode"),
    "strange verdict": (
        lambda s: part(s, "verdict").update(valueCode="nearly"),
        "verdict 'nearly' is not one of: complete, complete-per-archive, incomplete, unknown",
    ),
    "strange ground": (
        lambda s: evidence(s, "ground").update(valueCode="feeling"),
        "ground 'feeling' is not one of: performed-procedure-step, ",
    ),
    "strange part": (lambda s: more(s, url="colour", valueCode="red"), "unknown parts of study-completeness: colour"),
    "strange part of the evidence": (
        lambda s: part(s, "evidence")["extension"].append({"url": "colour", "valueCode": "red"}),
        "unknown parts of the evidence of study-completeness",
    ),
    "complete and missing": (lambda s: part(s, "verdict").update(valueCode="complete"), "(hr-complete-1)"),
    "complete per archive and missing": (
        lambda s: part(s, "verdict").update(valueCode="complete-per-archive"),
        "(hr-complete-1)",
    ),
    "missing and not counted": (lambda s: without(s, "missingCount"), "(hr-complete-2)"),
    "more missing than counted": (lambda s: part(s, "missingCount").update(valueUnsignedInt=0), "(hr-complete-2)"),
    "two counts": (
        lambda s: more(s, url="missingCount", valueUnsignedInt=1),
        "at most one 'missingCount' with valueUnsignedInt",
    ),
    "missing as text": (
        lambda s: part(s, "missing").update(valueString=part(s, "missing").pop("valueOid")),
        "'missing' needs a valueOid",
    ),
    "image count as text": (
        lambda s: own(s, "image-count").update(valueString=str(own(s, "image-count").pop("valueUnsignedInt"))),
        "image-count needs a valueUnsignedInt",
    ),
    "frame count of another type": (frames, "frame-count needs a valuePositiveInt"),
    "frame count on the study": (
        lambda s: s["extension"].append({"url": f"{BASE}frame-count", "valuePositiveInt": 1}),
        "frame-count may not stand on ImagingStudy",
    ),
    "candidate on a series": (
        lambda s: s["series"][0]["extension"].append(
            {"url": f"{BASE}item-candidate", "valueCoding": {"code": "cn-51-img-26"}}
        ),
        "item-candidate may not stand on ImagingStudy.series",
    ),
    "completeness on a series": (
        lambda s: s["series"][0]["extension"].append(own(s, "study-completeness")),
        "study-completeness may not stand on ImagingStudy.series",
    ),
    "strange part of the acquisition": (
        lambda s: acquisition(s).append({"url": "dose", "valueString": "1 mGy"}),
        "unknown parts of series-acquisition: dose",
    ),
    "two protocols": (
        lambda s: acquisition(s).extend({"url": "protocol", "valueString": one} for one in ("a", "b")),
        "series-acquisition has at most one 'protocol'",
    ),
    "view as code": (
        lambda s: acquisition(s)[0].update(valueCode=acquisition(s)[0].pop("valueString")),
        "'view' of series-acquisition needs a valueString",
    ),
    "contrast as text": (
        lambda s: acquisition(s).append({"url": "contrast", "valueString": "yes"}),
        "'contrast' of series-acquisition needs a valueBoolean",
    ),
    "acquisition on the study": (
        lambda s: s["extension"].append(own(s["series"][0], "series-acquisition")),
        "series-acquisition may not stand on ImagingStudy",
    ),
    "unknown extension of ours": (
        lambda s: s["extension"].append({"url": f"{BASE}image-quality", "valueCode": "good"}),
        "unknown extension of our own base",
    ),
}


@pytest.mark.parametrize("name", STUDY_FAULTS)
def test_study_faults(release, name):
    change, words = STUDY_FAULTS[name]
    bundle = render(CASES["dr_both_sides"], release=release).bundle()
    assert check_bundle(bundle, release=release) == []
    change(of_kind(bundle, "ImagingStudy"))
    issues = check_bundle(bundle, release=release)
    assert [i for i in issues if words in i.message], [str(i) for i in issues]
    assert {i.severity for i in issues} == {Severity.ERROR}
    assert all(".resource" in i.where for i in issues)


def test_evidence_that_speaks_against_a_complete_study(release):
    bundle = render(CASES["ct_report"], release=release).bundle()
    evidence(of_kind(bundle, "ImagingStudy"), "holds")["valueBoolean"] = False
    assert "(hr-complete-1)" in "".join(i.message for i in check_bundle(bundle, release=release))


@pytest.mark.parametrize("address", ["file:///images", "ftp://pacs.example", "https://pacs.example/a b"])
def test_images_are_had_over_http(release, address):
    bundle = render(CASES["ct_report"], release=release).bundle()
    of_kind(bundle, "Endpoint")["address"] = address
    found = [str(i) for i in check_bundle(bundle, release=release)]
    assert [one for one in found if "(hr-endpoint-1)" in one or "is not a ur" in one], found


def test_the_profile_is_for_studies(release):
    bundle = render(CASES["ct_report"], release=release).bundle()
    of_kind(bundle, "Patient")["meta"]["profile"] = [f"{BASE}recognised-imaging-study", f"{BASE}imaging-endpoint"]
    words = {i.message for i in check_bundle(bundle, release=release)}
    assert {
        "the profile recognised-imaging-study is for ImagingStudy",
        "the profile imaging-endpoint is for Endpoint",
    } <= words


ACCEPTED = {
    "verdict alone": lambda s: without(s, "evidence"),
    "evidence that does not tell": lambda s: part(s, "evidence").update(
        extension=[one for one in part(s, "evidence")["extension"] if one["url"] != "holds"]
    ),
    "more missing than listed": lambda s: part(s, "missingCount").update(valueUnsignedInt=9000),
    "missing without names": lambda s: without(s, "missing"),
    "leading zeros in a UID": lambda s: uid_of(s).update(value="urn:oid:1.2.840.0113.7"),
    "no series": lambda s: s.pop("series"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_real_senders_give_is_accepted(release, name):
    bundle = render(CASES["dr_both_sides"], release=release).bundle()
    ACCEPTED[name](of_kind(bundle, "ImagingStudy"))
    assert check_bundle(bundle, release=release) == []
