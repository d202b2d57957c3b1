"""1000 CT files, and the DICOM JSON of 1000 instances, to headers and to an ImagingStudy: beside floors and pydicom.

Files: the floor reads 8 KiB of each, the peer is pydicom with ``specific_tags`` and every wanted value. JSON: the floor
is ``json.loads``, the peer ``Dataset.from_json``. Then the memory that 20,000 headers hold. The headers are like those
of a scanner: some 285 elements, most of them private, 7 KB. All is warm, on one core. Ratios are what to compare; the
milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset

from fhir_hr.adapters.dicom.headers.fields import FIELDS
from fhir_hr.adapters.dicom.headers.metadata import headers_of_json
from fhir_hr.adapters.dicom.headers.reading import HeaderReader
from fhir_hr.recognition.imaging import ImagingConverter
from fhir_hr.sources.dicom_files import DicomInput, FileKind, find_files
from fhir_hr.testing.dicom import file_bytes, series, uid

PRIVATE = (0x0009, 0x0019, 0x0021, 0x0023, 0x0027, 0x0029, 0x0043, 0x0045)
TAGS = [field.tag for field in FIELDS if field.tag != 0x00020010]


def scanner_images(count: int) -> Iterator[Dataset]:
    """Yield CT images with the private groups that scanners write, some values of which change with every image."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CT001", "99LOCAL", "胸部CT平扫"
    for number, image in enumerate(series(count, size=16), 1):
        image.ProcedureCodeSequence = [code]
        image.RequestedProcedureDescription = "胸部CT平扫"
        image.OperatorsName = "Ji^Shi=技^师"
        image.SoftwareVersions = ["sles_hde.114", "cj"]
        image.AcquisitionTime = f"0915{number % 60:02}.{number:06}"
        image.ContentTime = f"0916{number % 60:02}"
        image.ReconstructionDiameter, image.Exposure, image.ConvolutionKernel = "360", "12", "LUNG"
        image.SliceLocation = str(number)
        for group in PRIVATE:
            block = image.private_block(group, f"SCANNER_{group:04X}", create=True)
            for element in range(25):
                if element % 5 == 0:
                    block.add_new(element, "DS", str(element + 0.5 + (number if element == 5 else 0)))
                elif element % 5 == 1:
                    block.add_new(element, "SL", element * 1000)
                elif element % 5 == 2:
                    block.add_new(element, "UI", uid("private", group, element))
                else:
                    block.add_new(element, "LO", f"private value {element}")
        yield image


def best(run: Callable[[], object], repeats: int) -> float:
    """Best seconds of one call."""
    found = float("inf")
    for _ in range(repeats):
        gc.collect()
        started = time.perf_counter()
        run()
        found = min(found, time.perf_counter() - started)
    return found


def files(folder: Path, count: int) -> None:
    paths = []
    for number, image in enumerate(scanner_images(count), 1):
        path = folder / f"IM{number:05}"
        path.write_bytes(file_bytes(image))
        paths.append(path)
    header = sum(1 for _ in image) - 1
    size = path.stat().st_size - len(image.PixelData)

    def floor() -> None:
        for path in paths:
            with path.open("rb", buffering=0) as file:
                file.read(8192)

    def ours() -> list[object]:
        reader = HeaderReader()
        found = []
        for path in paths:
            with path.open("rb", buffering=0) as file:
                found.append(reader.read(file).value)
        return found

    def peer() -> None:
        for path in paths:
            image = dcmread(path, specific_tags=TAGS, stop_before_pixels=True)
            for tag in TAGS:
                if tag in image:
                    _ = image[tag].value

    def whole() -> None:
        [study] = ImagingConverter().convert(find_files([str(folder)])).conversions
        assert study.study.image_count == count

    floor_s, ours_s, whole_s, peer_s = best(floor, 5), best(ours, 5), best(whole, 5), best(peer, 2)
    print(f"{count:,} files of {size:,} bytes of header, {header} elements")
    table(
        count,
        "file",
        (
            ("floor: read 8 KiB", floor_s),
            ("fhir_hr: read headers", ours_s),
            ("fhir_hr: files to ImagingStudy", whole_s),
            ("pydicom: wanted values only", peer_s),
        ),
    )
    print(
        f"fhir_hr is {ours_s / floor_s:.1f} x the floor and {peer_s / ours_s:.0f} x faster than pydicom; with grouping,"
    )
    print(f"item, completeness and the checked Bundle it is {whole_s / floor_s:.1f} x the floor\n")


