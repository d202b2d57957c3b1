"""Makes ``schema/r4.json`` and ``schema/r5.json`` from the core StructureDefinitions.

The result is draft-07 JSON Schema for the resource types that this library writes or reads, stricter than the
schema that HL7 publishes: mandatory primitives, one type of each choice, real calendar dates, nothing empty, codes
of every required binding that can be listed. Beside the schema it holds what a schema cannot say and the checks
need: reference targets and choice groups.

Run it from the checkout: ``python profiles/fhir/schema_build.py``. The core packages are fetched once into the
cache folder and are pinned by digest (:mod:`tooling.fetch`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache"
OUT = HERE / "schema"

PACKAGES = {"R4": "hl7.fhir.r4.core#4.0.1", "R5": "hl7.fhir.r5.core#5.0.0"}
TYPES = (
    "Bundle",
    "Composition",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Endpoint",
    "ImagingStudy",
    "Location",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Provenance",
    "ServiceRequest",
    "Specimen",
    "Substance",
    "Task",
)
# A required binding to more codes than this (currencies, languages, MIME types) is not listed.
MOST_CODES = 200
# A choice of more types than this is written as one ``oneOf`` instead of pair by pair.
FEW_TYPES = 15

# Years that have a 29 February: divisible by 4, centuries by 400.
_LEAP = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY = r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
_FULL = rf"(?:\d{{4}}-{_DAY}|{_LEAP}-02-29)"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
# No control characters; something that is not blank.
_TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$"
# No white space; what begins as an OID or UUID is one. (Spelt out, since look-ahead would be slow.)
_OID = r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*)){3,}"
_UUID = r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OTHER = r"[^u\s]\S*|u|u[^r\s]\S*|ur|ur[^n\s]\S*|urn|urn[^:\s]\S*|urn:[^ou\s]\S*|urn:o[^i\s]\S*|urn:u[^u\s]\S*"
_URI = rf"^(?:{_OID}|{_UUID}|{_OTHER})$"
PATTERNS = {
    "base64Binary": r"^(?:[0-9a-zA-Z+/]{4})*(?:[0-9a-zA-Z+/]{2}==|[0-9a-zA-Z+/]{3}=)?$",
    "canonical": _URI,
    "code": r"^\S+( \S+)*$",
    "date": rf"^(?:\d{{4}}|\d{{4}}-(?:0[1-9]|1[0-2])|{_FULL})$",
    "dateTime": rf"^(?:\d{{4}}|\d{{4}}-(?:0[1-9]|1[0-2])|{_FULL}(?:T{_TIME}{_ZONE})?)$",
    "id": r"^[A-Za-z0-9\-.]{1,64}$",
    "instant": rf"^{_FULL}T{_TIME}{_ZONE}$",
    "oid": r"^urn:oid:[0-2](\.(0|[1-9]\d*))+$",
    "time": rf"^{_TIME}$",
    "uri": _URI,
    "url": _URI,
    "uuid": r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}
_STRINGS = ("string", "markdown", "xhtml")
_INTEGERS = {
    "integer": (-2147483648, 2147483647),
    "positiveInt": (1, 2147483647),
    "unsignedInt": (0, 2147483647),
}

Json = dict[str, Any]


class SchemaBuilder:
    """Builds the schema of one release.

    Args:
        folder: the unpacked core package.
        release: ``R4`` or ``R5``.
    """

    def __init__(self, folder: Path, *, release: str) -> None:
        self._folder = folder
        self._release = release
        self._definitions: Json = {}
        self._waiting: list[str] = []
        self._codes: dict[str, list[str] | None] = {}
        self.targets: Json = {}
        self.choices: Json = {}

    def build(self) -> Json:
        """Return the schema with its companions."""
        for name in TYPES:
            self._want(name)
        while self._waiting:
            name = self._waiting.pop()
            self._structure(name)
        known = sorted(
            definition["id"]
            for path in self._folder.glob("StructureDefinition-*.json")
            if (definition := json.loads(path.read_text("utf-8")))["kind"] == "resource"
            and definition.get("derivation") == "specialization"
            and not definition["abstract"]
        )
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$comment": f"made by schema_build.py from {PACKAGES[self._release]}",
            "types": list(TYPES),
            "known": known,
            "targets": self.targets,
            "choices": self.choices,
            "definitions": dict(sorted(self._definitions.items())),
        }

    # -- structures ------------------------------------------------------------------------------

    def _read(self, kind: str, name: str) -> Json | None:
        path = self._folder / f"{kind}-{name}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def _want(self, name: str) -> None:
        if name not in self._definitions:
            self._definitions[name] = {}
            self._waiting.append(name)

    def _structure(self, name: str) -> None:
        definition = self._read("StructureDefinition", name)
        assert definition is not None, name
        if definition["kind"] == "primitive-type":
            self._definitions[name] = _primitive(name)
            return
        elements = definition["snapshot"]["element"]
        backbones = {
            e["path"] for e in elements if any(t["code"] in ("BackboneElement", "Element") for t in e.get("type", []))
        }
        for path in [name, *sorted(backbones - {name})]:
            children = [e for e in elements if e["path"].rpartition(".")[0] == path]
            if path == name or children:
                self._definitions[path] = self._object(path, children, resource=definition["kind"] == "resource")

    def _object(self, path: str, elements: list[Json], *, resource: bool) -> Json:
        properties: Json = {}
        required: list[Json] = []
        rules: list[Json] = []
        if resource and "." not in path:
            properties["resourceType"] = {"const": path}
            required.append({"required": ["resourceType"]})
        for element in elements:
            if element["max"] == "0":
                continue
            name = element["path"].rpartition(".")[2]
            names = self._element(path, name, element, properties)
            if element["min"] > 0:
                required.append(_present(names, properties))
        if path != "Extension":
            for group in self.choices.get(path, {}).values():
                rules += _one_of(group, properties)
        out: Json = {"type": "object", "minProperties": 2 if "resourceType" in properties else 1}
        out["additionalProperties"] = False
        out["properties"] = properties
        always = [one["required"][0] for one in required if "required" in one]
        if always:
            out["required"] = always
        rules += [one for one in required if "required" not in one]
        rules += _invariants(path, properties)
        if rules:
            out["allOf"] = rules
        return out

    def _element(self, path: str, name: str, element: Json, properties: Json) -> list[str]:
        """Put an element's properties; return their names (several for a choice)."""
        many = element["max"] != "1"
        if "contentReference" in element:
            target = element["contentReference"].rpartition("#")[2]
            properties[name] = _many({"$ref": f"#/definitions/{target}"}, many)
            return [name]
        types = element.get("type", [])
        if name.endswith("[x]"):
            stem = name.removesuffix("[x]")
            names = []
            for one in types:
                full = stem + one["code"][0].upper() + one["code"][1:]
                names.append(full)
                self._typed(path, full, one, element, properties, many=False)
            self.choices.setdefault(path, {})[stem] = names
            return names
        self._typed(path, name, types[0], element, properties, many=many)
        return [name]

    def _typed(self, path: str, name: str, kind: Json, element: Json, properties: Json, *, many: bool) -> None:
        code = kind["code"]
        if code.startswith("http://hl7.org/fhirpath/System."):
            # The definitions say "text" where they mean the id of a resource and the url of an extension.
            identifier = "string" if element["base"]["path"] == "Element.id" else "id"
            plain = {"id": identifier, "url": "uri"}.get(name, "string")
            properties[name] = {"$ref": f"#/definitions/{plain}"}
            self._want(plain)
            return
        if code in ("BackboneElement", "Element"):
            properties[name] = _many({"$ref": f"#/definitions/{element['path']}"}, many)
            return
        if code == "Resource":
            # Checked by its own type's schema.
            schema = {"type": "object", "required": ["resourceType"]}
            properties[name] = _many(schema, many)
            return
        primitive = code[0].islower()
        self._want(code)
        schema = {"$ref": f"#/definitions/{code}"}
        codes = self._bound(element) if code == "code" else None
        if codes is not None:
            schema = {"enum": codes}
        if code in ("Reference", "CodeableReference"):
            self._target(path, name, kind)
        if primitive and code != "xhtml":
            self._want("Element")
            extra = {"$ref": "#/definitions/Element"}
            if many:
                # Null keeps the place of a member that has only an extension, or none.
                schema = {"anyOf": [schema, {"type": "null"}]}
                extra = {"anyOf": [extra, {"type": "null"}]}
            properties[f"_{name}"] = _many(extra, many)
        properties[name] = _many(schema, many)

    def _target(self, path: str, name: str, kind: Json) -> None:
        profiles = kind.get("targetProfile", [])
        types = sorted(profile.rpartition("/")[2] for profile in profiles)
        if types and "Resource" not in types:
            self.targets.setdefault(path, {})[name] = types

    # -- codes -------------------------------------------------------------------------------------

    def _bound(self, element: Json) -> list[str] | None:
        binding = element.get("binding", {})
        if binding.get("strength") != "required" or "valueSet" not in binding:
            return None
        url = binding["valueSet"].partition("|")[0]
        if url not in self._codes:
            codes = self._expand(url)
            self._codes[url] = sorted(codes) if codes and len(codes) <= MOST_CODES else None
        return self._codes[url]

    def _expand(self, url: str) -> set[str] | None:
        value_set = self._by_url("ValueSet", url)
        if value_set is None:
            return None
        out: set[str] = set()
        for include in value_set.get("compose", {}).get("include", []):
            if "filter" in include or "valueSet" in include:
                return None
            if "concept" in include:
                out |= {concept["code"] for concept in include["concept"]}
                continue
            system = self._by_url("CodeSystem", include["system"])
            if system is None or system.get("content") != "complete":
                return None
            out |= _all_codes(system.get("concept", []))
        for exclude in value_set.get("compose", {}).get("exclude", []):
            out -= {concept["code"] for concept in exclude.get("concept", [])}
        return out

    def _by_url(self, kind: str, url: str) -> Json | None:
        name = url.rpartition("/")[2]
        found = self._read(kind, name)
        if found is not None and found["url"] == url:
            return found
        for path in self._folder.glob(f"{kind}-*.json"):
            resource: Json = json.loads(path.read_text("utf-8"))
            if resource.get("url") == url:
                return resource
        return None


