"""Advice on codes: institutions, divisions, items, specimens, needs, refusal reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_hr.mapping.identifiers import is_uscc
from fhir_hr.mapping.specimens import load_specimens
from fhir_hr.rules.advice.finding import Advice, Draft, advice
from fhir_hr.rules.advice.words import AdviceCode as C
from fhir_hr.rules.schema import ItemRow
from fhir_hr.rules.tables import TableRow
from fhir_hr.rules.vocabulary import ListState

__all__ = ["PROVINCES", "advise_codes", "advise_items", "advise_refusals"]

PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82".split()
)
"""First two digits of GB/T 2260."""

_USCC_LIKE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}", re.ASCII)
_WHOLE_COUNTRY = "000000"


def advise_codes(draft: Draft) -> Iterator[Advice]:
    """Advise on institutions' codes and divisions."""
    for part in ("institutions", "alliances", "suspensions", "quality"):
        for row in draft.rows.get(part, ()):
            yield from _uscc(row)
    for row in draft.rows.get("institutions", ()):
        division = row.text("division")
        if division is not None and division[:2] not in PROVINCES:
            yield advice(C.DIVISION_UNKNOWN, row.file, row.line, value=division)
    for n, division in enumerate(draft.content.applies.divisions):
        if division != _WHOLE_COUNTRY and division[:2] not in PROVINCES:
            yield draft.head(C.DIVISION_UNKNOWN, f"$.applies.divisions[{n}]", value=division)
    yield from _unlisted(draft)


def _uscc(row: TableRow) -> Iterator[Advice]:
    code = row.cells["uscc"]
    if not is_uscc(code):
        kind = C.USCC_DIGIT if _USCC_LIKE.fullmatch(code) else C.USCC_FORM
        yield advice(kind, row.file, row.line, value=code)


def _unlisted(draft: Draft) -> Iterator[Advice]:
    if draft.content.institutions_state is not ListState.COMPLETE:
        return
    listed = {row.uscc for row in draft.content.institutions}
    for part in ("alliances", "suspensions", "quality"):
        for row in draft.rows.get(part, ()):
            if row.cells["uscc"] not in listed:
                yield advice(C.INSTITUTION_UNLISTED, row.file, row.line, value=row.cells["uscc"])


def advise_items(draft: Draft) -> Iterator[Advice]:
    """Advise on the rows of the list of items."""
    kinds = load_specimens().kinds
    seen: dict[tuple[object, ...], int] = {}
    for item, row in zip(draft.content.items, draft.rows["items"], strict=True):
        for specimen in item.specimens:
            if specimen not in kinds:
                yield advice(C.SPECIMEN_UNKNOWN, row.file, row.line, value=specimen)
        first = seen.setdefault(_likeness(item), row.line)
        if first != row.line:
            yield advice(C.ITEM_TWICE, row.file, row.line, value=item.name_zh, other=first)


def _likeness(item: ItemRow) -> tuple[object, ...]:
    return (
        item.name_zh,
        item.specimens,
        item.scale,
        item.modality,
        item.body_part,
        item.side,
        item.views,
        item.contrast,
        item.start,
        item.end,
    )


def advise_refusals(draft: Draft) -> Iterator[Advice]:
    """Advise on refusal reasons without a place in the common list."""
    for reason, row in zip(draft.content.refusal_reasons, draft.rows["refusal_reasons"], strict=True):
        if reason.maps_to is None:
            yield advice(C.REFUSAL_UNMAPPED, row.file, row.line, value=reason.code)
