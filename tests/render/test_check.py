"""Every fault of a checker matrix is refused, in both releases, with words that say what is wrong."""

from __future__ import annotations

import copy
import json

import pytest

from fhir_hr.issues import IssueCode, Severity
from fhir_hr.render import Release, encode, render
from fhir_hr.render.check import check_bundle, check_bytes


def _observation(bundle):
    return next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation")


def _set(**values):
    return lambda o: o.update(values)


def _quantity(**values):
    return lambda o: o["valueQuantity"].update(values)


def _component(observation):
    observation["component"] = [{"code": copy.deepcopy(observation["code"]), "valueString": "x"}]


MATRIX = {
    "status finalx": (_set(status="finalx"), "'finalx' is not one of: amended, "),
    "status missing": (lambda o: o.pop("status"), "'status' is required"),
    "code missing": (lambda o: o.pop("code"), "'code' is required"),
    "list given as object": (_set(category={"text": "x"}), "must be a list, not an object"),
    "object given as list": (_set(subject=[{"reference": "Patient/1"}]), "must be an object, not a list"),
    "two values": (_set(valueString="x"), "more than one value[x]: valueQuantity, valueString"),
    "two effectives": (_set(effectivePeriod={"start": "2026"}), "more than one effective[x]: "),
    "unknown element": (_set(colour="red"), "unknown element 'colour'"),
    "no such month": (_set(effectiveDateTime="2026-13-40"), "is not a dateTime: a date that exists"),
    "no such day": (_set(effectiveDateTime="2026-02-31"), "is not a dateTime: a date that exists"),
    "no leap year": (_set(effectiveDateTime="2026-02-29"), "is not a dateTime: a date that exists"),
    "no such instant": (_set(issued="2026-02-30T00:00:00Z"), "is not an instant: a date that exists"),
    "no zone": (_set(effectiveDateTime="2026-02-01T08:00:00"), "and a zone with every time of day"),
    "no seconds": (_set(effectiveDateTime="2026-02-01T08:00+08:00"), "is not a dateTime"),
    "decimal as text": (_quantity(value="4.30"), "must be a number, not text"),
    "comparator": (_quantity(comparator="~"), "'~' is not one of: "),
    "uri with space": (_quantity(system="http://x y"), "is not a uri"),
    "broken OID": (_quantity(system="urn:oid:1.2.x"), "is not a uri"),
    "id": (_set(id="x y/z"), "is not a id"),
    "empty text": (_set(language=""), "is empty"),
    "blank text": (lambda o: o["code"].update(text="  "), "is empty"),
    "control character": (lambda o: o["code"].update(text="a\x01"), "holds a control character"),
    "empty list": (_set(category=[]), "is an empty list"),
    "empty object": (_set(method={}), "is an empty object"),
    "null": (_set(method=None), "null is not allowed"),
    "null in a list": (_set(note=[None]), "null is not allowed"),
    "no reference": (_set(subject={"reference": "???"}), "is not a reference"),
    "reference to nothing": (
        _set(subject={"reference": "urn:uuid:00000000-0000-5000-8000-000000000000"}),
        "refers to nothing in this Bundle",
    ),
    "relative reference to nothing": (
        _set(subject={"reference": "Patient/none"}),
        "refers to nothing in this Bundle",
    ),
    "fragment to nothing": (_set(subject={"reference": "#p"}), "refers to nothing contained"),
    "wrong target": (
        lambda o: o.update(subject=copy.deepcopy(o["performer"][0])),
        "may not refer to PractitionerRole; allowed: ",
    ),
    "wrong target by name": (_set(subject={"reference": "https://x.example/Appointment/1"}), "Appointment; allowed"),
    "obs-6": (_set(dataAbsentReason={"text": "x"}), "must not stand beside a value (obs-6)"),
    "obs-7": (_component, "repeats the code of an Observation that has a value (obs-7)"),
    "range says nothing": (
        _set(referenceRange=[{"age": {"low": {"value": 1}}}]),
        "'low' or 'high' or 'text' is required",
    ),
    "period": (
        lambda o: (
            o.pop("effectiveDateTime"),
            o.update(effectivePeriod={"start": "2026-02-02", "end": "2026-02-01"}),
        ),
        "ends before it begins (per-1)",
    ),
    "code without system": (lambda o: o["valueQuantity"].pop("system"), "'system' is required"),
    "foreign unit code": (_quantity(system="urn:x"), "a unit code must be UCUM"),
    "extension says nothing": (_set(extension=[{"url": "http://x.example"}]), "(ext-1)"),
    "extension with two values": (
        _set(extension=[{"url": "http://x.example", "valueString": "x", "valueCode": "y"}]),
        "more than one value[x]: valueCode, valueString",
    ),
    "extension without url": (_set(extension=[{"valueString": "x"}]), "'url' is required"),
    "unknown profile of ours": (
        _set(meta={"profile": ["https://fhir-hr.example/fhir/StructureDefinition/none"]}),
        "unknown profile 'none'",
    ),
    "profile of another type": (
        _set(meta={"profile": ["https://fhir-hr.example/fhir/StructureDefinition/recognised-patient"]}),
        "is for Patient",
    ),
    "no laboratory category": (_set(category=[{"text": "x"}]), "needs the category 'laboratory'"),
    "no subject": (lambda o: o.pop("subject"), "a recognised result needs a subject"),
    "no value, no reason": (lambda o: o.pop("valueQuantity"), "(hr-obs-1)"),
    "no resource type": (_set(resourceType="Observatoin"), "is no resource type of this release"),
    "list of texts": (_set(note="x"), "must be a list, not text"),
}


