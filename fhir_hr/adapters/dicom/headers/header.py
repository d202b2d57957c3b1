"""What is read of one DICOM object, the same by every way in: header walk, pydicom, DICOM JSON, C-FIND answer.

All values are decoded text without padding, as stated; nothing is interpreted here. An empty value is ``None``, as a
missing one: DICOM lets a sender write "unknown" both ways.
"""

from __future__ import annotations

import msgspec

__all__ = ["CodedEntry", "Header", "OtherPatientId"]


class CodedEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item of a code sequence (PS3.3 8.8): value, scheme, meaning, version."""

    value: str | None = None
    scheme: str | None = None
    meaning: str | None = None
    version: str | None = None


class OtherPatientId(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item of OtherPatientIDsSequence (0010,1002)."""

    value: str
    issuer: str | None = None
    type: str | None = None

    def __repr__(self) -> str:
        return "OtherPatientId(…)"


class Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object's header. Field names are the DICOM keywords in snake case.

    Multi-valued elements are tuples, in order. Person names are the whole text with its groups
    (``Wang^XiaoDong=王^小东``). Decimal and integer strings stay text, without padding. Dates and times stay as sent.
    Elements that stand at several places (functional groups of an enhanced image) are taken from the shared
    functional groups, else from the first frame.
    """

    # -- file and object
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None
    transfer_syntax_uid: str | None = None
    specific_character_set: tuple[str, ...] = ()
    timezone_offset_from_utc: str | None = None
    # -- patient
    patient_name: str | None = None
    patient_id: str | None = None
    issuer_of_patient_id: str | None = None
    issuer_universal_id: str | None = None
    """IssuerOfPatientIDQualifiersSequence, UniversalEntityID (0040,0032)."""
    type_of_patient_id: str | None = None
    other_patient_ids: tuple[OtherPatientId, ...] = ()
    patient_birth_date: str | None = None
    patient_sex: str | None = None
    # -- study
    study_instance_uid: str | None = None
    study_id: str | None = None
    study_date: str | None = None
    study_time: str | None = None
    accession_number: str | None = None
    issuer_of_accession_number: str | None = None
    """IssuerOfAccessionNumberSequence: LocalNamespaceEntityID, else UniversalEntityID."""
    study_description: str | None = None
    procedure_codes: tuple[CodedEntry, ...] = ()
    requested_procedure_description: str | None = None
    requested_procedure_codes: tuple[CodedEntry, ...] = ()
    referring_physician_name: str | None = None
    reading_physicians: tuple[str, ...] = ()
    """NameOfPhysiciansReadingStudy (0008,1060)."""
    institution_name: str | None = None
    institution_codes: tuple[CodedEntry, ...] = ()
    institutional_department_name: str | None = None
    modalities_in_study: tuple[str, ...] = ()
    sop_classes_in_study: tuple[str, ...] = ()
    number_of_study_related_series: str | None = None
    number_of_study_related_instances: str | None = None
    # -- series
    series_instance_uid: str | None = None
    modality: str | None = None
    series_number: str | None = None
    series_description: str | None = None
    protocol_name: str | None = None
    series_date: str | None = None
    series_time: str | None = None
    performed_procedure_step_start_date: str | None = None
    performed_procedure_step_start_time: str | None = None
    performed_procedure_step_description: str | None = None
    body_part_examined: str | None = None
    anatomic_regions: tuple[CodedEntry, ...] = ()
    laterality: str | None = None
    image_laterality: str | None = None
    frame_laterality: str | None = None
    view_position: str | None = None
    view_codes: tuple[CodedEntry, ...] = ()
    patient_position: str | None = None
    contrast_bolus_agent: str | None = None
    contrast_bolus_agents: tuple[CodedEntry, ...] = ()
    """ContrastBolusAgentSequence (0018,0012)."""
    performing_physicians: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    manufacturer: str | None = None
    manufacturer_model_name: str | None = None
    device_serial_number: str | None = None
    software_versions: tuple[str, ...] = ()
    station_name: str | None = None
    number_of_series_related_instances: str | None = None
    # -- instance
    instance_number: str | None = None
    number_of_frames: str | None = None
    frames_described: int | None = None
    """How many items PerFrameFunctionalGroupsSequence holds."""
    image_type: tuple[str, ...] = ()
    content_date: str | None = None
    content_time: str | None = None
    acquisition_date: str | None = None
    acquisition_time: str | None = None
    acquisition_date_time: str | None = None
    acquisition_number: str | None = None
    images_in_acquisition: str | None = None
    concatenation_uid: str | None = None
    image_position_patient: tuple[str, ...] = ()
    image_orientation_patient: tuple[str, ...] = ()
    concept_name: CodedEntry | None = None
    """ConceptNameCodeSequence at the root: title of an SR or KO document."""
    # -- technique
    slice_thickness: str | None = None
    spacing_between_slices: str | None = None
    kvp: str | None = None
    exposure: str | None = None
    ctdi_vol: str | None = None
    convolution_kernel: tuple[str, ...] = ()
    reconstruction_diameter: str | None = None
    rescale_type: str | None = None
    rows: str | None = None
    columns: str | None = None
    exposure_index: str | None = None
    target_exposure_index: str | None = None
    deviation_index: str | None = None
    compression_force: str | None = None
    body_part_thickness: str | None = None
    magnetic_field_strength: str | None = None
    repetition_time: str | None = None
    echo_time: str | None = None
    lossy_image_compression: str | None = None
    burned_in_annotation: str | None = None
    quality_control_image: str | None = None
    presentation_intent_type: str | None = None
    # -- of an archive's answer
    instance_availability: str | None = None
    retrieve_url: str | None = None
    retrieve_ae_titles: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Header(modality={self.modality!r}, sop_class_uid={self.sop_class_uid!r})"
