"""An invented authority: keys from fixed bytes, a trust file, a pack of the shipped folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from fhir_hr.rules.publishing import Alg, SigningKey, Trust, build_pack, load_trust, new_key, sign_manifest

FOLDER = Path(__file__).resolve().parents[3] / "profiles" / "rules" / "cn-51" / "lab"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def trust_text(*keys: tuple[SigningKey, str], require: str = '"Ed25519"', more: str = "") -> str:
    parts = [f'format = "fhir-hr-trust/1"\nrequire = [{require}]\n']
    for n, (key, jurisdictions) in enumerate(keys):
        parts.append(
            f'[[keys]]\nname = "演示机构 {n}"\nkid = "{key.public.kid}"\n'
            f'public = """\n{key.public.pem().decode()}"""\njurisdictions = [{jurisdictions}]\n{more}'
        )
    return "\n".join(parts)


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in (".yaml", ".csv")}


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return new_key(Alg.ED25519, entropy=bytes(range(48)))


@pytest.fixture(scope="session")
def stranger() -> SigningKey:
    return new_key(Alg.ED25519, entropy=bytes(range(100, 148)))


@pytest.fixture(scope="session")
def sm2_key() -> SigningKey:
    pytest.importorskip("gmalg", reason="the extra sm2 is not installed")
    return new_key(Alg.SM2_SM3, entropy=bytes(range(50, 98)))


@pytest.fixture(scope="session")
def trust(key) -> Trust:
    return load_trust(trust_text((key, '"cn-51*"')).encode())


@pytest.fixture(scope="session")
def built(files):
    return build_pack(files, serial=3, not_before=datetime(2026, 9, 1, tzinfo=timezone(timedelta(hours=8))))


@pytest.fixture
def signed(built, key) -> dict[str, bytes]:
    return {**built.files, "signatures.json": sign_manifest(built.files["manifest.json"], [key])}


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def write_trust():
    return trust_text
