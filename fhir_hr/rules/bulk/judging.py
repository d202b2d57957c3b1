"""Judging columns of candidates: the row engine is asked once for everything that it can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fhir_hr.errors import UsageError
from fhir_hr.model.decisions import Force, RecognitionOutcome
from fhir_hr.rules.bulk.columns import Chunk, Ids, Reader, check_columns
from fhir_hr.rules.bulk.expiry import Expiries
from fhir_hr.rules.bulk.facets import Asked, Facet
from fhir_hr.rules.bulk.facts import FACTS, Form
from fhir_hr.rules.bulk.masks import mask_of
from fhir_hr.rules.bulk.reading import PackFacets
from fhir_hr.rules.candidate import Check
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
    "Said",
    "Source",
    "batches_of",
    "judge_batches",
    "judge_table",
]

Source: TypeAlias = Any
"""A pyarrow Table, RecordBatch, RecordBatchReader or iterable of batches, or the path of a Parquet file."""

Progress: TypeAlias = Callable[[int, int | None], None]
"""Told after each batch: rows done, and rows in all where that is known."""

BATCH = 1 << 20
"""Rows of a batch that is cut from a table or read from a file."""

OUTCOMES = tuple(RecognitionOutcome)
FORCES = tuple(Force)


class Said(msgspec.Struct, frozen=True):
    """What the row engine said of a combination.

    Attributes:
        low, high: the reason codes as masks (:mod:`fhir_hr.rules.bulk.masks`).
        effects: the effects of the reasons, united (``fhir_hr.rules.vocabulary.BIT``).
    """

    outcome: RecognitionOutcome
    force: Force | None
    low: int
    high: int
    effects: int


class BulkJudge:
    """Judges chunk after chunk under the same packs, and remembers what it asked.

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
        self._plan = plan_of(self._packs)
        self.item_system = item_system_of(packs[0].content) if item_system is None else item_system
        self.reader = Reader(item_system=self.item_system)
        facets = [PackFacets(pack) for pack in self._plan.packs]
        self._applies = [
            Asked(one.applies(), lambda chunk, row, pack=one.pack: pack.applies(chunk.candidate(row)))  # type: ignore[misc]
            for one in facets
        ]
        parts: list[Facet] = [*self._applies]
        for one, applies in zip(facets, self._applies, strict=True):
            parts.append(_pack_facet(one, applies))
        if sum(pack.limited for pack in self._plan.packs) > 1:
            parts += [facet for one in facets for facet in one.limit()]
        self._verdicts = Asked(parts, self._ask)
        self._expiries = Expiries(self._plan, facets, self._applies) if expires else None
        self._table = _Answers()

    @property
    def answers(self) -> list[Said]:
        """What was said so far; :meth:`numbers` counts from its start."""
        return self._verdicts.answers.values

    def numbers(self, chunk: Chunk) -> Ids:
        """Return, row by row, the number of the answer."""
        ids = self._verdicts.of(chunk)
        return np.zeros(chunk.rows, dtype=np.int32) if ids is None else ids

    def judge(self, chunk: Chunk) -> Any:  # noqa: ANN401 - a pyarrow RecordBatch
        """Judge one chunk: a batch of the columns that :func:`judge_table` describes."""
        numbers = self.numbers(chunk)
        self._table.extend(self.answers)
        arrays = self._table.arrays(numbers)
        if self._expiries is not None:
            arrays["expires"] = self._expiries.of(chunk, self._table.blocked.take(numbers))
        return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))

    def _ask(self, chunk: Chunk, row: int) -> Said:
        c = chunk.candidate(row)
        verdict = judge(c.item, c.prior, order=c.order, packs=self._packs, identity=c.identity)
        low, high = mask_of(reason.code for reason in verdict.reasons)
        effects = 0
        for reason in verdict.reasons:
            effects |= BIT[reason.effect]
        return Said(verdict.outcome, verdict.force, low, high, effects)


