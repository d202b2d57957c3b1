"""What the field readers of one message share: delimiters, the sender's profile, the tables, the issue log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fhir_hr.adapters.hl7v2.er7 import Separators, unescape
from fhir_hr.adapters.hl7v2.problems import IssueLog, Problem
from fhir_hr.adapters.hl7v2.times import read_when
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.codes import CodeTable, code_table_names, load_code_table
from fhir_hr.mapping.item_table import ItemTable
from fhir_hr.mapping.items import load_items
from fhir_hr.mapping.marks import MarkRegistry, load_marks
from fhir_hr.mapping.ordinals import OrdinalTable, load_ordinals
from fhir_hr.mapping.senders import SenderProfile
from fhir_hr.mapping.specimens import SpecimenTable, load_specimens
from fhir_hr.mapping.units import UnitTable, load_units
from fhir_hr.model.codes import Concept
from fhir_hr.model.people import Practitioner
from fhir_hr.model.when import When

__all__ = ["Context", "Vocabulary", "load_vocabulary"]


class Vocabulary(NamedTuple):
    """The tables that reading needs, loaded once."""

    items: ItemTable
    units: UnitTable
    ordinals: OrdinalTable
    specimens: SpecimenTable
    marks: MarkRegistry
    charsets: CodeTable
    sex: CodeTable
    result_status: CodeTable
    report_status: CodeTable
    order_status: CodeTable
    sections: CodeTable
    identifier_types: CodeTable
    code_systems: CodeTable
    patient_class: CodeTable
    flags: dict[str, CodeTable]


def load_vocabulary() -> Vocabulary:
    """Load the packaged tables.

    Raises:
        DataFileError: a packaged table is broken.
    """
    return Vocabulary(
        items=load_items(),
        units=load_units(),
        ordinals=load_ordinals(),
        specimens=load_specimens(),
        marks=load_marks(),
        charsets=load_code_table("charsets-0211"),
        sex=load_code_table("sex"),
        result_status=load_code_table("obx-status-0085"),
        report_status=load_code_table("report-status-0123"),
        order_status=load_code_table("order-status-0038"),
        sections=load_code_table("sections-0074"),
        identifier_types=load_code_table("identifier-types-0203"),
        code_systems=load_code_table("code-systems-0396"),
        patient_class=load_code_table("patient-class-0004"),
        flags={
            name.removeprefix("flags-"): load_code_table(name)
            for name in code_table_names()
            if name.startswith("flags-")
        },
    )


class Context:
    """One message being read. Holds the memo of its times: the same moment stands in every OBX."""

    def __init__(
        self,
        *,
        separators: Separators,
        codec: str,
        profile: SenderProfile,
        vocabulary: Vocabulary,
        log: IssueLog,
        facility: str,
    ) -> None:
        self.separators = separators
        self.codec = codec
        self.profile = profile
        self.vocabulary = vocabulary
        self.log = log
        self.facility = facility
        self.status_field = profile.status_field
        self.flag_field = profile.flag_field
        self.limits = profile.limits_in_obx16
        self.shifted = profile.limits_in_obx16 or profile.status_field != 11
        self.concepts: dict[str, tuple[Concept, tuple[Problem, ...]]] = {}
        """Code fields that were read before, by raw text; shared by the messages of one sender."""
        self.assigners: dict[str, tuple[str | None, str | None]] = {}
        """Assigning authorities that were read before; shared by the messages of one sender."""
        self.specimen_kinds: dict[str, str] = {}
        """Specimen kinds by raw type field; shared by the messages of one sender."""
        self.people: dict[str, Practitioner | None] = {}
        """Staff of this message, by raw text: the ordering physician stands in PV1, ORC and OBR. Never shared."""
        self.times: dict[str, When] = {}
        """Times of this message, by raw text. Never shared."""

    @contextmanager
    def captured(self, *, limit: int) -> Iterator[IssueLog]:
        """Collect what readers report meanwhile instead of saying it: it is said again elsewhere, or not at all."""
        outer, self.log = self.log, IssueLog(limit=limit)
        try:
            yield self.log
        finally:
            self.log = outer

    def text(self, raw: str, where: str = "") -> str:
        """Resolve escapes of free text; the explicit null reads as empty."""
        if raw == '""':
            return ""
        if self.separators.escape not in raw:
            return raw
        unknown: list[str] = []
        out = unescape(raw, self.separators, codec=self.codec, unknown=unknown)
        for name in unknown[:3] if where else ():
            kind = name[:3] if name[0] == "." else name[0]  # not the rest: it could be letters of a name
            self.log.add_once(
                IssueCode.ESCAPE_UNKNOWN,
                Severity.WARNING,
                where,
                f"an escape sequence '{kind}' could not be resolved and was kept as sent",
            )
        return out

    def parts(self, raw: str, least: int) -> list[str]:
        """Split a field into components with escapes resolved; at least so many, absent ones empty."""
        if raw in {"", '""'}:
            return [""] * least
        parts = raw.split(self.separators.component)
        if self.separators.escape in raw:
            parts = [self.text(part) for part in parts]
        if len(parts) < least:
            parts += [""] * (least - len(parts))
        return parts

    def when(self, raw: str, where: str) -> When | None:
        """Read a time field; an impossible one is reported at ``where`` and left out."""
        if not raw:
            return None
        known = self.times.get(raw)
        if known is not None:
            return known
        text = raw
        if self.separators.component in raw:
            text = raw.split(self.separators.component, 1)[0]
        if text in {"", '""'}:
            return None
        when = read_when(text, zone=self.profile.zone)
        if when is None:
            self.log.add(
                IssueCode.TIME_INVALID,
                Severity.ERROR,
                where,
                f"'{_shown(text)}' is not a possible date or time; the field was left out, the rest kept",
            )
            return None  # not remembered: each place is reported
        if not when.zone_stated and len(when.iso) > 10:
            self.log.add_once(
                IssueCode.ZONE_ASSUMED,
                Severity.INFORMATION,
                where,
                f"times without zone were read as {self.profile.zone}",
            )
        self.times[raw] = when
        return when


def _shown(text: str) -> str:
    """A short technical value for a message; digits and separators only, nothing that could be a name."""
    short = text[:30]
    return short if all(ch.isascii() and (ch.isdigit() or ch in "+-:./ TZ") for ch in short) else "(text)"
