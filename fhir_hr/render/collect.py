"""Collects the resources of one message, each once, and what could not be said."""

from __future__ import annotations

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.lab import ReportMessage
from fhir_hr.render.encode import Json
from fhir_hr.render.ids import IdMaker

__all__ = ["Collector", "reference", "sender_key"]


def reference(resource_id: str) -> Json:
    """Return a ``Reference`` to a resource of the same Bundle."""
    return {"reference": f"urn:uuid:{resource_id}"}


def sender_key(message: ReportMessage) -> str:
    """Return the stable key of the sending institution, the scope of all its business keys."""
    sender = message.sender
    if sender.identifiers:
        return sender.identifiers[0].key
    return sender.name or message.origin.system


class Collector:
    """The resources of one Bundle while it is built.

    Attributes:
        message: what is rendered.
        ids: makes the resource ids.
        resources: ``(id, resource)`` in order of their kind's place in the Bundle, filled by :meth:`add`.
        issues: what was left out or doubted while writing.
        patient, encounter: references, once rendered.
    """

    # Business resources first; parties that they refer to after them.
    ORDER = (
        "Patient",
        "Encounter",
        "DiagnosticReport",
        "ServiceRequest",
        "Specimen",
        "Observation",
        "Practitioner",
        "PractitionerRole",
        "Device",
        "Organization",
        "Provenance",
    )

    __slots__ = ("encounter", "ids", "issues", "kinds", "message", "patient", "types")

    def __init__(self, message: ReportMessage, *, ids: IdMaker) -> None:
        self.message = message
        self.ids = ids
        self.kinds: dict[str, list[tuple[str, Json | bytes]]] = {kind: [] for kind in self.ORDER}
        self.types: dict[str, str] = {}
        self.issues: list[Issue] = []
        self.patient: str | None = None
        self.encounter: str | None = None

    def has(self, resource_id: str) -> bool:
        """Whether the resource is there already."""
        return resource_id in self.types

    def add(self, kind: str, resource_id: str, resource: Json | bytes) -> None:
        """Add a resource; bytes are ready JSON that was checked by its shape."""
        self.types[resource_id] = kind
        self.kinds[kind].append((resource_id, resource))

    def issue(self, code: IssueCode, where: str, message: str, *, severity: Severity = Severity.WARNING) -> None:
        """Report what could not be said in FHIR."""
        self.issues.append(Issue(code=code, severity=severity, where=where, message=message))

    def base(self, kind: str, resource_id: str, *, profile: str | None = None) -> Json:
        """Return the beginning of a resource."""
        out: Json = {"resourceType": kind, "id": resource_id}
        if profile is not None:
            out["meta"] = {"profile": [profile]}
        return out
