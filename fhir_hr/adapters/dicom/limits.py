"""Bounds on what is read of DICOM objects and DICOM JSON, so that no input can exhaust memory or time."""

from __future__ import annotations

import msgspec

__all__ = ["DicomLimits"]


class DicomLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes beyond which reading stops with a coded issue.

    Attributes:
        file_bytes: one file; a larger one is not read. Pixel data counts here, though it is never read.
        header_bytes: what may be read of one object's header, inflated where it is deflated.
        depth: sequences within sequences that are followed.
        element_bytes: one element whose value is wanted; a longer value is left out.
        text_chars: characters of one text value; a longer one is left out.
        items: items read of one sequence.
        elements: elements of one object, those of its sequences not counted.
        all_items: items of all sequences of one object or DICOMDIR that pydicom may build; each costs it a kilobyte.
        json_bytes: one document of DICOM JSON.
        instances: objects in one document of DICOM JSON; what follows is counted and reported.
        remembered: decoded values that a reader keeps, since most repeat throughout a series.
        issues: issues kept of one object or document; further ones are counted in a last issue.
    """

    file_bytes: int = 8 << 30
    header_bytes: int = 64 << 20
    depth: int = 16
    element_bytes: int = 1 << 20
    text_chars: int = 20_000
    items: int = 1_000
    elements: int = 50_000
    all_items: int = 500_000
    json_bytes: int = 1 << 30
    instances: int = 200_000
    remembered: int = 20_000
    issues: int = 200
