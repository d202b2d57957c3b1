"""The vertical-bar encoding (ER7): separators, segments, fields, escapes (HL7 v2 chapter 2.5–2.7)."""

from __future__ import annotations

import re
from typing import NamedTuple

from fhir_hr.adapters.hl7v2.limits import Limits
from fhir_hr.adapters.hl7v2.problems import IssueLog
from fhir_hr.issues import IssueCode, Severity

__all__ = ["Segment", "Separators", "components", "separators_of", "split_segments", "unescape"]

_ID = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_KNOWN_FORM = re.compile(r"(?:[CMX][0-9A-Fa-f]+|\.[a-z]{2}[+-]?\d*|Z\w*)\Z", re.ASCII)
"""An escape of chapter 2.7 that is not resolved here; anything else between two escape characters is text."""
_BREAK = re.compile(r"\r\n|\r|\n")
_COMMON = frozenset({"OBX", "NTE", "OBR", "ORC", "PID", "PV1", "SPM", "MSH"})
OBX_FIELDS = 34
"""Fields of an OBX that are read (0 to 33); shorter segments are filled, so that they can be indexed."""
_BARE = _COMMON | {"DSC"}
"""Segment ids that may stand alone on a line; three other capitals are a word of the text before."""
_PADDING = [""] * OBX_FIELDS
_TEXT_FIELD = {"OBX": 5, "NTE": 3}
"""The field that holds free text: a line break inside it continues the segment."""


