"""Which elements make a ``Header``: tags, value representations, field names.

Value representations and multiplicities are those of PS3.6 table 6-1; sequences are told apart by their reader in
:mod:`~fhir_hr.adapters.dicom.headers.assembly`.
"""

from __future__ import annotations

import msgspec

__all__ = ["FIELDS", "FIELD_OF", "SEQUENCE_TAGS", "VR_OF", "Field", "Tag", "place"]


class Tag:
    """Tags by name, as ``group << 16 | element``."""

    TRANSFER_SYNTAX = 0x00020010
    CHARSET = 0x00080005
    ISSUER_OF_ACCESSION = 0x00080051
    INSTITUTION_CODES = 0x00080082
    CODE_VALUE = 0x00080100
    CODE_SCHEME = 0x00080102
    CODE_VERSION = 0x00080103
    CODE_MEANING = 0x00080104
    LONG_CODE = 0x00080119
    URN_CODE = 0x00080120
    PROCEDURE_CODES = 0x00081032
    ANATOMIC_REGIONS = 0x00082218
    PATIENT_ID = 0x00100020
    ISSUER_OF_PATIENT_ID = 0x00100021
    TYPE_OF_PATIENT_ID = 0x00100022
    ISSUER_QUALIFIERS = 0x00100024
    OTHER_PATIENT_IDS = 0x00101002
    CONTRAST_AGENTS = 0x00180012
    SLICE_THICKNESS = 0x00180050
    KVP = 0x00180060
    REPETITION_TIME = 0x00180080
    SPACING = 0x00180088
    RECONSTRUCTION_DIAMETER = 0x00181100
    KERNEL = 0x00181210
    EFFECTIVE_ECHO_TIME = 0x00189082
    MR_TIMING = 0x00189112
    MR_ECHO = 0x00189114
    CT_RECONSTRUCTION = 0x00189314
    CT_EXPOSURE = 0x00189321
    CT_X_RAY = 0x00189325
    EXPOSURE_IN_MAS = 0x00189332
    CTDI_VOL = 0x00189345
    POSITION = 0x00200032
    ORIENTATION = 0x00200037
    FRAME_ANATOMY = 0x00209071
    FRAME_LATERALITY = 0x00209072
    PLANE_POSITION = 0x00209113
    PLANE_ORIENTATION = 0x00209116
    RESCALE_TYPE = 0x00281054
    PIXEL_MEASURES = 0x00289110
    PIXEL_VALUES = 0x00289145
    REQUESTED_DESCRIPTION = 0x00321060
    REQUESTED_CODES = 0x00321064
    LOCAL_NAMESPACE = 0x00400031
    UNIVERSAL_ENTITY = 0x00400032
    REQUEST_ATTRIBUTES = 0x00400275
    CONCEPT_NAME = 0x0040A043
    VIEW_CODES = 0x00540220
    SHARED_GROUPS = 0x52009229
    FRAME_GROUPS = 0x52009230


class Field(msgspec.Struct, frozen=True, gc=False):
    """One element of the root that becomes a field as it stands."""

    tag: int
    name: str
    vr: str
    many: bool = False


