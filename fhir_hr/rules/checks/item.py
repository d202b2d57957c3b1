"""Is it the item that is ordered, and is that item on the list?"""

from __future__ import annotations

from fhir_hr.model.codes import Concept
from fhir_hr.model.exams import Exam
from fhir_hr.model.lab import Scale
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ItemFitSpec, ListedSpec, ScaleFitSpec, SpecimenFitSpec
from fhir_hr.rules.clock import within
from fhir_hr.rules.lists import list_row
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ListState, ReasonCode

__all__ = ["bind_item_fit", "bind_listed", "bind_scale_fit", "bind_specimen_fit"]


def bind_item_fit(spec: ItemFitSpec, voice: Voice) -> Check:
    """Bind: two kinds, or two recognised items, that differ → ``on_mismatch``; one not mapped → ``on_unknown``.

    A prior whose list row includes the ordered item → ``on_broader``, where the pack has it. Where neither could be
    mapped, one shared coding of a named system, or the same modality and part of the body, proves that they are the
    same.
    """
    kind = CheckKind.ITEM_FIT
    mismatch = voice.varying(ReasonCode.ITEM_MISMATCH, kind, spec.on_mismatch)
    unknown = voice.varying(ReasonCode.ITEM_UNMAPPED, kind, spec.on_unknown)
    broader = voice.varying(ReasonCode.ITEM_BROADER, kind, spec.on_broader) if spec.on_broader else mismatch
    lists = voice.lists

    def check(c: Candidate) -> Findings:
        if c.item.kind != c.prior.kind:
            return mismatch((("ordered", c.item.kind.value), ("prior", c.prior.kind.value)), ())
        ordered, prior = c.item.item, c.prior.item
        if ordered is not None and prior is not None:
            if ordered is prior or (ordered.code == prior.code and ordered.system == prior.system):
                return NOTHING
            row = lists.row(prior) if ordered.system == prior.system else None
            make = broader if row is not None and ordered.code in row.includes else mismatch
            return make((("ordered", ordered.code), ("prior", prior.code)), ())
        if ordered is None and prior is None:
            if _share_coding(c.item.code, c.prior.code) or _share_part(c.item.exam, c.prior.exam):
                return NOTHING
            return unknown((("which", "order,prior"),), ())
        return unknown((("which", "order" if ordered is None else "prior"),), ())

    return check


def _share_part(a: Exam | None, b: Exam | None) -> bool:
    if a is None or b is None or not a.modality or not a.body_part:
        return False
    return a.modality == b.modality and a.body_part == b.body_part


def _share_coding(a: Concept, b: Concept) -> bool:
    named = {coding for coding in a.codings if coding.system}
    return any(coding in named for coding in b.codings)


def bind_specimen_fit(spec: SpecimenFitSpec, voice: Voice) -> Check:
    """Bind: another specimen than needed → ``on_mismatch``; none known → ``on_unknown``.

    All kinds that a list row accepts count as one. Order and prior that agree on a kind outside the row (a urine
    creatinine beside a urine creatinine) fit one another but are not the listed item → ``on_other``.
    """
    rows, system = voice.lists.rows, voice.lists.system
    accepted = {row.code: frozenset(row.specimens) for row in rows.values() if row.specimens}
    mismatch = voice.varying(ReasonCode.SPECIMEN_MISMATCH, CheckKind.SPECIMEN_FIT, spec.on_mismatch)
    other = voice.varying(ReasonCode.ITEM_UNLISTED, CheckKind.SPECIMEN_FIT, spec.on_other)
    unknown = voice.fixed(ReasonCode.SPECIMEN_UNKNOWN, CheckKind.SPECIMEN_FIT, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        have, want = c.prior.specimen_kind, c.item.specimen_kind
        row = list_row(c.prior.item, rows, system)
        kinds = accepted.get(row.code) if row else None
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

    Not mapped, or the time does not tell → ``on_unknown``. Not among the rows of a pack that does not hold the whole
    list → ``on_open``.
    """
    system, items = voice.lists.system, voice.lists.items
    state = voice.content.list_state
    unlisted = voice.varying(ReasonCode.ITEM_UNLISTED, CheckKind.LISTED, spec.on_unlisted)
    unmapped = voice.fixed(ReasonCode.ITEM_UNMAPPED, CheckKind.LISTED, spec.on_unknown, params=(("which", "prior"),))
    undated = voice.fixed(ReasonCode.TIME_UNKNOWN, CheckKind.LISTED, spec.on_unknown)
    opened = None
    if spec.on_open is not None and state is not ListState.COMPLETE:
        opened = voice.varying(ReasonCode.LIST_OPEN, CheckKind.LISTED, spec.on_open)

    always = frozenset(row.code for row in voice.content.items if row.start is None and row.end is None)

    def check(c: Candidate) -> Findings:
        item = c.prior.item
        if item is None:
            return opened((("item", "–"),), ()) if opened and state is ListState.ABSENT else unmapped
        if item.system == system and item.code in always:
            return NOTHING
        rows = items.of(item.code) if item.system == system else ()
        if rows:
            _, start, end = rows[0]
            listed = within(start, end, c.performed)
            if listed:
                return NOTHING
            if listed is None:
                return undated
        elif opened:
            return opened((("item", item.code),), ())
        return unlisted((("item", item.code), ("specimen", c.prior.specimen_kind or "–")), ())

    return check
