"""Examinations, inclusion, completeness that may be unknown, comparability, windows that are read in several ways."""

from __future__ import annotations

import itertools

import pytest

from fhir_hr.rules import judge

BLOCK = {"effect": "block", "interpretation": "made up for this test"}
UNKNOWN = {"effect": "unknown", "interpretation": "made up for this test"}
MAY = {"effect": "discretion", "interpretation": "made up for this test"}
NOTE = {"effect": "note", "interpretation": "made up for this test"}
ASPECTS = ["modality", "body-part", "side", "views", "contrast"]
EXAM_FIT = {"check": "exam_fit", "aspects": ASPECTS, "on_mismatch": BLOCK, "on_unknown": UNKNOWN}
IMAGING = {"order.kind": "imaging", "prior.kind": "imaging", "order.item": None, "prior.item": None}
KNEE = {"modality": "DR", "body_part": "knee", "side": "left", "views": ["frontal", "lateral"]}


@pytest.fixture
def imaging(variant):
    """The laboratory pack turned into one on imaging without a list, and whatever else a test asks for."""

    def make(*specs, **tables):
        def edit(data):
            kinds = {spec["check"] for spec in specs}
            kept = ("identity", "finality", "superseded", "time_order", "item_fit", "mark")
            data["checks"] = [spec for spec in data["checks"] if spec["check"] in kept and spec["check"] not in kinds]
            data["checks"] += specs
            data.update(kinds=["imaging"], items=[], list_state="absent", item_system=None)
            data.update(tables)

        return variant(edit)

    return make


def told(pack, case, *codes):
    verdict = judge(case.item, case.prior, order=case.order, packs=[pack])
    found = [reason for reason in verdict.reasons if reason.code not in ("HR-OBLIGED", "HR-WINDOW-NONE")]
    assert tuple(reason.code for reason in found) == codes
    return verdict, found


@pytest.mark.parametrize(
    ("ordered", "prior", "codes", "aspects"),
    [
        (KNEE, KNEE, [], []),
        (KNEE, {**KNEE, "views": ["lateral", "frontal", "frontal"]}, [], []),
        (KNEE, {**KNEE, "contrast": "plain"}, [], []),
        (KNEE, {**KNEE, "side": "right"}, ["HR-EXAM-MISMATCH"], ["side"]),
        (KNEE, {**KNEE, "side": "both", "views": ["frontal"]}, ["HR-EXAM-MISMATCH"], ["side,views"]),
        (KNEE, {**KNEE, "side": None}, ["HR-EXAM-UNKNOWN"], ["side"]),
        (KNEE, {**KNEE, "views": []}, ["HR-EXAM-UNKNOWN"], ["views"]),
        (KNEE, {**KNEE, "side": "right", "views": None}, ["HR-EXAM-MISMATCH", "HR-EXAM-UNKNOWN"], ["side", "views"]),
        (
            {"modality": "CT", "body_part": "chest"},
            {"modality": "CT", "body_part": "chest", "contrast": "plain"},
            [],
            [],
        ),
    ],
)
def test_an_examination_is_compared_aspect_by_aspect(imaging, make, ordered, prior, codes, aspects):
    verdict, found = told(imaging(EXAM_FIT), make({**IMAGING, "order.exam": ordered, "prior.exam": prior}), *codes)
    assert [dict(reason.params)["aspects"] for reason in found] == aspects
    assert verdict.outcome == ("not" if "HR-EXAM-MISMATCH" in codes else "indeterminate" if codes else "must")


def test_what_differs_is_told_in_words(imaging, make):
    facts = {**IMAGING, "order.exam": KNEE, "prior.exam": {**KNEE, "side": "right", "views": ["frontal"]}}
    _, [reason] = told(imaging(EXAM_FIT), make(facts), "HR-EXAM-MISMATCH")
    assert dict(reason.params) == {
        "aspects": "side,views", "ordered": "left,frontal+lateral", "prior": "right,frontal",
    }  # fmt: skip
    assert reason.zh.startswith("已有检查与所开检查在侧别、体位上不符（所开：左侧、")


def test_without_item_codes_modality_and_part_prove_the_same_or_nothing_does(imaging, make):
    pack = imaging(EXAM_FIT)
    other = {**KNEE, "body_part": "ankle"}
    told(pack, make({**IMAGING, "order.exam": KNEE, "prior.exam": other}), "HR-EXAM-MISMATCH", "HR-ITEM-UNMAPPED")
    told(pack, make({**IMAGING, "order.exam": None, "prior.exam": None}), "HR-ITEM-UNMAPPED")
    told(
        pack, make({**IMAGING, "order.exam": {"modality": "DR"}, "prior.exam": {"modality": "DR"}}), "HR-ITEM-UNMAPPED"
    )