def _pack_facet(one: PackFacets, applies: Asked) -> Facet:
    """Everything that one pack finds; where it does not apply, nothing."""
    checks = [
        Asked(one.of(spec), _finds(check)) for spec, check in zip(one.content.checks, one.pack.checks, strict=False)
    ]
    if len(one.pack.checks) > len(checks):
        checks.append(Asked(one.overlay(), _finds(one.pack.checks[-1])))
    if one.pack.fresh_until is not None:
        checks.append(Asked(one.fresh(), _finds(one.pack.stale)))

    def ask(chunk: Chunk, row: int) -> tuple[Any, ...]:
        return tuple(check.answer(chunk, row) for check in checks)

    return Asked(checks, ask, gate=applies, passes=lambda number: applies.answers.values[number] is not False)


def _finds(check: Check) -> Callable[[Chunk, int], tuple[tuple[int, int], ...]]:
    def ask(chunk: Chunk, row: int) -> tuple[tuple[int, int], ...]:
        return tuple((finding.rank, finding.bit) for finding in check(chunk.candidate(row)))

    return ask


class _Answers:
    """The answers as columns, to be handed out by number."""

    def __init__(self) -> None:
        self._columns: dict[str, npt.NDArray[Any]] = {}
        self._known = 0
        self.blocked: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)

    def extend(self, answers: list[Said]) -> None:
        if len(answers) == self._known:
            return
        self._known = len(answers)
        self._columns = {
            "outcome": np.array([OUTCOMES.index(one.outcome) for one in answers], dtype=np.int8),
            "force": np.array([-1 if one.force is None else FORCES.index(one.force) for one in answers], np.int8),
            "reasons_0": np.array([one.low for one in answers], dtype=np.uint64),
            "reasons_1": np.array([one.high for one in answers], dtype=np.uint64),
            "effects": np.array([one.effects for one in answers], dtype=np.uint8),
        }
        self.blocked = np.array([one.outcome is RecognitionOutcome.NOT for one in answers], dtype=np.bool_)

    def arrays(self, numbers: Ids) -> dict[str, Any]:
        columns = {name: column.take(numbers) for name, column in self._columns.items()}
        found: dict[str, Any] = {name: pa.array(column) for name, column in columns.items()}
        words = pa.array([str(outcome) for outcome in OUTCOMES])
        found["outcome"] = pa.DictionaryArray.from_arrays(found["outcome"], words)
        none = columns["force"] < 0
        indices = pa.array(columns["force"], mask=none) if none.any() else found["force"]
        found["force"] = pa.DictionaryArray.from_arrays(indices, pa.array([str(force) for force in FORCES]))
        return found


def judge_batches(
    source: Source,
    *,
    packs: Sequence[Pack],
    item_system: str | None = None,
    expires: bool = False,
    progress: Progress | None = None,
) -> Iterator[Any]:
    """Judge candidates as they come; yields one result batch per chunk, in order, and keeps nothing behind.

    See :func:`judge_table` for arguments and columns.
    """
    judging = BulkJudge(packs, item_system=item_system, expires=expires)
    batches, total = batches_of(source)
    done = 0
    for batch in batches:
        for chunk in judging.reader.chunks(batch):
            yield judging.judge(chunk)
        done += batch.num_rows
        if progress is not None:
            progress(done, total)


def judge_table(
    source: Source,
    *,
    packs: Sequence[Pack],
    item_system: str | None = None,
    expires: bool = False,
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
        progress: told after each batch.

    Returns:
        One row per candidate: ``outcome`` and ``force`` (dictionaries of words), ``reasons_0`` and ``reasons_1``
        (uint64, see :func:`fhir_hr.rules.bulk.codes_of`), ``effects`` (uint8, the effects of the reasons united),
        and ``expires`` (timestamp, UTC).

    Raises:
        UsageError: an unknown or missing column, a type or a value that a fact cannot have; names the column.
    """
    batches = list(judge_batches(source, packs=packs, item_system=item_system, expires=expires, progress=progress))
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
