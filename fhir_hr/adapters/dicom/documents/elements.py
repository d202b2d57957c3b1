"""Reading elements of a pydicom dataset without ever falling over it: what cannot be read is said, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from fhir_hr.adapters.dicom.headers.charset import Charset, charset_of, decode_name, decode_text
from fhir_hr.adapters.dicom.headers.header import CodedEntry
from fhir_hr.adapters.dicom.quiet import quiet
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

__all__ = ["Elements", "warnings_as_issues"]

# pydicom converts values when they are asked for, and can then raise nearly anything on bytes that are not what their
# VR says.
_FAULTS = (Exception,)
_CHARSET = "SpecificCharacterSet"
_MANY_VRS = frozenset({"LO", "PN", "SH", "UC"})
_TEXT_VRS = _MANY_VRS | {"LT", "ST", "UT"}
_PADDING = " \0\r\n"
_MAX_TEXT = 1_000_000


@contextmanager
def warnings_as_issues(log: IssueLog) -> Iterator[None]:
    """Say once that pydicom warned of values; its words may hold the value, and are neither repeated nor logged."""
    with quiet() as heard:
        yield
    if heard.warned:
        count = len(heard.warned)
        message = f"{count} values or character sets are not as the standard says; they were read as far as possible"
        log.add(IssueCode.DICOM_MALFORMED, Severity.WARNING, "", message)


class Elements:
    """Reads elements of one object; an element that cannot be read is an issue and counts as missing.

    Text that pydicom has not yet decoded is decoded here (:mod:`fhir_hr.adapters.dicom.headers.charset`).

    Args:
        log: takes the issues.
        root: the object; states the character set of all of it, unless an item states its own.
        assumed: character set to take where none is stated (from a sender's profile).
        repair: whether text with a wrong character set is decoded by the right one, and flagged.
    """

    __slots__ = ("_charset", "_charsets", "_repair", "log")

    def __init__(self, log: IssueLog, root: Dataset, *, assumed: str | None = None, repair: bool = False) -> None:
        self.log = log
        self._repair = repair
        # Items keep their address as long as the object lives, which is longer than the reading.
        self._charsets: dict[int, Charset] = {}
        self._charset = Charset()
        self._charset = charset_of(self.texts(root, _CHARSET), assumed=assumed)
        for issue in self._charset.issues:
            log.add(issue.code, issue.severity, _CHARSET, issue.message)

    def text(self, dataset: Dataset, keyword: str, where: str = "") -> str | None:
        """Text of an element without padding; several values are joined by a backslash. ``None``: none."""
        parts = self.texts(dataset, keyword, where)
        whole = "\\".join(parts)
        return whole or None

    def texts(self, dataset: Dataset, keyword: str, where: str = "") -> tuple[str, ...]:
        """All values of an element as text, in order, without empty ones."""
        tag = _tag(keyword)
        if tag not in dataset.keys():  # noqa: SIM118 - far quicker than asking the data set, and most are missing
            return ()
        value: Any = self._undecoded(dataset, tag, keyword, where)
        if value is None:
            value = self._value(dataset, tag, _place(where, keyword))
        if value is None or value == "":
            return ()
        many = value if isinstance(value, list | tuple) or _is_multi(value) else [value]
        found = []
        for one in many:
            text = self._one(one, _place(where, keyword))
            if text:
                found.append(text)
        return tuple(found)

    def items(self, dataset: Dataset, keyword: str, where: str = "") -> tuple[Dataset, ...]:
        """Items of a sequence; empty when it is missing or is none."""
        tag = _tag(keyword)
        if tag not in dataset.keys():  # noqa: SIM118 - see above
            return ()
        from pydicom.dataset import Dataset as PydicomDataset
        from pydicom.sequence import Sequence as PydicomSequence

        value = self._value(dataset, tag, _place(where, keyword))
        if value is None or value == "":
            return ()
        if not isinstance(value, PydicomSequence):
            self._malformed(_place(where, keyword), "it is no sequence; it was left out")
            return ()
        try:
            found = tuple(one for one in value if isinstance(one, PydicomDataset))
        except _FAULTS:
            self._malformed(_place(where, keyword), "its items cannot be read; it was left out")
            return ()
        around = self._charsets.get(id(dataset))
        for one in found:
            own = self.texts(one, _CHARSET, where)
            if own or around is not None:
                self._charsets[id(one)] = charset_of(own) if own else around or self._charset
        return found

    def entries(self, dataset: Dataset, keyword: str, where: str = "") -> tuple[CodedEntry, ...]:
        """Items of a code sequence (PS3.3 8.8)."""
        found = []
        for number, item in enumerate(self.items(dataset, keyword, where), 1):
            place = f"{_place(where, keyword)}[{number}]"
            codes = (self.text(item, each, place) for each in ("CodeValue", "LongCodeValue", "URNCodeValue"))
            entry = CodedEntry(
                value=next((code for code in codes if code), None),
                scheme=self.text(item, "CodingSchemeDesignator", place),
                meaning=self.text(item, "CodeMeaning", place),
                version=self.text(item, "CodingSchemeVersion", place),
            )
            if entry.value or entry.meaning:
                found.append(entry)
        return tuple(found)

    def _undecoded(self, dataset: Dataset, tag: BaseTag, keyword: str, where: str) -> list[str] | None:
        """Values of a text element that pydicom still holds as bytes beyond ASCII; ``None`` for all others."""
        from pydicom.datadict import dictionary_VR
        from pydicom.dataelem import RawDataElement

        try:
            held = dataset.get_item(tag)
        except _FAULTS:
            return None
        if not isinstance(held, RawDataElement) or not isinstance(held.value, bytes):
            return None
        raw = held.value
        vr = held.VR if held.VR not in (None, "UN") else dictionary_VR(tag)
        if vr not in _TEXT_VRS or (raw.isascii() and b"\x1b" not in raw):
            return None
        charset = self._charsets.get(id(dataset), self._charset)
        read = (decode_name if vr == "PN" else decode_text)(raw, charset, repair=self._repair)
        if read.issue is not None:
            self.log.add_once(read.issue.code, read.issue.severity, _place(where, keyword), read.issue.message)
        return read.text.split("\\") if vr in _MANY_VRS else [read.text]

    def _value(self, dataset: Dataset, tag: BaseTag, where: str) -> object:
        try:
            element = dataset.get(tag)
            return None if element is None else element.value
        except _FAULTS:
            return self._raw(dataset, tag, where)

    def _raw(self, dataset: Dataset, tag: BaseTag, where: str) -> str | None:
        """The bytes of an element as they are, where they are ASCII text; otherwise nothing, with an issue."""
        try:
            value = dataset.get_item(tag).value
            if isinstance(value, bytes):
                text = value.decode("ascii")
                if text.isprintable():
                    return text
        except _FAULTS:
            pass
        self._malformed(where, "its value cannot be read; it was left out")
        return None

    def _one(self, value: object, where: str) -> str | None:
        if value is None:
            return None
        if isinstance(value, bytes):
            try:
                value = value.decode("ascii")
            except UnicodeDecodeError:
                self._malformed(where, "its value is no text; it was left out")
                return None
        elif _is_sequence(value):
            self._malformed(where, "it is a sequence instead of a value; it was left out")
            return None
        # A decimal string keeps its digits as sent: 4.30 stays 4.30.
        sent = getattr(value, "original_string", None)
        try:
            text = sent if isinstance(sent, str) and not isinstance(value, str) else str(value)
        except _FAULTS:
            self._malformed(where, "its value cannot be shown; it was left out")
            return None
        if len(text) > _MAX_TEXT:
            self.log.add(
                IssueCode.FIELD_TOO_LONG, Severity.ERROR, where, f"the text was cut after {_MAX_TEXT} characters"
            )
            text = text[:_MAX_TEXT]
        return text.rstrip(_PADDING).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n") or None

    def _malformed(self, where: str, message: str) -> None:
        self.log.add(IssueCode.DICOM_MALFORMED, Severity.ERROR, where, message)


@cache
def _tag(keyword: str) -> BaseTag:
    from pydicom.datadict import tag_for_keyword
    from pydicom.tag import Tag

    found = tag_for_keyword(keyword)
    if found is None:
        raise KeyError(keyword)
    return Tag(found)


def _place(where: str, keyword: str) -> str:
    return f"{where}.{keyword}" if where else keyword


def _is_multi(value: object) -> bool:
    from pydicom.multival import MultiValue

    return isinstance(value, MultiValue) and not _is_sequence(value)


def _is_sequence(value: object) -> bool:
    from pydicom.sequence import Sequence as PydicomSequence

    return isinstance(value, PydicomSequence)
