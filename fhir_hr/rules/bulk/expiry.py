"""When answers may change by time alone, worked out for whole columns.

Fixed moments (the end of a text, of a list row, of an index) are asked of the pack, once per stretch between them. Ends
of windows differ from row to row and are added up here; where the calendar may end, the pack is asked row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fhir_hr.rules.bulk.columns import Chunk
from fhir_hr.rules.bulk.facets import Asked
from fhir_hr.rules.bulk.reading import ANCHORS, PackFacets, Window
from fhir_hr.rules.bulk.times import DAY, LAST, Moments, Times, micros
from fhir_hr.rules.merge import Plan
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.vocabulary import Count

__all__ = ["Expiries"]

_NEVER = np.iinfo(np.int64).max
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Flags = npt.NDArray[np.bool_]


class Expiries:
    """The next moment after order time at which an answer may change.

    Args:
        plan: the packs.
        facets: what their checks read; in the plan's order.
        route: which of them apply.
    """

    def __init__(self, plan: Plan, facets: Sequence[PackFacets], route: Asked) -> None:
        self._plan = plan
        self._route = route
        self._fixed = [Asked(one.moments(), _ask(one.pack)) for one in facets]
        self._windows = [one.windows() for one in facets]

    def of(self, chunk: Chunk, blocked: Flags) -> Any:  # noqa: ANN401 - a pyarrow array
        """Return the moments; null where nothing changes by time alone, and where ``blocked``: a block stays one."""
        ends = np.full(chunk.rows, _NEVER, dtype=np.int64)
        at = chunk.times("order.at")
        if at is not None:
            routes = self._route.of(chunk)
            for n, pack in enumerate(self._plan.packs):
                asked, window = self._flags(n, routes, chunk.rows)
                if pack.ends and asked.any():
                    np.minimum(ends, self._ends(n, pack, chunk, at, window), out=ends, where=asked)
        none = (ends == _NEVER) | blocked
        if at is None or at.none is not None:
            none |= True if at is None or at.none is None else at.none
        ends[none] = 0
        return pa.array(ends, mask=none).cast(pa.timestamp("us", tz="UTC"))

    def _flags(self, n: int, routes: npt.NDArray[Any] | None, rows: int) -> tuple[Flags, Flags]:
        """Tell where a pack is asked, and where its own window is."""
        tables = []
        pack = self._plan.packs[n]
        for applies in self._route.answers.values:
            steps = {id(step.pack): step for step in self._plan.route(applies).steps}
            step = steps.get(id(pack))
            tables.append((step is not None, step is not None and step.window))
        table = np.array(tables, dtype=np.bool_)
        if routes is None:
            return np.full(rows, table[0, 0]), np.full(rows, table[0, 1])
        return table[:, 0].take(routes), table[:, 1].take(routes)

    def _ends(self, n: int, pack: Pack, chunk: Chunk, at: Times, window: Flags) -> Moments:
        fixed = self._fixed[n].of(chunk)
        known = np.array(self._fixed[n].answers.values, dtype=np.int64)
        ends = np.full(chunk.rows, known[0]) if fixed is None else known.take(fixed)
        odd = at.extreme
        for one in self._windows[n]:
            limit = one.limits.days(chunk)
            for anchor, count, inclusive in one.ways:
                since = chunk.times(ANCHORS[anchor])
                if since is None:
                    continue
                for edge in (since.lo,) if since.hi is since.lo else (since.lo, since.hi):
                    found, holds = _window_ends(edge, limit, count, one, inclusive=inclusive)
                    counts = (found >= at.lo if holds else found > at.lo) & window & (limit >= 0)
                    if since.none is not None:
                        counts &= ~since.none
                    np.minimum(ends, found, out=ends, where=counts)
                if since.extreme is not None:
                    odd = since.extreme if odd is None else odd | since.extreme
        for row in () if odd is None else np.flatnonzero(odd):
            ends[row] = _micros(pack.expires(chunk.candidate(int(row)), window=bool(window[row])))
        return ends


def _window_ends(edge: Moments, limit: Moments, count: Count, one: Window, *, inclusive: bool) -> tuple[Moments, bool]:
    """Return where windows end, and whether the old answer still holds at that very moment."""
    if count is Count.ELAPSED:
        ends, holds = edge + limit * DAY, inclusive
    else:
        days = (edge + one.shift) // DAY + limit + (1 if inclusive else 0)
        ends, holds = days * DAY - one.shift, False
    return np.where(ends > LAST, _NEVER, ends), holds


def _ask(pack: Pack) -> Any:  # noqa: ANN401 - a function of chunk and row
    def ask(chunk: Chunk, row: int) -> int:
        return _micros(pack.expires(chunk.candidate(row), window=False))

    return ask


def _micros(at: datetime | None) -> int:
    return _NEVER if at is None else micros(at - _EPOCH)
