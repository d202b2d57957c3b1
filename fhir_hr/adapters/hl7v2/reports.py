"""From an order group to a report: laboratory results, or the narrative of an imaging examination."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

import msgspec

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import read_cwe, read_entity, read_person, repetitions
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.groups import OrderGroup
from fhir_hr.adapters.hl7v2.marking import flag_of_report
from fhir_hr.adapters.hl7v2.orders import obr_concept, read_request, read_specimens
from fhir_hr.adapters.hl7v2.plans import Plan, Role
from fhir_hr.adapters.hl7v2.results import ReportFacts, ResultReader
from fhir_hr.adapters.hl7v2.values import read_document
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.lab import ParentResult, Report, ReportKind, ReportStatus, Request, Result, ResultStatus
from fhir_hr.model.people import Performer
from fhir_hr.model.values import Attachment
from fhir_hr.model.when import Period, When

__all__ = ["Tally", "read_report"]

V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"

_IMAGING_SECTIONS = frozenset({"RAD", "RX", "RUS", "CT", "CTH", "NMR", "NMS", "OUS", "VUS", "CUS", "XRC", "MR", "US"})
_UID = re.compile(r"[0-2](\.(0|[1-9]\d*))+\Z", re.ASCII)


class Tally(NamedTuple):
    """Where the OBX of a report went."""

    observations: int
    in_report: int
    rejected: int


class Went(Enum):
    """Where an OBX went."""

    RESULT = auto()
    IN_REPORT = auto()
    REJECTED = auto()


class _Narrative:
    """The text parts of a report, in the order they came."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self.impression: list[str] = []
        self.documents: list[Attachment] = []
        self.study_uid: str | None = None
        self.heading: str | None = None

    def headed(self, heading: str, text: str) -> None:
        """Add text under its heading, said once."""
        if heading and heading != self.heading:
            self.findings.append(f"【{heading}】")
            self.heading = heading
        self.findings.append(text)


def read_report(ctx: Context, group: OrderGroup, reader: ResultReader, *, key: str) -> tuple[Report, Tally]:
    """Read one order group.

    Args:
        key: stable business key of the report.

    Returns:
        The report, and where each of its OBX went.
    """
    obr = group.obr
    code = obr_concept(ctx, obr)
    request = read_request(ctx, group, code=code)
    specimens = read_specimens(ctx, group)
    status, status_raw = _status(ctx, obr)
    categories = _categories(ctx, obr)
    plans = [reader.plan(one.obx) for one in group.results]
    kind = _kind(categories, plans)
    effective = _effective(ctx, obr, specimens[0].collected if specimens else None)
    facts = ReportFacts(
        status=status,
        effective=effective.start or effective.end if isinstance(effective, Period) else effective,
        specimens=specimens,
        specimen_index={id(one): index for index, one in enumerate(group.specimens)},
        flag=flag_of_report(ctx, group),
    )
    narrative = _Narrative()
    results: list[Result] = []
    rejected = in_report = 0
    reader.start_report()
    imaging = kind is ReportKind.IMAGING
    for one, plan in zip(group.results, plans, strict=True):
        role = plan.role
        if role is Role.RESULT or (role is Role.TEXT and not imaging):
            results.append(reader.read(one, plan, facts))
            continue
        went = _take_part(ctx, one.obx, plan, narrative)
        if went is Went.RESULT:
            results.append(reader.read(one, plan, facts))
        elif went is Went.IN_REPORT:
            in_report += 1
        else:
            rejected += 1
    report = Report(
        key=key,
        kind=kind,
        where=(obr or group.orc or group.results[0].obx).where,
        status=_settled(status, results, ctx, obr),
        status_source=status_raw or None,
        identifiers=_identifiers(request),
        code=code,
        categories=categories,
        effective=effective,
        issued=ctx.when(obr.get(22), f"{obr.where}-22") if obr is not None else None,
        request=_keyed(request, key),
        specimens=tuple(specimens),
        results=tuple(results),
        interpreters=_people(ctx, obr, (32, 33)),
        performers=_people(ctx, obr, (34, 35)),
        findings="\n".join(narrative.findings) or None,
        conclusion="\n".join(narrative.impression) or None,
        documents=tuple(narrative.documents),
        parent=_parent(ctx, obr),
        flag=facts.flag,
        marks_readable=ctx.profile.mark_field is not None or ctx.profile.report_mark is not None,
        study_uid=narrative.study_uid or _study_uid_of_obr(ctx, obr),
        accession=_accession(ctx, obr) if kind is ReportKind.IMAGING else None,
    )
    return report, Tally(len(results), in_report, rejected)


