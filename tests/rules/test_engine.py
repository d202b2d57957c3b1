"""The engine as a whole: total, monotone, pure, independent of the order of packs; merge, choice, digests."""

from __future__ import annotations

import copy
import itertools

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.decisions import Decision, RecognitionOutcome
from fhir_hr.model.exams import Contrast, Exam, Side, View
from fhir_hr.model.flags import Evidence
from fhir_hr.model.identity import IdentityMatch
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.orders import ExclusionClaim, Order, OrderItem
from fhir_hr.model.priors import Grade, Institution, Ownership, Prior
from fhir_hr.model.when import Precision, When
from fhir_hr.rules import choose, decide, judge
from fhir_hr.rules.engine import outcome_of
from fhir_hr.rules.load import builtin_packs
from fhir_hr.rules.vocabulary import BLOCK, NOTE

RANK = {"not": 0, "indeterminate": 1, "may": 2, "must": 3}
ODD = HealthCheck.function_scoped_fixture

_odd_text = st.one_of(
    st.none(), st.sampled_from(["", " ", "510000", "500103", "51", "chuannei-hr", "川内HR", "1"]), st.text(max_size=4)
)
_TIMES = (
    "2026",
    "2026-08",
    "2026-08-20",
    "2026-08-20T10:00:00+08:00",
    "2026-08-20T10:00:00",
    "0001-01-01T00:00:00+08:00",
    "9999-12-31T23:59:59-08:00",
    "9999",
    "",
)
_any_when = st.builds(
    When,
    iso=st.one_of(st.sampled_from(_TIMES), st.text(max_size=6)),
    precision=st.sampled_from(Precision),
    zone=st.sampled_from(["+08:00", "", "Z", "x"]),
)
_odd_when = st.one_of(st.none(), _any_when)
_any_code = st.builds(
    Code,
    code=st.sampled_from(["cn-51-lab-12", "cn-51-lab-16", "x", ""]),
    system=st.sampled_from([None, "", "https://fhir-hr.example/fhir/CodeSystem/recognised-item-cn-51-lab"]),
)
_code = st.one_of(st.none(), _any_code)
_concept = st.builds(Concept, codings=st.lists(_any_code, max_size=2).map(tuple), text=_odd_text)
_place = st.builds(
    Institution,
    id=st.sampled_from(["", "T1", "T2"]),
    division=_odd_text,
    tier=st.sampled_from([None, -1, 0, 2, 3, 99]),
    grade=st.one_of(st.none(), st.sampled_from(Grade)),
    ownership=st.one_of(st.none(), st.sampled_from(Ownership)),
    alliances=st.one_of(st.none(), st.lists(_odd_text.map(str), max_size=2).map(tuple)),
)
_evidence = st.builds(Evidence, institution=st.sampled_from(["", "T1"]), item=_odd_text, start=_odd_when, end=_odd_when)
_exam = st.one_of(
    st.none(),
    st.builds(
        Exam,
        modality=_odd_text,
        body_part=_odd_text,
        side=st.one_of(st.none(), st.sampled_from(Side)),
        views=st.one_of(st.none(), st.lists(st.sampled_from(View), max_size=3).map(tuple)),
        contrast=st.one_of(st.none(), st.sampled_from(Contrast)),
    ),
)
_tri = st.sampled_from([None, True, False])
_identity = st.builds(
    IdentityMatch, same=st.sampled_from([True, False, None]), agree=st.just(("name",)), differ=st.just(("sex",))
)


@st.composite
def candidates(draw):
    prior = draw(
        st.builds(
            Prior,
            id=st.just("p"),
            institution=_place,
            name=_odd_text.map(lambda t: t or ""),
            code=_concept,
            item=_code,
            performed=_odd_when,
            reported=_odd_when,
            specimen=st.one_of(st.none(), _concept),
            specimen_kind=_odd_text,
            method=_odd_text,
            value=st.none(),
            value_text=_odd_text,
            reference_text=_odd_text,
            report_mark=_odd_text,
            evidence=st.lists(_evidence, max_size=3).map(tuple),
            exam=_exam,
            unit=_odd_text,
            device_model=_odd_text,
            item_mark=_odd_text,
            item_mark_known=st.booleans(),
            encounter=_odd_text,
            has_images=_tri,
            has_report=_tri,
            series_complete=_tri,
            report_number=st.none(),
        )
    )
    item = draw(
        st.builds(
            OrderItem,
            id=st.just("1"),
            name=st.just("x"),
            code=_concept,
            item=_code,
            specimen_kind=_odd_text,
            kind=st.sampled_from(ReportKind),
            exam=_exam,
            unit=_odd_text,
            method=_odd_text,
            reference_text=_odd_text,
        )
    )
    claims = draw(
        st.lists(st.builds(ExclusionClaim, case=st.sampled_from(["", "1", "6", "9"]), item_id=_odd_text), max_size=3)
    )
    order = draw(
        st.builds(
            Order,
            id=st.just("o"),
            patient=st.just(prior.patient),
            institution=_place,
            at=_any_when,
            items=st.just((item,)),
            exclusions=st.just(tuple(claims)),
            encounter=_odd_text,
        )
    )
    return item, prior, order, draw(_identity)


