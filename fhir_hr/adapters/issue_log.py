"""Issues of one message or study while it is read: bounded, and what repeats is said once."""

from __future__ import annotations

from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["IssueLog"]


class IssueLog:
    """Collects the issues of one message or study, bounded, and says once what would repeat for every part.

    Args:
        limit: most issues that are listed; how many more there were is said at the end.
        of: what they are issues of, for that last word.
    """

    def __init__(self, *, limit: int, of: str) -> None:
        self._of = of
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
        """Add an issue the first time; count further equal ones into its message at the end.

        ``where`` is the place of the first.
        """
        key = (code, message)
        if key in self._said:
            self._said[key] += 1
            return
        self._said[key] = 1
        self.add(code, severity, where, message)

    def done(self) -> tuple[Issue, ...]:
        """Return the issues in the order they were found."""
        issues = [self._counted(issue) for issue in self._issues]
        if self._dropped:
            issues.append(
                Issue(
                    code=IssueCode.LIMIT_REACHED,
                    severity=Severity.WARNING,
                    where="",
                    message=f"{self._dropped} further issues of this {self._of} are not listed",
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
