"""Which of several messages about the same result is in force.

The answer is computed from the whole set of versions, never from the order in which they arrived: the same
messages in any order leave the same store.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fhir_hr.model.priors import Prior
from fhir_hr.model.when import When, compare

__all__ = ["ReportMoment", "Settled", "Version", "is_correction", "is_withdrawal", "settle"]

_WITHDRAWN = {"cancelled", "entered-in-error"}
_CORRECTED = {"amended", "corrected", "appended"}
_UNFINISHED = {"registered", "partial", "preliminary", "unknown"}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One message's word on one result.

    Attributes:
        message: sha256 of the message.
        created: when the message was made.
        prior: what it said; ``prior.reported`` is the report time.
    """

    message: str
    created: When | None
    prior: Prior

    @property
    def issued(self) -> When | None:
        """Report time as stated."""
        return self.prior.reported

    @property
    def status(self) -> str:
        """The result's status; a withdrawn or corrected report reaches all its results."""
        return max(str(self.prior.status), str(self.prior.report_status), key=_rank)


class ReportMoment(msgspec.Struct, frozen=True, kw_only=True):
    """One message's word on the report that the result belongs to."""

    message: str
    created: When | None
    issued: When | None
    status: str


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The state in force.

    Attributes:
        prior: what to answer, with ``superseded`` set: false (in force), true (withdrawn), ``None`` (two
            messages contradict each other and nothing says which is later).
        version: the version that it was taken from.
    """

    prior: Prior
    version: Version


def is_withdrawal(status: str) -> bool:
    """Whether the status takes a result back (OBX-11 ``D``, ``W``, ``X``)."""
    return status in _WITHDRAWN


def is_correction(status: str) -> bool:
    """Whether the status corrects an earlier message (``C`` and its like)."""
    return status in _CORRECTED


def settle(versions: Sequence[Version], *, reports: Sequence[ReportMoment] = ()) -> Settled:
    """Return the state in force of one result, from all versions and all words on its report.

    A later report time wins; with the same report time a withdrawal wins over a correction and that over a
    final (a re-sent original never undoes its correction); else the later message time wins. Where nothing
    tells, one is taken by its digest and ``superseded`` is unknown.

    Raises:
        ValueError: there are no versions.
    """
    if not versions:
        msg = "a result has at least one version"
        raise ValueError(msg)
    ordered = sorted(versions, key=lambda version: (-_rank(version.status), version.message))
    newest = [v for v in ordered if not any(_supersedes(w, v) for w in ordered if w is not v)] or ordered
    chosen = newest[0]
    contradicted = any(v.prior != chosen.prior for v in newest[1:])
    if is_withdrawal(chosen.status):
        last_words = [v for v in ordered if not is_withdrawal(v.status)]
        content = settle(last_words).version.prior if last_words else chosen.prior
        prior = msgspec.structs.replace(
            content, status=chosen.prior.status, report_status=chosen.prior.report_status, superseded=True
        )
        return Settled(prior=prior, version=chosen)
    superseded = None if contradicted else _by_report(chosen, versions, reports)
    return Settled(prior=msgspec.structs.replace(chosen.prior, superseded=superseded), version=chosen)


def _by_report(chosen: Version, versions: Sequence[Version], reports: Sequence[ReportMoment]) -> bool | None:
    """What later words on the report as a whole say of a result that they no longer list."""
    listed = {version.message for version in versions}
    superseded: bool | None = False
    for report in reports:
        if report.message in listed or _later(report, chosen) is False:
            continue
        if is_withdrawal(report.status):
            return True
        if is_correction(report.status):
            # The corrected report does not list this result: dropped on purpose, or only unchanged?
            superseded = None
    return superseded


def _later(report: ReportMoment, chosen: Version) -> bool | None:
    for a, b in ((report.issued, chosen.issued), (report.created, chosen.created)):
        order = compare(a, b) if a is not None and b is not None else None
        if order in (-1, 1):
            return order == 1
    return None


def _rank(status: str) -> int:
    if status in _WITHDRAWN:
        return 3
    if status in _CORRECTED:
        return 2
    return 0 if status in _UNFINISHED else 1


def _supersedes(a: Version, b: Version) -> bool:
    if a.issued is not None and b.issued is not None:
        by_report = compare(a.issued, b.issued)
        if by_report in (-1, 1):
            return by_report == 1
        if a.issued.iso == b.issued.iso and _rank(a.status) != _rank(b.status):
            return _rank(a.status) > _rank(b.status)
    by_message = compare(a.created, b.created) if a.created is not None and b.created is not None else None
    if by_message in (-1, 1):
        return by_message == 1
    return _rank(a.status) > _rank(b.status)
