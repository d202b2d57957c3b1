"""The lists of a pack as facets: who stands on them with what, and which of those periods a time has reached."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

from fhir_hr.model.codes import Code
from fhir_hr.model.flags import Evidence, EvidenceType
from fhir_hr.rules.bulk.columns import Chunk
from fhir_hr.rules.bulk.facets import Asked, Facet, Fold, Masked, Same
from fhir_hr.rules.bulk.spans import Period, Periods, relative
from fhir_hr.rules.checks.quality import proof_row
from fhir_hr.rules.clock import parse_day
from fhir_hr.rules.lists import Lists
from fhir_hr.rules.schema import PackContent

__all__ = ["ListFacets", "Timed"]

Rows = Callable[[Chunk, int], list[Period]]


class Timed(Protocol):
    """Rows with periods."""

    def at(self, fact: str) -> tuple[Facet, ...]:
        """Return the facets of what the rows say, and of which of their times a fact has reached."""
        ...


class _Nobody:
    """An empty list: nothing to tell apart."""

    def at(self, _: str) -> tuple[Facet, ...]:
        return ()


def _periods(parts: list[Facet], rows: Rows) -> Periods:
    return Periods(Asked(parts, lambda chunk, row: relative(rows(chunk, row))))


class ListFacets:
    """Facets of one pack's lists."""

    def __init__(self, lists: Lists, content: PackContent) -> None:
        self._lists = lists
        self._zone = content.effective.zone
        self._system = content.item_system
        self._content = content
        self._kept: dict[Hashable, Timed] = {}

    def items(self) -> Timed:
        """The prior's item on the list of items."""
        known = frozenset(self._lists.rows)

        def rows(chunk: Chunk, row: int) -> list[Period]:
            item: Code | None = chunk.column("prior.item").value(row)
            if item is None:
                return [("unmapped", (), ())]
            if item.system != self._system:
                return []
            return [("row", (start,), (end,)) for _, start, end in self._lists.items.of(item.code)]

        return _periods([Fold("prior.item", self._item_key(known))], rows)

    def negative(self) -> Timed:
        """The prior's item on the negative list."""
        negative = self._lists.negative
        if not negative:
            return _Nobody()

        def rows(chunk: Chunk, row: int) -> list[Period]:
            item: Code | None = chunk.column("prior.item").value(row)
            if item is None or item.system != self._system:
                return []
            return [("row", (start,), (end,)) for _, start, end in negative.of(item.code)]

        return _periods([Fold("prior.item", self._item_key({row.item for row in self._content.negative}))], rows)

    def weaken(self) -> Timed:
        """What an overlay says of the ordered item."""
        weaken = self._lists.weaken

        def rows(chunk: Chunk, row: int) -> list[Period]:
            item: Code | None = chunk.column("order.item").value(row)
            own = weaken.of(item.code) if item is not None and item.system == self._system else ()
            return [((one.case, one.reason), (start,), (end,)) for one, start, end in (*own, *weaken.of(""))]

        return _periods([Fold("order.item", self._item_key({row.item for row in self._content.weaken}))], rows)

    def institutions(self) -> Timed:
        """The issuer on the list of institutions, and among the suspended, itself or with the prior's item."""
        listed, stopped = self._lists.institutions, self._lists.suspensions
        if not listed and not stopped:
            return _Nobody()
        itemised = {row.uscc for row in self._content.suspensions if row.item is not None}
        named = {row.item for row in self._content.suspensions}

        def rows(chunk: Chunk, row: int) -> list[Period]:
            uscc, item = chunk.column("prior.institution").value(row), chunk.column("prior.item").value(row)
            found: list[Period] = [("listed", (start,), (end,)) for _, start, end in listed.of(uscc)]
            if uscc not in stopped:
                return found
            for stop, start, end in stopped.of(uscc):
                if stop.item is None or (item is not None and (item.system, item.code) == (self._system, stop.item)):
                    found.append(("suspended", (start,), (end,)))
                elif item is None:
                    found.append(("perhaps suspended", (start,), (end,)))
            return found

        place = Fold("prior.institution", lambda uscc: uscc if uscc in listed or uscc in stopped else None)
        item = Masked(Fold("prior.item", self._item_key(named)), "prior.institution", lambda uscc: uscc in itemised)
        return _periods([place, item], rows)

    def cells(self, side: str) -> Timed:
        """What the list of institutions states of one side's institution."""
        listed = self._lists.institutions
        if not listed:
            return _Nobody()
        fact = f"{side}.institution"

        def rows(chunk: Chunk, row: int) -> list[Period]:
            return [
                (
                    (one.tier, one.grade, one.ownership, one.type, one.assessed_from is None),
                    (start, parse_day(one.assessed_from, zone=self._zone)),
                    (end,),
                )
                for one, start, end in listed.of(chunk.column(fact).value(row))
            ]

        return _periods([Fold(fact, lambda uscc: uscc if uscc in listed else None)], rows)

    def alliances(self, side: str) -> Timed:
        """The memberships of one side's institution."""
        members = self._lists.alliances
        if not members:
            return _Nobody()
        fact = f"{side}.institution"

        def rows(chunk: Chunk, row: int) -> list[Period]:
            return [(one.alliance, (start,), (end,)) for one, start, end in members.of(chunk.column(fact).value(row))]

        return _periods([Fold(fact, lambda uscc: uscc if uscc in members else None)], rows)

    def published(self, wanted: EvidenceType, side: str) -> Timed:
        """The pack's own evidence of one type on one side's institution and the prior's item."""
        listed = [row for row in self._content.quality if row.type is wanted]
        if not listed:
            return _Nobody()
        fact, quality = f"{side}.institution", self._lists.quality
        places, named = {row.uscc for row in listed}, {row.item for row in listed}
        itemised = {row.uscc for row in listed if row.item is not None}

        def rows(chunk: Chunk, row: int) -> list[Period]:
            listed = quality.of(chunk.column(fact).value(row))
            if not listed:
                return []
            item: Code | None = chunk.column("prior.item").value(row)
            code = None if item is None else item.code
            return [
                (one.result, (start,), (end,))
                for one, start, end in listed
                if one.type is wanted and (one.item is None or one.item == code)
            ]

        def item_key(item: Code | None) -> Hashable:
            return item.code if item is not None and item.code in named else None

        place = Fold(fact, lambda uscc: uscc if uscc in places else None)
        return _periods([place, Masked(Fold("prior.item", item_key), fact, lambda uscc: uscc in itemised)], rows)

    def evidence(self, wanted: EvidenceType, side: str) -> Timed:
        """The prior's own evidence of one type, as far as it is on one side's institution and the prior's item."""

        def rows(chunk: Chunk, row: int) -> list[Period]:
            c = chunk.candidate(row)
            place = c.prior.institution.id if side == "prior" else c.order.institution.id
            code = None if c.prior.item is None else c.prior.item.code
            found: list[Period] = []
            for proof in c.prior.evidence:
                if proof.type is wanted and proof.institution == place and (proof.item is None or proof.item == code):
                    _, result, start, end, readable = proof_row(proof)
                    found.append(((result, readable), (start,), (end,)))
            return found

        def ours(proofs: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
            return tuple(proof for proof in proofs if proof.type is wanted)

        fact = "prior.evidence"
        parts: list[Facet] = [
            Fold(fact, ours),
            Masked(
                Fold(f"{side}.institution", lambda uscc: uscc),
                fact,
                lambda proofs: any(proof.institution for proof in ours(proofs)),
            ),
            Masked(
                Fold("prior.item", lambda item: None if item is None else item.code),
                fact,
                lambda proofs: any(proof.item is not None for proof in ours(proofs)),
            ),
        ]
        if side == "order":
            parts.append(Same("prior.institution", "order.institution", lambda uscc: uscc or None))
        return _periods(parts, rows)

    def _item_key(self, named: Any) -> Callable[[Code | None], Hashable]:  # noqa: ANN401 - a set of codes or None
        def key(item: Code | None) -> Hashable:
            if item is None:
                return None
            return item.code if item.system == self._system and item.code in named else "?"

        return key
