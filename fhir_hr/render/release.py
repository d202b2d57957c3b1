"""What can be asked for: the FHIR release and the kind of Bundle."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["BundleKind", "Release"]


class Release(StrEnum):
    """FHIR release. R4 is 4.0.1, R5 is 5.0.0."""

    R4 = "R4"
    R5 = "R5"


class BundleKind(StrEnum):
    """Kind of Bundle.

    ``transaction`` holds conditional updates on our own technical identifier: repeating it makes no duplicates,
    and no number of a patient stands in a URL. ``document`` begins with a Composition.
    """

    COLLECTION = "collection"
    TRANSACTION = "transaction"
    DOCUMENT = "document"
