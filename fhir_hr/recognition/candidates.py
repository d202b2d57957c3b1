"""Which priors may answer an ordered item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fhir_hr.mapping.canonical import OFF_LIST_SYSTEM
from fhir_hr.mapping.exams import load_exams
from fhir_hr.mapping.text import fold_name
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.exams import Exam
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.orders import OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.pack import Pack

__all__ = ["Candidates", "broader_items"]


class Candidates:
    """Finds the priors that may answer an ordered item: the same recognised item, or else the same words.

    Where one of both has no item code, they are compared by a shared code of a known system, by the whole name, or
    by modality and part of the body; the rules then see that nobody mapped it. A listed item is never compared with
    one that was not recognised as it: that is another test until a table says so. One that a list says to include
    it (增强 = 平扫 + 增强) is.

    Examinations are named freely (胸部CT leaves 平扫 or 增强 open), and "nothing was found" would be untrue of one that
    only nobody mapped: where order or prior has no item code, the same modality and part of the body is enough. What
    they are is taken from the examination stated, else from the list's row, else from the rows that the name may mean.

    Args:
        priors: the priors.
        broader: items that include another, by the included one (:func:`broader_items`).
    """

    def __init__(self, priors: Iterable[Prior], *, broader: Mapping[Code, tuple[Code, ...]] | None = None) -> None:
        self._broader = broader or {}
        self._by_item: dict[tuple[ReportKind, Code], list[Prior]] = {}
        self._by_words: dict[tuple[ReportKind, Code | str], list[Prior]] = {}
        for prior in priors:
            if prior.item is not None:
                self._by_item.setdefault((prior.kind, prior.item), []).append(prior)
            keys: list[Code | str] = [] if _listed(prior.item) else _words(prior.code, prior.name)
            if prior.kind is ReportKind.IMAGING:
                keys += _parts(prior.item, prior.exam, prior.name)
            for key in dict.fromkeys(keys):
                self._by_words.setdefault((prior.kind, key), []).append(prior)

    def of(self, item: OrderItem) -> list[Prior]:
        """Return the candidates of one ordered item, each once."""
        same: list[Prior] = []
        if item.item is not None:
            for code in (item.item, *self._broader.get(item.item, ())):
                same += self._by_item.get((item.kind, code), [])
        imaging = item.kind is ReportKind.IMAGING
        if _listed(item.item) and not imaging:
            return same
        found = {prior.id: prior for prior in same}
        keys = [] if _listed(item.item) else _words(item.code, item.name)
        if imaging:
            keys += _parts(item.item, item.exam, item.name)
        for key in keys:
            for prior in self._by_words.get((item.kind, key), ()):
                if item.item is None or prior.item is None:
                    found[prior.id] = prior
        return list(found.values())


def broader_items(packs: Iterable[Pack]) -> dict[Code, tuple[Code, ...]]:
    """Return, by item, the items that include it on a list of the packs."""
    found: dict[Code, dict[Code, None]] = {}
    for pack in packs:
        system = pack.content.item_system
        for row in pack.content.items:
            for code in row.includes:
                found.setdefault(Code(system=system, code=code), {})[Code(system=system, code=row.code)] = None
    return {code: tuple(holders) for code, holders in found.items()}


def _listed(item: Code | None) -> bool:
    return item is not None and item.system != OFF_LIST_SYSTEM


def _words(code: Concept, name: str) -> list[Code | str]:
    words: list[Code | str] = [coding for coding in code.codings if coding.system is not None]
    if folded := fold_name(name):
        words.append(folded)
    return words


def _parts(item: Code | None, exam: Exam | None, name: str) -> list[str]:
    """Modality and part of the body of an examination; several, where its name may mean several."""
    table = load_exams()
    stated = [exam] if exam is not None and exam.modality and exam.body_part else []
    if not stated:
        match = table.find(name)
        codes = [item] if item is not None else [match.item] if match.item is not None else match.candidates
        stated = [row.exam for code in codes if (row := table.row(code)) is not None]
    return [f"{each.modality}\x1f{each.body_part}" for each in dict.fromkeys(stated)]
