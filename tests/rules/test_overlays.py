"""A hospital's overlay: it weakens for its own orders, by a case of the pack, and does nothing else."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_hr.errors import PackError
from fhir_hr.mapping.canonical import ITEM_SYSTEM
from fhir_hr.model.codes import Code, Concept
from fhir_hr.rules import judge
from fhir_hr.rules.overlays import apply_overlay, load_overlay
from fhir_hr.rules.refusals import refusal_needs

HERE = "T510703000000000R"
YAML = f"""overlay: h-liver
version: "1"
institution: {HERE}
packs: [cn-51-lab]
weaken:
  - {{item: cn-51-lab-12, case: "2", reason: 肝功能变化较快, from: 2026-08-01, to: 2026-08-31}}
  - {{item: null, case: "3", reason: 手术前一律复查, from: 2026-10-01, to: null}}
"""
CODES = f"system,code,item_system,item\nurn:lis,ALT2,{ITEM_SYSTEM},cn-51-lab-12\n,OWN,{ITEM_SYSTEM},cn-51-lab-13\n"
REASONS = (
    "code,zh,en,case,counts_as_refusal,needs,maps_to\nH1,本院术前复查,Before surgery here,3,yes,text,major-measure\n"
)


def files(**changed):
    made = {"overlay.yaml": YAML, "codes.csv": CODES, "refusal-reasons.csv": REASONS, **changed}
    return {name: text.encode() for name, text in made.items() if text is not None}


@pytest.fixture
def overlaid(pack):
    return apply_overlay(pack, load_overlay(files()))


def ask(pack, case):
    verdict = judge(case.item, case.prior, order=case.order, packs=[pack])
    return verdict, [reason.code for reason in verdict.reasons]


@pytest.mark.parametrize(
    ("facts", "outcome", "expires"),
    [
        ({}, "may", "2026-08-31T15:59:59.999999+00:00"),
        ({"order.institution": "T9"}, "must", None),
        ({"order.at": "2026-09-01T00:00:00+08:00"}, "must", "2026-09-30T16:00:00+00:00"),
        ({"order.at": "2026-08-31T23:59:59+08:00"}, "may", "2026-08-31T15:59:59.999999+00:00"),
        ({"order.at": "2026-10-01T00:00:00+08:00"}, "may", None),
        ({"order.item": "cn-51-lab-13", "prior.item": "cn-51-lab-13"}, "must", "2026-09-30T16:00:00+00:00"),
    ],
)
def test_must_becomes_may_for_this_hospital_item_and_time(overlaid, make, facts, outcome, expires):
    verdict, codes = ask(overlaid, make(facts))
    assert verdict.outcome == outcome
    assert ("HR-OVERLAY" in codes) is (outcome == "may")
    assert (verdict.expires.iso if verdict.expires else None) == expires


def test_it_is_told_with_the_packs_clause_and_the_hospitals_reason(overlaid, make):
    verdict, _ = ask(overlaid, make({}))
    reason = next(reason for reason in verdict.reasons if reason.code == "HR-OVERLAY")
    assert (reason.clause.clause, reason.effect, reason.check) == ("四(四)", "discretion", "overlay")
    assert reason.zh == "本院规定：肝功能变化较快（情形2），由医师判断"
    assert dict(reason.params) == {"case": "2", "reason": "肝功能变化较快"}


def test_the_pack_itself_stays_as_it_is(pack, overlaid, make):
    assert ask(pack, make({}))[0].outcome == "must"
    assert overlaid.ref.digest != pack.ref.digest
    assert [each.overlay for each in overlaid.content.overlays] == ["h-liver"]
    assert pack.content.overlays == ()


def test_an_overlay_never_raises_an_outcome(pack, overlaid, all_vectors, make):
    rank = {"not": 0, "indeterminate": 1, "may": 2, "must": 3}
    for vector in [each for each in all_vectors if each.packs == ("cn-51-lab",) and not each.tables]:
        case = make(vector.facts)
        assert rank[ask(overlaid, case)[0].outcome] <= rank[ask(pack, case)[0].outcome], vector.name


def test_local_codes_are_mapped_for_its_own_orders(make):
    overlay, case = load_overlay(files()), make({})
    local = Concept(codings=(Code(system="urn:lis", code="ALT2"),))
    item = msgspec.structs.replace(case.item, item=None, code=local)
    mapped = overlay.map_order(msgspec.structs.replace(case.order, items=(item,)))
    assert mapped.items[0].item == Code(system=ITEM_SYSTEM, code="cn-51-lab-12")
    elsewhere = msgspec.structs.replace(case.order.institution, id="T9")
    order = msgspec.structs.replace(case.order, items=(item,), institution=elsewhere)
    assert overlay.map_order(order) is order
    assert overlay.map_order(case.order).items[0] is case.item  # mapped already


def test_a_code_without_system_is_only_the_hospitals_own(make):
    overlay, case = load_overlay(files()), make({})
    bare = Concept(codings=(Code(code="OWN"),))
    order = msgspec.structs.replace(case.order, items=(msgspec.structs.replace(case.item, item=None, code=bare),))
    assert overlay.map_order(order).items[0].item.code == "cn-51-lab-13"
    prior = msgspec.structs.replace(case.prior, item=None, code=bare)
    assert overlay.map_prior(prior) is prior
    named = Concept(codings=(Code(system="urn:lis", code="ALT2"),))
    assert overlay.map_prior(msgspec.structs.replace(prior, code=named)).item.code == "cn-51-lab-12"


def test_its_own_refusal_reasons_stand_beside_the_packs(overlaid):
    assert overlaid.content.refusal_reasons[-1].clause == "四(四)/cases"
    assert [need.value for need in refusal_needs(overlaid, "H1")][-1] == "text"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("overlay.yaml", 'case: "2"', 'case: "9"', "h-liver: weaken[0]: case '9' is not in exclusions.csv"),
        ("overlay.yaml", "cn-51-lab-12", "x", "h-liver: weaken: cn-51-lab has no item 'x'"),
        ("overlay.yaml", "[cn-51-lab]", "[cn]", "h-liver: does not lie over cn-51-lab; it names cn"),
        ("overlay.yaml", "[cn-51-lab]", "[]", "overlay.yaml:4: names no pack"),
        ("overlay.yaml", "2026-08-01", "2026-13", "h-liver: weaken[0]: from: '2026-13' is no date"),
        ("overlay.yaml", "2026-08-01", "2026-09-01", "h-liver: weaken[0]: ends before it begins"),
        ("overlay.yaml", "肝功能变化较快", '" "', "overlay.yaml:6: reason: empty"),
        ("overlay.yaml", "version", "effect", "unknown key 'effect'"),
        (
            "overlay.yaml",
            "reason: 肝",
            "effect: block, reason: 肝",
            "overlay.yaml:6: weaken[0].effect: unknown key 'effect'",
        ),
        ("codes.csv", "ALT2", "", "codes.csv:2: code: empty"),
        ("codes.csv", ",cn-51-lab-13", ",", "codes.csv:3: item: empty"),
        ("refusal-reasons.csv", "H1", "1", "h-liver: reason '1' is the pack's own"),
        ("refusal-reasons.csv", ",3,", ",7,", "h-liver: reason 'H1': cn-51-lab has no case '7'"),
        ("refusal-reasons.csv", "yes", "no", "h-liver: reason 'H1': case '3' counts as a refusal in cn-51-lab"),
        ("refusal-reasons.csv", "3,yes,text", "6,yes,", "h-liver: reason 'H1': case '6' needs 'text' in cn-51-lab"),
        ("refusal-reasons.csv", "yes", "maybe", "counts_as_refusal: 'maybe' is none of yes, no"),
        ("refusal-reasons.csv", "text", "cash", "needs: 'cash' is none of"),
        ("refusal-reasons.csv", "major-measure", "no-such", "maps_to: 'no-such' is not in the common list"),
    ],
)  # fmt: skip
def test_what_an_overlay_may_not_do(pack, name, old, new, words):
    made = files()
    text = made[name].decode()
    assert old in text
    with pytest.raises(PackError) as caught:
        apply_overlay(pack, load_overlay({**made, name: text.replace(old, new, 1).encode()}))
    assert words in str(caught.value)


def test_two_institutions_cannot_lie_over_one_pack(overlaid):
    other = load_overlay(files(**{"overlay.yaml": YAML.replace(HERE, "T9").replace("h-liver", "h-other"),
                                  "refusal-reasons.csv": None}))  # fmt: skip
    with pytest.raises(PackError, match="h-other: "):
        apply_overlay(overlaid, other)


def test_files_that_are_missing_or_no_overlays(tmp_path):
    with pytest.raises(PackError, match=r"overlay\.yaml: is missing"):
        load_overlay({})
    with pytest.raises(PackError, match=r"items\.csv: is no file of an overlay"):
        load_overlay({**files(), "items.csv": b""})
    with pytest.raises(PackError, match="nowhere: cannot be read"):
        load_overlay(tmp_path / "nowhere")
    for name, data in files().items():
        (tmp_path / name).write_bytes(data)
    assert load_overlay(tmp_path) == load_overlay(files())


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["overlay.yaml", "codes.csv", "refusal-reasons.csv", "x"]), st.binary(max_size=80))
)
def test_arbitrary_files_raise_nothing_but_pack_error(made):
    with contextlib.suppress(PackError):
        load_overlay(made)