_ONE = """
00020010 UI transfer_syntax_uid
00080016 UI sop_class_uid
00080018 UI sop_instance_uid
00080020 DA study_date
00080021 DA series_date
00080022 DA acquisition_date
00080023 DA content_date
0008002A DT acquisition_date_time
00080030 TM study_time
00080031 TM series_time
00080032 TM acquisition_time
00080033 TM content_time
00080050 SH accession_number
00080056 CS instance_availability
00080060 CS modality
00080068 CS presentation_intent_type
00080070 LO manufacturer
00080080 LO institution_name
00080090 PN referring_physician_name
00080201 SH timezone_offset_from_utc
00081010 SH station_name
00081030 LO study_description
0008103E LO series_description
00081040 LO institutional_department_name
00081090 LO manufacturer_model_name
00081190 UR retrieve_url
00100010 PN patient_name
00100020 LO patient_id
00100021 LO issuer_of_patient_id
00100022 CS type_of_patient_id
00100030 DA patient_birth_date
00100040 CS patient_sex
00180010 LO contrast_bolus_agent
00180015 CS body_part_examined
00180050 DS slice_thickness
00180060 DS kvp
00180080 DS repetition_time
00180081 DS echo_time
00180087 DS magnetic_field_strength
00180088 DS spacing_between_slices
00181000 LO device_serial_number
00181030 LO protocol_name
00181100 DS reconstruction_diameter
00181152 IS exposure
001811A0 DS body_part_thickness
001811A2 DS compression_force
00181411 DS exposure_index
00181412 DS target_exposure_index
00181413 DS deviation_index
00185100 CS patient_position
00185101 CS view_position
00189345 FD ctdi_vol
0020000D UI study_instance_uid
0020000E UI series_instance_uid
00200010 SH study_id
00200011 IS series_number
00200012 IS acquisition_number
00200013 IS instance_number
00200060 CS laterality
00200062 CS image_laterality
00201002 IS images_in_acquisition
00201206 IS number_of_study_related_series
00201208 IS number_of_study_related_instances
00201209 IS number_of_series_related_instances
00209072 CS frame_laterality
00209161 UI concatenation_uid
00280008 IS number_of_frames
00280010 US rows
00280011 US columns
00280300 CS quality_control_image
00280301 CS burned_in_annotation
00281054 LO rescale_type
00282110 CS lossy_image_compression
00321060 LO requested_procedure_description
00400244 DA performed_procedure_step_start_date
00400245 TM performed_procedure_step_start_time
00400254 LO performed_procedure_step_description
"""
_MANY = """
00080005 CS specific_character_set
00080008 CS image_type
00080054 AE retrieve_ae_titles
00080061 CS modalities_in_study
00080062 UI sop_classes_in_study
00081050 PN performing_physicians
00081060 PN reading_physicians
00081070 PN operators
00181020 LO software_versions
00181210 SH convolution_kernel
00200032 DS image_position_patient
00200037 DS image_orientation_patient
"""


def _fields(table: str, *, many: bool) -> list[Field]:
    rows = (line.split() for line in table.split("\n") if line)
    return [Field(int(tag, 16), name, vr, many) for tag, vr, name in rows]


FIELDS = tuple(sorted(_fields(_ONE, many=False) + _fields(_MANY, many=True), key=lambda field: field.tag))
FIELD_OF = {field.tag: field for field in FIELDS}

SEQUENCE_TAGS = frozenset(
    {
        Tag.ISSUER_OF_ACCESSION,
        Tag.INSTITUTION_CODES,
        Tag.PROCEDURE_CODES,
        Tag.ANATOMIC_REGIONS,
        Tag.ISSUER_QUALIFIERS,
        Tag.OTHER_PATIENT_IDS,
        Tag.CONTRAST_AGENTS,
        Tag.REQUESTED_CODES,
        Tag.REQUEST_ATTRIBUTES,
        Tag.CONCEPT_NAME,
        Tag.VIEW_CODES,
    }
)
"""Sequences of the root that are read, the functional groups aside."""

VR_OF = {
    **{field.tag: field.vr for field in FIELDS},
    Tag.CODE_VALUE: "SH",
    Tag.CODE_SCHEME: "SH",
    Tag.CODE_VERSION: "SH",
    Tag.CODE_MEANING: "LO",
    Tag.LONG_CODE: "UC",
    Tag.URN_CODE: "UR",
    Tag.LOCAL_NAMESPACE: "UT",
    Tag.UNIVERSAL_ENTITY: "UT",
    Tag.EFFECTIVE_ECHO_TIME: "FD",
    Tag.EXPOSURE_IN_MAS: "FD",
}
"""Value representation of every element that is read as text, within sequences too (implicit VR states none)."""


def place(tag: int) -> str:
    """A tag as people write it.

    Example:
        >>> place(0x00100010)
        '(0010,0010)'
    """
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
