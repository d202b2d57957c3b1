"""One message in, one Bundle out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.issues import Issue
from fhir_hr.model.lab import ReportMessage
from fhir_hr.render.bundle import assemble, composition, moment_of, provenance
from fhir_hr.render.check import Check
from fhir_hr.render.collect import Collector, sender_key
from fhir_hr.render.definitions import definitions
from fhir_hr.render.encode import Json
from fhir_hr.render.ids import IdMaker
from fhir_hr.render.imaging import Studies, patient_of
from fhir_hr.render.parties import Fixed, Parties
from fhir_hr.render.r4 import R4
from fhir_hr.render.r5 import R5
from fhir_hr.render.release import BundleKind, Release
from fhir_hr.render.reports import Reports
from fhir_hr.render.shapes import Shapes

__all__ = ["Rendered", "Renderer", "render"]

_MOST_SENDERS = 10_000
_DIALECTS = {Release.R4: R4, Release.R5: R5}


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A Bundle as it goes on the wire.

    Attributes:
        body: the Bundle as JSON, every decimal with the digits that were sent.
        issues: what could not be said in FHIR.
        result_ids: id of each Observation by ``(report key, result key)``.
        report_ids: id of each DiagnosticReport by report key.
        study_ids: id of each ImagingStudy by Study Instance UID.
        release: FHIR release of ``body``.
    """

    body: bytes
    release: Release
    issues: tuple[Issue, ...] = ()
    result_ids: dict[tuple[str, str], str] = {}
    report_ids: dict[str, str] = {}
    study_ids: dict[str, str] = {}

    def bundle(self) -> dict[str, Any]:
        """Parse the body; decimals become ``Decimal``."""
        parsed: dict[str, Any] = json.loads(self.body, parse_float=Decimal)
        return parsed

    def __repr__(self) -> str:
        return f"Rendered(<{len(self.body)} bytes {self.release}>, {len(self.issues)} issues)"


class Renderer:
    """Renders messages in one release, and remembers what repeats.

    Args:
        release: FHIR release.
        namespace: name of the deployment that ids are made in; ``None`` for the library's own.

    It may be used again and again, but by one thread at a time.
    """

    def __init__(self, *, release: Release = Release.R4, namespace: str | None = None) -> None:
        self._dialect = _DIALECTS[Release(release)]()
        self._namespace = namespace
        self._definitions = definitions(self._dialect.release)
        self._shapes = Shapes(self._is_valid)
        self._fixed = Fixed(self._is_valid)
        self._ids: dict[str, IdMaker] = {}

    def _is_valid(self, resource: Json) -> bool:
        check = Check(self._definitions)
        check.resource(resource, where="")
        return not check.issues

    def _ids_of(self, sender: str) -> IdMaker:
        found = self._ids.get(sender)
        if found is None:
            if len(self._ids) >= _MOST_SENDERS:
                self._ids.clear()
            found = self._ids[sender] = IdMaker(sender=sender, namespace=self._namespace)
        return found

    @property
    def release(self) -> Release:
        """The FHIR release that is written."""
        return self._dialect.release

    def render(
        self,
        message: ReportMessage,
        *,
        kind: BundleKind = BundleKind.COLLECTION,
        timestamp: str | None = None,
    ) -> Rendered:
        """Render one message.

        Args:
            message: the message.
            kind: kind of Bundle.
            timestamp: FHIR ``instant`` of writing; ``None`` takes the message's own time. There is no clock.

        Raises:
            UsageError: a document of a message that has no report, or no time to the second.
        """
        kind = BundleKind(kind)
        out = Collector(message, ids=self._ids_of(sender_key(message)))
        dialect = self._dialect
        # The entries of a transaction have another form than those that are remembered.
        remember = kind is not BundleKind.TRANSACTION
        parties = Parties(out, dialect=dialect, fixed=self._fixed if remember else None)
        if (patient := patient_of(message, out)) is not None:
            parties.patient(patient)
        if message.encounter is not None:
            parties.encounter(message.encounter)
        shapes = self._shapes if remember else None
        studies = Studies(out, parties=parties, dialect=dialect, namespace=self._namespace)
        reports = Reports(out, parties=parties, dialect=dialect, shapes=shapes, study_ids=studies.study_ids)
        for report in message.reports:
            reports.add(report)
        for study in message.studies:
            studies.add(study)
        sender = parties.organization(message.sender)
        moment = moment_of(message, timestamp)
        targets = [*reports.report_ids.values(), *studies.study_ids.values()]
        if targets:
            provenance(out, targets, sender=sender, recorded=moment)
        head = None
        if kind is BundleKind.DOCUMENT:
            if not message.reports:
                msg = "a document needs a report: the message holds none"
                raise UsageError(msg)
            if moment is not None:
                head = composition(
                    out,
                    reports.report_ids,
                    study_ids=tuple(studies.study_ids.values()),
                    sender=sender,
                    timestamp=moment,
                    dialect=dialect,
                )
        self._verify(out, head)
        body = assemble(out, kind=kind, timestamp=moment, head=head)
        return Rendered(
            body=body,
            release=dialect.release,
            issues=tuple(out.issues),
            result_ids=reports.result_ids,
            report_ids=reports.report_ids,
            study_ids=studies.study_ids,
        )

    def _verify(self, out: Collector, head: tuple[str, Json] | None) -> None:
        """Check all that was rendered; spliced Observations were checked by shape, their links are checked here."""
        urls = {f"urn:uuid:{one}": kind for one, kind in out.types.items()}
        check = Check(self._definitions, bundle="collection", urls=urls)
        if head is not None:
            check.resource(head[1], where="Composition")
        for kind, resources in out.kinds.items():
            for resource_id, resource, entry in resources:
                if resource is not None:
                    check.resource(out.probes.get(resource_id, resource), where=kind, extended=b'"extension"' in entry)
        for first, second, third in out.links:
            probe = {"resourceType": "Observation", "status": "final", "code": {"text": "-"}}
            check.resource({**probe, **first, **second, **third}, where="Observation")
        out.issues += check.issues


def render(
    message: ReportMessage,
    *,
    release: Release = Release.R4,
    kind: BundleKind = BundleKind.COLLECTION,
    namespace: str | None = None,
    timestamp: str | None = None,
    renderer: Renderer | None = None,
) -> Rendered:
    """Render one message as a Bundle; see :meth:`Renderer.render`.

    Args:
        message: the message.
        release: FHIR release; ignored when ``renderer`` is given.
        kind: kind of Bundle.
        namespace: name of the deployment that ids are made in; ignored when ``renderer`` is given.
        timestamp: FHIR ``instant`` of writing.
        renderer: one that is kept, for many messages.
    """
    chosen = renderer or Renderer(release=release, namespace=namespace)
    return chosen.render(message, kind=kind, timestamp=timestamp)
