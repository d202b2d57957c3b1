"""What :func:`fhir_hr.marks.issue_marks` answers: marks that may be shown, where, and why others may not."""

from __future__ import annotations

import msgspec

from fhir_hr.mapping.marks import MarkCertainty, MarkPlace, MarkTarget
from fhir_hr.marks.needs import Need, State
from fhir_hr.marks.rules import SilentNeed
from fhir_hr.marks.wording import WORDS
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import Evidence, Mark
from fhir_hr.model.lab import ReportKind

__all__ = ["ItemAdvice", "MarkAdvice", "MarkReason", "MarkVerdict", "Shown"]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mark is to be shown.

    Attributes:
        words: exactly what to print; ``None`` where the wording was not seen.
        note: our reading of the text, if it needed one.
    """

    target: MarkTarget
    place: MarkPlace
    words: str | None
    clause: str | None
    certainty: MarkCertainty
    note: str


class MarkReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a mark may not be shown.

    Attributes:
        code: permanent code, ``mark-eqa-failed``.
        need, state: what is lacking, and how; ``None`` for reasons of no single need.
        clause, words: the clause of the text and its short words; ``None`` where no text asks (a failed assessment
            forbids every mark).
        certainty: whether the text says so or it is our reading; ``note`` says which.
        source: the text.
    """

    code: str
    need: Need | None = None
    state: State | None = None
    clause: str | None = None
    words: str | None = None
    certainty: MarkCertainty | None = None
    note: str = ""
    source: str | None = None

    def text(self, lang: str = "zh") -> str:
        """Return the reason in words, with its clause.

        Example:
            >>> MarkReason(code="mark-no-item").text()
            '没有一个项目可以标注'
        """
        zh, en = WORDS[self.code]
        if lang == "zh":
            return zh + (f"（{self.clause}）" if self.clause else "")
        return en + (f" ({self.clause})" if self.clause else "")


class MarkVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one mark may be shown, on one item or on the report as a whole.

    Attributes:
        may: whether it may.
        shown: where and with which words; empty when it may not.
        reasons: why not; empty when it may.
        evidence: the quality evidence that it stands on.
        silent: what the text read does not ask, and was therefore not asked here.
        list_uri, list_version, authority: the list that the item stands on.
    """

    mark: Mark
    may: bool
    shown: tuple[Shown, ...] = ()
    reasons: tuple[MarkReason, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    silent: tuple[SilentNeed, ...] = ()
    list_uri: str | None = None
    list_version: str | None = None
    authority: str | None = None


class ItemAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of one item, one per mark that was asked.

    Attributes:
        key: key of the result or examination.
        name: the item's name without symbols before it.
    """

    key: str
    where: str
    name: str
    item: Code | None
    verdicts: tuple[MarkVerdict, ...]

    def may(self, mark: str) -> bool:
        """Tell whether the item may carry a mark, by its code."""
        return any(each.may and each.mark.code == mark for each in self.verdicts)

    def __repr__(self) -> str:
        return f"ItemAdvice(where={self.where!r}, <{len(self.verdicts)} verdicts>)"


class MarkAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one report, or for examinations given together.

    Attributes:
        key: key of the report; empty for examinations.
        report: verdicts of the report as a whole; it may carry a mark when one of its items may.
        items: verdicts of the items, in the order given.
    """

    kind: ReportKind
    key: str
    report: tuple[MarkVerdict, ...]
    items: tuple[ItemAdvice, ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks that the report may carry."""
        return tuple(each.mark for each in self.report if each.may)

    def __repr__(self) -> str:
        return f"MarkAdvice(kind={self.kind.value!r}, marks={[mark.text for mark in self.marks]!r})"
