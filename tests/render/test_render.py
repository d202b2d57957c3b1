from __future__ import annotations

import pytest

from fhir_hr.render import BundleKind, Release, render


@pytest.mark.parametrize("name", ["message", "odd_message", "bare_message"])
def test_smoke(name, request):
    m = request.getfixturevalue(name)
    for release in Release:
        for kind in BundleKind:
            if kind == "document" and name == "bare_message":
                continue
            b = render(m, release=release, kind=kind)
            __import__("pathlib").Path(f"/tmp/rv/{release}-{name}-{kind}.json").write_bytes(b.body)
            print(b.issues)
