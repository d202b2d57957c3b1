"""What was examined in an imaging examination, as fine as a recognised item needs it (部位、侧别、体位、增强)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

__all__ = ["Contrast", "Exam", "Side", "View"]


class Side(StrEnum):
    """Side of the body: 左侧, 右侧, 双侧."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


class View(StrEnum):
    """Projection of a radiograph: 正位, 站立后前位, 侧位, 斜位."""

    FRONTAL = "frontal"
    STANDING_PA = "standing-pa"
    LATERAL = "lateral"
    OBLIQUE = "oblique"


class Contrast(StrEnum):
    """Contrast medium: 平扫, 增强, 平扫加增强."""

    PLAIN = "plain"
    ENHANCED = "enhanced"
    PLAIN_AND_ENHANCED = "plain-and-enhanced"


class Exam(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was, or is to be, examined. ``None`` is unknown, or of no meaning for that part of the body.

    Attributes:
        modality: as lists write it: ``DR``, ``CT``, ``MR``, ``US`` …
        body_part: our code of the part (``chest``, ``knee``; ``mappings/items/cn-51-imaging.csv``).
        side: for paired parts.
        views: projections of a radiograph, sorted, each once; ``None`` when not known.
        contrast: with or without contrast medium.
    """

    modality: str | None = None
    body_part: str | None = None
    side: Side | None = None
    views: tuple[View, ...] | None = None
    contrast: Contrast | None = None
