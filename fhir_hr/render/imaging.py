"""An imaging study with its series and instances as ImagingStudy, and where its images can be had as Endpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import SNOMED, V2_0203
from fhir_hr.mapping.modalities import load_modalities
from fhir_hr.model.codes import Code
from fhir_hr.model.exams import Side
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.imaging import Access, AccessKind, CompletenessVerdict, Instance, Series, Study
from fhir_hr.model.people import Performer
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
    technical_identifier,
)
from fhir_hr.render.encode import Json
from fhir_hr.render.flag import flag_extension, forbidden
from fhir_hr.render.ids import STUDIES, IdMaker, study_id
from fhir_hr.render.parties import Parties
from fhir_hr.render.r4 import R4

__all__ = ["COMPLETENESS", "FRAMES", "IMAGES", "ITEM_CANDIDATE", "Studies"]

COMPLETENESS = f"{PROFILE}study-completeness"
IMAGES = f"{PROFILE}image-count"
FRAMES = f"{PROFILE}frame-count"
ITEM_CANDIDATE = f"{PROFILE}item-candidate"

_DICOM_UID = "urn:dicom:uid"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_URI = "urn:ietf:rfc:3986"
_FUNCTION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_CONNECTION = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
_MOST = 2**31 - 1
_MOST_MISSING = 100
# FHIR's own value set bodysite-laterality.
_SIDES = {
    Side.LEFT: ("419161000", "Unilateral left"),
    Side.RIGHT: ("419465000", "Unilateral right"),
    Side.BOTH: ("51440002", "Bilateral"),
}
_CONNECTIONS = {
    AccessKind.WADO_RS: ("dicom-wado-rs", "DICOM WADO-RS"),
    AccessKind.VIEWER: ("ihe-iid", "IHE IID"),
}
_MIME = {AccessKind.WADO_RS: ("application/dicom", "application/dicom+json"), AccessKind.VIEWER: ("text/html",)}
_GONE = frozenset(("UNAVAILABLE",))
_ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")


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
        endpoints = [self._endpoint(each) for each in study.access]
        resource = self._study(study, resource_id, endpoints)
        series = [self._series(each, study, endpoints) for each in study.series]
        if series:
            resource["series"] = [member for member, _ in series]
        probe = None
        if all(good for _, good in series):
            # The values were looked at one by one; of what repeats, each form is checked once.
            probe = {**resource, "series": [_shortened(member) for member, _ in series]} if series else resource
        out.add("ImagingStudy", resource_id, resource, probe=probe)

    def _study(self, study: Study, resource_id: str, endpoints: Sequence[str]) -> Json:
        out, dialect = self._out, self._dialect
        profile = f"{PROFILE}recognised-imaging-study" if out.patient else None
        resource = out.base("ImagingStudy", resource_id, profile=profile)
        if extensions := self._extensions(study):
            resource["extension"] = extensions
        resource["identifier"] = _identifiers(study, resource_id)
        resource["status"] = "unknown" if (study.availability or "").upper() in _GONE else "available"
        if modalities := [_modality(one) for one in study.modalities]:
            resource["modality"] = [dialect.study_code(one) for one in modalities]
        resource["subject"] = reference(out.patient) if out.patient else {"extension": absent(), "display": "未知"}
        if out.encounter:
            resource["encounter"] = reference(out.encounter)
        put_when(resource, "started", study.started)
        if study.accession is not None and clean(study.accession.value):
            resource["basedOn"] = [{"type": "ServiceRequest", "identifier": _accession(study)}]
        if study.referrer is not None and (found := self._parties.person(study.referrer)):
            resource["referrer"] = reference(found)
        readers = [found for each in study.readers if (found := self._parties.person(each))]
        dialect.put_readers(resource, [reference(one) for one in dict.fromkeys(readers)], _names(study.readers))
        if endpoints:
            resource["endpoint"] = [reference(one) for one in endpoints]
        _put_count(resource, "numberOfSeries", len(study.series) or study.stated_series)
        _put_count(resource, "numberOfInstances", _instances_of(study))
        procedures = concepts(study.procedures)
        if study.item is not None:
            procedures.append({"coding": [coding(study.item)]})
        dialect.put_procedures(resource, procedures)
        if text := clean(study.description):
            resource["description"] = text
        return resource

    def _extensions(self, study: Study) -> list[Json]:
        found: list[Json] = []
        if study.flag is not None and self._flag_allowed(study.flag, study.where):
            found.append(flag_extension(study.flag))
        if study.completeness.verdict is not CompletenessVerdict.UNKNOWN or study.completeness.evidence:
            found.append(_completeness(study))
        if study.instance_count:
            found.append({"url": IMAGES, "valueUnsignedInt": study.image_count})
        found += [{"url": ITEM_CANDIDATE, "valueCoding": coding(one)} for one in study.item_candidates]
        return found

    def _flag_allowed(self, flag: RecognitionFlag, where: str) -> bool:
        problem = forbidden(flag)
        if problem is not None:
            self._out.issue(IssueCode.MARK_FORBIDDEN, where, problem)
        return problem is None

    # -- series ----------------------------------------------------------------------------------

    def _series(self, series: Series, study: Study, endpoints: Sequence[str]) -> tuple[Json, bool]:
        """Return a series, and whether all that it repeats was found good here."""
        dialect = self._dialect
        out: Json = {"uid": series.uid}
        if series.number is not None and 0 <= series.number <= _MOST:
            out["number"] = series.number
        modality = _modality(series.modality) if series.modality and clean(series.modality) else None
        out["modality"] = dialect.study_code(modality) if modality else {"extension": absent()}
        if text := clean(series.description) or clean(series.protocol):
            out["description"] = text
        counted = len(series.instances) or series.stated_instances
        _put_count(out, "numberOfInstances", counted)
        if endpoints:
            out["endpoint"] = [reference(one) for one in endpoints]
        if site := concept(series.body_part):
            dialect.put_series_site(out, site)
        if series.side is not None:
            code, display = _SIDES[series.side]
            out["laterality"] = dialect.study_code({"system": SNOMED, "code": code, "display": display})
        elif text := clean(series.side_source):
            out["laterality"] = dialect.study_code({"display": text})
        put_when(out, "started", series.started)
        if performers := self._performers(series, study):
            out["performer"] = performers
        instances = [_instance(each) for each in series.instances]
        if instances:
            out["instance"] = instances
        good = all(_ID.fullmatch(each.uid) for each in series.instances)
        return out, good

    def _performers(self, series: Series, study: Study) -> list[Json]:
        """Return who and what made a series: people, the hospital, the equipment."""
        parties = self._parties
        found = [parties.performer(each) for each in series.performers]
        if study.institution is not None and not any(each.organization for each in series.performers):
            found.append(parties.performer(Performer(organization=study.institution)))
        if series.device is not None:
            found.append(parties.device(series.device))
        performed = {"coding": [{"system": _FUNCTION, "code": "PRF", "display": "performer"}]}
        return [{"function": performed, "actor": reference(one)} for one in dict.fromkeys(found) if one is not None]

    # -- where the images can be had ---------------------------------------------------------------

    def _endpoint(self, access: Access) -> str:
        resource_id = self._ids.make("Endpoint", f"{access.kind}|{access.address}")
        if self._out.has(resource_id):
            return resource_id
        resource = self._out.base("Endpoint", resource_id)
        resource["identifier"] = [technical_identifier(resource_id)]
        resource["status"] = "active"
        code, display = _CONNECTIONS[access.kind]
        connection = {"system": _CONNECTION, "code": code, "display": display}
        if text := clean(access.name):
            resource["name"] = text
        if access.organization is not None and (owner := self._parties.organization(access.organization)):
            resource["managingOrganization"] = reference(owner)
        self._dialect.put_connection(resource, connection, _MIME[access.kind])
        resource["address"] = access.address
        self._out.add("Endpoint", resource_id, resource)
        return resource_id


def _instance(instance: Instance) -> Json:
    out: Json = {"uid": instance.uid}
    if instance.frames is not None and 0 < instance.frames <= _MOST:
        out["extension"] = [{"url": FRAMES, "valueUnsignedInt": instance.frames}]
    if instance.sop_class:
        out["sopClass"] = {"system": _URI, "code": f"urn:oid:{instance.sop_class}"}
    else:
        out["sopClass"] = {"extension": absent()}
    if instance.number is not None and 0 <= instance.number <= _MOST:
        out["number"] = instance.number
    if instance.title and (text := clean(instance.title.shown)):
        out["title"] = text
    return out


def _shortened(series: Json) -> Json:
    """A series with one instance of each form, for the check of what repeats."""
    instances: list[Json] = series.get("instance", [])
    if len(instances) < 2:
        return series
    forms: dict[tuple[object, ...], Json] = {}
    for each in instances:
        forms.setdefault((*each, each["sopClass"].get("code")), each)
    return {**series, "instance": list(forms.values())}


def _identifiers(study: Study, resource_id: str) -> list[Json]:
    found: list[Json] = [{"use": "official", "system": _DICOM_UID, "value": f"urn:oid:{study.uid}"}]
    if study.accession is not None and clean(study.accession.value):
        found.append(_accession(study))
    if text := clean(study.study_id):
        found.append({"type": {"text": "StudyID"}, "value": text})
    found.append(technical_identifier(resource_id))
    return found


def _accession(study: Study) -> Json:
    assert study.accession is not None
    kind = {"coding": [{"system": V2_0203, "code": "ACSN", "display": "Accession ID"}]}
    return {"type": kind, **identifier(msgspec.structs.replace(study.accession, type=None))}


def _modality(code: str) -> Json:
    """Return a modality: a code of DICOM where it is one, else only its words."""
    known = load_modalities().get(code)
    if known is None:
        return {"display": clean(code) or "?"}
    return coding(Code(system=_DCM, code=code, display=known.name))


def _instances_of(study: Study) -> int | None:
    if study.instance_count:
        return study.instance_count
    stated = [each.stated_instances for each in study.series]
    counted = [each for each in stated if each is not None]
    return study.stated_instances or (sum(counted) if counted and len(counted) == len(stated) else None)


def _completeness(study: Study) -> Json:
    parts: list[Json] = [{"url": "verdict", "valueCode": study.completeness.verdict.value}]
    for each in study.completeness.evidence:
        inner: list[Json] = [{"url": "ground", "valueCode": each.ground.value}]
        if each.holds is not None:
            inner.append({"url": "holds", "valueBoolean": each.holds})
        if text := clean(each.text):
            inner.append({"url": "text", "valueString": text})
        parts.append({"url": "evidence", "extension": inner})
    missing = study.completeness.missing
    if missing:
        parts.append({"url": "missingCount", "valueUnsignedInt": len(missing)})
    parts += [{"url": "missing", "valueOid": f"urn:oid:{uid}"} for uid in missing[:_MOST_MISSING]]
    return {"url": COMPLETENESS, "extension": parts}


def _put_count(out: Json, name: str, count: int | None) -> None:
    if count is not None and 0 <= count <= _MOST:
        out[name] = count


def _names(performers: Sequence[Performer]) -> list[str]:
    return [
        text
        for each in performers
        if each.practitioner and each.practitioner.name and (text := clean(each.practitioner.name.text))
    ]
