"""The tables of a pack: items, exclusions, refusal reasons, institutions, suspensions, quality, negative list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import msgspec

from fhir_hr.errors import PackError
from fhir_hr.model.exams import Contrast, Side, View
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.model.priors import Grade, InstitutionType, Ownership
from fhir_hr.rules.schema import (
    AllianceRow,
    Certainty,
    ExclusionCase,
    InstitutionRow,
    ItemRow,
    NegativeRow,
    QualityRow,
    RefusalReason,
    SuspensionRow,
)
from fhir_hr.rules.tables import TableRow, read_rows
from fhir_hr.rules.vocabulary import Field

__all__ = ["FILES", "Tables", "read_tables"]

E = TypeVar("E", bound=Enum)


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """The parts read, by name of the pack's field, and the rows they were read from, for errors."""

    parts: dict[str, Any]
    rows: dict[str, list[TableRow]]


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    required: tuple[str, ...]
    key: tuple[str, ...]
    build: Callable[[TableRow], object]
    optional: tuple[str, ...] = ()


def read_tables(files: Mapping[str, bytes]) -> Tables:
    """Read all tables of a pack.

    Raises:
        PackError: a table is broken, a needed one is missing, or a file is none of a pack's.
    """
    known = {table.file for table in _TABLES.values()} | {"pack.yaml", "sources.yaml"}
    for name in files:
        if name not in known:
            raise PackError("is no file of a pack", file=name)
    parts: dict[str, Any] = {}
    rows: dict[str, list[TableRow]] = {}
    for part, table in _TABLES.items():
        data = files.get(table.file)
        if data is None:
            parts[part], rows[part] = (), []
            continue
        rows[part] = read_rows(data, file=table.file, required=table.required, optional=table.optional, key=table.key)
        parts[part] = tuple(table.build(row) for row in rows[part])
    return Tables(parts=parts, rows=rows)


def _one(row: TableRow, column: str, kind: type[E]) -> E:
    try:
        return kind(row.cells[column])
    except ValueError as error:
        allowed = ", ".join(str(member.value) for member in kind)
        raise row.broken(f"{column}: {row.cells[column][:40]!r} is none of {allowed}") from error


def _maybe(row: TableRow, column: str, kind: type[E]) -> E | None:
    return None if row.text(column) is None else _one(row, column, kind)


def _views(row: TableRow) -> tuple[View, ...] | None:
    try:
        views = {View(word) for word in row.words("views")}
    except ValueError as error:
        raise row.broken(f"views: {error}") from error
    return tuple(sorted(views)) or None


def _item(row: TableRow) -> ItemRow:
    try:
        require = tuple(Field(word) for word in row.words("require"))
    except ValueError as error:
        raise row.broken(f"require: {error}") from error
    return ItemRow(
        code=row.need("code"),
        name_zh=row.need("name_zh"),
        abbreviation=row.cells["abbreviation"],
        clause=row.need("clause"),
        specimens=row.words("specimens"),
        require=require,
        window_days=row.whole("window_days"),
        start=row.text("from"),
        end=row.text("to"),
        modality=row.text("modality"),
        body_part=row.text("body_part"),
        side=_maybe(row, "side", Side),
        views=_views(row),
        contrast=_maybe(row, "contrast", Contrast),
        includes=row.words("includes"),
    )


def _exclusion(row: TableRow) -> ExclusionCase:
    return ExclusionCase(
        case=row.need("case"),
        zh=row.need("zh"),
        en=row.need("en"),
        clause=row.need("clause"),
        needs=row.words("needs"),
    )


def _refusal(row: TableRow) -> RefusalReason:
    counts = row.yes_no("counts_as_refusal")
    return RefusalReason(
        code=row.need("code"),
        zh=row.need("zh"),
        en=row.need("en"),
        case=row.text("case"),
        counts_as_refusal=counts,
        needs=row.words("needs"),
        clause=row.need("clause"),
        certainty=_one(row, "certainty", Certainty),
        maps_to=row.text("maps_to"),
    )


def _institution(row: TableRow) -> InstitutionRow:
    return InstitutionRow(
        uscc=row.need("uscc"),
        name=row.need("name"),
        tier=row.whole("tier"),
        grade=_maybe(row, "grade", Grade),
        ownership=_maybe(row, "ownership", Ownership),
        type=_maybe(row, "type", InstitutionType),
        division=row.text("division"),
        start=row.text("from"),
        end=row.text("to"),
        assessed_from=row.text("assessed_from"),
        clause=row.text("clause"),
    )


def _suspension(row: TableRow) -> SuspensionRow:
    return SuspensionRow(
        uscc=row.need("uscc"),
        item=row.text("item"),
        start=row.text("from"),
        end=row.text("to"),
        reason=row.text("reason"),
        clause=row.text("clause"),
    )


def _quality(row: TableRow) -> QualityRow:
    return QualityRow(
        uscc=row.need("uscc"),
        item=row.text("item"),
        type=_one(row, "type", EvidenceType),
        result=_one(row, "result", EvidenceResult),
        start=row.text("from"),
        end=row.text("to"),
        issuer=row.text("issuer"),
        document=row.text("document"),
    )


def _alliance(row: TableRow) -> AllianceRow:
    return AllianceRow(
        alliance=row.need("alliance"),
        uscc=row.need("uscc"),
        start=row.text("from"),
        end=row.text("to"),
        clause=row.text("clause"),
    )


def _negative(row: TableRow) -> NegativeRow:
    return NegativeRow(
        item=row.need("item"),
        start=row.text("from"),
        end=row.text("to"),
        reason=row.text("reason"),
        clause=row.text("clause"),
    )


_TABLES: dict[str, _Table] = {
    "items": _Table(
        file="items.csv",
        required=("code", "name_zh", "abbreviation", "specimens", "require", "window_days", "from", "to", "clause"),
        key=("code",),
        build=_item,
        optional=("modality", "body_part", "side", "views", "contrast", "includes"),
    ),
    "exclusions": _Table(
        file="exclusions.csv",
        required=("case", "zh", "en", "needs", "clause"),
        key=("case",),
        build=_exclusion,
    ),
    "refusal_reasons": _Table(
        file="refusal-reasons.csv",
        required=("code", "zh", "en", "case", "counts_as_refusal", "needs", "clause", "certainty"),
        key=("code",),
        build=_refusal,
        optional=("maps_to",),
    ),
    "institutions": _Table(
        file="institutions.csv",
        required=("uscc", "name", "tier", "grade", "ownership", "division", "from", "to", "assessed_from", "clause"),
        key=("uscc", "from"),
        build=_institution,
        optional=("type",),
    ),
    "alliances": _Table(
        file="alliances.csv",
        required=("alliance", "uscc", "from", "to", "clause"),
        key=("alliance", "uscc", "from"),
        build=_alliance,
    ),
    "suspensions": _Table(
        file="suspensions.csv",
        required=("uscc", "item", "from", "to", "reason", "clause"),
        key=("uscc", "item", "from"),
        build=_suspension,
    ),
    "quality": _Table(
        file="quality.csv",
        required=("uscc", "item", "type", "result", "from", "to", "issuer", "document"),
        key=("uscc", "item", "type", "from", "issuer"),
        build=_quality,
    ),
    "negative": _Table(
        file="negative.csv",
        required=("item", "from", "to", "reason", "clause"),
        key=("item", "from"),
        build=_negative,
    ),
}

FILES: dict[str, str] = {part: table.file for part, table in _TABLES.items()}
"""The file of each table."""
