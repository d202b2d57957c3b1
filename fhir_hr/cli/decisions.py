"""A recognition as physicians read it: one row per ordered item, and every reason with its clause below."""

from __future__ import annotations

import msgspec
from rich.table import Table
from rich.text import Text

from fhir_hr.cli.console import Language, console
from fhir_hr.issues import Severity
from fhir_hr.model.decisions import ClauseRef, Decision, Effect, Force, ItemDecision, Reason, RecognitionOutcome
from fhir_hr.model.priors import Prior
from fhir_hr.recognition import Recognition
from fhir_hr.rules.reasons import reason_texts

__all__ = ["show_recognition"]

_OUTCOME = {
    "zh": {
        RecognitionOutcome.MUST: "应当互认",
        RecognitionOutcome.MAY: "可以互认",
        RecognitionOutcome.NOT: "不予互认",
        RecognitionOutcome.INDETERMINATE: "无法判断",
    },
    "en": {
        RecognitionOutcome.MUST: "must",
        RecognitionOutcome.MAY: "may",
        RecognitionOutcome.NOT: "not",
        RecognitionOutcome.INDETERMINATE: "unclear",
    },
}
_STYLE = {
    RecognitionOutcome.MUST: "bold green",
    RecognitionOutcome.MAY: "cyan",
    RecognitionOutcome.NOT: "red",
    RecognitionOutcome.INDETERMINATE: "yellow",
}
_FORCE = {
    "zh": {Force.SHALL_NOT_REPEAT: "不得重复", Force.IN_PRINCIPLE: "原则上"},
    "en": {Force.SHALL_NOT_REPEAT: "no repeat", Force.IN_PRINCIPLE: "in principle"},
}
_EFFECT = {
    "zh": {
        Effect.OBLIGE: "应当",
        Effect.DISCRETION: "酌情",
        Effect.BLOCK: "阻止",
        Effect.UNKNOWN: "未知",
        Effect.NOTE: "提示",
    },
    "en": {effect: str(effect) for effect in Effect},
}
_WORDS = {
    "zh": {
        "item": "申请项目",
        "prior": "已有结果",
        "outcome": "结论",
        "reasons": "理由",
        "until": "有效至",
        "none": "未查到，请正常开单",
        "unsure": "未查到（来源答复不完整）",
        "order": "正常开单",
        "forever": "未定时限",
        "legend": "理由与条款",
        "reading": "本库理解（非原文）：",
        "sources": "查询来源",
        "note": "结论供参考，由接诊医师判断；不阻断任何医嘱。",
        "time": "日期未知",
    },
    "en": {
        "item": "ordered",
        "prior": "prior result",
        "outcome": "outcome",
        "reasons": "reasons",
        "until": "until",
        "none": "none found: order it",
        "unsure": "none found (answers incomplete)",
        "order": "order it",
        "forever": "no limit",
        "legend": "Reasons and clauses",
        "reading": "our reading, not the text's: ",
        "sources": "Sources asked",
        "note": "The library advises; the physician decides. It blocks no order.",
        "time": "date unknown",
    },
}
_STATE_ZH = {
    "found": "已查到",
    "nothing": "无结果",
    "partial": "部分",
    "unavailable": "未能查询",
    "refused": "拒绝查询",
}
_ARROWS = {"H": " ↑", "HH": " ↑↑", "L": " ↓", "LL": " ↓↓"}


