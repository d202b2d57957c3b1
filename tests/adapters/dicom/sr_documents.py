"""Structured reports, key object documents and performed steps made by hand, for tests: invented, nothing real."""

from __future__ import annotations

import io

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from fhir_hr.testing.dicom import dataset, file_bytes, uid

BASIC, ENHANCED, COMPREHENSIVE, COMPREHENSIVE_3D = (
    f"1.2.840.10008.5.1.4.1.1.88.{end}" for end in ("11", "22", "33", "34")
)
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
IMAGE_ELEMENTS = (
    *("BodyPartExamined", "ImageType", "SliceThickness", "KVP", "ImagePositionPatient", "ImageOrientationPatient"),
    *("FrameOfReferenceUID", "PixelSpacing", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleIntercept", "RescaleSlope"),
    *("RescaleType", "WindowCenter", "WindowWidth", "PixelData"),
)

# Names by code, scheme and meaning, as PS3.16 has them.
REPORT = ("18748-4", "LN", "Diagnostic Imaging Report")
FINDINGS, FINDING = ("59776-5", "LN", "Findings"), ("121071", "DCM", "Finding")
IMPRESSIONS, IMPRESSION = ("19005-8", "LN", "Impressions"), ("121073", "DCM", "Impression")
HISTORY = ("11329-0", "LN", "History")
MEASUREMENTS, GROUP = ("126010", "DCM", "Imaging Measurements"), ("125007", "DCM", "Measurement Group")
TRACKING_ID = ("112039", "DCM", "Tracking Identifier")
TRACKING_UID = ("112040", "DCM", "Tracking Unique Identifier")
SITE, SIDE = ("363698007", "SCT", "Finding Site"), ("272741003", "SCT", "Laterality")
METHOD, DERIVATION = ("370129005", "SCT", "Measurement Method"), ("121401", "DCM", "Derivation")
LUNG, RIGHT = ("39607008", "SCT", "肺"), ("24028007", "SCT", "右")
MEAN, MAXIMUM = ("373098007", "SCT", "平均"), ("56851009", "SCT", "最大")
DIAMETER = ("81827009", "SCT", "Diameter")
MM = ("mm", "UCUM", "millimeter")

Names = tuple[str, str, str]


def code(value: Names | None) -> Sequence:
    """One item of a code sequence."""
    item = Dataset()
    if value is not None:
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value
    return Sequence([item] if value is not None else [])


def item(kind: str, name: Names | None = None, *children: Dataset, relationship: str = "CONTAINS", **values) -> Dataset:
    """One content item; ``values`` are further elements by keyword."""
    out = Dataset()
    out.RelationshipType = relationship
    out.ValueType = kind
    if name is not None:
        out.ConceptNameCodeSequence = code(name)
    for keyword, value in values.items():
        setattr(out, keyword, value)
    if children:
        out.ContentSequence = Sequence(children)
    return out


def container(name: Names | None, *children: Dataset, **values) -> Dataset:
    return item("CONTAINER", name, *children, ContinuityOfContent="SEPARATE", **values)


def text(words: str, name: Names | None = FINDING, *children: Dataset, **values) -> Dataset:
    return item("TEXT", name, *children, TextValue=words, **values)


def coded(value: Names, name: Names, *children: Dataset, **values) -> Dataset:
    return item("CODE", name, *children, ConceptCodeSequence=code(value), **values)


def modifier(value: Names, name: Names, *children: Dataset) -> Dataset:
    return coded(value, name, *children, relationship="HAS CONCEPT MOD")


def number(value: str | None, name: Names = DIAMETER, *children: Dataset, unit: Names | None = MM, **values) -> Dataset:
    measured = Dataset()
    if value is not None:
        measured.NumericValue = value
        measured.MeasurementUnitsCodeSequence = code(unit)
    return item("NUM", name, *children, MeasuredValueSequence=[measured] if value is not None else [], **values)


def image(name: Names | None, instance: str, *, frames: str | list[str] | None = None, kind: str = "IMAGE") -> Dataset:
    referenced = Dataset()
    referenced.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    referenced.ReferencedSOPInstanceUID = instance
    if frames is not None:
        referenced.ReferencedFrameNumber = frames
    return item(kind, name, ReferencedSOPSequence=[referenced])


def document(*children: Dataset, sop_class: str = BASIC, title: Names | None = REPORT, **elements) -> Dataset:
    """A document that is complete and verified by 审 核乙 on 2026-03-01 11:30."""
    out = dataset(
        series="9", sop_class=sop_class, **{**dict.fromkeys(IMAGE_ELEMENTS), "Modality": "SR", "SeriesNumber": "9"}
    )
    observer = Dataset()
    observer.VerifyingObserverName = "Shen^HeYi=审^核乙"
    observer.VerifyingOrganization = "示例市第一人民医院"
    observer.VerificationDateTime = "20260301113000"
    observer.VerifyingObserverIdentificationCodeSequence = code(("D0007", "99TESTHOSP", "工号"))
    values = {
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": code(title),
        "ContinuityOfContent": "SEPARATE",
        "ContentDate": "20260301",
        "ContentTime": "1100",
        "TimezoneOffsetFromUTC": "+0800",
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "VERIFIED",
        "VerifyingObserverSequence": [observer],
        "ContentSequence": Sequence(children),
        **elements,
    }
    for keyword, value in values.items():
        if value is None:
            if keyword in out:
                delattr(out, keyword)
        else:
            setattr(out, keyword, value)
    return out


def reread(value: Dataset, **options) -> Dataset:
    """The dataset as it comes from its file."""
    return dcmread(io.BytesIO(file_bytes(value, **options)))


def plant(value: Dataset, keyword: str, raw: bytes, vr: str) -> None:
    """Put bytes where an element stood, as they would come from a file, right or wrong."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    value._dict[Tag(tag)] = RawDataElement(Tag(tag), vr, len(raw), raw, 0, False, True, True)


def evidence(*instances: tuple[str, str, str]) -> Sequence:
    """Items of the Hierarchical SOP Instance Reference Macro."""
    studies: dict[str, dict[str, list[str]]] = {}
    for study, series, instance in instances:
        studies.setdefault(study, {}).setdefault(series, []).append(instance)
    out = []
    for study, held in studies.items():
        of_study = Dataset()
        of_study.StudyInstanceUID = study
        of_study.ReferencedSeriesSequence = []
        for series, uids in held.items():
            of_series = Dataset()
            of_series.SeriesInstanceUID = series
            of_series.ReferencedSOPSequence = [_reference(each) for each in uids]
            of_study.ReferencedSeriesSequence.append(of_series)
        out.append(of_study)
    return Sequence(out)


def _reference(instance: str) -> Dataset:
    out = Dataset()
    out.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    out.ReferencedSOPInstanceUID = instance
    return out


def key_objects(title: Names | None, *instances: tuple[str, str, str], **elements) -> Dataset:
    """A key object document that selects what it lists."""
    children = [image(None, one) for _, _, one in instances]
    return document(
        *children,
        sop_class=KEY_OBJECTS,
        title=title,
        **{
            **dict.fromkeys(("CompletionFlag", "VerificationFlag", "VerifyingObserverSequence")),
            "Modality": "KO",
            "CurrentRequestedProcedureEvidenceSequence": evidence(*instances),
            **elements,
        },
    )


def listed(count: int = 3, *, study: str = "S1", series: str = "1") -> list[tuple[str, str, str]]:
    """UIDs of the first images of a synthetic series."""
    return [(uid(study), uid(study, series), uid(study, series, number)) for number in range(1, count + 1)]


def performed_step(*instances: tuple[str, str, str], status: str = "COMPLETED", **elements) -> Dataset:
    """Attributes of a performed procedure step."""
    out = Dataset()
    out.SOPClassUID = "1.2.840.10008.3.1.2.3.3"
    out.SOPInstanceUID = uid("step")
    out.PerformedProcedureStepStatus = status
    out.ScheduledStepAttributesSequence = []
    for study in dict.fromkeys(one for one, _, _ in instances):
        step = Dataset()
        step.StudyInstanceUID = study
        out.ScheduledStepAttributesSequence.append(step)
    out.PerformedSeriesSequence = []
    for series in dict.fromkeys(one for _, one, _ in instances):
        of_series = Dataset()
        of_series.SeriesInstanceUID = series
        of_series.ReferencedImageSequence = [_reference(one) for _, held, one in instances if held == series]
        out.PerformedSeriesSequence.append(of_series)
    for keyword, value in elements.items():
        setattr(out, keyword, value)
    return out
