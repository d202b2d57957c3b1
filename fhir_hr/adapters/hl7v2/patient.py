"""PID and PV1: who the patient is, and the visit (chapter 3.4)."""

from __future__ import annotations

import re

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import (
    assigner_of,
    read_address,
    read_cwe,
    read_name,
    read_person,
    read_telecom,
    repetitions,
)
from fhir_hr.adapters.hl7v2.er7 import Segment, components
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import LOCAL_PATIENT, V2_0203
from fhir_hr.mapping.identifiers import national_id_problem
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.people import Encounter, EncounterClass, Patient, Performer, Sex
from fhir_hr.model.when import When

__all__ = ["read_encounter", "read_patient"]

VISIT = "urn:oid:2.16.156.10011.2.5.1.9"
"""就诊流水号."""

_BCP47 = re.compile(r"(?:zh|en|ja|ko|ru|fr|de|es|ar|vi|th|bo|ug|mn)(?:-[A-Za-z]{2})?\Z", re.IGNORECASE)
"""Languages that hospitals in China meet; a code outside this list is reported."""


def read_patient(ctx: Context, pid: Segment) -> Patient:
    """Read PID; doubtful parts are reported, the rest is kept."""
    where = pid.where
    identifiers = _identifiers(ctx, pid)
    names = [name for part in repetitions(ctx, pid.get(5)) for name in read_name(ctx, part, f"{where}-5")]
    sex_raw = ctx.text(pid.get(8)).split(ctx.separators.component)[0]
    sex = _sex(ctx, sex_raw, where)
    birth = ctx.when(pid.get(7), f"{where}-7")
    patient = Patient(
        identifiers=tuple(identifiers),
        names=tuple(names),
        sex=sex,
        sex_source=sex_raw or None,
        birth=birth,
        deceased=_deceased(ctx, pid),
        addresses=tuple(address for part in repetitions(ctx, pid.get(11)) if (address := read_address(ctx, part))),
        telecoms=tuple(
            telecom
            for number in (13, 14)
            for part in repetitions(ctx, pid.get(number))
            if (telecom := read_telecom(ctx, part))
        ),
        marital=read_cwe(ctx, pid.get(16), f"{where}-16") if pid.get(16) else None,
        ethnicity=read_cwe(ctx, pid.get(22), f"{where}-22") if pid.get(22) else None,
        language=_language(ctx, pid.get(15), f"{where}-15") if pid.get(15) else None,
        multiple_birth=_multiple_birth(pid),
        where=where,
    )
    _check(ctx, patient)
    return patient


def _identifiers(ctx: Context, pid: Segment) -> list[Identifier]:
    where = f"{pid.where}-3"
    found: list[Identifier] = []
    fields = repetitions(ctx, pid.get(3)) or repetitions(ctx, pid.get(2))
    for part in fields:
        identifier = _identifier(ctx, part, where)
        if identifier is not None and identifier not in found:
            found.append(identifier)
    social = ctx.text(pid.get(19)).split(ctx.separators.component)[0].strip()
    if social and national_id_problem(social) is None and not any(i.system == NATIONAL_ID for i in found):
        found.append(_national(social))
    return found


def _identifier(ctx: Context, raw: str, where: str) -> Identifier | None:
    parts = [*components(raw, ctx.separators.component), "", "", "", "", "", ""]
    value = ctx.text(parts[0]).strip()
    if not value:
        return None
    kind = parts[4].strip()
    rule = ctx.profile.identifier_types.get(kind)
    if rule is not None:
        system, type_code, display = rule.system, rule.type_code, rule.type_display
        known = True
    else:
        row = ctx.vocabulary.identifier_types.get(kind) if kind else None
        system, type_code = None, kind
        display = row.display if row is not None else ""
        known = row is not None and kind != "NNCHN"  # NNxxx is a pattern of table 0203, no code of its system
        if kind == "NNCHN":
            system = NATIONAL_ID
        elif kind and row is None:
            ctx.log.add_once(
                IssueCode.IDENTIFIER_TYPE_UNKNOWN,
                Severity.INFORMATION,
                where,
                f"identifier type {_shown(kind)} is not known; the number was kept as a local one",
            )
    if system == NATIONAL_ID:
        problem = national_id_problem(value)
        if problem is not None:
            ctx.log.add(
                IssueCode.IDENTIFIER_INVALID,
                Severity.WARNING,
                where,
                f"an identity card number is doubtful: {problem}; it was kept as a local number",
            )
            system = None
        else:
            return _national(value)
    universal, assigner = assigner_of(ctx, parts[3])
    type_system = rule.type_system if rule is not None else V2_0203 if known else None
    code = Code(system=type_system, code=type_code, display=display) if type_code else None
    return Identifier(value=value, system=system or universal or LOCAL_PATIENT, type=code, assigner=assigner)


def _shown(kind: str) -> str:
    """A type code for a message; anything longer could be a name or a number in the wrong place."""
    return f"'{kind}'" if kind.isascii() and kind.isalnum() and len(kind) <= 6 else "(text)"


