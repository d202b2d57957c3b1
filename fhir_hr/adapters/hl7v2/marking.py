"""Which registered mark a sender put on a report (附件2: in its heading).

A mark is found in the registry by its whole text, or stated by the sender's profile; never by pattern.
"""

from __future__ import annotations

from functools import lru_cache

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.groups import OrderGroup
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.marks import looks_like_mark
from fhir_hr.model.flags import FlagBasis, Mark, RecognitionFlag

__all__ = ["flag_of_report"]


def flag_of_report(ctx: Context, group: OrderGroup) -> RecognitionFlag | None:
    """The mark of the report as a whole, by the profile's statement or its mark field."""
    profile = ctx.profile
    registry = ctx.vocabulary.marks
    if profile.mark_field is not None:
        name, field = profile.mark_field.split("-")
        for segment in _segments(group, name):
            text = ctx.text(segment.get(int(field))).strip()
            found = registry.find(text) if text else None
            if found is not None:
                if found.tidied:
                    ctx.log.add(
                        IssueCode.MARK_TIDIED,
                        Severity.INFORMATION,
                        f"{segment.where}-{field}",
                        f"'{text}' is the mark {found.mark.text} with white space in it; it was read as that mark",
                    )
                return _report_flag(found.mark)
            if text and len(text) <= 12 and looks_like_mark(text):
                ctx.log.add(
                    IssueCode.MARK_UNKNOWN,
                    Severity.WARNING,
                    f"{segment.where}-{field}",
                    f"'{text}' is not a registered mark; the report was read as unmarked",
                )
        return None
    if profile.report_mark is not None:
        mark = registry.by_code(profile.report_mark)
        return _report_flag(mark) if mark is not None else None
    return None


def _segments(group: OrderGroup, name: str) -> list[Segment]:
    found = [one for one in (group.orc, group.obr) if one is not None and one.id == name]
    found += [note for note in group.notes if note.id == name]
    for result in group.results:
        if result.obx.id == name:
            found.append(result.obx)
        found += [note for note in result.notes if note.id == name]
    found += [one.spm for one in group.specimens if one.spm.id == name]
    return found


@lru_cache(maxsize=64)
def _report_flag(mark: Mark) -> RecognitionFlag:
    return RecognitionFlag(mark=mark, basis=FlagBasis.PRINTED)
