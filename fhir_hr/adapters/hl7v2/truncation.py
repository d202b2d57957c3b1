"""Whether the end of a message cut through its last result: half a number is a wrong number."""

from __future__ import annotations

from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.problems import IssueLog
from fhir_hr.issues import IssueCode, Severity

__all__ = ["cut_off"]

_VALUE = 5
"""OBX-5."""
_BEYOND = 10
"""An OBX with more fields than this has its value, unit, range and flag."""
_CUT_UNSEEN = frozenset({"NM", "SN", "NR", "ST", ""})
"""Value types of which a part looks like a whole: 13 of 135."""


def cut_off(segments: list[Segment], log: IssueLog) -> int:
    """Say how many segments at the end (0 or 1) are to be left out of a message that has no last line end.

    Args:
        segments: all segments of the message.
        log: takes the issue.
    """
    last = segments[-1]
    if last.id != "OBX" or last.sent > _BEYOND:
        return 0
    others = [one for one in segments if one.id == "OBX" and one is not last]
    if not others:
        return _only_value(last, log) if last.sent == _VALUE else 0
    if min(one.sent for one in others) <= last.sent:
        return 0
    log.add(
        IssueCode.TRUNCATED,
        Severity.ERROR,
        last.where,
        f"the message ends inside this segment ({last.sent} fields, the others have more, and no "
        f"line end); it was left out, the {len(others)} before it were kept",
    )
    return 1


def _only_value(last: Segment, log: IssueLog) -> int:
    """With no other OBX to compare and nothing after OBX-5, the value itself may be cut."""
    numeric = last.get(2).strip() in _CUT_UNSEEN
    log.add(
        IssueCode.TRUNCATED,
        Severity.ERROR if numeric else Severity.WARNING,
        last.where,
        "the message ends inside or right after the value of its only result (no further field, no line end); "
        + ("it was left out" if numeric else "it was kept, and may not be whole"),
    )
    return int(numeric)
