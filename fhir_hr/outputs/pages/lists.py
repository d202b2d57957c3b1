"""The tables of a pack as tables of a page: items, exclusions, refusal reasons, institutions, sources."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_hr.mapping.specimens import load_specimens
from fhir_hr.outputs.pages.markdown import bullets, cell, heading, table
from fhir_hr.rules.plain_parts import certainty_words
from fhir_hr.rules.plain_words import joined, word
from fhir_hr.rules.schema import Document, ItemRow, PackContent
from fhir_hr.rules.vocabulary import ListState

__all__ = ["exclusion_lines", "institution_lines", "item_lines", "refusal_lines", "source_lines", "state_words"]

_MOST_INSTITUTIONS = 200


def state_words(state: ListState, lang: str) -> str:
    """Return how much of a list the pack holds."""
    return word("complete-list" if state is ListState.COMPLETE else state, lang)


def item_lines(content: PackContent) -> list[str]:
    """Return the list of items; only columns that some row fills."""
    if not content.items:
        return []
    headings = (
        *("代码 · code", "名称 · name", "缩写", "设备", "部位", "侧别", "体位", "增强", "标本 · specimens"),
        *("要求 · demands", "时限（天）", "包含 · includes", "期间 · period", "条款"),
    )
    return table(headings, [_item(row) for row in content.items])


def _item(row: ItemRow) -> Sequence[str]:
    kinds = load_specimens().kinds
    specimens = "、".join(kinds[code].zh if code in kinds else code for code in row.specimens)
    period = f"{row.start or '…'} – {row.end or '…'}" if row.start or row.end else ""
    return (
        f"`{row.code}`",
        cell(row.name_zh),
        cell(row.abbreviation),
        cell(row.modality or ""),
        cell(row.body_part or ""),
        word(row.side, "zh") if row.side else "",
        joined(row.views or (), "zh"),
        word(row.contrast, "zh") if row.contrast else "",
        cell(specimens),
        joined(row.require, "zh"),
        "" if row.window_days is None else str(row.window_days),
        " ".join(f"`{code}`" for code in row.includes),
        period,
        cell(row.clause),
    )


def exclusion_lines(content: PackContent) -> list[str]:
    """Return the cases in which a clinician may decline."""
    rows = [
        (cell(each.case), f"{cell(each.zh)}<br>{cell(each.en)}", joined(each.needs, "zh"), cell(each.clause))
        for each in content.exclusions
    ]
    return table(("", "情形 · case", "须写明 · needs", "条款"), rows)


def refusal_lines(content: PackContent) -> list[str]:
    """Return the refusal reasons and what a refusal needs."""
    lines: list[str] = []
    refusal = content.refusal
    if refusal is not None:
        disagrees = joined(refusal.when_patient_disagrees, "zh")
        lines += bullets(
            [
                f"不予互认须：{joined(refusal.needs, 'zh')}（{cell(refusal.clause)}）"
                + (f"；患者不同意时：{disagrees}" if disagrees else "")
            ]
        )
    rows = [
        (
            f"`{each.code}`",
            f"{cell(each.zh)}<br>{cell(each.en)}",
            "是" if each.counts_as_refusal else "**否**",
            joined(each.needs, "zh"),
            f"`{each.maps_to}`" if each.maps_to else "",
            cell(each.clause),
        )
        for each in content.refusal_reasons
    ]
    headings = ("代码", "原因 · reason", "计入不予互认", "须办理 · needs", "公共原因 · common", "条款")
    return [*lines, *table(headings, rows)]


def institution_lines(content: PackContent) -> list[str]:
    """Return institutions and suspensions, public data only."""
    lines: list[str] = []
    if content.institutions:
        rows = [
            (
                f"`{each.uscc}`",
                cell(each.name),
                f"{each.tier if each.tier is not None else ''}{each.grade.value if each.grade else ''}",
                word(each.ownership, "zh") if each.ownership else "",
                cell(each.division or ""),
                f"{each.start or '…'} – {each.end or '…'}" if each.start or each.end else "",
                each.assessed_from or "",
            )
            for each in content.institutions[:_MOST_INSTITUTIONS]
        ]
        lines += table(("代码", "名称", "级别", "性质", "区划", "期间", "评估自"), rows)
        if len(content.institutions) > _MOST_INSTITUTIONS:
            lines += [f"共 {len(content.institutions)} 家，以上为前 {_MOST_INSTITUTIONS} 家。", ""]
    if content.suspensions:
        rows_of = [
            (
                f"`{each.uscc}`",
                f"`{each.item}`" if each.item else "全部",
                f"{each.start or '…'} – {each.end or '…'}",
                cell(each.reason or ""),
            )
            for each in content.suspensions
        ]
        lines += [heading(3, "暂停互认", "suspended"), "", *table(("代码", "项目", "期间", "原因"), rows_of)]
    return lines


def source_lines(content: PackContent) -> list[str]:
    """Return the documents with their clauses."""
    lines: list[str] = []
    for document in content.documents:
        lines += [f"### 《{cell(document.title)}》", "", *bullets(_facts(document))]
        rows = [(cell(clause.id), cell(clause.clause), cell(clause.text)) for clause in document.clauses]
        lines += table(("编号", "条款 · clause", "原文 · words of the text"), rows)
    return lines


def _facts(document: Document) -> list[str]:
    known = (
        ("印发机关", document.issuer),
        ("文号", document.number),
        ("印发日期", document.issued),
        ("说明", document.note),
        ("出处", document.source),
    )
    certainty = f"可靠程度：{' · '.join(certainty_words(document.certainty))}"
    return [
        *(f"{name}：{cell(value) if value else '未见'}" for name, value in known if value or name != "说明"),
        certainty,
    ]
