"""What other packs would change over columns of candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fhir_hr.rules.bulk.columns import Chunk
from fhir_hr.rules.bulk.facets import Fold
from fhir_hr.rules.bulk.judging import OUTCOMES, BulkJudge, Progress, Source, batches_of
from fhir_hr.rules.bulk.masks import codes_of
from fhir_hr.rules.diff import Impact, Move
from fhir_hr.rules.pack import Pack

__all__ = ["change"]

Columns = dict[str, npt.NDArray[Any]]


def change(
    old_packs: Sequence[Pack],
    new_packs: Sequence[Pack],
    source: Source,
    *,
    item_system: str | None = None,
    progress: Progress | None = None,
) -> Impact:
    """Judge candidates under the old and under the new packs, and count what differs.

    The answer is the one of :func:`fhir_hr.rules.diff.weigh`, which judges one by one; several packs a side are judged
    together, as :func:`fhir_hr.rules.judge` does.

    Args:
        old_packs, new_packs: the packs of each side.
        source: the candidates; see :func:`fhir_hr.rules.bulk.judge_table`.
        item_system: code system of item codes that are written without one; that of the first new pack by default.
        progress: told after each stretch of rows: rows done, and rows in all (``None`` for a stream
            that does not tell).

    Returns:
        How many outcomes change, before and after by outcome, and the moves by ordered item, outcomes and reason codes
        that come and go, the most frequent first.

    Raises:
        UsageError: see :func:`fhir_hr.rules.bulk.judge_table`.
    """
    new = BulkJudge(new_packs, item_system=item_system)
    old = BulkJudge(old_packs, item_system=new.item_system)
    items = Fold("order.item", lambda item: "–" if item is None else item.code)
    counts = _Counts()
    batches, total = batches_of(source)
    done = 0
    for batch in batches:
        # Both sides read the same chunks: a column is decoded once.
        for chunk in new.reader.chunks(batch):
            counts.add(chunk, old.columns(chunk), new.columns(chunk), items)
            done += chunk.rows
            if progress is not None:
                progress(done, total)
    return counts.impact()


class _Counts:
    def __init__(self) -> None:
        self._outcomes = np.zeros((2, len(OUTCOMES)), dtype=np.int64)
        self._reasons_only = 0
        self._moves: Counter[tuple[Any, ...]] = Counter()

    def add(self, chunk: Chunk, old: Columns, new: Columns, items: Fold) -> None:
        was, now = old["outcome"], new["outcome"]
        for side, outcomes in enumerate((was, now)):
            self._outcomes[side] += np.bincount(outcomes, minlength=len(OUTCOMES))
        others = (old["reasons_0"] != new["reasons_0"]) | (old["reasons_1"] != new["reasons_1"])
        moved = was != now
        self._reasons_only += int(np.count_nonzero(others & ~moved))
        rows = np.flatnonzero(moved)
        if not len(rows):
            return
        ids = items.of(chunk)
        parts = [np.zeros(len(rows), np.int64) if ids is None else ids[rows], was[rows], now[rows]]
        for name in ("reasons_0", "reasons_1"):
            before, after = old[name][rows], new[name][rows]
            parts += [before & ~after, after & ~before]
        for first, count in _distinct(parts):
            item, one, other, *masks = (int(part[first]) for part in parts)
            self._moves[items.classes.values[item], one, other, *masks] += count

    def impact(self) -> Impact:
        told: Counter[tuple[Any, ...]] = Counter()
        for (item, was, now, gone, come, gone_1, come_1), count in self._moves.items():
            told[item, OUTCOMES[was], OUTCOMES[now], codes_of(gone, gone_1), codes_of(come, come_1)] += count
        moves = tuple(
            Move(item=item, before=was, after=now, gone=gone, come=come, count=count)
            for (item, was, now, gone, come), count in sorted(told.items(), key=lambda each: (-each[1], each[0]))
        )
        before, after = (
            {str(OUTCOMES[n]): int(count) for n, count in enumerate(side) if count} for side in self._outcomes
        )
        return Impact(
            judged=int(self._outcomes[0].sum()),
            changed=sum(move.count for move in moves),
            reasons_only=self._reasons_only,
            before=dict(sorted(before.items())),
            after=dict(sorted(after.items())),
            moves=moves,
        )


def _distinct(parts: Sequence[npt.NDArray[Any]]) -> list[tuple[int, int]]:
    """Return, for each combination of the parts, a row that shows it and how many do."""
    key = np.zeros(len(parts[0]), dtype=np.int64)
    for part in parts:
        values, ids = np.unique(part, return_inverse=True)
        _, key = np.unique(key * len(values) + ids, return_inverse=True)
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return list(zip(first.tolist(), counts.tolist(), strict=True))
