"""SOP classes: what kind of thing is one DICOM object? Only images count as images."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.mapping.modalities import load_modalities
from fhir_hr.mapping.tables import read_table
from fhir_hr.model.imaging import InstanceKind

__all__ = ["SopClass", "kind_of", "load_sop_classes", "read_sop_classes"]

_COLUMNS = ("uid", "name", "kind", "retired", "note", "source")
_KINDS = tuple(kind.value for kind in InstanceKind)


class SopClass(msgspec.Struct, frozen=True, kw_only=True):
    """One storage SOP class of PS3.6.

    Attributes:
        retired: whether PS3.6 calls it retired; such objects are still in archives.
    """

    uid: str
    name: str
    kind: InstanceKind
    retired: bool


@cache
def load_sop_classes() -> dict[str, SopClass]:
    """Load the packaged SOP classes by UID (``mappings/dicom/sop_classes.csv``). Loaded once, then shared.

    Raises:
        DataFileError: the table is broken; see :func:`read_sop_classes`.
    """
    return read_sop_classes(data_path("mappings", "dicom", "sop_classes.csv"))


def read_sop_classes(path: Path) -> dict[str, SopClass]:
    """Read a table of SOP classes.

    Raises:
        DataFileError: the table is broken, a UID is none, or a kind is unknown.
    """
    found: dict[str, SopClass] = {}
    for row in read_table(path, required=_COLUMNS, key=("uid",)):
        if not all(part.isascii() and part.isdigit() for part in row["uid"].split(".")):
            raise row.error(f"column 'uid' is {row['uid']!r}, not a UID")
        for column in ("name", "source"):
            if not row[column]:
                raise row.error(f"column {column!r} is empty")
        found[row["uid"]] = SopClass(
            uid=row["uid"],
            name=row["name"],
            kind=InstanceKind(row.choice("kind", _KINDS)),
            retired=row.choice("retired", ("", "yes")) == "yes",
        )
    return found


def kind_of(sop_class: str | None, modality: str | None) -> InstanceKind:
    """Return what an object is.

    The SOP class decides. Where it is not stated (an archive's answer on a series), the modality does. A SOP class
    that PS3.6 does not know is private: the modality may then say that the object is no image, but never that it is
    one, since vendors store raw data under the modality of the machine.

    Args:
        sop_class: SOP Class UID (0008,0016).
        modality: Modality (0008,0060).

    Example:
        >>> kind_of("1.2.840.10008.5.1.4.1.1.2", "CT").value
        'image'
        >>> kind_of("1.2.840.10008.5.1.4.1.1.11.1", "CT").value, kind_of(None, "SR").value
        ('presentation', 'document')
        >>> kind_of("1.3.12.2.1107.5.9.1", "MR").value
        'other'
    """
    if sop_class:
        known = load_sop_classes().get(sop_class)
        if known is not None:
            return known.kind
    row = load_modalities().get(modality.strip().upper()) if modality else None
    kind = InstanceKind.OTHER if row is None else row.kind
    return InstanceKind.OTHER if sop_class and kind is InstanceKind.IMAGE else kind
