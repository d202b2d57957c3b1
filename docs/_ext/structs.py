"""Writes the tables of the model page from the code, so that they cannot fall behind it.

A line ``<!-- structs: fhir_hr.model.lab -->`` in a page becomes one section per public struct or enum of that module.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import types
from typing import Union, get_args, get_origin

import msgspec

MARK = re.compile(r"^<!-- structs: ([\w.]+) -->$", re.MULTILINE)


def setup(app):
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fill(app, _page, content):
    modules = MARK.findall(content[0])
    if modules:
        for name in modules:  # the page is as old as the code that it describes
            app.env.note_dependency(importlib.import_module(name).__file__)
        app.env.note_dependency(__file__)
    content[0] = MARK.sub(lambda found: describe(found[1]), content[0])


def describe(module_name: str) -> str:
    """Markdown that describes all public structs and enums of a module."""
    module = importlib.import_module(module_name)
    parts = []
    for name in module.__all__:
        thing = getattr(module, name)
        if not inspect.isclass(thing):
            continue
        if issubclass(thing, msgspec.Struct):
            parts.append(_struct(name, thing))
        elif issubclass(thing, enum.Enum):
            parts.append(_enum(name, thing))
    return "\n\n".join(parts)


def _struct(name: str, struct: type) -> str:
    told = _attributes(struct)
    head, rule = ("| field | type | default |", "|---|---|---|")
    if told:
        head, rule = (f"{head} |", f"{rule}---|")
    lines = [f"### `{name}`", "", _summary(struct), "", head, rule]
    for field in msgspec.structs.fields(struct):
        meaning = f" {told.get(field.name, '')} |" if told else ""
        lines.append(f"| `{field.name}` | {_type(field.type)} | {_default(field)} |{meaning}")
    return "\n".join(lines)


def _enum(name: str, kind: type) -> str:
    values = ", ".join(f"`{member.name if isinstance(member, int) else member.value}`" for member in kind)
    return f"### `{name}`\n\n{_summary(kind)}\n\nValues: {values}"


def _summary(thing: type) -> str:
    text = inspect.cleandoc(thing.__doc__ or "")
    text = re.split(r"\n(?:Attributes|Example|Examples|Args):\n", text)[0]
    return _plain(text)


def _attributes(struct: type) -> dict[str, str]:
    """What the docstring says of the fields: its ``Attributes:`` part, and the string under a field."""
    text = inspect.cleandoc(struct.__doc__ or "")
    told: dict[str, str] = {}
    if "Attributes:\n" in text:
        part = text.split("Attributes:\n", 1)[1].split("\nExample", 1)[0]
        for entry in re.finditer(r"^    (\w[\w, ]*): (.*(?:\n {6,}.*)*)", part, re.MULTILINE):
            for name in entry[1].split(","):
                told[name.strip()] = _plain(entry[2])
    source = inspect.getsource(struct)
    for entry in re.finditer(r'^    (\w+): [^\n]*\n    """(.*?)"""', source, re.MULTILINE | re.DOTALL):
        told[entry[1]] = _plain(entry[2])
    return told


def _plain(text: str) -> str:
    text = re.sub(r":\w+:`~?([^`<]*\.)?(\w+)`", r"`\2`", text)
    text = text.replace("``", "`")
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _type(kind: object) -> str:
    return f"`{_type_name(kind)}`".replace("|", "\\|")


def _type_name(kind: object) -> str:
    if kind is type(None):
        return "None"
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        names = [_type_name(each) for each in get_args(kind)]
        if len(names) > 6:
            return "Value | None" if "None" in names else "Value"
        return " | ".join(names)
    if origin is tuple:
        return f"tuple[{', '.join('...' if each is Ellipsis else _type_name(each) for each in get_args(kind))}]"
    if isinstance(kind, type):
        return kind.__name__
    return str(kind).replace("typing.", "")


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return ""
    if isinstance(field.default, enum.Enum):
        return f"`{field.default.value}`"
    if isinstance(field.default, msgspec.Struct):
        return "empty"
    return f"`{field.default!r}`"
