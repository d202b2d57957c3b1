"""Mutation of a pack: every change of it must be noticed by one of its vectors.

A vector notices a mutant when outcome, force or codes differ from what it expects, or effects, missing facts or expiry
where it states them. A mutant that none notices is a survivor, unless :mod:`fhir_hr.testing.equivalents` has a reason
why it cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.errors import PackError
from fhir_hr.rules.engine import Verdict, judge
from fhir_hr.rules.load import load_pack
from fhir_hr.rules.pack import Pack, canonical_json
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import CheckKind
from fhir_hr.testing.answers import Expect, answer_of, differences
from fhir_hr.testing.equivalents import why_equivalent, why_shift_equivalent
from fhir_hr.testing.facts import Case
from fhir_hr.testing.mutations import Mutation, mutations
from fhir_hr.testing.running import Failure, run_vectors, vectors_of
from fhir_hr.testing.shelf import Shelf, bind, case_of, replaced_parts, rules_root
from fhir_hr.testing.shifts import Shift, shift_pack, shifts
from fhir_hr.testing.vectors import Vector, read_folder

__all__ = ["Equivalent", "MutationReport", "mutate_pack", "mutate_with"]


class Equivalent(msgspec.Struct, frozen=True, kw_only=True):
    """A mutant that cannot be told from the pack, and why."""

    name: str
    reason: str


class MutationReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of mutating one pack.

    Attributes:
        pack: its id.
        vectors: how many vectors were asked.
        killed: how many mutants a vector noticed.
        survivors: names of those that none noticed.
        equivalent: those that cannot matter, each with its reason.
        failing: vectors that fail on the pack as it is; they prove nothing and notice nothing.
    """

    pack: str
    vectors: int
    killed: int
    survivors: tuple[str, ...]
    equivalent: tuple[Equivalent, ...]
    failing: tuple[Failure, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every vector holds and no mutant survived."""
        return self.vectors > 0 and not self.failing and not self.survivors

    @property
    def total(self) -> int:
        """All mutants made."""
        return self.killed + len(self.survivors) + len(self.equivalent)


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    vector: Vector
    case: Case
    others: tuple[Pack, ...]
    key: bytes
    kinds: frozenset[str]
    items: frozenset[str]
    parts: dict[str, Any]


def mutate_pack(folder: Path) -> MutationReport:
    """Mutate the pack of a folder, with the vectors beside it and the engine's own that ask it.

    Raises:
        DataFileError: the pack or a vector is broken; with file and line.
    """
    pack = load_pack(folder)
    pack_id = pack.content.pack
    shelf, vectors = vectors_of(folder)
    engine = rules_root() / "vectors"
    if (engine / "base.json").is_file():
        vectors += tuple(vector for vector in read_folder(engine) if pack_id in vector.packs)
    return mutate_with(pack, vectors, shelf)


def mutate_with(pack: Pack, vectors: tuple[Vector, ...], shelf: Shelf) -> MutationReport:
    """Mutate a pack with given vectors; those that do not ask it are left out."""
    content = pack.content
    mine = tuple(vector for vector in vectors if content.pack in vector.packs)
    report = run_vectors(mine, shelf)
    failing = {failure.vector.where for failure in report.failures}
    bench = _Bench(pack, [vector for vector in mine if vector.where not in failing], shelf)
    others = tuple(_neighbours(content.pack, shelf))
    killed = 0
    survivors: list[str] = []
    equivalent: list[Equivalent] = []
    for mutant in _mutants(content):
        if bench.kills(mutant):
            killed += 1
            continue
        reason = (
            why_shift_equivalent(mutant.shift, content)
            if mutant.shift is not None
            else why_equivalent(mutant.mutation, content, others)
        )
        if reason is None:
            survivors.append(mutant.name)
        else:
            equivalent.append(Equivalent(name=mutant.name, reason=reason))
    return MutationReport(
        pack=content.pack,
        vectors=report.vectors,
        killed=killed,
        survivors=tuple(survivors),
        equivalent=tuple(equivalent),
        failing=report.failures,
    )


def _neighbours(pack_id: str, shelf: Shelf) -> Iterator[PackContent]:
    for name in shelf.ids:
        # A neighbour that is broken is its own author's business, who is told so when it is tested itself.
        with suppress(PackError):
            if name != pack_id:
                yield shelf.pack(name).content


class _Mutant(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    mutation: Mutation
    shift: Shift | None = None

    @property
    def kind(self) -> CheckKind | None:
        return self.mutation.kind


def _mutants(content: PackContent) -> Iterator[_Mutant]:
    for mutation in mutations(content):
        yield _Mutant(name=mutation.name, mutation=mutation)
    for shift in shifts(content):
        unchanged = Mutation(name=shift.name, content=content, field="shift", kind=shift.kind, index=shift.index)
        yield _Mutant(name=shift.name, mutation=unchanged, shift=shift)


class _Bench:
    """The vectors of one pack, prepared once, and which of them notice what."""

    def __init__(self, pack: Pack, vectors: list[Vector], shelf: Shelf) -> None:
        self._id = pack.content.pack
        self._prepared = [self._prepare(vector, shelf) for vector in vectors]
        self._order: dict[tuple[CheckKind | None, str | None], list[_Prepared]] = {}

    def _prepare(self, vector: Vector, shelf: Shelf) -> _Prepared:
        packs = shelf.packs_of(vector)
        case = case_of(vector, packs)
        verdict = _judge(case, packs)
        named = (case.item.item, case.prior.item)
        replaced = [vector.tables.get(self._id), vector.fresh_until.get(self._id)]
        mine = packs[vector.packs.index(self._id)]
        return _Prepared(
            vector=vector,
            case=case,
            others=tuple(pack for name, pack in zip(vector.packs, packs, strict=True) if name != self._id),
            key=canonical_json(replaced),
            kinds=frozenset(reason.check for reason in verdict.reasons),
            items=frozenset(code.code for code in named if code is not None),
            parts=replaced_parts(shelf.pack(self._id).content, mine.content, vector.tables.get(self._id, {})),
        )

    def kills(self, mutant: _Mutant) -> bool:
        """Tell whether some vector notices the mutant."""
        bound: dict[bytes, Pack] = {}
        order = self._ordered(mutant.kind, mutant.mutation.item)
        for n, one in enumerate(order):
            pack = bound.get(one.key)
            if pack is None:
                pack = bound[one.key] = self._bind(mutant, one)
            verdict = _judge(one.case, (pack, *one.others))
            if _noticed(one.vector.expect, verdict):
                if n:
                    # Neighbouring mutants mostly die of the same vector: try it first next time.
                    order.insert(0, order.pop(n))
                return True
        return False

    def _ordered(self, kind: CheckKind | None, item: str | None) -> list[_Prepared]:
        known = self._order.get((kind, item))
        if known is None:
            near = kind.value if kind is not None else ""
            known = sorted(self._prepared, key=lambda one: (item not in one.items, near not in one.kinds))
            self._order[kind, item] = known
        return known

    def _bind(self, mutant: _Mutant, one: _Prepared) -> Pack:
        content = mutant.mutation.content
        pack = bind(msgspec.structs.replace(content, **one.parts), fresh_until=one.vector.fresh_until.get(self._id))
        return pack if mutant.shift is None else shift_pack(pack, mutant.shift)


def _judge(case: Case, packs: tuple[Pack, ...]) -> Verdict:
    return judge(case.item, case.prior, order=case.order, packs=packs, identity=case.identity)


def _noticed(expect: Expect, verdict: Verdict) -> bool:
    if verdict.outcome != expect.outcome or verdict.force != expect.force:
        return True
    if [reason.code for reason in verdict.reasons] != list(expect.codes):
        return True
    return bool(differences(expect, answer_of(verdict)))
