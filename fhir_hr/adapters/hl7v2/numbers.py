"""Numbers, comparators, titres and reference intervals as laboratories write them.

A number is ASCII digits: ``nan``, ``1_000``, ``1,000`` and full-width digits are not numbers, whatever a
language's own parser thinks of them. What cannot be read stays text.
"""

from __future__ import annotations

import re
from decimal import Decimal

from fhir_hr.model.lab import ReferenceRange
from fhir_hr.model.values import Comparator, Quantity, Ratio, Unit

__all__ = ["read_comparator_number", "read_number", "read_range", "read_ranges", "read_titre"]

_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?\Z", re.ASCII)
_COMPARED = re.compile(r"(<=|>=|=<|=>|<|>|≤|≥|＜=|＞=|＜＝|＞＝|＜|＞|≦|≧)\s*(.+)\Z", re.DOTALL)
_COMPARATORS = {
    "<": Comparator.LT,
    "＜": Comparator.LT,
    "<=": Comparator.LE,
    "=<": Comparator.LE,
    "≤": Comparator.LE,
    "≦": Comparator.LE,
    "＜=": Comparator.LE,
    "＜＝": Comparator.LE,
    ">": Comparator.GT,
    "＞": Comparator.GT,
    ">=": Comparator.GE,
    "=>": Comparator.GE,
    "≥": Comparator.GE,
    "≧": Comparator.GE,
    "＞=": Comparator.GE,
    "＞＝": Comparator.GE,
}
_TITRE = re.compile(r"(<=|>=|<|>|≤|≥|＜|＞)?\s*(1)\s*[:：]\s*(\d{1,9})\Z", re.ASCII)
_N = r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})"
_BETWEEN = re.compile(rf"({_N})\s*(--|—|–|-|~|～|〜|至|to)\s*({_N})\s*(\D.{{0,40}})?\Z", re.ASCII | re.DOTALL)
_BOUND = re.compile(
    rf"(<=|>=|=<|=>|<|>|≤|≥|≦|≧|＜=|＞=|＜＝|＞＝|＜|＞)\s*({_N})\s*(\D.{{0,40}})?\Z", re.ASCII | re.DOTALL
)
_PART = re.compile(r"[;；,，]")
_LABELLED = re.compile(r"\s*([^:：\d<>≤≥＜＞]{1,20})[:：]\s*(.+)\Z", re.DOTALL)
_MAX_CHARS = 300


def read_number(text: str) -> Decimal | None:
    """Read a number exactly; ``None`` when it is none.

    Example:
        >>> read_number("4.30")
        Decimal('4.30')
        >>> read_number("nan") is None and read_number("1_000") is None and read_number("１２.５") is None
        True
    """
    return Decimal(text) if _NUMBER.match(text) else None


def read_comparator_number(text: str) -> tuple[Comparator, Decimal] | None:
    """Read ``<0.05``, ``≥ 1000`` …; ``None`` when it is not of that form.

    Example:
        >>> read_comparator_number("≤5.0")
        (<Comparator.LE: '<='>, Decimal('5.0'))
    """
    found = _COMPARED.match(text)
    if found is None:
        return None
    number = read_number(found.group(2).strip())
    return None if number is None else (_COMPARATORS[found.group(1)], number)


def read_titre(text: str) -> Ratio | None:
    """Read a titre ``1:80``; ``None`` when it is not of that form.

    Example:
        >>> read_titre("1:80").denominator
        Decimal('80')
    """
    found = _TITRE.match(text)
    if found is None:
        return None
    sign, one, dilution = found.groups()
    comparator = _COMPARATORS[sign] if sign else None
    return Ratio(numerator=Decimal(one), denominator=Decimal(dilution), comparator=comparator, source=text)


def read_ranges(text: str, unit: Unit | None) -> tuple[ReferenceRange, ...]:
    """Read OBX-7: one interval, or several with the words that limit them; the text is always kept.

    Example:
        >>> [(r.applies_to, str(r.low and r.low.value), str(r.high and r.high.value))
        ...  for r in read_ranges("轻：31-49，中：50-69，重：>70", None)]
        [('轻', '31', '49'), ('中', '50', '69'), ('重', '70', 'None')]
    """
    if len(text) > _MAX_CHARS:
        return (ReferenceRange(text=text),)
    labelled = _labelled(text, unit)
    if len(labelled) > 1:
        return labelled
    single = read_range(text.strip(), unit)
    if single is not None:
        return (ReferenceRange(text=text, low=single.low, high=single.high),)
    return (ReferenceRange(text=text),)


def _labelled(text: str, unit: Unit | None) -> tuple[ReferenceRange, ...]:
    """All parts of ``轻：31-49，中：50-69``; none when a single part of the text is not of that form."""
    found = []
    for part in _PART.split(text):
        if not part.strip():
            continue
        labelled = _LABELLED.match(part)
        one = read_range(labelled.group(2).strip(), unit) if labelled is not None else None
        if labelled is None or one is None:
            return ()
        label = labelled.group(1).strip()
        found.append(ReferenceRange(text=part.strip(), low=one.low, high=one.high, applies_to=label))
    return tuple(found)


def read_range(text: str, unit: Unit | None) -> ReferenceRange | None:
    """Read one interval; ``None`` when its bounds cannot be told with certainty.

    ``2--15.22`` is a doubled dash (a high below the low is impossible); ``-5--2`` is negative on both sides.

    Example:
        >>> r = read_range("2--15.22", None)
        >>> r.low.value, r.high.value
        (Decimal('2'), Decimal('15.22'))
        >>> read_range(">60", None).low.value
        Decimal('60')
        >>> read_range("阴性", None) is None
        True
    """
    found = _BETWEEN.match(text)
    if found is not None and _is_unit(found.group(4), unit):
        low, high = Decimal(found.group(1)), Decimal(found.group(3))
        if found.group(2) == "--" and low < -high < 0:
            high = -high  # "-5--2": the second dash is the sign
        if low <= high:
            return ReferenceRange(text=text, low=_bound(low, unit), high=_bound(high, unit))
        return None
    found = _BOUND.match(text)
    if found is None or not _is_unit(found.group(3), unit):
        return None
    number = _bound(Decimal(found.group(2)), unit)
    if _COMPARATORS[found.group(1)] in (Comparator.LT, Comparator.LE):
        return ReferenceRange(text=text, high=number)
    return ReferenceRange(text=text, low=number)


def _is_unit(tail: str | None, unit: Unit | None) -> bool:
    """Whether what follows the numbers is only the unit repeated, and not a condition (``3-5 男``)."""
    if not tail or not tail.strip():
        return True
    words = tail.strip().casefold()
    if unit is not None and words in (unit.text.casefold(), (unit.ucum or "").casefold()):
        return True
    return bool(re.fullmatch(r"[a-zA-Zμµ%/*^0-9.\[\]]+", words)) and "/" in words


def _bound(number: Decimal, unit: Unit | None) -> Quantity:
    return Quantity(value=number, unit=unit)
