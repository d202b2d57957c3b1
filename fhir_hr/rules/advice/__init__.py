"""Advice to a pack's author: everything that is wrong, doubtful or idle, with file, line and plain words.

The loader is strict and stops at the first error; :func:`advise` collects. A pack without an error here loads; a
warning says what was probably not meant; information is for the authority that has to confirm the pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from fhir_hr.issues import Severity
from fhir_hr.rules.advice.codes import advise_codes, advise_items, advise_refusals
from fhir_hr.rules.advice.collect import collect
from fhir_hr.rules.advice.dates import advise_dates, advise_overlaps, advise_windows
from fhir_hr.rules.advice.finding import Advice, Draft, advice
from fhir_hr.rules.advice.reach import advise_checks, advise_marks, advise_outcomes
from fhir_hr.rules.advice.texts import advise_lists, advise_sources
from fhir_hr.rules.advice.translate import chinese
from fhir_hr.rules.advice.words import ADVICE, AdviceCode
from fhir_hr.rules.pack_tables import read_tables
from fhir_hr.rules.strict_yaml import read_yaml

__all__ = ["ADVICE", "Advice", "AdviceCode", "advise"]

_ADVISERS = (
    advise_dates,
    advise_windows,
    advise_overlaps,
    advise_codes,
    advise_items,
    advise_refusals,
    advise_checks,
    advise_marks,
    advise_outcomes,
    advise_lists,
    advise_sources,
)
_GRAVITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFORMATION: 2}


def advise(
    files: Mapping[str, bytes],
    *,
    as_of: datetime | None = None,
    not_before: datetime | None = None,
) -> tuple[Advice, ...]:
    """Say everything there is to say of a pack.

    Args:
        files: ``pack.yaml``, ``sources.yaml`` and the tables, by name.
        as_of: the moment that dates are compared with; none are without it.
        not_before: when the pack is to take effect on clients; its first day in force otherwise.

    Returns:
        Errors first, then warnings, then information; each by file and line.
    """
    collected = collect(files)
    found = [
        advice(AdviceCode.BROKEN, error.file, error.line, zh=chinese(error), en=error.reason)
        for error in collected.errors
    ]
    if collected.content is not None:
        draft = Draft(
            content=collected.content,
            lines=read_yaml(collected.files["pack.yaml"], file="pack.yaml")[1],
            source_lines=read_yaml(collected.files["sources.yaml"], file="sources.yaml")[1],
            rows=read_tables(collected.files).rows,
            as_of=as_of,
            not_before=not_before,
        )
        for adviser in _ADVISERS:
            found += adviser(draft)
    return tuple(sorted(found, key=lambda one: (_GRAVITY[one.severity], _file_order(one.file), one.line or 0)))


def _file_order(file: str) -> tuple[int, str]:
    return {"pack.yaml": 0, "sources.yaml": 1}.get(file, 2), file
