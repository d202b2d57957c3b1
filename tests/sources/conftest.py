"""Invented priors and deposits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.identity import NATIONAL_ID, PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus
from fhir_hr.model.people import Sex
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.model.values import Quantity, Unit
from fhir_hr.model.when import Precision, When
from fhir_hr.sources import Deposit, PriorStore, ReportVersion

# An invented person: division 999999 is assigned to no place; the check digit is right.
CARD = Identifier(system=NATIONAL_ID, value="999999199003072229")
PATIENT = PatientIdentity(
    identifiers=(CARD, Identifier(value="A-1", assigner="H-A")),
    name="测试甲",
    sex=Sex.FEMALE,
    birth=When(iso="1990-03-07", precision=Precision.DAY),
)
WBC = Code(system="https://fhir-hr.example/fhir/CodeSystem/recognised-item-cn-51-lab", code="cn-51-lab-01")


def at(text: str) -> When:
    """A second of one invented day, ``10:00``."""
    return When(iso=f"2026-11-02T{text}:00+08:00", precision=Precision.SECOND)


def prior(
    *,
    id: str = "p1",
    value: str = "6.30",
    status: ResultStatus = ResultStatus.FINAL,
    report_status: ReportStatus = ReportStatus.FINAL,
    reported: When | None = None,
    performed: When | None = None,
    patient: PatientIdentity = PATIENT,
    item: Code | None = WBC,
    report_id: str = "r1",
    kind: ReportKind = ReportKind.LABORATORY,
) -> Prior:
    return Prior(
        id=id,
        kind=kind,
        patient=patient,
        institution=Institution(id="H-A", name="甲医院", division="510100"),
        name="白细胞",
        status=status,
        report_status=report_status,
        code=Concept(text="白细胞"),
        item=item,
        performed=performed,
        reported=reported,
        value=Quantity(value=Decimal(value), unit=Unit(text="10^9/L", ucum="10*9/L")),
        value_text=value,
        report_id=report_id,
    )


def deposit(
    *priors: Prior,
    message: str,
    created: When | None = None,
    processing: str = "P",
    reports: tuple[ReportVersion, ...] | None = None,
) -> Deposit:
    if reports is None:
        reports = tuple(
            {
                each.report_id or "": ReportVersion(
                    report_id=each.report_id or "", status=each.report_status, issued=each.reported
                )
                for each in priors
            }.values()
        )
    return Deposit(message=message, created=created, processing=processing, reports=reports, priors=priors)


@pytest.fixture
def store(tmp_path: Path) -> PriorStore:
    with PriorStore(tmp_path / "priors.db", name="本院结果库", wait=0.1) as opened:
        yield opened


@pytest.fixture
def make_prior() -> Callable[..., Prior]:
    return prior


@pytest.fixture
def make_deposit() -> Callable[..., Deposit]:
    return deposit
