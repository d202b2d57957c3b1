"""What a text may ask before a mark is shown: a closed list, so that a table can say each is asked or not."""

from __future__ import annotations

from enum import StrEnum

from fhir_hr.model.lab import ReportKind

__all__ = ["NEEDS", "Need", "State"]


class Need(StrEnum):
    """One thing that must hold before a mark may be shown."""

    TEXT_IN_FORCE = "text-in-force"
    REPORT_FINAL = "report-final"
    RESULT_FINAL = "result-final"
    INSTITUTION_AREA = "institution-area"
    INSTITUTION_LISTED = "institution-listed"
    INSTITUTION_PUBLIC = "institution-public"
    INSTITUTION_TIER = "institution-tier"
    AUTHORISED = "authorised"
    ITEM_LISTED = "item-listed"
    PATIENT_NAMED = "patient-named"
    PERFORMED_STATED = "performed-stated"
    SPECIMEN_STATED = "specimen-stated"
    SPECIMEN_FIT = "specimen-fit"
    VALUE_PRESENT = "value-present"
    METHOD_STATED = "method-stated"
    REFERENCE_STATED = "reference-stated"
    SCALE_STATED = "scale-stated"
    SERIES_COMPLETE = "series-complete"
    IMAGE_QUALITY = "image-quality"
    REPORT_SOUND = "report-sound"
    DEVICE_MODEL = "device-model"
    EQA = "eqa"
    IQC = "iqc"
    ASSESSMENT = "assessment"
    QUALITY_SYSTEM = "quality-system"


class State(StrEnum):
    """How a need stands. Everything but ``met`` forbids the mark.

    ``failed`` is a failed assessment in force, which forbids every mark whatever the text asks; ``missing`` is
    known to be absent; ``unknown`` is not known.
    """

    MET = "met"
    FAILED = "failed"
    MISSING = "missing"
    UNKNOWN = "unknown"


_LABORATORY_ONLY = frozenset(
    {
        Need.RESULT_FINAL,
        Need.SPECIMEN_STATED,
        Need.SPECIMEN_FIT,
        Need.VALUE_PRESENT,
        Need.METHOD_STATED,
        Need.REFERENCE_STATED,
        Need.SCALE_STATED,
    }
)
_IMAGING_ONLY = frozenset({Need.SERIES_COMPLETE, Need.IMAGE_QUALITY, Need.REPORT_SOUND, Need.DEVICE_MODEL})

NEEDS: dict[ReportKind, tuple[Need, ...]] = {
    ReportKind.LABORATORY: tuple(need for need in Need if need not in _IMAGING_ONLY),
    ReportKind.IMAGING: tuple(need for need in Need if need not in _LABORATORY_ONLY),
}
"""By kind of report, every need that the rules of a mark must speak of: asked, or the text is silent."""
