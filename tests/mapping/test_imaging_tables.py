"""The imaging tables: what they hold agrees with the standard's own lists, and what is wrong is said with its line."""

import csv
import re

import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from fhir_hr._data import data_path
from fhir_hr.errors import DataFileError
from fhir_hr.mapping.dicom_terms import load_body_parts, load_views, read_body_parts, read_views
from fhir_hr.mapping.exams import load_exams
from fhir_hr.mapping.imaging_words import WordFacet, load_imaging_words, read_imaging_words
from fhir_hr.mapping.modalities import load_modalities, read_modalities
from fhir_hr.mapping.sop_classes import kind_of, load_sop_classes, read_sop_classes
from fhir_hr.model.imaging import InstanceKind


def rows(name):
    with data_path("mappings", "dicom", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def in_group(cid):
    """Codes of a context group of PS3.16."""
    return {
        code: meaning
        for scheme, keywords in cid_concepts[cid].items()
        for keyword in keywords
        for code, (meaning, groups) in concepts[scheme][keyword].items()
        if cid in groups
    }


def test_every_storage_class_of_the_standard_is_there():
    storage = {
        uid: entry[0]
        for uid, entry in UID_dictionary.items()
        if entry[1] == "SOP Class" and "Storage" in entry[0] and not entry[0].startswith(("Storage Comm", "Media Stor"))
    }
    assert {uid: each.name for uid, each in load_sop_classes().items()} == storage
    assert all((UID_dictionary[uid][3] == "Retired") is each.retired for uid, each in load_sop_classes().items())


@pytest.mark.parametrize(
    ("sop_class", "modality", "kind"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "CT", "image"),
        ("1.2.840.10008.5.1.4.1.1.2.1", None, "image"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "PR", "presentation"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "KO", "key-object"),
        ("1.2.840.10008.5.1.4.1.1.88.67", "SR", "dose"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "SR", "document"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "DOC", "document"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "SEG", "segmentation"),
        ("1.2.840.10008.5.1.4.1.1.66.1", "REG", "registration"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "ECG", "waveform"),
        ("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN", "radiotherapy"),
        ("1.2.840.10008.5.1.4.1.1.481.1", "RTIMAGE", "radiotherapy"),
        ("1.2.840.10008.5.1.4.1.1.66", "MR", "other"),
        ("1.2.840.10008.5.1.4.1.1.7", "CT", "image"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "CT", "key-object"),
        ("1.3.12.2.1107.5.9.1", "MR", "other"),
        ("1.3.12.2.1107.5.9.1", "SR", "document"),
        (None, "ct ", "image"),
        (None, "PR", "presentation"),
        (None, "OT", "other"),
        (None, "XYZ", "other"),
        (None, None, "other"),
        ("", "", "other"),
    ],
)
def test_kinds(sop_class, modality, kind):
    assert kind_of(sop_class, modality) is InstanceKind(kind)


def test_modalities_are_those_of_the_standard():
    assert {code: each.name for code, each in load_modalities().items()} == in_group(33)
    assert {code for code, each in load_modalities().items() if each.listed in ("DR", "CT", "MR")} == {"DX", "CT", "MR"}
    assert {code for code, each in load_modalities().items() if each.perhaps == "DR"} == {"CR", "RG"}


def test_body_part_codes_are_those_of_the_standard():
    known = {code for keyword in concepts["SCT"].values() for code in keyword}
    by_name = {}
    for row in rows("body_parts.csv"):
        if row["scheme"] == "SCT":
            assert row["code"] in known, row
            by_name[row["name"]] = row["code"]
            if (group := re.fullmatch(r"PS3\.16 CID (\d+)", row["source"])) is not None:
                assert in_group(int(group.group(1)))[row["code"]] == row["name"]
    for row in rows("body_parts.csv"):
        if row["scheme"] == "SRT" and row["code"] in mapping["SRT"] and row["name"] in by_name:
            current = mapping["SCT"].get(by_name[row["name"]])
            assert current in (None, row["code"]), row


def test_view_codes_are_those_of_the_standard():
    groups = {"PS3.16 CID 4010": in_group(4010), "PS3.16 CID 19": in_group(19), "PS3.16 CID 20": in_group(20)}
    for row in rows("views.csv"):
        if row["scheme"] == "SCT":
            assert groups[row["source"]][row["code"]] == row["name"]
        elif row["scheme"] == "SRT":
            assert mapping["SRT"][row["code"]] in groups[row["source"].removesuffix(" (SNOMED-RT ID)")]


def test_every_part_of_the_list_has_a_term_or_a_word():
    parts = {row.exam.body_part for row in load_exams().rows}
    terms = {part for found in load_body_parts().by_code.values() for part in found}
    words = {part for row in rows("words.csv") if row["facet"] == "part" for part in row["value"].split("|")}
    assert parts - terms == {"upper-abdomen"} - terms
    assert parts - {"infant-chest"} <= words
    assert "standing" in load_views().values()


