"""Units, specimens and grades: exact words, and unknown stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.identifiers import is_uscc
from fhir_hr.mapping.loinc import is_loinc
from fhir_hr.mapping.ordinals import load_ordinals, read_ordinals
from fhir_hr.mapping.specimens import load_specimens, read_specimens
from fhir_hr.mapping.units import load_units, read_units, unit_key


@pytest.mark.parametrize(
    ("text", "ucum"),
    [
        ("10^9/L", "10*9/L"),
        ("×10^9/L", "10*9/L"),
        ("x10*9/L", "10*9/L"),
        ("X 10^9/L", "10*9/L"),
        ("10E9/L", "10*9/L"),
        ("10E+9/L", "10*9/L"),
        ("×10⁹/L", "10*9/L"),
        ("10^12／L", "10*12/L"),
        ("10**12/L", "10*12/L"),
        ("umol/L", "umol/L"),
        ("\u03bcmol/L", "umol/L"),
        ("\u00b5mol/L", "umol/L"),
        ("^umol/L", "umol/L"),
        ("IU/L", "[IU]/L"),
        ("U/L", "U/L"),
        ("g/L ", "g/L"),
        ("％", "%"),
        ("MG/DL", "mg/dL"),
        ("次/分", "/min"),
        ("mmol/l", "mmol/L"),
        ("mL/(min·1.73m²)", "mL/min/{1.73_m2}"),
        ("10*9/L", "10*9/L"),
    ],
)
def test_ways_of_writing_a_unit(text, ucum):
    unit = load_units().find(text)
    assert (unit.ucum, unit.text, unit.source) == (ucum, text.strip(), text)


@pytest.mark.parametrize("text", ["", " ", "S/CO", "COI", "109/L", "G/L", "10^9", "umol", "摩尔", "10^9/L/L", "mMol/L"])
def test_an_unknown_unit_is_not_guessed(text):
    assert load_units().find(text) is None


UNIT_SIGNS = "xX×*·.^/0123456789⁰⁹eE+gLmolIUμµ％ 　（）"


@given(text=st.text(alphabet=UNIT_SIGNS, max_size=30))
def test_unit_key_is_stable(text):
    assert unit_key(unit_key(text)) == unit_key(text)


@given(text=st.text(max_size=30))
def test_any_text_may_be_asked(text):
    found = load_units().find(text)
    assert found is None or found.source == text


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("10*9/L", True),
        ("10^9/L", True),
        ("mg/dl", True),
        ("mm[Hg]", True),
        ("g/(24.h)", True),
        ("{ratio}", True),
        ("m[IU]/mL", True),
        ("/uL", True),
        ("10*-3", True),
        ("μmol/L", False),
        ("g / L", False),
        ("", False),
        ("g//L", False),
        ("(g/L", False),
        ("x" * 200, False),
        ("IU/L", None),
        ("furlong", None),
    ],
)
def test_is_ucum(code, answer):
    assert load_units().is_ucum(code) is answer


@given(code=st.text(alphabet="()./{}[]gLmol10*^%'-+ ", max_size=120))
def test_ucum_check_ends_for_any_text(code):
    assert load_units().is_ucum(code) in (True, False, None)


def test_broken_units(tmp_path):
    atoms = tmp_path / "atoms.csv"
    atoms.write_text("code,kind,name,source\ng,metric,gram,s\nL,metric,liter,s\n", encoding="utf-8")
    units = tmp_path / "units.csv"
    for rows, message in (
        ("g/l,g/l,,s", "units.csv:2: 'g/l' is not a UCUM code of the known atoms"),
        ("g/L,,,s", "units.csv:2: unit 'g/L' has no UCUM code or no source"),
        ("g/L,g/L,MCnc,s\ng /L,L,,s", "units.csv:3: unit 'g /L' reads the same as an earlier row"),
        ("g/L,g/L,MCnc,s\nG/L,g/L,SCnc,s", "units.csv:3: 'g/L' has another kind in an earlier row"),
    ):
        units.write_text(f"text,ucum,kind,source\n{rows}\n", encoding="utf-8")
        with pytest.raises(DataFileError) as caught:
            read_units(units, atoms=atoms)
        assert str(caught.value).startswith(message)


def test_specimens():
    table = load_specimens()
    found = {
        word: table.find(word)
        for word in ("血清", "SER", " 血 浆 ", "全血", "尿液", "血", "静脉血", "血清/血浆", "ser")
    }
    assert list(found.values()) == [
        "serum", "serum", "plasma", "blood", "urine", "blood-unspecified", "blood-unspecified", "serum-plasma", "serum",
    ]  # fmt: skip
    for word in ("血清样", "溶血", "", "其他", "C&血清"):
        assert table.find(word) is None
    assert [(c.system.rsplit("/", 1)[-1], c.code) for c in table.kind("serum").codings] == [
        ("v2-0487", "SER"),
        ("sct", "119364003"),
    ]
    assert table.kind("nonsense") is None


def test_accepted_specimens_have_three_answers():
    accepts = load_specimens().accepts
    chemistry, counts = ("serum", "plasma"), ("blood",)
    assert accepts(chemistry, "serum") is True
    assert accepts(chemistry, "serum-plasma") is True
    assert accepts(chemistry, "blood") is False
    assert accepts(counts, "urine") is False
    assert accepts(counts, "venous-blood") is True
    assert accepts(counts, "serum") is False
    # 血 alone may be whole blood, serum or plasma; the list does not speak of capillary blood
    for kind in ("blood-unspecified", "capillary-blood", None, "nonsense"):
        assert accepts(counts, kind) is None
    assert accepts((), "serum") is None


def test_broken_specimens(tmp_path):
    kinds = "kind,zh,en,members,v2_0487,v2_0487_display,snomed,snomed_display,source\n"
    (tmp_path / "specimen_kinds.csv").write_text(kinds + "serum,血清,Serum,,,,,,s\n", encoding="utf-8")
    words = tmp_path / "specimens.csv"
    words.write_text("text,kind,source\n血浆,plasma,s\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"specimens.csv:2: unknown specimen kind 'plasma'"):
        read_specimens(tmp_path)
    (tmp_path / "specimen_kinds.csv").write_text(kinds + "a,甲,A,b,,,,,s\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"specimen_kinds.csv:2: unknown specimen kind 'b'"):
        read_specimens(tmp_path)


@pytest.mark.parametrize(
    ("text", "code", "interpretation"),
    [
        ("阴性", "NEG", "NEG"),
        ("阴性（-）", "NEG", "NEG"),
        ("阴性(－)", "NEG", "NEG"),
        ("－", "NEG", "NEG"),
        ("弱阳性", "WEAK", "WR"),
        ("±", "TRACE", None),
        ("可疑", "IND", "IND"),
        ("阳性(+)", "POS", "POS"),
        ("+", "POS1", "POS"),
        ("＋＋", "POS2", "POS"),
        ("+++", "POS3", "POS"),
        ("4+", "POS4", "POS"),
    ],
)
def test_grades(text, code, interpretation):
    table = load_ordinals()
    grade = table.find(text)
    assert grade.code == code
    found = table.interpretation(grade)
    assert (found.code if found else None) == interpretation


@pytest.mark.parametrize("text", ["阴性或弱阳性", "非阳性", "阳性率", "", "+++++", "1:80", "未见异常", "--", "阴阳"])
def test_part_of_a_text_is_no_grade(text):
    assert load_ordinals().find(text) is None


def test_broken_grades(tmp_path):
    path = tmp_path / "o.csv"
    head = "text,code,display,interpretation,interpretation_display,source\n"
    for rows, message in (
        ("阴性,NEG,阴性,NEG,Negative,s\n阴 性,POS,阳性,POS,Positive,s\n", "o.csv:3: grade word '阴 性' reads the same"),
        ("阴性,NEG,阴性,NEG,Negative,s\n-,NEG,阴,NEG,Negative,s\n", "o.csv:3: grade 'NEG' has another display"),
        ("阴性,,阴性,,,s\n", "o.csv:2: grade word '阴性' has no code or no source"),
    ):
        path.write_text(head + rows, encoding="utf-8")
        with pytest.raises(DataFileError) as caught:
            read_ordinals(path)
        assert str(caught.value).startswith(message)


def test_check_digits():
    assert [is_loinc(code) for code in ("718-7", "26464-8", "63557-3", "718-8", "1037", "718-7 ", "７18-7")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert is_uscc("12510000000000001H")
    assert not is_uscc("12510000000000001J")
    assert not is_uscc("12510000000000001h")
    assert not is_uscc("")
