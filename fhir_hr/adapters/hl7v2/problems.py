"""What a field reader found wrong, before it is known where in the message the field stands."""

from __future__ import annotations

from typing import NamedTuple

from fhir_hr.adapters.issue_log import IssueLog as CommonLog
from fhir_hr.issues import IssueCode, Severity

__all__ = ["IssueLog", "Problem"]


class Problem(NamedTuple):
    """A coded finding about one field of a segment; ``field`` is ``14`` or ``3.1``."""

    code: IssueCode
    severity: Severity
    field: str
    message: str


class IssueLog(CommonLog):
    """Collects the issues of one message, and places what field readers found at their segment."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(limit=limit, of="message")

    def add_problems(self, problems: tuple[Problem, ...] | list[Problem], where: str) -> None:
        """Add what a field reader found, at the segment ``where`` (``OBX[3]``)."""
        for problem in problems:
            place = f"{where}-{problem.field}"
            if problem.severity is Severity.INFORMATION:
                self.add_once(problem.code, problem.severity, place, problem.message)
            else:
                self.add(problem.code, problem.severity, place, problem.message)
