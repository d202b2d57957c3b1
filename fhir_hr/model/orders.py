"""What a physician is about to request (医嘱/申请)."""

from __future__ import annotations

import msgspec

from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.exams import Exam
from fhir_hr.model.identity import PatientIdentity
from fhir_hr.model.lab import ReportKind, Scale
from fhir_hr.model.priors import Institution
from fhir_hr.model.when import When

__all__ = ["ExclusionClaim", "Order", "OrderItem"]


class OrderItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One item of an order, after panels were expanded.

    Attributes:
        id: stable id inside the order.
        name: as the physician reads it.
        item: recognised item code; ``None`` when the order's code could not be mapped.
        panel: name of the panel that it was expanded from (血常规), if any.
        scale: 定量/定性, where the order asks for one.
        specimen_kind: accepted-specimen code, where the order names the specimen.
        exam: what is to be examined, of an imaging order.
        method, unit, reference_text: what the receiving laboratory would use itself, where it is known; only to be
            compared with what a prior states.
    """

    id: str
    name: str
    code: Concept
    kind: ReportKind = ReportKind.LABORATORY
    item: Code | None = None
    panel: str | None = None
    scale: Scale | None = None
    specimen_kind: str | None = None
    exam: Exam | None = None
    method: str | None = None
    unit: str | None = None
    reference_text: str | None = None


class ExclusionClaim(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A clinician's assertion that an exclusion case holds. Never inferred by the library.

    Attributes:
        case: case number in the pack's exclusion list (``1`` … ``6`` for 四(四)).
        item_id: the order item it is asserted for; ``None`` for the whole order.
        by: id of the clinician.
        text: their words, where the case needs them.
    """

    case: str
    item_id: str | None = None
    by: str | None = None
    text: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A draft order at the receiving hospital.

    Attributes:
        at: the moment of ordering; must be precise to the second.
        institution: the receiving hospital.
    """

    id: str
    patient: PatientIdentity
    institution: Institution
    at: When
    items: tuple[OrderItem, ...]
    exclusions: tuple[ExclusionClaim, ...] = ()
    encounter: str | None = None

    def __repr__(self) -> str:
        return f"Order(id={self.id!r}, at={self.at.iso!r}, <{len(self.items)} items>)"
