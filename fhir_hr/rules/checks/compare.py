"""Can the value be compared with one that the receiver would measure itself?"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from fhir_hr.model.orders import OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.candidate import NOTHING, Candidate, Check
from fhir_hr.rules.check_specs import ComparabilitySpec
from fhir_hr.rules.reasons import Findings, Voice
from fhir_hr.rules.vocabulary import Aspect, CheckKind, ReasonCode

__all__ = ["COMPARED", "bind_comparability", "folded"]

COMPARED: dict[Aspect, Callable[[OrderItem | Prior], str | None]] = {
    Aspect.UNIT: lambda one: one.unit,
    Aspect.METHOD: lambda one: one.method,
    Aspect.REFERENCE_INTERVAL: lambda one: one.reference_text,
}
"""What an order and a prior state of each aspect, as text."""


def folded(text: str) -> str:
    """Return a text as it is compared: NFKC, case folded, without any white space.

    Example:
        >>> folded("ＩＵ / mL") == folded("iu/ml")
        True
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def bind_comparability(spec: ComparabilitySpec, voice: Voice) -> Check:
    """Bind, for what the order states: the prior states something else → ``on_differ``; nothing → ``on_unknown``."""
    kind = CheckKind.COMPARABILITY
    differs = voice.varying(ReasonCode.NOT_COMPARABLE, kind, spec.on_differ, keep=False)
    unknown = voice.varying(ReasonCode.COMPARABLE_UNKNOWN, kind, spec.on_unknown)
    asked = tuple((aspect.value, COMPARED[aspect]) for aspect in spec.aspects)

    def check(c: Candidate) -> Findings:
        item = c.item
        if item.unit is None and item.method is None and item.reference_text is None:
            return NOTHING
        differ: list[tuple[str, str, str]] = []
        lacking: list[str] = []
        for name, read in asked:
            want, have = (read(item) or "").strip(), (read(c.prior) or "").strip()
            if not want:
                continue
            if not have:
                lacking.append(name)
            elif folded(want) != folded(have):
                differ.append((name, want, have))
        found = NOTHING
        if differ:
            aspects, wants, haves = (",".join(words) for words in zip(*differ, strict=True))
            found = differs((("aspects", aspects), ("ordered", wants), ("prior", haves)), ())
        if lacking:
            found += unknown((("aspects", ",".join(lacking)),), ())
        return found

    return check
