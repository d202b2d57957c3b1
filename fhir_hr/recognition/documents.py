"""The JSON documents that a caller writes by hand: order, quality evidence, statement on an exam, study query.

Strict: an unknown key, a missing one or a wrong type is an error that names its place, never a guess.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeVar

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Contrast, Exam, Side, View
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, Scale
from fhir_hr.model.orders import ExclusionClaim, Order, OrderItem
from fhir_hr.model.people import Sex
from fhir_hr.model.priors import Grade, Institution, InstitutionType, Ownership
from fhir_hr.model.when import Precision, When
from fhir_hr.sources.studies.query import StudyQuery

__all__ = [
    "MAX_BYTES",
    "ExamStatement",
    "read_evidence",
    "read_exam_statement",
    "read_order",
    "read_study_query",
    "when_from_text",
]

MAX_BYTES = 4 << 20
"""Largest document that is read."""

_T = TypeVar("_T")
_DAY = re.compile(r"(\d{4})(-\d\d)?(-\d\d)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    """Base of the document parts; they live only while a document is read."""


class _Number(_Part):
    value: str
    system: str | None = None
    assigner: str | None = None


class _Patient(_Part):
    identifiers: tuple[_Number, ...]
    name: str | None = None
    sex: Sex | None = None
    birth: str | None = None


class _Institution(_Part):
    id: str
    name: str | None = None
    division: str | None = None
    tier: int | None = None
    grade: Grade | None = None
    ownership: Ownership | None = None
    type: InstitutionType | None = None
    alliances: tuple[str, ...] | None = None


class _Exam(_Part):
    modality: str | None = None
    body_part: str | None = None
    side: Side | None = None
    views: tuple[View, ...] | None = None
    contrast: Contrast | None = None


class _Item(_Part):
    name: str
    id: str | None = None
    code: str | None = None
    system: str | None = None
    loinc: str | None = None
    kind: ReportKind = ReportKind.LABORATORY
    scale: Scale | None = None
    specimen_kind: str | None = None
    exam: _Exam | None = None
    method: str | None = None
    unit: str | None = None
    reference_text: str | None = None


class _Claim(_Part):
    case: str
    item_id: str | None = None
    by: str | None = None
    text: str | None = None


class _Order(_Part):
    id: str
    at: str
    patient: _Patient
    institution: _Institution
    items: tuple[_Item, ...]
    exclusions: tuple[_Claim, ...] = ()
    encounter: str | None = None


class _Evidence(_Part):
    type: EvidenceType
    result: EvidenceResult
    institution: str
    item: str | None = None
    start: str | None = None
    end: str | None = None
    issuer: str | None = None
    document: str | None = None


class _ExamStatement(_Part):
    institution: _Institution
    status: ReportStatus
    item: str | None = None
    device_model: str | None = None
    series_complete: bool | None = None
    image_quality: bool | None = None
    report_sound: bool | None = None
    by: str | None = None


class _StudyQuery(StudyQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _EvidenceList(_Part):
    evidence: tuple[_Evidence, ...]
    note: str | None = None


class ExamStatement(msgspec.Struct, frozen=True, kw_only=True):
    """What the reviewing physician states of an examination before its images are marked.

    Attributes:
        institution: who issues the result.
        status: status of its report.
        item: recognised item code, where the headers leave it open; it never overrules a certain one.
        device_model: model of the instrument, where the headers do not say.
        series_complete: 序列完整; it never overrules series that are known to be missing.
        image_quality: 检查过程规范、图像清晰、质量可靠、达到诊断要求.
        report_sound: 报告文字规范、病变相关数据准确.
        by: who states it.
    """

    institution: Institution
    status: ReportStatus
    item: str | None = None
    device_model: str | None = None
    series_complete: bool | None = None
    image_quality: bool | None = None
    report_sound: bool | None = None
    by: str | None = None


def read_exam_statement(data: bytes) -> ExamStatement:
    """Read a statement on an examination (``docs/how-to/mark-images.md``).

    Raises:
        UsageError: it is no JSON, or something in it is missing, unknown or impossible; says where.

    Example:
        >>> data = b'{"institution": {"id": "H1"}, "status": "final", "image_quality": true}'
        >>> read_exam_statement(data).image_quality
        True
    """
    stated = _decode(data, _ExamStatement, "exam statement")
    plain = {name: getattr(stated, name) for name in _ExamStatement.__struct_fields__ if name != "institution"}
    return ExamStatement(institution=Institution(**msgspec.structs.asdict(stated.institution)), **plain)


def read_study_query(data: bytes) -> StudyQuery:
    """Read what is asked of image archives: one JSON object with the fields of :class:`StudyQuery`.

    Raises:
        UsageError: it is no JSON, something in it is unknown or impossible, or nothing is asked.

    Example:
        >>> read_study_query('{"patient_id": "T0001", "modalities": ["CT"]}'.encode()).modalities
        ('CT',)
    """
    stated = _decode(data, _StudyQuery, "query")
    for name in ("birth_date", "date_from", "date_to"):
        day = getattr(stated, name)
        if day is not None and not (len(day) == 8 and day.isascii() and day.isdigit() and _is_possible(day)):
            msg = f"query: $.{name} must be a day like 20260301"
            raise UsageError(msg)
    if stated.limit < 1:
        msg = "query: $.limit must be 1 or more"
        raise UsageError(msg)
    plain = StudyQuery(**{name: getattr(stated, name) for name in StudyQuery.__struct_fields__})
    if plain == StudyQuery(limit=plain.limit):
        msg = "query: nothing is asked; name a patient, a time or a study, since whole archives are not listed"
        raise UsageError(msg)
    return plain


def read_order(data: bytes) -> Order:
    """Read an order document (``docs/reference/order-json.md``).

    Raises:
        UsageError: it is no JSON, or something in it is missing, unknown or impossible; says where.

    Example:
        >>> order = read_order('''{"id": "1", "at": "2026-03-20T09:30:00+08:00",
        ...     "patient": {"identifiers": [{"value": "7", "assigner": "H1"}]},
        ...     "institution": {"id": "H2"}, "items": [{"name": "血常规"}]}'''.encode())
        >>> order.items[0].id, order.items[0].name
        ('1', '血常规')
    """
    stated = _decode(data, _Order, "order")
    at = when_from_text(stated.at, where="$.at")
    if not at.is_moment:
        msg = "order: $.at must be a full time with zone, like 2026-03-20T09:30:00+08:00"
        raise UsageError(msg)
    if not stated.items:
        msg = "order: $.items is empty"
        raise UsageError(msg)
    items = tuple(_item(each, number) for number, each in enumerate(stated.items, start=1))
    ids = [each.id for each in items]
    for claim in stated.exclusions:
        if claim.item_id is not None and claim.item_id not in ids:
            msg = f"order: an exclusion names item {claim.item_id[:40]!r}, and the order has no such item"
            raise UsageError(msg)
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        msg = f"order: two items have the id {twice[:40]!r}"
        raise UsageError(msg)
    return Order(
        id=stated.id,
        patient=_patient(stated.patient),
        institution=Institution(**msgspec.structs.asdict(stated.institution)),
        at=at,
        items=items,
        exclusions=tuple(ExclusionClaim(**msgspec.structs.asdict(claim)) for claim in stated.exclusions),
        encounter=stated.encounter,
    )


def read_evidence(data: bytes) -> tuple[Evidence, ...]:
    """Read a document of quality evidence: ``{"evidence": [{"type": "eqa", "result": "failed", …}]}``.

    Raises:
        UsageError: it is no JSON, or something in it is missing, unknown or impossible; says where.
    """
    stated = _decode(data, _EvidenceList, "evidence")
    for number, each in enumerate(stated.evidence):
        if each.item == "":
            # Neither "all items" nor "none": a failure must not be lost, and a pass must not spread.
            msg = f"$.evidence[{number}].item is empty; leave it out where the evidence is for all items"
            raise UsageError(msg)
    return tuple(
        Evidence(
            type=each.type,
            result=each.result,
            institution=each.institution,
            item=each.item,
            start=_day(each.start, f"$.evidence[{number}].start"),
            end=_day(each.end, f"$.evidence[{number}].end"),
            issuer=each.issuer,
            document=each.document,
        )
        for number, each in enumerate(stated.evidence)
    )


def when_from_text(text: str, *, where: str) -> When:
    """Read a date of any precision, or a full time with zone.

    Raises:
        UsageError: it is neither; the text is not repeated, it may be a birth date.
    """
    if day := _DAY.fullmatch(text):
        precision = Precision.DAY if day[3] else Precision.MONTH if day[2] else Precision.YEAR
        if _is_possible(f"{day[1]}{day[2] or '-01'}{day[3] or '-01'}"):
            return When(iso=text, precision=precision, source=text)
    elif (moment := _MOMENT.fullmatch(text)) and _is_possible(text):
        zone = "+00:00" if moment[2] == "Z" else moment[2]
        return When(
            iso=text,
            precision=Precision.FRACTION if moment[1] else Precision.SECOND,
            zone=zone,
            zone_stated=True,
            source=text,
        )
    msg = f"{where} is not a possible date, nor a full time with zone like 2026-03-20T09:30:00+08:00"
    raise UsageError(msg)


def _is_possible(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _day(text: str | None, where: str) -> When | None:
    return None if text is None else when_from_text(text, where=where)


def _patient(stated: _Patient) -> PatientIdentity:
    return PatientIdentity(
        identifiers=tuple(
            Identifier(value=each.value, system=each.system, assigner=each.assigner) for each in stated.identifiers
        ),
        name=stated.name,
        sex=stated.sex,
        birth=_day(stated.birth, "$.patient.birth"),
    )


def _item(stated: _Item, number: int) -> OrderItem:
    codings = []
    if stated.code is not None:
        codings.append(Code(code=stated.code, system=stated.system, display=stated.name))
    if stated.loinc is not None:
        codings.append(Code(code=stated.loinc, system="http://loinc.org"))
    return OrderItem(
        id=stated.id if stated.id is not None else str(number),
        name=stated.name,
        code=Concept(codings=tuple(codings), text=stated.name),
        kind=stated.kind,
        scale=stated.scale,
        specimen_kind=stated.specimen_kind,
        exam=None if stated.exam is None else _exam(stated.exam),
        method=stated.method,
        unit=stated.unit,
        reference_text=stated.reference_text,
    )


def _exam(stated: _Exam) -> Exam:
    views = tuple(sorted(set(stated.views))) if stated.views else None
    return Exam(
        modality=stated.modality,
        body_part=stated.body_part,
        side=stated.side,
        views=views,
        contrast=stated.contrast,
    )


def _decode(data: bytes, kind: type[_T], what: str) -> _T:
    if len(data) > MAX_BYTES:
        msg = f"{what}: larger than {MAX_BYTES} bytes"
        raise UsageError(msg)
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        # msgspec repeats a wrong enum value; whatever was typed there may be somebody's data.
        told = re.sub(r"enum value '.*?'", "value", str(error), flags=re.DOTALL)
        msg = f"{what}: {told}"
        raise UsageError(msg) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"{what}: this is not JSON in UTF-8"
        raise UsageError(msg) from error
