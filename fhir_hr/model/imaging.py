"""Imaging studies (检查影像): study, series and instance, as DICOM files, archives and web services state them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.exams import Exam, Side
from fhir_hr.model.flags import RecognitionFlag
from fhir_hr.model.people import Device, Organization, Patient, Performer
from fhir_hr.model.when import When

__all__ = [
    "Access",
    "AccessKind",
    "Completeness",
    "CompletenessEvidence",
    "CompletenessGround",
    "CompletenessVerdict",
    "Instance",
    "InstanceKind",
    "Manifest",
    "Series",
    "Study",
    "Technique",
]


class InstanceKind(StrEnum):
    """What an instance is; only images count as images (``mappings/dicom/sop_classes.csv``)."""

    IMAGE = "image"
    PRESENTATION = "presentation"
    KEY_OBJECT = "key-object"
    DOCUMENT = "document"
    DOSE = "dose"
    SEGMENTATION = "segmentation"
    REGISTRATION = "registration"
    MEASUREMENT = "measurement"
    WAVEFORM = "waveform"
    RADIOTHERAPY = "radiotherapy"
    OTHER = "other"


class Instance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One DICOM object.

    Attributes:
        uid: SOP Instance UID (0008,0018).
        sop_class: SOP Class UID (0008,0016).
        number: InstanceNumber; a hint only: gaps, doubles and 0 are legal.
        frames: NumberOfFrames; ``None`` when not stated, which is one for an image.
        frames_described: items of PerFrameFunctionalGroupsSequence, of an enhanced multi-frame image.
        title: document title of an SR or key object document.
        position: ImagePositionPatient, in mm.
        orientation: ImageOrientationPatient, six cosines.
        localizer: whether ImageType calls it one (PS3.3 C.8.2.1.1.1, C.8.3.1.1.1): made to plan others, not to be read.
    """

    uid: str
    sop_class: str | None = None
    kind: InstanceKind = InstanceKind.OTHER
    number: int | None = None
    frames: int | None = None
    frames_described: int | None = None
    title: Concept | None = None
    position: tuple[float, float, float] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    localizer: bool = False


