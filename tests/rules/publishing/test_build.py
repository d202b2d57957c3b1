"""Building: the same bytes each time, and nothing that no client would take."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fhir_hr.errors import PackError, PackRefusedError, UsageError
from fhir_hr.rules.load import load_compiled
from fhir_hr.rules.publishing import (
    LaneKind,
    Supersedes,
    build_advice,
    build_lane,
    build_pack,
    build_site,
    lane_rows,
    sign_manifest,
)

CHINA = timezone(timedelta(hours=8))


def test_the_same_folder_gives_the_same_bytes(files):
    shuffled = dict(sorted(files.items(), reverse=True))
    assert build_pack(files, serial=1).files == build_pack(shuffled, serial=1).files


def test_the_manifest_says_what_was_built(built):
    written = json.loads(built.files["manifest.json"])
    content = built.files["cn-51-lab.json"]
    assert {name: written[name] for name in ("format", "pack", "version", "jurisdiction", "level", "serial")} == {
        "format": "fhir-hr-pack/1",
        "pack": "cn-51-lab",
        "version": built.content.version,
        "jurisdiction": "cn-51",
        "level": "province",
        "serial": 3,
    }
    assert written["not_before"] == "2026-09-01T00:00:00+08:00"
    [entry] = written["files"]
    assert (entry["path"], entry["size"]) == ("cn-51-lab.json", len(content))
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert load_compiled(content).ref.digest == entry["sha256"]


def test_extra_files_are_signed_for_too(files):
    built = build_pack(files, serial=1, extra={"tests/vectors.jsonl": b"{}\n"})
    assert [each.path for each in built.manifest.files] == ["cn-51-lab.json", "tests/vectors.jsonl"]
    assert built.files["tests/vectors.jsonl"] == b"{}\n"


@pytest.mark.parametrize("path", ["manifest.json", "signatures.json", "cn-51-lab.json"])
def test_what_is_made_here_is_not_given(files, path):
    with pytest.raises(UsageError, match="is made here and cannot be given"):
        build_pack(files, serial=1, extra={path: b"{}"})


def test_a_pack_keeps_to_its_bounds(files):
    with pytest.raises(PackRefusedError, match="not a plain relative path"):
        build_pack(files, serial=1, extra={"../x": b"1"})
    with pytest.raises(UsageError, match="at most 16 files of 16000000 bytes together"):
        build_pack(files, serial=1, extra={"big": bytes(16_000_000)})
    with pytest.raises(UsageError, match="at most 16 files"):
        build_pack(files, serial=1, extra={f"x{n}": b"1" for n in range(16)})
    with pytest.raises(UsageError, match="not_before needs an offset"):
        build_pack(files, serial=1, not_before=datetime(2026, 9, 1))
    with pytest.raises(UsageError, match=r"cannot be published: .*>= 1.*serial"):
        build_pack(files, serial=0)
    with pytest.raises(UsageError, match="cannot be published"):
        build_pack(files, serial=2**53)
    with pytest.raises(PackError, match=r"pack\.yaml: is missing"):
        build_pack({}, serial=1)


def _edited(files, old, new):
    text = files["pack.yaml"].decode()
    assert old in text
    return {**files, "pack.yaml": text.replace(old, new, 1).encode()}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pack: cn-51-lab", "pack: cn-42-lab", "'cn-42-lab' does not belong to the jurisdiction 'cn-51'"),
        ("jurisdiction: cn-51", "jurisdiction: cn", "'cn' is no jurisdiction of level province"),
        ('divisions: ["510000"]', 'divisions: ["510000", "500000"]', "division 500000 lies outside cn-51"),
        ('divisions: ["510000"]', 'divisions: ["000000"]', "the pack is not the nation's"),
    ],
)
def test_nobody_builds_a_pack_for_others(files, old, new, words):
    with pytest.raises(PackError, match=words):
        build_pack(_edited(files, old, new), serial=1)


@pytest.mark.parametrize(
    ("hours", "advised"), [(None, True), (0, True), (47.99, True), (48, False), (100, False), (-5, True)]
)
def test_less_than_two_days_of_lead_is_advised_against_and_no_more(files, hours, advised):
    published = datetime(2026, 8, 1, 12, tzinfo=CHINA)
    begins = None if hours is None else published + timedelta(hours=hours)
    found = build_advice(build_pack(files, serial=1, not_before=begins).manifest, published=published)
    assert [each.code for each in found] == (["lead-time"] if advised else [])
    assert all("less than 48 hours" in each.message for each in found)


def test_a_missing_sm3_and_a_missed_review_are_advised(files, built, monkeypatch):
    import msgspec

    from fhir_hr.rules.publishing import build

    published = datetime(2026, 8, 1, tzinfo=UTC)
    monkeypatch.setattr(build, "sm3", lambda data: None)
    manifest = build_pack(files, serial=1, not_before=datetime(2027, 1, 1, tzinfo=UTC)).manifest
    assert manifest.files[0].sm3 is None
    late = msgspec.structs.replace(manifest, review_by="2026-07-31")
    assert [each.code for each in build_advice(late, published=published)] == ["no-sm3", "review-past"]
    today = msgspec.structs.replace(manifest, review_by="2026-08-01")
    assert [each.code for each in build_advice(today, published=published)] == ["no-sm3"]


# -- lanes -----------------------------------------------------------------------------------------

TABLE = "uscc,item,from,to,reason,clause\nT510104000000000I,,2026-08-01,,演示,\n".encode()


def test_a_lane_is_written_from_the_packs_own_table():
    rows = lane_rows(LaneKind.SUSPENSIONS, TABLE)
    data = build_lane("cn-51-lab", LaneKind.SUSPENSIONS, rows, serial=4, issued=datetime(2026, 8, 2, tzinfo=CHINA))
    written = json.loads(data)
    assert (written["lane"], written["pack"], written["jurisdiction"]) == ("suspensions", "cn-51-lab", "cn-51")
    assert [(row["uscc"], row["start"]) for row in written["rows"]] == [("T510104000000000I", "2026-08-01")]
    with pytest.raises(PackError, match=r"suspensions\.csv:2: "):
        lane_rows(LaneKind.SUSPENSIONS, TABLE.replace(b"T510104000000000I", b""))
    with pytest.raises(UsageError, match="the rows of the lane quality are QualityRow"):
        build_lane("cn-51-lab", LaneKind.QUALITY, rows, serial=1, issued=datetime(2026, 8, 2, tzinfo=CHINA))
    with pytest.raises(UsageError, match="'lab' is no name of a pack"):
        build_lane("lab", LaneKind.SUSPENSIONS, rows, serial=1, issued=datetime(2026, 8, 2, tzinfo=CHINA))
    with pytest.raises(UsageError, match="cannot be published"):
        build_lane("cn-51-lab", LaneKind.SUSPENSIONS, rows, serial=1, issued=datetime(2026, 8, 2))


# -- sites -----------------------------------------------------------------------------------------

SITE = {
    "publisher": "demo",
    "jurisdiction": "cn-51",
    "serial": 9,
    "issued": datetime(2026, 8, 1, tzinfo=CHINA),
    "expires": datetime(2026, 9, 1, tzinfo=CHINA),
}


def test_a_site_has_every_file_and_an_index_that_names_them(signed, key):
    lane = build_lane("cn-51-lab", LaneKind.SUSPENSIONS, (), serial=2, issued=SITE["issued"])
    site = build_site([signed], [(lane, sign_manifest(lane, [key]))], **SITE)
    assert sorted(site) == [
        "index.json",
        "lanes/cn-51-lab/suspensions-2.json",
        "lanes/cn-51-lab/suspensions-2.signatures.json",
        "packs/cn-51-lab/3/cn-51-lab.json",
        "packs/cn-51-lab/3/manifest.json",
        "packs/cn-51-lab/3/signatures.json",
    ]
    index = json.loads(site["index.json"])
    [pack], [listed] = index["packs"], index["lanes"]
    assert pack["digest"] == hashlib.sha256(signed["manifest.json"]).hexdigest()
    assert listed["digest"] == hashlib.sha256(lane).hexdigest()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"jurisdiction": "51"}, "'51' is no jurisdiction"),
        ({"jurisdiction": "cn-14"}, "cn-51-lab is a pack of cn-51, which does not lie in cn-14"),
        ({"expires": SITE["issued"]}, "expires comes after issued"),
        ({"issued": datetime(2026, 8, 1)}, "need offsets"),
        ({"serial": 0}, "cannot be published"),
        ({"publisher": "Demo Office"}, "cannot be published"),
    ],
)
def test_a_site_that_no_client_takes_is_not_laid_out(signed, change, words):
    with pytest.raises(UsageError, match=words):
        build_site([signed], **{**SITE, **change})


def test_a_site_wants_signed_packs_once(signed):
    with pytest.raises(UsageError, match=r"signatures\.json is missing"):
        build_site([{name: data for name, data in signed.items() if name != "signatures.json"}], **SITE)
    with pytest.raises(UsageError, match="would be published twice; two of one serial"):
        build_site([signed, signed], **SITE)


def test_the_version_that_is_replaced_is_named(files):
    manifest = build_pack(files, serial=2, supersedes=Supersedes(version="2022.0.9", serial=1)).manifest
    assert (manifest.supersedes.version, manifest.supersedes.serial) == ("2022.0.9", 1)
