"""Invented messages for the renderer's tests: nobody of these names exists."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from fhir_hr.mapping.canonical import ITEM_SYSTEM
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType, FlagBasis, Mark, RecognitionFlag
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.lab import (
    Counts,
    Note,
    ParentResult,
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
from fhir_hr.model.values import (
    Absent,
    AbsentReason,
    Attachment,
    Coded,
    Comparator,
    Moment,
    Quantity,
    Ratio,
    SampledData,
    Span,
    Text,
    TimeOfDay,
    Unit,
    ValueRange,
)
from fhir_hr.model.when import Period, Precision, When

# The shared studies.
sys.path.insert(0, str(Path(__file__).parent))

V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def second(text: str) -> When:
    return When(iso=text, precision=Precision.SECOND)


@pytest.fixture
def mark() -> Mark:
    return Mark(code="chuannei-hr", text="川内HR", scopes=("cn-51",), covers=("510000",), source="实施方案 三")


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
    tsh = ResultDefinition(code=Concept(codings=(Code(code="TSH"),), text="促甲状腺激素"), unit=Unit(text="μIU/mL"))
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
    device = Device(identifiers=(Identifier(value="XN-1", assigner="演示市第一医院"),), name="血球仪", model="XN")
    results = (
        Result(
            key="WBC",
            definition=white,
            value=Quantity(value=Decimal("4.30"), unit=cell, source="4.30"),
            status=ResultStatus.FINAL,
            status_source="F",
            where="OBX[1]",
            interpretations=(Concept(codings=(Code(system=INTERPRETATION, code="N", display="Normal"),), text="N"),),
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


@pytest.fixture
def odd_message(message) -> ReportMessage:
    """Every kind of value, repeated values, a parent result, documents, partial times; an imaging report."""
    unit = Unit(text="mg/L", ucum="mg/L")
    values = {
        "range": ValueRange(low=Decimal("1"), high=Decimal("5.0"), unit=unit, source="1～5.0"),
        "open": ValueRange(low=Decimal("60"), unit=unit, source=">60"),
        "titre": Ratio(numerator=Decimal(1), denominator=Decimal(80), comparator=Comparator.GE),
        "coded": Coded(concept=Concept(codings=(Code(code="NEG", system="urn:oid:1.2.156.112636.1"),), text="阴性")),
        "when": Moment(when=When(iso="2026-05", precision=Precision.MONTH)),
        "time": TimeOfDay(time="08:30:00"),
        "span": Span(period=Period(start=second("2026-05-01T00:00:00+08:00"))),
        "series": SampledData(data=("1", "-2.5", "3"), unit=unit),
        "odd-series": SampledData(data=("1", "x"), source="1^x"),
        "picture": Attachment(content_type="image/png", data="AAAA", title="直方图"),
        "pointer": Attachment(content_type="application/pdf", url="https://hospital.example/r/1.pdf"),
        "absent": Absent(reason=AbsentReason.NOT_PERFORMED, text="标本溶血"),
        "blank": Text(text=" "),
        "arrow": Quantity(value=Decimal("5.30"), unit=unit, source="5.30↑"),
        "huge": Quantity(value=Decimal("1E+3")),
    }
    results = [
        Result(
            key=name,
            definition=ResultDefinition(code=Concept(codings=(Code(code=name),))),
            value=value,
            status=ResultStatus.FINAL,
            where=f"OBX[{number}]",
            effective=When(iso="2026-05-02T08:00:00+08:00", precision=Precision.MINUTE, source="202605020800"),
        )
        for number, (name, value) in enumerate(values.items(), 1)
    ]
    empty = ResultDefinition(code=Concept())
    results += [
        Result(key="none", definition=empty, value=None, status=ResultStatus.FINAL, where="OBX[20]"),
        Result(key="ordered", definition=empty, value=None, status=ResultStatus.REGISTERED, where="OBX[21]"),
        Result(
            key="repeats",
            definition=ResultDefinition(
                code=Concept(codings=(Code(code="GERM"),), text="培养"), body_site=Concept(text="咽")
            ),
            value=Text(text="大肠埃希菌"),
            components=(Text(text="粪肠球菌"), Quantity(value=Decimal("3"), unit=unit)),
            status=ResultStatus.FINAL,
            where="OBX[22]",
        ),
        Result(
            key="MIC",
            definition=ResultDefinition(code=Concept(text="氨苄西林")),
            value=Quantity(value=Decimal("8"), comparator=Comparator.LE, source="<=8"),
            status=ResultStatus.FINAL,
            where="OBX[23]",
            derived_from="repeats",
            notes=(Note(text="敏感", author=Performer(practitioner=Practitioner(name=HumanName(text="丁")))),),
        ),
    ]
    lab = msgspec.structs.replace(
        message.reports[0],
        key="FILL|R2",
        results=tuple(results),
        issued=When(iso="2026-05-02", precision=Precision.DAY, source="20260502"),
        effective=Period(start=second("2026-05-02T08:00:00+08:00"), end=second("2026-05-02T09:00:00+08:00")),
        request=msgspec.structs.replace(
            message.reports[0].request,
            key="PLAC|P2",
            status="no-such-status",
            status_source="??",
            notes=(Note(text="急"),),
            group=Identifier(value="G1", assigner="HIS"),
        ),
        notes=(Note(text="标本量少"),),
        documents=(Attachment(content_type="application/pdf", data="JVBERg==", title="报告单"),),
        parent=ParentResult(
            code=Concept(text="血培养"), sub_id="1", order=Identifier(value="R0", assigner="演示市第一医院")
        ),
        specimens=(
            msgspec.structs.replace(
                message.reports[0].specimens[0],
                identifiers=(),
                additives=(Concept(text="EDTA"), Concept(text="氟化钠")),
                collected=Period(start=second("2026-05-02T08:00:00+08:00"), end=second("2026-05-02T08:01:00+08:00")),
                quantity=Quantity(value=Decimal("2.0"), unit=Unit(text="mL", ucum="mL")),
                parent=Identifier(value="S0", assigner="演示市第一医院"),
                accession=Identifier(value="A1", assigner="演示市第一医院"),
                conditions=(Concept(text="溶血"),),
                method=Concept(text="静脉采血"),
                collector=Performer(practitioner=Practitioner(name=HumanName(text="护士戊"))),
                notes=(Note(text="溶血"),),
            ),
        ),
        flag=None,
    )
    imaging = Report(
        key="FILL|X1",
        kind=ReportKind.IMAGING,
        where="OBR[2]",
        status=ReportStatus.UNKNOWN,
        code=Concept(text="胸部CT平扫"),
        findings="两肺纹理清晰。",
        conclusion="未见异常。",
        study_uid="1.2.826.0.1.3680043.10.1",
        accession=Identifier(value="ACC1", assigner="演示市第一医院"),
        interpreters=(Performer(practitioner=Practitioner(name=HumanName(text="己")), role=Concept(text="审核医师")),),
        effective=When(iso="2026", precision=Precision.YEAR),
    )
    return msgspec.structs.replace(message, reports=(lab, imaging), control_id="M2", encounter=None)


@pytest.fixture
def bare_message(message) -> ReportMessage:
    """Neither patient nor times: what a message with an empty PID and MSH-7 gives."""
    report = msgspec.structs.replace(
        message.reports[0], effective=None, issued=None, flag=None, specimens=(), performers=()
    )
    results = tuple(
        msgspec.structs.replace(result, effective=None, specimen=None, flag=None) for result in report.results
    )
    return msgspec.structs.replace(
        message,
        patient=None,
        encounter=Encounter(),
        created=None,
        sender=Organization(),
        reports=(msgspec.structs.replace(report, results=results),),
    )
