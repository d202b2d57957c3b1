"""People, organisations and devices as resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.codes import Identifier
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.people import Device, Encounter, Organization, Patient, Performer, Practitioner
from fhir_hr.model.when import Period, Precision, When
from fhir_hr.render.collect import Collector, reference
from fhir_hr.render.datatypes import (
    PROFILE,
    address,
    clean,
    concept,
    contact_point,
    human_name,
    identifier,
    put_when,
    source_text,
    technical_identifier,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.ids import IdMaker
from fhir_hr.render.r4 import R4

__all__ = ["Fixed", "Parties"]

_Party = TypeVar("_Party", Organization, Device)

_SOURCE_SEX = f"{PROFILE}source-sex"
_BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"


class Fixed:
    """Hospitals and instruments as ready entries: they are the same in every message, and name no person.

    Args:
        check: whether a resource is valid; called once for each.
    """

    __slots__ = ("_check", "_entries")

    MOST = 2_000

    def __init__(self, check: Callable[[Json], bool]) -> None:
        self._check = check
        self._entries: dict[tuple[IdMaker, Organization | Device], tuple[str, str, bytes]] = {}

    def add(self, party: _Party, out: Collector, make: Callable[[_Party], str | None]) -> str | None:
        """Add a party from memory, or make it and remember it."""
        key = (out.ids, party)
        known = self._entries.get(key)
        if known is not None:
            kind, resource_id, ready = known
            if not out.has(resource_id):
                out.add_checked(kind, resource_id, ready)
            return resource_id
        found = make(party)
        if found is not None:
            kind = out.types[found]
            one, resource, ready = out.kinds[kind][-1]
            if one == found and resource is not None and self._check(resource):
                if len(self._entries) >= self.MOST:
                    self._entries.clear()
                self._entries[key] = (kind, found, ready)
        return found


class Parties:
    """Renders the parties of one message, each once.

    Args:
        out: where resources go.
        dialect: what differs by FHIR release.
        fixed: what is remembered of hospitals and instruments between messages, if anything.
    """

    __slots__ = ("_dialect", "_fixed", "_out", "_performers")

    def __init__(self, out: Collector, *, dialect: R4, fixed: Fixed | None = None) -> None:
        self._out = out
        self._dialect = dialect
        self._fixed = fixed
        self._performers: dict[int, tuple[Performer, str | None]] = {}

    # -- patient and visit ---------------------------------------------------------------------

    def patient(self, patient: Patient) -> str:
        """Add the Patient; return its id."""
        out = self._out
        resource_id = out.ids.make("Patient", self._patient_key(patient))
        resource = out.base("Patient", resource_id, profile=f"{PROFILE}recognised-patient")
        resource["identifier"] = _identifiers(patient.identifiers, resource_id)
        _put_list(resource, "name", (human_name(name) for name in patient.names))
        _put_list(resource, "telecom", (contact_point(point) for point in patient.telecoms))
        if patient.sex is not None:
            resource["gender"] = patient.sex.value
        if text := clean(patient.sex_source):
            resource["_gender"] = {"extension": [{"url": _SOURCE_SEX, "valueString": text}]}
        _put_birth(resource, patient.birth)
        if isinstance(patient.deceased, bool):
            resource["deceasedBoolean"] = patient.deceased
        else:
            put_when(resource, "deceasedDateTime", patient.deceased)
        _put_list(resource, "address", (address(value) for value in patient.addresses))
        if found := concept(patient.marital):
            resource["maritalStatus"] = found
        if isinstance(patient.multiple_birth, bool):
            resource["multipleBirthBoolean"] = patient.multiple_birth
        elif patient.multiple_birth is not None:
            resource["multipleBirthInteger"] = patient.multiple_birth
        if found := concept(patient.language):
            resource["communication"] = [{"language": found}]
        if patient.ethnicity:
            out.issue(
                IssueCode.FIELD_UNMAPPED,
                patient.where,
                "FHIR Patient has no element for the ethnic group (民族); it was left out",
                severity=Severity.INFORMATION,
            )
        out.add("Patient", resource_id, resource)
        out.patient = resource_id
        return resource_id

    def _patient_key(self, patient: Patient) -> str:
        # The sender's own number before the national id: an id that is a hash of a card number could be
        # searched back to the card.
        local = [i for i in patient.identifiers if i.system != NATIONAL_ID and i.value]
        for candidate in (*(i for i in local if i.assigner or i.system), *local, *patient.identifiers):
            if candidate.value:
                return candidate.key
        origin = self._out.message.origin
        return f"message|{origin.system}|{origin.message_id or origin.sha256}"

    def _encounter_key(self, encounter: Encounter) -> str:
        if encounter.identifiers:
            return encounter.identifiers[0].key
        # Without a visit number the visit is known by what was reported of it, so that a correction, which is
        # a message of its own, tells of the same one.
        reports = [report.key for report in self._out.message.reports]
        if reports:
            return f"report|{min(reports)}"
        origin = self._out.message.origin
        return f"message|{origin.system}|{origin.message_id or origin.sha256}"

    def encounter(self, encounter: Encounter) -> str:
        """Add the Encounter; return its id."""
        out = self._out
        resource_id = out.ids.make("Encounter", self._encounter_key(encounter))
        resource = out.base("Encounter", resource_id)
        resource["identifier"] = _identifiers(encounter.identifiers, resource_id)
        resource["status"] = self._dialect.encounter_ended if encounter.end is not None else "unknown"
        if klass := self._dialect.encounter_class(encounter):
            resource["class"] = klass
        if out.patient:
            resource["subject"] = reference(out.patient)
        participants = [
            self._dialect.participant(reference(found), concept(performer.role))
            for performer in encounter.participants
            if (found := self.person(performer)) is not None
        ]
        if participants:
            resource["participant"] = participants
        if encounter.start is not None or encounter.end is not None:
            span = Period(start=encounter.start, end=encounter.end)
            self._dialect.put_encounter_period(resource, span)
        if text := clean(encounter.location):
            resource["location"] = [{"location": {"display": text}}]
        out.add("Encounter", resource_id, resource)
        out.encounter = resource_id
        return resource_id

    # -- staff, organisations, devices -----------------------------------------------------------

    def performer(self, performer: Performer) -> str | None:
        """Add who did it; return the id of the PractitionerRole, Practitioner or Organization."""
        known = self._performers.get(id(performer))
        if known is not None:
            return known[1]
        person = self.practitioner(performer.practitioner) if performer.practitioner else None
        organisation = self.organization(performer.organization) if performer.organization else None
        role = concept(performer.role)
        if person is not None and (organisation is not None or role is not None):
            found: str | None = self._role(person, organisation, role, performer)
        else:
            found = person or organisation
        # Holding the object keeps its id() from being used again while this message is rendered.
        self._performers[id(performer)] = (performer, found)
        return found

    def author(self, performer: Performer) -> str | None:
        """Add an author, for elements that take no PractitionerRole; return the person's or organisation's id."""
        if performer.practitioner and (found := self.practitioner(performer.practitioner)):
            return found
        return self.organization(performer.organization) if performer.organization else None

    def person(self, performer: Performer) -> str | None:
        """Add who did it, for elements that take no Organization; return the id of a person or a role.

        An organisation alone stands as a role that nobody is named for.
        """
        if performer.practitioner and (found := self.practitioner(performer.practitioner)):
            return found
        organisation = self.organization(performer.organization) if performer.organization else None
        return self._role(None, organisation, None, performer) if organisation is not None else None

    def _role(self, person: str | None, organisation: str | None, role: Json | None, performer: Performer) -> str:
        key = f"{person or ''}|{organisation or ''}|{_role_key(performer)}"
        resource_id = self._out.ids.make("PractitionerRole", key)
        if not self._out.has(resource_id):
            resource = self._out.base("PractitionerRole", resource_id)
            resource["identifier"] = [technical_identifier(resource_id)]
            if person is not None:
                resource["practitioner"] = reference(person)
            if organisation is not None:
                resource["organization"] = reference(organisation)
            if role is not None:
                resource["code"] = [role]
            self._out.add("PractitionerRole", resource_id, resource)
        return resource_id

    def practitioner(self, person: Practitioner) -> str | None:
        """Add a Practitioner; return its id, or ``None`` when nothing is known of the person."""
        if person.identifiers:
            key = person.identifiers[0].key
        elif person.name is not None and clean(person.name.text or person.name.family):
            key = f"name|{person.name.text or person.name.family}"
        elif clean(person.source):
            key = f"text|{person.source}"
        else:
            return None
        resource_id = self._out.ids.make("Practitioner", key)
        if self._out.has(resource_id):
            return resource_id
        resource = self._out.base("Practitioner", resource_id)
        resource["identifier"] = _identifiers(person.identifiers, resource_id)
        if person.name is not None and (name := human_name(person.name)):
            resource["name"] = [name]
        elif not person.identifiers and (text := clean(person.source)):
            resource["name"] = [{"text": text}]
        self._out.add("Practitioner", resource_id, resource)
        return resource_id

    def organization(self, organisation: Organization) -> str | None:
        """Add an Organization; return its id, or ``None`` when it has neither name nor number."""
        if organisation.contact is not None or self._fixed is None:
            return self._organization(organisation)
        return self._fixed.add(organisation, self._out, self._organization)

    def _organization(self, organisation: Organization) -> str | None:
        if organisation.identifiers:
            key = organisation.identifiers[0].key
        elif clean(organisation.name):
            key = f"name|{organisation.name}"
        else:
            return None
        resource_id = self._out.ids.make("Organization", key)
        if self._out.has(resource_id):
            return resource_id
        resource = self._out.base("Organization", resource_id)
        resource["identifier"] = _identifiers(organisation.identifiers, resource_id)
        if name := clean(organisation.name):
            resource["name"] = name
        self._dialect.put_organization_contact(resource, organisation)
        self._out.add("Organization", resource_id, resource)
        return resource_id

    def device(self, device: Device) -> str | None:
        """Add a Device; return its id, or ``None`` when it has neither name nor number."""
        if self._fixed is None:
            return self._device(device)
        return self._fixed.add(device, self._out, self._device)

    def _device(self, device: Device) -> str | None:
        if device.identifiers:
            key = device.identifiers[0].key
        elif clean(device.name or device.model):
            key = f"name|{device.manufacturer or ''}|{device.name or device.model}"
        else:
            return None
        resource_id = self._out.ids.make("Device", key)
        if self._out.has(resource_id):
            return resource_id
        resource = self._out.base("Device", resource_id)
        resource["identifier"] = _identifiers(device.identifiers, resource_id)
        if text := clean(device.manufacturer):
            resource["manufacturer"] = text
        if text := clean(device.name):
            resource[self._dialect.device_name] = [{self._dialect.device_name_text: text, "type": "user-friendly-name"}]
        if text := clean(device.model):
            resource["modelNumber"] = text
        if text := clean(device.version):
            resource["version"] = [{"value": text}]
        self._out.add("Device", resource_id, resource)
        return resource_id


def _identifiers(values: Iterable[Identifier], resource_id: str) -> list[Json]:
    out = [identifier(value) for value in values if clean(value.value)]
    out.append(technical_identifier(resource_id))
    return out


def _role_key(performer: Performer) -> str:
    role = performer.role
    if role is None:
        return ""
    return role.codings[0].code if role.codings else role.text or ""


def _put_list(resource: Json, key: str, values: Iterable[Json]) -> None:
    kept = [value for value in values if value]
    if kept:
        resource[key] = kept


def _put_birth(resource: Json, birth: When | None) -> None:
    if birth is None:
        return
    if birth.precision < Precision.HOUR:
        resource["birthDate"] = birth.iso
        return
    resource["birthDate"] = birth.iso[:10]
    extensions: list[Json] = [{"url": _BIRTH_TIME, "valueDateTime": birth.iso}]
    if birth.precision < Precision.SECOND and (text := clean(birth.source)):
        extensions.append(source_text(text))
    resource["_birthDate"] = {"extension": extensions}
