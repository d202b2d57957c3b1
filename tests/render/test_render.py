"""What a message becomes, in both releases and all kinds of Bundle."""

from __future__ import annotations

import json
import re
import uuid
from base64 import b64decode
from decimal import Decimal

import msgspec
import pytest

from fhir_hr.errors import UsageError
from fhir_hr.issues import IssueCode
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.flags import EvidenceResult
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.lab import ReportStatus
from fhir_hr.model.people import HumanName
from fhir_hr.model.values import Quantity, Text, ValueRange
from fhir_hr.model.when import Period, Precision, When
from fhir_hr.render import BundleKind, Release, Renderer, encode, render
from fhir_hr.render.check import check_bytes
from fhir_hr.render.ids import IdMaker
from fhir_hr.render.typed import typed

replace = msgspec.structs.replace
SOURCE_TEXT = "https://fhir-hr.example/fhir/StructureDefinition/source-text"


@pytest.fixture(params=list(Release))
def release(request):
    return request.param


@pytest.fixture(params=["message", "odd_message", "bare_message"])
def any_message(request):
    return request.getfixturevalue(request.param)


def resources(rendered, kind):
    return [e["resource"] for e in rendered.bundle()["entry"] if e["resource"]["resourceType"] == kind]


def one(rendered, kind):
    (found,) = resources(rendered, kind)
    return found


def by_code(rendered, code):
    for resource in resources(rendered, "Observation"):
        if any(c.get("code") == code for c in resource["code"].get("coding", ())):
            return resource
    raise AssertionError(code)


def with_first(message, **changes):
    """The message with its first result changed and the others left out."""
    report = message.reports[0]
    result = replace(report.results[0], **changes)
    return replace(message, reports=(replace(report, results=(result,)),))


# -- validity --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(BundleKind))
def test_everything_written_passes_the_checks(any_message, release, kind):
    timestamp = "2026-05-02T10:00:00+08:00"
    rendered = render(any_message, release=release, kind=kind, timestamp=timestamp)
    assert [i for i in rendered.issues if i.code.startswith("fhir")] == []
    assert check_bytes(rendered.body, release=release) == []


@pytest.mark.parametrize("kind", [BundleKind.COLLECTION, BundleKind.DOCUMENT])
def test_the_typed_view_accepts_it(any_message, release, kind):
    rendered = render(any_message, release=release, kind=kind, timestamp="2026-05-02T10:00:00+08:00")
    bundle = typed(rendered.body, release=release)
    assert len(bundle.entry) == len(rendered.bundle()["entry"])
    assert bundle.entry[0].resource.get_resource_type() == rendered.bundle()["entry"][0]["resource"]["resourceType"]


# -- ids and determinism ---------------------------------------------------------------------------


def test_the_same_message_gives_the_same_bytes(any_message, release):
    renderer = Renderer(release=release)
    first = render(any_message, release=release).body
    # The second and third time the renderer splices from what it remembers.
    assert [renderer.render(any_message).body for _ in range(4)] == [first] * 4


def test_splicing_is_used_and_changes_nothing_between_patients(message, release):
    renderer = Renderer(release=release)
    for number in range(5):
        patient = replace(message.patient, identifiers=(Identifier(value=f"{number}", assigner="演示市第一医院"),))
        other = with_first(
            replace(message, patient=patient),
            value=Quantity(value=Decimal(f"{number}.50"), unit=message.reports[0].results[0].value.unit),
            identifiers=(),
        )
        assert renderer.render(other).body == render(other, release=release).body
    assert any(shape is not None for shape in renderer._shapes._shapes.values())


