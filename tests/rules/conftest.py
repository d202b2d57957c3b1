"""Builds candidates from the flat facts of decision vectors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fhir_hr.mapping.canonical import ITEM_SYSTEM
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.identity import NATIONAL_ID, PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.model.orders import ExclusionClaim, Order, OrderItem
from fhir_hr.model.people import Sex
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.model.values import Text
from fhir_hr.model.when import Precision, When
from fhir_hr.rules import builtin_pack
from fhir_hr.rules.pack import Pack, bind_pack
from fhir_hr.rules.schema import PackContent

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "profiles" / "rules" / "cn-51" / "lab"
BASE: dict[str, Any] = json.loads((PACK / "tests" / "base.json").read_text(encoding="utf-8"))


class Case(NamedTuple):
    item: OrderItem
    prior: Prior
    order: Order


def when(text: str | None) -> When | None:
    if text is None:
        return None
    precision = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}.get(len(text), Precision.SECOND)
    return When(iso=text, precision=precision)


def code(text: str | None) -> Code | None:
    if text is None:
        return None
    system, bar, value = text.partition("|")
    return Code(system=system, code=value) if bar else Code(system=ITEM_SYSTEM, code=text)


def concept(codings: list[str]) -> Concept:
    return Concept(codings=tuple(c for text in codings if (c := code(text))))


def evidence(row: Mapping[str, Any], institution: str) -> Evidence:
    return Evidence(
        type=EvidenceType(row["type"]),
        result=EvidenceResult(row["result"]),
        institution=row.get("institution", institution),
        item=row.get("item"),
        start=when(row.get("from")),
        end=when(row.get("to")),
    )


def patients(identity: str, prior_name: str | None) -> tuple[PatientIdentity, PatientIdentity]:
    card = Identifier(system=NATIONAL_ID, value="11010519491231002X")
    mine = PatientIdentity(identifiers=(card,), name="测试甲", sex=Sex.FEMALE)
    theirs = PatientIdentity(identifiers=(card,), name=prior_name)
    if identity == "different":
        other = Identifier(system=NATIONAL_ID, value="110105194912310046")
        theirs = PatientIdentity(identifiers=(other,), name=prior_name)
    elif identity == "unknown":
        theirs = PatientIdentity(name=prior_name)
    return mine, theirs


def build(facts: Mapping[str, Any]) -> Case:
    unknown = set(facts) - set(BASE)
    assert not unknown, unknown
    f = {**BASE, **facts}
    mine, theirs = patients(f["identity"], f["prior.patient_name"])
    item = OrderItem(
        id="1",
        name="丙氨酸氨基转移酶",
        code=concept(f["order.codings"]),
        kind=ReportKind(f["order.kind"]),
        item=code(f["order.item"]),
        scale=Scale(f["order.scale"]) if f["order.scale"] else None,
        specimen_kind=f["order.specimen"],
    )
    at = when(f["order.at"])
    assert at is not None
    order = Order(
        id="order-1",
        patient=mine,
        institution=Institution(id=f["order.institution"], division=f["order.division"]),
        at=at,
        items=(item,),
        exclusions=tuple(ExclusionClaim(case=c["case"], item_id=c.get("item")) for c in f["order.exclusions"]),
    )
    prior = Prior(
        id="prior-1",
        kind=ReportKind(f["prior.kind"]),
        patient=theirs,
        institution=Institution(id=f["prior.institution"], division=f["prior.division"]),
        name=f["prior.name"],
        status=ResultStatus(f["prior.status"]),
        report_status=ReportStatus(f["prior.report_status"]),
        code=concept(f["prior.codings"]),
        item=code(f["prior.item"]),
        performed=when(f["prior.performed"]),
        reported=when(f["prior.reported"]),
        specimen=Concept(text=f["prior.specimen_text"]) if f["prior.specimen_text"] else None,
        specimen_kind=f["prior.specimen"],
        method=f["prior.method"],
        scale=Scale(f["prior.scale"]) if f["prior.scale"] else None,
        value=Text(text=f["prior.value"]) if f["prior.value"] else None,
        reference_text=f["prior.reference"],
        report_mark=f["prior.mark"],
        report_mark_known=f["prior.mark_known"],
        starred=f["prior.starred"],
        evidence=tuple(evidence(row, f["prior.institution"]) for row in f["prior.evidence"]),
        superseded=f["prior.superseded"],
    )
    return Case(item, prior, order)


def vectors() -> list[dict[str, Any]]:
    lines = (PACK / "tests" / "vectors.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        metafunc.parametrize("vector", vectors(), ids=[v["name"] for v in vectors()])


@pytest.fixture(scope="session")
def all_vectors() -> list[dict[str, Any]]:
    return vectors()


@pytest.fixture(scope="session")
def make() -> Callable[[Mapping[str, Any]], Case]:
    return build


@pytest.fixture(scope="session")
def pack() -> Pack:
    return builtin_pack()


@pytest.fixture(scope="session")
def pack_files() -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in PACK.iterdir() if p.suffix in (".yaml", ".csv")}


@pytest.fixture(scope="session")
def variant(pack: Pack) -> Callable[[Callable[[dict[str, Any]], object]], Pack]:
    """Make a pack whose content, as plain data, was changed by a function."""

    def change(edit: Callable[[dict[str, Any]], object]) -> Pack:
        data = msgspec.to_builtins(pack.content)
        edit(data)
        return bind_pack(msgspec.convert(data, PackContent))

    return change
