"""Shifting the edges of a check by one second: the bound check sees one of the times a second early or late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from fhir_hr.model.when import Precision, When
from fhir_hr.rules.candidate import Candidate, Check
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.clock import Span
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.reasons import Findings
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Anchor, CheckKind

__all__ = ["Shift", "Time", "shift_pack", "shifts"]

SECOND = timedelta(seconds=1)


class Time(StrEnum):
    """The times that checks read."""

    ORDER = "order"
    PERFORMED = "performed"
    REPORTED = "reported"


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One time, one second early (-1) or late (+1), for one check; ``index`` -1: for whether the pack applies."""

    time: Time
    seconds: int
    index: int
    kind: CheckKind | None = None

    @property
    def name(self) -> str:
        """Where and what, for people."""
        where = f"{self.kind.value}[{self.index}]" if self.kind else "effective"
        return f"{where}: {self.time.value} {self.seconds:+d} s"


_READ = {
    CheckKind.TIME_ORDER: (Time.ORDER, Time.PERFORMED, Time.REPORTED),
    CheckKind.LISTED: (Time.PERFORMED,),
    CheckKind.INSTITUTION: (Time.PERFORMED,),
    CheckKind.DIRECTION: (Time.ORDER, Time.PERFORMED),
    CheckKind.NEGATIVE_LIST: (Time.ORDER,),
    CheckKind.QUALITY: (Time.PERFORMED,),
}
_ANCHORS = {
    Anchor.PERFORMED: (Time.ORDER, Time.PERFORMED),
    Anchor.REPORTED: (Time.ORDER, Time.REPORTED),
    Anchor.UNSTATED: (Time.ORDER, Time.PERFORMED, Time.REPORTED),
}


def shifts(content: PackContent) -> Iterator[Shift]:
    """Return every shift of a pack: for each check that reads times, each of them both ways; and of its period."""
    for n, spec in enumerate(content.checks):
        kind = kind_of(spec)
        times = _ANCHORS[spec.anchor] if isinstance(spec, WindowSpec) else _READ.get(kind, ())
        for time in times:
            for seconds in (-1, 1):
                yield Shift(time=time, seconds=seconds, index=n, kind=kind)
    for seconds in (-1, 1):
        yield Shift(time=Time.ORDER, seconds=seconds, index=-1)


def shift_pack(pack: Pack, shift: Shift) -> Pack:
    """Shift a freshly bound pack; it is changed and must not be used otherwise."""
    if shift.index < 0:
        pack.__class__ = _EARLY if shift.seconds < 0 else _LATE
        return pack
    checks = list(pack.checks)
    checks[shift.index] = _shifted(checks[shift.index], shift)
    pack.checks = tuple(checks)
    return pack


class _Early(Pack):
    __slots__ = ()

    def applies(self, candidate: Candidate) -> bool | None:
        return super().applies(_moved(candidate, Time.ORDER, -SECOND))


class _Late(Pack):
    __slots__ = ()

    def applies(self, candidate: Candidate) -> bool | None:
        return super().applies(_moved(candidate, Time.ORDER, SECOND))


_EARLY, _LATE = _Early, _Late


def _shifted(check: Check, shift: Shift) -> Check:
    by = SECOND * shift.seconds

    def ask(candidate: Candidate) -> Findings:
        return check(_moved(candidate, shift.time, by))

    return ask


def _moved(c: Candidate, time: Time, by: timedelta) -> Candidate:
    replace = msgspec.structs.replace
    if time is Time.ORDER:
        at = _when(c.order.at, by)
        return replace(c, at=_span(c.at, by), order=replace(c.order, at=at or c.order.at))
    prior = replace(c.prior, **{time.value: _when(getattr(c.prior, time.value), by)})
    return (
        replace(c, prior=prior, performed=_span(c.performed, by)) if time is Time.PERFORMED else replace(c, prior=prior)
    )


def _span(span: Span | None, by: timedelta) -> Span | None:
    return None if span is None else (span[0] + by, span[1] + by)


def _when(when: When | None, by: timedelta) -> When | None:
    # A date is not a second long; only its bounds can be shifted, which the candidate's spans do.
    if when is None or when.precision < Precision.SECOND:
        return when
    try:
        return msgspec.structs.replace(when, iso=(datetime.fromisoformat(when.iso) + by).isoformat())
    except (ValueError, OverflowError):
        return when
