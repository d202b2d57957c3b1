"""Is it the item that is ordered, and is that item on the list?"""

from __future__ import annotations

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.lab import Scale
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ItemFitSpec, ListedSpec, ScaleFitSpec, SpecimenFitSpec
from fhir_hr.rules.clock import parse_day, within
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.schema import ItemRow
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_item_fit", "bind_listed", "bind_scale_fit", "bind_specimen_fit", "list_row"]


def list_row(item: Code | None, rows: dict[str, ItemRow], system: str | None) -> ItemRow | None:
    """Return the list row of an item code of the pack's own system."""
    if item is None or item.system != system:
        return None
    return rows.get(item.code)


def bind_item_fit(spec: ItemFitSpec, voice: Voice) -> Check:
    """Bind: two kinds, or two recognised items, that differ → ``on_mismatch``; one not mapped → ``on_unknown``.

    Where neither could be mapped, one shared coding of a named system proves that they are the same.
    """
    mismatch = voice.varying(ReasonCode.ITEM_MISMATCH, CheckKind.ITEM_FIT, spec.on_mismatch)
    unknown = voice.varying(ReasonCode.ITEM_UNMAPPED, CheckKind.ITEM_FIT, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        if c.item.kind != c.prior.kind:
            return mismatch((("ordered", c.item.kind.value), ("prior", c.prior.kind.value)), ())
        ordered, prior = c.item.item, c.prior.item
        if ordered is not None and prior is not None:
            if ordered is prior or (ordered.code == prior.code and ordered.system == prior.system):
                return NOTHING
            return mismatch((("ordered", ordered.code), ("prior", prior.code)), ())
        if ordered is None and prior is None:
            if _share_coding(c.item.code, c.prior.code):
                return NOTHING
            return unknown((("which", "order,prior"),), ())
        return unknown((("which", "order" if ordered is None else "prior"),), ())

    return check


def _share_coding(a: Concept, b: Concept) -> bool:
    named = {coding for coding in a.codings if coding.system}
    return any(coding in named for coding in b.codings)


def bind_specimen_fit(spec: SpecimenFitSpec, voice: Voice) -> Check:
    """Bind: another specimen than needed → ``on_mismatch``; none known → ``on_unknown``.

    All kinds that a list row accepts count as one. Order and prior that agree on a kind outside the row (a urine
    creatinine beside a urine creatinine) fit one another but are not the listed item → ``on_other``.
    """
    content = voice.content
    rows, system = {row.code: row for row in content.items}, content.item_system
    accepted = {row.code: frozenset(row.specimens) for row in content.items}
    mismatch = voice.varying(ReasonCode.SPECIMEN_MISMATCH, CheckKind.SPECIMEN_FIT, spec.on_mismatch)
    other = voice.varying(ReasonCode.ITEM_UNLISTED, CheckKind.SPECIMEN_FIT, spec.on_other)
    unknown = voice.fixed(ReasonCode.SPECIMEN_UNKNOWN, CheckKind.SPECIMEN_FIT, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        have, want = c.prior.specimen_kind, c.item.specimen_kind
        row = list_row(c.prior.item, rows, system)
        kinds = accepted[row.code] if row else None
        if not have:
            return unknown if want or kinds else NOTHING
        if want and want != have and not (kinds and want in kinds and have in kinds):
            return mismatch((("ordered", want), ("prior", have)), ())
        if kinds and have not in kinds:
            if want == have and row:
                return other((("item", row.code), ("specimen", have)), ())
            return mismatch((("ordered", ",".join(sorted(kinds))), ("prior", have)), ())
        return NOTHING

    return check


def bind_scale_fit(spec: ScaleFitSpec, voice: Voice) -> Check:
    """Bind, for an order that asks for a scale.

    The other scale → ``on_mismatch`` (a number where a grade was asked → ``on_finer``); none stated →
    ``on_unknown``.
    """
    mismatch = voice.varying(ReasonCode.SCALE_MISMATCH, CheckKind.SCALE_FIT, spec.on_mismatch)
    finer = voice.varying(ReasonCode.SCALE_MISMATCH, CheckKind.SCALE_FIT, spec.on_finer)
    unknown = voice.varying(ReasonCode.SCALE_UNKNOWN, CheckKind.SCALE_FIT, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        want, have = c.item.scale, c.prior.scale
        if want is None or want is have:
            return NOTHING
        if have is None:
            return unknown((("ordered", str(want)),), ())
        make = finer if want is Scale.QUALITATIVE and have is Scale.QUANTITATIVE else mismatch
        return make((("ordered", str(want)), ("prior", str(have))), ())

    return check


def bind_listed(spec: ListedSpec, voice: Voice) -> Check:
    """Bind: the prior's item is not on the list at performed time → ``on_unlisted``.

    Not mapped, or the time does not tell → ``on_unknown``.
    """
    content = voice.content
    rows, system, zone = {row.code: row for row in content.items}, content.item_system, content.effective.zone
    periods = {row.code: (parse_day(row.start, zone=zone), parse_day(row.end, zone=zone)) for row in content.items}
    unlisted = voice.varying(ReasonCode.ITEM_UNLISTED, CheckKind.LISTED, spec.on_unlisted)
    unmapped = voice.fixed(ReasonCode.ITEM_UNMAPPED, CheckKind.LISTED, spec.on_unknown, params=(("which", "prior"),))
    undated = voice.fixed(ReasonCode.TIME_UNKNOWN, CheckKind.LISTED, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        item = c.prior.item
        if item is None:
            return unmapped
        row = list_row(item, rows, system)
        if row is not None:
            start, end = periods[row.code]
            listed = within(start, end, c.performed)
            if listed:
                return NOTHING
            if listed is None:
                return undated
        return unlisted((("item", item.code), ("specimen", c.prior.specimen_kind or "–")), ())

    return check
