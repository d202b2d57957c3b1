"""Exit codes of the command; part of its interface."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """What the command's exit code says.

    ``OK`` done, nothing to complain of. ``FINDINGS`` done, but something was rejected or an error was found.
    ``USAGE`` the command was called wrongly, or a file it was given cannot be used. ``SOURCE`` a source of priors
    could not be asked fully, so the answer may be incomplete. ``DATA`` a mapping table, sender profile or rule pack
    is broken. ``OUTPUT`` the store or an output file could not be written. ``BUG`` the library broke its own
    promise. ``INTERRUPTED`` Ctrl-C.
    """

    OK = 0
    FINDINGS = 1
    USAGE = 2
    SOURCE = 3
    DATA = 4
    OUTPUT = 5
    BUG = 70
    INTERRUPTED = 130
