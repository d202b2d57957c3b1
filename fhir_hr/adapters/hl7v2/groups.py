"""Which segments belong together: patient, orders, results, specimens, notes.

Real senders do not keep to the message grammars: SPM comes before or after the OBX, ORC after its OBR, OBX
without OBR. One walk over the segments groups ORU^R01 and OUL^R21–R24 alike; what cannot be placed is reported.
"""

from __future__ import annotations

from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.problems import IssueLog
from fhir_hr.issues import IssueCode, Severity

__all__ = ["Grouped", "OrderGroup", "ResultGroup", "SpecimenGroup", "group"]

_SPECIMEN_FIRST = ("R22", "R23")
"""OUL triggers whose grammar puts the specimen before its orders."""

_SILENT = {"MSH", "SFT", "UAC", "EVN", "MSA", "FTS", "BTS", "FHS", "BHS"}


class ResultGroup:
    """One OBX with its notes; ``about`` is the specimen that it describes instead of being taken from."""

    __slots__ = ("about", "notes", "obx")

    def __init__(self, obx: Segment, about: SpecimenGroup | None) -> None:
        self.obx = obx
        self.about = about
        self.notes: list[Segment] = []


class SpecimenGroup:
    """One SPM with its notes."""

    __slots__ = ("notes", "spm")

    def __init__(self, spm: Segment) -> None:
        self.spm = spm
        self.notes: list[Segment] = []


class OrderGroup:
    """One OBR (or results without one) with its ORC, notes, results and specimens."""

    __slots__ = ("notes", "obr", "orc", "results", "specimens")

    def __init__(self, *, orc: Segment | None = None, obr: Segment | None = None) -> None:
        self.orc = orc
        self.obr = obr
        self.notes: list[Segment] = []
        self.results: list[ResultGroup] = []
        self.specimens: list[SpecimenGroup] = []


class Grouped:
    """The segments of one message in their groups.

    Attributes:
        later_patients: PIDs after the first, with the OBX that stand under each.
    """

    __slots__ = ("later_patients", "orders", "pid", "pv1")

    def __init__(self) -> None:
        self.pid: Segment | None = None
        self.pv1: Segment | None = None
        self.orders: list[OrderGroup] = []
        self.later_patients: list[tuple[Segment, Grouped]] = []


