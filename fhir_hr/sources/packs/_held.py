"""What a store holds, checked again each time it is read: a copy on a disk can be changed or lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from fhir_hr.errors import MissingExtraError, PackRefusedError
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.publishing.faults import Fault, refused
from fhir_hr.rules.publishing.formats import (
    INDEX,
    INDEX_SIGNATURES,
    MANIFEST,
    MAX_INDEX,
    MAX_LANE,
    MAX_MANIFEST,
    MAX_SIGNATURES,
    SIGNATURES,
    Index,
    Lane,
    LaneKind,
    Manifest,
    signatures_beside,
)
from fhir_hr.rules.publishing.names import jurisdiction_of
from fhir_hr.rules.publishing.signatures import check_signatures
from fhir_hr.rules.publishing.strict_json import read_json
from fhir_hr.rules.publishing.trust import Signs, Trust
from fhir_hr.rules.publishing.verify import (
    Held,
    check_files,
    digest_bytes,
    load_verified,
    read_index,
    read_lane,
    read_manifest,
)
from fhir_hr.sources.packs._shelf import Shelf
from fhir_hr.sources.packs.directory import read_bounded
from fhir_hr.sources.packs.report import Event, State, Subject

__all__ = [
    "INDEXES",
    "LANES",
    "LANE_FILE",
    "ORIGIN",
    "PACKS",
    "STORE",
    "HeldIndex",
    "HeldLane",
    "HeldPack",
    "Inventory",
    "Origin",
]

T = TypeVar("T")

INDEXES, PACKS, LANES = "indexes", "packs", "lanes"
LANE_FILE, ORIGIN = "lane.json", "origin.json"
STORE = "store"
_MAX_ORIGIN = 1_000
_SIGNS = {Subject.PACK: Signs.PACKS, Subject.INDEX: Signs.INDEX, Subject.LANE: Signs.LANES}
_WHY_UNUSED = {
    Fault.UNKNOWN_KEY: Fault.KEY_WITHDRAWN,
    Fault.WRONG_JURISDICTION: Fault.KEY_WITHDRAWN,
    Fault.WRONG_PURPOSE: Fault.KEY_WITHDRAWN,
    Fault.WRONG_VOCABULARY: Fault.WRONG_VOCABULARY,
}


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose index brought a pack; our own note, beside what is signed."""

    jurisdiction: str
    publisher: str


class HeldIndex(msgspec.Struct, frozen=True, kw_only=True):
    """The last index accepted of a publisher."""

    index: Index
    held: Held


