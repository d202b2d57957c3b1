"""The checks of a pack as tables: what happens when, on whose word; directions and windows in words."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_hr.model.decisions import Effect
from fhir_hr.outputs.pages.markdown import cell, table
from fhir_hr.rules.check_specs import (
    CheckSpec,
    ComparabilitySpec,
    CompleteSpec,
    DirectionCase,
    DirectionSpec,
    ExamFitSpec,
    ItemSymbolSpec,
    MarkSpec,
    QualitySpec,
    Then,
    WindowSpec,
)
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.plain_parts import party_words, receiver_words
from fhir_hr.rules.plain_words import joined, word
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Anchor, Count

__all__ = ["OURS", "check_rows", "direction_lines", "says", "window_words"]

OURS = "**【解释】**"
"""How our own reading is marked, so that nobody takes it for the text."""


def says(then: Then) -> str:
    """Return on whose word a finding rests: the clause, and our reading marked as ours."""
    parts = [cell(then.clause)] if then.clause else []
    if then.interpretation:
        parts.append(f"{OURS} {cell(then.interpretation)}")
    return "；".join(parts)


def check_rows(content: PackContent) -> list[str]:
    """Return the table of all checks but directions."""
    rows: list[tuple[str, str, str, str]] = []
    for spec in content.checks:
        if isinstance(spec, DirectionSpec):
            continue
        name = _name(spec)
        for n, (when, then) in enumerate(_thens(spec)):
            rows.append((name if n == 0 else "", word(when, "zh"), f"**{word(then.effect, 'zh')}**", says(then)))
    legend = "；".join(f"{word(effect, 'zh')} = {word(effect, 'en')}" for effect in Effect)
    made = table(("检查 · check", "情形 · when", "结论 · effect", "依据 · on whose word"), rows)
    return [f"{legend}。", "", *made]


def _thens(spec: CheckSpec) -> Iterator[tuple[str, Then]]:
    for name in spec.__struct_fields__:
        value = getattr(spec, name)
        if isinstance(value, Then):
            yield name, value


def _name(spec: CheckSpec) -> str:
    kind = kind_of(spec)
    extra = ""
    match spec:
        case QualitySpec():
            extra = word(spec.evidence, "zh")
        case CompleteSpec():
            extra = joined(spec.fields, "zh")
        case ExamFitSpec() | ComparabilitySpec():
            extra = joined(spec.aspects, "zh")
        case MarkSpec():
            extra = f"看{word(spec.level, 'zh')}"
        case ItemSymbolSpec():
            extra = f"“{spec.symbol}”"
        case WindowSpec():
            extra = window_words(spec, "zh")
    said = f"{word(kind, 'zh')}（{extra}）" if extra else word(kind, "zh")
    return f"{cell(said)}<br>`{kind.value}`"


def window_words(spec: WindowSpec, lang: str) -> str:
    """Return a window in words.

    Example:
        >>> from fhir_hr.rules.load import builtin_pack
        >>> window = next(s for s in builtin_pack("cn-51-lab").content.checks if isinstance(s, WindowSpec))
        >>> window_words(window, "zh")
        '未定时限'
    """
    zh = lang == "zh"
    if spec.max_days is None:
        if spec.limit_known:
            return "未定时限" if zh else "no limit is stated"
        return "原文时限未见" if zh else "the limit was not seen"
    edge = {True: ("含界", "inclusive"), False: ("不含界", "exclusive"), None: ("是否含界未说明", "edge not stated")}
    parts = [f"{spec.max_days} 天" if zh else f"{spec.max_days} days"]
    anchor, stated = word(spec.anchor, lang), spec.anchor is not Anchor.UNSTATED
    if zh:
        parts.append(f"自{anchor}起算" if stated else f"起算{anchor}")
    else:
        parts.append(f"from {anchor}" if stated else f"anchor {anchor}")
    count = word(spec.count, lang)
    parts.append(count if spec.count is not Count.UNSTATED else f"计数{count}" if zh else f"count {count}")
    parts.append(edge[spec.inclusive][not zh])
    return ("，" if zh else ", ").join(parts)


def direction_lines(content: PackContent) -> list[str]:
    """Return the tables of directions: who recognises whom, in the order in which they are asked."""
    lines: list[str] = []
    for spec in content.checks:
        if isinstance(spec, DirectionSpec):
            rows = [_case(n, case) for n, case in enumerate(spec.cases, start=1)]
            for name, then in (("otherwise", spec.otherwise), ("on_unknown", spec.on_unknown)):
                rows.append(("", word(name, "zh"), "", word(then.effect, "zh"), says(then)))
            headings = ("", "出具方 · issuer", "接诊方 · receiver", "结论 · effect", "依据 · on whose word")
            lines += table(headings, rows)
    return lines


def _case(number: int, case: DirectionCase) -> tuple[str, str, str, str, str]:
    issuer, receiver = party_words(case.issuer)[0], receiver_words(case)[0]
    return str(number), cell(issuer), cell(receiver), word(case.then.effect, "zh"), says(case.then)
