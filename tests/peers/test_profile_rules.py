"""Each rule of the profiles, broken once: the official validator must say so, in both releases."""

import copy
import json
from pathlib import Path

import pytest

PROFILES = Path(__file__).resolve().parents[2] / "profiles" / "fhir"
FLAG = "https://fhir-hr.example/fhir/StructureDefinition/recognition-flag"
BASE = "https://fhir-hr.example/fhir"

pytestmark = pytest.mark.peer

WBC = "Observation-example-result-wbc"
REPORT = "DiagnosticReport-example-lab-report"
IMAGING = "DiagnosticReport-example-imaging-report"
PATIENT = "Patient-example-patient"
STUDY = "ImagingStudy-example-imaging-study"
PARTIAL = "ImagingStudy-example-imaging-study-ct"
WADO = "Endpoint-example-wado"
SPECIMEN = "Specimen-example-specimen-blood"


def flag(resource):
    return next(e for e in resource["extension"] if e["url"] == FLAG)


def sub(resource, *names):
    """Return the sub-extension of the flag by its path of names."""
    at = flag(resource)
    for name in names:
        at = next(e for e in at["extension"] if e["url"] == name)
    return at


def drop(resource, *names):
    parent = sub(resource, *names[:-1])
    parent["extension"] = [e for e in parent["extension"] if e["url"] != names[-1]]


def twice(resource, name):
    flag(resource)["extension"].append(copy.deepcopy(sub(resource, name)))


def add_flag_to(resource):
    resource.setdefault("extension", []).append(
        {
            "url": FLAG,
            "extension": [
                {
                    "url": "scope",
                    "valueCoding": {"system": f"{BASE}/CodeSystem/recognition-scope", "code": "cn-51"},
                },
                {"url": "label", "valueString": "川内HR"},
                {"url": "basis", "valueCode": "issued"},
            ],
        }
    )


def own(resource, name):
    """Return the extension of ours with this id."""
    return next(e for e in resource["extension"] if e["url"] == f"{BASE}/StructureDefinition/{name}")


def part(resource, name):
    """Return a part of the completeness of a study."""
    return next(e for e in own(resource, "study-completeness")["extension"] if e["url"] == name)


def without(resource, name):
    found = own(resource, "study-completeness")
    found["extension"] = [e for e in found["extension"] if e["url"] != name]


def evidence(resource, name):
    return next(e for e in part(resource, "evidence")["extension"] if e["url"] == name)


def uid_of(resource):
    return next(i for i in resource["identifier"] if i.get("system") == "urn:dicom:uid")


def change(target, **values):
    target.update(values)


