r"""Identifiers of queries: which attributes are asked at which level, and how they are written (PS3.4 C.6.2.1).

They are written here, not by pydicom: its encoder puts ``?`` where a character set fails (see :mod:`.text`). IMAGE
level never asks for attributes of the study: Orthanc 1.12 fails the whole query with 0xC000 for SOPClassesInStudy.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from fhir_hr.sources.dimse.text import codec_of

__all__ = ["FIND", "GET", "IMAGE", "IMPLICIT_LITTLE", "MOVE", "SERIES", "STUDY", "identifier"]

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"

_TAGS = {
    "SpecificCharacterSet": (0x00080005, b"CS"),
    "SOPClassUID": (0x00080016, b"UI"),
    "SOPInstanceUID": (0x00080018, b"UI"),
    "StudyDate": (0x00080020, b"DA"),
    "SeriesDate": (0x00080021, b"DA"),
    "StudyTime": (0x00080030, b"TM"),
    "SeriesTime": (0x00080031, b"TM"),
    "AccessionNumber": (0x00080050, b"SH"),
    "QueryRetrieveLevel": (0x00080052, b"CS"),
    "InstanceAvailability": (0x00080056, b"CS"),
    "Modality": (0x00080060, b"CS"),
    "ModalitiesInStudy": (0x00080061, b"CS"),
    "SOPClassesInStudy": (0x00080062, b"UI"),
    "InstitutionName": (0x00080080, b"LO"),
    "ReferringPhysicianName": (0x00080090, b"PN"),
    "TimezoneOffsetFromUTC": (0x00080201, b"SH"),
    "StudyDescription": (0x00081030, b"LO"),
    "SeriesDescription": (0x0008103E, b"LO"),
    "PatientName": (0x00100010, b"PN"),
    "PatientID": (0x00100020, b"LO"),
    "IssuerOfPatientID": (0x00100021, b"LO"),
    "PatientBirthDate": (0x00100030, b"DA"),
    "PatientSex": (0x00100040, b"CS"),
    "BodyPartExamined": (0x00180015, b"CS"),
    "ProtocolName": (0x00181030, b"LO"),
    "StudyInstanceUID": (0x0020000D, b"UI"),
    "SeriesInstanceUID": (0x0020000E, b"UI"),
    "StudyID": (0x00200010, b"SH"),
    "SeriesNumber": (0x00200011, b"IS"),
    "InstanceNumber": (0x00200013, b"IS"),
    "Laterality": (0x00200060, b"CS"),
    "NumberOfStudyRelatedSeries": (0x00201206, b"IS"),
    "NumberOfStudyRelatedInstances": (0x00201208, b"IS"),
    "NumberOfSeriesRelatedInstances": (0x00201209, b"IS"),
}

STUDY = (
    *("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription"),
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"),
    *("ReferringPhysicianName", "InstitutionName", "ModalitiesInStudy", "TimezoneOffsetFromUTC"),
    *("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "InstanceAvailability"),
)
SERIES = (
    *("SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime"),
    *("ProtocolName", "BodyPartExamined", "Laterality", "NumberOfSeriesRelatedInstances"),
)
IMAGE = ("SOPInstanceUID", "SOPClassUID", "InstanceNumber")


def identifier(
    level: str, asked: Sequence[str], values: Mapping[str, str], *, charset: str, implicit: bool = True
) -> bytes:
    """Write an identifier: SpecificCharacterSet always stated, ``asked`` empty, ``values`` as conditions.

    Args:
        level: QueryRetrieveLevel.
        asked: keywords of what is to be answered.
        values: conditions by keyword; text was checked by :func:`.text.unsendable`.
        charset: SpecificCharacterSet.
        implicit: whether the transfer syntax is implicit VR (little endian both ways).

    Raises:
        UnicodeError: a value cannot be written in the character set; never is anything put in its place.
    """
    stated = {**dict.fromkeys(asked, ""), **values, "QueryRetrieveLevel": level}
    if charset:
        stated["SpecificCharacterSet"] = charset
    codec = codec_of(charset)
    return b"".join(
        _element(*_TAGS[keyword], stated[keyword].encode(codec), implicit=implicit)
        for keyword in sorted(stated, key=lambda each: _TAGS[each][0])
    )


def _element(tag: int, vr: bytes, value: bytes, *, implicit: bool) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack("<L", len(value)) + value
    return head + vr + struct.pack("<H", len(value)) + value
