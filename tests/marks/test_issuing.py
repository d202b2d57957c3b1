"""Single cases of issuing: periods to the day, levels of evidence, lists, symbols, what is shown where."""

import msgspec
import pytest
from scenes import ALT, BASE, CENTRE, HOSPITAL, PATIENT, PLT, SCENES, WBC, exam, proof, report, result, when

from fhir_hr.errors import UsageError
from fhir_hr.mapping.marks import MarkTarget
from fhir_hr.marks import (
    ListedItem,
    ListState,
    MarkList,
    Need,
    Statement,
    builtin_lists,
    issue_exam_marks,
    issue_marks,
    with_marks,
)
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.flags import FlagBasis, RecognitionFlag
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.people import HumanName, Patient
from fhir_hr.model.priors import Institution, Ownership
from fhir_hr.model.values import Text
from fhir_hr.model.when import Period, Precision, When

LAB = SCENES["chuannei-hr", ReportKind.LABORATORY, None]
CT = SCENES["chuannei-hr", ReportKind.IMAGING, None]
BING = SCENES["bing-hr", ReportKind.IMAGING, None]
IQC = proof("iqc", issuer=None)


def codes(advice):
    (item,) = advice.items
    (verdict,) = item.verdicts
    return [each.code.removeprefix("mark-") for each in verdict.reasons]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # the period, to the day
        ([proof("eqa", start="2026-08-20", end="2026-08-20")], []),
        ([proof("eqa", end="2026-08-19")], ["eqa-unknown"]),
        ([proof("eqa", start="2026-08-21")], ["eqa-unknown"]),
        ([proof("eqa", start="2026-08", end="2026-08")], []),
        ([proof("eqa", start=None, end=None)], []),
        # a failure in force wins over whatever passed, of one item or of all
        ([proof("eqa"), proof("eqa", "failed", item=WBC)], ["eqa-failed"]),
        ([proof("eqa", item=WBC), proof("eqa", "failed")], ["eqa-failed"]),
        ([proof("eqa"), proof("eqa", "failed", item=PLT)], []),
        ([proof("eqa"), proof("eqa", "failed", end="2026-08-19")], []),
        ([proof("eqa"), proof("eqa", "failed", institution="another")], []),
        ([proof("eqa"), proof("iqc", "failed")], ["iqc-failed"]),
        # a kind of assessment that the text does not ask: its failure forbids all the same
        ([proof("eqa"), proof("assessment", "failed")], ["assessment-failed"]),
        ([proof("eqa"), proof("assessment", "not-assessed")], []),
        # the item's own evidence counts before that of all items
        ([proof("eqa"), proof("eqa", "not-assessed", item=WBC)], ["eqa-missing"]),
        ([proof("eqa", item=WBC), proof("eqa", "not-assessed")], []),
        ([proof("eqa", item=PLT)], ["eqa-unknown"]),
        ([proof("eqa", institution="another")], ["eqa-unknown"]),
        # who assessed: the national or the provincial centre, as the text says
        ([proof("eqa", issuer=None)], ["eqa-unknown"]),
        ([proof("eqa", issuer="某公司")], ["eqa-unknown"]),
        ([proof("eqa", issuer="国家卫生健康委临床检验中心")], []),
        ([proof("eqa"), proof("eqa", "failed", issuer="某公司")], ["eqa-failed"]),
    ],
)
def test_evidence(evidence, expected):
    assert codes(LAB.ask(evidence=(IQC, *evidence))) == expected


@pytest.mark.parametrize(
    ("collected", "expected"),
    [
        ("2026-08", ["performed-stated-missing", "eqa-unknown"]),
        (None, ["text-in-force-unknown", "performed-stated-missing", "eqa-unknown", "iqc-unknown"]),
    ],
)
def test_a_vague_time_proves_nothing(collected, expected):
    found = codes(LAB.ask(collected=collected, evidence=(IQC, proof("eqa", end="2026-08-25"))))
    assert found == expected


def test_a_failure_that_may_have_been_in_force_forbids():
    evidence = (IQC, proof("eqa", start=None, end=None), proof("eqa", "failed", end="2026-08-25"))
    found = codes(LAB.ask(collected="2026-08", evidence=evidence))
    assert found == ["eqa-unknown", "performed-stated-missing"]


@pytest.mark.parametrize("iso", ["2026-08-20T10:00:00", "2026-02-30", "", "gestern"])
def test_an_unreadable_time_is_an_unknown_time(iso):
    bad = When(iso=iso, precision=Precision.SECOND if "T" in iso else Precision.DAY)
    one = LAB.report()
    specimen = msgspec.structs.replace(one.specimens[0], collected=Period(start=bad))
    found = codes(LAB.ask(report=msgspec.structs.replace(one, specimens=(specimen,))))
    assert "performed-stated-missing" in found
    assert "eqa-unknown" in found


