"""Keeps what pydicom warns of and logs to ourselves: its words hold values, which may name the patient."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

__all__ = ["Heard", "quiet"]


class Heard(logging.Filter):
    """What pydicom said of a block of one thread; only how often may be told, never its words.

    Attributes:
        warned: its warnings; filled at the end of the block.
    """

    def __init__(self) -> None:
        super().__init__()
        self._thread = get_ident()
        self._logged: set[str] = set()
        self.warned: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop what the thread logs, and remember what it doubted."""
        if record.thread != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self._logged.add(record.getMessage())
        return False

    @property
    def doubts(self) -> set[str]:
        """All that was doubted, each once: some is warned of, some logged, some both."""
        return self._logged | set(self.warned)


@contextmanager
def quiet() -> Iterator[Heard]:
    """Show no warning of a block, and log nothing of pydicom in it."""
    heard = Heard()
    logger = logging.getLogger("pydicom")
    logger.addFilter(heard)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield heard
            finally:
                heard.warned += [str(each.message) for each in caught]
    finally:
        logger.removeFilter(heard)
