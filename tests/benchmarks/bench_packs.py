"""Loading and verifying a pack of 300 items and 2,000 institutions, beside ``json.loads`` of its bytes in the same run.

Run: ``python tests/benchmarks/bench_packs.py [--rounds N]``. Prints milliseconds of CPU time (the best round, and
the middle one) and the ratio to ``json.loads``. Names and numbers are invented. No timed assertion.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from fhir_hr.rules import builtin_pack
from fhir_hr.rules.load import load_compiled
from fhir_hr.rules.pack import canonical_json
from fhir_hr.rules.publishing import (
    Alg,
    SigningKey,
    build_site,
    load_trust,
    new_key,
    sign_manifest,
    verify_pack,
)
from fhir_hr.rules.publishing.formats import FileEntry, Manifest
from fhir_hr.rules.publishing.sm2 import sm3
from fhir_hr.rules.schema import InstitutionRow
from fhir_hr.rules.tables_of import with_rows
from fhir_hr.sources.packs import DirectoryTransport, PackStore

ITEMS, INSTITUTIONS = 300, 2_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def synthetic_pack(items: int = ITEMS, institutions: int = INSTITUTIONS) -> bytes:
    """Return the compiled pack: the shipped Sichuan rules with longer, invented lists."""
    pack = builtin_pack("cn-51-lab")
    one = pack.content.items[0]
    rows = [
        msgspec.structs.replace(one, code=f"cn-51-lab-{n:03}", name_zh=f"演示项目{n}", abbreviation=f"X{n}")
        for n in range(1, items + 1)
    ]
    listed = [
        InstitutionRow(
            uscc=f"T51{n:015}", name=f"演示县第{n}人民医院", tier=2 + n % 2, division="510104", start="2022-09-01"
        )
        for n in range(institutions)
    ]
    return canonical_json(with_rows(pack, items=rows, institutions=listed).content)


def signed(data: bytes, keys: list[SigningKey]) -> dict[str, bytes]:
    """Return the pack's files with manifest and signatures."""
    content = load_compiled(data).content
    entry = FileEntry(path=f"{content.pack}.json", size=len(data), sha256=sha256(data).hexdigest(), sm3=sm3(data))
    manifest = Manifest(
        format="fhir-hr-pack/1",
        pack=content.pack,
        version=content.version,
        jurisdiction=content.jurisdiction,
        level=content.level,
        vocabulary=content.vocabulary,
        serial=1,
        files=(entry,),
        not_before=None,
        review_by=content.review_by,
        supersedes=None,
    )
    written = canonical_json(manifest)
    return {"manifest.json": written, "signatures.json": sign_manifest(written, keys), entry.path: data}


def trusting(keys: list[SigningKey], require: list[Alg]) -> Any:
    """Return a trust file of these keys."""
    text = f'format = "fhir-hr-trust/1"\nrequire = {json.dumps(require)}\n'
    for key in keys:
        text += f'[[keys]]\nname = "k"\nkid = "{key.public.kid}"\njurisdictions = ["cn-51*"]\n'
        text += f'public = """{key.public.pem().decode()}"""\n'
    return load_trust(text.encode())


def milliseconds(action: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the best and the middle CPU time."""
    took = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        took.append((time.process_time() - start) * 1000)
    return min(took), statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    data = synthetic_pack()
    ed = new_key(Alg.ED25519, entropy=bytes(range(48)))
    files = signed(data, [ed])
    trust = trusting([ed], [Alg.ED25519])
    manifest, digest = files["manifest.json"], sha256(data).hexdigest()
    signature = ed.sign(manifest)
    rows: list[tuple[str, Callable[[], object]]] = [
        ("json.loads of the same bytes", lambda: json.loads(data)),
        ("load_compiled", lambda: load_compiled(data)),
        ("load_compiled, digest given", lambda: load_compiled(data, digest=digest)),
        ("Ed25519 over the manifest", lambda: ed.public.verify(manifest, signature)),
        ("verify_pack, Ed25519, load included", lambda: verify_pack(files, trust=trust, at=NOW)),
    ]
    if find_spec("gmalg") is not None:
        sm = new_key(Alg.SM2_SM3, entropy=bytes(range(48)))
        both, by_sm2 = signed(data, [ed, sm]), sm.sign(manifest)
        all_of = trusting([ed, sm], [Alg.ED25519, Alg.SM2_SM3])
        rows += [
            ("SM3 of the pack", lambda: sm3(data)),
            ("SM2 over the manifest", lambda: sm.public.verify(manifest, by_sm2)),
            ("verify_pack, Ed25519 and SM2", lambda: verify_pack(both, trust=all_of, at=NOW)),
        ]
    else:
        print("SM2 is not measured: the extra sm2 is not installed")
    with tempfile.TemporaryDirectory() as folder:
        site = build_site(
            [files],
            publisher="demo",
            jurisdiction="cn-51",
            serial=1,
            issued=NOW,
            expires=NOW + timedelta(days=30),
        )
        site["index.signatures.json"] = sign_manifest(site["index.json"], [ed])
        for path, each in site.items():
            target = Path(folder, "site", path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(each)
        store = PackStore(Path(folder, "store"), trust=trust, transports=[DirectoryTransport(Path(folder, "site"))])
        assert store.refresh(now=NOW).ok

        def reread() -> None:
            store.reload()
            store.packs()

        rows += [
            ("PackStore.packs, read and verified again", reread),
            ("PackStore.refresh, nothing new", lambda: store.refresh(now=NOW)),
        ]
        print(f"{ITEMS} items, {INSTITUTIONS} institutions, {len(data):,} bytes; {rounds} rounds, ms of CPU time")
        print(f"{'':42}{'best':>9}{'middle':>9}{'ratio':>8}")
        floor = None
        for name, action in rows:
            best, middle = milliseconds(action, rounds)
            floor = floor or best
            print(f"{name:42}{best:9.3f}{middle:9.3f}{best / floor:8.2f}")


if __name__ == "__main__":
    main()
