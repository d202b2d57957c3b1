"""Imaging orders, hospitals' overlays, the packs that are asked, and when something was performed."""

from __future__ import annotations

import msgspec
import pytest

from fhir_hr.mapping.canonical import EXAM_ITEM_SYSTEM
from fhir_hr.model.codes import EMPTY_CONCEPT, Code, Concept
from fhir_hr.model.exams import Exam, Side
from fhir_hr.model.flags import EvidenceResult
from fhir_hr.model.lab import Report, ReportKind, ReportStatus, Result, ResultStatus, Specimen
from fhir_hr.model.orders import OrderItem
from fhir_hr.model.priors import Institution, Prior
from fhir_hr.model.when import Period, Precision, When
from fhir_hr.recognition import expand_order, recognise
from fhir_hr.recognition.candidates import Candidates, broader_items
from fhir_hr.recognition.evidence import add_evidence
from fhir_hr.recognition.items import map_prior
from fhir_hr.rules.load import builtin_pack
from fhir_hr.rules.overlays import apply_overlay, load_overlay
from fhir_hr.sources import Deposit, MemorySource, PriorQuery, PriorStore, ReportVersion

HERE = "12500000000000003K"


def at(text):
    return When(iso=text, precision=Precision.SECOND if "T" in text else Precision.DAY)


@pytest.fixture
def imaging(order):
    """An imaging order and a prior examination of the same patient, performed elsewhere in Sichuan."""

    def make(ordered, existing, **prior):
        item = OrderItem(id="1", name=ordered, code=Concept(text=ordered), kind=ReportKind.IMAGING)
        stated = {
            "id": "ct-1",
            "kind": ReportKind.IMAGING,
            "patient": order.patient,
            "institution": Institution(id="T1", division="510100"),
            "name": existing,
            "status": ResultStatus.FINAL,
            "report_status": ReportStatus.FINAL,
            "code": EMPTY_CONCEPT,
            "performed": at("2026-03-10T08:00:00+08:00"),
            "reported": at("2026-03-10T09:00:00+08:00"),
            "report_mark": "chuannei-hr",
            "report_mark_known": True,
            "superseded": False,
            "has_report": True,
            "has_images": True,
            "series_complete": True,
        }
        return msgspec.structs.replace(order, items=(item,), exclusions=()), Prior(**{**stated, **prior})

    return make


def overlay_of(order, weaken="", codes=None):
    head = f"overlay: h\nversion: '1'\ninstitution: {order.institution.id}\npacks: [cn-51-lab]\n{weaken}"
    files = {"overlay.yaml": head.encode()}
    return load_overlay(files if codes is None else {**files, "codes.csv": codes.encode()})


def told(order, prior, **options):
    recognition = recognise(order, sources=[MemorySource([prior])], **options)
    (item,) = recognition.items
    return recognition, item, [reason.code for reason in item.decision.reasons] if item.decision else []


def test_an_examination_is_mapped_by_its_whole_name_and_judged(imaging):
    order, prior = imaging("胸部CT平扫", "胸部计算机体层(CT)平扫")
    recognition, item, codes = told(order, prior)
    assert item.answer == "found"
    assert "HR-ITEM-UNMAPPED" not in codes
    assert item.outcome == "must", codes
    assert [ref.id for ref in recognition.packs] == ["cn", "cn-51-imaging"]


def test_a_name_that_leaves_the_side_open_is_not_guessed(imaging):
    order, _ = imaging("膝关节正侧位摄影", "")
    expanded, (issue,) = expand_order(order)
    assert expanded.items[0].item is None
    assert issue.code == "item-ambiguous"
    assert "it was not guessed" in issue.message


def test_what_is_examined_stays_as_it_was_stated(imaging):
    order, prior = imaging("左膝关节正侧位摄影", "左膝关节正侧位摄影")
    expanded, issues = expand_order(order)
    assert (expanded.items[0].item.code, expanded.items[0].exam, issues) == ("cn-51-img-13", None, ())
    assert map_prior(prior).exam is None
    assert map_prior(prior).item == expanded.items[0].item
    stated = msgspec.structs.replace(prior, exam=Exam(side=Side.RIGHT))
    assert "HR-EXAM-MISMATCH" in told(order, stated)[2]


