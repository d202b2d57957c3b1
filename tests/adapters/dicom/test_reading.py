"""Whole files: every way they can be written, what is no DICOM, and bytes that are broken."""

from __future__ import annotations

import io
import time
import zlib
from pathlib import Path

import msgspec
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from fhir_hr.adapters.dicom.headers.reading import HeaderReader, read_header, read_object
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.testing.dicom import dataset, file_bytes, series

DATA = Path(pydicom.__file__).parent / "data"
SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
    "big endian": "1.2.840.10008.1.2.2",
}


def read(data, **options):
    return read_header(io.BytesIO(data), **options)


def codes(found):
    return [issue.code for issue in found.issues]


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_every_transfer_syntax_gives_the_same(syntax):
    explicit = read(file_bytes(dataset(CTDIvol=12.5)))
    found = read(file_bytes(dataset(CTDIvol=12.5), transfer_syntax=syntax))
    assert found.issues == ()
    assert found.value == msgspec.structs.replace(explicit.value, transfer_syntax_uid=syntax)


def test_without_preamble_and_meta_information():
    out = io.BytesIO()
    value = dataset()
    del value.file_meta
    pydicom.dcmwrite(out, value, implicit_vr=True, little_endian=True)
    found = read(out.getvalue())
    assert found.value.patient_name == "Ce^ShiJia=测^试甲"
    assert found.value.transfer_syntax_uid is None


def test_every_file_that_pydicom_ships_is_read_or_said():
    unread = {}
    for path in sorted(DATA.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            with path.open("rb") as file:
                found = read_header(file)
            if found.value is None:
                unread[path.name] = codes(found)
    assert all(found == [IssueCode.NOT_DICOM] for found in unread.values())
    assert [name for name in unread if name.endswith(".dcm")] == ["no_meta.dcm"]  # one element, and none that counts


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", IssueCode.EMPTY_INPUT, "empty"),
        (b"hello, this is a text file\n" * 20, IssueCode.NOT_DICOM, "no DICOM object"),
        (b"PK\x03\x04" + bytes(300), IssueCode.NOT_DICOM, "no DICOM object"),
        (b"\xff\xd8\xff\xe0" + b"\x11" * 500, IssueCode.NOT_DICOM, "no DICOM object"),
    ],
)
def test_what_is_no_dicom(data, code, words):
    found = read(data)
    assert found.value is None
    assert codes(found) == [code]
    assert words in found.issues[0].message
    assert found.issues[0].severity is Severity.ERROR


def test_a_file_that_ends_early_keeps_what_stands_before():
    data = file_bytes(dataset())
    found = read(data[: data.index(b"CHEST")])
    assert found.value.patient_id == "T0001"
    assert found.value.body_part_examined is None
    assert set(codes(found)) == {IssueCode.TRUNCATED}


def test_half_a_value_is_never_taken_for_the_whole():
    data = file_bytes(dataset(BodyPartExamined="CHESTPELVIS"))
    for end in range(data.index(b"CHESTPELVIS") - 12, data.index(b"CHESTPELVIS") + 11):
        found = read(data[:end])
        assert found.value.body_part_examined is None
        assert found.value.patient_id == "T0001"
        assert end == data.index(b"CHESTPELVIS") - 8 or IssueCode.TRUNCATED in codes(found), end


def test_a_deflated_file_that_ends_early_keeps_what_stands_before():
    data = file_bytes(dataset(), transfer_syntax=SYNTAXES["deflated"])
    found = read(data[:-400])
    assert found.value.sop_class_uid
    assert IssueCode.TRUNCATED in codes(found)


def test_a_file_larger_than_the_limit():
    found = read(file_bytes(dataset()), limits=DicomLimits(file_bytes=100))
    assert codes(found) == [IssueCode.TOO_LARGE]


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_pixels_never_count_as_header(syntax):
    value = dataset(size=400)
    found = read(file_bytes(value, transfer_syntax=syntax), limits=DicomLimits(header_bytes=200_000))
    assert found.value is not None
    assert found.value.rows == "400"


def test_a_deflated_bomb_is_inflated_no_further_than_the_limit():
    data = file_bytes(dataset(), transfer_syntax=SYNTAXES["deflated"])
    head = data[: data.index(b"1.2.840.10008.1.2.1.99") + 22]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b"\x09\x00\x10\x00UN\0\0" + (300 << 20).to_bytes(4, "little") + bytes(300 << 20))
    started = time.monotonic()
    found = read(head + bomb + packer.flush(), limits=DicomLimits(header_bytes=1 << 20))
    assert time.monotonic() - started < 5
    assert codes(found) == [IssueCode.TOO_LARGE]


