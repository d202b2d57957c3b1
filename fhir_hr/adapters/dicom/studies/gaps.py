"""Gaps in a stack of slices: a place along the normal where the spacing says that slices are missing.

A gap is believed only where most neighbours stand at one distance, the gap is a whole multiple of it, and the instance
numbers jump there too, more than between other neighbours, over numbers that no image of the series has: a gap that the
protocol planned has no such jump, and slabs that were numbered in opposite directions jump over numbers that are there.
Slices missing at an end leave no gap, so this never proves a series complete.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from fhir_hr.model.imaging import Instance, InstanceKind, Series

__all__ = ["StackGaps", "find_gaps"]

_LEAST_SLICES = 5
_REGULAR = 0.6
"""Share of the distances that must be the usual one; without a usual distance nothing can be told."""

_TOLERANCE = 0.1
"""How far a distance may be off, as a share of the usual one."""

_SAME_PLACE = 0.01
"""Slices nearer than this, in mm, stand at one place (phases, echoes, repeated reconstructions)."""

Vector = tuple[float, float, float]


class StackGaps(NamedTuple):
    """What geometry says of one series.

    Attributes:
        slices: places that were compared, over all stacks.
        missing: how many slices the gaps have room for.
        unsure: gaps that the instance numbers do not confirm.
    """

    slices: int
    missing: int
    unsure: int


def find_gaps(series: Series) -> StackGaps | None:
    """Look for gaps in each stack of parallel images; ``None`` when no stack has enough regular slices to tell.

    Example:
        >>> from fhir_hr.model.imaging import Instance, InstanceKind, Series
        >>> stack = tuple(Instance(uid=f"1.{n}", kind=InstanceKind.IMAGE, number=n, position=(0.0, 0.0, n * 5.0),
        ...                        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)) for n in range(1, 21) if n != 9)
        >>> find_gaps(Series(uid="1", instances=stack))
        StackGaps(slices=19, missing=1, unsure=0)
    """
    numbers = sorted({one.number for one in series.instances if one.number is not None})
    found = [told for stack in _stacks(series.instances) if (told := _look(stack, numbers)) is not None]
    if not found:
        return None
    return StackGaps(*(sum(column) for column in zip(*found, strict=True)))


def _stacks(instances: Iterable[Instance]) -> Iterable[list[tuple[float, int | None]]]:
    """Distance along the normal and number of the images of each orientation (a localizer has one of its own)."""
    stacks: dict[tuple[float, ...], list[tuple[float, int | None]]] = {}
    for one in instances:
        if one.kind is not InstanceKind.IMAGE or one.position is None or one.orientation is None:
            continue
        normal = _normal(one.orientation)
        if normal is None:
            continue
        key = tuple(round(value, 3) + 0.0 for value in one.orientation)
        along = sum(a * b for a, b in zip(normal, one.position, strict=True))
        stacks.setdefault(key, []).append((along, one.number))
    return stacks.values()


def _normal(orientation: Sequence[float]) -> Vector | None:
    a, b, c, d, e, f = orientation
    cross = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = math.sqrt(sum(value * value for value in cross))
    return (cross[0] / length, cross[1] / length, cross[2] / length) if length > 0.5 else None


def _look(stack: list[tuple[float, int | None]], numbers: Sequence[int]) -> StackGaps | None:
    places: list[tuple[float, set[int]]] = []
    for along, number in sorted(stack, key=lambda pair: pair[0]):
        if not places or along - places[-1][0] > _SAME_PLACE:
            places.append((along, set()))
        if number is not None:
            places[-1][1].add(number)
    if len(places) < _LEAST_SLICES:
        return None
    pairs = list(pairwise(places))
    steps = [after[0] - before[0] for before, after in pairs]
    usual = median(steps)
    jumps = [_jump(before[1], after[1]) for before, after in pairs]
    regular = [jump for step, jump in zip(steps, jumps, strict=True) if abs(step - usual) <= _TOLERANCE * usual]
    if len(regular) < _REGULAR * len(steps):
        return None
    usual_jump = median([jump[1] - jump[0] for jump in regular if jump is not None] or [math.inf])
    missing = unsure = 0
    for step, jump in zip(steps, jumps, strict=True):
        room = round(step / usual)
        if room < 2 or abs(step - room * usual) > _TOLERANCE * usual:
            continue
        if jump is not None and jump[1] - jump[0] > usual_jump and _unheld(jump, numbers) >= room - 1:
            missing += room - 1
        else:
            unsure += 1
    return StackGaps(len(places), missing, unsure)


def _jump(before: set[int], after: set[int]) -> tuple[int, int] | None:
    """The nearest instance numbers of two neighbouring places, the smaller first."""
    others = sorted(after)  # each place of a series of many phases has many numbers
    pairs = []
    for one in before:
        at = bisect_left(others, one)
        pairs += [(min(one, other), max(one, other)) for other in others[max(at - 1, 0) : at + 1]]
    return min(pairs, key=lambda pair: (pair[1] - pair[0], pair), default=None)


def _unheld(jump: tuple[int, int], numbers: Sequence[int]) -> int:
    """How many numbers between two no image of the series has."""
    low, high = jump
    return high - low - 1 - (bisect_left(numbers, high) - bisect_right(numbers, low))
