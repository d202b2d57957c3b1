"""The walk gives what pydicom gives, or gives up."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from fhir_hr.adapters.dicom.headers.datasets import bounded_issues, header_of_dataset
from fhir_hr.adapters.dicom.headers.fields import FIELDS
from fhir_hr.adapters.dicom.headers.values import Reading
from fhir_hr.adapters.dicom.headers.walk import Surprise, Walker
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import IssueCode
from fhir_hr.testing.dicom import dataset, file_bytes, series

DATA = Path(pydicom.__file__).parent / "data"
FILES = sorted(path for name in ("test_files", "charset_files") for path in (DATA / name).rglob("*") if path.is_file())
LIMITS = DicomLimits()


def walked(data, **options):
    header, issues = Walker(Reading(**options)).read(io.BytesIO(data))
    return header, bounded_issues(issues, LIMITS)


def by_pydicom(data, **options):
    read = header_of_dataset(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True), **options)
    return read.value, read.issues


def same(data, **options):
    ours, issues = walked(data, **({"repair": options["repair"]} if "repair" in options else {}))
    theirs, their_issues = by_pydicom(data, **options)
    assert ours == theirs
    assert sorted(set(map(str, issues))) == sorted(set(map(str, their_issues)))
    return ours


def test_every_file_that_pydicom_ships():
    walker = Walker(Reading())  # one for all: what it remembers of one file must not show in the next
    walked_files = 0
    for path in FILES:
        data = path.read_bytes()
        try:
            ours, issues = walker.read(io.BytesIO(data))
        except Surprise:
            continue
        walked_files += 1
        theirs, their_issues = by_pydicom(data)
        assert ours == theirs, path.name
        assert bounded_issues(issues, LIMITS) == their_issues or set(issues) == set(their_issues), path.name
        assert walked(data)[0] == ours, path.name
    assert walked_files > 120


def test_a_chinese_ct():
    header = same(file_bytes(dataset()))
    assert header.patient_name == "Ce^ShiJia=测^试甲"
    assert header.study_description == "胸部CT平扫"
    assert header.image_type == ("ORIGINAL", "PRIMARY", "AXIAL")
    assert header.rows == "8"
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1"


def test_padding_and_empty_values():
    value = dataset(StudyTime="0915", SliceThickness=" 1.50", ImageType=["ORIGINAL", "", "AXIAL"], KVP="", StudyID="")
    header = same(file_bytes(value))
    assert header.study_time == "0915"
    assert header.slice_thickness == "1.50"
    assert header.image_type == ("ORIGINAL", "", "AXIAL")
    assert (header.kvp, header.study_id) == (None, None)


def test_a_trailing_nul_in_text_is_padding():
    data = file_bytes(dataset(StationName="CT01XY")).replace(b"CT01XY", b"CT01X\0")
    assert same(data).station_name == "CT01X"


def code(value, scheme, meaning, **more):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    for keyword, content in more.items():
        setattr(item, keyword, content)
    return item


def rich(**more):
    request = Dataset()
    request.RequestedProcedureDescription = "颅脑MR平扫"
    request.RequestedProcedureCodeSequence = [code("X1", "99LOCAL", "颅脑")]
    issuer, other, qualifier = Dataset(), Dataset(), Dataset()
    issuer.LocalNamespaceEntityID = "RIS1"
    other.PatientID, other.IssuerOfPatientID, other.TypeOfPatientID = "K1", "CARD", "TEXT"
    qualifier.UniversalEntityID = "1.2.3"
    return dataset(
        RequestAttributesSequence=[request],
        IssuerOfAccessionNumberSequence=[issuer],
        OtherPatientIDsSequence=[other],
        IssuerOfPatientIDQualifiersSequence=[qualifier],
        ProcedureCodeSequence=[code("P1", "99LOCAL", "胸部", CodingSchemeVersion="2"), code("P2", "99LOCAL", "b")],
        AnatomicRegionSequence=[code("51185008", "SCT", "Chest")],
        ViewCodeSequence=[code("399348003", "SCT", "AP")],
        ContrastBolusAgentSequence=[code("C1", "99X", "碘")],
        InstitutionCodeSequence=[code("H1", "99X", "医院")],
        ConceptNameCodeSequence=[code("113030", "DCM", "Manifest")],
        OperatorsName=["Li^A=李^甲", "Wu^B=吴^乙"],
        CTDIvol=12.5,
        **more,
    )


def undefined_lengths(value):
    for element in value:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                undefined_lengths(item)
    return value


@pytest.mark.parametrize("undefined", [False, True])
def test_sequences(undefined):
    value = undefined_lengths(rich()) if undefined else rich()
    header = same(file_bytes(value))
    assert header.requested_procedure_description == "颅脑MR平扫"
    assert header.requested_procedure_codes[0].meaning == "颅脑"
    assert header.issuer_of_accession_number == "RIS1"
    assert header.other_patient_ids[0].issuer == "CARD"
    assert header.issuer_universal_id == "1.2.3"
    assert [each.value for each in header.procedure_codes] == ["P1", "P2"]
    assert header.procedure_codes[0].version == "2"
    assert header.concept_name.value == "113030"
    assert header.operators == ("Li^A=李^甲", "Wu^B=吴^乙")
    assert header.ctdi_vol == "12.5"


def test_the_root_says_it_before_the_request():
    header = same(file_bytes(rich(RequestedProcedureDescription="头颅")))
    assert header.requested_procedure_description == "头颅"


def test_an_item_with_its_own_character_set():
    item = code("P1", "99LOCAL", "胸部")
    item.SpecificCharacterSet = "ISO_IR 192"
    assert same(file_bytes(dataset(ProcedureCodeSequence=[item]))).procedure_codes[0].meaning == "胸部"


def test_private_tags_and_long_unknown_ones_are_hopped_over():
    value = dataset()
    block = value.private_block(0x0043, "GEMS_PARM_01", create=True)
    block.add_new(0x01, "UN", b"\1" * 40_000)
    block.add_new(0x02, "OB", b"\2" * 30_001)
    inner = Dataset()
    inner.CodeValue = "1"
    block.add_new(0x03, "SQ", [inner])
    assert same(file_bytes(undefined_lengths(value))).patient_name == "Ce^ShiJia=测^试甲"


@pytest.mark.parametrize("cut", [16 << 10, (16 << 10) - 1, (16 << 10) - 8, (16 << 10) - 11, (16 << 10) + 1])
def test_an_element_at_the_edge_of_what_is_read_first(cut):
    value = dataset()
    room = file_bytes(value).index(b"\x18\x00\x50\x00")
    value.private_block(0x0011, "EDGE", create=True).add_new(1, "OB", b"x" * (cut - room - 30))
    assert same(file_bytes(value)).slice_thickness == "1.0"


def test_the_end_of_the_file_after_a_whole_element():
    value = dataset(PixelData=None, BurnedInAnnotation="")
    assert same(file_bytes(value)).rows == "8"


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.113619.5.2"]
)
def test_other_transfer_syntaxes_are_given_up(syntax):
    data = file_bytes(dataset())
    old, new = b"UI\x14\x00" + b"1.2.840.10008.1.2.1\0", syntax.encode()
    assert data.count(old) == 1
    new += b"\0" * (len(new) % 2)
    with pytest.raises(Surprise):
        walked(data.replace(old, b"UI" + struct.pack("<H", len(new)) + new))


def changed(data, old, new):
    assert data.count(old) == 1
    return data.replace(old, new)


def surprises():
    data = file_bytes(dataset())
    yield "no preamble", data[132:]
    yield "no letters", b"abc"
    yield "a tag out of order", changed(data, b"\x20\x00\x11\x00IS", b"\x08\x00\x11\x00IS")
    yield "a tag too high, followed by others", changed(data, b"\x20\x00\x11\x00IS", b"\x20\x7a\x11\x00IS")
    yield "a representation that is none", changed(data, b"\x20\x00\x11\x00IS", b"\x20\x00\x11\x00??")
    yield "a sequence where text belongs", changed(data, b"\x10\x00\x20\x00LO", b"\x10\x00\x20\x00SQ")
    yield "cut within an element", data[:700]
    yield "a length beyond the end", changed(data, b"\x18\x00\x50\x00DS\x04\x00", b"\x18\x00\x50\x00DS\xff\xff")
    functional = dataset()
    functional.SharedFunctionalGroupsSequence = [Dataset()]
    yield "functional groups", file_bytes(functional)
    title = struct.pack("<HH", 0x0040, 0xA043)
    yield "a sequence of unknown representation", changed(file_bytes(rich()), title + b"SQ", title + b"UN")
    broken = bytearray(file_bytes(rich()))
    broken[broken.index(title) + 16] += 2
    yield "an item longer than its sequence", bytes(broken)


@pytest.mark.parametrize(("what", "data"), list(surprises()), ids=[what for what, _ in surprises()])
def test_surprises(what, data):
    with pytest.raises(Surprise):
        walked(data)


def test_a_header_longer_than_the_limit_is_given_up():
    value = dataset()
    value.private_block(0x0011, "LONG", create=True).add_new(1, "OB", b"x" * 100_000)
    with pytest.raises(Surprise):
        walked(file_bytes(value), limits=DicomLimits(header_bytes=50_000))


def nested(depth):
    inner = Dataset()
    inner.CodeValue = "1"
    for _ in range(depth):
        outer = Dataset()
        outer.ConceptCodeSequence = [inner]
        inner = outer
    return inner


def test_sequences_nested_too_deep_are_given_up():
    value = undefined_lengths(dataset(ContentSequence=[nested(30)]))
    with pytest.raises(Surprise):
        walked(file_bytes(value))
    assert walked(file_bytes(undefined_lengths(dataset(ContentSequence=[nested(10)]))))[0].rows == "8"


def test_what_is_remembered_is_bounded_and_does_not_show():
    walker = Walker(Reading(limits=DicomLimits(remembered=50)))
    for value in series(40):
        data = file_bytes(value)
        assert walker.read(io.BytesIO(data))[0] == by_pydicom(data)[0]
        assert sum(len(known) for _, known in walker._remembered.values()) <= 51


def test_issues_come_for_every_file_though_values_are_remembered():
    walker = Walker(Reading())
    data = file_bytes(dataset(charset="ISO_IR 192")).replace("肺窗".encode(), "肺窗".encode("gb18030") + b"\xd6\xd0")
    found = [walker.read(io.BytesIO(data))[1] for _ in range(2)]
    assert found[0] == found[1]
    assert [issue.code for issue in found[0]] == [IssueCode.UNDECODABLE]
    assert found[0][0].where == "(0008,103E)"


def test_two_character_sets_in_one_run_are_kept_apart():
    walker = Walker(Reading())
    raw = "王".encode("gb18030")
    for charset, name in (("GB18030", "王"), ("ISO_IR 100", "Íõ"), ("GB18030", "王")):
        data = file_bytes(
            dataset(
                charset=charset,
                PatientName="AB",
                StudyDescription=None,
                InstitutionName=None,
                Manufacturer=None,
                SeriesDescription=None,
            )
        )
        data = changed(data, b"PN\x02\x00AB", b"PN\x02\x00" + raw)
        assert walker.read(io.BytesIO(data))[0].patient_name == name


TEXT = st.text(st.sampled_from("AZ09 .^=王小东诚㐀/-"), max_size=16)
VALUES = {
    "DA": st.sampled_from(["", "20260301", "2026", "20260101-"]),
    "TM": st.sampled_from(["", "0915", "091500", "091500.123", "09"]),
    "DT": st.sampled_from(["", "20260301091500", "20260301091500.1+0800"]),
    "DS": st.sampled_from(["", "1", "1.50", "-0.5", "1e-3", " 2 "]),
    "IS": st.sampled_from(["", "0", "12", "-3", "+4"]),
    "UI": st.sampled_from(["", "1.2.3", "2.25.12345"]),
    "CS": st.sampled_from(["", "CT", "LEFT", "A B"]),
    "AE": st.sampled_from(["", "PACS"]),
    "UR": st.sampled_from(["", "https://pacs.example/studies/1"]),
    "US": st.integers(0, 65535),
    "FD": st.floats(allow_nan=False, allow_infinity=False),
    "SH": TEXT,
    "LO": TEXT,
    "PN": TEXT,
}


@st.composite
def datasets(draw):
    from pydicom.datadict import keyword_for_tag

    value = dataset()
    for field in draw(st.lists(st.sampled_from(FIELDS[2:]), max_size=25, unique=True)):
        many = field.many and field.vr not in ("US", "FD")
        one = VALUES[field.vr]
        content = draw(st.lists(one, min_size=1, max_size=3) if many else one)
        if field.tag != 0x00080005:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                setattr(value, keyword_for_tag(field.tag), content)
    if draw(st.booleans()):
        value.ProcedureCodeSequence = [code(draw(TEXT), "99X", draw(TEXT)) for _ in range(draw(st.integers(0, 3)))]
    return undefined_lengths(value) if draw(st.booleans()) else value


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(datasets())
def test_generated_datasets(value):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = file_bytes(value)
    same(data)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_changed_bytes_are_given_up_or_read_alike(data):
    raw = bytearray(file_bytes(rich()))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(132, len(raw) - 200))] = data.draw(st.integers(0, 255))
    try:
        header, _ = walked(bytes(raw))
    except Surprise:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs, _ = by_pydicom(bytes(raw))
        except (
            ValueError,
            TypeError,
            OSError,
            AttributeError,
            KeyError,
        ):  # a NUL in the character set makes pydicom raise, for one
            return
    assert header == theirs
