"""What a field reader found wrong, before it is known where in the message the field stands."""

from __future__ import annotations

from typing import NamedTuple

from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["IssueLog", "Problem"]


class Problem(NamedTuple):
    """A coded finding about one field of a segment; ``field`` is ``14`` or ``3.1``."""

    code: IssueCode
    severity: Severity
    field: str
    message: str


class IssueLog:
    """Collects the issues of one message, bounded, and says once what would repeat for every OBX."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._issues: list[Issue] = []
        self._said: dict[tuple[str, str], int] = {}
        self._dropped = 0

    def add(self, code: IssueCode, severity: Severity, where: str, message: str) -> None:
        """Add an issue."""
        if len(self._issues) >= self._limit:
            self._dropped += 1
            return
        self._issues.append(Issue(code=code, severity=severity, where=where, message=message))

    def add_once(self, code: IssueCode, severity: Severity, where: str, message: str) -> None:
        """Add an issue the first time; count further equal ones into its message at the end."""
        key = (code, message)
        if key in self._said:
            self._said[key] += 1
            return
        self._said[key] = 1
        self.add(code, severity, where, message)

    def add_problems(self, problems: tuple[Problem, ...] | list[Problem], where: str) -> None:
        """Add what a field reader found, at the segment ``where`` (``OBX[3]``)."""
        for problem in problems:
            place = f"{where}-{problem.field}"
            if problem.severity is Severity.INFORMATION:
                self.add_once(problem.code, problem.severity, place, problem.message)
            else:
                self.add(problem.code, problem.severity, place, problem.message)

    def done(self) -> tuple[Issue, ...]:
        """Return the issues in the order they were found."""
        issues = [self._counted(issue) for issue in self._issues]
        if self._dropped:
            issues.append(
                Issue(
                    code=IssueCode.LIMIT_REACHED,
                    severity=Severity.WARNING,
                    where="",
                    message=f"{self._dropped} further issues of this message are not listed",
                )
            )
        return tuple(issues)

    def _counted(self, issue: Issue) -> Issue:
        times = self._said.get((issue.code, issue.message), 1)
        if times == 1:
            return issue
        return Issue(
            code=issue.code,
            severity=issue.severity,
            where=issue.where,
            message=f"{issue.message} ({times} places)",
        )
