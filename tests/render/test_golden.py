"""Reviewed output, byte for byte. ``UPDATE_GOLDEN=1`` writes it anew: read the difference before committing.

The official validator reads the same files in ``tests/peers/test_rendered.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from studies import CASES as STUDIES

from fhir_hr.render import BundleKind, Release, render

GOLDEN = Path(__file__).parent / "golden"
CASES = [
    ("message", BundleKind.COLLECTION),
    ("message", BundleKind.TRANSACTION),
    ("message", BundleKind.DOCUMENT),
    ("odd_message", BundleKind.COLLECTION),
    ("bare_message", BundleKind.COLLECTION),
    *((name, BundleKind.COLLECTION) for name in STUDIES),
    ("ct_report", BundleKind.TRANSACTION),
    ("ct_report", BundleKind.DOCUMENT),
]


@pytest.mark.parametrize("release", list(Release))
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_golden(name, kind, release, request):
    message = STUDIES.get(name) or request.getfixturevalue(name)
    text = msgspec.json.format(render(message, release=release, kind=kind).body, indent=1) + b"\n"
    path = GOLDEN / f"{release.lower()}-{name}-{kind}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(text)
    assert path.read_bytes() == text


def test_no_golden_file_is_left_over():
    names = {f"{release.lower()}-{name}-{kind}.json" for release in Release for name, kind in CASES}
    assert {path.name for path in GOLDEN.iterdir()} == names
