"""Every file that ships: read by its loader, every row with a source, HL7's maps present row by row."""

import codecs
import contextlib
import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.codes import code_table_names, load_code_table, read_code_table
from fhir_hr.mapping.items import read_items
from fhir_hr.mapping.marks import load_marks, read_marks
from fhir_hr.mapping.ordinals import read_ordinals
from fhir_hr.mapping.senders import load_senders, read_sender
from fhir_hr.mapping.specimens import read_specimens
from fhir_hr.mapping.units import load_units, read_units
from fhir_hr.model.lab import ReportStatus, ResultStatus
from fhir_hr.model.people import EncounterClass, Sex
from fhir_hr.model.values import AbsentReason

ROOT = data_path("mappings")
TABLES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.csv"))


def rows_of(name):
    with (ROOT / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_nothing_ships_that_no_loader_reads():
    known = {
        "marks.csv",
        "mark_places.csv",
        "mark_rules.csv",
        "mark_symbols.csv",
        "items/cn-51-lab.csv",
        "items/cn-51-imaging.csv",
        "items/item_codes.csv",
        "items/panels.csv",
        "units/units.csv",
        "units/ucum_atoms.csv",
        "concepts/specimens.csv",
        "concepts/specimen_kinds.csv",
        "concepts/ordinals.csv",
        *(f"dicom/{name}.csv" for name in ("body_parts", "modalities", "sop_classes", "views", "words")),
        *(f"hl7v2/codesystems/{name}.csv" for name in code_table_names()),
    }
    assert set(TABLES) == known
    others = {path.suffix for path in ROOT.rglob("*") if path.is_file()}
    assert others == {".csv", ".toml", ".md"}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_source(name):
    rows = rows_of(name)
    assert rows
    assert [row for row in rows if not row["source"].strip()] == []


def test_every_sender_states_its_source():
    for profile in load_senders().profiles:
        assert profile.source.strip(), profile.id


@pytest.mark.parametrize("name", TABLES)
def test_no_machine_path_stands_in_a_source(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"/(work|home|root|tmp|shared)/|policy/|FS:\d", text)


TARGETS = {
    "sex": set(Sex),
    "obx-status-0085": set(ResultStatus),
    "report-status-0123": set(ReportStatus),
    "patient-class-0004": set(EncounterClass),
    "order-status-0038": {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"},
    "order-status-0119": {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"},
    "availability-0136": {"available", "unavailable"},
}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_targets_are_codes_of_the_model(name):
    for row in load_code_table(name).rows:
        assert row.target is None or row.target in TARGETS[name], row.code
        assert row.absent is None or row.absent in set(AbsentReason), row.code


def test_every_flag_target_is_an_interpretation():
    known = {row.target for row in load_code_table("flags-0078").rows if row.target}
    assert {"N", "H", "HH", "L", "LL", "POS", "NEG", "WR", "IND"} <= known
    for name in code_table_names():
        if name.startswith("flags-"):
            for row in load_code_table(name).rows:
                assert row.target is None or row.target in known, (name, row.code)
                assert row.target_for_grade is None or row.target_for_grade in known, (name, row.code)


def test_every_charset_is_a_codec():
    for row in load_code_table("charsets-0211").rows:
        if row.target:
            codecs.lookup(row.target)
        else:
            assert row.note


def test_marks_cover_divisions():
    marks = load_marks()
    assert [mark.text for mark in marks.marks] == ["川内HR", "川渝HR", "并HR", "鄂HR", "武汉HR", "苏HR"]
    assert marks.by_text(" 川渝ＨＲ ").covers == ("510000", "500000")
    assert marks.by_code("chuannei-hr") is marks.by_text("川内HR")
    assert marks.by_text("全国HR") is None  # named as an example, no text read
    assert marks.by_code("quanguo-hr") is None
    assert marks.by_text("HR") is None
    assert marks.by_text("川内HR ※") is None


# HL7's v2-to-FHIR maps (commit 8c9b414, 2025-10-01): code to target, "" where the map gives none.
HL7_0085 = {
    "A": "amended",
    "B": "",
    "C": "corrected",
    "D": "entered-in-error",
    "F": "final",
    "I": "",
    "N": "",
    "O": "",
    "P": "preliminary",
    "R": "",
    "S": "",
    "V": "",
    "X": "cancelled",
    "U": "",
    "W": "entered-in-error",
}
HL7_0123 = {
    "O": "registered",
    "I": "registered",
    "S": "registered",
    "A": "",
    "P": "preliminary",
    "C": "corrected",
    "R": "partial",
    "F": "final",
    "X": "cancelled",
    "Y": "",
    "Z": "",
    "M": "",
    "N": "",
}
HL7_0038 = {
    "CA": "revoked",
    "CM": "completed",
    "DC": "revoked",
    "ER": "entered-in-error",
    "HD": "on-hold",
    "IP": "active",
    "RP": "revoked",
    "SC": "active",
}
HL7_0001 = {"F": "female", "M": "male", "O": "other", "U": "unknown", "A": "other", "N": "other"}
HL7_0004 = {"E": "EMER", "I": "IMP", "O": "AMB", "P": "PRENC", "R": "R", "B": "B", "C": "C", "N": "N", "U": "U"}
HL7_0136 = {"Y": "available", "N": "unavailable"}


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("obx-status-0085", HL7_0085),
        ("report-status-0123", HL7_0123),
        ("order-status-0038", HL7_0038),
        ("sex", HL7_0001),
        ("patient-class-0004", HL7_0004),
        ("availability-0136", HL7_0136),
    ],
)
def test_each_row_of_hl7s_map_is_taken_or_its_difference_stated(name, theirs):
    table = load_code_table(name)
    for code, target in theirs.items():
        row = table.get(code)
        assert row is not None, code
        if (row.target or "") != target:
            assert row.note, f"{name} {code} differs without a note"
            assert "HL7's map" in row.note
    if name.endswith(("0085", "0123")):
        assert all(row.target for row in table.rows), "a status is never left without a choice"
        assert {row.code for row in table.rows} == set(theirs)


HL7_0078 = """
    < > A AA B CAR D DET E EX EXP H HH HU I IE IND L LL LU MS N NCL ND NEG NR NS POS R RR
    S SDD SYN-R SYN-S U VS UNE W WR
"""
HL7_0078_OPEN = "AC HM OBX QCF TOX"


def test_flags_are_hl7s():
    table = load_code_table("flags-0078")
    for code in HL7_0078.split():
        assert table.get(code).target == code
    for code in HL7_0078_OPEN.split():
        assert table.get(code).target is None
        assert "HL7's map gives no target" in table.get(code).note


def test_status_choices_in_the_holes():
    obx, report = load_code_table("obx-status-0085"), load_code_table("report-status-0123")
    assert {code: obx.get(code).target for code in "BINORSUV"} == {
        "B": "amended", "I": "registered", "N": "cancelled", "O": "registered", "R": "preliminary",
        "S": "preliminary", "U": "final", "V": "final",
    }  # fmt: skip
    assert obx.get("N").absent == "not-asked"
    assert obx.get("X").absent == "not-performed"
    assert {code: report.get(code).target for code in "AMNYZ"} == {
        "A": "partial",
        "M": "preliminary",
        "N": "registered",
        "Y": "unknown",
        "Z": "unknown",
    }


def test_lookups_forgive_width_space_and_case_only():
    sex = load_code_table("sex")
    assert [sex.get(code).target for code in ("1 ", "２", "男", "m", "9", "Female")] == [
        "male", "female", "male", "male", "unknown", "female",
    ]  # fmt: skip
    assert sex.get("男孩") is None
    assert sex.get("") is None
    charsets = load_code_table("charsets-0211")
    assert charsets.get("unicode utf-8").target == "utf-8"
    assert charsets.get("gbk").target == charsets.get("GB 18030-2000").target == "gb18030"


def test_ruimei_n_depends_on_the_value():
    row = load_code_table("flags-ruimei").get("N")
    assert (row.target, row.target_for_grade) == ("N", "NEG")
    assert load_code_table("flags-ruimei").get("M").target == "N"
    assert load_code_table("flags-ruimei").get("E").target is None
    assert load_code_table("flags-words").get("弱阳性").target == "WR"
    assert load_code_table("flags-words").get("阳性").target == "POS"


def test_code_systems_name_only_certain_uris():
    table = load_code_table("code-systems-0396")
    assert table.get("LN").target == "http://loinc.org"
    assert table.get("HL70078").target == "http://terminology.hl7.org/CodeSystem/v2-0078"
    for local in ("L", "99zzz", "LIS", "ISO+"):
        assert table.get(local).target is None
    uris = [row.target for row in table.rows if row.target]
    assert all(re.match(r"(https?://|urn:)", uri) for uri in uris)


def test_units_are_ucum_and_listed():
    units = load_units()
    for text, code in units.ucum.items():
        assert units.is_ucum(code), text


CODES = "code,target,target_system,display,zh,note,source\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,,,d,,,s\n", "t.csv:2: row 'a' has no target and no note that says why"),
        ("a,x,,d,,,\n", "t.csv:2: row 'a' has no source"),
        ("a,x,,d,,,s\nａ,x,,d,,,s\n", "t.csv:3: code 'ａ' reads the same as an earlier row"),
        ("a,x,,d,,,s\na,y,,d,,,s\n", "t.csv:3: duplicate key 'a', first on line 2"),
    ],
)
def test_broken_code_table(tmp_path, rows, message):
    path = tmp_path / "t.csv"
    path.write_text(CODES + rows, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_code_table(path)
    assert str(caught.value) == message


def test_unknown_code_table():
    with pytest.raises(DataFileError, match=r"nonsense.csv: no such code table; there are: availability-0136"):
        load_code_table("nonsense")


MARKS = "code,text,scopes,covers,status,placement,source\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,甲HR,cn,51,official,,s\n", "t.csv:2: column 'covers': '51' is not a division code of six digits"),
        ("a,甲HR,cn,510000,rumoured,,s\n", "t.csv:2: column 'status' is 'rumoured'; allowed: official"),
        ("a,甲HR,cn,510000,official,,\n", "t.csv:2: mark 'a' has no text or no source"),
        ("a,甲HR,cn,510000,official,,s\nb,甲ＨＲ,cn,510000,official,,s\n", "t.csv:3: mark text '甲ＨＲ' stands twice"),
    ],
)
def test_broken_marks(tmp_path, rows, message):
    path = tmp_path / "t.csv"
    path.write_text(MARKS + rows, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_marks(path)
    assert str(caught.value).startswith(message)


@given(data=st.data())
def test_no_loader_raises_anything_else(data, tmp_path_factory):
    """A shipped table with any text pasted into it is read, or refused as a broken data file."""
    folder = tmp_path_factory.mktemp("pasted")
    name = data.draw(st.sampled_from([*TABLES, "hl7v2/senders/demo-hospital-a.toml"]))
    for path in [*ROOT.rglob("*.csv"), ROOT / "hl7v2/senders/demo-hospital-a.toml"]:
        (folder / path.name).write_bytes(path.read_bytes())
    target = folder / name.rsplit("/", 1)[-1]
    lines = target.read_text(encoding="utf-8").split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    pasted = data.draw(
        st.text(max_size=40) | st.sampled_from(["a,b", ",,,,,,,", '"', "|", "sex = 1", "[match]", "zone = 'x'"])
    )
    keep = data.draw(st.integers(0, len(lines[at])))
    lines[at] = lines[at][:keep] + pasted
    target.write_text("\n".join(lines), encoding="utf-8", errors="replace", newline="\n")
    loaders = {
        "marks.csv": lambda: read_marks(target),
        "ordinals.csv": lambda: read_ordinals(target),
        "units.csv": lambda: read_units(target, atoms=folder / "ucum_atoms.csv"),
        "ucum_atoms.csv": lambda: read_units(folder / "units.csv", atoms=target),
        "specimens.csv": lambda: read_specimens(folder),
        "specimen_kinds.csv": lambda: read_specimens(folder),
        "cn-51-lab.csv": lambda: read_items(folder),
        "item_codes.csv": lambda: read_items(folder),
        "panels.csv": lambda: read_items(folder),
        "demo-hospital-a.toml": lambda: read_sender(target),
    }
    with contextlib.suppress(DataFileError):
        loaders.get(target.name, lambda: read_code_table(target))()
