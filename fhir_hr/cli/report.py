"""The report of a conversion: one JSON line per message, and the sums by folder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fhir_hr.cli.console import Language, console
from fhir_hr.issues import Issue, IssueCode, Severity

__all__ = ["ReportLine", "Tally", "Totals", "show_totals"]

_encode = msgspec.json.Encoder().encode


class ReportLine(msgspec.Struct, frozen=True, kw_only=True):
    """One message in the report, in the order of the issue's fields.

    Attributes:
        source: the file as given.
        index: the message's place in the file, from 0.
        bundle: file name under the output folder; ``None`` when nothing was written.
    """

    source: str
    index: int
    type: str = ""
    control_id: str = ""
    obx_read: int = 0
    observations: int = 0
    in_report: int = 0
    rejected: int = 0
    issues: tuple[Issue, ...] = ()
    bundle: str | None = None

    def json(self) -> bytes:
        """Return the line with its end."""
        # A file name that is no valid text still makes a valid line.
        plain = msgspec.structs.replace(self, source=self.source.encode("utf-8", "replace").decode("utf-8", "replace"))
        return _encode(plain) + b"\n"


class Tally:
    """Sums over messages."""

    __slots__ = ("in_report", "issues", "messages", "observations", "obx_read", "rejected", "unread")

    def __init__(self) -> None:
        self.messages = self.unread = self.obx_read = self.observations = self.in_report = self.rejected = 0
        self.issues = dict.fromkeys(Severity, 0)

    def add(self, line: ReportLine) -> None:
        """Count one message."""
        self.messages += 1
        self.unread += line.bundle is None
        self.obx_read += line.obx_read
        self.observations += line.observations
        self.in_report += line.in_report
        self.rejected += line.rejected
        for issue in line.issues:
            self.issues[issue.severity] += 1

    def plain(self) -> dict[str, int]:
        """Return the sums as plain data."""
        return {
            "messages": self.messages,
            "without_bundle": self.unread,
            "obx_read": self.obx_read,
            "observations": self.observations,
            "in_report": self.in_report,
            "rejected": self.rejected,
            **{str(severity): count for severity, count in self.issues.items()},
        }


class Totals:
    """Sums by folder and over all."""

    def __init__(self) -> None:
        self.all = Tally()
        self.folders: dict[str, Tally] = {}
        self.bugs = 0

    def add(self, folder: str, line: ReportLine) -> None:
        """Count one message."""
        self.all.add(line)
        self.bugs += any(issue.code is IssueCode.INTERNAL for issue in line.issues)
        self.folders.setdefault(folder, Tally()).add(line)

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "total": self.all.plain(),
            "folders": {folder: tally.plain() for folder, tally in self.folders.items()},
        }


_WIDEST = 17
_HEADINGS = {
    "zh": ("目录", "消息", "OBX", "结果", "入报告", "拒收", "错误", "警告", "提示"),
    "en": ("folder", "msgs", "OBX", "obs", "in rep", "reject", "err", "warn", "info"),
}


def show_totals(totals: Totals, *, language: Language) -> None:
    """Print the table of sums."""
    from rich.table import Table

    table = Table(pad_edge=False)
    for number, heading in enumerate(_HEADINGS[language]):
        table.add_column(heading, justify="right" if number else "left", overflow="fold", no_wrap=bool(number))
    rows = list(totals.folders.items())
    if len(rows) != 1:
        rows.append(("合计" if language == "zh" else "all", totals.all))
    for number, (name, tally) in enumerate(rows):
        if number and number == len(rows) - 1:
            table.add_section()
        table.add_row(_short(name), *_cells(tally))
    console().print(table)


def _short(folder: str) -> str:
    # The end of a long path tells folders apart; the report has it whole.
    return folder if len(folder) <= _WIDEST else "…" + folder[1 - _WIDEST :]


def _cells(tally: Tally) -> Iterable[str]:
    for value in (
        tally.messages,
        tally.obx_read,
        tally.observations,
        tally.in_report,
        tally.rejected,
        *tally.issues.values(),
    ):
        yield str(value)
