"""A content tree as text in reading order: findings, conclusion, and what is said of the report itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from fhir_hr.adapters.dicom.documents.sr_concepts import Section, section_of
from fhir_hr.adapters.dicom.documents.sr_tree import Node, Reference
from fhir_hr.adapters.dicom.facts.people import read_name
from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.units import load_units

__all__ = ["Narrative", "number_references", "one_line", "spoken", "tell", "unit_words", "value_text"]

_OTHER = "其他"
_INDENT = "  "


class Narrative(NamedTuple):
    """Texts of a report; ``notes`` are what the root says of the whole document, one line each."""

    findings: str | None
    conclusion: str | None
    notes: tuple[str, ...]


def number_references(root: Node) -> dict[Reference, str]:
    """Give each object that the document points to a short name, in reading order (``图1``, ``对象2``)."""
    found: dict[Reference, str] = {}
    for node in _each(root):
        for each in node.references:
            if each not in found:
                found[each] = f"{'图' if each.image else '对象'}{len(found) + 1}"
    return found


def _each(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def spoken(text: str) -> str:
    """A person name as it is read, its further groups in brackets.

    Example:
        >>> spoken("Ce^ShiJia=测^试甲")
        '测试甲（ShiJia Ce）'
    """
    names = read_name(text)
    if not names:
        return text
    others = "，".join(name.text for name in names[1:])
    return f"{names[0].text}（{others}）" if others else names[0].text


def value_text(node: Node, references: dict[Reference, str]) -> str:
    """The value of an item as a person reads it; ``""`` when it has none."""
    parts = [spoken(words) if node.person else words for words in node.words]
    parts += [code.meaning or code.value or "" for code in node.codes]
    if node.numbers:
        unit = unit_words(node.unit) if node.unit is not None else ""
        # UCUM writes "1" for a plain number, which no person does.
        parts.append(" \\ ".join(node.numbers) + (f" {unit}" if unit not in ("", "1") else ""))
    if node.qualifier is not None:
        parts.append(node.qualifier.meaning or node.qualifier.value or "")
    parts += [references.get(each, each.uid) for each in node.references]
    if node.target:
        parts.append("参见内容项 " + ".".join(map(str, node.target)))
    return "，".join(part for part in parts if part)


def unit_words(entry: CodedEntry) -> str:
    """A unit as a person reads it: its code where that is a way of writing it (``mm``), else its meaning.

    Example:
        >>> unit_words(CodedEntry(value="mm", scheme="UCUM", meaning="millimeter"))
        'mm'
        >>> unit_words(CodedEntry(value="U07", scheme="99HOSP", meaning="毫米"))
        '毫米'
    """
    if entry.value and (entry.scheme == "UCUM" or load_units().find(entry.value) is not None):
        return entry.value
    return entry.meaning or entry.value or ""


def one_line(node: Node, references: dict[Reference, str], log: IssueLog) -> str:
    """An item with all below it in one line: ``部位：肺（侧别：右）``; ``""`` when nothing is said."""
    value = value_text(node, references)
    if not value:
        _unsaid(node, log)
    inner = "；".join(line for child in node.children if (line := one_line(child, references, log)))
    if not value:
        return f"{node.label}（{inner}）" if inner and node.label else inner
    line = f"{node.label}：{value}" if node.label else value
    return f"{line}（{inner}）" if inner else line


def tell(root: Node, *, told: Collection[str], references: dict[Reference, str], log: IssueLog) -> Narrative:
    """Tell the tree as text.

    Args:
        told: paths of items that stand in results with all below them, and are not told again.
        references: see :func:`number_references`.
        log: takes what no words can hold.
    """
    return _Teller(told, references, log).tell(root)


class _Block(NamedTuple):
    heading: str
    section: Section | None
    lines: list[str]


class _Teller:
    def __init__(self, told: Collection[str], references: dict[Reference, str], log: IssueLog) -> None:
        self._told = told
        self._references = references
        self._log = log
        self._conclusion: list[str] = []

    def tell(self, root: Node) -> Narrative:
        notes: list[str] = []
        blocks: list[_Block] = []
        value = value_text(root, self._references)
        if value:
            blocks.append(_Block("", None, [value]))
        for child in root.children:
            if child.path in self._told:
                continue
            if child.is_context:
                line = one_line(child, self._references, self._log)
                notes += [line] if line else []
            elif child.is_container:
                section = section_of(child.name)
                lines: list[str] = []
                self._container(child, self._conclusion if section is Section.CONCLUSION else lines, section)
                blocks.append(_Block(child.label, section, lines))
            else:
                if not blocks or blocks[-1].heading or blocks[-1].section is not None:
                    blocks.append(_Block("", None, []))
                self._item(child, blocks[-1].lines, None, "")
        return Narrative(_joined(blocks), "\n".join(self._conclusion) or None, tuple(notes))

    def _container(self, node: Node, out: list[str], section: Section | None) -> None:
        """Write what a container holds."""
        value = value_text(node, self._references)
        if value:
            out.append(value)
        for child in node.children:
            self._item(child, out, section, "", heading=node.label)

    def _item(self, node: Node, out: list[str], section: Section | None, indent: str, *, heading: str = "") -> None:
        """Write one item; a conclusion goes to the conclusion wherever it stands, and all below it with it."""
        if node.path in self._told:
            return
        own = section_of(node.name)
        if own is Section.CONCLUSION and section is not Section.CONCLUSION:
            out, indent = self._conclusion, ""
        section = Section.CONCLUSION if Section.CONCLUSION in (own, section) else own
        if node.is_container:
            inner: list[str] = []
            self._container(node, inner, section)
            if inner and own is None and node.label:
                out.append(f"{indent}〔{node.label}〕")
            out += [indent + line for line in inner]
            return
        line = self._line(node, labelled=own is None and node.label != heading)
        if line:
            out.append(indent + line)
        for child in node.children:
            if not child.is_modifier:
                self._item(child, out, section, indent + _INDENT)

    def _line(self, node: Node, *, labelled: bool) -> str:
        value = value_text(node, self._references)
        if not value:
            _unsaid(node, self._log)
        label = node.label if labelled else ""
        modifiers = "；".join(
            line
            for child in node.children
            if child.is_modifier and child.path not in self._told
            if (line := one_line(child, self._references, self._log))
        )
        words = f"{label}：{value}" if label and value else value or (label if modifiers else "")
        return f"{words}（{modifiers}）" if modifiers else words


def _joined(blocks: list[_Block]) -> str | None:
    """Blocks with their headings; a single block that needs none goes without."""
    filled = [block for block in blocks if block.lines]
    if len(filled) == 1 and (filled[0].section is Section.FINDINGS or not filled[0].heading):
        return "\n".join(filled[0].lines)
    out: list[str] = []
    for number, block in enumerate(filled):
        heading = block.heading or (_OTHER if number else "")
        out.append("\n".join([f"【{heading}】", *block.lines] if heading else block.lines))
    return "\n".join(out) or None


def _unsaid(node: Node, log: IssueLog) -> None:
    if node.is_container:
        return
    if node.is_coordinates:
        log.add_once(
            IssueCode.CONTENT_UNMAPPED,
            Severity.INFORMATION,
            node.path,
            f"{node.kind} (a region, time range or table) has no place in a FHIR report; it was not taken over",
        )
    elif node.says_nothing:
        log.add_once(
            IssueCode.CONTENT_UNMAPPED,
            Severity.WARNING,
            node.path,
            "a content item holds no value that is known",
        )
