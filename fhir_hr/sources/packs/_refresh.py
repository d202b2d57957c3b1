"""One refresh from one site: read its index, fetch what is newer, check it, put it on the shelf, say what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from fhir_hr.errors import PackError, PackRefusedError
from fhir_hr.rules.pack import Pack, canonical_json
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
    LaneEntry,
    LaneKind,
    Manifest,
    PackEntry,
    signatures_beside,
)
from fhir_hr.rules.publishing.keys import Alg
from fhir_hr.rules.publishing.trust import Trust
from fhir_hr.rules.publishing.verify import (
    Held,
    check_files,
    digest_bytes,
    load_verified,
    read_index,
    verify_index,
    verify_lane,
    verify_manifest,
)
from fhir_hr.rules.tables_of import with_rows
from fhir_hr.sources.packs._held import INDEXES, LANE_FILE, LANES, ORIGIN, PACKS, Inventory, Origin
from fhir_hr.sources.packs._shelf import Shelf
from fhir_hr.sources.packs._transport import PackTransport
from fhir_hr.sources.packs.report import Event, State, Subject

__all__ = ["SiteRefresh", "with_lanes"]

T = TypeVar("T")


class _NewPack(msgspec.Struct, frozen=True, kw_only=True):
    manifest: Manifest
    pack: Pack
    files: dict[str, bytes]


class _NewLane(msgspec.Struct, frozen=True, kw_only=True):
    lane: Lane
    files: dict[str, bytes]


_Lanes = dict[LaneKind, Lane]
_Choice = tuple[_NewPack | None, dict[LaneKind, _NewLane]]


def with_lanes(pack: Pack, lanes: _Lanes) -> Pack:
    """Return the pack with the tables replaced that lanes replace.

    Raises:
        PackError: the rows do not fit the pack.
    """
    tables: dict[str, Any] = {kind.value: lane.rows for kind, lane in lanes.items()}
    return with_rows(pack, **tables) if tables else pack


class SiteRefresh:
    """Takes over what one site offers.

    Args:
        transport: the site.
        shelf: where what is accepted is put.
        trust: whom we believe.
        now: the moment.
        keep: how many generations of each stay.
    """

    def __init__(self, transport: PackTransport, *, shelf: Shelf, trust: Trust, now: datetime, keep: int) -> None:
        self._transport = transport
        self._shelf = shelf
        self._trust = trust
        self._now = now
        self._keep = keep
        self._held = Inventory(shelf, trust)
        self.events: list[Event] = []

    def run(self) -> None:
        """Take over what is new and in order; the rest is reported and what is held stays."""
        try:
            index = self._index()
        except PackRefusedError as error:
            self._say(Subject.INDEX, self._transport.name, State.REFUSED, error=error)
            return
        for name in sorted({each.pack for each in index.packs} | {each.pack for each in index.lanes}):
            self._pack(name, index)

    # -- the index ----------------------------------------------------------------------------

    def _index(self) -> Index:
        data = self._transport.read(INDEX, limit=MAX_INDEX)
        signatures = self._transport.read(INDEX_SIGNATURES, limit=MAX_SIGNATURES)
        named = read_index(data)
        place = (INDEXES, named.jurisdiction, named.publisher)
        held = self._held.index(named.jurisdiction, named.publisher)
        floor = _floor(self._held.floor(*place), None if held is None else held.held, data)
        index = verify_index(data, signatures, trust=self._trust, at=self._now, held=floor)
        known = held is not None and held.held.serial == index.serial
        self._put(place, index.serial, {INDEX: data, INDEX_SIGNATURES: signatures})
        if self._now >= index.expires:
            message = (
                f"expired at {index.expires.isoformat()}; its packs are used, and decisions say that they may be stale"
            )
            fault = refused(Fault.INDEX_EXPIRED, message, file=INDEX)
            self._say(Subject.INDEX, index.publisher, State.FLAGGED, index.serial, error=fault)
        else:
            self._say(Subject.INDEX, index.publisher, State.UNCHANGED if known else State.INSTALLED, index.serial)
        return index

    # -- one pack and its lanes ---------------------------------------------------------------

    def _pack(self, name: str, index: Index) -> None:
        held = self._held.pack(name)
        kept = {kind: lane.lane for kind in LaneKind if (lane := self._held.lane(name, kind)) is not None}
        new = self._new_pack([each for each in index.packs if each.pack == name], None if held is None else held.held)
        lanes = dict(self._new_lanes([each for each in index.lanes if each.pack == name]))
        chosen = self._fitting(None if held is None else held.pack, kept, new, lanes, name)
        if chosen is None:
            return
        pack, taken = chosen
        for kind, each in taken.items():
            self._put((LANES, name, kind.value), each.lane.serial, each.files)
            self._say(Subject.LANE, f"{name} {kind}", State.INSTALLED, each.lane.serial)
        if pack is not None:
            origin = canonical_json(Origin(jurisdiction=index.jurisdiction, publisher=index.publisher))
            self._put((PACKS, name), pack.manifest.serial, {**pack.files, ORIGIN: origin})
            self._say(Subject.PACK, name, State.INSTALLED, pack.manifest.serial)

    def _fitting(
        self, held: Pack | None, kept: _Lanes, new: _NewPack | None, lanes: dict[LaneKind, _NewLane], name: str
    ) -> _Choice | None:
        """Choose what fits together: all that is new, else the lanes alone, else the pack alone, else nothing."""
        if new is None and not lanes:
            return None
        choices: list[_Choice] = [(new, lanes)]
        if new is not None and lanes:
            choices += [(None, lanes), (new, {})]
        why: PackError | None = None
        for pack, taken in choices:
            base = held if pack is None else pack.pack
            try:
                if base is not None:
                    with_lanes(base, {**kept, **{kind: each.lane for kind, each in taken.items()}})
            except PackError as error:
                why = why or error
                continue
            self._left_out(new if pack is None else None, {} if taken else lanes, why, name)
            return pack, taken
        self._left_out(new, lanes, why, name)
        return None

    def _left_out(
        self, pack: _NewPack | None, lanes: dict[LaneKind, _NewLane], why: PackError | None, name: str
    ) -> None:
        if why is None:
            return
        error = refused(Fault.MISMATCH, f"pack and lane do not fit together: {why}", file=name)
        if pack is not None:
            self._say(Subject.PACK, name, State.REFUSED, pack.manifest.serial, error=error)
        for kind, lane in lanes.items():
            self._say(Subject.LANE, f"{name} {kind}", State.REFUSED, lane.lane.serial, error=error)

    def _new_pack(self, entries: list[PackEntry], held: Held | None) -> _NewPack | None:
        """Return the highest version that is in order, when it is newer than the one held."""
        floor = self._held.floor(PACKS, entries[0].pack) if entries else 0
        for n, entry in enumerate(sorted(entries, key=lambda each: each.serial, reverse=True)):
            if held is not None and (entry.serial, entry.digest) == (held.serial, held.digest):
                self._say(Subject.PACK, entry.pack, State.UNCHANGED, entry.serial)
                return None
            if n and entry.serial < floor:
                return None  # older ones may stand beside; only when nothing else does is it a step back
            found = self._tried(Subject.PACK, entry.pack, entry.serial, lambda: self._fetch_pack(entry, floor, held))  # noqa: B023
            if found is not None:
                return found
        return None

    def _fetch_pack(self, entry: PackEntry, floor: int, held: Held | None) -> _NewPack:
        data = self._transport.read(f"{entry.path}/{MANIFEST}", limit=MAX_MANIFEST)
        if digest_bytes(data) != entry.digest:
            raise refused(Fault.WRONG_DIGEST, "is not the one that the index names", file=f"{entry.path}/{MANIFEST}")
        signatures = self._transport.read(f"{entry.path}/{SIGNATURES}", limit=MAX_SIGNATURES)
        manifest, _ = verify_manifest(data, signatures, trust=self._trust, at=self._now, held=_floor(floor, held, data))
        said = (manifest.pack, manifest.version, manifest.serial, manifest.not_before)
        if said != (entry.pack, entry.version, entry.serial, entry.not_before):
            raise refused(Fault.MISMATCH, "the index names another pack, version or time", file=MANIFEST)
        files = {
            each.path: self._transport.read(f"{entry.path}/{each.path}", limit=each.size) for each in manifest.files
        }
        check_files(manifest, files, need_sm3=Alg.SM2_SM3 in self._trust.required(manifest.jurisdiction))
        pack = load_verified(manifest, files[manifest.content_path])
        return _NewPack(manifest=manifest, pack=pack, files={MANIFEST: data, SIGNATURES: signatures, **files})

    def _new_lanes(self, entries: list[LaneEntry]) -> Iterator[tuple[LaneKind, _NewLane]]:
        for kind in LaneKind:
            offered = [each for each in entries if each.lane is kind]
            if not offered:
                continue
            entry = max(offered, key=lambda each: each.serial)
            name = f"{entry.pack} {kind}"
            held = self._held.lane(entry.pack, kind)
            if held is not None and (held.held.serial, held.held.digest) == (entry.serial, entry.digest):
                self._say(Subject.LANE, name, State.UNCHANGED, entry.serial)
                continue
            lane = self._tried(
                Subject.LANE,
                name,
                entry.serial,
                lambda: self._fetch_lane(entry, None if held is None else held.held),  # noqa: B023
            )
            if lane is not None:
                yield kind, lane

    def _fetch_lane(self, entry: LaneEntry, held: Held | None) -> _NewLane:
        floor = self._held.floor(LANES, entry.pack, entry.lane.value)
        data = self._transport.read(entry.path, limit=MAX_LANE)
        if digest_bytes(data) != entry.digest:
            raise refused(Fault.WRONG_DIGEST, "is not the one that the index names", file=entry.path)
        signatures = self._transport.read(signatures_beside(entry.path), limit=MAX_SIGNATURES)
        lane = verify_lane(data, signatures, trust=self._trust, at=self._now, held=_floor(floor, held, data))
        if (lane.pack, lane.kind, lane.serial) != (entry.pack, entry.lane, entry.serial):
            raise refused(Fault.MISMATCH, "the index names another lane", file=entry.path)
        return _NewLane(lane=lane, files={LANE_FILE: data, signatures_beside(LANE_FILE): signatures})

    # -- what all of them need ----------------------------------------------------------------

    def _tried(self, subject: Subject, name: str, serial: int, fetch: Callable[[], T]) -> T | None:
        try:
            return fetch()
        except PackRefusedError as error:
            state = State.PENDING if error.fault == Fault.NOT_YET else State.REFUSED
            self._say(subject, name, state, serial, error=error)
            return None

    def _put(self, place: tuple[str, ...], serial: int, files: dict[str, bytes]) -> None:
        self._shelf.put(*place, serial=serial, files=files)
        self._shelf.tidy(*place, keep=self._keep, now=self._now.timestamp())

    def _say(
        self,
        subject: Subject,
        name: str,
        state: State,
        serial: int | None = None,
        *,
        error: PackRefusedError | None = None,
    ) -> None:
        self.events.append(
            Event(
                source=self._transport.name,
                subject=subject,
                name=name,
                state=state,
                serial=serial,
                fault=None if error is None else Fault(error.fault),
                message="" if error is None else str(error),
            )
        )


def _floor(serial: int, held: Held | None, data: bytes) -> Held | None:
    """Return what was accepted before; of a generation whose copy is damaged, the serial alone is known."""
    if held is not None and held.serial == serial:
        return held
    return Held(serial=serial, digest=hashlib.sha256(data).hexdigest()) if serial else None
