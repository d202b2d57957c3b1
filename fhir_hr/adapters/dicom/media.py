"""DICOMDIR (PS3.3 F, PS3.10 8): which files does the index of a medium name?"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, BinaryIO

from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["read_directory"]

_DEFAULT = DicomLimits()
_SURPRISES = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, RecursionError, TypeError),
    *(ValueError, OSError),
)
"""What pydicom raises on broken files, besides its own error and that of ``struct``."""


def read_directory(file: BinaryIO, *, limits: DicomLimits = _DEFAULT) -> Outcome[tuple[tuple[str, ...], ...] | None]:
    """Read the file ids that a DICOMDIR names, in order; of several records for one file, the first.

    A file id is a path of components below the folder of the DICOMDIR, as stated: whoever opens it must check that it
    stays there. Records that are not in use (0004,1410) are left out.

    Returns:
        the file ids, or ``None`` when it is no DICOMDIR that can be read, with the issue that says so.
    """
    from struct import error as struct_error

    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    data = file.read(limits.header_bytes + 1)
    if len(data) > limits.header_bytes:
        return _refused(f"it is larger than {limits.header_bytes >> 20} MiB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what pydicom doubts of an index does not matter: its files are read anyway
            index = dcmread(io.BytesIO(data), force=False)
            if "DirectoryRecordSequence" not in index:
                return _refused("it holds no directory records")
            found = [file_id for record in index.DirectoryRecordSequence if (file_id := _file_id(record))]
    except (*_SURPRISES, InvalidDicomError, struct_error) as error:
        return _refused(f"it is malformed ({type(error).__name__})")
    return Outcome(tuple(dict.fromkeys(found)))


def _file_id(record: Dataset) -> tuple[str, ...]:
    if record.get("RecordInUseFlag") == 0:
        return ()
    stated = record.get("ReferencedFileID")
    if not stated:
        return ()
    return (stated,) if isinstance(stated, str) else tuple(str(part) for part in stated)


def _refused(why: str) -> Outcome[tuple[tuple[str, ...], ...] | None]:
    message = f"the DICOMDIR cannot be read: {why}; the files that it names were not looked for"
    return Outcome(
        None, (Issue(code=IssueCode.ARCHIVE_UNREADABLE, severity=Severity.ERROR, where="", message=message),)
    )