def test_evidence_whose_period_cannot_be_read_is_no_pass_and_may_be_a_failure():
    bad = When(iso="2026-99-99", precision=Precision.DAY)
    passed = msgspec.structs.replace(proof("eqa"), end=bad)
    assert codes(LAB.ask(evidence=(IQC, passed))) == ["eqa-unknown"]
    failed = msgspec.structs.replace(proof("eqa", "failed"), end=bad)
    assert codes(LAB.ask(evidence=(IQC, proof("eqa"), failed))) == ["eqa-unknown"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2022-07-31", "text-in-force-missing"), ("2022-08-31", "text-in-force-unknown"), ("2022-09-01", None)],
)
def test_the_text_is_surely_in_force_only_after_the_month_it_was_issued_in(day, expected):
    evidence = tuple(msgspec.structs.replace(each, start=None, end=None) for each in LAB.evidence)
    assert codes(LAB.ask(collected=day, evidence=evidence)) == ([expected] if expected else [])


# -- lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "state", "expected"),
    [
        ({"end": when("2026-08-20")}, ListState.COMPLETE, []),
        ({"end": when("2026-08-19")}, ListState.COMPLETE, ["item-listed-missing"]),
        ({"start": when("2026-08-21")}, ListState.COMPLETE, ["item-listed-missing"]),
        ({"code": Code(system=BASE + "cn-51-lab", code="other")}, ListState.COMPLETE, ["item-listed-missing"]),
        ({"code": Code(system=BASE + "cn-51-lab", code="other")}, ListState.PARTIAL, ["item-listed-unknown"]),
        ({"end": when("2026-08-19")}, ListState.PARTIAL, ["item-listed-missing"]),
    ],
)
def test_the_list_counts_as_it_stood_when_the_item_was_performed(row, state, expected):
    code = Code(system=BASE + "cn-51-lab", code=WBC)
    one = MarkList(system=BASE + "cn-51-lab", items=(ListedItem(**{"code": code, **row}),), state=state)
    assert codes(LAB.ask(lists=[one])) == expected


def test_a_code_of_another_system_is_another_item():
    assert codes(LAB.ask(item=Code(system="urn:other", code=WBC))) == ["item-listed-missing"]


def test_an_item_that_was_not_mapped_is_not_marked():
    assert "item-listed-unknown" in codes(LAB.ask(item=None, name="*平均红细胞体积"))


@pytest.mark.parametrize(("item", "expected"), [("cn-51-img-26", []), ("cn-51-img-53", ["item-listed-unknown"])])
def test_a_row_of_the_imaging_list_that_is_not_known_is_unknown(item, expected):
    # 46 of the 53 rows are known.
    assert codes(CT.ask(item=Code(system=BASE + "cn-51-imaging", code=item), lists=None)) == expected


def test_a_list_of_another_mark_does_not_serve():
    system = BASE + "cn-51-imaging"
    one = MarkList(system=system, items=(ListedItem(code=Code(system=system, code="x")),))
    advice = BING.ask(item=Code(system=system, code="x"), lists=[one])
    assert codes(advice) == ["item-listed-unknown"]


# -- what is shown ------------------------------------------------------------------------------------------------


def test_a_report_with_marked_and_unmarked_items():
    one = report(result(1), result(2, item=PLT, name="血小板"), result(3, item=ALT, name="ALT"))
    evidence = (IQC, proof("eqa", item=WBC), proof("eqa", "failed", item=PLT))
    advice = issue_marks(
        one,
        patient=PATIENT,
        institution=Institution(id=HOSPITAL, division="510100"),
        evidence=evidence,
        statements=LAB.statements[:1],
    )
    assert [mark.text for mark in advice.marks] == ["川内HR"]
    assert [item.may("chuannei-hr") for item in advice.items] == [True, False, False]
    assert [item.name for item in advice.items] == ["白细胞", "血小板", "ALT"]
    heading = next(each for each in advice.report if each.mark.code == "chuannei-hr")
    assert [(s.target.value, s.place.value, s.words, s.clause) for s in heading.shown] == [
        ("report", "top-right", "川内HR", "三(一)、附件2"),
        ("report", "foot", "项目名称前注“*”为互认项目。", "附件2"),
    ]
    assert "我们的理解" in heading.shown[0].note
    star = advice.items[0].verdicts[0]
    assert [(s.target.value, s.words) for s in star.shown] == [("item", "*")]
    assert [each.item for each in star.evidence] == [WBC, None]
    assert star.list_version.startswith("第一批")
    assert star.authority == "四川省卫生健康委员会"
    # The other marks were asked too, and each says why not.
    assert {each.mark.text: each.reasons[0].code for each in advice.report if not each.may} == {
        "川渝HR": "mark-no-item",
        "并HR": "mark-other-kind",
        "鄂HR": "mark-no-rules",
        "武汉HR": "mark-no-rules",
        "苏HR": "mark-no-rules",
    }