def _take_part(ctx: Context, obx: Segment, plan: Plan, into: _Narrative) -> Went:
    """Take an OBX that is part of the report itself; say when it is a result after all, or nothing."""
    raw = obx.fields[5]
    role = plan.role
    if role is Role.DOCUMENT:
        if not raw.strip():
            return Went.RESULT if plan.shape is not None else _nothing(ctx, obx, "a document without content")
        document = read_document(ctx, plan.kind, raw, plan.title or None, obx.where)
        if document is None:
            return Went.REJECTED
        into.documents.append(document)
    elif role is Role.STUDY_UID:
        if not _UID.match(raw.strip()):
            return Went.RESULT
        into.study_uid = raw.strip()
    elif role is Role.UNCODED:
        return _nothing(ctx, obx, "a result without code and name")
    elif role is Role.TEXT_LINE:
        if not obx.fields[2] and not raw.strip():
            return _nothing(ctx, obx, "an OBX without type, code and value")
        into.findings.append(_lines(ctx, obx))
    elif role is Role.FINDINGS:
        into.findings.append(_lines(ctx, obx))
    elif role is Role.IMPRESSION:
        into.impression.append(_lines(ctx, obx))
    else:
        into.headed(plan.title, _lines(ctx, obx))
    return Went.IN_REPORT


def _nothing(ctx: Context, obx: Segment, what: str) -> Went:
    code = IssueCode.VALUE_MISSING if not obx.fields[5].strip() else IssueCode.CODE_MISSING
    ctx.log.add(code, Severity.ERROR, f"{obx.where}-3", f"{what} was left out")
    return Went.REJECTED


def _lines(ctx: Context, obx: Segment) -> str:
    parts = obx.get(5).split(ctx.separators.repetition)
    return "\n".join(ctx.text(part, f"{obx.where}-5") for part in parts)


def _kind(categories: tuple[Concept, ...], plans: list[Plan]) -> ReportKind:
    """Imaging, when the section says so or the OBX hold findings or an impression; else laboratory."""
    if any(concept.code_in(V2_0074) in _IMAGING_SECTIONS for concept in categories):
        return ReportKind.IMAGING
    if any(plan.tells_imaging for plan in plans):
        return ReportKind.IMAGING
    return ReportKind.LABORATORY


def _categories(ctx: Context, obr: Segment | None) -> tuple[Concept, ...]:
    raw = obr.get(24).strip() if obr is not None else ""
    if not raw:
        return ()
    code = ctx.text(raw.split(ctx.separators.component)[0]).strip()
    row = ctx.vocabulary.sections.get(code)
    if row is None or not row.target:
        return (Concept(text=code, source=raw),) if code else ()
    coding = Code(system=row.target_system or V2_0074, code=row.target, display=row.display or None)
    return (Concept(codings=(coding,), source=raw),)


def _status(ctx: Context, obr: Segment | None) -> tuple[ReportStatus, str]:
    raw = obr.get(25).strip() if obr is not None else ""
    if not raw:
        return ReportStatus.UNKNOWN, ""
    row = ctx.vocabulary.report_status.get(raw)
    status = ReportStatus(row.target) if row is not None and row.target else ReportStatus.UNKNOWN
    if status is not ReportStatus.UNKNOWN:
        return status, raw
    assert obr is not None
    said = f" ({row.display})" if row is not None and row.display else ""
    ctx.log.add(
        IssueCode.STATUS_UNKNOWN,
        Severity.WARNING,
        f"{obr.where}-25",
        f"report status '{raw[:10]}'{said} is not that of a report; it was read as unknown",
    )
    return ReportStatus.UNKNOWN, raw


