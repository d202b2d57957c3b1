"""Reading HL7 v2 result messages: bytes in, one :class:`Read` per message out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from fhir_hr.adapters.hl7v2.charset import decode
from fhir_hr.adapters.hl7v2.context import Context, Vocabulary, load_vocabulary
from fhir_hr.adapters.hl7v2.er7 import Segment, Separators, separators_of, split_segments
from fhir_hr.adapters.hl7v2.framing import Frame, frames
from fhir_hr.adapters.hl7v2.groups import Grouped, OrderGroup, group
from fhir_hr.adapters.hl7v2.header import facility_key, first_component, raw_component, raw_field, raw_header, sender_of
from fhir_hr.adapters.hl7v2.limits import Limits
from fhir_hr.adapters.hl7v2.lineage import link_parents
from fhir_hr.adapters.hl7v2.patient import read_encounter, read_patient
from fhir_hr.adapters.hl7v2.plans import Plans
from fhir_hr.adapters.hl7v2.problems import IssueLog
from fhir_hr.adapters.hl7v2.reports import read_report
from fhir_hr.adapters.hl7v2.results import ResultReader
from fhir_hr.adapters.hl7v2.truncation import cut_off
from fhir_hr.errors import InvariantError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.senders import SenderProfile, Senders, load_senders
from fhir_hr.model.identity import PatientIdentity, match_identity
from fhir_hr.model.lab import Counts, Report, ReportMessage
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import Patient
from fhir_hr.model.when import When

__all__ = ["Read", "Reader", "read"]

SUPPORTED = {"ORU": {"R01", ""}, "OUL": {"R21", "R22", "R23", "R24", ""}}
_VERSIONS = ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9")
_CACHES = 256


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message.

    Attributes:
        index: place in the input, from 0.
        type: ``ORU^R01`` …; empty when no header could be read.
        control_id: MSH-10.
        counts: where its OBX went; always holds.
        issues: what was wrong or doubtful.
        message: the neutral form; ``None`` when nothing could be read.
    """

    index: int
    type: str
    control_id: str
    counts: Counts
    issues: tuple[Issue, ...]
    message: ReportMessage | None


class Reader:
    """Reads messages and keeps, per sender, what repeats for every patient.

    One reader may serve many inputs; its caches are bounded and hold nothing that names a person.

    Example:
        >>> message = (b"MSH|^~\\\\&|LIS|H1|||20260820||ORU^R01|7|P|2.4\\rPID|1||9\\r"
        ...            b"OBR|1||F1\\rOBX|1|NM|GLU||5.60|mmol/L")
        >>> [(r.control_id, r.counts.observations) for r in Reader().read(message)]
        [('7', 1)]
    """

    def __init__(self, *, senders: Senders | None = None, limits: Limits | None = None) -> None:
        """Make a reader.

        Args:
            senders: sender profiles; the packaged ones by default.
            limits: bounds on sizes.
        """
        self._senders = senders if senders is not None else load_senders()
        self._limits = limits if limits is not None else Limits()
        self._vocabulary: Vocabulary = load_vocabulary()
        self._profiles: dict[tuple[str, str], SenderProfile] = {}
        self._plans: dict[tuple[str, str, Separators, str], Plans] = {}

    def read(self, data: bytes, *, received: When | None = None) -> Iterator[Read]:
        """Read all messages of an input: one message, an FHS/BHS batch, MLLP blocks, or several in a row.

        Args:
            data: the bytes as they came; never decoded before.
            received: when they came, if known.

        Yields:
            One ``Read`` per message, in order; also for what could not be read.

        Raises:
            InvariantError: an OBX was lost (a bug in this library).
        """
        seen: set[tuple[str, str]] = set()
        for index, frame in enumerate(frames(data, limits=self._limits)):
            yield self._one(index, frame, seen, received)

    def _one(self, index: int, frame: Frame, seen: set[tuple[str, str]], received: When | None) -> Read:
        log = IssueLog(limit=self._limits.issues)
        for problem in frame.problems:
            log.add(problem.code, problem.severity, problem.field, problem.message)
        if not frame.raw:
            return _unread(index, log)
        header = raw_header(frame.raw)
        if header is None:
            return _unusable(index, log)
        separators, fields = header
        guess = self._sender(raw_component(fields, 2), raw_component(fields, 3))
        text, codec, problems = decode(
            frame.raw,
            declared=raw_field(fields, 17).split(separators.repetition)[0].strip(),
            charsets=self._vocabulary.charsets,
            sender_charset=guess.charset,
        )
        log.add_problems(problems, "MSH[1]")
        decoded = separators_of(text)
        segments = split_segments(text, decoded or separators, log, self._limits)
        if not segments or segments[0].id != "MSH":
            # Bytes that looked like delimiters were halves of characters: decoded, no header is left.
            return _unusable(index, log)
        msh = segments[0]
        application, facility = msh.get(3), msh.get(4)
        profile = self._sender(application, facility)
        ctx = Context(
            separators=decoded or separators,
            codec=codec,
            profile=profile,
            vocabulary=self._vocabulary,
            log=log,
            facility=facility_key(profile, application, facility, separators),
        )
        plans = self._plans_of(ctx)
        ctx.concepts, ctx.assigners = plans.concepts, plans.assigners
        ctx.specimen_kinds = plans.specimen_kinds
        return _Message(ctx, segments, frame, index, received, seen, plans).read()

    def _sender(self, application: str, facility: str) -> SenderProfile:
        key = (application, facility)
        profile = self._profiles.get(key)
        if profile is None:
            if len(self._profiles) >= _CACHES:
                self._profiles.clear()
            profile = self._profiles[key] = self._senders.find(application, facility)
        return profile

    def _plans_of(self, ctx: Context) -> Plans:
        key = (ctx.profile.id, ctx.facility, ctx.separators, ctx.codec)
        plans = self._plans.get(key)
        if plans is None or plans.full:
            if len(self._plans) >= _CACHES:
                self._plans.clear()
            plans = self._plans[key] = Plans()
        return plans


