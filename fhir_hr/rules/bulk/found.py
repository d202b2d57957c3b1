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
    """One check, and the masks of its answers: by effect (strong to weak) and half."""

    def __init__(self, kind: CheckKind, facets: Sequence[Facet], find: Callable[[Candidate], Findings]) -> None:
        def ask(chunk: Chunk, row: int) -> tuple[tuple[int, int], ...]:
            return tuple((finding.rank, finding.bit) for finding in find(chunk.candidate(row)))

        self.kind = kind
        self.asked = Asked(facets, ask)
        self._masks: Masks = np.zeros((0, len(_BITS), 2), dtype=np.uint64)

    def masks(self, chunk: Chunk, rows: Ids) -> Masks:
        ids = self.asked.of(chunk)
        known = len(self._masks)
        if self.asked.card > known:
            more = np.zeros((self.asked.card - known, len(_BITS), 2), dtype=np.uint64)
            for n, findings in enumerate(self.asked.answers.values[known:]):
                for rank, bit in findings:
                    more[n, _BITS.index(bit), rank >> 6] |= np.uint64(1 << (rank & 63))
            self._masks = np.concatenate([self._masks, more])
        out: Masks = self._masks[np.zeros(len(rows), np.int32) if ids is None else ids[rows]]
        return out


class Found(Combined):
    """What a pack finds. Nothing where it does not apply; without the checks that it leaves to a narrower pack.

    Attributes:
        low, high: the codes as masks, by number of the combination; ``effects``: those of the reasons that are told;
            ``bits``: of everything found, which the outcome follows from.
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
        self.bits: npt.NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)

    def answers_at(self, chunk: Chunk, rows: Ids, closed: Ids) -> Ids:
        """See :class:`Combined`."""
        every = np.zeros((len(rows), len(_BITS), 2), dtype=np.uint64)
        for part in self._checks:
            masks = part.masks(chunk, rows)
            if self._left is not None:
                masks[self._is_left(chunk, rows, part.kind)] = 0
            every |= masks
        every[closed] = 0
        told = np.zeros((len(rows), 2), dtype=np.uint64)
        bits, effects = np.zeros(len(rows), dtype=np.uint8), np.zeros(len(rows), dtype=np.uint8)
        for n, bit in enumerate(_BITS):
            # One code once per pack, with its strongest effect.
            new = every[:, n] & ~told
            bits[every[:, n].any(axis=1)] |= bit
            effects[new.any(axis=1)] |= bit
            told |= new
        known = len(self.bits)
        self.low, self.high = np.concatenate([self.low, told[:, 0]]), np.concatenate([self.high, told[:, 1]])
        self.bits, self.effects = np.concatenate([self.bits, bits]), np.concatenate([self.effects, effects])
        return np.arange(known, len(self.bits), dtype=np.int32)

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
    """The united effects of what a pack found, as classes."""

    card = 1 << len(_BITS)

    def __init__(self, found: Found) -> None:
        self._found = found

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        ids = self._found.of(chunk)
        if ids is None:
            return np.full(chunk.rows, self._found.bits[0])
        out: Ids = self._found.bits.take(ids)
        return out


def _left(one: PackFacets, plan: Plan, applies: tuple[bool | None, ...]) -> frozenset[CheckKind]:
    """The kinds of check that a pack leaves to others, where these packs apply."""
    for step in plan.route(applies).steps:
        if step.pack is one.pack:
            kept = {kind for kind, check in zip(step.pack.kinds, step.pack.checks, strict=True) if check in step.checks}
            return one.pack.asks - kept
    return frozenset()
