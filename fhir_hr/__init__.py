"""fhir_hr: mutual recognition of test results (检查检验结果互认) between hospitals.

``convert`` reads HL7 v2 messages into FHIR with recognition flags, ``priors_of`` and :class:`PriorStore` keep their
results, ``find_priors`` asks sources for them, ``recognise`` judges an order against them under rule packs.

Names are loaded when they are first used: ``import fhir_hr`` itself pulls in nothing heavy.
"""

from __future__ import annotations

import importlib

from fhir_hr._version import __version__

TYPE_CHECKING = False  # what typing calls so, without the 10 ms that importing typing costs

if TYPE_CHECKING:
    from fhir_hr.errors import (
        DataFileError,
        FhirHrError,
        InvariantError,
        MissingExtraError,
        PackError,
        StoreError,
        UsageError,
    )
    from fhir_hr.issues import Issue, IssueCode, Severity
    from fhir_hr.mapping.senders import load_senders
    from fhir_hr.model.decisions import Decision, ItemDecision, Reason, RecognitionOutcome
    from fhir_hr.model.identity import PatientIdentity
    from fhir_hr.model.orders import ExclusionClaim, Order, OrderItem
    from fhir_hr.model.priors import Institution, Prior
    from fhir_hr.recognition.conversion import Conversion, Converter, convert
    from fhir_hr.recognition.documents import read_evidence, read_order
    from fhir_hr.recognition.imaging import ImagingConversion, ImagingConverter, ImagingResult, convert_imaging
    from fhir_hr.recognition.priors import priors_of
    from fhir_hr.recognition.recognising import Recognition, find_priors, recognise
    from fhir_hr.render.check import check_bundle, check_bytes
    from fhir_hr.render.release import BundleKind, Release
    from fhir_hr.rules.engine import decide
    from fhir_hr.rules.explain import explain
    from fhir_hr.rules.load import builtin_pack, load_pack
    from fhir_hr.sources import (
        Found,
        MemorySource,
        Nothing,
        Partial,
        PriorQuery,
        PriorSource,
        PriorStore,
        Refused,
        Unavailable,
    )
    from fhir_hr.sources.dicomweb import DicomWebArchive
    from fhir_hr.sources.dimse import DimseArchive
    from fhir_hr.sources.studies import PacsSource, PatientNumbers, StudyAnswer, StudyQuery

__all__ = [
    "BundleKind",
    "Conversion",
    "Converter",
    "DataFileError",
    "Decision",
    "DicomWebArchive",
    "DimseArchive",
    "ExclusionClaim",
    "FhirHrError",
    "Found",
    "ImagingConversion",
    "ImagingConverter",
    "ImagingResult",
    "Institution",
    "InvariantError",
    "Issue",
    "IssueCode",
    "ItemDecision",
    "MemorySource",
    "MissingExtraError",
    "Nothing",
    "Order",
    "OrderItem",
    "PackError",
    "PacsSource",
    "Partial",
    "PatientIdentity",
    "PatientNumbers",
    "Prior",
    "PriorQuery",
    "PriorSource",
    "PriorStore",
    "Reason",
    "Recognition",
    "RecognitionOutcome",
    "Refused",
    "Release",
    "Severity",
    "StoreError",
    "StudyAnswer",
    "StudyQuery",
    "Unavailable",
    "UsageError",
    "__version__",
    "builtin_pack",
    "check_bundle",
    "check_bytes",
    "convert",
    "convert_imaging",
    "decide",
    "explain",
    "find_priors",
    "load_pack",
    "load_senders",
    "priors_of",
    "read_evidence",
    "read_order",
    "recognise",
]

_HOMES = {
    "fhir_hr.errors": (
        "DataFileError",
        "FhirHrError",
        "InvariantError",
        "MissingExtraError",
        "PackError",
        "StoreError",
        "UsageError",
    ),
    "fhir_hr.issues": ("Issue", "IssueCode", "Severity"),
    "fhir_hr.mapping.senders": ("load_senders",),
    "fhir_hr.model.decisions": ("Decision", "ItemDecision", "Reason", "RecognitionOutcome"),
    "fhir_hr.model.identity": ("PatientIdentity",),
    "fhir_hr.model.orders": ("ExclusionClaim", "Order", "OrderItem"),
    "fhir_hr.model.priors": ("Institution", "Prior"),
    "fhir_hr.recognition.conversion": ("Conversion", "Converter", "convert"),
    "fhir_hr.recognition.documents": ("read_evidence", "read_order"),
    "fhir_hr.recognition.imaging": ("ImagingConversion", "ImagingConverter", "ImagingResult", "convert_imaging"),
    "fhir_hr.recognition.priors": ("priors_of",),
    "fhir_hr.recognition.recognising": ("Recognition", "find_priors", "recognise"),
    "fhir_hr.render.check": ("check_bundle", "check_bytes"),
    "fhir_hr.render.release": ("BundleKind", "Release"),
    "fhir_hr.rules.engine": ("decide",),
    "fhir_hr.rules.explain": ("explain",),
    "fhir_hr.rules.load": ("builtin_pack", "load_pack"),
    "fhir_hr.sources": (
        "Found",
        "MemorySource",
        "Nothing",
        "Partial",
        "PriorQuery",
        "PriorSource",
        "PriorStore",
        "Refused",
        "Unavailable",
    ),
    "fhir_hr.sources.dicomweb": ("DicomWebArchive",),
    "fhir_hr.sources.dimse": ("DimseArchive",),
    "fhir_hr.sources.studies": ("PacsSource", "PatientNumbers", "StudyAnswer", "StudyQuery"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        msg = f"module 'fhir_hr' has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
