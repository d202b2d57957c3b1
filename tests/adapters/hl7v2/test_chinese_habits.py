"""What Chinese laboratory systems send, by the sender's profile where it differs by sender."""

from pathlib import Path

import pytest
from hl7build import OBR, issues, message, national_id, obx, one, only, result, results

from fhir_hr.adapters.hl7v2 import Reader
from fhir_hr.mapping.senders import load_senders
from fhir_hr.model.people import Sex
from fhir_hr.model.values import Quantity, Ratio, Text

RUIMEI = {"application": "LIS^瑞美", "facility": "10"}
NATIONAL = "urn:oid:2.16.156.10011.1.3"


def flags(read_result) -> list[tuple[str | None, str | None]]:
    return [(c.codings[0].code if c.codings else None, c.text) for c in read_result.interpretations]


def reader_with(tmp_path: Path, toml: str) -> Reader:
    (tmp_path / "mine.toml").write_text(toml, encoding="utf-8")
    return Reader(senders=load_senders(tmp_path))


PROFILE = """\
id = "mine"
title = "测试用"
source = "invented for this test"
[match]
application = ["MINE"]
"""


def mine(tmp_path: Path, *keys: str, tables: str = "") -> Reader:
    head, match = PROFILE.split("[match]")
    return reader_with(tmp_path, head + "\n".join(keys) + "\n[match]" + match + tables)


# -- units -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "text", "ucum"),
    [
        ("^umol/L", "umol/L", "umol/L"),
        ("umol/L", "umol/L", "umol/L"),
        ("μmol/L", "μmol/L", "umol/L"),
        ("µmol/L", "µmol/L", "umol/L"),
        (r"10\S\9/L", "10^9/L", "10*9/L"),
        ("10*12/L", "10*12/L", "10*12/L"),
        ("IU/L", "IU/L", "[IU]/L"),
        ("%", "%", "%"),
        ("g/L^克每升^UCUM", "克每升", "g/L"),
    ],
)
def test_units(raw, text, ucum):
    got = result(obx(unit=raw)).value.unit
    assert (got.text, got.ucum, got.source) == (text, ucum, raw)


@pytest.mark.parametrize(("raw", "ucum"), [("10^9/L", "10*9/L"), ("10^12/L", "10*12/L"), ("×10^9/L", "10*9/L")])
def test_an_unescaped_power_is_put_together_again(raw, ucum):
    read = one(message(obx(unit=raw)))
    issue = only(read, "unit-repaired")
    assert issue.where == "OBX[1]-6"
    assert issue.message == f"'{raw}' was sent with its '^' unescaped and was put together again"
    assert results(read)[0].value.unit.ucum == ucum


def test_an_unknown_unit_stays_text():
    read = one(message(obx(unit="滴/碗")))
    assert only(read, "unit-unknown").message == "unit '滴/碗' is not in the table; it was kept as text"
    got = results(read)[0].value.unit
    assert (got.text, got.ucum) == ("滴/碗", None)


def test_a_false_ucum_label_is_doubted():
    read = one(message(obx(unit="μmol/L^微摩尔每升^UCUM")))
    assert only(read, "unit-unknown").message == "'μmol/L' is labelled UCUM but is no UCUM code; it was read as umol/L"
    assert results(read)[0].value.unit.ucum == "umol/L"


def test_a_ucum_label_on_a_code_that_nobody_knows():
    assert result(obx(unit="{自定}//L^^UCUM")).value.unit.ucum is None


@pytest.mark.parametrize("raw", ["", " ", '""', "^"])
def test_no_unit(raw):
    assert result(obx(unit=raw)).value.unit is None


# -- ranges ------------------------------------------------------------------------------------------------------


def test_a_range_has_the_unit_of_the_value():
    (got,) = result(obx(ranges="3.9--6.1")).definition.ranges
    assert (str(got.low.value), str(got.high.value), got.low.unit.ucum) == ("3.9", "6.1", "mmol/L")


def test_a_range_in_words_says_nothing():
    read = one(message(obx("阴性", kind="ST", unit="", ranges="阴性")))
    assert results(read)[0].definition.ranges[0].text == "阴性"
    assert not issues(read, "range-unparsed")


def test_a_range_with_digits_that_cannot_be_read_is_said():
    read = one(message(obx(ranges="男3.9-6.1 女3.5-5.5")))
    assert only(read, "range-unparsed").message == "the reference interval was kept as text only"
    assert results(read)[0].definition.ranges[0].text == "男3.9-6.1 女3.5-5.5"


