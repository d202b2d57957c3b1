"""Registered numbers: check digits, and universal ids as systems."""

from __future__ import annotations

import re

__all__ = ["is_uscc", "national_id_problem", "oid_uri", "universal_authority"]

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_CARD = re.compile(r"\d{17}[\dXx]\Z", re.ASCII)
_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_CHECK = "10X98765432"

_OID = re.compile(r"[0-2](\.(0|[1-9]\d*)){2,}\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def oid_uri(text: str) -> str | None:
    """Return an OID as URI, or ``None`` for any other text.

    Example:
        >>> oid_uri("1.2.156.1"), oid_uri("HIS")
        ('urn:oid:1.2.156.1', None)
    """
    return f"urn:oid:{text}" if _OID.match(text) else None


def universal_authority(namespace: str, universal_id: str) -> tuple[str, str | None] | None:
    """Return system and assigner of an authority that names a universal id, which is a system of its own.

    Args:
        namespace: its local name (HD.1, IssuerOfPatientID), which may itself be an OID.
        universal_id: its OID or UUID (HD.2, UniversalEntityID).

    Example:
        >>> universal_authority("HIS", "1.2.156.1"), universal_authority("HIS", "")
        (('urn:oid:1.2.156.1', 'HIS'), None)
    """
    system = oid_uri(universal_id)
    if system is None and _UUID.match(universal_id):
        system = f"urn:uuid:{universal_id.lower()}"
    if system is not None:
        return system, namespace or None
    system = oid_uri(namespace)
    return None if system is None else (system, None)


def is_uscc(text: str) -> bool:
    """Tell whether ``text`` is formed like a 统一社会信用代码 (GB 32100-2015) with a right check character.

    Example:
        >>> is_uscc("125100000000000016"), is_uscc("125100000000000017")
        (False, False)
    """
    if not _FORM.fullmatch(text):
        return False
    total = sum(_ALPHABET.index(ch) * weight for ch, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total) % 31] == text[17]


def national_id_problem(number: str) -> str | None:
    """Say what is wrong with an identity card number of 18 characters (GB 11643), or ``None``.

    Example:
        >>> national_id_problem("11010519491231002X") is None
        True
        >>> national_id_problem("110105194912310021")
        'the check character is wrong'
    """
    if not _CARD.match(number):
        return "it is not 17 digits and a check character"
    total = sum(int(digit) * weight for digit, weight in zip(number, _CARD_WEIGHTS, strict=False))
    if _CARD_CHECK[total % 11] != number[17].upper():
        return "the check character is wrong"
    return None
