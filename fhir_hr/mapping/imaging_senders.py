"""Sender profiles of imaging (``mappings/dicom/senders/*.toml``): what differs between archives and machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.profile_files import common_faults, institution_faults, read_profile
from fhir_hr.mapping.text import fold
from fhir_hr.model.exams import Exam
from fhir_hr.model.imaging import Study
from fhir_hr.model.priors import Institution

__all__ = [
    "ImagingMatch",
    "ImagingSender",
    "ImagingSenders",
    "StatedExam",
    "load_imaging_senders",
    "read_imaging_sender",
]

DEFAULT_ID = "default"
_MODALITIES = ("DR", "CT", "MR", "US", "MG", "NM", "PET")


class ImagingMatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which objects a profile is for. Of each list that is not empty, one entry must be the whole value.

    Attributes:
        institution: InstitutionName (0008,0080).
        station: StationName (0008,1010).
        ae_title: AE title of the archive or machine that sent or answered.
        manufacturer: Manufacturer (0008,0070).
    """

    institution: tuple[str, ...] = ()
    station: tuple[str, ...] = ()
    ae_title: tuple[str, ...] = ()
    manufacturer: tuple[str, ...] = ()


class StatedExam(Exam, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """What a protocol or procedure of a sender examines, as its profile states it."""


class ImagingSender(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sender's headers mean where the standard does not say, or the sender differs from it.

    Attributes:
        id: name of the profile, unique.
        title: who it is, for people.
        source: who states these facts, or where they were seen.
        match: which objects it is for; empty for the default profile.
        zone: offset of times that state none (0008,0201).
        charset: Python codec of text without SpecificCharacterSet; ``None``: ASCII, as the standard says.
        repair_charset: whether text with a wrong character set may be repaired; what was repaired is flagged.
        institution: the hospital, where one profile stands for one hospital.
        patient_assigner: who gives the patient numbers, where IssuerOfPatientID is missing.
        accession_assigner: who gives the accession numbers, where their issuer is missing.
        issuers: issuers as the headers write them, to the assigner that other systems of the hospital state for the
            same numbers (``"HIS" = "12510000000000001H"``); without it a report and its images share no number.
        body_parts: local texts of BodyPartExamined, to our codes (``chest``).
        protocols: ProtocolName, to what it examines; a facet that is left out stays unknown.
        procedures: codes and names of procedures, and StudyDescription, to what they examine.
    """

    id: str
    title: str
    source: str
    match: ImagingMatch = ImagingMatch()
    zone: str = "+08:00"
    charset: str | None = None
    repair_charset: bool = False
    institution: Institution | None = None
    patient_assigner: str | None = None
    accession_assigner: str | None = None
    issuers: Mapping[str, str] = {}
    body_parts: Mapping[str, str] = {}
    protocols: Mapping[str, StatedExam] = {}
    procedures: Mapping[str, StatedExam] = {}


def read_imaging_sender(path: Path) -> ImagingSender:
    """Read one profile. Texts of ``body_parts``, ``protocols`` and ``procedures`` are folded, as they are compared.

    Raises:
        DataFileError: an unknown key, a value of the wrong type, a zone, codec, modality or body part that cannot be,
            or two texts that are the same when folded.
    """
    profile = read_profile(path, ImagingSender, _faults)
    return msgspec.structs.replace(
        profile,
        body_parts={fold(text): part for text, part in profile.body_parts.items()},
        protocols={fold(text): _sorted(exam) for text, exam in profile.protocols.items()},
        procedures={fold(text): _sorted(exam) for text, exam in profile.procedures.items()},
    )


def _sorted(exam: StatedExam) -> StatedExam:
    return msgspec.structs.replace(exam, views=tuple(sorted(set(exam.views)))) if exam.views else exam


def _faults(profile: ImagingSender) -> Iterable[tuple[str, str]]:
    yield from common_faults(profile)
    yield from institution_faults(profile.institution)
    if profile.repair_charset and profile.charset is None:
        yield "repair_charset needs the charset that the text is really in", "repair_charset"
    for key in ("body_parts", "protocols", "procedures"):
        seen: dict[str, str] = {}
        for text in getattr(profile, key):
            if not fold(text):
                yield f"{key} has an empty text", key
            elif seen.setdefault(fold(text), text) != text:
                yield f"{key} holds {text!r} and {seen[fold(text)]!r}, which are compared as the same", key
    for text, part in profile.body_parts.items():
        if not _is_part(part):
            yield f"body part {part!r} of {text!r} is not a code like lumbar-spine", "body_parts"
    for key in ("protocols", "procedures"):
        for text, exam in getattr(profile, key).items():
            yield from ((f"{text!r}: {message}", key) for message in _exam_faults(exam))


def _exam_faults(exam: StatedExam) -> Iterable[str]:
    if exam == StatedExam():
        yield "states nothing"
    if exam.modality is not None and exam.modality not in _MODALITIES:
        yield f"modality {exam.modality!r} is none of {', '.join(_MODALITIES)}"
    if exam.body_part is not None and not _is_part(exam.body_part):
        yield f"body_part {exam.body_part!r} is not a code like lumbar-spine"
    if exam.views == ():
        yield "views is empty; leave it out when it is not known"


def _is_part(text: str) -> bool:
    return all(word.isascii() and word.isalpha() and word.islower() for word in text.split("-"))


class ImagingSenders(msgspec.Struct, frozen=True, kw_only=True):
    """All profiles, with the one that fits an object.

    Example:
        >>> load_imaging_senders().find(institution_name="演示医院甲").id
        'demo-hospital-a'
        >>> load_imaging_senders().find(institution_name="别的医院", station_name="CT01").id
        'default'
    """

    profiles: tuple[ImagingSender, ...]
    default: ImagingSender
    ordered: tuple[tuple[tuple[frozenset[str], ...], ImagingSender], ...]
    """All but the default: what of institution, station, AE title and manufacturer is asked, the closest first."""

    def find(
        self,
        *,
        institution_name: str | None = None,
        station_name: str | None = None,
        ae_title: str | None = None,
        manufacturer: str | None = None,
    ) -> ImagingSender:
        """Return the profile for an object, by whole values (width, case and spaces are all the same).

        The profile that names most of the four wins; among equals one that names the institution, then the station,
        then the AE title. What an object does not state is never taken as a match.
        """
        stated = tuple(fold(text) if text else "" for text in (institution_name, station_name, ae_title, manufacturer))
        for asked, profile in self.ordered:
            if all(not words or word in words for words, word in zip(asked, stated, strict=True)):
                return profile
        return self.default

    def of_study(self, study: Study) -> ImagingSender:
        """Return the profile for a study that an archive told of, by its institution and first known machine."""
        first = next((each for each in study.series if each.station or each.device), None)
        return self.find(
            institution_name=study.institution.name if study.institution else None,
            station_name=first.station if first else None,
            manufacturer=first.device.manufacturer if first and first.device else None,
        )

    def profile(self, profile_id: str) -> ImagingSender | None:
        """Return the profile with this id, or ``None``."""
        return next((one for one in self.profiles if one.id == profile_id), None)


def load_imaging_senders(*folders: Path) -> ImagingSenders:
    """Load the packaged profiles and those of further folders (``*.toml``).

    A profile of a later folder replaces one of an earlier folder with the same id, and wins over one that matches
    the same objects equally closely. Inside one folder that is an error.

    Raises:
        DataFileError: a profile is broken, two claim the same objects, a folder is none, or one that is not the
            default has an empty ``match``.
    """
    chosen: dict[str, tuple[int, ImagingSender]] = {}
    for number, folder in enumerate((data_path("mappings", "dicom", "senders"), *folders)):
        if not folder.is_dir():
            raise DataFileError("is not a folder of sender profiles", file=folder.name)
        for profile in _read_folder(folder):
            chosen[profile.id] = (number, profile)
    ranked = sorted(
        ((_asked(profile.match), number, profile) for number, profile in chosen.values() if profile.id != DEFAULT_ID),
        key=lambda one: (_closeness(one[0]), -one[1], one[2].id),
    )
    return ImagingSenders(
        profiles=tuple(profile for _, profile in chosen.values()),
        default=chosen[DEFAULT_ID][1],
        ordered=tuple((asked, profile) for asked, _, profile in ranked),
    )


def _closeness(asked: tuple[frozenset[str], ...]) -> tuple[int, tuple[bool, ...]]:
    return -sum(map(bool, asked)), tuple(not words for words in asked)


def _asked(match: ImagingMatch) -> tuple[frozenset[str], ...]:
    lists = (match.institution, match.station, match.ae_title, match.manufacturer)
    return tuple(frozenset(key for word in words if (key := fold(word))) for words in lists)


def _read_folder(folder: Path) -> list[ImagingSender]:
    own: list[ImagingSender] = []
    for path in sorted(folder.glob("*.toml")):
        profile = read_imaging_sender(path)
        if profile.id != path.stem:
            raise DataFileError(f"id {profile.id!r} is not the file's name", file=path.name)
        asked = _asked(profile.match)
        if any(asked) == (profile.id == DEFAULT_ID):
            msg = "the default profile matches nothing by name" if any(asked) else "match is empty"
            raise DataFileError(msg, file=path.name)
        for other in own:
            if _overlap(asked, _asked(other.match)) and profile.id != DEFAULT_ID != other.id:
                raise DataFileError(f"matches the same objects as profile {other.id!r}", file=path.name)
        own.append(profile)
    return own


def _overlap(one: tuple[frozenset[str], ...], other: tuple[frozenset[str], ...]) -> bool:
    """Whether two ask for the same of the four and one object can fit both."""
    return all((not a and not b) or a & b for a, b in zip(one, other, strict=True))
