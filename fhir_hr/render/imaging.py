"""An imaging study with its series as ImagingStudy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.mapping.modalities import load_modalities
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.imaging import AccessKind, Completeness, CompletenessVerdict, Series, Study
from fhir_hr.model.lab import ReportMessage
from fhir_hr.model.people import Patient, Performer
from fhir_hr.render.collect import Collector, reference
from fhir_hr.render.datatypes import (
    PROFILE,
    absent,
    clean,
    coding,
    concept,
    concepts,
    identifier,
    put_when,
    source_text,
    technical_identifier,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.endpoints import endpoint
from fhir_hr.render.flag import flag_extension, forbidden
from fhir_hr.render.ids import STUDIES, IdMaker, study_id
from fhir_hr.render.parties import Parties
from fhir_hr.render.r4 import R4
from fhir_hr.render.series import Fault, count, put_number, put_uid, write_instances

__all__ = ["ACQUISITION", "COMPLETENESS", "DICOM_UID", "IMAGES", "ITEM_CANDIDATE", "Studies", "patient_of"]

COMPLETENESS = f"{PROFILE}study-completeness"
IMAGES = f"{PROFILE}image-count"
ITEM_CANDIDATE = f"{PROFILE}item-candidate"
ACQUISITION = f"{PROFILE}series-acquisition"
DICOM_UID = "urn:dicom:uid"

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_FUNCTION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
# As HL7 Europe Imaging: who performed, where, and by which equipment.
_PERFORMED = {"coding": [{"system": _FUNCTION, "code": "PRF", "display": "performer"}]}
_LOCATED = {"coding": [{"system": _FUNCTION, "code": "LOC", "display": "location"}]}
_EQUIPPED = {"coding": [{"system": _FUNCTION, "code": "DEV", "display": "device"}]}
# As the profile asks (hr-study-1): devices write components with leading zeros, and a search must find them.
_UID = re.compile(r"[0-2](\.[0-9]+)+")
# FHIR type oid.
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_MOST_MISSING = 100

Places: TypeAlias = "tuple[list[Json], list[Json]]"


def patient_of(message: ReportMessage, out: Collector) -> Patient | None:
    """Return whom a message is about: its patient, else the one that all its studies name.

    Studies of several people in a message without a patient are nobody's: the wrong patient is the worst outcome.
    """
    if message.patient is not None:
        return message.patient
    named = [study.patient for study in message.studies if study.patient is not None]
    if len({(one.identifiers, one.names, one.birth, one.sex) for one in named}) > 1:
        out.issue(
            IssueCode.STUDY_CONFLICT,
            "",
            "the studies of the message name several patients; none was taken",
            severity=Severity.ERROR,
        )
        return None
    return named[0] if named else None


class Studies:
    """Renders the studies of one message.

    Attributes:
        study_ids: id of each ImagingStudy by Study Instance UID.
    """

    __slots__ = ("_dialect", "_ids", "_out", "_parties", "study_ids")

    def __init__(self, out: Collector, *, parties: Parties, dialect: R4, namespace: str | None) -> None:
        self._out = out
        self._parties = parties
        self._dialect = dialect
        # A study and its services are the same thing whoever tells of them.
        self._ids = IdMaker(sender=STUDIES, namespace=namespace)
        self.study_ids = {study.uid: study_id(study.uid, namespace) for study in out.message.studies}

    def add(self, study: Study) -> None:
        """Add a study with the devices, people and services that it refers to."""
        out = self._out
        resource_id = self.study_ids[study.uid]
        if out.has(resource_id):
            out.issue(
                IssueCode.DUPLICATE_RESULT,
                study.where,
                "two studies of the message have the same Study Instance UID; the later one was left out",
                severity=Severity.ERROR,
            )
            return
        places = self._places(study)
        resource = self._study(study, resource_id, places)
        members = [self._series(index, each, study, places) for index, each in enumerate(study.series)]
        if not members:
            out.add("ImagingStudy", resource_id, resource)
            return
        # The values of instances were looked at one by one; of what repeats, each form is checked once.
        probe = {**resource, "series": [example for _, example in members]}
        resource["series"] = [member for member, _ in members]
        out.add("ImagingStudy", resource_id, resource, probe=probe)

    def _places(self, study: Study) -> Places:
        """Return references to all endpoints, and to those that images can be fetched from."""
        everywhere: list[Json] = []
        fetched: list[Json] = []
        for access in study.access:
            found = endpoint(access, self._out, ids=self._ids, parties=self._parties, dialect=self._dialect)
            link = reference(found) if found else None
            if link is None or link in everywhere:
                continue
            everywhere.append(link)
            if access.kind is AccessKind.WADO_RS:
                fetched.append(link)
        return everywhere, fetched

    # -- the study -------------------------------------------------------------------------------------

    def _study(self, study: Study, resource_id: str, places: Places) -> Json:
        out, dialect = self._out, self._dialect
        named = _UID.fullmatch(study.uid) is not None
        profile = f"{PROFILE}recognised-imaging-study" if out.patient and named else None
        resource = out.base("ImagingStudy", resource_id, profile=profile)
        if extensions := self._extensions(study):
            resource["extension"] = extensions
        resource["identifier"] = _identifiers(study, resource_id)
        if not named:
            out.issue(IssueCode.UID_INVALID, study.where, "the Study Instance UID is no OID; it stands as it was sent")
        _put_status(resource, study)
        if modalities := [_modality(one) for one in study.modalities if clean(one)]:
            resource["modality"] = [dialect.study_code(one) for one in modalities]
        # Mandatory; a study without a patient says that it is unknown.
        resource["subject"] = reference(out.patient) if out.patient else {"extension": absent(), "display": "未知"}
        if out.encounter:
            resource["encounter"] = reference(out.encounter)
        put_when(resource, "started", study.started)
        if based_on := self._based_on(study):
            resource["basedOn"] = based_on
        self._put_people(resource, study)
        if places[0]:
            resource["endpoint"] = places[0]
        _put_counts(resource, study)
        dialect.put_procedures(resource, _procedures(study))
        where = " ".join(text for text in (_name(study), clean(study.department)) if text)
        if where:
            resource["location"] = {"display": where}
        if text := clean(study.description):
            resource["description"] = text
        return resource

    def _extensions(self, study: Study) -> list[Json]:
        found: list[Json] = []
        if study.flag is not None and self._flag_allowed(study.flag, study.where):
            found.append(flag_extension(study.flag))
        if study.completeness != Completeness():
            found.append(_completeness(study.completeness))
        if study.series and all(each.instances for each in study.series):
            found.append({"url": IMAGES, "valueUnsignedInt": study.image_count})
        if study.item is None:
            candidates = [coding(one) for one in study.item_candidates]
            found += [{"url": ITEM_CANDIDATE, "valueCoding": one} for one in candidates if one]
        return found

    def _flag_allowed(self, flag: RecognitionFlag, where: str) -> bool:
        why = forbidden(flag)
        if why is not None:
            self._out.issue(IssueCode.MARK_FORBIDDEN, where, why, severity=Severity.ERROR)
        return why is None

    def _based_on(self, study: Study) -> list[Json]:
        """Return the orders of its reports; without any, the accession number, by which the order is known."""
        out = self._out
        found = [
            out.ids.make("ServiceRequest", report.request.key)
            for report in out.message.reports
            if report.study_uid == study.uid and report.request is not None
        ]
        orders = [reference(one) for one in dict.fromkeys(found) if out.has(one)]
        if orders or study.accession is None or not clean(study.accession.value):
            return orders
        return [{"type": "ServiceRequest", "identifier": _accession(study)}]

    def _put_people(self, resource: Json, study: Study) -> None:
        parties = self._parties
        if study.referrer is not None and (found := parties.person(study.referrer)):
            resource["referrer"] = reference(found)
        if self._dialect.study_has_readers:
            readers = _each(parties.person(each) for each in study.readers)
            if readers:
                resource["interpreter"] = [reference(one) for one in readers]
        elif names := [text for each in study.readers if (text := _person(each))]:
            # R5 has no interpreter of a study, only of its report.
            resource["note"] = [{"text": f"阅片医师：{'、'.join(names)}"}]

    # -- series ----------------------------------------------------------------------------------------

    def _series(self, index: int, series: Series, study: Study, places: Places) -> tuple[Json, Json]:
        """Return a series, and what of it is checked in full."""
        dialect = self._dialect
        out: Json = {}
        if extensions := _series_extensions(series):
            out["extension"] = extensions
        put_uid(out, series.uid)
        put_number(out, series.number)
        modality = _modality(series.modality) if clean(series.modality) and series.modality else None
        out["modality"] = dialect.study_code(modality) if modality else {"extension": absent()}
        if text := clean(series.description):
            out["description"] = text
        if (total := _largest(series.stated_instances, len(series.instances))) is not None:
            out["numberOfInstances"] = total
        if places[1]:
            out["endpoint"] = places[1]
        self._put_place(out, series)
        put_when(out, "started", series.started)
        if performers := self._performers(series, study):
            out["performer"] = performers
        self._tell(index, series, out)
        if not series.instances:
            return out, out
        written = write_instances(series.instances)
        for place, faults in written.odd:
            self._say(f"ImagingStudy.series[{index}].instance[{place}]", faults)
        return {**out, "instance": written.body}, {**out, "instance": written.examples}

    def _put_place(self, out: Json, series: Series) -> None:
        """Put part and side of the body; the words of the source stay beside the side that was read from them."""
        dialect = self._dialect
        if site := concept(series.body_part):
            dialect.put_series_site(out, site)
        words = clean(series.side_source)
        if series.side is not None:
            kept: Json = {"extension": [source_text(words)]} if words else {}
            out["laterality"] = dialect.study_code({**kept, **dialect.sides[series.side]})
        elif words:
            out["laterality"] = dialect.study_code({"display": words})

    def _tell(self, index: int, series: Series, out: Json) -> None:
        found = []
        if "_uid" in out:
            found.append(Fault(element="uid", words="is not a id" if series.uid.strip() else "is empty"))
        if "_number" in out:
            found.append(Fault(element="number", words="is out of range"))
        self._say(f"ImagingStudy.series[{index}]", found)

    def _say(self, where: str, faults: Iterable[Fault]) -> None:
        for fault in faults:
            code = IssueCode.UID_INVALID if fault.element == "uid" else IssueCode.FIELD_UNMAPPED
            self._out.issue(code, f"{where}.{fault.element}", fault.words)

    def _performers(self, series: Series, study: Study) -> list[Json]:
        """Return who and what made a series: people, the hospital, the equipment."""
        parties = self._parties
        people = _each(parties.performer(each) for each in series.performers)
        found = [{"function": _PERFORMED, "actor": reference(one)} for one in people]
        if study.institution is not None and (place := parties.organization(study.institution)):
            found.append({"function": _LOCATED, "actor": reference(place)})
        if series.device is not None and (device := parties.device(series.device)):
            found.append({"function": _EQUIPPED, "actor": reference(device)})
        return found


def _identifiers(study: Study, resource_id: str) -> list[Json]:
    found: list[Json] = []
    if _UID.fullmatch(study.uid):
        found.append({"system": DICOM_UID, "value": f"urn:oid:{study.uid}"})
    elif text := clean(study.uid):
        found.append({"type": {"text": "Study Instance UID"}, "value": text})
    if study.accession is not None and clean(study.accession.value):
        found.append(_accession(study))
    if text := clean(study.study_id):
        one: Json = {"type": {"text": "StudyID"}, "value": text}
        if assigner := _name(study):
            # Unique in one hospital at best.
            one["assigner"] = {"display": assigner}
        found.append(one)
    found.append(technical_identifier(resource_id))
    return found


def _accession(study: Study) -> Json:
    assert study.accession is not None
    kind = {"coding": [{"system": V2_0203, "code": "ACSN", "display": "Accession ID"}]}
    return {"type": kind, **identifier(msgspec.structs.replace(study.accession, type=None))}


def _put_status(resource: Json, study: Study) -> None:
    empty = not study.series and 0 in (study.stated_instances, study.stated_series)
    availability = clean(study.availability)
    if empty:
        status = "registered"
    else:
        status = "unknown" if availability and availability.upper() == "UNAVAILABLE" else "available"
    resource["status"] = status
    if availability and availability.upper() != "ONLINE":
        # ImagingStudy has no place for nearline and offline.
        resource["_status"] = {"extension": [source_text(availability)]}


def _put_counts(resource: Json, study: Study) -> None:
    """Put how many series and instances the study has: all kinds of objects, as FHIR and archives count them.

    An archive's count may be larger than what is listed, never smaller (ImagingStudy.numberOfInstances).
    """
    if (total := _largest(study.stated_series, len(study.series))) is not None:
        resource["numberOfSeries"] = total
    each = [_largest(one.stated_instances, len(one.instances)) for one in study.series]
    known = [number for number in each if number is not None]
    stated = study.stated_instances if count(study.stated_instances) else None
    total = max(stated or 0, sum(known))
    if (stated is not None or (known and len(known) == len(each))) and count(total):
        resource["numberOfInstances"] = total


def _largest(stated: int | None, listed: int) -> int | None:
    if stated is not None and count(stated):
        return max(stated, listed)
    return listed or None


def _procedures(study: Study) -> list[Json]:
    """Return what was done; the recognised item stands beside the local code where there is one."""
    found = concepts(study.procedures)
    if study.item is not None and (item := coding(study.item)):
        if len(found) == 1:
            own = found[0].setdefault("coding", [])
            if not any(one.get("system") == item.get("system") and one.get("code") == item.get("code") for one in own):
                own.append(item)
            return [{key: found[0][key] for key in ("coding", "text") if key in found[0]}]
        found.append({"coding": [item]})
    return found


def _modality(code: str) -> Json:
    """Return a modality: a code of DICOM (PS3.16 CID 33) where it is one, else only its words."""
    known = load_modalities().get(code)
    if known is None:
        return {"display": clean(code)}
    return coding(Code(system=_DCM, code=code, display=known.name))


def _completeness(value: Completeness) -> Json:
    parts: list[Json] = [{"url": "verdict", "valueCode": CompletenessVerdict(value.verdict).value}]
    for each in value.evidence:
        inner: list[Json] = [{"url": "ground", "valueCode": each.ground.value}]
        if each.holds is not None:
            inner.append({"url": "holds", "valueBoolean": each.holds})
        if text := clean(each.text):
            inner.append({"url": "text", "valueString": text})
        parts.append({"url": "evidence", "extension": inner})
    if missing := value.missing:
        parts.append({"url": "missingCount", "valueUnsignedInt": len(missing)})
        named = [uid for uid in missing if _OID.fullmatch(uid)][:_MOST_MISSING]
        parts += [{"url": "missing", "valueOid": f"urn:oid:{uid}"} for uid in named]
    return {"url": COMPLETENESS, "extension": parts}


def _series_extensions(series: Series) -> list[Json]:
    found: list[Json] = []
    if series.instances:
        images = sum(one.kind == "image" for one in series.instances)
        found.append({"url": IMAGES, "valueUnsignedInt": images})
    if acquisition := _acquisition(series):
        found.append({"url": ACQUISITION, "extension": acquisition})
    return found


def _acquisition(series: Series) -> list[Json]:
    """Return what is stated of how a series was made; by it one item is told from another."""
    words = [
        *(("view", view) for view in series.views),
        ("patientPosition", series.patient_position),
        ("contrastAgent", series.contrast_agent),
        ("protocol", series.protocol),
        ("procedure", series.procedure),
        ("station", series.station),
    ]
    found: list[Json] = [{"url": name, "valueString": text} for name, word in words if (text := clean(word))]
    if series.contrast is not None:
        found.append({"url": "contrast", "valueBoolean": series.contrast})
    return found


def _name(study: Study) -> str | None:
    return clean(study.institution.name) if study.institution is not None else None


def _person(performer: Performer) -> str | None:
    person = performer.practitioner
    if person is None:
        return None
    return clean(person.name.text if person.name is not None else person.source)


def _each(ids: Iterable[str | None]) -> Sequence[str]:
    return list(dict.fromkeys(one for one in ids if one is not None))
