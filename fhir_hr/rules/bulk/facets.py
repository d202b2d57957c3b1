"""Facets: what checks can tell apart of a column, as small integers; and asking once for each combination.

A facet answers for a chunk one class per row. Two rows of one class are the same to every check that reads a fact
through this facet. :class:`Asked` combines facets: for each combination that it has not met yet it asks a function of
the first row that shows it, and gives the answer to all others. So nothing of the rules is written a second time here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fhir_hr.rules.bulk.columns import Chunk, Column, Ids, filled, stated

__all__ = ["Asked", "Combined", "Facet", "Fold", "Interner", "Masked", "Same", "SameText", "Stated", "cached"]

T = TypeVar("T")

_DENSE = 1 << 21
"""Largest table of combinations that is laid out in full; beyond it they are searched for."""


class Facet(Protocol):
    """Something that divides rows into classes."""

    @property
    def card(self) -> int:
        """How many classes were met so far."""
        ...

    def of(self, chunk: Chunk) -> Ids | None:
        """Return the class of each row; ``None``: all are of class 0."""
        ...


class Interner:
    """Numbers for values, in the order they are met."""

    __slots__ = ("ids", "values")

    def __init__(self) -> None:
        self.ids: dict[Hashable, int] = {}
        self.values: list[Any] = []

    def __len__(self) -> int:
        return len(self.values)

    def id(self, value: Hashable) -> int:
        """Return the number of a value."""
        known = self.ids.get(value)
        if known is None:
            known = self.ids[value] = len(self.values)
            self.values.append(value)
        return known


class Fold:
    """Classes of one fact's values: two values are of one class when ``fold`` gives the same for both."""

    def __init__(self, fact: str, fold: Callable[[Any], Hashable]) -> None:
        self.fact = fact
        self._fold = fold
        self.classes = Interner()

    @property
    def card(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`Facet`."""
        column = chunk.column(self.fact)
        lut = self.lut(column)
        raw = column.raw
        if raw is None:
            return None if lut[0] == 0 else np.full(chunk.rows, lut[0])
        if len(self.classes) == 1:
            return None
        return cached(chunk, self, lambda: lut.take(raw))

    def lut(self, column: Column) -> Ids:
        """Return the class of each value of a column."""
        known = column.luts.get(id(self))
        if known is None:
            ids = [self.classes.id(self._fold(value)) for value in column.values]
            known = column.luts[id(self)] = np.array(ids, dtype=_narrow(len(self.classes)))
        return known


class Masked:
    """A facet that is asked only where a value of ``by`` says so; class 0 everywhere else.

    Of use beside ``by`` itself: there a class 0 means what it says, as the other facet tells the two apart.
    """

    def __init__(self, inner: Facet, by: str, asks: Callable[[Any], bool]) -> None:
        self._inner = inner
        self._by = by
        self._flags = Fold(by, lambda value: bool(asks(value)))
        self._flags.classes.id(False)

    @property
    def card(self) -> int:
        """Number of classes."""
        return self._inner.card if self._flags.card > 1 else 1

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`Facet`."""
        return cached(chunk, self, lambda: self._of(chunk))

    def _of(self, chunk: Chunk) -> Ids | None:
        flags = self._flags.of(chunk)
        if flags is None or not flags.any():
            return None
        inner = self._inner.of(chunk)
        return None if inner is None else inner * flags


class Stated:
    """Whether a text fact holds more than white space (with ``blank``: anything at all): 1 or 0."""

    card = 2

    def __init__(self, fact: str, *, blank: bool = False) -> None:
        self._fact = fact
        self._blank = blank
        self._fold = Fold(fact, lambda text: bool(text) and (blank or not text.isspace()))
        self._fold.classes.id(False)
        self._fold.classes.id(True)

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`Facet`."""
        array = chunk.array(self._fact)
        if array is None or pa.types.is_dictionary(array.type) or pa.types.is_null(array.type):
            return self._fold.of(chunk)
        return cached(chunk, self, lambda: (filled if self._blank else stated)(array).view(np.uint8))


class Same:
    """Whether two facts are the same, as far as ``key`` tells values apart; ``None`` of ``key`` is "not stated".

    Classes: 0 both not stated, 1 only the second stated, 2 only the first, 3 the same, 4 different.
    """

    card = 5

    def __init__(self, first: str, second: str, key: Callable[[Any], Hashable]) -> None:
        self._facts = first, second
        self._key = key

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`Facet`."""
        return cached(chunk, self, lambda: self._compare(chunk))

    def _compare(self, chunk: Chunk) -> Ids | None:
        columns = [chunk.column(fact) for fact in self._facts]
        token = columns[0].values, columns[1].values
        known = columns[0].luts.get(id(self))
        if known is None or known[0][0] is not token[0] or known[0][1] is not token[1]:
            numbers = Interner()
            numbers.id(None)
            luts = [
                np.array([numbers.id(self._key(value)) for value in column.values], dtype=np.int32)
                for column in columns
            ]
            known = columns[0].luts[id(self)] = token, luts
        a, b = (
            lut[:1] if column.raw is None else lut.take(column.raw)
            for lut, column in zip(known[1], columns, strict=True)
        )
        out: Ids = np.uint8(4) - (a == b)
        if (known[1][0] == 0).any() or (known[1][1] == 0).any():
            no_first, no_second = a == 0, b == 0
            out[np.broadcast_to(no_first, out.shape)] = 1
            out[np.broadcast_to(no_second, out.shape)] = 2
            out[np.broadcast_to(no_first & no_second, out.shape)] = 0
        if len(out) == chunk.rows:
            return out
        return None if out[0] == 0 else np.full(chunk.rows, out[0])


class SameText:
    """Whether two text facts of which every row may have its own are the same words: 1 or 0; 0 when one is empty."""

    card = 2

    def __init__(self, first: str, second: str) -> None:
        self.facts = first, second

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`Facet`."""
        arrays = [chunk.array(fact) for fact in self.facts]
        if any(array is None or pa.types.is_null(array.type) for array in arrays):
            return None
        return cached(chunk, self, lambda: self._compare(arrays))

    def _compare(self, arrays: Sequence[Any]) -> Ids:
        a, b = (array.cast(pa.large_string()) for array in arrays)
        same = pc.and_(pc.equal(a, b), pc.greater(pc.binary_length(a), 0)).fill_null(False)
        out: Ids = same.to_numpy(zero_copy_only=False).view(np.uint8)
        return out


Answer = Callable[[npt.NDArray[np.intp]], Ids]
"""Answers for new combinations: first row of each → numbers."""


class _Table:
    """Numbers of combinations that were met."""

    def __init__(self, size: int) -> None:
        # Answers plus one; 0: not met yet. Untouched zeros cost no memory.
        self._dense = np.zeros(size, dtype=np.int32) if size <= _DENSE else None
        self._keys = np.empty(0, dtype=np.int64)
        self._answers = np.empty(0, dtype=np.int32)
        self.count = 0

    def fresh(self, rows: Ids) -> Ids:
        """Number new combinations in the order in which they come."""
        self.count += len(rows)
        return np.arange(self.count - len(rows), self.count, dtype=np.int32)

    def of(self, keys: Ids, answer: Answer) -> Ids:
        """Return the answer for each key, asking with the first row of each new one."""
        if self._dense is None:
            return self._searched(keys, answer)
        table = self._dense
        out: Ids = table.take(keys)
        if out.min() <= 0:
            rows = np.flatnonzero(out <= 0)[::-1]
            # The first row of each new combination: all write their number into its place, the one that stays has won.
            table[keys[rows]] = -1 - rows
            first = rows[table[keys[rows]] == -1 - rows][::-1]
            table[keys[first]] = answer(first) + 1
            out = table.take(keys)
        out -= 1
        return out

    def _searched(self, keys: Ids, answer: Answer) -> Ids:
        known = np.zeros(len(keys), dtype=np.bool_)
        at = np.zeros(len(keys), dtype=np.intp)
        if len(self._keys):
            at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            known = self._keys[at] == keys
        if not known.all():
            unknown = np.flatnonzero(~known)
            new, first = np.unique(keys[unknown], return_index=True)
            order = np.argsort(first)
            answers = np.empty(len(new), dtype=np.int32)
            answers[order] = answer(unknown[first[order]])
            places = np.searchsorted(self._keys, new)
            self._keys = np.insert(self._keys, places, new)
            self._answers = np.insert(self._answers, places, answers)
            at = np.searchsorted(self._keys, keys)
        return self._answers[at]


class Combined:
    """Facets combined: a number for each combination of their classes.

    Args:
        parts: the facets.
        gate: another facet; rows of a class for which ``passes`` is false are all one combination.
    """

    def __init__(
        self, parts: Iterable[Facet], *, gate: Facet | None = None, passes: Callable[[int], bool] = bool
    ) -> None:
        self._parts = tuple(dict.fromkeys(parts))
        self._gate = gate
        self._passes = passes
        self._radices: list[int] = []
        self._tables: list[_Table] = []
        self._rooms: list[int] = []

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`Facet`."""
        return cached(chunk, self, lambda: self._of(chunk))

    def answers_at(self, chunk: Chunk, rows: Ids, closed: Ids) -> Ids:
        """Return the numbers for new combinations, each given by its first row; ``closed``: those behind the gate."""
        raise NotImplementedError

    def _of(self, chunk: Chunk) -> Ids | None:
        found = [part.of(chunk) for part in self._parts]
        open_ = self._open(chunk)
        cards = [max(part.card, 1) for part in self._parts]
        if any(card > radix for card, radix in zip(cards, self._radices or [0] * len(cards), strict=True)):
            # Room for classes that are still to come; when it is used up, everything is asked again.
            self._radices = [card if card <= 5 else 1 << (card + card // 2).bit_length() for card in cards]
            self._tables, self._rooms = [], []
        key, size, step = self._combine(chunk, found)
        if open_ is not None:
            # Number 0 is for all rows behind the closed gate; the others move up by one.
            key = (np.zeros(chunk.rows, np.int32) if key is None else key) + 1
            key *= open_
        elif key is not None and self._gate is not None:
            key = key + 1
        table = self._table(step, size + 1)

        def answer(rows: npt.NDArray[np.intp]) -> Ids:
            return self.answers_at(chunk, rows, np.zeros(len(rows), np.bool_) if open_ is None else open_[rows] == 0)

        if key is None:
            one = np.zeros(1, np.int32) if self._gate is None else np.ones(1, np.int32)
            number = int(table.of(one, answer)[0])
            return None if number == 0 else np.full(chunk.rows, number, dtype=np.int32)
        return table.of(key, answer)

    def _combine(self, chunk: Chunk, found: list[Ids | None]) -> tuple[Ids | None, int, int]:
        """Number the combinations; where there may be too many, only those that were met."""
        key: Ids | None = None
        size, step = 1, 0
        for ids, radix in zip(found, self._radices, strict=True):
            if size > 1 and size * radix > _DENSE:
                key = np.zeros(chunk.rows, np.int32) if key is None else key
                key, size = self._met(key, size, step)
                step += 1
            if ids is not None:
                key = _added(key, ids, radix, size * radix)
            elif key is not None:
                key = _added(key, 0, radix, size * radix)
            size *= radix
        return key, size, step

    def _met(self, key: Ids, size: int, step: int) -> tuple[Ids, int]:
        table = self._table(step, size)
        out = table.of(key, table.fresh)
        while len(self._rooms) <= step:
            self._rooms.append(0)
        if table.count > self._rooms[step]:
            self._rooms[step] = 1 << (2 * table.count).bit_length()
            del self._tables[step + 1 :]
        return out, self._rooms[step]

    def _table(self, step: int, size: int) -> _Table:
        while len(self._tables) <= step:
            self._tables.append(_Table(size))
        return self._tables[step]

    def _open(self, chunk: Chunk) -> Ids | None:
        if self._gate is None:
            return None
        gate = self._gate.of(chunk)
        passing = np.array([self._passes(n) for n in range(self._gate.card)], dtype=np.uint8)
        if gate is None:
            return None if passing[0] else np.zeros(chunk.rows, np.uint8)
        opened = passing.take(gate)
        return None if opened.all() else opened


class Asked(Combined):
    """One answer per combination, asked of the first row that shows it.

    Args:
        parts: the facets that the answer depends on.
        ask: answers for one row of a chunk; has to depend on the classes of ``parts`` alone.
        gate, passes: see :class:`Combined`.
    """

    def __init__(
        self,
        parts: Iterable[Facet],
        ask: Callable[[Chunk, int], Hashable],
        *,
        gate: Facet | None = None,
        passes: Callable[[int], bool] = bool,
    ) -> None:
        super().__init__(parts, gate=gate, passes=passes)
        self._ask = ask
        self.answers = Interner()

    @property
    def card(self) -> int:
        """Number of different answers."""
        return len(self.answers)

    def answer(self, chunk: Chunk, row: int) -> Any:  # noqa: ANN401 - what ``ask`` answers
        """Return the answer at a row."""
        ids = self.of(chunk)
        return self.answers.values[0 if ids is None else int(ids[row])]

    def answers_at(self, chunk: Chunk, rows: Ids, closed: Ids) -> Ids:  # noqa: ARG002 - asked all the same
        """See :class:`Combined`."""
        return np.array([self.answers.id(self._ask(chunk, int(row))) for row in rows], dtype=np.int32)


def _added(key: Ids | None, ids: Ids | int, radix: int, size: int) -> Ids:
    kind = np.int32 if size < 1 << 31 else np.int64
    if key is None:
        return np.asarray(ids).astype(kind)
    out = np.multiply(key, radix, dtype=kind)
    return np.add(out, ids, out=out)


def _narrow(card: int) -> npt.DTypeLike:
    return np.uint8 if card <= 1 << 8 else np.uint16 if card <= 1 << 16 else np.int32


def cached(chunk: Chunk, facet: object, work: Callable[[], T]) -> T:
    """Return what a facet answered for a chunk, working it out the first time."""
    key = id(facet)
    if key not in chunk.cache:
        chunk.cache[key] = work()
    found: T = chunk.cache[key]
    return found
