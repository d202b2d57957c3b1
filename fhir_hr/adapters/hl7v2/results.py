"""OBX to results: value, status, flags, who, when (chapter 7.4.2)."""

from __future__ import annotations

from typing import NamedTuple

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import (
    read_address,
    read_entity,
    read_organization,
    read_person,
    repetitions,
)
from fhir_hr.adapters.hl7v2.definitions import Shape
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.groups import ResultGroup
from fhir_hr.adapters.hl7v2.numbers import read_number
from fhir_hr.adapters.hl7v2.orders import read_notes
from fhir_hr.adapters.hl7v2.plans import Plan, Plans
from fhir_hr.adapters.hl7v2.values import ValueRead, read_values
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.codes import Concept, Identifier
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.lab import ReportStatus, Result, ResultStatus, Specimen
from fhir_hr.model.people import Organization, Performer
from fhir_hr.model.values import Absent, AbsentReason, Quantity, Text, Value
from fhir_hr.model.when import When

__all__ = ["ReportFacts", "ResultReader"]

_DEFAULT_FINAL = {
    ReportStatus.FINAL: ResultStatus.FINAL,
    ReportStatus.CORRECTED: ResultStatus.FINAL,
    ReportStatus.AMENDED: ResultStatus.FINAL,
}


class ReportFacts(NamedTuple):
    """What the results of one report take from it."""

    status: ReportStatus
    effective: When | None
    specimens: list[Specimen]
    specimen_index: dict[int, int]
    """``id`` of a specimen group to its index, for observations about a specimen."""
    flag: RecognitionFlag | None


