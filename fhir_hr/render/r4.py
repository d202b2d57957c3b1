"""What FHIR R4 (4.0.1) says in its own way. :mod:`fhir_hr.render.r5` overrides what R5 says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_hr.mapping.canonical import SNOMED
from fhir_hr.model.codes import Concept
from fhir_hr.model.exams import Side
from fhir_hr.model.lab import Specimen
from fhir_hr.model.people import Encounter, Organization
from fhir_hr.model.values import Attachment, SampledData
from fhir_hr.model.when import Period
from fhir_hr.render.datatypes import (
    absent,
    address,
    clean,
    concept,
    concepts,
    human_name,
    period,
    put_unit,
    source_text,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.release import Release

__all__ = ["R4"]

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class R4:
    """The elements whose name or shape differs by release, as R4 has them."""

    release = Release.R4
    version = "4.0.1"
    encounter_ended = "finished"
    device_name = "deviceName"
    device_name_text = "name"
    report_study = "imagingStudy"
    report_has_note = False
    study_has_readers = True
    has_invoke_display = True
    # Value set bodysite-laterality of R4.
    sides: Mapping[Side, Json] = {
        Side.LEFT: {"system": SNOMED, "code": "419161000", "display": "Unilateral left"},
        Side.RIGHT: {"system": SNOMED, "code": "419465000", "display": "Unilateral right"},
        Side.BOTH: {"system": SNOMED, "code": "51440002", "display": "Bilateral"},
    }

    # -- parties ---------------------------------------------------------------------------------

    def encounter_class(self, encounter: Encounter) -> object:
        """Return ``Encounter.class``: mandatory in R4, so an unknown class says that it is unknown."""
        return self._class_coding(encounter) or {"extension": absent()}

    def _class_coding(self, encounter: Encounter) -> Json | None:
        if encounter.klass is not None:
            return {"system": _ACT_CODE, "code": encounter.klass.value}
        if text := clean(encounter.class_source):
            return {"display": text}
        return None

    def participant(self, person: Json, role: Json | None) -> Json:
        """Return one ``Encounter.participant``."""
        out: Json = {"type": [role]} if role is not None else {}
        out["individual"] = person
        return out

    def put_encounter_period(self, resource: Json, span: Period) -> None:
        """Put the period of a visit."""
        resource["period"] = period(span)

    def put_organization_contact(self, resource: Json, organisation: Organization) -> None:
        """Put address and contact person."""
        if organisation.address is not None and (found := address(organisation.address)):
            resource["address"] = [found]
        contact: Json = {}
        if text := clean(organisation.contact_title):
            contact["purpose"] = {"text": text}
        if organisation.contact is not None and (name := human_name(organisation.contact)):
            contact["name"] = name
        if contact:
            resource["contact"] = [contact]

    # -- orders and specimens ----------------------------------------------------------------------

    def request_code(self, code: Json) -> Json:
        """Return ``ServiceRequest.code``."""
        return code

    def put_reasons(self, resource: Json, reasons: Sequence[Concept]) -> None:
        """Put the reasons of an order."""
        if found := concepts(reasons):
            resource["reasonCode"] = found

    def put_collection_site(self, collection: Json, site: Concept | None) -> None:
        """Put the body site that a specimen was taken from."""
        if found := concept(site):
            collection["bodySite"] = found

    def put_container(self, resource: Json, specimen: Specimen) -> None:
        """Put container and additives; R4 has room for one additive in a container."""
        containers: list[Json] = []
        kind = concept(specimen.container)
        additives: list[Json | None] = [*concepts(specimen.additives)]
        for additive in additives or [None]:
            out: Json = {}
            if kind is not None:
                out["type"] = kind
            if additive is not None:
                out["additiveCodeableConcept"] = additive
            if out:
                containers.append(out)
        if containers:
            resource["container"] = containers

    # -- results -------------------------------------------------------------------------------------

    def put_attachment(self, out: Json, name: str, value: Attachment) -> bool:
        """Put an attachment as a value; return whether the release can hold it there.

        R4 Observations cannot: the text says what it is, and the caller puts it into the report.
        """
        what = clean(value.content_type) or clean(value.source_type) or "attachment"
        out[f"{name}String"] = clean(value.title) or clean(value.url) or f"[{what}]"
        return False

    def sampled_data(self, value: SampledData) -> Json:
        """Return a series; HL7 v2 ``NA`` states no interval between the numbers."""
        return {
            "origin": self._origin(value),
            "_period": {"extension": absent()},
            "dimensions": 1,
            "data": " ".join(value.data),
        }

    def _origin(self, value: SampledData) -> Json:
        origin: Json = {"value": 0}
        put_unit(origin, value.unit)
        return origin

    # -- imaging ---------------------------------------------------------------------------------------

    def study_code(self, code: Json) -> object:
        """Return a code of an imaging study or series: a Coding."""
        return code

    def put_series_site(self, series: Json, site: Json) -> None:
        """Put the body site of a series: one Coding, of a known system where there is one; the words stay beside it."""
        codings = site.get("coding", [])
        chosen = next((one for one in codings if "system" in one), codings[0] if codings else {})
        out = dict(chosen)
        words = site.get("text")
        if words and "display" not in out:
            out["display"] = words
        elif words and words != out["display"]:
            out["extension"] = [*out.get("extension", []), source_text(words)]
        series["bodySite"] = out

    def put_procedures(self, resource: Json, procedures: Sequence[Json]) -> None:
        """Put what was done."""
        if procedures:
            resource["procedureCode"] = list(procedures)

    def put_connection(self, endpoint: Json, connection: Json, *, payload: Json, mime_types: Sequence[str]) -> None:
        """Put how an Endpoint is talked to, and what it serves."""
        endpoint["connectionType"] = connection
        endpoint["payloadType"] = [payload]
        endpoint["payloadMimeType"] = list(mime_types)

    # -- documents -----------------------------------------------------------------------------------

    def composition_subject(self, patient: Json) -> object:
        """Return ``Composition.subject``."""
        return patient

    def composition_identifier(self, value: Json) -> object:
        """Return ``Composition.identifier``."""
        return value
