"""UIDs of the objects that carry a mark: the same series and mark give the same UIDs, on every machine."""

from __future__ import annotations

from uuid import UUID, uuid5

__all__ = ["derived_uid"]

_SPACE = UUID("0b5a7b0e-8c0a-5d53-9d5e-5f7d2a3f6c11")


def derived_uid(*parts: str) -> str:
    """Return a UID under ``2.25`` (PS3.5 B.2), made of a name-based UUID of ``parts``.

    Example:
        >>> derived_uid("1.2.3", "chuannei-hr") == derived_uid("1.2.3", "chuannei-hr")
        True
        >>> derived_uid("1.2.3", "chuannei-hr") == derived_uid("1.2.3", "chuanyu-hr")
        False
    """
    return f"2.25.{uuid5(_SPACE, '|'.join(parts)).int}"
