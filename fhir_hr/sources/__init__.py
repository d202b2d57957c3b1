"""Where priors come from: each source is a transport plus an adapter."""

from fhir_hr.sources._base import (
    Answer,
    Deposit,
    Found,
    Nothing,
    Partial,
    PriorQuery,
    PriorSource,
    Refused,
    ReportVersion,
    Unavailable,
    lookup_keys,
)
from fhir_hr.sources.federation import Gathered, ask, combine
from fhir_hr.sources.memory import MemorySource
from fhir_hr.sources.store import Kept, PriorStore

__all__ = [
    "Answer",
    "Deposit",
    "Found",
    "Gathered",
    "Kept",
    "MemorySource",
    "Nothing",
    "Partial",
    "PriorQuery",
    "PriorSource",
    "PriorStore",
    "Refused",
    "ReportVersion",
    "Unavailable",
    "ask",
    "combine",
    "lookup_keys",
]
