"""Sender profiles (``mappings/hl7v2/senders/*.toml``): what differs between sending systems, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.mapping.codes import code_table_names
from fhir_hr.mapping.marks import load_marks
from fhir_hr.mapping.profile_files import common_faults, institution_faults, read_profile
from fhir_hr.mapping.text import fold
from fhir_hr.model.lab import ResultStatus
from fhir_hr.model.people import Sex
from fhir_hr.model.priors import Institution

__all__ = ["IdentifierType", "Match", "SenderProfile", "Senders", "load_senders", "read_sender"]

DEFAULT_ID = "default"


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages a profile is for: MSH-3 and MSH-4, as the whole field or one of its components."""

    application: tuple[str, ...] = ()
    facility: tuple[str, ...] = ()


class IdentifierType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one of the sender's identifier type codes (PID-3.5) means.

    Attributes:
        system: URI of the identifier's system; ``None`` for a number that is only locally unique.
        type_code, type_display: kind of identifier, of ``type_system`` (HL7 table 0203).
    """

    type_code: str
    type_display: str
    system: str | None = None
    type_system: str | None = V2_0203


class SenderProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sender's messages mean where the standard does not say, or the sender differs from it.

    Every key is explained in ``docs/how-to/add-a-sender.md``. A key that is left out keeps the default below.

    Attributes:
        id: name of the profile, unique.
        title: who it is, for people.
        source: who states these facts, or where they were seen.
        match: which messages it is for; empty for the default profile.
        zone: offset of times that state none.
        charset: Python codec for messages with an empty MSH-18; ``None`` guesses.
        institution: the hospital, where one profile stands for one hospital.
        sex: PID-8 codes that differ from the table ``sex``.
        identifier_types: PID-3.5 codes that differ from table 0203.
        flag_tables: names of the ``flags-…`` code tables, asked in this order.
        flag_field, status_field: OBX fields of flag and status.
        status_overrides: OBX status codes that differ from table 0085, to FHIR observation-status.
        abbreviation_component: component of OBX-3 that holds the abbreviation.
        false_systems: code system names that the sender states wrongly.
        limits_in_obx16: whether OBX-16 holds numeric limits in components 4 and 5.
        star: what ``*`` before an item name means: ``recognised-item``, or ``None`` for unknown.
        report_mark: code of the registered mark that every report carries, as its owner states.
        mark_field: segment and field whose text may be a registered mark, e.g. ``NTE-3``.
        findings_codes, impression_codes: OBX-3 codes of 检查所见 and 检查印象.
        numeric_text: whether an ``ST`` that is a number with a unit is read as a quantity.
    """

    id: str
    title: str
    source: str
    match: Match = Match()
    zone: str = "+08:00"
    charset: str | None = None
    institution: Institution | None = None
    sex: Mapping[str, str] = {}
    identifier_types: Mapping[str, IdentifierType] = {}
    flag_tables: tuple[str, ...] = ("0078", "arrows", "words")
    flag_field: int = 8
    status_field: int = 11
    status_overrides: Mapping[str, str] = {}
    abbreviation_component: int | None = None
    false_systems: tuple[str, ...] = ()
    limits_in_obx16: bool = False
    star: Literal["recognised-item"] | None = None
    report_mark: str | None = None
    mark_field: str | None = None
    findings_codes: tuple[str, ...] = ()
    impression_codes: tuple[str, ...] = ()
    numeric_text: bool = True


_MARK_FIELD = re.compile(r"(?:MSH|PID|PV1|ORC|OBR|OBX|NTE|SPM|Z[A-Z0-9]{2})-[1-9]\d?")


def read_sender(path: Path) -> SenderProfile:
    """Read one profile.

    Raises:
        DataFileError: an unknown key, a value of the wrong type, or one that names a table, mark, status or
            zone that does not exist.
    """
    return read_profile(path, SenderProfile, _faults)


def _faults(profile: SenderProfile) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with a profile's values, each with its key."""
    yield from common_faults(profile)
    if profile.report_mark is not None and load_marks().by_code(profile.report_mark) is None:
        yield f"report_mark {profile.report_mark!r} is not in the mark registry", "report_mark"
    if profile.mark_field is not None and not _MARK_FIELD.fullmatch(profile.mark_field):
        yield f"mark_field {profile.mark_field!r} is not of the form NTE-3", "mark_field"
    for name in profile.flag_tables:
        if f"flags-{name}" not in code_table_names():
            yield f"flag_tables names {name!r}, and there is no code table 'flags-{name}'", "flag_tables"
    yield from _code_faults(profile)
    yield from _place_faults(profile)
    yield from institution_faults(profile.institution)


