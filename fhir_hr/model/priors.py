"""A prior: a result that already exists, from any source, flattened to what a decision needs."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Exam
from fhir_hr.model.flags import Evidence
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.model.values import Value
from fhir_hr.model.when import When

__all__ = ["Grade", "Institution", "InstitutionType", "Ownership", "Prior"]


class Ownership(StrEnum):
    """公立 or 社会办."""

    PUBLIC = "public"
    PRIVATE = "private"


class Grade(StrEnum):
    """等次 inside a level (三级甲等)."""

    SPECIAL = "特"
    A = "甲"
    B = "乙"
    C = "丙"


class InstitutionType(StrEnum):
    """What kind of institution issues results: 医院, 医学检验实验室, 医学影像诊断中心, 基层医疗卫生机构."""

    HOSPITAL = "hospital"
    LABORATORY = "independent-laboratory"
    IMAGING_CENTRE = "imaging-centre"
    PRIMARY_CARE = "primary-care"


class Institution(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A hospital or laboratory as rules see it.

    Attributes:
        id: USCC (统一社会信用代码, GB 32100) or another stable code.
        division: GB/T 2260 division code, six digits; ``None`` when unknown.
        tier, grade, ownership, type: level (``3``), grade (``甲``), 公立 or not, kind of institution; ``None`` when
            unknown.
        alliances: codes of the 医联体/医共体 that it belongs to; ``None`` when unknown.
    """

    id: str
    name: str | None = None
    division: str | None = None
    tier: int | None = None
    grade: Grade | None = None
    ownership: Ownership | None = None
    type: InstitutionType | None = None
    alliances: tuple[str, ...] | None = None


class Prior(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One result that exists already.

    Attributes:
        id: deterministic id of the result (the FHIR Observation or report id).
        item: recognised item code, where the code could be mapped; ``None`` is unknown, not "unlisted".
        performed: when the specimen was collected or the examination done (采集/检查时间).
        reported: when it was issued (报告时间).
        report_mark: code of the registered mark on the report (``chuannei-hr``); ``None``: none was read.
        report_mark_known: whether marks could be read at all from this source (else "no mark" is unknown).
        item_mark: code of a registered mark printed at the item itself (``bing-hr``); kept apart from the report's.
        item_mark_known: whether marks at items could be read at all from this source.
        starred: whether the item itself carries its symbol (``*``); ``None`` is unknown.
        evidence: quality evidence known for the institution and item.
        superseded: whether a later correction or withdrawal of it is known; ``None`` is unknown.
        report_number: 档案号/报告单号, to be recorded when it is recognised.
        exam: what was examined, of an imaging result.
        device_model: model of the instrument, where the report states it (仪器型号).
        has_report, has_images: whether report and images can be retrieved; ``None`` is unknown.
        series_complete: whether all series of the examination are there; ``None`` is unknown.
    """

    id: str
    kind: ReportKind
    patient: PatientIdentity
    institution: Institution
    name: str
    status: ResultStatus
    report_status: ReportStatus
    code: Concept
    source: str = ""
    item: Code | None = None
    performed: When | None = None
    reported: When | None = None
    specimen: Concept | None = None
    specimen_kind: str | None = None
    method: str | None = None
    scale: Scale | None = None
    value: Value | None = None
    value_text: str | None = None
    unit: str | None = None
    reference_text: str | None = None
    interpretation_text: str | None = None
    report_mark: str | None = None
    report_mark_known: bool = False
    item_mark: str | None = None
    item_mark_known: bool = False
    starred: bool | None = None
    evidence: tuple[Evidence, ...] = ()
    superseded: bool | None = None
    report_id: str | None = None
    report_number: Identifier | None = None
    encounter: str | None = None
    exam: Exam | None = None
    device_model: str | None = None
    has_report: bool | None = None
    has_images: bool | None = None
    series_complete: bool | None = None
    study_uid: str | None = None
    """Study Instance UID, of an imaging result: one study may be known by its report and by its images."""

    def __repr__(self) -> str:
        return f"Prior(id={self.id!r}, item={self.item.code if self.item else None!r})"
