"""Peers of the tests: started once per session; where one is missing its tests say so by name."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

HERE = Path(__file__).resolve().parent
PROFILES = HERE.parents[1] / "profiles" / "fhir"


def _load(name: str, path: Path) -> ModuleType:
    """Load a module that lies in no package, once."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


peer = _load("fhir_hr_peer_validator", HERE / "validator.py")
server_peer = _load("fhir_hr_peer_fhir_server", HERE / "fhir_server.py")
pacs_peer = _load("fhir_hr_peer_pacs", HERE / "pacs.py")


def not_run(peer_name: str, why: object) -> NoReturn:
    """Skip with the reason; in CI a peer that cannot run is a failure."""
    reason = f"{peer_name} not run: {why}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def package_of(release: str) -> Path:
    """Return the committed FHIR package of a release."""
    return next((PROFILES / "dist").glob(f"*.{release.lower()}-*.tgz"))


def _official(release: str) -> Iterator[object]:
    with contextlib.ExitStack() as stack:
        try:
            validator = stack.enter_context(peer.OfficialValidator(release, definitions=[package_of(release)]))
        except peer.PeerUnavailable as missing:
            not_run("official validator", missing)
        yield validator


@pytest.fixture(scope="session")
def official_validator_r4() -> Iterator[object]:
    """The official validator for R4 with this project's package loaded."""
    yield from _official("R4")


@pytest.fixture(scope="session")
def official_validator_r5() -> Iterator[object]:
    """The official validator for R5 with this project's package loaded."""
    yield from _official("R5")


@pytest.fixture(params=["R4", "R5"])
def release(request: pytest.FixtureRequest) -> str:
    """Each release in turn."""
    return str(request.param)


@pytest.fixture
def official_validator(release: str, request: pytest.FixtureRequest) -> object:
    """The official validator for `release`."""
    return request.getfixturevalue(f"official_validator_{release.lower()}")


def _served(release: str) -> Iterator[object]:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(server_peer.FhirServer(release))
        except peer.PeerUnavailable as missing:
            not_run("FHIR server", missing)
        yield server


@pytest.fixture(scope="session")
def fhir_server_r4() -> Iterator[object]:
    """A FHIR server for R4, empty at the start of the session."""
    yield from _served("R4")


@pytest.fixture(scope="session")
def fhir_server_r5() -> Iterator[object]:
    """A FHIR server for R5, empty at the start of the session."""
    yield from _served("R5")


@pytest.fixture
def fhir_server(release: str, request: pytest.FixtureRequest) -> object:
    """The FHIR server for `release`."""
    return request.getfixturevalue(f"fhir_server_{release.lower()}")


def _archive(kind: type) -> Iterator[object]:
    with contextlib.ExitStack() as stack:
        try:
            archive = stack.enter_context(kind())
        except peer.PeerUnavailable as missing:
            not_run(kind.name, missing)
        yield archive


@pytest.fixture(scope="session")
def orthanc() -> Iterator[object]:
    """Orthanc with DICOMweb (``pacs.Orthanc``), empty at the start of the session."""
    yield from _archive(pacs_peer.Orthanc)


@pytest.fixture(scope="session")
def dcmqrscp() -> Iterator[object]:
    """The server of dcmtk (``pacs.Dcmqrscp``), empty at the start of the session."""
    yield from _archive(pacs_peer.Dcmqrscp)


@pytest.fixture(scope="session")
def qrscp() -> Iterator[object]:
    """The server of pynetdicom (``pacs.Qrscp``), empty at the start of the session."""
    yield from _archive(pacs_peer.Qrscp)


@pytest.fixture(scope="session")
def profile_build() -> ModuleType:
    """The profile build script as a module."""
    return _load("fhir_hr_profile_build", PROFILES / "build.py")


@pytest.fixture(scope="session")
def toolchain(profile_build: ModuleType) -> object:
    """SUSHI with the core packages of both releases, ready in the cache."""
    chain = profile_build.fetch.Toolchain(profile_build.CACHE, lockfile_folder=profile_build.HERE)
    try:
        chain.sushi()
        for name in ("R4", "R5"):
            chain.core_packages(name)
    except profile_build.fetch.ToolMissingError as missing:
        not_run("SUSHI", missing)
    return chain
