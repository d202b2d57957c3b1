"""Whatever a site offers, a hospital goes on deciding by its last good pack, and is told why."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest

from fhir_hr.rules.publishing import sign_manifest
from fhir_hr.sources.packs import DirectoryTransport

DAY = timedelta(days=1)
NEW = "packs/cn-51-lab/6"
CONTENT = f"{NEW}/cn-51-lab.json"
MANIFEST = f"{NEW}/manifest.json"
SIGNATURES = f"{NEW}/signatures.json"


def _flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _relisted(authority, manifest: bytes, key=None):
    """Put a forged manifest there, signed, and an index that names it."""
    authority.write({MANIFEST: manifest, SIGNATURES: sign_manifest(manifest, [key or authority.key])})
    index = authority.index()
    index["packs"][0] |= {"digest": hashlib.sha256(manifest).hexdigest()}
    authority.sign_index(packs=index["packs"])


def _manifest(authority, **changes):
    forged = {**json.loads((authority.site / MANIFEST).read_bytes()), **changes}
    _relisted(authority, json.dumps(forged).encode())


def _entry(authority):
    return json.loads((authority.site / MANIFEST).read_bytes())["files"][0]


def _link(authority, path, tmp_path):
    target = tmp_path / "secret"
    shutil.move(authority.site / path, target)
    (authority.site / path).symlink_to(target)


def _link_folder(authority, tmp_path):
    shutil.move(authority.site / NEW, tmp_path / "elsewhere")
    (authority.site / NEW).symlink_to(tmp_path / "elsewhere", target_is_directory=True)


def _sparse(path, size):
    with path.open("wb") as opened:
        opened.truncate(size)


def _duplicated(authority):
    data = (authority.site / MANIFEST).read_bytes()
    _relisted(authority, data.replace(b'"serial":6', b'"serial":6,"serial":7'))


def _deep(authority):
    _relisted(authority, b'{"format":' * 20_000 + b"1" + b"}" * 20_000)


def _mixed(authority):
    old = authority.site / "packs/cn-51-lab/5"
    authority.write({f"packs/cn-51-lab/5/{name}": data for name, data in authority.pack(5).items()})
    shutil.copy(old / "cn-51-lab.json", authority.site / CONTENT)


def _swapped_entry(authority):
    """The index names serial 6, and its path leads to the manifest of serial 5."""
    files = authority.pack(5)
    authority.write({f"{NEW}/{name}": data for name, data in files.items()})
    index = authority.index()
    index["packs"][0]["digest"] = hashlib.sha256(files["manifest.json"]).hexdigest()
    authority.sign_index(packs=index["packs"])


def _other_pack(authority):
    """A pack of another province under this one's name in the index."""
    forged = json.loads((authority.site / MANIFEST).read_bytes()) | {"pack": "cn-42-lab", "jurisdiction": "cn-42"}
    forged["files"][0]["path"] = "cn-42-lab.json"
    _relisted(authority, json.dumps(forged).encode())