@pytest.fixture(params=list(Release))
def bundle(request, message):
    return request.param, render(message, release=request.param).bundle()


def test_what_we_write_passes(bundle):
    release, value = bundle
    assert check_bundle(value, release=release) == []


@pytest.mark.parametrize("name", MATRIX)
def test_matrix(bundle, name):
    release, value = bundle
    change, words = MATRIX[name]
    change(_observation(value))
    issues = check_bundle(value, release=release)
    assert [i for i in issues if words in i.message], [str(i) for i in issues]
    assert {i.severity for i in issues} == {Severity.ERROR}
    assert all("resource" in i.where for i in issues)


def test_elements_of_the_other_release_are_unknown(message):
    value = render(message, release=Release.R5).bundle()
    words = {i.message for i in check_bundle(value, release=Release.R4)}
    assert "'concept' is required" not in words
    assert {"unknown element 'concept'", "unknown element 'actualPeriod'"} <= words


FLAG_FAULTS = {
    "label": (lambda parts: [p for p in parts if p["url"] != "label"], "exactly one 'label'"),
    "basis": (lambda parts: [p for p in parts if p["url"] != "basis"], "exactly one 'basis'"),
    "scope": (lambda parts: [p for p in parts if p["url"] != "scope"], "needs a 'scope'"),
    "list": (lambda parts: [p for p in parts if p["url"] != "list"], "(hr-flag-2)"),
    "twice": (lambda parts: parts + [p for p in parts if p["url"] == "label"], "exactly one 'label'"),
    "unknown": (lambda parts: [*parts, {"url": "colour", "valueCode": "x"}], "unknown parts of a recognition"),
}


def _flag(observation):
    return next(e for e in observation["extension"] if e["url"].endswith("recognition-flag"))


@pytest.mark.parametrize("name", FLAG_FAULTS)
def test_flag_faults(bundle, name):
    release, value = bundle
    change, words = FLAG_FAULTS[name]
    flag = _flag(_observation(value))
    flag["extension"] = change(flag["extension"])
    issues = check_bundle(value, release=release)
    assert [i for i in issues if words in i.message and i.code is IssueCode.FHIR_PROFILE], issues


def test_flag_of_an_item_that_failed(bundle):
    release, value = bundle
    text = json.dumps(_flag(_observation(value)), default=str).replace('"passed"', '"failed"')
    _flag(_observation(value)).update(json.loads(text))
    assert "no recognition flag may stand here (hr-flag-1)" in "".join(
        i.message for i in check_bundle(value, release=release)
    )


def test_flag_twice_and_in_the_wrong_place(bundle):
    release, value = bundle
    observation = _observation(value)
    flag = _flag(observation)
    observation["extension"].append(flag)
    value["entry"][0]["resource"]["extension"] = [flag]
    words = [i.message for i in check_bundle(value, release=release)]
    assert "more than one recognition flag" in words
    assert "a recognition flag may not stand on Patient" in words


