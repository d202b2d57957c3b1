"""No mark without evidence: whatever reports, evidence, lists and times are generated."""

from datetime import date, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from scenes import ALT, CENTRE, HBSAG, HOSPITAL, PATIENT, PLT, SCENES, WBC, exam, proof, report, result

from fhir_hr.mapping.items import load_items
from fhir_hr.marks import (
    ListedItem,
    MarkList,
    Need,
    Statement,
    issue_exam_marks,
    issue_marks,
    with_marks,
)
from fhir_hr.model.codes import Code
from fhir_hr.model.flags import EvidenceResult, EvidenceType, FlagBasis
from fhir_hr.model.lab import ReportKind, ReportStatus, ResultStatus, Scale
from fhir_hr.model.priors import Institution, Ownership
from fhir_hr.model.when import Precision, When

LISTED = set(load_items().by_code)
OTHER = "91110000000000000X"
ISSUERS = (CENTRE, "国家卫生健康委临床检验中心", "某公司", None)
ACCEPTED = set(ISSUERS[:2])

days = st.dates(min_value=date(2022, 1, 1), max_value=date(2027, 12, 31)).map(date.isoformat)
stated = st.none() | days | days.map(lambda day: day[:7]) | days.map(lambda day: day[:4])
items = st.sampled_from([WBC, PLT, ALT, HBSAG])


def mostly(value, other):
    """Mostly the sound value: a case is marked only where everything is sound, and both kinds must be met."""
    return st.integers(0, 11).flatmap(lambda n: other if n == 11 else st.just(value))


random_proofs = st.lists(
    st.builds(
        proof,
        st.sampled_from([each.value for each in EvidenceType]),
        st.sampled_from(["passed", "passed", "failed", "not-assessed"]),
        item=st.none() | items,
        start=stated,
        end=stated,
        issuer=st.sampled_from(ISSUERS),
        institution=st.sampled_from([HOSPITAL, HOSPITAL, HOSPITAL, OTHER]),
    ),
    max_size=4,
)
SOUND = (proof("eqa", start="2022", end=None), proof("iqc", start=None, end="2027", issuer=None))
ASSESSED = (proof("assessment", start="2023-05", end=None, issuer=None),)
proofs = st.builds(
    lambda some, others: [*some, *others],
    st.sampled_from([SOUND, SOUND, (*SOUND, *ASSESSED), SOUND[:1], SOUND[1:], ASSESSED, ()]),
    st.sampled_from([(), ()]) | random_proofs,
)
statement = st.builds(
    Statement,
    need=st.sampled_from([Need.QUALITY_SYSTEM, Need.AUTHORISED]),
    institution=st.just(HOSPITAL),
    mark=st.sampled_from([None, "chuannei-hr", "chuanyu-hr"]),
    item=st.none() | items,
)
SYSTEM = Statement(need=Need.QUALITY_SYSTEM, institution=HOSPITAL)
statements = st.lists(statement, max_size=2).flatmap(lambda some: mostly([SYSTEM, *some], st.just(some)))
results = st.lists(
    st.builds(
        lambda item, status, method, scale: {"item": item, "status": status, "scale": scale, **method},
        items | mostly(WBC, st.sampled_from([None, Code(system="urn:other", code=WBC)])),
        mostly(ResultStatus.FINAL, st.sampled_from(ResultStatus)),
        mostly({}, st.sampled_from([{"method": None}, {"ranges": ()}, {"value": None}])),
        st.sampled_from([None, *Scale]),
    ),
    max_size=4,
)
institutions = st.builds(
    Institution,
    id=st.just(HOSPITAL),
    division=st.sampled_from(["510104", "510104", "510104", "510000", "500101", "140105", "140105", None, "51"]),
    tier=st.sampled_from([None, 1, 2, 3, 3]),
    ownership=mostly(Ownership.PUBLIC, st.sampled_from([None, *Ownership])),
)


# The oracle works on whole days in words of its own: it never calls the library's.


def bounds(text, *, last):
    if text is None:
        return date.max if last else date.min
    if len(text) == 10:
        return date.fromisoformat(text)
    year, month = int(text[:4]), int(text[5:7] or (12 if last else 1))
    if not last:
        return date(year, month, 1)
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def within(each, performed):
    """Surely inside, or possibly inside, a period."""
    start = bounds(each.start.iso if each.start else None, last=False)
    end = bounds(each.end.iso if each.end else None, last=True)
    if each.start is None and each.end is None:
        return True, True
    if performed is None:
        return False, True
    first, last = bounds(performed, last=False), bounds(performed, last=True)
    return start <= first and last <= end, first <= end and last >= start


def proved(evidence, kind, item, performed, issuers=None):
    own = [each for each in evidence if each.institution == HOSPITAL and each.item in (None, item)]
    return any(
        each.type == kind
        and each.result is EvidenceResult.PASSED
        and within(each, performed)[0]
        and (issuers is None or each.issuer in issuers)
        for each in own
    )


def may_have_failed(evidence, item, performed):
    return any(
        each.result is EvidenceResult.FAILED
        and each.institution == HOSPITAL
        and each.item in (None, item)
        and within(each, performed)[1]
        for each in evidence
    )


