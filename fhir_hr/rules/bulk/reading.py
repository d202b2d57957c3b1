"""Which facets each kind of check reads.

What is written here is only *which* facts a check can tell apart, never what it makes of them: that is asked of the
check itself. A facet too many costs time; one too few would be wrong, and the tests compare with the row engine.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC
from typing import Any, TypeAlias

import msgspec

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.exams import Exam
from fhir_hr.model.orders import ExclusionClaim
from fhir_hr.model.when import When
from fhir_hr.rules.bulk.columns import Chunk
from fhir_hr.rules.bulk.exams import exam_facets
from fhir_hr.rules.bulk.facets import Asked, Facet, Fold, Same, SameText, Stated
from fhir_hr.rules.bulk.lists import ListFacets
from fhir_hr.rules.bulk.sides import direction_facets
from fhir_hr.rules.bulk.spans import Age, Buckets, Limits, Order, Present
from fhir_hr.rules.bulk.times import micros
from fhir_hr.rules.check_specs import (
    CheckSpec,
    ComparabilitySpec,
    CompleteSpec,
    DirectionSpec,
    ExamFitSpec,
    MarkSpec,
    OwnHospitalSpec,
    QualitySpec,
    WindowSpec,
)
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.checks.compare import folded
from fhir_hr.rules.checks.mark import covers, division_prefix
from fhir_hr.rules.checks.window import bind_window_limit, readings
from fhir_hr.rules.clock import parse_day, parse_zone, span
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.reasons import Voice, reason_texts
from fhir_hr.rules.schema import NegativeRow, WeakenRow
from fhir_hr.rules.vocabulary import Anchor, Aspect, CheckKind, Count, Field, MarkLevel

__all__ = ["ANCHORS", "READERS", "PackFacets", "Window"]

Facets: TypeAlias = tuple[Facet, ...]

ANCHORS = {Anchor.PERFORMED: "prior.performed", Anchor.REPORTED: "prior.reported"}
_COMPARED = {Aspect.UNIT: "unit", Aspect.METHOD: "method", Aspect.REFERENCE_INTERVAL: "reference"}
_TEXTS = {
    Field.PATIENT_NAME: "prior.patient_name",
    Field.ITEM: "prior.name",
    Field.METHOD: "prior.method",
    Field.REFERENCE_INTERVAL: "prior.reference",
    Field.DEVICE_MODEL: "prior.device_model",
}
_FLAGS = {
    Field.REPORT: "prior.has_report",
    Field.IMAGES: "prior.has_images",
    Field.SERIES: "prior.series_complete",
    Field.SCALE: "prior.scale",
}


def plain(value: Hashable) -> Hashable:
    """Tell every value apart."""
    return value


def _presence(value: str | None) -> Hashable:
    """Tell apart only: none, empty, anything else."""
    return True if value else value


def _given(value: str | None) -> str | None:
    return value or None


def _code_key(code: Code | None) -> Hashable:
    return None if code is None else (code.system, code.code)


def _compared(text: str | None) -> Hashable:
    stripped = (text or "").strip()
    return (folded(stripped),) if stripped else None


class Window(msgspec.Struct, frozen=True):
    """One window check: its limits, the ways to count, and how far its zone is from UTC, in microseconds."""

    limits: Limits
    ways: tuple[tuple[Anchor, Count, bool], ...]
    shift: int


class PackFacets:
    """The facets of one pack; those of single facts are made once."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.content = pack.content
        self.voice = Voice(pack.content, reason_texts())
        self.lists = self.voice.lists
        self._found = ListFacets(self.lists, self.content)
        self._kept: dict[Hashable, Facet] = {}

    def applies(self) -> Facets:
        """Whether the pack applies: kind, receiver's division, order time; and whether it is fresh."""
        effective, kinds = self.content.effective, frozenset(self.content.kinds)
        here = tuple(division_prefix(code) for code in self.content.applies.divisions)
        start, end = (parse_day(text, zone=effective.zone) for text in (effective.start, effective.end))
        bounds = [] if start is None else [micros(start[0]), micros(start[1])]
        bounds += [] if end is None else [micros(end[1]) + 1]
        return (
            Fold("order.kind", lambda kind: kind in kinds),
            Fold("order.division", lambda code: covers(here, code)),
            Buckets("order.at", bounds),
        )

    def fresh(self) -> Facets:
        """Whether the index that the pack came with has expired."""
        until = self.pack.fresh_until
        if until is None:
            return ()
        at = span(When.from_datetime(until.astimezone(UTC)))
        return () if at is None else (Buckets("order.at", [micros(at[1]) + 1]),)

    def limit(self) -> Facets:
        """The limit in days of the prior's item."""
        if not self.pack.limited:
            return ()
        key = Fold("prior.item", self._own_days)
        return (Asked([key], lambda chunk, row: self.pack.limit(chunk.candidate(row))),)

    def of(self, spec: CheckSpec) -> Facets:
        """Return the facets that a check reads."""
        return READERS[kind_of(spec)](self, spec)

    def overlay(self) -> Facets:
        """Return the facets that the overlay's check reads."""
        here = frozenset(overlay.institution for overlay in self.content.overlays)
        return (Fold("order.institution", lambda uscc: uscc in here), *self._found.weaken().at("order.at"))

    def _fold(self, fact: str, fold: Callable[[Any], Hashable] = plain) -> Facet:
        known = self._kept.get((fact, fold))
        if known is None:
            known = self._kept[fact, fold] = Fold(fact, fold)
        return known

    def _plain(self, *facts: str) -> Facets:
        return tuple(self._fold(fact) for fact in facts)

    def _identity(self, _: object) -> Facets:
        return (Fold("identity", lambda match: match.same),)

    def _finality(self, _: object) -> Facets:
        return self._plain("prior.status", "prior.report_status")

    def _superseded(self, _: object) -> Facets:
        return self._plain("prior.superseded")

    def _time_order(self, _: object) -> Facets:
        return Order("prior.performed"), Order("prior.reported")

    def _same_item(self) -> Facet:
        return self._keep("same-item", lambda: Same("order.item", "prior.item", _code_key))

    def _keep(self, name: str, make: Callable[[], Facet]) -> Facet:
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def _includes(self) -> Facets:
        """Whether the prior's list row includes the ordered item."""
        system = self.content.item_system
        including = {row.code: row.includes for row in self.lists.rows.values() if row.includes}
        included = {code for codes in including.values() for code in codes}

        def holds(item: Code | None) -> Hashable:
            return including.get(item.code) if item is not None and item.system == system else None

        def held(item: Code | None) -> Hashable:
            return item.code if item is not None and item.system == system and item.code in included else None

        return () if not included else (Fold("prior.item", holds), Fold("order.item", held))

    def _item_fit(self, _: object) -> Facets:
        same = self._same_item()
        # Codings and examinations are only compared where neither item could be mapped.
        shared = Asked(
            [
                Fold("order.codings", _codings),
                Fold("prior.codings", _codings),
                Fold("order.exam", _part),
                Fold("prior.exam", _part),
            ],
            self._shares,
            gate=same,
            passes=lambda number: number == 0,
        )
        return (Same("order.kind", "prior.kind", plain), same, shared, *self._includes())

    def _shares(self, chunk: Chunk, row: int) -> Hashable:
        mine, theirs = (_codings(chunk.column(f"{side}.codings").value(row)) for side in ("order", "prior"))
        part, other = (_part(chunk.column(f"{side}.exam").value(row)) for side in ("order", "prior"))
        return bool(mine & theirs), part is not None and part == other

    def _exam_fit(self, spec: ExamFitSpec) -> Facets:
        return (*exam_facets(spec, self.lists), *self._includes())

    def _specimen_fit(self, _: object) -> Facets:
        accepted = {row.code: frozenset(row.specimens) for row in self.lists.rows.values()}
        named, system = frozenset[str]().union(*accepted.values()), self.content.item_system

        def kind(specimen: str | None) -> Hashable:
            return specimen if not specimen or specimen in named else "?"

        def kinds(item: Code | None) -> Hashable:
            return accepted.get(item.code) if item is not None and item.system == system else None

        return (
            Fold("prior.specimen", kind),
            Fold("order.specimen", kind),
            Same("order.specimen", "prior.specimen", plain),
            Fold("prior.item", kinds),
        )

    def _scale_fit(self, _: object) -> Facets:
        return self._plain("order.scale", "prior.scale")

    def _listed(self, _: object) -> Facets:
        return self._found.items().at("prior.performed")

    def _own_hospital(self, spec: OwnHospitalSpec) -> Facets:
        same = self._keep("same-hospital", lambda: Same("prior.institution", "order.institution", _given))
        if spec.on_same_encounter is None:
            return (same,)
        return same, SameText("prior.encounter", "order.encounter")

    def _institution(self, _: object) -> Facets:
        return self._found.institutions().at("prior.performed")

    def _direction(self, spec: DirectionSpec) -> Facets:
        return direction_facets(spec, self.voice, self._found)

    def _negative(self, _: object) -> Facets:
        return self._found.negative().at("order.at")

    def _mark(self, spec: MarkSpec) -> Facets:
        areas = tuple(tuple(division_prefix(code) for code in mark.covers) for mark in self.content.marks)
        known = frozenset(mark.code for mark in self.content.marks)
        names = {
            MarkLevel.REPORT: ("mark",),
            MarkLevel.ITEM: ("item_mark",),
            MarkLevel.EITHER: ("mark", "item_mark"),
        }[spec.level]

        def mark(code: str | None) -> Hashable:
            return code if not code or code in known else "?"

        def covered(division: str | None) -> Hashable:
            return tuple(covers(area, division) for area in areas)

        marks = [
            facet for name in names for facet in (Fold(f"prior.{name}", mark), *self._plain(f"prior.{name}_known"))
        ]
        return (*marks, Fold("prior.division", covered), Fold("order.division", covered))

    def _item_symbol(self, _: object) -> Facets:
        return (
            *self._plain("prior.starred"),
            self._fold("prior.mark", _presence),
        )

    def _quality(self, spec: QualitySpec) -> Facets:
        own = self._found.evidence(spec.evidence, "prior").at("prior.performed")
        return (*self._found.published(spec.evidence, "prior").at("prior.performed"), *own)

    def _complete(self, spec: CompleteSpec) -> Facets:
        return self._fields(spec.fields)

    def _special(self, _: object) -> Facets:
        system = self.content.item_system
        required = {row.code: row.require for row in self.lists.rows.values() if row.require}

        def demands(item: Code | None) -> Hashable:
            return required.get(item.code) if item is not None and item.system == system else None

        fields = {field for row in required.values() for field in row}
        return (Fold("prior.item", demands), *self._fields(tuple(sorted(fields))))

    def _fields(self, fields: tuple[Field, ...]) -> Facets:
        return tuple(facet for field in fields for facet in self._field(field))

    def _field(self, field: Field) -> Facets:
        if field in _TEXTS:
            return (self._keep(field, lambda: Stated(_TEXTS[field])),)
        if field in _FLAGS:
            return self._plain(_FLAGS[field])
        if field is Field.VALUE:
            # A value that is text is there even if it is blank: only an empty one is not.
            return (Stated("prior.value", blank=True),)
        if field is Field.SPECIMEN:
            return self._fold("prior.specimen", _presence), Stated("prior.specimen_text", blank=True)
        return (self._keep(field, lambda: Present("prior.performed")),)

    def _comparability(self, spec: ComparabilitySpec) -> Facets:
        names = [_COMPARED[aspect] for aspect in spec.aspects]
        return tuple(Same(f"order.{name}", f"prior.{name}", _compared) for name in names)

    def windows(self) -> tuple[Window, ...]:
        """The window checks that limit anything."""
        specs = [spec for spec in self.content.checks if isinstance(spec, WindowSpec)]
        return tuple(
            Window(Limits(self._days(spec)), readings(spec), _shift(spec)) for spec in specs if self._limits(spec)
        )

    def moments(self) -> Facets:
        """Between which fixed moments of change the order lies: of the text, of its lists, of the index."""
        zone, content = self.content.effective.zone, self.content
        rows: list[NegativeRow | WeakenRow] = [*content.negative, *content.weaken]
        starts = [parse_day(row.start, zone=zone) for row in rows]
        ends = [parse_day(text, zone=zone) for text in (content.effective.end, *(row.end for row in rows))]
        bounds = [micros(start[0]) for start in starts if start is not None]
        bounds += [micros(end[1]) + 1 for end in ends if end is not None]
        here = frozenset(overlay.institution for overlay in content.overlays)
        negative, weakened = ({row.item for row in table} for table in (content.negative, content.weaken))

        def named(codes: Any) -> Callable[[Code | None], Hashable]:  # noqa: ANN401 - a set of codes or None
            def key(item: Code | None) -> Hashable:
                mine = item is not None and item.system == content.item_system and item.code in codes
                return item.code if mine and item is not None else None

            return key

        return (
            Buckets("order.at", bounds),
            *self.fresh(),
            Fold("prior.item", named(negative)),
            Fold("order.item", named(weakened)),
            Fold("order.institution", lambda uscc: uscc in here),
        )

    def _limits(self, spec: WindowSpec) -> bool:
        return spec.max_days is not None or any(row.window_days is not None for row in self.content.items)

    def _own_days(self, item: Code | None) -> Hashable:
        row = self.lists.row(item)
        return None if row is None else row.window_days

    def _days(self, spec: WindowSpec) -> Asked:
        limit = bind_window_limit(spec, self.lists)
        return Asked([Fold("prior.item", self._own_days)], lambda chunk, row: limit(chunk.candidate(row)))

    def _window(self, spec: WindowSpec) -> Facets:
        asked = self._days(spec)
        if not self._limits(spec):
            return (asked,)
        zone, limits = parse_zone(spec.zone) or UTC, Limits(asked)
        ways = dict.fromkeys((anchor, count) for anchor, count, _ in readings(spec))
        ages = (Age(ANCHORS[anchor], limits, count=count, zone=zone) for anchor, count in ways)
        none = Fold("prior.item", lambda item: spec.max_days is None and self._own_days(item) is None)
        return (none, *ages)

    def _exclusion(self, _: object) -> Facets:
        known = frozenset(case.case for case in self.content.exclusions)

        def claims(made: tuple[ExclusionClaim, ...]) -> Hashable:
            mine = {claim.case for claim in made if claim.item_id in (None, "1")}
            return bool(mine & known), bool(mine - known)

        return (Fold("order.exclusions", claims),)