BUNDLE_FAULTS = {
    "fullUrl twice": (lambda b: b["entry"][1].update(fullUrl=b["entry"][0]["fullUrl"]), "(bdl-7)"),
    "request": (lambda b: b["entry"][0].update(request={"method": "PUT", "url": "x"}), "(bdl-3)"),
    "transaction": (lambda b: b.update(type="transaction"), "an entry of a transaction needs a request"),
    "document": (lambda b: b.update(type="document"), "(bdl-11)"),
    "document identifier": (lambda b: b.update(type="document"), "(bdl-9)"),
    "type": (lambda b: b.update(type="heap"), "'heap' is not one of"),
    "timestamp": (lambda b: b.update(timestamp="2026-01-01"), "is not an instant"),
    "entry": (lambda b: b.update(entry=[]), "is an empty list"),
    "resource": (lambda b: b["entry"].append({"fullUrl": "urn:x:1"}), "(bdl-5)"),
    "same id": (
        lambda b: b["entry"].append({"resource": b["entry"][0]["resource"]}),
        "the same Patient id stands twice",
    ),
}


@pytest.mark.parametrize("name", BUNDLE_FAULTS)
def test_bundle_faults(bundle, name):
    release, value = bundle
    change, words = BUNDLE_FAULTS[name]
    change(value)
    assert words in "".join(i.message for i in check_bundle(value, release=release))


BYTES_FAULTS = {
    b'{"a":1,"a":2}': "the key 'a' stands twice",
    b'{"a":NaN}': "NaN is not a JSON number",
    b'{"a":Infinity}': "Infinity is not a JSON number",
    b"[1]": "not a JSON object",
    b"\xff": "not UTF-8 at byte 0",
    b"{": "not JSON at line 1",
    b'{"a":' * 100 + b"1" + b"}" * 100: "nested deeper than 64 levels",
    b'{"a":' + b"[" * 100_000: "nested deeper than 64 levels",
    b"": "not JSON",
    b'{"x":"' + b"a" * 2000 + b'"}': "are more than the limit",
}


@pytest.mark.parametrize("data", BYTES_FAULTS)
def test_bytes(data):
    (issue,) = check_bytes(data, release=Release.R4, max_bytes=1000 if len(data) > 1000 and b"aaa" in data else 10**6)
    assert issue.code is IssueCode.FHIR_JSON
    assert BYTES_FAULTS[data] in issue.message


def test_brackets_inside_text_are_not_depth():
    body = encode({"resourceType": "Patient", "name": [{"text": "[" * 500 + '\\"{'}]})
    assert check_bytes(body, release=Release.R4) == []


def test_relative_references_resolve_by_url_or_id():
    patient = {"resourceType": "Patient", "id": "p"}
    report = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/p"},
    }
    bundle = {"resourceType": "Bundle", "type": "collection"}
    for base in ("https://a.example/fhir/", ""):
        bundle["entry"] = [
            {"resource": one} | ({"fullUrl": f"{base}{one['resourceType']}/{one['id']}"} if base else {})
            for one in (patient, report)
        ]
        assert check_bundle(bundle, release=Release.R4) == []


def test_an_open_bundle_may_refer_outside():
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {
                "fullUrl": "https://a.example/Observation/o",
                "resource": {
                    "resourceType": "Observation",
                    "id": "o",
                    "status": "final",
                    "code": {"text": "x"},
                    "subject": {"reference": "Patient/elsewhere"},
                },
            }
        ],
    }
    (issue,) = check_bundle(bundle, release=Release.R4)
    assert issue.severity is Severity.WARNING
    assert issue.message == "refers to nothing in this Bundle"


def test_a_type_that_is_not_checked_says_so():
    (issue,) = check_bundle({"resourceType": "Medication"}, release=Release.R5)
    assert str(issue) == "warning fhir-invalid at Medication: Medication is not among the types that are checked"


def test_issues_quote_no_value():
    person = {"resourceType": "Patient", "birthDate": "1949-02-31", "name": [{"text": "\x01甲"}], "active": "乙"}
    text = " ".join(str(i) for i in check_bundle(person, release=Release.R4))
    assert "birthDate" in text
    assert not {"甲", "乙", "1949"} & set(text.split())
    assert "甲" not in text
    assert "1949" not in text


def test_contained_resources_are_checked():
    bundle = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "#p"},
        "contained": [{"resourceType": "Patient", "id": "p", "gender": "x"}],
    }
    (issue,) = check_bundle(bundle, release=Release.R4)
    assert issue.where == "Observation.contained[0].gender"


def test_null_may_hold_the_place_of_an_extension():
    name = {"given": [None, "b"], "_given": [{"extension": [{"url": "http://x.example", "valueCode": "x"}]}, None]}
    assert check_bundle({"resourceType": "Patient", "name": [name]}, release=Release.R4) == []
    name["_given"] = [None, None]
    issues = check_bundle({"resourceType": "Patient", "name": [name]}, release=Release.R4)
    assert {i.message for i in issues} == {"null is not allowed"}
