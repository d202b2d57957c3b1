"""How a conformant QIDO-RS server matches and answers: PS3.4 C.2.2.2, PS3.18 8.3.4 and 10.6, over DICOM JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["BadQueryError", "Query", "Row", "defaults_of", "instance_rows", "series_rows", "study_rows"]

Row = dict[str, dict[str, Any]]

_STUDY = (
    "00080005 00080020 00080030 00080050 00080056 00080061 00080090 00080201 00081190 00100010 00100020 00100030 "
    "00100040 0020000D 00200010 00201206 00201208"
).split()
_SERIES = (
    "00080005 00080060 00080201 0008103E 00081190 0020000D 0020000E 00200011 00201209 00400244 00400245 00400275"
).split()
_INSTANCE = (
    "00080005 00080016 00080018 00080056 00080201 00081190 0020000D 0020000E 00200013 00280008 00280010 00280011 "
    "00280100"
).split()
_RANGES = ("DA", "TM", "DT")
_WILD = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")


class BadQueryError(Exception):
    """The question breaks the syntax: 400."""


class Query:
    """One question, read as the standard says.

    Args:
        text: what stands after ``?``.
        decode: whether values are percent-decoded; a server that does not is not conformant.

    Raises:
        BadQueryError: its syntax is broken.
    """

    def __init__(self, text: str, *, decode: bool = True) -> None:
        self.conditions: list[tuple[tuple[str, ...], str]] = []
        self.include: list[str] = []
        self.limit: int | None = None
        self.offset = 0
        self.fuzzy = False
        for pair in filter(None, text.split("&")):
            key, _, raw = pair.partition("=")
            self._take(unquote(key), _decoded(raw) if decode else raw)

    def _take(self, key: str, value: str) -> None:
        if key in ("limit", "offset"):
            if not (value.isascii() and value.isdigit()):
                raise BadQueryError(f"{key} is no number")
            setattr(self, key, int(value))
        elif key == "includefield":
            self.include += [_tag(each) or each for each in value.split(",")]
        elif key == "fuzzymatching":
            self.fuzzy = value == "true"
        else:
            path = tuple(_tag(part) or part for part in key.split("."))
            self.conditions.append((path, value))

    def matches(self, row: Row) -> bool:
        """Whether a row meets every condition; conditions on unknown attributes are ignored (PS3.18 8.3.4.1)."""
        return all(_holds(row, path, value) for path, value in self.conditions if all(_is_tag(part) for part in path))

    def answer(self, row: Row, defaults: Sequence[str]) -> Row:
        """Return the attributes of a row that are answered."""
        if "all" in self.include:
            return row
        asked = {path[0] for path, _ in self.conditions}
        return {tag: row[tag] for tag in sorted({*defaults, *self.include, *asked}) if tag in row}


def _decoded(raw: str) -> str:
    try:
        return unquote_plus(raw, errors="strict")
    except UnicodeDecodeError:
        raise BadQueryError("a value is not UTF-8") from None


def _is_tag(text: str) -> bool:
    return re.fullmatch("[0-9A-F]{8}", text) is not None


def _tag(text: str) -> str | None:
    from pydicom.datadict import tag_for_keyword

    if re.fullmatch("[0-9A-Fa-f]{8}", text):
        return text.upper()
    number = tag_for_keyword(text)
    return None if number is None else f"{number:08X}"


def _holds(row: Row, path: tuple[str, ...], wanted: str) -> bool:
    element = row.get(path[0])
    if wanted in ("", "*") and len(path) == 1:
        return True  # universal matching, PS3.4 C.2.2.2.3
    values = element.get("Value", []) if element else []
    if len(path) > 1:
        return any(_holds(item, path[1:], wanted) for item in values)
    vr = element["vr"] if element else ""
    texts = [text for value in values for text in _texts(value)]
    if vr == "UI":
        return not set(texts).isdisjoint(re.split(r"[,\\]", wanted))
    if vr in _RANGES and "-" in wanted:
        start, _, end = wanted.partition("-")
        return any((not start or text >= start) and (not end or text[: len(end)] <= end) for text in texts)
    if vr in _WILD and re.search(r"[*?]", wanted):
        pattern = "".join({"*": ".*", "?": "."}.get(ch, re.escape(ch)) for ch in wanted)
        return any(re.fullmatch(pattern, text, re.DOTALL) for text in texts)
    return wanted in texts


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):  # a person name: the whole text, or one of its groups
        groups = [str(value.get(name, "")) for name in ("Alphabetic", "Ideographic", "Phonetic")]
        return ["=".join(groups).rstrip("="), *filter(None, groups)]
    return [str(value)]


# -- rows ------------------------------------------------------------------------------------------


def instance_rows(datasets: Iterable[Dataset], root: str) -> list[Row]:
    """Return the metadata of objects: all but the pixels, which are named by BulkDataURI."""
    rows = []
    for each in datasets:
        row: Row = each.to_json_dict(bulk_data_threshold=1 << 30)
        address = (
            f"{root}/studies/{each.StudyInstanceUID}/series/{each.SeriesInstanceUID}/instances/{each.SOPInstanceUID}"
        )
        if "7FE00010" in row:
            row["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{address}/bulk/7FE00010"}
        row["00081190"] = {"vr": "UR", "Value": [address]}
        rows.append(row)
    return rows


def series_rows(instances: Iterable[Row], root: str) -> list[Row]:
    """Return one row per series, with what an archive counts."""
    rows = []
    for group in _grouped(instances, "0020000E"):
        row = {**group[0], "00201209": {"vr": "IS", "Value": [len(group)]}}
        address = f"{root}/studies/{_first(row, '0020000D')}/series/{_first(row, '0020000E')}"
        row["00081190"] = {"vr": "UR", "Value": [address]}
        rows.append(_utf8(row))
    return rows


def study_rows(instances: Iterable[Row], root: str) -> list[Row]:
    """Return one row per study, with what an archive counts."""
    rows = []
    for group in _grouped(instances, "0020000D"):
        modalities = sorted({str(_first(each, "00080060")) for each in group})
        row = {
            **group[0],
            "00080056": {"vr": "CS", "Value": ["ONLINE"]},
            "00080061": {"vr": "CS", "Value": modalities},
            "00081190": {"vr": "UR", "Value": [f"{root}/studies/{_first(group[0], '0020000D')}"]},
            "00201206": {"vr": "IS", "Value": [len({_first(each, "0020000E") for each in group})]},
            "00201208": {"vr": "IS", "Value": [len(group)]},
        }
        rows.append(_utf8(row))
    return rows


def defaults_of(level: str) -> Sequence[str]:
    """Return the attributes that a level answers without being asked (PS3.18 tables 10.6.3-3 to -5)."""
    return {"study": _STUDY, "series": _SERIES, "instance": _INSTANCE}[level]


def _utf8(row: Row) -> Row:
    return {**row, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}


def _grouped(rows: Iterable[Row], tag: str) -> list[list[Row]]:
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(_first(row, tag), []).append(row)
    return list(groups.values())


def _first(row: Row, tag: str) -> object:
    return next(iter(row.get(tag, {}).get("Value", [])), None)
