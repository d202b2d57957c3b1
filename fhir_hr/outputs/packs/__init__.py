"""A rule pack as FHIR resources in a package, so that FHIR tools can hold, show and version it.

Library is the envelope (the compiled pack is its content), CodeSystem and ValueSet hold items and refusal reasons,
Organization and OrganizationAffiliation the public lists of institutions and suspensions. Clients that decide read the
compiled pack, never these.
"""

from __future__ import annotations

from fhir_hr.outputs.packs.package import ExportedPack, export_pack

__all__ = ["ExportedPack", "export_pack"]
