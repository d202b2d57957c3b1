"""The flat facts as columns: what each may hold, and how a value of it becomes part of a candidate.

The names are those of the decision vectors (``docs/reference/vectors.md``). A column that is left out, and a null,
mean the fact's default; two have none: ``identity`` and ``order.at``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.exams import Contrast, Exam, Side, View
from fhir_hr.model.flags import Evidence, EvidenceResult, EvidenceType
from fhir_hr.model.identity import IdentityMatch, PatientIdentity
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.model.orders import ExclusionClaim, Order, OrderItem
from fhir_hr.model.priors import Grade, Institution, InstitutionType, Ownership, Prior
from fhir_hr.model.values import Text
from fhir_hr.model.when import When
from fhir_hr.rules.candidate import Candidate
from fhir_hr.rules.clock import span
from fhir_hr.rules.fact_times import read_fact_time

__all__ = ["FACTS", "NEEDED", "PRECISION", "TIMES", "Form", "build_candidate", "read_fact"]

E = TypeVar("E", bound=Enum)


class Form(StrEnum):
    """How a fact stands in a column."""

    TEXT = "text"
    FLAG = "true or false"
    NUMBER = "a whole number"
    TIME = "a time"
    JSON = "JSON text"


class _Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: str
    item: str | None = None


class _Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: EvidenceType
    result: EvidenceResult
    institution: str | None = None
    item: str | None = None
    start: str | None = msgspec.field(name="from", default=None)
    end: str | None = msgspec.field(name="to", default=None)


class _Exam(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    modality: str | None = None
    body_part: str | None = None
    side: Side | None = None
    views: tuple[View, ...] | None = None
    contrast: Contrast | None = None


class _Fact(msgspec.Struct, frozen=True):
    form: Form
    read: Callable[[Any, str | None], Any]
    default: Any = None

    @property
    def free(self) -> bool:
        """Whether any value of the column's type will do."""
        return self.read is _as_is


class _WrongError(Exception):
    """A value that a fact cannot have; turned into a ``UsageError`` that names column and row."""


def _time(text: str, _: str | None) -> When:
    found = read_fact_time(text)
    if found is None:
        raise _WrongError("no time like 2026-08 or 2026-08-20T10:00:00+08:00")
    return found


def _as_is(value: Any, _: str | None) -> Any:  # noqa: ANN401 - whatever the column holds
    return value


def _one_of(kind: type[E]) -> Callable[[Any, str | None], E]:
    members = {member.value: member for member in kind}

    def read(value: Any, _: str | None) -> E:  # noqa: ANN401
        found = members.get(value)
        if found is None:
            raise _WrongError(f"none of {', '.join(str(name) for name in members)}")
        return found

    return read


def _tier(value: int, _: str | None) -> int:
    if value not in (0, 1, 2, 3):
        raise _WrongError("none of 0, 1, 2, 3")
    return value


@lru_cache(maxsize=8192)
def _code(text: str, system: str | None) -> Code:
    named, bar, value = text.partition("|")
    if not text:
        raise _WrongError("an empty code")
    return Code(system=named or None, code=value) if bar else Code(system=system, code=text)


def _json(kind: Any) -> Callable[[str], Any]:  # noqa: ANN401 - a type form
    decoder = msgspec.json.Decoder(kind)

    def read(text: str) -> Any:  # noqa: ANN401
        try:
            return decoder.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            # The message of the decoder names keys and types, and for a wrong member the member; no more is told.
            raise _WrongError("not the JSON that this fact has") from error

    return read


_WORDS, _CLAIMS, _PROOFS, _EXAM = (
    _json(kind) for kind in (tuple[str, ...] | None, tuple[_Claim, ...] | None, tuple[_Proof, ...] | None, _Exam | None)
)


def _concept(text: str, system: str | None) -> Concept:
    return Concept(codings=tuple(_code(word, system) for word in _WORDS(text) or ()))


def _alliances(text: str, _: str | None) -> tuple[str, ...] | None:
    found: tuple[str, ...] | None = _WORDS(text)
    return found


