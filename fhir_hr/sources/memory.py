"""A source in memory: for tests, examples and results that another program already holds."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_hr.model.priors import Prior
from fhir_hr.sources._base import Answer, PriorQuery, lookup_keys
from fhir_hr.sources._select import answer_from, refuse_without_identifier

__all__ = ["MemorySource"]


class MemorySource:
    """Priors given by the caller, found by the same rules as in any other source.

    Example:
        >>> from fhir_hr.model.codes import Identifier
        >>> from fhir_hr.model.identity import PatientIdentity
        >>> who = PatientIdentity(identifiers=(Identifier(value="7", assigner="H1"),))
        >>> MemorySource((), name="ours").find(PriorQuery(patient=who))
        Nothing(source='ours', priors=(), issues=())
    """

    def __init__(self, priors: Iterable[Prior], *, name: str = "memory") -> None:
        self._priors = tuple(priors)
        self._name = name

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._name

    def find(self, query: PriorQuery) -> Answer:
        """Answer a query from the priors that were given."""
        keys = set(lookup_keys(query.patient))
        if not keys:
            return refuse_without_identifier(self._name)
        records = (prior for prior in self._priors if keys.intersection(lookup_keys(prior.patient)))
        return answer_from(records, query=query, source=self._name)
