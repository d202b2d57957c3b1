"""Laboratory (and narrative imaging) reports: specimen, result, report, and the message that held them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.codes import EMPTY_CONCEPT, Code, Concept, Identifier
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.imaging import Study
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import Device, Encounter, Organization, Patient, Performer
from fhir_hr.model.values import Attachment, Quantity, Unit, Value
from fhir_hr.model.when import Period, When

__all__ = [
    "Counts",
    "Note",
    "ParentResult",
    "ReferenceRange",
    "Report",
    "ReportKind",
    "ReportMessage",
    "ReportStatus",
    "Request",
    "Result",
    "ResultDefinition",
    "ResultStatus",
    "Scale",
    "Specimen",
]


class ResultStatus(StrEnum):
    """FHIR ``observation-status``."""

    REGISTERED = "registered"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


class ReportStatus(StrEnum):
    """FHIR ``diagnostic-report-status``."""

    REGISTERED = "registered"
    PARTIAL = "partial"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    APPENDED = "appended"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


class ReportKind(StrEnum):
    """What a report is about."""

    LABORATORY = "laboratory"
    IMAGING = "imaging"
    OTHER = "other"


class Scale(StrEnum):
    """定量/定性: whether a method gives a number or a grade."""

    QUANTITATIVE = "quantitative"
    QUALITATIVE = "qualitative"


class Note(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A remark (NTE and its like)."""

    text: str
    author: Performer | None = None
    kind: str | None = None

    def __repr__(self) -> str:
        return "Note(…)"


class ReferenceRange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reference interval: bounds where they could be read, and always the source's text.

    Attributes:
        applies_to: words that limit it (``轻``, ``男``), where the source gives several.
    """

    text: str
    low: Quantity | None = None
    high: Quantity | None = None
    applies_to: str | None = None


class ResultDefinition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a sender says about an item again and again, for every patient: code, unit, range, method.

    It is translated once per sender and raw text, and shared by all results that repeat it. It never holds
    what names a person or an event.

    Attributes:
        code: the sender's code and name, plus LOINC and recognised-item codings where a table is certain.
        item: recognised item code on a list, or ``None``.
        starred: whether the sender prefixed the name with its item symbol (``*``); ``None`` when the sender's
            profile does not say what a star means.
        unit: the unit of a numeric value.
        ranges: reference intervals.
        method: examination method (检测方法).
        body_site: where on the body.
        scale: 定量/定性, where the code, the method or a table states it.
        category: additional category codings, if any.
    """

    code: Concept
    item: Code | None = None
    starred: bool | None = None
    unit: Unit | None = None
    ranges: tuple[ReferenceRange, ...] = ()
    method: Concept | None = None
    body_site: Concept | None = None
    scale: Scale | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One result (OBX, CDA observation, row).

    Attributes:
        key: stable key inside its report: code, sub-id, occurrence; never value or date.
        definition: what repeats for every patient.
        components: further values of the same result (repetitions of OBX-5).
        interpretations: flags translated to HL7 v3 ObservationInterpretation, with the source's text.
        where: place in the message, ``OBX[3]``.
    """

    key: str
    definition: ResultDefinition
    value: Value | None
    status: ResultStatus
    where: str
    components: tuple[Value, ...] = ()
    status_source: str | None = None
    interpretations: tuple[Concept, ...] = ()
    effective: When | None = None
    analysed: When | None = None
    performers: tuple[Performer, ...] = ()
    device: Device | None = None
    identifiers: tuple[Identifier, ...] = ()
    notes: tuple[Note, ...] = ()
    sub_id: str | None = None
    specimen: int | None = None
    """Index into the report's specimens; ``None`` when the report has none or several and none is named."""
    focus: int | None = None
    """Index of the specimen that this observation is *about* (an OBX under SPM), not taken from."""
    derived_from: str | None = None
    """Key of the parent result (microbiology), as ``<report key>|<result key>``."""
    flag: RecognitionFlag | None = None

    def __repr__(self) -> str:
        return f"Result(where={self.where!r}, status={self.status.value!r})"


