"""Columns of times as first and last moment, and what of them a check can tell apart.

A moment is the number of microseconds since 1970-01-01T00:00Z. A time of partial precision is a span; what spans mean
is told by :mod:`fhir_hr.rules.clock`; only timestamps of partial precision are widened here, for whole columns at
once, and the tests compare them with it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fhir_hr.errors import UsageError
from fhir_hr.model.when import Precision, When
from fhir_hr.rules.clock import Span, span

__all__ = ["DAY", "EARLY", "LAST", "LATE", "TICK", "Moments", "Times", "micros", "read_texts", "read_timestamps"]

Moments = npt.NDArray[np.int64]

TICK = timedelta(microseconds=1)
DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = timezone(timedelta(hours=8))
_SHIFT = 8 * 3_600_000_000
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // TICK
LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // TICK
EARLY, LATE = _FIRST + 800 * DAY, LAST - 800 * DAY
"""Between these, days can be added and zones be changed without leaving the calendar."""
_WORDS = {precision.name.lower(): precision for precision in Precision}
_UNITS = {Precision.MONTH: "datetime64[M]", Precision.YEAR: "datetime64[Y]"}
_STEPS = {Precision.DAY: DAY, Precision.HOUR: 3_600_000_000, Precision.MINUTE: 60_000_000}


def micros(at: timedelta) -> int:
    """Return a moment of :mod:`fhir_hr.rules.clock` as microseconds."""
    return at // TICK


class Times:
    """The times of one fact in one chunk.

    Attributes:
        lo, hi: first and last moment each time can mean (one array when all are exact); 0 where there is none.
        none: where there is no time, or one that cannot be read; ``None``: nowhere.
        partial: rows whose time is a span.
    """

    __slots__ = ("_stamps", "_texts", "_words", "hi", "lo", "none", "partial")

    def __init__(self, lo: Moments, hi: Moments, none: npt.NDArray[np.bool_] | None) -> None:
        self.lo = lo
        self.hi = hi
        self.none = none if none is not None and none.any() else None
        self.partial: npt.NDArray[np.intp] = np.empty(0, np.intp) if hi is lo else np.flatnonzero(lo != hi)
        if not len(self.partial):
            self.hi = lo
        self._texts: tuple[npt.NDArray[Any], list[When | None]] | None = None
        self._stamps: tuple[Any, npt.NDArray[np.int8] | None] | None = None

    def when(self, row: int) -> When | None:
        """Return the time at a row, as a candidate has it."""
        if self._texts is not None:
            return self._texts[1][int(self._texts[0][row])]
        assert self._stamps is not None
        stamps, precisions = self._stamps
        stamp = stamps[row].as_py()
        if stamp is None:
            return None
        return _when(stamp, int(precisions[row]) if precisions is not None else int(Precision.SECOND))

    @property
    def extreme(self) -> npt.NDArray[np.bool_] | None:
        """Rows so early or late that the calendar may end; ``None``: none."""
        if not len(self.lo) or (self.lo.min() > EARLY and self.hi.max() < LATE):
            return None
        return np.asarray((self.lo <= EARLY) | (self.hi >= LATE))

    def span(self, row: int) -> Span | None:
        """Return the span at a row."""
        if self.none is not None and self.none[row]:
            return None
        return timedelta(microseconds=int(self.lo[row])), timedelta(microseconds=int(self.hi[row]))


def read_texts(raw: npt.NDArray[Any] | None, values: list[When | None], luts: dict[int, Any]) -> Times:
    """Read times that stand as text: ``raw`` are positions in ``values``."""
    known = luts.get(0)
    if known is None:
        spans = [span(when) for when in values]
        known = luts[0] = (
            np.array([0 if one is None else micros(one[0]) for one in spans], dtype=np.int64),
            np.array([0 if one is None else micros(one[1]) for one in spans], dtype=np.int64),
            np.array([one is None for one in spans], dtype=np.bool_),
        )
    lo, hi, none = known
    assert raw is not None
    times = Times(lo[raw], hi[raw], none[raw])
    times._texts = raw, values
    return times


def read_timestamps(array: Any, precisions: Any, *, name: str) -> Times:  # noqa: ANN401 - pyarrow has no types
    """Read Arrow timestamps with zone, and the column that says how precise they are (absent: to the second).

    Raises:
        UsageError: finer than a microsecond, outside the years 1 to 9999, or an unknown word for the precision.
    """
    try:
        stamps = array.cast(pa.timestamp("us", tz="UTC")).view(pa.int64())
    except pa.ArrowInvalid as error:
        msg = f"column {name!r}: a time is finer than a microsecond, or too far away to be one"
        raise UsageError(msg) from error
    none = None if not stamps.null_count else stamps.is_null().to_numpy(zero_copy_only=False)
    lo: Moments = (stamps.fill_null(0) if stamps.null_count else stamps).to_numpy(zero_copy_only=False)
    if len(lo) and (lo.min() < _FIRST or lo.max() > LAST):
        msg = f"column {name!r}: a time lies outside the years 1 to 9999"
        raise UsageError(msg)
    precise = _precisions(precisions, name=name)
    hi = lo
    if precise is not None and (precise < Precision.SECOND).any():
        lo, hi, none = _spans(lo, precise, none)
    times = Times(lo, hi, none)
    times._stamps = stamps, precise
    return times


def _precisions(array: Any, *, name: str) -> npt.NDArray[np.int8] | None:  # noqa: ANN401
    if array is None or pa.types.is_null(array.type) or not len(array):
        return None
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    words = array.dictionary.to_pylist()
    for word in words:
        if word is not None and word not in _WORDS:
            msg = f"column {name + '.precision'!r}: a value is none of {', '.join(_WORDS)}"
            raise UsageError(msg)
    lut = np.array([int(_WORDS.get(word, Precision.SECOND)) for word in [*words, None]], dtype=np.int8)
    out: npt.NDArray[np.int8] = lut[array.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)]
    return out


def _spans(
    stamps: Moments, precise: npt.NDArray[np.int8], none: npt.NDArray[np.bool_] | None
) -> tuple[Moments, Moments, npt.NDArray[np.bool_]]:
    lo, hi = stamps.copy(), stamps.copy()
    none = np.zeros(len(stamps), dtype=np.bool_) if none is None else none.copy()
    ordinary = (stamps > EARLY) & (stamps < LATE) & ~none
    for precision, step in _STEPS.items():
        rows = np.flatnonzero(ordinary & (precise == precision))
        if len(rows):
            shift = _SHIFT if precision is Precision.DAY else 0
            lo[rows] = (stamps[rows] + shift) // step * step - shift
            hi[rows] = lo[rows] + (step - 1)
    for precision, unit in _UNITS.items():
        rows = np.flatnonzero(ordinary & (precise == precision))
        if len(rows):
            start = (stamps[rows] + _SHIFT).view("datetime64[us]").astype(unit)
            lo[rows] = start.astype("datetime64[us]").view(np.int64) - _SHIFT
            hi[rows] = (start + 1).astype("datetime64[us]").view(np.int64) - _SHIFT - 1
    # Where the calendar may end, times are read one by one.
    left = np.flatnonzero((precise < Precision.SECOND) & ~none & ~ordinary)
    for precision in np.unique(precise[left]):
        rows = left[precise[left] == precision]
        values, inverse = np.unique(stamps[rows], return_inverse=True)
        found = [span(_when(int(value), int(precision))) for value in values]
        lo[rows] = np.array([0 if one is None else micros(one[0]) for one in found], dtype=np.int64)[inverse]
        hi[rows] = np.array([0 if one is None else micros(one[1]) for one in found], dtype=np.int64)[inverse]
        none[rows] = np.array([one is None for one in found], dtype=np.bool_)[inverse]
    return lo, hi, none


def _when(stamp: int, precision: int) -> When | None:
    at = _EPOCH + timedelta(microseconds=stamp)
    if precision >= Precision.SECOND:
        return When.from_datetime(at)
    try:
        iso = at.astimezone(_ZONE).isoformat()
    except OverflowError:
        return None
    if precision <= Precision.DAY:
        iso = iso[: {1: 4, 2: 7, 3: 10}[precision]]
    else:
        iso = f"{iso[:13]}:00:00+08:00" if precision == Precision.HOUR else f"{iso[:16]}:00+08:00"
    return When(iso=iso, precision=Precision(precision))
