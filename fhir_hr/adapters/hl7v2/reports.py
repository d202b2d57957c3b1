"""From an order group to a report: laboratory results, or the narrative of an imaging examination."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import read_cwe, read_entity, read_person, repetitions
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.groups import OrderGroup, ResultGroup
from fhir_hr.adapters.hl7v2.marking import flag_of_report, flag_of_result
from fhir_hr.adapters.hl7v2.orders import obr_concept, read_request, read_specimens
from fhir_hr.adapters.hl7v2.results import ReportFacts, ResultReader
from fhir_hr.adapters.hl7v2.values import TEXT_TYPES, read_document
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.lab import ParentResult, Report, ReportKind, ReportStatus, Request, Result, ResultStatus
from fhir_hr.model.people import Performer
from fhir_hr.model.values import Attachment
from fhir_hr.model.when import Period, When

__all__ = ["Tally", "read_report"]

V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"

_IMAGING_SECTIONS = frozenset({"RAD", "RX", "RUS", "CT", "CTH", "NMR", "NMS", "OUS", "VUS", "CUS", "XRC", "MR", "US"})
_FINDINGS_LOINC = frozenset({"59776-5", "18782-3"})
_IMPRESSION_LOINC = frozenset({"19005-8"})
# The words Chinese imaging systems head their two parts with; whole names only.
_FINDINGS_NAMES = frozenset(
    {"检查所见", "影像所见", "影像学所见", "放射学所见", "超声所见", "内镜所见", "所见", "FINDINGS"}
)
_IMPRESSION_NAMES = frozenset(
    {"检查印象", "检查结论", "影像印象", "影像诊断", "诊断意见", "诊断印象", "超声提示", "印象", "IMPRESSION"}
)
_STUDY_UID_CODES = frozenset({"113014", "110180"})
_UID = re.compile(r"[0-2](\.(0|[1-9]\d*))+\Z", re.ASCII)


class Tally(NamedTuple):
    """Where the OBX of a report went."""

    observations: int
    in_report: int
    rejected: int


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
    kind = _kind(ctx, group, categories)
    effective = _effective(ctx, obr, specimens[0].collected if specimens else None)
    facts = ReportFacts(status=status, effective=effective, specimens=specimens)
    narrative = _Narrative()
    results: list[Result] = []
    rejected = in_report = 0
    report_mark = flag_of_report(ctx, group)
    reader.start_report()
    spm_index = {id(one): index for index, one in enumerate(group.specimens)}
    for one in group.results:
        if _is_blank(one.obx):
            ctx.log.add(
                IssueCode.VALUE_MISSING,
                Severity.ERROR,
                one.obx.where,
                "an OBX without code and value was left out",
            )
            rejected += 1
            continue
        part = _narrative_part(ctx, one, kind, narrative)
        if part is not None:
            in_report += part
            rejected += not part
            continue
        result = reader.read(one, reader.shape(one.obx), facts)
        if result is None:
            rejected += 1
            continue
        results.append(_finished(ctx, result, one, spm_index, report_mark))
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
        flag=report_mark,
        marks_readable=ctx.profile.mark_field is not None or ctx.profile.report_mark is not None,
        study_uid=narrative.study_uid or _study_uid_of_obr(ctx, obr),
        accession=_accession(ctx, obr) if kind is ReportKind.IMAGING else None,
    )
    return report, Tally(len(results), in_report, rejected)


def _finished(
    ctx: Context,
    result: Result,
    group: ResultGroup,
    spm_index: dict[int, int],
    report_mark: RecognitionFlag | None,
) -> Result:
    changes: dict[str, Any] = {}
    if group.about is not None and id(group.about) in spm_index:
        changes["focus"] = spm_index[id(group.about)]
    flag = flag_of_result(ctx, result, report_mark)
    if flag is not None:
        changes["flag"] = flag
    return msgspec.structs.replace(result, **changes) if changes else result


def _is_blank(obx: Segment) -> bool:
    return not any(obx.get(number).strip() for number in (2, 3, 5))


def _narrative_part(ctx: Context, group: ResultGroup, kind: ReportKind, into: _Narrative) -> int | None:
    """Take an OBX that is part of the report itself: 1 taken, 0 rejected, ``None`` when it is a result."""
    obx = group.obx
    type_ = obx.get(2).strip().upper()
    raw = obx.get(5)
    code_raw = obx.get(3)
    if type_ in {"ED", "RP"} and raw.strip():
        title = read_cwe(ctx, code_raw, f"{obx.where}-3").text if code_raw else None
        document = read_document(ctx, type_, raw, title, obx.where)
        if document is None:
            return 0
        into.documents.append(document)
        return 1
    if not code_raw.strip(ctx.separators.component + " "):
        if type_ not in TEXT_TYPES:
            return None
        into.findings.append(_lines(ctx, obx))
        return 1
    first = code_raw.split(ctx.separators.component)
    code, name = first[0].strip(), (first[1].strip() if len(first) > 1 else "")
    if code in _STUDY_UID_CODES and _UID.match(raw.strip()):
        into.study_uid = raw.strip()
        return 1
    if type_ not in TEXT_TYPES:
        return None
    part = _part_of(ctx, code, name)
    if part == "findings":
        into.findings.append(_lines(ctx, obx))
        return 1
    if part == "impression":
        into.impression.append(_lines(ctx, obx))
        return 1
    if kind is ReportKind.IMAGING and type_ in {"TX", "FT"}:
        into.headed(ctx.text(name or code), _lines(ctx, obx))
        return 1
    return None


def _part_of(ctx: Context, code: str, name: str) -> str | None:
    profile = ctx.profile
    suffix = code.rpartition(ctx.separators.subcomponent)[2]
    if code in profile.findings_codes or code in _FINDINGS_LOINC or suffix == "GDT":
        return "findings"
    if code in profile.impression_codes or code in _IMPRESSION_LOINC or suffix == "IMP":
        return "impression"
    for word in (name, code):
        whole = word.strip().strip(":：").upper()
        if whole in _FINDINGS_NAMES:
            return "findings"
        if whole in _IMPRESSION_NAMES:
            return "impression"
    return None


def _lines(ctx: Context, obx: Segment) -> str:
    parts = obx.get(5).split(ctx.separators.repetition)
    return "\n".join(ctx.text(part, f"{obx.where}-5") for part in parts)


def _kind(ctx: Context, group: OrderGroup, categories: tuple[Concept, ...]) -> ReportKind:
    """Imaging, when the section says so or the OBX hold findings or an impression; else laboratory."""
    for concept in categories:
        if concept.code_in(V2_0074) in _IMAGING_SECTIONS:
            return ReportKind.IMAGING
    for one in group.results:
        parts = one.obx.get(3).split(ctx.separators.component)
        code, name = parts[0].strip(), (parts[1].strip() if len(parts) > 1 else "")
        if code and (code == "113014" or _part_of(ctx, code, name) is not None):
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
    if row is not None and row.target:
        return ReportStatus(row.target), raw
    assert obr is not None
    ctx.log.add(
        IssueCode.STATUS_UNKNOWN,
        Severity.WARNING,
        f"{obr.where}-25",
        f"report status '{raw[:10]}' is not known; it was read as unknown",
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
