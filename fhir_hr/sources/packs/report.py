"""What a refresh did, and what is wrong with what is held: as data."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fhir_hr.rules.publishing.faults import Fault

__all__ = ["Event", "RefreshReport", "State", "Subject"]


class Subject(StrEnum):
    """What an event is about."""

    INDEX = "index"
    PACK = "pack"
    LANE = "lane"


class State(StrEnum):
    """What became of it."""

    INSTALLED = "installed"
    UNCHANGED = "unchanged"
    PENDING = "pending"  # in order, and its time has not come
    REFUSED = "refused"  # not taken over; the last good one is kept
    FLAGGED = "flagged"  # used, with a doubt that must be looked at


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        source: name of the transport, or ``store``.
        subject: index, pack or lane.
        name: of the publisher, the pack, or pack and lane.
        serial: as the publisher says; ``None`` where it is not known.
        fault: why; ``None`` where all is well.
        message: words for a person.
    """

    source: str
    subject: Subject
    name: str
    state: State
    serial: int | None = None
    fault: Fault | None = None
    message: str = ""

    def __str__(self) -> str:
        serial = "" if self.serial is None else f" {self.serial}"
        why = f": {self.message}" if self.message else ""
        return f"{self.source}: {self.subject} {self.name}{serial} {self.state}{why}"


class RefreshReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a refresh did, in order."""

    events: tuple[Event, ...]

    @property
    def installed(self) -> tuple[Event, ...]:
        """What was taken over."""
        return tuple(each for each in self.events if each.state is State.INSTALLED)

    @property
    def refused(self) -> tuple[Event, ...]:
        """What was not taken over, and why."""
        return tuple(each for each in self.events if each.state is State.REFUSED)

    @property
    def flagged(self) -> tuple[Event, ...]:
        """What is used with a doubt."""
        return tuple(each for each in self.events if each.state is State.FLAGGED)

    @property
    def ok(self) -> bool:
        """Whether nothing was refused or flagged."""
        return not self.refused and not self.flagged
