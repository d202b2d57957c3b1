"""DICOMDIR (PS3.3 F, PS3.10 8): which files does the index of a medium name?"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from fhir_hr.adapters.dicom.headers.reading import ITEM_HEADS
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.dicom.quiet import quiet
from fhir_hr.issues import Issue, IssueCode, Outcome, Severity

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["read_directory"]

_DEFAULT = DicomLimits()
_UNDEFINED = 0xFFFFFFFF


def read_directory(file: BinaryIO, *, limits: DicomLimits = _DEFAULT) -> Outcome[tuple[tuple[str, ...], ...] | None]:
    """Read the file ids that a DICOMDIR names, in order; of several records for one file, the first.

    A file id is a path of components below the folder of the DICOMDIR, as stated: whoever opens it must check that it
    stays there. Records that are not in use (0004,1410) are left out.

    Returns:
        the file ids, or ``None`` when it is no DICOMDIR that can be read, with the issue that says so.
    """
    from pydicom import dcmread

    data = file.read(limits.header_bytes + 1)
    if len(data) > limits.header_bytes:
        return _refused(f"it is larger than {limits.header_bytes >> 20} MiB")
    if sum(map(data.count, ITEM_HEADS)) > limits.all_items:
        return _refused(f"it holds more than {limits.all_items} items")
    try:
        with quiet() as heard:
            index = dcmread(io.BytesIO(data), force=False)
            if "DirectoryRecordSequence" not in index:
                return _refused("it holds no directory records")
            cut_off = _cut_off(index, len(data))
            found = [file_id for record in index.DirectoryRecordSequence if (file_id := _file_id(record))]
    except Exception as error:  # noqa: BLE001 - any byte of a file can make pydicom raise nearly anything
        return _refused(f"it is malformed ({type(error).__name__})")
    if not (cut_off or heard.doubts):
        return Outcome(tuple(dict.fromkeys(found)))
    message = f"the DICOMDIR is {'cut off' if cut_off else 'malformed'}; files that it names may have been overlooked"
    doubt = Issue(code=IssueCode.DICOM_MALFORMED, severity=Severity.WARNING, where="", message=message)
    return Outcome(tuple(dict.fromkeys(found)), (doubt,))


def _cut_off(index: Dataset, size: int) -> bool:
    """Whether the records end before their stated length, or one points behind the end; pydicom does not mind."""
    raw = index.get_item("DirectoryRecordSequence")
    stated = getattr(raw, "length", _UNDEFINED)
    if isinstance(raw.value, bytes) and stated != _UNDEFINED and len(raw.value) < stated:
        return True
    pointers = ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity")
    return any((record.get(name) or 0) >= size for record in index.DirectoryRecordSequence for name in pointers)


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
