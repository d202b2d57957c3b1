"""Provenance, Composition, and the Bundle itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fhir_hr.errors import UsageError
from fhir_hr.model.lab import ReportKind, ReportMessage, ReportStatus
from fhir_hr.render.collect import Collector, entry, reference
from fhir_hr.render.datatypes import (
    absent,
    clean,
    concept,
    put_instant,
    technical_identifier,
)
from fhir_hr.render.encode import Json, encode
from fhir_hr.render.r4 import R4
from fhir_hr.render.release import BundleKind

__all__ = ["assemble", "composition", "moment_of", "provenance"]

_LOINC = "http://loinc.org"
_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_SOFTWARE = "fhir_hr"
# LOINC document types: https://loinc.org/11502-2 and https://loinc.org/18748-4.
_DOCUMENT_TYPES = {
    ReportKind.LABORATORY: (
        {"system": _LOINC, "code": "11502-2", "display": "Laboratory report"},
        "检验报告",
    ),
    ReportKind.IMAGING: (
        {"system": _LOINC, "code": "18748-4", "display": "Diagnostic imaging study"},
        "检查报告",
    ),
    ReportKind.OTHER: (None, "检查检验报告"),
}
_UID = re.compile(r"[0-2](\.[0-9]+)+", re.ASCII)
_IMAGES_TITLE = "检查影像"
_AMENDED = frozenset((ReportStatus.AMENDED, ReportStatus.CORRECTED, ReportStatus.APPENDED))


def moment_of(message: ReportMessage, timestamp: str | None) -> str | None:
    """Return the time of writing: the caller's, else when the message or its report was made. Never a clock."""
    if timestamp is not None:
        return timestamp
    candidates = (message.created, message.origin.received, *(report.issued for report in message.reports))
    return next((when.iso for when in candidates if when is not None and when.is_moment), None)


def message_key(message: ReportMessage) -> str:
    """Return the business key of the message: its control id, else the digest of its bytes."""
    origin = message.origin
    return f"{origin.system}|{origin.message_id or origin.sha256}"


def provenance(out: Collector, targets: list[str], *, sender: str | None, recorded: str | None) -> None:
    """Add the Provenance: which message the reports and studies were taken from, and whose it was."""
    message = out.message
    resource_id = out.ids.make("Provenance", message_key(message))
    resource = out.base("Provenance", resource_id)
    resource["target"] = [reference(one) for one in targets]
    if recorded is not None:
        resource["recorded"] = recorded
    elif message.created is not None:
        put_instant(resource, "recorded", message.created)
    else:
        # Mandatory in R4; a message without a date of its own says that it is unknown.
        resource["_recorded"] = {"extension": absent()}
    resource["activity"] = {"text": clean(f"converted from {message.origin.format} {message.type}".strip())}
    who = reference(sender) if sender else {"display": clean(message.origin.system) or "unknown"}
    resource["agent"] = [
        {"type": _agent("author", "Author"), "who": who},
        {"type": _agent("assembler", "Assembler"), "who": {"display": _SOFTWARE}},
    ]
    source: Json = {"identifier": {"type": {"text": "SHA-256"}, "value": message.origin.sha256}}
    if not message.origin.sha256:
        # A study is read from many files and never in whole: its own number stands for it.
        source = _by_number(message.origin.message_id)
    if text := clean(message.control_id):
        source["display"] = clean(f"{message.type} {text}".strip())
    resource["entity"] = [{"role": "source", "what": source}]
    out.add("Provenance", resource_id, resource)


def _by_number(number: str | None) -> Json:
    if number and _UID.fullmatch(number):
        return {"identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{number}"}}
    text = clean(number)
    return {"identifier": {"value": text}} if text else {"display": "unknown"}


def _agent(code: str, display: str) -> Json:
    return {"coding": [{"system": _AGENT, "code": code, "display": display}]}


