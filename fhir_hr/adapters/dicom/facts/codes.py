"""Code sequence items (PS3.3 8.8) as codings; a local code never pretends to be one of a known system."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import LOINC
from fhir_hr.mapping.codes import load_code_table
from fhir_hr.mapping.identifiers import oid_uri
from fhir_hr.mapping.loinc import is_loinc
from fhir_hr.model.codes import Code, Concept

__all__ = ["code_of", "concept_of", "scheme_uri"]


def scheme_uri(scheme: str | None) -> str | None:
    """URI of a Coding Scheme Designator (PS3.16 8), or ``None`` for a local or unknown one (``99…``, ``L``).

    Example:
        >>> scheme_uri("DCM"), scheme_uri("99HOSP"), scheme_uri("SRT")
        ('http://dicom.nema.org/resources/ontology/DCM', None, None)
    """
    if not scheme:
        return None
    row = load_code_table("code-systems-0396").get(scheme)
    if row is not None:
        return row.target
    return oid_uri(scheme)


def code_of(entry: CodedEntry, *, where: str, log: IssueLog) -> Code | None:
    """Read one item; ``None`` when it has no code value (its meaning is then only words)."""
    if not entry.value:
        return None
    system = scheme_uri(entry.scheme)
    if system == LOINC and not is_loinc(entry.value):
        log.add_once(
            IssueCode.CODE_SYSTEM_DOUBTFUL,
            Severity.WARNING,
            where,
            f"'{entry.value[:40]}' is labelled LOINC but is no LOINC code; it was kept as a local code",
        )
        system = None
    return Code(code=entry.value, system=system, display=entry.meaning, version=entry.version)


def concept_of(entries: Iterable[CodedEntry], *, where: str, log: IssueLog, text: str | None = None) -> Concept | None:
    """Read parallel items and the words that stand beside them as one concept; ``None`` when there is nothing.

    Without words of their own, the meaning of an item without code value is taken as words.
    """
    held = tuple(entries)
    codings = tuple(code for entry in held if (code := code_of(entry, where=where, log=log)) is not None)
    words = text or next((entry.meaning for entry in held if entry.meaning and not entry.value), None)
    return Concept(codings=codings, text=words) if codings or words else None
