"""The mark as pixels: drawn once with the font of the extra, placed in the upper right of a matrix."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from fhir_hr.marks.images.extra import font_path, load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MIN_HEIGHT", "Drawn", "draw", "overlay_bytes"]

MIN_HEIGHT = 12
"""Rows of the smallest letters that can be read (Chinese in fewer cannot)."""
_SHARE = 0.05
"""Height of the letters as a share of the shorter side of the matrix."""
_MARGIN = 0.015
_OUTLINE = 16
"""One row of outline for so many rows of letters."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A mark drawn for one size of matrix; all in pixels.

    Attributes:
        rows, columns: size of the matrix.
        top, left: where the box of the letters begins, from 0.
        letters: boolean array, true where a letter is.
        outline: boolean array of the same shape, true on the letters and close around them.
    """

    rows: int
    columns: int
    top: int
    left: int
    letters: Any
    outline: Any

    @property
    def height(self) -> int:
        """Rows of the box."""
        return int(self.letters.shape[0])

    @property
    def width(self) -> int:
        """Columns of the box."""
        return int(self.letters.shape[1])

    def on_matrix(self, part: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return ``letters`` or ``outline`` on a matrix of the whole size."""
        numpy = load("numpy")
        whole: NDArray[np.bool_] = numpy.zeros((self.rows, self.columns), dtype=bool)
        whole[self.top : self.top + self.height, self.left : self.left + self.width] = part
        return whole


@cache
def draw(words: str, *, rows: int, columns: int) -> Drawn | None:
    """Draw a mark for a matrix, right-aligned in its upper right; ``None`` when it would be too small to be read.

    The letters are a twentieth of the shorter side high, at least :data:`MIN_HEIGHT` rows.

    Raises:
        MissingExtraError: Pillow, numpy or the font is not installed.
    """
    numpy, image, image_draw, image_font = (
        load(name) for name in ("numpy", "PIL.Image", "PIL.ImageDraw", "PIL.ImageFont")
    )
    height = max(MIN_HEIGHT, round(min(rows, columns) * _SHARE))
    edge = max(1, height // _OUTLINE)
    margin = max(1, round(min(rows, columns) * _MARGIN))
    font = image_font.truetype(str(font_path()), size=height)
    left, top, right, bottom = font.getbbox(words, stroke_width=edge)
    width, tall = int(right - left), int(bottom - top)
    if width + 2 * margin > columns or tall + 2 * margin > rows:
        return None
    layers = []
    for stroke in (0, edge):
        canvas = image.new("L", (width, tall), 0)
        pen = image_draw.Draw(canvas)
        # A stroke grows the text on all sides but keeps its origin: both layers lie on each other.
        pen.text((-left, -top), words, fill=255, font=font, stroke_width=stroke)
        layers.append(numpy.asarray(canvas) > 127)
    return Drawn(
        rows=rows, columns=columns, top=margin, left=columns - margin - width, letters=layers[0], outline=layers[1]
    )


def overlay_bytes(drawn: Drawn, *, frames: int = 1) -> bytes:
    """Return the letters as Overlay Data (60xx,3000) of the matrix' own size: bits from the lowest, padded to words.

    The plane has the size of the image, because viewers are about that draw no other (PS3.3 C.9.2 allows any size).
    """
    numpy = load("numpy")
    plane = drawn.on_matrix(drawn.letters).ravel()
    packed: bytes = numpy.packbits(numpy.tile(plane, frames) if frames > 1 else plane, bitorder="little").tobytes()
    return packed + b"\0" * (len(packed) % 2)
