"""DICOM JSON: the same headers as by pydicom, and what servers really send."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import msgspec
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_hr.adapters.dicom.headers.datasets import header_of_dataset
from fhir_hr.adapters.dicom.headers.fields import FIELDS
from fhir_hr.adapters.dicom.headers.metadata import headers_of_json
from fhir_hr.adapters.dicom.headers.reading import read_header
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.testing.dicom import dataset, file_bytes

DATA = Path(pydicom.__file__).parent / "data"
NUMBERS = [field.name for field in FIELDS if field.vr in ("DS", "IS")]


def one(**elements):
    """One object: ``t00080060={"vr": …}``."""
    return {keyword[1:]: element for keyword, element in elements.items()}


def read(value, **options):
    return headers_of_json(json.dumps(value, ensure_ascii=False).encode(), **options)


def codes(found):
    return [issue.code for issue in found.issues]


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


def comparable(header):
    """Without what JSON cannot carry: the meta information, how a decimal or integer string was written, and how
    many empty values stand at the end of several."""
    fields = msgspec.structs.asdict(header)
    fields["transfer_syntax_uid"] = None
    for name in NUMBERS:
        value = fields[name]
        if isinstance(value, tuple):
            fields[name] = tuple(map(number, value))
        elif value is not None:
            fields[name] = number(value)
    return fields


def test_every_file_that_pydicom_ships_goes_through_json():
    compared = 0
    for path in sorted(DATA.rglob("*.dcm")):
        with path.open("rb") as file:
            direct = read_header(file)
        if direct.value is None or direct.issues or path.name == "badVR.dcm":  # to_json leaves its bad number out
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            try:
                text = json.dumps([value.to_json_dict(suppress_invalid_tags=True)])
            except (ValueError, TypeError):
                continue
        found = headers_of_json(text.encode())
        if any(issue.code is IssueCode.DICOM_MALFORMED for issue in found.issues):
            continue  # NaN and unknown representations
        assert comparable(found.value[0]) == comparable(direct.value), path.name
        compared += 1
    assert compared > 90


def test_the_same_as_the_dataset():
    value = dataset(OperatorsName=["Li^A=李^甲", "Wu=吴"], CTDIvol=12.0, ImageType=["ORIGINAL", "", "AXIAL"])
    found = read([value.to_json_dict()])
    assert found.issues == ()
    assert comparable(found.value[0]) == comparable(header_of_dataset(value).value)
    assert found.value[0].ctdi_vol == "12"
    assert found.value[0].specific_character_set == ("GB18030",)
    assert found.value[0].patient_name == "Ce^ShiJia=测^试甲"


def test_functional_groups():
    from pydicom.dataset import Dataset

    measures, position, shared = Dataset(), Dataset(), Dataset()
    measures.SliceThickness = "1.5"
    shared.PixelMeasuresSequence = [measures]
    frames = []
    for number_of_frame in range(4):
        position = Dataset()
        position.ImagePositionPatient = ["0", "0", str(number_of_frame)]
        frame = Dataset()
        frame.PlanePositionSequence = [position]
        frames.append(frame)
    value = dataset(
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
        SliceThickness=None,
        ImagePositionPatient=None,
    )
    header = read([value.to_json_dict()]).value[0]
    assert header.frames_described == 4
    assert header.slice_thickness == "1.5"
    assert comparable(header) == comparable(read_header(io.BytesIO(file_bytes(value))).value)


# -- what servers send ----------------------------------------------------------------------------


def test_numbers_where_text_belongs():
    row = one(
        t00200011={"vr": "IS", "Value": [3]},
        t00180050={"vr": "DS", "Value": [1.25]},
        t00100020={"vr": "LO", "Value": [12345]},
        t00280010={"vr": "US", "Value": ["512"]},
        t00080060={"vr": "CS", "Value": "CT"},
        t00200032={"vr": "DS", "Value": ["1.0", 2, 3.5]},
    )
    header = read([row]).value[0]
    assert (header.series_number, header.slice_thickness, header.patient_id) == ("3", "1.25", "12345")
    assert (header.rows, header.modality) == ("512", "CT")
    assert header.image_position_patient == ("1.0", "2", "3.5")


def test_digits_of_decimal_strings_are_kept():
    found = headers_of_json(b'[{"00180050": {"vr": "DS", "Value": [1.50]}, "00180060": {"vr": "DS", "Value": [1e2]}}]')
    assert (found.value[0].slice_thickness, found.value[0].kvp) == ("1.50", "1e2")


def test_missing_values_and_nulls():
    row = one(
        t00080050={"vr": "SH"},
        t00080060=None,
        t00080061={"vr": "CS", "Value": [None]},
        t00080008={"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
        t00100020={"vr": "LO", "Value": None},
        t00081032={"vr": "SQ", "Value": [None, {}]},
    )
    found = read([row])
    header = found.value[0]
    assert (header.accession_number, header.modality, header.patient_id) == (None, None, None)
    assert header.modalities_in_study == ()
    assert header.image_type == ("ORIGINAL", "", "AXIAL")
    assert found.issues == ()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}, "Wang^XiaoDong=王^小东"),
        ({"Ideographic": "王^小东"}, "=王^小东"),
        ({"Alphabetic": "Yamada", "Ideographic": "山田", "Phonetic": "やまだ"}, "Yamada=山田=やまだ"),
        ({"Alphabetic": "王^小东", "Phonetic": None}, "王^小东"),
        ("王^小东", "王^小东"),
        ({"Alphabetic": "^"}, None),
        ({}, None),
    ],
)
def test_names(value, name):
    assert read([one(t00100010={"vr": "PN", "Value": [value]})]).value[0].patient_name == name


def test_one_object_without_an_array_and_a_byte_order_mark():
    text = json.dumps(one(t00080060={"vr": "CS", "Value": ["CT"]}))
    assert headers_of_json(text.encode("utf-8-sig")).value[0].modality == "CT"


def test_small_letters_in_tags():
    row = {"0020000d": {"vr": "UI", "Value": ["1.2.3"]}, "0008103e": {"vr": "LO", "Value": ["x"]}}
    header = read([row]).value[0]
    assert (header.study_instance_uid, header.series_description) == ("1.2.3", "x")


def test_a_key_twice_the_last_counts():
    text = b'[{"00080060":{"vr":"CS","Value":["CT"]},"00080060":{"vr":"CS","Value":["MR"]}}]'
    assert headers_of_json(text).value[0].modality == "MR"


def test_one_bad_object_costs_no_other():
    good = one(t00080060={"vr": "CS", "Value": ["CT"]})
    found = read([good, "text", good, 5, None, good])
    assert len(found.value) == 3
    assert [issue.where for issue in found.issues] == ["[1]", "[3]", "[4]"]
    assert {issue.severity for issue in found.issues} == {Severity.ERROR}


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ([1], "no object with vr and Value"),
        ({"vr": "CS", "Value": [True]}, "a type that is not understood"),
        ({"vr": "CS", "Value": [{"a": 1}]}, "a type that is not understood"),
        ({"vr": "CS", "InlineBinary": "AAAA"}, "not given as text"),
        ({"vr": "CS", "BulkDataURI": "http://pacs.example/1"}, "not given as text"),
    ],
)
def test_one_bad_element_costs_no_other(element, words):
    found = read([one(t00080060=element, t00100020={"vr": "LO", "Value": ["T1"]})] * 3)
    assert [header.patient_id for header in found.value] == ["T1"] * 3
    assert codes(found) == [IssueCode.DICOM_MALFORMED]
    assert found.issues[0].where == "[0](0008,0060)"
    assert words in found.issues[0].message
    assert "(3 places)" in found.issues[0].message


def test_bytes_that_are_no_utf8_cost_one_element():
    text = b'[{"00080060":{"vr":"CS","Value":["\xff"]},"00100020":{"vr":"LO","Value":["T1"]}}]'
    found = headers_of_json(text)
    assert found.issues
    assert [header.patient_id for header in found.value] == ["T1"]


def test_numbers_that_are_none_cost_one_element():
    row = one(t00189345={"vr": "FD", "Value": [float("nan")]}, t00180050={"vr": "DS", "Value": [1.25]})
    found = read([row, one(t00180050={"vr": "DS", "Value": [2]})])
    assert [header.slice_thickness for header in found.value] == ["1.25", "2"]
    assert codes(found) == [IssueCode.DICOM_MALFORMED] * 2
    assert "no strict JSON" in found.issues[0].message
    assert found.issues[1].where == "[0](0018,9345)"


def test_an_answer_that_breaks_off_keeps_what_came():
    row = one(t00080060={"vr": "CS", "Value": ["CT"]})
    text = json.dumps([row] * 5).encode()
    found = headers_of_json(text[:-20])
    assert len(found.value) == 4
    assert codes(found) == [IssueCode.TRUNCATED]
    assert "first 4 objects" in found.issues[0].message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", IssueCode.EMPTY_INPUT),
        (b" \n", IssueCode.EMPTY_INPUT),
        (b"<html>not found</html>", IssueCode.NOT_DICOM),
        (b'"text"', IssueCode.NOT_DICOM),
        (b"[", IssueCode.NOT_DICOM),
        (b"{", IssueCode.NOT_DICOM),
        (b"\x1f\x8b\x08", IssueCode.NOT_DICOM),
    ],
)
def test_what_is_no_dicom_json(data, code):
    found = headers_of_json(data)
    assert (found.value, codes(found)) == ((), [code])


def test_no_objects_are_no_issue():
    assert headers_of_json(b"[]") == headers_of_json(b"[ ]")
    assert headers_of_json(b"[]").issues == ()


def test_bounds():
    row = one(t00080060={"vr": "CS", "Value": ["CT"]})
    found = read([row] * 5, limits=DicomLimits(instances=3))
    assert (len(found.value), codes(found)) == (3, [IssueCode.LIMIT_REACHED])
    assert "2 objects" in found.issues[0].message
    assert codes(read([row] * 5, limits=DicomLimits(json_bytes=20))) == [IssueCode.TOO_LARGE]
    long = one(t00080060={"vr": "CS", "Value": ["x" * 100]})
    assert codes(read([long], limits=DicomLimits(text_chars=50))) == [IssueCode.FIELD_TOO_LONG]
    items = one(t00081032={"vr": "SQ", "Value": [one(t00080100={"vr": "SH", "Value": ["A"]})] * 9})
    found = read([items], limits=DicomLimits(items=4))
    assert (len(found.value[0].procedure_codes), codes(found)) == (4, [IssueCode.LIMIT_REACHED])


def test_nesting_without_end():
    for text in (b"[" * 200_000, b'[{"00081032":' * 100_000, b'{"00400275":{"Value":[' * 100_000):
        found = headers_of_json(text)
        assert (found.value, codes(found)) == ((), [IssueCode.NOT_DICOM])


def test_equal_elements_of_different_tags_are_kept_apart():
    same = {"vr": "DA", "Value": ["20260301"]}
    header = read([one(t00080020=same, t00080021=same, t00100030=same)]).value[0]
    assert header.study_date == header.series_date == header.patient_birth_date == "20260301"


def test_no_issue_names_the_patient():
    found = read([one(t00100010={"vr": "PN", "Value": [{"Alphabetic": {"Secret": "x"}}]})])
    assert found.issues
    assert not any("Secret" in str(issue) for issue in found.issues)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["vr", "Value", "00080100"]), inner),
    max_leaves=12,
)
TAGS = st.sampled_from(["00080005", "00080060", "00100010", "00081032", "52009230", "00400275", "00280010", "00189345"])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(TAGS, JSON, max_size=5) | JSON, max_size=4))
def test_no_json_makes_it_raise(rows):
    found = read(rows)
    assert len(found.value) == sum(isinstance(row, dict) for row in rows)


@given(st.data())
def test_no_bytes_make_it_raise(data):
    raw = bytearray(json.dumps([dataset(PixelData=None).to_json_dict()] * 2).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from(b'"{}[],:\x00\xff1nu\\'))
    found = headers_of_json(bytes(raw))
    assert len(found.value) + len(found.issues) >= 1