def test_limits_in_obx_16_of_a_sender_who_puts_them_there():
    segment = obx("230", unit="U/L", ranges="见附注", f16="C^0^BAA^205.0000^285.0000")
    (got,) = result(segment, **RUIMEI).definition.ranges
    assert (got.text, str(got.low.value), str(got.high.value)) == ("见附注", "205.0000", "285.0000")
    assert result(segment, **RUIMEI).performers == ()


def test_obx_16_of_any_other_sender_is_a_person():
    got = result(obx(f16="D01^测试医生"))
    assert got.performers[0].practitioner.name.text == "测试医生"
    assert got.definition.ranges == ()


# -- results in words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("阴性", "NEG"),
        ("阴性（-）", "NEG"),
        ("－", "NEG"),
        ("弱阳性", "WEAK"),
        ("±", "TRACE"),
        ("阳性", "POS"),
        ("+", "POS1"),
        ("＋＋", "POS2"),
        ("+++", "POS3"),
        ("可疑", "IND"),
    ],
)
def test_grade_words(text, grade):
    got = result(obx(text, kind="ST", unit="")).value
    assert got.text == text
    assert got.ordinal.code == grade


@pytest.mark.parametrize(
    "text", ["非阳性", "阳性对照有效", "阴性或弱阳性", "未见异常", "浅黄色", "黄色粘便带血", "弱阳性？"]
)
def test_grade_words_are_never_found_inside_other_words(text):
    assert result(obx(text, kind="ST", unit="")).value == Text(text=text)


def test_a_grade_word_in_a_numeric_field_keeps_its_grade():
    read = one(message(obx("弱阳性")))
    assert "it was kept as text" in only(read, "number-invalid").message
    assert results(read)[0].value.ordinal.code == "WEAK"


def test_a_titre():
    got = result(obx("1:80", kind="ST", unit="")).value
    assert isinstance(got, Ratio)
    assert (str(got.numerator), str(got.denominator), got.source) == ("1", "80", "1:80")


def test_less_than():
    got = result(obx("<0.05", kind="ST", unit="ug/L")).value
    assert isinstance(got, Quantity)
    assert (got.comparator.value, str(got.value)) == ("<", "0.05")


def test_a_sender_whose_text_is_never_a_number(tmp_path):
    reader = mine(tmp_path, "numeric_text = false")
    (got,) = results(one(message(obx("290.00", kind="ST", unit="U/L"), application="MINE"), reader=reader))
    assert got.value == Text(text="290.00")


# -- flags -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "code"),
    [("H", "H"), ("HH", "HH"), ("L", "L"), ("LL", "LL"), ("M", "N"), ("N", "N"), ("P", "POS"), ("Q", "WR")],
)
def test_ruimei_flags_beside_a_number(flag, code):
    assert flags(result(obx(flag=flag), **RUIMEI))[0][0] == code


def test_the_ruimei_flag_n_beside_a_grade_is_negative():
    assert flags(result(obx("阴性", kind="ST", unit="", flag="N"), **RUIMEI)) == [("NEG", "N")]


def test_the_ruimei_flag_e_is_no_interpretation():
    assert flags(result(obx(flag="E"), **RUIMEI)) == [(None, "E")]


def test_the_flag_n_of_any_other_sender_is_normal():
    assert flags(result(obx("阴性", kind="ST", unit="", flag="N"))) == [("N", None)]


def test_the_flag_m_of_any_other_sender_is_unknown():
    read = one(message(obx(flag="M")))
    issue = only(read, "flag-unknown")
    assert (issue.where, issue.message) == ("OBX[1]-8", "flag 'M' is not known; it was kept as text")
    assert flags(results(read)[0]) == [(None, "M")]


@pytest.mark.parametrize(("flag", "code"), [("↑", "H"), ("↓", "L"), ("↑↑", "HH"), ("↓↓", "LL")])
def test_arrows(flag, code):
    assert flags(result(obx(flag=flag))) == [(code, flag)]


@pytest.mark.parametrize(
    ("flag", "code"), [("偏高", "H"), ("低", "L"), ("正常", "N"), ("弱阳性", "WR"), ("阳性", "POS")]
)
def test_words(flag, code):
    assert flags(result(obx(flag=flag))) == [(code, flag)]