def read(
    data: bytes,
    *,
    senders: Senders | None = None,
    received: When | None = None,
    limits: Limits | None = None,
) -> Iterator[Read]:
    """Read all messages of an input with a new :class:`Reader`. Keep a reader where many inputs come."""
    return Reader(senders=senders, limits=limits).read(data, received=received)


class _Message:
    """One message with readable delimiters."""

    def __init__(
        self,
        ctx: Context,
        segments: list[Segment],
        frame: Frame,
        index: int,
        received: When | None,
        seen: set[tuple[str, str]],
        plans: Plans,
    ) -> None:
        self.ctx = ctx
        self.log = ctx.log
        self.segments = segments
        self.frame = frame
        self.index = index
        self.received = received
        self.seen = seen
        self.results = ResultReader(ctx, plans)
        self.msh = segments[0]
        self.rejected = 0

    def read(self) -> Read:
        ctx, msh = self.ctx, self.msh
        kind = [part.strip() for part in msh.get(9).split(ctx.separators.component)]
        message_type, trigger = [*kind, ""][:2]
        type_ = f"{message_type}^{trigger}" if trigger else message_type
        control_id = ctx.text(msh.get(10)).strip()
        obx_read = sum(1 for segment in self.segments if segment.id == "OBX")
        if trigger not in SUPPORTED.get(message_type, ()):
            self.log.add(
                IssueCode.MESSAGE_TYPE_UNSUPPORTED,
                Severity.ERROR,
                "MSH[1]-9",
                f"message type '{type_[:20]}' is not a result message (ORU^R01, OUL^R21 to R24); it was not read",
            )
            counts = Counts(obx_read=obx_read, rejected=obx_read)
            return self._answer(type_, control_id, counts, None)
        self._check_header(control_id)
        cut = 0 if self.frame.ended else cut_off(self.segments, self.log)
        if cut:
            self.segments = self.segments[:-cut]
        grouped = group(self.segments, trigger=trigger, log=self.log)
        self.rejected += cut
        patient = self._patient(grouped)
        orders = list(grouped.orders)
        for segment, later in grouped.later_patients:
            orders += self._later_patient(patient, segment, later)
        reports, observations, in_report = self._reports(orders)
        counts = Counts(obx_read=obx_read, observations=observations, in_report=in_report, rejected=self.rejected)
        if not counts.holds:
            msg = (
                f"OBX count broken: {counts.observations} observations + {counts.in_report} in reports + "
                f"{counts.rejected} rejected are not {counts.obx_read} read"
            )
            raise InvariantError(msg)
        message = ReportMessage(
            origin=MessageOrigin(
                system="@".join(part for part in (first_component(ctx, msh.get(3)), ctx.facility) if part),
                format="hl7v2",
                message_id=control_id,
                sha256=hashlib.sha256(self.frame.raw).hexdigest(),
                received=self.received,
            ),
            type=type_,
            control_id=control_id,
            sender=sender_of(ctx, msh),
            counts=counts,
            processing=first_component(ctx, msh.get(11)),
            version=first_component(ctx, msh.get(12)),
            application=first_component(ctx, msh.get(3)) or None,
            created=ctx.when(msh.get(7), "MSH[1]-7"),
            patient=patient,
            encounter=read_encounter(ctx, grouped.pv1) if grouped.pv1 is not None else None,
            reports=tuple(link_parents(reports)),
        )
        return self._answer(type_, control_id, counts, message)

    def _answer(self, type_: str, control_id: str, counts: Counts, message: ReportMessage | None) -> Read:
        return Read(
            index=self.index,
            type=type_,
            control_id=control_id,
            counts=counts,
            issues=self.log.done(),
            message=message,
        )

    def _check_header(self, control_id: str) -> None:
        if not control_id:
            self.log.add(
                IssueCode.CONTROL_ID_MISSING,
                Severity.WARNING,
                "MSH[1]-10",
                "the message has no control id; a repeated delivery of it cannot be told",
            )
            return
        key = (self.ctx.facility, control_id)
        if key in self.seen:
            self.log.add(
                IssueCode.DUPLICATE_CONTROL_ID,
                Severity.WARNING,
                "MSH[1]-10",
                "the control id stands twice in this input; both messages were read",
            )
        self.seen.add(key)
        version = first_component(self.ctx, self.msh.get(12))
        if version and not version.startswith(_VERSIONS):
            self.log.add(
                IssueCode.FIELD_UNMAPPED,
                Severity.INFORMATION,
                "MSH[1]-12",
                f"version '{version[:10]}' is not an HL7 v2 version; the message was read as 2.5",
            )

    def _patient(self, grouped: Grouped) -> Patient | None:
        if grouped.pid is None:
            self.log.add(
                IssueCode.PATIENT_MISSING,
                Severity.ERROR,
                "PID",
                "the message names no patient; its results cannot be anybody's priors",
            )
            return None
        return read_patient(self.ctx, grouped.pid)

    def _later_patient(self, patient: Patient | None, pid: Segment, later: Grouped) -> list[OrderGroup]:
        """Results under a second PID: kept only when it is provably the same patient."""
        with self.ctx.captured(limit=10):
            other = read_patient(self.ctx, pid)
        if patient is not None:
            same = match_identity(PatientIdentity.of(patient), PatientIdentity.of(other)).same
            if same is True:
                return later.orders
        lost = sum(len(order.results) for order in later.orders)
        self.rejected += lost
        if patient is None:
            why, kept = "results without a patient stand before this PID", "those before it were kept without a patient"
        else:
            why, kept = "a second patient stands in the message", "those of the first patient were kept"
        self.log.add(
            IssueCode.PATIENT_CONFLICT,
            Severity.ERROR,
            pid.where,
            f"{why}; the {lost} results under this PID were left out, {kept}",
        )
        return []

    def _reports(self, orders: list[OrderGroup]) -> tuple[list[Report], int, int]:
        ctx = self.ctx
        reports: list[Report] = []
        keys: dict[str, int] = {}
        observations = in_report = 0
        for number, order in enumerate(orders):
            key = self._key(order, number)
            times = keys.get(key, 0)
            keys[key] = times + 1
            report, tally = read_report(ctx, order, self.results, key=f"{key}~{times}" if times else key)
            observations += tally.observations
            in_report += tally.in_report
            self.rejected += tally.rejected
            reports.append(report)
        return reports, observations, in_report

    def _key(self, order: OrderGroup, number: int) -> str:
        """Business key of a report: filler or placer number and requested code; never a value or a date."""
        seps = self.ctx.separators
        code = order.obr.get(4).split(seps.component)[0] if order.obr is not None else ""
        for field, name in ((3, "F"), (2, "P")):
            for segment in (order.orc, order.obr):
                value = segment.get(field).split(seps.component)[0].strip() if segment is not None else ""
                if value:
                    return f"{name}|{value}|{code}"
        where = order.obr.where if order.obr is not None else ""
        self.log.add(
            IssueCode.REPORT_IDENTIFIER_MISSING,
            Severity.WARNING,
            where,
            "the report has no filler and no placer number; a correction of it cannot be matched",
        )
        return f"M|{self.msh.get(10)}|{number}|{code}"


def _unusable(index: int, log: IssueLog) -> Read:
    log.add(
        IssueCode.NOT_HL7,
        Severity.ERROR,
        "MSH[1]-2",
        "the header has no usable delimiters (MSH-1, MSH-2); nothing of the message was read",
    )
    return _unread(index, log)


def _unread(index: int, log: IssueLog) -> Read:
    return Read(index=index, type="", control_id="", counts=Counts(), issues=log.done(), message=None)
