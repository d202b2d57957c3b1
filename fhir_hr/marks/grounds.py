"""On what a mark is issued: the institution's evidence, its statements, and the lists, each by performed time.

A failed assessment in force, or one that may have been in force, always wins. Evidence of one item counts before
evidence for all items.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM, ITEM_SYSTEM
from fhir_hr.mapping.exams import load_exams
from fhir_hr.mapping.item_table import ItemTable
from fhir_hr.mapping.items import load_items
from fhir_hr.marks.needs import Need, State
from fhir_hr.marks.periods import holds
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.when import When

__all__ = [
    "STATED_NEEDS",
    "Grounds",
    "ListState",
    "ListedInstitution",
    "ListedItem",
    "MarkInstitutions",
    "MarkList",
    "Statement",
    "builtin_lists",
    "lists_of",
]

STATED_NEEDS = (Need.QUALITY_SYSTEM, Need.AUTHORISED)
"""What an institution's own statement can show."""


class ListState(StrEnum):
    """How much of a list is known. What is not on a partial list may still be on the list itself."""

    COMPLETE = "complete"
    PARTIAL = "partial"


class ListedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a list and when it stands on it (``end`` inclusive; ``None`` open).

    Attributes:
        specimens: accepted specimen kinds; empty when the list and its reading say nothing.
    """

    code: Code
    specimens: tuple[str, ...] = ()
    start: When | None = None
    end: When | None = None


class MarkList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of recognised items; ``system`` is the code system of its items, which the rules name."""

    system: str
    items: tuple[ListedItem, ...]
    state: ListState = ListState.COMPLETE
    uri: str | None = None
    version: str | None = None
    authority: str | None = None


class ListedInstitution(msgspec.Struct, frozen=True, kw_only=True):
    """An institution on a list (by USCC), and when it stands on it."""

    id: str
    start: When | None = None
    end: When | None = None


