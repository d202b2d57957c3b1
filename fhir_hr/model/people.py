"""Patients, practitioners, organisations and devices as identified parties.

``repr`` of a person never shows a name or number: patient data stays in the payload.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.codes import Concept, Identifier
from fhir_hr.model.when import When

__all__ = [
    "Address",
    "ContactPoint",
    "Device",
    "Encounter",
    "EncounterClass",
    "HumanName",
    "Organization",
    "Patient",
    "Performer",
    "Practitioner",
    "Sex",
]


class Sex(StrEnum):
    """Administrative gender (FHIR ``administrative-gender``)."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class HumanName(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A name. ``text`` is the whole name in the order its owner writes it (张三丰)."""

    text: str
    family: str | None = None
    given: tuple[str, ...] = ()
    prefix: str | None = None
    suffix: str | None = None
    use: str | None = None
    representation: str | None = None
    """HL7 table 0465: ``I`` ideographic, ``A`` alphabetic (pinyin), ``P`` phonetic."""

    def __repr__(self) -> str:
        return "HumanName(…)"


class Address(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A postal address."""

    lines: tuple[str, ...] = ()
    district: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    use: str | None = None

    def __repr__(self) -> str:
        return "Address(…)"


class ContactPoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A telephone number or other telecom address."""

    value: str
    system: str = "phone"
    use: str | None = None

    def __repr__(self) -> str:
        return "ContactPoint(…)"


class Patient(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A patient as one sender knows them.

    Attributes:
        identifiers: local patient ids with their assigner, identity card, insurance card …
        sex: administrative gender; ``sex_source`` is the sender's own code.
        birth: date of birth, as precise as stated.
    """

    identifiers: tuple[Identifier, ...] = ()
    names: tuple[HumanName, ...] = ()
    sex: Sex | None = None
    sex_source: str | None = None
    birth: When | None = None
    deceased: When | bool | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[ContactPoint, ...] = ()
    marital: Concept | None = None
    ethnicity: Concept | None = None
    language: Concept | None = None
    multiple_birth: int | bool | None = None
    where: str = "PID[1]"

    def __repr__(self) -> str:
        return f"Patient(<{len(self.identifiers)} identifiers>, where={self.where!r})"


class Organization(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A hospital, laboratory or department.

    Attributes:
        identifiers: USCC (统一社会信用代码) first where known.
        division: GB/T 2260 division code of six digits, where known.
    """

    name: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    address: Address | None = None
    contact: HumanName | None = None
    contact_title: str | None = None
    division: str | None = None


class Practitioner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person of the staff."""

    identifiers: tuple[Identifier, ...] = ()
    name: HumanName | None = None
    source: str | None = None

    def __repr__(self) -> str:
        return "Practitioner(…)"


class Performer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did it: a person, an organisation, or a person in a role for an organisation."""

    practitioner: Practitioner | None = None
    organization: Organization | None = None
    role: Concept | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An instrument (OBX-18 and its like)."""

    identifiers: tuple[Identifier, ...] = ()
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    version: str | None = None


class EncounterClass(StrEnum):
    """Class of a visit (HL7 v3 ActCode)."""

    AMBULATORY = "AMB"
    EMERGENCY = "EMER"
    INPATIENT = "IMP"
    PRE_ADMISSION = "PRENC"


class Encounter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A visit (门诊/急诊/住院/体检)."""

    identifiers: tuple[Identifier, ...] = ()
    klass: EncounterClass | None = None
    class_source: str | None = None
    start: When | None = None
    end: When | None = None
    location: str | None = None
    participants: tuple[Performer, ...] = ()
    where: str = "PV1[1]"

    def __repr__(self) -> str:
        return f"Encounter(class={self.klass!r}, where={self.where!r})"
