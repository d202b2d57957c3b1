"""The store: a folder with the last good packs of a hospital, refreshed from sites, read without any network."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fhir_hr.errors import PackError, UsageError
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.publishing.faults import Fault
from fhir_hr.rules.publishing.formats import LaneKind
from fhir_hr.rules.publishing.trust import Trust
from fhir_hr.rules.tables_of import with_rows
from fhir_hr.sources.packs._held import HeldIndex, HeldLane, HeldPack, Inventory
from fhir_hr.sources.packs._refresh import SiteRefresh, with_lanes
from fhir_hr.sources.packs._shelf import Shelf
from fhir_hr.sources.packs._transport import PackTransport
from fhir_hr.sources.packs.report import Event, RefreshReport, Subject

__all__ = ["PackStore"]


class PackStore:
    """The last good packs, in a folder.

    What a site offers is taken over only when its signatures hold, its serials grow and its parts fit together;
    everything else is reported, and what is held stays in use. An index that has expired, or that names something
    newer than what is held, makes decisions say that the rules may be stale (``HR-PACK-STALE``); it never switches
    them off. Making the object touches nothing. Safe to share between threads; several processes may use one folder.

    Args:
        folder: the folder; made when something is taken over.
        trust: whom the hospital believes.
        transports: the sites to ask, in this order.
        keep: how many generations of each pack, index and lane stay, so that old decisions can be computed again.
    """

    def __init__(
        self, folder: Path | str, *, trust: Trust, transports: Sequence[PackTransport] = (), keep: int = 50
    ) -> None:
        if keep < 2:
            raise UsageError("keep is at least 2: the last good generation and the one before")
        self._shelf = Shelf(Path(folder))
        self._trust = trust
        self._transports = tuple(transports)
        self._keep = keep
        self._lock = threading.Lock()
        self._read: tuple[tuple[Pack, ...], tuple[Event, ...]] | None = None

    def __repr__(self) -> str:
        return f"PackStore({len(self._transports)} sites)"

    def packs(self) -> tuple[Pack, ...]:
        """Return the packs to judge by, in order of their names; read once, and again after :meth:`refresh`.

        Raises:
            StoreError: the folder is there and cannot be read.
        """
        return self._loaded()[0]

    def problems(self) -> tuple[Event, ...]:
        """Return what is wrong with what is held: damaged copies, withdrawn keys, packs listed no more."""
        return self._loaded()[1]

    def reload(self) -> None:
        """Read the folder again: another process may have refreshed it. Meanwhile :meth:`packs` answers as before.

        Raises:
            StoreError: the folder is there and cannot be read.
        """
        found = _load(Inventory(self._shelf, self._trust))
        with self._lock:
            self._read = found

    def refresh(self, *, now: datetime) -> RefreshReport:
        """Ask all sites and take over what is new and in order.

        Args:
            now: the moment, with an offset.

        Raises:
            UsageError: ``now`` has no offset.
            StoreError: the folder cannot be written; what is held is untouched.
            MissingExtraError: the trust file requires SM2, and its extra is not installed.
        """
        if now.tzinfo is None:
            raise UsageError("now needs an offset")
        events: list[Event] = []
        try:
            for transport in self._transports:
                site = SiteRefresh(transport, shelf=self._shelf, trust=self._trust, now=now, keep=self._keep)
                site.run()
                events += site.events
        finally:
            self.reload()
        return RefreshReport(events=(*events, *self.problems()))

    def _loaded(self) -> tuple[tuple[Pack, ...], tuple[Event, ...]]:
        with self._lock:
            found = self._read
        if found is None:
            self.reload()
            return self._loaded()
        return found


def _load(held: Inventory) -> tuple[tuple[Pack, ...], tuple[Event, ...]]:
    indexes = held.indexes()
    packs: list[Pack] = []
    for name in held.packs():
        found = held.pack(name)
        if found is None:
            continue
        lanes = {kind: lane for kind in LaneKind if (lane := held.lane(name, kind)) is not None}
        until = _fresh_until(found, lanes, indexes, held)
        pack = found.pack if until is None else with_rows(found.pack, fresh_until=until)
        packs.append(_with_lanes(pack, lanes, held))
    return tuple(packs), tuple(held.events)


def _with_lanes(pack: Pack, lanes: dict[LaneKind, HeldLane], held: Inventory) -> Pack:
    # They fitted when they were taken over; they may not when an earlier copy stands in for a damaged one.
    for kind, lane in lanes.items():
        try:
            pack = with_lanes(pack, {kind: lane.lane})
        except PackError as error:
            name, serial = f"{pack.ref.id} {kind}", lane.held.serial
            held.flag(Subject.LANE, name, serial, Fault.MISMATCH, f"not used, it does not fit the pack: {error}")
    return pack


def _fresh_until(
    found: HeldPack, lanes: dict[LaneKind, HeldLane], indexes: Sequence[HeldIndex], held: Inventory
) -> datetime | None:
    """Return the moment from which the pack held may be stale; ``None``: no index speaks of it.

    That is when the last index that lists it expires; or, when an index names a newer version or lane than is held
    (it could not be had, or was refused), the moment from which that one counts.
    """
    name, serial = found.manifest.pack, found.held.serial
    knowing = [each.index for each in indexes if any(entry.pack == name for entry in each.index.packs)]
    if not knowing:
        return _not_listed(found, indexes, held)
    limits = [max(index.expires for index in knowing)]
    for index in knowing:
        for entry in index.packs:
            if entry.pack == name and entry.serial > serial:
                limits.append(index.issued if entry.not_before is None else max(index.issued, entry.not_before))
        for listed in index.lanes:
            lane = lanes.get(listed.lane)
            if listed.pack == name and (lane is None or listed.serial > lane.held.serial):
                limits.append(index.issued)
    return min(limits)


def _not_listed(found: HeldPack, indexes: Sequence[HeldIndex], held: Inventory) -> datetime | None:
    origin = found.origin
    for each in indexes:
        index = each.index
        if origin is not None and (index.jurisdiction, index.publisher) == (origin.jurisdiction, origin.publisher):
            message = f"used, though the index of {index.publisher} no longer lists it"
            held.flag(Subject.PACK, found.manifest.pack, found.held.serial, Fault.NOT_LISTED, message)
            return index.issued
    return None