def test_no_row_of_another_part_is_spelled_as_a_part_of_the_list():
    """A slip in a part's code would make it another, unknown part."""
    listed = {row.exam.body_part for row in load_exams().rows}
    certain = {row["parts"] for row in rows("body_parts.csv") if row["scheme"] == "BPE" and "|" not in row["parts"]}
    assert {"chest", "knee", "hip", "elbow", "nose", "sella"} <= certain & listed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("胸椎", ["thoracic-spine"]),
        ("上腹部", ["upper-abdomen"]),
        ("C-SPINE", ["cervical-spine"]),
        ("KNEECAP", []),
        ("AKNEE", []),
        ("knee_ap", ["knee"]),
        ("Thorax^Routine", ["chest"]),
        ("ＫＮＥＥ", ["knee"]),
        ("胸锁关节", ["sternoclavicular-joint"]),
        ("手术", []),
        ("胸", []),
    ],
)
def test_words_are_whole(text, found):
    scan = load_imaging_words().scan(text)
    assert [word.values[0] for word in scan.words if word.facet is WordFacet.PART] == found


def test_numbers_and_punctuation_need_no_explanation():
    scan = load_imaging_words().scan
    assert scan("胸部 (2026-01) 12/3").explained
    assert not scan("胸部 B60f").explained
    assert not scan("胸部某").explained
    assert scan("").explained


WORDS = "word,facet,value,modality,sure,note,source\n"
PARTS = "scheme,code,name,modality,parts,note,source\n"
VIEWS = "scheme,code,name,view,note,source\n"
CLASSES = "uid,name,kind,retired,note,source\n"
MODALITIES = "code,name,kind,listed,perhaps,note,source\n"


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (read_imaging_words, WORDS + "Knee,part,knee,,,,ours\n", "t.csv:2: word 'Knee' is not folded; write 'knee'"),
        (read_imaging_words, WORDS + "knee,part,knee,,,,\n", "t.csv:2: column 'source' is empty"),
        (read_imaging_words, WORDS + "knee,part,,,,,ours\n", "t.csv:2: a word of facet 'part' has no value"),
        (read_imaging_words, WORDS + "x,neutral,knee,,,,ours\n", "t.csv:2: a word of facet 'neutral' has a value"),
        (
            read_imaging_words,
            WORDS + "x,side,up,,,,ours\n",
            "t.csv:2: column 'value' is 'up'; allowed: left, right, both",
        ),
        (read_imaging_words, WORDS + "x,view,pa+up,,,,ours\n", "t.csv:2: view 'up' is unknown; allowed: frontal, ap"),
        (read_imaging_words, WORDS + "x,colour,red,,,,ours\n", "t.csv:2: column 'facet' is 'colour'"),
        (read_imaging_words, WORDS + "x,part,knee,XA,,,ours\n", "t.csv:2: column 'modality' is 'XA'"),
        (read_imaging_words, WORDS + "x,part,knee,,perhaps,,ours\n", "t.csv:2: column 'sure' is 'perhaps'"),
        (read_imaging_words, WORDS + 2 * "x,part,knee,,,,ours\n", "t.csv:3: duplicate key 'x/part/'"),
        (read_body_parts, PARTS + "BPE,KNEE,Knee,,,,x\n", "t.csv:2: column 'parts' is empty"),
        (read_body_parts, PARTS + "BPE,KNEE,Knee,,knee,,\n", "t.csv:2: column 'source' is empty"),
        (read_body_parts, PARTS + "LN,KNEE,Knee,,knee,,x\n", "t.csv:2: column 'scheme' is 'LN'"),
        (read_views, VIEWS + "VP,PA,a,pa,,x\nSCT,1,a,ap,,x\n", "t.csv:3: 'a' already means 'pa'"),
        (read_views, VIEWS + "VP,PA,a,pa,,\n", "t.csv:2: column 'source' is empty"),
        (read_views, VIEWS + "VP,PA,a,up,,x\n", "t.csv:2: column 'view' is 'up'"),
        (read_sop_classes, CLASSES + "1.x,n,image,,,s\n", "t.csv:2: column 'uid' is '1.x', not a UID"),
        (read_sop_classes, CLASSES + "1.2,n,picture,,,s\n", "t.csv:2: column 'kind' is 'picture'"),
        (read_sop_classes, CLASSES + "1.2,,image,,,s\n", "t.csv:2: column 'name' is empty"),
        (
            read_modalities,
            MODALITIES + "CT,n,image,CT,DR,,s\n",
            "t.csv:2: columns 'listed' and 'perhaps' are both filled",
        ),
        (read_modalities, MODALITIES + "CR,n,image,,DR,,s\n", "t.csv:2: column 'perhaps' needs a reason in 'note'"),
        (read_modalities, MODALITIES + "CR,n,image,XX,,,s\n", "t.csv:2: column 'listed' is 'XX'"),
    ],
)
def test_a_broken_table_says_where(tmp_path, reader, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        reader(path)
    assert str(caught.value).startswith(message)