class Separators(NamedTuple):
    """The delimiters of one message, from MSH-1 and MSH-2."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    truncation: str = "#"


class Segment(NamedTuple):
    """One segment: ``fields[n]`` is field n (``MSH`` included: ``fields[1]`` is the separator itself)."""

    id: str
    fields: list[str]
    ordinal: int
    sent: int = 0
    """How many fields were sent, before filling."""

    @property
    def where(self) -> str:
        """Place for issues: ``OBX[3]`` is the third OBX of the message."""
        return f"{self.id}[{self.ordinal}]"

    def get(self, number: int) -> str:
        """Return field ``number``, or an empty string (also for the explicit null)."""
        return self.fields[number] if number < len(self.fields) else ""


def separators_of(text: str) -> Separators | None:
    """Read MSH-1 and MSH-2 of a message; ``None`` when this is no HL7 v2 header.

    Example:
        >>> separators_of("MSH|^~\\\\&|LIS|").component
        '^'
    """
    if len(text) < 5 or not text.startswith("MSH"):
        return None
    field = text[3]
    if field.isalnum() or field.isspace():
        return None
    encoding = _BREAK.split(text[4:64], maxsplit=1)[0].split(field, 1)[0]
    if not 1 <= len(encoding) <= 5:
        return None
    filled = encoding + "^~\\&#"[len(encoding) :]
    separators = Separators(field, *filled[:5])
    used = separators[:5]
    if len(set(used)) != 5 or any(ch.isalnum() or ch.isspace() for ch in encoding):
        return None
    return separators


def split_segments(text: str, separators: Separators, log: IssueLog, limits: Limits) -> list[Segment]:
    """Split a message into segments.

    Segments end with CR; CRLF and LF are accepted. A line that does not begin with a segment id and the field
    separator continues the free text before it (OBX-5, NTE-3), and is otherwise reported.
    """
    bar = separators.field
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    lines = text.split("\r")
    has_null = '""' in text
    segments: list[Segment] = []
    counts: dict[str, int] = {}
    left_out = 0
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        fields = line.split(bar)
        name = fields[0]
        if name not in _COMMON or len(fields) < 2:
            bare = line.strip(" \t\x0b\x1c\x00")
            if not bare:
                continue
            fields = bare.split(bar)
            name = fields[0]
            if not (_ID.match(name) and (len(fields) > 1 or bare in _BARE)):
                _stray_line(segments, line, number, log)
                continue
        if len(segments) >= limits.segments:
            left_out += 1
            continue
        sent = len(fields) - 1
        if len(line) > limits.repetitions:
            _bound(fields, f"{name}[{counts.get(name, 0) + 1}]", separators, log, limits)
        if has_null:
            fields = ["" if field == '""' else field for field in fields]
        if name == "OBX":
            fields += _PADDING[len(fields) :]
        elif name == "MSH":
            fields.insert(1, bar)
        ordinal = counts.get(name, 0) + 1
        counts[name] = ordinal
        segments.append(Segment(name, fields, ordinal, sent))
    _say_left_out(left_out, log, limits)
    return segments


def _say_left_out(left_out: int, log: IssueLog, limits: Limits) -> None:
    if left_out:
        log.add(
            IssueCode.LIMIT_REACHED,
            Severity.ERROR,
            "",
            f"the message has more than {limits.segments} segments; the last {left_out} were not read",
        )


def _bound(fields: list[str], where: str, separators: Separators, log: IssueLog, limits: Limits) -> None:
    """Leave out fields that are too long and repetitions that are too many; documents and text may be longer."""
    shift = 1 if fields[0] == "MSH" else 0
    for index, field in enumerate(fields):
        free = fields[0] == "OBX" and index == 5 and fields[2] in {"ED", "RP", "TX", "FT", "ST"}
        if len(field) > limits.field_chars and not (free and fields[2] in {"ED", "RP"}):
            fields[index] = ""
            log.add(
                IssueCode.FIELD_TOO_LONG,
                Severity.ERROR,
                f"{where}-{index + shift}",
                f"the field has {len(field)} characters, the limit is {limits.field_chars}; it was left out",
            )
            continue
        times = field.count(separators.repetition) + 1
        if times > limits.repetitions and not free:
            kept = field.split(separators.repetition, limits.repetitions)[: limits.repetitions]
            fields[index] = separators.repetition.join(kept)
            log.add(
                IssueCode.LIMIT_REACHED,
                Severity.ERROR,
                f"{where}-{index + shift}",
                f"the field repeats {times} times, the limit is {limits.repetitions}; "
                f"the last {times - limits.repetitions} were not read",
            )


def _stray_line(segments: list[Segment], line: str, number: int, log: IssueLog) -> None:
    last = segments[-1] if segments else None
    if last is not None and last.sent == _TEXT_FIELD.get(last.id, -1):
        head, *more = line.split(segments[0].fields[1])
        del last.fields[last.sent + 1 :]
        last.fields[-1] += "\n" + head
        last.fields.extend(more)
        sent = len(last.fields) - 1
        if last.id == "OBX":
            last.fields.extend(_PADDING[len(last.fields) :])
        segments[-1] = last._replace(sent=sent)
        log.add_once(
            IssueCode.TEXT_IN_LINE_BREAK,
            Severity.INFORMATION,
            f"{last.where}-{_TEXT_FIELD[last.id]}",
            "a line break inside the text was kept",
        )
        return
    log.add(
        IssueCode.SEGMENT_MALFORMED,
        Severity.WARNING,
        f"line {number}",
        f"a line of {len(line)} characters is no segment and was left out",
    )


def components(text: str, separator: str) -> list[str]:
    """Split a field or component; the explicit null reads as empty."""
    return [] if text in {"", '""'} else text.split(separator)


_SIMPLE = {
    "H": "",
    "N": "",
    ".br": "\n",
    ".sp": "\n",
    ".fi": "",
    ".nf": "",
    ".ce": "\n",
    ".ti": "",
    ".in": "",
}


def unescape(text: str, separators: Separators, *, codec: str = "utf-8", unknown: list[str] | None = None) -> str:
    r"""Resolve escape sequences (chapter 2.7): separators, line breaks, highlighting, hexadecimal bytes.

    An unknown or unpaired escape stays as it was sent; unknown ones are appended to ``unknown``.

    Example:
        >>> unescape(r"10\S\9/L \.br\next", Separators("|", "^", "~", "\\", "&"))
        '10^9/L \nnext'
    """
    mark = separators.escape
    if mark not in text:
        return text
    out: list[str] = []
    position = 0
    while True:
        start = text.find(mark, position)
        if start < 0:
            out.append(text[position:])
            break
        out.append(text[position:start])
        end = text.find(mark, start + 1)
        if end < 0 or end - start > 4000:
            out.append(mark)
            position = start + 1
            continue
        name = text[start + 1 : end]
        resolved = _resolve(name, separators, codec)
        if resolved is None:
            # Perhaps a bare escape character in text: keep it and look again from the next one.
            if unknown is not None and name and len(name) <= 20 and _KNOWN_FORM.match(name):
                unknown.append(name)
            out.append(mark)
            position = start + 1
            continue
        out.append(resolved)
        position = end + 1
    return "".join(out)


def _resolve(name: str, separators: Separators, codec: str) -> str | None:
    match name:
        case "F":
            return separators.field
        case "S":
            return separators.component
        case "T":
            return separators.subcomponent
        case "R":
            return separators.repetition
        case "E":
            return separators.escape
        case "P":
            return separators.truncation
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name.startswith((".sp", ".in", ".ti", ".sk")) and name[3:].lstrip("+-").strip().isdigit():
        count = min(int(name[3:].lstrip("+-")), 100)
        return {".sp": "\n" * count, ".sk": " " * count}.get(name[:3], "")
    if name[:1] == "X" and len(name) > 1 and len(name) % 2 == 1:
        try:
            return bytes.fromhex(name[1:]).decode(codec)
        except ValueError:
            return None  # no hexadecimal digits, or no characters of this character set
    return None
