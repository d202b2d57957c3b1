"""What becomes of a folder of HL7 v2 messages, as a Markdown table by repository.

``python tests/corpus/table.py [FOLDER] [--write]``: the folder may hold a ``PROVENANCE.tsv`` with columns ``file``
and ``repo``; without it the table has one row. ``--write`` puts the table into the conformance page.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from fhir_hr.adapters.hl7v2 import Reader

__all__ = ["CORPUS", "PAGE", "messages", "page_table", "table"]

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = ROOT / "docs" / "reference" / "conformance.md"
BEGIN, END = "<!-- corpus table: begin -->", "<!-- corpus table: end -->"
SEVERITIES = ("error", "warning", "information")
COLUMNS = ("repository", "messages", "OBX", "observations", "in report", "rejected", *SEVERITIES)


def messages(folder: Path) -> list[Path]:
    """The message files of a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix in {".hl7", ".hl7v2", ".txt"} and path.is_file())


def _repositories(folder: Path) -> dict[str, str]:
    listed = folder / "PROVENANCE.tsv"
    if not listed.is_file():
        return {}
    head, *rows = [line.split("\t") for line in listed.read_text(encoding="utf-8").splitlines()]
    file, repository = head.index("file"), head.index("repo")
    return {row[file]: row[repository] for row in rows}


def table(folder: Path) -> str:
    """The table for a folder."""
    repositories = _repositories(folder)
    counted: dict[str, Counter[str]] = {}
    reader = Reader()
    for path in messages(folder):
        row = counted.setdefault(repositories.get(path.name, "(invented)"), Counter())
        for read in reader.read(path.read_bytes()):
            row["messages"] += 1
            row["OBX"] += read.counts.obx_read
            row["observations"] += read.counts.observations
            row["in report"] += read.counts.in_report
            row["rejected"] += read.counts.rejected
            row.update(str(issue.severity) for issue in read.issues)
    total: Counter[str] = Counter()
    for row in counted.values():
        total.update(row)
    lines = [f"| {' | '.join(COLUMNS)} |", f"|---|{'---:|' * (len(COLUMNS) - 1)}"]
    for name, row in [*sorted(counted.items(), key=lambda item: item[0].casefold()), ("**all**", total)]:
        lines.append(f"| {name} | {' | '.join(str(row[column]) for column in COLUMNS[1:])} |")
    return "\n".join(lines)


def page_table() -> str:
    """The table as it stands in the conformance page."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def _write(new: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    PAGE.write_text(f"{before}\n\n{new}\n\n{after}", encoding="utf-8")


if __name__ == "__main__":
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    made = table(Path(folders[0]) if folders else CORPUS / "hl7v2")
    print(made)
    if "--write" in sys.argv:
        _write(made)
