"""A pydicom data set to a ``Header``: files that the walk gives up, query answers.

Values are taken as the bytes that pydicom read, wherever it has not converted them yet, and decoded as the walk does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from fhir_hr.adapters.dicom.headers.assembly import root_fields
from fhir_hr.adapters.dicom.headers.charset import Charset, charset_of
from fhir_hr.adapters.dicom.headers.fields import VR_OF, Tag
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.values import Reading, fault, number_text, split_text, too_long
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.dicom.quiet import quiet
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["bounded_issues", "guarded", "header_of_dataset"]

T = TypeVar("T")

_LIMITS = DicomLimits()
_UNDEFINED = 0xFFFFFFFF
_ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00", b"\xfe\xff\xdd\xe0", b"\xff\xfe\xe0\xdd")
"""Item, or the end of the sequence; little and big endian."""
_OF_ALL_TEXT = frozenset(
    {
        IssueCode.CHARSET_ASSUMED,
        IssueCode.CHARSET_WRONG,
        IssueCode.CHARSET_UNKNOWN,
        IssueCode.CHARSET_REPAIRED,
    }
)
_LEFT_ESCAPES = re.compile(r"\x1b(\$\)[AC]|\([BJ])")
"""What pydicom leaves in text of code extensions when it converts it."""
_CHARSET = re.compile(r"encoding|character set", re.IGNORECASE)
"""What pydicom says of character sets; they are judged here."""
_TRUNCATED = re.compile(r"end of file|EOF|file is truncated", re.IGNORECASE)


def header_of_dataset(
    dataset: Dataset, *, limits: DicomLimits = _LIMITS, charset: str | None = None, repair: bool = False
) -> Outcome[Header]:
    """Read the header of a data set, also of an identifier of a C-FIND answer.

    Args:
        dataset: a pydicom data set; elements that were not looked at yet are decoded here.
        limits: bounds.
        charset: term of (0008,0005) to take where the data set states none.
        repair: decode text of a wrong character set by the right one, and say so; otherwise the doubt is said.

    Returns:
        The header, empty where nothing could be read, and what was doubtful. Nothing is raised.

    Example:
        >>> from fhir_hr.testing.dicom import dataset
        >>> header_of_dataset(dataset()).value.study_description
        '胸部CT平扫'
    """
    issues: list[Issue] = []
    reading = Reading(limits=limits, assumed=charset, repair=repair)
    with guarded(issues):
        meta = getattr(dataset, "file_meta", None)
        found: dict[str, Any] = {}
        view = _Item(dataset, Charset(), _Context(reading, issues), depth=0, root=True)
        found = root_fields(view)
        found.pop("transfer_syntax_uid", None)
        if meta is not None:
            syntax = _Item(meta, Charset(), _Context(reading, issues), depth=0).texts(Tag.TRANSFER_SYNTAX)
            if syntax:
                found["transfer_syntax_uid"] = "\\".join(syntax)
        return Outcome(Header(**found), bounded_issues(issues, limits))
    return Outcome(Header(), bounded_issues(issues, limits))


@contextmanager
def guarded(issues: list[Issue]) -> Iterator[None]:
    """Turn what pydicom warns of and raises into issues; its words may hold values and are not repeated."""
    with quiet() as heard:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - any byte of a file can make pydicom raise nearly anything
            words = f"the object could not be read further ({type(error).__name__})"
            issues.append(_malformed("", words, severity=Severity.ERROR))
    doubts = [words for words in heard.doubts if not _CHARSET.search(words)]
    if any(map(_TRUNCATED.search, doubts)):
        words = "the file ends within an element; what stands before it was kept"
        issues.append(Issue(code=IssueCode.TRUNCATED, severity=Severity.WARNING, where="", message=words))
    others = sum(not _TRUNCATED.search(words) for words in doubts)
    if others:
        issues.append(
            _malformed("", f"{others} places are not as the standard says; they were read as far as possible")
        )


def bounded_issues(issues: Iterable[Issue], limits: DicomLimits) -> tuple[Issue, ...]:
    """Say of several texts only once that their character set is wrong; no more issues than the limits allow."""
    log = IssueLog(limit=limits.issues, of="object")
    for issue in issues:
        add = log.add_once if issue.code in _OF_ALL_TEXT else log.add
        add(issue.code, issue.severity, issue.where, issue.message)
    return log.done()


class _Context(NamedTuple):
    """What all parts of one data set share."""

    reading: Reading
    issues: list[Issue]


class _Item:
    """A data set or an item of a sequence."""

    __slots__ = ("_charset", "_context", "_dataset", "_depth", "_known")

    def __init__(
        self, dataset: Dataset, charset: Charset, context: _Context, *, depth: int, root: bool = False
    ) -> None:
        self._dataset = dataset
        self._context = context
        self._depth = depth
        self._charset = charset
        self._known: dict[int, tuple[Sequence[_Item], int]] = {}
        stated = self.texts(Tag.CHARSET)
        if stated or root:
            self._charset = charset_of(stated, assumed=context.reading.assumed)
            context.issues.extend(self._charset.issues)

    def texts(self, tag: int) -> tuple[str, ...]:
        nothing: tuple[str, ...] = ()
        return self._try(tag, lambda: self._texts(tag), nothing)

    def _texts(self, tag: int) -> tuple[str, ...]:
        element = self._dataset.get_item(tag) if tag in self._dataset else None
        if element is None:
            return ()
        expected = VR_OF[tag]
        value = element.value
        if isinstance(value, bytes):
            if len(value) < getattr(element, "length", 0) < _UNDEFINED:
                words = "the file ends within this value; it was left out"
                self._context.issues.append(fault(IssueCode.TRUNCATED, tag, words))
                return ()
            little = getattr(element, "is_little_endian", True)
            return self._of_bytes(tag, element.VR or expected, value, little=little)
        parts: list[str] = []
        for one in _several(value):
            parts += self._of_value(tag, one)
        if sum(map(len, parts)) > self._context.reading.limits.text_chars:
            self._context.issues.append(too_long(tag))
            return ()
        return split_text("\\".join(parts), expected)

    def _of_bytes(self, tag: int, vr: str, raw: bytes, *, little: bool = True) -> tuple[str, ...]:
        expected = VR_OF[tag]
        text, issue = self._context.reading.text(tag, vr, raw, self._charset, expected=expected, little=little)
        if issue is not None:
            self._context.issues.append(issue)
        return split_text(text, expected)

    def _of_value(self, tag: int, value: object) -> tuple[str, ...]:
        """Text of one value that pydicom has converted, or that was set by a program."""
        original = getattr(value, "original_string", None)
        if isinstance(original, bytes) and original:
            return self._of_bytes(tag, "PN", original)
        if isinstance(value, bytes):
            return self._of_bytes(tag, VR_OF[tag], value)
        if isinstance(original, str) and original:
            return (original,)
        if isinstance(value, int | float) and VR_OF[tag] not in ("DS", "IS"):
            number = number_text(value)
            if number is None:
                words = "a value is no finite number; it was left out"
                self._context.issues.append(fault(IssueCode.NUMBER_INVALID, tag, words))
            return (number or "",)
        return ("" if value is None else _LEFT_ESCAPES.sub("", str(value)),)

    def items(self, tag: int) -> Sequence[_Item]:
        return self._sequence(tag)[0]

    def count(self, tag: int) -> int:
        return self._sequence(tag)[1]

    def _sequence(self, tag: int) -> tuple[Sequence[_Item], int]:
        if tag not in self._known:
            nothing: tuple[Sequence[_Item], int] = ((), 0)
            self._known[tag] = self._try(tag, lambda: self._items(tag), nothing)
        return self._known[tag]

    def _items(self, tag: int) -> tuple[Sequence[_Item], int]:
        from pydicom.dataset import Dataset
        from pydicom.sequence import Sequence as Items

        if tag not in self._dataset:
            return (), 0
        limits = self._context.reading.limits
        raw = self._dataset.get_item(tag)
        if raw is not None and isinstance(raw.value, bytes) and raw.value and not raw.value.startswith(_ITEM_TAGS):
            # pydicom takes anything for an item
            self._context.issues.append(_malformed(tag, "a sequence was expected; it was left out"))
            return (), 0
        value = self._dataset[tag].value
        if not isinstance(value, Items):
            if value:
                self._context.issues.append(_malformed(tag, "a sequence was expected; it was left out"))
            return (), 0
        if self._depth >= limits.depth:
            words = "sequences are nested deeper than the limit; the inner ones were left out"
            self._context.issues.append(fault(IssueCode.LIMIT_REACHED, tag, words))
            return (), 0
        found = [
            _Item(item, self._charset, self._context, depth=self._depth + 1)
            for item in value[: 1 if tag in _ONE_FRAME else limits.items]
            if isinstance(item, Dataset)
        ]
        if tag not in _ONE_FRAME and len(value) > limits.items:
            words = f"{len(value) - limits.items} further items were left out"
            self._context.issues.append(fault(IssueCode.LIMIT_REACHED, tag, words))
        return found, len(value)

    def _try(self, tag: int, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - pydicom converts on access and can raise nearly anything
            words = f"the element could not be read ({type(error).__name__}); it was left out"
            self._context.issues.append(_malformed(tag, words))
            return otherwise


_ONE_FRAME = frozenset({Tag.SHARED_GROUPS, Tag.FRAME_GROUPS})
"""Of these only the first item is looked at; the others are counted."""


def _several(value: object) -> list[object]:
    from pydicom.multival import MultiValue

    return list(value) if isinstance(value, list | tuple | MultiValue) else [value]


def _malformed(tag: int | str, message: str, *, severity: Severity = Severity.WARNING) -> Issue:
    if isinstance(tag, int):
        return fault(IssueCode.DICOM_MALFORMED, tag, message, severity=severity)
    return Issue(code=IssueCode.DICOM_MALFORMED, severity=severity, where=tag, message=message)
