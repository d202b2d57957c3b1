"""The decision vectors beside the Sichuan pack, and that every part of the pack is held by one of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from fhir_hr.rules import decide, judge
from fhir_hr.rules.checks import kind_of
from fhir_hr.rules.pack import bind_pack
from fhir_hr.rules.schema import PackContent

CLAUSES = {
    # What the text is cited for; None: nothing in the text, our reading only.
    "HR-PACK-NONE": {None},
    "HR-PACK-UNKNOWN": {None},
    "HR-IDENTITY-MISMATCH": {"三(一)"},
    "HR-IDENTITY-UNPROVEN": {"三(一)"},
    "HR-NOT-FINAL": {None},
    "HR-STATUS-UNKNOWN": {None},
    "HR-SUPERSEDED": {None},
    "HR-SUPERSEDED-UNKNOWN": {None},
    "HR-FUTURE": {None},
    "HR-TIME-UNKNOWN": {"四(三)"},
    "HR-ITEM-UNLISTED": {"四(一)"},
    "HR-ITEM-MISMATCH": {None},
    "HR-ITEM-UNMAPPED": {None, "附件1"},
    "HR-SPECIMEN-MISMATCH": {"三(一)"},
    "HR-SPECIMEN-UNKNOWN": {"三(一)"},
    "HR-SCALE-MISMATCH": {"附件1"},
    "HR-SCALE-UNKNOWN": {"附件1"},
    "HR-OWN-HOSPITAL": {"前言"},
    "HR-MARK-ABSENT": {"四(一)"},
    "HR-MARK-OUTSIDE": {"四(一)"},
    "HR-MARK-UNKNOWN": {"四(一)"},
    "HR-ITEM-SYMBOL-ABSENT": {"附件2"},
    "HR-ITEM-SYMBOL-UNKNOWN": {"附件2"},
    "HR-EQA-FAIL": {"三(一)"},
    "HR-EQA-ABSENT": {"三(一)"},
    "HR-EQA-UNKNOWN": {"三(一)"},
    "HR-IQC-FAIL": {"三(一)"},
    "HR-IQC-ABSENT": {"三(一)"},
    "HR-IQC-UNKNOWN": {"三(一)"},
    "HR-INCOMPLETE": {"三(一)"},
    "HR-METHOD-MISSING": {"三(一)", "附件1"},
    "HR-INTERVAL-MISSING": {"三(一)"},
    "HR-SCALE-MISSING": {"附件1"},
    "HR-WINDOW-NONE": {None},
    "HR-EXCLUSION": {"四(四)"},
    "HR-EXCLUSION-UNKNOWN": {"四(四)"},
    "HR-OBLIGED": {"四(一)"},
}


def test_vector(vector, make, pack):
    item, prior, order = make(vector["facts"])
    decision = decide(item, prior, order=order, packs=[pack])
    expect = vector["expect"]
    assert (decision.outcome, [r.code for r in decision.reasons]) == (expect["outcome"], expect["codes"])
    assert decision.force == expect.get("force")
    if "effects" in expect:
        assert [r.effect for r in decision.reasons] == expect["effects"]
    if "missing" in expect:
        assert sorted(decision.missing) == sorted(expect["missing"])
    for reason in decision.reasons:
        assert reason.clause.clause in CLAUSES[reason.code], reason
        assert reason.clause.clause or reason.clause.interpretation, reason
        assert "{" not in reason.zh + reason.en
        assert reason.zh
        assert reason.en


def test_there_are_enough_vectors_and_every_reason_of_the_pack_is_met(all_vectors):
    met = {code for vector in all_vectors for code in vector["expect"]["codes"]}
    assert len(all_vectors) >= 45
    assert met == set(CLAUSES)


# -- mutation: nothing of the pack can go, or shift, unnoticed -------------------------------------

UNREACHABLE = {
    # max_days is null in this text: no time is ever compared. The window is held by test_checks.py instead.
    ("window", "anchor"),
    ("window", "count"),
    ("window", "inclusive"),
    ("window", "zone"),
    ("window", "on_expired"),
    ("window", "on_unknown"),
}
EFFECTS = ("note", "discretion", "unknown", "block")  # the loader lets nothing but a valid mark oblige


def _content(pack) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(pack.content))


def _checks(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for n, spec in enumerate(data["checks"]):
        kind = spec["check"]
        changed = copy.deepcopy(data)
        del changed["checks"][n]
        yield f"drop {kind}[{n}]", changed
        for key, value in spec.items():
            if key == "check" or (kind, key) in UNREACHABLE:
                continue
            for label, other in _shifts(value):
                changed = copy.deepcopy(data)
                changed["checks"][n][key] = other
                yield f"{kind}[{n}].{key}: {label}", changed


def _shifts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for effect in EFFECTS:
            if effect != value["effect"]:
                yield effect, {**value, "effect": effect}
    elif isinstance(value, list):
        for n, member in enumerate(value):
            yield f"without {member}", value[:n] + value[n + 1 :]
    elif value is None:
        yield "9 days", 9
    elif value in ("eqa", "iqc"):
        yield "other", {"eqa": "iqc", "iqc": "eqa"}[value]


def _tables(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for table in ("marks", "items", "exclusions"):
        for n in range(len(data[table])):
            changed = copy.deepcopy(data)
            del changed[table][n]
            yield f"drop {table}[{n}]", changed
    for table, column in (("marks", "covers"), ("items", "specimens"), ("items", "require")):
        for n, row in enumerate(data[table]):
            for m, member in enumerate(row[column]):
                changed = copy.deepcopy(data)
                del changed[table][n][column][m]
                yield f"{table}[{n}].{column} without {member}", changed
    for n in range(len(data["items"])):
        for column, other in (("window_days", 9), ("start", "2026-08-11"), ("end", "2026-08-09")):
            changed = copy.deepcopy(data)
            changed["items"][n][column] = other
            yield f"items[{n}].{column} = {other}", changed


def _head(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, other in (
        (("force", "value"), "in-principle"),
        (("applies", "divisions"), ["420000"]),
        (("applies", "divisions"), ["510700"]),
        (("applies", "divisions"), ["510000", "500000"]),
        (("effective", "from"), None),
        (("effective", "from"), "2022-07"),
        (("effective", "from"), "2022-09"),
        (("effective", "from"), "2022-08-01"),
        (("effective", "to"), "2026-08-19"),
        (("effective", "zone"), "+09:00"),
    ):
        changed = copy.deepcopy(data)
        changed[path[0]][path[1]] = other
        yield f"{'.'.join(path)} = {other}", changed
    for effect in EFFECTS:
        if effect != data["applies"]["on_unknown"]["effect"]:
            changed = copy.deepcopy(data)
            changed["applies"]["on_unknown"]["effect"] = effect
            yield f"applies.on_unknown: {effect}", changed
    changed = copy.deepcopy(data)
    changed["item_system"] = "urn:other"
    yield "item_system", changed


def test_every_mutant_of_the_pack_is_noticed(pack, all_vectors, make):
    cases = [(make(vector["facts"]), vector["expect"]) for vector in all_vectors]
    data = _content(pack)
    survivors, total = [], 0
    for source in (_checks, _tables, _head):
        for name, changed in source(data):
            total += 1
            mutant = bind_pack(msgspec.convert(changed, PackContent))
            if not any(_differs(mutant, case, expect) for case, expect in cases):
                survivors.append(name)
    assert not survivors
    assert total > 300


def _differs(mutant, case, expect) -> bool:
    verdict = judge(case.item, case.prior, order=case.order, packs=[mutant])
    if verdict.outcome != expect["outcome"] or verdict.force != expect.get("force"):
        return True
    if [r.code for r in verdict.reasons] != expect["codes"]:
        return True
    return "effects" in expect and [r.effect for r in verdict.reasons] != expect["effects"]


def test_the_mutation_test_itself_notices_an_unchanged_pack(pack, all_vectors, make):
    same = bind_pack(msgspec.convert(_content(pack), PackContent))
    assert same.ref.digest == pack.ref.digest
    for vector in all_vectors:
        case = make(vector["facts"])
        verdict = judge(case.item, case.prior, order=case.order, packs=[same])
        assert [r.code for r in verdict.reasons] == vector["expect"]["codes"]


def test_each_kind_of_check_of_the_pack_is_listed_once_or_differs_in_parameters(pack):
    seen = [(kind_of(spec), msgspec.json.encode(spec)) for spec in pack.content.checks]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("name", ["items", "exclusions"])
def test_the_tables_of_the_text_are_complete(pack, name):
    assert len(getattr(pack.content, name)) == {"items": 16, "exclusions": 6}[name]
