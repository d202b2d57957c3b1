"""Same person: proved, disproved or not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.model.codes import Identifier
from fhir_hr.model.identity import LOCAL_PATIENT, NATIONAL_ID, PatientIdentity, match_identity, same_name
from fhir_hr.model.people import Sex
from fhir_hr.model.when import Precision, When

CARD = Identifier(system=NATIONAL_ID, value="999999199003072229")
OTHER_CARD = Identifier(system=NATIONAL_ID, value="999999198803150016")
LOCAL = Identifier(value="1", assigner="H1")


def day(iso: str) -> When:
    return When(iso=iso, precision=Precision.DAY)


def person(*identifiers: Identifier, **facts) -> PatientIdentity:
    return PatientIdentity(identifiers=identifiers, **facts)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (person(CARD, name="测试甲"), person(CARD, name="测试甲"), True),
        (person(CARD), person(CARD), True),
        # A hospital's number alone proves nothing: two hospitals may share a code and count from 1.
        (person(LOCAL), person(LOCAL), None),
        (person(LOCAL, sex=Sex.MALE), person(LOCAL, sex=Sex.MALE), None),
        (person(LOCAL, name="测试甲"), person(LOCAL, name="测试 甲"), True),
        (person(LOCAL, birth=day("1990-03-07")), person(LOCAL, birth=day("1990-03-07")), True),
        (person(CARD), person(OTHER_CARD), False),
        # A shared number does not outweigh a contradiction: someone must look.
        (person(CARD, name="测试甲"), person(CARD, name="测试乙"), None),
        (person(LOCAL, sex=Sex.MALE), person(LOCAL, sex=Sex.FEMALE), None),
        (person(LOCAL, birth=day("1990-03-07")), person(LOCAL, birth=day("1990-03-08")), None),
        # Different cards are different persons, whatever the hospital numbers say.
        (person(LOCAL, CARD), person(LOCAL, OTHER_CARD), False),
        # Two cards in one record prove nothing.
        (person(CARD, OTHER_CARD), person(CARD), None),
        (person(CARD), person(OTHER_CARD, CARD), None),
        # Nothing in common: a name proves nothing, a difference disproves.
        (person(name="测试甲"), person(name="测试甲"), None),
        (person(name="测试甲"), person(name="测试乙"), False),
        (person(), person(), None),
        # A bare number may be anybody's.
        (person(Identifier(value="1")), person(Identifier(value="1")), None),
        (person(LOCAL), person(Identifier(value="1", assigner="H2")), None),
        (person(CARD, birth=day("1990-03-07")), person(CARD, birth=When(iso="1990", precision=Precision.YEAR)), True),
        (person(CARD, birth=day("1990-03-07")), person(CARD, birth=When(iso="1991", precision=Precision.YEAR)), None),
        (person(CARD, sex=Sex.UNKNOWN), person(CARD, sex=Sex.MALE), True),
    ],
)
def test_match(a: PatientIdentity, b: PatientIdentity, same: bool | None) -> None:
    assert match_identity(a, b).same is same
    assert match_identity(b, a).same is same


def test_a_hospitals_number_is_the_same_with_and_without_the_registered_root() -> None:
    rooted = Identifier(value="1", assigner="H1", system=LOCAL_PATIENT)
    assert match_identity(person(LOCAL, name="测试甲"), person(rooted, name="测试甲")).same is True
    elsewhere = Identifier(value="1", assigner="H1", system="urn:oid:1.2.3")
    assert match_identity(person(LOCAL, name="测试甲"), person(elsewhere, name="测试甲")).same is None


@pytest.mark.parametrize("mask", ["张**", "张＊＊"])
def test_equal_masks_are_no_equal_names(mask: str) -> None:
    match = match_identity(person(LOCAL, name=mask), person(LOCAL, name="张**"))
    assert (match.same, match.agree, match.differ) == (None, ("local-id",), ())
    assert match_identity(person(LOCAL, name=mask), person(LOCAL, name="张三丰")).differ == ("name",)


def test_a_card_number_is_compared_without_case() -> None:
    a = person(Identifier(system=NATIONAL_ID, value="11010519491231002x"))
    b = person(Identifier(system=NATIONAL_ID, value="11010519491231002X"))
    assert match_identity(a, b).same is True


def test_names_are_compared_without_padding_and_width() -> None:
    assert same_name("张  某", "张某")
    assert same_name("ＺＨＡＮＧ　Ｓ", "zhang s")
    assert not same_name("张三", "张三丰")


def test_an_identity_is_never_shown() -> None:
    shown = repr(person(CARD, name="测试甲", birth=day("1990-03-07")))
    assert "999999" not in shown
    assert "测试" not in shown
    assert "1990" not in shown


identities = st.builds(
    PatientIdentity,
    identifiers=st.lists(st.sampled_from([CARD, OTHER_CARD, LOCAL, Identifier(value="1")]), max_size=3).map(tuple),
    name=st.sampled_from([None, "测试甲", "测试 甲", "测试乙"]),
    sex=st.sampled_from([None, Sex.MALE, Sex.FEMALE, Sex.UNKNOWN]),
    birth=st.sampled_from([None, day("1990-03-07"), day("1988-03-15"), When(iso="1990", precision=Precision.YEAR)]),
)


@given(identities, identities)
def test_matching_is_symmetric_and_needs_a_shared_number(a: PatientIdentity, b: PatientIdentity) -> None:
    match = match_identity(a, b)
    assert match_identity(b, a).same is match.same
    if match.same is True:
        assert not match.differ
        assert "national-id" in match.agree or {"name", "birth-date"} & set(match.agree)
