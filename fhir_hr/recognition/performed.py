"""When was it performed: one answer, for the rules, for evidence and for flags."""

from __future__ import annotations

from fhir_hr.model.lab import Report, Result, Specimen
from fhir_hr.model.when import Period, When

__all__ = ["performed_at", "specimen_of"]


def performed_at(report: Report, *, result: Result | None = None) -> When | None:
    """Return the collection or examination time (采集/检查时间).

    The specimen's collection comes first, then what the report says of the examination, then what the result says
    of itself: the last is often when the analyser measured, days after the patient was seen. Of a period, its start.
    """
    specimen = specimen_of(result, report) if result is not None else None
    stated: tuple[When | Period | None, ...] = (
        specimen.collected if specimen is not None else None,
        report.effective,
        result.effective if result is not None else None,
    )
    for each in stated:
        when = (each.start or each.end) if isinstance(each, Period) else each
        if when is not None:
            return when
    return None


def specimen_of(result: Result, report: Report) -> Specimen | None:
    """Return the specimen of a result: the one that it names, or the only one of its report."""
    if result.specimen is not None:
        return report.specimens[result.specimen]
    return report.specimens[0] if len(report.specimens) == 1 else None