SYSTEM = "https://example.org/exams"
ROWS = [
    {"code": "plain", "name_zh": "胸部平扫", "abbreviation": "", "clause": "附件1/list",
     "modality": "CT", "body_part": "chest", "contrast": "plain"},
    {"code": "both", "name_zh": "胸部增强", "abbreviation": "", "clause": "附件1/list",
     "modality": "CT", "body_part": "chest", "contrast": "plain-and-enhanced", "includes": ["plain"]},
]  # fmt: skip


def listed(imaging, **on_broader):
    def item_fit(data):
        return {"check": "item_fit", "on_mismatch": BLOCK, "on_unknown": UNKNOWN, **on_broader}

    return imaging(item_fit(None), EXAM_FIT, items=ROWS, list_state="complete", item_system=SYSTEM)


def test_an_item_that_includes_the_ordered_one_only_counts_where_the_pack_says_so(imaging, make):
    facts = {**IMAGING, "order.item": f"{SYSTEM}|plain", "prior.item": f"{SYSTEM}|both"}
    verdict, _ = told(listed(imaging, on_broader=NOTE), make(facts), "HR-ITEM-BROADER")
    assert verdict.outcome == "must"
    verdict, _ = told(listed(imaging), make(facts), "HR-ITEM-MISMATCH")
    assert verdict.outcome == "not"


def test_the_reverse_is_another_item(imaging, make):
    facts = {**IMAGING, "order.item": f"{SYSTEM}|both", "prior.item": f"{SYSTEM}|plain"}
    told(listed(imaging, on_broader=NOTE), make(facts), "HR-EXAM-MISMATCH", "HR-ITEM-MISMATCH")


def test_what_rows_say_is_compared_where_nothing_is_stated(imaging, make):
    pack = listed(imaging)
    same = {**IMAGING, "order.item": f"{SYSTEM}|plain", "prior.item": f"{SYSTEM}|plain"}
    told(pack, make(same))
    contrast = {"modality": "CT", "body_part": "chest", "contrast": "enhanced"}
    _, [reason] = told(pack, make({**same, "prior.exam": contrast}), "HR-EXAM-MISMATCH")
    assert dict(reason.params) == {"aspects": "contrast", "ordered": "plain", "prior": "enhanced"}


def test_a_prior_that_contradicts_its_own_row_is_another_examination(imaging, make):
    """The order asks for what the prior states; the prior's item says something else."""
    stated = {"modality": "CT", "body_part": "chest", "contrast": "enhanced"}
    same = {**IMAGING, "order.item": f"{SYSTEM}|plain", "prior.item": f"{SYSTEM}|plain"}
    _, [reason] = told(listed(imaging), make({**same, "order.exam": stated, "prior.exam": stated}), "HR-EXAM-MISMATCH")
    assert dict(reason.params) == {"aspects": "contrast", "ordered": "plain", "prior": "enhanced"}


COMPLETE = {
    "check": "complete",
    "fields": ["report", "images", "device-model"],
    "on_missing": BLOCK,
    "on_unknown": UNKNOWN,
}


@pytest.mark.parametrize(
    ("report", "images", "model", "codes"),
    [
        (True, True, "机型甲", []),
        (True, False, "机型甲", [("HR-INCOMPLETE", "images")]),
        (True, None, "机型甲", [("HR-COMPLETE-UNKNOWN", "images")]),
        (False, None, " ", [("HR-COMPLETE-UNKNOWN", "images"), ("HR-INCOMPLETE", "report,device-model")]),
        (None, None, "机型甲", [("HR-COMPLETE-UNKNOWN", "report,images")]),
    ],
)
def test_what_can_be_retrieved_may_be_unknown(imaging, make, report, images, model, codes):
    exam = {"order.exam": KNEE, "prior.exam": KNEE}
    facts = {"prior.has_report": report, "prior.has_images": images, "prior.device_model": model}
    verdict, found = told(imaging(COMPLETE), make({**IMAGING, **exam, **facts}), *(code for code, _ in codes))
    assert [dict(reason.params)["fields"] for reason in found] == [fields for _, fields in codes]
    assert set(verdict.missing) == {name for _, fields in codes for name in fields.split(",")}


COMPARABILITY = {
    "check": "comparability", "aspects": ["unit", "method", "reference-interval"], "on_differ": NOTE, "on_unknown": MAY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"order.unit": "U/L", "prior.unit": "ｕ / l"}, []),
        ({"order.unit": "U/L", "prior.unit": "IU/L"}, ["HR-NOT-COMPARABLE"]),
        ({"order.unit": "U/L", "prior.unit": None}, ["HR-COMPARABLE-UNKNOWN"]),
        ({"order.unit": " ", "prior.unit": None}, []),
        (
            {"order.method": "干化学法", "order.unit": "U/L", "prior.unit": " "},
            ["HR-COMPARABLE-UNKNOWN", "HR-NOT-COMPARABLE"],
        ),
        ({"order.reference": "9-50", "prior.unit": None}, []),
    ],
)
def test_only_what_the_order_states_is_compared(variant, make, facts, codes):
    pack = variant(lambda data: data.update(checks=[*data["checks"], COMPARABILITY]))
    verdict, _ = told(pack, make(facts), *codes)
    assert verdict.outcome == ("may" if "HR-COMPARABLE-UNKNOWN" in codes else "must")


