from __future__ import annotations

from fhir_hr.render import Release, render


def test_smoke(message):
    for release in Release:
        print(render(message, release=release).body.decode())
