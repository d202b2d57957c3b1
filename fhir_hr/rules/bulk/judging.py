"""Judging columns of candidates: the row engine is asked once for everything that it can tell apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fhir_hr.errors import UsageError
from fhir_hr.model.decisions import Force, RecognitionOutcome
from fhir_hr.rules.bulk.columns import Chunk, Reader, check_columns
from fhir_hr.rules.bulk.expiry import Expiries
from fhir_hr.rules.bulk.facets import Asked, Facet
from fhir_hr.rules.bulk.facts import FACTS, Form
from fhir_hr.rules.bulk.found import Found
from fhir_hr.rules.bulk.masks import mask_of
from fhir_hr.rules.bulk.reading import PackFacets
from fhir_hr.rules.engine import judge
from fhir_hr.rules.merge import plan_of
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.tables_of import item_system_of
from fhir_hr.rules.vocabulary import BIT

__all__ = [
    "BATCH",
    "FORCES",
    "OUTCOMES",
    "BulkJudge",
    "Progress",
    "Source",
    "batches_of",
    "judge_batches",
    "judge_table",
]

Source: TypeAlias = Any
"""A pyarrow Table, RecordBatch, RecordBatchReader or iterable of batches, or the path of a Parquet file."""

Progress: TypeAlias = Callable[[int, int | None], None]
"""Told after each stretch of rows: rows done, and rows in all where that is known."""

BATCH = 1 << 20
"""Rows of a batch that is cut from a table or read from a file."""

OUTCOMES = tuple(RecognitionOutcome)
FORCES = tuple(Force)
_OUTCOMES, _FORCES = (pa.array([str(member) for member in words]) for words in (OUTCOMES, FORCES))


class _Merged(msgspec.Struct, frozen=True):
    """What the row engine makes of the packs' findings: outcome, force, and what it says in its own name."""

    outcome: RecognitionOutcome
    force: Force | None
    low: int
    high: int
    effects: int


class BulkJudge:
    """Judges chunk after chunk under the same packs, and remembers what it asked. One per thread.

    Args:
        packs: the packs to ask, in any order.
        item_system: code system of item codes that are written without one; that of the first pack by default.
        expires: whether to work out when each answer may change by time alone.
    """

    def __init__(self, packs: Sequence[Pack], *, item_system: str | None = None, expires: bool = False) -> None:
        if not packs:
            msg = "no packs were given; without rules nothing can be judged"
            raise UsageError(msg)
        self._packs = tuple(packs)
        plan = plan_of(self._packs)
        self.item_system = item_system_of(packs[0].content) if item_system is None else item_system
        self.reader = Reader(item_system=self.item_system)
        facets = [PackFacets(pack) for pack in plan.packs]
        applies = [Asked(one.applies(), _applies(one.pack)) for one in facets]
        route = Asked(applies, lambda chunk, row: tuple(each.answer(chunk, row) for each in applies))
        self._found = [Found(one, each, plan, route) for one, each in zip(facets, applies, strict=True)]
        parts: list[Facet] = [route, *(part for found in self._found for part in found.parts)]
        if sum(pack.limited for pack in plan.packs) > 1:
            parts += [facet for one in facets for facet in one.limit()]
        # Which packs apply, the effects of what each found and the limits: all that merging them depends on.
        self._merged = Asked(parts, self._merge)
        self._expiries = Expiries(plan, facets, route) if expires else None

    def columns(self, chunk: Chunk) -> dict[str, npt.NDArray[Any]]:
        """Judge one chunk: outcome and force as positions in :data:`OUTCOMES` and :data:`FORCES` (-1: none), masks."""
        merged = self._merged.of(chunk)
        said: list[_Merged] = self._merged.answers.values
        tables: dict[str, npt.NDArray[Any]] = {
            "outcome": np.array([OUTCOMES.index(one.outcome) for one in said], dtype=np.int8),
            "force": np.array([-1 if one.force is None else FORCES.index(one.force) for one in said], np.int8),
            "reasons_0": np.array([one.low for one in said], dtype=np.uint64),
            "reasons_1": np.array([one.high for one in said], dtype=np.uint64),
            "effects": np.array([one.effects for one in said], dtype=np.uint8),
        }
        every = np.zeros(chunk.rows, dtype=np.int32) if merged is None else merged
        out = {name: table.take(every) for name, table in tables.items()}
        for found in self._found:
            ids = found.of(chunk)
            own: dict[str, npt.NDArray[Any]] = {
                "reasons_0": found.low,
                "reasons_1": found.high,
                "effects": found.effects,
            }
            for name, table in own.items():
                np.bitwise_or(out[name], table[0] if ids is None else table.take(ids), out=out[name])
        return out

    def judge(self, chunk: Chunk) -> Any:  # noqa: ANN401 - a pyarrow RecordBatch
        """Judge one chunk: a batch of the columns that :func:`judge_table` describes."""
        columns = self.columns(chunk)
        arrays: dict[str, Any] = {name: pa.array(column) for name, column in columns.items()}
        arrays["outcome"] = pa.DictionaryArray.from_arrays(arrays["outcome"], _OUTCOMES)
        none = columns["force"] < 0
        indices = pa.array(columns["force"], mask=none) if none.any() else arrays["force"]
        arrays["force"] = pa.DictionaryArray.from_arrays(indices, _FORCES)
        if self._expiries is not None:
            blocked = columns["outcome"] == OUTCOMES.index(RecognitionOutcome.NOT)
            arrays["expires"] = self._expiries.of(chunk, blocked)
        return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))

    def _merge(self, chunk: Chunk, row: int) -> _Merged:
        c = chunk.candidate(row)
        verdict = judge(c.item, c.prior, order=c.order, packs=self._packs, identity=c.identity)
        own = [reason for reason in verdict.reasons if not reason.pack]
        effects = 0
        for reason in own:
            effects |= BIT[reason.effect]
        return _Merged(verdict.outcome, verdict.force, *mask_of(reason.code for reason in own), effects)