def _national(number: str) -> Identifier:
    kind = Code(system=V2_0203, code="NI", display="National unique individual identifier")
    return Identifier(value=number.upper(), system=NATIONAL_ID, type=kind)


def _sex(ctx: Context, raw: str, where: str) -> Sex | None:
    text = raw.strip()
    if not text:
        return None
    target = ctx.profile.sex.get(text)
    if target is None:
        row = ctx.vocabulary.sex.get(text)
        target = row.target if row else None
    if target is None:
        ctx.log.add(
            IssueCode.SEX_UNKNOWN,
            Severity.WARNING,
            f"{where}-8",
            "the sex code is not known; it was kept as sent and read as unknown",
        )
        return Sex.UNKNOWN
    return Sex(target)


def _language(ctx: Context, raw: str, where: str) -> Concept | None:
    """PID-15; FHIR takes BCP 47 only, so another code is reported and left out."""
    parts = ctx.parts(raw, 2)
    code, name = parts[0].strip(), parts[1].strip()
    if not _BCP47.match(code):
        ctx.log.add(
            IssueCode.FIELD_UNMAPPED,
            Severity.INFORMATION,
            where,
            f"language '{code[:10]}' is no BCP 47 tag that is known here; it was left out",
        )
        return None
    primary, _, region = code.partition("-")
    tag = f"{primary.lower()}-{region.upper()}" if region else primary.lower()
    return Concept(codings=(Code(system="urn:ietf:bcp:47", code=tag),), text=name or None, source=raw)


def _deceased(ctx: Context, pid: Segment) -> When | bool | None:
    moment = ctx.when(pid.get(29), f"{pid.where}-29")
    if moment is not None:
        return moment
    return {"Y": True, "N": False}.get(pid.get(30))


def _multiple_birth(pid: Segment) -> int | bool | None:
    order = pid.get(25)
    if order.isascii() and order.isdigit() and len(order) < 3:
        return int(order)
    return {"Y": True, "N": False}.get(pid.get(24))


def _check(ctx: Context, patient: Patient) -> None:
    """Say aloud what would make this the wrong patient."""
    log, where = ctx.log, patient.where
    if not patient.identifiers:
        log.add(
            IssueCode.PATIENT_IDENTIFIER_MISSING,
            Severity.WARNING,
            f"{where}-3",
            "the patient has no identifier; the results cannot be found as priors",
        )
    cards = {i.value for i in patient.identifiers if i.system == NATIONAL_ID}
    if len(cards) > 1:
        log.add(
            IssueCode.PATIENT_CONFLICT,
            Severity.ERROR,
            f"{where}-3",
            "one patient carries two different identity card numbers; identity is not proved",
        )
    elif cards:
        _check_card(ctx, patient, next(iter(cards)))


def _check_card(ctx: Context, patient: Patient, card: str) -> None:
    born = f"{card[6:10]}-{card[10:12]}-{card[12:14]}"
    odd = int(card[16]) % 2 == 1
    if patient.birth is not None and len(patient.birth.iso) >= 10 and patient.birth.iso[:10] != born:
        ctx.log.add(
            IssueCode.PATIENT_CONFLICT,
            Severity.WARNING,
            f"{patient.where}-7",
            "the birth date differs from the one in the identity card number",
        )
    if patient.sex in (Sex.MALE, Sex.FEMALE) and (patient.sex is Sex.MALE) != odd:
        ctx.log.add(
            IssueCode.PATIENT_CONFLICT,
            Severity.WARNING,
            f"{patient.where}-8",
            "the sex differs from the one in the identity card number",
        )


def read_encounter(ctx: Context, pv1: Segment) -> Encounter:
    """Read PV1: class, visit number, times and the physicians."""
    where = pv1.where
    raw_class = ctx.text(pv1.get(2)).split(ctx.separators.component)[0].strip()
    row = ctx.vocabulary.patient_class.get(raw_class) if raw_class else None
    visit = ctx.text(pv1.get(19).split(ctx.separators.component)[0]).strip()
    identifiers: tuple[Identifier, ...] = ()
    if visit:
        parts = [*components(pv1.get(19), ctx.separators.component), "", "", "", ""]
        system, assigner = assigner_of(ctx, parts[3])
        identifiers = (
            Identifier(
                value=visit,
                system=system or VISIT,
                type=Code(system=V2_0203, code="VN", display="Visit number"),
                assigner=assigner,
            ),
        )
    place = [ctx.text(part).strip() for part in components(pv1.get(3), ctx.separators.component)]
    participants = []
    for number in (7, 8, 9, 17):
        for part in repetitions(ctx, pv1.get(number)):
            person = read_person(ctx, part, f"{where}-{number}")
            if person is not None:
                participants.append(Performer(practitioner=person))
    return Encounter(
        identifiers=identifiers,
        klass=EncounterClass(row.target) if row is not None and row.target else None,
        class_source=raw_class or None,
        start=ctx.when(pv1.get(44), f"{where}-44"),
        end=ctx.when(pv1.get(45), f"{where}-45"),
        location=" ".join(part for part in place if part) or None,
        participants=tuple(participants),
        where=where,
    )
