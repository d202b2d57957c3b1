"""Keeps what pydicom warns of and logs to ourselves: its words hold values, which may name the patient."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

__all__ = ["quiet"]


class _Silence(logging.Filter):
    """Drops what one thread logs."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._thread


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of a block instead of showing them, and log nothing of pydicom in it.

    Yields:
        The warnings; filled while the block runs. Only their kind may be told on, never their words.
    """
    silence = _Silence()
    logger = logging.getLogger("pydicom")
    logger.addFilter(silence)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
    finally:
        logger.removeFilter(silence)
