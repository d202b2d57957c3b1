"""Synthetic DICOM objects for tests and harnesses: invented patients, grey noise, stable UIDs.

Nothing here comes from a real person or device. UIDs are under ``2.25`` (PS3.5 B.2), made of what the caller names,
so the same call gives the same object.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["CT", "DX", "MR", "dataset", "file_bytes", "series", "uid", "write_study"]

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
DX = "1.2.840.10008.5.1.4.1.1.1.1"

_SPACE = "https://fhir-hr.example/testing/dicom/"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_MODALITY = {CT: "CT", MR: "MR", DX: "DX"}


def uid(*parts: str | int) -> str:
    """Return the UID of what the parts name.

    Example:
        >>> uid("study", 1) == uid("study", 1), uid("study", 1) == uid("study", 2)
        (True, False)
    """
    return f"2.25.{uuid5(NAMESPACE_URL, _SPACE + '/'.join(str(part) for part in parts)).int}"


def dataset(
    *,
    study: str = "S1",
    series: str = "1",
    number: int = 1,
    sop_class: str = CT,
    charset: str | list[str] = "GB18030",
    size: int = 8,
    **elements: object,
) -> Dataset:
    """Make one image.

    Args:
        study, series, number: name study, series and instance; the UIDs follow from them.
        sop_class: SOP Class UID.
        charset: SpecificCharacterSet.
        size: rows and columns of the grey square.
        elements: further elements by DICOM keyword; ``None`` takes one away.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    out = Dataset()
    out.SpecificCharacterSet = charset
    for keyword, value in {**_values(study, series, number, sop_class, size), **elements}.items():
        if value is None:
            if keyword in out:
                delattr(out, keyword)
        else:
            setattr(out, keyword, value)
    out.file_meta = FileMetaDataset()
    out.file_meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE)
    out.file_meta.MediaStorageSOPClassUID = out.get("SOPClassUID", sop_class)
    out.file_meta.MediaStorageSOPInstanceUID = out.get("SOPInstanceUID", uid(study, series, number))
    return out


def _values(study: str, series: str, number: int, sop_class: str, size: int) -> Mapping[str, object]:
    return {
        "SOPClassUID": sop_class,
        "SOPInstanceUID": uid(study, series, number),
        "StudyInstanceUID": uid(study),
        "SeriesInstanceUID": uid(study, series),
        "PatientName": "Ce^ShiJia=测^试甲",
        "PatientID": "T0001",
        "IssuerOfPatientID": "TESTHOSP",
        "PatientBirthDate": "19850214",
        "PatientSex": "F",
        "StudyID": "1",
        "AccessionNumber": f"ACC-{study}",
        "StudyDate": "20260301",
        "StudyTime": "091500",
        "SeriesDate": "20260301",
        "SeriesTime": "091530",
        "StudyDescription": "胸部CT平扫",
        "InstitutionName": "示例市第一人民医院",
        "Manufacturer": "示例厂商",
        "ManufacturerModelName": "SIM-64",
        "DeviceSerialNumber": "SN-0001",
        "StationName": "CT01",
        "Modality": _MODALITY.get(sop_class, "OT"),
        "SeriesNumber": series if series.isdigit() else "1",
        "SeriesDescription": "肺窗 1.0mm",
        "ProtocolName": "Chest Routine",
        "BodyPartExamined": "CHEST",
        "InstanceNumber": str(number),
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SliceThickness": "1.0",
        "KVP": "120",
        "ImagePositionPatient": ["-120", "-120", f"{-100 + number}"],
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "FrameOfReferenceUID": uid(study, series, "frame"),
        "PixelSpacing": ["0.5", "0.5"],
        "Rows": size,
        "Columns": size,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "WindowCenter": "40",
        "WindowWidth": "400",
        "PixelData": b"\x00\x04" * (size * size),
    }


def series(count: int, **options: Any) -> Iterator[Dataset]:  # noqa: ANN401 - elements of any kind
    """Make a series of ``count`` images; options as for :func:`dataset`."""
    for number in range(1, count + 1):
        yield dataset(number=number, **options)


def file_bytes(value: Dataset, *, transfer_syntax: str = _EXPLICIT_LITTLE) -> bytes:
    """Return a dataset as a DICOM file (PS3.10) in a transfer syntax without image compression."""
    from pydicom import dcmwrite
    from pydicom.uid import UID

    syntax = UID(transfer_syntax)
    value.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    dcmwrite(
        out, value, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian, enforce_file_format=True
    )
    return out.getvalue()


def write_study(
    folder: Path,
    count: int = 3,
    *,
    study: str = "S1",
    day: date | None = None,
    **options: Any,  # noqa: ANN401
) -> list[Path]:
    """Write a series as files ``IM00001`` … into a folder (made when new); returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    if day is not None:
        options = {"StudyDate": f"{day:%Y%m%d}", "SeriesDate": f"{day:%Y%m%d}", **options}
    paths = []
    for number, each in enumerate(series(count, study=study, **options), 1):
        path = folder / f"IM{number:05}"
        path.write_bytes(file_bytes(each))
        paths.append(path)
    return paths
