"""Modalities: what a DICOM modality stores, and which modality of the recognition lists it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.tables import read_table
from fhir_hr.model.imaging import InstanceKind

__all__ = ["Modality", "load_modalities", "read_modalities"]

_COLUMNS = ("code", "name", "kind", "listed", "perhaps", "note", "source")
_KINDS = tuple(kind.value for kind in InstanceKind)
_LISTED = ("", "DR", "CT", "MR", "US", "MG", "NM", "PET")


class Modality(msgspec.Struct, frozen=True, kw_only=True):
    """One modality of PS3.16 CID 33.

    Attributes:
        kind: what its objects are, where their SOP class is not stated.
        listed: modality as recognition lists write it (模态); ``None``: it is none of them, or not certain.
        perhaps: the one that it may be, where that is not certain; ``note`` says why.
    """

    code: str
    name: str
    kind: InstanceKind
    listed: str | None
    perhaps: str | None
    note: str


@cache
def load_modalities() -> dict[str, Modality]:
    """Load the packaged modalities by code (``mappings/dicom/modalities.csv``). Loaded once, then shared.

    Raises:
        DataFileError: the table is broken; see :func:`read_modalities`.

    Example:
        >>> load_modalities()["DX"].listed, load_modalities()["CR"].listed, load_modalities()["CR"].perhaps
        ('DR', None, 'DR')
    """
    return read_modalities(data_path("mappings", "dicom", "modalities.csv"))


def read_modalities(path: Path) -> dict[str, Modality]:
    """Read a table of modalities.

    Raises:
        DataFileError: the table is broken, a kind or a listed modality is unknown, a row is both certain and doubtful,
            or doubtful without a reason.
    """
    found: dict[str, Modality] = {}
    for row in read_table(path, required=_COLUMNS, key=("code",)):
        for column in ("name", "source"):
            if not row[column]:
                raise row.error(f"column {column!r} is empty")
        listed, perhaps = row.choice("listed", _LISTED), row.choice("perhaps", _LISTED)
        if listed and perhaps:
            raise row.error("columns 'listed' and 'perhaps' are both filled: it is certain or it is not")
        if perhaps and not row["note"]:
            raise row.error("column 'perhaps' needs a reason in 'note'")
        found[row["code"]] = Modality(
            code=row["code"],
            name=row["name"],
            kind=InstanceKind(row.choice("kind", _KINDS)),
            listed=listed or None,
            perhaps=perhaps or None,
            note=row["note"],
        )
    return found