def test_ids_are_version_5_uuids_and_do_not_depend_on_values_or_dates(message):
    changed = with_first(
        message,
        value=Quantity(value=Decimal(99)),
        effective=When(iso="2030-01-01", precision=Precision.DAY),
        interpretations=(),
    )
    changed = replace(
        changed,
        created=None,
        control_id="M9",
        patient=replace(message.patient, names=(HumanName(text="改名"),), birth=None, sex=None),
        reports=(replace(changed.reports[0], issued=None, status=ReportStatus.CORRECTED, conclusion=None),),
    )
    one_id, other_id = (render(m).report_ids for m in (message, changed))
    assert one_id == other_id
    key = ("FILL|R1|CBC", "WBC")
    assert render(message).result_ids[key] == render(changed).result_ids[key]
    assert one(render(message), "Patient")["id"] == one(render(changed), "Patient")["id"]
    for entry in render(message).bundle()["entry"]:
        assert uuid.UUID(entry["resource"]["id"]).version == 5
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"


def test_ids_differ_by_sender_and_namespace(message):
    sender = replace(message.sender, identifiers=(Identifier(value="other", system="urn:oid:1.2.156.1.1"),))
    ids = {
        render(message).report_ids["FILL|R1|CBC"],
        render(replace(message, sender=sender)).report_ids["FILL|R1|CBC"],
        render(message, namespace="county-7").report_ids["FILL|R1|CBC"],
    }
    assert len(ids) == 3


def test_ids_are_uuid5():
    maker = IdMaker(sender="H1")
    space = uuid.uuid5(uuid.NAMESPACE_URL, "https://fhir-hr.example/fhir")
    assert maker.make("Patient", "键") == str(uuid.uuid5(space, "Patient\x1fH1\x1f键"))
    assert maker.make_many("Patient", "a", ["b"]) == [maker.make("Patient", "ab")]


def test_a_patient_id_is_not_made_from_the_identity_card_when_there_is_another_number(message):
    card_first = replace(message.patient, identifiers=message.patient.identifiers[::-1])
    assert one(render(message), "Patient")["id"] == one(render(replace(message, patient=card_first)), "Patient")["id"]


# -- facts -----------------------------------------------------------------------------------------


def test_decimals_keep_their_digits(message, odd_message, release):
    body = render(message, release=release).body
    assert b'"value":4.30,' in body
    assert b'"value":9.50,' in body
    assert b'"value":1E+3' in render(odd_message, release=release).body
    assert by_code(render(message, release=release), "WBC")["valueQuantity"]["value"] == Decimal("4.30")


def test_ucum_only_where_it_is_known(message, release):
    rendered = render(message, release=release)
    assert by_code(rendered, "WBC")["valueQuantity"] == {
        "value": Decimal("4.30"),
        "unit": "10^9/L",
        "system": "http://unitsofmeasure.org",
        "code": "10*9/L",
    }
    assert by_code(rendered, "TSH")["valueQuantity"] == {
        "value": Decimal("0.005"),
        "comparator": "<",
        "unit": "μIU/mL",
    }


def test_observation_facts(message, release):
    rendered = render(message, release=release)
    white = by_code(rendered, "WBC")
    assert white["code"]["text"] == "白细胞计数"
    assert [c.get("system") for c in white["code"]["coding"]] == [
        None,
        "http://loinc.org",
        "https://fhir-hr.example/fhir/CodeSystem/recognised-item-cn-51-lab",
    ]
    assert [c["coding"][0]["code"] for c in white["category"]] == ["laboratory", "HM"]
    assert white["interpretation"][0]["text"] == "N"
    assert white["effectiveDateTime"] == "2026-05-02T08:10:00+08:00"
    assert white["issued"] == "2026-05-02T09:30:00+08:00"
    assert white["identifier"][0]["value"] == f"urn:uuid:{white['id']}"
    assert white["identifier"][1]["value"] == "I-1"
    assert white["referenceRange"][0]["text"] == "3.5-9.5"
    assert white["method"] == {"text": "电阻抗法"}
    surface = by_code(rendered, "HBsAg")
    assert surface["valueString"] == "阴性(-)"
    assert surface["status"] == "corrected"
    assert surface["note"] == [{"text": "复查  \n   \n已通知"}]
    # The report's time stands in for a result that has none of its own.
    assert surface["effectiveDateTime"] == "2026-05-02T08:00:00+08:00"
    assert by_code(rendered, "TSH")["_status"]["extension"] == [{"url": SOURCE_TEXT, "valueString": "B"}]


