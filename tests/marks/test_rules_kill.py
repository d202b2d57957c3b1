"""Every row of the rules decides something: broken, it forbids the mark; taken away, nothing else does."""

import msgspec
import pytest
from scenes import BREAKS, HOSPITAL, SCENES, proof

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.marks import MarkCertainty, load_marks
from fhir_hr.marks import (
    ListedInstitution,
    ListState,
    MarkInstitutions,
    MarkRule,
    Need,
    State,
    load_mark_rules,
    read_mark_rules,
)
from fhir_hr.marks.needs import NEEDS
from fhir_hr.marks.wording import NEED_NAMES, NO_ITEM, NO_RULES, OTHER_KIND, WORDS, reason_code
from fhir_hr.model.lab import ReportKind

RULES = load_mark_rules()
CASES = [
    (number, need, state)
    for number, rule in enumerate(RULES.rules)
    for need, state in BREAKS
    if need is rule.need
    # A laboratory report has a patient or none; "not known whether" is for examinations.
    and not ((need, state) == (Need.PATIENT_NAMED, State.UNKNOWN) and rule.kind is ReportKind.LABORATORY)
]


def _name(case):
    number, need, state = case
    rule = RULES.rules[number]
    return f"{rule.mark}-{rule.kind.value[:3]}-{need.value}-{state.value}"


@pytest.mark.parametrize("scene", SCENES.values(), ids=lambda s: f"{s.mark}-{s.kind.value}-{s.item}")
def test_a_sound_case_may_carry_its_mark(scene):
    advice = scene.ask()
    assert [reason.code for reason in advice.items[0].verdicts[0].reasons] == []
    assert advice.items[0].may(scene.mark)
    assert [mark.code for mark in advice.marks] == [scene.mark]


@pytest.mark.parametrize("case", CASES, ids=map(_name, CASES))
def test_a_broken_need_forbids_and_its_row_alone_does(case):
    number, need, state = case
    rule = RULES.rules[number]
    scene = SCENES[rule.mark, rule.kind, rule.item]
    advice = scene.ask(**BREAKS[need, state](scene))
    (verdict,) = advice.items[0].verdicts
    assert [reason.code for reason in verdict.reasons] == [reason_code(need, state)]
    (reason,) = verdict.reasons
    assert (reason.clause, reason.words, reason.source) == (rule.clause, rule.words, rule.source)
    assert not verdict.may
    assert verdict.shown == ()
    assert advice.marks == ()
    assert [each.code for each in advice.report[0].reasons] == [NO_ITEM]
    rest = msgspec.structs.replace(RULES, rules=RULES.rules[:number] + RULES.rules[number + 1 :])
    assert scene.ask(rules=rest, **BREAKS[need, state](scene)).items[0].may(rule.mark)


def test_every_row_was_broken():
    assert {number for number, *_ in CASES} == set(range(len(RULES.rules)))


@pytest.mark.parametrize("silence", RULES.silences, ids=lambda s: f"{s.mark}-{s.kind.value[:3]}-{s.need.value}")
def test_what_the_text_does_not_ask_is_not_asked(silence):
    scene = SCENES[silence.mark, silence.kind, None]
    for need, state in BREAKS:
        if need is silence.need:
            advice = scene.ask(**BREAKS[need, state](scene))
            assert advice.items[0].may(silence.mark), (need, state)
            assert silence in advice.items[0].verdicts[0].silent


LINES = data_path("mappings", "mark_rules.csv").read_text("utf-8").splitlines()


@pytest.mark.parametrize("line", range(1, len(LINES)), ids=lambda n: f"line-{n + 1}")
def test_a_table_that_lacks_any_row_is_not_used(line, tmp_path):
    path = tmp_path / "mark_rules.csv"
    path.write_text("\n".join([*LINES[:line], *LINES[line + 1 :], ""]), encoding="utf-8")
    with pytest.raises(DataFileError, match="is neither required nor silent"):
        read_mark_rules(path, registry=load_marks())


def test_every_reason_has_words_and_every_word_a_reason():
    listed = {(Need.INSTITUTION_LISTED, State.MISSING), (Need.INSTITUTION_LISTED, State.UNKNOWN)}
    failed = {(need, State.FAILED) for need in (Need.EQA, Need.IQC, Need.ASSESSMENT)}
    reached = {reason_code(*each) for each in {*BREAKS, *listed, *failed}}
    assert set(WORDS) == reached | {NO_RULES, OTHER_KIND, NO_ITEM}
    assert set(NEED_NAMES) == set(Need) == {need for needs in NEEDS.values() for need in needs}


# -- a need that no text read so far asks -------------------------------------------------------------------------

LISTED = MarkRule(
    mark="chuannei-hr",
    kind=ReportKind.LABORATORY,
    need=Need.INSTITUTION_LISTED,
    clause="一",
    words="名单",
    certainty=MarkCertainty.STATED,
    source="invented",
)


@pytest.mark.parametrize(
    ("institutions", "code"),
    [
        (None, "mark-institution-listed-unknown"),
        (MarkInstitutions(institutions=()), "mark-institution-listed-missing"),
        (MarkInstitutions(institutions=(), state=ListState.PARTIAL), "mark-institution-listed-unknown"),
        (MarkInstitutions(institutions=(ListedInstitution(id="x"),)), "mark-institution-listed-missing"),
        (
            MarkInstitutions(institutions=(ListedInstitution(id=HOSPITAL, end=proof("eqa", end="2026-08-19").end),)),
            "mark-institution-listed-missing",
        ),
        (
            MarkInstitutions(institutions=(ListedInstitution(id=HOSPITAL, start=proof("eqa", end="2026-08").end),)),
            None,
        ),
        (MarkInstitutions(institutions=(ListedInstitution(id=HOSPITAL),)), None),
    ],
)
def test_a_list_of_institutions(institutions, code):
    scene = SCENES["chuannei-hr", ReportKind.LABORATORY, None]
    rules = msgspec.structs.replace(RULES, rules=(*RULES.rules, LISTED))
    (verdict,) = scene.ask(rules=rules, institutions=institutions).items[0].verdicts
    assert [reason.code for reason in verdict.reasons] == ([] if code is None else [code])
