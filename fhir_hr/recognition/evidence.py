"""Quality evidence (室间质评, 室内质控, 评估) given by the caller, and what it does to a mark.

A result that failed its quality assessment is never marked (invariant 9), whatever is printed on the report:
the printed mark stays a fact for the rules to see, and no flag is written from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.flags import Evidence, EvidenceResult
from fhir_hr.model.lab import Report, ReportMessage, Result
from fhir_hr.model.when import When, compare

__all__ = ["add_evidence", "evidence_for"]


def evidence_for(
    evidence: Sequence[Evidence], *, institution: str, item: str | None, performed: When | None
) -> tuple[Evidence, ...]:
    """Return the evidence of an institution for one item at the time it was performed.

    Evidence for "all its items" counts for every item. When the time is unknown, or too vague to compare,
    evidence is kept: leaving it out would hide a failure.
    """
    return tuple(
        each
        for each in evidence
        if each.institution == institution and (each.item is None or each.item == item) and _covers(each, performed)
    )


def add_evidence(message: ReportMessage, evidence: Sequence[Evidence]) -> tuple[ReportMessage, tuple[Issue, ...]]:
    """Put the caller's evidence into the flags of a message, and take away the flags that it forbids.

    Returns the message and one ``mark-forbidden`` issue per flag that was taken away.
    """
    issues: list[Issue] = []
    institution = next((each.value for each in message.sender.identifiers), None)
    if not evidence or institution is None:
        return message, ()
    reports = tuple(
        _with_evidence(report, evidence, institution=institution, issues=issues) for report in message.reports
    )
    return msgspec.structs.replace(message, reports=reports), tuple(issues)


def _with_evidence(report: Report, evidence: Sequence[Evidence], *, institution: str, issues: list[Issue]) -> Report:
    results = tuple(
        _flagged(result, report, evidence, institution=institution, issues=issues) for result in report.results
    )
    return msgspec.structs.replace(report, results=results)


def _flagged(
    result: Result, report: Report, evidence: Sequence[Evidence], *, institution: str, issues: list[Issue]
) -> Result:
    flag = result.flag
    if flag is None or flag.item is None:
        return result
    performed = report.performed_at(result)
    known = evidence_for(evidence, institution=institution, item=flag.item.code, performed=performed)
    if any(each.result is EvidenceResult.FAILED for each in known):
        issues.append(
            Issue(
                code=IssueCode.MARK_FORBIDDEN,
                severity=Severity.WARNING,
                where=result.where,
                message=f"the report carries {flag.mark.text} for {flag.item.code}, but the institution failed "
                "the quality assessment of this item; the result is written without the mark",
            )
        )
        return msgspec.structs.replace(result, flag=None)
    if not known:
        return result
    return msgspec.structs.replace(result, flag=msgspec.structs.replace(flag, evidence=flag.evidence + known))


def _covers(evidence: Evidence, performed: When | None) -> bool:
    if performed is None:
        return True
    if evidence.start is not None and compare(performed, evidence.start) == -1:
        return False
    return not (evidence.end is not None and compare(performed, evidence.end) == 1)