ATTACKS: dict[str, tuple[Callable, str]] = {
    # -- tampered, truncated, swapped
    "content tampered": (lambda a, t: _flip(a.site / CONTENT), "wrong-digest"),
    "manifest tampered": (lambda a, t: _flip(a.site / MANIFEST), "wrong-digest"),
    "signature tampered": (
        lambda a, t: a.write({SIGNATURES: a.sign({"manifest.json": b"other"})["signatures.json"]}),
        "bad-signature",
    ),
    "index tampered": (
        lambda a, t: a.write({"index.json": (a.site / "index.json").read_bytes() + b" "}),
        "bad-signature",
    ),
    "content truncated": (lambda a, t: os.truncate(a.site / CONTENT, 1000), "truncated"),
    "content empty": (lambda a, t: os.truncate(a.site / CONTENT, 0), "truncated"),
    "manifest truncated": (lambda a, t: os.truncate(a.site / MANIFEST, 50), "wrong-digest"),
    "signatures truncated": (lambda a, t: os.truncate(a.site / SIGNATURES, 20), "malformed"),
    "index truncated": (lambda a, t: os.truncate(a.site / "index.json", 100), "malformed"),
    "content missing": (lambda a, t: (a.site / CONTENT).unlink(), "not-found"),
    "index signature missing": (lambda a, t: (a.site / "index.signatures.json").unlink(), "not-found"),
    "files of another version": (lambda a, t: _mixed(a), "wrong-digest"),
    "manifest of another version": (lambda a, t: _swapped_entry(a), "mismatch"),
    # -- signed by the wrong one
    "signed by a stranger": (
        lambda a, t: _relisted(a, (a.site / MANIFEST).read_bytes(), a.stranger),
        "unknown-key",
    ),
    "index signed by a stranger": (
        lambda a, t: a.write(
            {"index.signatures.json": sign_manifest((a.site / "index.json").read_bytes(), [a.stranger])}
        ),
        "unknown-key",
    ),
    "unsigned": (lambda a, t: a.write({SIGNATURES: b"[]"}), "unknown-key"),
    "of another province": (lambda a, t: _other_pack(a), "wrong-jurisdiction"),
    "named after the nation": (lambda a, t: _manifest(a, jurisdiction="cn"), "wrong-jurisdiction"),
    "index for another province": (lambda a, t: a.sign_index(jurisdiction="cn-42"), "wrong-jurisdiction"),
    # -- malicious, and rightly signed
    "duplicate keys": (lambda a, t: _duplicated(a), "malformed"),
    "deep nesting": (lambda a, t: _deep(a), "malformed"),
    "a huge number": (lambda a, t: _manifest(a, serial=10**300), "malformed"),
    "another vocabulary": (lambda a, t: _manifest(a, vocabulary="2.0"), "wrong-vocabulary"),
    "path upwards": (lambda a, t: _manifest(a, files=[_entry(a), {**_entry(a), "path": "../../x"}]), "path-refused"),
    "path absolute": (lambda a, t: _manifest(a, files=[_entry(a), {**_entry(a), "path": "/etc/x"}]), "path-refused"),
    "path backslash": (lambda a, t: _manifest(a, files=[_entry(a), {**_entry(a), "path": "..\\x"}]), "path-refused"),
    "path NUL": (lambda a, t: _manifest(a, files=[_entry(a), {**_entry(a), "path": "x\0y"}]), "malformed"),
    "path in the index": (
        lambda a, t: a.sign_index(packs=[{**a.index()["packs"][0], "path": "../../etc"}]),
        "path-refused",
    ),
    "a declared gigabyte": (lambda a, t: _manifest(a, files=[{**_entry(a), "size": 10**9}]), "too-large"),
    # -- what a folder can hold
    "content is a link": (lambda a, t: _link(a, CONTENT, t), "link-refused"),
    "manifest is a link": (lambda a, t: _link(a, MANIFEST, t), "link-refused"),
    "index is a link": (lambda a, t: _link(a, "index.json", t), "link-refused"),
    "folder is a link": (_link_folder, "link-refused"),
    "content is a folder": (lambda a, t: ((a.site / CONTENT).unlink(), (a.site / CONTENT).mkdir()), "link-refused"),
    "content is a pipe": (lambda a, t: ((a.site / CONTENT).unlink(), os.mkfifo(a.site / CONTENT)), "link-refused"),
    "a real gigabyte of content": (lambda a, t: _sparse(a.site / CONTENT, 2**30), "too-large"),
    "a real gigabyte of manifest": (lambda a, t: _sparse(a.site / MANIFEST, 2**30), "too-large"),
    "a real gigabyte of index": (lambda a, t: _sparse(a.site / "index.json", 2**30), "too-large"),
    "a real gigabyte of signatures": (lambda a, t: _sparse(a.site / SIGNATURES, 2**30), "too-large"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_decisions_go_on_with_the_last_good_pack(hospital, authority, good, tmp_path, name):
    attack, fault = ATTACKS[name]
    before = hospital.store.packs()[0].ref.digest
    authority.publish([authority.pack(6)], serial=11)
    attack(authority, tmp_path)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = hospital.refresh()
    assert [each.fault for each in report.refused] == [fault], [str(each) for each in report.events]
    assert report.refused[0].message
    assert not any(each.subject == "pack" for each in report.installed)
    [pack] = hospital.store.packs()
    assert (pack.ref.version, pack.ref.digest) == ("1.5", before)
    outcome, codes = hospital.answer()
    assert (outcome, [code for code in codes if code != "HR-PACK-STALE"]) == good
    # Only an index that is itself in order can tell that something newer exists.
    assert ("HR-PACK-STALE" in codes) is any(each.subject == "index" for each in report.installed)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 200_000, "kB more than before"


def test_after_the_attack_the_good_one_is_taken(hospital, authority, good):
    authority.publish([authority.pack(6)], serial=11)
    (authority.site / SIGNATURES).write_bytes(b"[]")
    assert hospital.faults() == ["unknown-key"]
    authority.publish([authority.pack(6)], serial=12)
    assert hospital.refresh().ok
    assert (hospital.version(), hospital.answer()) == ("1.6", good)


# -- rollback and freeze ---------------------------------------------------------------------------


def test_an_index_that_goes_back_is_refused(hospital, authority, good):
    authority.publish([authority.pack(4)], serial=9)
    assert hospital.faults() == ["rolled-back"]
    assert (hospital.version(), hospital.answer()) == ("1.5", good)


def test_an_index_of_the_same_serial_with_other_words_is_refused(hospital, authority, good, now):
    authority.publish([authority.pack(5)], serial=10, expires=now + 900 * DAY)
    assert hospital.faults() == ["serial-reused"]
    assert hospital.answer() == good


def test_a_newer_index_cannot_bring_an_older_pack(hospital, authority, good):
    authority.publish([authority.pack(4)], serial=11)
    assert hospital.faults() == ["rolled-back"]
    assert (hospital.version(), hospital.answer()) == ("1.5", good)


def test_nor_other_bytes_under_the_serial_held(hospital, authority, good):
    authority.publish([authority.pack(5, version='"1.5b"')], serial=11)
    assert hospital.faults() == ["serial-reused"]
    assert (hospital.version(), hospital.answer()) == ("1.5", good)


def test_rollback_is_refused_after_a_restart_too(hospital, authority, good):
    hospital.store = hospital.opened()
    authority.publish([authority.pack(4)], serial=9)
    assert hospital.faults() == ["rolled-back"]


def test_an_older_version_beside_a_refused_newer_one_is_no_step_back(hospital, authority):
    authority.publish([authority.pack(4), authority.pack(6)], serial=11)
    (authority.site / SIGNATURES).write_bytes(b"[]")
    report = hospital.refresh()
    assert [(each.serial, each.fault) for each in report.refused] == [(6, "unknown-key")]
    assert hospital.version() == "1.5"


def test_a_frozen_site_is_noticed_by_its_age(hospital, good, now):
    assert hospital.refresh(now + 29 * DAY).ok
    [flagged] = hospital.refresh(now + 30 * DAY).flagged
    assert flagged.fault == "index-expired"
    assert hospital.answer() == good


def test_another_publisher_cannot_exhaust_this_ones_serials(hospital, authority, good):
    # A key for one city may not speak in the index of the province, whatever serial it writes.
    authority.sign_index(serial=2**53 - 1, jurisdiction="cn-5101", packs=[])
    assert hospital.refresh().ok
    authority.publish([authority.pack(6)], serial=11)
    assert hospital.refresh().ok
    assert hospital.version() == "1.6"


# -- names that would lead out of the store --------------------------------------------------------


@pytest.mark.parametrize("changes", [{"publisher": "../../x"}, {"publisher": "con"}, {"jurisdiction": "../x"}])
def test_names_of_an_index_cannot_lead_out_of_the_store(hospital, authority, good, tmp_path, changes):
    authority.sign_index(serial=11, **changes)
    before = sorted(tmp_path.rglob("*"))
    assert hospital.faults()[0] in ("malformed", "path-refused")
    assert sorted(tmp_path.rglob("*")) == before
    assert hospital.answer() == good


def test_two_sites_one_of_them_hostile(hospital, authority, good, tmp_path):
    hostile = tmp_path / "hostile"
    shutil.copytree(authority.site, hostile)
    (hostile / "index.json").write_bytes(b"[" * 100_000)
    authority.publish([authority.pack(6)], serial=11)
    both = (DirectoryTransport(hostile, name="bad"), DirectoryTransport(authority.site, name="good"))
    hospital.store = hospital.opened(transports=both)
    report = hospital.refresh()
    assert [(each.source, each.fault) for each in report.refused] == [("bad", "malformed")]
    assert (hospital.version(), hospital.answer()) == ("1.6", good)


def test_no_report_shows_a_path_of_the_machine(hospital, authority, tmp_path):
    authority.publish([authority.pack(6)], serial=11)
    (authority.site / CONTENT).unlink()
    said = "\n".join(str(each) for each in hospital.refresh().events)
    assert str(tmp_path) not in said
    assert "cn-51-lab.json: is not there (not-found)" in said
