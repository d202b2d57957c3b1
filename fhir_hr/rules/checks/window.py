"""Is it recent enough, where the text states a limit?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import TypeAlias

from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.clock import Span, day_end, day_start, moment, parse_zone, span
from fhir_hr.rules.lists import Lists
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import Anchor, CheckKind, Count, ReasonCode

__all__ = ["Ends", "Limit", "bind_window", "bind_window_ends", "bind_window_limit", "in_window", "readings"]

Reading: TypeAlias = tuple[Anchor, Count, bool]
"""One way to count: from which time, by which days, and whether the limit itself still counts."""

Limit: TypeAlias = Callable[[Candidate], int | None]
"""The limit in days that holds for a candidate's item; ``None``: none is stated."""

Ends: TypeAlias = Callable[[Candidate], Iterator[tuple[datetime, bool]]]
"""Moments at which a window's answer may change, and whether the old answer still holds at that very moment."""


def readings(spec: WindowSpec) -> tuple[Reading, ...]:
    """Return every way in which the text can be read: one, where it states all."""
    anchors = (Anchor.PERFORMED, Anchor.REPORTED) if spec.anchor is Anchor.UNSTATED else (spec.anchor,)
    counts = (Count.ELAPSED, Count.CALENDAR) if spec.count is Count.UNSTATED else (spec.count,)
    edges = (True, False) if spec.inclusive is None else (spec.inclusive,)
    return tuple(product(anchors, counts, edges))


def in_window(anchor: Span, at: Span, *, days: int, count: Count, inclusive: bool, zone: timezone) -> bool | None:
    """Tell whether ``at`` lies within ``days`` of ``anchor``; ``None`` when precision does not tell.

    ``elapsed``: days of 24 hours from moment to moment. ``calendar``: how often the date changes in ``zone``.
    ``inclusive``: exactly ``days`` still counts.
    """
    if count is Count.ELAPSED:
        longest, shortest, limit = at[1] - anchor[0], at[0] - anchor[1], timedelta(days=days)
    else:
        limit = timedelta(days=days)
        try:
            longest = day_start(at[1], zone) - day_start(anchor[0], zone)
            shortest = day_start(at[0], zone) - day_start(anchor[1], zone)
        except OverflowError:
            return None
    if longest < limit or (inclusive and longest == limit):
        return True
    if shortest > limit or (not inclusive and shortest == limit):
        return False
    return None


def bind_window(spec: WindowSpec, voice: Voice) -> Check:
    """Bind: older than the item's own limit, or the check's → ``on_expired``.

    Times that do not tell → ``on_unknown``; no limit in the text, or none that was seen → ``on_none``. Where the
    text does not say how to count, every reading is asked; if they differ → ``on_unclear``.
    """
    kind, zone = CheckKind.WINDOW, parse_zone(spec.zone) or UTC
    limit, ways = bind_window_limit(spec, voice.lists), readings(spec)
    anchors = tuple(dict.fromkeys(anchor for anchor, _, _ in ways))
    named = ("anchor", ",".join(anchor.value for anchor in anchors))
    none = voice.fixed(
        ReasonCode.WINDOW_NONE if spec.limit_known else ReasonCode.WINDOW_LIMIT_UNKNOWN, kind, spec.on_none
    )
    expired = voice.varying(ReasonCode.WINDOW_EXPIRED, kind, spec.on_expired, keep=False)
    unknown = voice.varying(ReasonCode.WINDOW_UNKNOWN, kind, spec.on_unknown)
    # Without words for "unclear", what the text does not settle is unknown.
    unclear = voice.varying(ReasonCode.WINDOW_UNCLEAR, kind, spec.on_unclear or spec.on_unknown)

    def check(c: Candidate) -> Findings:
        days = limit(c)
        if days is None:
            return none
        since = {anchor: _since(c, anchor) for anchor in anchors}
        answers: list[bool | None] = []
        for anchor, count, inclusive in ways:
            start = since[anchor]
            inside = None
            if start is not None and c.at is not None:
                inside = in_window(start, c.at, days=days, count=count, inclusive=inclusive, zone=zone)
            answers.append(inside)
        if False not in answers and None not in answers:
            return NOTHING
        said = named, ("days", str(days))
        if None in answers:
            unsure = {anchor for (anchor, _, _), inside in zip(ways, answers, strict=True) if inside is None}
            return unknown(said, tuple(anchor.value for anchor in anchors if anchor in unsure))
        if True in answers:
            return unclear((("days", str(days)),), ())
        return expired((*said, ("at", ",".join(_iso(c, anchor) for anchor in anchors))), ())

    return check


def bind_window_limit(spec: WindowSpec, lists: Lists) -> Limit:
    """Bind: the limit of the prior's item, else the check's."""
    own = {row.code: row.window_days for row in lists.rows.values() if row.window_days is not None}
    system, general = lists.system, spec.max_days

    def limit(c: Candidate) -> int | None:
        if not own:
            return general
        item = c.prior.item
        return general if item is None or item.system != system else own.get(item.code, general)

    return limit


def bind_window_ends(spec: WindowSpec, lists: Lists) -> Ends:
    """Bind: the moments (UTC) at which an answer on this window may change by time alone."""
    limit, ways, zone = bind_window_limit(spec, lists), readings(spec), parse_zone(spec.zone) or UTC

    def ends(c: Candidate) -> Iterator[tuple[datetime, bool]]:
        days = limit(c)
        if days is None:
            return
        for anchor, count, inclusive in ways:
            since = _since(c, anchor)
            if since is None:
                continue
            for edge in dict.fromkeys(since):
                try:
                    if count is Count.ELAPSED:
                        yield moment(edge + timedelta(days=days)), inclusive
                    else:
                        yield day_end(edge, zone, days=days if inclusive else days - 1), False
                except OverflowError:
                    continue

    return ends


def _since(c: Candidate, anchor: Anchor) -> Span | None:
    return c.performed if anchor is Anchor.PERFORMED else span(c.prior.reported)


def _iso(c: Candidate, anchor: Anchor) -> str:
    when = c.prior.performed if anchor is Anchor.PERFORMED else c.prior.reported
    return when.iso if when is not None else "–"