@settings(max_examples=120, deadline=None, suppress_health_check=[ODD, HealthCheck.too_slow])
@given(candidate=candidates())
def test_odd_facts_never_raise_and_are_never_changed(candidate, pack, variant):
    item, prior, order, identity = candidate
    before = msgspec.json.encode([item, prior, order])
    limited = variant(
        lambda data: next(s for s in data["checks"] if s["check"] == "window").update(max_days=30, count="calendar")
    )
    shipped = builtin_packs()
    for packs in ([pack], [limited], [pack, limited], [], shipped, *([each] for each in shipped)):
        decision = decide(item, prior, order=order, packs=packs, identity=identity)
        assert decision.outcome in RecognitionOutcome
        assert decision.reasons
        assert decision == decide(item, prior, order=order, packs=packs, identity=identity)
        assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision).id == decision.id
        assert (decision.force is not None) == (decision.outcome == "must")
    assert msgspec.json.encode([item, prior, order]) == before


@settings(max_examples=80, deadline=None, suppress_health_check=[ODD, HealthCheck.too_slow])
@given(candidate=candidates())
def test_only_a_proved_patient_and_a_covering_mark_can_oblige(candidate, pack):
    item, prior, order, identity = candidate
    if judge(item, prior, order=order, packs=[pack], identity=identity).outcome == "must":
        assert identity.same is True
        assert prior.report_mark in ("chuannei-hr", "chuanyu-hr")


@given(bits=st.integers(0, 31))
def test_adding_a_block_never_raises_the_outcome(bits):
    assert RANK[outcome_of(bits | BLOCK)] <= RANK[outcome_of(bits)]
    assert outcome_of(bits | NOTE) == outcome_of(bits)


@pytest.mark.parametrize(
    "worse",
    [
        {"identity": "different"},
        {"prior.status": "preliminary"},
        {"prior.superseded": True},
        {"prior.item": "cn-51-lab-13"},
        {"prior.value": None},
        {"prior.reported": "2027-01-01T00:00:00+08:00"},
    ],
)
def test_a_blocking_fact_never_raises_the_outcome_of_any_vector(worse, all_vectors, make, pack):
    for vector in [each for each in all_vectors if each.packs == ("cn-51-lab",)]:
        before = judge(*_args(make(vector.facts)), packs=[pack], order=make(vector.facts).order)
        case = make({**vector.facts, **worse})
        after = judge(*_args(case), packs=[pack], order=case.order)
        assert RANK[after.outcome] <= RANK[before.outcome], vector.name


def _args(case):
    return case.item, case.prior


@pytest.fixture(scope="session")
def others(variant):
    """Packs that say something else: one binds in principle only, one has a limit, one is for elsewhere."""

    def softer(data):
        data.update(pack="z-soft")
        data["force"]["value"] = "in-principle"

    def limited(data):
        data.update(pack="a-limited")
        then = {"effect": "discretion", "interpretation": "made up"}
        next(s for s in data["checks"] if s["check"] == "window").update(max_days=5, on_expired=then)

    def elsewhere(data):
        data.update(pack="elsewhere")
        data["applies"]["divisions"] = ["420000"]

    return variant(softer), variant(limited), variant(elsewhere)


def test_any_pack_that_obliges_makes_must_and_the_disagreement_is_told(pack, others, make):
    item, prior, order = make({})
    soft, limited, elsewhere = others
    verdict = judge(item, prior, order=order, packs=[soft, limited, elsewhere])
    assert verdict.outcome == "must"
    assert verdict.force == "in-principle"
    assert [ref.id for ref in verdict.packs] == ["a-limited", "z-soft"]
    assert [r.code for r in verdict.reasons[-3:]] == ["HR-CONFLICT", "HR-OBLIGED", "HR-OBLIGED"]
    conflict = verdict.reasons[-3]
    assert dict(conflict.params) == {"outcomes": "may,must", "packs": "a-limited,z-soft"}
    assert judge(item, prior, order=order, packs=[soft, pack]).force == "shall-not-repeat"


def test_blocks_of_all_packs_are_united(others, variant, make):
    item, prior, order = make({})
    strict = variant(
        lambda data: (
            data.update(pack="strict"),
            next(s for s in data["checks"] if s["check"] == "window").update(
                max_days=5, on_expired={"effect": "block", "interpretation": "made up"}
            ),
        )
    )
    verdict = judge(item, prior, order=order, packs=[others[0], strict])
    assert verdict.outcome == "not"
    assert verdict.force is None
    assert {r.pack for r in verdict.reasons if r.effect == "block"} == {"strict"}


