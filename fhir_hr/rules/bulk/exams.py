"""What of two examinations the rules can tell apart: aspect by aspect, how four statements relate."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt

from fhir_hr.model.codes import Code
from fhir_hr.model.exams import Exam, Side
from fhir_hr.rules.bulk.columns import Chunk, Ids
from fhir_hr.rules.bulk.facets import Facet, Fold, Interner, cached
from fhir_hr.rules.check_specs import ExamFitSpec
from fhir_hr.rules.checks.exam import EXAM_ASPECTS
from fhir_hr.rules.lists import Lists
from fhir_hr.rules.vocabulary import Aspect

__all__ = ["exam_facets"]


def exam_facets(spec: ExamFitSpec, lists: Lists) -> tuple[Facet, ...]:
    """Return one facet per aspect that is asked."""
    return tuple(_AspectFacet(aspect, lists) for aspect in spec.aspects)


class _AspectFacet:
    """Of one aspect, what is stated (or not) by the order, its item's row, the prior and its item's row.

    Classes: which of the four are stated, which of them are equal to which, and, of the side, whether the prior's
    are both sides: those answer an order without side, one alone does not.
    """

    def __init__(self, aspect: Aspect, lists: Lists) -> None:
        read = EXAM_ASPECTS[aspect]
        self._words = Interner()
        self._words.id(None)
        self._patterns = Interner()
        self._numbers = np.full(1 << 12, -1, dtype=np.int16)
        self._both = self._words.id(Side.BOTH.value) if aspect is Aspect.SIDE else None
        words = self._words

        def said(exam: Exam | None) -> Hashable:
            return words.id(None if exam is None else read(exam))

        def listed(item: Code | None) -> Hashable:
            row = lists.row(item)
            return words.id(None if row is None else read(row))

        self._sources = (
            _Words(Fold("order.exam", said)),
            _Words(Fold("order.item", listed)),
            _Words(Fold("prior.exam", said)),
            _Words(Fold("prior.item", listed)),
        )

    @property
    def card(self) -> int:
        """Number of classes."""
        return max(len(self._patterns), 1)

    def of(self, chunk: Chunk) -> Ids | None:
        """See :class:`fhir_hr.rules.bulk.facets.Facet`."""
        return cached(chunk, self, lambda: self._of(chunk))

    def _of(self, chunk: Chunk) -> Ids | None:
        words = [source.of(chunk) for source in self._sources]
        out = np.zeros(chunk.rows, dtype=np.int16)
        shift = 0
        for n, one in enumerate(words):
            out |= (one != 0).astype(np.int16) << shift
            shift += 1
            for other in words[:n]:
                out |= (one == other).astype(np.int16) << shift
                shift += 1
        if self._both is not None:
            for n, one in enumerate(words[2:]):
                out |= (one == self._both).astype(np.int16) << (shift + n)
        numbers = self._numbers.take(out)
        if numbers.min() < 0:
            for pattern in np.unique(out[numbers < 0]):
                self._numbers[pattern] = self._patterns.id(int(pattern))
            numbers = self._numbers.take(out)
        return numbers


class _Words:
    """Numbers of words, row by row, or one for all."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._table: npt.NDArray[np.int32] = np.empty(0, dtype=np.int32)

    def of(self, chunk: Chunk) -> npt.NDArray[np.int32]:
        ids = self._fold.of(chunk)
        if len(self._table) < self._fold.card:
            self._table = np.array(self._fold.classes.values, dtype=np.int32)
        return self._table[:1] if ids is None else self._table.take(ids)