def test_an_examination_that_includes_the_ordered_one_is_a_candidate(imaging):
    order, prior = imaging("胸部计算机体层(CT)平扫", "胸部计算机体层(CT)增强扫描")
    _, item, codes = told(order, prior)
    assert "HR-ITEM-BROADER" in codes
    assert item.outcome == "must", codes
    reverse, plain = imaging("胸部计算机体层(CT)增强扫描", "胸部计算机体层(CT)平扫")
    assert told(reverse, plain)[1].answer == "nothing"


def test_without_names_modality_and_part_find_the_candidate(imaging):
    exam = Exam(modality="US", body_part="thyroid")
    order, prior = imaging("甲状腺彩超", "US Thyroid", exam=exam)
    assert told(order, prior)[1].answer == "nothing"
    asked = msgspec.structs.replace(order, items=(msgspec.structs.replace(order.items[0], exam=exam),))
    assert told(asked, prior)[1].answer == "found"
    expanded, issues = expand_order(asked)
    assert issues == ()
    other = msgspec.structs.replace(prior, exam=Exam(modality="US", body_part="liver"))
    assert Candidates([other]).of(expanded.items[0]) == []


def test_items_that_include_others_come_from_the_packs():
    broader = broader_items([builtin_pack("cn-51-imaging"), builtin_pack("cn-51-lab")])
    chest = Code(system=EXAM_ITEM_SYSTEM, code="cn-51-img-26")
    assert [code.code for code in broader[chest]] == ["cn-51-img-39"]


def test_an_overlay_counts_for_its_own_orders(order, priors):
    overlay = overlay_of(order, "weaken:\n  - {case: '2', reason: 变化较快}\n")
    plain = recognise(order, sources=[MemorySource(priors)])
    laid = recognise(order, sources=[MemorySource(priors)], overlays=[overlay])
    must = [item.name for item in plain.items if item.outcome == "must"]
    assert must
    outcomes = {item.name: item for item in laid.items}
    for name in must:
        assert outcomes[name].outcome == "may"
        assert "HR-OVERLAY" in [reason.code for reason in outcomes[name].decision.reasons]
    elsewhere = msgspec.structs.replace(overlay, institution="T9")
    assert recognise(order, sources=[MemorySource(priors)], overlays=[elsewhere]).json() == plain.json()


def test_an_overlay_that_lies_over_a_pack_already_is_not_laid_twice(order, priors):
    overlay = overlay_of(order)
    laid = apply_overlay(builtin_pack("cn-51-lab"), overlay)
    asked = recognise(order, sources=[MemorySource(priors)], packs=[laid], overlays=[overlay])
    assert asked.packs == (laid.ref,)


def test_local_codes_reach_the_candidates(order, priors):
    system = builtin_pack().content.item_system
    overlay = overlay_of(order, codes=f"system,code,item_system,item\n,L-77,{system},cn-51-lab-12\n")
    item = OrderItem(id="1", name="肝功能甲", code=Concept(codings=(Code(code="L-77"),), text="肝功能甲"))
    local = msgspec.structs.replace(order, items=(item,), exclusions=())
    assert recognise(local, sources=[MemorySource(priors)]).items[0].answer == "nothing"
    assert recognise(local, sources=[MemorySource(priors)], overlays=[overlay]).items[0].answer == "found"


def test_all_shipped_packs_are_asked_and_only_those_that_spoke_are_named(order, priors):
    assert [ref.id for ref in recognise(order, sources=[MemorySource(priors)]).packs] == ["cn", "cn-51-lab"]
    given = [builtin_pack("cn-51-lab"), builtin_pack("cn-1401-imaging")]
    named = recognise(order, sources=[MemorySource(priors)], packs=given).packs
    assert [ref.id for ref in named] == ["cn-51-lab", "cn-1401-imaging"]


COLLECTED, EXAMINED, MEASURED = (at(f"2026-03-10T0{n}:00:00+08:00") for n in (7, 8, 9))


@pytest.mark.parametrize(
    ("collected", "examined", "measured", "answer"),
    [
        (COLLECTED, EXAMINED, MEASURED, COLLECTED),
        (None, EXAMINED, MEASURED, EXAMINED),
        (None, Period(start=EXAMINED, end=MEASURED), None, EXAMINED),
        (None, Period(end=MEASURED), COLLECTED, MEASURED),
        (None, None, MEASURED, MEASURED),
        (None, None, None, None),
    ],
)
def test_collection_comes_before_what_the_report_and_the_result_say(conversions, collected, examined, measured, answer):
    report, result = _report(conversions)
    specimen = msgspec.structs.replace(report.specimens[0], collected=collected)
    report = msgspec.structs.replace(report, specimens=(specimen,), effective=examined)
    result = msgspec.structs.replace(result, effective=measured, specimen=None)
    assert report.performed_at(result) == answer


