"""What FHIR R5 (5.0.0) says otherwise than R4. Nothing else stands here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_hr.mapping.canonical import SNOMED
from fhir_hr.model.codes import Concept
from fhir_hr.model.exams import Side
from fhir_hr.model.lab import Specimen
from fhir_hr.model.people import Encounter, Organization
from fhir_hr.model.values import Attachment, SampledData
from fhir_hr.model.when import Period
from fhir_hr.render.datatypes import address, attachment, clean, concept, concepts, human_name, period
from fhir_hr.render.encode import Json
from fhir_hr.render.r4 import R4
from fhir_hr.render.release import Release

__all__ = ["R5"]


class R5(R4):
    """The R4 dialect with R5's differences."""

    release = Release.R5
    version = "5.0.0"
    encounter_ended = "completed"
    device_name = "name"
    device_name_text = "value"
    report_study = "study"
    report_has_note = True
    study_has_readers = False
    has_invoke_display = False
    # DICOM CID 244, which R5 binds to.
    sides: Mapping[Side, Json] = {
        Side.LEFT: {"system": SNOMED, "code": "7771000", "display": "Left"},
        Side.RIGHT: {"system": SNOMED, "code": "24028007", "display": "Right"},
        Side.BOTH: {"system": SNOMED, "code": "51440002", "display": "Bilateral"},
    }

    def encounter_class(self, encounter: Encounter) -> object:
        """Return ``Encounter.class``: a list of concepts, which the caller leaves out when empty."""
        coding = self._class_coding(encounter)
        if coding is None:
            return []
        return [{"coding": [coding]}] if "code" in coding else [{"text": coding["display"]}]

    def participant(self, person: Json, role: Json | None) -> Json:
        """Return one ``Encounter.participant``: ``individual`` became ``actor``."""
        out: Json = {"type": [role]} if role is not None else {}
        out["actor"] = person
        return out

    def put_encounter_period(self, resource: Json, span: Period) -> None:
        """Put the period of a visit: ``period`` became ``actualPeriod``."""
        resource["actualPeriod"] = period(span)

    def put_organization_contact(self, resource: Json, organisation: Organization) -> None:
        """Put address and contact person: both are ``ExtendedContactDetail`` now."""
        contact: Json = {}
        if text := clean(organisation.contact_title):
            contact["purpose"] = {"text": text}
        if organisation.contact is not None and (name := human_name(organisation.contact)):
            contact["name"] = [name]
        if organisation.address is not None and (found := address(organisation.address)):
            contact["address"] = found
        if contact:
            resource["contact"] = [contact]

    def request_code(self, code: Json) -> Json:
        """Return ``ServiceRequest.code``: a ``CodeableReference``."""
        return {"concept": code}

    def put_reasons(self, resource: Json, reasons: Sequence[Concept]) -> None:
        """Put the reasons of an order: ``reasonCode`` and ``reasonReference`` became ``reason``."""
        if found := concepts(reasons):
            resource["reason"] = [{"concept": reason} for reason in found]

    def put_collection_site(self, collection: Json, site: Concept | None) -> None:
        """Put the body site: a ``CodeableReference``."""
        if found := concept(site):
            collection["bodySite"] = {"concept": found}

    def put_container(self, resource: Json, specimen: Specimen) -> None:
        """Put container and additives: R5 refers to a Device and to Substances, which are contained here."""
        contained: list[Json] = []
        if kind := concept(specimen.container):
            contained.append({"resourceType": "Device", "id": "container", "type": [kind]})
            resource["container"] = [{"device": {"reference": "#container"}}]
        additives: list[Json] = []
        for number, additive in enumerate(concepts(specimen.additives), 1):
            name = f"additive-{number}"
            contained.append(
                {"resourceType": "Substance", "id": name, "instance": False, "code": {"concept": additive}}
            )
            additives.append({"reference": f"#{name}"})
        if additives:
            resource["processing"] = [{"additive": additives}]
        if contained:
            resource["contained"] = contained

    def put_attachment(self, out: Json, name: str, value: Attachment) -> bool:
        """Put an attachment as a value: an R5 Observation, or its component, holds it."""
        out[f"{name}Attachment"] = attachment(value)
        return True

    def sampled_data(self, value: SampledData) -> Json:
        """Return a series: R5 wants an interval or offsets, and HL7 v2 ``NA`` states only the order."""
        return {
            "origin": self._origin(value),
            "intervalUnit": "1",
            "dimensions": 1,
            "offsets": " ".join(str(number) for number in range(len(value.data))),
            "data": " ".join(value.data),
        }

    def study_code(self, code: Json) -> object:
        """Return a code of an imaging study or series: a CodeableConcept."""
        return {"coding": [code]} if "code" in code else {"text": code["display"]}

    def put_series_site(self, series: Json, site: Json) -> None:
        """Put the body site of a series: a CodeableReference."""
        series["bodySite"] = {"concept": site}

    def put_procedures(self, resource: Json, procedures: Sequence[Json]) -> None:
        """Put what was done: ``procedureCode`` and ``procedureReference`` became ``procedure``."""
        if procedures:
            resource["procedure"] = [{"concept": each} for each in procedures]

    def put_connection(self, endpoint: Json, connection: Json, *, payload: Json, mime_types: Sequence[str]) -> None:
        """Put how an Endpoint is talked to, and what it serves: ``payloadType`` became ``payload``."""
        endpoint["connectionType"] = [{"coding": [connection]}]
        endpoint["payload"] = [{"type": [payload], "mimeType": list(mime_types)}]

    def composition_subject(self, patient: Json) -> object:
        """Return ``Composition.subject``: a list."""
        return [patient]

    def composition_identifier(self, value: Json) -> object:
        """Return ``Composition.identifier``: a list."""
        return [value]
