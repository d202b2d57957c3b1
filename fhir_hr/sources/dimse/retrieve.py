"""Whole studies and series, by C-GET or C-MOVE: first what there is, then the objects, then what is missing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fhir_hr.errors import PeerLostError
from fhir_hr.sources.dimse.getting import get
from fhir_hr.sources.dimse.keys import IMAGE
from fhir_hr.sources.dimse.moving import move
from fhir_hr.sources.dimse.received import Received, ReceivedObject
from fhir_hr.sources.dimse.session import Session
from fhir_hr.sources.dimse.settings import Peer
from fhir_hr.sources.dimse.sockets import Deadline
from fhir_hr.sources.studies.query import StudyState

__all__ = ["get_series", "get_study", "move_study"]


def get_study(peer: Peer, study_uid: str, take: Callable[[ReceivedObject], None]) -> Received:
    """Fetch a study by C-GET.

    Args:
        peer: the archive.
        study_uid: Study Instance UID.
        take: gets each object once, e.g. :class:`.received.FolderSink`; one at a time, none is kept.

    Returns:
        what came; ``failed`` names what the archive lists and did not send.
    """
    return _fetch(peer, study_uid, None, lambda values, listed, clock: _get(peer, values, listed, take, clock))


def get_series(peer: Peer, study_uid: str, series_uid: str, take: Callable[[ReceivedObject], None]) -> Received:
    """Fetch one series by C-GET; see :func:`get_study`."""
    return _fetch(peer, study_uid, series_uid, lambda values, listed, clock: _get(peer, values, listed, take, clock))


def move_study(peer: Peer, study_uid: str, take: Callable[[ReceivedObject], None], *, port: int, host: str) -> Received:
    """Fetch a study by C-MOVE to our own AE title; see :func:`get_study` and :func:`.moving.move`."""
    return _fetch(
        peer,
        study_uid,
        None,
        lambda values, _listed, clock: move(peer, values, port=port, host=host, take=take, deadline=clock),
    )


def _get(
    peer: Peer,
    values: dict[str, str],
    listed: _Listed,
    take: Callable[[ReceivedObject], None],
    clock: Deadline,
) -> Received:
    expected = frozenset(listed.uids) if listed.complete else frozenset()
    return get(peer, values, sop_classes=listed.classes, take=take, expected=expected, deadline=clock)


def _fetch(
    peer: Peer,
    study_uid: str,
    series_uid: str | None,
    fetch: Callable[[dict[str, str], _Listed, Deadline], Received],
) -> Received:
    clock = Deadline(peer.bounds.total)
    values = {"StudyInstanceUID": study_uid}
    if series_uid is not None:
        values["SeriesInstanceUID"] = series_uid
    try:
        listed = _listed(peer, values, clock)
    except PeerLostError as lost:
        state = StudyState.REFUSED if lost.refused else StudyState.UNAVAILABLE
        return Received(state=state, failures=(str(lost),))
    if listed.complete and not listed.uids:
        return Received(state=StudyState.NOTHING)
    received = fetch(values, listed, clock)
    return _compared(received, listed)


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive says that it has: instances, their classes where all are stated."""

    uids: tuple[str, ...]
    classes: tuple[str, ...]
    complete: bool


def _listed(peer: Peer, values: dict[str, str], clock: Deadline) -> _Listed:
    """Ask at IMAGE level, series by series; SOPClassesInStudy is known to few archives."""
    uids: list[str] = []
    classes: dict[str | None, None] = {}
    complete = True
    with Session(peer, clock) as session:
        series = [values["SeriesInstanceUID"]] if "SeriesInstanceUID" in values else []
        if not series:
            rows = session.find("SERIES", ("SeriesInstanceUID",), values)
            complete = not rows.failure
            series = list(dict.fromkeys(each.series_instance_uid or "" for each in rows.headers))
        for uid in filter(None, series):
            rows = session.find("IMAGE", IMAGE, {**values, "SeriesInstanceUID": uid})
            complete = complete and not rows.failure and not rows.stopped
            for each in rows.headers:
                if each.sop_instance_uid:
                    uids.append(each.sop_instance_uid)
                    classes[each.sop_class_uid] = None
    stated = tuple(each for each in classes if each) if complete and None not in classes else ()
    return _Listed(uids=tuple(dict.fromkeys(uids)), classes=stated, complete=complete)


def _compared(received: Received, listed: _Listed) -> Received:
    came = set(received.received)
    missing = tuple(dict.fromkeys((*received.failed, *(uid for uid in listed.uids if uid not in came))))
    if not missing and listed.complete and came and received.state is StudyState.PARTIAL and not received.failures:
        return msgspec.structs.replace(received, state=StudyState.FOUND)
    if not missing:
        return received
    words = (*received.failures, f"{len(missing)} object(s) that the archive lists did not come")
    state = received.state
    if state in (StudyState.FOUND, StudyState.NOTHING):
        state = StudyState.PARTIAL if came else StudyState.UNAVAILABLE
    return msgspec.structs.replace(received, state=state, failed=missing, failures=words)