def _code_faults(profile: SenderProfile) -> Iterable[tuple[str, str]]:
    sexes, statuses = set(Sex), set(ResultStatus)
    for code, target in profile.sex.items():
        if target not in sexes:
            yield f"sex {code!r} is {target!r}; allowed: {', '.join(Sex)}", "sex"
    for code, target in profile.status_overrides.items():
        if target not in statuses:
            yield f"status {code!r} is {target!r}; allowed: {', '.join(ResultStatus)}", "status_overrides"
    for code, kind in profile.identifier_types.items():
        if not code or not kind.type_code:
            yield "an identifier type needs a code and a type_code", "identifier_types"
    both = set(profile.findings_codes) & set(profile.impression_codes)
    if both:
        yield f"code {min(both)!r} is both findings and impression", "impression_codes"


def _place_faults(profile: SenderProfile) -> Iterable[tuple[str, str]]:
    for key, number in (("flag_field", profile.flag_field), ("status_field", profile.status_field)):
        if not 6 <= number <= 29:
            yield f"{key} {number} is not an OBX field from 6 to 29", key
    if profile.flag_field == profile.status_field:
        yield "flag_field and status_field are the same field", "status_field"
    component = profile.abbreviation_component
    if component is not None and not 1 <= component <= 9:
        yield f"abbreviation_component {component} is not a component from 1 to 9", "abbreviation_component"


class Senders(msgspec.Struct, frozen=True, kw_only=True):
    """All profiles, with the one that fits a message.

    Example:
        >>> load_senders().find("LIS^瑞美", "10").id
        'ruimei'
        >>> load_senders().find("SOMETHING", "ELSE").id
        'default'
    """

    profiles: tuple[SenderProfile, ...]
    default: SenderProfile
    by_both: dict[tuple[str, str], SenderProfile]
    by_application: dict[str, SenderProfile]
    by_facility: dict[str, SenderProfile]

    def find(self, application: str, facility: str) -> SenderProfile:
        """Return the profile for MSH-3 and MSH-4 (with ``^`` between components).

        A profile that names both beats one that names the application, which beats one that names the
        facility; otherwise the default. The whole field is tried before its components, those in their order.
        """
        applications, facilities = _words(application), _words(facility)
        for one in applications:
            for other in facilities:
                if found := self.by_both.get((one, other)):
                    return found
        for words, table in ((applications, self.by_application), (facilities, self.by_facility)):
            for word in words:
                if found := table.get(word):
                    return found
        return self.default

    def profile(self, profile_id: str) -> SenderProfile | None:
        """Return the profile with this id, or ``None``."""
        return next((one for one in self.profiles if one.id == profile_id), None)


def _words(field: str) -> tuple[str, ...]:
    parts = [field, *field.split("^")]
    return tuple(dict.fromkeys(word for part in parts if (word := fold(part))))


def load_senders(*folders: Path) -> Senders:
    """Load the packaged profiles and those of further folders (``*.toml``).

    A profile of a later folder replaces one of an earlier folder with the same id, and wins over one that
    matches the same messages. Inside one folder both are errors.

    Raises:
        DataFileError: a profile is broken, two claim the same messages, a folder is none, or one that is not
            the default has an empty ``match``.
    """
    chosen: dict[str, SenderProfile] = {}
    tables: dict[str, dict[Any, SenderProfile]] = {"both": {}, "application": {}, "facility": {}}
    stacks = []
    for folder in (data_path("mappings", "hl7v2", "senders"), *folders):
        if not folder.is_dir():
            raise DataFileError("is not a folder of sender profiles", file=folder.name)
        own = _read_folder(folder)
        chosen.update(own)
        stacks.append(own)
    for own in stacks:
        claimed: dict[tuple[str, Any], str] = {}
        for profile in own.values():
            if chosen[profile.id] is not profile:
                continue
            for table, key in _keys(profile.match):
                first = claimed.setdefault((table, key), profile.id)
                if first != profile.id:
                    msg = f"matches the same messages as profile {first!r}"
                    raise DataFileError(msg, file=f"{profile.id}.toml")
                tables[table][key] = profile
    return Senders(
        profiles=tuple(chosen.values()),
        default=chosen[DEFAULT_ID],
        by_both=tables["both"],
        by_application=tables["application"],
        by_facility=tables["facility"],
    )


def _read_folder(folder: Path) -> dict[str, SenderProfile]:
    own: dict[str, SenderProfile] = {}
    for path in sorted(folder.glob("*.toml")):
        profile = read_sender(path)
        if profile.id != path.stem:
            raise DataFileError(f"id {profile.id!r} is not the file's name", file=path.name)
        empty = not any(True for _ in _keys(profile.match))
        if empty != (profile.id == DEFAULT_ID):
            msg = "the default profile matches nothing by name" if not empty else "match is empty"
            raise DataFileError(msg, file=path.name)
        own[profile.id] = profile
    return own


def _keys(match: Match) -> Iterable[tuple[str, Any]]:
    applications = [fold(word) for word in match.application if fold(word)]
    facilities = [fold(word) for word in match.facility if fold(word)]
    if applications and facilities:
        yield from (("both", (one, other)) for one in applications for other in facilities)
    elif applications:
        yield from (("application", one) for one in applications)
    else:
        yield from (("facility", other) for other in facilities)
