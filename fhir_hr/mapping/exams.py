"""Recognised examinations: which item of 四川省 附件3 does an examination's name mean?

Exact matches on normalised whole names only. What a name leaves open (the side, plain or enhanced, how the patient
stood) is never filled in: then there is no item, only candidates for a person.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM
from fhir_hr.mapping.tables import Row, read_table
from fhir_hr.mapping.text import fold_name
from fhir_hr.model.codes import Code
from fhir_hr.model.exams import Contrast, Exam, Side, View

__all__ = ["ExamMatch", "ExamRow", "ExamTable", "load_exams", "read_exams"]

_COLUMNS = (
    "code", "seq", "modality", "part_zh", "name_zh", "definition_zh", "body_part", "side", "views", "contrast",
    "includes", "synonyms", "doubtful", "synonym_source", "list_version", "note", "source",
)  # fmt: skip
_CODE = re.compile(r"cn-51-img-\d\d")
_BODY_PART = re.compile(r"[a-z]+(-[a-z]+)*")
_MODALITIES = ("DR", "CT", "MR")
_SIDES = ("", *(side.value for side in Side))
_CONTRASTS = ("", *(contrast.value for contrast in Contrast))


class ExamRow(msgspec.Struct, frozen=True, kw_only=True):
    """One recognised examination as the list writes it.

    Attributes:
        seq: its number on the list.
        part_zh: the part of the body in the list's own, wider word (上肢); ``exam.body_part`` is finer (``wrist``).
        name_zh: 项目中文简称.
        definition_zh: 项目释义; empty where the copy of the list ends before it (row 46).
        exam: modality, part, side, projections and contrast that make the item; ``None``: the list does not say.
        includes: items that this one holds by the list's definition (普通扫描加增强扫描).
        note: what is missing or left open.
        source: where the row comes from.
    """

    code: Code
    seq: int
    part_zh: str
    name_zh: str
    definition_zh: str
    exam: Exam
    includes: tuple[Code, ...]
    list_version: str
    note: str
    source: str


class ExamMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of :meth:`ExamTable.find`.

    Attributes:
        item: the item, when exactly one is certain.
        candidates: what it might be, in order of the list; empty when ``item`` is set.
    """

    item: Code | None = None
    candidates: tuple[Code, ...] = ()


_NO_MATCH = ExamMatch()


class ExamTable(msgspec.Struct, frozen=True, kw_only=True):
    """The recognised examinations with their names; made by :func:`load_exams`.

    Example:
        >>> load_exams().find("左膝关节正侧位摄影").item.code
        'cn-51-img-13'
        >>> [code.code for code in load_exams().find("膝关节正侧位摄影").candidates]
        ['cn-51-img-13', 'cn-51-img-14']
    """

    rows: tuple[ExamRow, ...]
    by_code: dict[str, ExamRow]
    by_name: dict[str, ExamMatch]

    def find(self, name: str) -> ExamMatch:
        """Find the item that a name means, as a whole.

        Names are compared in NFKC form, case-folded, without white space and leading marks (``*``, ``★``).
        """
        return self.by_name.get(fold_name(name), _NO_MATCH) if name else _NO_MATCH

    def row(self, code: Code | str) -> ExamRow | None:
        """Return the row of an item code, or ``None``."""
        if isinstance(code, Code):
            return self.by_code.get(code.code) if code.system in (None, EXAM_ITEM_SYSTEM) else None
        return self.by_code.get(code)


@cache
def load_exams() -> ExamTable:
    """Load the packaged examinations (``mappings/items/cn-51-imaging.csv``). Loaded once, then shared.

    Raises:
        DataFileError: the table is broken; see :func:`read_exams`.
    """
    return read_exams(data_path("mappings", "items", "cn-51-imaging.csv"))


def read_exams(path: Path) -> ExamTable:
    """Read a table of examinations.

    Raises:
        DataFileError: the table is broken, a row has no source, an attribute is unknown, an included item does not
            exist, or a name that should be certain belongs to two rows.
    """
    table = read_table(path, required=_COLUMNS, key=("code",))
    codes = {row["code"]: Code(system=EXAM_ITEM_SYSTEM, code=row["code"], display=row["name_zh"]) for row in table}
    rows = tuple(_exam_row(row, codes) for row in table)
    return ExamTable(rows=rows, by_code={row.code.code: row for row in rows}, by_name=_names(table, codes))


def _exam_row(row: Row, codes: dict[str, Code]) -> ExamRow:
    if not _CODE.fullmatch(row["code"]):
        raise row.error(f"item code {row['code']!r} is not of the form cn-51-img-NN")
    if not row["seq"].isascii() or not row["seq"].isdigit():
        raise row.error(f"column 'seq' is {row['seq']!r}, not a number")
    if not _BODY_PART.fullmatch(row["body_part"]):
        raise row.error(f"column 'body_part' is {row['body_part']!r}, not a code like lumbar-spine")
    for column in ("name_zh", "source", "synonym_source"):
        if not row[column]:
            raise row.error(f"column {column!r} is empty")
    for code in row.values("includes"):
        if code not in codes or code == row["code"]:
            raise row.error(f"includes {code!r}, which is no other item of the list")
    side, contrast = row.choice("side", _SIDES), row.choice("contrast", _CONTRASTS)
    return ExamRow(
        code=codes[row["code"]],
        seq=int(row["seq"]),
        part_zh=row["part_zh"],
        name_zh=row["name_zh"],
        definition_zh=row["definition_zh"],
        exam=Exam(
            modality=row.choice("modality", _MODALITIES),
            body_part=row["body_part"],
            side=Side(side) if side else None,
            views=_views(row),
            contrast=Contrast(contrast) if contrast else None,
        ),
        includes=tuple(codes[code] for code in row.values("includes")),
        list_version=row["list_version"],
        note=row["note"],
        source=row["source"],
    )


def _views(row: Row) -> tuple[View, ...] | None:
    try:
        return tuple(sorted(View(word) for word in row.values("views"))) or None
    except ValueError as error:
        allowed = ", ".join(view.value for view in View)
        raise row.error(f"column 'views' is {row['views']!r}; allowed: {allowed}") from error


def _names(table: list[Row], codes: dict[str, Code]) -> dict[str, ExamMatch]:
    """Every known name with what it means; one that is certain for one row and doubtful for another is doubtful."""
    certain: dict[str, Code] = {}
    possible: dict[str, list[Code]] = {}
    for row in table:
        code = codes[row["code"]]
        for word in (row["name_zh"], row["definition_zh"], *row.values("synonyms")):
            key = fold_name(word)
            if not key:
                continue
            if certain.setdefault(key, code) != code:
                raise row.error(f"the name {word!r} already belongs to {certain[key].code}")
        for word in row.values("doubtful"):
            possible.setdefault(fold_name(word), []).append(code)
    found = {key: ExamMatch(candidates=tuple(owners)) for key, owners in possible.items()}
    for key, code in certain.items():
        others = [other for other in possible.get(key, ()) if other != code]
        found[key] = ExamMatch(candidates=(code, *others)) if others else ExamMatch(item=code)
    return found