def test_flags_and_rules_ask_the_same_time(conversions, evidence):
    """Evidence that ended between collection and measurement is taken at collection, as the rules take it."""
    report, result = _report(conversions)
    assert isinstance(report, Report)
    assert isinstance(result, Result)
    assert isinstance(report.specimens[0], Specimen)
    message = next(one.message for one in conversions if one.message and report in one.message.reports)
    issuer = message.sender.identifiers[0].value
    failed = msgspec.structs.replace(
        evidence[0],
        result=EvidenceResult.FAILED,
        institution=issuer,
        item=result.flag.item.code,
        start=at("2026-03-09"),
        end=at("2026-03-10"),
    )
    specimen = msgspec.structs.replace(report.specimens[0], collected=at("2026-03-10T08:00:00+08:00"))
    late = msgspec.structs.replace(result, effective=at("2026-03-11T08:00:00+08:00"), specimen=None)
    changed = msgspec.structs.replace(report, specimens=(specimen,), results=(late,))
    _, issues = add_evidence(msgspec.structs.replace(message, reports=(changed,)), [failed])
    assert [issue.code for issue in issues] == ["mark-forbidden"]


def _report(conversions):
    for one in conversions:
        for report in one.message.reports if one.message else ():
            for result in report.results:
                if result.flag is not None and result.flag.item is not None and report.specimens:
                    return report, result
    raise AssertionError("the demonstration has a marked result")


def test_a_store_keeps_what_examinations_need(tmp_path, imaging):
    exam = Exam(modality="CT", body_part="chest")
    order, prior = imaging(
        "胸部CT平扫", "胸部CT平扫", exam=exam, device_model="机型甲", item_mark="bing-hr", item_mark_known=True,
        has_images=None, series_complete=False, unit="HU", encounter="V1", report_id="r-1",
        institution=Institution(id="T1", tier=3, alliances=("A",)),
    )  # fmt: skip
    store = PriorStore(tmp_path / "priors.db")
    version = ReportVersion(report_id="r-1", status=ReportStatus.FINAL, issued=prior.reported)
    store.keep(Deposit(message="m", created=prior.reported, reports=(version,), priors=(prior,)))
    (found,) = store.find(PriorQuery(patient=order.patient)).priors
    assert found == prior


@pytest.mark.parametrize(("ordered", "existing"), [("胸部CT", "胸部CT平扫"), ("胸部CT平扫", "胸部CT")])
def test_a_name_that_leaves_something_open_is_not_taken_for_nothing(imaging, ordered, existing):
    order, prior = imaging(ordered, existing)
    _, item, codes = told(order, prior)
    assert (item.answer, item.outcome) == ("found", "indeterminate")
    assert "HR-ITEM-UNMAPPED" in codes


def test_a_prior_that_nobody_mapped_is_found_by_what_was_examined(imaging):
    order, prior = imaging("胸部CT平扫", "Thorax routine", exam=Exam(modality="CT", body_part="chest"))
    _, item, codes = told(order, prior)
    assert (item.answer, item.outcome) == ("found", "indeterminate")
    assert "HR-ITEM-UNMAPPED" in codes
    order, prior = imaging("头部CT平扫", "Thorax routine", exam=Exam(modality="CT", body_part="chest"))
    assert told(order, prior)[1].answer == "nothing"


def test_the_other_side_is_no_candidate_but_an_open_one_is(imaging):
    order, prior = imaging("左膝关节正侧位摄影", "右膝关节正侧位摄影")
    assert told(order, prior)[1].answer == "nothing"
    order, prior = imaging("左膝关节正侧位摄影", "膝关节正侧位摄影")
    assert told(order, prior)[1].outcome == "indeterminate"


def test_one_hip_never_answers_for_a_hip_without_side(imaging):
    order, prior = imaging(
        "髋关节正位摄影", "髋关节正位摄影", exam=Exam(modality="DR", body_part="hip", side=Side.LEFT)
    )
    _, item, codes = told(order, prior)
    assert item.outcome == "indeterminate"
    assert "HR-ITEM-UNMAPPED" in codes
    order, prior = imaging("髋关节正位摄影", "髋关节正位摄影")
    assert told(order, prior)[1].outcome == "must"