@given(
    parts=results,
    evidence=proofs,
    said=statements,
    institution=institutions,
    collected=mostly("2026-08-20", stated),
    status=mostly(ReportStatus.FINAL, st.sampled_from(ReportStatus)),
    kind=mostly("blood-unspecified", st.sampled_from(["serum", "blood", "urine", "nonsense"])),
    named=mostly(True, st.booleans()),
)
def test_a_marked_item_has_its_evidence(parts, evidence, said, institution, collected, status, kind, named):
    one = report(
        *(result(n, **each) for n, each in enumerate(parts, 1)),
        results=tuple(result(n, **each) for n, each in enumerate(parts, 1)),
        collected=collected,
        status=status,
        kind_code=kind,
    )
    advice = issue_marks(
        one, patient=PATIENT if named else None, institution=institution, evidence=evidence, statements=said
    )
    assert [each.key for each in advice.items] == [each.key for each in one.results]
    for item, source in zip(advice.items, one.results, strict=True):
        for verdict in item.verdicts:
            assert verdict.may == (not verdict.reasons)
            assert bool(verdict.shown) == verdict.may
            assert all(reason.text() and reason.text("en") for reason in verdict.reasons)
            if not verdict.may:
                continue
            code = source.definition.item.code
            assert verdict.mark.code in ("chuannei-hr", "chuanyu-hr")
            assert code in LISTED
            assert proved(evidence, "eqa", code, collected, ACCEPTED)
            assert proved(evidence, "iqc", code, collected)
            assert not may_have_failed(evidence, code, collected)
            assert named
            assert source.status in (ResultStatus.FINAL, ResultStatus.AMENDED, ResultStatus.CORRECTED)
            assert institution.division.startswith("51")
            assert kind != "urine"
            assert {each.result for each in verdict.evidence} == {EvidenceResult.PASSED}
    for verdict in advice.report:
        assert verdict.may == any(item.may(verdict.mark.code) for item in advice.items)
        flagged = with_marks(one, advice, mark=verdict.mark.code)
        assert (flagged.flag is not None) == verdict.may
        for item, each in zip(advice.items, flagged.results, strict=True):
            assert (each.flag is not None) == item.may(verdict.mark.code)
            assert each.flag is None or (each.flag.basis, each.flag.mark) == (FlagBasis.ISSUED, verdict.mark)


@given(evidence=proofs, collected=days, order=st.randoms(use_true_random=False))
def test_the_order_of_evidence_does_not_matter_and_a_failure_never_helps(evidence, collected, order):
    scene = SCENES["chuannei-hr", ReportKind.LABORATORY, None]
    whole = (*scene.evidence, *evidence)
    first = scene.ask(evidence=whole, collected=collected)
    mixed = list(whole)
    order.shuffle(mixed)
    again = scene.ask(evidence=tuple(mixed), collected=collected)
    codes = [[each.code for each in one.items[0].verdicts[0].reasons] for one in (first, again)]
    assert sorted(codes[0]) == sorted(codes[1])
    assert scene.ask(evidence=whole, collected=collected) == first
    for kind in EvidenceType:
        failed = scene.ask(evidence=(*whole, proof(kind.value, "failed", start=None, end=None)), collected=collected)
        assert not failed.items[0].may("chuannei-hr")
    passes = [each for each in whole if each.result is EvidenceResult.PASSED]
    for each in passes:
        less = tuple(one for one in whole if one is not each)
        assert scene.ask(evidence=less, collected=collected).items[0].may("chuannei-hr") <= first.items[0].may(
            "chuannei-hr"
        )


tristate = mostly(True, st.sampled_from([None, False]))
PLACES = {
    SCENES[mark, ReportKind.IMAGING, None].lists[0].system: SCENES[mark, ReportKind.IMAGING, None].institution.division
    for mark in ("chuannei-hr", "bing-hr")
}


@given(
    facts=st.fixed_dictionaries(
        {
            "patient_named": tristate,
            "series_complete": tristate,
            "image_quality": tristate,
            "report_sound": tristate,
            "device_model": mostly("演示CT-64", st.sampled_from([None, ""])),
            "status": mostly(ReportStatus.FINAL, st.sampled_from(ReportStatus)),
        }
    ),
    system=st.sampled_from(sorted(PLACES)),
    there=mostly(True, st.just(False)),
    evidence=proofs,
    said=statements,
    institution=institutions,
    performed=mostly("2026-08-20", stated),
)
def test_a_marked_examination_has_what_its_text_asks(facts, system, there, evidence, said, institution, performed):
    if there:
        institution = msgspec.structs.replace(institution, division=PLACES[system])
    code = Code(system=system, code=WBC)  # any code: the generated evidence names it
    lists = (MarkList(system=system, items=(ListedItem(code=code),)),)
    at = None
    if performed is not None:
        at = When(iso=performed, precision={4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}[len(performed)])
    advice = issue_exam_marks(
        [exam(item=code, performed=at, **facts)],
        institution=institution,
        evidence=evidence,
        statements=said,
        lists=lists,
    )
    for verdict in advice.items[0].verdicts:
        if not verdict.may:
            continue
        assert not may_have_failed(evidence, WBC, performed)
        assert facts["series_complete"] is facts["image_quality"] is facts["report_sound"] is True
        assert performed is not None
        assert len(performed) == 10
        if verdict.mark.code == "bing-hr":
            assert system.endswith("cn-1401-imaging")
            assert facts["device_model"]
            assert institution.ownership is Ownership.PUBLIC
            assert institution.tier == 3 or (institution.tier == 2 and proved(evidence, "assessment", WBC, performed))
            assert [each.words for each in verdict.shown] == ["并HR"]
        else:
            assert system.endswith("cn-51-imaging")
            assert [each.place.value for each in verdict.shown] == ["top-right"]


def test_the_oracle_can_see_a_mark():
    # The properties above would hold of a library that never marks anything.
    scene = SCENES["chuannei-hr", ReportKind.LABORATORY, None]
    assert scene.ask().items[0].may("chuannei-hr")
    assert proved(scene.evidence, "eqa", WBC, "2026-08-20", ACCEPTED)
    assert not proved(scene.evidence, "eqa", WBC, "2027-01-01", ACCEPTED)