def test_patient_facts(message, release):
    patient = one(render(message, release=release), "Patient")
    assert [n["text"] for n in patient["name"]] == ["测试甲", "CE SHIJIA"]
    assert [n["extension"][0]["valueCode"] for n in patient["name"]] == ["IDE", "ABC"]
    assert patient["identifier"][0]["assigner"] == {"display": "演示市第一医院"}
    assert patient["identifier"][1]["system"] == NATIONAL_ID
    assert patient["_gender"]["extension"][0]["valueString"] == "1"
    assert patient["birthDate"] == "1949-12-31"


def test_report_facts(message, release):
    rendered = render(message, release=release)
    report = one(rendered, "DiagnosticReport")
    assert [c["coding"][0]["code"] for c in report["category"]] == ["HM", "LAB"]
    types = {i["value"]: i["type"]["coding"][0]["code"] for i in report["identifier"] if "type" in i}
    assert types == {"P1": "PLAC"}
    request = one(rendered, "ServiceRequest")
    assert [i["type"]["coding"][0]["code"] for i in request["identifier"][:2]] == ["PLAC", "FILL"]
    assert report["basedOn"] == [{"reference": f"urn:uuid:{request['id']}"}]
    assert [r["reference"][9:] for r in report["result"]] == list(rendered.result_ids.values())
    organisations = [o["name"] for o in resources(rendered, "Organization")]
    assert organisations == ["检验科", "演示市第一医院"]
    assert report["performer"][0]["reference"].endswith(resources(rendered, "Organization")[1]["id"])


def test_what_differs_by_release(message):
    old, new = (render(message, release=release) for release in Release)
    assert one(old, "ServiceRequest")["code"]["text"] == "血常规"
    assert one(new, "ServiceRequest")["code"]["concept"]["text"] == "血常规"
    assert one(old, "ServiceRequest")["reasonCode"] == [{"text": "发热"}]
    assert one(new, "ServiceRequest")["reason"] == [{"concept": {"text": "发热"}}]
    assert one(old, "Device")["deviceName"][0]["name"] == one(new, "Device")["name"][0]["value"] == "血球仪"
    assert one(old, "Encounter")["class"]["code"] == "AMB"
    assert one(new, "Encounter")["class"][0]["coding"][0]["code"] == "AMB"
    assert one(old, "Encounter")["period"] == one(new, "Encounter")["actualPeriod"]
    container = one(new, "Specimen")["contained"]
    assert [c["resourceType"] for c in container] == ["Device", "Substance"]
    assert one(old, "Specimen")["container"][0]["additiveCodeableConcept"]["text"] == "EDTA-K2"
    assert one(old, "Specimen")["collection"]["bodySite"] == {"text": "左肘静脉"}
    assert one(new, "Specimen")["collection"]["bodySite"] == {"concept": {"text": "左肘静脉"}}
    laboratory = [resources(r, "Organization")[0] for r in (old, new)]
    assert laboratory[0]["address"] == [laboratory[1]["contact"][0]["address"]]


def test_times_keep_their_precision(message, odd_message, release):
    encounter = one(render(message, release=release), "Encounter")
    span = encounter.get("period") or encounter["actualPeriod"]
    assert span["start"] == "2026-05-02T07:40:00+08:00"
    assert span["_start"]["extension"] == [{"url": SOURCE_TEXT, "valueString": "202605020740"}]
    rendered = render(odd_message, release=release)
    lab, imaging = resources(rendered, "DiagnosticReport")
    # A date is no instant: it stays as text of the empty element.
    assert "issued" not in lab
    assert lab["_issued"]["extension"] == [{"url": SOURCE_TEXT, "valueString": "20260502"}]
    assert imaging["effectiveDateTime"] == "2026"
    assert by_code(rendered, "when")["valueDateTime"] == "2026-05"


