"""From a patient's stored records to an answer: identity, filter, limit. Shared by the stores."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.identity import PatientIdentity, match_identity
from fhir_hr.model.priors import Prior
from fhir_hr.model.when import compare
from fhir_hr.sources._base import Answer, Found, Nothing, Partial, PriorQuery, Refused

__all__ = ["answer_from", "refuse_without_identifier", "wanted"]


def refuse_without_identifier(source: str) -> Refused:
    """Answer a query whose patient has no identifier that is certain."""
    return Refused(
        source=source,
        issues=(
            Issue(
                code=IssueCode.SOURCE_REFUSED,
                severity=Severity.ERROR,
                where=source,
                message="the query names no identifier that proves who the patient is (identity card, or a "
                "number with the institution that gave it); a name and a birth date alone are not asked for",
            ),
        ),
    )


def wanted(prior: Prior, query: PriorQuery) -> bool:
    """Whether the query asks for this prior. What is unknown about a prior never excludes it."""
    if query.kinds and prior.kind not in query.kinds:
        return False
    if query.items and prior.item is not None and prior.item not in query.items:
        return False
    return not (query.since is not None and prior.performed is not None and compare(prior.performed, query.since) == -1)


def answer_from(records: Iterable[Prior], *, query: PriorQuery, source: str, issues: tuple[Issue, ...] = ()) -> Answer:
    """Keep what is proved to be the patient's and wanted; report what is in doubt.

    ``issues`` are those met while reading; with any, or with doubt, the answer is :class:`Partial`.
    """
    found: list[Prior] = []
    doubts: dict[tuple[str, str], int] = {}
    for prior in records:
        if not wanted(prior, query):
            continue
        differs = _doubt(prior, query.patient)
        if differs is None:
            found.append(prior)
        else:
            key = (prior.institution.name or prior.institution.id, differs)
            doubts[key] = doubts.get(key, 0) + 1
    found.sort(key=lambda prior: prior.id)
    all_issues = issues + tuple(
        Issue(
            code=IssueCode.IDENTITY_DOUBTFUL,
            severity=Severity.WARNING,
            where=source,
            message=f"{count} result(s) of {institution} carry an identifier of this patient, but {differs} "
            "differs; they were left out until someone has looked",
        )
        for (institution, differs), count in sorted(doubts.items())
    )
    if all_issues:
        return Partial(source=source, priors=tuple(found), issues=all_issues)
    if found:
        return Found(source=source, priors=tuple(found))
    return Nothing(source=source)


def _doubt(prior: Prior, patient: PatientIdentity) -> str | None:
    match = match_identity(prior.patient, patient)
    if match.same is True:
        return None
    return ", ".join(match.differ) or "what could prove it"
