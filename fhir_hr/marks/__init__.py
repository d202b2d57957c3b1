"""Marks (互认标识): which mark may a finished result carry, and which does a printed report carry?

:func:`issue_marks` and :func:`issue_exam_marks` say for each item and for the report which marks may be shown, where,
with which words, and why not otherwise. :func:`read_marks` reads marks from printed texts. The registry of marks is
``mappings/marks.csv`` with its companions; what each text asks before its mark is shown is ``mappings/mark_rules.csv``.
"""

from fhir_hr.marks.advice import ItemAdvice, MarkAdvice, MarkReason, MarkVerdict, Shown
from fhir_hr.marks.facts import ExamFacts
from fhir_hr.marks.grounds import (
    ListedInstitution,
    ListedItem,
    ListState,
    MarkInstitutions,
    MarkList,
    Statement,
    builtin_lists,
    lists_of,
)
from fhir_hr.marks.issuing import issue_exam_marks, issue_marks, with_marks
from fhir_hr.marks.needs import Need, State
from fhir_hr.marks.reading import ItemReading, MarkReading, SeenAs, Sighting, read_marks
from fhir_hr.marks.rules import MarkRule, MarkRules, SilentNeed, load_mark_rules, read_mark_rules
from fhir_hr.marks.table import mark_table

__all__ = [
    "ExamFacts",
    "ItemAdvice",
    "ItemReading",
    "ListState",
    "ListedInstitution",
    "ListedItem",
    "MarkAdvice",
    "MarkInstitutions",
    "MarkList",
    "MarkReading",
    "MarkReason",
    "MarkRule",
    "MarkRules",
    "MarkVerdict",
    "Need",
    "SeenAs",
    "Shown",
    "Sighting",
    "SilentNeed",
    "State",
    "Statement",
    "builtin_lists",
    "issue_exam_marks",
    "issue_marks",
    "lists_of",
    "load_mark_rules",
    "mark_table",
    "read_mark_rules",
    "read_marks",
    "with_marks",
]
