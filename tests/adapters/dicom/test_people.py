"""Names, identifiers, sex, institution and machine of a DICOM object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.adapters.dicom.facts.people import PatientFacts, read_device, read_institution, read_name, read_patient
from fhir_hr.adapters.dicom.facts.times import Zone
from fhir_hr.adapters.dicom.headers.header import CodedEntry, OtherPatientId
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import LOCAL_PATIENT
from fhir_hr.mapping.imaging_senders import ImagingSender
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.people import Sex

CARD = "11010519491231002X"  # the example of GB 11643; nobody's


def names(text):
    return [(one.text, one.family, one.given, one.representation) for one in read_name(text)]


def patient(**facts):
    log = IssueLog(limit=50, of="study")
    return read_patient(PatientFacts(**facts), zone=Zone("+08:00", stated=False), log=log), log.done()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ce^ShiJia=测^试甲", [("测试甲", "测", ("试甲",), "I"), ("ShiJia Ce", "Ce", ("ShiJia",), "A")]),
        ("测试甲", [("测试甲", None, (), "I")]),
        ("测^试甲", [("测试甲", "测", ("试甲",), "I")]),
        ("欧 阳^测 试", [("欧阳测试", "欧阳", ("测试",), "I")]),
        ("Ce ShiJia", [("Ce ShiJia", None, (), "A")]),
        ("=测^试甲", [("测试甲", "测", ("试甲",), "I")]),
        ("Ce^ShiJia==", [("ShiJia Ce", "Ce", ("ShiJia",), "A")]),
        ("Ce^ShiJia==ㄘㄜ^ㄕ", [("ShiJia Ce", "Ce", ("ShiJia",), "A"), ("ㄕ ㄘㄜ", "ㄘㄜ", ("ㄕ",), "P")]),
        ("测试甲=测试甲", [("测试甲", None, (), "I")]),
        ("Doe^Jane^Q^Dr^MD", [("Dr Jane Q Doe MD", "Doe", ("Jane", "Q"), "A")]),
        ("^^^^", []),
        ("^=^", []),
        ("", []),
        (None, []),
        ("^ShiJia", [("ShiJia", None, ("ShiJia",), "A")]),
        ("㐀𠂇^测", [("㐀𠂇测", "㐀𠂇", ("测",), "I")]),
    ],
)
def test_every_group_is_a_name_and_the_chinese_one_comes_first(text, expected):
    assert names(text) == expected


def test_more_than_five_components_or_three_groups_are_said():
    log = IssueLog(limit=5, of="study")
    (one,) = read_name("A^B^C^^^D", where="PatientName", log=log)
    assert (one.text, one.given) == ("B C D A", ("B", "C", "D"))
    read_name("A=B=C=D", where="PatientName", log=log)
    components, groups = log.done()
    assert (components.code, components.where) == (IssueCode.FIELD_UNMAPPED, "PatientName")
    assert "more than five components; the further ones were taken for given names" in components.message
    assert "4 groups instead of three at most" in groups.message


@given(st.text(alphabet="Aa测试 ^=.\\", max_size=30))
def test_no_letter_of_a_name_is_lost(text):
    found = read_name(text)
    kept = "".join(
        "".join((one.family or "", *one.given, one.prefix or "", one.suffix or "", one.text)) for one in found
    )
    groups = text.split("=")[:3]
    assert all(ch in kept for group in groups for ch in group if ch not in " ^")
    assert all(one.text.strip() for one in found)


def test_the_issuer_assigns_the_number():
    read, issues = patient(id="T1", issuer="TESTHOSP", name="测试甲", sex="F", birth_date="19850214")
    (one,) = read.identifiers
    assert (one.system, one.value, one.assigner) == (LOCAL_PATIENT, "T1", "TESTHOSP")
    assert (read.sex, read.sex_source, read.birth.iso, issues) == (Sex.FEMALE, "F", "1985-02-14", ())


def test_a_universal_id_is_a_system_of_its_own():
    read, _ = patient(id="T1", issuer="HIS", universal_id="1.2.156.5")
    assert (read.identifiers[0].system, read.identifiers[0].assigner) == ("urn:oid:1.2.156.5", "HIS")
    read, _ = patient(id="T1", universal_id="6F9619FF-8B86-D011-B42D-00CF4FC964FF")
    assert read.identifiers[0].system == "urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def test_without_an_issuer_only_the_profile_names_the_assigner():
    read, _ = patient(id="T1")
    assert read.identifiers[0].assigner is None
    profile = ImagingSender(id="x", title="x", source="test", patient_assigner="HIS-A")
    log = IssueLog(limit=5, of="study")
    facts = PatientFacts(id="T1", others=(OtherPatientId(value="9"),))
    own, other = read_patient(facts, zone=Zone("+08:00", stated=False), log=log, sender=profile).identifiers
    assert (own.assigner, other.assigner) == ("HIS-A", None)
    stated = PatientFacts(id="T1", universal_id="1.2.156.5")
    (own,) = read_patient(stated, zone=Zone("+08:00", stated=False), log=log, sender=profile).identifiers
    assert (own.system, own.assigner) == ("urn:oid:1.2.156.5", None)


def test_other_ids_are_kept_with_their_issuers():
    others = (OtherPatientId(value="9", issuer="CARD"), OtherPatientId(value="T1", issuer="HIS"))
    read, _ = patient(id="T1", issuer="HIS", others=others)
    assert [(one.value, one.assigner) for one in read.identifiers] == [("T1", "HIS"), ("9", "CARD")]


def test_an_identity_card_is_one_where_its_issuer_says_so():
    card = OtherPatientId(value=CARD.lower(), issuer=NATIONAL_ID.removeprefix("urn:oid:"))
    read, issues = patient(id="T1", issuer="HIS", others=(card,), birth_date="19491231", sex="F")
    assert (read.identifiers[1].system, read.identifiers[1].value, read.identifiers[1].type.code) == (
        NATIONAL_ID, CARD, "NI",
    )  # fmt: skip
    assert issues == ()
    _, issues = patient(id="T1", issuer="HIS", others=(card,), birth_date="19491230", sex="M")
    assert [issue.message for issue in issues] == [
        "the birth date differs from the one in the identity card number",
        "the sex differs from the one in the identity card number",
    ]
    read, issues = patient(others=(OtherPatientId(value="123", issuer="2.16.156.10011.1.3"),))
    assert (read.identifiers[0].system, issues[0].code) == (LOCAL_PATIENT, IssueCode.IDENTIFIER_INVALID)


def test_two_identity_cards_are_an_error():
    cards = tuple(OtherPatientId(value=one, issuer="2.16.156.10011.1.3") for one in (CARD, "110105194912310054"))
    from fhir_hr.mapping.identifiers import national_id_problem

    if national_id_problem(cards[1].value) is not None:
        check = next(ch for ch in "0123456789X" if national_id_problem(f"11010519491231005{ch}") is None)
        cards = (cards[0], OtherPatientId(value=f"11010519491231005{check}", issuer="2.16.156.10011.1.3"))
    _, issues = patient(others=cards)
    assert (issues[0].code, issues[0].severity) == (IssueCode.PATIENT_CONFLICT, Severity.ERROR)


@pytest.mark.parametrize(
    ("text", "sex", "severity"),
    [
        ("M", Sex.MALE, None), ("F", Sex.FEMALE, None), ("O", Sex.OTHER, None), (None, None, None),
        ("男", Sex.MALE, Severity.INFORMATION), ("U", Sex.UNKNOWN, Severity.INFORMATION),
        ("张三", Sex.UNKNOWN, Severity.WARNING),
    ],
)  # fmt: skip
def test_an_odd_sex_is_said(text, sex, severity):
    read, issues = patient(id="1", issuer="H", sex=text)
    assert (read.sex, read.sex_source) == (sex, text)
    assert [issue.severity for issue in issues] == ([severity] if severity else [])
    assert "张三" not in str(issues)


def test_an_impossible_birth_date_is_said_without_being_shown():
    read, issues = patient(id="1", issuer="H", birth_date="19851332")
    assert read.birth.iso == "1985"
    assert (issues[0].code, "1985" in issues[0].message) == (IssueCode.TIME_INVALID, False)


def test_nobody_and_somebody_without_a_number_are_said():
    read, issues = patient()
    assert (read, issues[0].code) == (None, IssueCode.PATIENT_MISSING)
    _, issues = patient(name="测试甲")
    assert issues[0].code is IssueCode.PATIENT_IDENTIFIER_MISSING
    assert "测试甲" not in str(issues) + repr(PatientFacts(name="测试甲"))


def test_an_institution_is_known_by_name_or_code():
    log = IssueLog(limit=5, of="study")
    codes = (CodedEntry(value="A1", scheme="99REG", meaning="示例医院"),)
    read = read_institution(None, codes, sender=None, log=log)
    assert (read.name, read.identifiers[0].value, read.identifiers[0].assigner) == ("示例医院", "A1", "99REG")
    assert read_institution("示例医院", (), sender=None, log=log).identifiers == ()
    assert read_institution(None, (), sender=None, log=log) is None


def test_a_machine_without_any_name_is_none():
    assert read_device(manufacturer=None, model=None, serial=None, software=()) is None
    assert read_device(manufacturer=None, model="SIM-64", serial=None, software=()).identifiers == ()


def test_a_profile_says_what_an_issuer_is_called_elsewhere():
    profile = ImagingSender(id="x", title="x", source="test", issuers={"HIS": "12510000000000001H"})
    log = IssueLog(limit=5, of="study")
    for issuer, assigner in (("HIS", "12510000000000001H"), ("LIS", "LIS")):
        facts = PatientFacts(id="T1", issuer=issuer, others=(OtherPatientId(value="9", issuer=issuer),))
        found = read_patient(facts, zone=Zone("+08:00", stated=False), log=log, sender=profile).identifiers
        assert [each.assigner for each in found] == [assigner, assigner]
