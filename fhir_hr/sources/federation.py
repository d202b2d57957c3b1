"""Ask several sources at once, wait no longer than a deadline, and remember who did not answer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

import msgspec

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.priors import Prior
from fhir_hr.sources._base import Answer, PriorQuery, PriorSource, Unavailable
from fhir_hr.sources.studies.merging import merge_studies

__all__ = ["Gathered", "ask", "combine"]


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """All answers to one query.

    Attributes:
        answers: one per source, in the order in which the sources were given.
        priors: merged, each id once, in the order of their ids.
        state: ``found``, ``nothing``, ``partial``, ``unavailable`` or ``refused`` over all of them.
        not_asked: names of the sources that did not answer fully.
        issues: of all answers.
    """

    answers: tuple[Answer, ...]
    priors: tuple[Prior, ...]
    state: str
    not_asked: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()


def ask(query: PriorQuery, sources: Sequence[PriorSource], *, deadline: float = 5.0) -> Gathered:
    """Ask all sources in parallel and merge what arrives within ``deadline`` seconds.

    A source that is late or fails is :class:`~fhir_hr.sources.Unavailable` with its name; it never delays or
    hides the others. Its thread is left to end by itself and holds nothing up.
    """
    arrived: queue.SimpleQueue[tuple[int, Answer]] = queue.SimpleQueue()
    for index, source in enumerate(sources):
        threading.Thread(
            target=_ask_one, args=(index, source, query, arrived), name=f"prior-source-{index}", daemon=True
        ).start()
    answers: dict[int, Answer] = {}
    end = time.monotonic() + deadline
    while len(answers) < len(sources):
        try:
            index, answer = arrived.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        answers[index] = answer
    return combine(
        [
            answers.get(index) or _unavailable(source.name, f"no answer within {deadline:g} s")
            for index, source in enumerate(sources)
        ]
    )


def combine(answers: Sequence[Answer]) -> Gathered:
    """Merge answers that were given already.

    Of two priors with one id, the one that knows of a withdrawal wins, then the one in doubt. An imaging study that
    is known by its report and by its images is one prior.

    Example:
        >>> from fhir_hr.sources import Nothing
        >>> combine([Nothing(source="a"), Unavailable(source="b")]).state
        'partial'
    """
    merged: dict[str, Prior] = {}
    for prior in merge_studies(prior for answer in answers for prior in answer.priors):
        other = merged.get(prior.id)
        if other is None or _caution(prior) > _caution(other):
            merged[prior.id] = prior
    return Gathered(
        answers=tuple(answers),
        priors=tuple(merged[key] for key in sorted(merged)),
        state=_state([answer.state for answer in answers], found=bool(merged)),
        not_asked=tuple(answer.source for answer in answers if answer.state not in ("found", "nothing")),
        issues=tuple(issue for answer in answers for issue in answer.issues),
    )


def _state(states: list[str], *, found: bool) -> str:
    full = [state for state in states if state in ("found", "nothing")]
    if states and len(full) == len(states):
        return "found" if found else "nothing"
    if full or found or "partial" in states:
        return "partial"
    return "refused" if states and set(states) == {"refused"} else "unavailable"


def _caution(prior: Prior) -> int:
    return {True: 2, None: 1, False: 0}[prior.superseded]


def _ask_one(
    index: int, source: PriorSource, query: PriorQuery, arrived: queue.SimpleQueue[tuple[int, Answer]]
) -> None:
    try:
        answer = source.find(query)
    except Exception as error:  # noqa: BLE001 - one broken source must never fail the others
        # Only the kind of error: its text may quote the query, and so the patient.
        answer = _unavailable(source.name, f"the source failed: {type(error).__name__}")
    arrived.put((index, answer))


def _unavailable(source: str, text: str) -> Unavailable:
    return Unavailable(
        source=source,
        issues=(Issue(code=IssueCode.SOURCE_UNAVAILABLE, severity=Severity.ERROR, where=source, message=text),),
    )
