"""Bytes to checked FHIR: read, count, apply evidence, render. Nothing is lost on the way, or it raises."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from fhir_hr.adapters.hl7v2 import Limits, Read, Reader
from fhir_hr.errors import InvariantError, UsageError
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.senders import Senders
from fhir_hr.model.flags import Evidence
from fhir_hr.model.lab import Counts, ReportMessage
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When
from fhir_hr.recognition.evidence import add_evidence
from fhir_hr.recognition.priors import deposit_of, priors_of
from fhir_hr.render import BundleKind, Release, Renderer
from fhir_hr.render.bundle import moment_of
from fhir_hr.render.typed import typed
from fhir_hr.sources import Deposit

if TYPE_CHECKING:
    from fhir.resources.core.fhirabstractmodel import FHIRAbstractModel

__all__ = ["Conversion", "Converter", "choose", "convert", "fitting"]

_E = TypeVar("_E", Release, BundleKind)


class Conversion(msgspec.Struct, frozen=True, kw_only=True):
    """One message, converted or not.

    Attributes:
        index: its place in the input, from 0.
        type: ``ORU^R01`` …; empty when it could not be read.
        control_id: MSH-10.
        counts: ``observations + in_report + rejected == obx_read``, checked.
        issues: everything met while reading, marking and writing.
        release: FHIR release of the Bundle.
        message: the neutral model; ``None`` when the message could not be read.
        body: the Bundle as JSON; ``None`` without a message.
        evidence: the caller's quality evidence, for :meth:`priors`.
    """

    index: int
    type: str
    control_id: str
    counts: Counts
    issues: tuple[Issue, ...]
    release: Release
    message: ReportMessage | None = None
    body: bytes | None = None
    evidence: tuple[Evidence, ...] = ()
    namespace: str | None = None

    def __repr__(self) -> str:
        size = "no bundle" if self.body is None else f"{len(self.body)} bytes {self.release}"
        return f"Conversion(index={self.index}, type={self.type!r}, {size}, {len(self.issues)} issues)"

    def json(self) -> bytes:
        """Return the Bundle as UTF-8 JSON, decimals with the digits that were sent.

        Raises:
            UsageError: the message could not be read, so there is no Bundle.
        """
        if self.body is None:
            msg = f"message {self.index} could not be read, so there is no Bundle; its issues say why"
            raise UsageError(msg)
        return self.body

    def bundle(self) -> dict[str, Any]:
        """Return the Bundle as plain data; numbers are ``Decimal``.

        Raises:
            UsageError: there is no Bundle.
        """
        parsed: dict[str, Any] = json.loads(self.json(), parse_float=Decimal)
        return parsed

    def resource(self) -> FHIRAbstractModel:
        """Return the Bundle as a typed ``fhir.resources`` model (R4B classes serve R4 data).

        Loads ``fhir.resources`` and validates with it, which is slow (some 15 ms); :meth:`json` is not.

        Raises:
            UsageError: there is no Bundle.
        """
        return typed(self.json(), release=self.release)

    def priors(self) -> tuple[Prior, ...]:
        """Return the message's results as priors; none when it could not be read."""
        if self.message is None:
            return ()
        return priors_of(self.message, namespace=self.namespace, evidence=self.evidence)

    def deposit(self) -> Deposit | None:
        """Return what a :class:`~fhir_hr.sources.PriorStore` keeps of it; ``None`` when it was not readable."""
        if self.message is None:
            return None
        return deposit_of(self.message, namespace=self.namespace, evidence=self.evidence)


