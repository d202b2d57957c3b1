"""A pack that is ready to judge: its content, its digest, and its checks bound once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from fhir_hr.model.decisions import ClauseRef, Effect, Force, PackRef
from fhir_hr.rules.candidate import Candidate, Check
from fhir_hr.rules.check_specs import Then, WindowSpec
from fhir_hr.rules.checks import bind_check
from fhir_hr.rules.checks.mark import covers, division_prefix
from fhir_hr.rules.checks.window import bind_window_expiry
from fhir_hr.rules.clock import Span, moment, parse_day, within
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
        checks: the bound checks in the order of the pack.
        force: how strongly its MUST binds; ``force_clause`` says on whose word.
        refs: ``ref`` alone, as a decision under this pack only carries it.
        ends: whether any answer of this pack can change by time alone.
        folded: verdicts by the set of shared findings; filled by the engine.
    """

    __slots__ = (
        "_divisions",
        "_end",
        "_expiries",
        "_kinds",
        "_start",
        "_unknown",
        "checks",
        "content",
        "ends",
        "folded",
        "force",
        "force_clause",
        "ref",
        "refs",
    )

    def __init__(self, content: PackContent, texts: ReasonTexts) -> None:
        voice = Voice(content, texts)
        self.content = content
        self.ref = PackRef(id=content.pack, version=content.version, digest=digest_of(content))
        self.checks: tuple[Check, ...] = tuple(bind_check(spec, voice) for spec in content.checks)
        self.force_clause: ClauseRef | None = None
        self.force: Force | None = None
        if content.force is not None:
            self.force_clause = voice.clause(Then(effect=Effect.OBLIGE, clause=content.force.clause))
            self.force = content.force.value
        self._kinds = frozenset(content.kinds)
        self.refs = (self.ref,)
        self._expiries = tuple(
            bind_window_expiry(spec, content)
            for spec in content.checks
            if isinstance(spec, WindowSpec) and _limited(spec, content)
        )
        self._divisions = tuple(division_prefix(code) for code in content.applies.divisions)
        self._unknown = voice.fixed(ReasonCode.PACK_UNKNOWN, CheckKind.APPLIES, content.applies.on_unknown)
        self._start = _start(content)
        self._end: Span | None = parse_day(content.effective.end, zone=content.effective.zone)
        self.ends = bool(self._expiries) or self._end is not None
        self.folded: dict[Findings, Any] = {}

    def __repr__(self) -> str:
        return f"Pack({self.ref.id!r}, {self.ref.version!r}, {self.ref.digest[:12]!r})"

    @property
    def exclusions(self) -> tuple[ExclusionCase, ...]:
        """The cases to offer to the clinician."""
        return self.content.exclusions

    def applies(self, candidate: Candidate) -> bool | None:
        """Tell whether this pack is law for the receiver and kind of item at order time; ``None``: not known."""
        if candidate.item.kind not in self._kinds:
            return False
        here = covers(self._divisions, candidate.order.institution.division)
        at, start = candidate.at, self._start
        if here and at is not None and self._end is None and (start is None or at[0] >= start[1]):
            return True
        # A start known to the month only: the whole month may still lie before it.
        started = start is None or _reached(start, at)
        over = False if self._end is None else _not(within(None, self._end, candidate.at))
        if here is False or started is False or over is True:
            return False
        return True if here and started and over is False else None

    @property
    def unknown(self) -> Findings:
        """What to say when it is not known whether this pack applies."""
        return self._unknown

    def expires(self, candidate: Candidate) -> datetime | None:
        """When the candidate's answer may change by time alone: end of its window, or of the text itself."""
        ends = [end for expiry in self._expiries if (end := expiry(candidate)) is not None]
        if self._end is not None:
            ends.append(moment(self._end[1]))
        return min(ends, default=None)


def bind_pack(content: PackContent, *, texts: ReasonTexts | None = None) -> Pack:
    """Bind a pack's checks once, for all its decisions.

    Args:
        content: the compiled pack.
        texts: the words of the reasons; the shipped ones by default.
    """
    return Pack(content, reason_texts() if texts is None else texts)


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
