"""An invented authority with a site in a folder, and a hospital that judges one order by what its store holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fhir_hr.rules.engine import judge
from fhir_hr.rules.publishing import (
    Alg,
    LaneKind,
    SigningKey,
    Trust,
    build_lane,
    build_pack,
    build_site,
    load_trust,
    new_key,
    sign_manifest,
)
from fhir_hr.rules.schema import SuspensionRow
from fhir_hr.sources.packs import DirectoryTransport, PackStore
from fhir_hr.testing.facts import build

FOLDER = Path(__file__).resolve().parents[3] / "profiles" / "rules" / "cn-51" / "lab"
ISSUER = "T510104000000000I"
DAY = timedelta(days=1)
NOW = datetime(2026, 8, 20, tzinfo=UTC)
BEFORE = NOW - 10 * DAY


class Authority:
    """Builds, signs and publishes; every part of it can be misused by a test."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.key = new_key(Alg.ED25519, entropy=bytes(range(48)))
        self.stranger = new_key(Alg.ED25519, entropy=bytes(range(60, 108)))
        self.files = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in (".yaml", ".csv")}

    def trust(self, *, jurisdictions: str = '"cn-51*"', key: SigningKey | None = None, more: str = "") -> Trust:
        public = (key or self.key).public
        text = (
            f'format = "fhir-hr-trust/1"\nrequire = ["Ed25519"]\n[[keys]]\nname = "演示卫健委"\nkid = "{public.kid}"\n'
            f'public = """\n{public.pem().decode()}"""\njurisdictions = [{jurisdictions}]\n{more}'
        )
        return load_trust(text.encode())

    def pack(self, serial: int, *, not_before: datetime | None = None, **edits: str) -> dict[str, bytes]:
        """Build and sign a version; ``edits`` replace lines of pack.yaml by key."""
        lines = self.files["pack.yaml"].decode().splitlines()
        edits = {"version": f'"1.{serial}"', **edits}
        lines = [next((f"{k}: {v}" for k, v in edits.items() if line.startswith(f"{k}: ")), line) for line in lines]
        files = {**self.files, "pack.yaml": ("\n".join(lines) + "\n").encode()}
        return self.sign(build_pack(files, serial=serial, not_before=not_before).files)

    def sign(self, files: dict[str, bytes], key: SigningKey | None = None) -> dict[str, bytes]:
        return {**files, "signatures.json": sign_manifest(files["manifest.json"], [key or self.key])}

    def lane(self, serial: int, *suspended: str, item: str | None = None) -> tuple[bytes, bytes]:
        rows = [SuspensionRow(uscc=each, item=item, start="2026-08-01") for each in suspended]
        data = build_lane("cn-51-lab", LaneKind.SUSPENSIONS, rows, serial=serial, issued=BEFORE)
        return data, sign_manifest(data, [self.key])

    def publish(
        self,
        packs: Sequence[dict[str, bytes]],
        *,
        serial: int,
        lanes: Sequence[tuple[bytes, bytes]] = (),
        issued: datetime = BEFORE,
        expires: datetime = NOW + 30 * DAY,
    ) -> None:
        site = build_site(
            packs, lanes, publisher="demo", jurisdiction="cn-51", serial=serial, issued=issued, expires=expires
        )
        self.write({**site, "index.signatures.json": sign_manifest(site["index.json"], [self.key])})

    def write(self, files: dict[str, bytes]) -> None:
        for path, data in files.items():
            target = self.site / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def sign_index(self, **changes: object) -> None:
        """Change the index that lies there and sign it again."""
        index = {**json.loads((self.site / "index.json").read_bytes()), **changes}
        data = json.dumps(index).encode()
        self.write({"index.json": data, "index.signatures.json": sign_manifest(data, [self.key])})

    def index(self) -> dict:
        return json.loads((self.site / "index.json").read_bytes())


class Hospital:
    """A store and one order: a starred result of ten days ago, of an institution that is not suspended."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.folder = folder
        self.authority = authority
        self.store = self.opened()

    def opened(self, trust: Trust | None = None, transports=None) -> PackStore:
        where = (DirectoryTransport(self.authority.site, name="site"),) if transports is None else transports
        return PackStore(self.folder, trust=trust or self.authority.trust(), transports=where)

    def refresh(self, now: datetime = NOW):
        return self.store.refresh(now=now)

    def faults(self, now: datetime = NOW) -> list[str]:
        return [each.fault for each in self.refresh(now).events if each.fault]

    def version(self) -> str:
        [pack] = self.store.packs()
        return pack.ref.version

    def answer(self) -> tuple[str, list[str]]:
        base = json.loads((FOLDER / "tests" / "base.json").read_bytes())
        case = build(base, item_system="https://fhir-hr.example/fhir/CodeSystem/recognised-item-cn-51-lab")
        verdict = judge(case.item, case.prior, order=case.order, packs=self.store.packs(), identity=case.identity)
        return verdict.outcome.value, [reason.code for reason in verdict.reasons]


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path / "site")


@pytest.fixture
def hospital(tmp_path, authority) -> Hospital:
    """A hospital that holds serial 5 and goes on deciding by it."""
    authority.publish([authority.pack(5)], serial=10)
    found = Hospital(tmp_path / "store", authority)
    assert found.refresh().ok
    assert found.answer() == GOOD
    return found


GOOD = ("must", ["HR-WINDOW-NONE", "HR-OBLIGED"])


@pytest.fixture
def good():
    return GOOD


@pytest.fixture
def now():
    return NOW
