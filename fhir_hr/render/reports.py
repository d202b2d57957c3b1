"""One report with its results as DiagnosticReport, ServiceRequest, Specimens and Observations."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.lab import Report, ReportKind, Result
from fhir_hr.model.people import Performer
from fhir_hr.model.when import Period
from fhir_hr.render.collect import Collector, reference
from fhir_hr.render.datatypes import (
    PROFILE,
    absent,
    attachment,
    clean,
    concept,
    identifier,
    period,
    put_instant,
    put_when,
    technical_identifier,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.flag import flag_extension, forbidden
from fhir_hr.render.observations import Links, linked, note_list, observation, report_categories, status_source
from fhir_hr.render.orders import note_authors, order_identifiers, service_request, specimen
from fhir_hr.render.parties import Parties
from fhir_hr.render.r4 import R4
from fhir_hr.render.shapes import Group, Shapes, plain

__all__ = ["Reports"]

_V2_0074 = "http://terminology.hl7.org/CodeSystem/v2-0074"
_DICOM_UID = "urn:dicom:uid"
_LAB = Code(system=_V2_0074, code="LAB", display="Laboratory")
_IMAGING = Code(system=_V2_0074, code="IMG", display="Diagnostic Imaging")
_PROFILES = {ReportKind.LABORATORY: "recognised-lab-report", ReportKind.IMAGING: "recognised-imaging-report"}
# What a physician reads, so Chinese first.
_HEADINGS = {
    ReportKind.IMAGING: ("检查所见", "检查印象"),
    ReportKind.LABORATORY: ("报告正文", "结论"),
    ReportKind.OTHER: ("报告正文", "结论"),
}
_NOTES_HEADING = "备注"


class Reports:
    """Renders the reports of one message.

    Attributes:
        result_ids: id of each Observation by ``(report key, result key)``.
        report_ids: id of each DiagnosticReport by report key.
    """

    __slots__ = ("_dialect", "_out", "_parties", "_shapes", "_study_ids", "report_ids", "result_ids")

    def __init__(
        self,
        out: Collector,
        *,
        parties: Parties,
        dialect: R4,
        shapes: Shapes | None,
        study_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._study_ids = study_ids
        self._out = out
        self._parties = parties
        self._dialect = dialect
        self._shapes = shapes
        self.result_ids: dict[tuple[str, str], str] = {}
        self.report_ids: dict[str, str] = {}
        for report in out.message.reports:
            self._name(report)

    def _name(self, report: Report) -> None:
        ids = self._out.ids.of_report(report.key)
        self.report_ids[report.key] = ids.make("DiagnosticReport", report.key)
        keys = dict.fromkeys(result.key for result in report.results)
        for key, found in zip(keys, ids.make_many("Observation", f"{report.key}\x1f", keys), strict=True):
            self.result_ids[report.key, key] = found
        if len(keys) != len(report.results):
            self._report_duplicates(report)

    def _report_duplicates(self, report: Report) -> None:
        seen: set[str] = set()
        for result in report.results:
            if result.key in seen:
                self._out.issue(
                    IssueCode.DUPLICATE_RESULT,
                    result.where,
                    "two results of the report have the same key; the later one was left out",
                    severity=Severity.ERROR,
                )
            seen.add(result.key)

    def add(self, report: Report) -> None:
        """Add a report and all that belongs to it."""
        out, parties, dialect = self._out, self._parties, self._dialect
        if out.has(self.report_ids[report.key]):
            out.issue(
                IssueCode.DUPLICATE_RESULT,
                report.where,
                "two reports of the message have the same key; the later one was left out with its results",
                severity=Severity.ERROR,
            )
            return
        specimens = [specimen(one, report, out, parties=parties, dialect=dialect) for one in report.specimens]
        request: str | None = None
        if report.request is not None:
            request = service_request(
                report.request, report, out, parties=parties, dialect=dialect, specimens=specimens
            )
        attachments = self._results(report, request=request, specimens=specimens)
        resource_id = self.report_ids[report.key]
        resource = self._report(report, resource_id, request=request, specimens=specimens)
        forms = [*map(attachment, report.documents), *attachments, *self._text_form(report)]
        if forms := [form for form in forms if form]:
            resource["presentedForm"] = forms
        out.add("DiagnosticReport", resource_id, resource)

    # -- results ---------------------------------------------------------------------------------

    def _results(self, report: Report, *, request: str | None, specimens: Sequence[str]) -> list[Json]:
        left: list[Json] = []
        done: set[str] = set()
        groups: dict[tuple[object, ...], Group] = {}
        for result in report.results:
            if result.key in done:
                continue
            done.add(result.key)
            resource_id = self.result_ids[report.key, result.key]
            flagged = result.flag is not None and self._flag_allowed(result.flag, result.where)
            if self._shapes is None or not plain(result) or report.parent is not None:
                links = self._links(report, result, request=request, specimens=specimens)
                left += self._whole(result, report, links, resource_id, flagged=flagged)
                continue
            group = self._group(report, result, groups, request=request, specimens=specimens)
            ready = self._shapes.splice(result, group, resource_id)
            if ready is not None:
                self._out.add_checked("Observation", resource_id, ready)
                continue
            left += self._whole(result, report, group.links, resource_id, flagged=flagged)
            self._shapes.learn(result, group, self._out.last("Observation"))
        return left

    def _whole(self, result: Result, report: Report, links: Links, resource_id: str, *, flagged: bool) -> list[Json]:
        """Add an Observation that is rendered member by member."""
        resource, attachments = observation(
            result, report, links, resource_id=resource_id, dialect=self._dialect, flagged=flagged
        )
        self._out.add("Observation", resource_id, resource)
        title = _name_of(result)
        return [attachment(one, title=title) for one in attachments]

    def _group(
        self,
        report: Report,
        result: Result,
        groups: dict[tuple[object, ...], Group],
        *,
        request: str | None,
        specimens: Sequence[str],
    ) -> Group:
        """Return the group of results that share all links; its links are checked with the first of them."""
        when = result.effective
        time = None if when is None else (when.iso, when.source)
        analysed = None if result.analysed is None else (result.analysed.iso, result.analysed.source)
        # All of these objects live as long as the message does.
        key = (id(result.performers), id(result.device), time, analysed, result.specimen)
        found = groups.get(key)
        if found is None:
            links = self._links(report, result, request=request, specimens=specimens)
            members = linked(links)
            assert self._shapes is not None
            found = groups[key] = Group(self._shapes.token(report, members), members, links)
            self._out.links.append(members)
        return found

    def _links(self, report: Report, result: Result, *, request: str | None, specimens: Sequence[str]) -> Links:
        parties = self._parties
        return Links(
            patient=self._out.patient,
            encounter=self._out.encounter,
            request=request,
            specimen=_nth(specimens, result.specimen),
            focus=_nth(specimens, result.focus),
            analysed=result.analysed,
            device=parties.device(result.device) if result.device is not None else None,
            performers=tuple(_each(result.performers, parties.performer)),
            authors=note_authors(result.notes, parties),
            derived_from=self._parent(report, result),
            effective=result.effective or report.effective,
            issued=report.issued,
        )

    def _flag_allowed(self, flag: RecognitionFlag, where: str) -> bool:
        why = forbidden(flag)
        if why is not None:
            self._out.issue(IssueCode.MARK_FORBIDDEN, where, why, severity=Severity.ERROR)
        return why is None

    def _parent(self, report: Report, result: Result) -> Json | None:
        if result.derived_from is not None:
            own = self.result_ids.get((report.key, result.derived_from))
            if own is not None:
                return reference(own)
            for (report_key, key), found in self.result_ids.items():
                if result.derived_from in (f"{report_key}|{key}", f"{report_key}/{key}"):
                    return reference(found)
            self._out.issue(
                IssueCode.FHIR_REFERENCE,
                result.where,
                "the parent result is not in this message",
                severity=Severity.INFORMATION,
            )
        if report.parent is None:
            return None
        code = report.parent.code
        text = clean(code.text or (code.codings[0].display or code.codings[0].code if code.codings else None))
        if text is None:
            return None
        part = clean(report.parent.sub_id)
        return {"type": "Observation", "display": f"{text} [{part}]" if part else text}

    # -- the report itself -------------------------------------------------------------------------

    def _report(self, report: Report, resource_id: str, *, request: str | None, specimens: Sequence[str]) -> Json:
        out = self._out
        profile = _PROFILES.get(report.kind) if out.patient else None
        resource = out.base("DiagnosticReport", resource_id, profile=f"{PROFILE}{profile}" if profile else None)
        if report.flag is not None and self._flag_allowed(report.flag, report.where):
            resource["extension"] = [flag_extension(report.flag)]
        resource["identifier"] = _report_identifiers(report, resource_id)
        if request is not None:
            resource["basedOn"] = [reference(request)]
        resource["status"] = report.status.value
        if extra := status_source(report.status_source, report.status.value):
            resource["_status"] = extra
        if categories := _categories(report):
            resource["category"] = categories
        resource["code"] = concept(report.code) or {"extension": absent()}
        if out.patient:
            resource["subject"] = reference(out.patient)
        if out.encounter:
            resource["encounter"] = reference(out.encounter)
        _put_times(resource, report)
        self._put_people(resource, report)
        if specimens:
            resource["specimen"] = [reference(one) for one in specimens]
        keys = dict.fromkeys(result.key for result in report.results)
        if keys:
            resource["result"] = [reference(self.result_ids[report.key, key]) for key in keys]
        if self._dialect.report_has_note and (
            notes := note_list(report.notes, note_authors(report.notes, self._parties))
        ):
            resource["note"] = notes
        if report.study_uid:
            known = self._study_ids.get(report.study_uid)
            study = {"system": _DICOM_UID, "value": f"urn:oid:{report.study_uid}"}
            stated = {"type": "ImagingStudy", "identifier": study}
            resource[self._dialect.report_study] = [reference(known) if known else stated]
        if conclusion := clean(report.conclusion):
            resource["conclusion"] = conclusion
        return resource

    def _put_people(self, resource: Json, report: Report) -> None:
        parties = self._parties
        performers = _each(report.performers, parties.performer)
        if not any(performer.organization is not None for performer in report.performers):
            # Whose report it is decides whether it can be recognised: without a laboratory, the sender.
            performers += _each((Performer(organization=self._out.message.sender),), parties.performer)
        if performers:
            resource["performer"] = [reference(one) for one in dict.fromkeys(performers)]
        if interpreters := _each(report.interpreters, parties.performer):
            resource["resultsInterpreter"] = [reference(one) for one in dict.fromkeys(interpreters)]

    def _text_form(self, report: Report) -> list[Json]:
        """Return findings, conclusion and, where the release has no other place, notes as one plain text."""
        heading, second = _HEADINGS[report.kind]
        parts = [(heading, clean(report.findings))]
        notes = "\n".join(note.text for note in report.notes) if not self._dialect.report_has_note else None
        if parts[0][1] is None and clean(notes) is None:
            return []
        parts += [(second, clean(report.conclusion)), (_NOTES_HEADING, clean(notes))]
        text = "\n\n".join(f"{name}：\n{body}" for name, body in parts if body)
        data = b64encode(text.encode()).decode("ascii")
        return [{"contentType": "text/plain; charset=utf-8", "data": data, "title": "报告文字"}]


def _put_times(resource: Json, report: Report) -> None:
    if not isinstance(report.effective, Period):
        put_when(resource, "effectiveDateTime", report.effective)
    elif span := period(report.effective):
        resource["effectivePeriod"] = span
    put_instant(resource, "issued", report.issued)


def _report_identifiers(report: Report, resource_id: str) -> list[Json]:
    out = [identifier(one) for one in report.identifiers if clean(one.value)]
    seen = {(one.get("system"), one["value"]) for one in out}
    for one in order_identifiers(report.request):
        if (one.get("system"), one["value"]) not in seen:
            out.append(one)
    if report.accession is not None and clean(report.accession.value):
        accession = identifier(report.accession)
        if (accession.get("system"), accession["value"]) not in seen:
            kind = {"coding": [{"system": V2_0203, "code": "ACSN", "display": "Accession ID"}]}
            out.append({"type": kind, **accession})
    out.append(technical_identifier(resource_id))
    return out


def _categories(report: Report) -> list[Json]:
    if report.kind is ReportKind.LABORATORY:
        return report_categories(report, last=_LAB)
    sections = report_categories(report)
    if report.kind is ReportKind.IMAGING and not sections:
        return report_categories(report, last=_IMAGING)
    return sections


def _each(performers: Sequence[Performer], make: Callable[[Performer], str | None]) -> list[str]:
    found = (make(performer) for performer in performers)
    return list(dict.fromkeys(one for one in found if one is not None))


def _nth(ids: Sequence[str], index: int | None) -> str | None:
    return ids[index] if index is not None and 0 <= index < len(ids) else None


def _name_of(result: Result) -> str | None:
    code = result.definition.code
    return code.text or (code.codings[0].display or code.codings[0].code if code.codings else None)
