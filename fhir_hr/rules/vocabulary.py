"""The closed vocabulary of the rules: kinds of check, stages, reason codes.

The meaning of every word here is written in ``docs/reference/rules-vocabulary.md``; a change of meaning
raises :data:`VOCABULARY`. The words that people read stand in ``profiles/rules/reason-codes.csv``.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from fhir_hr.model.decisions import Effect

__all__ = [
    "BIT",
    "BLOCK",
    "DISCRETION",
    "NOTE",
    "OBLIGE",
    "UNKNOWN",
    "VOCABULARY",
    "Anchor",
    "CheckKind",
    "Count",
    "Field",
    "ReasonCode",
    "Stage",
]

VOCABULARY = "1.0"
"""Version of the meaning that packs are written against."""


class CheckKind(StrEnum):
    """Every kind of check there is. A pack chooses and parametrises them; it cannot add one."""

    IDENTITY = "identity"
    FINALITY = "finality"
    SUPERSEDED = "superseded"
    TIME_ORDER = "time_order"
    ITEM_FIT = "item_fit"
    SPECIMEN_FIT = "specimen_fit"
    SCALE_FIT = "scale_fit"
    LISTED = "listed"
    OWN_HOSPITAL = "own_hospital"
    INSTITUTION = "institution"
    NEGATIVE_LIST = "negative_list"
    MARK = "mark"
    ITEM_SYMBOL = "item_symbol"
    QUALITY = "quality"
    COMPLETE = "complete"
    SPECIAL = "special"
    WINDOW = "window"
    EXCLUSION = "exclusion"
    APPLIES = "applies"
    """Whether the pack applies at all; asked once per pack, not listed among its checks."""
    MERGE = "merge"
    """What several packs say together; never listed in a pack."""


class Stage(IntEnum):
    """The order in which reasons are told."""

    PACK = 0
    PERSON = 1
    STATE = 2
    ITEM = 3
    PLACE = 4
    MARK = 5
    QUALITY = 6
    COMPLETENESS = 7
    WINDOW = 8
    CLINICAL = 9
    DUTY = 10


class ReasonCode(StrEnum):
    """Every reason code, permanent once released."""

    PACK_NONE = "HR-PACK-NONE"
    PACK_UNKNOWN = "HR-PACK-UNKNOWN"
    IDENTITY_MISMATCH = "HR-IDENTITY-MISMATCH"
    IDENTITY_UNPROVEN = "HR-IDENTITY-UNPROVEN"
    NOT_FINAL = "HR-NOT-FINAL"
    STATUS_UNKNOWN = "HR-STATUS-UNKNOWN"
    SUPERSEDED = "HR-SUPERSEDED"
    SUPERSEDED_UNKNOWN = "HR-SUPERSEDED-UNKNOWN"
    FUTURE = "HR-FUTURE"
    TIME_UNKNOWN = "HR-TIME-UNKNOWN"
    ITEM_UNLISTED = "HR-ITEM-UNLISTED"
    ITEM_MISMATCH = "HR-ITEM-MISMATCH"
    ITEM_UNMAPPED = "HR-ITEM-UNMAPPED"
    SPECIMEN_MISMATCH = "HR-SPECIMEN-MISMATCH"
    SPECIMEN_UNKNOWN = "HR-SPECIMEN-UNKNOWN"
    SCALE_MISMATCH = "HR-SCALE-MISMATCH"
    SCALE_UNKNOWN = "HR-SCALE-UNKNOWN"
    OWN_HOSPITAL = "HR-OWN-HOSPITAL"
    INSTITUTION_UNLISTED = "HR-INSTITUTION-UNLISTED"
    INSTITUTION_SUSPENDED = "HR-INSTITUTION-SUSPENDED"
    INSTITUTION_UNKNOWN = "HR-INSTITUTION-UNKNOWN"
    NEGATIVE_LIST = "HR-NEGATIVE-LIST"
    NEGATIVE_UNKNOWN = "HR-NEGATIVE-UNKNOWN"
    MARK_ABSENT = "HR-MARK-ABSENT"
    MARK_OUTSIDE = "HR-MARK-OUTSIDE"
    MARK_UNKNOWN = "HR-MARK-UNKNOWN"
    ITEM_SYMBOL_ABSENT = "HR-ITEM-SYMBOL-ABSENT"
    ITEM_SYMBOL_UNKNOWN = "HR-ITEM-SYMBOL-UNKNOWN"
    EQA_FAIL = "HR-EQA-FAIL"
    EQA_ABSENT = "HR-EQA-ABSENT"
    EQA_UNKNOWN = "HR-EQA-UNKNOWN"
    IQC_FAIL = "HR-IQC-FAIL"
    IQC_ABSENT = "HR-IQC-ABSENT"
    IQC_UNKNOWN = "HR-IQC-UNKNOWN"
    INCOMPLETE = "HR-INCOMPLETE"
    METHOD_MISSING = "HR-METHOD-MISSING"
    INTERVAL_MISSING = "HR-INTERVAL-MISSING"
    SCALE_MISSING = "HR-SCALE-MISSING"
    WINDOW_EXPIRED = "HR-WINDOW-EXPIRED"
    WINDOW_NONE = "HR-WINDOW-NONE"
    WINDOW_UNKNOWN = "HR-WINDOW-UNKNOWN"
    EXCLUSION = "HR-EXCLUSION"
    EXCLUSION_UNKNOWN = "HR-EXCLUSION-UNKNOWN"
    OBLIGED = "HR-OBLIGED"
    CONFLICT = "HR-CONFLICT"


class Field(StrEnum):
    """What a report may be required to state."""

    PATIENT_NAME = "patient-name"
    ITEM = "item"
    SPECIMEN = "specimen"
    VALUE = "value"
    METHOD = "method"
    REFERENCE_INTERVAL = "reference-interval"
    SCALE = "scale"


class Anchor(StrEnum):
    """From which time a window runs."""

    PERFORMED = "performed"
    REPORTED = "reported"


class Count(StrEnum):
    """How days are counted: 24 hours each, or changes of date in the pack's zone."""

    ELAPSED = "elapsed"
    CALENDAR = "calendar"


NOTE, OBLIGE, DISCRETION, UNKNOWN, BLOCK = 1, 2, 4, 8, 16
"""One bit per effect, so that a decision is the union of its findings; plain numbers, as they are added up for
every decision."""

BIT: dict[Effect, int] = {
    Effect.NOTE: NOTE,
    Effect.OBLIGE: OBLIGE,
    Effect.DISCRETION: DISCRETION,
    Effect.UNKNOWN: UNKNOWN,
    Effect.BLOCK: BLOCK,
}
