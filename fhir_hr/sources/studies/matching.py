"""Does a study meet a question? Every condition is checked on every answer, whatever an archive did with it.

Archives ignore filters that they do not know, compare without case where the standard says exactly, and leave out
elements (measured of three). So nothing is believed of an answer but what it states, and each condition is true,
false, or unknown because the archive did not say.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from fhir_hr.adapters.dicom.facts.people import assigned_by
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.model.identity import NATIONAL_ID
from fhir_hr.model.imaging import Study
from fhir_hr.model.people import HumanName, Sex
from fhir_hr.model.when import When
from fhir_hr.sources.studies.query import StudyQuery

__all__ = ["CONDITIONS", "Selection", "check_conditions", "meets", "name_matches", "select_studies"]

_DROPPED = frozenset("^·•・.,")
_CJK = 0x2E80  # from here on, letters of East Asia; below, those that a Chinese name is transcribed in
_KEPT_WHEN_UNKNOWN = ("date", "modality", "description")


def meets(study: Study, query: StudyQuery) -> bool | None:
    """Whether a study meets every condition: ``None`` when none fails but the archive did not state one.

    Example:
        >>> meets(Study(uid="1.2", modalities=("CT",)), StudyQuery(modalities=("CT", "MR")))
        True
        >>> meets(Study(uid="1.2"), StudyQuery(modalities=("CT",))) is None
        True
    """
    found = set(check_conditions(study, query).values())
    if False in found:
        return False
    return None if None in found else True


def check_conditions(study: Study, query: StudyQuery) -> dict[str, bool | None]:
    """Return each stated condition by its name (:data:`CONDITIONS`): true, false, or ``None`` for unknown."""
    found: dict[str, bool | None] = {}
    for name, (stated, check) in CONDITIONS.items():
        if stated(query):
            found[name] = check(study, query)
    return found


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which studies of an archive's answer are returned.

    Attributes:
        kept: those that meet the question, each once, in order of start time (unknown last) and UID.
        issues: what was left out or kept in doubt, counted; never names a patient.
        doubtful: how many were left out because an identifying element is not stated.
        unsure: how many were kept though a condition could not be checked.
    """

    kept: tuple[Study, ...] = ()
    issues: tuple[Issue, ...] = ()
    doubtful: int = 0
    unsure: int = 0


def select_studies(
    studies: Iterable[Study], query: StudyQuery, *, source: str, sent: Collection[str] = ()
) -> Selection:
    """Keep the studies that meet a question.

    A study that fails a condition is left out. Where an element is not stated: without who the patient is (id, issuer,
    name, birth date, sex) or which study it is (accession number), it is left out and reported, since a wrong study is
    worse than a missing one that is named; without date, modality or description it is kept and reported, since these
    only narrow. In a search by name alone, a name that cannot be compared (pinyin, where Chinese was asked for) is no
    hit.

    Args:
        studies: all that the archive answered.
        query: what was asked.
        source: name of the archive, for issues.
        sent: names of the conditions (:data:`CONDITIONS`) that the archive was given: one that it did not keep is
            reported.
    """
    kept: dict[str, Study] = {}
    ignored: Counter[str] = Counter()
    doubtful: Counter[str] = Counter()
    unsure: Counter[str] = Counter()
    for study in studies:
        checks = check_conditions(study, query)
        failed = [name for name, holds in checks.items() if holds is False]
        unknown = [name for name, holds in checks.items() if holds is None]
        leave = [name for name in unknown if name not in _KEPT_WHEN_UNKNOWN]
        if failed:
            ignored.update(name for name in failed if name in sent)
        elif leave == ["name"] and not _named_by_number(query) and study.patient is not None and study.patient.names:
            continue  # a search by name finds names that can be compared; pinyin alone is no hit for a Chinese one
        elif leave:
            doubtful[", ".join(leave)] += 1
        else:
            if unknown:
                unsure[", ".join(unknown)] += 1
            kept.setdefault(study.uid, study)
    issues = [
        _issue(code, source, words, count, what)
        for counted, code, words in (
            (ignored, IssueCode.ANSWER_NOT_ASKED_FOR, _IGNORED),
            (doubtful, IssueCode.IDENTITY_DOUBTFUL, _DOUBTFUL),
            (unsure, IssueCode.SOURCE_PARTIAL, _UNSURE),
        )
        for what, count in counted.items()
    ]
    return Selection(
        kept=tuple(sorted(kept.values(), key=_order)),
        issues=tuple(issues),
        doubtful=doubtful.total(),
        unsure=unsure.total(),
    )


_IGNORED = (
    "the archive answered {n} study(ies) that do not meet the condition it was given ({what}); they were left out here"
)
_DOUBTFUL = (
    "the archive does not state what identifies {n} study(ies) ({what}); they were left out until someone has looked"
)
_UNSURE = "the archive does not state what was asked of {n} study(ies) ({what}); they were kept"


def _issue(code: IssueCode, source: str, words: str, count: int, what: str) -> Issue:
    severity = Severity.INFORMATION if code is IssueCode.ANSWER_NOT_ASKED_FOR else Severity.WARNING
    return Issue(code=code, severity=severity, where=source, message=words.format(n=count, what=what))


def _named_by_number(query: StudyQuery) -> bool:
    return bool(query.patient_id or query.accession or query.study_uids)


def _order(study: Study) -> tuple[bool, str, str]:
    return study.started is None, study.started.iso if study.started else "", study.uid


# -- the conditions --------------------------------------------------------------------------------