def test_the_reason_says_clause_and_words():
    (verdict,) = LAB.ask(evidence=(IQC, proof("eqa", "failed"))).items[0].verdicts
    (reason,) = verdict.reasons
    assert reason.text() == "室间质评不合格（三(一)）"
    assert reason.text("en") == "external quality assessment failed (三(一))"
    assert "不得标注" in reason.note
    assert reason.words == "参加国家或四川省临床检验中心组织的室间质量评价并合格"


def test_a_failure_that_the_text_does_not_speak_of_has_no_clause():
    (verdict,) = CT.ask(evidence=(proof("eqa", "failed"),)).items[0].verdicts
    (reason,) = verdict.reasons
    assert (reason.code, reason.clause, reason.source) == ("mark-eqa-failed", None, None)
    assert "文本未提亦同" in reason.note


def test_an_image_is_marked_at_its_top_right():
    advice = CT.ask()
    assert [(s.target, s.words) for s in advice.items[0].verdicts[0].shown] == [(MarkTarget.IMAGE, "川内HR")]
    assert advice.report[0].shown == ()


def test_bing_stands_before_the_item_and_has_a_foot_note():
    advice = BING.ask()
    assert [s.words for s in advice.items[0].verdicts[0].shown] == ["并HR"]
    assert [(s.place.value, s.words) for s in advice.report[0].shown] == [
        ("foot", "‘并HR’为可在全市范围内互认的检查项目")
    ]


@pytest.mark.parametrize(
    ("tier", "owner", "evidence", "expected"),
    [
        (3, Ownership.PUBLIC, (), []),
        (2, Ownership.PUBLIC, (), ["assessment-unknown"]),
        (2, Ownership.PUBLIC, (proof("assessment", start="2026-08-20"),), []),
        (2, Ownership.PUBLIC, (proof("assessment", start="2026-08-21"),), ["assessment-unknown"]),
        (3, Ownership.PUBLIC, (proof("assessment", "failed"),), ["assessment-failed"]),
        (3, Ownership.PUBLIC, (proof("assessment", "not-assessed"),), []),
        (3, Ownership.PRIVATE, (), ["institution-public-missing"]),
        (1, Ownership.PUBLIC, (proof("assessment"),), ["institution-tier-missing"]),
        (None, Ownership.PUBLIC, (), ["institution-tier-unknown", "assessment-unknown"]),
    ],
)
def test_who_may_show_bing(tier, owner, evidence, expected):
    who = Institution(id=HOSPITAL, division="140100", tier=tier, ownership=owner)
    assert codes(BING.ask(institution=who, evidence=evidence)) == expected


def test_leave_to_use_a_mark_is_of_that_mark():
    scene = SCENES["chuanyu-hr", ReportKind.LABORATORY, None]
    for said in (None, "chuannei-hr"):
        other = (scene.statements[0], Statement(need=Need.AUTHORISED, institution=HOSPITAL, mark=said))
        assert codes(scene.ask(statements=other)) == ["authorised-unknown"]


@pytest.mark.parametrize(
    "statement",
    [
        Statement(need=Need.QUALITY_SYSTEM, institution="another"),
        Statement(need=Need.QUALITY_SYSTEM, institution=HOSPITAL, item=PLT),
        Statement(need=Need.QUALITY_SYSTEM, institution=HOSPITAL, mark="bing-hr"),
        Statement(need=Need.QUALITY_SYSTEM, institution=HOSPITAL, end=when("2026-08-19")),
    ],
)
def test_a_statement_of_something_else_does_not_serve(statement):
    assert codes(LAB.ask(statements=(statement,))) == ["quality-system-unknown"]


# -- edges --------------------------------------------------------------------------------------------------------


def test_a_report_without_results_carries_nothing():
    advice = issue_marks(
        report(results=()), patient=PATIENT, institution=LAB.institution, evidence=LAB.evidence, marks=["chuannei-hr"]
    )
    assert advice.items == ()
    assert not advice.marks
    assert issue_exam_marks([], institution=CT.institution).marks == ()


