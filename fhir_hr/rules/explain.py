"""A decision in words: one sentence for the physician, the whole trace for an auditor."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from fhir_hr.errors import UsageError
from fhir_hr.model.decisions import ClauseRef, Decision, Effect, Force, Reason, RecognitionOutcome

__all__ = ["Audience", "Language", "explain"]


class Language(StrEnum):
    """Languages that a decision can be told in."""

    ZH = "zh"
    EN = "en"


class Audience(StrEnum):
    """Who reads it: one sentence, or everything."""

    PHYSICIAN = "physician"
    AUDITOR = "auditor"


_OUTCOME = {
    Language.ZH: {
        RecognitionOutcome.MUST: "应当互认",
        RecognitionOutcome.MAY: "可以互认，由医师判断",
        RecognitionOutcome.NOT: "不予互认",
        RecognitionOutcome.INDETERMINATE: "无法判断",
    },
    Language.EN: {
        RecognitionOutcome.MUST: "Must be recognised",
        RecognitionOutcome.MAY: "May be recognised, at the physician's judgement",
        RecognitionOutcome.NOT: "Not recognised",
        RecognitionOutcome.INDETERMINATE: "Cannot be judged",
    },
}
_FORCE = {
    Language.ZH: {Force.SHALL_NOT_REPEAT: "不得重复检查", Force.IN_PRINCIPLE: "原则上予以认可"},
    Language.EN: {Force.SHALL_NOT_REPEAT: "shall not be repeated", Force.IN_PRINCIPLE: "in principle"},
}
_EFFECT_ZH = {
    Effect.OBLIGE: "应当",
    Effect.DISCRETION: "酌情",
    Effect.BLOCK: "阻止",
    Effect.UNKNOWN: "未知",
    Effect.NOTE: "提示",
}
_DECIDING = {
    RecognitionOutcome.MUST: Effect.OBLIGE,
    RecognitionOutcome.MAY: Effect.DISCRETION,
    RecognitionOutcome.NOT: Effect.BLOCK,
    RecognitionOutcome.INDETERMINATE: Effect.UNKNOWN,
}


def explain(decision: Decision, lang: str = "zh", *, audience: str = "physician") -> str:
    """Tell a decision in words.

    Args:
        decision: the decision.
        lang: ``zh`` or ``en``.
        audience: ``physician``: one sentence with the reasons that decided it; ``auditor``: every reason with
            clause, our interpretation, values compared, packs and digests.

    Raises:
        UsageError: an unknown language or audience.
    """
    try:
        language, reader = Language(lang), Audience(audience)
    except ValueError as error:
        msg = f"cannot explain in {lang!r} for {audience!r}; there are zh, en and physician, auditor"
        raise UsageError(msg) from error
    return _sentence(decision, language) if reader is Audience.PHYSICIAN else _trace(decision, language)


def _headline(decision: Decision, language: Language) -> str:
    said = _OUTCOME[language][decision.outcome]
    if decision.force is None:
        return said
    force = _FORCE[language][decision.force]
    return f"{said}（{force}）" if language is Language.ZH else f"{said} ({force})"


def _sentence(decision: Decision, language: Language) -> str:
    deciding = _DECIDING[decision.outcome]
    reasons = [reason for reason in decision.reasons if reason.effect is deciding]
    head = _headline(decision, language)
    if language is Language.ZH:
        # Several packs may say the same of one thing; a reader needs it once.
        said = "；".join(dict.fromkeys(f"{reason.zh}{_cited(reason.clause, '（{}）')}" for reason in reasons))
        return f"{head}：{said}。" if said else f"{head}。"
    said = "; ".join(dict.fromkeys(f"{reason.en}{_cited(reason.clause, ' ({})')}" for reason in reasons))
    return f"{head}: {said}." if said else f"{head}."


def _cited(clause: ClauseRef, frame: str) -> str:
    return frame.format(clause.clause) if clause.clause else ""


def _trace(decision: Decision, language: Language) -> str:
    zh = language is Language.ZH
    tell: Callable[[Reason], str] = _reason_zh if zh else _reason_en
    lines = [
        _headline(decision, language),
        f"{'决定' if zh else 'Decision'}: {decision.id}",
        f"{'开单时间' if zh else 'As of'}: {decision.as_of.iso}",
        f"{'医嘱项目' if zh else 'Order item'}: {decision.order_item}",
        f"{'已有结果' if zh else 'Prior'}: {decision.prior}",
    ]
    if decision.expires is not None:
        lines.append(f"{'有效至' if zh else 'Until'}: {decision.expires.iso}")
    if decision.missing:
        lines.append(f"{'缺少的事实' if zh else 'Missing facts'}: {', '.join(decision.missing)}")
    lines.append("理由:" if zh else "Reasons:")
    lines += [f"  {number}. {tell(reason)}" for number, reason in enumerate(decision.reasons, start=1)]
    lines.append("规则包:" if zh else "Packs:")
    lines += [f"  {pack.id} {pack.version} sha256:{pack.digest}" for pack in decision.packs]
    lines.append(f"{'事实摘要' if zh else 'Facts'}: sha256:{decision.facts_digest}")
    return "\n".join(lines)


def _reason_zh(reason: Reason) -> str:
    text = f"[{_EFFECT_ZH[reason.effect]}] {reason.code} {reason.zh}"
    if reason.clause.clause:
        text += f"；依据{reason.clause.clause}“{reason.clause.text or ''}”（{reason.clause.document}）"
    if reason.clause.interpretation:
        text += f"；本库理解（非原文）：{reason.clause.interpretation}"
    return text + _values(reason, "；比较值：")


def _reason_en(reason: Reason) -> str:
    text = f"[{reason.effect}] {reason.code} {reason.en}"
    if reason.clause.clause:
        text += f"; under {reason.clause.clause} “{reason.clause.text or ''}” ({reason.clause.document})"
    if reason.clause.interpretation:
        text += f"; our reading, not the text's: {reason.clause.interpretation}"
    return text + _values(reason, "; values: ")


def _values(reason: Reason, lead: str) -> str:
    said = ", ".join(f"{key}={value}" for key, value in reason.params)
    return f"{lead}{said}" if said else ""
