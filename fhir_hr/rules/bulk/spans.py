"""Facets of time: before or after what, inside which periods, how old.

Two times are of one class when no comparison that the rules make with them can come out differently. Bounds are
first moments: ``at`` has reached one when it is not before it. (A period's last day is reached through the moment
after its end.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import timezone

import numpy as np
import numpy.typing as npt

from fhir_hr.rules.bulk.columns import Chunk, Ids
from fhir_hr.rules.bulk.facets import Asked, Facet, Interner, cached
from fhir_hr.rules.bulk.times import DAY, Moments, Times, micros
from fhir_hr.rules.checks.window import in_window
from fhir_hr.rules.clock import Span
from fhir_hr.rules.vocabulary import Count

__all__ = ["Age", "Buckets", "Limits", "Order", "Period", "Periods", "Present", "relative"]

Period = tuple[Hashable, tuple[Span | None, ...], tuple[Span | None, ...]]
"""What a row says besides its times; spans that count from their first moment; spans that count to their last."""

_NEVER = np.iinfo(np.int64).max
_FEW = 8
_LONG = 100_000
_AGES = 4_000_000
"""More days than the calendar has."""


class Buckets:
    """How many of some bounds a time has reached. Class 0: no time; then one per bucket; then spans over bounds."""

    def __init__(self, fact: str, bounds: Iterable[int]) -> None:
        self._fact = fact
        self._bounds = np.array(sorted(set(bounds)), dtype=np.int64)
        self._over = Interner()
        self._days: tuple[int, int, npt.NDArray[np.int32]] | None = _day_table(self._bounds)

    @property
    def card(self) -> int:
        """Number of classes."""
        return max(2 * len(self._bounds) + 2, 2 * len(self._over) + 1)

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        times = chunk.times(self._fact)
        return None if times is None else cached(chunk, self, lambda: self._of(times))

    def _of(self, times: Times) -> Ids:
        return _classes(times, self.reached(times.lo), lambda rows: self.reached(times.hi[rows]), self._over)

    def reached(self, moments: Moments) -> Ids:
        """Return how many bounds each moment has reached."""
        bounds = self._bounds
        if len(bounds) <= _FEW:
            out = np.zeros(len(moments), dtype=np.uint8)
            for bound in bounds:
                out += moments >= bound
            return out
        if self._days is None:
            return np.searchsorted(bounds, moments, side="right")
        offset, first, table = self._days
        days = (moments - offset) // DAY - first
        np.clip(days, 0, len(table) - 1, out=days)
        return table.take(days)


def _day_table(bounds: npt.NDArray[np.int64]) -> tuple[int, int, npt.NDArray[np.int32]] | None:
    # The bounds of lists are midnights of one zone: then the day tells the bucket.
    if len(bounds) <= _FEW or (bounds % DAY != bounds[0] % DAY).any() or bounds[-1] - bounds[0] > _LONG * DAY:
        return None
    offset = int(bounds[0] % DAY)
    first = (int(bounds[0]) - offset) // DAY - 1
    days = np.arange(first, (int(bounds[-1]) - offset) // DAY + 1) * DAY + offset
    return offset, first, np.searchsorted(bounds, days, side="right").astype(np.int32)


def _classes(times: Times, low: Ids, high: Callable[[npt.NDArray[np.intp]], Ids], over: Interner) -> Ids:
    """Turn buckets of first (and, of spans, last) moments into classes.

    0: no time; odd: all that a time can mean lies in one bucket; even: it reaches over bounds.
    """
    out: Ids = low * 2 + 1
    rows = times.partial
    if len(rows):
        last = high(rows)
        apart = last != low[rows]
        if apart.any():
            out = out.astype(np.int32)
            pairs = low[rows[apart]].astype(np.int64) * (1 << 20) + last[apart]
            found, inverse = np.unique(pairs, return_inverse=True)
            ids = np.array([over.id(int(pair)) for pair in found], dtype=np.int32)
            out[rows[apart]] = 2 * ids[inverse] + 2
    if times.none is not None:
        out[times.none] = 0
    return out


class Order:
    """Whether a time lies before (or at) the order.

    Classes: 0 the order has no time, 1 this one is none, 2 surely after, 3 surely not after, 4 not to be told.
    """

    card = 5

    def __init__(self, fact: str) -> None:
        self._fact = fact

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        return cached(chunk, self, lambda: self._of(chunk.rows, chunk.times(self._fact), chunk.times("order.at")))

    def _of(self, rows: int, times: Times | None, at: Times | None) -> Ids | None:
        if at is None:
            return None
        if times is None:
            out = np.ones(rows, dtype=np.uint8)
        else:
            out = (times.lo > at.hi).view(np.uint8) ^ np.uint8(3)
            for part in (times.partial, at.partial):
                sure = (times.lo[part] > at.hi[part]) | (times.hi[part] <= at.lo[part])
                out[part[~sure]] = 4
            if times.none is not None:
                out[times.none] = 1
        if at.none is not None:
            out[at.none] = 0
        return out


class Present:
    """Whether there is a time at all, be it one that cannot be read: 1 or 0."""

    card = 2

    def __init__(self, fact: str) -> None:
        self._fact = fact

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        times = chunk.times(self._fact)
        return None if times is None else cached(chunk, self, lambda: self._of(chunk.rows, times))

    def _of(self, rows: int, times: Times) -> Ids:
        out = np.ones(rows, dtype=np.uint8)
        if times.none is not None:
            for row in np.flatnonzero(times.none):
                out[row] = times.when(int(row)) is not None
        return out


class Age:
    """How the time from an anchor to the order compares with a limit of days, counted in one way.

    Class 0: one of them has no time, or there is no limit; then three by three: longest and shortest age below, at or
    above the limit; then what only the calendar's ends tell.

    Args:
        anchor: the fact from which days run.
        limit: the limits.
        count: how days are counted; ``zone``: in which zone dates change.
    """

    def __init__(self, anchor: str, limit: Limits, *, count: Count, zone: timezone) -> None:
        self._anchor = anchor
        self._limit = limit
        self._count = count
        self._zone = zone
        offset = zone.utcoffset(None)
        self._shift = micros(offset) if offset is not None else 0
        self._odd = Interner()

    @property
    def card(self) -> int:
        """Number of classes."""
        return 10 + len(self._odd)

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        since, at = chunk.times(self._anchor), chunk.times("order.at")
        if since is None or at is None:
            return None
        return cached(chunk, self, lambda: self._of(chunk, since, at))

    def _of(self, chunk: Chunk, since: Times, at: Times) -> Ids:
        limit = self._limit.days(chunk)
        wanted = limit * DAY if self._count is Count.ELAPSED else limit
        # Where both times are exact, longest and shortest age are one.
        out = _sign(self._between(since.lo, at.lo), wanted) * np.uint8(4) + np.uint8(1)
        for rows in (since.partial, at.partial):
            if len(rows):
                own = wanted if len(wanted) == 1 else wanted[rows]
                longest = _sign(self._between(since.lo[rows], at.hi[rows]), own)
                out[rows] = longest * 3 + _sign(self._between(since.hi[rows], at.lo[rows]), own) + 1
        if self._limit.some_none:
            out[np.broadcast_to(limit < 0, out.shape)] = 0
        for times in (since, at):
            if times.none is not None:
                out[times.none] = 0
        return self._ends(chunk, since, at, out) if self._count is Count.CALENDAR else out

    def _between(self, since: Moments, at: Moments) -> Moments:
        if self._count is Count.ELAPSED:
            return at - since
        return self._day(at) - self._day(since)

    def _day(self, moments: Moments) -> Moments:
        return (moments + self._shift) // DAY

    def _ends(self, chunk: Chunk, since: Times, at: Times, out: Ids) -> Ids:
        """Where the calendar may end, dates are asked for one by one."""
        for extreme in (since.extreme, at.extreme):
            if extreme is None:
                continue
            out = out.astype(np.int32)
            limit = np.broadcast_to(self._limit.days(chunk), out.shape)
            for row in np.flatnonzero(extreme):
                start, end, days = since.span(int(row)), at.span(int(row)), int(limit[row])
                if start is None or end is None or days < 0:
                    continue
                answers = tuple(
                    in_window(start, end, days=days, count=self._count, inclusive=inclusive, zone=self._zone)
                    for inclusive in (False, True)
                )
                out[row] = 10 + self._odd.id(answers)
        return out


def _sign(ages: Moments, limit: Moments) -> Ids:
    return (ages >= limit).view(np.uint8) + (ages > limit)


class Limits:
    """Limits in days as numbers, row by row; -1: none.

    Args:
        limit: answers with days or ``None``.
    """

    def __init__(self, limit: Asked) -> None:
        self._limit = limit
        self.some_none = True

    def days(self, chunk: Chunk) -> Moments:
        """Return the limit of each row, or one for all."""
        return cached(chunk, self, lambda: self._of(chunk))

    def _of(self, chunk: Chunk) -> Moments:
        ids = self._limit.of(chunk)
        days = (None if days is None else min(days, _AGES) for days in self._limit.answers.values)
        table = np.array([-1 if one is None else one for one in days], dtype=np.int64)
        self.some_none = bool((table < 0).any())
        return table[:1] if ids is None else table.take(ids)


def relative(rows: Iterable[Period]) -> tuple[Hashable, tuple[int, ...]]:
    """Return what rows say with their times as ordinals, and the times in that order.

    Whoever's rows say the same in the same order of times is judged alike, whatever the times are.
    """
    listed = list(rows)
    if all(one is None for _, starts, ends in listed for one in (*starts, *ends)):
        return tuple(listed), ()
    bounds = sorted(
        {micros(one[0]) for _, starts, _ in listed for one in starts if one is not None}
        | {micros(one[1]) + 1 for _, _, ends in listed for one in ends if one is not None}
    )
    place = {bound: n for n, bound in enumerate(bounds)}
    said = tuple(
        (
            what,
            tuple(None if one is None else place[micros(one[0])] for one in starts),
            tuple(None if one is None else place[micros(one[1]) + 1] for one in ends),
        )
        for what, starts, ends in listed
    )
    return said, tuple(bounds)


class Periods:
    """Rows with periods, of whomever ``who`` finds for a row of the chunk: what they say, and which times are reached.

    Args:
        who: answers with what :func:`relative` returns.
    """

    def __init__(self, who: Asked) -> None:
        self._who = who
        self._said = Interner()
        self._classes = np.empty(0, dtype=np.int32)
        self._bounds = np.empty((0, 0), dtype=np.int64)
        self.said: Facet = _Said(self)
        self._at: dict[str, Facet] = {}

    def at(self, fact: str) -> tuple[Facet, Facet]:
        """Return the facets: what the rows say, and how many of their times the fact has reached."""
        if fact not in self._at:
            self._at[fact] = _Reached(self, fact)
        return self.said, self._at[fact]

    def refresh(self, chunk: Chunk) -> Ids | None:
        """Return who it is, row by row, after the tables were extended for those who are new."""
        ids = self._who.of(chunk)
        values = self._who.answers.values
        known = len(self._classes)
        if len(values) > known:
            new = [self._said.id(said) for said, _ in values[known:]]
            self._classes = np.concatenate([self._classes, np.array(new, dtype=np.int32)])
            width = max(self._bounds.shape[1], *(len(bounds) for _, bounds in values[known:]))
            table = np.full((len(values), width), _NEVER, dtype=np.int64)
            table[:known, : self._bounds.shape[1]] = self._bounds
            for n, (_, bounds) in enumerate(values[known:], start=known):
                table[n, : len(bounds)] = bounds
            self._bounds = np.ascontiguousarray(table)
        return ids

    @property
    def kinds(self) -> int:
        """Number of different things said."""
        return len(self._said)

    def classes(self, ids: Ids | None) -> Ids:
        """Return what is said, by who it is."""
        return self._classes[:1] if ids is None else self._classes.take(ids)

    @property
    def width(self) -> int:
        """Largest number of times of anyone."""
        return self._bounds.shape[1]

    def reached(self, ids: Ids | None, moments: Moments) -> Ids:
        """Return how many of its own times each row has reached."""
        out: Ids = np.zeros(len(moments), dtype=np.uint8 if self.width < 120 else np.int32)
        if ids is None:
            for bound in self._bounds[0]:
                np.add(out, moments >= bound, out=out)
        elif self.width <= _FEW:
            for n in range(self.width):
                np.add(out, moments >= self._bounds[:, n].take(ids), out=out)
        else:
            out = self._searched(ids, moments).astype(out.dtype)
        return out

    def _searched(self, ids: Ids, moments: Moments) -> Ids:
        every = np.unique(self._bounds[self._bounds != _NEVER])
        step = len(every) + 1
        places = np.searchsorted(every, self._bounds) + 1
        own = self._bounds != _NEVER
        rows = np.broadcast_to(np.arange(len(self._bounds))[:, None], self._bounds.shape)
        flat = (rows * step + places)[own]
        counts = own.sum(axis=1)
        before = np.concatenate([[0], np.cumsum(counts)[:-1]])
        keys = ids.astype(np.int64) * step + np.searchsorted(every, moments, side="right")
        found: Ids = np.searchsorted(flat, keys, side="right") - before.take(ids)
        return found


class _Said:
    def __init__(self, periods: Periods) -> None:
        self._periods = periods

    @property
    def card(self) -> int:
        return max(self._periods.kinds, 1)

    def of(self, chunk: Chunk) -> Ids | None:
        return cached(chunk, self, lambda: self._of(chunk))

    def _of(self, chunk: Chunk) -> Ids | None:
        ids = self._periods.refresh(chunk)
        said = self._periods.classes(ids)
        if ids is not None:
            return said
        return None if said[0] == 0 else np.full(chunk.rows, said[0])


class _Reached:
    def __init__(self, periods: Periods, fact: str) -> None:
        self._periods = periods
        self._fact = fact
        self._over = Interner()

    @property
    def card(self) -> int:
        return max(2 * self._periods.width + 2, 2 * len(self._over) + 1)

    def of(self, chunk: Chunk) -> Ids | None:
        ids = self._periods.refresh(chunk)
        times = chunk.times(self._fact)
        if times is None or not self._periods.width:
            return None
        return cached(chunk, self, lambda: self._of(ids, times))

    def _of(self, ids: Ids | None, times: Times) -> Ids:
        low = self._periods.reached(ids, times.lo)

        def high(rows: npt.NDArray[np.intp]) -> Ids:
            return self._periods.reached(None if ids is None else ids[rows], times.hi[rows])

        return _classes(times, low, high, self._over)
