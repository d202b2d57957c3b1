"""What every derived copy of an image has in common: new UIDs, DERIVED, and the image that it comes from."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from fhir_hr.marks.images.headers import put, text, texts
from fhir_hr.marks.images.uids import derived_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["derive", "encodable"]

_SIGNATURES = ("DigitalSignaturesSequence", "MACParametersSequence")
_CHINESE = ("ISO_IR 192", "GB18030", "GBK")


def derive(dataset: Dataset, *, kind: str, mark: str, description: str) -> Dataset:
    """Return a copy of an image as a derived one of a new series; the image given stays as it is.

    Pixel data is the same. UIDs follow from the image, its series, the mark and ``kind`` of copy. Signatures of the
    original are left out: they do not fit another object.
    """
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

    out = copy.deepcopy(dataset)
    source = Dataset()
    put(source, "ReferencedSOPClassUID", text(dataset, "SOPClassUID"))
    put(source, "ReferencedSOPInstanceUID", text(dataset, "SOPInstanceUID"))
    purpose = Dataset()
    put(purpose, "CodeValue", "121322")
    put(purpose, "CodingSchemeDesignator", "DCM")
    put(purpose, "CodeMeaning", "Source image for image processing operation")  # PS3.16 CID 7202
    put(source, "PurposeOfReferenceCodeSequence", [purpose])
    uid = derived_uid(kind, text(dataset, "SOPInstanceUID") or "", mark)
    put(out, "SOPInstanceUID", uid)
    put(out, "SeriesInstanceUID", derived_uid(kind, text(dataset, "SeriesInstanceUID") or "", mark))
    put(out, "ImageType", ["DERIVED", *(texts(dataset, "ImageType")[1:] or ("PRIMARY",))])
    put(out, "DerivationDescription", description)
    put(out, "SourceImageSequence", [source])
    for keyword in _SIGNATURES:
        if keyword in out:
            delattr(out, keyword)
    meta = getattr(out, "file_meta", None)
    if meta is not None:
        meta.MediaStorageSOPInstanceUID = UID(uid)
    return out


def encodable(dataset: Dataset) -> bool:
    """Tell whether the stated character set holds Chinese and can be written; otherwise new texts stay plain."""
    stated = texts(dataset, "SpecificCharacterSet")
    return len(stated) == 1 and stated[0] in _CHINESE
