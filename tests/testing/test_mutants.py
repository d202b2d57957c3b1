"""The mutation test itself: it changes every part, notices what it must, and excuses only for a reason."""

from __future__ import annotations

import json
import re
from collections import Counter

import msgspec
import pytest

from fhir_hr.errors import DataFileError
from fhir_hr.rules import builtin_pack, load_pack
from fhir_hr.rules.check_specs import ListedSpec, WindowSpec
from fhir_hr.rules.checks import kind_of
from fhir_hr.testing.equivalents import why_equivalent, why_shift_equivalent
from fhir_hr.testing.facts import build
from fhir_hr.testing.mutants import mutate_pack, mutate_with
from fhir_hr.testing.mutations import mutations
from fhir_hr.testing.running import test_pack as run_pack
from fhir_hr.testing.running import vectors_of
from fhir_hr.testing.shelf import bind
from fhir_hr.testing.shifts import Shift, Time, shift_pack, shifts


def short(mutation):
    """The name without the place of the check in its pack: ``window.anchor: reported``."""
    return re.sub(r"^(\w+)\[\d+\]", r"\1", mutation.name)


@pytest.fixture(scope="module")
def content():
    return builtin_pack("cn-51-lab").content


@pytest.fixture(scope="module")
def made(content):
    return list(mutations(content))


def test_each_mutation_changes_the_pack_and_has_a_name_of_its_own(content, made):
    names = Counter(mutation.name for mutation in made)
    assert [name for name, often in names.items() if often > 1] == []
    assert [mutation.name for mutation in made if mutation.content == content] == []


def test_mutations_stand_in_a_fixed_order(content, made):
    assert [mutation.name for mutation in mutations(content)] == [mutation.name for mutation in made]


def test_every_check_and_every_then_is_changed(content, made):
    names = {mutation.name for mutation in made}
    for n, spec in enumerate(content.checks):
        where = f"{kind_of(spec).value}[{n}]"
        assert f"{where}: dropped" in names
        for field in spec.__struct_fields__:
            then = getattr(spec, field)
            if field.startswith("on_") and then is not None:
                other = "note" if then.effect != "note" else "block"
                assert f"{where}.{field}.effect: {other}" in names


def test_every_list_and_scalar_is_changed(made):
    names = {short(mutation) for mutation in made}
    assert {
        "finality.item_statuses[0]: without final",
        "complete.fields[3]: without value",
        "quality.evidence: iqc",
        "quality.evidence: assessment",
        "window.max_days: 9",
        "window.anchor: reported",
        "window.count: calendar",
        "window.inclusive: false",
        "mark.level: either",
        "marks[chuannei-hr]: dropped",
        "items[cn-51-lab-16].require: without method",
        "exclusions: dropped",
        "force.value: in-principle",
        "applies.divisions[0]: without 510000",
        "level: city",
        "kinds: without laboratory",
        "effective.start: 2022-07",
    } - names == set()
    assert "list_state: partial" not in names  # an open list needs on_open, which the loader asks for


def test_a_limit_goes_one_up_and_one_down(content):
    checks = tuple(
        msgspec.structs.replace(spec, max_days=30) if isinstance(spec, WindowSpec) else spec for spec in content.checks
    )
    names = {short(mutation) for mutation in mutations(msgspec.structs.replace(content, checks=checks))}
    assert {"window.max_days: 29", "window.max_days: 31"} <= names


def test_effects_oblige_only_where_they_may(made):
    oblige = [short(mutation) for mutation in made if mutation.name.endswith(": oblige")]
    assert oblige == []  # here on_valid obliges already, and nothing else may
    assert "mark.on_valid.effect: note" in {short(mutation) for mutation in made}


def test_shifting_moves_what_one_check_sees_and_nothing_else(content):
    pack = bind(content)
    late = shift_pack(bind(content), Shift(time=Time.PERFORMED, seconds=1, index=3, kind=kind_of(content.checks[3])))
    case = build(
        {"order.at": "2026-08-20T10:00:00+08:00", "prior.performed": "2026-08-20T10:00:00+08:00"},
        item_system=content.item_system,
    )
    from fhir_hr.rules.candidate import Candidate
    from fhir_hr.rules.clock import span

    candidate = Candidate(
        case.item, case.prior, case.order, case.identity, span(case.order.at), span(case.prior.performed)
    )
    for n, (plain, shifted) in enumerate(zip(pack.checks, late.checks, strict=True)):
        said = [[f.reason.code for f in check(candidate)] for check in (plain, shifted)]
        assert said[0] == said[1] or n == 3
    assert [f.reason.code for f in pack.checks[3](candidate)] == []
    assert [f.reason.code for f in late.checks[3](candidate)] == ["HR-FUTURE"]


