"""The closed set of checks: one small binder per kind, in a registry.

A binder takes the check's parameters and the pack's voice, and returns a function from candidate to findings.
"""

from __future__ import annotations

from typing import Any, Protocol

from fhir_hr.rules.candidate import Check
from fhir_hr.rules.check_specs import CheckSpec
from fhir_hr.rules.checks import (
    compare,
    complete,
    direction,
    exam,
    exclusion,
    item,
    mark,
    person,
    place,
    quality,
    state,
    window,
)
from fhir_hr.rules.reasons import Voice
from fhir_hr.rules.vocabulary import CheckKind

__all__ = ["BINDERS", "bind_check", "kind_of"]


class _Binder(Protocol):
    # The registry pairs each binder with the one spec type of its kind; the pairing is held by a test.
    def __call__(self, spec: Any, voice: Voice) -> Check: ...  # noqa: ANN401


BINDERS: dict[CheckKind, _Binder] = {
    CheckKind.IDENTITY: person.bind_identity,
    CheckKind.FINALITY: state.bind_finality,
    CheckKind.SUPERSEDED: state.bind_superseded,
    CheckKind.TIME_ORDER: state.bind_time_order,
    CheckKind.ITEM_FIT: item.bind_item_fit,
    CheckKind.EXAM_FIT: exam.bind_exam_fit,
    CheckKind.SPECIMEN_FIT: item.bind_specimen_fit,
    CheckKind.SCALE_FIT: item.bind_scale_fit,
    CheckKind.LISTED: item.bind_listed,
    CheckKind.OWN_HOSPITAL: place.bind_own_hospital,
    CheckKind.INSTITUTION: place.bind_institution,
    CheckKind.DIRECTION: direction.bind_direction,
    CheckKind.NEGATIVE_LIST: place.bind_negative_list,
    CheckKind.MARK: mark.bind_mark,
    CheckKind.ITEM_SYMBOL: mark.bind_item_symbol,
    CheckKind.QUALITY: quality.bind_quality,
    CheckKind.COMPLETE: complete.bind_complete,
    CheckKind.SPECIAL: complete.bind_special,
    CheckKind.COMPARABILITY: compare.bind_comparability,
    CheckKind.WINDOW: window.bind_window,
    CheckKind.EXCLUSION: exclusion.bind_exclusion,
}


def kind_of(spec: CheckSpec) -> CheckKind:
    """Return the kind of a check's parameters."""
    return CheckKind(str(spec.__struct_config__.tag))


def bind_check(spec: CheckSpec, voice: Voice) -> Check:
    """Bind one check of a pack."""
    return BINDERS[kind_of(spec)](spec, voice)
