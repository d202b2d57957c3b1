"""OBX to results: value, status, flags, who, when (chapter 7.4.2)."""

from __future__ import annotations

from typing import NamedTuple

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import (
    read_address,
    read_device,
    read_entity,
    read_organization,
    read_person,
    repetitions,
)
from fhir_hr.adapters.hl7v2.definitions import Shape, interpret_flags, read_shape
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.groups import ResultGroup
from fhir_hr.adapters.hl7v2.numbers import read_number
from fhir_hr.adapters.hl7v2.orders import read_notes
from fhir_hr.adapters.hl7v2.problems import Problem
from fhir_hr.adapters.hl7v2.values import ValueRead, read_values
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.lab import ReportStatus, Result, ResultStatus, Specimen
from fhir_hr.model.people import Device, Organization, Performer
from fhir_hr.model.values import Absent, AbsentReason, Text
from fhir_hr.model.when import Period, When

__all__ = ["ReportFacts", "ResultReader", "SharedCache"]

_ROLE_OBSERVER = Concept(
    codings=(
        Code(
            system="http://terminology.hl7.org/CodeSystem/practitioner-role",
            code="responsibleObserver",
            display="Responsible Observer",
        ),
    )
)
_MAX_SHAPES = 20_000
_DEFAULT_FINAL = {
    ReportStatus.FINAL: ResultStatus.FINAL,
    ReportStatus.CORRECTED: ResultStatus.FINAL,
    ReportStatus.AMENDED: ResultStatus.FINAL,
}


class SharedCache:
    """Translations that repeat for every patient of one sender: shapes, flags, devices. Bounded.

    Nothing that names a person or an event is kept here.
    """

    def __init__(self) -> None:
        self.shapes: dict[tuple[str, ...], Shape] = {}
        self.flags: dict[tuple[str, bool], tuple[tuple[Concept, ...], tuple[Problem, ...]]] = {}
        self.devices: dict[str, Device | None] = {}
        self.accepted: dict[tuple[str, str | None], bool] = {}

    def trim(self) -> None:
        """Forget everything when a sender makes too many different shapes (random texts in code fields)."""
        if len(self.shapes) + len(self.flags) + len(self.devices) > _MAX_SHAPES:
            self.shapes.clear()
            self.flags.clear()
            self.devices.clear()


class ReportFacts(NamedTuple):
    """What the results of one report take from it."""

    status: ReportStatus
    effective: When | Period | None
    specimens: list[Specimen]


