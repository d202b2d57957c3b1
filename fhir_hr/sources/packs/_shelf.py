"""The folder of a store: generations of signed things, each in a folder of its own, put there in one step.

.. code-block:: text

    indexes/<jurisdiction>/<publisher>/<serial>/   index.json, index.signatures.json
    packs/<pack>/<serial>/                         manifest.json, signatures.json, <pack>.json, …, origin.json
    lanes/<pack>/<kind>/<serial>/                  lane.json, lane.signatures.json

There is no state beside: what was accepted is what lies there, with its signatures, and the highest serial counts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from fhir_hr.errors import StoreError

__all__ = ["Shelf"]

_DIGITS = 16
_ABANDONED = 24 * 3600
_TEMPORARY = ".new-"


class Shelf:
    """Generations below one folder. Making the object touches nothing.

    Args:
        folder: the store's folder; it is made when something is put there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self, *place: str) -> tuple[str, ...]:
        """Return the names of what stands at a place, sorted."""
        return tuple(sorted(each.name for each in self._entries(*place) if not each.name.startswith(".")))

    def serials(self, *place: str) -> tuple[int, ...]:
        """Return the serials of the generations at a place, highest first."""
        found = [int(name) for name in self.names(*place) if len(name) == _DIGITS and name.isascii() and name.isdigit()]
        return tuple(sorted(found, reverse=True))

    def at(self, *place: str, serial: int) -> Path:
        """Return the folder of a generation."""
        return self._folder.joinpath(*place, f"{serial:0{_DIGITS}d}")

    def put(self, *place: str, serial: int, files: Mapping[str, bytes]) -> None:
        """Put a generation there, whole or not at all; one of the same serial (a damaged one) is replaced.

        Raises:
            StoreError: the folder cannot be written.
        """
        target = self.at(*place, serial=serial)
        try:
            if _holds(target, files):
                return  # another process was quicker
            target.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=target.parent))
            for name, data in files.items():
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(path, data)
            if target.exists():
                target.rename(made.with_name(f"{made.name}-old"))
            made.rename(target)
            _settle(target.parent)
        except OSError as error:
            raise StoreError(f"the pack store cannot be written: {type(error).__name__}") from error

    def tidy(self, *place: str, keep: int, now: float) -> None:
        """Take away all but the newest generations, and what a broken run left behind a day ago.

        Args:
            place: where.
            keep: how many generations stay.
            now: seconds of the epoch.
        """
        for serial in self.serials(*place)[keep:]:
            shutil.rmtree(self.at(*place, serial=serial), ignore_errors=True)
        for each in self._entries(*place):
            if each.name.startswith(_TEMPORARY) and now - each.stat().st_mtime > _ABANDONED:
                shutil.rmtree(each, ignore_errors=True)

    def _entries(self, *place: str) -> list[Path]:
        try:
            return [each for each in self._folder.joinpath(*place).iterdir() if each.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"the pack store cannot be read: {type(error).__name__}") from error


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Tell whether a folder holds exactly these bytes, in files of its own."""
    try:
        return all(
            (folder / name).read_bytes() == data and not (folder / name).is_symlink() for name, data in files.items()
        )
    except OSError:
        return False


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _settle(folder: Path) -> None:
    """Make the new name survive a loss of power, where folders can be opened (not on Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
