"""Bounds on one call of a DICOMweb service."""

from __future__ import annotations

import msgspec

__all__ = ["DicomWebLimits"]


class DicomWebLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one call, so that no server can take more time or memory than was given.

    Attributes:
        seconds: from the first question to the last byte of the last answer.
        answer_bytes: of one answer, unpacked.
        total_bytes: of all answers of a call, unpacked.
        rows: of one search, over all its pages.
        broad_rows: of a search that names neither patient, study nor day, where a server does not understand what
            names them; 0: it is not asked so.
        silent_cap: rows after which this server is known to stop without a word, on whatever page (``LimitFindResults``
            of Orthanc 1.10, measured): an answer of as many is partial. It cannot be seen from outside.
        page: rows asked for at a time.
    """

    seconds: float = 20.0
    answer_bytes: int = 128 << 20
    total_bytes: int = 512 << 20
    rows: int = 20_000
    broad_rows: int = 2_000
    silent_cap: int | None = None
    page: int = 200