class Specimen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A specimen (SPM, OBR-15)."""

    key: str
    where: str
    type: Concept = EMPTY_CONCEPT
    identifiers: tuple[Identifier, ...] = ()
    accession: Identifier | None = None
    collected: Period | None = None
    received: When | None = None
    body_site: Concept | None = None
    method: Concept | None = None
    quantity: Quantity | None = None
    additives: tuple[Concept, ...] = ()
    conditions: tuple[Concept, ...] = ()
    container: Concept | None = None
    available: bool | None = None
    notes: tuple[Note, ...] = ()
    collector: Performer | None = None
    parent: Identifier | None = None
    kind_code: str | None = None
    """Code of the accepted-specimen table (``blood``, ``serum`` …) that the type was mapped to."""

    def __repr__(self) -> str:
        return f"Specimen(where={self.where!r}, kind_code={self.kind_code!r})"


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The order that a report answers (ORC/OBR)."""

    key: str
    where: str
    placer: Identifier | None = None
    filler: Identifier | None = None
    group: Identifier | None = None
    code: Concept = EMPTY_CONCEPT
    status: str = "unknown"
    status_source: str | None = None
    intent: str = "order"
    priority: str | None = None
    authored: When | None = None
    requester: Performer | None = None
    reasons: tuple[Concept, ...] = ()
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        return f"Request(where={self.where!r}, status={self.status!r})"


class ParentResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of another order that this report descends from (OBR-26/29; microbiology)."""

    code: Concept
    sub_id: str | None = None
    order: Identifier | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One report: an OBR with its results, or a document.

    Attributes:
        key: stable business key: sender, filler or placer number, code; never value or date.
        findings: 检查所见, for narrative reports; also the text lines of a lab report.
        conclusion: 检查印象/诊断意见.
        documents: encapsulated documents that are the report itself.
        flag: the mark of the report as a whole.
        marks_readable: whether this sender's marks can be read at all (its profile says where they stand, or that
            every report carries one); otherwise "no mark" is unknown, not false.
    """

    key: str
    kind: ReportKind
    where: str
    status: ReportStatus
    status_source: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    code: Concept = EMPTY_CONCEPT
    categories: tuple[Concept, ...] = ()
    effective: When | Period | None = None
    issued: When | None = None
    request: Request | None = None
    specimens: tuple[Specimen, ...] = ()
    results: tuple[Result, ...] = ()
    performers: tuple[Performer, ...] = ()
    interpreters: tuple[Performer, ...] = ()
    findings: str | None = None
    conclusion: str | None = None
    documents: tuple[Attachment, ...] = ()
    notes: tuple[Note, ...] = ()
    parent: ParentResult | None = None
    flag: RecognitionFlag | None = None
    marks_readable: bool = False
    study_uid: str | None = None
    accession: Identifier | None = None

    def specimen_of(self, result: Result) -> Specimen | None:
        """Return the specimen of a result: the one that it names, or the only one of this report."""
        if result.specimen is not None:
            return self.specimens[result.specimen] if 0 <= result.specimen < len(self.specimens) else None
        return self.specimens[0] if len(self.specimens) == 1 else None

    def performed_at(self, result: Result | None = None) -> When | None:
        """Return the collection or examination time (采集/检查时间), of a result or of the report as a whole.

        One answer for priors, evidence, flags and marks. The specimen's collection comes first, then what the report
        says of the examination, then what the result says of itself: the last is often when the analyser measured,
        days after the patient was seen. Of a period, its start.
        """
        specimen = self.specimen_of(result) if result is not None else None
        stated: tuple[When | Period | None, ...] = (
            specimen.collected if specimen is not None else None,
            self.effective,
            result.effective if result is not None else None,
        )
        for each in stated:
            when = (each.start or each.end) if isinstance(each, Period) else each
            if when is not None:
                return when
        return None

    def __repr__(self) -> str:
        return f"Report(where={self.where!r}, kind={self.kind.value!r}, <{len(self.results)} results>)"


class Counts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The count that is checked for every message: ``observations + in_report + rejected == obx_read``."""

    obx_read: int = 0
    observations: int = 0
    in_report: int = 0
    rejected: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing was lost."""
        return self.observations + self.in_report + self.rejected == self.obx_read


class ReportMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that one message said, in neutral form.

    Attributes:
        type: ``ORU^R01`` …
        control_id: MSH-10.
        processing: MSH-11.1: ``P`` production, ``T`` training, ``D`` debugging.
        version: MSH-12.1.
        sender: the sending facility.
        created: MSH-7.
        counts: the OBX count.
    """

    origin: MessageOrigin
    type: str
    control_id: str
    sender: Organization
    counts: Counts
    processing: str = ""
    version: str = ""
    application: str | None = None
    created: When | None = None
    patient: Patient | None = None
    encounter: Encounter | None = None
    reports: tuple[Report, ...] = ()
    studies: tuple[Study, ...] = ()
    """Imaging studies that came with it; of one patient, as all of a message."""

    def __repr__(self) -> str:
        return f"ReportMessage(type={self.type!r}, <{len(self.reports)} reports>, counts={self.counts!r})"
