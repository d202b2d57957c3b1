"""Checks FHIR JSON before it is written, and foreign FHIR JSON: the schema, and what a schema cannot see.

Beyond the schema: references resolve inside the Bundle and go to an allowed type, periods and ranges are the
right way round, no null, Bundle rules, and the rules of our own profiles and extensions. Values are never quoted,
only codes and element names: an issue names no patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.render.definitions import Definitions, definitions
from fhir_hr.render.encode import Json
from fhir_hr.render.parse import MAX_BYTES, MAX_DEPTH, JsonError, parse
from fhir_hr.render.release import Release
from fhir_hr.render.rules import DATATYPE_RULES, Found, extension_rules, profile_rules, resource_rules

__all__ = ["Check", "check_bundle", "check_bytes", "check_resource"]

# What a reference may look like: fragment, URN, absolute URL, or [base/]Type/id[/_history/version].
_REFERENCE = re.compile(
    r"#[A-Za-z0-9\-.]{0,64}|urn:(uuid|oid):\S+|(?P<base>https?://\S+/)?"
    r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?(#\S+)?|https?://\S+",
    re.ASCII,
)
# A place in a resource: its parent, the element, the index in a list. The root's name is its whole place.
Place: TypeAlias = "tuple[Place | None, str, int | None]"
_NOTHING: dict[str, Any] = {}
_NO_TARGETS: dict[str, list[str]] = {}
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?\S+", re.ASCII)
# In these the entries are all there is; elsewhere a server holds the rest.
_CLOSED = frozenset(("collection", "document", "message"))
_WITH_REQUEST = frozenset(("transaction", "batch", "history"))


def check_bytes(
    data: bytes, *, release: Release, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> list[Issue]:
    """Check FHIR JSON as bytes: a Bundle or a single resource.

    Duplicate keys, NaN, wrong UTF-8, and more than ``max_bytes`` or ``max_depth`` levels are issues as well.

    Example:
        >>> for issue in check_bytes(b'{"resourceType":"Patient","gender":"m"}', release=Release.R4):
        ...     print(issue)
        error fhir-invalid at Patient.gender: 'm' is not one of: female, male, other, unknown
    """
    try:
        resource = parse(data, max_bytes=max_bytes, max_depth=max_depth)
    except JsonError as error:
        return [Issue(code=IssueCode.FHIR_JSON, severity=Severity.ERROR, where="", message=str(error))]
    return check_bundle(resource, release=release)


def check_bundle(bundle: Json, *, release: Release) -> list[Issue]:
    """Check a Bundle with all its entries, or a single resource."""
    if bundle.get("resourceType") == "Bundle":
        return Check(definitions(Release(release))).bundle(bundle)
    return check_resource(bundle, release=release)


def check_resource(resource: Json, *, release: Release) -> list[Issue]:
    """Check one resource by itself; its references are checked by form and type only."""
    check = Check(definitions(Release(release)))
    kind = resource.get("resourceType")
    check.resource(resource, where=kind if isinstance(kind, str) else "resource")
    return check.issues


class Check:
    """One run over one Bundle or resource.

    Args:
        known: definitions of the release.
        bundle: type of the Bundle that resources are checked in; ``None`` for a resource by itself.
        urls: resource type by ``fullUrl`` of what that Bundle holds.
    """

    def __init__(self, known: Definitions, *, bundle: str | None = None, urls: dict[str, str] | None = None) -> None:
        self._known = known
        self.issues: list[Issue] = []
        self._urls = urls or {}
        self._ids: set[tuple[str, str]] = set()
        self._bundle = bundle
        self._contained: dict[str, str] = {}
        self._inside: dict[str, str] = {}
        self._base = ""
        self._root = ""
        self._plan = known.children

    def _say(self, where: str, words: str, code: IssueCode = IssueCode.FHIR_INVALID) -> None:
        self.issues.append(Issue(code=code, severity=Severity.ERROR, where=where, message=words))

    def _warn(self, where: str, words: str, code: IssueCode) -> None:
        self.issues.append(Issue(code=code, severity=Severity.WARNING, where=where, message=words))

    def _each(self, where: str, found: Found, code: IssueCode) -> None:
        for path, words in found:
            self._say(_at(where, path), words, code)

    # -- Bundle ------------------------------------------------------------------------------------

    def bundle(self, bundle: Json) -> list[Issue]:
        """Check a Bundle."""
        if not self._schema("Bundle", bundle, "Bundle"):
            return self.issues
        kind = bundle["type"]
        self._bundle = kind
        entries = bundle.get("entry", [])
        self._index(entries)
        self._root = "Bundle"
        self._walk("Bundle", {k: v for k, v in bundle.items() if k != "entry"}, (None, "Bundle", None))
        self._bundle_rules(bundle, kind, entries)
        for index, entry in enumerate(entries):
            resource = entry.get("resource")
            if resource is None:
                continue
            url = entry.get("fullUrl", "")
            match = _REFERENCE.fullmatch(url)
            self._base = (match.group("base") or "") if match else ""
            self.resource(resource, where=f"Bundle.entry[{index}].resource")
        return self.issues

    def _index(self, entries: list[Json]) -> None:
        for index, entry in enumerate(entries):
            resource = entry.get("resource")
            if resource is None:
                continue
            where = f"Bundle.entry[{index}]"
            kind = str(resource["resourceType"])
            url = entry.get("fullUrl")
            if url is not None:
                if url in self._urls and self._bundle != "history":
                    self._say(f"{where}.fullUrl", "the same fullUrl stands twice (bdl-7)")
                self._urls[url] = kind
            own = resource.get("id")
            if isinstance(own, str):
                if (kind, own) in self._ids and self._bundle != "history":
                    self._say(f"{where}.resource.id", f"the same {kind} id stands twice")
                self._ids.add((kind, own))
                if url is not None and url.startswith("http") and not url.endswith(f"/{kind}/{own}"):
                    self._say(f"{where}.fullUrl", "does not end with type and id of its resource")

    def _bundle_rules(self, bundle: Json, kind: str, entries: list[Json]) -> None:
        for index, entry in enumerate(entries):
            if ("request" in entry) != (kind in _WITH_REQUEST):
                word = "needs a" if kind in _WITH_REQUEST else "has no"
                self._say(f"Bundle.entry[{index}]", f"an entry of a {kind} {word} request (bdl-3)")
            if not entry.keys() & {"resource", "request", "response"}:
                self._say(f"Bundle.entry[{index}]", "holds no resource (bdl-5)")
        if kind != "document":
            return
        if not {"system", "value"} <= bundle.get("identifier", {}).keys():
            self._say("Bundle.identifier", "a document needs an identifier with system and value (bdl-9)")
        if "timestamp" not in bundle:
            self._say("Bundle.timestamp", "a document needs a timestamp (bdl-10)")
        if not entries or entries[0].get("resource", {}).get("resourceType") != "Composition":
            self._say("Bundle.entry[0]", "a document begins with a Composition (bdl-11)")

    # -- resources ---------------------------------------------------------------------------------

    def resource(self, resource: object, *, where: str, extended: bool = True) -> None:
        """Check one resource with what it contains.

        Args:
            resource: the resource.
            where: its place.
            extended: whether an extension may stand in it; without any, much need not be looked at.
        """
        if not isinstance(resource, dict):
            self._say(where, "must be an object")
            return
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or kind not in self._known.known:
            self._say(f"{where}.resourceType", f"{str(kind)[:40]!r} is no resource type of this release")
            return
        if kind not in self._known.types:
            self._warn(where, f"{kind} is not among the types that are checked", IssueCode.FHIR_INVALID)
            return
        if not self._schema(kind, resource, where):
            return
        contained = resource.get("contained", ())
        self._contained = {str(one.get("id")): str(one.get("resourceType")) for one in contained}
        self._plan = self._known.children if extended else self._known.bearing
        self._root = kind
        self._walk(kind, resource, (None, where, None))
        self._each(where, resource_rules(resource), IssueCode.FHIR_INVALID)
        if "meta" in resource or "extension" in resource:
            self._each(where, profile_rules(resource), IssueCode.FHIR_PROFILE)
        outer = self._contained
        for index, one in enumerate(contained):
            inner = f"{where}.contained[{index}]"
            if "contained" in one:
                self._say(inner, "a contained resource contains none itself (dom-2)")
                continue
            self._inside = outer
            self.resource(one, where=inner)
            self._inside = {}

    def _schema(self, kind: str, resource: Json, where: str) -> bool:
        if self._known.validator(kind).is_valid(resource):
            return True
        for path, words in self._known.errors(kind, resource):
            self._say(_at(where, path), words)
        return False

    def _walk(self, kind: str, value: Json, at: Place) -> None:
        """Visit the datatypes that rules look at."""
        plan = self._plan.get(kind, _NOTHING)
        for name, child in value.items():
            inner = plan.get(name)
            if type(child) is list:
                if inner is not None and not (inner == "Reference" and self._all_resolve(kind, name, child)):
                    for index, one in enumerate(child):
                        if one is not None:
                            self._datatype(kind, name, inner, one, (at, name, index))
                if None in child:
                    self._nulls(value, name, child, at)
            elif inner is not None:
                self._datatype(kind, name, inner, child, (at, name, None))

    def _all_resolve(self, kind: str, name: str, references: list[Json | None]) -> bool:
        """Whether these are plain references that go where they may: the long list of a report's results."""
        targets = self._known.targets.get(kind, _NO_TARGETS).get(name)
        if targets is None:
            return False
        urls, allowed = self._urls, frozenset[str | None](targets)
        return all(
            one is not None and len(one) == 1 and urls.get(one.get("reference", "")) in allowed for one in references
        )

    def _nulls(self, value: Json, name: str, child: list[object], at: Place) -> None:
        other = value.get(name[1:] if name.startswith("_") else f"_{name}")
        for index, one in enumerate(child):
            if one is None and not (isinstance(other, list) and len(other) > index and other[index] is not None):
                self._say(_where((at, name, index)), "null is not allowed")

    def _datatype(self, kind: str, name: str, inner: str, value: Json, at: Place) -> None:
        if inner == "Reference":
            reference = value.get("reference")
            if reference is not None:
                self._reference(reference, self._known.targets.get(kind, _NO_TARGETS).get(name), at)
                if len(value) == 1:
                    return
        elif inner == "CodeableReference":
            reference = value.get("reference", _NOTHING).get("reference")
            if reference is not None:
                self._reference(reference, self._known.targets.get(kind, _NO_TARGETS).get(name), at)
        elif inner in DATATYPE_RULES:
            for words in DATATYPE_RULES[inner](value):
                self._say(_where(at), words)
            if inner == "Extension":
                found = extension_rules(value, parent=_context(self._root, at))
                self._each(_where(at), found, IssueCode.FHIR_PROFILE)
        for child in value.values():
            if type(child) is dict or type(child) is list:
                self._walk(inner, value, at)
                return

    # -- references --------------------------------------------------------------------------------

    def _reference(self, reference: str, targets: list[str] | None, at: Place) -> None:
        kind = self._urls.get(reference)
        if kind is None:
            match = _REFERENCE.fullmatch(reference)
            if match is None:
                if self._bundle in ("transaction", "batch") and _CONDITIONAL.fullmatch(reference):
                    return
                self._say(f"{_where(at)}.reference", "is not a reference", IssueCode.FHIR_REFERENCE)
                return
            kind = self._resolve(reference, match, at)
        if kind is not None and targets is not None and kind not in targets:
            words = f"may not refer to {kind}; allowed: {', '.join(targets)}"
            self._say(f"{_where(at)}.reference", words, IssueCode.FHIR_REFERENCE)

    def _resolve(self, reference: str, match: re.Match[str], at: Place) -> str | None:
        """Return the type that a reference goes to, as far as it is known."""
        if reference.startswith("#"):
            found = self._contained.get(reference[1:]) or self._inside.get(reference[1:])
            if found is None and reference != "#":
                self._say(f"{_where(at)}.reference", "refers to nothing contained", IssueCode.FHIR_REFERENCE)
            return found
        kind, base = match.group("type"), match.group("base")
        if self._bundle is None or base is not None:
            return kind
        if kind is None:
            if reference.startswith("urn:"):
                self._unresolved(at)
            return None
        if self._base + reference not in self._urls and (kind, match.group("id")) not in self._ids:
            self._unresolved(at)
        return kind

    def _unresolved(self, at: Place) -> None:
        words = "refers to nothing in this Bundle"
        where = f"{_where(at)}.reference"
        if self._bundle in _CLOSED:
            self._say(where, words, IssueCode.FHIR_REFERENCE)
        else:
            self._warn(where, words, IssueCode.FHIR_REFERENCE)


def _where(at: Place) -> str:
    """Return a place as text; places are built only when something is wrong there."""
    parent, name, index = at
    if parent is None:
        return name
    text = f"{_where(parent)}.{name}"
    return text if index is None else f"{text}[{index}]"


def _context(root: str, at: Place) -> str:
    """Return what an extension stands on: ``Observation``, ``Patient.gender`` …, without indices."""
    names: list[str] = []
    parent = at[0]
    while parent is not None and parent[0] is not None:
        names.append(parent[1].lstrip("_"))
        parent = parent[0]
    return ".".join((root, *reversed(names)))


def _at(where: str, path: Iterable[str | int]) -> str:
    return where + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
