"""Standard terms of image headers: body part, projection and position of the patient."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.tables import read_table
from fhir_hr.mapping.text import fold

__all__ = ["BodyParts", "load_body_parts", "load_views", "read_body_parts", "read_views"]

_PART_COLUMNS = ("scheme", "code", "name", "modality", "parts", "note", "source")
_VIEW_COLUMNS = ("scheme", "code", "name", "view", "note", "source")
_MODALITIES = ("", "DR", "CT", "MR")
_VIEWS = ("frontal", "ap", "pa", "lateral", "oblique", "other", "standing", "not-standing")


class BodyParts(msgspec.Struct, frozen=True, kw_only=True):
    """Codes of body parts with all that each may mean on the recognition lists; made by :func:`load_body_parts`.

    Example:
        >>> sorted(load_body_parts().find("PELVIS", "DR")), sorted(load_body_parts().find("PELVIS", "CT"))
        (['pelvis'], ['pelvic-cavity', 'pelvis'])
        >>> sorted(load_body_parts().find("T-15430", None))
        ['elbow']
    """

    by_code: dict[tuple[str, str], frozenset[str]]

    def find(self, code: str, modality: str | None) -> frozenset[str]:
        """Return our codes of the part; empty when the code is not known.

        Args:
            code: a term of BodyPartExamined, or a code of SNOMED CT or SNOMED-RT.
            modality: as lists write it; some terms mean different parts in different modalities.
        """
        key = fold(code)
        return self.by_code.get((key, modality or "")) or self.by_code.get((key, "")) or frozenset()


@cache
def load_body_parts() -> BodyParts:
    """Load the packaged body parts (``mappings/dicom/body_parts.csv``). Loaded once, then shared.

    Raises:
        DataFileError: the table is broken; see :func:`read_body_parts`.
    """
    return read_body_parts(data_path("mappings", "dicom", "body_parts.csv"))


def read_body_parts(path: Path) -> BodyParts:
    """Read a table of body parts.

    Raises:
        DataFileError: the table is broken, or a row has no part, name or source.
    """
    found: dict[tuple[str, str], frozenset[str]] = {}
    for row in read_table(path, required=_PART_COLUMNS, key=("code", "modality")):
        row.choice("scheme", ("BPE", "SCT", "SRT"))
        for column in ("name", "parts", "source"):
            if not row[column]:
                raise row.error(f"column {column!r} is empty")
        found[fold(row["code"]), row.choice("modality", _MODALITIES)] = frozenset(row.values("parts"))
    return BodyParts(by_code=found)


@cache
def load_views() -> dict[str, str]:
    """Load the packaged projections (``mappings/dicom/views.csv``): folded code to ``pa``, ``lateral`` … Shared.

    Raises:
        DataFileError: the table is broken; see :func:`read_views`.

    Example:
        >>> load_views()["ll"], load_views()["r-40888"], load_views()["rld"]
        ('lateral', 'pa', 'other')
    """
    return read_views(data_path("mappings", "dicom", "views.csv"))


def read_views(path: Path) -> dict[str, str]:
    """Read a table of projections; the code and the name of a coded view both count.

    Raises:
        DataFileError: the table is broken, a projection is unknown, or a name means two of them.
    """
    found: dict[str, str] = {}
    for row in read_table(path, required=_VIEW_COLUMNS, key=("code",)):
        row.choice("scheme", ("VP", "SCT", "SRT"))
        if not row["source"]:
            raise row.error("column 'source' is empty")
        view = row.choice("view", _VIEWS)
        for text in (row["code"], row["name"]):
            if text and found.setdefault(fold(text), view) != view:
                raise row.error(f"{text!r} already means {found[fold(text)]!r}")
    return found