class ResultReader:
    """Reads the OBX of one message."""

    def __init__(self, ctx: Context, cache: SharedCache) -> None:
        self._ctx = ctx
        self._cache = cache
        self._performers: dict[tuple[str, ...], tuple[Performer, ...]] = {}
        self._keys: dict[str, int] = {}

    def start_report(self) -> None:
        """Begin a new report: result keys count anew."""
        self._keys = {}

    def shape(self, obx: Segment) -> Shape:
        """The translated definition of an OBX, shared with every OBX of the sender that says the same."""
        get = obx.get
        # With limits in OBX-16 its text belongs to the shape; otherwise it names a person and must not.
        extra = get(16) if self._ctx.profile.limits_in_obx16 else ""
        key = (get(3), get(6), get(7), get(17), get(20), extra)
        shape = self._cache.shapes.get(key)
        if shape is None:
            shape = read_shape(self._ctx, obx)
            self._cache.shapes[key] = shape
        return shape

    def read(self, group: ResultGroup, shape: Shape, facts: ReportFacts) -> Result | None:
        """Read one OBX as a result; ``None`` with an issue when nothing of it can stand as one."""
        obx = group.obx
        where = obx.where
        ctx = self._ctx
        get = obx.get
        if not shape.definition.code:
            ctx.log.add(
                IssueCode.CODE_MISSING,
                Severity.ERROR,
                f"{where}-3",
                "the result has no code and no name; it was left out",
            )
            return None
        if shape.problems:
            ctx.log.add_problems(shape.problems, where)
        profile = ctx.profile
        status, status_raw = self._status(get(profile.status_field), facts, where)
        read = self._value(obx, shape, status, status_raw)
        index = self._specimen(obx, facts)
        definition = shape.definition
        if definition.item is not None and not self._accepts(definition.item.code, facts, index):
            definition = shape.plain
        grade = isinstance(read.value, Text) and read.value.ordinal is not None
        flag_raw = get(profile.flag_field)
        effective = ctx.when(get(14), f"{where}-14")
        if effective is None:
            effective = _moment_of(facts.effective)
        device_raw = get(18)
        sub_id = get(4)
        analysed = get(19)
        return Result(
            key=self._key(shape.key, sub_id),
            definition=definition,
            value=read.value,
            components=read.components,
            status=status,
            status_source=status_raw or None,
            where=where,
            interpretations=self._flags(flag_raw, grade, where) if flag_raw else (),
            effective=effective,
            analysed=ctx.when(analysed, f"{where}-19") if analysed else None,
            performers=self._who(obx),
            device=self._device(device_raw) if device_raw else None,
            identifiers=self._numbers(get(21)) if get(21) else (),
            notes=read_notes(ctx, group.notes) if group.notes else (),
            sub_id=sub_id or None,
            specimen=index,
        )

    def _key(self, base: str, sub_id: str) -> str:
        key = f"{base}/{sub_id}" if sub_id else base
        count = self._keys.get(key, 0)
        self._keys[key] = count + 1
        return f"{key}~{count}" if count else key

    def _status(self, raw: str, facts: ReportFacts, where: str) -> tuple[ResultStatus, str]:
        ctx = self._ctx
        raw = raw.strip()
        override = ctx.profile.status_overrides.get(raw)
        if override is not None:
            return ResultStatus(override), raw
        if raw:
            row = ctx.vocabulary.result_status.get(raw)
            if row is not None and row.target:
                return ResultStatus(row.target), raw
            ctx.log.add(
                IssueCode.STATUS_UNKNOWN,
                Severity.WARNING,
                f"{where}-{ctx.profile.status_field}",
                f"result status '{raw[:10]}' is not known; it was read as unknown",
            )
            return ResultStatus.UNKNOWN, raw
        assumed = _DEFAULT_FINAL.get(facts.status)
        if assumed is not None:
            ctx.log.add_once(
                IssueCode.STATUS_ASSUMED,
                Severity.INFORMATION,
                f"{where}-{ctx.profile.status_field}",
                "results without a status in a final report were read as final (HL7 v2.2: default F)",
            )
            return assumed, ""
        ctx.log.add_once(
            IssueCode.STATUS_UNKNOWN,
            Severity.WARNING,
            f"{where}-{ctx.profile.status_field}",
            "results without a status were read as unknown",
        )
        return ResultStatus.UNKNOWN, ""

    def _value(self, obx: Segment, shape: Shape, status: ResultStatus, status_raw: str) -> ValueRead:
        raw = obx.get(5)
        kind = obx.get(2).strip().upper()
        if raw.strip():
            if not kind:
                self._ctx.log.add_once(
                    IssueCode.VALUE_TYPE_MISSING,
                    Severity.WARNING,
                    f"{obx.where}-2",
                    "a value without a type was read as text",
                )
            if kind == "NM" and self._shifted(obx):
                return ValueRead(Absent(reason=AbsentReason.ERROR, text=self._ctx.text(raw)))
            read = read_values(self._ctx, kind, raw, shape.definition.unit, obx.where)
            if read.value is not None:
                return read
        row = self._ctx.vocabulary.result_status.get(status_raw) if status_raw else None
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

    def _flags(self, raw: str, grade: bool, where: str) -> tuple[Concept, ...]:
        key = (raw, grade)
        found = self._cache.flags.get(key)
        if found is None:
            field = str(self._ctx.profile.flag_field)
            found = interpret_flags(self._ctx, raw, grade=grade, where=field)
            self._cache.flags[key] = found
        concepts, problems = found
        if problems:
            self._ctx.log.add_problems(problems, where)
        return concepts

    def _device(self, raw: str) -> Device | None:
        if raw in self._cache.devices:
            return self._cache.devices[raw]
        device = read_device(self._ctx, raw.split(self._ctx.separators.repetition, maxsplit=1)[0])
        self._cache.devices[raw] = device
        return device

    def _who(self, obx: Segment) -> tuple[Performer, ...]:
        """OBX-16 the observer; OBX-23/24/25 the laboratory, else OBX-15 (v2-to-FHIR)."""
        get = obx.get
        observer = "" if self._ctx.profile.limits_in_obx16 else get(16)
        key = (observer, get(23), get(24), get(25), get(15))
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
                found.append(Performer(practitioner=person, role=_ROLE_OBSERVER))
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

    def _specimen(self, obx: Segment, facts: ReportFacts) -> int | None:
        """The specimen of a result: OBX-33 names it, or the report has only one."""
        specimens = facts.specimens
        if not specimens:
            return None
        named = obx.get(33)
        if named and len(specimens) > 1:
            pieces = [
                piece
                for part in named.split(self._ctx.separators.component)
                for piece in part.split(self._ctx.separators.subcomponent)
            ]
            for index, specimen in enumerate(specimens):
                if any(identifier.value in pieces for identifier in specimen.identifiers):
                    return index
        return 0 if len(specimens) == 1 else None

    def _accepts(self, item: str, facts: ReportFacts, index: int | None) -> bool:
        """Whether the item is about this kind of specimen: 白细胞 of a urine report is not the item 白细胞."""
        if index is None:
            return True
        kind = facts.specimens[index].kind_code
        key = (item, kind)
        found = self._cache.accepted.get(key)
        if found is None:
            vocabulary = self._ctx.vocabulary
            row = vocabulary.items.item(item)
            accepted = row is None or vocabulary.specimens.accepts(row.specimens, kind) is not False
            found = self._cache.accepted[key] = accepted
        return found


def _moment_of(effective: When | Period | None) -> When | None:
    if isinstance(effective, Period):
        return effective.start or effective.end
    return effective
