"""A stretch of rows: its columns as small integers into the values that occur, checked once per dictionary.

Work is done in chunks that fit the processor's caches. Chunks that were cut from one batch share its dictionaries,
so values are read, and whatever follows from a value alone is worked out, once per dictionary and not once per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fhir_hr.errors import UsageError
from fhir_hr.rules.bulk.facts import FACTS, NEEDED, PRECISION, TIMES, Form, build_candidate, read_fact
from fhir_hr.rules.bulk.times import Times, read_texts, read_timestamps
from fhir_hr.rules.candidate import Candidate

__all__ = ["CHUNK", "Chunk", "Column", "Ids", "Reader", "check_columns", "filled", "stated"]

Ids = npt.NDArray[Any]
"""Small integers, one per row."""

CHUNK = 1 << 17
"""Rows that are worked on at once."""


def check_columns(schema: Any) -> None:  # noqa: ANN401 - pyarrow has no types
    """Check names and types of the columns.

    Raises:
        UsageError: an unknown, repeated or missing column, or one of a type that its fact cannot have.
    """
    names = list(schema.names)
    for name in names:
        fact = name.removesuffix(PRECISION)
        if fact not in FACTS or (fact != name and fact not in TIMES):
            msg = f"column {name[:60]!r}: there is no such fact"
            raise UsageError(msg)
        if names.count(name) > 1:
            msg = f"column {name!r} stands there twice"
            raise UsageError(msg)
        if fact != name and fact not in names:
            msg = f"column {name!r}: there is no column {fact!r} to be precise about"
            raise UsageError(msg)
        _check_type(name, schema.field(name).type)
    for name in NEEDED:
        if name not in names:
            msg = f"column {name!r} is needed: it has no default"
            raise UsageError(msg)


def _check_type(name: str, kind: Any) -> None:  # noqa: ANN401
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_null(inner):
        return
    text = pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)
    form = Form.TEXT if name.endswith(PRECISION) else FACTS[name].form
    if form is Form.FLAG:
        fits = pa.types.is_boolean(kind)
    elif form is Form.NUMBER:
        fits = pa.types.is_integer(inner)
    elif form is Form.TIME and pa.types.is_timestamp(kind):
        if kind.tz is None:
            msg = f"column {name!r}: times without zone; write timestamp[us, tz=UTC], or text with offsets"
            raise UsageError(msg)
        fits = True
    else:
        fits = text
    if not fits:
        wanted = "timestamp[us, tz=UTC] or text" if form is Form.TIME else str(form)
        msg = f"column {name!r} holds {kind}, not {wanted}"
        raise UsageError(msg)


class Column:
    """One fact in one chunk: ``raw`` are positions in ``values``, which were read and checked.

    ``luts`` keeps what follows from a value alone, by facet, for all chunks with the same dictionary.
    """

    __slots__ = ("luts", "raw", "values")

    def __init__(self, raw: Ids | None, values: list[Any], luts: dict[int, Any]) -> None:
        self.raw = raw
        self.values = values
        self.luts = luts

    def value(self, row: int) -> Any:  # noqa: ANN401
        """Return the value at a row."""
        return self.values[0 if self.raw is None else int(self.raw[row])]


class _Known:
    """The dictionary that a fact's column had last."""

    __slots__ = ("dictionary", "luts", "values")

    def __init__(self, dictionary: Any, values: list[Any]) -> None:  # noqa: ANN401
        self.dictionary = dictionary
        self.values = values
        self.luts: dict[int, Any] = {}


