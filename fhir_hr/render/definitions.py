"""The schema of one FHIR release, and words for what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import jsonschema_rs

from fhir_hr._data import data_path
from fhir_hr.render.encode import Json
from fhir_hr.render.release import Release

__all__ = ["Definitions", "definitions"]

# The stubs of the library name no attributes of its kinds of error.
_Kind: TypeAlias = Any
_TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
_PATTERN_WORDS = {
    "date": "is not a date that exists",
    "dateTime": "is not a dateTime: a date that exists, and a zone with every time of day",
    "instant": "is not an instant: a date that exists, a time to the second, and a zone",
}


@cache
def definitions(release: Release) -> Definitions:
    """Return the definitions of a release; loaded once, read only."""
    return Definitions(release)


class Definitions:
    """What ``profiles/fhir/schema/<release>.json`` says.

    Attributes:
        types: resource types that can be checked.
        known: all resource types of the release.
        targets: allowed target types by type path and element, of references that are restricted.
        children: FHIR type of each complex element by type path.
        bearing: the same, without elements that can hold no reference, period or range even deep inside.
    """

    def __init__(self, release: Release) -> None:
        path = data_path("profiles", "fhir", "schema", f"{release.value.lower()}.json")
        self._schema: Json = json.loads(path.read_text("utf-8"))
        self.types: frozenset[str] = frozenset(self._schema["types"])
        self.known: frozenset[str] = frozenset(self._schema["known"])
        self.targets: dict[str, dict[str, list[str]]] = self._schema["targets"]
        self.children: dict[str, dict[str, str]] = {
            name: _children(definition) for name, definition in self._schema["definitions"].items()
        }
        self.bearing = _bearing(self.children)
        self._validators: dict[str, jsonschema_rs.Draft7Validator] = {}

    def validator(self, kind: str) -> jsonschema_rs.Draft7Validator:
        """Return the compiled schema of a resource type."""
        found = self._validators.get(kind)
        if found is None:
            schema = {"$ref": f"#/definitions/{kind}", "definitions": self._schema["definitions"]}
            found = self._validators[kind] = jsonschema_rs.Draft7Validator(schema)
        return found

    def errors(self, kind: str, resource: Json) -> Iterator[tuple[list[str | int], str]]:
        """Yield path and words for each thing that the schema refuses."""
        seen: set[tuple[str, str]] = set()
        for error in self.validator(kind).iter_errors(resource):
            for path, words in self._explain(error):
                if (str(path), words) not in seen:
                    seen.add((str(path), words))
                    yield path, words

    def _explain(self, error: jsonschema_rs.ValidationError) -> Iterator[tuple[list[str | int], str]]:
        path = list(error.instance_path)
        kind: _Kind = error.kind
        name = kind.name
        if name == "anyOf":
            yield from self._explain_any(error, path)
        elif name == "additionalProperties":
            for unknown in kind.unexpected:
                yield path, f"unknown element {str(unknown)[:64]!r}"
        elif name == "falseSchema":
            yield path[:-1], self._explain_together(list(error.schema_path), path[-1], error.schema_path[-3])
        elif name in ("oneOfNotValid", "oneOfMultipleValid", "oneOf"):
            yield path, "more than one type of the same choice"
        else:
            yield path, _words(kind, list(error.schema_path), error.instance)

    def _explain_any(
        self, error: jsonschema_rs.ValidationError, path: list[str | int]
    ) -> Iterator[tuple[list[str | int], str]]:
        node: Any = self._schema
        for step in error.schema_path:
            node = node[step]
        names = [option["required"][0] for option in node if "required" in option]
        if names:
            shown = [one for one in names if not one.startswith("_")]
            plain = " or ".join(repr(one) for one in shown)
            yield path, f"{plain} is required"
            return
        kind: _Kind = error.kind
        for nested in kind.context[0]:
            yield path + list(nested.instance_path), _words(nested.kind, list(nested.schema_path), nested.instance)

    def _explain_together(self, schema_path: list[Any], one: str | int, other: str | int) -> str:
        both = sorted({str(one).lstrip("_"), str(other).lstrip("_")})
        if "dataAbsentReason" in both:
            return f"'dataAbsentReason' must not stand beside a value (obs-6): {', '.join(both)}"
        del schema_path
        stem = both[0]
        while not all(name.startswith(stem) for name in both):
            stem = stem[:-1]
        return f"more than one {stem}[x]: {', '.join(both)}"


def _children(definition: Json) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, schema in definition.get("properties", {}).items():
        target = schema.get("items", schema)
        if "anyOf" in target:
            target = target["anyOf"][0]
        found = target.get("$ref", "").rpartition("/")[2]
        if found[:1].isupper():
            out[name] = found
    return out


def _bearing(children: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    bearing = {"Reference", "CodeableReference", "Period", "Range"}
    while True:
        more = {
            kind
            for kind, elements in children.items()
            if kind not in bearing and any(one in bearing for name, one in elements.items() if one != "Extension")
        }
        more -= {"Extension", "Element"}
        if not more:
            break
        bearing |= more
    return {
        kind: {name: one for name, one in elements.items() if one in bearing} for kind, elements in children.items()
    }


def _words(kind: _Kind, schema_path: list[Any], instance: object) -> str:
    match kind.name:
        case "enum":
            options = [str(option) for option in kind.options]
            shown = ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
            return f"{str(instance)[:40]!r} is not one of: {shown}"
        case "required":
            return f"{str(kind.property)!r} is required"
        case "type":
            words = " or ".join(_TYPE_WORDS.get(one, one) for one in kind.types)
            return "null is not allowed" if instance is None else f"must be {words}, not {_kind_of(instance)}"
        case "minItems":
            return "is an empty list"
        case "minProperties":
            return "is an empty object"
        case "minLength":
            return "is empty"
        case "maxLength":
            return "is too long"
        case "minimum" | "maximum":
            return "is out of range"
        case "pattern":
            return _pattern_words(schema_path, instance)
        case "dependencies" | "dependentRequired":
            return "stands without what it needs"
        case _:
            return f"breaks the rule {kind.name!r}"


def _pattern_words(schema_path: list[Any], instance: object) -> str:
    # A plain datatype's own definition is the last one that the path goes through.
    index = len(schema_path) - 1 - schema_path[::-1].index("definitions") if "definitions" in schema_path else 0
    name = str(schema_path[index + 1]) if schema_path else ""
    if isinstance(instance, str) and not instance.strip():
        return "is empty"
    if name in ("string", "markdown", "xhtml"):
        return "holds a control character"
    return _PATTERN_WORDS.get(name, f"is not a {name}")


def _kind_of(instance: object) -> str:
    if isinstance(instance, bool):
        return "true or false"
    if isinstance(instance, str):
        return "text"
    if isinstance(instance, list):
        return "a list"
    if isinstance(instance, dict):
        return "an object"
    return "a number"