def _applies(pack: Pack) -> Callable[[Chunk, int], bool | None]:
    return lambda chunk, row: pack.applies(chunk.candidate(row))


def judge_batches(
    source: Source,
    *,
    packs: Sequence[Pack],
    item_system: str | None = None,
    expires: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Iterator[Any]:
    """Judge candidates as they come; yields one result batch per chunk, in order, and keeps nothing behind.

    See :func:`judge_table` for arguments and columns.
    """
    if threads < 1:
        msg = "threads must be at least 1"
        raise UsageError(msg)
    judges = [BulkJudge(packs, item_system=item_system, expires=expires) for _ in range(threads)]
    batches, total = batches_of(source)
    answers = _one_by_one(judges[0], batches) if threads == 1 else _side_by_side(judges, batches)
    done = 0
    for answer in answers:
        yield answer
        done += answer.num_rows
        if progress is not None:
            progress(done, total)


def _one_by_one(judging: BulkJudge, batches: Iterable[Any]) -> Iterator[Any]:
    return (judging.judge(chunk) for batch in batches for chunk in judging.reader.chunks(batch))


def _side_by_side(judges: Sequence[BulkJudge], batches: Iterable[Any]) -> Iterator[Any]:
    """Judge batches in threads, each with a judge of its own; the answers come in the order of the batches."""
    free: SimpleQueue[BulkJudge] = SimpleQueue()
    for judging in judges:
        free.put(judging)

    def ask(batch: Any) -> list[Any]:  # noqa: ANN401 - a pyarrow RecordBatch
        judging = free.get()
        try:
            return list(_one_by_one(judging, [batch]))
        finally:
            free.put(judging)

    waiting: deque[Future[list[Any]]] = deque()
    with ThreadPoolExecutor(len(judges), thread_name_prefix="fhir-hr-bulk") as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(ask, batch))
                if len(waiting) > len(judges):  # one in reserve, so that memory stays bounded
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def judge_table(
    source: Source,
    *,
    packs: Sequence[Pack],
    item_system: str | None = None,
    expires: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
) -> Any:  # noqa: ANN401 - a pyarrow Table
    """Judge a table of candidates; every row is answered as :func:`fhir_hr.rules.judge` answers it.

    Args:
        source: a pyarrow Table, RecordBatch, RecordBatchReader or iterable of batches, or the path of a Parquet
            file. Columns carry the names of the flat facts of decision vectors (``docs/reference/vectors.md``);
            ``identity`` and ``order.at`` are needed, any other that is left out, and a null, has its default (a null
            identity is unknown). Text is best dictionary-encoded. Times are ``timestamp`` with zone, to the second
            unless a column ``….precision`` says otherwise (``year`` … ``fraction``, a date being one of +08:00), or
            text. Lists and objects are JSON text.
        packs: the packs to ask, in any order.
        item_system: code system of item codes that are written without one; that of the first pack by default.
        expires: whether to add the column ``expires``.
        threads: how many threads share the batches; each learns the classes for itself, so it pays for many rows.
        progress: told after each stretch of some hundred thousand rows: rows done, and rows in all or ``None``.

    Returns:
        One row per candidate: ``outcome`` and ``force`` (dictionaries of words), ``reasons_0`` and ``reasons_1``
        (uint64, see :func:`fhir_hr.rules.bulk.codes_of`), ``effects`` (uint8, the effects of the reasons united),
        and ``expires`` (timestamp, UTC).

    Raises:
        UsageError: an unknown or missing column, a type or a value that a fact cannot have; names the column.
    """
    options: dict[str, Any] = {"item_system": item_system, "expires": expires, "threads": threads}
    batches = list(judge_batches(source, packs=packs, progress=progress, **options))
    return pa.Table.from_batches(batches, schema=_schema(expires=expires))


def _schema(*, expires: bool) -> Any:  # noqa: ANN401
    word = pa.dictionary(pa.int8(), pa.string())
    fields = [("outcome", word), ("force", word), ("reasons_0", pa.uint64()), ("reasons_1", pa.uint64())]
    fields += [("effects", pa.uint8())] + ([("expires", pa.timestamp("us", tz="UTC"))] if expires else [])
    return pa.schema(fields)


def batches_of(source: Source) -> tuple[Iterable[Any], int | None]:
    """Return the record batches of a source, and its number of rows where that is known beforehand.

    Raises:
        UsageError: it is nothing that columns can be read from.
    """
    if isinstance(source, str | Path):
        return _parquet(Path(source))
    if isinstance(source, pa.Table):
        check_columns(source.schema)
        return source.to_batches(max_chunksize=BATCH), source.num_rows
    if isinstance(source, pa.RecordBatch):
        return [source], source.num_rows
    if isinstance(source, pa.RecordBatchReader) or hasattr(source, "__iter__"):
        return source, None
    msg = f"columns are read from a pyarrow Table, record batches or a Parquet file, not from {type(source).__name__}"
    raise UsageError(msg)


def _parquet(path: Path) -> tuple[Iterable[Any], int]:
    texts = [name for name, fact in FACTS.items() if fact.form in (Form.TEXT, Form.JSON)]
    try:
        file = pq.ParquetFile(path)
        names = set(file.schema_arrow.names)
        file = pq.ParquetFile(path, read_dictionary=[name for name in texts if name in names])
    except (OSError, pa.ArrowException) as error:
        msg = "the file of candidates cannot be read as Parquet"
        raise UsageError(msg) from error
    check_columns(file.schema_arrow)
    return file.iter_batches(batch_size=BATCH), file.metadata.num_rows
