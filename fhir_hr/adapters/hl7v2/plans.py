"""What is known of an OBX before its value is read: its role in the report, and its shape.

A laboratory sends the same code, unit, range, method, device and status for every patient. A plan is that part,
worked out once per sender and raw text; reading an OBX is then looking up its plan and reading its value, time,
flag and people. Plans hold nothing that names a person or an event.
"""

from __future__ import annotations

from enum import Enum, auto

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import read_device
from fhir_hr.adapters.hl7v2.definitions import Shape, interpret_flags, read_shape
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.problems import Problem
from fhir_hr.adapters.hl7v2.values import TEXT_TYPES
from fhir_hr.mapping.item_table import ItemRow
from fhir_hr.model.codes import Concept
from fhir_hr.model.flags import FlagBasis, RecognitionFlag
from fhir_hr.model.lab import ResultDefinition, ResultStatus
from fhir_hr.model.people import Device

__all__ = ["Plan", "Plans", "Role"]

_MAX_PLANS = 20_000

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
"""DICOM PS3.16: 113014 Study, 110180 Study Instance UID."""


class Role(Enum):
    """What an OBX is in its report."""

    RESULT = auto()
    DOCUMENT = auto()
    TEXT_LINE = auto()
    FINDINGS = auto()
    IMPRESSION = auto()
    TEXT = auto()
    """A coded text: a result, but a headed paragraph where the report is one of imaging."""
    STUDY_UID = auto()
    UNCODED = auto()


_TELLS_IMAGING = frozenset({Role.FINDINGS, Role.IMPRESSION, Role.STUDY_UID})


class Plan:
    """The part of an OBX that repeats.

    Attributes:
        status: translated status; ``None`` when it is empty or unknown and the report decides.
        definitions: by specimen kind, the definition with or without the recognised item.
    """

    __slots__ = ("definitions", "device", "kind", "role", "shape", "status", "status_source", "tells_imaging", "title")

    def __init__(self, role: Role, kind: str, title: str) -> None:
        self.role = role
        self.kind = kind
        self.title = title
        self.tells_imaging = role in _TELLS_IMAGING
        self.shape: Shape | None = None
        self.device: Device | None = None
        self.status: ResultStatus | None = None
        self.status_source: str | None = None
        self.definitions: dict[str | None, ResultDefinition] = {}


