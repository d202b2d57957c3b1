"""Microbiology: susceptibility results descend from the organism that another order found (OBR-26, OBR-29)."""

from __future__ import annotations

import msgspec

from fhir_hr.model.lab import ParentResult, Report, Result

__all__ = ["link_parents"]


def link_parents(reports: list[Report]) -> list[Report]:
    """Link the results of a report with a parent result to it (``derived_from``), where the parent is here."""
    if not any(report.parent is not None for report in reports):
        return reports
    linked = []
    for report in reports:
        parent = _find(report.parent, reports, report) if report.parent is not None else None
        if parent is not None:
            owner, result = parent
            reference = f"{owner.key}|{result.key}"
            results = tuple(msgspec.structs.replace(r, derived_from=reference) for r in report.results)
            report = msgspec.structs.replace(report, results=results)
        linked.append(report)
    return linked


def _find(parent: ParentResult, reports: list[Report], child: Report) -> tuple[Report, Result] | None:
    """The one result with the parent's code and sub-id; two candidates are none."""
    found = [
        (report, result)
        for report in reports
        if report is not child
        for result in report.results
        if _same_code(parent, result) and (parent.sub_id is None or result.sub_id == parent.sub_id)
    ]
    return found[0] if len(found) == 1 else None


def _same_code(parent: ParentResult, result: Result) -> bool:
    return bool(set(parent.code.codings) & set(result.definition.code.codings))