# name: (example, how it is broken, words of the message)
BROKEN = {
    "flag without scope": (
        WBC,
        lambda r: drop(r, "scope"),
        "Slice 'Extension.extension:scope': a matching slice is required",
    ),
    "flag without label": (
        WBC,
        lambda r: drop(r, "label"),
        "Slice 'Extension.extension:label': a matching slice is required",
    ),
    "flag without basis": (
        WBC,
        lambda r: drop(r, "basis"),
        "Slice 'Extension.extension:basis': a matching slice is required",
    ),
    "two labels": (
        WBC,
        lambda r: twice(r, "label"),
        "Extension.extension:label: max allowed = 1, but found 2",
    ),
    "two flags": (WBC, add_flag_to, "Observation.extension:recognition: max allowed = 1, but found 2"),
    "mark that is not registered": (
        WBC,
        lambda r: change(sub(r, "mark")["valueCoding"], code="chuanwai-hr", display="川外HR"),
        "chuanwai-hr",
    ),
    "scope that the code system lacks": (
        WBC,
        lambda r: change(sub(r, "scope")["valueCoding"], code="cn-99"),
        "cn-99",
    ),
    "basis that is no code of the set": (
        WBC,
        lambda r: change(sub(r, "basis"), valueCode="guessed"),
        "guessed",
    ),
    "scope as text": (
        WBC,
        lambda r: (sub(r, "scope").pop("valueCoding"), change(sub(r, "scope"), valueString="四川省")),
        "allows for the type Coding but found type string",
    ),
    "sub-extension that is not defined": (
        WBC,
        lambda r: flag(r)["extension"].append({"url": "remark", "valueString": "x"}),
        "remark",
    ),
    "authority that is a person": (
        WBC,
        lambda r: change(sub(r, "authority")["valueReference"], reference="Practitioner/1"),
        "Practitioner",
    ),
    "date that does not exist": (
        WBC,
        lambda r: change(sub(r, "validUntil"), valueDate="2026-02-30"),
        "2026-02-30",
    ),
    "evidence without result": (
        WBC,
        lambda r: drop(r, "evidence", "result"),
        "Slice 'Extension.extension:evidence.extension:result': a matching slice is required",
    ),
    "evidence of an unknown type": (
        WBC,
        lambda r: change(sub(r, "evidence", "type"), valueCode="hearsay"),
        "hearsay",
    ),
    "flag though EQA failed": (
        WBC,
        lambda r: change(sub(r, "evidence", "result"), valueCode="failed"),
        "hr-flag-1",
    ),
    "item without its list": (WBC, lambda r: drop(r, "list"), "hr-flag-2"),
    "flag on a patient": (PATIENT, add_flag_to, "recognition-flag is not allowed to be used at this point"),
    "sex code on the patient itself": (
        PATIENT,
        lambda r: change(r, extension=[{"url": f"{BASE}/StructureDefinition/source-sex", "valueString": "1"}]),
        "source-sex is not allowed to be used at this point",
    ),
    "scale that is no code of the set": (
        WBC,
        lambda r: change(next(e for e in r["extension"] if e["url"].endswith("result-scale")), valueCode="ordinal"),
        "ordinal",
    ),
    "result without category": (
        WBC,
        lambda r: r.pop("category"),
        "Observation.category: minimum required = 1",
    ),
    "result of another category": (
        WBC,
        lambda r: change(r["category"][0]["coding"][0], code="imaging"),
        "Slice 'Observation.category:laboratory': a matching slice is required",
    ),
    "result without subject": (WBC, lambda r: r.pop("subject"), "Observation.subject: minimum required = 1"),
    "final result without value": (WBC, lambda r: r.pop("valueQuantity"), "hr-obs-1"),
    "unit code of another system": (
        WBC,
        lambda r: change(r["valueQuantity"], system="https://hospital-a.example/units"),
        "hr-obs-2",
    ),
    "range unit of another system": (
        WBC,
        lambda r: change(r["referenceRange"][0]["high"], system="https://hospital-a.example/units"),
        "hr-obs-2",
    ),
    "unit that UCUM lacks": (WBC, lambda r: change(r["valueQuantity"], code="x10*9/L"), "x10*9/L"),
    "report that is not of the laboratory": (
        REPORT,
        lambda r: change(r["category"][0]["coding"][0], code="RAD"),
        "Slice 'DiagnosticReport.category:laboratory': a matching slice is required",
    ),
    "report without subject": (
        REPORT,
        lambda r: r.pop("subject"),
        "DiagnosticReport.subject: minimum required = 1",
    ),
    "report without code": (REPORT, lambda r: r.pop("code"), "DiagnosticReport.code: minimum required = 1"),
    "report whose result is a patient": (
        REPORT,
        lambda r: change(r["result"][0], reference="Patient/example-patient"),
        "Patient",
    ),
    "imaging report without category": (
        IMAGING,
        lambda r: r.pop("category"),
        "DiagnosticReport.category: minimum required = 1",
    ),
    "identifier without value": (
        PATIENT,
        lambda r: r["identifier"][0].pop("value"),
        "Patient.identifier.value: minimum required = 1",
    ),
    "study without its UID": (
        STUDY,
        lambda r: change(uid_of(r), system="https://hospital-a.example/study"),
        "Slice 'ImagingStudy.identifier:studyInstanceUid': a matching slice is required",
    ),
    "study with two UIDs": (
        STUDY,
        lambda r: r["identifier"].append({"system": "urn:dicom:uid", "value": "urn:oid:1.2.3.4.5"}),
        "ImagingStudy.identifier:studyInstanceUid: max allowed = 1, but found 2",
    ),
    "study UID without urn:oid": (STUDY, lambda r: change(uid_of(r), value="1.2.3.4.5"), "hr-study-1"),
    "study whose UID is a word": (STUDY, lambda r: change(uid_of(r), value="urn:oid:studie"), "hr-study-1"),
    "study UID without value": (
        STUDY,
        lambda r: uid_of(r).pop("value"),
        "ImagingStudy.identifier:studyInstanceUid.value: minimum required = 1",
    ),
    "accession number without value": (
        STUDY,
        lambda r: r["identifier"].append({"type": r["basedOn"][0]["identifier"]["type"], "use": "usual"}),
        "ImagingStudy.identifier:accession.value: minimum required = 1",
    ),
    "study without subject": (STUDY, lambda r: r.pop("subject"), "ImagingStudy.subject: minimum required = 1"),
    "study of a device": (STUDY, lambda r: change(r["subject"], reference="Device/1"), "Device"),
    "study with two verdicts": (
        STUDY,
        lambda r: own(r, "study-completeness")["extension"].append({"url": "verdict", "valueCode": "unknown"}),
        "Extension.extension:verdict: max allowed = 1, but found 2",
    ),
    "completeness without verdict": (
        STUDY,
        lambda r: without(r, "verdict"),
        "Slice 'Extension.extension:verdict': a matching slice is required",
    ),
    "completeness twice": (
        STUDY,
        lambda r: r["extension"].append(copy.deepcopy(own(r, "study-completeness"))),
        "ImagingStudy.extension:completeness: max allowed = 1, but found 2",
    ),
    "verdict that is no code of the set": (
        STUDY,
        lambda r: change(part(r, "verdict"), valueCode="nearly"),
        "nearly",
    ),
    "ground that is no code of the set": (
        STUDY,
        lambda r: change(evidence(r, "ground"), valueCode="feeling"),
        "feeling",
    ),
    "evidence of completeness without ground": (
        STUDY,
        lambda r: change(part(r, "evidence"), extension=[{"url": "holds", "valueBoolean": True}]),
        "Slice 'Extension.extension:evidence.extension:ground': a matching slice is required",
    ),
    "complete though something is missing": (
        PARTIAL,
        lambda r: change(part(r, "verdict"), valueCode="complete"),
        "hr-complete-1",
    ),
    "complete though evidence speaks against it": (
        STUDY,
        lambda r: change(evidence(r, "holds"), valueBoolean=False),
        "hr-complete-1",
    ),
    "missing and not counted": (PARTIAL, lambda r: without(r, "missingCount"), "hr-complete-2"),
    "more missing than counted": (
        PARTIAL,
        lambda r: change(part(r, "missingCount"), valueUnsignedInt=0),
        "hr-complete-2",
    ),
    "missing by a bare number": (
        PARTIAL,
        lambda r: change(part(r, "missing"), valueOid="1.2.3"),
        "OIDs must start with urn:oid:",
    ),
    "completeness on a series": (
        STUDY,
        lambda r: r["series"][0]["extension"].append(own(r, "study-completeness")),
        "study-completeness is not allowed to be used at this point",
    ),
    "image count on a report": (
        IMAGING,
        lambda r: change(r, extension=[{"url": f"{BASE}/StructureDefinition/image-count", "valueUnsignedInt": 1}]),
        "image-count is not allowed to be used at this point",
    ),
    "negative image count": (
        STUDY,
        lambda r: change(own(r, "image-count"), valueUnsignedInt=-1),
        "less than permitted minimum value of 0",
    ),
    "frame count of nothing": (
        PARTIAL,
        lambda r: change(r["series"][0]["instance"][0]["extension"][0], valuePositiveInt=0),
        "less than permitted minimum value of 1",
    ),
    "frame count on the study": (
        STUDY,
        lambda r: r["extension"].append({"url": f"{BASE}/StructureDefinition/frame-count", "valuePositiveInt": 1}),
        "frame-count is not allowed to be used at this point",
    ),
    "candidate as text": (
        PARTIAL,
        lambda r: (
            own(r, "item-candidate").pop("valueCoding"),
            change(own(r, "item-candidate"), valueString="cn-51-img-24"),
        ),
        "allows for the types [Coding] but found type string",
    ),
    "view that is a code": (
        STUDY,
        lambda r: change(
            own(r["series"][0], "series-acquisition"),
            extension=[{"url": "view", "valueCode": "PA"}],
        ),
        "allows for the type string but found type code",
    ),
    "two protocols": (
        STUDY,
        lambda r: own(r["series"][0], "series-acquisition")["extension"].append(
            {"url": "protocol", "valueString": "x"}
        ),
        "Extension.extension:protocol: max allowed = 1, but found 2",
    ),
    "acquisition on the study": (
        STUDY,
        lambda r: r["extension"].append(own(r["series"][0], "series-acquisition")),
        "series-acquisition is not allowed to be used at this point",
    ),
    "images over a file path": (WADO, lambda r: change(r, address="file:///images"), "hr-endpoint-1"),
    "specimen of a device": (SPECIMEN, lambda r: change(r["subject"], reference="Device/1"), "Device"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_an_error(official_validator, release, name):
    example, breaking, words = BROKEN[name]
    resource = json.loads((PROFILES / release.lower() / "examples" / f"{example}.json").read_text("utf-8"))
    breaking(resource)
    errors = official_validator.errors(json.dumps(resource, ensure_ascii=False).encode())
    assert any(words in error for error in errors), errors


# name: (example, how it is changed); all of these are what real senders give.
ACCEPTED = {
    "preliminary result without value": (
        WBC,
        lambda r: (r.pop("valueQuantity"), r.pop("extension"), change(r, status="preliminary")),
    ),
    "cancelled result without value": (
        WBC,
        lambda r: (r.pop("valueQuantity"), r.pop("extension"), change(r, status="cancelled")),
    ),
    "unit as text only": (
        WBC,
        lambda r: change(r, valueQuantity={"value": 4.31, "unit": "10^9/L"}),
    ),
    "value as text": (WBC, lambda r: (r.pop("valueQuantity"), change(r, valueString="见备注"))),
    "result without method, specimen and range": (
        WBC,
        lambda r: (r.pop("method"), r.pop("specimen"), r.pop("referenceRange")),
    ),
    "flag whose label is not registered": (
        WBC,
        lambda r: (drop(r, "mark"), change(sub(r, "label"), valueString="某市HR")),
    ),
    "scope of another authority": (
        WBC,
        lambda r: change(sub(r, "scope"), valueCoding={"system": "https://authority.example/scope", "code": "x"}),
    ),
    "internal control failed is for the rules": (
        WBC,
        lambda r: (
            change(sub(r, "evidence", "type"), valueCode="iqc"),
            change(sub(r, "evidence", "result"), valueCode="failed"),
        ),
    ),
    "study of unknown time without instances": (
        STUDY,
        lambda r: (r.pop("started"), [s.pop("instance") for s in r["series"]], own(r, "image-count")),
    ),
    "study without series": (STUDY, lambda r: (r.pop("series"), r.pop("endpoint"))),
    "study of nobody known": (
        STUDY,
        lambda r: change(
            r,
            subject={
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                        "valueCode": "unknown",
                    }
                ],
                "display": "未知",
            },
        ),
    ),
    "study UID with leading zeros, which devices give": (
        STUDY,
        lambda r: change(uid_of(r), value="urn:oid:1.2.840.0113.045.7"),
    ),
    "more missing than are listed": (
        PARTIAL,
        lambda r: change(part(r, "missingCount"), valueUnsignedInt=4000),
    ),
    "verdict alone": (STUDY, lambda r: without(r, "evidence")),
    "evidence that does not tell": (
        PARTIAL,
        lambda r: change(part(r, "evidence"), extension=[{"url": "ground", "valueCode": "geometry"}]),
    ),
    "endpoint of a protocol of its own": (
        WADO,
        lambda r: (
            r["connectionType"].update(code="dicom-wado-uri", display="DICOM WADO-URI")
            if isinstance(r["connectionType"], dict)
            else r["connectionType"][0]["coding"][0].update(code="dicom-wado-uri", display="DICOM WADO-URI")
        ),
    ),
    "report without results": (REPORT, lambda r: (r.pop("result"), r.pop("specimen"))),
    "patient without name and birth date": (PATIENT, lambda r: (r.pop("name"), r.pop("birthDate"))),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_real_senders_give_is_accepted(official_validator, release, name):
    example, changing = ACCEPTED[name]
    resource = json.loads((PROFILES / release.lower() / "examples" / f"{example}.json").read_text("utf-8"))
    changing(resource)
    assert official_validator.errors(json.dumps(resource, ensure_ascii=False).encode()) == []
