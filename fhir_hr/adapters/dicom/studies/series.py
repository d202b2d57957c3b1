"""One series, gathered object by object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fhir_hr.adapters.dicom.facts.codes import concept_of
from fhir_hr.adapters.dicom.facts.numbers import read_count, read_floats
from fhir_hr.adapters.dicom.facts.people import read_device, read_performers
from fhir_hr.adapters.dicom.facts.times import DEFAULT_ZONE, read_date_time, read_zone
from fhir_hr.adapters.dicom.headers.header import CodedEntry, Header
from fhir_hr.adapters.dicom.studies.stated import (
    Order,
    Statement,
    Statements,
    differing,
    first_codes,
    first_text,
    first_texts,
)
from fhir_hr.adapters.dicom.studies.technique import Making
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.model.exams import Side
from fhir_hr.model.imaging import Instance, InstanceKind, Series
from fhir_hr.model.people import Performer
from fhir_hr.model.when import When

__all__ = ["HeldSeries", "order_of", "read_started", "stated_count"]

_ONE_PER_SERIES = (
    *("modality", "series_number", "series_description", "protocol_name", "series_date", "series_time"),
    *(
        "body_part_examined",
        "anatomic_regions",
        "laterality",
        "patient_position",
        "performed_procedure_step_description",
    ),
    *("manufacturer", "manufacturer_model_name", "device_serial_number", "station_name"),
)
"""Elements of which a series has one (PS3.3 C.7.3.1, C.7.5.1); others may change from image to image."""

_NO_AGENT = frozenset({"NONE", "NO", "无", "未用", "未使用"})
_SIDES = {"L": Side.LEFT, "R": Side.RIGHT, "B": Side.BOTH}
_NUMBERLESS = 2**31


def order_of(number: int | None, uid: str) -> Order:
    """Place of an object or series among others: by number, then UID; those without number last."""
    return (_NUMBERLESS if number is None else number, uid)


class HeldSeries:
    """A series while it is being read."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.instances: dict[str, Instance] = {}
        self.has_images = False
        self.statements = Statements()
        self._making = Making()
        self._orientation: tuple[tuple[str, ...], tuple[float, ...] | None] = ((), None)

    def read(self, header: Header, sop_class: str | None, kind: InstanceKind, log: IssueLog) -> Instance:
        """Read what is an object's own; nothing is taken yet."""
        uid = header.sop_instance_uid or ""
        position = header.image_position_patient
        placed = read_floats(position, 3) if position else None
        if position and placed is None:
            _invalid(log, "ImagePositionPatient")
        title = header.concept_name
        return Instance(
            uid=uid,
            sop_class=sop_class,
            kind=kind,
            number=stated_count(header.instance_number, "InstanceNumber", log),
            frames=stated_count(header.number_of_frames, "NumberOfFrames", log) or None,
            frames_described=header.frames_described,
            title=None if title is None else concept_of((title,), where="ConceptNameCodeSequence", log=log),
            position=placed,  # type: ignore[arg-type] # three of them
            orientation=self._oriented(header.image_orientation_patient, log),
            localizer="LOCALIZER" in header.image_type,
        )

    def take(self, header: Header, instance: Instance | None) -> None:
        """Take an object, or a row on the series itself."""
        number = None if instance is None else instance.number
        self.statements.take(header, order_of(number, "" if instance is None else instance.uid))
        if instance is not None:
            self.instances[instance.uid] = instance
            if instance.kind is InstanceKind.IMAGE:
                self.has_images = True
                self._making.take(header)

    def _oriented(
        self, stated: tuple[str, ...], log: IssueLog
    ) -> tuple[float, float, float, float, float, float] | None:
        if not stated:
            return None
        if stated != self._orientation[0]:
            self._orientation = (stated, read_floats(stated, 6))
        if self._orientation[1] is None:
            _invalid(log, "ImageOrientationPatient")
        return self._orientation[1]  # type: ignore[return-value] # six of them

    def done(self, statements: Sequence[Statement], *, sender: ImagingSender | None, log: IssueLog) -> Series:
        """Return the series."""
        differ = differing(statements, _ONE_PER_SERIES)
        if differ:
            _conflict(log, self.uid, f"objects of one series disagree on {', '.join(differ)}; the first one's was kept")
        agents = concept_of(
            _each_code(statements, "contrast_bolus_agents"), where="ContrastBolusAgentSequence", log=log
        )
        side, side_source = _side(statements, self.uid, log)
        return Series(
            uid=self.uid,
            modality=first_text(statements, "modality"),
            number=stated_count(first_text(statements, "series_number"), "SeriesNumber", log),
            description=first_text(statements, "series_description"),
            protocol=first_text(statements, "protocol_name"),
            body_part=concept_of(
                first_codes(statements, "anatomic_regions"),
                where="AnatomicRegionSequence",
                log=log,
                text=first_text(statements, "body_part_examined"),
            ),
            side=side,
            side_source=side_source,
            views=_views(statements),
            patient_position=first_text(statements, "patient_position"),
            contrast=_contrast(statements),
            contrast_agent=first_text(statements, "contrast_bolus_agent") or (agents.shown if agents else None),
            started=read_started(statements, ("series_", "performed_procedure_step_start_"), sender=sender, log=log),
            procedure=first_text(statements, "performed_procedure_step_description"),
            performers=(
                *_staff(statements, "performing_physicians", "PerformingPhysicianName", "执行医师", log),
                *_staff(statements, "operators", "OperatorsName", "操作员", log),
            ),
            device=read_device(
                manufacturer=first_text(statements, "manufacturer"),
                model=first_text(statements, "manufacturer_model_name"),
                serial=first_text(statements, "device_serial_number"),
                software=first_texts(statements, "software_versions"),
            ),
            station=first_text(statements, "station_name"),
            technique=self._making.done(log),
            instances=tuple(sorted(self.instances.values(), key=lambda one: order_of(one.number, one.uid))),
            stated_instances=stated_count(
                first_text(statements, "number_of_series_related_instances"), "NumberOfSeriesRelatedInstances", log
            ),
            stated_images=_stated_images(statements),
            differing=tuple(differ),
        )


