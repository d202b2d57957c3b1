"""Finding the recognised item of what is ordered and of what exists already; panels are taken apart."""

from __future__ import annotations

import msgspec

from fhir_hr.issues import Issue, IssueCode, Severity
from fhir_hr.mapping.canonical import LOINC
from fhir_hr.mapping.exams import ExamTable, load_exams
from fhir_hr.mapping.items import ItemTable, load_items
from fhir_hr.mapping.specimens import load_specimens
from fhir_hr.model.exams import Side
from fhir_hr.model.lab import ReportKind
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules.expand import expand

__all__ = ["expand_order", "map_prior"]


def expand_order(
    order: Order, *, items: ItemTable | None = None, exams: ExamTable | None = None
) -> tuple[Order, tuple[Issue, ...]]:
    """Take panels apart and find each item's recognised code; of an examination, by its whole name.

    An item that no table knows stays in the order with an ``order-item-unknown`` issue. An exclusion that is
    asserted for a panel holds for its members. What is examined (side, contrast …) stays as the order states it.
    """
    table, examinations = items or load_items(), exams or load_exams()
    issues: list[Issue] = []
    expanded: list[OrderItem] = []
    claims = list(order.exclusions)
    for stated in order.items:
        if stated.kind is ReportKind.IMAGING:
            expanded.append(_mapped_exam(stated, examinations, issues))
            continue
        members = [_mapped(each, table, issues) for each in expand(stated, table)]
        expanded += members
        for claim in order.exclusions:
            if claim.item_id == stated.id:
                claims += [
                    msgspec.structs.replace(claim, item_id=member.id) for member in members if member.id != stated.id
                ]
    return msgspec.structs.replace(order, items=tuple(expanded), exclusions=tuple(claims)), tuple(issues)


def _mapped(item: OrderItem, table: ItemTable, issues: list[Issue]) -> OrderItem:
    if item.item is not None:
        return item
    own = next((coding for coding in item.code.codings if coding.system != LOINC), None)
    match = table.find(
        code=own.code if own is not None else "",
        system=own.system if own is not None else None,
        name=item.name,
        loinc=item.code.code_in(LOINC),
    )
    if match.item is not None:
        return msgspec.structs.replace(item, item=match.item, scale=item.scale or match.scale)
    if not match.candidates and (off_list := table.unlisted(item.name)) is not None:
        return msgspec.structs.replace(item, item=off_list)
    if item.panel is not None:
        return item  # a member that stands on no list is expected inside a panel
    if match.candidates:
        text = f"could mean {', '.join(code.code for code in match.candidates)}; it was not guessed"
        issues.append(_issue(IssueCode.ITEM_AMBIGUOUS, item, text))
    elif load_exams().find(item.name).item is not None:
        text = 'is an examination; without "kind": "imaging" no images were asked for'
        issues.append(_issue(IssueCode.ORDER_ITEM_UNKNOWN, item, text))
    else:
        issues.append(_issue(IssueCode.ORDER_ITEM_UNKNOWN, item, "stands on no table of recognised items"))
    return item


def _mapped_exam(item: OrderItem, table: ExamTable, issues: list[Issue]) -> OrderItem:
    if item.item is not None:
        return item
    match = table.find(item.name)
    if match.item is not None:
        return msgspec.structs.replace(item, item=match.item)
    if match.candidates:
        text = f"could mean {', '.join(code.code for code in match.candidates)}; it was not guessed"
        issues.append(_issue(IssueCode.ITEM_AMBIGUOUS, item, text))
    elif item.exam is None or not item.exam.modality or not item.exam.body_part:
        issues.append(_issue(IssueCode.ORDER_ITEM_UNKNOWN, item, "stands on no table of recognised examinations"))
    return item


def _mapped_prior_exam(prior: Prior, table: ExamTable) -> Prior:
    found = table.find(prior.name).item
    row = None if found is None else table.row(found)
    if found is None or row is None:
        return prior
    if row.exam.side is None and prior.exam is not None and prior.exam.side in (Side.LEFT, Side.RIGHT):
        # 髋关节正位摄影 has no side on the list: a left hip beside an order without side may be the wrong one.
        return prior
    return msgspec.structs.replace(prior, item=found)


_BLOOD = ("blood", "serum", "plasma")
"""What the packaged panels are taken from; 葡萄糖 of a urine report is another test of the same name."""


def map_prior(prior: Prior, *, items: ItemTable | None = None, exams: ExamTable | None = None) -> Prior:
    """Find the item of a prior that its source did not map.

    An examination is found by its whole name, unless it states the one side of an item that has none on the list: then
    nobody can tell that it is the side that was ordered. Of a laboratory result, "stands on no list" is told from
    "not mapped" for a test of a blood panel that is known by its whole name.
    """
    if prior.item is not None:
        return prior
    if prior.kind is ReportKind.IMAGING:
        return _mapped_prior_exam(prior, exams or load_exams())
    if prior.kind is not ReportKind.LABORATORY:
        return prior
    table = items or load_items()
    off_list = table.unlisted(prior.name)
    if off_list is None or load_specimens().accepts(_BLOOD, prior.specimen_kind) is not True:
        return prior
    return msgspec.structs.replace(prior, item=off_list)


def _issue(code: IssueCode, item: OrderItem, text: str) -> Issue:
    return Issue(
        code=code,
        severity=Severity.WARNING,
        where=f"order item {item.id}",
        message=f"{item.name!r} {text}",
    )
