"""Finds the data that ships with the library: ``profiles/`` and ``mappings/``.

An installed wheel carries them under ``fhir_hr/_shipped/``; a checkout has them beside the package.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fhir_hr.errors import FhirHrError

__all__ = ["data_path"]


@cache
def _root() -> Path:
    here = Path(__file__).resolve().parent
    for root in (here / "_shipped", here.parent):
        if (root / "mappings").is_dir():
            return root
    msg = "the packaged data (mappings/, profiles/) was not found; the installation is incomplete"
    raise FhirHrError(msg)


def data_path(*parts: str) -> Path:
    """Return the path of a packaged data file or folder, e.g. ``data_path("mappings", "marks.csv")``.

    Raises:
        FhirHrError: there is no such data; the installation is incomplete.
    """
    path = _root().joinpath(*parts)
    if not path.exists():
        msg = f"packaged data {'/'.join(parts)!r} was not found; the installation is incomplete"
        raise FhirHrError(msg)
    return path
