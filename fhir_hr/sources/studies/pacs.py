"""An image archive as a source of priors: asked by number, and believed only where the patient is proved.

The archive finds by patient id; whose number that is, is configured (:class:`PatientNumbers`), since archives share
patient ids and few state an issuer. Name, birth date and sex of every answer are then compared, and doubt is left out
and reported, as every source does.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import msgspec

from fhir_hr.adapters.dicom.facts.people import assigned_by
from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.canonical import LOCAL_PATIENT
from fhir_hr.mapping.imaging_senders import ImagingSenders
from fhir_hr.model.codes import Identifier
from fhir_hr.model.identity import NATIONAL_ID, PatientIdentity, match_identity, same_name
from fhir_hr.model.imaging import Study
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.people import HumanName
from fhir_hr.model.priors import Prior
from fhir_hr.sources._base import Answer, Found, Nothing, Partial, PriorQuery, Refused, Unavailable
from fhir_hr.sources._select import wanted
from fhir_hr.sources.studies.matching import name_matches
from fhir_hr.sources.studies.priors import prior_of_study
from fhir_hr.sources.studies.query import StudyAnswer, StudyArchive, StudyQuery, StudyState

__all__ = ["PacsSource", "PatientNumbers"]

_LOST = (StudyState.UNAVAILABLE, StudyState.REFUSED)


class PatientNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Which numbers of a patient an archive knows as PatientID, and how it states who gave them.

    Attributes:
        assigner: assigner of the identifiers that may be asked for, as identifiers state it.
        system: their system; ``None``: any.
        issuer: IssuerOfPatientID as the archive writes it; ``None``: the archive writes none, and all its patient ids
            are this assigner's.
        also_unstated: whether answers without an issuer are this assigner's too.

    Example:
        >>> PatientNumbers(assigner="H001", issuer="HIS").covers(Identifier(value="7", assigner="H001"))
        True
    """

    assigner: str | None = None
    system: str | None = None
    issuer: str | None = None
    also_unstated: bool = False

    def covers(self, identifier: Identifier) -> bool:
        """Whether an identifier is one of these numbers; one that is nobody's never is."""
        if not identifier.value or (self.assigner is None and self.system is None):
            return False
        certain = bool(identifier.assigner) or identifier.system == NATIONAL_ID
        same_assigner = self.assigner is None or identifier.assigner == self.assigner
        return certain and same_assigner and self.system in (None, identifier.system)