class Converter:
    """Converts many inputs with the same settings, and keeps what repeats between them.

    It may be used again and again, but by one thread at a time.

    Args:
        release: FHIR release to write, ``R4`` or ``R5``.
        kind: ``collection``, ``transaction`` or ``document``.
        senders: sender profiles; the packaged ones when left out.
        namespace: name of the deployment that ids are made in; ``None`` for the library's own.
        evidence: quality evidence; it goes into the flags, and takes away those that it forbids.
        limits: sizes and depths that bound the reading.

    Raises:
        UsageError: an unknown release or kind.
    """

    def __init__(
        self,
        *,
        release: Release | str = Release.R4,
        kind: BundleKind | str = BundleKind.COLLECTION,
        senders: Senders | None = None,
        namespace: str | None = None,
        evidence: Sequence[Evidence] = (),
        limits: Limits | None = None,
    ) -> None:
        self._renderer = Renderer(release=choose(Release, release, "release"), namespace=namespace)
        self._kind = choose(BundleKind, kind, "kind")
        self._reader = Reader(senders=senders, limits=limits)
        self._namespace = namespace
        self._evidence = tuple(evidence)

    def convert(self, data: bytes, *, received: When | datetime | None = None) -> Iterator[Conversion]:
        """Convert one input, message by message; see :func:`convert`.

        Raises:
            UsageError: ``received`` has no zone.
            InvariantError: an OBX got lost on the way (a bug of the library); nothing of it is given.
        """
        # Checked before the first message is asked for: a caller's mistake is raised where it was made.
        return self._all(data, _as_when(received) if isinstance(received, datetime) else received)

    def _all(self, data: bytes, received: When | None) -> Iterator[Conversion]:
        for one in self._reader.read(data, received=received):
            yield self._one(one)

    def _one(self, one: Read) -> Conversion:
        _check_counts(one)
        message, issues, body = one.message, one.issues, None
        if message is not None:
            message, forbidden = add_evidence(message, self._evidence)
            kind, unfit = fitting(self._kind, message)
            rendered = self._renderer.render(message, kind=kind)
            issues = issues + forbidden + unfit + rendered.issues
            body = rendered.body
        return Conversion(
            index=one.index,
            type=one.type,
            control_id=one.control_id,
            counts=one.counts,
            issues=issues,
            release=self._renderer.release,
            message=message,
            body=body,
            evidence=self._evidence,
            namespace=self._namespace,
        )


def convert(
    data: bytes,
    *,
    release: Release | str = Release.R4,
    kind: BundleKind | str = BundleKind.COLLECTION,
    senders: Senders | None = None,
    received: When | datetime | None = None,
    namespace: str | None = None,
    evidence: Sequence[Evidence] = (),
    limits: Limits | None = None,
) -> Iterator[Conversion]:
    r"""Convert HL7 v2 bytes, message by message. Keep a :class:`Converter` where many inputs come.

    What is wrong with a message is never an exception: it is an issue of its :class:`Conversion`, and the
    next message is read.

    Args:
        data: one message, a batch, or MLLP blocks.
        release: FHIR release to write, ``R4`` or ``R5``.
        kind: ``collection``, ``transaction`` or ``document``.
        senders: sender profiles; the packaged ones when left out.
        received: when the bytes were received; the library reads no clock.
        namespace: name of the deployment that ids are made in; ``None`` for the library's own.
        evidence: quality evidence; it goes into the flags, and takes away those that it forbids.
        limits: sizes and depths that bound the reading.

    Raises:
        UsageError: an unknown release or kind, or a time without zone.
        InvariantError: an OBX got lost on the way (a bug of the library); nothing of it is given.

    Example:
        >>> text = "\r".join((
        ...     "MSH|^~\\&|LIS|H1|||20260820||ORU^R01|7|P|2.5", "PID|1||1^^^H1", "OBR|1||9|X^Test",
        ...     "OBX|1|NM|WBC^白细胞||6.30|10*9/L|||||F", ""))
        >>> [one] = convert(text.encode())
        >>> one.type, one.counts.observations, b'"value":6.30' in one.json()
        ('ORU^R01', 1, True)
    """
    converter = Converter(
        release=release, kind=kind, senders=senders, namespace=namespace, evidence=evidence, limits=limits
    )
    return converter.convert(data, received=received)


def _check_counts(one: Read) -> None:
    if not one.counts.holds:
        msg = (
            f"message {one.index}: {one.counts.obx_read} OBX were read, but {one.counts.observations} "
            f"observations, {one.counts.in_report} in the report and {one.counts.rejected} rejected do not add up"
        )
        raise InvariantError(msg)


def fitting(kind: BundleKind, message: ReportMessage) -> tuple[BundleKind, tuple[Issue, ...]]:
    """Return the kind of Bundle that a message can be written as, and the issue that says why not as asked."""
    if kind is not BundleKind.DOCUMENT or (message.reports and moment_of(message, None) is not None):
        return kind, ()
    lack = "report" if not message.reports else "time to the second"
    issue = Issue(
        code=IssueCode.FHIR_PROFILE,
        severity=Severity.WARNING,
        where="",
        message=f"a document needs a {lack} and the message holds none; it was written as a collection",
    )
    return BundleKind.COLLECTION, (issue,)


def choose(enum: type[_E], value: str, what: str) -> _E:
    """Return the member of that value.

    Raises:
        UsageError: there is none.
    """
    try:
        return enum(value)
    except ValueError:
        allowed = ", ".join(enum)
        msg = f"unknown {what} {str(value)[:40]!r}; there are: {allowed}"
        raise UsageError(msg) from None


def _as_when(moment: datetime) -> When:
    try:
        return When.from_datetime(moment)
    except ValueError as error:
        raise UsageError(str(error)) from error
