"""Asks the second evaluator and the library the same generated cases; run as a program, on a range of case numbers.

Prints one JSON object: how many cases were asked, how many were answered differently, and the first of these, shrunk.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.errors import FhirHrError
from fhir_hr.model.decisions import RecognitionOutcome
from fhir_hr.rules import Pack
from fhir_hr.testing.answers import Expect
from fhir_hr.testing.facts import BASE_KEYS
from fhir_hr.testing.generate import Generated, generate
from fhir_hr.testing.mutations import mutations
from fhir_hr.testing.protocol import request_of
from fhir_hr.testing.serving import Engine, read_packs
from fhir_hr.testing.shelf import Shelf, bind
from fhir_hr.testing.vectors import Vector

EVALUATOR = Path(__file__).with_name("evaluator.py")
NOTHING = Expect(outcome=RecognitionOutcome.MAY, codes=())


def load_evaluator(**replaced: str) -> Any:
    """Import the evaluator, of which pieces of text may be replaced (``old=..., new=...``)."""
    spec = importlib.util.spec_from_file_location("second_evaluator", EVALUATOR)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    source = EVALUATOR.read_text("utf-8")
    if replaced:
        assert source.count(replaced["old"]) == 1, replaced["old"]
        source = source.replace(replaced["old"], replaced["new"])
    exec(compile(source, str(EVALUATOR), "exec"), module.__dict__)
    return module


def comparable(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be equal: expiry as an instant, missing facts without order."""
    expires = answer.get("expires")
    return {
        "outcome": answer["outcome"],
        "force": answer.get("force"),
        "reasons": [(r["code"], r["effect"], r.get("pack", "")) for r in answer["reasons"]],
        "missing": sorted(answer.get("missing") or ()),
        "expires": expires and datetime.fromisoformat(expires).timestamp(),
    }


@dataclass
class Pair:
    """Both evaluators over the same packs."""

    packs: Mapping[str, Pack]
    evaluator: Any
    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.shelf, self.engine = Shelf({}, packs=self.packs.values()), Engine(self.packs)
        self.compiled = {name: json.loads(msgspec.json.encode(pack.content)) for name, pack in self.packs.items()}

    def request(self, case: Generated) -> bytes:
        facts = dict(BASE_KEYS) | case.facts
        vector = Vector(
            name="", packs=case.packs, facts=facts, expect=NOTHING, tables=case.tables, fresh_until=case.fresh_until
        )
        return msgspec.json.encode(request_of(vector, self.shelf, request_id=str(case.number)))

    def differences(self, case: Generated) -> dict[str, Any]:
        """Ask both; return what differs, with what the library and the evaluator said."""
        line = self.request(case)
        library = comparable(json.loads(self.engine.answer(line)))
        second = comparable(self.evaluator.judge(self.compiled, msgspec.json.decode(line)))
        self.outcomes[library["outcome"]] += 1
        self.codes.update(code for code, _, _ in library["reasons"])
        unlike = [key for key in library if library[key] != second[key]]
        return {key: {"library": library[key], "evaluator": second[key]} for key in unlike}

    def differs(self, case: Generated) -> bool:
        try:
            return bool(self.differences(case))
        except (FhirHrError, LookupError):  # a case that was cut too far is no question any more
            return False

    def shrink(self, case: Generated) -> Generated:
        """Leave out packs, tables, rows and facts as long as both still differ."""
        found = True
        while found:
            found = False
            for smaller in smaller_cases(case):
                if self.differs(smaller):
                    case, found = smaller, True
                    break
        return case


def without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


def smaller_cases(case: Generated) -> Iterator[Generated]:
    change = msgspec.structs.replace
    for pack in case.packs if len(case.packs) > 1 else ():
        rest = tuple(name for name in case.packs if name != pack)
        yield change(case, packs=rest, tables=without(case.tables, pack), fresh_until=without(case.fresh_until, pack))
    for pack in case.fresh_until:
        yield change(case, fresh_until=without(case.fresh_until, pack))
    for pack, tables in case.tables.items():
        for name, rows in tables.items():
            yield change(case, tables=case.tables | {pack: without(tables, name)})
            for n in range(len(rows)) if isinstance(rows, list) else ():
                yield change(case, tables=case.tables | {pack: tables | {name: rows[:n] + rows[n + 1 :]}})
    for fact in case.facts:
        yield change(case, facts=without(case.facts, fact))


@dataclass(frozen=True)
class Result:
    """What a range of cases gave."""

    cases: int = 0
    different: int = 0
    first: str = ""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)


def compare(pair: Pair, cases: Iterator[Generated], *, told: str) -> Result:
    """Ask all cases; ``told`` says in a failure how to make the case again."""
    asked, different, first = 0, 0, ""
    for case in cases:
        asked += 1
        if pair.differences(case):
            different += 1
            if not first:
                small = pair.shrink(case)
                said = {"case": f"{told}, number {case.number}", "differences": pair.differences(small)}
                asks = {"packs": small.packs, "facts": small.facts, "tables": small.tables, "fresh": small.fresh_until}
                first = json.dumps(said | asks, ensure_ascii=False, indent=1, default=str)
    return Result(cases=asked, different=different, first=first, outcomes=pair.outcomes, codes=pair.codes)


def compare_changed(
    packs: Mapping[str, Pack], evaluator: Any, *, seed: int, part: int, parts: int, each: int
) -> Result:
    """Ask cases of changed packs, one change at a time: every ``parts``-th of all changes."""
    total, number = Result(), -1
    for name, pack in packs.items():
        for change in mutations(pack.content):
            number += 1
            if number % parts != part or not change.content.kinds:
                continue
            others = dict(packs) if number % (3 * parts) == part else {}
            changed = others | {name: bind(change.content)}
            told = f"seed {seed}, {name} changed: {change.name}"
            cases = generate(each, packs=changed, seed=seed, start=number * each)
            result = compare(Pair(changed, evaluator), cases, told=told)
            total = replace(
                total,
                cases=total.cases + result.cases,
                different=total.different + result.different,
                first=total.first or result.first,
            )
    return total


def main() -> None:
    """Compare a range of cases, or a part of the changed packs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packs", type=Path, help="folder of compiled packs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--changed", type=int, nargs=3, metavar=("PART", "PARTS", "EACH"))
    given = parser.parse_args()
    packs, evaluator = read_packs(given.packs), load_evaluator()
    if given.changed:
        part, parts, each = given.changed
        result = compare_changed(packs, evaluator, seed=given.seed, part=part, parts=parts, each=each)
    else:
        cases = generate(given.count, packs=packs, seed=given.seed, start=given.start)
        result = compare(Pair(packs, evaluator), cases, told=f"seed {given.seed}")
    print(json.dumps(result.__dict__))


if __name__ == "__main__":
    main()
