"""Reading of one profile file (TOML) into its struct: what all sender profiles check alike."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.identifiers import is_uscc
from fhir_hr.mapping.tables import MAX_BYTES, line_of, read_toml
from fhir_hr.model.priors import Institution

__all__ = ["common_faults", "institution_faults", "read_profile"]

_REQUIRED = ("id", "title", "source")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_ZONE = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_DIVISION = re.compile(r"[1-9]\d{5}")


class _Profile(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def charset(self) -> str | None: ...
    @property
    def institution(self) -> Institution | None: ...


_P = TypeVar("_P", bound=msgspec.Struct)


def read_profile(path: Path, kind: type[_P], faults: Callable[[_P], Iterable[tuple[str, str]]]) -> _P:
    """Read one profile.

    Args:
        path: the file.
        kind: the struct; its fields are the keys, of which ``id``, ``title`` and ``source`` are needed.
        faults: yields what is wrong with the values, each with its key.

    Raises:
        DataFileError: an unknown key, a value of the wrong type, or a fault.
    """
    fields = kind.__struct_fields__
    data = read_toml(path, required=_REQUIRED, optional=[name for name in fields if name not in _REQUIRED])
    text = path.read_bytes()[:MAX_BYTES].decode("utf-8")

    def fail(message: str, key: str) -> DataFileError:
        return DataFileError(message, file=path.name, line=line_of(text, key))

    stated = data.get("institution")
    if isinstance(stated, dict):
        for name in stated:
            if name not in Institution.__struct_fields__:
                raise fail(f"unknown key 'institution.{name}'", name)
    try:
        profile = msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise DataFileError(str(error), file=path.name, line=_line_of_error(text, str(error))) from error
    for message, key in faults(profile):
        raise fail(message, key)
    return profile


def _line_of_error(text: str, message: str) -> int | None:
    """Find the line of the key that msgspec names (``field `x```, else the first part of ``$.x.y``)."""
    for pattern in (r"unknown field `([^`]*)`", r"`\$\.([^.`\[]+)"):
        found = re.search(pattern, message)
        if found and (line := line_of(text, found.group(1))):
            return line
    return None


def common_faults(profile: _Profile) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with id, source, zone and character set, each with its key."""
    if not _ID.fullmatch(profile.id):
        yield f"id {profile.id!r} is not lower-case letters, digits and hyphens", "id"
    if not profile.source.strip():
        yield "source is empty: say who states these facts", "source"
    if not _ZONE.fullmatch(profile.zone):
        yield f"zone {profile.zone!r} is not an offset like +08:00", "zone"
    if profile.charset is not None and not _is_codec(profile.charset):
        yield f"charset {profile.charset!r} is not a known codec", "charset"


def institution_faults(institution: Institution | None) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with the institution of a profile, each with its key."""
    if institution is None:
        return
    if not is_uscc(institution.id):
        yield "institution.id is not a 统一社会信用代码 (18 characters with a check character)", "institution"
    if institution.division is not None and not _DIVISION.fullmatch(institution.division):
        yield f"institution.division {institution.division!r} is not six digits", "division"


def _is_codec(name: str) -> bool:
    try:
        return codecs.lookup(name).name not in ("idna", "punycode")
    except (LookupError, ValueError):
        return False
