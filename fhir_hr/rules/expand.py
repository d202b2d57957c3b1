"""Taking a panel apart: 血常规 is judged item by item (a package must not hide what need not be repeated)."""

from __future__ import annotations

import msgspec

from fhir_hr.mapping.items import ItemTable
from fhir_hr.model.codes import Concept
from fhir_hr.model.orders import OrderItem

__all__ = ["expand"]


def expand(item: OrderItem, table: ItemTable) -> tuple[OrderItem, ...]:
    """Expand an ordered panel into its items; anything else comes back alone, unchanged.

    A panel is found by one of the order's codes or by its name. A member that is on no list keeps its name and
    has no item code. Member ids are the panel's id and the member's number: ``7/1``, ``7/2`` …

    Example:
        >>> from fhir_hr.mapping.items import load_items
        >>> order = OrderItem(id="7", name="血常规", code=Concept(text="血常规"))
        >>> members = expand(order, load_items())
        >>> members[0].id, members[0].panel, len([m for m in members if m.item])
        ('7/1', '血常规', 4)
    """
    if item.item is not None:
        return (item,)
    words = [coding.code for coding in item.code.codings] + [item.name, item.code.text or ""]
    for word in words:
        members = table.panel(word) if word else None
        if members:
            break
    else:
        return (item,)
    return tuple(
        msgspec.structs.replace(
            item,
            id=f"{item.id}/{number}",
            name=member.name,
            code=Concept(codings=(member.item,) if member.item else (), text=member.name),
            item=member.item,
            panel=item.name,
        )
        for number, member in enumerate(members, start=1)
    )