def metadata(count: int) -> None:
    rows = []
    for image in scanner_images(count):
        del image.PixelData
        rows.append(image.to_json_dict())
    for row in rows:  # servers state numbers as numbers, and these are longer than they are with us
        row["00290099"] = {"vr": "UN", "BulkDataURI": "https://pacs.example/bulk/" + "x" * 3000}
    data = json.dumps(rows, ensure_ascii=False).encode()

    def peer() -> None:
        for row in rows:
            image = Dataset.from_json(row)
            for tag in TAGS:
                if tag in image:
                    _ = image[tag].value

    floor_s = best(lambda: json.loads(data), 3)
    ours_s = best(lambda: headers_of_json(data), 5)
    given = DicomInput(source="metadata.json", folder="", kind=FileKind.JSON, opener=lambda: io.BytesIO(data))

    def whole() -> None:
        [study] = ImagingConverter().convert([given]).conversions
        assert study.study.image_count == count

    whole_s = best(whole, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer_s = floor_s + best(peer, 1)
    print(f"DICOM JSON of {count:,} instances, {len(data) / 1e6:.1f} MB")
    rates = (
        ("floor: json.loads", floor_s),
        ("fhir_hr: read headers", ours_s),
        ("fhir_hr: JSON to ImagingStudy", whole_s),
        ("json.loads + pydicom", peer_s),
    )
    table(count, "instance", rates)
    print(
        f"fhir_hr takes {ours_s / floor_s:.2f} x json.loads ({whole_s / floor_s:.2f} x to the checked Bundle) and is",
        end="",
    )
    print(f" {peer_s / ours_s:.0f} x faster than pydicom\n")


def memory(count: int) -> None:
    sources = [file_bytes(image) for image in scanner_images(50)]
    files = [(data, data.index(b"\x08\x00\x18\x00UI") + 8) for data in sources]
    tracemalloc.start()
    reader = HeaderReader()
    kept = []
    for number in range(count):
        data, at = files[number % 50]
        # Every header has its own UID, as in truth.
        own = f"2.25.{10**33 + number}".encode()
        kept.append(reader.read(io.BytesIO(data[:at] + own + data[at + len(own) :])).value)
    assert len({header.sop_instance_uid for header in kept}) == count
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{count:,} headers hold {held / 1e6:.0f} MB ({held / count / 1e3:.1f} KB each), peak {peak / 1e6:.0f} MB")
    del kept

    def opener(number: int) -> Callable[[], BinaryIO]:
        data, at = files[number % 50]
        own = f"2.25.{10**33 + number}".encode()
        return lambda: io.BytesIO(data[:at] + own + data[at + len(own) :])

    tracemalloc.start()
    inputs = (DicomInput(source=f"IM{number}", folder="", opener=opener(number)) for number in range(count))
    result = ImagingConverter().convert(inputs)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    [study] = result.conversions
    size = len(study.body) / 1e6
    print(f"{count:,} files to one Bundle of {size:.1f} MB: {held / 1e6:.0f} MB held, peak {peak / 1e6:.0f} MB")


def table(count: int, unit: str, rates: tuple[tuple[str, float], ...]) -> None:
    floor = rates[0][1]
    print(f"{'':34}{'s':>12}{unit + 's/s':>14}{'x floor':>10}")
    for name, seconds in rates:
        print(f"{name:34}{seconds:12.4f}{count / seconds:14,.0f}{seconds / floor:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer files, for a look")
    options = parser.parse_args()
    count = 100 if options.quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        files(Path(folder), count)
    metadata(count)
    memory(2_000 if options.quick else 20_000)


if __name__ == "__main__":
    main()