def composition(
    out: Collector,
    report_ids: dict[str, str],
    *,
    study_ids: Sequence[str] = (),
    sender: str | None,
    timestamp: str,
    dialect: R4,
) -> tuple[str, Json]:
    """Return id and resource of the Composition that makes a document of the reports and their images."""
    message = out.message
    resource_id = out.ids.make("Composition", message_key(message))
    resource = out.base("Composition", resource_id)
    resource["identifier"] = dialect.composition_identifier(technical_identifier(resource_id))
    resource["status"] = _composition_status(message)
    kind = message.reports[0].kind
    coding, title = _DOCUMENT_TYPES[kind if all(r.kind is kind for r in message.reports) else ReportKind.OTHER]
    resource["type"] = {"coding": [coding], "text": title} if coding is not None else {"text": title}
    if out.patient:
        resource["subject"] = dialect.composition_subject(reference(out.patient))
    if out.encounter:
        resource["encounter"] = reference(out.encounter)
    resource["date"] = timestamp
    resource["author"] = [reference(sender) if sender else {"display": clean(message.origin.system) or "unknown"}]
    resource["title"] = title
    resource["section"] = [
        {
            "title": clean(report.code.text) or title,
            **({"code": code} if (code := concept(report.code)) else {}),
            "entry": [reference(report_ids[report.key])],
        }
        for report in message.reports
    ]
    if study_ids:
        resource["section"].append({"title": _IMAGES_TITLE, "entry": [reference(one) for one in study_ids]})
    return resource_id, resource


def _composition_status(message: ReportMessage) -> str:
    statuses = {report.status for report in message.reports}
    if statuses == {ReportStatus.ENTERED_IN_ERROR}:
        return "entered-in-error"
    if statuses & {
        ReportStatus.REGISTERED,
        ReportStatus.PARTIAL,
        ReportStatus.PRELIMINARY,
        ReportStatus.UNKNOWN,
    }:
        return "preliminary"
    return "amended" if statuses & _AMENDED else "final"


def assemble(out: Collector, *, kind: BundleKind, timestamp: str | None, head: tuple[str, Json] | None = None) -> bytes:
    """Encode the Bundle.

    Args:
        out: the resources.
        kind: collection, transaction or document.
        timestamp: ``Bundle.timestamp``.
        head: the Composition of a document.

    Raises:
        UsageError: a document has no time to be dated with.
    """
    bundle_id = out.ids.make("Bundle", f"{kind}|{message_key(out.message)}")
    start: Json = {"resourceType": "Bundle", "id": bundle_id}
    if kind is BundleKind.DOCUMENT:
        if timestamp is None:
            msg = "a document needs a timestamp: the message states no time to the second; pass timestamp="
            raise UsageError(msg)
        start["identifier"] = technical_identifier(bundle_id)
    start["type"] = kind.value
    if timestamp is not None:
        start["timestamp"] = timestamp
    entries = [entry(*head)] if head is not None else []
    for name in out.ORDER:
        if kind is BundleKind.TRANSACTION:
            entries += [_conditional(name, one, resource) for one, resource, _ in out.kinds[name] if resource]
        else:
            entries += [ready for _, _, ready in out.kinds[name]]
    opening = encode(start)[:-1]
    if not entries:
        return opening + b"}"
    return b"".join((opening, b',"entry":[', b",".join(entries), b"]}"))


def _conditional(kind: str, resource_id: str, resource: Json) -> bytes:
    """Return the entry of a transaction: a conditional update on our own identifier."""
    # A conditional update decides the id on the server; with an id in the body, servers that gave the resource
    # another id before must refuse (FHIR http.html#cond-update).
    resource = {key: value for key, value in resource.items() if key != "id"}
    tag = technical_identifier(resource_id)
    if kind == "Provenance":
        # Provenance has no identifier to search by; a tag is searched the same way.
        resource = {**resource, "meta": {"tag": [{"system": tag["system"], "code": tag["value"]}]}}
        condition = f"Provenance?_tag={tag['system']}|{tag['value']}"
    else:
        condition = f"{kind}?identifier={tag['system']}|{tag['value']}"
    request = {"method": "PUT", "url": condition}
    return encode({"fullUrl": f"urn:uuid:{resource_id}", "resource": resource, "request": request})