def window(variant, **changes):
    def edit(data):
        spec = next(s for s in data["checks"] if s["check"] == "window")
        spec.update(
            {
                "max_days": 10,
                "on_expired": BLOCK,
                "on_unknown": UNKNOWN,
                "on_unclear": MAY,
                "inclusive": True,
                **changes,
            }
        )

    return variant(edit)


PERFORMED = "2026-08-10T08:00:00+08:00"
AT = "2026-08-20T{}:00+08:00"


@pytest.mark.parametrize(
    ("changes", "facts", "code"),
    [
        # Performed ten days and some hours before; reported exactly ten days before.
        ({"count": "unstated"}, {"order.at": AT.format("08:00")}, None),
        ({"count": "unstated"}, {"order.at": AT.format("08:01")}, "HR-WINDOW-UNCLEAR"),
        ({"count": "unstated"}, {"order.at": "2026-08-21T08:01:00+08:00"}, "HR-WINDOW-EXPIRED"),
        ({"inclusive": None}, {"order.at": AT.format("08:00")}, "HR-WINDOW-UNCLEAR"),
        ({"inclusive": None}, {"order.at": AT.format("07:59")}, None),
        ({"anchor": "unstated"}, {"order.at": AT.format("09:00")}, "HR-WINDOW-UNCLEAR"),
        ({"anchor": "unstated"}, {"order.at": AT.format("11:01")}, "HR-WINDOW-EXPIRED"),
        ({"anchor": "unstated"}, {"order.at": AT.format("07:00"), "prior.reported": None}, "HR-WINDOW-UNKNOWN"),
        (
            {"anchor": "unstated"},
            {"order.at": "2026-08-25T07:00:00+08:00", "prior.reported": None},
            "HR-WINDOW-UNKNOWN",
        ),
        ({"max_days": None, "limit_known": False}, {}, "HR-WINDOW-LIMIT-UNKNOWN"),
    ],
)
def test_where_the_text_does_not_say_how_to_count_all_readings_are_asked(variant, make, changes, facts, code):
    case = make({"prior.performed": PERFORMED, "prior.reported": "2026-08-10T11:00:00+08:00", **facts})
    verdict, found = told(window(variant, **changes), case, *([code] if code else []))
    if code == "HR-WINDOW-UNKNOWN":
        assert verdict.missing == ("reported",)
    if code == "HR-WINDOW-EXPIRED" and "anchor" in changes:
        assert dict(found[0].params)["anchor"] == "performed,reported"


def test_the_next_end_of_any_reading_is_when_it_expires(variant, make):
    pack = window(variant, anchor="unstated", count="unstated", inclusive=None)
    case = make({"prior.performed": PERFORMED, "prior.reported": "2026-08-10T11:00:00+08:00"})
    ends = []
    for at in ("2026-08-19T23:59:59", "2026-08-20T00:00:00", "2026-08-20T08:00:00", "2026-08-20T08:00:01",
               "2026-08-20T11:00:01", "2026-08-21T00:00:00"):  # fmt: skip
        verdict = judge(
            case.item, case.prior, order=make({"order.at": f"{at}+08:00"}).order,
            packs=[window(variant, anchor="unstated", count="unstated", inclusive=None, on_expired=MAY)],
        )  # fmt: skip
        ends.append(verdict.expires.iso if verdict.expires else None)
    assert ends == [
        "2026-08-19T16:00:00+00:00",  # midnight that ends the ninth day: the exclusive calendar
        "2026-08-20T00:00:00+00:00",  # ten times 24 hours after it was performed
        "2026-08-20T00:00:00+00:00",  # the inclusive reading still holds at that moment
        "2026-08-20T03:00:00+00:00",  # the same after the report
        "2026-08-20T16:00:00+00:00",  # midnight that ends the tenth day: the inclusive calendar
        None,
    ]
    assert judge(case.item, case.prior, order=case.order, packs=[pack]).outcome == "may"


def test_readings_are_asked_in_every_combination(variant, make):
    case = make({"prior.performed": "2026-08-10T08:00:00+08:00", "prior.reported": "2026-08-10T11:00:00+08:00"})
    single = [
        judge(
            case.item, case.prior, order=case.order,
            packs=[window(variant, anchor=anchor, count=count, inclusive=edge)],
        ).outcome
        for anchor, count, edge in itertools.product(("performed", "reported"), ("elapsed", "calendar"), (True, False))
    ]  # fmt: skip
    assert sorted(set(single)) == ["must", "not"]
    assert judge(
        case.item, case.prior, order=case.order,
        packs=[window(variant, anchor="unstated", count="unstated", inclusive=None, on_unclear=NOTE)],
    ).outcome == "must"  # fmt: skip
