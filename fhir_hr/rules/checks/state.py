"""Is it a finished, current result from before the order?"""

from __future__ import annotations

from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import FinalitySpec, SupersededSpec, TimeOrderSpec
from fhir_hr.rules.clock import span
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["bind_finality", "bind_superseded", "bind_time_order"]


def bind_finality(spec: FinalitySpec, voice: Voice) -> Check:
    """Bind: a status outside the accepted ones → ``on_fail``; else an unknown one → ``on_unknown``."""
    items, reports = frozenset(spec.item_statuses), frozenset(spec.report_statuses)
    fail = voice.varying(ReasonCode.NOT_FINAL, CheckKind.FINALITY, spec.on_fail)
    unknown = voice.varying(ReasonCode.STATUS_UNKNOWN, CheckKind.FINALITY, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        result, report = c.prior.status, c.prior.report_status
        result_fits, report_fits = result in items, report in reports
        if result_fits and report_fits:
            return NOTHING
        said = (("result", str(result)), ("report", str(report)))
        result_failed = not result_fits and result != ResultStatus.UNKNOWN
        report_failed = not report_fits and report != ReportStatus.UNKNOWN
        return fail(said, ()) if result_failed or report_failed else unknown(said, ())

    return check


def bind_superseded(spec: SupersededSpec, voice: Voice) -> Check:
    """Bind: corrected or withdrawn → ``on_fail``; the source cannot tell → ``on_unknown``."""
    fail = voice.fixed(ReasonCode.SUPERSEDED, CheckKind.SUPERSEDED, spec.on_fail)
    unknown = voice.fixed(ReasonCode.SUPERSEDED_UNKNOWN, CheckKind.SUPERSEDED, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        superseded = c.prior.superseded
        if superseded is None:
            return unknown
        return fail if superseded else NOTHING

    return check


def bind_time_order(spec: TimeOrderSpec, voice: Voice) -> Check:
    """Bind: surely performed or reported after the order → ``on_fail``; not surely before → ``on_unknown``.

    A report time that surely lies before the order settles a performed time of too little precision: nothing
    is reported before it is performed.
    """
    performed_late = voice.fixed(
        ReasonCode.FUTURE, CheckKind.TIME_ORDER, spec.on_fail, params=(("which", "performed"),)
    )
    reported_late = voice.fixed(ReasonCode.FUTURE, CheckKind.TIME_ORDER, spec.on_fail, params=(("which", "reported"),))
    unknown = voice.fixed(ReasonCode.TIME_UNKNOWN, CheckKind.TIME_ORDER, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        at, performed = c.at, c.performed
        if at is None:
            return unknown
        if performed is not None and performed[0] > at[1]:
            return performed_late
        reported = span(c.prior.reported)
        if reported is not None and reported[0] > at[1]:
            return reported_late
        if performed is None:
            return unknown
        if performed[1] <= at[0] or (reported is not None and reported[1] <= at[0]):
            return NOTHING
        return unknown

    return check
