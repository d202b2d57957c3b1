"""Collects the resources of one message, each once, and what could not be said."""

from __future__ import annotations

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.lab import ReportMessage
from fhir_hr.render.encode import Json, encode
from fhir_hr.render.ids import IdMaker

__all__ = ["Collector", "entry", "reference", "sender_key"]


def reference(resource_id: str) -> Json:
    """Return a ``Reference`` to a resource of the same Bundle."""
    return {"reference": f"urn:uuid:{resource_id}"}


def sender_key(message: ReportMessage) -> str:
    """Return the stable key of the sending institution, the scope of all its business keys."""
    sender = message.sender
    if sender.identifiers:
        return sender.identifiers[0].key
    return sender.name or message.origin.system


def entry(resource_id: str, resource: Json) -> bytes:
    """Return the Bundle entry of a resource."""
    return encode({"fullUrl": f"urn:uuid:{resource_id}", "resource": resource})


class Collector:
    """The resources of one Bundle while it is built.

    Attributes:
        message: what is rendered.
        ids: makes the resource ids.
        kinds: ``(id, resource, Bundle entry)`` by kind, in order of their place in the Bundle, filled by :meth:`add`.
        types: kind of each resource by id.
        links: members shared by groups of spliced Observations, to be checked once for each group.
        probes: by id, what is checked in place of a resource that repeats one form very often.
        issues: what was left out or doubted while writing.
        patient, encounter: references, once rendered.
    """

    # Business resources first; parties that they refer to after them.
    ORDER = (
        "Patient",
        "Encounter",
        "DiagnosticReport",
        "ImagingStudy",
        "ServiceRequest",
        "Specimen",
        "Observation",
        "Practitioner",
        "PractitionerRole",
        "Device",
        "Organization",
        "Endpoint",
        "Provenance",
    )

    __slots__ = ("encounter", "ids", "issues", "kinds", "links", "message", "patient", "probes", "types")

    def __init__(self, message: ReportMessage, *, ids: IdMaker) -> None:
        self.message = message
        self.ids = ids
        self.kinds: dict[str, list[tuple[str, Json | None, bytes]]] = {kind: [] for kind in self.ORDER}
        self.types: dict[str, str] = {}
        self.links: list[tuple[Json, Json, Json]] = []
        self.probes: dict[str, Json] = {}
        self.issues: list[Issue] = []
        self.patient: str | None = None
        self.encounter: str | None = None

    def has(self, resource_id: str) -> bool:
        """Whether the resource is there already."""
        return resource_id in self.types

    def add(self, kind: str, resource_id: str, resource: Json, *, probe: Json | None = None) -> None:
        """Add a rendered resource; ``probe`` is checked in its place."""
        if probe is not None:
            self.probes[resource_id] = probe
        self.types[resource_id] = kind
        self.kinds[kind].append((resource_id, resource, entry(resource_id, resource)))

    def add_checked(self, kind: str, resource_id: str, ready: bytes) -> None:
        """Add the ready entry of a resource that was checked before."""
        self.types[resource_id] = kind
        self.kinds[kind].append((resource_id, None, ready))

    def last(self, kind: str) -> Json:
        """Return the resource of a kind that was added last."""
        resource = self.kinds[kind][-1][1]
        assert resource is not None
        return resource

    def issue(self, code: IssueCode, where: str, message: str, *, severity: Severity = Severity.WARNING) -> None:
        """Report what could not be said in FHIR."""
        self.issues.append(Issue(code=code, severity=severity, where=where, message=message))

    def base(self, kind: str, resource_id: str, *, profile: str | None = None) -> Json:
        """Return the beginning of a resource."""
        out: Json = {"resourceType": kind, "id": resource_id}
        if profile is not None:
            out["meta"] = {"profile": [profile]}
        return out
