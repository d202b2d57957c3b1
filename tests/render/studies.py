"""Invented imaging studies for the renderer's tests: nobody of these names exists."""

from __future__ import annotations

import msgspec

from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM, SNOMED
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Side
from fhir_hr.model.flags import FlagBasis, Mark, RecognitionFlag
from fhir_hr.model.imaging import (
    Access,
    AccessKind,
    Completeness,
    CompletenessEvidence,
    CompletenessGround,
    CompletenessVerdict,
    Instance,
    InstanceKind,
    Series,
    Study,
)
from fhir_hr.model.lab import Counts, Report, ReportKind, ReportMessage, ReportStatus, Request
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import Device, HumanName, Organization, Patient, Performer, Practitioner, Sex
from fhir_hr.model.when import Precision, When

UID = "1.2.826.0.1.3680043.10.9999"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
DX_IMAGE = "1.2.840.10008.5.1.4.1.1.1.1"
US_MULTI = "1.2.840.10008.5.1.4.1.1.3.1"
GSPS = "1.2.840.10008.5.1.4.1.1.11.1"
KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"
SR = "1.2.840.10008.5.1.4.1.1.88.33"
HOSPITAL = Organization(
    name="演示市第一医院",
    identifiers=(Identifier(system="urn:oid:2.16.156.10011.1.5", value="12510000000000001X"),),
)
PATIENT = Patient(
    identifiers=(Identifier(value="P0001", assigner="演示市第一医院"),),
    names=(
        HumanName(text="欧阳试", family="欧阳", given=("试",), representation="I"),
        HumanName(text="OUYANG SHI", family="OUYANG", given=("SHI",), representation="A"),
        HumanName(text="㐀𠂇", representation="I"),
    ),
    sex=Sex.FEMALE,
    sex_source="F",
    birth=When(iso="1960-02-29", precision=Precision.DAY),
    where="0010,0020",
)
WADO = Access(
    kind=AccessKind.WADO_RS,
    address="https://pacs.hospital.example/dicom-web",
    name="演示市第一医院影像归档",
    organization=HOSPITAL,
)
VIEWER = Access(kind=AccessKind.VIEWER, address=f"https://pacs.hospital.example/viewer?study={UID}.1")
INVOKED = Access(
    kind=AccessKind.VIEWER,
    address=f"https://pacs.hospital.example/IHEInvokeImageDisplay?requestType=STUDY&studyUID={UID}.1",
)
FLAG = RecognitionFlag(
    mark=Mark(code="chuannei-hr", text="川内HR", scopes=("cn-51",), covers=("510000",), source="实施方案 三"),
    basis=FlagBasis.ISSUED,
    item=Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-26"),
    list_uri=EXAM_ITEM_SYSTEM,
    list_version="1",
)


def second(text: str) -> When:
    return When(iso=text, precision=Precision.SECOND)


def doctor(name: str) -> Performer:
    return Performer(practitioner=Practitioner(name=HumanName(text=name)))


def images(count: int, *, study: int = 1, series: int = 1, sop_class: str = CT_IMAGE) -> tuple[Instance, ...]:
    return tuple(
        Instance(uid=f"{UID}.{study}.{series}.{number}", sop_class=sop_class, kind=InstanceKind.IMAGE, number=number)
        for number in range(1, count + 1)
    )


def message(*studies: Study, reports: tuple[Report, ...] = (), patient: Patient | None = PATIENT) -> ReportMessage:
    return ReportMessage(
        origin=MessageOrigin(system="演示市第一医院", format="dicom", message_id=studies[0].uid, sha256=""),
        type="",
        control_id="",
        sender=HOSPITAL,
        counts=Counts(),
        created=second("2026-06-01T12:00:00+08:00"),
        patient=patient,
        reports=reports,
        studies=studies,
    )


CT = Study(
    uid=f"{UID}.1",
    where="ct/",
    patient=PATIENT,
    institution=HOSPITAL,
    department="放射科",
    started=second("2026-06-01T09:15:00+08:00"),
    accession=Identifier(value="CT20260601001", assigner="演示市第一医院"),
    study_id="S1",
    description="胸部CT平扫",
    procedures=(Concept(codings=(Code(code="CT-CHEST"),), text="胸部CT平扫"),),
    referrer=doctor("申请医师甲"),
    readers=(doctor("阅片医师乙"), doctor("审核医师丙")),
    modalities=("CT",),
    series=(
        Series(
            uid=f"{UID}.1.1",
            modality="CT",
            number=2,
            description="肺窗 1.0mm",
            body_part=Concept(codings=(Code(system=SNOMED, code="51185008", display="Thorax"),), text="CHEST"),
            protocol="胸部平扫 1.0",
            patient_position="HFS",
            procedure="胸部CT平扫",
            station="CT01",
            started=second("2026-06-01T09:16:00+08:00"),
            performers=(doctor("技师丁"),),
            device=Device(
                identifiers=(Identifier(value="SN-1", assigner="演示厂商"),),
                name="CT室1",
                manufacturer="演示厂商",
                model="CT-64",
                version="1.0",
            ),
            instances=images(3),
            stated_instances=3,
        ),
    ),
    stated_series=1,
    stated_instances=3,
    access=(WADO, VIEWER, INVOKED, WADO),
    completeness=Completeness(
        verdict=CompletenessVerdict.COMPLETE,
        evidence=(
            CompletenessEvidence(
                ground=CompletenessGround.PERFORMED_STEP, holds=True, text="MPPS 列出 3 幅，收到 3 幅"
            ),
            CompletenessEvidence(ground=CompletenessGround.GEOMETRY, holds=None, text="层面位置未给出"),
        ),
    ),
    item=Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-26"),
    flag=FLAG,
)
REPORT = Report(
    key="FILL|CT1",
    kind=ReportKind.IMAGING,
    where="OBR[1]",
    status=ReportStatus.FINAL,
    code=Concept(text="胸部CT平扫"),
    request=Request(
        key="PLAC|CT1",
        where="ORC[1]",
        placer=Identifier(value="P1", assigner="演示市第一医院"),
        code=Concept(text="胸部CT平扫"),
        status="completed",
    ),
    effective=second("2026-06-01T09:15:00+08:00"),
    issued=second("2026-06-01T11:00:00+08:00"),
    findings="两肺纹理清晰，未见结节。",
    conclusion="胸部CT平扫未见明显异常。",
    interpreters=(doctor("审核医师丙"),),
    study_uid=CT.uid,
    accession=CT.accession,
)

