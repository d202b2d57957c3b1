"""Small builders of invented HL7 v2 messages. Every person, number and hospital here is made up."""

from fhir_hr.adapters.hl7v2 import Limits, Read, Reader
from fhir_hr.issues import Issue

NAME = "测试甲"
PID = f"PID|1||P0001^^^H1^PI||{NAME}||19800101|M"
OBR = "OBR|1|ORD1|REP1|CBC^血常规|||20260820090000|||||||||||||||20260820100000|||F"

READER = Reader()
"""One reader for all tests: what it remembers of earlier messages must never show."""


def national_id(*, born: str = "19800101", male: bool = True, sequence: int = 1) -> str:
    """An identity card number that is valid in form (GB 11643) and belongs to nobody: division 000000."""
    digits = f"000000{born}{sequence:02}{1 if male else 2}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def msh(
    *,
    application: str = "LIS",
    facility: str = "H1",
    kind: str = "ORU^R01",
    control: str = "C1",
    charset: str = "",
    version: str = "2.5.1",
    encoding: str = "^~\\&",
    processing: str = "P",
) -> str:
    """An MSH segment."""
    head = f"MSH|{encoding}|{application}|{facility}|||20260820100000||{kind}|{control}|{processing}|{version}"
    return f"{head}||||||{charset}" if charset else head


def obx(
    value: str = "5.60",
    *,
    n: int = 1,
    kind: str = "NM",
    code: str = "GLU^葡萄糖^L",
    sub: str = "",
    unit: str = "mmol/L",
    ranges: str = "",
    flag: str = "",
    status: str = "F",
    **others: str,
) -> str:
    """An OBX segment; ``f16="…"`` sets field 16."""
    fields = ["OBX", str(n), kind, code, sub, value, unit, ranges, flag, "", "", status]
    for name, text in others.items():
        number = int(name[1:])
        fields += [""] * (number + 1 - len(fields))
        fields[number] = text
    return "|".join(fields)


def message(*segments: str, end: str = "\r", codec: str = "utf-8", **header: str) -> bytes:
    """A message: MSH as stated, PID and OBR unless given, and the segments."""
    given = {segment[:3] for segment in segments}
    patient = [segment for segment in segments if segment[:3] in {"PID", "PV1"}]
    segments = tuple(segment for segment in segments if segment not in patient)
    lines = [msh(**header), *([] if "PID" in given else [PID]), *patient]
    if "OBR" not in given and "ORC" not in given and not header.get("kind", "").startswith("OUL"):
        lines.append(OBR)
    return (end.join([*lines, *segments]) + end).encode(codec)


def bare(*segments: str, end: str = "\r", codec: str = "utf-8", **header: str) -> bytes:
    """A message of exactly an MSH and these segments."""
    return (end.join([msh(**header), *segments]) + end).encode(codec)


def one(data: bytes, *, limits: Limits | None = None, reader: Reader | None = None) -> Read:
    """Read input that holds one message; the count invariant is checked here for every test."""
    reads = many(data, limits=limits, reader=reader)
    assert len(reads) == 1, [read.issues for read in reads]
    return reads[0]


def many(data: bytes, *, limits: Limits | None = None, reader: Reader | None = None) -> list[Read]:
    """Read all messages of an input."""
    chosen = reader or (Reader(limits=limits) if limits is not None else READER)
    reads = list(chosen.read(data))
    for read in reads:
        assert read.counts.holds, read.counts
    return reads


def results(read: Read):
    """All results of a message."""
    assert read.message is not None
    return [result for report in read.message.reports for result in report.results]


def result(*segments: str, **header: str):
    """The only result of a message with these segments."""
    found = results(one(message(*segments, **header)))
    assert len(found) == 1
    return found[0]


def issues(read: Read, code: str) -> list[Issue]:
    """The issues of one code."""
    return [issue for issue in read.issues if issue.code == code]


def only(read: Read, code: str) -> Issue:
    """The only issue of one code."""
    found = issues(read, code)
    assert len(found) == 1, [str(issue) for issue in read.issues]
    return found[0]
