"""``python -m fhir_hr.testing.run_pack FOLDER…``: run the vectors of packs while writing them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from fhir_hr.errors import FhirHrError
from fhir_hr.testing.running import test_pack

__all__ = ["main"]


def main(folders: Sequence[str]) -> int:
    """Run the vectors of each folder; print failures and totals; 1 if something failed, 2 if it cannot be run."""
    worst = 0
    for folder in folders:
        try:
            report = test_pack(Path(folder))
        except FhirHrError as error:
            sys.stdout.write(f"{folder}: {error}\n")
            worst = 2
            continue
        for failure in report.failures:
            sys.stdout.write(f"{failure}\n")
        sys.stdout.write(f"{folder}: {report.vectors} vectors, {len(report.failures)} failed\n")
        worst = max(worst, 0 if report.ok else 1)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