def _all_codes(concepts: list[Json]) -> set[str]:
    out: set[str] = set()
    for concept in concepts:
        out.add(concept["code"])
        out |= _all_codes(concept.get("concept", []))
    return out


def _primitive(name: str) -> Json:
    if name == "boolean":
        return {"type": "boolean"}
    if name == "decimal":
        return {"type": "number"}
    if name in _INTEGERS:
        low, high = _INTEGERS[name]
        return {"type": "integer", "minimum": low, "maximum": high}
    if name == "integer64":
        return {"type": "string", "pattern": r"^[-+]?(0|[1-9]\d*)$"}
    if name in _STRINGS:
        return {"type": "string", "maxLength": 1048576, "allOf": [{"pattern": r"\S"}, {"pattern": _TEXT}]}
    return {"type": "string", "minLength": 1, "pattern": PATTERNS[name]}


def _many(schema: Json, many: bool) -> Json:
    return {"type": "array", "minItems": 1, "items": schema} if many else schema


def _present(names: list[str], properties: Json) -> Json:
    """Return the rule that one of these is there; a primitive may be there by its extensions alone."""
    options = [n for name in names for n in (name, f"_{name}") if n in properties]
    return {"required": options} if len(options) == 1 else {"anyOf": [{"required": [one]} for one in options]}