def test_every_check_that_reads_a_time_is_shifted_both_ways(content):
    found = Counter((shift.kind, shift.time) for shift in shifts(content))
    assert set(found.values()) <= {2, 4}  # two quality checks
    assert ("time_order", "reported") in found
    assert ("window", "performed") in found
    assert ("window", "reported") not in found  # this window runs from performed
    assert (None, "order") in found


def test_the_shipped_pack_has_no_survivor_and_excuses_with_reasons():
    report = mutate_pack(vectors_folder())
    assert report.ok, report.survivors or report.failing
    assert report.killed > 300
    assert {one.reason for one in report.equivalent} >= {
        "no limit is stated for any item, so no times are compared",
        "the symbol stands only in the words of the reason",
    }


def vectors_folder():
    from fhir_hr.testing.shelf import rules_root

    return rules_root() / "cn-51" / "lab"


def test_without_a_vector_its_mutants_survive(rules):
    folder = rules / "cn-51" / "lab"
    path = folder / "tests" / "vectors.jsonl"
    lines = [line for line in path.read_text("utf-8").splitlines() if "HR-SUPERSEDED" not in line]
    path.write_text("\n".join(lines), "utf-8")
    shelf, vectors = vectors_of(folder)
    report = mutate_with(load_pack(folder), vectors, shelf)
    assert not report.ok
    assert "superseded[2]: dropped" in report.survivors
    assert "identity[0]: dropped" not in report.survivors
    assert report.total == report.killed + len(report.survivors) + len(report.equivalent)


def test_a_vector_that_fails_is_told_and_kills_nothing(rules):
    folder = rules / "cn-51" / "lab"
    vector = {"name": "wrong", "facts": {}, "expect": {"outcome": "not", "codes": []}}
    (folder / "tests" / "vectors.jsonl").write_text(json.dumps(vector))
    shelf, vectors = vectors_of(folder)
    report = mutate_with(load_pack(folder), vectors, shelf)
    assert (len(report.failing), report.killed) == (1, 0)
    assert "outcome: expected not, got must" in str(report.failing[0])


def test_a_run_tells_what_differs_and_where(rules):
    folder = rules / "cn-51" / "lab"
    path = folder / "tests" / "vectors.jsonl"
    first = json.loads(path.read_text("utf-8").splitlines()[0])
    first["expect"] |= {
        "force": None,
        "effects": ["note", "note"],
        "missing": ["x"],
        "expires": "2026-09-01T00:00:00+08:00",
    }
    path.write_text(json.dumps(first))
    report = run_pack(folder)
    assert (report.vectors, report.ok) == (1, False)
    assert report.failures[0].differences == (
        "force: expected none, got shall-not-repeat",
        "effects: expected note, note, got note, oblige",
        "missing: expected x, got none",
        "expires: expected 2026-09-01T00:00:00+08:00, got none",
    )


def test_a_folder_that_is_no_pack_is_an_error(tmp_path):
    with pytest.raises(DataFileError):
        mutate_pack(tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("window.anchor: reported", "no limit is stated"),
        ("mark.on_valid.effect: note", None),
        ("window.on_none.effect: block", None),
        ("effective.zone: another", None),
    ],
)
def test_an_excuse_follows_from_the_pack(content, made, name, reason):
    mutation = next(mutation for mutation in made if short(mutation) == name)
    said = why_equivalent(mutation, content, ())
    assert (said is None) == (reason is None)
    assert reason is None or reason in said


def test_no_excuse_where_a_row_has_a_date(content):
    shift = next(s for s in shifts(content) if s.kind == "listed")
    assert why_shift_equivalent(shift, content) == "no item of the list has a date"
    dated = (msgspec.structs.replace(content.items[0], start="2026-01-01"), *content.items[1:])
    assert why_shift_equivalent(shift, msgspec.structs.replace(content, items=dated)) is None
    assert isinstance(content.checks[shift.index], ListedSpec)
