"""A rule pack as a page for people: what it says, on whose word, and what is our own reading."""

from __future__ import annotations

from fhir_hr.outputs.pages.page import MARKER, index_page, pack_page

__all__ = ["MARKER", "index_page", "pack_page"]
