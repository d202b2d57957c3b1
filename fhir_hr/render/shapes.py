"""Observations spliced from shapes that were rendered and checked before.

What a sender says about an item (code, unit, range, method, status, flag) repeats for every patient. Such a shape
is rendered by :func:`fhir_hr.render.observations.observation`, checked in full and cut where ids, links and the
value stand; the next result of that shape only fills the cuts. What fills them is checked by exact rules: a finite
decimal or a clean text, ids that this library made, links that were checked once for the group of results that
shares them. A shape never holds what names a person or an event: exactly that is cut out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from fhir_hr.model.lab import Report, Result
from fhir_hr.model.values import Quantity, Text
from fhir_hr.render.datatypes import clean, technical_identifier
from fhir_hr.render.encode import Json, encode
from fhir_hr.render.observations import Links

__all__ = ["Group", "Shapes", "plain"]

MAX_SHAPES = 20_000
_LONGEST_TEXT = 1_048_576

_ID = "00000000-0000-5000-8000-000000000000"
_NUMBER = Decimal("918273645.546372819")
_TEXT = "\ue000value\ue000"
_CUTS = re.compile(
    f'("@[123]":0|{_ID}|{_NUMBER}|{_TEXT})'.encode(),
)
_SLOTS = {_ID.encode(): 0, str(_NUMBER).encode(): 1, _TEXT.encode(): 1, b'"@1":0': 2, b'"@2":0': 3, b'"@3":0': 4}

Pieces: TypeAlias = tuple[bytes | int, ...]


class Group:
    """Results of one report that share all links.

    Attributes:
        token: stands for which links there are, and for kind and sections of the report.
        links: the links.
        members, runs: the same as members of an Observation and as JSON, in the three places where they stand.
    """

    __slots__ = ("links", "members", "runs", "token")

    def __init__(self, token: int, members: tuple[Json, Json, Json], links: Links) -> None:
        self.links = links
        self.token = token
        self.members = members
        self.runs = tuple(encode(one)[1:-1] for one in members)


def plain(result: Result) -> bool:
    """Whether a result holds nothing but what a shape can: one number or text, and no remarks of its own."""
    return (
        not result.components
        and not result.notes
        and not result.identifiers
        and result.derived_from is None
        and result.focus is None
        and isinstance(result.value, Quantity | Text)
    )


class Shapes:
    """The shapes that one renderer remembers; bounded, then begun anew.

    Args:
        check: whether an Observation is valid; called once for each shape.
    """

    def __init__(self, check: Callable[[Json], bool]) -> None:
        self._check = check
        self._shapes: dict[Any, tuple[Pieces, object] | None] = {}
        self._tokens: dict[Any, int] = {}
        self._last_token = 0

    def token(self, report: Report, members: tuple[Json, Json, Json]) -> int:
        """Return the token of a group: equal for groups whose results have the same shapes."""
        key = (report.kind, report.categories, *(tuple(one) for one in members))
        found = self._tokens.get(key)
        if found is None:
            if len(self._tokens) >= MAX_SHAPES:
                self._tokens.clear()
            # Never given again, also after clearing: a group that is in use must not meet another's shapes.
            self._last_token += 1
            found = self._tokens[key] = self._last_token
        return found

    def splice(self, result: Result, group: Group, resource_id: str) -> bytes | None:
        """Return the Bundle entry of a result whose shape is known, or ``None``."""
        value = result.value
        found = self._shapes.get(_key(result, value, group))
        if found is None:
            return None
        if type(value) is Quantity:
            number = value.value
            text = str(number)
            source = value.source
            # A plain number first: this is the path that nearly every result takes.
            if source not in (None, text) and source != f"{value.comparator or ''}{text}":
                return None
            if not number.is_finite():
                return None
            content = text.encode()
        else:
            assert isinstance(value, Text)
            words = clean(value.text)
            if words is None or len(words) > _LONGEST_TEXT:
                return None
            content = encode(words)[1:-1]
        return _fill(found[0], resource_id, content, group)

    def learn(self, result: Result, group: Group, resource: Json) -> None:
        """Remember the shape of a rendered Observation when it comes for the second time.

        The shape is kept only if filling it gives the very bytes that were rendered.
        """
        value = result.value
        name = "valueQuantity" if type(value) is Quantity else "valueString"
        content = resource.get(name)
        if content is None or (isinstance(content, dict) and "extension" in content):
            return
        key = _key(result, value, group)
        if key not in self._shapes:
            # Once is not often: a sender whose definitions are made anew for each message fills no memory.
            if len(self._shapes) >= MAX_SHAPES:
                self._shapes.clear()
                return
            self._shapes[key] = None
            return
        if not self._check(resource):
            return
        # The key holds id() of these objects: keeping them keeps the ids from being used again.
        unit = value.unit if isinstance(value, Quantity) else None
        kept = (result.definition, unit, result.interpretations)
        pieces = _cut(resource, group)
        if _fill(pieces, resource["id"], _content(resource), group) == _entry(resource):
            self._shapes[key] = (pieces, kept)


def _key(result: Result, value: object, group: Group) -> tuple[object, ...]:
    interpretations = result.interpretations
    if len(interpretations) > 1:
        marks: object = interpretations
    else:
        marks = id(interpretations[0]) if interpretations else 0
    unit: object = None
    comparator = None
    if type(value) is Quantity:
        unit, comparator = id(value.unit), value.comparator
    return (
        group.token,
        id(result.definition),
        id(result.status),
        result.status_source,
        unit,
        comparator,
        marks,
        result.flag,
    )


def _fill(pieces: Pieces, resource_id: str, content: bytes, group: Group) -> bytes:
    fill = (resource_id.encode(), content, *group.runs)
    return b"".join([fill[piece] if type(piece) is int else piece for piece in pieces])  # type: ignore[misc]


def _content(resource: Json) -> bytes:
    if "valueQuantity" in resource:
        return str(resource["valueQuantity"]["value"]).encode()
    return encode(resource["valueString"])[1:-1]


def _entry(resource: Json) -> bytes:
    return encode({"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource})


def _cut(resource: Json, group: Group) -> Pieces:
    """Return the pieces of the Bundle entry, and numbers where something is filled in."""
    places = {name: number for number, members in enumerate(group.members, 1) for name in members}
    blank: Json = {}
    for name, value in resource.items():
        place = places.get(name)
        if place is not None:
            blank[f"@{place}"] = 0
        elif name == "id":
            blank[name] = _ID
        elif name == "identifier":
            blank[name] = [technical_identifier(_ID), *value[1:]]
        elif name == "valueQuantity":
            blank[name] = {**value, "value": _NUMBER}
        elif name == "valueString":
            blank[name] = _TEXT
        else:
            blank[name] = value
    return tuple(_SLOTS.get(piece, piece) for piece in _CUTS.split(_entry(blank)) if piece)