def _one_of(names: list[str], properties: Json) -> list[Json]:
    """Return the rules that at most one type of a choice is there."""
    if len(names) > FEW_TYPES:
        # Every pair of an open choice would be most of the file.
        options: list[Json] = [_present([name], properties) for name in names]
        return [{"oneOf": [*options, {"not": {"anyOf": options}}]}]
    dependencies: Json = {}
    for name in names:
        others = [n for other in names if other != name for n in (other, f"_{other}") if n in properties]
        for own in (name, f"_{name}"):
            if own in properties and others:
                dependencies[own] = {"properties": dict.fromkeys(others, False)}
    return [{"dependencies": dependencies}] if dependencies else []


def _any(*names: str) -> Json:
    return {"anyOf": [{"required": [name]} for name in names]}


def _invariants(path: str, properties: Json) -> list[Json]:
    """Return the invariants of the specification that a schema can say; the others are in ``render/rules.py``."""
    if path == "Observation":
        # obs-6: no reason for absence beside a value.
        values = [name for name in properties if name.startswith("value")]
        return [{"dependencies": {"dataAbsentReason": {"properties": dict.fromkeys(values, False)}}}]
    simple: dict[str, Json] = {
        # obs-3: at least a low, a high or a text.
        "Observation.referenceRange": _any("low", "high", "text"),
        # qty-3: a code needs its system.
        "Quantity": {"dependencies": {"code": ["system"]}},
        # att-1: data needs its type.
        "Attachment": {"dependencies": {"data": ["contentType"]}},
        # cpt-2: a value needs its system.
        "ContactPoint": {"dependencies": {"value": ["system"]}},
        # org-1: a name or an identifier.
        "Organization": _any("name", "identifier"),
        # cmp-1: a text, entries or sections.
        "Composition.section": _any("text", "entry", "section"),
    }
    return [simple[path]] if path in simple else []


def _lines(schema: Json) -> str:
    """Return JSON with one definition a line: small, and a change can be read."""

    def dump(value: object) -> str:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))

    head = dump({key: value for key, value in schema.items() if key != "definitions"})
    body = ",\n".join(f"{dump(name)}:{dump(value)}" for name, value in schema["definitions"].items())
    return f'{head[:-1]},\n"definitions":{{\n{body}\n}}}}\n'


def main() -> int:
    """Write both schemas."""
    sys.path.insert(0, str(HERE))
    from tooling.fetch import Toolchain

    chain = Toolchain(CACHE, lockfile_folder=HERE)
    OUT.mkdir(exist_ok=True)
    for release, package in PACKAGES.items():
        chain.core_packages(release)
        folder = chain.home / ".fhir" / "packages" / package / "package"
        schema = SchemaBuilder(folder, release=release).build()
        path = OUT / f"{release.lower()}.json"
        path.write_text(_lines(schema), "utf-8")
        print(f"{path.name}: {len(schema['definitions'])} definitions, {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
