"""Rule packs and the engine: candidate and order to decision."""

from __future__ import annotations

from fhir_hr.rules.engine import Verdict, choose, decide, judge
from fhir_hr.rules.expand import expand
from fhir_hr.rules.explain import explain
from fhir_hr.rules.load import builtin_pack, builtin_packs, load_compiled, load_pack, load_pack_files
from fhir_hr.rules.pack import Pack

__all__ = [
    "Pack",
    "Verdict",
    "builtin_pack",
    "builtin_packs",
    "choose",
    "decide",
    "expand",
    "explain",
    "judge",
    "load_compiled",
    "load_pack",
    "load_pack_files",
]
