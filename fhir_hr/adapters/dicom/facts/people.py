"""Who: patient, physicians, institution and machine of a DICOM object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fhir_hr.adapters.dicom.facts.codes import code_of
from fhir_hr.adapters.dicom.facts.times import Zone, read_date_time
from fhir_hr.adapters.dicom.headers.header import CodedEntry, OtherPatientId
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import LOCAL_PATIENT, USCC, V2_0203
from fhir_hr.mapping.codes import load_code_table
from fhir_hr.mapping.identifiers import is_uscc, national_id_problem, universal_authority
from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.people import Device, HumanName, Organization, Patient, Performer, Practitioner, Sex

__all__ = [
    "PatientFacts",
    "assigned_by",
    "known_issuer",
    "read_device",
    "read_institution",
    "read_name",
    "read_patient",
    "read_performers",
]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SEX = {"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER}
_GROUPS = ("A", "I", "P")


class PatientFacts(NamedTuple):
    """What the objects of one study say of their patient, as sent."""

    name: str | None = None
    id: str | None = None
    issuer: str | None = None
    universal_id: str | None = None
    others: tuple[OtherPatientId, ...] = ()
    birth_date: str | None = None
    sex: str | None = None

    def __repr__(self) -> str:
        return "PatientFacts(…)"


def read_name(text: str | None, *, where: str = "", log: IssueLog | None = None) -> tuple[HumanName, ...]:
    """Read a person name (PN, PS3.5 6.2.1): one name per group, the ideographic one first.

    A Chinese name without groups (``测试甲``), as many systems send it, is ideographic too.

    Args:
        text: the groups as sent, ``Alphabetic=Ideographic=Phonetic``.
        where: place of the element, for issues.
        log: takes the issues; without one they are not said.

    Example:
        >>> [(name.text, name.family, name.representation) for name in read_name("Ce^ShiJia=测^试甲")]
        [('测试甲', '测', 'I'), ('ShiJia Ce', 'Ce', 'A')]
    """
    if not text:
        return ()
    groups = text.split("=")
    if len(groups) > len(_GROUPS):
        _odd(log, where, f"a name has {len(groups)} groups instead of three at most; the further ones were left out")
    found: list[HumanName] = []
    for group, usual in zip(groups, _GROUPS, strict=False):
        name = _one_name(group, usual, where, log)
        if name is not None and all(name.text != other.text for other in found):
            found.append(name)
    found.sort(key=lambda name: "IAP".index(name.representation or "P"))
    return tuple(found)


def _one_name(group: str, usual: str, where: str, log: IssueLog | None) -> HumanName | None:
    parts = [part.strip() for part in group.split("^")]
    if not any(parts):
        return None
    family, first, middle, prefix, suffix = [*parts, *[""] * 5][:5]
    if any(parts[5:]):
        _odd(log, where, "a name has more than five components; the further ones were taken for given names")
    given = [part for part in (first, middle, *parts[5:]) if part]
    han = _HAN.search(group) is not None
    if han:
        family, given = "".join(family.split()), ["".join(part.split()) for part in given]
    words = [family, *given] if han else [prefix, *given, family, suffix]
    text = ("" if han else " ").join(word for word in words if word) or prefix or suffix
    structured = len(parts) > 1
    return HumanName(
        text=text,
        family=(family or None) if structured else None,
        given=tuple(given),
        prefix=prefix or None,
        suffix=suffix or None,
        representation="I" if han and usual == "A" else usual,
    )


def _odd(log: IssueLog | None, where: str, message: str) -> None:
    if log is not None:
        log.add_once(IssueCode.FIELD_UNMAPPED, Severity.WARNING, where, message)


# -- the patient -----------------------------------------------------------------------------------


def read_patient(
    facts: PatientFacts, *, zone: Zone, log: IssueLog, sender: ImagingSender | None = None
) -> Patient | None:
    """Read the patient; ``None`` when nothing at all is said of one.

    A number without issuer has no assigner unless the sender's profile names it: it proves no identity.
    """
    if not any(facts):
        log.add(
            IssueCode.PATIENT_MISSING, Severity.WARNING, "PatientID", "the study names no patient; it proves nothing"
        )
        return None
    birth, problem = read_date_time(facts.birth_date, None, zone=zone)
    if problem:
        # Not the text: a birth date names a person nearly as well as a number does.
        log.add(
            IssueCode.TIME_INVALID,
            Severity.WARNING,
            "PatientBirthDate",
            "the birth date is not a possible date; what stands before the fault was kept, if anything",
        )
    patient = Patient(
        identifiers=_identifiers(facts, log, sender),
        names=read_name(facts.name, where="PatientName", log=log),
        sex=_sex(facts.sex, log),
        sex_source=facts.sex,
        birth=birth,
        where="Patient",
    )
    _check(patient, log)
    return patient


def assigned_by(issuer: str | None, universal_id: str | None = None) -> tuple[str | None, str | None]:
    """System and assigner that an issuer stands for: a universal id is a system of its own.

    Example:
        >>> assigned_by("TESTHOSP"), assigned_by("HIS", "1.2.156.1")
        ((None, 'TESTHOSP'), ('urn:oid:1.2.156.1', 'HIS'))
    """
    issuer, universal = (issuer or "").strip(), (universal_id or "").strip()
    return universal_authority(issuer, universal) or (None, issuer or universal or None)


def known_issuer(issuer: str | None, sender: ImagingSender | None) -> str | None:
    """Return an issuer as the sender's profile calls it."""
    if issuer is None or sender is None:
        return issuer
    return sender.issuers.get(issuer, issuer)