def _codings(concept: Concept) -> frozenset[Hashable]:
    return frozenset((coding.system, coding.code) for coding in concept.codings if coding.system)


def _shift(spec: WindowSpec) -> int:
    offset = (parse_zone(spec.zone) or UTC).utcoffset(None)
    return 0 if offset is None else micros(offset)


def _part(exam: Exam | None) -> Hashable:
    return None if exam is None or not exam.modality or not exam.body_part else (exam.modality, exam.body_part)


READERS: dict[CheckKind, Callable[[PackFacets, Any], Facets]] = {
    CheckKind.IDENTITY: PackFacets._identity,
    CheckKind.FINALITY: PackFacets._finality,
    CheckKind.SUPERSEDED: PackFacets._superseded,
    CheckKind.TIME_ORDER: PackFacets._time_order,
    CheckKind.ITEM_FIT: PackFacets._item_fit,
    CheckKind.EXAM_FIT: PackFacets._exam_fit,
    CheckKind.SPECIMEN_FIT: PackFacets._specimen_fit,
    CheckKind.SCALE_FIT: PackFacets._scale_fit,
    CheckKind.LISTED: PackFacets._listed,
    CheckKind.OWN_HOSPITAL: PackFacets._own_hospital,
    CheckKind.INSTITUTION: PackFacets._institution,
    CheckKind.DIRECTION: PackFacets._direction,
    CheckKind.NEGATIVE_LIST: PackFacets._negative,
    CheckKind.MARK: PackFacets._mark,
    CheckKind.ITEM_SYMBOL: PackFacets._item_symbol,
    CheckKind.QUALITY: PackFacets._quality,
    CheckKind.COMPLETE: PackFacets._complete,
    CheckKind.SPECIAL: PackFacets._special,
    CheckKind.COMPARABILITY: PackFacets._comparability,
    CheckKind.WINDOW: PackFacets._window,
    CheckKind.EXCLUSION: PackFacets._exclusion,
}
