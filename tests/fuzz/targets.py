"""What is fuzzed: each target takes bytes, and raises only when something is wrong with the library.

The targets need no fuzzer, so that a test can replay what one found.
"""

import io
from collections.abc import Callable

import msgspec

from fhir_hr._data import data_path
from fhir_hr.adapters.dicom.headers.metadata import headers_of_json
from fhir_hr.adapters.dicom.headers.reading import HeaderReader, read_header
from fhir_hr.adapters.dicom.limits import DicomLimits
from fhir_hr.adapters.hl7v2 import Limits, Reader
from fhir_hr.adapters.hl7v2.er7 import Separators, separators_of, split_segments, unescape
from fhir_hr.adapters.hl7v2.numbers import read_comparator_number, read_number, read_ranges, read_titre
from fhir_hr.adapters.hl7v2.problems import IssueLog
from fhir_hr.adapters.hl7v2.times import read_time_of_day, read_when
from fhir_hr.errors import PackError
from fhir_hr.mapping.senders import load_senders
from fhir_hr.rules import load_pack_files
from fhir_hr.rules.pack_tables import read_tables
from fhir_hr.rules.strict_yaml import read_yaml

__all__ = ["PACK_FILES", "TARGETS"]

SENDERS = load_senders()
LIMITS = Limits(input_bytes=1 << 20, segments=500, repetitions=50, field_chars=20_000)
WARM = Reader(senders=SENDERS, limits=LIMITS)
ENCODER = msgspec.json.Encoder(decimal_format="string")
PLAIN = Separators("|", "^", "~", "\\", "&")
KINDS = [*"NM SN ST TX FT CE CWE CF IS DT TM DTM TS NR VR NA ED RP DR XX".split(), ""]


def reader(data: bytes) -> None:
    """Any bytes: no exception, nothing lost, the same from a new reader as from one that has read a lot."""
    reads = list(WARM.read(data))
    assert reads, "no answer for an input"
    for read in reads:
        assert read.counts.holds
        assert all(issue.message for issue in read.issues)
        assert read.message is not None or any(issue.severity == "error" for issue in read.issues)
    if len(data) % 8 == 0:
        fresh = list(Reader(senders=SENDERS, limits=LIMITS).read(data))
        assert ENCODER.encode(fresh) == ENCODER.encode(reads), "a reader's history shows in its answer"


def fields(data: bytes) -> None:
    """Any text in the field readers, and as a field of a message."""
    text = data[1:].decode("utf-8", errors="replace")
    number = read_number(text)
    assert number is None or number.is_finite()
    read_comparator_number(text)
    read_titre(text)
    for interval in read_ranges(text, None):
        if interval.low is not None and interval.high is not None:
            assert interval.low.value <= interval.high.value
    when = read_when(text, zone="+08:00")
    if when is not None:
        assert when.earliest < when.latest
    read_time_of_day(text)
    unescape(text, PLAIN)
    separators = separators_of("MSH" + text)
    if separators is not None:
        split_segments("MSH" + text, separators, IssueLog(limit=100), LIMITS)
    kind = KINDS[data[0] % len(KINDS)] if data else ""
    reader(
        "\r".join(
            [
                "MSH|^~\\&|LIS^瑞美|H1|||20260820||ORU^R01|1|P|2.5.1",
                f"PID|1||{text}||{text}||{text}|{text}",
                f"OBR|1|{text}|R1|{text}|||{text}||||||||{text}",
                f"OBX|1|{kind}|A^{text}||{text}|{text}|{text}|{text}|||F|||{text}||{text}|{text}|{text}",
                f"OBX|2|NM|{text}||5.6|g/L|3-5|H|||F",
                f"NTE|1||{text}",
                f"SPM|1|{text}||{text}|||{text}|||||{text}",
                "",
            ]
        ).encode()
    )


def _pack_files() -> dict[str, bytes]:
    folder = data_path("profiles", "rules", "cn-51", "lab")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in {".yaml", ".csv"}}


PACK_FILES = _pack_files()
"""The Sichuan pack; the first byte of an input says which of its files the other bytes replace."""


def pack(data: bytes) -> None:
    """Any bytes in one file of a pack: a pack, or a ``PackError``."""
    if not data:
        return
    name = list(PACK_FILES)[data[0] % len(PACK_FILES)]
    files = {**PACK_FILES, name: data[1:]}
    try:
        if name.endswith(".yaml"):  # first alone: most inputs end here, and the others take long
            read_yaml(files[name], file=name)
        else:
            read_tables(files)
        load_pack_files(files)
    except PackError as error:
        if not str(error):
            raise AssertionError("a PackError without words") from error


DICOM_LIMITS = DicomLimits(header_bytes=1 << 20, json_bytes=1 << 20, items=50, remembered=200)
WARM_HEADERS = HeaderReader(limits=DICOM_LIMITS)


def dicom(data: bytes) -> None:
    """Any bytes as a DICOM file: no exception, a header or an error, the same from a reader that has read a lot."""
    read = WARM_HEADERS.read(io.BytesIO(data))
    assert read.value is not None or any(issue.severity == "error" for issue in read.issues)
    assert all(issue.message for issue in read.issues)
    assert read == read_header(io.BytesIO(data), limits=DICOM_LIMITS), "a reader's history shows in its answer"
    read_header(io.BytesIO(data), limits=DICOM_LIMITS, charset="GB18030", repair=True)


def dicom_json(data: bytes) -> None:
    """Any bytes as DICOM JSON: no exception; headers, or a word why there are none."""
    read = headers_of_json(data, limits=DICOM_LIMITS)
    assert read.value or read.issues or not data.strip(b"\xef\xbb\xbf \t\r\n").strip(b"[], \t\r\n")
    assert all(issue.message for issue in read.issues)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "reader": reader,
    "fields": fields,
    "pack": pack,
    "dicom": dicom,
    "dicom_json": dicom_json,
}