@pytest.mark.parametrize("syntax", ["implicit", "big endian", "deflated"])
def test_no_more_items_are_built_than_the_limit(syntax):
    value = dataset()
    value.OtherPatientIDsSequence = [Dataset() for _ in range(50)]
    data = file_bytes(value, transfer_syntax=SYNTAXES[syntax])
    assert read(data, limits=DicomLimits(all_items=60)).value.study_description == "胸部CT平扫"
    words = "the object holds more than 50000 elements or 40 items of sequences"
    for found in (
        read(data, limits=DicomLimits(all_items=40)),
        read_object(io.BytesIO(data), limits=DicomLimits(all_items=40)),
    ):
        assert found.value is None
        assert [(issue.code, issue.message) for issue in found.issues] == [(IssueCode.TOO_LARGE, words)]


@pytest.mark.parametrize("syntax", ["implicit", "big endian", "deflated"])
def test_no_more_elements_are_built_than_the_limit(syntax):
    data = file_bytes(dataset(), transfer_syntax=SYNTAXES[syntax])
    assert read(data, limits=DicomLimits(elements=70)).value.study_description == "胸部CT平扫"
    found = read(data, limits=DicomLimits(elements=20))
    assert (found.value, codes(found)) == (None, [IssueCode.TOO_LARGE])


def test_megabytes_of_zeros_are_no_object_in_good_time():
    whole = file_bytes(dataset(), transfer_syntax=SYNTAXES["implicit"])
    started = time.monotonic()
    for data in (
        bytes(12 << 20),
        bytes(128) + b"DICM" + bytes(12 << 20),
        whole[: whole.index(b"\x08\0\x05\0")] + bytes(12 << 20),
    ):
        for found in (read(data), read_object(io.BytesIO(data))):
            assert (found.value, codes(found)) == (None, [IssueCode.NOT_DICOM])
    assert time.monotonic() - started < 3


def test_a_header_longer_than_the_limit_is_said():
    value = dataset(charset="ISO_IR 192")
    value.StudyDescription = "x"
    big = value.private_block(0x0009, "BIG", create=True)
    big.add_new(1, "UT", "y" * 400_000)
    data = file_bytes(value, transfer_syntax=SYNTAXES["implicit"])
    # Hopped over: only what is read counts.
    assert read(data, limits=DicomLimits(header_bytes=200_000)).value.study_description == "x"
    value.IssuerOfPatientID = "z" * 60
    value.add_new(0x00081040, "UT", "d" * 300_000)
    data = file_bytes(value, transfer_syntax=SYNTAXES["implicit"])
    found = read(data, limits=DicomLimits(header_bytes=200_000))
    assert (found.value, codes(found)) == (None, [IssueCode.TOO_LARGE])


def test_a_file_that_cannot_be_read_is_said():
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError("secret path")

    found = read_header(Broken(b"x" * 300))
    assert codes(found) == [IssueCode.UNREADABLE]
    assert "secret" not in found.issues[0].message


def test_repair_is_on_request():
    data = file_bytes(dataset()).replace(b"GB18030 ", b"ISO_IR 6")
    kept, repaired = read(data), read(data, repair=True)
    assert kept.value.institution_name != "示例市第一人民医院"
    assert IssueCode.CHARSET_WRONG in codes(kept) or IssueCode.CHARSET_UNKNOWN in codes(kept)
    assert repaired.value.institution_name == "示例市第一人民医院"
    assert IssueCode.CHARSET_REPAIRED in codes(repaired)


def test_a_character_set_may_be_assumed():
    data = file_bytes(dataset()).replace(b"\x08\x00\x05\x00CS\x08\x00GB18030 ", b"\x08\x00\x05\x00CS\x00\x00")
    assert read(data, charset="GB18030").value.patient_name == "Ce^ShiJia=测^试甲"
    assert read(data).value.patient_name != "Ce^ShiJia=测^试甲"


def test_one_reader_for_many_files_gives_what_a_new_one_gives():
    reader = HeaderReader()
    for value in series(20):
        data = file_bytes(value)
        assert reader.read(io.BytesIO(data)) == read(data)


SEEDS = [file_bytes(dataset(), transfer_syntax=syntax)[: -2 * 64] for syntax in SYNTAXES.values()] + [
    (DATA / "test_files" / name).read_bytes()[:6000]
    for name in ("test-SR.dcm", "UN_sequence.dcm", "nested_priv_SQ.dcm")
]


@settings(deadline=3000, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_bytes_make_it_raise(data):
    raw = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[at] = data.draw(st.sampled_from([0, 0xFF, 0x53, 0x51, 0xFE, 0xE0, 0x7F]))
        else:
            raw[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    found = read(bytes(raw))
    assert found.value is not None or any(issue.severity is Severity.ERROR for issue in found.issues)
    assert all(issue.message for issue in found.issues)
