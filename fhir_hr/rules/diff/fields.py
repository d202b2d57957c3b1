"""The fields of a pack's parts in words, and values as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fhir_hr.rules.plain_parts import certainty_words
from fhir_hr.rules.plain_words import Pair, pair
from fhir_hr.rules.schema import Certainty
from fhir_hr.rules.vocabulary import ListState

__all__ = ["FIELDS", "differing", "field_words", "value_words"]

FIELDS: Mapping[str, Pair] = {
    "pack": ("规则包编号", "pack id"),
    "version": ("版本", "version"),
    "vocabulary": ("规则词汇版本", "vocabulary"),
    "title": ("名称", "title"),
    "jurisdiction": ("辖区", "jurisdiction"),
    "level": ("层级", "level"),
    "kinds": ("结果种类", "kinds of result"),
    "authority": ("主管部门", "authority"),
    "item_system": ("项目代码系统", "code system of items"),
    "list_version": ("清单版本", "version of the list"),
    "list_state": ("项目清单的完整程度", "state of the list of items"),
    "institutions_state": ("机构名单的完整程度", "state of the list of institutions"),
    "force": ("约束力", "force"),
    "delegates": ("交给下级规则包的检查", "checks left to narrower packs"),
    "record": ("认可后须记录", "what is recorded"),
    "refusal": ("不予互认的手续", "what a refusal needs"),
    "panels": ("组合项目是否拆开", "panels taken apart"),
    "review_by": ("复核期限", "review by"),
    "verified": ("核对", "verified"),
    "start": ("自", "from"),
    "end": ("至", "to"),
    "from": ("自", "from"),
    "to": ("至", "to"),
    "certainty": ("可靠程度", "certainty"),
    "basis": ("依据", "basis"),
    "zone": ("时区", "zone"),
    "effect": ("效果", "effect"),
    "clause": ("条款", "clause"),
    "interpretation": ("我们的解释", "our interpretation"),
    "max_days": ("天数", "days"),
    "window_days": ("时限天数", "days of its limit"),
    "anchor": ("起算", "counted from"),
    "count": ("计数", "counted in"),
    "inclusive": ("含界", "limit included"),
    "limit_known": ("原文时限已见", "limit seen in the text"),
    "name_zh": ("名称", "name"),
    "name": ("名称", "name"),
    "abbreviation": ("缩写", "abbreviation"),
    "specimens": ("标本", "specimens"),
    "require": ("特别要求", "demands"),
    "scale": ("定量或定性", "scale"),
    "modality": ("设备类型", "modality"),
    "body_part": ("部位", "body part"),
    "side": ("侧别", "side"),
    "views": ("体位", "projection"),
    "contrast": ("增强方式", "contrast"),
    "includes": ("包含项目", "includes"),
    "tier": ("级别", "tier"),
    "grade": ("等次", "grade"),
    "ownership": ("举办性质", "ownership"),
    "type": ("类别", "type"),
    "division": ("行政区划", "division"),
    "assessed_from": ("评估通过日", "assessed from"),
    "reason": ("原因", "reason"),
    "result": ("结果", "result"),
    "issuer": ("评价机构", "issuer"),
    "document": ("文号", "document"),
    "item": ("项目", "item"),
    "zh": ("中文", "Chinese words"),
    "en": ("英文", "English words"),
    "needs": ("要求", "needs"),
    "when_patient_disagrees": ("患者不同意时", "when the patient disagrees"),
    "case": ("对应情形", "case"),
    "counts_as_refusal": ("计入不予互认", "counts as refusal"),
    "maps_to": ("对应公共原因", "common reason"),
    "covers": ("覆盖地区", "covers"),
    "text": ("文字", "words"),
    "fields": ("栏目", "fields"),
    "aspects": ("要素", "aspects"),
    "evidence": ("证据", "evidence"),
    "symbol": ("符号", "symbol"),
    "item_statuses": ("项目状态", "statuses of the result"),
    "report_statuses": ("报告状态", "statuses of the report"),
    "cases": ("方向", "directions"),
    "receiver": ("接诊方", "receiver"),
    "percent": ("比例", "percent"),
    "period": ("周期", "period"),
    "issued": ("印发日期", "date of issue"),
    "number": ("文号", "number"),
    "source": ("出处", "source"),
    "note": ("说明", "note"),
    "value": ("约束力", "force"),
    "expand": ("拆开", "taken apart"),
    "by": ("核对人", "by"),
    "on": ("核对日期", "on"),
    "tiers": ("级别", "tiers"),
    "at_least": ("至少", "at least"),
    "at_most": ("至多", "at most"),
    "types": ("类别", "types"),
    "assessed": ("通过评估", "assessed"),
    "same_tier": ("同级", "of one level"),
    "same_alliance": ("同一医联体", "of one alliance"),
    "duty": ("义务", "duty"),
    "part": ("部分", "part"),
}
"""Names of fields in both languages."""

_NONE: Pair = ("未写", "none")


def field_words(name: str) -> Pair:
    """Return a field's name in both languages."""
    return FIELDS.get(name, pair(name))


def value_words(value: Any) -> Pair:  # noqa: ANN401 - any value of a pack
    """Return a value as people read it.

    Example:
        >>> value_words(("report", "images"))
        ('报告、图像', 'report, images')
        >>> value_words(None)
        ('未写', 'none')
    """
    if value is None or value == ():
        return _NONE
    if isinstance(value, Certainty):
        return certainty_words(value)
    if value is ListState.COMPLETE:  # "complete" alone is the check of a report
        return pair("complete-list")
    if isinstance(value, tuple | list):
        words = [value_words(one) for one in value]
        return "、".join(zh for zh, _ in words), ", ".join(en for _, en in words)
    if isinstance(value, msgspec.Struct):
        parts = []
        for name in value.__struct_fields__:
            one = getattr(value, name)
            if one is not None and one not in ((), False):
                (field_zh, field_en), (zh, en) = field_words(name), value_words(one)
                parts.append((f"{field_zh}{zh}", f"{field_en} {en}"))
        return "，".join(zh for zh, _ in parts), ", ".join(en for _, en in parts)
    return pair(value)


def differing(old: msgspec.Struct, new: msgspec.Struct, *, but: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields in which two parts differ, with both values."""
    for name in new.__struct_fields__:
        if name not in but:
            before, after = getattr(old, name, None), getattr(new, name)
            if before != after:
                yield name, before, after
