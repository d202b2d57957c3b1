"""How the images of a series were made: what all of them state alike; what changes from image to image is unknown."""

from __future__ import annotations

from operator import attrgetter

from fhir_hr.adapters.dicom.facts.numbers import read_count, read_number
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.studies.stated import keyword
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.imaging import Technique

__all__ = ["Making"]

_NUMBERS = (
    *("slice_thickness", "spacing_between_slices", "kvp", "exposure", "ctdi_vol", "reconstruction_diameter"),
    *("exposure_index", "target_exposure_index", "deviation_index", "compression_force", "body_part_thickness"),
    *("magnetic_field_strength", "repetition_time", "echo_time"),
)
_COUNTS = ("rows", "columns")
_WORDS = ("convolution_kernel", "rescale_type", "presentation_intent_type")
_FLAGS = {
    "lossy_image_compression": ("01", "00"),
    "burned_in_annotation": ("YES", "NO"),
    "quality_control_image": ("YES", "NO"),
}
"""Elements that say yes or no, with the word for each; ``BOTH`` of QualityControlImage says yes of one part."""

_RENAMED = {
    "lossy_image_compression": "lossy",
    "burned_in_annotation": "burned_in",
    "quality_control_image": "quality_control",
    "presentation_intent_type": "presentation_intent",
}
_ELEMENTS = (*_NUMBERS, *_COUNTS, *_WORDS, *_FLAGS)
_read = attrgetter(*_ELEMENTS)
_VARIES = object()


class Making:
    """Collects how images were made.

    Of a yes or no, one image that says yes decides: a series with one lossy image holds lossy images.
    """

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()
        self._values: list[object] = [None] * len(_ELEMENTS)

    def take(self, header: Header) -> None:
        """Take what an image states."""
        values: tuple[object, ...] = _read(header)
        if values == self._last:
            return
        for place, (known, value) in enumerate(zip(self._values, values, strict=True)):
            if value and value != known and known is not _VARIES:
                self._values[place] = _folded(_ELEMENTS[place], known, value)
        self._last = values

    def done(self, log: IssueLog) -> Technique | None:
        """Return what all images state alike; ``None`` when that is nothing."""
        values: dict[str, float | int | str | bool] = {}
        for name, stated in zip(_ELEMENTS, self._values, strict=True):
            if not stated or stated is _VARIES:
                continue
            read = _value(name, stated)
            if read is None:
                log.add_once(
                    IssueCode.NUMBER_INVALID,
                    Severity.WARNING,
                    keyword(name),
                    f"{keyword(name)} is nothing that the standard allows there; it was left out",
                )
            else:
                values[_RENAMED.get(name, name)] = read
        return Technique(**values) if values else None  # type: ignore[arg-type]


def _folded(name: str, known: object, value: object) -> object:
    if not known:
        return value
    if name in _FLAGS:
        return known if known == _FLAGS[name][0] else value if value == _FLAGS[name][0] else known
    if name in _NUMBERS and isinstance(known, str) and isinstance(value, str):
        number = read_number(known)
        if number is not None and number == read_number(value):
            return min(known, value)  # 1 and 1.0 are one length
    return _VARIES


def _value(name: str, stated: object) -> float | int | str | bool | None:
    text = "\\".join(stated) if isinstance(stated, tuple) else str(stated)
    if name in _FLAGS:
        yes, no = _FLAGS[name]
        return True if text in (yes, "BOTH") else False if text == no else None
    if name in _COUNTS:
        return read_count(text)
    return read_number(text) if name in _NUMBERS else text