def _identifiers(facts: PatientFacts, log: IssueLog, sender: ImagingSender | None) -> tuple[Identifier, ...]:
    found: list[Identifier] = []
    if facts.id:
        default = sender.patient_assigner if sender is not None else None
        issuer = known_issuer(facts.issuer, sender) or (None if facts.universal_id else default)
        found.append(_identifier(facts.id, issuer, facts, log))
    for other in facts.others:
        # Without an issuer nobody knows whose number it is: the assigner of PatientID need not have given it.
        one = _identifier(other.value, known_issuer(other.issuer, sender), None, log)
        if one not in found:
            found.append(one)
    return tuple(found)


def _identifier(value: str, issuer: str | None, facts: PatientFacts | None, log: IssueLog) -> Identifier:
    where = "OtherPatientIDsSequence" if facts is None else "PatientID"
    system, assigner = assigned_by(issuer, facts.universal_id if facts is not None else None)
    if system == NATIONAL_ID:
        problem = national_id_problem(value)
        if problem is None:
            kind = Code(system=V2_0203, code="NI", display="National unique individual identifier")
            return Identifier(value=value.upper(), system=NATIONAL_ID, type=kind)
        log.add(
            IssueCode.IDENTIFIER_INVALID,
            Severity.WARNING,
            where,
            f"an identity card number is doubtful: {problem}; it was kept as a local number",
        )
        system = None
    return Identifier(value=value, system=system or LOCAL_PATIENT, assigner=assigner)


def _sex(text: str | None, log: IssueLog) -> Sex | None:
    if not text:
        return None
    known = _SEX.get(text)
    if known is not None:
        return known
    row = load_code_table("sex").get(text)
    if row is None or row.target is None:
        log.add(
            IssueCode.SEX_UNKNOWN,
            Severity.WARNING,
            "PatientSex",
            "the sex code is not known; it was kept as sent and read as unknown",
        )
        return Sex.UNKNOWN
    log.add(
        IssueCode.SEX_UNKNOWN,
        Severity.INFORMATION,
        "PatientSex",
        "the sex is none of M, F and O (PS3.3 C.7.1.1); it was read by the code table",
    )
    return Sex(row.target)


def _check(patient: Patient, log: IssueLog) -> None:
    """Say aloud what would make this the wrong patient."""
    if not patient.identifiers:
        log.add(
            IssueCode.PATIENT_IDENTIFIER_MISSING,
            Severity.WARNING,
            "PatientID",
            "the patient has no identifier; the study cannot be found as a prior",
        )
    cards = sorted({one.value for one in patient.identifiers if one.system == NATIONAL_ID})
    if len(cards) > 1:
        log.add(
            IssueCode.PATIENT_CONFLICT,
            Severity.ERROR,
            "OtherPatientIDsSequence",
            "one patient carries two different identity card numbers; identity is not proved",
        )
    elif cards:
        _check_card(cards[0], patient, log)


def _check_card(card: str, patient: Patient, log: IssueLog) -> None:
    born = f"{card[6:10]}-{card[10:12]}-{card[12:14]}"
    differ = []
    if patient.birth is not None and len(patient.birth.iso) >= 10 and patient.birth.iso[:10] != born:
        differ.append("birth date")
    if patient.sex in (Sex.MALE, Sex.FEMALE) and (patient.sex is Sex.MALE) != (int(card[16]) % 2 == 1):
        differ.append("sex")
    for what in differ:
        log.add(
            IssueCode.PATIENT_CONFLICT,
            Severity.WARNING,
            "Patient",
            f"the {what} differs from the one in the identity card number",
        )


# -- staff, place and machine ----------------------------------------------------------------------


def read_performers(
    names: Iterable[str], *, where: str, log: IssueLog, role: str | None = None
) -> tuple[Performer, ...]:
    """Read persons of the staff that are stated by name alone, each once.

    Args:
        names: person names, as sent.
        role: what they did, in Chinese, for people.
    """
    found: list[Performer] = []
    for raw in names:
        read = read_name(raw, where=where, log=log)
        if read:
            person = Practitioner(name=read[0], source=raw)
            one = Performer(practitioner=person, role=Concept(text=role) if role else None)
            if one not in found:
                found.append(one)
    return tuple(found)


def read_institution(
    name: str | None, codes: Sequence[CodedEntry], *, sender: ImagingSender | None, log: IssueLog
) -> Organization | None:
    """Return where the study was made: the institution of the sender's profile, else the one that is stated."""
    known = sender.institution if sender is not None else None
    if known is not None:
        system = USCC if is_uscc(known.id) else None
        return Organization(
            name=known.name or name, identifiers=(Identifier(value=known.id, system=system),), division=known.division
        )
    found = []
    for entry in codes:
        code = code_of(entry, where="InstitutionCodeSequence", log=log)
        if code is not None:
            system = USCC if is_uscc(code.code) else code.system
            found.append(Identifier(value=code.code, system=system, assigner=None if system else entry.scheme))
    named = name or next((entry.meaning for entry in codes if entry.meaning), None)
    return Organization(name=named, identifiers=tuple(found)) if named or found else None


def read_device(
    *, manufacturer: str | None, model: str | None, serial: str | None, software: Sequence[str]
) -> Device | None:
    """Return the machine, as far as it is named.

    Example:
        >>> read_device(manufacturer="示例厂商", model="SIM-64", serial="SN-1", software=("1.0", "2.0")).version
        '1.0, 2.0'
    """
    if not (manufacturer or model or serial or software):
        return None
    kind = Code(system=V2_0203, code="SNO", display="Serial Number")
    identifiers = (Identifier(value=serial, type=kind, assigner=manufacturer),) if serial else ()
    return Device(
        identifiers=identifiers,
        manufacturer=manufacturer,
        model=model,
        version=", ".join(part for part in software if part) or None,
    )
