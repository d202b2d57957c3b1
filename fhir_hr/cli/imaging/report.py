"""The report of an imaging conversion: one JSON line per study, and one per file that no study took."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fhir_hr.issues import Issue
from fhir_hr.recognition.imaging import ImagingConversion, ImagingResult

__all__ = ["StudyLine", "named_lines"]

_encode = msgspec.json.Encoder().encode


class StudyLine(msgspec.Struct, frozen=True, kw_only=True):
    """One study, or one file that no study took.

    Attributes:
        study_uid: ``None`` of a file that no study took.
        sources: the files, as given or found.
        files_read: how many those are.
        bundle: file name under the output folder; ``None`` when nothing was written.
    """

    study_uid: str | None
    sources: tuple[str, ...]
    files_read: int = 0
    series: int = 0
    instances: int = 0
    issues: tuple[Issue, ...] = ()
    bundle: str | None = None

    def json(self) -> bytes:
        """Return the line with its end."""
        try:
            return _encode(self) + b"\n"
        except UnicodeEncodeError:
            # A file name that is no valid text still makes a valid line.
            sources = tuple(_valid(source) for source in self.sources)
            issues = tuple(msgspec.structs.replace(issue, where=_valid(issue.where)) for issue in self.issues)
            return _encode(msgspec.structs.replace(self, sources=sources, issues=issues)) + b"\n"


def named_lines(result: ImagingResult, name: Callable[[ImagingConversion], str] | None) -> list[StudyLine]:
    """Return the lines of a result.

    Args:
        result: what became of the files.
        name: gives the file name of a Bundle; ``None`` when none is written.
    """
    lines = [
        StudyLine(
            study_uid=each.study.uid,
            sources=each.sources,
            files_read=each.files_read,
            series=len(each.study.series),
            instances=each.study.instance_count,
            issues=each.issues,
            bundle=name(each) if name is not None else None,
        )
        for each in result.conversions
    ]
    lines += [
        StudyLine(study_uid=None, sources=(each.source,), files_read=1, issues=each.issues) for each in result.leftovers
    ]
    return lines


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8", "replace")