def test_several_flags():
    assert flags(result(obx(flag="H~A"))) == [("H", None), ("A", None)]


def test_numeric_flags_mean_what_the_senders_table_says(tmp_path):
    segment = obx(flag="1")
    seen = {}
    for table in ("numeric-a", "numeric-b", "numeric-c"):
        reader = mine(tmp_path, f'flag_tables = ["{table}"]')
        read = one(message(segment, application="MINE"), reader=reader)
        seen[table] = flags(results(read)[0])[0][0]
    assert seen["numeric-a"] != seen["numeric-b"]
    assert set(seen.values()) == {"H", "N"}


def test_a_numeric_flag_without_a_table_is_unknown():
    assert only(one(message(obx(flag="1"))), "flag-unknown").message.startswith("flag '1' is not known")


def test_flag_in_obx_9_and_status_in_obx_10():
    segment = "OBX|1|NM|WBC^白细胞计数||12.5|10*9/L|4.0-10.0||H|F"
    got = result(segment, application="SHIFTED-OBX9-EXAMPLE")
    assert flags(got) == [("H", None)]
    assert (got.status, got.status_source) == ("final", "F")


def test_an_unknown_flag_in_a_shifted_field_names_that_field():
    segment = "OBX|1|NM|WBC^白细胞计数||12.5|10*9/L|4.0-10.0||?|F"
    read = one(message(segment, application="SHIFTED-OBX9-EXAMPLE"))
    assert only(read, "flag-unknown").where == "OBX[1]-9"


# -- codes -------------------------------------------------------------------------------------------------------


def test_a_local_code_never_pretends_to_be_loinc():
    read = one(message(obx(code="1037^*丙氨酸氨基转移酶^LN")))
    issue = only(read, "code-system-doubtful")
    assert issue.where == "OBX[1]-3"
    assert issue.message == "'1037' is labelled LOINC but is no LOINC code; it was kept as a local code"
    assert results(read)[0].definition.code.codings[0].system is None


def test_a_sender_who_labels_everything_loinc_is_not_reported_each_time():
    read = one(message(obx(code="0301013^*丙氨酸氨基转移酶^LN^^ALT", unit="U/L"), **RUIMEI))
    assert not issues(read, "code-system-doubtful")
    assert results(read)[0].definition.code.codings[0].system is None


@pytest.mark.parametrize("code", ["0301013^*丙氨酸氨基转移酶^^^ALT", "X9^谷丙转氨酶", "1742-6^ALT^LN"])
def test_the_same_item_by_name_abbreviation_or_loinc(code):
    got = result(obx("35", code=code, unit="U/L"), **RUIMEI).definition
    assert got.item is not None
    assert got.item.code.startswith("cn-51-lab-")
    assert got.item in got.code.codings


def test_an_abbreviation_in_component_4():
    got = result(obx("35", code="4040010101^*丙氨酸氨基转移酶^^ALT", unit="U/L")).definition
    assert got.item is not None


def test_an_abbreviation_beside_a_name_that_nobody_knows_chooses_nothing():
    read = one(message(obx("35", code="4040010101^本院自定名^^ALT", unit="U/L")))
    assert results(read)[0].definition.item is None
    assert "the item could be any of cn-51-lab-" in only(read, "item-ambiguous").message


def test_an_item_of_another_specimen_is_not_the_item():
    segments = [
        OBR.replace("|||20260820100000", "|||20260820100000", 1),
        "SPM|1|S1||URINE^尿液",
        obx("5", code="WBC^白细胞", unit="/uL"),
    ]
    urine = results(one(message(*segments)))[0]
    assert urine.definition.item is None
    assert urine.definition.code.codings[0].code == "WBC"


def test_a_star_says_nothing_until_the_senders_profile_does():
    segment = obx("35", code="ALT^*丙氨酸氨基转移酶", unit="U/L")
    assert result(segment).definition.starred is None
    demo = {"application": "DEMO-LIS-A", "facility": "DEMO-A"}
    assert result(segment, **demo).definition.starred is True
    assert result(obx("35", code="ALT^丙氨酸氨基转移酶", unit="U/L"), **demo).definition.starred is False


# -- people ------------------------------------------------------------------------------------------------------


def patient(pid: str, **header: str):
    read = one(message(pid, obx(), **header))
    return read, read.message.patient


