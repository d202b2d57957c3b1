"""Concepts that stand in tables elsewhere in the project, written as FSH: one source for code and profile.

Each function returns the lines of a code system's concepts; the FSH source names the place by a placeholder.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

REASONS = Path("profiles/rules/reason-codes.csv")
MARKS = Path("mappings/marks.csv")
GRADES = Path("mappings/concepts/ordinals.csv")
EXAM_ITEMS = Path("mappings/items/cn-51-imaging.csv")
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def concept_settings(root: Path, *, canonical: str) -> dict[str, str]:
    """Return the placeholders ``reason_concepts``, ``mark_concepts``, ``grade_concepts``, ``exam_item_concepts``.

    Args:
        root: folder of the checkout.
        canonical: base of the code system that scopes come from.

    Raises:
        ValueError: a table lacks a column; the text names both.
        OSError: a table cannot be read.
    """
    return {
        "reason_concepts": _join(reason_lines(_rows(root / REASONS, ("code", "zh", "en", "sentence_en")))),
        "mark_concepts": _join(mark_lines(_rows(root / MARKS, _MARK_COLUMNS), canonical=canonical)),
        "grade_concepts": _join(grade_lines(_rows(root / GRADES, ("code", "display", "interpretation")))),
        "exam_item_concepts": _join(exam_item_lines(_rows(root / EXAM_ITEMS, _EXAM_COLUMNS))),
    }


_MARK_COLUMNS = ("code", "text", "scopes", "status", "placement", "source")
_EXAM_COLUMNS = ("code", "seq", "modality", "part_zh", "name_zh", "definition_zh", "side", "views", "contrast")
_EXAM_COLUMNS += ("includes", "note")
_Rows = Sequence[dict[str, str]]


def reason_lines(rows: _Rows) -> list[str]:
    """Return one concept per reason: English display, Chinese designation, English sentence."""
    lines = []
    for row in rows:
        code = row["code"]
        lines.append(f"* #{code} {_quoted(row['en'])} {_quoted(row['sentence_en'])}")
        lines.append(f"* #{code} ^designation[0].language = #zh-CN")
        lines.append(f"* #{code} ^designation[0].value = {_quoted(row['zh'])}")
    return lines


def mark_lines(rows: _Rows, *, canonical: str) -> list[str]:
    """Return one concept per mark with its confirmation, source, placement and scopes.

    A scope is stated only for a mark whose wording is confirmed: of the others no text was read.
    """
    lines = []
    for row in rows:
        properties = [
            ("confirmation", "Code", f"#{row['status']}"),
            ("source", "String", _quoted(row["source"])),
        ]
        if row["placement"]:
            properties.append(("placement", "String", _quoted(row["placement"])))
        if row["status"] != "unconfirmed":
            system = f"{canonical}/CodeSystem/recognition-scope"
            properties += [("scope", "Coding", f"{system}#{scope}") for scope in row["scopes"].split("|") if scope]
        lines.append(f"* #{row['code']} {_quoted(row['text'])}")
        lines += _property_lines(row["code"], properties)
    return lines


def grade_lines(rows: _Rows) -> list[str]:
    """Return one concept per grade, with its HL7 interpretation where there is an equal one."""
    lines = []
    seen = set()
    for row in rows:
        code = row["code"]
        if code in seen:
            continue
        seen.add(code)
        lines.append(f"* #{code} {_quoted(row['display'])}")
        if row["interpretation"]:
            lines += _property_lines(code, [("interpretation", "Coding", f"{_INTERPRETATION}#{row['interpretation']}")])
    return lines


def exam_item_lines(rows: _Rows) -> list[str]:
    """Return one concept per examination on the list, with what tells it from the others."""
    lines = []
    for row in rows:
        code = row["code"]
        # A row whose 项目释义 is not legible says only where it stands.
        where = f"附件3 第{row['seq']}项"
        definition = f"{row['definition_zh']}（{where}）" if row["definition_zh"] else where
        lines.append(f"* #{code} {_quoted(row['name_zh'])} {_quoted(definition)}")
        properties = [("number", "Integer", row["seq"])]
        properties += [(name, "String", _quoted(row[column])) for name, column in _EXAM_PARTS if row[column]]
        properties += [("view", "String", _quoted(view)) for view in row["views"].split("|") if view]
        properties += [("includes", "Code", f"#{other}") for other in row["includes"].split("|") if other]
        lines += _property_lines(code, properties)
    return lines


_EXAM_PARTS = (("modality", "modality"), ("part", "part_zh"), ("side", "side"), ("contrast", "contrast"))
_EXAM_PARTS += (("remark", "note"),)


def _property_lines(code: str, properties: Iterable[tuple[str, str, str]]) -> list[str]:
    lines = []
    for number, (name, kind, value) in enumerate(properties):
        lines.append(f"* #{code} ^property[{number}].code = #{name}")
        lines.append(f"* #{code} ^property[{number}].value{kind} = {value}")
    return lines


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        lacking = [column for column in columns if column not in (reader.fieldnames or ())]
        if lacking:
            raise ValueError(f"{path.name}: column {lacking[0]!r} is missing")
        return list(reader)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _join(lines: Iterable[str]) -> str:
    return "\n".join(lines)