class _Walk:
    """State of the walk under one patient."""

    def __init__(self, grouped: Grouped, trigger: str, log: IssueLog) -> None:
        self.grouped = grouped
        self.specimen_first = trigger in _SPECIMEN_FIRST
        self.log = log
        self.order: OrderGroup | None = None
        self.orc: Segment | None = None
        self.specimens: list[SpecimenGroup] = []  # pending for the orders that follow (R22, R23)
        self.last: ResultGroup | SpecimenGroup | OrderGroup | None = None
        self.under_specimen: SpecimenGroup | None = None
        self.waiting: list[ResultGroup] = []  # about a pending specimen, until its order comes

    def take(self, segment: Segment, segments: list[Segment], index: int) -> bool:
        """Place a segment other than PID and OBX; ``False`` when it has no place in any group."""
        match segment.id:
            case "OBR":
                self.on_obr(segment)
            case "ORC":
                self.on_orc(segment, _following(segments, index))
            case "SPM":
                self.on_spm(segment)
            case "NTE":
                self.on_nte(segment)
            case "PV1":
                self.grouped.pv1 = self.grouped.pv1 or segment
            case _:
                return False
        return True

    def on_orc(self, segment: Segment, following: str) -> None:
        order = self.order
        if order is not None and order.orc is None and not order.results and following != "OBR":
            order.orc = segment  # OBR-ORC-[SPM]-OBX, as some systems send
            return
        if following == "OBX" and order is not None and order.results:
            self.order = None  # results of an order without OBR: not those of the order before
        self.orc = segment
        self.last = None

    def on_obr(self, segment: Segment) -> None:
        self.order = OrderGroup(orc=self.orc, obr=segment)
        self.orc = None
        self.order.specimens.extend(self.specimens)
        self.order.results.extend(self.waiting)
        self.waiting = []
        self.grouped.orders.append(self.order)
        self.last = self.order
        self.under_specimen = None

    def on_spm(self, segment: Segment) -> None:
        specimen = SpecimenGroup(segment)
        if self.order is None or (self.specimen_first and self.order.results):
            if self.specimen_first and self.order is not None:
                self.specimens = []  # a new specimen group begins
                self.order = None
            self.specimens.append(specimen)
            self.under_specimen = specimen if self.specimen_first else None
        else:
            # In ORU the OBX after an SPM that itself came after results describe the specimen;
            # an SPM before any result is a sender's habit, and the OBX are results.
            self.under_specimen = specimen if self.order.results else None
            self.order.specimens.append(specimen)
        self.last = specimen

    def on_obx(self, segment: Segment) -> None:
        if self.order is None and self.under_specimen is not None:
            about = ResultGroup(segment, self.under_specimen)
            self.waiting.append(about)
            self.last = about
            return
        order = self.order or self._own_report(segment)
        result = ResultGroup(segment, self.under_specimen)
        order.results.append(result)
        self.last = result

    def _own_report(self, first: Segment) -> OrderGroup:
        """A report for results that no OBR announced."""
        self.order = order = OrderGroup(orc=self.orc)
        self.orc = None
        order.specimens.extend(self.specimens)
        order.results.extend(self.waiting)
        self.waiting = []
        self.grouped.orders.append(order)
        self.log.add_once(
            IssueCode.ORDER_MISSING,
            Severity.WARNING,
            first.where,
            "results without an OBR were kept in a report of their own",
        )
        return order

    def on_nte(self, segment: Segment) -> None:
        if self.last is None:
            self.log.add(
                IssueCode.SEGMENT_UNUSED,
                Severity.INFORMATION,
                segment.where,
                "a note before any order or result has no place in a report and was left out",
            )
            return
        self.last.notes.append(segment)

    def end(self) -> None:
        if self.waiting:
            self._own_report(self.waiting[0].obx)
        if self.orc is not None:
            self.grouped.orders.append(OrderGroup(orc=self.orc))
        used = {id(s) for order in self.grouped.orders for s in order.specimens}
        for specimen in self.specimens:
            if id(specimen) not in used:
                self.log.add(
                    IssueCode.SPECIMEN_UNLINKED,
                    Severity.WARNING,
                    specimen.spm.where,
                    "a specimen without any order was left out",
                )


def group(segments: list[Segment], *, trigger: str, log: IssueLog) -> Grouped:
    """Group the segments of one message.

    Args:
        segments: all segments, MSH first.
        trigger: MSH-9.2 (``R01``, ``R24`` …).
        log: takes what could not be placed.
    """
    grouped = Grouped()
    walk = _Walk(grouped, trigger, log)
    unused: dict[str, int] = {}
    first_unused: dict[str, str] = {}
    for index, segment in enumerate(segments):
        name = segment.id
        if name == "OBX":
            walk.on_obx(segment)
        elif name == "PID":
            if walk.grouped.pid is None and not walk.grouped.orders:
                walk.grouped.pid = segment
            else:
                walk.end()
                walk = _Walk(_later(grouped, segment), trigger, log)
        elif not walk.take(segment, segments, index) and name not in _SILENT:
            unused[name] = unused.get(name, 0) + 1
            first_unused.setdefault(name, segment.where)
    walk.end()
    for name, count in unused.items():
        _report_unused(name, count, first_unused[name], log)
    return grouped


def _later(grouped: Grouped, pid: Segment) -> Grouped:
    later = Grouped()
    later.pid = pid
    grouped.later_patients.append((pid, later))
    return later


def _following(segments: list[Segment], index: int) -> str:
    """The next segment that decides where an ORC belongs."""
    for segment in segments[index + 1 : index + 20]:
        if segment.id in {"OBR", "OBX", "SPM", "ORC", "PID"}:
            return segment.id
    return ""


def _report_unused(name: str, count: int, where: str, log: IssueLog) -> None:
    if name == "DSC":
        log.add(
            IssueCode.TRUNCATED,
            Severity.WARNING,
            where,
            "the message continues in another one (DSC); only what arrived was read",
        )
        return
    times = f" ({count} of them)" if count > 1 else ""
    if name.startswith("Z"):
        message = f"{name} is a sender's own segment and was not read{times}"
        log.add(IssueCode.SEGMENT_UNKNOWN, Severity.INFORMATION, where, message)
    else:
        message = f"{name} carries nothing that is mapped and was not read{times}"
        log.add(IssueCode.SEGMENT_UNUSED, Severity.INFORMATION, where, message)
