"""The reference page of the issue codes, from the code itself.

``python tests/adapters/issue_codes.py --write`` writes ``docs/reference/issue-codes.md``; a test holds it.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["PAGE", "page"]

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fhir_hr"
PAGE = ROOT / "docs" / "reference" / "issue-codes.md"
HEAD = """\
# Issue codes

Every issue has a permanent code, a severity, a place (`OBX[3]-14` is field 14 of the third OBX) and words for a person.
`error`: something was not taken over. `warning`: taken over with doubt. `information`: nothing was lost.
An issue never quotes what names a patient. `…` stands for the value that an issue quotes or counts.

This page is made from the code (`python tests/adapters/issue_codes.py --write`).
"""


class Code(NamedTuple):
    """One member of ``IssueCode``: its group, name, value and comment."""

    group: str
    name: str
    value: str
    comment: str


def _codes() -> list[Code]:
    found = []
    group = ""
    for line in (PACKAGE / "issues.py").read_text(encoding="utf-8").splitlines():
        heading = re.match(r"    # -- (.+?) -+$", line)
        member = re.match(r'    ([A-Z0-9_]+) = "([a-z0-9-]+)"(?:  # (.+))?$', line)
        if heading:
            group = heading.group(1)
        elif member and group:
            found.append(Code(group, member.group(1), member.group(2), member.group(3) or ""))
    return found


def _words(node: ast.expr) -> str:
    """The text of a message, with ``…`` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return _words(node.left) + _words(node.right)
    return "…"


def _uses() -> dict[str, list[tuple[str, str]]]:
    """Severity and words of every place that makes an issue, by name of its code."""
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "issues.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        usual = {one.name: [sub.attr.lower() for sub in ast.walk(one) if _severity(sub)] for one in functions}
        for function in functions:
            inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
            _uses_of(function, {id(sub) for one in inner for sub in ast.walk(one)}, usual, found)
        for node in ast.walk(tree):
            if _code(node):
                found.setdefault(node.attr, [])
    return found


def _uses_of(
    function: ast.FunctionDef,
    skipped: set[int],
    usual: dict[str, list[str]],
    found: dict[str, list[tuple[str, str]]],
) -> None:
    codes: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if id(node) in skipped or not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                codes.setdefault(target.id, []).extend(sub.attr for sub in ast.walk(node.value) if _code(sub))
                texts.setdefault(target.id, []).append(_words(node.value))
    for node in ast.walk(function):
        if id(node) in skipped or not isinstance(node, ast.Call):
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = [name for arg in given for name in _codes_of(arg, codes)]
        said = [text for arg in given for text in _texts_of(arg, texts) if len(text) > 8 and " " in text]
        severities = [sub.attr.lower() for arg in given for sub in ast.walk(arg) if _severity(sub)]
        if not severities:  # a helper of the module that knows the severity
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            severities = usual.get(called, [])
        for name in dict.fromkeys(names):
            own = found.setdefault(name, [])
            own += [
                use
                for text in said or [""]
                if (use := (" or ".join(dict.fromkeys(severities)), _tidy(text))) not in own
            ]


def _codes_of(node: ast.expr, named: dict[str, list[str]]) -> list[str]:
    if isinstance(node, ast.Name):
        return named.get(node.id, [])
    return [node.attr] if _code(node) else []


def _texts_of(node: ast.expr, named: dict[str, list[str]]) -> list[str]:
    if isinstance(node, ast.Name):
        return named.get(node.id, [])
    return [_words(node)]


def _code(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _is(node.value, "IssueCode")


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _severity(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _is(node.value, "Severity")


def _tidy(text: str) -> str:
    return re.sub(r"…+", "…", text.replace("%s", "…").replace("{}", "…")).replace("|", "\\|")


def page() -> str:
    """The whole page."""
    uses = _uses()
    lines = [HEAD]
    group = ""
    for code in _codes():
        if code.group != group:
            group = code.group
            lines += [
                f"\n## {group[0].upper()}{group[1:]}\n",
                "| code | severity | words | kept |",
                "|---|---|---|---|",
            ]
        own = uses.get(code.name, [])
        severities = ", ".join(dict.fromkeys(severity for severity, _ in own if severity))
        words = "<br>".join(dict.fromkeys(text for _, text in own if text))
        if code.name not in uses:
            words = "(reserved; nothing raises it)"
        lines.append(f"| `{code.value}` | {severities} | {words} | {code.comment.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    made = page()
    if "--write" in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    else:
        print(made)
