"""A strict reading of YAML for packs.

PyYAML turns ``0510`` into 328, ``NO`` into False and a repeated key into its last value. Here every scalar is
text except plain ``true``, ``false``, ``null`` and whole numbers without leading zero; a repeated key, tag,
anchor, alias, merge of documents, too much depth or size is an error with its line.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import yaml
from yaml.events import AliasEvent, Event, NodeEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from fhir_hr.errors import PackError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Lines", "Plain", "read_yaml"]

MAX_DEPTH = 16
MAX_BYTES = 10_000_000
MAX_NODES = 20_000

Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"
Lines: TypeAlias = dict[str, int]
"""Line of every value and key by its path: ``$.checks[3].on_fail``."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,8})\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class _Refused(Exception):  # noqa: N818 - internal signal, turned into PackError at once
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class _StrictLoader(yaml.SafeLoader):
    """Composes nodes only; nothing is ever constructed from a tag."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:  # noqa: ANN401 - PyYAML's type
        event: Event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, AliasEvent):
            raise _Refused("an alias (*) is not allowed", line)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise _Refused("an anchor (&) is not allowed", line)
        if getattr(event, "tag", None) is not None:
            raise _Refused("a tag (!) is not allowed", line)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Refused(f"more than {MAX_NODES} values", line)
        if self._depth >= MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH}", line)
        self._depth += 1
        try:
            node: Node | None = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        return node


def read_yaml(data: bytes, *, file: str) -> tuple[Plain, Lines]:
    """Read one strict YAML document.

    Returns:
        The value, and the line of every part by its path (``$.checks[0].on_fail``).

    Raises:
        PackError: it is not YAML, or it uses what is not allowed; with file and line.

    Example:
        >>> read_yaml(b"code: 0510\\nlimit: 30\\nnorway: NO\\n", file="x.yaml")[0]
        {'code': '0510', 'limit': 30, 'norway': 'NO'}
    """
    if len(data) > MAX_BYTES:
        raise PackError(f"larger than {MAX_BYTES} bytes", file=file)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PackError("not UTF-8", file=file, line=line) from error
    try:
        root = _StrictLoader(text).get_single_node()
        lines: Lines = {}
        value = _plain(root, "$", lines) if root is not None else None
    except _Refused as error:
        raise PackError(error.message, file=file, line=error.line) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context}"
        raise PackError(message, file=file, line=mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # PyYAML lets chr() of an impossible escape ("\UFFFFFFFF") out as ValueError or OverflowError.
        raise PackError(f"not YAML: {type(error).__name__}", file=file) from error
    return value, lines


def _plain(node: Node, path: str, lines: Lines) -> Plain:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode):
        return [_plain(child, f"{path}[{n}]", lines) for n, child in enumerate(node.value)]
    assert isinstance(node, MappingNode)
    out: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise _Refused("a key must be plain text", key_line)
        key: str = key_node.value
        if key in out:
            raise _Refused(f"duplicate key {key!r}", key_line)
        lines[f"{path}.{key}"] = key_line
        out[key] = _plain(value_node, f"{path}.{key}", lines)
    return out


def _scalar(node: ScalarNode) -> str | int | bool | None:
    text: str = node.value
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if text == "":
        raise _Refused("a value is missing; write null for unknown", node.start_mark.line + 1)
    return text
