"""Advice on lists, gaps and texts: what is missing, unused, long, or ours and not the text's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fhir_hr.rules.advice.finding import Advice, Draft, advice
from fhir_hr.rules.advice.words import AdviceCode as C
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.plain_parts import gap_words
from fhir_hr.rules.plain_words import pair
from fhir_hr.rules.vocabulary import CheckKind, DutyKind, ListState

__all__ = ["LONGEST_PHRASE", "advise_lists", "advise_sources"]

LONGEST_PHRASE = 60
"""Characters that a quoted phrase should not exceed."""

_SHOWN = 12
_LISTS = (
    ("list_state", "items", ("项目清单", "the list of items")),
    ("institutions_state", "institutions", ("机构名单", "the list of institutions")),
)
_MEANT: dict[str, tuple[str, ...]] = {
    "items": ("item", "list", "项目", "清单"),
    "institutions": ("institution", "机构", "医院"),
}
_CITING = ("institutions", "alliances", "suspensions", "negative")


def advise_lists(draft: Draft) -> Iterator[Advice]:
    """Advise on open lists, gaps and duties."""
    content = draft.content
    for name, part, (zh, en) in _LISTS:
        state: ListState = getattr(content, name)
        said = any(w in f"{gap.part} {gap.text}".lower() for gap in content.gaps for w in _MEANT[part])
        words = pair(state)
        asked = part == "items" or any(kind_of(spec) is CheckKind.INSTITUTION for spec in content.checks)
        if state is not ListState.COMPLETE and asked and not said:
            yield draft.head(C.LIST_WITHOUT_GAP, f"$.{name}", what=zh, what_en=en, state=words[0], state_en=words[1])
    for n, gap in enumerate(content.gaps):
        zh, en = gap_words(gap)
        yield draft.head(C.GAP, f"$.gaps[{n}]", zh=zh, en=en)
    for n, duty in enumerate(content.duties):
        if duty.duty is DutyKind.SAMPLE_REFUSALS and duty.percent is None:
            yield draft.head(C.DUTY_PERCENT, f"$.duties[{n}]", value=pair(duty.duty)[0])


def advise_sources(draft: Draft) -> Iterator[Advice]:
    """Advise on documents, clauses, and findings that rest on no clause."""
    content = draft.content
    plain = msgspec.to_builtins(content)
    documents = plain.pop("documents")
    cited = {value for path, value in _values(plain, "$") if path.endswith(".clause")}
    for n, document in enumerate(documents):
        at = f"$.documents[{n}]"
        if not document["source"]:
            yield draft.source(C.DOCUMENT_SOURCE, at, value=document["title"])
        if document["issued"] is None:
            yield draft.source(C.DOCUMENT_DATE, f"{at}.issued", value=document["title"])
        for m, clause in enumerate(document["clauses"]):
            if clause["id"] not in cited:
                yield draft.source(C.CLAUSE_UNUSED, f"{at}.clauses[{m}]", value=clause["id"])
            if len(clause["text"]) > LONGEST_PHRASE:
                values = {"value": clause["id"], "count": len(clause["text"]), "most": LONGEST_PHRASE}
                yield draft.source(C.PHRASE_LONG, f"{at}.clauses[{m}]", **values)
    for part in _CITING:
        rows = [row for row in draft.rows.get(part, ()) if row.text("clause") is None]
        if rows:
            yield advice(
                C.CLAUSE_MISSING, rows[0].file, rows[0].line, count=len(rows), lines=_some([r.line for r in rows])
            )
    ours = sorted({draft.line(path) or 0 for path in _without_clause(plain, "$")})
    if ours:
        count = sum(1 for _ in _without_clause(plain, "$"))
        yield advice(C.INTERPRETATION, "pack.yaml", ours[0], count=count, lines=_some(ours))


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - plain data of any shape
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _values(child, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for n, child in enumerate(value):
            yield from _values(child, f"{path}[{n}]")
    else:
        yield path, value


def _without_clause(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - plain data of any shape
    if isinstance(value, dict):
        if value.get("interpretation") and value.get("clause") is None:
            yield path
        for key, child in value.items():
            yield from _without_clause(child, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for n, child in enumerate(value):
            yield from _without_clause(child, f"{path}[{n}]")


def _some(lines: list[int]) -> str:
    shown = "、".join(str(line) for line in lines[:_SHOWN])
    return shown if len(lines) <= _SHOWN else f"{shown}…"