def test_the_order_and_repetition_of_packs_is_irrelevant(pack, others, all_vectors, make):
    packs = [pack, *others]
    for vector in all_vectors[::9]:
        case = make(vector.facts)
        answers = {
            decide(case.item, case.prior, order=case.order, packs=[*some, some[0]]).id
            for some in itertools.permutations(packs)
        }
        assert len(answers) == 1
        verdicts = [judge(*_args(case), order=case.order, packs=list(some)) for some in itertools.permutations(packs)]
        assert all(v == verdicts[0] for v in verdicts)


def test_no_pack_is_no_judgement(make):
    item, prior, order = make({})
    verdict = judge(item, prior, order=order, packs=[])
    assert verdict.outcome == "indeterminate"
    assert [r.code for r in verdict.reasons] == ["HR-PACK-NONE"]


def test_one_code_is_told_once_with_its_strongest_effect(pack, make):
    facts = {
        "order.item": "cn-51-lab-16",
        "prior.item": "cn-51-lab-16",
        "prior.method": None,
        "prior.scale": "qualitative",
    }
    item, prior, order = make(facts)
    verdict = judge(item, prior, order=order, packs=[pack])
    method = [r for r in verdict.reasons if r.code == "HR-METHOD-MISSING"]
    assert [(r.effect, r.check, r.clause.clause) for r in method] == [("block", "special", "附件1")]


def test_the_id_pins_packs_facts_and_moment(pack, others, make):
    item, prior, order = make({})
    first = decide(item, prior, order=order, packs=[pack])
    assert first == decide(*_args(make({})), order=make({}).order, packs=[pack])
    ids = {first.id}
    for facts in (
        {"order.at": "2026-08-20T10:00:01+08:00"},
        {"prior.starred": False},
        {"prior.method": None},
        {"prior.mark": None},
        {"prior.evidence": []},
        {"identity": "unknown"},
        {"order.exclusions": [{"case": "1"}]},
        {"prior.division": "510105"},
        {"prior.reported": None},
        {"prior.tier": 3},
        {"order.alliances": ["A"]},
        {"prior.exam": {"modality": "CT"}},
        {"prior.item_mark": "bing-hr"},
        {"prior.device_model": "机型甲"},
        {"prior.has_images": False},
        {"order.unit": "U/L"},
        {"prior.encounter": "V1", "order.encounter": "V1"},
    ):
        case = make(facts)
        ids.add(decide(case.item, case.prior, order=case.order, packs=[pack]).id)
    ids.add(decide(item, prior, order=order, packs=[others[0]]).id)
    assert len(ids) == 19
    assert first.packs[0].digest == pack.ref.digest


def test_what_names_a_person_changes_neither_digest_nor_reasons(pack, make):
    item, prior, order = make({"identity": "unknown"})
    identity = IdentityMatch(same=None, agree=("name",))
    renamed = msgspec.structs.replace(prior, patient=msgspec.structs.replace(prior.patient, name="测试乙"))
    a = decide(item, prior, order=order, packs=[pack], identity=identity)
    b = decide(item, renamed, order=order, packs=[pack], identity=identity)
    assert a == b
    assert "测试" not in msgspec.json.encode(a).decode()


def test_a_claim_for_another_item_is_not_among_the_facts(pack, make):
    plain, claimed = make({}), make({"order.exclusions": [{"case": "1", "item": "other"}]})
    a = decide(*_args(plain), order=plain.order, packs=[pack])
    b = decide(*_args(claimed), order=claimed.order, packs=[pack])
    assert a.facts_digest == b.facts_digest


def test_choose_is_a_total_order(pack, make):
    def one(name, facts):
        case = make(facts)
        prior = msgspec.structs.replace(case.prior, id=name)
        return prior, decide(case.item, prior, order=case.order, packs=[pack])

    made = [
        one("b-must-old", {"prior.performed": "2026-08-01T08:00:00+08:00"}),
        one("c-must-new", {}),
        one("a-must-new-reported-later", {"prior.reported": "2026-08-11T08:00:00+08:00"}),
        one("a-must-new", {}),
        one("may", {"prior.mark": None}),
        one("unknown", {"identity": "unknown"}),
        one("not", {"identity": "different"}),
        one("not-undated", {"identity": "different", "prior.performed": None}),
    ]
    priors = {prior.id: prior for prior, _ in made}
    wanted = [
        "a-must-new-reported-later",
        "a-must-new",
        "c-must-new",
        "b-must-old",
        "may",
        "unknown",
        "not",
        "not-undated",
    ]
    for some in itertools.islice(itertools.permutations(d for _, d in made), 0, 40320, 997):
        assert [d.prior for d in choose(some, priors)] == wanted
    assert choose([], {}) == ()
    assert choose([made[0][1]], {})[0].prior == "b-must-old"


def test_judging_many_different_findings_stays_bounded(pack, make):
    item, prior, order = make({})
    for n in range(3000):
        marked = msgspec.structs.replace(prior, report_mark=f"mark-{n}")
        assert judge(item, marked, order=order, packs=[pack]).outcome == "may"
    assert len(pack.folded) <= 4096
    assert copy.copy(pack.ref) == pack.ref
