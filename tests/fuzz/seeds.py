"""Where fuzzing starts: invented inputs, made here instead of stored."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset
from targets import PACK_FILES

from fhir_hr.testing.dicom import dataset, file_bytes

__all__ = ["FOUND", "seeds"]

FOUND = Path(__file__).parent / "found"
"""Inputs that once broke something, by target; replayed for ever."""

MESSAGE = (
    "MSH|^~\\&|LIS|H1|||20260820100000||ORU^R01|C1|P|2.5.1||||||UNICODE UTF-8\r"
    "PID|1||P1^^^H1^PI~000000198001010119^^^^NNCHN||测试甲^Ceshi Jia||19800101|M|||北京^^^^100000^CN|||||M\r"
    "PV1|1|I|W3^301||||D1^测试医生||||||||||||V1\r"
    "ORC|RE|O1|R1||CM||||20260820|||D1^测试医生\r"
    "OBR|1|O1|R1|CBC^血常规^L|||20260820090000||||||||C&血清|||||||20260820100000||HM|F\r"
    "NTE|1||备注\\.br\\第二行\r"
    "OBX|1|NM|WBC^白细胞^L^6690-2^WBC^LN||5.60|10^9/L|3.5--9.5|↑|||F|||20260820093000||D2^技师|M^法|AU^B\r"
    "OBX|2|SN|X^滴度||^1^:^80|||~H|||C\r"
    "OBX|3|CE|11475-1^病原体^LN|1|112283007^大肠埃希菌^SCT||||||F\r"
    "OBX|4|ED|PDF^报告||^AP^PDF^Base64^QUJD||||||F\r"
    "OBX|5|TX|1037^检查所见||第一行~第二行\n第三行\r"
    "SPM|1|S1&LIS^F1&LIS||BLD^全血|||||||||||||20260820^20260821|20260820\r"
    "OBR|2|O2|R2|AST^药敏||||||||||||||||||||||11475-1&病原体&LN^1|||O1^R1\r"
    "OBX|1|ST|CIP^环丙沙星||<=0.5|mg/L|轻：31-49，中：50-69|S|||F\r"
)
TEXTS = (
    "", "5.60", "nan", "1_000", "１２", "<0.05", "1:80", "2--15.22", "-5--2", "7～40", "≤5.0",
    "轻：31-49，中：50-69，重：>70",
    "20260820093000.123+0800", "20261340", "2026-08-20 09:20:00", "0730", "阴性（-）", "弱阳性", "10^9/L", "^umol/L",
    "\\S\\\\X4142\\\\.br\\", "\\", '""', "a^b^c&d~e", "|^~\\&|LIS|H1", "^AP^PDF^Base64^QUJD", "718-7^Hb^LN",
    "000000198001010119^^^^NNCHN", "C^0^BAA^205.0^285.0", "https://pacs.example/1^P^AP^PDF",
)  # fmt: skip


def seeds(target: str) -> Iterator[bytes]:
    """All seeds of a target, those found by fuzzing included."""
    if target == "reader":
        yield from _messages()
    elif target == "fields":
        for index, text in enumerate(TEXTS):
            yield bytes([index]) + text.encode()
    elif target == "dicom":
        for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"):
            yield file_bytes(_image(), transfer_syntax=syntax)
        yield file_bytes(_image())[132:]
        yield file_bytes(_image()).replace(b"GB18030 ", b"\\ISO 2022")
    elif target == "dicom_json":
        image = _image()
        del image.PixelData
        yield json.dumps([image.to_json_dict()] * 2).encode()
        yield json.dumps(image.to_json_dict()).encode()[:-30]
        yield b'[{"00189345":{"vr":"FD","Value":[NaN]}},null]'
    else:
        for index, content in enumerate(PACK_FILES.values()):
            yield bytes([index]) + content
            yield bytes([index]) + content[: len(content) // 2]
    folder = FOUND / target
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            yield path.read_bytes()


def _image() -> Dataset:
    """A small image with a sequence and functional groups."""
    code, measures, groups = Dataset(), Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "P1", "99LOCAL", "胸部"
    measures.SliceThickness = "1.5"
    groups.PixelMeasuresSequence = [measures]
    return dataset(
        size=2,
        CTDIvol=1.5,
        ProcedureCodeSequence=[code],
        AnatomicRegionSequence=[code],
        SharedFunctionalGroupsSequence=[groups],
        PerFrameFunctionalGroupsSequence=[groups],
    )


def _messages() -> Iterator[bytes]:
    yield MESSAGE.encode()
    yield MESSAGE.replace("UNICODE UTF-8", "").encode("gb18030")
    yield MESSAGE.encode("utf-16")
    yield b"\x0b" + MESSAGE.replace("\r", "\n").encode() + b"\x1c\r"
    yield b"FHS|^~\\&\rBHS|^~\\&\r" + MESSAGE.encode() * 2 + b"BTS|3\rFTS|1\r"
    yield MESSAGE.replace("ORU^R01", "OUL^R22").encode()
    yield MESSAGE.translate(str.maketrans("|^~\\&", "!$*/%")).encode()
    yield MESSAGE.encode()[:700]
    yield MESSAGE.encode() + MESSAGE[MESSAGE.index("PID") :].replace("P1^", "P2^").encode()
    yield b""
    yield b"<?xml version='1.0'?>"