def stated_count(text: str | None, keyword: str, log: IssueLog) -> int | None:
    """Read a whole number; another one is reported and left out."""
    if not text:
        return None
    value = read_count(text)
    if value is None:
        _invalid(log, keyword)
    return value


def _moment(each: Statement, prefix: str, *, sender: ImagingSender | None, log: IssueLog) -> When | None:
    """Read the date and time whose elements begin with ``prefix``; what is impossible is reported."""
    usual = sender.zone if sender is not None else DEFAULT_ZONE
    zone, problem = read_zone(each.text("timezone_offset_from_utc"), zone=usual)
    if problem:
        log.add_once(IssueCode.TIME_INVALID, Severity.WARNING, "TimezoneOffsetFromUTC", problem)
    read = read_date_time(each.text(prefix + "date"), each.text(prefix + "time"), zone=zone)
    if read.problem:
        where = "".join(part.capitalize() for part in prefix.split("_"))
        log.add_once(IssueCode.TIME_INVALID, Severity.WARNING, f"{where}Date, {where}Time", read.problem)
    if read.when is not None and not zone.stated and len(read.when.iso) > 10:
        message = f"times without zone were read as {usual}"
        log.add_once(IssueCode.ZONE_ASSUMED, Severity.INFORMATION, "TimezoneOffsetFromUTC", message)
    return read.when


def read_started(
    statements: Sequence[Statement], prefixes: Sequence[str], *, sender: ImagingSender | None, log: IssueLog
) -> When | None:
    """Read the first date, with its time, that stands under one of these prefixes."""
    for prefix in prefixes:
        for each in statements:
            if each.text(prefix + "date") or each.text(prefix + "time"):
                when = _moment(each, prefix, sender=sender, log=log)
                if when is not None:
                    return when
    return None


def _side(statements: Sequence[Statement], uid: str, log: IssueLog) -> tuple[Side | None, str | None]:
    """The side, of the images where they state one, else of the series; a contradiction leaves it unknown."""
    images = [
        text for each in statements for name in ("image_laterality", "frame_laterality") if (text := each.text(name))
    ]
    series = [text for each in statements if (text := each.text("laterality"))]
    source = "\\".join(dict.fromkeys((*images, *series))) or None
    shown, whole = _one_side(images), _one_side(series)
    if images and series and shown is not whole and Side.BOTH not in (shown, whole) and shown and whole:
        _conflict(log, uid, "Laterality and ImageLaterality contradict each other; the side was left unknown")
        return None, source
    return (shown if images else whole), source


def _one_side(stated: Iterable[str]) -> Side | None:
    found = {_SIDES[text] for text in stated if text in _SIDES}
    return Side.BOTH if len(found) > 1 else next(iter(found), None)


def _views(statements: Sequence[Statement]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for each in statements:
        stated = (each.text("view_position"), *(code.value or code.meaning for code in each.codes("view_codes")))
        found.update((text, None) for text in stated if text)
    return tuple(found)


def _contrast(statements: Sequence[Statement]) -> bool | None:
    agents = [text for each in statements if (text := each.text("contrast_bolus_agent"))]
    if any(each.codes("contrast_bolus_agents") for each in statements):
        return True
    if not agents:
        return None
    return any(text.strip().upper() not in _NO_AGENT for text in agents)


def _stated_images(statements: Sequence[Statement]) -> int | None:
    """ImagesInAcquisition, where all of the series is one acquisition."""
    if len({(each.get("acquisition_number"), each.get("images_in_acquisition")) for each in statements}) != 1:
        return None
    return read_count(statements[0].text("images_in_acquisition")) or None


def _each_code(statements: Sequence[Statement], name: str) -> tuple[CodedEntry, ...]:
    return tuple(dict.fromkeys(code for each in statements for code in each.codes(name)))


def _staff(statements: Sequence[Statement], name: str, where: str, role: str, log: IssueLog) -> tuple[Performer, ...]:
    names = dict.fromkeys(text for each in statements for text in each.texts(name))
    return read_performers(names, where=where, log=log, role=role)


def _invalid(log: IssueLog, where: str) -> None:
    message = f"{where} is nothing that the standard allows there; it was left out"
    log.add_once(IssueCode.NUMBER_INVALID, Severity.WARNING, where, message)


def _conflict(log: IssueLog, uid: str, message: str) -> None:
    log.add(IssueCode.SERIES_CONFLICT, Severity.WARNING, f"series {uid}", message)
