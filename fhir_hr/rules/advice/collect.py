"""Finds everything that the strict loader refuses, not only the first thing.

The loader stops at its first error. Here the offending row or list element is blanked, so that no line moves, and the
pack is loaded again, until nothing is left to complain of or nothing can be taken away without guessing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from fhir_hr.errors import PackError
from fhir_hr.rules.load import compile_pack
from fhir_hr.rules.schema import PackContent

__all__ = ["MOST", "Collected", "collect"]

MOST = 200
"""How many errors are collected; a file with more is wrong as a whole. Of a large pack fewer, as each costs a load."""

_WORK = 20_000_000

_UNKNOWN_CLAUSE = re.compile(r"clause '(.+)' is not in sources\.yaml")
_LACKS = re.compile(r"lacks the check '([a-z_]+)'")
_NOTE, _BLOCK = "{effect: note, interpretation: x}", "{effect: block, interpretation: x}"
_STAND_IN = {
    "identity": f"on_mismatch: {_BLOCK}, on_unknown: {_BLOCK}",
    "finality": f"item_statuses: [final], report_statuses: [final], on_fail: {_BLOCK}, on_unknown: {_BLOCK}",
    "superseded": f"on_fail: {_BLOCK}, on_unknown: {_NOTE}",
    "time_order": f"on_fail: {_BLOCK}, on_unknown: {_NOTE}",
    "item_fit": f"on_mismatch: {_BLOCK}, on_unknown: {_NOTE}",
    "exam_fit": f"aspects: [modality], on_mismatch: {_BLOCK}, on_unknown: {_NOTE}",
}
# What follows from something that was blanked, and is no error of its own.
_CHECK = "\0check"
_LATER = re.compile(r"a value is missing|has no check|names no case")
# Without its rows, the rest of the pack stands as well as before.
_SPARABLE = {"institutions.csv", "alliances.csv", "suspensions.csv", "quality.csv", "negative.csv"}
_SPARABLE |= {"refusal-reasons.csv"}


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Errors in the order of discovery; content and files without what was blanked, if anything loads at all."""

    errors: tuple[PackError, ...]
    content: PackContent | None
    files: dict[str, bytes]


def collect(files: Mapping[str, bytes]) -> Collected:
    """Load a pack as often as it takes to hear all that is wrong with it."""
    left = dict(files)
    errors: list[PackError] = []
    blanked: set[str] = set()
    content: PackContent | None = None
    most = max(3, min(MOST, _WORK // (1 + sum(map(len, files.values())))))
    while len(errors) < most:
        try:
            content = compile_pack(left)
            break
        except PackError as error:
            lacks = _LACKS.search(error.reason) is not None and _CHECK in blanked
            later = lacks or (bool(errors) and _LATER.search(error.reason) is not None)
            if not later and not any(f"'{code}'" in error.reason for code in blanked):
                errors.append(error)
            smaller = _without(left, error, blanked)
            if smaller is None:
                break
            left = smaller
    return Collected(errors=tuple(errors), content=content, files=left)


def _without(files: Mapping[str, bytes], error: PackError, blanked: set[str]) -> dict[str, bytes] | None:
    """Return the files without what an error names; ``None`` when that cannot be done without guessing."""
    name, line = error.file, error.line
    data = files.get(name)
    if data is None:
        return None
    if not name.endswith(".yaml"):
        if line is None or line <= 1:
            known = name.endswith(".csv") and name in _SPARABLE
            strange = "no file of a pack" in error.reason
            return {key: value for key, value in files.items() if key != name} if known or strange else None
        made = _blank_row(data, line, blanked)
    else:
        made = _mend_yaml(files, name, error, blanked)
    return None if made is None or made == data else {**files, name: made}


def _blank_row(data: bytes, line: int, blanked: set[str]) -> bytes | None:
    try:
        text = data.decode("utf-8")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        start = 1
        for cells in reader:
            end = reader.line_num
            if start <= line <= end:
                if cells:
                    blanked.add(cells[0])
                return _blank(text, start, end)
            start = end + 1
    except (UnicodeDecodeError, csv.Error):
        return None
    return None


def _mend_yaml(files: Mapping[str, bytes], name: str, error: PackError, blanked: set[str]) -> bytes | None:
    if error.line is None:
        return None
    try:
        text = files[name].decode("utf-8")
        lacks, unknown = _LACKS.search(error.reason), _UNKNOWN_CLAUSE.search(error.reason)
        if lacks:
            return _stand_in(text, lacks.group(1))
        if unknown:
            return _other_clause(text, error.line, unknown.group(1), files.get("sources.yaml", b""))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (UnicodeDecodeError, yaml.YAMLError, ValueError, OverflowError, RecursionError):
        return None
    found: tuple[int, int] | None = None
    for start, end in _elements(root):
        if start <= error.line <= end:
            found = (start, end)
    if found is None:
        return None
    if re.search(r"\bcheck:", "".join(text.splitlines(keepends=True)[found[0] - 1 : found[1]])):
        blanked.add(_CHECK)
    return _blank(text, *found)


def _stand_in(text: str, kind: str) -> bytes | None:
    """Put a check in a blank line of the list of checks, in the place of one that was blanked or never written."""
    lines = text.splitlines(keepends=True)
    try:
        start = lines.index("checks:\n") + 1
    except ValueError:
        return None
    indent = next((found.group(1) for line in lines[start:] if (found := re.match(r"( *)- ", line))), None)
    first = next((n for n, line in enumerate(lines[start:], start=start) if re.match(r" *- ", line)), None)
    if indent is None or first is None:
        return None
    for n in range(first, len(lines)):
        if re.match(r"[A-Za-z]", lines[n]):
            return None
        if lines[n] == "\n" and (n + 1 == len(lines) or not lines[n + 1].startswith(f"{indent}  ")):
            lines[n] = f"{indent}- {{check: {kind}, {_STAND_IN[kind]}}}\n"
            return "".join(lines).encode("utf-8")
    return None


def _other_clause(text: str, line: int, clause: str, sources: bytes) -> bytes | None:
    """Put a clause that exists in the place of one that does not, so that the rest can be looked at."""
    known = re.search(r"\bid: *[\"']?([^,\"'}\n]+/[^,\"'}\n]+)", sources.decode("utf-8", "replace"))
    lines = text.splitlines(keepends=True)
    if known is None or line > len(lines) or clause not in lines[line - 1]:
        return None
    lines[line - 1] = lines[line - 1].replace(clause, known.group(1).strip())
    return "".join(lines).encode("utf-8")


def _elements(root: Node | None) -> Iterator[tuple[int, int]]:
    """Yield first and last line of every element of a block list, outer ones before inner ones."""
    if root is None:
        return
    todo: list[tuple[Node, int]] = [(root, root.end_mark.line + 1)]
    while todo:
        node, last = todo.pop(0)
        if isinstance(node, MappingNode):
            starts = [key.start_mark.line + 1 for key, _ in node.value]
            for (_, value), following in zip(node.value, [*starts[1:], last + 1], strict=True):
                todo.append((value, following - 1))
        elif isinstance(node, SequenceNode) and not node.flow_style:
            starts = [child.start_mark.line + 1 for child in node.value]
            for child, start, following in zip(node.value, starts, [*starts[1:], last + 1], strict=True):
                if len(node.value) > 1:
                    yield start, following - 1
                todo.append((child, following - 1))


def _blank(text: str, start: int, end: int) -> bytes:
    lines = text.splitlines(keepends=True)
    for n in range(start - 1, min(end, len(lines))):
        lines[n] = "\n"
    return "".join(lines).encode("utf-8")
