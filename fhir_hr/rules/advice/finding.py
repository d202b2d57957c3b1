"""What lint says, and what it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from fhir_hr.issues import Severity
from fhir_hr.rules.advice.words import ADVICE, AdviceCode
from fhir_hr.rules.schema import PackContent
from fhir_hr.rules.strict_yaml import Lines
from fhir_hr.rules.tables import TableRow

__all__ = ["Advice", "Draft", "advice"]


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that lint says of a pack.

    Attributes:
        file, line: where, inside the pack's folder; ``line`` is ``None`` where no line can be named.
        zh, en: the words.
    """

    severity: Severity
    code: AdviceCode
    file: str
    line: int | None
    zh: str
    en: str

    def text(self, lang: str = "zh") -> str:
        """Return the words in ``zh`` or ``en``."""
        return self.en if lang == "en" else self.zh

    @property
    def place(self) -> str:
        """``file:line``."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A pack as its author wrote it: content and where each part stands.

    Attributes:
        lines, source_lines: lines of ``pack.yaml`` and ``sources.yaml`` by path.
        rows: rows of the tables by field of the pack, in the order of its content.
        as_of: the moment that dates are compared with; ``None``: they are not.
        not_before: when the pack is to take effect on clients, where that is known.
    """

    content: PackContent
    lines: Lines
    source_lines: Lines
    rows: Mapping[str, list[TableRow]]
    as_of: datetime | None = None
    not_before: datetime | None = None

    def line(self, path: str) -> int | None:
        """Return the line of a path in ``pack.yaml``, or of the nearest part around it."""
        return _nearest(path, self.lines)

    def head(self, code: AdviceCode, path: str, **values: object) -> Advice:
        """Advise at a path of ``pack.yaml``."""
        return advice(code, "pack.yaml", self.line(path), **values)

    def source(self, code: AdviceCode, path: str, **values: object) -> Advice:
        """Advise at a path of ``sources.yaml``."""
        return advice(code, "sources.yaml", _nearest(path, self.source_lines), **values)


def advice(code: AdviceCode, file: str, line: int | None, **values: object) -> Advice:
    """Make one piece of advice."""
    severity, zh, en = ADVICE[code]
    return Advice(severity=severity, code=code, file=file, line=line, zh=zh.format(**values), en=en.format(**values))


def _nearest(path: str, lines: Lines) -> int | None:
    while path not in lines and len(path) > 1:
        path = path[: max(path.rfind("."), path.rfind("["), 1)]
    return lines.get(path)
