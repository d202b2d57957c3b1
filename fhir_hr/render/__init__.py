"""Model → FHIR R4 or R5, and the checks before anything is written."""

from __future__ import annotations

from fhir_hr.render.encode import encode
from fhir_hr.render.release import BundleKind, Release
from fhir_hr.render.renderer import Rendered, Renderer, render

__all__ = ["BundleKind", "Release", "Rendered", "Renderer", "encode", "render"]
