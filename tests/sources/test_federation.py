"""Several sources at once: the dead one is named and never delays or hides the others."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest

from fhir_hr.sources import (
    Found,
    MemorySource,
    Nothing,
    Partial,
    PriorQuery,
    Refused,
    Unavailable,
    ask,
    combine,
)

from .conftest import PATIENT, prior

QUERY = PriorQuery(patient=PATIENT)


class Dead:
    name = "丙平台"

    def __init__(self) -> None:
        self.release = threading.Event()

    def find(self, query):
        self.release.wait(20)
        return Nothing(source=self.name)


class Broken:
    name = "丁平台"

    def find(self, query):
        raise RuntimeError(f"no route for {query.patient.name}")


def test_a_dead_source_is_named_and_the_rest_answers_in_time():
    dead = Dead()
    start = time.monotonic()
    gathered = ask(QUERY, [dead, MemorySource([prior()], name="甲")], deadline=0.2)
    assert time.monotonic() - start < 5
    dead.release.set()
    assert (gathered.state, gathered.not_asked) == ("partial", ("丙平台",))
    assert [p.id for p in gathered.priors] == ["p1"]
    assert [i.message for i in gathered.issues] == ["no answer within 0.2 s"]


def test_a_failing_source_is_unavailable_and_its_words_are_not_repeated():
    gathered = ask(QUERY, [Broken()])
    assert gathered.state == "unavailable"
    (issue,) = gathered.issues
    assert issue.message == "the source failed: RuntimeError"
    assert "测试甲" not in issue.message


def test_answers_keep_the_order_of_the_sources():
    gathered = ask(QUERY, [MemorySource([], name=name) for name in "cab"])
    assert [answer.source for answer in gathered.answers] == ["c", "a", "b"]
    assert gathered.state == "nothing"


_found = Found(source="f", priors=(prior(),))


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([_found, Nothing(source="n")], "found"),
        ([Nothing(source="n"), Nothing(source="m")], "nothing"),
        ([Nothing(source="n"), Unavailable(source="u")], "partial"),
        ([_found, Refused(source="r")], "partial"),
        ([Partial(source="p")], "partial"),
        ([Unavailable(source="u"), Refused(source="r")], "unavailable"),
        ([Refused(source="r")], "refused"),
        ([], "unavailable"),
    ],
)
def test_the_combined_state(answers, state):
    assert combine(answers).state == state


@pytest.mark.parametrize("swap", [False, True])
def test_the_source_that_knows_of_a_withdrawal_wins(swap):
    kept = Found(source="a", priors=(msgspec.structs.replace(prior(), superseded=False),))
    gone = Found(source="b", priors=(msgspec.structs.replace(prior(), superseded=True),))
    answers = [gone, kept] if swap else [kept, gone]
    (only,) = combine(answers).priors
    assert only.superseded is True


def test_no_source_at_all_is_not_nothing():
    assert ask(QUERY, []).state == "unavailable"
