"""Is it recent enough, where the text states a limit?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from fhir_hr.model.when import When
from fhir_hr.rules.candidate import NOTHING, Candidate, Check, Expiry
from fhir_hr.rules.check_specs import WindowSpec
from fhir_hr.rules.checks.item import list_row
from fhir_hr.rules.clock import Span, day_end, day_start, moment, parse_zone, span
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.vocabulary import Anchor, CheckKind, Count, ReasonCode

__all__ = ["bind_window", "bind_window_expiry", "in_window"]


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


def _anchor(c: Candidate, anchor: Anchor) -> tuple[When | None, Span | None]:
    if anchor is Anchor.PERFORMED:
        return c.prior.performed, c.performed
    return c.prior.reported, span(c.prior.reported)


def _days(content: PackContent) -> dict[str, int]:
    return {row.code: row.window_days for row in content.items if row.window_days is not None}


def bind_window(spec: WindowSpec, voice: Voice) -> Check:
    """Bind: older than the item's own limit, or the check's → ``on_expired``.

    Times that do not tell → ``on_unknown``; no limit in the text → ``on_none``.
    """
    content = voice.content
    kind, rows, system = CheckKind.WINDOW, {row.code: row for row in content.items}, content.item_system
    own, zone = _days(content), parse_zone(spec.zone) or UTC
    none = voice.fixed(ReasonCode.WINDOW_NONE, kind, spec.on_none)
    expired = voice.varying(ReasonCode.WINDOW_EXPIRED, kind, spec.on_expired, keep=False)
    unknown = voice.varying(ReasonCode.WINDOW_UNKNOWN, kind, spec.on_unknown)

    def check(c: Candidate) -> Findings:
        days = spec.max_days
        if own:
            row = list_row(c.prior.item, rows, system)
            days = own.get(row.code, days) if row is not None else days
        if days is None:
            return none
        when, since = _anchor(c, spec.anchor)
        inside = None
        if since is not None and c.at is not None:
            inside = in_window(since, c.at, days=days, count=spec.count, inclusive=spec.inclusive, zone=zone)
        if inside:
            return NOTHING
        said = ("anchor", spec.anchor.value), ("days", str(days))
        if inside is None or when is None:
            return unknown(said, (spec.anchor.value,))
        return expired((*said, ("at", when.iso)), ())

    return check


def bind_window_expiry(spec: WindowSpec, content: PackContent) -> Expiry:
    """Bind: the moment at which the window ends (UTC); with an inclusive elapsed limit it still holds then."""
    rows, system, own = {row.code: row for row in content.items}, content.item_system, _days(content)
    zone = parse_zone(spec.zone) or UTC

    def expires(c: Candidate) -> datetime | None:
        row = list_row(c.prior.item, rows, system) if own else None
        days = own.get(row.code, spec.max_days) if row is not None else spec.max_days
        _, since = _anchor(c, spec.anchor)
        if days is None or since is None:
            return None
        try:
            if spec.count is Count.ELAPSED:
                return moment(since[0] + timedelta(days=days))
            return day_end(since[0], zone, days=days if spec.inclusive else days - 1)
        except OverflowError:
            return None

    return expires
