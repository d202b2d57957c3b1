"""The one canonical base, and the URIs of the code systems that tables name.

``CANONICAL`` is the address under which the library's own code systems and profiles are published; an
authority that publishes the same profiles under its own address sets it when it builds the package.
"""

from __future__ import annotations

from fhir_hr.model.identity import LOCAL_PATIENT

__all__ = [
    "CANONICAL",
    "EXAM_ITEM_SYSTEM",
    "INTERPRETATION",
    "ITEM_SYSTEM",
    "LOCAL_PATIENT",
    "LOINC",
    "OFF_LIST_SYSTEM",
    "RESULT_GRADE",
    "SNOMED",
    "UCUM",
    "USCC",
    "V2_0203",
    "V2_0487",
]

CANONICAL = "https://fhir-hr.example/fhir"

ITEM_SYSTEM = f"{CANONICAL}/CodeSystem/recognised-item-cn-51-lab"
"""The items of 四川省 附件1, first batch, laboratory part."""

EXAM_ITEM_SYSTEM = f"{CANONICAL}/CodeSystem/recognised-item-cn-51-imaging"
"""The items of 四川省 附件3, first batch, imaging part (46 of 53 rows known)."""

OFF_LIST_SYSTEM = f"{CANONICAL}/CodeSystem/off-list-item"
"""Tests that the panel tables know by name and that stand on no list; never written to FHIR."""

RESULT_GRADE = f"{CANONICAL}/CodeSystem/result-grade"
"""Grades of a qualitative result (阴性, 弱阳性, ++ …)."""

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
V2_0487 = "http://terminology.hl7.org/CodeSystem/v2-0487"

USCC = "urn:oid:2.16.156.10011.1.5"
"""组织机构代码: institutions, by their 统一社会信用代码."""