@pytest.mark.parametrize(
    ("sent", "sex"),
    [("0", "unknown"), ("1", "male"), ("2", "female"), ("9", "unknown"), ("男", "male"), ("女", "female"),
     ("1 ", "male"),
     ("01", "male"), ("M", "male"), ("F", "female"), ("U", "unknown"), ("Male", "male")],
)  # fmt: skip
def test_sex(sent, sex):
    read, got = patient(f"PID|1||P1||测试甲||19800101|{sent}")
    assert got.sex == sex
    assert got.sex_source == sent
    assert not issues(read, "sex-unknown")


def test_an_unknown_sex_code_is_said():
    read, got = patient("PID|1||P1||测试甲||19800101|7")
    assert only(read, "sex-unknown").where == "PID[1]-8"
    assert (got.sex, got.sex_source) == (Sex.UNKNOWN, "7")


def test_identifiers_typed_by_a_hospitals_own_numbers():
    card = national_id()
    pid = f"PID|1||2001^^^^21~^^^^51~{card}^^^^1~9009^^^^51||测试甲||19800101|M"
    read, got = patient(pid, application="DEMO-LIS-A", facility="DEMO-A")
    assert [(i.value, i.type.code, i.system) for i in got.identifiers] == [
        ("2001", "PI", "urn:oid:2.16.156.10011.2.5.1.4"),
        (card, "NI", NATIONAL),
        ("9009", "VN", "urn:oid:2.16.156.10011.1.11"),
    ]
    assert {i.assigner for i in got.identifiers if i.system != NATIONAL} == {"12510000000000001H"}
    assert not issues(read, "identifier-type-unknown")


def test_the_same_numbers_from_a_hospital_nobody_described():
    card = national_id()
    read, got = patient(f"PID|1||{card}^^^^1||测试甲||19800101|M")
    assert only(read, "identifier-type-unknown").message == (
        "identifier type '1' is not known; the number was kept as a local one"
    )
    assert got.identifiers[0].system != NATIONAL


def test_an_identity_card_in_pid_19():
    card = national_id()
    _, got = patient(f"PID|1||P1||测试甲||19800101|M|||||||||||{card}")
    assert (card, NATIONAL) in [(i.value, i.system) for i in got.identifiers]


def test_a_lower_case_check_character():
    sequence = next(n for n in range(100) if national_id(sequence=n).endswith("X"))
    card = national_id(sequence=sequence)
    _, got = patient(f"PID|1||{card.lower()}^^^^NNCHN||测试甲||19800101|M")
    assert got.identifiers[0].value == card


def test_a_padded_name():
    read, got = patient("PID|1||P1||测　 甲||19800101|M")
    assert got.names[0].text == "测甲"
    assert only(read, "name-padded").message == "padding inside a Chinese name was removed"


def test_a_name_with_its_pinyin():
    _, got = patient("PID|1||P1||测试甲^Ceshi Jia||19800101|M")
    assert [(n.text, n.representation) for n in got.names] == [("测试甲", "I"), ("Ceshi Jia", "A")]


def test_family_and_given_name():
    _, got = patient("PID|1||P1||测^试甲||19800101|M")
    (name,) = got.names
    assert (name.text, name.family, name.given) == ("测试甲", "测", ("试甲",))


def test_a_latin_name():
    _, got = patient("PID|1||P1||Muster^Erika^B||19800101|F")
    assert got.names[0].text == "Erika B Muster"


def test_a_patient_without_identifier_is_said():
    read, _ = patient("PID|1||||测试甲||19800101|M")
    assert only(read, "patient-identifier-missing").where == "PID[1]-3"


def test_a_physician_as_subcomponents():
    obr = OBR.removesuffix("F") + "F" + "|" * 7 + "D01&测试医生"
    report = one(message(obr, obx())).message.reports[0]
    assert report.interpreters[0].practitioner.name.text == "测试医生"


def test_a_physician_who_is_only_a_name():
    obr = OBR.removesuffix("F") + "F" + "|" * 7 + "测试医生"
    report = one(message(obr, obx())).message.reports[0]
    assert report.interpreters[0].practitioner.name.text == "测试医生"


def test_order_numbers_carry_their_facility():
    report = one(message("OBR|1|100^HIS|200^HIS|CBC^血常规|||20260820||||||||||||||||||F", obx())).message.reports[0]
    assert {(i.value, i.assigner) for i in report.identifiers} == {("100", "H1/HIS"), ("200", "H1/HIS")}