class PacsSource:
    """An image archive as a :class:`~fhir_hr.sources.PriorSource`.

    Args:
        archive: the archive, DICOMweb or DIMSE.
        numbers: which of a patient's numbers it knows; identity cards are asked for only where one of these names
            their system.
        name: name of the source; the archive's by default.
        senders: profiles of imaging senders: institution, and local words for exams.
        namespace: name of the deployment, for ids.
        series: whether the series of each study are asked for, since body part, side and contrast stand there.
        max_series: of how many studies at most; further ones are returned without, and said so.

    Example:
        >>> class Empty:
        ...     name = "PACS"
        ...     def find_studies(self, query):
        ...         return StudyAnswer(source="PACS", state=StudyState.NOTHING)
        >>> source = PacsSource(Empty(), numbers=[PatientNumbers(assigner="H001")])
        >>> me = PatientIdentity(identifiers=(Identifier(value="7", assigner="H001"),), name="测试甲")
        >>> source.find(PriorQuery(patient=me)).state
        'nothing'
    """

    def __init__(
        self,
        archive: StudyArchive,
        *,
        numbers: Sequence[PatientNumbers],
        name: str | None = None,
        senders: ImagingSenders | None = None,
        namespace: str | None = None,
        series: bool = True,
        max_series: int = 50,
    ) -> None:
        self._archive = archive
        self._numbers = tuple(numbers)
        self._name = name or archive.name
        self._senders = senders
        self._namespace = namespace
        self._series = series
        self._max_series = max_series

    def __repr__(self) -> str:
        return f"PacsSource(name={self._name!r})"

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._name

    def find(self, query: PriorQuery) -> Answer:
        """Answer the query; see :class:`~fhir_hr.sources.PriorSource`."""
        if query.kinds and ReportKind.IMAGING not in query.kinds:
            return Nothing(source=self._name)
        asked = self._asked(query.patient)
        if not asked:
            return Refused(source=self._name, issues=(self._issue(IssueCode.SOURCE_REFUSED, Severity.ERROR, _UNKNOWN),))
        collected = _Collected(self._name)
        found: dict[str, tuple[Study, PatientIdentity]] = {}
        for identifier, numbers in asked:
            for number in _written(identifier):
                answer = self._ask(number)
                collected.take(answer)
                for study in answer.studies:
                    proved = collected.prove(study, identifier, numbers, query.patient)
                    if proved is not None:
                        found.setdefault(study.uid, (study, proved))
        studies = self._with_series(found, collected)
        priors = sorted(
            (prior for prior in (self._prior(*each) for each in studies) if wanted(prior, query)),
            key=lambda prior: prior.id,
        )
        return collected.answer(tuple(priors))

    def _asked(self, patient: PatientIdentity) -> list[tuple[Identifier, PatientNumbers]]:
        return [
            (identifier, numbers)
            for identifier in dict.fromkeys(patient.identifiers)
            for numbers in self._numbers
            if numbers.covers(identifier)
        ]

    def _ask(self, number: str) -> StudyAnswer:
        # Neither issuer nor date is put to the archive: what states none of them would not be found, and a study of
        # unknown time is wanted.
        query = StudyQuery(patient_id=number)
        try:
            return self._archive.find_studies(query)
        except Exception as error:  # noqa: BLE001 - an archive that fails in any way is one that was not asked
            return self._failed(error)

    def _with_series(
        self, found: dict[str, tuple[Study, PatientIdentity]], collected: _Collected
    ) -> list[tuple[Study, PatientIdentity]]:
        if not self._series:
            return list(found.values())
        out = []
        for number, (study, patient) in enumerate(found.values()):
            more = study
            if study.series:
                pass
            elif number >= self._max_series:
                words = f"the series of more than {self._max_series} studies are not asked for"
                collected.note(self._issue(IssueCode.LIMIT_REACHED, Severity.WARNING, words))
            else:
                try:
                    answer = self._archive.with_series(study)
                except Exception as error:  # noqa: BLE001 - as above
                    answer = self._failed(error)
                collected.take(answer, whole=False)
                # Who the patient is was proved of the study as it was found, and holds for nothing else.
                same = [each for each in answer.studies if each.uid == study.uid and each.patient == study.patient]
                more = same[0] if same else study
                if not same and (answer.studies or answer.state is StudyState.FOUND):
                    collected.note(self._issue(IssueCode.STUDY_CONFLICT, Severity.ERROR, _STRANGE))
            out.append((more, patient))
        return out

    def _prior(self, study: Study, patient: PatientIdentity) -> Prior:
        sender = self._senders.of_study(study) if self._senders is not None else None
        prior = prior_of_study(study, source=self._name, namespace=self._namespace, sender=sender)
        return msgspec.structs.replace(prior, patient=patient)

    def _failed(self, error: Exception) -> StudyAnswer:
        words = f"the archive could not be asked: {type(error).__name__}"
        issue = self._issue(IssueCode.SOURCE_UNAVAILABLE, Severity.ERROR, words)
        return StudyAnswer(source=self._name, state=StudyState.UNAVAILABLE, issues=(issue,))

    def _issue(self, code: IssueCode, severity: Severity, message: str) -> Issue:
        return Issue(code=code, severity=severity, where=self._name, message=message)


_UNKNOWN = "the patient has no number that this archive is known to use; it is not asked by name and birth date alone"


_STRANGE = "for the series of a study, the archive answered another patient or study; it was left as it was found"


def _written(identifier: Identifier) -> tuple[str, ...]:
    """Return the ways in which archives write a number: an identity card may end in ``x`` or ``X``."""
    value = identifier.value
    if identifier.system == NATIONAL_ID and value.upper() != value.lower():
        return value.upper(), value.lower()
    return (value,)