class MarkInstitutions(msgspec.Struct, frozen=True, kw_only=True):
    """The list of institutions that take part, for the marks whose text asks for it."""

    institutions: tuple[ListedInstitution, ...]
    state: ListState = ListState.COMPLETE


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What an institution itself states, for needs that no certificate shows.

    Attributes:
        need: ``quality-system`` (设备、试剂、操作流程与质量管理体系) or ``authorised`` (已获准使用该标识).
        institution: USCC.
        mark: for this mark only; ``None`` for all (``authorised`` always names its mark).
        item: for this item only; ``None`` for all.
        by, document: who stated it, and where.
    """

    need: Need
    institution: str
    mark: str | None = None
    item: str | None = None
    start: When | None = None
    end: When | None = None
    by: str | None = None
    document: str | None = None


def lists_of(table: ItemTable) -> tuple[MarkList, ...]:
    """Return the list that an item table holds (四川省 附件1)."""
    first = next(iter(table.items), None)
    return (
        MarkList(
            system=ITEM_SYSTEM,
            items=tuple(ListedItem(code=row.code, specimens=row.specimens) for row in table.items),
            uri=first.list_uri if first is not None else None,
            version=first.list_version if first is not None else None,
            authority=first.authority if first is not None else None,
        ),
    )


def builtin_lists() -> tuple[MarkList, ...]:
    """Return the lists that ship: of 四川省, all 16 laboratory items and the examinations known so far (46 of 53).

    Example:
        >>> [(one.state.value, len(one.items)) for one in builtin_lists()]
        [('complete', 16), ('partial', 46)]
    """
    laboratory = lists_of(load_items())
    rows = load_exams().rows
    imaging = MarkList(
        system=EXAM_ITEM_SYSTEM,
        items=tuple(ListedItem(code=row.code) for row in rows),
        state=ListState.PARTIAL,
        uri=EXAM_ITEM_SYSTEM,
        version=rows[0].list_version if rows else None,
        authority=laboratory[0].authority,
    )
    return (*laboratory, imaging)


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of an institution and of the lists when marks are issued."""

    institution: str
    evidence: tuple[Evidence, ...] = ()
    statements: tuple[Statement, ...] = ()
    lists: tuple[MarkList, ...] = ()
    institutions: MarkInstitutions | None = None

    def failures(self, *, item: str | None, performed: When | None) -> tuple[tuple[EvidenceType, State], ...]:
        """Return each kind of assessment that failed, or may have failed, at the time performed."""
        found: dict[EvidenceType, State] = {}
        for each in self._of(None, item):
            if each.result is not EvidenceResult.FAILED:
                continue
            held = holds(each.start, each.end, performed)
            if held:
                found[each.type] = State.FAILED
            elif held is None:
                found.setdefault(each.type, State.UNKNOWN)
        return tuple(sorted(found.items()))

    def standing(
        self, kind: EvidenceType, *, item: str | None, performed: When | None, issuers: Sequence[str] = ()
    ) -> tuple[State, tuple[Evidence, ...]]:
        """Tell how one kind of assessment stands at the time performed, and on which evidence.

        Args:
            kind: kind of assessment.
            item: recognised item code.
            performed: when the item was performed.
            issuers: who must have assessed, where the text says; a pass of others, or of nobody named, is no pass.
        """
        known = [(each, holds(each.start, each.end, performed)) for each in self._of(kind, item)]
        failed = [each for each, held in known if each.result is EvidenceResult.FAILED and held is not False]
        if failed:
            certain = any(held for each, held in known if each.result is EvidenceResult.FAILED)
            return (State.FAILED if certain else State.UNKNOWN), tuple(failed)
        for own in (True, False):
            level = [(each, held) for each, held in known if (each.item is not None) is own]
            missed = [(each, held) for each, held in level if each.result is EvidenceResult.NOT_ASSESSED]
            if any(held is not False for _, held in missed):
                state = State.MISSING if any(held for _, held in missed) else State.UNKNOWN
                return state, tuple(each for each, held in missed if held is not False)
            passed = [
                each
                for each, held in level
                if held and each.result is EvidenceResult.PASSED and (not issuers or each.issuer in issuers)
            ]
            if passed:
                return State.MET, tuple(passed)
        return State.UNKNOWN, ()

    def stated(self, need: Need, *, mark: str, item: str | None, performed: When | None) -> bool:
        """Tell whether the institution states a need for a mark and item at the time performed."""
        return any(
            each.need is need
            and each.institution == self.institution
            and (each.mark == mark or (each.mark is None and need is not Need.AUTHORISED))
            and each.item in (None, item)
            and holds(each.start, each.end, performed) is True
            for each in self.statements
        )

    def listed(
        self, system: str, code: Code, performed: When | None
    ) -> tuple[State, ListedItem | None, MarkList | None]:
        """Tell whether an item stands on a list at the time performed; with its row and the list."""
        found = [one for one in self.lists if one.system == system]
        answers: list[bool | None] = []
        for one in found if code.system == system else ():
            for row in one.items:
                if row.code.code == code.code:
                    held = holds(row.start, row.end, performed)
                    if held:
                        return State.MET, row, one
                    answers.append(held)
        if None in answers:
            return State.UNKNOWN, None, None
        complete = bool(found) and all(one.state is ListState.COMPLETE for one in found)
        return (State.MISSING if complete or answers else State.UNKNOWN), None, None

    def takes_part(self, performed: When | None) -> State:
        """Tell whether the institution stands on the list of institutions at the time performed."""
        listed = self.institutions
        if listed is None:
            return State.UNKNOWN
        answers = [
            holds(each.start, each.end, performed) for each in listed.institutions if each.id == self.institution
        ]
        if True in answers:
            return State.MET
        if None in answers or (not answers and listed.state is not ListState.COMPLETE):
            return State.UNKNOWN
        return State.MISSING

    def _of(self, kind: EvidenceType | None, item: str | None) -> list[Evidence]:
        return [
            each
            for each in self.evidence
            if each.institution == self.institution
            and kind in (None, each.type)
            and (each.item is None or each.item == item)
        ]