def _patient_id(study: Study, query: StudyQuery) -> bool | None:
    numbers = study.patient.identifiers if study.patient is not None else ()
    if not numbers:
        return None
    wanted = query.patient_id or ""
    if _same_number(numbers[0].value, numbers[0].system, wanted):
        return True
    # Another number of the patient may be it, but without its issuer it is anybody's.
    others = any(_same_number(each.value, each.system, wanted) for each in numbers[1:])
    return (True if query.issuer is not None else None) if others else False


def _issuer(study: Study, query: StudyQuery) -> bool | None:
    numbers = study.patient.identifiers if study.patient is not None else ()
    system, assigner = assigned_by(query.issuer)
    if query.patient_id is not None:
        numbers = tuple(each for each in numbers if _same_number(each.value, each.system, query.patient_id))
    answers = [
        each.system == system if system is not None else (each.assigner == assigner if each.assigner else None)
        for each in numbers
        if each.assigner or each.system == system or system is None
    ]
    if True in answers:
        return True
    return None if not answers or None in answers else False


def _same_number(value: str, system: str | None, wanted: str) -> bool:
    # An identity card may end in x or X; every other number is what it is, to the letter.
    return value == wanted or (system == NATIONAL_ID and value.upper() == wanted.upper())


def _name(study: Study, query: StudyQuery) -> bool | None:
    return name_matches(query.name or "", study.patient.names if study.patient is not None else ())


def _birth(study: Study, query: StudyQuery) -> bool | None:
    born = study.patient.birth if study.patient is not None else None
    return _within(born, query.birth_date, query.birth_date)


def _sex(study: Study, query: StudyQuery) -> bool | None:
    sex = study.patient.sex if study.patient is not None else None
    return None if sex in (None, Sex.UNKNOWN) else sex is query.sex


def _modality(study: Study, query: StudyQuery) -> bool | None:
    stated = {*study.modalities, *(each.modality for each in study.series if each.modality)}
    return not stated.isdisjoint(query.modalities) if stated else None


def _accession(study: Study, query: StudyQuery) -> bool | None:
    return None if study.accession is None else study.accession.value == query.accession


def _description(study: Study, query: StudyQuery) -> bool | None:
    if study.description is None:
        return None
    return _fits(_folded(query.description or ""), _folded(study.description))


CONDITIONS: Mapping[str, tuple[Callable[[StudyQuery], object], Callable[[Study, StudyQuery], bool | None]]] = {
    "patient-id": (lambda query: query.patient_id, _patient_id),
    "issuer": (lambda query: query.issuer, _issuer),
    "name": (lambda query: query.name, _name),
    "birth-date": (lambda query: query.birth_date, _birth),
    "sex": (lambda query: query.sex not in (None, Sex.UNKNOWN), _sex),
    "date": (
        lambda query: query.date_from or query.date_to,
        lambda study, query: _within(study.started, query.date_from, query.date_to),
    ),
    "modality": (lambda query: query.modalities, _modality),
    "accession": (lambda query: query.accession, _accession),
    "study-uid": (lambda query: query.study_uids, lambda study, query: study.uid in query.study_uids),
    "description": (lambda query: query.description, _description),
}
"""Every condition: whether a question states it, and whether a study meets it."""


def _within(when: When | None, start: str | None, end: str | None) -> bool | None:
    """Compare calendar days as stated; DICOM asks for days without a zone."""
    if when is None:
        return None
    day = when.iso[:10].replace("-", "")
    first, last = day + "0101"[len(day) - 4 :], day + "1231"[len(day) - 4 :]
    if (start and last < start) or (end and first > end):
        return False
    return True if (not start or first >= start) and (not end or last <= end) else None


# -- names -----------------------------------------------------------------------------------------


def name_matches(wanted: str, names: Iterable[HumanName]) -> bool | None:
    """Compare a name with ``*`` to a patient's names, by component group.

    Spaces, ``^``, case and width do not count. A wanted name with ``=`` has to agree in each group that both state.
    A Chinese name cannot be compared with pinyin alone, nor the other way round: that is unknown.

    Example:
        >>> both = (HumanName(text="王小东", representation="I"),
        ...         HumanName(text="XiaoDong Wang", family="Wang", given=("XiaoDong",), representation="A"))
        >>> name_matches("王小东", both), name_matches("wang^xiao*", both), name_matches("李*", both)
        (True, True, False)
        >>> name_matches("王小东", both[1:]) is None
        True
    """
    forms: dict[bool, list[str]] = {True: [], False: []}
    for name in names:
        text = _folded("".join((name.family or "", *name.given)) if name.family else name.text)
        if text:
            forms[_eastern(text)].append(text)
    groups = [group for group in wanted.split("=") if _folded(group)]
    found = [_group_matches(group, forms) for group in groups]
    if False in found or not found:
        return False if found else None
    return True if True in found else None


def _group_matches(group: str, forms: Mapping[bool, list[str]]) -> bool | None:
    folded = _folded(group)
    if not folded.strip("*"):
        return True if forms[True] or forms[False] else None
    among = forms[_eastern(folded)]
    return any(_fits(folded, each) for each in among) if among else None


def _eastern(text: str) -> bool:
    return any(ord(ch) >= _CJK for ch in text)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(ch for ch in plain if not ch.isspace() and ch not in _DROPPED)


def _fits(pattern: str, text: str) -> bool:
    """Compare folded texts; ``*`` alone is a wildcard, and never a slow one."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
