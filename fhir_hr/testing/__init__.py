"""The kit for harnesses: flat facts, decision vectors, mutants, generated cases, conformance runs."""

from __future__ import annotations

from fhir_hr.testing.facts import BASE_KEYS, Case, build
from fhir_hr.testing.vectors import Vector, read_vectors

__all__ = ["BASE_KEYS", "Case", "Vector", "build", "read_vectors"]
