"""Generated candidates: many, odd, near every edge, and the same again for the same seed.

Two engines that read the same packs are asked the same cases and have to give the same answers. Each case starts from
a plausible candidate of one of its packs, of which a few facts are then changed: times around every edge that the pack
has (in several zones and precisions), unknowns, marks, evidence, places, claims, other items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from fhir_hr.rules.pack import Pack
from fhir_hr.testing.equivalents import packs_meet
from fhir_hr.testing.generate_facts import FactMaker
from fhir_hr.testing.generate_tables import SHARED_SYSTEM, shared_code, table_variants

__all__ = ["Generated", "generate"]

_FRESH = ("2026-08-20T10:00:00+08:00", "2026-08-20T09:59:59+08:00", "2026-12-31T00:00:00+00:00")


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """One generated case, in the form of a request.

    Attributes:
        number: of the case; with the seed it makes the case.
        packs: ids of the packs to ask.
        facts: the facts that differ from the defaults; item codes carry their system.
        tables: by pack id, replaced tables. There are few different ones per pack, so that bound packs can be kept.
        fresh_until: by pack id.
    """

    number: int
    packs: tuple[str, ...]
    facts: dict[str, Any]
    tables: dict[str, dict[str, Any]]
    fresh_until: dict[str, str]


def generate(
    count: int, *, packs: Mapping[str, Pack], seed: int = 0, start: int = 0, most: int = 3
) -> Iterator[Generated]:
    """Generate cases. Case ``n`` depends on seed, packs and ``n`` alone, so that work can be split.

    Args:
        count: how many.
        packs: the packs to ask, by id.
        seed: the seed.
        start: number of the first case.
        most: how many packs one case asks at most.

    Example:
        >>> from fhir_hr.rules import builtin_pack
        >>> packs = {"cn-51-lab": builtin_pack()}
        >>> once, again = list(generate(3, packs=packs, seed=7)), list(generate(3, packs=packs, seed=7))
        >>> once == again, [case.packs for case in once]
        (True, [('cn-51-lab',), ('cn-51-lab',), ('cn-51-lab',)])
    """
    ids = sorted(packs)
    makers = {name: FactMaker(packs[name].content) for name in ids}
    variants = {name: table_variants(packs[name].content, Random(f"{seed}/{name}")) for name in ids}
    shared = {
        name: [rows for rows in several if rows.get("item_system") == SHARED_SYSTEM]
        for name, several in variants.items()
    }
    meeting = {
        name: [other for other in ids if other != name and packs_meet(packs[name].content, packs[other].content)]
        for name in ids
    }
    for number in range(start, start + count):
        chance = Random((seed << 40) ^ (number * 2_654_435_761))
        chosen = _choose(ids, meeting, chance, most)
        # The narrowest pack's place and items: what it is law for, the wider ones mostly are too.
        narrow = min(chosen, key=lambda name: packs[name].content.level.width)
        facts = makers[narrow if chance.random() < 0.8 else chosen[0]].make(chance)
        tables, fresh = {}, {}
        together = len(chosen) > 1 and chance.random() < 0.25
        if together:
            # One item on several packs' lists: whatever else differs, they speak of the same thing.
            facts["order.item"] = facts["prior.item"] = f"{SHARED_SYSTEM}|{shared_code(chance.randint(1, 3))}"
        for name in chosen:
            kept = shared[name] if together else variants[name]
            if kept and (together or chance.random() < 0.5):
                tables[name] = chance.choice(kept)
            if chance.random() < 0.08:
                fresh[name] = chance.choice(_FRESH)
        yield Generated(number=number, packs=tuple(chosen), facts=facts, tables=tables, fresh_until=fresh)


def _choose(ids: Sequence[str], meeting: Mapping[str, Sequence[str]], chance: Random, most: int) -> list[str]:
    """Choose packs, mostly such as can apply to one order."""
    first = chance.choice(ids)
    wanted = min(most, len(ids), chance.choice((1, 1, 1, 2, 2, 3)))
    if wanted == 1:
        return [first]
    near = meeting[first]
    others = near if near and chance.random() < 0.9 else [name for name in ids if name != first]
    return [first, *chance.sample(others, min(wanted - 1, len(others)))]
