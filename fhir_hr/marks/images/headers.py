"""Headers of images: values that are read without a surprise, and the patient and study told again in UTF-8."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.sop_classes import kind_of
from fhir_hr.model.imaging import InstanceKind

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["copy_subject", "first_number", "frames_of", "is_image", "number", "put", "quietly", "text", "texts"]

P = ParamSpec("P")
R = TypeVar("R")

_SUBJECT = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "TimezoneOffsetFromUTC", "ReferringPhysicianName", "StudyID", "AccessionNumber", "StudyDescription",
    "InstitutionName",
)  # fmt: skip
_TYPE_2 = {
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName",
    "StudyID", "AccessionNumber",
}  # fmt: skip
_TEXT = {
    "PatientName", "PatientID", "IssuerOfPatientID", "ReferringPhysicianName", "StudyID", "AccessionNumber",
    "StudyDescription", "InstitutionName",
}  # fmt: skip
_ESCAPE = re.compile(r"\x1b(?:\$\)A|\$A|\(B)")
"""Escape sequences of ISO 2022 IR 58 (PS3.5 Annex K), which pydicom leaves in the text."""
_CJK = 0x2E80
_PLAIN = ("", "ISO_IR 6", "ISO 2022 IR 6")


def quietly(function: Callable[P, R]) -> Callable[P, R]:
    """Keep pydicom's warnings about the values of others to ourselves; what matters is said as an issue."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning)
            return function(*args, **kwargs)

    return run


def put(dataset: Dataset, keyword: str, value: object) -> None:
    """Set an element without judging a value that others wrote."""
    from pydicom import config
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import DataElement

    tag = tag_for_keyword(keyword)
    assert tag is not None
    dataset.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE))


def text(dataset: Dataset, keyword: str) -> str | None:
    """Return the value as text, the first of several; ``None`` when it is absent, empty or cannot be read."""
    found = texts(dataset, keyword)
    return found[0] if found else None


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return all values as texts, without empty ones."""
    from pydicom.multival import MultiValue

    try:
        value = dataset.get(keyword)
    except (ValueError, TypeError, KeyError, NotImplementedError, OverflowError):
        return ()
    if value is None:
        return ()
    values = value if isinstance(value, MultiValue | list | tuple) else (value,)
    return tuple(each for each in (str(one).strip() for one in values) if each)


def number(dataset: Dataset, keyword: str) -> int | None:
    """Return a whole number, or ``None`` when there is none."""
    value = first_number(dataset, keyword)
    return int(value) if value is not None and value == int(value) else None


def first_number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first of the values as a finite number, or ``None``."""
    word = text(dataset, keyword)
    try:
        value = float(word) if word is not None else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < 1e300 else None


def is_image(dataset: Dataset) -> bool:
    """Tell whether an object is an image with a matrix; presentations, documents and segmentations are not."""
    kind = kind_of(text(dataset, "SOPClassUID"), text(dataset, "Modality"))
    return kind is InstanceKind.IMAGE and bool(number(dataset, "Rows")) and bool(number(dataset, "Columns"))


def frames_of(dataset: Dataset) -> int:
    """Return NumberOfFrames, one where it is not stated."""
    return max(1, number(dataset, "NumberOfFrames") or 1)


def copy_subject(source: Dataset, target: Dataset) -> tuple[Issue, ...]:
    """Copy patient, study and institution into an object in UTF-8.

    A text that the stated character set does not fit is left empty and said: a wrong name is worse than none, and the
    study UID and patient number still tell whose it is.
    """
    issues = []
    for keyword in _SUBJECT:
        stated = "\\".join(texts(source, keyword))
        word = _ESCAPE.sub("", stated)
        undecoded = word != stated and not any(ord(letter) >= _CJK for letter in word)
        if keyword in _TEXT and (undecoded or not _readable(source, word)):
            issues.append(_unreadable(source, keyword))
            word = ""
        if word or keyword in _TYPE_2:
            put(target, keyword, word)
    return tuple(issues)


def _readable(source: Dataset, word: str) -> bool:
    if "�" in word or "\x1b" in word:
        return False
    stated = [each for each in _charsets(source) if each not in _PLAIN]
    return word.isascii() or bool(stated)


def _charsets(source: Dataset) -> tuple[str, ...]:
    value: Any = source.get("SpecificCharacterSet")
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)


def _unreadable(source: Dataset, keyword: str) -> Issue:
    return Issue(
        code=IssueCode.CHARSET_UNKNOWN,
        severity=Severity.WARNING,
        where=f"{text(source, 'SOPInstanceUID') or ''} {keyword}".strip(),
        message="the text does not fit the stated character set; it was left empty in the new object",
    )