@pytest.mark.parametrize("kind", [ReportKind.IMAGING, ReportKind.OTHER])
def test_a_report_of_another_kind_is_refused(kind):
    advice = issue_marks(msgspec.structs.replace(LAB.report(), kind=kind), patient=PATIENT, institution=LAB.institution)
    assert {each.reasons[0].code for each in advice.report} == {"mark-other-kind"}
    assert advice.items == ()


@pytest.mark.parametrize("patient", [None, Patient(), Patient(names=(HumanName(text=" "),))])
def test_a_report_without_a_name_is_not_marked(patient):
    assert codes(LAB.ask(patient=patient)) == ["patient-named-missing"]


def test_words_of_white_space_are_no_result():
    assert codes(LAB.ask(value=Text(text=" "))) == ["value-present-missing"]


@pytest.mark.parametrize("index", [7, -1])
def test_a_specimen_index_that_leads_nowhere_is_no_specimen(index):
    found = codes(LAB.ask(specimen=index))
    assert {"specimen-stated-missing", "specimen-fit-unknown", "performed-stated-missing"} <= set(found)


def test_of_several_specimens_none_is_taken_by_chance():
    (one,) = LAB.report().specimens
    found = codes(LAB.ask(specimens=(one, one), specimen=None))
    assert {"specimen-stated-missing", "performed-stated-missing"} <= set(found)
    assert codes(LAB.ask(specimens=(one, one), specimen=1)) == []
    assert codes(LAB.ask(specimen=None)) == []


@pytest.mark.parametrize(
    ("division", "expected"),
    [("140100", []), ("140181", []), ("140200", ["missing"]), ("140000", ["missing"]), ("14", ["unknown"])],
)
def test_the_area_of_a_city(division, expected):
    who = Institution(id=HOSPITAL, division=division, tier=3, ownership=Ownership.PUBLIC)
    assert codes(BING.ask(institution=who)) == [f"institution-area-{each}" for each in expected]


def test_an_unknown_mark_is_a_mistake_of_the_caller():
    with pytest.raises(
        UsageError, match="mark 'nowhere' is not registered; there are: chuannei-hr, chuanyu-hr, bing-hr"
    ):
        LAB.ask(marks=["nowhere"])
    with pytest.raises(UsageError, match="mark 'quanguo-hr' is not registered"):
        LAB.ask(marks=["quanguo-hr"])  # unconfirmed: data for people only


def test_a_certificate_is_not_stated():
    with pytest.raises(UsageError, match="statement cannot show 'eqa'; it can show: quality-system, authorised"):
        LAB.ask(statements=(Statement(need=Need.EQA, institution=HOSPITAL),))


def test_no_answer_names_the_patient_or_the_values():
    advice = LAB.ask()
    assert "演示" not in repr(advice)
    assert "演示" not in msgspec.json.encode(advice).decode()
    assert "6.30" not in msgspec.json.encode(advice).decode()
    assert "胸部" not in repr(exam())
    assert CENTRE in msgspec.json.encode(advice).decode()


# -- flags --------------------------------------------------------------------------------------------------------


def test_flags_are_put_on_and_taken_away():
    printed = RecognitionFlag(mark=LAB.ask().marks[0], basis=FlagBasis.PRINTED)
    one = report(result(1), result(2, item=PLT, name="*血小板", flag=printed), flag=printed)
    advice = LAB.ask(report=one)
    marked = with_marks(one, advice, mark="chuannei-hr")
    assert (marked.flag.basis, marked.flag.mark.text) == (FlagBasis.ISSUED, "川内HR")
    first, second = marked.results
    assert (first.flag.basis, first.flag.item.code, first.flag.list_uri) == (
        FlagBasis.ISSUED,
        WBC,
        builtin_lists()[0].uri,
    )
    assert [each.type.value for each in first.flag.evidence] == ["eqa", "iqc"]
    assert second.flag is None
    refused = with_marks(one, LAB.ask(report=one, evidence=()), mark="chuannei-hr")
    assert refused.flag is None
    assert [each.flag for each in refused.results] == [None, None]


def test_flags_of_another_report_are_refused():
    advice = LAB.ask()
    with pytest.raises(UsageError, match="the advice is not of this report"):
        with_marks(report(key="R2"), advice, mark="chuannei-hr")
    with pytest.raises(UsageError, match="the advice is not of this report"):
        with_marks(report(result(1), result(2)), advice, mark="chuannei-hr")
    with pytest.raises(UsageError, match="the advice says nothing of the mark 'bing-hr'"):
        with_marks(report(), advice, mark="bing-hr")


def test_a_name_may_come_from_a_coding():
    one = report(result(code=Concept(codings=(Code(code="WBC", display="＊白细胞"),))))
    assert LAB.ask(report=one).items[0].name == "白细胞"