def _claims(text: str, _: str | None) -> tuple[ExclusionClaim, ...]:
    return tuple(ExclusionClaim(case=claim.case, item_id=claim.item or None) for claim in _CLAIMS(text) or ())


def _proofs(text: str, _: str | None) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            type=proof.type,
            result=proof.result,
            institution=proof.institution or "",
            item=proof.item or None,
            start=None if proof.start is None else _time(proof.start, None),
            end=None if proof.end is None else _time(proof.end, None),
        )
        for proof in _PROOFS(text) or ()
    )


def _exam(text: str, _: str | None) -> Exam | None:
    said: _Exam | None = _EXAM(text)
    if said is None:
        return None
    return Exam(
        modality=said.modality,
        body_part=said.body_part,
        side=said.side,
        views=tuple(sorted(set(said.views))) if said.views else None,
        contrast=said.contrast,
    )


_IDENTITY = {
    "same": IdentityMatch(same=True, agree=("national-id",)),
    "different": IdentityMatch(same=False, differ=("national-id",)),
    "unknown": IdentityMatch(same=None),
}


def _identity(value: str, _: str | None) -> IdentityMatch:
    found = _IDENTITY.get(value)
    if found is None:
        raise _WrongError("none of same, different, unknown")
    return found


def _facts() -> dict[str, _Fact]:
    text, flag = _Fact(Form.TEXT, _as_is), _Fact(Form.FLAG, _as_is)
    time, item = _Fact(Form.TIME, _time), _Fact(Form.TEXT, _code)
    kind = _Fact(Form.TEXT, _one_of(ReportKind), ReportKind.LABORATORY)
    facts = {"identity": _Fact(Form.TEXT, _identity, _IDENTITY["unknown"]), "order.at": time}
    for side in ("order", "prior"):
        facts |= {
            f"{side}.institution": _Fact(Form.TEXT, _as_is, ""),
            f"{side}.division": text,
            f"{side}.tier": _Fact(Form.NUMBER, _tier),
            f"{side}.grade": _Fact(Form.TEXT, _one_of(Grade)),
            f"{side}.ownership": _Fact(Form.TEXT, _one_of(Ownership)),
            f"{side}.type": _Fact(Form.TEXT, _one_of(InstitutionType)),
            f"{side}.alliances": _Fact(Form.JSON, _alliances),
            f"{side}.encounter": text,
            f"{side}.kind": kind,
            f"{side}.item": item,
            f"{side}.codings": _Fact(Form.JSON, _concept, Concept()),
            f"{side}.scale": _Fact(Form.TEXT, _one_of(Scale)),
            f"{side}.specimen": text,
            f"{side}.exam": _Fact(Form.JSON, _exam),
            f"{side}.method": text,
            f"{side}.unit": text,
            f"{side}.reference": text,
        }
    facts |= {f"prior.{name}": text for name in ("name", "patient_name", "specimen_text", "value", "device_model")}
    facts |= {"prior.mark": text, "prior.item_mark": text, "prior.performed": time, "prior.reported": time}
    facts |= {f"prior.{name}": _Fact(Form.FLAG, _as_is, False) for name in ("mark_known", "item_mark_known")}
    facts |= {f"prior.{name}": flag for name in ("superseded", "starred", "has_report", "has_images")}
    return facts | {
        "prior.series_complete": flag,
        "prior.status": _Fact(Form.TEXT, _one_of(ResultStatus), ResultStatus.UNKNOWN),
        "prior.report_status": _Fact(Form.TEXT, _one_of(ReportStatus), ReportStatus.UNKNOWN),
        "prior.evidence": _Fact(Form.JSON, _proofs, ()),
        "order.exclusions": _Fact(Form.JSON, _claims, ()),
    }


FACTS: Mapping[str, _Fact] = _facts()
"""Every fact by name, with its form and its default."""

NEEDED = ("identity", "order.at")
"""Columns that cannot be left out: who it is and when are never taken for granted."""

TIMES = tuple(name for name, fact in FACTS.items() if fact.form is Form.TIME)

