"""The value of one element as text: the same for bytes of a file and for what pydicom made of them."""

from __future__ import annotations

import math
import struct

import msgspec

from fhir_hr.adapters.dicom.headers.charset import Charset, decode_name, decode_text, tidy_name
from fhir_hr.adapters.dicom.headers.fields import place
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["Reading", "fault", "number_text", "split_text"]

PADDING = " \0"
_WHOLE = frozenset({"ST", "LT", "UT", "UR"})
"""Representations of one value, in which a backslash is a letter (PS3.5 table 6.2-1)."""
_CODED = frozenset({"SH", "LO", "UC", "ST", "LT", "UT"})
"""Representations that SpecificCharacterSet governs, PN aside."""
_PLAIN = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_EXACT = 1 << 53


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How values are read: bounds, what is assumed of text, whether it is repaired.

    Attributes:
        limits: bounds.
        assumed: character set to take where none is stated.
        repair: whether text of a wrong character set is decoded by the right one, and flagged.
    """

    limits: DicomLimits = DicomLimits()
    assumed: str | None = None
    repair: bool = False

    def text(
        self, tag: int, vr: str, raw: bytes, charset: Charset, *, expected: str, little: bool = True
    ) -> tuple[str, Issue | None]:
        """Decode one element, all of its values together.

        Args:
            tag: where it stands, for issues.
            vr: representation that the object states; one that cannot hold text gives way to ``expected``.
            raw: bytes of its value.
            charset: of the object or item that it stands in.
            expected: representation by the dictionary.
            little: byte order of binary numbers.
        """
        if not raw:
            return "", None
        if len(raw) > self.limits.element_bytes:
            return "", too_long(tag)
        used = vr if vr in _BINARY or vr in _CODED or vr in _PLAIN or vr == "PN" else expected
        if used in _BINARY:
            return _numbers(tag, raw, _BINARY[used], little=little)
        issue: Issue | None = None
        if raw.isascii() and b"\x1b" not in raw:
            text = raw.decode("ascii")
        elif used == "PN" or used in _CODED:
            found = (decode_name if used == "PN" else decode_text)(raw, charset, repair=self.repair)
            text, issue = found.text, found.issue and msgspec.structs.replace(found.issue, where=place(tag))
        else:
            # Only ASCII is allowed here; Latin-1 keeps what the bytes were.
            text = raw.decode("iso8859_1")
            issue = fault(IssueCode.CHARSET_WRONG, tag, "text beyond ASCII where none is allowed; kept as Latin-1")
        if len(text) > self.limits.text_chars:
            return "", too_long(tag)
        return text, issue


def split_text(text: str, vr: str) -> tuple[str, ...]:
    """Split text into its values without padding; an element without any text has none.

    Example:
        >>> split_text("ORIGINAL \\\\\\\\AXIAL ", "CS"), split_text("  ", "CS")
        (('ORIGINAL', '', 'AXIAL'), ())
    """
    if not text:
        return ()
    if vr in _WHOLE or "\\" not in text:
        text = tidy_name(text) if vr == "PN" else text.strip(PADDING)
        return (text,) if text else ()
    parts = tuple((tidy_name(part) if vr == "PN" else part.strip(PADDING)) for part in text.split("\\"))
    return parts if any(parts) else ()


def number_text(value: float) -> str | None:
    """A binary number as text, whole ones without a point; ``None`` when it is none.

    Example:
        >>> number_text(512), number_text(12.0), number_text(0.1), number_text(float("nan"))
        ('512', '12', '0.1', None)
    """
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def _numbers(tag: int, raw: bytes, kind: str, *, little: bool) -> tuple[str, Issue | None]:
    size = struct.calcsize(f"<{kind}")
    if len(raw) % size:
        words = f"{len(raw)} bytes are no whole number of {size}-byte numbers; the value was left out"
        return "", fault(IssueCode.DICOM_MALFORMED, tag, words)
    found = [number_text(value) for (value,) in struct.iter_unpack(("<" if little else ">") + kind, raw)]
    if None in found:
        return "", fault(IssueCode.NUMBER_INVALID, tag, "a value is no finite number; it was left out")
    return "\\".join(map(str, found)), None


def too_long(tag: int) -> Issue:
    """Say that a value is longer than the limits allow."""
    return fault(IssueCode.FIELD_TOO_LONG, tag, "the value is longer than the limit; it was left out")


def fault(code: IssueCode, tag: int, message: str, *, severity: Severity = Severity.WARNING) -> Issue:
    """An issue at an element."""
    return Issue(code=code, severity=severity, where=place(tag), message=message)
