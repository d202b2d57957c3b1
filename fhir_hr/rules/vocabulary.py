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
    "Aspect",
    "CheckKind",
    "Count",
    "DutyKind",
    "Field",
    "Level",
    "ListState",
    "MarkLevel",
    "ReasonCode",
    "Stage",
]

VOCABULARY = "1.1"
"""Version of the meaning that packs are written against."""


class CheckKind(StrEnum):
    """Every kind of check there is. A pack chooses and parametrises them; it cannot add one."""

    IDENTITY = "identity"
    FINALITY = "finality"
    SUPERSEDED = "superseded"
    TIME_ORDER = "time_order"
    ITEM_FIT = "item_fit"
    EXAM_FIT = "exam_fit"
    SPECIMEN_FIT = "specimen_fit"
    SCALE_FIT = "scale_fit"
    LISTED = "listed"
    OWN_HOSPITAL = "own_hospital"
    INSTITUTION = "institution"
    DIRECTION = "direction"
    NEGATIVE_LIST = "negative_list"
    MARK = "mark"
    ITEM_SYMBOL = "item_symbol"
    QUALITY = "quality"
    COMPLETE = "complete"
    SPECIAL = "special"
    COMPARABILITY = "comparability"
    WINDOW = "window"
    EXCLUSION = "exclusion"
    OVERLAY = "overlay"
    """What a hospital's overlay weakens; bound by the overlay, never listed in a pack."""
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
    PACK_STALE = "HR-PACK-STALE"
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
    ITEM_BROADER = "HR-ITEM-BROADER"
    LIST_OPEN = "HR-LIST-OPEN"
    EXAM_MISMATCH = "HR-EXAM-MISMATCH"
    EXAM_UNKNOWN = "HR-EXAM-UNKNOWN"
    SPECIMEN_MISMATCH = "HR-SPECIMEN-MISMATCH"
    SPECIMEN_UNKNOWN = "HR-SPECIMEN-UNKNOWN"
    SCALE_MISMATCH = "HR-SCALE-MISMATCH"
    SCALE_UNKNOWN = "HR-SCALE-UNKNOWN"
    OWN_HOSPITAL = "HR-OWN-HOSPITAL"
    SAME_ENCOUNTER = "HR-SAME-ENCOUNTER"
    INSTITUTION_LISTED = "HR-INSTITUTION-LISTED"
    INSTITUTION_LIST_OPEN = "HR-INSTITUTION-LIST-OPEN"
    INSTITUTION_UNLISTED = "HR-INSTITUTION-UNLISTED"
    INSTITUTION_SUSPENDED = "HR-INSTITUTION-SUSPENDED"
    INSTITUTION_UNKNOWN = "HR-INSTITUTION-UNKNOWN"
    DIR_MET = "HR-DIR-MET"
    DIR_NOT_OBLIGED = "HR-DIR-NOT-OBLIGED"
    DIR_UNKNOWN = "HR-DIR-UNKNOWN"
    NEGATIVE_LIST = "HR-NEGATIVE-LIST"
    NEGATIVE_UNKNOWN = "HR-NEGATIVE-UNKNOWN"
    MARK_VALID = "HR-MARK-VALID"
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
    ASSESSMENT_FAIL = "HR-ASSESSMENT-FAIL"
    ASSESSMENT_ABSENT = "HR-ASSESSMENT-ABSENT"
    ASSESSMENT_UNKNOWN = "HR-ASSESSMENT-UNKNOWN"
    INCOMPLETE = "HR-INCOMPLETE"
    METHOD_MISSING = "HR-METHOD-MISSING"
    INTERVAL_MISSING = "HR-INTERVAL-MISSING"
    SCALE_MISSING = "HR-SCALE-MISSING"
    COMPLETE_UNKNOWN = "HR-COMPLETE-UNKNOWN"
    NOT_COMPARABLE = "HR-NOT-COMPARABLE"
    COMPARABLE_UNKNOWN = "HR-COMPARABLE-UNKNOWN"
    WINDOW_EXPIRED = "HR-WINDOW-EXPIRED"
    WINDOW_NONE = "HR-WINDOW-NONE"
    WINDOW_UNKNOWN = "HR-WINDOW-UNKNOWN"
    WINDOW_UNCLEAR = "HR-WINDOW-UNCLEAR"
    WINDOW_LIMIT_UNKNOWN = "HR-WINDOW-LIMIT-UNKNOWN"
    WINDOW_CONFLICT = "HR-WINDOW-CONFLICT"
    EXCLUSION = "HR-EXCLUSION"
    EXCLUSION_UNKNOWN = "HR-EXCLUSION-UNKNOWN"
    OVERLAY = "HR-OVERLAY"
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
    REPORT = "report"
    IMAGES = "images"
    SERIES = "series"
    DEVICE_MODEL = "device-model"
    PERFORMED = "performed"


class Aspect(StrEnum):
    """What of two examinations, or of two results, is compared."""

    MODALITY = "modality"
    BODY_PART = "body-part"
    SIDE = "side"
    VIEWS = "views"
    CONTRAST = "contrast"
    UNIT = "unit"
    METHOD = "method"
    REFERENCE_INTERVAL = "reference-interval"


class Level(StrEnum):
    """How wide a jurisdiction is, from narrow to wide."""

    ALLIANCE = "alliance"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    REGION = "region"
    NATION = "nation"

    @property
    def width(self) -> int:
        """Position from narrow (0) to wide."""
        return tuple(Level).index(self)


class ListState(StrEnum):
    """How much of a list that the text speaks of is in the pack."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    ABSENT = "absent"


class MarkLevel(StrEnum):
    """Where a mark has to stand: on the report, at the item, or at either."""

    REPORT = "report"
    ITEM = "item"
    EITHER = "either"


class DutyKind(StrEnum):
    """Duties of a text that no check judges; what records, ledgers and platforms do."""

    REMIND_BEFORE_ORDER = "remind-before-order"
    REVIEW_AFTER_ORDER = "review-after-order"
    WARN_IN_BACKGROUND = "warn-in-background"
    SAMPLE_REFUSALS = "sample-refusals"
    UPLOAD_TO_PLATFORM = "upload-to-platform"
    RETRIEVE_ACROSS = "retrieve-across"
    REPORT_STATISTICS = "report-statistics"
    PUBLISH_LISTS = "publish-lists"
    MONITOR = "monitor"
    CORRECT_DATA = "correct-data"
    INFORM_PATIENT = "inform-patient"


class Anchor(StrEnum):
    """From which time a window runs; ``unstated``: the text does not say, so all of them have to agree."""

    PERFORMED = "performed"
    REPORTED = "reported"
    UNSTATED = "unstated"


class Count(StrEnum):
    """How days are counted: 24 hours each, or changes of date in the pack's zone; ``unstated``: both have to agree."""

    ELAPSED = "elapsed"
    CALENDAR = "calendar"
    UNSTATED = "unstated"


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