def show_recognition(recognition: Recognition, *, language: Language) -> None:
    """Print the table of decisions, the reasons with their clauses, and how the sources answered."""
    words = _WORDS[language]
    legend = _Legend(recognition)
    out = console()
    table = Table(pad_edge=False)
    narrow = out.width < 90
    table.add_column(words["item"], overflow="fold", max_width=18 if narrow else None)
    table.add_column(words["prior"], overflow="fold", min_width=21)
    table.add_column(words["outcome"], overflow="fold", min_width=8)
    table.add_column(words["reasons"], overflow="fold", max_width=9 if narrow else None)
    table.add_column(words["until"], overflow="fold", min_width=10)
    panel: str | None = None
    for item in recognition.items:
        if item.panel != panel and recognition.items[0] is not item:
            table.add_section()
        if item.panel is not None and item.panel != panel:
            table.add_row(Text(f"【{item.panel}】" if language == "zh" else f"[{item.panel}]", style="bold"))
        panel = item.panel
        table.add_row(*_row(item, legend, language=language))
    out.print(table)
    legend.show(language=language)
    states = _STATE_ZH if language == "zh" else {}
    told = "; ".join(
        f"{each.source} {states.get(each.state, each.state)} ({each.priors})" for each in recognition.sources
    )
    out.print(f"\n{words['sources']}: {told}")
    for issue in recognition.issues:
        # What is only noted (an assumed zone) stands in the JSON; a physician reads what bears on the answer.
        if issue.severity is not Severity.INFORMATION:
            out.print(f"  ! {issue.where}: {issue.message}")
    out.print(words["note"])


def _row(item: ItemDecision, legend: _Legend, *, language: Language) -> tuple[str | Text, ...]:
    words = _WORDS[language]
    if item.decision is None or item.prior is None:
        asked = item.answer == "nothing"
        said = words["order"] if asked else _OUTCOME[language][RecognitionOutcome.INDETERMINATE]
        return item.name, Text(words["none" if asked else "unsure"], style="dim"), said, "", ""
    decision = item.decision
    outcome = Text.assemble((_OUTCOME[language][decision.outcome], _STYLE[decision.outcome]))
    if decision.force is not None:
        outcome.append(f"\n{_FORCE[language][decision.force]}")
    numbers = " ".join(str(legend.number(reason)) for reason in decision.reasons)
    return item.name, _prior(item.prior, words), outcome, numbers, _until(decision, words)


def _prior(prior: Prior, words: dict[str, str]) -> str:
    when = prior.performed or prior.reported
    day = when.iso[:10] if when is not None else words["time"]
    value = " ".join(part for part in (prior.value_text, prior.unit) if part)
    arrow = _ARROWS.get(prior.interpretation_text or "", "")
    return f"{prior.institution.name or prior.institution.id} {day}\n{value}{arrow}"


def _until(decision: Decision, words: dict[str, str]) -> str:
    if decision.expires is not None:
        return decision.expires.iso[:10]
    lasting = decision.outcome in (RecognitionOutcome.MUST, RecognitionOutcome.MAY)
    return words["forever"] if lasting else ""


class _Legend:
    """Numbers the reasons in the order in which they are first met.

    A reason that names each item (``红细胞压积 stands on no list``) would fill the page: where one code has more
    than three sentences, it is told once in general words. The JSON has every sentence.
    """

    def __init__(self, recognition: Recognition) -> None:
        self._numbers: dict[tuple[str, str, str, ClauseRef], int] = {}
        self._reasons: list[Reason] = []
        sentences: dict[str, set[str]] = {}
        for item in recognition.items:
            for reason in item.decision.reasons if item.decision is not None else ():
                sentences.setdefault(reason.code, set()).add(reason.zh)
        self._general = {code for code, each in sentences.items() if len(each) > 3}

    def number(self, reason: Reason) -> int:
        """Return the number of a reason."""
        if reason.code in self._general:
            text = reason_texts()[reason.code]
            reason = msgspec.structs.replace(reason, zh=text.zh, en=text.en)
        key = (reason.code, reason.zh, reason.pack, reason.clause)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self._reasons.append(reason)
        return self._numbers[key]

    def show(self, *, language: Language) -> None:
        """Print all reasons that were numbered, with their clauses."""
        if not self._reasons:
            return
        words = _WORDS[language]
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right")
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for number, reason in enumerate(self._reasons, start=1):
            lines = [f"{reason.zh if language == 'zh' else reason.en}  {reason.code}"]
            clause = reason.clause
            if clause.clause:
                lines.append(f"{clause.clause}「{clause.text}」" if clause.text else clause.clause)
            if clause.interpretation:
                lines.append(f"{words['reading']}{clause.interpretation}")
            grid.add_row(str(number), _EFFECT[language][reason.effect], "\n".join(lines))
        out = console()
        out.print(f"\n{words['legend']}")
        out.print(grid)
