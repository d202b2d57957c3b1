"""A table of a report and its marks, for people: what to print where, and why an item carries none."""

from __future__ import annotations

import unicodedata

from fhir_hr.errors import UsageError
from fhir_hr.mapping.marks import MarkTarget
from fhir_hr.marks.advice import ItemAdvice, MarkAdvice, MarkVerdict, Shown
from fhir_hr.marks.wording import SHOWN_AT

__all__ = ["mark_table"]

_HEADS = {"zh": ("标注", "项目", "结论", "原因"), "en": ("shown", "item", "verdict", "why")}
_MAY = {"zh": ("可标注", "不标注"), "en": ("may", "may not")}
_UNSEEN = {"zh": "（原句未见）", "en": "(wording not seen)"}
_JOIN = {"zh": "；", "en": "; "}


def mark_table(advice: MarkAdvice, *, mark: str, lang: str = "zh") -> str:
    """Return the advice on one mark as text in columns, Chinese (``zh``) or English (``en``).

    First whether the report may carry the mark and what is printed where, then a line per item.

    Raises:
        UsageError: the advice was not asked about this mark, or the language is another.
    """
    if lang not in _HEADS:
        msg = f"unknown language {lang[:20]!r}; there are: {', '.join(_HEADS)}"
        raise UsageError(msg)
    whole = next((each for each in advice.report if each.mark.code == mark), None)
    if whole is None:
        msg = f"the advice says nothing of the mark {mark[:40]!r}"
        raise UsageError(msg)
    pairs = [(item, verdict) for item in advice.items for verdict in item.verdicts if verdict.mark.code == mark]
    lines = [_join(_MAY[lang][0 if whole.may else 1], whole, lang)]
    places = dict.fromkeys(each for verdict in (whole, *(v for _, v in pairs)) for each in verdict.shown)
    lines += [f"  {_place(each, lang)}: {each.words or _UNSEEN[lang]}" for each in places]
    rows = [_HEADS[lang], *(_row(item, verdict, lang) for item, verdict in pairs)]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    if pairs:
        lines += [_padded(row, widths) for row in rows]
    return "\n".join(lines)


def _join(verdict: str, whole: MarkVerdict, lang: str) -> str:
    why = _JOIN[lang].join(reason.text(lang) for reason in whole.reasons)
    return f"{whole.mark.text}  {verdict}" + (f"  {why}" if why else "")


def _place(shown: Shown, lang: str) -> str:
    return SHOWN_AT[f"{shown.target.value}/{shown.place.value}"][0 if lang == "zh" else 1]


def _row(item: ItemAdvice, verdict: MarkVerdict, lang: str) -> tuple[str, str, str, str]:
    printed = " ".join(each.words or "" for each in verdict.shown if each.target in (MarkTarget.ITEM, MarkTarget.IMAGE))
    why = _JOIN[lang].join(reason.text(lang) for reason in verdict.reasons)
    return printed, _plain(item.name), _MAY[lang][0 if verdict.may else 1], why


def _plain(text: str) -> str:
    """Names come from messages: what would break a line or a terminal is left out."""
    return "".join(char for char in text[:40] if unicodedata.category(char)[0] != "C")


def _padded(row: tuple[str, str, str, str], widths: list[int]) -> str:
    cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*cells, row[3]]).rstrip()


def _width(text: str) -> int:
    """Columns that a text takes: a full-width character takes two, a combining one none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
