"""Tables, code translation and units: how local words translate.

Each table is read once by a strict loader and then only looked up; nothing here keeps state of its own.
"""

from fhir_hr.mapping.canonical import CANONICAL
from fhir_hr.mapping.codes import CodeRow, CodeTable, load_code_table
from fhir_hr.mapping.exams import ExamMatch, ExamRow, ExamTable, load_exams
from fhir_hr.mapping.items import ItemMatch, ItemRow, ItemTable, PanelMember, load_items
from fhir_hr.mapping.marks import MarkRegistry, load_marks
from fhir_hr.mapping.ordinals import OrdinalTable, load_ordinals
from fhir_hr.mapping.senders import SenderProfile, Senders, load_senders
from fhir_hr.mapping.specimens import SpecimenTable, load_specimens
from fhir_hr.mapping.units import UnitTable, load_units

__all__ = [
    "CANONICAL",
    "CodeRow",
    "CodeTable",
    "ExamMatch",
    "ExamRow",
    "ExamTable",
    "ItemMatch",
    "ItemRow",
    "ItemTable",
    "MarkRegistry",
    "OrdinalTable",
    "PanelMember",
    "SenderProfile",
    "Senders",
    "SpecimenTable",
    "UnitTable",
    "load_code_table",
    "load_exams",
    "load_items",
    "load_marks",
    "load_ordinals",
    "load_senders",
    "load_specimens",
    "load_units",
]
