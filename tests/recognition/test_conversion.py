"""convert: counted, checked, deterministic; broken input is an issue and a caller's mistake an error."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from fhir_hr.errors import InvariantError, UsageError
from fhir_hr.issues import IssueCode
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.lab import Counts
from fhir_hr.model.when import Precision, When
from fhir_hr.recognition import conversion as module
from fhir_hr.recognition import convert

MESSAGE = "\r".join(
    (
        r"MSH|^~\&|DEMO-LIS-A|DEMO-A|||20260316103015||ORU^R01|A1|P|2.4",
        "PID|1||DA1^^^^21||测试甲||19880315|1",
        "OBR|1||F1|XCG^血常规|||20260316091200|||||||||||||||20260316102800||HM|F",
        "OBX|1|ST|WBC^*白细胞^^^WBC||4.30|10^9/L|3.5-9.5||||F||||||法",
        "OBX|2|ST|RBC^*红细胞^^^RBC||4.62|10^12/L|4.3-5.8||||F||||||法",
        "",
    )
)
DATA = MESSAGE.encode("gb18030")
HOSPITAL_A = "12510000000000001H"


def failed(item: str, *, year: str = "2026") -> Evidence:
    return Evidence(
        type=EvidenceType.EQA,
        result=EvidenceResult.FAILED,
        institution=HOSPITAL_A,
        item=item,
        start=When(iso=year, precision=Precision.YEAR),
        end=When(iso=year, precision=Precision.YEAR),
    )


def observations(bundle):
    return {
        entry["resource"]["code"]["text"]: entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    }


def test_bundle_bytes_and_views_agree():
    (one,) = convert(DATA)
    assert one.counts == Counts(obx_read=2, observations=2)
    value = observations(one.bundle())["*白细胞"]["valueQuantity"]["value"]
    assert (value, str(value)) == (Decimal("4.30"), "4.30")
    assert '"value":4.30' in one.json().decode()
    assert repr(one) == (f"Conversion(index=0, type='ORU^R01', {len(one.json())} bytes R4, {len(one.issues)} issues)")


@pytest.mark.parametrize("release", ["R4", "R5"])
def test_the_typed_view_is_the_same_bundle(release):
    (one,) = convert(DATA, release=release)
    resource = one.resource()
    assert resource.get_resource_type() == "Bundle"
    assert len(resource.entry) == len(one.bundle()["entry"])


def test_same_bytes_give_same_bytes():
    assert [one.json() for one in convert(DATA)] == [one.json() for one in convert(DATA)]


def test_another_namespace_gives_other_ids():
    (a,), (b,) = convert(DATA), convert(DATA, namespace="https://else.example")
    assert {p.id for p in a.priors()} & {p.id for p in b.priors()} == set()


def test_a_failed_item_is_written_without_mark_and_the_other_keeps_it():
    (one,) = convert(DATA, evidence=[failed("cn-51-lab-01")])
    found = observations(one.bundle())
    assert "extension" not in found["*白细胞"]
    assert "extension" in found["*红细胞"]
    (issue,) = [issue for issue in one.issues if issue.code == IssueCode.MARK_FORBIDDEN]
    assert issue.where == "OBX[1]"
    assert issue.message == (
        "the report carries 川内HR for cn-51-lab-01, but the institution failed the quality assessment of this "
        "item; the result is written without the mark"
    )
    # What was printed stays a fact for the rules.
    assert [(p.starred, p.report_mark) for p in one.priors()] == [(True, "chuannei-hr")] * 2


def test_evidence_of_another_time_or_item_takes_no_mark_away():
    (one,) = convert(DATA, evidence=[failed("cn-51-lab-01", year="2024"), failed("cn-51-lab-16")])
    assert "extension" in observations(one.bundle())["*白细胞"]


def test_what_is_not_hl7_has_no_bundle_and_says_so():
    (one,) = convert(b"\x00\x01 no message")
    assert (one.body, one.message, one.priors(), one.deposit()) == (None, None, (), None)
    assert IssueCode.NOT_HL7 in {issue.code for issue in one.issues}
    with pytest.raises(UsageError, match="message 0 could not be read, so there is no Bundle; its issues say why"):
        one.json()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"release": "R6"}, "unknown release 'R6'; there are: R4, R5"),
        ({"kind": "batch"}, "unknown kind 'batch'; there are: collection, transaction, document"),
        ({"received": datetime(2026, 3, 16)}, "a time without zone is not a moment; give an aware datetime"),
    ],
)
def test_a_callers_mistake_is_raised_at_the_call(options, words):
    with pytest.raises(UsageError, match=words):
        convert(DATA, **options)


def test_received_is_kept():
    (one,) = convert(DATA, received=datetime(2026, 3, 16, 3, tzinfo=UTC))
    assert one.message.origin.received.iso == "2026-03-16T03:00:00+00:00"


def test_a_document_without_report_becomes_a_collection_with_a_word():
    header = MESSAGE.split("\r")[:2]
    (one,) = convert(("\r".join(header) + "\r").encode("gb18030"), kind="document")
    assert one.bundle()["type"] == "collection"
    assert "a document needs a report and the message holds none; it was written as a collection" in [
        issue.message for issue in one.issues
    ]


def test_a_lost_obx_is_never_written(monkeypatch):
    real = module.Reader.read

    def losing(self, data, *, received=None):
        for one in real(self, data, received=received):
            yield msgspec.structs.replace(one, counts=Counts(obx_read=3, observations=2))

    monkeypatch.setattr(module.Reader, "read", losing)
    with pytest.raises(InvariantError, match="message 0: 3 OBX were read, but 2 observations"):
        list(convert(DATA))
