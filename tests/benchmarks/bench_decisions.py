"""One decision's cost, beside a plain hand-written function over the same facts in the same run.

Run: ``python tests/benchmarks/bench_decisions.py [--rounds N]``. Prints µs of CPU time per decision, decisions/s on one
core and the ratio to the hand-written function. No timed assertion.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fhir_hr.model.identity import match_identity
from fhir_hr.rules import builtin_pack, decide, judge

HERE = Path(__file__).resolve().parent
VECTORS = HERE.parents[1] / "profiles" / "rules" / "cn-51" / "lab" / "tests" / "vectors.jsonl"


def _build() -> Callable[[dict[str, Any]], Any]:
    spec = importlib.util.spec_from_file_location("rules_cases", HERE.parent / "rules" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rules_cases"] = module
    spec.loader.exec_module(module)
    return module.build


FINAL = frozenset({"final", "amended", "corrected", "appended"})
LISTED = frozenset(f"cn-51-lab-{n:02}" for n in range(1, 17))


def by_hand(item, prior, order, identity):
    """What one would write for Sichuan without packs, clauses or sentences: outcome and reason codes."""
    codes = []
    block = unknown = lower = False
    if identity.same is not True:
        codes.append("HR-IDENTITY")
        block, unknown = identity.same is False, True
    if prior.status not in FINAL or prior.report_status not in FINAL:
        codes.append("HR-NOT-FINAL")
        block = True
    if prior.superseded:
        codes.append("HR-SUPERSEDED")
        block = True
    performed, at = prior.performed, datetime.fromisoformat(order.at.iso)
    if performed is None or not performed.is_moment or "-13-" in performed.iso:
        codes.append("HR-TIME-UNKNOWN")
        unknown = True
    elif datetime.fromisoformat(performed.iso) > at:
        codes.append("HR-FUTURE")
        block = True
    if item.item is None or prior.item is None:
        codes.append("HR-ITEM-UNMAPPED")
        unknown = True
    elif item.item.code != prior.item.code:
        codes.append("HR-ITEM-MISMATCH")
        block = True
    elif prior.item.code not in LISTED:
        codes.append("HR-ITEM-UNLISTED")
        lower = True
    if prior.specimen_kind is None:
        codes.append("HR-SPECIMEN-UNKNOWN")
        unknown = True
    elif item.specimen_kind and item.specimen_kind != prior.specimen_kind:
        codes.append("HR-SPECIMEN-MISMATCH")
        block = True
    if prior.report_mark is None:
        codes.append("HR-MARK-ABSENT")
        lower = True
    elif not (prior.institution.division or "").startswith("51"):
        codes.append("HR-MARK-OUTSIDE")
        lower = True
    elif not prior.starred:
        codes.append("HR-ITEM-SYMBOL-ABSENT")
        lower = True
    for proof in prior.evidence:
        if proof.result == "failed":
            codes.append("HR-EQA-FAIL")
            block = True
    if not prior.method:
        codes.append("HR-METHOD-MISSING")
        lower = True
    if not prior.reference_text:
        codes.append("HR-INTERVAL-MISSING")
        lower = True
    if order.exclusions:
        codes.append("HR-EXCLUSION")
        lower = True
    outcome = "not" if block else "indeterminate" if unknown else "may" if lower else "must"
    return outcome, tuple(codes)


def _time(name: str, run: Callable[[], int], floor: float | None) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        count = run()
        best = min(best, (time.process_time() - start) / count)
    ratio = f"{best / floor:6.1f}×" if floor else "   1.0×"
    print(f"{name:58} {best * 1e6:8.2f} µs {1 / best:12,.0f}/s {ratio}")
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    build, packs = _build(), (builtin_pack(),)
    both = (builtin_pack("cn"), builtin_pack())
    vectors = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
    everything = [build(vector["facts"]) for vector in vectors]
    must = [build({})]
    bare = [build({"prior.evidence": []})]
    absent = [build({"prior.mark": None, "prior.evidence": []})]
    print(f"{len(vectors)} vectors, {rounds} rounds, one core, best of 5")
    for label, cases, times in (
        ("must, no evidence rows", bare, rounds * 200),
        ("must, two evidence rows", must, rounds * 200),
        ("may, no mark", absent, rounds * 200),
        ("all vectors mixed", everything, rounds),
    ):
        known = [(c.item, c.prior, c.order, match_identity(c.order.patient, c.prior.patient)) for c in cases]

        def hand(known=known, times=times):
            for _ in range(times):
                for item, prior, order, identity in known:
                    by_hand(item, prior, order, identity)
            return times * len(known)

        def fast(known=known, times=times):
            for _ in range(times):
                for item, prior, order, identity in known:
                    judge(item, prior, order=order, packs=packs, identity=identity)
            return times * len(known)

        def pinned(known=known, times=times):
            for _ in range(times):
                for item, prior, order, identity in known:
                    decide(item, prior, order=order, packs=packs, identity=identity)
            return times * len(known)

        def whole(known=known, times=times):
            for _ in range(times):
                for item, prior, order, _ in known:
                    decide(item, prior, order=order, packs=packs)
            return times * len(known)

        def merged(known=known, times=times):
            for _ in range(times):
                for item, prior, order, identity in known:
                    judge(item, prior, order=order, packs=both, identity=identity)
            return times * len(known)

        print(f"\n{label}")
        floor = _time("  hand-written: outcome and codes", hand, None)
        _time("  judge: outcome, force, reasons with clause and sentences", fast, floor)
        _time("  judge under two packs: nation and province", merged, floor)
        _time("  decide: the same with facts digest and decision id", pinned, floor)
        _time("  decide, identity matched each time", whole, floor)


if __name__ == "__main__":
    main()
