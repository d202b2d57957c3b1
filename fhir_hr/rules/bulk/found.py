"""What one pack finds, row by row: its reason codes as masks, and their effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from fhir_hr.rules.bulk.columns import Chunk, Ids
from fhir_hr.rules.bulk.facets import Asked, Combined, Facet
from fhir_hr.rules.bulk.reading import PackFacets
from fhir_hr.rules.candidate import Candidate
from fhir_hr.rules.merge import Plan
from fhir_hr.rules.reasons import Findings
from fhir_hr.rules.vocabulary import BIT, CheckKind

__all__ = ["Found"]

_BITS = tuple(sorted(BIT.values(), reverse=True))
"""The effects from strong to weak, as :func:`fhir_hr.rules.verdicts.settle` compares them."""

Masks = npt.NDArray[np.uint64]


class _Part:
    """One check, and its answers as masks."""

    def __init__(self, kind: CheckKind, facets: Sequence[Facet], find: Callable[[Candidate], Findings]) -> None:
        def ask(chunk: Chunk, row: int) -> tuple[tuple[int, int], ...]:
            return tuple((finding.rank, finding.bit) for finding in find(chunk.candidate(row)))

        self.kind = kind
        self.asked = Asked(facets, ask)
        self._levels: Masks = np.zeros((0, len(_BITS), 2), dtype=np.uint64)
        self._codes: Masks = np.zeros((0, 2), dtype=np.uint64)
        self._bits: npt.NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)

    def masks(self, chunk: Chunk, rows: Ids) -> tuple[Masks, npt.NDArray[np.uint8]]:
        """Return what is found at some rows: masks by half, and the effects united."""
        at = self._at(chunk, rows)
        return self._codes[at], self._bits[at]

    def repeats(self) -> bool:
        """Tell whether one answer of this check holds a code more than once."""
        return any(len({rank for rank, _ in each}) < len(each) for each in self.asked.answers.values)

    def levels(self, chunk: Chunk, rows: Ids) -> Masks:
        """Return what is found at some rows: masks by effect (strong to weak) and half."""
        at = self._at(chunk, rows)
        out: Masks = self._levels[at]
        return out

    def _at(self, chunk: Chunk, rows: Ids) -> Ids:
        ids = self.asked.of(chunk)
        known = len(self._levels)
        if self.asked.card > known:
            more = np.zeros((self.asked.card - known, len(_BITS), 2), dtype=np.uint64)
            for n, findings in enumerate(self.asked.answers.values[known:]):
                for rank, bit in findings:
                    more[n, _BITS.index(bit), rank >> 6] |= np.uint64(1 << (rank & 63))
            self._levels = np.concatenate([self._levels, more])
            self._codes = np.bitwise_or.reduce(self._levels, axis=1)
            united = self._levels.any(axis=2) * np.array(_BITS, dtype=np.uint8)
            self._bits = united.sum(axis=1, dtype=np.uint8)
        return np.zeros(len(rows), np.int32) if ids is None else ids[rows]


class Found(Combined):
    """What a pack finds. Nothing where it does not apply; without the checks that it leaves to a narrower pack.

    Attributes:
        low, high: the codes as masks, by number of the combination; ``effects``: those of the reasons that are told.
        bits: the effects of everything found, which outcomes follow from: one column for each group of checks that the
            same other packs leave to this one.
    """

    def __init__(self, one: PackFacets, applies: Asked, plan: Plan, route: Asked) -> None:
        pack = one.pack
        bound = zip(pack.kinds, pack.checks, strict=True)
        facets = [one.of(spec) for spec in one.content.checks]
        facets += [one.overlay()] * (len(pack.checks) - len(facets))
        parts = [_Part(kind, read, check) for (kind, check), read in zip(bound, facets, strict=True)]
        if pack.fresh_until is not None:
            parts.append(_Part(CheckKind.APPLIES, one.fresh(), pack.stale))

        def unknown(c: Candidate) -> Findings:
            return pack.unknown if pack.applies(c) is None else ()

        parts.append(_Part(CheckKind.APPLIES, [applies], unknown))
        self._checks = parts
        takers = [_takers(one, plan, part.kind) for part in parts]
        distinct = list(dict.fromkeys(takers))
        self._groups = [distinct.index(each) for each in takers]
        self._left: Facet | None = None
        if pack.content.delegates:
            self._left = Asked([route], lambda chunk, row: _left(one, plan, route.answer(chunk, row)))
        asked: list[Facet] = [part.asked for part in parts]
        super().__init__(
            asked if self._left is None else [*asked, self._left],
            gate=applies,
            passes=lambda number: applies.answers.values[number] is not False,
        )
        self.low: Masks = np.zeros(0, dtype=np.uint64)
        self.high: Masks = np.zeros(0, dtype=np.uint64)
        self.effects: npt.NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)
        self.bits: npt.NDArray[np.uint8] = np.zeros((0, len(distinct)), dtype=np.uint8)

    @property
    def parts(self) -> tuple[Facet, ...]:
        """What merging the packs depends on."""
        return tuple(Bits(self, group) for group in range(self.bits.shape[1]))

    def answers_at(self, chunk: Chunk, rows: Ids, closed: Ids) -> Ids:
        """See :class:`Combined`."""
        told = np.zeros((len(rows), 2), dtype=np.uint64)
        bits = np.zeros((len(rows), self.bits.shape[1]), dtype=np.uint8)
        twice = np.zeros(len(rows), dtype=np.bool_)
        for part, group in zip(self._checks, self._groups, strict=True):
            masks, effects = part.masks(chunk, rows)
            silent = self._silent(chunk, rows, closed, part.kind)
            masks[silent], effects[silent] = 0, 0
            twice |= ((told & masks) != 0).any(axis=1) | part.repeats()
            told |= masks
            bits[:, group] |= effects
        told_effects = np.bitwise_or.reduce(bits, axis=1)
        if twice.any():
            told_effects[twice] = self._strongest(chunk, rows[twice], closed[twice])
        known = len(self.bits)
        self.low, self.high = np.concatenate([self.low, told[:, 0]]), np.concatenate([self.high, told[:, 1]])
        self.bits, self.effects = np.concatenate([self.bits, bits]), np.concatenate([self.effects, told_effects])
        return np.arange(known, len(self.bits), dtype=np.int32)

    def _strongest(self, chunk: Chunk, rows: Ids, closed: Ids) -> npt.NDArray[np.uint8]:
        """Unite the effects where a code is found more than once: it is told once, with its strongest effect."""
        every = np.zeros((len(rows), len(_BITS), 2), dtype=np.uint64)
        for part in self._checks:
            levels = part.levels(chunk, rows)
            levels[self._silent(chunk, rows, closed, part.kind)] = 0
            every |= levels
        told = np.zeros((len(rows), 2), dtype=np.uint64)
        effects = np.zeros(len(rows), dtype=np.uint8)
        for n, bit in enumerate(_BITS):
            effects[(every[:, n] & ~told).any(axis=1)] |= bit
            told |= every[:, n]
        return effects

    def _silent(self, chunk: Chunk, rows: Ids, closed: Ids, kind: CheckKind) -> Ids:
        """Tell where a kind of check says nothing: the pack does not apply, or leaves it to another."""
        return closed if self._left is None else closed | self._is_left(chunk, rows, kind)

    def _is_left(self, chunk: Chunk, rows: Ids, kind: CheckKind) -> npt.NDArray[np.bool_]:
        assert isinstance(self._left, Asked)
        ids = self._left.of(chunk)
        table = np.array([kind in kinds for kinds in self._left.answers.values], dtype=np.bool_)
        out: npt.NDArray[np.bool_] = table[np.zeros(len(rows), np.int32) if ids is None else ids[rows]]
        return out

    @property
    def card(self) -> int:
        """Number of combinations met."""
        return len(self.bits)


class Bits:
    """The united effects of one group of a pack's checks, as classes."""

    card = 1 << len(_BITS)

    def __init__(self, found: Found, group: int) -> None:
        self._found = found
        self._group = group

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        ids = self._found.of(chunk)
        bits = self._found.bits[:, self._group]
        if ids is None:
            return np.full(chunk.rows, bits[0])
        out: Ids = bits.take(ids)
        return out


def _takers(one: PackFacets, plan: Plan, kind: CheckKind) -> frozenset[str]:
    """The packs that would leave a kind of check to this one: what it finds there weakens their answer."""
    wider = (pack for pack in plan.packs if pack.width > one.pack.width and kind in pack.content.delegates)
    return frozenset(pack.ref.id + pack.ref.digest for pack in wider)


def _left(one: PackFacets, plan: Plan, applies: tuple[bool | None, ...]) -> frozenset[CheckKind]:
    """The kinds of check that a pack leaves to others, where these packs apply."""
    for step in plan.route(applies).steps:
        if step.pack is one.pack:
            kept = {kind for kind, check in zip(step.pack.kinds, step.pack.checks, strict=True) if check in step.checks}
            return one.pack.asks - kept
    return frozenset()