class ResultReader:
    """Reads the OBX of one message."""

    def __init__(self, ctx: Context, plans: Plans) -> None:
        self._ctx = ctx
        self._plans = plans
        self._performers: dict[tuple[str, ...], tuple[Performer, ...]] = {}
        self._keys: dict[str, int] = {}

    def start_report(self) -> None:
        """Begin a new report: result keys count anew."""
        self._keys = {}

    def plan(self, obx: Segment) -> Plan:
        """What repeats of an OBX."""
        return self._plans.plan(self._ctx, obx)

    def read(self, group: ResultGroup, plan: Plan, facts: ReportFacts) -> Result:
        """Read one coded OBX as a result."""
        ctx, obx, shape = self._ctx, group.obx, plan.shape
        times = ctx.times
        assert shape is not None
        f = obx.fields
        where = obx.where
        if shape.problems:
            ctx.log.add_problems(shape.problems, where)
        status = plan.status or self._status(plan, facts, where)
        value, components = self._value(obx, plan, shape, status)
        specimens = facts.specimens
        index = self._specimen(f[33], specimens, where) if specimens else None
        kind_code = specimens[index].kind_code if index is not None else None
        definition = plan.definitions.get(kind_code) or self._plans.definition(ctx, plan, kind_code)
        flag_raw = f[ctx.flag_field]
        sub_id = f[4]
        key = f"{shape.key}/{sub_id}" if sub_id else shape.key
        count = self._keys.get(key, 0)
        self._keys[key] = count + 1
        return Result(
            key=f"{key}~{count}" if count else key,
            definition=definition,
            value=value,
            components=components,
            status=status,
            status_source=plan.status_source,
            where=where,
            interpretations=self._flags(flag_raw, value, where) if flag_raw else (),
            effective=(times.get(f[14]) or ctx.when(f[14], f"{where}-14") if f[14] else None) or facts.effective,
            analysed=times.get(f[19]) or ctx.when(f[19], f"{where}-19") if f[19] else None,
            performers=self._who(obx),
            device=plan.device,
            identifiers=self._numbers(f[21]) if f[21] else (),
            notes=read_notes(ctx, group.notes) if group.notes else (),
            sub_id=sub_id or None,
            specimen=index,
            focus=facts.specimen_index.get(id(group.about)) if group.about is not None else None,
            flag=self._plans.item_flag(ctx, definition, facts.flag) if facts.flag is not None else None,
        )

    def _status(self, plan: Plan, facts: ReportFacts, where: str) -> ResultStatus:
        """The status where OBX-11 is empty or unknown."""
        ctx = self._ctx
        place = f"{where}-{ctx.status_field}"
        if plan.status_source:
            ctx.log.add(
                IssueCode.STATUS_UNKNOWN,
                Severity.WARNING,
                place,
                f"result status '{plan.status_source[:10]}' is not known; it was read as unknown",
            )
            return ResultStatus.UNKNOWN
        assumed = _DEFAULT_FINAL.get(facts.status)
        if assumed is not None:
            ctx.log.add_once(
                IssueCode.STATUS_ASSUMED,
                Severity.INFORMATION,
                place,
                "results without a status in a final report were read as final (HL7 v2.2: default F)",
            )
            return assumed
        ctx.log.add_once(
            IssueCode.STATUS_UNKNOWN, Severity.WARNING, place, "results without a status were read as unknown"
        )
        return ResultStatus.UNKNOWN

    def _value(self, obx: Segment, plan: Plan, shape: Shape, status: ResultStatus) -> ValueRead:
        raw, kind = obx.fields[5], plan.kind
        if raw and not raw.isspace():
            if kind == "NM":
                number = read_number(raw)
                if number is not None:
                    return ValueRead(Quantity(value=number, unit=shape.definition.unit, source=raw))
                if self._shifted(obx):
                    return ValueRead(Absent(reason=AbsentReason.ERROR, text=self._ctx.text(raw)))
            elif not kind:
                self._ctx.log.add_once(
                    IssueCode.VALUE_TYPE_MISSING,
                    Severity.WARNING,
                    f"{obx.where}-2",
                    "a value without a type was read as text",
                )
            read = read_values(self._ctx, kind, raw, shape.definition.unit, obx.where)
            if read.value is not None:
                return read
        row = self._ctx.vocabulary.result_status.get(plan.status_source) if plan.status_source else None
        if row is not None and row.absent:
            return ValueRead(Absent(reason=AbsentReason(row.absent)))
        if status is ResultStatus.CANCELLED:
            return ValueRead(Absent(reason=AbsentReason.NOT_PERFORMED))
        return ValueRead(Absent(reason=AbsentReason.UNKNOWN))

    def _shifted(self, obx: Segment) -> bool:
        """Whether the fields stand one place too far left: a number in OBX-4 and its unit in OBX-5."""
        if read_number(obx.get(4).strip()) is None or read_number(obx.get(5).strip()) is not None:
            return False
        if self._ctx.vocabulary.units.find(obx.get(5)) is None:
            return False
        self._ctx.log.add(
            IssueCode.FIELD_SHIFTED,
            Severity.ERROR,
            f"{obx.where}-5",
            "a unit stands where the value belongs and a number before it: the fields are shifted by one; "
            "no value was taken",
        )
        return True

    def _flags(self, raw: str, value: Value | None, where: str) -> tuple[Concept, ...]:
        grade = isinstance(value, Text) and value.ordinal is not None
        concepts, problems = self._plans.flags(self._ctx, raw, grade=grade)
        if problems:
            self._ctx.log.add_problems(problems, where)
        return concepts

    def _who(self, obx: Segment) -> tuple[Performer, ...]:
        """OBX-16 the observer; OBX-23/24/25 the laboratory, else OBX-15 (v2-to-FHIR)."""
        f = obx.fields
        observer = "" if self._ctx.limits else f[16]
        key = (observer, f[23], f[24], f[25], f[15])
        found = self._performers.get(key)
        if found is None:
            found = self._performers[key] = tuple(self._performers_of(obx, observer))
        return found

    def _performers_of(self, obx: Segment, observer: str) -> list[Performer]:
        ctx = self._ctx
        found = []
        for part in repetitions(ctx, observer):
            person = read_person(ctx, part, f"{obx.where}-16")
            if person is not None:
                found.append(Performer(practitioner=person))
        organization = read_organization(ctx, obx.get(23)) if obx.get(23) else None
        if organization is None and obx.get(15):
            organization = self._producer(obx.get(15))
        if organization is not None:
            found.append(Performer(organization=self._completed(organization, obx)))
        return found

    def _producer(self, raw: str) -> Organization | None:
        """OBX-15 (CWE): code ^ name of the producer."""
        parts = [self._ctx.text(part).strip() for part in raw.split(self._ctx.separators.component)]
        code, name = [*parts, ""][:2]
        if not code and not name:
            return None
        identifier = Identifier(value=code, assigner=self._ctx.facility or None) if code and name else None
        return Organization(name=name or code, identifiers=(identifier,) if identifier else ())

    def _completed(self, organization: Organization, obx: Segment) -> Organization:
        ctx = self._ctx
        address = read_address(ctx, obx.get(24)) if obx.get(24) else None
        director = read_person(ctx, obx.get(25), f"{obx.where}-25") if obx.get(25) else None
        return Organization(
            name=organization.name,
            identifiers=organization.identifiers,
            address=address,
            contact=director.name if director is not None else None,
            contact_title="Medical Director" if director is not None else None,
        )

    def _numbers(self, raw: str) -> tuple[Identifier, ...]:
        found = read_entity(self._ctx, raw.split(self._ctx.separators.repetition, maxsplit=1)[0], type_code="FILL")
        return (found,) if found is not None else ()

    def _specimen(self, named: str, specimens: list[Specimen], where: str) -> int | None:
        """The specimen of a result: OBX-33 names it, or the report has only one."""
        if not named:
            if len(specimens) == 1:
                return 0
            self._unlinked(where, "the report has several specimens and the result names none (OBX-33)")
            return None
        seps = self._ctx.separators
        pieces = [piece for part in named.split(seps.component) for piece in part.split(seps.subcomponent)]
        for index, specimen in enumerate(specimens):
            if any(identifier.value in pieces for identifier in specimen.identifiers):
                return index
        if len(specimens) == 1 and not specimens[0].identifiers:
            return 0
        self._unlinked(where, "the specimen that the result names is not in its report")
        return None

    def _unlinked(self, where: str, why: str) -> None:
        message = f"{why}; none was linked"
        self._ctx.log.add_once(IssueCode.SPECIMEN_UNLINKED, Severity.WARNING, f"{where}-33", message)