# No time, a modality whose code DICOM has, frames; a patient without anything else.
US = Study(
    uid=f"{UID}.2",
    modalities=("US",),
    series=(
        Series(
            uid=f"{UID}.2.1",
            modality="US",
            instances=(
                Instance(uid=f"{UID}.2.1.1", sop_class=US_MULTI, kind=InstanceKind.IMAGE, frames=30),
                Instance(uid=f"{UID}.2.1.2", kind=InstanceKind.IMAGE, number=0),
            ),
        ),
    ),
    item_candidates=(
        Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-24"),
        Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-35"),
    ),
)

# Both sides; a modality that DICOM does not know, though many write it.
DR = Study(
    uid=f"{UID}.3",
    institution=HOSPITAL,
    started=When(iso="2026-06-01", precision=Precision.DAY),
    modalities=("DR", "DX"),
    series=(
        Series(
            uid=f"{UID}.3.1",
            modality="DX",
            body_part=Concept(text="KNEE"),
            side=Side.BOTH,
            side_source="B",
            views=("AP", "LL"),
            instances=images(2, study=3, sop_class=DX_IMAGE),
        ),
        Series(uid=f"{UID}.3.2", modality="DR", side=Side.LEFT, instances=images(1, study=3, series=2)),
        Series(uid=f"{UID}.3.3", side=Side.RIGHT, instances=images(1, study=3, series=3)),
    ),
    completeness=Completeness(
        verdict=CompletenessVerdict.INCOMPLETE,
        evidence=(
            CompletenessEvidence(
                ground=CompletenessGround.MANIFEST,
                holds=False,
                text="清单列出 5 幅，缺 1 幅",
                missing=(f"{UID}.3.1.9",),
            ),
        ),
    ),
)

# What an archive answers at study level: counts, no series; it keeps the images near-line.
COUNTED = Study(
    uid=f"{UID}.4",
    institution=HOSPITAL,
    started=When(iso="2026-06-01T09:15:00+08:00", precision=Precision.MINUTE, source="0915"),
    modalities=("CT", "PR"),
    stated_series=4,
    stated_instances=812,
    availability="NEARLINE",
    access=(WADO,),
    completeness=Completeness(
        evidence=(CompletenessEvidence(ground=CompletenessGround.ARCHIVE_COUNTS, holds=None, text="只有计数"),)
    ),
)

# Presentation, key objects and a report beside the images: they are no images.
DERIVED = Study(
    uid=f"{UID}.5",
    started=second("2026-06-01T09:15:00+08:00"),
    modalities=("CT", "KO", "PR", "SR"),
    series=(
        Series(
            uid=f"{UID}.5.1",
            modality="CT",
            contrast=True,
            contrast_agent="碘海醇",
            instances=images(2, study=5),
            stated_instances=2,
        ),
        Series(
            uid=f"{UID}.5.2",
            modality="PR",
            description="川内HR",
            instances=(Instance(uid=f"{UID}.5.2.1", sop_class=GSPS, kind=InstanceKind.PRESENTATION, number=1),),
        ),
        Series(
            uid=f"{UID}.5.3",
            modality="KO",
            instances=(
                Instance(
                    uid=f"{UID}.5.3.1",
                    sop_class=KEY_OBJECT,
                    kind=InstanceKind.KEY_OBJECT,
                    title=Concept(codings=(Code(code="113030", display="Manifest"),)),
                ),
            ),
        ),
        Series(
            uid=f"{UID}.5.4",
            modality="SR",
            instances=(
                Instance(
                    uid=f"{UID}.5.4.1",
                    sop_class=SR,
                    kind=InstanceKind.DOCUMENT,
                    title=Concept(text="影像报告"),
                ),
            ),
        ),
    ),
)

CASES = {
    "ct_report": message(CT, reports=(REPORT,)),
    "us_no_time": message(US),
    "dr_both_sides": message(DR),
    "archive_counts": message(COUNTED),
    "derived_series": message(DERIVED),
    "two_studies": message(
        msgspec.structs.replace(US, access=(WADO,)), msgspec.structs.replace(DR, access=(WADO,)), reports=(REPORT,)
    ),
    "no_patient": message(msgspec.structs.replace(US, item_candidates=()), patient=None),
}
