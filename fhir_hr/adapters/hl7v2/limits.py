"""Bounds on what is read, so that no input can exhaust memory or time."""

from __future__ import annotations

import msgspec

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes beyond which reading stops with a coded issue.

    Attributes:
        input_bytes: one file or request.
        message_bytes: one message; a larger one is not read, the others of its batch are.
        messages: messages in one input.
        segments: segments in one message; what follows is counted and reported.
        field_chars: characters in one field other than encapsulated data; a longer one is left out.
        repetitions: repetitions read of one field, except text, where they are lines.
        issues: issues kept of one message; further ones are counted in a last issue.
    """

    input_bytes: int = 1 << 30
    message_bytes: int = 64 << 20
    messages: int = 1_000_000
    segments: int = 20_000
    field_chars: int = 200_000
    repetitions: int = 500
    issues: int = 2_000
