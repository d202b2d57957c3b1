"""Names that decide who may say what: jurisdictions, packs, paths.

A jurisdiction is ``cn``, ``cn-`` with two, four or six digits of GB/T 2260 (``cn-51``, ``cn-1401``,
``cn-350428``), ``cn-r-`` with a region's name or ``cn-a-`` with an alliance's. A pack's name starts with
its jurisdiction, so that nobody's key can replace another's pack.
"""

from __future__ import annotations

import re

from fhir_hr.rules.publishing.faults import Fault, refused

__all__ = ["covers", "inside", "is_jurisdiction", "is_pattern", "jurisdiction_of", "plain_path"]

_JURISDICTION = r"cn(?:-[ra]-[a-z0-9]{1,32}|-[0-9]{6}|-[0-9]{4}|-[0-9]{2})?"
_IS_JURISDICTION = re.compile(rf"{_JURISDICTION}\Z")
_PACK = re.compile(rf"({_JURISDICTION})(?:-(?![0-9ra]-|[0-9]+(?:-|\Z))[a-z0-9]+(?:-[a-z0-9]+)*)?\Z")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
_MAX_PARTS = 8
_MAX_PACK = 64


def is_jurisdiction(text: str) -> bool:
    """Tell whether a text is a jurisdiction.

    Example:
        >>> [is_jurisdiction(text) for text in ("cn", "cn-5101", "cn-r-jjj", "cn-5", "51")]
        [True, True, True, False, False]
    """
    return _IS_JURISDICTION.match(text) is not None


def jurisdiction_of(pack: str) -> str | None:
    """Return the jurisdiction that a pack's name starts with; ``None``: it is no name of a pack.

    Example:
        >>> jurisdiction_of("cn-51-lab"), jurisdiction_of("cn-350428"), jurisdiction_of("cn"), jurisdiction_of("lab")
        ('cn-51', 'cn-350428', 'cn', None)
    """
    found = _PACK.match(pack) if len(pack) <= _MAX_PACK else None
    return found[1] if found else None


def inside(jurisdiction: str, whole: str) -> bool:
    """Tell whether a jurisdiction is ``whole`` or lies in it by its digits; everything lies in ``cn``.

    Example:
        >>> inside("cn-5101", "cn-51"), inside("cn-51", "cn-5101"), inside("cn-r-jjj", "cn-11"), inside("cn-51", "cn")
        (True, False, False, True)
    """
    if whole in (jurisdiction, "cn"):
        return True
    return whole[3:].isdigit() and jurisdiction[3:].isdigit() and jurisdiction.startswith(whole)


def is_pattern(text: str) -> bool:
    """Tell whether a text can stand in a trust file: a jurisdiction, or one followed by ``*``."""
    return is_jurisdiction(text.removesuffix("*"))


def covers(pattern: str, jurisdiction: str) -> bool:
    """Tell whether a pattern of the trust file names a jurisdiction.

    ``cn-51`` is that one alone; ``cn-51*`` is that one and every one inside it.

    Example:
        >>> covers("cn-51", "cn-5101"), covers("cn-51*", "cn-5101"), covers("cn-51*", "cn-14")
        (False, True, False)
    """
    if pattern.endswith("*"):
        return inside(jurisdiction, pattern[:-1])
    return pattern == jurisdiction


def plain_path(path: str, *, file: str) -> str:
    """Return a path when it is relative and plain: parts of letters, digits, ``.``, ``_`` and ``-``.

    Raises:
        PackRefusedError: ``path-refused``: absolute, with ``..``, ``\\``, NUL, a drive, a hidden or a device's name.

    Example:
        >>> plain_path("packs/cn-51-lab/7", file="index.json")
        'packs/cn-51-lab/7'
    """
    parts = path.split("/")
    for part in parts:
        device = part.split(".")[0].lower() in _DEVICES
        if not _PART.match(part) or part.endswith(".") or ".." in part or device:
            raise refused(Fault.PATH_REFUSED, f"{path[:60]!r} is not a plain relative path", file=file)
    if len(parts) > _MAX_PARTS:
        raise refused(Fault.PATH_REFUSED, f"{path[:60]!r} has more than {_MAX_PARTS} parts", file=file)
    return path
