"""The use cases, and the only place where the layers meet; sources are passed in.

``convert`` reads and renders, ``priors_of`` flattens, ``find_priors`` asks, ``recognise`` judges an order and
``decide`` one candidate.
"""

from fhir_hr.recognition.conversion import Conversion, Converter, convert
from fhir_hr.recognition.documents import read_evidence, read_order
from fhir_hr.recognition.evidence import add_evidence
from fhir_hr.recognition.items import expand_order
from fhir_hr.recognition.priors import deposit_of, priors_of
from fhir_hr.recognition.recognising import Recognition, SourceAnswer, find_priors, recognise
from fhir_hr.rules.engine import decide

__all__ = [
    "Conversion",
    "Converter",
    "Recognition",
    "SourceAnswer",
    "add_evidence",
    "convert",
    "decide",
    "deposit_of",
    "expand_order",
    "find_priors",
    "priors_of",
    "read_evidence",
    "read_order",
    "recognise",
]
