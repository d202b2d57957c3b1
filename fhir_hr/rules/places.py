"""Where in a pack something is: file and line of what an author wrote, or the path in a compiled pack."""

from __future__ import annotations

from fhir_hr.errors import PackError
from fhir_hr.rules.pack_tables import FILES, Tables
from fhir_hr.rules.strict_yaml import Lines

__all__ = ["Places"]


class Places:
    """Makes errors that name their place.

    Args:
        file: name of the compiled pack; ``None`` for an author's files.
        lines, source_lines: lines of ``pack.yaml`` and ``sources.yaml`` by path.
        tables: the rows that the tables were read from.
    """

    def __init__(
        self,
        *,
        file: str | None = None,
        lines: Lines | None = None,
        source_lines: Lines | None = None,
        tables: Tables | None = None,
    ) -> None:
        self._file = file
        self._lines = lines or {}
        self._source_lines = source_lines or {}
        self._tables = tables

    def head(self, message: str, path: str) -> PackError:
        """Make an error at a part of ``pack.yaml``: ``$.checks[3].on_fail``."""
        return self._yaml(message, path, "pack.yaml", self._lines)

    def source(self, message: str, path: str) -> PackError:
        """Make an error at a part of ``sources.yaml``."""
        return self._yaml(message, path, "sources.yaml", self._source_lines)

    def row(self, message: str, part: str, n: int) -> PackError:
        """Make an error at a row of a table."""
        rows = self._tables.rows.get(part, []) if self._tables is not None else []
        if n < len(rows):
            return rows[n].broken(message)
        if self._file is None:
            return PackError(message, file=FILES.get(part, part))
        return PackError(f"{part}[{n}]: {message}", file=self._file)

    def _yaml(self, message: str, path: str, file: str, lines: Lines) -> PackError:
        if self._file is not None:
            return PackError(f"{path[2:]}: {message}" if len(path) > 2 else message, file=self._file)
        at = path
        while at not in lines and len(at) > 1:
            at = at[: max(at.rfind("."), at.rfind("["), 1)]
        return PackError(message, file=file, line=lines.get(at))
