"""Where the images of a study can be fetched or looked at, as Endpoint."""

from __future__ import annotations

import re

from fhir_hr.issues import IssueCode
from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.model.imaging import Access, AccessKind
from fhir_hr.render.collect import Collector, reference
from fhir_hr.render.datatypes import PROFILE, clean, technical_identifier
from fhir_hr.render.encode import Json
from fhir_hr.render.ids import IdMaker
from fhir_hr.render.parties import Parties
from fhir_hr.render.r4 import R4

__all__ = ["CONNECTION", "OWN_CONNECTION", "endpoint"]

CONNECTION = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
OWN_CONNECTION = f"{CANONICAL}/CodeSystem/image-connection"
_PAYLOAD = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type"
_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f]+")
# The resource that IHE Invoke Image Display (RAD-106) names; any other page is not that protocol.
_IID = "IHEInvokeImageDisplay"
_WADO: Json = {"system": CONNECTION, "code": "dicom-wado-rs", "display": "DICOM WADO-RS"}
_VIEWER: Json = {"system": OWN_CONNECTION, "code": "image-viewer", "display": "Image viewer"}
# Only R4's own code system has it; in HL7 Terminology 5.1, which R5 uses, it is gone.
_INVOKE: Json = {"system": CONNECTION, "code": "ihe-iid", "display": "IHE IID"}
_DICOM: Json = {"text": "DICOM"}
# HL7 Terminology: the endpoint serves a page, no payload (so does IHE MADO's web viewer).
_NO_PAYLOAD: Json = {"coding": [{"system": _PAYLOAD, "code": "none", "display": "None"}]}


def endpoint(access: Access, out: Collector, *, ids: IdMaker, parties: Parties, dialect: R4) -> str | None:
    """Add the Endpoint of an address, once; return its id, or ``None`` when the address is none."""
    resource_id = ids.make("Endpoint", f"{access.kind}|{access.address}")
    if out.has(resource_id):
        return resource_id
    if not _ADDRESS.fullmatch(access.address):
        out.issue(IssueCode.FIELD_UNMAPPED, "", "the address of the images is no http address; it was left out")
        return None
    resource = out.base("Endpoint", resource_id, profile=f"{PROFILE}imaging-endpoint")
    resource["identifier"] = [technical_identifier(resource_id)]
    resource["status"] = "active"
    if text := clean(access.name):
        resource["name"] = text
    if access.organization is not None and (owner := parties.organization(access.organization)):
        resource["managingOrganization"] = reference(owner)
    if access.kind is AccessKind.WADO_RS:
        dialect.put_connection(resource, _WADO, payload=_DICOM, mime_types=("application/dicom",))
    else:
        invoked = dialect.has_invoke_display and _IID in access.address
        connection = _INVOKE if invoked else _VIEWER
        dialect.put_connection(resource, connection, payload=_NO_PAYLOAD, mime_types=("text/html",))
    resource["address"] = access.address
    out.add("Endpoint", resource_id, resource)
    return resource_id
