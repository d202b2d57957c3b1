"""Items and refusal reasons as CodeSystem and ValueSet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.outputs.packs.naming import head, url_of
from fhir_hr.render.encode import Json
from fhir_hr.rules.schema import ItemRow, PackContent, RefusalReason
from fhir_hr.rules.vocabulary import ListState

__all__ = ["terminology"]

_ITEM_PROPERTIES = (
    ("window-days", "integer", "互认时限天数 · days of its own limit"),
    ("from", "string", "自何时在清单内 · on the list from"),
    ("to", "string", "至何时在清单内 · on the list until"),
    ("specimen", "string", "清单认可的标本 · accepted specimen"),
    ("require", "string", "清单的特别要求 · what the list demands"),
    ("modality", "string", "设备类型 · modality"),
    ("body-part", "string", "部位 · body part"),
    ("side", "string", "侧别 · side"),
    ("view", "string", "体位 · projection"),
    ("contrast", "string", "增强方式 · contrast"),
    ("includes", "code", "包含的项目 · item that it includes"),
    ("clause", "string", "条款 · clause"),
)
_REASON_PROPERTIES = (
    ("counts-as-refusal", "boolean", "计入不予互认 · counts as a refusal"),
    ("need", "string", "须办理 · what has to be done"),
    ("case", "string", "对应的排除情形 · exclusion that it rests on"),
    ("maps-to", "string", "对应的公共原因 · reason of the common list"),
    ("clause", "string", "条款 · clause"),
)


def terminology(content: PackContent) -> list[Json]:
    """Return the code systems and value sets of a pack; none for a list that it does not hold."""
    made: list[Json] = []
    prefix = f"{CANONICAL}/CodeSystem/"
    if content.items and content.item_system is not None and content.item_system.startswith(prefix):
        name = content.item_system.removeprefix(prefix)
        title = f"互认项目：{content.title}"
        made += _pair(content, name, title, map(_item, content.items), _ITEM_PROPERTIES, state=content.list_state)
    if content.refusal_reasons:
        reasons = map(_reason, content.refusal_reasons)
        title = f"不予互认原因：{content.title}"
        made += _pair(content, f"refusal-reason-{content.pack}", title, reasons, _REASON_PROPERTIES)
    return made


def _pair(
    content: PackContent,
    name: str,
    title: str,
    concepts: Iterable[Json],
    properties: Iterable[tuple[str, str, str]],
    *,
    state: ListState = ListState.COMPLETE,
) -> list[Json]:
    rows = list(concepts)
    used = {each["code"] for row in rows for each in row.get("property", ())}
    system = head("CodeSystem", name, content, title=title)
    system["description"] = title
    system["caseSensitive"] = True
    system["content"] = "complete" if state is ListState.COMPLETE else "fragment"
    defined = [
        {"code": code, "uri": f"{url_of('CodeSystem', 'pack-property')}#{code}", "description": words, "type": kind}
        for code, kind, words in properties
        if code in used
    ]
    if defined:
        system["property"] = defined
    system["concept"] = rows
    values = head("ValueSet", name, content, title=title, suffix="VS")
    values["description"] = title
    values["compose"] = {"include": [{"system": system["url"]}]}
    return [system, values]


def _item(row: ItemRow) -> Json:
    concept: Json = {"code": row.code, "display": row.name_zh}
    if row.abbreviation:
        concept["designation"] = [{"language": "en", "value": row.abbreviation}]
    values: list[tuple[str, Any]] = [
        ("window-days", row.window_days),
        ("from", row.start),
        ("to", row.end),
        *(("specimen", each) for each in row.specimens),
        *(("require", each.value) for each in row.require),
        ("modality", row.modality),
        ("body-part", row.body_part),
        ("side", row.side),
        *(("view", each.value) for each in row.views or ()),
        ("contrast", row.contrast),
        *(("includes", each) for each in row.includes),
        ("clause", row.clause),
    ]
    return _with_properties(concept, values, _ITEM_PROPERTIES)


def _reason(row: RefusalReason) -> Json:
    concept: Json = {
        "code": row.code,
        "display": row.zh,
        "designation": [{"language": "en", "value": row.en}],
    }
    values: list[tuple[str, Any]] = [
        ("counts-as-refusal", row.counts_as_refusal),
        *(("need", each) for each in row.needs),
        ("case", row.case),
        ("maps-to", row.maps_to),
        ("clause", row.clause),
    ]
    return _with_properties(concept, values, _REASON_PROPERTIES)


def _with_properties(
    concept: Json, values: Iterable[tuple[str, Any]], properties: Iterable[tuple[str, str, str]]
) -> Json:
    kinds = {code: f"value{kind[0].upper()}{kind[1:]}" for code, kind, _ in properties}
    made = [{"code": code, kinds[code]: value} for code, value in values if value is not None]
    return {**concept, "property": made} if made else concept
