"""A question to archives as QIDO-RS searches that real servers understand (PS3.18 8.3.4, 10.6.1.2).

A server is asked only what it can be trusted to understand; every condition is checked again on its answer.

- Values are UTF-8, percent-encoded, but ``*``, ``,`` and ``-`` stay as they are: Debian's Orthanc does not decode, so
  an encoded ``*`` finds nothing there, silently.
- With a number that identifies the patient, the order or the study, the name is not sent at all; nor is the issuer,
  ever: an archive that does not state it would find nothing.
- One modality per search: ``CT,MR`` is "or" for one server and a strange modality for the next.
- In names every separator becomes ``*``, and one stands around and between Chinese characters: servers compare with
  the whole text (``Wang^XiaoDong=王^小东``), with a group, or with neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import product
from urllib.parse import quote

import msgspec

from fhir_hr.sources.studies.query import StudyQuery

__all__ = ["SERIES_FIELDS", "STUDY_FIELDS", "Search", "UnaskableError", "searches_of"]

STUDY_FIELDS = tuple(
    # What answers leave out unless it is asked for; each where the standard or a measured server has it.
    "00081030 00080080 00080082 00081040 00100021 00100024 00101002 00080051 00080056 00080062 00080201 00081032 "
    "00321060 00081060".split()
)
SERIES_FIELDS = tuple(
    "00080021 00080031 0008103E 00180015 00082218 00200060 00185101 00181030 00180010 00400254 00080070 00081090 "
    "00181000 00081010 00080080 00081050 00081070 00080201".split()
)

_SAFE = "*,-"
_TEXTS = ("PatientID", "AccessionNumber", "PatientName", "StudyDescription")
_UIDS_AT_ONCE = 40
_DAY = re.compile(r"[0-9]{8}")
_UID = re.compile(r"[0-9.]{1,64}")
_SEPARATORS = re.compile(r"[\s^·•・.?*]+")
_CJK = 0x2E80


class UnaskableError(Exception):
    """A condition that cannot be put to a server; the message names the condition, never its value."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One search.

    Attributes:
        params: attribute and value, not yet encoded.
        sent: the conditions (:data:`~fhir_hr.sources.studies.matching.CONDITIONS`) that they state exactly.
    """

    params: tuple[tuple[str, str], ...] = ()
    sent: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Search({', '.join(name for name, _ in self.params)})"

    @property
    def text(self) -> str:
        """The parameters as they stand in the address."""
        return "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in self.params)

    @property
    def encoded(self) -> bool:
        """Whether a server has to percent-decode to understand it."""
        return "%" in self.text

    def relaxed(self) -> Search:
        """Return the search without what needs decoding: it finds no less, at worst the whole archive.

        Example:
            >>> Search(params=(("PatientID", "A 17"),)).relaxed().text
            'PatientID=A*17'
        """
        params = []
        for name, value in self.params:
            plain = re.sub(r"\*+", "*", "".join(ch if _plain(ch) else "*" for ch in value))
            if plain == value or (name in _TEXTS and plain.strip("*")):
                params.append((name, plain))
        # Wildcards stand for text now: the server is no longer held to these conditions.
        return Search(params=tuple(params), sent=frozenset())

    @property
    def narrows(self) -> bool:
        """Whether it names a patient, a study or a day, so that it cannot find the whole archive."""
        days = next((value for name, value in self.params if name == "StudyDate"), "")
        named = any(name in (*_TEXTS, "StudyInstanceUID", "PatientBirthDate") for name, _ in self.params)
        return named or _DAY.match(days) is not None

    def cased(self) -> tuple[Search, ...]:
        """Return the search with a Latin name in the other ways that archives write it: a server may compare case.

        Example:
            >>> [each.text for each in Search(params=(("PatientName", "*wang*xiao*"),)).cased()]
            ['PatientName=*WANG*XIAO*', 'PatientName=*Wang*Xiao*']
        """
        found = []
        for change in (str.upper, str.title):
            params = tuple((name, change(value) if name == "PatientName" else value) for name, value in self.params)
            if params != self.params:
                found.append(msgspec.structs.replace(self, params=params))
        return tuple(dict.fromkeys(found))


def _plain(ch: str) -> bool:
    return "%" not in quote(ch, safe=_SAFE)


def searches_of(query: StudyQuery) -> tuple[Search, ...]:
    """Return the searches that together find all that a question can mean.

    Raises:
        UnaskableError: a condition cannot be sent.

    Example:
        >>> [each.text for each in searches_of(StudyQuery(patient_id="P1", modalities=("CT", "MR"), date_from="20260101"))]
        ['PatientID=P1&StudyDate=20260101-&ModalitiesInStudy=CT', 'PatientID=P1&StudyDate=20260101-&ModalitiesInStudy=MR']
        >>> searches_of(StudyQuery(name="王小东"))[0].params
        (('PatientName', '*王*小*东*'),)
    """  # noqa: E501 - the words of the answer
    _check(query)
    fixed: list[tuple[str, str, str]] = []
    if query.patient_id:
        fixed.append(("PatientID", query.patient_id, "patient-id"))
    if query.accession:
        fixed.append(("AccessionNumber", query.accession, "accession"))
    strong = bool(query.patient_id or query.accession or query.study_uids)
    if not strong and query.birth_date:
        fixed.append(("PatientBirthDate", query.birth_date, "birth-date"))
    if query.date_from or query.date_to:
        fixed.append(("StudyDate", _days(query.date_from, query.date_to), "date"))
    if not strong and query.description and not query.name:
        # A key that few servers have to know; it is sent where there is nothing better.
        words = _SEPARATORS.sub("*", query.description)
        fixed.append(("StudyDescription", f"*{words}*", "description"))
    names = _names(query.name) if query.name and not strong else ()
    lists = [
        [("PatientName", name, "name") for name in names],
        [("ModalitiesInStudy", each, "modality") for each in dict.fromkeys(query.modalities)],
        [("StudyInstanceUID", each, "study-uid") for each in _uids(query.study_uids)],
    ]
    found = []
    chances: list[Sequence[tuple[str, str, str] | None]] = [each or [None] for each in lists]
    for chosen in product(*chances):
        parts = [*fixed, *(each for each in chosen if each is not None)]
        params = tuple((name, re.sub(r"\*+", "*", value)) for name, value, _ in parts)
        # A wildcard finds more than was asked: that is no fault of the server.
        sent = frozenset(condition for _, value, condition in parts if not re.search(r"[*?]", value))
        found.append(Search(params=params, sent=sent))
    return tuple(found)


def _check(query: StudyQuery) -> None:
    texts = {
        "patient-id": query.patient_id,
        "accession": query.accession,
        "name": query.name,
        "description": query.description,
        **{f"modality[{number}]": each for number, each in enumerate(query.modalities, 1)},
    }
    for name, text in texts.items():
        if text and ("\\" in text or any(unicodedata.category(ch) in ("Cc", "Cs") for ch in text)):
            raise UnaskableError(f"the condition {name} holds a backslash or a control character")
    days = {"birth-date": query.birth_date, "date": query.date_from, "date (end)": query.date_to}
    for name, day in days.items():
        if day and not _DAY.fullmatch(day):
            raise UnaskableError(f"the condition {name} is no day in the form YYYYMMDD")
    if not all(_UID.fullmatch(uid) for uid in query.study_uids):
        raise UnaskableError("the condition study-uid holds what is no UID")


def _days(start: str | None, end: str | None) -> str:
    return start if start and start == end else f"{start or ''}-{end or ''}"


def _uids(uids: Sequence[str]) -> list[str]:
    each = list(dict.fromkeys(uids))
    return [",".join(each[start : start + _UIDS_AT_ONCE]) for start in range(0, len(each), _UIDS_AT_ONCE)]


def _names(text: str) -> tuple[str, ...]:
    """Return one pattern per group: which of them a server compares with is not known."""
    found = []
    for group in text.split("="):
        words = [word for word in _SEPARATORS.split(unicodedata.normalize("NFKC", group)) if word]
        # A Latin name in one piece may be written in several by the archive, and the other way round.
        if len(words) == 1 and "*" not in group:
            words = list(words[0])
        parts = [part for word in words for part in (word if any(ord(ch) >= _CJK for ch in word) else [word])]
        if parts:
            found.append(f"*{'*'.join(parts)}*")
    return tuple(dict.fromkeys(found)) or ("*",)