def _settled(status: ReportStatus, results: list[Result], ctx: Context, obr: Segment | None) -> ReportStatus:
    """Say aloud when the results contradict the report's status; the sender's own status is kept."""
    where = obr.where if obr is not None else ""
    if any(result.status is ResultStatus.ENTERED_IN_ERROR for result in results):
        ctx.log.add(
            IssueCode.RESULT_WITHDRAWN,
            Severity.INFORMATION,
            where,
            "at least one result was withdrawn by its sender (OBX-11 D or W)",
        )
    corrected = status in (ReportStatus.CORRECTED, ReportStatus.AMENDED)
    if corrected or any(r.status in (ResultStatus.CORRECTED, ResultStatus.AMENDED) for r in results):
        ctx.log.add(
            IssueCode.CORRECTION,
            Severity.INFORMATION,
            where,
            "this report corrects an earlier one with the same order number",
        )
    return status


def _effective(ctx: Context, obr: Segment | None, collected: Period | None) -> When | Period | None:
    if obr is not None:
        start = ctx.when(obr.get(7), f"{obr.where}-7")
        end = ctx.when(obr.get(8), f"{obr.where}-8")
        if start is not None and end is not None and end.iso >= start.iso and end.iso != start.iso:
            return Period(start=start, end=end)
        if start is not None:
            return start
        if end is not None:
            return Period(end=end)
    if collected is not None:
        return collected.start or collected.end
    return None


def _identifiers(request: Request | None) -> tuple[Identifier, ...]:
    if request is None:
        return ()
    return tuple(one for one in (request.placer, request.filler) if one is not None)


def _keyed(request: Request | None, key: str) -> Request | None:
    return msgspec.structs.replace(request, key=key) if request is not None else None


def _people(ctx: Context, obr: Segment | None, fields: tuple[int, ...]) -> tuple[Performer, ...]:
    found = []
    for field in fields:
        for part in repetitions(ctx, obr.get(field)) if obr is not None else ():
            person = read_person(ctx, part, f"{obr.where if obr else ''}-{field}")
            if person is not None:
                found.append(Performer(practitioner=person))
    return tuple(found)


def _parent(ctx: Context, obr: Segment | None) -> ParentResult | None:
    """OBR-26 (PRL): observation identifier & … ^ sub-id ^ value; OBR-29 the parent's order number."""
    if obr is None or not obr.get(26):
        return None
    seps = ctx.separators
    parts = [*obr.get(26).split(seps.component), "", ""]
    code = read_cwe(ctx, parts[0].replace(seps.subcomponent, seps.component), f"{obr.where}-26")
    if not code:
        return None
    order = obr.get(29).split(seps.component)
    number = order[1] if len(order) > 1 and order[1] else order[0]
    return ParentResult(
        code=code,
        sub_id=parts[1].strip() or None,
        order=read_entity(ctx, number.replace(seps.subcomponent, seps.component)) if number else None,
    )


def _study_uid_of_obr(ctx: Context, obr: Segment | None) -> str | None:
    """A DICOM Study Instance UID that a RIS puts beside the filler number (OBR-3.3 with type ISO)."""
    if obr is None:
        return None
    parts = obr.get(3).split(ctx.separators.component)
    return None if len(parts) < 5 or not _UID.match(parts[4]) else parts[4]


def _accession(ctx: Context, obr: Segment | None) -> Identifier | None:
    """Accession number of an imaging order: OBR-18 by IHE SWF, else OBR-20."""
    if obr is None:
        return None
    for field in (18, 20):
        found = read_entity(ctx, obr.get(field), type_code="ACSN") if obr.get(field) else None
        if found is not None:
            return found
    return None