def test_values(odd_message, release):
    rendered = render(odd_message, release=release)
    value = {name: by_code(rendered, name) for name in ("range", "open", "titre", "absent", "blank", "arrow")}
    assert value["range"]["valueRange"]["low"] == {
        "value": 1,
        "unit": "mg/L",
        "system": "http://unitsofmeasure.org",
        "code": "mg/L",
    }
    assert value["range"]["valueRange"]["extension"] == [{"url": SOURCE_TEXT, "valueString": "1～5.0"}]
    assert value["open"]["valueRange"].keys() == {"extension", "low"}
    assert value["titre"]["valueRatio"]["numerator"] == {"value": 1, "comparator": ">="}
    assert value["absent"]["dataAbsentReason"]["text"] == "标本溶血"
    assert value["absent"]["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert value["blank"]["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert value["arrow"]["valueQuantity"]["extension"] == [{"url": SOURCE_TEXT, "valueString": "5.30↑"}]
    assert by_code(rendered, "series")["valueSampledData"]["data"] == "1 -2.5 3"
    assert by_code(rendered, "odd-series")["valueString"] == "1^x"
    repeats = by_code(rendered, "GERM")
    assert "valueString" not in repeats
    assert [c.get("valueString") for c in repeats["component"]] == ["大肠埃希菌", "粪肠球菌", None]


def test_attachments_are_in_the_report_where_a_result_cannot_hold_them(odd_message):
    old, new = (render(odd_message, release=release) for release in Release)
    assert by_code(old, "picture")["valueString"] == "直方图"
    assert by_code(new, "picture")["valueAttachment"] == {
        "contentType": "image/png",
        "data": "AAAA",
        "title": "直方图",
    }
    titles = [[a.get("title") for a in resources(r, "DiagnosticReport")[0]["presentedForm"]] for r in (old, new)]
    assert titles == [["报告单", "直方图", "pointer", "报告文字"], ["报告单"]]


def test_imaging_report(odd_message, release):
    report = resources(render(odd_message, release=release), "DiagnosticReport")[1]
    assert report["conclusion"] == "未见异常。"
    text = b64decode(report["presentedForm"][0]["data"]).decode()
    assert text == "检查所见：\n两肺纹理清晰。\n\n检查印象：\n未见异常。"
    study = report["imagingStudy" if release is Release.R4 else "study"][0]
    assert study["identifier"]["value"] == "urn:oid:1.2.826.0.1.3680043.10.1"
    assert report["category"][0]["coding"][0]["code"] == "IMG"
    assert [i["type"]["coding"][0]["code"] for i in report["identifier"] if "type" in i] == ["ACSN"]


def test_notes_of_a_report_are_kept(odd_message):
    old, new = (resources(render(odd_message, release=r), "DiagnosticReport")[0] for r in Release)
    assert b64decode(old["presentedForm"][-1]["data"]).decode().endswith("备注：\n标本量少")
    assert new["note"] == [{"text": "标本量少"}]


def test_microbiology_points_to_its_parent(odd_message, release):
    rendered = render(odd_message, release=release)
    (child,) = (o for o in resources(rendered, "Observation") if o["code"].get("text") == "氨苄西林")
    assert child["derivedFrom"] == [{"reference": f"urn:uuid:{by_code(rendered, 'GERM')['id']}"}]
    assert by_code(rendered, "range")["derivedFrom"] == [{"type": "Observation", "display": "血培养 [1]"}]
    assert child["note"][0]["authorReference"]["reference"].startswith("urn:uuid:")


def test_a_message_without_patient(bare_message, release):
    rendered = render(bare_message, release=release)
    assert resources(rendered, "Patient") == []
    subject = one(rendered, "ServiceRequest")["subject"]
    assert subject["extension"][0]["valueCode"] == "unknown"
    assert "profile" not in json.dumps([o.get("meta") for o in resources(rendered, "Observation")])


def test_provenance(message, release):
    rendered = render(message, release=release)
    provenance = one(rendered, "Provenance")
    assert provenance["target"] == [{"reference": f"urn:uuid:{rendered.report_ids['FILL|R1|CBC']}"}]
    assert provenance["entity"][0]["what"]["identifier"]["value"] == "ab" * 32
    assert provenance["recorded"] == "2026-05-02T09:31:00+08:00"


# -- what must not be written ----------------------------------------------------------------------


def test_no_flag_for_an_item_that_failed(message, flag, release):
    failed = replace(flag, evidence=(replace(flag.evidence[0], result=EvidenceResult.FAILED),))
    rendered = render(with_first(message, flag=failed), release=release)
    assert "室间质评不合格" in rendered.issues[0].message
    assert rendered.issues[0].code is IssueCode.MARK_FORBIDDEN
    assert "recognition-flag" not in json.dumps(resources(rendered, "Observation"), default=str)
    # The report's own flag stands: it says what the sheet carried.
    assert "recognition-flag" in json.dumps(resources(rendered, "DiagnosticReport"), default=str)


def test_flag_facts(message, release):
    white = by_code(render(message, release=release), "WBC")
    flag = next(e for e in white["extension"] if e["url"].endswith("/recognition-flag"))
    parts = {p["url"]: p for p in flag["extension"]}
    assert parts["scope"]["valueCoding"]["code"] == "cn-51"
    assert parts["label"]["valueString"] == "川内HR"
    assert parts["basis"]["valueCode"] == "item-symbol"
    assert parts["item"]["valueCoding"]["code"] == "cn-51-lab-01"
    evidence = {p["url"]: p for p in parts["evidence"]["extension"]}
    assert evidence["period"]["valuePeriod"] == {"start": "2026-01-01", "end": "2026-12-31"}


def test_two_results_of_one_key(message):
    report = message.reports[0]
    twice = replace(message, reports=(replace(report, results=report.results[:1] * 2),))
    rendered = render(twice)
    assert [i.code for i in rendered.issues] == [IssueCode.DUPLICATE_RESULT]
    assert len(resources(rendered, "Observation")) == 1


def test_two_reports_of_one_key(message):
    rendered = render(replace(message, reports=message.reports * 2))
    assert [i.message for i in rendered.issues] == [
        "two reports of the message have the same key; the later one was left out with its results"
    ]
    assert check_bytes(rendered.body, release=Release.R4) == []


@pytest.mark.parametrize("system", ["LN", "urn:oid:1.2.x", "a b", "urn:uuid:1", "http://x\x00"])
def test_a_system_that_is_no_uri_stays_as_text(message, release, system):
    definition = replace(
        message.reports[0].results[0].definition, code=Concept(codings=(Code(code="X", system=system),))
    )
    rendered = render(with_first(message, definition=definition), release=release)
    assert rendered.issues == ()
    coding = by_code(rendered, "X")["code"]["coding"][0]
    if system == "LN":
        assert coding == {"system": "LN", "code": "X"}
    else:
        assert "system" not in coding
        assert coding["extension"][0]["valueString"] == system.replace("\x00", "\ufffd")


def test_a_period_or_range_the_wrong_way_round(message, release):
    first, last = (When(iso=f"2026-05-0{n}", precision=Precision.DAY) for n in (1, 2))
    changed = with_first(message, value=ValueRange(low=Decimal(9), high=Decimal(3), source="9-3"))
    report = replace(changed.reports[0], effective=Period(start=last, end=first))
    rendered = render(replace(changed, reports=(report,)), release=release)
    assert rendered.issues == ()
    assert by_code(rendered, "WBC")["valueString"] == "9-3"
    span = one(rendered, "DiagnosticReport")["effectivePeriod"]
    assert span["start"] == "2026-05-02"
    assert span["_end"]["extension"][0]["valueString"] == "2026-05-01"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_number_is_absent(message, number, release):
    renderer = Renderer(release=release)
    unit = message.reports[0].results[0].value.unit
    for _ in range(3):
        renderer.render(with_first(message, value=Quantity(value=Decimal("1"), unit=unit), identifiers=()))
    changed = with_first(message, value=Quantity(value=Decimal(number), unit=unit), identifiers=())
    rendered = renderer.render(changed)
    assert json.loads(rendered.body)
    assert rendered.bundle()
    assert b'"valueQuantity"' not in rendered.body
    assert rendered.issues == ()
    assert by_code(rendered, "WBC")["dataAbsentReason"]["coding"][0]["code"] == "not-a-number"


def test_control_characters_become_visible(message, release):
    rendered = render(with_first(message, value=Text(text="a\x00b\x0b\ud800")), release=release)
    assert by_code(rendered, "WBC")["valueString"] == "a\ufffdb\ufffd\ufffd"


def test_text_like_our_cutting_marks_is_spliced_whole(message):
    renderer = Renderer()
    for text in ('"@1":0', "\ue000value\ue000", "918273645.546372819", "00000000-0000-5000-8000-000000000000", "阴性"):
        changed = with_first(message, value=Text(text=text), identifiers=())
        for _ in range(3):
            assert renderer.render(changed).body == render(changed).body


def test_repr_shows_nothing_of_the_patient(message):
    assert "测试" not in repr(render(message))
    assert "4.30" not in repr(render(message))


# -- transaction and document ----------------------------------------------------------------------


def test_a_transaction_is_conditional_and_names_no_patient_in_urls(any_message, release):
    bundle = render(any_message, release=release, kind=BundleKind.TRANSACTION).bundle()
    urls = [entry["request"]["url"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    pattern = r"[A-Z][A-Za-z]+\?(identifier|_tag)=urn:ietf:rfc:3986\|urn:uuid:[0-9a-f-]{36}"
    for entry in bundle["entry"]:
        assert entry["request"]["method"] == "PUT"
        assert re.fullmatch(pattern, entry["request"]["url"])
        assert entry["fullUrl"].endswith(entry["request"]["url"][-36:])
        # With an id in the body, a server that gave another one must refuse the update.
        assert "id" not in entry["resource"]
        marks = entry["resource"].get("identifier") or entry["resource"]["meta"]["tag"]
        assert any(entry["fullUrl"] in (m.get("value"), m.get("code")) for m in marks)


def test_a_document(message, release):
    rendered = render(message, release=release, kind=BundleKind.DOCUMENT)
    bundle = rendered.bundle()
    assert bundle["type"] == "document"
    assert bundle["identifier"]["value"] == f"urn:uuid:{bundle['id']}"
    assert bundle["timestamp"] == "2026-05-02T09:31:00+08:00"
    composition = bundle["entry"][0]["resource"]
    assert composition["type"]["coding"][0]["code"] == "11502-2"
    assert composition["title"] == "检验报告"
    assert composition["status"] == "final"
    assert composition["section"][0]["entry"][0]["reference"].endswith(rendered.report_ids["FILL|R1|CBC"])


def test_a_document_needs_a_time_and_a_report(bare_message):
    with pytest.raises(UsageError, match="a document needs a timestamp: the message states no time to the second"):
        render(bare_message, kind=BundleKind.DOCUMENT)
    with pytest.raises(UsageError, match="a document needs a report"):
        render(replace(bare_message, reports=()), kind=BundleKind.DOCUMENT)


def test_a_message_without_reports(message, release):
    rendered = render(replace(message, reports=()), release=release)
    assert check_bytes(rendered.body, release=release) == []
    assert resources(rendered, "Provenance") == []


def test_encode_refuses_nothing_silently():
    assert encode({"v": Decimal("1769.859285")}) == b'{"v":1769.859285}'
