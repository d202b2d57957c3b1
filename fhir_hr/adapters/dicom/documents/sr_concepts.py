"""The concepts of structured reports that reading depends on, each with its place in PS3.16."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from fhir_hr.adapters.dicom.headers.header import CodedEntry

__all__ = [
    "DERIVATION",
    "FINDING_SITE",
    "IMAGE_LIBRARY",
    "IMAGING_MEASUREMENTS",
    "LATERALITY",
    "MEASUREMENT_GROUP",
    "METHOD",
    "TRACKING_ID",
    "TRACKING_UID",
    "Section",
    "means",
    "section_of",
]

_Codes = frozenset[tuple[str, str]]


class Section(StrEnum):
    """The two parts of a report that are told apart (检查所见, 检查印象); all else is headed text of the first."""

    FINDINGS = "findings"
    CONCLUSION = "conclusion"


# CID 7001 (headings, LOINC since 2015, DCM before), CID 7002 (elements). Previous findings (121069, 18834-2) are not of
# this examination and Summary (55112-7) may sum up anything: both stay headed text.
_FINDINGS: _Codes = frozenset({("LN", "59776-5"), ("DCM", "121070"), ("DCM", "121071")})
_CONCLUSION: _Codes = frozenset(
    {
        *(("LN", "19005-8"), ("LN", "55110-1"), ("DCM", "121072"), ("DCM", "121073")),
        *(("DCM", "121076"), ("DCM", "121077")),
    }
)

# A heading with a local code (99…) says what it is by its words alone; only whole headings count.
_WORDS = {
    **dict.fromkeys(
        ("检查所见", "影像所见", "影像学所见", "影像表现", "影像学表现", "超声所见", "所见", "findings", "finding"),
        Section.FINDINGS,
    ),
    **dict.fromkeys(
        (
            *("检查印象", "诊断印象", "影像印象", "印象", "诊断意见"),
            *("影像诊断", "影像学诊断", "超声诊断", "超声提示", "检查提示", "检查结论", "诊断结论", "结论"),
            *("impression", "impressions", "conclusion", "conclusions"),
        ),
        Section.CONCLUSION,
    ),
}

# TID 1500, 1501, 1411, 1419, 300, 320. The SRT codes are the same concepts as older documents write them.
MEASUREMENT_GROUP: _Codes = frozenset({("DCM", "125007")})
IMAGING_MEASUREMENTS: _Codes = frozenset({("DCM", "126010")})
IMAGE_LIBRARY: _Codes = frozenset({("DCM", "111028")})  # TID 1600
TRACKING_ID: _Codes = frozenset({("DCM", "112039")})
TRACKING_UID: _Codes = frozenset({("DCM", "112040")})
DERIVATION: _Codes = frozenset({("DCM", "121401")})
FINDING_SITE: _Codes = frozenset({("SCT", "363698007"), ("SRT", "G-C0E3")})
LATERALITY: _Codes = frozenset({("SCT", "272741003"), ("SRT", "G-C171")})
METHOD: _Codes = frozenset({("SCT", "370129005"), ("SRT", "G-C036")})

_LEGACY = {"SNM3": "SRT", "99SDM": "SRT"}
_KNOWN = frozenset({"LN", "DCM", "SCT", "SRT"})


def means(entry: CodedEntry | None, concept: _Codes) -> bool:
    """Whether a coded name is one of the concept's codes.

    Example:
        >>> means(CodedEntry(value="G-C0E3", scheme="SNM3"), FINDING_SITE)
        True
    """
    if entry is None or entry.value is None or entry.scheme is None:
        return False
    return (_LEGACY.get(entry.scheme, entry.scheme), entry.value) in concept


def section_of(entry: CodedEntry | None) -> Section | None:
    """Return which part of the report a name stands for: by its code, or, of a local code, by its words.

    Example:
        >>> section_of(CodedEntry(value="121073", scheme="DCM", meaning="Impression")).value
        'conclusion'
        >>> section_of(CodedEntry(value="X1", scheme="99HOSP", meaning="检查所见：")).value
        'findings'
        >>> section_of(CodedEntry(value="121069", scheme="DCM", meaning="Previous Finding")) is None
        True
    """
    if entry is None:
        return None
    if means(entry, _FINDINGS):
        return Section.FINDINGS
    if means(entry, _CONCLUSION):
        return Section.CONCLUSION
    if entry.scheme in _KNOWN or not entry.meaning:
        return None
    words = unicodedata.normalize("NFKC", entry.meaning).strip(" :【】[]").casefold()
    return _WORDS.get(words)
