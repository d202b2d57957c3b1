"""From bytes to single messages: byte order marks, MLLP blocks, FHS/BHS batches (chapter 2.10, 2.15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from fhir_hr.adapters.hl7v2.limits import Limits
from fhir_hr.adapters.hl7v2.problems import Problem
from fhir_hr.issues import IssueCode, Severity

__all__ = ["Frame", "frames"]

_HEADERS = (b"MSH", b"FHS", b"BHS", b"BTS", b"FTS")
# What may stand before a header on its line. These bytes never occur inside a character of UTF-8, GBK or
# GB18030, so looking at them is safe before decoding.
_BEFORE = b"\r\n\x0b\x1c"
_BLANK = b" \t\x00\xef\xbb\xbf"
_NOISE = b" \t\r\n\x00\x0b\x1c\xef\xbb\xbf"
_TRAILER = b"\x1c\x0b\x00"


class Frame(NamedTuple):
    """The bytes of one message, or of something that is none.

    Attributes:
        raw: the bytes; empty when ``problems`` say why nothing is to be read.
        problems: what was found on the way; their ``field`` is a place in the input.
        ended: whether something stood after its last character (a line end, the MLLP end byte, a next message).
    """

    raw: bytes
    problems: list[Problem]
    ended: bool = True


def frames(data: bytes, *, limits: Limits) -> Iterator[Frame]:
    """Cut input into messages.

    Everything that is not noise ends in a frame: bytes before the first header, an oversized message and a
    batch whose trailer counts differently are reported.
    """
    if not data:
        yield _broken(IssueCode.EMPTY_INPUT, "there are no bytes")
        return
    if len(data) > limits.input_bytes:
        yield _broken(
            IssueCode.TOO_LARGE,
            f"the input is {len(data)} bytes, the limit is {limits.input_bytes}; nothing of it was read",
        )
        return
    data, carried = _plain(data)
    if _is_single(data) and len(data) <= limits.message_bytes:
        yield Frame(data.rstrip(b"\r"), carried, data.endswith(b"\r"))
        return
    heads = sorted((at, name) for name in _HEADERS for at in _starts(data, name))
    if not any(name == b"MSH" for _, name in heads):
        yield _broken(IssueCode.NOT_HL7, _what(data))
        return
    lost = data[: heads[0][0]].strip(_NOISE)
    if lost:
        carried.append(
            Problem(
                IssueCode.SEGMENT_MALFORMED,
                Severity.WARNING,
                "",
                f"{len(lost)} bytes before the first header are no segment and were left out",
            )
        )
    yield from _messages(data, heads, carried, limits)


def _messages(data: bytes, heads: list[tuple[int, bytes]], carried: list[Problem], limits: Limits) -> Iterator[Frame]:
    batches = _Batches()
    number = 0
    ends = [start for start, _ in heads[1:]] + [len(data)]
    pending: Frame | None = None
    for (start, name), end in zip(heads, ends, strict=True):
        if name != b"MSH":
            problem = batches.take(name, data[start:end])
            if problem is not None and pending is not None:
                pending.problems.append(problem)
            continue
        if pending is not None:
            yield pending
        batches.messages += 1
        number += 1
        if number > limits.messages:
            yield _broken(IssueCode.LIMIT_REACHED, f"the input has more than {limits.messages} messages; stopped there")
            return
        if end - start > limits.message_bytes:
            pending = _broken(
                IssueCode.TOO_LARGE,
                f"the message is {end - start} bytes, the limit is {limits.message_bytes}; nothing of it was read",
            )
        else:
            raw = data[start:end]
            pending = Frame(raw.rstrip(_TRAILER + b"\r\n"), carried, raw[-1] in b"\r\n\x1c\x0b")
        carried = []
    if pending is not None:
        if batches.open:
            pending.problems.append(
                Problem(
                    IssueCode.TRUNCATED,
                    Severity.WARNING,
                    "BHS",
                    "the batch has no trailer (BTS); messages at its end may be missing",
                )
            )
        yield pending


class _Batches:
    """Counts messages by batch and batches by file, against their trailers."""

    def __init__(self) -> None:
        self.messages = 0
        self.open = False
        self._batches = 0

    def take(self, name: bytes, segment: bytes) -> Problem | None:
        """Take a header or trailer of a batch or file."""
        if name == b"FHS":
            self._batches = 0
        elif name == b"BHS":
            self.messages = 0
            self._batches += 1
            self.open = True
        elif name == b"BTS":
            self.open = False
            found, self.messages = self.messages, 0
            return _count(segment, found, "BTS-1", "the batch trailer counts {} messages, {} were found")
        else:
            found, self._batches = self._batches, 0
            if not found:
                return None  # messages of a file without a batch header count as one batch or none
            return _count(segment, found, "FTS-1", "the file trailer counts {} batches, {} were found")
        return None


def _is_single(data: bytes) -> bool:
    """Whether this is plainly one message with CR line ends; most inputs are, and the look is cheap."""
    if not data.startswith(b"MSH") or data[3:4].isalnum() or b"\n" in data or b"\x0b" in data or b"\x1c" in data:
        return False
    return not any(line.lstrip(_BLANK)[:3] in _HEADERS for line in data.split(b"\r")[1:])


def _starts(data: bytes, name: bytes) -> Iterator[int]:
    """Where a header segment begins: at the start of a line, and followed by a delimiter."""
    at = data.find(name)
    while at >= 0:
        follower = data[at + 3 : at + 4]
        before = at - 1
        while before >= 0 and data[before] in _BLANK:
            before -= 1
        if (before < 0 or data[before] in _BEFORE) and follower and not (follower.isalnum() or follower.isspace()):
            yield at
        at = data.find(name, at + 3)


_WIDE_STARTS = (
    (b"\xff\xfe", "utf-16-le", 2),
    (b"\xfe\xff", "utf-16-be", 2),
    (b"M\0S\0H\0", "utf-16-le", 0),
    (b"\0M\0S\0H", "utf-16-be", 0),
)


def _plain(data: bytes) -> tuple[bytes, list[Problem]]:
    """Undo UTF-16 (with its byte order mark or seen from the header); every other coding is decided per message."""
    for start, codec, skip in _WIDE_STARTS:
        if not data.startswith(start):
            continue
        text = data[skip:].decode(codec, errors="replace")
        wrong = text.count("\ufffd")
        problem = Problem(
            IssueCode.UNDECODABLE,
            Severity.ERROR,
            "",
            f"{wrong} places could not be decoded as UTF-16; each is shown as U+FFFD",
        )
        return text.encode("utf-8"), [problem] if wrong else []
    return data, []


def _count(trailer: bytes, found: int, where: str, words: str) -> Problem | None:
    fields = re.split(rb"[\r\n]", trailer, maxsplit=1)[0].split(trailer[3:4])
    stated = fields[1].strip() if len(fields) > 1 else b""
    if not stated.isdigit() or len(stated) > 9 or int(stated) == found:
        return None
    return Problem(IssueCode.BATCH_COUNT_MISMATCH, Severity.WARNING, where, words.format(int(stated), found))


def _what(data: bytes) -> str:
    start = data[:200].lstrip(_NOISE)
    if not start:
        kind = "blank"
    elif start.startswith((b"<?xml", b"<")):
        kind = "XML"
    elif start.startswith((b"{", b"[")):
        kind = "JSON"
    elif start.startswith(b"%PDF"):
        kind = "PDF"
    elif start.startswith(b"PK\x03\x04"):
        kind = "a zip archive"
    else:
        return "no MSH segment was found; this is not an HL7 v2 message"
    return f"no MSH segment was found; this looks like {kind}, not an HL7 v2 message"


def _broken(code: IssueCode, message: str) -> Frame:
    return Frame(b"", [Problem(code, Severity.ERROR, "", message)])