PRECISION = ".precision"
"""Ending of the column that says how precise the times of another are."""


def read_fact(name: str, value: object, *, item_system: str | None) -> Any:  # noqa: ANN401 - one type per fact
    """Read one value of a fact's column; ``None`` is its default.

    Raises:
        UsageError: the fact cannot have that value. The value itself is not told: it may be anything.

    Example:
        >>> read_fact("prior.item", "cn-51-lab-12", item_system="urn:list").system
        'urn:list'
        >>> read_fact("prior.tier", 4, item_system=None)
        Traceback (most recent call last):
        fhir_hr.errors.UsageError: column 'prior.tier': a value is none of 0, 1, 2, 3
    """
    fact = FACTS[name]
    if value is None:
        return fact.default
    try:
        return fact.read(value, item_system)
    except _WrongError as error:
        msg = f"column {name!r}: a value is {error}"
        raise UsageError(msg) from error


_ME = PatientIdentity()


def build_candidate(facts: Mapping[str, Any]) -> Candidate:
    """Build a candidate from facts as :func:`read_fact` returns them; one that is left out has its default."""
    f = {name: facts.get(name, fact.default) for name, fact in FACTS.items()}
    item = OrderItem(
        id="1",
        name="",
        code=f["order.codings"],
        kind=f["order.kind"],
        item=f["order.item"],
        scale=f["order.scale"],
        specimen_kind=f["order.specimen"],
        exam=f["order.exam"],
        method=f["order.method"],
        unit=f["order.unit"],
        reference_text=f["order.reference"],
    )
    order = Order(
        id="",
        patient=_ME,
        institution=_institution(f, "order"),
        at=f["order.at"],
        items=(item,),
        exclusions=f["order.exclusions"],
        encounter=f["order.encounter"],
    )
    prior = _prior(f)
    return Candidate(item, prior, order, f["identity"], span(order.at), span(prior.performed))


def _institution(f: Mapping[str, Any], side: str) -> Institution:
    return Institution(
        id=f[f"{side}.institution"],
        division=f[f"{side}.division"],
        tier=f[f"{side}.tier"],
        grade=f[f"{side}.grade"],
        ownership=f[f"{side}.ownership"],
        type=f[f"{side}.type"],
        alliances=f[f"{side}.alliances"],
    )


def _prior(f: Mapping[str, Any]) -> Prior:
    institution, specimen, value = _institution(f, "prior"), f["prior.specimen_text"], f["prior.value"]
    proofs: tuple[Evidence, ...] = f["prior.evidence"]
    if any(not proof.institution for proof in proofs):
        # Evidence that names nobody is the issuer's own.
        proofs = tuple(
            proof if proof.institution else msgspec.structs.replace(proof, institution=institution.id)
            for proof in proofs
        )
    return Prior(
        id="",
        kind=f["prior.kind"],
        patient=PatientIdentity(name=f["prior.patient_name"]),
        institution=institution,
        name=f["prior.name"] or "",
        status=f["prior.status"],
        report_status=f["prior.report_status"],
        code=f["prior.codings"],
        item=f["prior.item"],
        performed=f["prior.performed"],
        reported=f["prior.reported"],
        specimen=Concept(text=specimen) if specimen else None,
        specimen_kind=f["prior.specimen"],
        method=f["prior.method"],
        scale=f["prior.scale"],
        value=Text(text=value) if value else None,
        unit=f["prior.unit"],
        reference_text=f["prior.reference"],
        report_mark=f["prior.mark"],
        report_mark_known=f["prior.mark_known"],
        item_mark=f["prior.item_mark"],
        item_mark_known=f["prior.item_mark_known"],
        starred=f["prior.starred"],
        evidence=proofs,
        superseded=f["prior.superseded"],
        encounter=f["prior.encounter"],
        exam=f["prior.exam"],
        device_model=f["prior.device_model"],
        has_report=f["prior.has_report"],
        has_images=f["prior.has_images"],
        series_complete=f["prior.series_complete"],
    )