class _Collected:
    """What several questions to one archive brought."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._states: list[StudyState] = []
        self._issues: dict[Issue, None] = {}
        self._doubts: Counter[tuple[str, str]] = Counter()
        self._doubted: set[tuple[str, str]] = set()
        self._partial = False

    def take(self, answer: StudyAnswer, *, whole: bool = True) -> None:
        """Take an answer; one that is not ``whole`` adds to a study that was found already."""
        self._issues.update(dict.fromkeys(answer.issues))
        if whole:
            self._states.append(answer.state)
        self._partial |= answer.state is StudyState.PARTIAL or (not whole and answer.state is not StudyState.FOUND)

    def note(self, issue: Issue) -> None:
        self._issues[issue] = None
        self._partial = True

    def prove(
        self, study: Study, identifier: Identifier, numbers: PatientNumbers, patient: PatientIdentity
    ) -> PatientIdentity | None:
        """Return the patient of a study where it is proved to be the one asked for."""
        stated = _stated(study, identifier, numbers, patient)
        if stated is None:
            differ = "who gave the patient number"
        else:
            match = match_identity(stated, patient)
            if match.same is True:
                return stated
            differ = ", ".join(match.differ) or "what could prove it"
        if (study.uid, differ) not in self._doubted:
            self._doubted.add((study.uid, differ))
            where = study.institution.name if study.institution and study.institution.name else self._source
            self._doubts[(where, differ)] += 1
        return None

    def answer(self, priors: tuple[Prior, ...]) -> Answer:
        issues = tuple(self._issues) + tuple(
            Issue(
                code=IssueCode.IDENTITY_DOUBTFUL,
                severity=Severity.WARNING,
                where=self._source,
                message=f"{count} study(ies) of {institution} carry a number of this patient, but {differs} differs or "
                "is not stated; they were left out until someone has looked",
            )
            for (institution, differs), count in sorted(self._doubts.items())
        )
        lost = [state for state in self._states if state in _LOST]
        if lost and len(lost) == len(self._states):
            kind = Unavailable if StudyState.UNAVAILABLE in lost else Refused
            return kind(source=self._source, issues=issues)
        if lost or self._partial or self._doubts:
            return Partial(source=self._source, priors=priors, issues=issues)
        if priors:
            return Found(source=self._source, priors=priors, issues=issues)
        return Nothing(source=self._source, issues=issues)


def _stated(
    study: Study, identifier: Identifier, numbers: PatientNumbers, patient: PatientIdentity
) -> PatientIdentity | None:
    """What a study states of its patient, in the words of the query; ``None``: its number is somebody else's."""
    person = study.patient
    if person is None or not any(_is_it(each, identifier, numbers) for each in person.identifiers):
        return None
    cards = tuple(each for each in person.identifiers if each.system == NATIONAL_ID)
    return PatientIdentity(
        identifiers=tuple(dict.fromkeys((identifier, *cards))),
        name=_comparable(person.names, patient.name),
        sex=person.sex,
        birth=person.birth,
    )


def _is_it(stated: Identifier, asked: Identifier, numbers: PatientNumbers) -> bool:
    if asked.system == NATIONAL_ID and stated.system == NATIONAL_ID:
        return stated.value.upper() == asked.value.upper()
    if stated.value != asked.value:
        return False
    if not stated.assigner and stated.system in (None, LOCAL_PATIENT):
        return numbers.issuer is None or numbers.also_unstated
    if numbers.issuer is not None:
        system, assigner = assigned_by(numbers.issuer)
        if (stated.system == system) if system is not None else (stated.assigner == assigner):
            return True
    return bool(asked.assigner) and stated.assigner == asked.assigner


def _comparable(names: Sequence[HumanName], wanted_name: str | None) -> str | None:
    """The form of the name that can be compared; pinyin beside a Chinese name says neither yes nor no."""
    if not names or not wanted_name:
        return names[0].text if names else None
    same = any(same_name(each.text, wanted_name) for each in names)
    if _masked(wanted_name):
        # A masked name is no pattern. It differs from another, and the same mask may hide another name.
        return None if same else names[0].text
    if same:
        return wanted_name
    agrees = name_matches(wanted_name, names)
    if agrees is None:
        return None
    return wanted_name if agrees else names[0].text


def _masked(name: str) -> bool:
    plain = unicodedata.normalize("NFKC", name)
    return "*" in plain or "?" in plain
