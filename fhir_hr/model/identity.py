"""Is this the same person? Proved, disproved, or not known.

The wrong patient is the worst outcome (invariant 7): a prior counts only when identity is proved, and doubt
is reported, never resolved.
"""

from __future__ import annotations

import unicodedata

import msgspec

from fhir_hr.model.codes import Identifier
from fhir_hr.model.people import Patient, Sex
from fhir_hr.model.when import Precision, When, compare

__all__ = [
    "LOCAL_PATIENT",
    "NATIONAL_ID",
    "IdentityMatch",
    "PatientIdentity",
    "local_key",
    "match_identity",
    "same_name",
]

NATIONAL_ID = "urn:oid:2.16.156.10011.1.3"
"""居民身份证号 (registered root, WS 363/CDA use)."""

LOCAL_PATIENT = "urn:oid:2.16.156.10011.2.5.1.4"
"""本地系统患者ID: shared by all hospitals, so nothing without its assigner."""


class PatientIdentity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What identifies a patient. Never shown by ``repr``."""

    identifiers: tuple[Identifier, ...] = ()
    name: str | None = None
    sex: Sex | None = None
    birth: When | None = None

    def __repr__(self) -> str:
        return f"PatientIdentity(<{len(self.identifiers)} identifiers>)"

    @classmethod
    def of(cls, patient: Patient) -> PatientIdentity:
        """Take the identity of a patient as read from a message."""
        return cls(
            identifiers=patient.identifiers,
            name=patient.names[0].text if patient.names else None,
            sex=patient.sex,
            birth=patient.birth,
        )


class IdentityMatch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Answer of :func:`match_identity`: ``same`` is true, false or ``None`` (unknown), and on what ground."""

    same: bool | None
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()


def same_name(a: str, b: str) -> bool:
    """Compare names after removing padding, spaces, middle dots and width variants.

    Example:
        >>> same_name("张  某", "张某")
        True
    """
    return _folded(a) == _folded(b)


def _folded(name: str) -> str:
    text = unicodedata.normalize("NFKC", name)
    return "".join(ch for ch in text.casefold() if not ch.isspace() and ch not in "·•・.,")


def match_identity(a: PatientIdentity, b: PatientIdentity) -> IdentityMatch:
    """Compare two identities.

    Proved (``True``) needs one shared identifier (same system, assigner and value) and nothing that differs among
    name, sex and birth date: the national id card, or a local number of the same assigner together with a name or
    birth date that agrees. Disproved
    (``False``): two different national ids, or no shared identifier and a different birth date, sex or name.
    A shared identifier with a different name, sex or birth date is *unknown*: someone must look.

    Example:
        >>> card = Identifier(system=NATIONAL_ID, value="11010519491231002X")
        >>> me = PatientIdentity(identifiers=(card,), name="测试甲")
        >>> match_identity(me, me).same
        True
        >>> match_identity(me, PatientIdentity(name="测试甲")).same is None
        True
    """
    agree: list[str] = []
    differ: list[str] = []
    shared = _shared(a, b)
    cards_a, cards_b = _national(a), _national(b)
    ambiguous = len(cards_a) > 1 or len(cards_b) > 1
    if cards_a and cards_b:
        (agree if cards_a & cards_b else differ).append("national-id")
    elif shared:
        agree.append("local-id")
    if a.name and b.name:
        if not same_name(a.name, b.name):
            differ.append("name")
        elif not _is_masked(a.name):
            agree.append("name")
    if a.sex and b.sex and Sex.UNKNOWN not in (a.sex, b.sex):
        (agree if a.sex == b.sex else differ).append("sex")
    if a.birth and b.birth:
        _compare_birth(a.birth, b.birth, agree=agree, differ=differ)
    if ambiguous:
        # One "person" with two identity cards is two persons in one record: nothing is proved by it.
        return IdentityMatch(same=None, agree=tuple(agree), differ=(*differ, "several-national-ids"))
    if "national-id" in differ:
        same: bool | None = False
    elif "national-id" in agree:
        same = None if differ else True
    elif "local-id" in agree:
        # Two hospitals may both call themselves "10" and number their patients from 1: a local number proves
        # nothing without a name or birth date that agrees.
        same = True if not differ and {"name", "birth-date"} & set(agree) else None
    else:
        same = False if differ else None
    return IdentityMatch(same=same, agree=tuple(agree), differ=tuple(differ))


def _is_masked(name: str) -> bool:
    # 张** is how many names are shown: equal masks are no equal names.
    return any(mask in name for mask in "*＊")


def _shared(a: PatientIdentity, b: PatientIdentity) -> bool:
    keys = {local_key(i) for i in a.identifiers if _usable(i)}
    return any(local_key(i) in keys for i in b.identifiers if _usable(i))


def local_key(identifier: Identifier) -> str:
    """Return the key by which two statements of one number are compared.

    A number of a hospital means the same with the registered root of local patient numbers and without any system:
    who gave it is what tells.

    Example:
        >>> local_key(Identifier(value="7", assigner="H1")) == local_key(
        ...     Identifier(value="7", assigner="H1", system=LOCAL_PATIENT))
        True
    """
    return identifier.key.removeprefix(LOCAL_PATIENT) if identifier.system == LOCAL_PATIENT else identifier.key


def _usable(identifier: Identifier) -> bool:
    # A number without system or assigner may be anybody's: two hospitals both have a patient 1.
    return bool(identifier.value) and (identifier.system == NATIONAL_ID or bool(identifier.assigner))


def _national(identity: PatientIdentity) -> frozenset[str]:
    return frozenset(one.value.upper() for one in identity.identifiers if one.system == NATIONAL_ID and one.value)


def _compare_birth(a: When, b: When, *, agree: list[str], differ: list[str]) -> None:
    if a.precision >= Precision.DAY and b.precision >= Precision.DAY:
        (agree if a.iso[:10] == b.iso[:10] else differ).append("birth-date")
    elif compare(a, b) in (-1, 1):
        differ.append("birth-date")