class Plans:
    """The plans of one sender. Bounded: a sender that puts random text into code fields only loses speed."""

    def __init__(self) -> None:
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._flags: dict[tuple[str, bool], tuple[tuple[Concept, ...], tuple[Problem, ...]]] = {}
        self.concepts: dict[str, tuple[Concept, tuple[Problem, ...]]] = {}
        """Code fields other than OBX-3 (OBR-4, SPM-4 …), for :meth:`Context.concepts`."""
        self.assigners: dict[str, tuple[str | None, str | None]] = {}
        """Assigning authorities, for :meth:`Context.assigners`."""
        self.specimen_kinds: dict[str, str] = {}
        """Kinds by raw specimen type, for :meth:`Context.specimen_kinds`."""
        self._devices: dict[str, Device | None] = {}
        self._item_flags: dict[tuple[str, str], RecognitionFlag | None] = {}

    @property
    def full(self) -> bool:
        """Whether so much is remembered that the sender's next message begins anew."""
        sizes = (
            len(self._plans),
            len(self._flags),
            len(self._devices),
            len(self.concepts),
            len(self.assigners),
            len(self.specimen_kinds),
        )
        return sum(sizes) > _MAX_PLANS

    def plan(self, ctx: Context, obx: Segment) -> Plan:
        """Return the plan of an OBX."""
        f = obx.fields
        key: tuple[str, ...] = (f[2], f[3], f[6], f[7], f[11], f[17], f[18], f[20])
        if ctx.shifted:
            key += (f[ctx.status_field], f[16])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make(ctx, obx)
        return plan

    def _make(self, ctx: Context, obx: Segment) -> Plan:
        type_ = obx.get(2).strip().upper()
        parts = obx.get(3).split(ctx.separators.component)
        code, name = parts[0].strip(), (parts[1].strip() if len(parts) > 1 else "")
        plan = Plan(_role(ctx, type_, obx.get(3), code, ctx.text(name)), type_, ctx.text(name or code))
        if plan.role is Role.TEXT_LINE or plan.role is Role.UNCODED:
            return plan
        plan.shape = self._shape(ctx, obx)
        if not plan.shape.definition.code:
            plan.role = Role.UNCODED
            return plan
        plan.device = self._device(ctx, obx.get(18)) if obx.get(18) else None
        raw = obx.get(ctx.status_field).strip()
        override = ctx.profile.status_overrides.get(raw)
        row = ctx.vocabulary.result_status.get(raw) if raw else None
        if override is not None:
            plan.status = ResultStatus(override)
        elif row is not None and row.target:
            plan.status = ResultStatus(row.target)
        plan.status_source = raw or None
        return plan

    def _device(self, ctx: Context, raw: str) -> Device | None:
        """The instrument; one object for all items that it measures."""
        if raw not in self._devices:
            self._devices[raw] = read_device(ctx, raw.split(ctx.separators.repetition, 1)[0])
        return self._devices[raw]

    def _shape(self, ctx: Context, obx: Segment) -> Shape:
        f = obx.fields
        # With limits in OBX-16 its text belongs to the shape; otherwise it names a person and must not.
        key = (f[3], f[6], f[7], f[17], f[20], f[16] if ctx.limits else "")
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = read_shape(ctx, obx)
        return shape

    def definition(self, ctx: Context, plan: Plan, specimen: str | None) -> ResultDefinition:
        """The definition for this kind of specimen: 白细胞 of a urine report is not the item 白细胞."""
        found = plan.definitions.get(specimen)
        if found is None:
            assert plan.shape is not None
            found = plan.shape.definition
            row = self._item(ctx, found)
            if row is not None and ctx.vocabulary.specimens.accepts(row.specimens, specimen) is False:
                found = plan.shape.plain
            plan.definitions[specimen] = found
        return found

    def _item(self, ctx: Context, definition: ResultDefinition) -> ItemRow | None:
        return ctx.vocabulary.items.item(definition.item) if definition.item is not None else None

    def flags(self, ctx: Context, raw: str, *, grade: bool) -> tuple[tuple[Concept, ...], tuple[Problem, ...]]:
        """The interpretation of a flag field, and what was unknown in it."""
        key = (raw, grade)
        found = self._flags.get(key)
        if found is None:
            field = str(ctx.profile.flag_field)
            found = self._flags[key] = interpret_flags(ctx, raw, grade=grade, field=field)
        return found

    def item_flag(self, ctx: Context, definition: ResultDefinition, report: RecognitionFlag) -> RecognitionFlag | None:
        """The mark of one result: its item is on a list, carries its symbol, and the report carries the mark."""
        if not definition.starred or definition.item is None:
            return None
        key = (report.mark.code, definition.item.code)
        if key not in self._item_flags:
            row = self._item(ctx, definition)
            self._item_flags[key] = (
                None
                if row is None
                else RecognitionFlag(
                    mark=report.mark,
                    basis=FlagBasis.ITEM_SYMBOL,
                    item=row.code,
                    list_uri=row.list_uri,
                    list_version=row.list_version,
                    authority=row.authority,
                )
            )
        return self._item_flags[key]


def _role(ctx: Context, type_: str, raw: str, code: str, name: str) -> Role:
    if type_ in {"ED", "RP"}:
        return Role.DOCUMENT
    if not raw.strip(ctx.separators.component + " "):
        return Role.TEXT_LINE if type_ in TEXT_TYPES else Role.UNCODED
    if code in _STUDY_UID_CODES:
        return Role.STUDY_UID
    if type_ in TEXT_TYPES:
        part = _part_of(ctx, code, name)
        if part is not None:
            return part
    return Role.TEXT if type_ in {"TX", "FT"} else Role.RESULT


def _part_of(ctx: Context, code: str, name: str) -> Role | None:
    profile = ctx.profile
    suffix = code.rpartition(ctx.separators.subcomponent)[2]
    if code in profile.findings_codes or code in _FINDINGS_LOINC or suffix == "GDT":
        return Role.FINDINGS
    if code in profile.impression_codes or code in _IMPRESSION_LOINC or suffix == "IMP":
        return Role.IMPRESSION
    for word in (name, code):
        whole = word.strip().strip(":：").upper()
        if whole in _FINDINGS_NAMES:
            return Role.FINDINGS
        if whole in _IMPRESSION_NAMES:
            return Role.IMPRESSION
    return None
