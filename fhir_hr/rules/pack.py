"""A pack that is ready to judge: its content, its digest, and its checks bound once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from fhir_hr.model.decisions import ClauseRef, Effect, Force, PackRef
from fhir_hr.model.when import When
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import Then, WindowSpec
from fhir_hr.rules.checks import bind_check, kind_of
from fhir_hr.rules.checks.mark import covers, division_prefix
from fhir_hr.rules.checks.overlay import bind_overlay
from fhir_hr.rules.checks.window import bind_window_ends, bind_window_limit
from fhir_hr.rules.clock import Span, moment, parse_day, span, within
from fhir_hr.rules.reasons import Findings, ReasonTexts, Voice, reason_texts
from fhir_hr.rules.schema import ExclusionCase, PackContent
from fhir_hr.rules.vocabulary import CheckKind, ReasonCode

__all__ = ["Pack", "bind_pack", "canonical_json", "digest_of"]


def canonical_json(value: object) -> bytes:
    """Encode as canonical JSON: keys sorted, no white space, UTF-8.

    Example:
        >>> canonical_json({"b": 1, "a": "川"}).decode()
        '{"a":"川","b":1}'
    """
    return msgspec.json.encode(value, order="sorted")


def digest_of(content: PackContent) -> str:
    """Return the SHA-256 (hex) of a pack's canonical JSON."""
    return hashlib.sha256(canonical_json(content)).hexdigest()


class Pack:
    """One jurisdiction's rules at a version, bound.

    Attributes:
        content: everything the pack says, as data.
        ref: id, version and digest.
        checks: the bound checks in the order of the pack, an overlay's last; ``kinds`` their kinds.
        asks: the kinds of check that it has; ``width`` how wide its jurisdiction is.
        force: how strongly its MUST binds; ``force_clause`` says on whose word.
        fresh_until: when the published index that it came with expires; it is used all the same, with a note.
        refs: ``ref`` alone, as a decision under this pack only carries it.
        ends: whether any answer of this pack can change by time alone.
        limited: whether it states a limit of days for any item.
        folded: verdicts by the set of shared findings; filled by the engine.
    """

    __slots__ = (
        "_closes",
        "_divisions",
        "_fresh",
        "_here",
        "_limits",
        "_moments",
        "_negative",
        "_report_kinds",
        "_stale",
        "_start",
        "_unknown",
        "_weaken",
        "_windows",
        "asks",
        "checks",
        "content",
        "ends",
        "folded",
        "force",
        "force_clause",
        "fresh_until",
        "kinds",
        "limited",
        "ref",
        "refs",
        "width",
    )

    def __init__(
        self,
        content: PackContent,
        texts: ReasonTexts,
        *,
        digest: str | None = None,
        fresh_until: datetime | None = None,
    ) -> None:
        voice = Voice(content, texts)
        self.content = content
        until = None if fresh_until is None else When.from_datetime(fresh_until.astimezone(UTC))
        self.ref = PackRef(
            id=content.pack,
            version=content.version,
            digest=digest_of(content) if digest is None else digest,
            fresh_until=None if until is None else until.iso,
        )
        self.refs = (self.ref,)
        bound = [(kind_of(spec), bind_check(spec, voice)) for spec in content.checks]
        weakened = bind_overlay(voice)
        if weakened is not None:
            bound.append((CheckKind.OVERLAY, weakened))
        self.checks: tuple[Check, ...] = tuple(check for _, check in bound)
        self.kinds = tuple(kind for kind, _ in bound)
        self.asks = frozenset(self.kinds)
        self.width = content.level.width
        self.force_clause: ClauseRef | None = None
        self.force: Force | None = None
        if content.force is not None:
            self.force_clause = voice.clause(Then(effect=Effect.OBLIGE, clause=content.force.clause))
            self.force = content.force.value
        self._report_kinds = frozenset(content.kinds)
        self._divisions = tuple(division_prefix(code) for code in content.applies.divisions)
        self._unknown = voice.fixed(ReasonCode.PACK_UNKNOWN, CheckKind.APPLIES, content.applies.on_unknown)
        self._start = _start(content)
        self._closes: Span | None = parse_day(content.effective.end, zone=content.effective.zone)
        self.fresh_until = fresh_until
        self._fresh = None if until is None else span(until)
        self._stale = NOTHING if until is None else _stale(voice, until)
        self._bind_times(content, voice)
        self.folded: dict[Findings, Any] = {}

    def _bind_times(self, content: PackContent, voice: Voice) -> None:
        windows = [spec for spec in content.checks if isinstance(spec, WindowSpec) and _limited(spec, content)]
        self._limits = tuple(bind_window_limit(spec, voice.lists) for spec in windows)
        self._windows = tuple(bind_window_ends(spec, voice.lists) for spec in windows)
        self.limited = bool(windows)
        moments: list[tuple[datetime, bool]] = []
        if self._closes is not None:
            moments.append((moment(self._closes[1]), True))
        if self._fresh is not None:
            moments.append((moment(self._fresh[1]), True))
        self._moments = tuple(moments)
        self._negative, self._weaken = voice.lists.negative, voice.lists.weaken
        self._here = frozenset(overlay.institution for overlay in content.overlays)
        self.ends = bool(self._windows or moments or self._negative or self._weaken)

    def __repr__(self) -> str:
        return f"Pack({self.ref.id!r}, {self.ref.version!r}, {self.ref.digest[:12]!r})"

    @property
    def exclusions(self) -> tuple[ExclusionCase, ...]:
        """The cases to offer to the clinician."""
        return self.content.exclusions

    def applies(self, candidate: Candidate) -> bool | None:
        """Tell whether this pack is law for the receiver and kind of item at order time; ``None``: not known."""
        if candidate.item.kind not in self._report_kinds:
            return False
        here = covers(self._divisions, candidate.order.institution.division)
        at, start = candidate.at, self._start
        if here and at is not None and self._closes is None and (start is None or at[0] >= start[1]):
            return True
        # A start known to the month only: the whole month may still lie before it.
        started = start is None or _reached(start, at)
        over = False if self._closes is None else _not(within(None, self._closes, candidate.at))
        if here is False or started is False or over is True:
            return False
        return True if here and started and over is False else None

    @property
    def unknown(self) -> Findings:
        """What to say when it is not known whether this pack applies."""
        return self._unknown

    def stale(self, candidate: Candidate) -> Findings:
        """What to say when order time lies, or may lie, after the pack's index expired."""
        fresh, at = self._fresh, candidate.at
        return self._stale if fresh is not None and at is not None and at[1] > fresh[1] else NOTHING

    def limit(self, candidate: Candidate) -> int | None:
        """Return the limit in days of the candidate's item, if this pack states one."""
        for limit in self._limits:
            days = limit(candidate)
            if days is not None:
                return days
        return None

    def expires(self, candidate: Candidate, *, window: bool = True) -> datetime | None:
        """Return the next moment after order time at which time alone may change the answer.

        Args:
            candidate: the candidate.
            window: whether this pack's window is asked at all (it may be left to a narrower pack).
        """
        at = candidate.at
        if at is None:
            return None
        now = moment(at[0])
        ends = list(self._moments)
        item = candidate.prior.item
        if self._negative and item is not None and item.system == self.content.item_system:
            for _, start, end in self._negative.of(item.code):
                ends += _edges(start, end)
        if self._weaken and candidate.order.institution.id in self._here:
            ordered = candidate.item.item
            own = ordered.code if ordered is not None and ordered.system == self.content.item_system else ""
            for name in dict.fromkeys(("", own)):
                for _, start, end in self._weaken.of(name):
                    ends += _edges(start, end)
        if window:
            for each in self._windows:
                ends += each(candidate)
        return min((end for end, holds in ends if end > now or (holds and end == now)), default=None)


