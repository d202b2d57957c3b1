"""What every source of priors answers: one query, one closed union of answers.

"Could not ask" is never "there is nothing" (invariant 2), so a source never returns a bare list.
"""

from __future__ import annotations

from typing import ClassVar, Protocol, TypeAlias

import msgspec

from fhir_hr.issues import Issue
from fhir_hr.model.codes import Code
from fhir_hr.model.identity import LOCAL_PATIENT, NATIONAL_ID, PatientIdentity, local_key
from fhir_hr.model.lab import ReportKind, ReportStatus
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When

__all__ = [
    "Answer",
    "Deposit",
    "Found",
    "Nothing",
    "Partial",
    "PriorQuery",
    "PriorSource",
    "Refused",
    "ReportVersion",
    "Unavailable",
    "lookup_keys",
]


class PriorQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a source.

    Attributes:
        patient: whose results; a source needs at least one identifier that is certain (:func:`lookup_keys`).
        kinds: kinds of report wanted; empty means every kind.
        items: recognised items wanted; empty means every item, listed or not.
        since: results performed before this moment are not wanted; those of unknown time still are.
    """

    patient: PatientIdentity
    kinds: tuple[ReportKind, ...] = ()
    items: tuple[Code, ...] = ()
    since: When | None = None


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What all answers share.

    Attributes:
        source: name of the source that answers.
        priors: proved to be the patient's; in the order of their ids.
        issues: what was wrong or doubtful; never names a patient.
    """

    state: ClassVar[str] = ""

    source: str
    priors: tuple[Prior, ...] = ()
    issues: tuple[Issue, ...] = ()


class Found(_Answer, frozen=True, kw_only=True, tag="found"):
    """Everything that the source holds, and there is something."""

    state: ClassVar[str] = "found"


class Nothing(_Answer, frozen=True, kw_only=True, tag="nothing"):
    """The source was asked fully and holds nothing."""

    state: ClassVar[str] = "nothing"


class Partial(_Answer, frozen=True, kw_only=True, tag="partial"):
    """Some of it: a limit was met, a record was unreadable, or whose it is was in doubt; ``issues`` says."""

    state: ClassVar[str] = "partial"


class Unavailable(_Answer, frozen=True, kw_only=True, tag="unavailable"):
    """The source could not be asked: locked, broken, missing, too late. Nothing is known."""

    state: ClassVar[str] = "unavailable"


class Refused(_Answer, frozen=True, kw_only=True, tag="refused"):
    """The source declined the question: no certain identifier, no right to ask."""

    state: ClassVar[str] = "refused"


Answer: TypeAlias = Found | Nothing | Partial | Unavailable | Refused
"""The closed union of answers."""


class PriorSource(Protocol):
    """A source of priors: the embedded store, a PACS, a platform, a file."""

    @property
    def name(self) -> str:
        """Name of the source, as it is shown and recorded."""
        ...

    def find(self, query: PriorQuery) -> Answer:
        """Answer the query. Never raises for a lost peer: that is :class:`Unavailable`."""
        ...


class ReportVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One message's word on one report as a whole.

    Attributes:
        report_id: deterministic id of the report.
        status: its status in this message.
        issued: report time as stated.
    """

    report_id: str
    status: ReportStatus
    issued: When | None = None


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """What one message brings to a store.

    Attributes:
        message: hex sha256 of the message's bytes: the same bytes twice are one deposit.
        created: when the message was made (MSH-7).
        processing: processing id (MSH-11): training (``T``) and debugging (``D``) are never kept.
        reports: every report of the message, also those without results (a withdrawal may have none).
        priors: the results.
    """

    message: str
    created: When | None = None
    processing: str = ""
    reports: tuple[ReportVersion, ...] = ()
    priors: tuple[Prior, ...] = ()


def lookup_keys(patient: PatientIdentity) -> tuple[str, ...]:
    """Return the keys by which records of this patient may be looked up, sorted.

    Only identifiers that can prove identity count: the national id card, whoever wrote it down, and numbers
    with a named assigner (two hospitals both have a patient 1).

    Example:
        >>> from fhir_hr.model.codes import Identifier
        >>> lookup_keys(PatientIdentity(identifiers=(
        ...     Identifier(value="1"), Identifier(value="7", assigner="H1"))))
        ('urn:oid:2.16.156.10011.2.5.1.4|H1|7', '|H1|7')
    """
    keys = set()
    for identifier in patient.identifiers:
        if not identifier.value:
            continue
        if identifier.system == NATIONAL_ID:
            keys.add(f"{NATIONAL_ID}||{identifier.value.upper()}")
        elif identifier.assigner:
            keys.add(local_key(identifier))
            if identifier.system in (None, LOCAL_PATIENT):
                # Stores written before this was one number hold it under its root.
                keys.add(f"{LOCAL_PATIENT}|{identifier.assigner}|{identifier.value}")
    return tuple(sorted(keys))