class HeldLane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that was accepted."""

    lane: Lane
    held: Held


class HeldPack(msgspec.Struct, frozen=True, kw_only=True):
    """A generation of a pack, whole; without its lanes."""

    manifest: Manifest
    pack: Pack
    held: Held
    origin: Origin | None


class Inventory:
    """Reads a store's folder; what is wrong with it is gathered as events.

    Of each thing the newest generation that is whole, and signed by a key that the trust file has, is used. That a
    key has ended since, or that more signatures are required now, switches nothing off.

    Args:
        shelf: the folder.
        trust: whom we believe.
    """

    def __init__(self, shelf: Shelf, trust: Trust) -> None:
        self._shelf = shelf
        self._trust = trust
        self.events: list[Event] = []

    def packs(self) -> tuple[str, ...]:
        """Return the names of the packs that are held."""
        return tuple(name for name in self._shelf.names(PACKS) if jurisdiction_of(name) is not None)

    def floor(self, *place: str) -> int:
        """Return the highest serial ever accepted at a place, whether its copy is whole or not; 0: none."""
        return next(iter(self._shelf.serials(*place)), 0)

    def indexes(self) -> tuple[HeldIndex, ...]:
        """Return the last good index of every publisher."""
        shelf = self._shelf
        names = [(each, name) for each in shelf.names(INDEXES) for name in shelf.names(INDEXES, each)]
        found = (self.index(jurisdiction, publisher) for jurisdiction, publisher in names)
        return tuple(each for each in found if each is not None)

    def index(self, jurisdiction: str, publisher: str) -> HeldIndex | None:
        """Return the last good index of a publisher."""

        def read(folder: Path, serial: int) -> HeldIndex:
            data = read_bounded(folder, INDEX, limit=MAX_INDEX)
            index = read_index(data)
            _belongs((index.jurisdiction, index.publisher, index.serial), (jurisdiction, publisher, serial), file=INDEX)
            self._signed(Subject.INDEX, publisher, serial, data, folder, INDEX_SIGNATURES, jurisdiction)
            return HeldIndex(index=index, held=Held(serial=serial, digest=digest_bytes(data)))

        return self._newest(Subject.INDEX, publisher, (INDEXES, jurisdiction, publisher), read)

    def pack(self, name: str) -> HeldPack | None:
        """Return the last good generation of a pack."""

        def read(folder: Path, serial: int) -> HeldPack:
            data = read_bounded(folder, MANIFEST, limit=MAX_MANIFEST)
            manifest = read_manifest(data)
            _belongs((manifest.pack, manifest.serial), (name, serial), file=MANIFEST)
            self._signed(Subject.PACK, name, serial, data, folder, SIGNATURES, manifest.jurisdiction)
            files = {each.path: read_bounded(folder, each.path, limit=each.size) for each in manifest.files}
            check_files(manifest, files)
            return HeldPack(
                manifest=manifest,
                pack=load_verified(manifest, files[manifest.content_path]),
                held=Held(serial=serial, digest=digest_bytes(data)),
                origin=_origin(folder),
            )

        return self._newest(Subject.PACK, name, (PACKS, name), read)

    def lane(self, pack: str, kind: LaneKind) -> HeldLane | None:
        """Return the last good lane of a pack and kind."""

        def read(folder: Path, serial: int) -> HeldLane:
            data = read_bounded(folder, LANE_FILE, limit=MAX_LANE)
            lane = read_lane(data)
            _belongs((lane.pack, lane.kind, lane.serial), (pack, kind, serial), file=LANE_FILE)
            beside = signatures_beside(LANE_FILE)
            self._signed(Subject.LANE, f"{pack} {kind}", serial, data, folder, beside, lane.jurisdiction)
            return HeldLane(lane=lane, held=Held(serial=serial, digest=digest_bytes(data)))

        return self._newest(Subject.LANE, f"{pack} {kind}", (LANES, pack, kind.value), read)

    def flag(
        self,
        subject: Subject,
        name: str,
        serial: int | None,
        fault: Fault,
        message: str,
        *,
        state: State = State.FLAGGED,
    ) -> None:
        """Note something that is used with a doubt, or a copy that is not used."""
        self.events.append(
            Event(source=STORE, subject=subject, name=name, state=state, serial=serial, fault=fault, message=message)
        )

    def _newest(self, subject: Subject, name: str, place: tuple[str, ...], read: Callable[[Path, int], T]) -> T | None:
        for serial in self._shelf.serials(*place):
            try:
                return read(self._shelf.at(*place, serial=serial), serial)
            except PackRefusedError as error:
                fault = _WHY_UNUSED.get(Fault(error.fault), Fault.STORE_DAMAGED)
                message = f"the copy held is not used: {error}"
                self.flag(subject, name, serial, fault, message, state=State.REFUSED)
        return None

    def _signed(
        self, subject: Subject, name: str, serial: int, data: bytes, folder: Path, beside: str, jurisdiction: str
    ) -> None:
        signatures = read_bounded(folder, beside, limit=MAX_SIGNATURES)
        try:
            check_signatures(
                data,
                signatures,
                trust=self._trust,
                what=_SIGNS[subject],
                jurisdiction=jurisdiction,
                at=None,
                file=f"{name} {serial}",
            )
        except MissingExtraError as error:
            self.flag(subject, name, serial, Fault.EXTRA_MISSING, f"its signature was not checked again: {error}")
        except PackRefusedError as error:
            if error.fault != Fault.SIGNATURE_MISSING:
                raise
            self.flag(subject, name, serial, Fault.SIGNATURE_MISSING, f"used all the same: {error}")


def _belongs(said: tuple[object, ...], here: tuple[object, ...], *, file: str) -> None:
    if said != here:
        raise refused(Fault.MISMATCH, "is not the one that belongs here", file=file)


def _origin(folder: Path) -> Origin | None:
    try:
        data = read_bounded(folder, ORIGIN, limit=_MAX_ORIGIN)
        return read_json(data, Origin, file=ORIGIN, limit=_MAX_ORIGIN)
    except PackRefusedError:
        return None
