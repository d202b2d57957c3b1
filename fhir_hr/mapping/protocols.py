"""Technique limits that a hospital states, and whether a series meets them ("meets protocol", never "good image").

No limits ship: the policy texts that were read give no numbers (太原市 三(四) points to an 附件3 that was not seen).
A header without the tag leaves its limit unknown. Motion, artefacts and positioning are in no header.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.tables import MAX_BYTES, line_of, read_toml
from fhir_hr.mapping.text import fold
from fhir_hr.model.imaging import Series, Technique

__all__ = ["Indicator", "Limit", "TechniqueProtocol", "meets", "read_protocol", "read_protocols"]

_KEYS = ("id", "title", "source", "limits")
_MODALITIES = "CT, MR, DX, CR, MG"
_NUMBERS = frozenset(
    {
        "slice_thickness", "spacing_between_slices", "kvp", "exposure", "ctdi_vol", "reconstruction_diameter", "rows",
        "columns", "exposure_index", "target_exposure_index", "deviation_index", "compression_force",
        "body_part_thickness", "magnetic_field_strength", "repetition_time", "echo_time",
    }
)  # fmt: skip
_FLAGS = frozenset({"lossy", "burned_in", "quality_control"})

Stated: TypeAlias = "float | int | str | bool | None"


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a value of :class:`fhir_hr.model.imaging.Technique` must be, in its unit. All that is given must hold.

    Attributes:
        min, max: both inclusive.
        one_of: allowed texts; width, case and spaces are all the same.
        equals: yes or no.
    """

    min: float | None = None
    max: float | None = None
    one_of: tuple[str, ...] = ()
    equals: bool | None = None

    @property
    def text(self) -> str:
        """The limit for a person, e.g. ``≥ 100, ≤ 120``."""
        parts = [f"≥ {self.min:g}"] if self.min is not None else []
        parts += [f"≤ {self.max:g}"] if self.max is not None else []
        parts += [" | ".join(self.one_of)] if self.one_of else []
        parts += [_yes(self.equals)] if self.equals is not None else []
        return ", ".join(parts)


class TechniqueProtocol(msgspec.Struct, frozen=True, kw_only=True):
    """Limits for the series of one modality.

    Attributes:
        source: who states them, and where.
        modality: DICOM modality that they are for.
        limits: by field of :class:`fhir_hr.model.imaging.Technique`.
    """

    id: str
    title: str
    source: str
    modality: str
    limits: Mapping[str, Limit]


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one limit is met.

    Attributes:
        name: field of the technique.
        holds: ``None`` when the header does not state it.
        stated: what the header states, as text; ``None``: nothing.
        limit: the limit, for a person.
        protocol: id of the protocol that sets it.
    """

    name: str
    holds: bool | None
    stated: str | None
    limit: str
    protocol: str


def meets(series: Series, protocol: TechniqueProtocol) -> tuple[Indicator, ...]:
    """Compare what a series states with a protocol's limits, in the order of the protocol.

    A series of another modality answers with nothing; one that states no modality leaves all unknown.

    Example:
        >>> plain = TechniqueProtocol(id="x", title="x", source="x", modality="CT",
        ...     limits={"slice_thickness": Limit(max=1.5), "kvp": Limit(min=100)})
        >>> made = Series(uid="1", modality="CT", technique=Technique(slice_thickness=5.0))
        >>> [(one.name, one.holds, one.stated, one.limit) for one in meets(made, plain)]
        [('slice_thickness', False, '5', '≤ 1.5'), ('kvp', None, None, '≥ 100')]
    """
    modality = (series.modality or "").strip().upper()
    if modality and modality != protocol.modality:
        return ()
    technique = series.technique if modality and series.technique is not None else Technique()
    return tuple(
        _indicator(name, limit, getattr(technique, name), protocol.id) for name, limit in protocol.limits.items()
    )


def _indicator(name: str, limit: Limit, stated: Stated, protocol: str) -> Indicator:
    return Indicator(name=name, holds=_holds(limit, stated), stated=_text(stated), limit=limit.text, protocol=protocol)


def _holds(limit: Limit, stated: Stated) -> bool | None:
    if stated is None or stated == "":
        return None
    if isinstance(stated, bool):
        return stated is limit.equals
    if isinstance(stated, str):
        return fold(stated) in {fold(word) for word in limit.one_of}
    if not math.isfinite(stated):
        return None
    return (limit.min is None or stated >= limit.min) and (limit.max is None or stated <= limit.max)


def _text(stated: Stated) -> str | None:
    if stated is None or stated == "":
        return None
    if isinstance(stated, bool):
        return _yes(stated)
    return stated if isinstance(stated, str) else f"{stated:g}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def read_protocols(folder: Path) -> tuple[TechniqueProtocol, ...]:
    """Read all protocols of a folder (``*.toml``), by file name.

    Raises:
        DataFileError: it is no folder, a protocol is broken, or its id is not the file's name.
    """
    if not folder.is_dir():
        raise DataFileError("is not a folder of technique protocols", file=folder.name)
    found = []
    for path in sorted(folder.glob("*.toml")):
        protocol = read_protocol(path)
        if protocol.id != path.stem:
            raise DataFileError(f"id {protocol.id!r} is not the file's name", file=path.name)
        found.append(protocol)
    return tuple(found)


def read_protocol(path: Path) -> TechniqueProtocol:
    """Read one protocol.

    Raises:
        DataFileError: an unknown key or technique, a value of the wrong type, a limit that does not fit its technique,
            or an empty source.
    """
    data = read_toml(path, required=(*_KEYS, "modality"))
    text = path.read_bytes()[:MAX_BYTES].decode("utf-8")
    try:
        protocol = msgspec.convert(data, TechniqueProtocol)
    except msgspec.ValidationError as error:
        raise DataFileError(str(error), file=path.name, line=line_of(text, "limits")) from error
    for message, key in _faults(protocol):
        raise DataFileError(message, file=path.name, line=line_of(text, key))
    return protocol


def _faults(protocol: TechniqueProtocol) -> Iterator[tuple[str, str]]:
    for name in ("id", "title", "source"):
        if not getattr(protocol, name).strip():
            yield f"{name} is empty", name
    if protocol.modality not in _MODALITIES.split(", "):
        yield f"modality {protocol.modality!r} is none of {_MODALITIES}", "modality"
    if not protocol.limits:
        yield "limits is empty", "limits"
    for name, limit in protocol.limits.items():
        yield from ((message, name) for message in _limit_faults(name, limit))


def _limit_faults(name: str, limit: Limit) -> Iterator[str]:
    if name not in Technique.__struct_fields__:
        yield f"{name!r} is no technique that headers state"
        return
    numeric, flag = limit.min is not None or limit.max is not None, limit.equals is not None
    if [numeric, flag, bool(limit.one_of)].count(True) != 1:
        yield f"{name} needs min and max, or one_of, or equals"
    elif numeric is not (name in _NUMBERS):
        yield f"{name} is {'a number' if name in _NUMBERS else 'no number'}"
    elif flag is not (name in _FLAGS):
        yield f"{name} is {'yes or no' if name in _FLAGS else 'neither yes nor no'}"
    elif not all(value is None or math.isfinite(value) for value in (limit.min, limit.max)):
        yield f"{name} has a limit that is no number"
    elif limit.min is not None and limit.max is not None and limit.min > limit.max:
        yield f"{name} has a min above its max"
    elif "" in map(fold, limit.one_of):
        yield f"{name} has an empty text"
