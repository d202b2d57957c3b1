"""Does the report state what it has to state?"""

from __future__ import annotations

from collections.abc import Callable

from fhir_hr.model.priors import Prior
from fhir_hr.model.values import Absent
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import CompleteSpec, SpecialSpec, Then
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, Field, ReasonCode

__all__ = ["STATED", "TRI_STATE", "bind_complete", "bind_special"]

_OWN_CODE = {
    Field.METHOD: ReasonCode.METHOD_MISSING,
    Field.REFERENCE_INTERVAL: ReasonCode.INTERVAL_MISSING,
    Field.SCALE: ReasonCode.SCALE_MISSING,
}


def _has_specimen(prior: Prior) -> bool:
    return bool(prior.specimen_kind) or (prior.specimen is not None and bool(prior.specimen))


def _has_value(prior: Prior) -> bool:
    if prior.value is None:
        return bool((text := prior.value_text) and not text.isspace())
    return not isinstance(prior.value, Absent)


STATED: dict[Field, Callable[[Prior], bool | None]] = {
    Field.PATIENT_NAME: lambda prior: bool((name := prior.patient.name) and not name.isspace()),
    Field.ITEM: lambda prior: bool((name := prior.name) and not name.isspace()),
    Field.SPECIMEN: _has_specimen,
    Field.VALUE: _has_value,
    Field.METHOD: lambda prior: bool((text := prior.method) and not text.isspace()),
    Field.REFERENCE_INTERVAL: lambda prior: bool((text := prior.reference_text) and not text.isspace()),
    Field.SCALE: lambda prior: prior.scale is not None,
    Field.REPORT: lambda prior: prior.has_report,
    Field.IMAGES: lambda prior: prior.has_images,
    Field.SERIES: lambda prior: prior.series_complete,
    Field.DEVICE_MODEL: lambda prior: bool((text := prior.device_model) and not text.isspace()),
    Field.PERFORMED: lambda prior: prior.performed is not None,
}
"""Whether a prior states a field, or has it; ``None`` is unknown."""

TRI_STATE = (Field.REPORT, Field.IMAGES, Field.SERIES)
"""Fields of which it may be unknown whether they are there."""


def bind_complete(spec: CompleteSpec, voice: Voice) -> Check:
    """Bind: any of the fields not there → ``on_missing``; not known whether it is → ``on_unknown``."""
    return _bind_fields(spec.fields, CheckKind.COMPLETE, spec.on_missing, voice, on_unknown=spec.on_unknown)


def bind_special(spec: SpecialSpec, voice: Voice) -> Check:
    """Bind: what the item's own list row demands is not stated → ``on_missing``."""
    demanding = [row for row in voice.content.items if row.require]
    by_fields = {
        fields: _bind_fields(fields, CheckKind.SPECIAL, spec.on_missing, voice)
        for fields in {row.require for row in demanding}
    }
    system, checks = voice.lists.system, {row.code: by_fields[row.require] for row in demanding}

    def check(c: Candidate) -> Findings:
        item = c.prior.item
        if item is None or item.system != system:
            return NOTHING
        own = checks.get(item.code)
        return NOTHING if own is None else own(c)

    return check


def _bind_fields(
    fields: tuple[Field, ...], kind: CheckKind, then: Then, voice: Voice, *, on_unknown: Then | None = None
) -> Check:
    own = {field: voice.fixed(_OWN_CODE[field], kind, then) for field in fields if field in _OWN_CODE}
    incomplete = voice.varying(ReasonCode.INCOMPLETE, kind, then)
    unknown = None if on_unknown is None else voice.varying(ReasonCode.COMPLETE_UNKNOWN, kind, on_unknown)
    every = tuple(STATED[field] for field in fields)
    answers: dict[tuple[bool | None, ...], Findings] = {}

    def check(c: Candidate) -> Findings:
        prior = c.prior
        for stated in every:
            if not stated(prior):
                break
        else:
            return NOTHING
        key = tuple([stated(prior) for stated in every])
        known = answers.get(key)
        if known is None:
            # Two or three answers per field: they are few.
            known = answers[key] = ask(key)
        return known

    def ask(there: tuple[bool | None, ...]) -> Findings:
        found = NOTHING
        lacking: list[str] = []
        unsure: list[str] = []
        for field, answer in zip(fields, there, strict=True):
            if answer:
                continue
            if field in own:
                found += own[field]
            elif answer is None and unknown is not None:
                unsure.append(field.value)
            else:
                # Without words for "unknown", an unknown field is taken as missing: never as there.
                lacking.append(field.value)
        if lacking:
            found += incomplete((("fields", ",".join(lacking)),), tuple(lacking))
        if unsure and unknown is not None:
            found += unknown((("fields", ",".join(unsure)),), tuple(unsure))
        return found

    return check
