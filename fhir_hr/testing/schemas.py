"""JSON Schemas (draft 2020-12) of vectors, requests and answers, made from the types that read them.

``python -m fhir_hr.testing.schemas FOLDER`` writes them; a test holds the files in ``profiles/rules/schema`` to them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.model.decisions import Effect, Force, RecognitionOutcome
from fhir_hr.model.exams import Contrast, Side, View
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.model.priors import Grade, InstitutionType, Ownership
from fhir_hr.rules.schema import (
    AllianceRow,
    InstitutionRow,
    ItemRow,
    NegativeRow,
    OverlayRef,
    QualityRow,
    SuspensionRow,
    WeakenRow,
)
from fhir_hr.rules.vocabulary import ListState, ReasonCode
from fhir_hr.testing.facts import BASE_KEYS

__all__ = ["schema_texts", "schemas"]

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_WORD: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_TRI: Schema = {"type": ["boolean", "null"], "description": "null: not known"}
_TIME = r"^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?([+-]\d\d:\d\d|Z))?)?)?$"
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d:\d\d|Z)$"
_ROWS = (
    ("items", ItemRow),
    ("institutions", InstitutionRow),
    ("alliances", AllianceRow),
    ("suspensions", SuspensionRow),
    ("quality", QualityRow),
    ("negative", NegativeRow),
    ("weaken", WeakenRow),
    ("overlays", OverlayRef),
)


def schemas() -> dict[str, Schema]:
    """Return the schemas by file name; each stands alone."""
    return {
        "vector.schema.json": _vector(),
        "base.schema.json": _document("base", "A base candidate: the facts that vectors differ from.", _facts()),
        "request.schema.json": _request(),
        "answer.schema.json": _answer(),
    }


def schema_texts() -> dict[str, str]:
    """Return the schemas as their files hold them."""
    return {name: json.dumps(schema, ensure_ascii=False, indent=1) + "\n" for name, schema in schemas().items()}


def _document(name: str, title: str, schema: Schema) -> Schema:
    return {"$schema": _DRAFT, "$id": f"{CANONICAL}/schema/{name}.schema.json", "title": title, **schema}


def _object(properties: dict[str, Schema], *, required: Iterable[str] = (), closed: bool = True) -> Schema:
    found: Schema = {"type": "object", "properties": properties}
    if required:
        found["required"] = list(required)
    if closed:
        found["additionalProperties"] = False
    return found


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _one_of(kind: type[Enum]) -> Schema:
    return {"enum": [member.value for member in kind]}


def _maybe(schema: Schema) -> Schema:
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    if schema.get("type") == "string":
        return {**schema, "type": ["string", "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _facts(*, required: bool = False) -> Schema:
    properties = {key: _fact(key) for key in BASE_KEYS}
    return _object(properties, required=list(BASE_KEYS) if required else ())


def _fact(key: str) -> Schema:
    side, _, name = key.rpartition(".")
    own = _BY_KEY.get(key) or (_BY_NAME.get(name) if side else None)
    return own if own is not None else _maybe(_TEXT)


def _exam() -> Schema:
    return _object(
        {
            "modality": _maybe(_TEXT),
            "body_part": _maybe(_TEXT),
            "side": _maybe(_one_of(Side)),
            "views": _maybe(_list(_one_of(View))),
            "contrast": _maybe(_one_of(Contrast)),
        }
    )


_BY_NAME: dict[str, Schema] = {
    "institution": _TEXT,
    "tier": {"enum": [0, 1, 2, 3, None]},
    "grade": _maybe(_one_of(Grade)),
    "ownership": _maybe(_one_of(Ownership)),
    "type": _maybe(_one_of(InstitutionType)),
    "alliances": _maybe(_list(_WORD)),
    "kind": _one_of(ReportKind),
    "item": {**_maybe(_WORD), "description": "code, or system|code"},
    "codings": _list(_WORD),
    "scale": _maybe(_one_of(Scale)),
    "exam": _maybe(_exam()),
    "superseded": _TRI,
    "starred": _TRI,
    "has_report": _TRI,
    "has_images": _TRI,
    "series_complete": _TRI,
    "mark_known": _FLAG,
    "item_mark_known": _FLAG,
}
_BY_KEY: dict[str, Schema] = {
    "identity": {"enum": ["same", "different", "unknown"]},
    "order.at": {"type": "string", "pattern": _TIME},
    "prior.performed": _maybe({"type": "string", "pattern": _TIME}),
    "prior.reported": _maybe({"type": "string", "pattern": _TIME}),
    "prior.status": _one_of(ResultStatus),
    "prior.report_status": _one_of(ReportStatus),
    "order.exclusions": _list(_object({"case": _WORD, "item": _maybe(_TEXT)}, required=("case",))),
    "prior.evidence": _list(
        _object(
            {
                "type": _one_of(EvidenceType),
                "result": _one_of(EvidenceResult),
                "institution": {**_maybe(_TEXT), "description": "left out: the prior's"},
                "item": _maybe(_TEXT),
                "from": _maybe({"type": "string", "pattern": _TIME}),
                "to": _maybe({"type": "string", "pattern": _TIME}),
            },
            required=("type", "result"),
        )
    ),
}


def _tables() -> tuple[Schema, Schema]:
    refs, components = msgspec.json.schema_components([kind for _, kind in _ROWS], ref_template="#/$defs/{name}")
    properties: dict[str, Schema] = {name: _list(ref) for (name, _), ref in zip(_ROWS, refs, strict=True)}
    properties["list_state"] = _one_of(ListState)
    properties["institutions_state"] = _one_of(ListState)
    properties["item_system"] = _WORD
    one = _object(properties)
    return {"type": "object", "additionalProperties": one}, components


def _vector() -> Schema:
    tables, components = _tables()
    return _document(
        "vector",
        "A decision vector: one line of a vectors file.",
        {
            **_object(
                {
                    "name": _WORD,
                    "packs": {**_list(_WORD), "description": "ids; left out: the pack beside"},
                    "facts": _facts(),
                    "tables": {**tables, "description": "by pack id: tables that replace the pack's"},
                    "fresh_until": {"type": "object", "additionalProperties": {"type": "string", "pattern": _MOMENT}},
                    "expect": _expect(),
                    "note": _TEXT,
                },
                required=("name", "facts", "expect"),
            ),
            "$defs": components,
        },
    )


def _expect() -> Schema:
    return _object(
        {
            "outcome": _one_of(RecognitionOutcome),
            "codes": _list(_one_of(ReasonCode)),
            "force": _maybe(_one_of(Force)),
            "effects": _list(_one_of(Effect)),
            "missing": _list(_WORD),
            "expires": _maybe({"type": "string", "pattern": _MOMENT}),
        },
        required=("outcome", "codes"),
    )


def _request() -> Schema:
    tables, components = _tables()
    return _document(
        "request",
        "What a program under test is asked: one line of its standard input.",
        {
            **_object(
                {
                    "id": _WORD,
                    "packs": {**_list(_WORD), "minItems": 1},
                    "facts": _facts(required=True),
                    "tables": tables,
                    "fresh_until": {"type": "object", "additionalProperties": {"type": "string", "pattern": _MOMENT}},
                },
                required=("id", "packs", "facts", "tables", "fresh_until"),
            ),
            "$defs": components,
        },
    )


def _answer() -> Schema:
    reason = _object(
        {"code": _WORD, "effect": _one_of(Effect), "pack": _TEXT}, required=("code", "effect"), closed=False
    )
    return _document(
        "answer",
        "What a program under test answers: one line of its standard output.",
        _object(
            {
                "id": _WORD,
                "outcome": _one_of(RecognitionOutcome),
                "force": _maybe(_one_of(Force)),
                "reasons": _list(reason),
                "missing": _list(_TEXT),
                "expires": _maybe({"type": "string", "pattern": _TIME}),
            },
            required=("id", "outcome", "reasons"),
            closed=False,
        ),
    )


def main(folder: str) -> None:
    """Write the schemas into a folder."""
    for name, text in schema_texts().items():
        (Path(folder) / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
