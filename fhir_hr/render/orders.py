"""The order that a report answers, and its specimens."""

from __future__ import annotations

from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.model.codes import Identifier
from fhir_hr.model.lab import Note, Report, Request, Specimen
from fhir_hr.model.people import Performer
from fhir_hr.render.collect import Collector, reference
from fhir_hr.render.datatypes import (
    PROFILE,
    absent,
    clean,
    concept,
    concepts,
    identifier,
    period,
    put_when,
    quantity,
    technical_identifier,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.observations import note_list, status_source
from fhir_hr.render.parties import Parties
from fhir_hr.render.r4 import R4

__all__ = ["note_authors", "order_identifiers", "service_request", "specimen"]

_REQUEST_STATUS = frozenset(("draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"))
_INTENTS = frozenset(
    (
        "proposal",
        "plan",
        "directive",
        "order",
        "original-order",
        "reflex-order",
        "filler-order",
        "instance-order",
        "option",
    )
)
_PRIORITIES = frozenset(("routine", "urgent", "asap", "stat"))


def typed(value: Identifier | None, code: str, display: str) -> Json | None:
    """Return an order number with its type of HL7 table 0203, unless it brings its own type."""
    if value is None or not clean(value.value):
        return None
    out = identifier(value)
    if "type" not in out:
        kind = {"coding": [{"system": V2_0203, "code": code, "display": display}]}
        out = {"type": kind, **out}
    return out


def order_identifiers(request: Request | None) -> list[Json]:
    """Return placer and filler number of an order."""
    if request is None:
        return []
    both = (
        typed(request.placer, "PLAC", "Placer Identifier"),
        typed(request.filler, "FILL", "Filler Identifier"),
    )
    return [found for found in both if found is not None]


def note_authors(notes: tuple[Note, ...], parties: Parties) -> tuple[str | None, ...]:
    """Add the authors of notes; return their ids."""
    return tuple(parties.author(note.author) if note.author is not None else None for note in notes)


def service_request(
    request: Request, report: Report, out: Collector, *, parties: Parties, dialect: R4, specimens: list[str]
) -> str:
    """Add the ServiceRequest; return its id."""
    resource_id = out.ids.make("ServiceRequest", request.key)
    if out.has(resource_id):
        return resource_id
    resource = out.base("ServiceRequest", resource_id)
    resource["identifier"] = [*order_identifiers(request), technical_identifier(resource_id)]
    if report.parent is not None and report.parent.order is not None:
        resource["basedOn"] = [{"type": "ServiceRequest", "identifier": identifier(report.parent.order)}]
    if request.group is not None and clean(request.group.value):
        resource["requisition"] = identifier(request.group)
    status = request.status if request.status in _REQUEST_STATUS else "unknown"
    resource["status"] = status
    if status == "unknown" and (extra := status_source(request.status_source, status)):
        resource["_status"] = extra
    resource["intent"] = request.intent if request.intent in _INTENTS else "order"
    if request.priority in _PRIORITIES:
        resource["priority"] = request.priority
    if code := concept(request.code):
        resource["code"] = dialect.request_code(code)
    # ServiceRequest.subject is mandatory; a message without PID says that it is unknown.
    resource["subject"] = reference(out.patient) if out.patient else {"extension": absent()}
    if out.encounter:
        resource["encounter"] = reference(out.encounter)
    put_when(resource, "authoredOn", request.authored)
    if request.requester is not None and (found := parties.performer(request.requester)):
        resource["requester"] = reference(found)
    dialect.put_reasons(resource, request.reasons)
    if specimens:
        resource["specimen"] = [reference(one) for one in specimens]
    if notes := note_list(request.notes, note_authors(request.notes, parties)):
        resource["note"] = notes
    out.add("ServiceRequest", resource_id, resource)
    return resource_id


def specimen(value: Specimen, report: Report, out: Collector, *, parties: Parties, dialect: R4) -> str:
    """Add the Specimen; return its id."""
    resource_id = out.ids.make("Specimen", specimen_key(value, report))
    if out.has(resource_id):
        return resource_id
    profile = f"{PROFILE}recognised-specimen" if out.patient else None
    resource = out.base("Specimen", resource_id, profile=profile)
    resource["identifier"] = [
        *(identifier(one) for one in value.identifiers if clean(one.value)),
        technical_identifier(resource_id),
    ]
    if value.accession is not None and clean(value.accession.value):
        resource["accessionIdentifier"] = identifier(value.accession)
    if value.available is not None:
        resource["status"] = "available" if value.available else "unavailable"
    if found := concept(value.type):
        resource["type"] = found
    if out.patient:
        resource["subject"] = reference(out.patient)
    put_when(resource, "receivedTime", value.received)
    if value.parent is not None and clean(value.parent.value):
        resource["parent"] = [{"type": "Specimen", "identifier": identifier(value.parent)}]
    if collection := _collection(value, parties=parties, dialect=dialect):
        resource["collection"] = collection
    dialect.put_container(resource, value)
    if conditions := concepts(value.conditions):
        resource["condition"] = conditions
    if notes := note_list(value.notes, note_authors(value.notes, parties)):
        resource["note"] = notes
    out.add("Specimen", resource_id, resource)
    return resource_id


def specimen_key(value: Specimen, report: Report) -> str:
    """Return the business key: the specimen's own number, else its place in the report."""
    return value.identifiers[0].key if value.identifiers else f"{report.key}|{value.key}"


def _collection(value: Specimen, *, parties: Parties, dialect: R4) -> Json:
    out: Json = {}
    collector: Performer | None = value.collector
    if collector is not None and (found := parties.person(collector)):
        out["collector"] = reference(found)
    if value.collected is not None:
        if value.collected.end is not None:
            out["collectedPeriod"] = period(value.collected)
        else:
            put_when(out, "collectedDateTime", value.collected.start)
    if value.quantity is not None and value.quantity.value.is_finite():
        out["quantity"] = quantity(value.quantity)
        out["quantity"].pop("comparator", None)
    if method := concept(value.method):
        out["method"] = method
    dialect.put_collection_site(out, value.body_site)
    return out
