"""Names and addresses of a pack's resources, and the elements that all of them share."""

from __future__ import annotations

import re

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.render.encode import Json
from fhir_hr.rules.schema import PackContent

__all__ = ["computer_name", "head", "jurisdiction", "period", "url_of"]

_WORD = re.compile(r"[A-Za-z0-9]+")
_WHOLE_COUNTRY = "000000"


def url_of(kind: str, name: str) -> str:
    """Return the canonical address of a resource."""
    return f"{CANONICAL}/{kind}/{name}"


def computer_name(text: str) -> str:
    """Return a name as FHIR wants it for machines.

    Example:
        >>> computer_name("pack-cn-51-lab")
        'PackCn51Lab'
    """
    return "".join(word[0].upper() + word[1:] for word in _WORD.findall(text))


def jurisdiction(content: PackContent) -> list[Json]:
    """Return where the pack applies: China as code, the divisions (GB/T 2260) as text.

    Only the country has a code in the system that FHIR names; a division written as one would be our invention.
    """
    china: Json = {"system": "urn:iso:std:iso:3166", "code": "CN", "display": "China"}
    inside = [code for code in content.applies.divisions if code != _WHOLE_COUNTRY]
    if not inside:
        return [{"coding": [china]}]
    return [{"coding": [china], "text": f"GB/T 2260 {code}"} for code in inside]


def head(kind: str, name: str, content: PackContent, *, title: str, suffix: str = "") -> Json:
    """Return a conformance resource with id, address, version, name, title, status and publisher."""
    resource: Json = {
        "resourceType": kind,
        "id": name,
        "language": "zh-CN",
        "url": url_of(kind, name),
        "version": content.version,
        "name": computer_name(name) + suffix,
        "title": title,
        "status": "active",
        "experimental": False,
    }
    if content.authority:
        resource["publisher"] = content.authority
    return resource


def period(start: str | None, end: str | None) -> Json | None:
    """Return a Period; ``None`` when it is open on both sides."""
    made = {name: day for name, day in (("start", start), ("end", end)) if day}
    return made or None
