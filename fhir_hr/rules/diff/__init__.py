"""What a new version of a pack changes: in words, and over a file of candidates."""

from __future__ import annotations

from fhir_hr.rules.diff.changes import GROUPS, Change, Group, How, compare
from fhir_hr.rules.diff.impact import CaseLike, Impact, Move, weigh

__all__ = ["GROUPS", "CaseLike", "Change", "Group", "How", "Impact", "Move", "compare", "weigh"]
