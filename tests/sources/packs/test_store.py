"""The life of a store: first packs, newer ones, lanes, going stale, working without network, damage."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import pytest

from fhir_hr.errors import StoreError, UsageError
from fhir_hr.model.flags import EvidenceResult, EvidenceType
from fhir_hr.rules.publishing import Alg, LaneKind, build_lane, new_key, sign_manifest
from fhir_hr.rules.schema import QualityRow
from fhir_hr.sources.packs import DirectoryTransport, PackStore

ISSUER = "T510104000000000I"
DAY = timedelta(days=1)


def _said(report) -> list[tuple[str, str, int | None]]:
    return [(each.subject.value, each.state.value, each.serial) for each in report.events]


def test_making_a_store_touches_nothing_and_it_holds_nothing(tmp_path, authority):
    store = PackStore(tmp_path / "none", trust=authority.trust())
    assert store.packs() == ()
    assert store.refresh(now=datetime.fromisoformat("2026-08-20T00:00:00+00:00")).events == ()
    assert not (tmp_path / "none").exists()


def test_a_site_is_taken_over_once(hospital, now):
    report = hospital.refresh()
    assert _said(report) == [("index", "unchanged", 10), ("pack", "unchanged", 5)]
    assert [str(each) for each in report.events][1] == "site: pack cn-51-lab 5 unchanged"


def test_what_is_known_is_not_written_again(hospital):
    before = {path: path.stat().st_ino for path in hospital.folder.rglob("*")}
    hospital.refresh()
    assert {path: path.stat().st_ino for path in hospital.folder.rglob("*")} == before


def test_a_newer_version_replaces_the_older(hospital, authority, good):
    authority.publish([authority.pack(5), authority.pack(6)], serial=11)
    assert _said(hospital.refresh()) == [("index", "installed", 11), ("pack", "installed", 6)]
    assert (hospital.version(), hospital.answer()) == ("1.6", good)


def test_a_version_that_is_coming_waits_and_the_one_in_force_stays(hospital, authority, now, good):
    authority.publish([authority.pack(5), authority.pack(6, not_before=now + 3 * DAY)], serial=11)
    report = hospital.refresh()
    assert ("pack", "pending", 6) in _said(report)
    assert report.ok
    assert (hospital.version(), hospital.answer()) == ("1.5", good)
    hospital.refresh(now + 3 * DAY)
    assert hospital.version() == "1.6"


def test_a_new_client_gets_the_version_in_force_beside_one_that_is_coming(tmp_path, authority, now):
    authority.publish([authority.pack(5), authority.pack(6, not_before=now + 3 * DAY)], serial=11)
    store = PackStore(tmp_path / "s", trust=authority.trust(), transports=[DirectoryTransport(authority.site)])
    assert [each.serial for each in store.refresh(now=now).installed] == [11, 5]


def test_it_works_without_the_site(hospital, authority, good, now):
    shutil.rmtree(authority.site)
    report = hospital.refresh()
    assert [(each.fault, each.message) for each in report.refused] == [
        ("not-found", "index.json: is not there (not-found)")
    ]
    assert hospital.answer() == good
    assert hospital.opened().packs()[0].ref == hospital.store.packs()[0].ref


def test_another_process_sees_what_was_taken_over(hospital, authority):
    other = hospital.opened()
    assert other.packs()[0].ref.version == "1.5"
    authority.publish([authority.pack(6)], serial=11)
    hospital.refresh()
    assert other.packs()[0].ref.version == "1.5"
    other.reload()
    assert other.packs()[0].ref.version == "1.6"


# -- going stale -----------------------------------------------------------------------------------


def test_an_expired_index_is_used_and_decisions_say_so(hospital, authority, now, good):
    authority.publish([authority.pack(6)], serial=11, expires=now - DAY)
    report = hospital.refresh()
    assert [(each.fault, each.state) for each in report.flagged] == [("index-expired", "flagged")]
    assert "expired at 2026-08-19T00:00:00+00:00" in report.flagged[0].message
    assert hospital.version() == "1.6"
    outcome, codes = hospital.answer()
    assert (outcome, "HR-PACK-STALE" in codes) == (good[0], True)


def test_a_store_left_alone_goes_stale_by_itself(hospital, authority, now, good):
    authority.publish([authority.pack(6)], serial=11, expires=now + timedelta(hours=1))
    hospital.refresh()
    # The order is of 2026-08-20 02:00 UTC, an hour after the index ended.
    assert hospital.answer() == (good[0], ["HR-PACK-STALE", *good[1]])


def test_a_newer_version_that_cannot_be_had_makes_the_held_one_stale(hospital, authority, good):
    authority.publish([authority.pack(6)], serial=11)
    (authority.site / "packs/cn-51-lab/6/cn-51-lab.json").unlink()
    assert hospital.faults() == ["not-found"]
    assert hospital.version() == "1.5"
    assert hospital.answer() == (good[0], ["HR-PACK-STALE", *good[1]])


def test_a_version_to_come_makes_nothing_stale_before_its_time(hospital, authority, now, good):
    later = authority.pack(6, not_before=now + timedelta(hours=1))
    authority.publish([later], serial=11)
    hospital.refresh()
    assert hospital.store.packs()[0].fresh_until == now + timedelta(hours=1)
    authority.publish([authority.pack(6, not_before=now + 5 * DAY)], serial=12)
    hospital.refresh()
    assert hospital.answer() == good


def test_of_two_indexes_that_list_it_the_fresher_counts(hospital, authority, now, good):
    authority.publish([authority.pack(5)], serial=11, expires=now - DAY)
    hospital.refresh()
    assert "HR-PACK-STALE" in hospital.answer()[1]
    authority.sign_index(publisher="mirror", expires=(now + 9 * DAY).isoformat())
    hospital.refresh()
    assert hospital.store.packs()[0].fresh_until == now + 9 * DAY
    assert hospital.answer() == good


def test_a_newer_lane_that_cannot_be_had_makes_the_pack_stale(hospital, authority, good):
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(1)])
    hospital.refresh()
    assert hospital.answer() == good
    authority.publish([authority.pack(5)], serial=12, lanes=[authority.lane(2, ISSUER)])
    (authority.site / "lanes/cn-51-lab/suspensions-2.json").unlink()
    assert hospital.faults() == ["not-found"]
    assert hospital.answer() == (good[0], ["HR-PACK-STALE", *good[1]])


def test_a_pack_listed_no_more_is_used_and_flagged(hospital, authority, good):
    authority.publish([], serial=11)
    [flagged] = hospital.refresh().flagged
    assert (flagged.fault, "the index of demo no longer lists it" in flagged.message) == ("not-listed", True)
    assert hospital.answer() == (good[0], ["HR-PACK-STALE", *good[1]])


# -- lanes -----------------------------------------------------------------------------------------


def test_a_suspension_arrives_by_the_lane_and_is_lifted_by_it(hospital, authority, good):
    pack = authority.pack(5)
    authority.publish([pack], serial=11, lanes=[authority.lane(1, ISSUER)])
    assert _said(hospital.refresh())[-1] == ("lane", "installed", 1)
    assert hospital.answer() == ("not", ["HR-INSTITUTION-SUSPENDED", *good[1]])
    suspended = hospital.store.packs()[0].ref.digest
    authority.publish([pack], serial=12, lanes=[authority.lane(2)])
    hospital.refresh()
    assert hospital.answer() == good
    assert hospital.store.packs()[0].ref.digest != suspended


def test_quality_evidence_arrives_by_its_own_lane(hospital, authority, good):
    row = QualityRow(
        uscc=ISSUER, type=EvidenceType.EQA, result=EvidenceResult.FAILED, start="2026-01-01", end="2026-12-31"
    )
    issued = datetime.fromisoformat("2026-08-11T08:00:00+08:00")
    data = build_lane("cn-51-lab", LaneKind.QUALITY, [row], serial=1, issued=issued)
    lanes = [(data, sign_manifest(data, [authority.key])), authority.lane(7)]
    authority.publish([authority.pack(5)], serial=11, lanes=lanes)
    report = hospital.refresh()
    installed = [(each.name, each.serial) for each in report.installed if each.subject == "lane"]
    assert sorted(installed) == [("cn-51-lab quality", 1), ("cn-51-lab suspensions", 7)]
    outcome, codes = hospital.answer()
    assert outcome == "not"
    assert "HR-EQA-FAIL" in codes


def test_a_lane_rolled_back_is_refused_and_the_suspension_stays(hospital, authority):
    old = authority.lane(1)
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(2, ISSUER)])
    hospital.refresh()
    authority.publish([authority.pack(5)], serial=12, lanes=[old])
    assert hospital.faults() == ["rolled-back"]
    assert hospital.answer()[0] == "not"


def test_a_lane_left_out_of_the_index_stays_in_force(hospital, authority):
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(2, ISSUER)])
    hospital.refresh()
    authority.publish([authority.pack(6)], serial=12)
    assert hospital.refresh().ok
    assert (hospital.version(), hospital.answer()[0]) == ("1.6", "not")


@pytest.mark.parametrize("how", ["unsigned", "stranger", "tampered", "other-serial", "gone"])
def test_a_lane_that_is_not_in_order_is_refused_and_makes_the_pack_stale(hospital, authority, good, how):
    data, signatures = authority.lane(3, ISSUER)
    authority.publish([authority.pack(5)], serial=11, lanes=[(data, signatures)])
    path, beside = (authority.site / f"lanes/cn-51-lab/suspensions-3.{each}" for each in ("json", "signatures.json"))
    if how == "unsigned":
        beside.write_bytes(b"[]")
    elif how == "stranger":
        beside.write_bytes(sign_manifest(data, [authority.stranger]))
    elif how == "tampered":
        path.write_bytes(data.replace(ISSUER.encode(), b"T510104000000000J"))
    elif how == "other-serial":
        path.write_bytes(authority.lane(4, ISSUER)[0])
    else:
        path.unlink()
    expected = {"unsigned": "unknown-key", "stranger": "unknown-key", "gone": "not-found"}.get(how, "wrong-digest")
    assert hospital.faults() == [expected]
    assert hospital.answer() == (good[0], ["HR-PACK-STALE", *good[1]])


@pytest.mark.parametrize("change", [{"serial": 9}, {"lane": "quality"}])
def test_an_index_that_names_a_lane_wrongly_does_not_bring_it(hospital, authority, good, change):
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(3, ISSUER)])
    authority.sign_index(lanes=[{**authority.index()["lanes"][0], **change}])
    assert hospital.faults() == ["mismatch"]
    assert hospital.answer()[0] == good[0]


def test_a_lane_of_the_same_serial_with_other_rows_is_refused(hospital, authority):
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(3, ISSUER)])
    hospital.refresh()
    authority.publish([authority.pack(5)], serial=12, lanes=[authority.lane(3)])
    assert hospital.faults() == ["serial-reused"]
    assert hospital.answer()[0] == "not"


def test_a_lane_that_does_not_fit_the_pack_is_refused(hospital, authority, good):
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(1, ISSUER, item="no-such-item")])
    [event] = hospital.refresh().refused
    assert (event.subject, event.fault) == ("lane", "mismatch")
    assert "do not fit together" in event.message
    assert hospital.answer()[0] == good[0]


def test_a_new_pack_that_fits_is_taken_beside_a_lane_that_does_not(hospital, authority):
    authority.publish([authority.pack(6)], serial=11, lanes=[authority.lane(1, ISSUER, item="no-such-item")])
    report = hospital.refresh()
    assert [(each.subject, each.serial) for each in report.installed] == [("index", 11), ("pack", 6)]
    assert [(each.subject, each.fault) for each in report.refused] == [("lane", "mismatch")]


def test_a_new_pack_that_a_held_lane_does_not_fit_is_refused(hospital, authority):
    # Otherwise the suspensions would be dropped without a word.
    lane = authority.lane(1, ISSUER, item="cn-51-lab-16")
    authority.publish([authority.pack(5)], serial=11, lanes=[lane])
    assert hospital.refresh().ok
    lines = authority.files["items.csv"].splitlines(keepends=True)
    authority.files["items.csv"] = b"".join(line for line in lines if not line.startswith(b"cn-51-lab-16,"))
    authority.publish([authority.pack(6)], serial=12, lanes=[lane])
    [event] = hospital.refresh().refused
    assert (event.subject, event.serial, event.fault) == ("pack", 6, "mismatch")
    assert len(hospital.store.packs()[0].content.suspensions) == 1
    authority.publish([authority.pack(6)], serial=13, lanes=[authority.lane(2)])
    assert hospital.refresh().ok
    assert hospital.version() == "1.6"


# -- keys ------------------------------------------------------------------------------------------


def test_a_key_can_be_rotated(hospital, authority, good):
    old, new = authority.key, new_key(Alg.ED25519, entropy=bytes(range(9, 57)))
    authority.key = new
    authority.publish([authority.pack(6)], serial=11)
    assert hospital.faults() == ["unknown-key"]
    assert (hospital.version(), hospital.answer()) == ("1.5", good)
    hospital.store = hospital.opened(authority.trust(key=new))
    report = hospital.refresh()
    assert [(each.subject, each.serial) for each in report.installed] == [("index", 11), ("pack", 6)]
    assert hospital.version() == "1.6"
    authority.key = old


def test_a_key_that_has_ended_signs_nothing_new_and_what_it_signed_stays(hospital, authority, good):
    authority.publish([authority.pack(6)], serial=11)
    hospital.store = hospital.opened(authority.trust(more="to = 2026-08-20T00:00:00Z\n"))
    assert hospital.faults() == ["key-not-valid"]
    assert (hospital.version(), hospital.answer()) == ("1.5", good)


def test_what_only_a_withdrawn_key_signed_is_used_no_more_and_said_so(hospital, authority, good):
    # Taking a key out of the trust file is the hospital's own word; a key that merely ends is not.
    hospital.store = hospital.opened(authority.trust(key=authority.stranger), transports=())
    assert hospital.store.packs() == ()
    events = hospital.store.problems()
    assert {(each.fault, each.state) for each in events} == {("key-withdrawn", "refused")}
    assert "the copy held is not used: cn-51-lab 5: signed by no key of the trust file" in events[-1].message
    hospital.store = hospital.opened(authority.trust(more="to = 2026-08-20T00:00:00Z\n"), transports=())
    assert (hospital.answer(), hospital.store.problems()) == (good, ())


def test_a_key_that_may_sign_less_than_before_counts_as_withdrawn(hospital, authority):
    hospital.store = hospital.opened(authority.trust(jurisdictions='"cn-14*"'), transports=())
    assert hospital.store.packs() == ()
    assert {each.fault for each in hospital.store.problems()} == {"key-withdrawn"}


def test_requiring_more_signatures_than_before_switches_nothing_off(hospital, authority, good):
    more = '[[requirements]]\njurisdictions = ["cn-51*"]\nalgs = ["Ed25519", "SM2-SM3"]\n'
    hospital.store = hospital.opened(authority.trust(more=more))
    assert hospital.answer() == good
    events = hospital.store.problems()
    assert {(each.fault, each.state) for each in events} == {("signature-missing", "flagged")}
    assert hospital.faults()[0] == "signature-missing"


# -- damage ----------------------------------------------------------------------------------------


def _generation(hospital, serial):
    return hospital.folder / "packs" / "cn-51-lab" / f"{serial:016d}"


@pytest.mark.parametrize("name", ["manifest.json", "signatures.json", "cn-51-lab.json"])
@pytest.mark.parametrize("how", ["cut", "gone", "flipped", "link"])
def test_a_damaged_copy_is_not_used_and_is_mended_by_the_next_refresh(hospital, authority, good, name, how, tmp_path):
    authority.publish([authority.pack(6)], serial=11)
    hospital.refresh()
    path = _generation(hospital, 6) / name
    data = path.read_bytes()
    path.unlink()
    if how == "cut":
        path.write_bytes(data[:-9])
    elif how == "flipped":
        path.write_bytes(data[:-30] + bytes([data[-30] ^ 1]) + data[-29:])
    elif how == "link":
        (tmp_path / "elsewhere").write_bytes(data)
        path.symlink_to(tmp_path / "elsewhere")
    hospital.store = hospital.opened()
    # The one before stands in, and says that it is not the newest.
    assert hospital.version() == "1.5"
    assert hospital.answer() == (good[0], ["HR-PACK-STALE", *good[1]])
    assert [each.fault for each in hospital.store.problems()] == ["store-damaged"]
    report = hospital.refresh()
    assert ("pack", "installed", 6) in _said(report)
    assert (hospital.version(), hospital.answer(), hospital.store.problems()) == ("1.6", good, ())


def test_another_good_pack_in_its_place_is_damage_too(hospital, authority, good):
    authority.publish([authority.pack(6)], serial=11)
    hospital.refresh()
    path = _generation(hospital, 6) / "cn-51-lab.json"
    path.write_bytes(path.read_bytes().replace("规则（第一批）".encode(), "规则（第二批）".encode()))
    hospital.store = hospital.opened()
    assert hospital.version() == "1.5"
    [event] = hospital.store.problems()
    assert (event.fault, "is not the file that was signed for" in event.message) == ("store-damaged", True)


@pytest.mark.parametrize("part", ["packs/cn-51-lab", "indexes/cn-51/demo", "lanes/cn-51-lab/suspensions"])
def test_a_generation_under_another_serial_is_damage(hospital, authority, part):
    authority.publish([authority.pack(5)], serial=11, lanes=[authority.lane(1)])
    hospital.refresh()
    place = hospital.folder / part
    newest = max(place.iterdir())
    shutil.copytree(newest, place / f"{int(newest.name) + 90:016d}")
    hospital.store = hospital.opened()
    hospital.store.packs()
    [event] = hospital.store.problems()
    assert (event.fault, "is not the one that belongs here" in event.message) == ("store-damaged", True)


def test_damage_does_not_open_the_way_back(hospital, authority):
    authority.publish([authority.pack(7)], serial=11)
    hospital.refresh()
    (_generation(hospital, 7) / "manifest.json").unlink()
    authority.publish([authority.pack(6)], serial=12)
    assert "rolled-back" in hospital.faults()
    assert hospital.version() == "1.5"


def test_a_damaged_index_does_not_switch_decisions_off(hospital, good):
    [path] = hospital.folder.glob("indexes/cn-51/demo/*/index.json")
    path.write_bytes(b"x")
    hospital.store = hospital.opened(transports=())
    assert hospital.answer() == good
    assert [each.fault for each in hospital.store.problems()] == ["store-damaged"]


def test_half_a_generation_is_never_seen(hospital, authority, good, monkeypatch):
    from fhir_hr.sources.packs import _shelf

    authority.publish([authority.pack(6)], serial=11)
    written = []

    def fails(path, data):
        written.append(path)
        if path.name == "signatures.json":
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr(_shelf, "_write", fails)
    with pytest.raises(StoreError, match="the pack store cannot be written: OSError"):
        hospital.refresh()
    assert written
    monkeypatch.undo()
    assert (hospital.version(), hospital.answer()[0]) == ("1.5", good[0])
    hospital.refresh()
    assert (hospital.version(), hospital.answer()) == ("1.6", good)


def test_what_a_broken_run_left_behind_is_taken_away_a_day_later(hospital, authority, now):
    left = hospital.folder / "packs" / "cn-51-lab" / ".new-left"
    left.mkdir()
    real = datetime.fromtimestamp(left.stat().st_mtime, tz=now.tzinfo)
    authority.publish([authority.pack(6)], serial=11, expires=real + 100 * DAY)
    hospital.refresh(real + timedelta(hours=23))
    assert left.exists()
    authority.publish([authority.pack(7)], serial=12, expires=real + 100 * DAY)
    hospital.refresh(real + timedelta(hours=25))
    assert not left.exists()


def test_older_generations_are_kept_and_no_more_than_asked(tmp_path, authority, now):
    store = PackStore(tmp_path / "s", trust=authority.trust(), transports=[DirectoryTransport(authority.site)], keep=2)
    for serial in (1, 2, 3):
        authority.publish([authority.pack(serial)], serial=serial)
        store.refresh(now=now)
    kept = sorted(int(each.name) for each in (tmp_path / "s" / "packs" / "cn-51-lab").iterdir())
    assert kept == [2, 3]


def test_two_processes_may_take_over_the_same_at_once(hospital, authority, good, monkeypatch):
    from fhir_hr.sources.packs import _refresh

    authority.publish([authority.pack(6)], serial=11)
    other, put = hospital.opened(), _refresh.SiteRefresh._put
    seen = []

    def slower(self, *words):
        if not seen:
            seen.append("the other one comes first")
            other.refresh(now=self._now)
        put(self, *words)

    monkeypatch.setattr(_refresh.SiteRefresh, "_put", slower)
    assert hospital.refresh().ok
    assert (hospital.version(), hospital.answer()) == ("1.6", good)
    assert not [path for path in hospital.folder.rglob(".new-*") if path.name.endswith("-old")]


# -- callers' mistakes -----------------------------------------------------------------------------


def test_a_moment_has_an_offset_and_a_store_keeps_two(hospital, tmp_path, authority):
    with pytest.raises(UsageError, match="now needs an offset"):
        hospital.store.refresh(now=datetime(2026, 8, 20))
    with pytest.raises(UsageError, match="keep is at least 2"):
        PackStore(tmp_path, trust=authority.trust(), keep=1)


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path, authority):
    (tmp_path / "packs").write_bytes(b"a file where a folder should be")
    with pytest.raises(StoreError, match="the pack store cannot be read: NotADirectoryError"):
        PackStore(tmp_path, trust=authority.trust()).packs()
