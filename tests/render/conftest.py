"""Invented messages for the renderer's tests: nobody of these names exists."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from fhir_hr.mapping.canonical import ITEM_SYSTEM
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType, FlagBasis, Mark, RecognitionFlag
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.lab import (
    Counts,
    Note,
    ReferenceRange,
    Report,
    ReportKind,
    ReportMessage,
    ReportStatus,
    Request,
    Result,
    ResultDefinition,
    ResultStatus,
    Scale,
    Specimen,
)
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import (
    Address,
    ContactPoint,
    Device,
    Encounter,
    EncounterClass,
    HumanName,
    Organization,
    Patient,
    Performer,
    Practitioner,
    Sex,
)
from fhir_hr.model.values import Comparator, Quantity, Text, Unit
from fhir_hr.model.when import Period, Precision, When

V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def second(text: str) -> When:
    return When(iso=text, precision=Precision.SECOND)


@pytest.fixture
def mark() -> Mark:
    return Mark(
        code="chuannei-hr", text="川内HR", scopes=("cn-51",), covers=("510000",), source="实施方案 三"
    )


@pytest.fixture
def flag(mark) -> RecognitionFlag:
    return RecognitionFlag(
        mark=mark,
        basis=FlagBasis.ITEM_SYMBOL,
        item=Code(system=ITEM_SYSTEM, code="cn-51-lab-01"),
        list_uri="https://fhir-hr.example/fhir/CodeSystem/recognised-item-cn-51-lab",
        list_version="1",
        authority="四川省卫生健康委员会",
        evidence=(
            Evidence(
                type=EvidenceType.EQA,
                result=EvidenceResult.PASSED,
                institution="12510000000000001X",
                start=When(iso="2026-01-01", precision=Precision.DAY),
                end=When(iso="2026-12-31", precision=Precision.DAY),
                issuer="测试临床检验中心",
                document="测EQA-2026-1",
            ),
        ),
    )


@pytest.fixture
def message(flag) -> ReportMessage:
    """A report of three results with everything that a laboratory usually sends."""
    cell = Unit(text="10^9/L", ucum="10*9/L", source="10^9/L")
    white = ResultDefinition(
        code=Concept(
            codings=(
                Code(code="WBC", display="白细胞计数"),
                Code(system="http://loinc.org", code="6690-2"),
                Code(system=ITEM_SYSTEM, code="cn-51-lab-01"),
            ),
            text="白细胞计数",
        ),
        item=Code(system=ITEM_SYSTEM, code="cn-51-lab-01"),
        unit=cell,
        ranges=(
            ReferenceRange(
                text="3.5-9.5",
                low=Quantity(value=Decimal("3.5"), unit=cell),
                high=Quantity(value=Decimal("9.50"), unit=cell),
            ),
        ),
        method=Concept(text="电阻抗法"),
        scale=Scale.QUANTITATIVE,
    )
    surface = ResultDefinition(
        code=Concept(codings=(Code(code="HBsAg"),), text="乙肝表面抗原"),
        ranges=(ReferenceRange(text="阴性"),),
        scale=Scale.QUALITATIVE,
    )
    tsh = ResultDefinition(
        code=Concept(codings=(Code(code="TSH"),), text="促甲状腺激素"), unit=Unit(text="μIU/mL")
    )
    doctor = Practitioner(
        identifiers=(Identifier(value="D001", assigner="演示市第一医院"),), name=HumanName(text="检验员甲")
    )
    laboratory = Organization(
        name="检验科",
        identifiers=(Identifier(value="LAB1", assigner="演示市第一医院"),),
        address=Address(lines=("演示路1号",), city="演示市"),
        contact=HumanName(text="主任乙"),
        contact_title="主任",
    )
    device = Device(
        identifiers=(Identifier(value="XN-1", assigner="演示市第一医院"),), name="血球仪", model="XN"
    )
    results = (
        Result(
            key="WBC",
            definition=white,
            value=Quantity(value=Decimal("4.30"), unit=cell, source="4.30"),
            status=ResultStatus.FINAL,
            status_source="F",
            where="OBX[1]",
            interpretations=(
                Concept(codings=(Code(system=INTERPRETATION, code="N", display="Normal"),), text="N"),
            ),
            effective=second("2026-05-02T08:10:00+08:00"),
            performers=(Performer(practitioner=doctor, organization=laboratory),),
            device=device,
            specimen=0,
            flag=flag,
            identifiers=(Identifier(value="I-1"),),
        ),
        Result(
            key="HBsAg",
            definition=surface,
            value=Text(text="阴性(-)"),
            status=ResultStatus.CORRECTED,
            status_source="C",
            where="OBX[2]",
            specimen=0,
            notes=(Note(text="复查"), Note(text=" "), Note(text="已通知")),
        ),
        Result(
            key="TSH",
            definition=tsh,
            value=Quantity(value=Decimal("0.005"), unit=tsh.unit, comparator=Comparator.LT, source="<0.005"),
            status=ResultStatus.FINAL,
            status_source="B",
            where="OBX[3]",
            specimen=0,
        ),
    )
    plac = Code(system=V2_0203, code="PLAC", display="Placer Identifier")
    report = Report(
        key="FILL|R1|CBC",
        kind=ReportKind.LABORATORY,
        where="OBR[1]",
        status=ReportStatus.FINAL,
        status_source="F",
        identifiers=(Identifier(value="R1", assigner="演示市第一医院"),),
        code=Concept(codings=(Code(code="CBC", display="血常规"),), text="血常规"),
        categories=(
            Concept(
                codings=(
                    Code(
                        system="http://terminology.hl7.org/CodeSystem/v2-0074",
                        code="HM",
                        display="Hematology",
                    ),
                )
            ),
        ),
        effective=second("2026-05-02T08:00:00+08:00"),
        issued=second("2026-05-02T09:30:00+08:00"),
        request=Request(
            key="PLAC|P1",
            where="OBR[1]",
            placer=Identifier(value="P1", type=plac, assigner="HIS"),
            filler=Identifier(value="R1", assigner="演示市第一医院"),
            code=Concept(codings=(Code(code="CBC"),), text="血常规"),
            status="completed",
            priority="routine",
            authored=second("2026-05-02T07:50:00+08:00"),
            requester=Performer(practitioner=Practitioner(name=HumanName(text="开单医师丙"))),
            reasons=(Concept(text="发热"),),
        ),
        specimens=(
            Specimen(
                key="1",
                where="SPM[1]",
                type=Concept(text="全血"),
                identifiers=(Identifier(value="S1", assigner="演示市第一医院"),),
                collected=Period(start=second("2026-05-02T08:00:00+08:00")),
                received=second("2026-05-02T08:20:00+08:00"),
                container=Concept(text="紫帽管"),
                additives=(Concept(text="EDTA-K2"),),
                body_site=Concept(text="左肘静脉"),
                available=True,
            ),
        ),
        results=results,
        conclusion="未见明显异常",
        flag=msgspec.structs.replace(flag, item=None, basis=FlagBasis.PRINTED),
    )
    patient = Patient(
        identifiers=(
            Identifier(value="00012345", assigner="演示市第一医院", type=Code(system=V2_0203, code="MR")),
            Identifier(system=NATIONAL_ID, value="110105194912310020"),
        ),
        names=(
            HumanName(text="测试甲", family="测", given=("试甲",), use="official", representation="I"),
            HumanName(text="CE SHIJIA", representation="A"),
        ),
        sex=Sex.MALE,
        sex_source="1",
        birth=When(iso="1949-12-31", precision=Precision.DAY),
        telecoms=(ContactPoint(value="000-0000", use="home"),),
        addresses=(Address(lines=("演示街2号",), city="演示市", postal_code="000000"),),
    )
    return ReportMessage(
        origin=MessageOrigin(system="LIS@H001", format="hl7v2", message_id="M1", sha256="ab" * 32),
        type="ORU^R01",
        control_id="M1",
        sender=Organization(
            name="演示市第一医院",
            identifiers=(Identifier(system="urn:oid:2.16.156.10011.1.5", value="12510000000000001X"),),
        ),
        counts=Counts(obx_read=3, observations=3),
        created=second("2026-05-02T09:31:00+08:00"),
        patient=patient,
        encounter=Encounter(
            identifiers=(Identifier(value="V1", assigner="演示市第一医院"),),
            klass=EncounterClass.AMBULATORY,
            start=When(iso="2026-05-02T07:40:00+08:00", precision=Precision.MINUTE, source="202605020740"),
            location="内科门诊",
        ),
        reports=(report,),
    )