class Chunk:
    """Some rows, with what was worked out of them so far."""

    def __init__(self, reader: Reader, batch: Any, whole: _Whole) -> None:  # noqa: ANN401
        self._reader = reader
        self._batch = batch
        self._whole = whole
        self._names = {name: n for n, name in enumerate(batch.schema.names)}
        self._columns: dict[str, Column] = {}
        self._times: dict[str, Times | None] = {}
        self._candidates: dict[int, Candidate] = {}
        self._read: dict[str, Callable[[int], Any]] | None = None
        self.rows: int = batch.num_rows
        self.cache: dict[int, Any] = {}
        """What facets answered, by their identity."""

    def check(self) -> Chunk:
        """Read every column whose values are bound to something, whether or not a check asks for it."""
        for name in self._names:
            fact = name.removesuffix(PRECISION)
            if fact in TIMES:
                self.times(fact)
            elif not FACTS[fact].free:
                self.column(fact)
        return self

    def array(self, fact: str) -> Any:  # noqa: ANN401
        """Return the Arrow array of a fact, or ``None`` when it has no column."""
        number = self._names.get(fact)
        return None if number is None else self._batch.column(number)

    def column(self, fact: str) -> Column:
        """Return a fact as positions in its values; of a fact without column, the one default."""
        known = self._columns.get(fact)
        if known is None:
            array = self.array(fact)
            if array is not None and (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
                array = self._whole.encoded(fact).slice(self._whole.start, self.rows)
            known = self._columns[fact] = self._reader.column(fact, array)
        return known

    def times(self, fact: str) -> Times | None:
        """Return a fact's times; ``None`` when it has none at all."""
        if fact not in self._times:
            self._times[fact] = self._read_times(fact)
        return self._times[fact]

    def candidate(self, row: int) -> Candidate:
        """Build the candidate that stands at a row."""
        known = self._candidates.get(row)
        if known is None:
            if self._read is None:
                self._read = {name: self._reads(name) for name in self._names if not name.endswith(PRECISION)}
            known = build_candidate({name: read(row) for name, read in self._read.items()})
            self._candidates[row] = known
        return known

    def _reads(self, fact: str) -> Callable[[int], Any]:
        """Return what reads one value of a fact."""
        if fact in TIMES:
            times = self.times(fact)
            return (lambda _: None) if times is None else times.when
        array = self.array(fact)
        if FACTS[fact].form is Form.TEXT and not pa.types.is_dictionary(array.type):
            # Free text of which every row has its own is never put into a dictionary for the sake of a few rows.
            system = self._reader.item_system
            return lambda row: read_fact(fact, array[row].as_py(), item_system=system)
        return self.column(fact).value

    def _read_times(self, fact: str) -> Times | None:
        array = self.array(fact)
        if array is None or pa.types.is_null(array.type) or not len(array):
            return None
        if pa.types.is_timestamp(array.type):
            return read_timestamps(array, self.array(fact + PRECISION), name=fact)
        if self.array(fact + PRECISION) is not None:
            msg = f"column {fact + PRECISION!r}: the times are text, which says itself how precise it is"
            raise UsageError(msg)
        column = self.column(fact)
        return read_texts(column.raw, column.values, column.luts)


class _Whole:
    """The batch that a chunk was cut from: plain text is put into a dictionary once for all its chunks."""

    __slots__ = ("_batch", "_encoded", "start")

    def __init__(self, batch: Any, start: int, encoded: dict[str, Any]) -> None:  # noqa: ANN401
        self._batch = batch
        self._encoded = encoded
        self.start = start

    def encoded(self, fact: str) -> Any:  # noqa: ANN401
        """Return a plain text column of the whole batch with a dictionary."""
        if fact not in self._encoded:
            self._encoded[fact] = pc.dictionary_encode(self._batch.column(fact))
        return self._encoded[fact]


class Reader:
    """Reads batches into chunks; remembers the last dictionary of each column.

    Args:
        item_system: code system of item codes that are written without one.
    """

    def __init__(self, *, item_system: str | None) -> None:
        self.item_system = item_system
        self._known: dict[str, _Known] = {}
        self._defaults = {name: Column(None, [fact.default], {}) for name, fact in FACTS.items()}

    def chunks(self, batch: Any, *, size: int = CHUNK) -> Iterator[Chunk]:  # noqa: ANN401
        """Cut a record batch into chunks.

        Raises:
            UsageError: see :func:`check_columns`; also a null where ``order.at`` has to be, or a value that a fact
                cannot have.
        """
        check_columns(batch.schema)
        at = batch.column("order.at")
        if at.null_count or (pa.types.is_dictionary(at.type) and at.dictionary.null_count):
            msg = "column 'order.at': a value is null; an order has a time"
            raise UsageError(msg)
        for name in batch.schema.names:
            if pa.types.is_string_view(batch.schema.field(name).type):
                number = batch.schema.get_field_index(name)
                batch = batch.set_column(number, name, batch.column(number).cast(pa.large_string()))
        encoded: dict[str, Any] = {}
        for start in range(0, batch.num_rows, size):
            yield Chunk(self, batch.slice(start, size), _Whole(batch, start, encoded)).check()

    def column(self, fact: str, array: Any) -> Column:  # noqa: ANN401
        """Read one column of a chunk."""
        if array is None or pa.types.is_null(array.type) or not len(array):
            return self._defaults[fact]
        if pa.types.is_boolean(array.type):
            known = self._known.setdefault(fact, _Known(None, [False, True, FACTS[fact].default]))
            return Column(_filled(_bits(array, 1), array, 2), known.values, known.luts)
        if not pa.types.is_dictionary(array.type):
            array = pc.dictionary_encode(array)
        known = self._dictionary(fact, array.dictionary)
        indices = array.indices
        raw = _buffer(indices, 1, indices.type.to_pandas_dtype())[indices.offset : indices.offset + len(indices)]
        return Column(_filled(raw, indices, len(known.values) - 1), known.values, known.luts)

    def _dictionary(self, fact: str, dictionary: Any) -> _Known:  # noqa: ANN401
        known = self._known.get(fact)
        if known is not None and (known.dictionary is dictionary or _same(known.dictionary, dictionary)):
            return known
        read = [read_fact(fact, value, item_system=self.item_system) for value in dictionary.to_pylist()]
        known = self._known[fact] = _Known(dictionary, [*read, FACTS[fact].default])
        return known


def _same(a: Any, b: Any) -> bool:  # noqa: ANN401
    # Chunks of one batch share the memory of its dictionaries: comparing addresses spares comparing words.
    if len(a) != len(b) or a.type != b.type:
        return False
    if a.offset == b.offset and _addresses(a) == _addresses(b):
        return True
    return bool(a.equals(b))


def _addresses(array: Any) -> list[int | None]:  # noqa: ANN401
    return [None if buffer is None else buffer.address for buffer in array.buffers()]


def filled(array: Any) -> npt.NDArray[np.bool_]:  # noqa: ANN401
    """Tell which texts of a plain text array are there and not empty."""
    offsets = _offsets(array)
    out = offsets[1:] > offsets[:-1]
    if array.null_count:
        out &= _bits(array, 0).view(np.bool_)
    return out


def stated(array: Any) -> npt.NDArray[np.bool_]:  # noqa: ANN401
    """Tell which texts of a plain text array hold more than white space, as ``str.isspace`` means it.

    Nearly every text is told by its first byte; the few that begin with what may be a space are looked at one by one.
    """
    there = filled(array)
    data = _buffer(array, 2, np.uint8)
    if not len(data):
        return there
    first = data.take(_offsets(array)[:-1], mode="clip")
    # Of what begins with 0x21 … 0x7e, or with E4 … (U+4000 on), nothing is white space.
    out = there & (((first > 0x20) & (first < 0x7F)) | (first >= 0xE4))
    for row in np.flatnonzero(there & ~out):
        out[row] = not array[int(row)].as_py().isspace()
    return out


def _offsets(array: Any) -> Ids:  # noqa: ANN401
    offsets = _buffer(array, 1, np.int64 if pa.types.is_large_string(array.type) else np.int32)
    return offsets[array.offset : array.offset + len(array) + 1]


def _filled(raw: Ids, array: Any, filler: int) -> Ids:  # noqa: ANN401
    """Put a number in the place of nulls."""
    if not array.null_count:
        return raw
    return np.where(_bits(array, 0).view(np.bool_), raw, np.int32(filler))


def _bits(array: Any, number: int) -> npt.NDArray[np.uint8]:  # noqa: ANN401
    """Read a bitmap of an array: 0 is validity, 1 are the values of a boolean one."""
    first = array.offset >> 3
    packed = np.frombuffer(array.buffers()[number], dtype=np.uint8)[first : (array.offset + len(array) + 7) >> 3]
    start = array.offset & 7
    return np.unpackbits(packed, bitorder="little")[start : start + len(array)]


def _buffer(array: Any, number: int, kind: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    buffer = array.buffers()[number]
    return np.empty(0, dtype=kind) if buffer is None else np.frombuffer(buffer, dtype=kind)
