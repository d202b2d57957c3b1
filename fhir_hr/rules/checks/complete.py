"""Does the report state what it has to state?"""

from __future__ import annotations

from collections.abc import Callable

from fhir_hr.model.priors import Prior
from fhir_hr.model.values import Absent
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import CompleteSpec, SpecialSpec, Then
from fhir_hr.rules.checks.item import list_row
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, Field, ReasonCode

__all__ = ["STATED", "bind_complete", "bind_special"]

_OWN_CODE = {
    Field.METHOD: ReasonCode.METHOD_MISSING,
    Field.REFERENCE_INTERVAL: ReasonCode.INTERVAL_MISSING,
    Field.SCALE: ReasonCode.SCALE_MISSING,
}


def _has_specimen(prior: Prior) -> bool:
    return prior.specimen_kind is not None or (prior.specimen is not None and bool(prior.specimen))


def _has_value(prior: Prior) -> bool:
    if prior.value is None:
        return bool((text := prior.value_text) and not text.isspace())
    return not isinstance(prior.value, Absent)


STATED: dict[Field, Callable[[Prior], bool]] = {
    Field.PATIENT_NAME: lambda prior: bool((name := prior.patient.name) and not name.isspace()),
    Field.ITEM: lambda prior: bool((name := prior.name) and not name.isspace()),
    Field.SPECIMEN: _has_specimen,
    Field.VALUE: _has_value,
    Field.METHOD: lambda prior: bool((text := prior.method) and not text.isspace()),
    Field.REFERENCE_INTERVAL: lambda prior: bool((text := prior.reference_text) and not text.isspace()),
    Field.SCALE: lambda prior: prior.scale is not None,
}


def bind_complete(spec: CompleteSpec, voice: Voice) -> Check:
    """Bind: any of the fields not stated → ``on_missing``."""
    return _bind_fields(spec.fields, CheckKind.COMPLETE, spec.on_missing, voice)


def bind_special(spec: SpecialSpec, voice: Voice) -> Check:
    """Bind: what the item's own list row demands is not stated → ``on_missing``."""
    system = voice.content.item_system
    rows = {row.code: row for row in voice.content.items if row.require}
    checks = {row.code: _bind_fields(row.require, CheckKind.SPECIAL, spec.on_missing, voice) for row in rows.values()}

    def check(c: Candidate) -> Findings:
        row = list_row(c.prior.item, rows, system)
        return NOTHING if row is None else checks[row.code](c)

    return check


def _bind_fields(fields: tuple[Field, ...], kind: CheckKind, then: Then, voice: Voice) -> Check:
    plain = tuple((field.value, STATED[field]) for field in fields if field not in _OWN_CODE)
    own = tuple((STATED[field], voice.fixed(_OWN_CODE[field], kind, then)) for field in fields if field in _OWN_CODE)
    incomplete = voice.varying(ReasonCode.INCOMPLETE, kind, then)

    every = tuple(STATED[field] for field in fields)

    def check(c: Candidate) -> Findings:
        prior = c.prior
        for stated in every:
            if not stated(prior):
                break
        else:
            return NOTHING
        found = NOTHING
        for stated, finding in own:
            if not stated(prior):
                found += finding
        lacking = tuple(name for name, stated in plain if not stated(prior))
        if lacking:
            found += incomplete((("fields", ",".join(lacking)),), lacking)
        return found

    return check
