"""What objects of a series state again and again, kept once for each way of stating it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple, cast

from fhir_hr.adapters.dicom.headers.header import CodedEntry, Header

__all__ = [
    "STUDY_LEVEL",
    "Order",
    "Statement",
    "Statements",
    "differing",
    "first_codes",
    "first_text",
    "first_texts",
    "keyword",
]

STUDY_LEVEL = (
    *("study_id", "study_date", "study_time", "accession_number", "issuer_of_accession_number", "study_description"),
    *("procedure_codes", "referring_physician_name", "reading_physicians"),
)
"""Elements of which a study has one (PS3.3 C.7.2.1)."""

_ELEMENTS = (
    *STUDY_LEVEL,
    *("requested_procedure_description", "requested_procedure_codes", "timezone_offset_from_utc"),
    *("institution_name", "institution_codes", "institutional_department_name", "modalities_in_study"),
    *("number_of_study_related_series", "number_of_study_related_instances", "instance_availability"),
    *("modality", "series_number", "series_description", "protocol_name", "series_date", "series_time"),
    *("performed_procedure_step_start_date", "performed_procedure_step_start_time"),
    *("performed_procedure_step_description", "body_part_examined", "anatomic_regions", "laterality"),
    *("image_laterality", "frame_laterality", "view_position", "view_codes", "patient_position"),
    *("contrast_bolus_agent", "contrast_bolus_agents", "performing_physicians", "operators", "manufacturer"),
    *("manufacturer_model_name", "device_serial_number", "software_versions", "station_name"),
    *("number_of_series_related_instances", "acquisition_number", "images_in_acquisition"),
)
_PLACE = {name: place for place, name in enumerate(_ELEMENTS)}
_read = attrgetter(*_ELEMENTS)

Order = tuple[int, str]
"""Place of an object among the others: its number (very large without one), then its UID."""

_SPELLED = {"id": "ID", "uid": "UID", "kvp": "KVP", "ctdi": "CTDI", "vol": "vol"}


def keyword(name: str) -> str:
    """The DICOM keyword of a field of :class:`Header`.

    Example:
        >>> keyword("study_id"), keyword("series_time"), keyword("kvp")
        ('StudyID', 'SeriesTime', 'KVP')
    """
    return "".join(_SPELLED.get(part, part.capitalize()) for part in name.split("_"))


class Statement(NamedTuple):
    """One way in which objects state these elements, and the first object that does."""

    first: Order
    values: tuple[object, ...]

    def get(self, name: str) -> object:
        """What is stated of an element, as sent."""
        return self.values[_PLACE[name]]

    def text(self, name: str) -> str | None:
        """What is stated of an element of one value."""
        return cast("str | None", self.values[_PLACE[name]])

    def texts(self, name: str) -> tuple[str, ...]:
        """What is stated of an element of several values."""
        return cast("tuple[str, ...]", self.values[_PLACE[name]])

    def codes(self, name: str) -> tuple[CodedEntry, ...]:
        """What is stated of a code sequence."""
        return cast("tuple[CodedEntry, ...]", self.values[_PLACE[name]])


class Statements:
    """Collects statements; an object that states what the one before it did costs one comparison."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()
        self._current = -1
        self._known: dict[tuple[object, ...], int] = {}
        self._firsts: list[Order] = []

    def take(self, header: Header, order: Order) -> None:
        """Take what an object states."""
        values: tuple[object, ...] = _read(header)
        if values != self._last:
            self._last = values
            self._current = self._known.setdefault(values, len(self._firsts))
            if self._current == len(self._firsts):
                self._firsts.append(order)
        self._firsts[self._current] = min(self._firsts[self._current], order)

    def knows(self, header: Header) -> bool:
        """Whether some object taken states just what this one does."""
        return _read(header) in self._known

    def done(self) -> list[Statement]:
        """Return the statements in the order of the first object that makes each."""
        pairs = zip(self._firsts, self._known, strict=True)
        return sorted((Statement(first, values) for first, values in pairs), key=lambda each: each.first)


def first_text(statements: Sequence[Statement], name: str) -> str | None:
    """Return the first stated value of an element."""
    return next((value for each in statements if (value := each.text(name))), None)


def first_texts(statements: Sequence[Statement], name: str) -> tuple[str, ...]:
    """Return the first stated values of an element of several values."""
    return next((values for each in statements if (values := each.texts(name))), ())


def first_codes(statements: Sequence[Statement], name: str) -> tuple[CodedEntry, ...]:
    """Return the first stated items of a code sequence."""
    return next((codes for each in statements if (codes := each.codes(name))), ())


def differing(statements: Sequence[Statement], names: Sequence[str]) -> list[str]:
    """Return the keywords of elements that are stated differently; what is not stated differs from nothing."""
    if len(statements) < 2:
        return []
    return [keyword(name) for name in names if len({each.get(name) or None for each in statements} - {None}) > 1]
