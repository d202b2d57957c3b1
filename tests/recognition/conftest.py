"""The demonstration's messages and order: invented, and read once."""

from __future__ import annotations

import pytest

from fhir_hr.cli.demo import DATA
from fhir_hr.recognition import Conversion, Converter, read_evidence, read_order


@pytest.fixture(scope="session")
def conversions() -> list[Conversion]:
    converter = Converter()
    return [one for path in sorted((DATA / "messages").iterdir()) for one in converter.convert(path.read_bytes())]


@pytest.fixture(scope="session")
def priors(conversions):
    return [prior for one in conversions for prior in one.priors()]


@pytest.fixture(scope="session")
def order():
    return read_order((DATA / "order.json").read_bytes())


@pytest.fixture(scope="session")
def evidence():
    return read_evidence((DATA / "evidence.json").read_bytes())