class Technique(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How images were made, as far as their headers state it. ``None`` is not stated, and then unknown.

    Lengths in mm, voltage in kV, force in N, field strength in T, times in ms.
    """

    slice_thickness: float | None = None
    spacing_between_slices: float | None = None
    kvp: float | None = None
    exposure: float | None = None
    ctdi_vol: float | None = None
    convolution_kernel: str | None = None
    reconstruction_diameter: float | None = None
    rescale_type: str | None = None
    rows: int | None = None
    columns: int | None = None
    exposure_index: float | None = None
    target_exposure_index: float | None = None
    deviation_index: float | None = None
    compression_force: float | None = None
    body_part_thickness: float | None = None
    magnetic_field_strength: float | None = None
    repetition_time: float | None = None
    echo_time: float | None = None
    lossy: bool | None = None
    burned_in: bool | None = None
    quality_control: bool | None = None
    presentation_intent: str | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One series.

    Attributes:
        uid: Series Instance UID.
        modality: as stated (``CT``); what is no code of PS3.16 CID 29 is kept.
        body_part: BodyPartExamined and AnatomicRegionSequence as codings and words.
        side: read from Laterality, ImageLaterality or the frames; ``side_source`` is what was stated.
        views: ViewPosition and view codes as stated (``PA``, ``LL``), each once, in order of appearance.
        contrast: whether a contrast agent is stated; ``None``: nothing is said of it. Headers that name no agent do
            not prove that none was given.
        stated_instances: what the archive counts (NumberOfSeriesRelatedInstances).
        instances: those that were read; empty when only the series was asked for.
        stated_images: of an acquisition, how many images it says to hold (ImagesInAcquisition).
        differing: keywords of elements that a series has once but its objects state differently; the first was kept.
    """

    uid: str
    modality: str | None = None
    number: int | None = None
    description: str | None = None
    protocol: str | None = None
    body_part: Concept | None = None
    side: Side | None = None
    side_source: str | None = None
    views: tuple[str, ...] = ()
    patient_position: str | None = None
    contrast: bool | None = None
    contrast_agent: str | None = None
    started: When | None = None
    procedure: str | None = None
    """PerformedProcedureStepDescription."""
    performers: tuple[Performer, ...] = ()
    device: Device | None = None
    station: str | None = None
    technique: Technique | None = None
    instances: tuple[Instance, ...] = ()
    stated_instances: int | None = None
    stated_images: int | None = None
    differing: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Series(modality={self.modality!r}, <{len(self.instances)} instances>)"


class CompletenessVerdict(StrEnum):
    """Whether all of a study is there (序列完整)."""

    COMPLETE = "complete"
    """The modality's or sender's own list names what is there, and nothing else."""
    COMPLETE_PER_ARCHIVE = "complete-per-archive"
    """All that the archive has; it cannot know what was never sent to it."""
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"


class CompletenessGround(StrEnum):
    """What a word on completeness rests on, strongest first."""

    PERFORMED_STEP = "performed-procedure-step"
    MANIFEST = "manifest"
    STORAGE_COMMITMENT = "storage-commitment"
    ARCHIVE_COUNTS = "archive-counts"
    STATED_COUNTS = "stated-counts"
    GEOMETRY = "geometry"
    FRAMES = "frames"


class CompletenessEvidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One piece of evidence.

    Attributes:
        ground: what it rests on.
        holds: ``True``: nothing is missing by it; ``False``: something is; ``None``: it does not tell.
        text: what was compared, for a person.
        missing: UIDs of the instances (or series) that are missing, where they are known by name.
    """

    ground: CompletenessGround
    holds: bool | None
    text: str
    missing: tuple[str, ...] = ()


class Completeness(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Verdict and evidence; never only yes or no."""

    verdict: CompletenessVerdict = CompletenessVerdict.UNKNOWN
    evidence: tuple[CompletenessEvidence, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """All UIDs that are missing by name, each once."""
        return tuple(dict.fromkeys(uid for each in self.evidence for uid in each.missing))

    @property
    def all_series(self) -> bool | None:
        """What a rule sees: complete, incomplete or unknown. An archive's own count proves nothing of what it lacks."""
        if self.verdict is CompletenessVerdict.COMPLETE:
            return True
        return False if self.verdict is CompletenessVerdict.INCOMPLETE else None


class Manifest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A list of what a study holds: a key object manifest (KOS, XDS-I, MADO) or a performed procedure step (MPPS).

    Attributes:
        uid: SOP Instance UID of the list itself.
        ground: :attr:`CompletenessGround.MANIFEST` or :attr:`CompletenessGround.PERFORMED_STEP`.
        title: document title (113030 Manifest, 113035 Signed Complete Acquisition Content …).
        instances: ``(study UID, series UID, SOP Instance UID)`` of all that it lists.
        whole_study: whether it claims to name all of the study; a list of key images does not.
        rejects: whether it rejects what it lists (113001 Rejected for Quality Reasons and its like).
        finished: of a performed step, whether it is COMPLETED; ``None`` for others.
    """

    uid: str
    ground: CompletenessGround
    instances: tuple[tuple[str, str, str], ...]
    title: Code | None = None
    whole_study: bool = False
    rejects: bool = False
    finished: bool | None = None
    where: str = ""


class AccessKind(StrEnum):
    """How images can be reached."""

    WADO_RS = "wado-rs"
    VIEWER = "viewer"


class Access(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the images of a study can be fetched or looked at (FHIR ``Endpoint``).

    Attributes:
        address: URL of the service (WADO-RS root up to and without ``/studies``) or of the viewer. Never one that
            names the patient.
    """

    kind: AccessKind
    address: str
    name: str | None = None
    organization: Organization | None = None


class Study(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One imaging study.

    Attributes:
        uid: Study Instance UID.
        where: the file, address or PACS that it was read from, for people.
        started: StudyDate and StudyTime with the zone of (0008,0201) or of the sender.
        accession: AccessionNumber with its issuer (检查流水号).
        study_id: StudyID.
        procedures: ProcedureCodeSequence, RequestedProcedure codes and descriptions.
        institution: where it was made; the sender profile's institution where one fits.
        modalities: of its series and, of an archive, ModalitiesInStudy; sorted, each once.
        stated_series, stated_instances: what the archive counts, all kinds of objects together.
        exam: what was examined, by headers and mapping tables; ``None`` parts are unknown.
        item: recognised item, when exactly one is certain.
        item_candidates: what it might be, otherwise.
        flag: the recognition mark of the images.
    """

    uid: str
    where: str = ""
    patient: Patient | None = None
    institution: Organization | None = None
    department: str | None = None
    started: When | None = None
    accession: Identifier | None = None
    study_id: str | None = None
    description: str | None = None
    procedures: tuple[Concept, ...] = ()
    referrer: Performer | None = None
    readers: tuple[Performer, ...] = ()
    modalities: tuple[str, ...] = ()
    series: tuple[Series, ...] = ()
    stated_series: int | None = None
    stated_instances: int | None = None
    availability: str | None = None
    """InstanceAvailability: ``ONLINE``, ``NEARLINE``, ``OFFLINE``, ``UNAVAILABLE``."""
    access: tuple[Access, ...] = ()
    completeness: Completeness = Completeness()
    exam: Exam | None = None
    item: Code | None = None
    item_candidates: tuple[Code, ...] = ()
    flag: RecognitionFlag | None = None

    @property
    def instance_count(self) -> int:
        """How many instances were read."""
        return sum(len(each.instances) for each in self.series)

    @property
    def image_count(self) -> int:
        """How many of them are images; presentations, key objects, documents and doses are not."""
        return sum(one.kind is InstanceKind.IMAGE for each in self.series for one in each.instances)

    def __repr__(self) -> str:
        return f"Study(modalities={self.modalities!r}, <{len(self.series)} series, {self.instance_count} instances>)"
