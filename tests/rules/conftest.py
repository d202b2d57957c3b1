"""Candidates from the flat facts of decision vectors, and the vectors of every pack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fhir_hr.errors import DataFileError
from fhir_hr.mapping.canonical import ITEM_SYSTEM
from fhir_hr.model.orders import Order, OrderItem
from fhir_hr.model.priors import Prior
from fhir_hr.rules import builtin_pack
from fhir_hr.rules.pack import Pack, bind_pack
from fhir_hr.rules.schema import PackContent
from fhir_hr.testing import facts as flat
from fhir_hr.testing.shelf import find_packs
from fhir_hr.testing.vectors import Vector, read_folder

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "profiles" / "rules"
PACK = RULES / "cn-51" / "lab"
PACKS = find_packs(RULES)
BASE: dict[str, Any] = json.loads((PACK / "tests" / "base.json").read_text(encoding="utf-8"))


class Case(NamedTuple):
    item: OrderItem
    prior: Prior
    order: Order


def build(facts: Mapping[str, Any]) -> Case:
    """Build a candidate; the patients are such that their comparison gives the identity that was asked for."""
    return Case(*flat.build({**BASE, **facts}, item_system=ITEM_SYSTEM)[:3])


class Broken(NamedTuple):
    """A file of vectors that cannot be read: the test that asks it fails, and the others run."""

    error: DataFileError
    name: str


@cache
def vectors() -> list[Vector | Broken]:
    """All vectors: of every pack, then the engine's own."""
    found: list[Vector | Broken] = []
    for pack_id, folder in (*((name, path / "tests") for name, path in PACKS.items()), (None, RULES / "vectors")):
        try:
            found += read_folder(folder, pack=pack_id)
        except DataFileError as error:
            found.append(Broken(error, f"{pack_id or 'engine'} cannot be read"))
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        ids = [v.name if isinstance(v, Broken) else f"{'+'.join(v.packs)}: {v.name}" for v in vectors()]
        metafunc.parametrize("vector", vectors(), ids=ids)
    if "pack_id" in metafunc.fixturenames:
        metafunc.parametrize("pack_id", list(PACKS))


@pytest.fixture(scope="session")
def all_vectors() -> list[Vector]:
    return [vector for vector in vectors() if isinstance(vector, Vector)]


@pytest.fixture(scope="session")
def pack_folders() -> dict[str, Path]:
    return PACKS


@pytest.fixture(scope="session")
def make() -> Callable[[Mapping[str, Any]], Case]:
    return build


@pytest.fixture(scope="session")
def pack() -> Pack:
    return builtin_pack()


@pytest.fixture(scope="session")
def pack_files() -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in PACK.iterdir() if p.suffix in (".yaml", ".csv")}


@pytest.fixture(scope="session")
def variant(pack: Pack) -> Callable[[Callable[[dict[str, Any]], object]], Pack]:
    """Make a pack whose content, as plain data, was changed by a function."""

    def change(edit: Callable[[dict[str, Any]], object]) -> Pack:
        data = msgspec.to_builtins(pack.content)
        edit(data)
        return bind_pack(msgspec.convert(data, PackContent))

    return change
