"""Which queries find what is asked, whatever the archive makes of letters, groups and lists.

An archive may compare a name as one text, so that ``欧阳*`` misses ``OuYang^Xiu=欧阳^修``, and with regard to case; it
may not know wildcards inside a group. So a name is asked for so loosely that it cannot be missed, or not at all where
something better is known, and every row is checked afterwards.
"""

from __future__ import annotations

import unicodedata
from itertools import product

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.people import Sex
from fhir_hr.sources.dimse.text import unsendable
from fhir_hr.sources.studies.query import StudyQuery

__all__ = ["loose_patterns", "refusals", "sent_conditions", "study_conditions"]

_SEX = {Sex.MALE: "M", Sex.FEMALE: "F", Sex.OTHER: "O"}
_DELIMITERS = frozenset("^= ,.·•・　")
_UIDS_AT_ONCE = 50


def refusals(query: StudyQuery, charset: str) -> tuple[Issue, ...]:
    """Return why a query must not be sent; never quotes its text.

    Example:
        >>> [issue.message for issue in refusals(StudyQuery(name="欧阳*"), "ISO_IR 100")]
        ['the name is not sent: not every character can be written in ISO_IR 100']
    """
    texts = [
        ("patient id", query.patient_id, False),
        ("issuer", query.issuer, False),
        ("name", query.name, True),
        ("accession number", query.accession, False),
        ("description", query.description, True),
        *(("modality", each, False) for each in query.modalities),
    ]
    found = [(what, unsendable(text, charset, wildcard=wild)) for what, text, wild in texts if text]
    found += [
        (what, "it is no date of eight digits")
        for what, text in (("birth date", query.birth_date), ("date", query.date_from), ("date", query.date_to))
        if text and not (len(text) == 8 and text.isascii() and text.isdigit())
    ]
    found += [
        ("Study Instance UID", "it is no UID")
        for uid in query.study_uids
        if not uid or len(uid) > 64 or set(uid) - set("0123456789.")
    ]
    return tuple(
        Issue(
            code=IssueCode.QUERY_UNENCODABLE,
            severity=Severity.ERROR,
            where="",
            message=f"the {what} is not sent: {why}",
        )
        for what, why in dict.fromkeys(found)
        if why
    )


def study_conditions(query: StudyQuery) -> tuple[dict[str, str], ...]:
    r"""Return the conditions of each query at STUDY level; together their rows hold every study that meets them all.

    Example:
        >>> study_conditions(StudyQuery(patient_id="P1", name="王小东", date_from="20260101"))
        ({'PatientID': 'P1', 'StudyDate': '20260101-'},)
        >>> study_conditions(StudyQuery(name="*王^小东*"))
        ({'PatientName': '*王*小*东*'},)
    """
    common = {"PatientID": query.patient_id, "AccessionNumber": query.accession}
    common["PatientBirthDate"] = query.birth_date
    common["PatientSex"] = _SEX.get(query.sex) if query.sex is not None else None
    if query.date_from or query.date_to:
        common["StudyDate"] = (
            query.date_from if query.date_from == query.date_to else f"{query.date_from or ''}-{query.date_to or ''}"
        )
    fixed = {keyword: value for keyword, value in common.items() if value}
    selective = bool(query.patient_id or query.accession or query.study_uids)
    alternatives = [
        _each("StudyInstanceUID", _lists(query.study_uids)),
        _each("ModalitiesInStudy", query.modalities),
        _each("PatientName", () if selective else loose_patterns(query.name or "")),
        _each("StudyDescription", () if selective or query.name else loose_patterns(query.description or "")),
    ]
    return tuple({**fixed, **{k: v for part in parts for k, v in part.items()}} for parts in product(*alternatives))


def sent_conditions(query: StudyQuery) -> frozenset[str]:
    """Return the names of the conditions (see :data:`.matching.CONDITIONS`) that the archive is given exactly."""
    given = {
        "patient-id": query.patient_id,
        "accession": query.accession,
        "birth-date": query.birth_date,
        "sex": _SEX.get(query.sex) if query.sex is not None else None,
        "date": query.date_from or query.date_to,
        "modality": query.modalities,
        "study-uid": query.study_uids,
    }
    return frozenset(name for name, value in given.items() if value)


def loose_patterns(text: str) -> tuple[str, ...]:
    """Return patterns that find a text with ``*`` in any component group, by whatever comparison of case.

    Letters without case are parted by ``*``, so that ``王小东`` finds ``王^小东``. Of letters with case only the
    first two are asked, as ``Wa``, ``WA`` and ``wa``: dcmqrscp minds case, and nobody knows whether it holds
    ``XiaoDong`` or ``Xiaodong``. That brings many rows; a number, a birth date or a
    study date beside the name brings few.
    Of a text with several groups the longest without case is asked, else the longest.

    Example:
        >>> loose_patterns("Wang^Xiao*"), loose_patterns("王*东")
        (('*Wa*', '*WA*', '*wa*'), ('*王*东*',))
        >>> loose_patterns("**")
        ()
    """
    groups = [_words(group) for group in text.split("=")]
    usable = [words for words in groups if words]
    if not usable:
        return ()
    words = max(usable, key=lambda each: (not _cased("".join(each)), len("".join(each))))
    plain = [ch for word in words for ch in word if not _cased(ch)]
    if plain:
        return (f"*{'*'.join(plain)}*",)
    start = words[0][:2]
    return tuple(dict.fromkeys(f"*{form}*" for form in (start.capitalize(), start.upper(), start.lower())))


def _words(group: str) -> list[str]:
    parted = "".join("*" if ch in _DELIMITERS else ch for ch in unicodedata.normalize("NFC", group))
    return [word for word in parted.split("*") if word]


def _cased(text: str) -> bool:
    return text.lower() != text.upper()


def _each(keyword: str, values: tuple[str, ...]) -> list[dict[str, str]]:
    return [{keyword: value} for value in values] or [{}]


def _lists(uids: tuple[str, ...]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(uids))
    return tuple("\\".join(unique[start : start + _UIDS_AT_ONCE]) for start in range(0, len(unique), _UIDS_AT_ONCE))
