"""Objects as they arrive by C-STORE: each once, only of what was asked, within bounds."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from fhir_hr.adapters.dicom.headers.reading import read_header
from fhir_hr.sources.dimse.settings import Bounds
from fhir_hr.sources.studies.query import StudyState

__all__ = ["FolderSink", "Received", "ReceivedObject", "Taker"]

_SUCCESS = 0x0000
_OUT_OF_RESOURCES = 0xA700
_NOT_ASKED = 0xA900
_CANNOT_UNDERSTAND = 0xC000


class ReceivedObject(msgspec.Struct, frozen=True, kw_only=True):
    """One object as it came: its data set, byte for byte, and what is needed to make a file of it."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data: bytes

    def file_bytes(self) -> bytes:
        """Return the object as a DICOM file (PS3.10)."""
        from pydicom.uid import UID
        from pynetdicom.dsutils import create_file_meta, encode_file_meta

        meta = create_file_meta(
            sop_class_uid=UID(self.sop_class_uid),
            sop_instance_uid=UID(self.sop_instance_uid),
            transfer_syntax=UID(self.transfer_syntax_uid),
        )
        return b"\0" * 128 + b"DICM" + encode_file_meta(meta) + self.data

    def __repr__(self) -> str:
        return f"ReceivedObject(sop_class_uid={self.sop_class_uid!r}, <{len(self.data)} bytes>)"


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What a C-GET or C-MOVE brought.

    Attributes:
        state: found when all of it came, partial when some did or what failed is not known, nothing when the archive
            has none, unavailable or refused otherwise.
        received: SOP Instance UIDs of what came, each once, in order.
        failed: those that the archive names as failed and that did not come.
        failures: why it is not all, in words.
        reported_completed, reported_failed, reported_warning: the archive's own counts.
    """

    state: StudyState
    received: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    reported_completed: int = 0
    reported_failed: int = 0
    reported_warning: int = 0


class FolderSink:
    """Writes objects as files ``IM000001.dcm`` … into a folder; their names say nothing of the patient.

    Args:
        folder: made when new; must hold no such file yet.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.paths: list[Path] = []
        self._folder = folder

    def __call__(self, received: ReceivedObject) -> None:
        """Write one object.

        Raises:
            OSError: it cannot be written, or the file is there already.
        """
        path = self._folder / f"IM{len(self.paths) + 1:06}.dcm"
        with path.open("xb") as file:
            try:
                file.write(received.file_bytes())
                file.flush()
            except OSError:
                path.unlink()  # half an object is none
                raise
        self.paths.append(path)


class Taker:
    """Takes what was asked for and nothing else; answers each object with its C-STORE status (PS3.4 B.2.3).

    Args:
        values: the UIDs that were asked for.
        bounds: how much may come.
        sink: gets each object once. When it raises ``OSError``, the object counts as failed.
    """

    def __init__(self, values: Mapping[str, str], bounds: Bounds, sink: Callable[[ReceivedObject], None]) -> None:
        self.seen: dict[str, None] = {}
        self.refused: list[str] = []
        self.full = False
        self._values = values
        self._left = bounds.total_bytes
        self._largest = bounds.object_bytes
        self._sink = sink
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many objects came."""
        return len(self.seen)

    def take(self, received: ReceivedObject) -> int:
        """Take one object; returns the status for the sender."""
        with self._lock:
            uid = received.sop_instance_uid
            if uid in self.seen:
                return _SUCCESS
            size = len(received.data)
            if size > min(self._left, self._largest):
                self.full = size > self._left
                self.refused.append("more bytes came than may: the rest was refused")
                return _OUT_OF_RESOURCES
            status = self._unasked(received)
            if status:
                return status
            try:
                self._sink(received)
            except OSError as error:
                self.full = True
                self.refused.append(f"an object could not be written: {error.strerror or 'no space or no right'}")
                return _OUT_OF_RESOURCES
            self._left -= size
            self.seen[uid] = None
            return _SUCCESS

    def _unasked(self, received: ReceivedObject) -> int:
        try:
            # By our own reader: it inflates a deflated object no further than its header may be long.
            found = read_header(io.BytesIO(received.file_bytes())).value
        except (ValueError, TypeError, KeyError, AttributeError, EOFError, NotImplementedError):  # the file's own meta
            found = None
        if found is None:
            self.refused.append("an object could not be read")
            return _CANNOT_UNDERSTAND
        if found.sop_instance_uid != received.sop_instance_uid:
            self.refused.append("an object came under another SOP Instance UID than it states; it was refused")
            return _CANNOT_UNDERSTAND
        stated = {
            "StudyInstanceUID": found.study_instance_uid,
            "SeriesInstanceUID": found.series_instance_uid,
            "SOPInstanceUID": found.sop_instance_uid,
        }
        wanted = {key: value.split("\\") for key, value in self._values.items() if key in stated}
        if any(stated[key] not in values for key, values in wanted.items()):
            self.refused.append("an object came that was not asked for; it was refused")
            return _NOT_ASKED
        return _SUCCESS

    def done(
        self,
        *,
        complete: bool,
        failures: tuple[str, ...] = (),
        failed: tuple[str, ...] = (),
        refused: bool = False,
        reported_completed: int = 0,
        reported_failed: int = 0,
        reported_warning: int = 0,
    ) -> Received:
        """Return what came, with its state."""
        words = tuple(dict.fromkeys((*failures, *self.refused)))
        if complete and not self.refused:
            state = StudyState.FOUND if self.seen else StudyState.NOTHING
        elif self.seen:
            state = StudyState.PARTIAL
        else:
            state = StudyState.REFUSED if refused else StudyState.UNAVAILABLE
        return Received(
            state=state,
            received=tuple(self.seen),
            failed=failed,
            failures=words,
            reported_completed=reported_completed,
            reported_failed=reported_failed,
            reported_warning=reported_warning,
        )