def bind_pack(
    content: PackContent,
    *,
    texts: ReasonTexts | None = None,
    digest: str | None = None,
    fresh_until: datetime | None = None,
) -> Pack:
    """Bind a pack's checks once, for all its decisions.

    Args:
        content: the compiled pack.
        texts: the words of the reasons; the shipped ones by default.
        digest: SHA-256 (hex) of its canonical JSON, where the caller has worked it out already.
        fresh_until: when the published index that it came with expires; an aware moment.
    """
    words = reason_texts() if texts is None else texts
    return Pack(content, words, digest=digest, fresh_until=fresh_until)


def _stale(voice: Voice, until: When) -> Findings:
    then = Then(effect=Effect.NOTE, interpretation="索引过期只作提示，不停用规则")
    return voice.fixed(ReasonCode.PACK_STALE, CheckKind.APPLIES, then, params=(("until", until.iso),))


def _edges(start: Span | None, end: Span | None) -> Iterator[tuple[datetime, bool]]:
    if start is not None:
        yield moment(start[0]), False
    if end is not None:
        yield moment(end[1]), True


def _limited(spec: WindowSpec, content: PackContent) -> bool:
    return spec.max_days is not None or any(row.window_days is not None for row in content.items)


def _start(content: PackContent) -> Span | None:
    start = parse_day(content.effective.start, zone=content.effective.zone)
    if start is None or len(content.effective.start or "") < 10:
        return start
    # A day counts from its first moment; of a month or year that is all that is known, any day may be meant.
    return start[0], start[0]


def _reached(start: Span, at: Span | None) -> bool | None:
    if at is None:
        return None
    if at[0] >= start[1]:
        return True
    return False if at[1] < start[0] else None


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
