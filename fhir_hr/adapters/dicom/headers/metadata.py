"""DICOM JSON (PS3.18 annex F) to headers: QIDO-RS answers, WADO-RS metadata.

One object is split into its elements, of which only those that a header needs are decoded, and equal ones once: most
repeat throughout a series. Where a value is not as the standard says it is taken if its meaning is plain, and left
out with an issue otherwise; one bad object never costs the others. The text is UTF-8 whatever (0008,0005) says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from fhir_hr.adapters.dicom.headers.assembly import fill, group_fields, sequence_fields
from fhir_hr.adapters.dicom.headers.fields import FIELDS, SEQUENCE_TAGS, VR_OF, Field, Tag
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.values import fault, number_text, split_text, too_long
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity

__all__ = ["headers_of_json"]

_LIMITS = DicomLimits()
_BOM = b"\xef\xbb\xbf"
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_FLOATS = frozenset({"FD"})
_LONGEST_REMEMBERED = 4096
_BETWEEN = frozenset(" \t\r\n,")
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_objects = msgspec.json.Decoder(list[msgspec.Raw])
_elements = msgspec.json.Decoder(dict[str, msgspec.Raw])
# A decimal string can come as a number; its digits are kept.
_anything = msgspec.json.Decoder(float_hook=str)


class _BadValueError(ValueError):
    """What a value is, when it is nothing that DICOM JSON knows."""


class _Rest(NamedTuple):
    """What an element came to beside the value of its field: fields that a sequence gives, issues."""

    more: dict[str, Any]
    issues: tuple[Issue, ...]


_Known = tuple[str, str | tuple[str, ...] | None, _Rest | None]
"""What one element came to: header field, its value, the rest."""


def headers_of_json(data: bytes, *, limits: DicomLimits = _LIMITS) -> Outcome[tuple[Header, ...]]:
    """Read the headers of all objects of a DICOM JSON document.

    Args:
        data: an array of objects, or one object.
        limits: bounds.

    Returns:
        One header per object that could be read, in order, and issues; their place begins with the object's index,
        ``[3](0010,0010)``. An equal issue of several objects is said once, with its number. Nothing is raised.

    Example:
        >>> headers_of_json(b'[{"00080060": {"vr": "CS", "Value": ["CT"]}}]').value[0].modality
        'CT'
    """
    log = IssueLog(limit=limits.issues, of="document")
    data = data.removeprefix(_BOM)
    if not data.strip():
        log.add(IssueCode.EMPTY_INPUT, Severity.WARNING, "", "the document is empty")
        return Outcome((), log.done())
    if len(data) > limits.json_bytes:
        words = f"the document has {len(data)} bytes; the limit is {limits.json_bytes}"
        log.add(IssueCode.TOO_LARGE, Severity.ERROR, "", words)
        return Outcome((), log.done())
    objects = _split(data, log)
    if len(objects) > limits.instances:
        words = f"{len(objects) - limits.instances} objects beyond the limit were left out"
        log.add(IssueCode.LIMIT_REACHED, Severity.ERROR, f"[{limits.instances}]", words)
        objects = objects[: limits.instances]
    reader = _Reader(limits, log)
    headers = tuple(header for index, each in enumerate(objects) if (header := reader.read(index, each)) is not None)
    return Outcome(headers, log.done())


def _split(data: bytes, log: IssueLog) -> Sequence[msgspec.Raw | bytes]:
    """The objects of a document, not decoded; of a broken one those before the fault."""
    try:
        if data.lstrip()[:1] == b"{":
            _elements.decode(data)
            return [data]
        return _objects.decode(data)
    except msgspec.ValidationError:
        log.add(IssueCode.NOT_DICOM, Severity.ERROR, "", "the document is no DICOM JSON: no array of objects")
        return []
    except _BROKEN:
        kept, whole = _salvaged(data)
        if whole:
            words = "the document is no strict JSON (NaN, stray commas, wrong UTF-8); it was read with them"
            log.add(IssueCode.DICOM_MALFORMED, Severity.WARNING, "", words)
            return kept
        code = IssueCode.TRUNCATED if kept else IssueCode.NOT_DICOM
        words = f"the document is no valid JSON beyond its first {len(kept)} objects; those were kept"
        log.add(code, Severity.ERROR, f"[{len(kept)}]", words if kept else "the document is no valid JSON")
        return kept


def _salvaged(data: bytes) -> tuple[list[bytes], bool]:
    """Objects of an array that is no strict JSON, up to the first fault that hides its end; whether all were found."""
    text = data.decode("utf-8", errors="replace")
    decoder = json.JSONDecoder(parse_float=str, parse_constant=str)  # digits are kept, NaN becomes a text
    found: list[bytes] = []
    at = len(text) - len(text.lstrip())
    if text[at : at + 1] != "[":
        return found, False
    at += 1
    while True:
        while text[at : at + 1] in _BETWEEN:
            at += 1
        if text[at : at + 1] == "]":
            return found, not text[at + 1 :].strip()
        try:
            value, at = decoder.raw_decode(text, at)
            found.append(json.dumps(value).encode())
        except (ValueError, RecursionError):
            return found, False


class _Reader:
    """Reads the objects of one document; remembers what elements came to."""

    __slots__ = ("_limits", "_log", "_size", "_wanted")

    def __init__(self, limits: DicomLimits, log: IssueLog) -> None:
        self._limits = limits
        self._log = log
        self._size = 0
        self._wanted: list[tuple[str, int, Field | None, dict[bytes, _Known]]] = [
            *((f"{field.tag:08X}", field.tag, field, {}) for field in FIELDS),
            *((f"{tag:08X}", tag, None, {}) for tag in sorted(SEQUENCE_TAGS)),
        ]

    def read(self, index: int, raw: msgspec.Raw | bytes) -> Header | None:
        """Read one object; ``None`` when it is none."""
        try:
            elements = _elements.decode(raw)
        except _BROKEN:
            words = "this is no object of DICOM JSON; it was left out"
            self._log.add(IssueCode.DICOM_MALFORMED, Severity.ERROR, f"[{index}]", words)
            return None
        if "0020000d" in elements or "0020000e" in elements:  # hexadecimal digits belong in capitals
            elements = {key.upper(): value for key, value in elements.items()}
        found: dict[str, Any] = {}
        later: list[dict[str, Any]] = []
        stated = elements.get
        for key, tag, field, known in self._wanted:
            element = stated(key)
            if element is None:
                continue
            content = bytes(element)
            hit = known.get(content)
            if hit is None:
                hit = self._decode(tag, field, content)
                self._remember(known, content, hit)
            name, value, rest = hit
            if value is not None:
                found[name] = value
            if rest is not None:
                later.append(rest.more)
                self._say(index, rest.issues)
        if "52009229" in elements or "52009230" in elements:
            later.append(self._groups(index, elements))
        fill(found, later)
        return Header(**found)

    def _remember(self, known: dict[bytes, _Known], content: bytes, hit: _Known) -> None:
        if len(content) > _LONGEST_REMEMBERED:
            return
        self._size += 1
        if self._size > self._limits.remembered:
            for *_, each in self._wanted:
                each.clear()
            self._size = 1
        known[content] = hit

    def _say(self, index: int, issues: Sequence[Issue]) -> None:
        for issue in issues:
            words = f"{issue.where}: {issue.message}"
            self._log.add_once(issue.code, issue.severity, f"[{index}]{issue.where}", words)

    def _decode(self, tag: int, field: Field | None, content: bytes) -> _Known:
        issues: list[Issue] = []
        try:
            element = _anything.decode(content)
        except _BROKEN:
            return "", None, _Rest({}, (_left_out(tag, "it is no valid JSON"),))
        item = _Item({f"{tag:08X}": element}, _Context(self._limits, issues), depth=0)
        if field is None:
            more = sequence_fields(tag, item.items(tag))
            return "", None, _Rest(more, tuple(issues))
        values = item.texts(tag)
        value = (values if field.many else "\\".join(values)) if values else None
        return field.name, value, _Rest({}, tuple(issues)) if issues else None

    def _groups(self, index: int, elements: dict[str, msgspec.Raw]) -> dict[str, Any]:
        """The functional groups; of the frames only the first is decoded, the others are counted."""
        issues: list[Issue] = []
        context = _Context(self._limits, issues)
        found: list[tuple[list[_Item], int]] = []
        for tag in (Tag.SHARED_GROUPS, Tag.FRAME_GROUPS):
            content = elements.get(f"{tag:08X}")
            try:
                whole = _frames.decode(content) if content is not None else _Frames()
                frames = whole.Value or []
                first = _anything.decode(frames[0]) if frames else None
            except _BROKEN:
                issues.append(_left_out(tag, "it is no valid sequence"))
                frames, first = [], None
            items = [_Item(first, context, depth=1)] if isinstance(first, dict) else []
            found.append((items, len(frames)))
        (shared, _), (frames_items, count) = found
        fields = group_fields(shared, frames_items, count)
        self._say(index, issues)
        return fields


class _Frames(msgspec.Struct, gc=False):
    Value: list[msgspec.Raw] | None = None


_frames = msgspec.json.Decoder(_Frames)


class _Context(NamedTuple):
    """What all items of one element share."""

    limits: DicomLimits
    issues: list[Issue]


class _Item:
    """One decoded item: elements by tag as eight hexadecimal digits."""

    __slots__ = ("_context", "_depth", "_elements")

    def __init__(self, elements: dict[str, Any], context: _Context, *, depth: int) -> None:
        self._elements = elements
        self._context = context
        self._depth = depth

    def texts(self, tag: int) -> tuple[str, ...]:
        expected = VR_OF[tag]
        try:
            text = "\\".join(_text(value, expected) for value in self._values(tag))
        except _BadValueError as error:
            self._context.issues.append(_left_out(tag, str(error)))
            return ()
        if len(text) > self._context.limits.text_chars:
            self._context.issues.append(too_long(tag))
            return ()
        return split_text(text, expected)

    def items(self, tag: int) -> Sequence[_Item]:
        try:
            values = self._values(tag)
        except _BadValueError as error:
            self._context.issues.append(_left_out(tag, str(error)))
            return ()
        limits, issues = self._context
        if values and self._depth >= limits.depth:
            words = "sequences are nested deeper than the limit; the inner ones were left out"
            issues.append(fault(IssueCode.LIMIT_REACHED, tag, words))
            return ()
        if len(values) > limits.items:
            words = f"{len(values) - limits.items} further items were left out"
            issues.append(fault(IssueCode.LIMIT_REACHED, tag, words))
        found = []
        for value in values[: limits.items]:
            if isinstance(value, dict):
                found.append(_Item(value, self._context, depth=self._depth + 1))
            elif value is not None:
                issues.append(_left_out(tag, "an item is no object"))
        return found

    def count(self, tag: int) -> int:
        return len(self.items(tag))

    def _values(self, tag: int) -> list[Any]:
        """What stands in ``Value``; a single value may stand there without its array."""
        element = self._elements.get(f"{tag:08X}")
        if element is None:
            return []
        if not isinstance(element, dict):
            raise _BadValueError("it is no object with vr and Value")
        value = element.get("Value")
        if value is None:
            if element.get("InlineBinary") or element.get("BulkDataURI"):
                raise _BadValueError("its value is not given as text")
            return []
        return value if isinstance(value, list) else [value]


def _text(value: object, vr: str) -> str:
    """Text of one value, whatever JSON type it came as."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _float_text(value) if vr in _FLOATS else value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict) and vr == "PN":
        groups = [value.get(name) or "" for name in _NAME_GROUPS]
        if all(isinstance(group, str) for group in groups):
            return "=".join(groups)
    raise _BadValueError("a value is of a type that is not understood")


def _float_text(text: str) -> str:
    try:
        found = number_text(float(text)) if text.strip() else ""
    except ValueError:
        found = None
    if found is None:
        raise _BadValueError("a value is no finite number")
    return found


def _left_out(tag: int, why: str) -> Issue:
    return fault(IssueCode.DICOM_MALFORMED, tag, f"{why}; the element was left out")
