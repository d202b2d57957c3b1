"""Coded, located issues, and the :class:`Outcome` that carries them beside a value.

Whatever was read and could not be used as it stands becomes an issue: a permanent code, a severity,
the place in the source (``PID[1]-5``, ``OBX[3]-5``) and words that a person understands. An issue
never quotes what names a patient; it may quote a code, a unit or a short technical value.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

__all__ = ["Issue", "IssueCode", "Outcome", "Severity", "worst"]

T = TypeVar("T")


class Severity(StrEnum):
    """How bad an issue is. ``error``: something was not taken over; ``warning``: taken over with doubt."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class IssueCode(StrEnum):
    """Every issue code, permanent once released. The comment says what was kept."""

    # -- bytes and messages -------------------------------------------------------------------
    NOT_HL7 = "not-hl7"  # nothing was read
    TOO_LARGE = "too-large"  # nothing, or nothing beyond the limit, was read
    EMPTY_INPUT = "empty-input"
    UNDECODABLE = "undecodable"  # text kept with U+FFFD where bytes were wrong
    CHARSET_ASSUMED = "charset-assumed"  # MSH-18 empty: says which was taken
    CHARSET_WRONG = "charset-wrong"  # MSH-18 did not fit the bytes: says which was taken
    CHARSET_UNKNOWN = "charset-unknown"
    TRUNCATED = "truncated"  # what arrived was kept
    SEGMENT_UNKNOWN = "segment-unknown"  # kept only in the source
    SEGMENT_MALFORMED = "segment-malformed"
    SEGMENT_UNUSED = "segment-unused"
    MESSAGE_TYPE_UNSUPPORTED = "message-type-unsupported"
    BATCH_COUNT_MISMATCH = "batch-count-mismatch"
    DUPLICATE_CONTROL_ID = "duplicate-control-id"
    CONTROL_ID_MISSING = "control-id-missing"
    LIMIT_REACHED = "limit-reached"
    ESCAPE_UNKNOWN = "escape-unknown"
    TEXT_IN_LINE_BREAK = "text-line-break"  # a line break inside text was kept
    UNREADABLE = "unreadable"  # a file that cannot be opened
    INTERNAL = "internal"  # a bug of the library: nothing from this message on was taken from the file

    # -- people -------------------------------------------------------------------------------
    PATIENT_MISSING = "patient-missing"
    PATIENT_CONFLICT = "patient-conflict"  # two identities in one message: later results rejected
    PATIENT_IDENTIFIER_MISSING = "patient-identifier-missing"
    IDENTIFIER_TYPE_UNKNOWN = "identifier-type-unknown"
    IDENTIFIER_INVALID = "identifier-invalid"
    SEX_UNKNOWN = "sex-unknown"
    NAME_PADDED = "name-padded"

    # -- fields -------------------------------------------------------------------------------
    FIELD_TOO_LONG = "field-too-long"
    TIME_INVALID = "time-invalid"
    ZONE_ASSUMED = "zone-assumed"
    NUMBER_INVALID = "number-invalid"  # the text is kept as text
    NUMBER_IN_TEXT = "number-in-text"  # an ST that is a number with a unit was read as a quantity
    VALUE_TYPE_MISSING = "value-type-missing"
    VALUE_TYPE_UNKNOWN = "value-type-unknown"
    VALUE_TYPE_MISMATCH = "value-type-mismatch"
    VALUE_MISSING = "value-missing"
    UNIT_UNKNOWN = "unit-unknown"  # unit kept as text
    UNIT_REPAIRED = "unit-repaired"
    RANGE_UNPARSED = "range-unparsed"  # range kept as text
    FLAG_UNKNOWN = "flag-unknown"  # flag kept as text
    STATUS_UNKNOWN = "status-unknown"
    STATUS_ASSUMED = "status-assumed"
    CODE_SYSTEM_DOUBTFUL = "code-system-doubtful"
    CODE_MISSING = "code-missing"
    FIELD_SHIFTED = "field-shifted"
    FIELD_UNMAPPED = "field-unmapped"
    ENCODED_DATA_INVALID = "encoded-data-invalid"

    # -- reports and specimens ----------------------------------------------------------------
    ORDER_MISSING = "order-missing"
    REPORT_IDENTIFIER_MISSING = "report-identifier-missing"
    SPECIMEN_UNLINKED = "specimen-unlinked"
    SPECIMEN_UNMAPPED = "specimen-unmapped"
    ITEM_AMBIGUOUS = "item-ambiguous"
    DUPLICATE_RESULT = "duplicate-result"
    CORRECTION = "correction"
    RESULT_WITHDRAWN = "result-withdrawn"
    CORRECTION_WITHOUT_ORIGINAL = "correction-without-original"
    OLDER_MESSAGE = "older-message"  # kept as history, never over a newer one
    PROCESSING_REFUSED = "processing-refused"  # a training or debugging message is no prior
    MARK_UNKNOWN = "mark-unknown"
    MARK_TIDIED = "mark-tidied"  # the registered mark was taken
    MARK_FORBIDDEN = "mark-forbidden"

    # -- DICOM --------------------------------------------------------------------------------
    NOT_DICOM = "not-dicom"  # nothing was read
    DICOM_MALFORMED = "dicom-malformed"  # what stands before the fault was kept, if anything
    OBJECT_REJECTED = "object-rejected"  # an object without the UIDs that place it; no study took it
    UID_INVALID = "uid-invalid"
    DUPLICATE_INSTANCE = "duplicate-instance"  # counted once
    STUDY_CONFLICT = "study-conflict"  # one study UID, two patients: kept apart, never merged
    SERIES_CONFLICT = "series-conflict"  # objects of one series or study disagree; what the first says was kept
    CHARSET_REPAIRED = "charset-repaired"  # on request only: text was decoded by another character set
    ARCHIVE_UNREADABLE = "archive-unreadable"  # a zip file or DICOMDIR, or a member of it
    FILE_UNUSED = "file-unused"  # no DICOM object, named so that it is not missed
    CONTENT_UNMAPPED = "content-unmapped"  # part of a structured report that FHIR was not told
    REPORT_UNLINKED = "report-unlinked"  # a report whose study was not found
    EXAM_UNKNOWN = "exam-unknown"  # no recognised item
    EXAM_AMBIGUOUS = "exam-ambiguous"  # several recognised items possible: none was taken
    STUDY_INCOMPLETE = "study-incomplete"
    IMAGE_MARK_REFUSED = "image-mark-refused"  # the image carries no mark
    IMAGE_MARK_LIMITED = "image-mark-limited"  # marked in fewer ways, or by several objects

    # -- writing FHIR -------------------------------------------------------------------------
    FHIR_INVALID = "fhir-invalid"
    FHIR_REFERENCE = "fhir-reference"
    FHIR_PROFILE = "fhir-profile"
    FHIR_JSON = "fhir-json"

    # -- priors and decisions -----------------------------------------------------------------
    SOURCE_UNAVAILABLE = "source-unavailable"
    SOURCE_PARTIAL = "source-partial"
    SOURCE_REFUSED = "source-refused"
    IDENTITY_DOUBTFUL = "identity-doubtful"
    ORDER_ITEM_UNKNOWN = "order-item-unknown"
    QUERY_UNENCODABLE = "query-unencodable"  # not sent: a wildcard would have stood for the text
    ANSWER_INVALID = "answer-invalid"  # part of an archive's answer could not be read
    ANSWER_NOT_ASKED_FOR = "answer-not-asked-for"  # an archive ignored a condition; its rows were filtered here


class Issue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was wrong or doubtful, with its place.

    Attributes:
        code: permanent code.
        severity: how bad it is.
        where: the place in the source, e.g. ``OBX[3]-14`` (segment[n-th of its kind]-field); empty: all of it.
        message: words for a person; never names a patient.

    Example:
        >>> print(Issue(code=IssueCode.TIME_INVALID, severity=Severity.ERROR, where="OBX[3]-14",
        ...             message="'20261340' is not a date; the field was left out"))
        error time-invalid at OBX[3]-14: '20261340' is not a date; the field was left out
    """

    code: IssueCode
    severity: Severity
    where: str
    message: str

    def __str__(self) -> str:
        at = f" at {self.where}" if self.where else ""
        return f"{self.severity} {self.code}{at}: {self.message}"


class Outcome(msgspec.Struct, Generic[T], frozen=True):
    """A value together with the issues met on the way to it."""

    value: T
    issues: tuple[Issue, ...] = ()


def worst(issues: tuple[Issue, ...] | list[Issue]) -> Severity | None:
    """Return the worst severity among issues, or ``None`` when there are none.

    Example:
        >>> worst([]) is None
        True
    """
    found = {issue.severity for issue in issues}
    for severity in Severity:
        if severity in found:
            return severity
    return None
