"""Do the objects of one study speak of one patient? What differs is told; what is not stated differs from nothing."""

from __future__ import annotations

from operator import attrgetter

from fhir_hr.adapters.dicom.facts.people import PatientFacts, assigned_by, read_name
from fhir_hr.adapters.dicom.headers.header import Header, OtherPatientId
from fhir_hr.model.identity import NATIONAL_ID, same_name

__all__ = ["PatientOfStudy", "difference", "patient_facts"]

patient_facts = attrgetter(
    "patient_name",
    "patient_id",
    "issuer_of_patient_id",
    "issuer_universal_id",
    "other_patient_ids",
    "patient_birth_date",
    "patient_sex",
)
"""What a :class:`Header` says of its patient, in the order of :class:`PatientFacts`."""


def difference(a: PatientFacts, b: PatientFacts) -> str | None:
    """Name the element by which two statements are of two patients; ``None`` when nothing stated differs.

    Of names the Chinese form decides where both have one, else the alphabetic form without regard to case, spaces and
    order marks; a Chinese and a pinyin name alone cannot be compared.

    Example:
        >>> difference(PatientFacts(name="Ce^ShiJia=测^试甲"), PatientFacts(name="CE SHIJIA", id="1")) is None
        True
        >>> difference(PatientFacts(id="1"), PatientFacts(id="2"))
        'PatientID'
    """
    if a.id and b.id and a.id != b.id:
        return "PatientID"
    if a.issuer and b.issuer and a.issuer != b.issuer:
        return "IssuerOfPatientID"
    if a.universal_id and b.universal_id and a.universal_id != b.universal_id:
        return "IssuerOfPatientIDQualifiersSequence"
    cards, other_cards = _cards(a), _cards(b)
    if cards and other_cards and not cards & other_cards:
        return "identity card number"
    if a.birth_date and b.birth_date and _digits(a.birth_date) != _digits(b.birth_date):
        return "PatientBirthDate"
    if {a.sex, b.sex} == {"M", "F"}:
        return "PatientSex"
    if a.name and b.name and a.name != b.name and _names_differ(a.name, b.name):
        return "PatientName"
    return None


def _cards(facts: PatientFacts) -> set[str]:
    stated = ((facts.id or "", facts.issuer), *((other.value, other.issuer) for other in facts.others))
    return {value.upper() for value, issuer in stated if issuer and assigned_by(issuer)[0] == NATIONAL_ID and value}


def _digits(date: str) -> str:
    return "".join(ch for ch in date if ch.isdigit())


def _names_differ(a: str, b: str) -> bool:
    one, other = _forms(a), _forms(b)
    for representation in ("I", "A", "P"):
        if representation in one and representation in other:
            return not same_name(one[representation], other[representation])
    return False


def _forms(text: str) -> dict[str, str]:
    # Family and given names in the order sent: "Ce^ShiJia" and "Ce ShiJia" are one name, "ShiJia Ce" is shown of both.
    return {
        name.representation or "": "".join((name.family or "", *name.given)) or name.text for name in read_name(text)
    }


class PatientOfStudy:
    """The patient of one study, gathered from all its objects."""

    def __init__(self) -> None:
        self._accepted: list[PatientFacts] = []
        self._last: tuple[object, ...] | None = None

    def take(self, header: Header) -> str | None:
        """Take what an object says, or name the element by which it speaks of somebody else (nothing is then taken)."""
        raw: tuple[object, ...] = patient_facts(header)
        if raw == self._last:
            return None
        facts = PatientFacts._make(raw)
        if facts not in self._accepted:
            differs = self.compare(header)
            if differs is not None:
                return differs
            self._accepted.append(facts)
        self._last = raw
        return None

    def compare(self, header: Header) -> str | None:
        """Name the element by which an object speaks of somebody else; nothing is taken."""
        facts = PatientFacts._make(patient_facts(header))
        return next((differs for known in self._accepted if (differs := difference(known, facts)) is not None), None)

    def facts(self) -> PatientFacts:
        """Return all that is said of the patient; of several forms of the name the fullest."""
        others: set[OtherPatientId] = {other for each in self._accepted for other in each.others}
        return PatientFacts(
            name=_best([each.name for each in self._accepted]),
            id=_best([each.id for each in self._accepted]),
            issuer=_best([each.issuer for each in self._accepted]),
            universal_id=_best([each.universal_id for each in self._accepted]),
            others=tuple(sorted(others, key=lambda other: (other.issuer or "", other.value, other.type or ""))),
            birth_date=_best([each.birth_date for each in self._accepted]),
            sex=_best([each.sex for each in self._accepted]),
        )


def _best(values: list[str | None]) -> str | None:
    stated = [value for value in values if value]
    return min(stated, key=lambda value: (-value.count("="), -len(value), value)) if stated else None
