"""Imaging on a real server: a study told of twice, by two senders, is one; it is found by what it says."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fhir_hr.model.codes import Identifier
from fhir_hr.model.people import Organization
from fhir_hr.render import BundleKind, Release, render

sys.path.append(str(Path(__file__).resolve().parents[1] / "render"))

from studies import CT, DR, REPORT, message

pytestmark = pytest.mark.peer

CANONICAL = "https://fhir-hr.example/fhir"
PARAMETERS = Path(__file__).resolve().parents[2] / "profiles" / "fhir"
SR_REPORT = msgspec.structs.replace(REPORT, key=f"sr|{CT.uid}.9", request=None)
ELSEWHERE = Organization(name="演示市第二医院", identifiers=(Identifier(value="H002", assigner="演示市卫健委"),))


def post(server: Any, release: str, *studies: Any, elsewhere: bool = False) -> list[str]:
    made = message(*studies, reports=(SR_REPORT,))
    if elsewhere:
        made = msgspec.structs.replace(made, sender=ELSEWHERE)
    rendered = render(made, release=Release(release), kind=BundleKind.TRANSACTION)
    assert [i for i in rendered.issues if i.severity == "error"] == []
    response = server.transaction(rendered.body)
    return [entry["response"]["status"][:3] for entry in response["entry"]]


def test_a_study_told_of_again_is_the_same(fhir_server: Any, release: str) -> None:
    """Also by another hospital: ImagingStudy, structured report and Endpoints are updated, never doubled."""
    assert set(post(fhir_server, release, CT, DR)) <= {"200", "201"}
    kinds = ("ImagingStudy", "DiagnosticReport", "Endpoint")
    before = {kind: fhir_server.count(kind) for kind in kinds}
    assert set(post(fhir_server, release, CT, DR)) == {"200"}
    post(fhir_server, release, CT, DR, elsewhere=True)
    assert {kind: fhir_server.count(kind) for kind in kinds} == before


def test_a_study_is_found_by_its_numbers(fhir_server: Any, release: str) -> None:
    post(fhir_server, release, CT, DR)
    for query in (
        {"identifier": f"urn:dicom:uid|urn:oid:{CT.uid}"},
        {"identifier": "CT20260601001"},
        {"identifier": f"urn:dicom:uid|urn:oid:{CT.uid}", "modality": "CT", "started": "2026-06-01"},
    ):
        (found,) = fhir_server.search("ImagingStudy", query)
        assert f"urn:oid:{CT.uid}" in json.dumps(found["identifier"])
        assert len(found["series"][0]["instance"]) == 3
    assert fhir_server.search("ImagingStudy", {"identifier": "urn:dicom:uid|urn:oid:1.2.3.4.5"}) == []


def test_our_search_parameters_find_it(fhir_server: Any, release: str) -> None:
    candidates = msgspec.structs.replace(
        DR, item_candidates=(msgspec.structs.replace(CT.item, code="cn-51-img-13"),) if CT.item else ()
    )
    post(fhir_server, release, CT, candidates)
    for code in ("study-completeness", "item-candidate", "imaging-study", "recognition-mark"):
        path = PARAMETERS / release.lower() / f"SearchParameter-{code}.json"
        fhir_server.put(json.loads(path.read_text("utf-8")))
    post(fhir_server, release, CT, candidates)
    (study,) = fhir_server.search("ImagingStudy", {"identifier": f"urn:dicom:uid|urn:oid:{CT.uid}"})
    items = f"{CANONICAL}/CodeSystem/recognised-item-cn-51-imaging"
    marks = f"{CANONICAL}/CodeSystem/recognition-mark"
    for kind, query, expected in (
        ("ImagingStudy", {"study-completeness": "complete"}, CT.uid),
        ("ImagingStudy", {"study-completeness": "incomplete"}, DR.uid),
        ("ImagingStudy", {"item-candidate": f"{items}|cn-51-img-13"}, DR.uid),
        ("ImagingStudy", {"recognition-mark": f"{marks}|chuannei-hr"}, CT.uid),
        ("DiagnosticReport", {"imaging-study": f"ImagingStudy/{study['id']}"}, None),
    ):
        (found,) = in_time(fhir_server, kind, query)
        assert expected is None or f"urn:oid:{expected}" in json.dumps(found["identifier"]), query
    assert fhir_server.search("ImagingStudy", {"item-candidate": f"{items}|cn-51-img-14"}) == []


def in_time(server: Any, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
    """The server indexes stored resources for a new SearchParameter in a job of its own, some seconds later."""
    end = time.monotonic() + 60
    while True:
        found: list[dict[str, Any]] = server.search(kind, query)
        if found or time.monotonic() > end:
            return found
        time.sleep(0.3)
