"""Checking a pack: every way in which it can be wrong has its own code and words."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from fhir_hr.errors import MissingExtraError, PackRefusedError, UsageError
from fhir_hr.rules.publishing import (
    Held,
    LaneKind,
    attach_signature,
    build_lane,
    build_pack,
    build_site,
    load_trust,
    sign_manifest,
    verify_index,
    verify_lane,
    verify_pack,
)
from fhir_hr.rules.publishing.verify import verify_manifest


def _refused(files, trust, at, fault, words, **more):
    with pytest.raises(PackRefusedError) as caught:
        verify_pack(files, trust=trust, at=at, **more)
    assert (caught.value.fault, words in str(caught.value)) == (fault, True), str(caught.value)


def _forged(signed, key, **changes):
    """Change the manifest and sign it again: what an authority's own mistake, or a stolen key, could publish."""
    manifest = {**json.loads(signed["manifest.json"]), **changes}
    data = json.dumps(manifest).encode()
    return {**signed, "manifest.json": data, "signatures.json": sign_manifest(data, [key])}


def test_a_good_pack_is_taken(signed, trust, now, key):
    found = verify_pack(signed, trust=trust, at=now)
    assert found.pack.ref.id == "cn-51-lab"
    assert found.pack.ref.digest == found.manifest.files[0].sha256
    assert [each.public.kid for each in found.keys] == [key.public.kid]
    assert found.digest == hashlib.sha256(signed["manifest.json"]).hexdigest()


# -- tampered --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["manifest.json", "cn-51-lab.json"])
def test_every_changed_byte_is_noticed(signed, trust, now, name):
    data = signed[name]
    for at in range(0, len(data), 1 + len(data) // 97):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(PackRefusedError) as caught:
            verify_pack({**signed, name: changed}, trust=trust, at=now)
        expected = {"wrong-digest"} if name != "manifest.json" else {"bad-signature", "malformed", "wrong-jurisdiction"}
        assert caught.value.fault in expected


def test_a_signature_that_does_not_hold_names_its_key(signed, trust, now):
    value = json.loads(signed["signatures.json"])
    value[0]["value"] = base64.b64encode(bytes(64)).decode()
    broken = {**signed, "signatures.json": json.dumps(value).encode()}
    _refused(broken, trust, now, "bad-signature", "the signature of '演示机构 0' does not hold")
    value[0]["value"] = "not base64!"
    broken = {**signed, "signatures.json": json.dumps(value).encode()}
    _refused(broken, trust, now, "bad-signature", "does not hold")


def test_a_bad_signature_is_not_saved_by_a_good_one(signed, trust, now, key, stranger, write_trust):
    both = load_trust(write_trust((key, '"cn-51*"'), (stranger, '"cn-51*"')).encode())
    value = json.loads(sign_manifest(signed["manifest.json"], [key, stranger]))
    next(each for each in value if each["kid"] == stranger.public.kid)["value"] = base64.b64encode(bytes(64)).decode()
    _refused({**signed, "signatures.json": json.dumps(value).encode()}, both, now, "bad-signature", "演示机构 1")


@pytest.mark.parametrize(
    ("signatures", "fault", "words"),
    [
        (b"[]", "unknown-key", "signed by no key of the trust file"),
        (b"{}", "malformed", "Expected `array`"),
        (b'[{"alg": "Ed25519"}]', "malformed", "missing required field"),
        (b'[{"alg": "none", "kid": "' + b"0" * 40 + b'", "value": ""}]', "malformed", "Invalid enum value 'none'"),
        (b"[" * 8 + b"]" * 8, "malformed", "Expected `object`"),
        (b" " * 64_001, "too-large", "larger than 64000 bytes"),
    ],
)
def test_lists_of_signatures_that_are_none(signed, trust, now, signatures, fault, words):
    _refused({**signed, "signatures.json": signatures}, trust, now, fault, words)


def test_a_key_signs_once(signed, trust, now):
    value = json.loads(signed["signatures.json"])
    _refused({**signed, "signatures.json": json.dumps(value * 2).encode()}, trust, now, "malformed", "two signatures")
    many = [{**value[0], "kid": f"{n:040x}"} for n in range(17)]
    _refused({**signed, "signatures.json": json.dumps(many).encode()}, trust, now, "malformed", "length <= 16")


def test_a_signature_over_one_kind_of_file_is_none_over_another(signed, trust, now, key):
    site = build_site(
        [signed], publisher="demo", jurisdiction="cn-51", serial=1, issued=now, expires=now + timedelta(days=1)
    )
    index = site["index.json"]
    swapped = {**signed, "manifest.json": index, "signatures.json": sign_manifest(index, [key])}
    _refused(swapped, trust, now, "malformed", "unknown key")
    with pytest.raises(PackRefusedError, match="unknown key"):
        verify_index(signed["manifest.json"], signed["signatures.json"], trust=trust, at=now)


# -- who -------------------------------------------------------------------------------------------


def test_an_unknown_key_counts_for_nothing(signed, trust, now, stranger, key):
    data = signed["manifest.json"]
    alone = {**signed, "signatures.json": sign_manifest(data, [stranger])}
    _refused(alone, trust, now, "unknown-key", "signed by no key of the trust file")
    both = {**signed, "signatures.json": sign_manifest(data, [stranger, key])}
    assert len(verify_pack(both, trust=trust, at=now).keys) == 1


@pytest.mark.parametrize("pattern", ["cn-14*", "cn-5101*", "cn", "cn-r-csj"])
def test_a_key_of_another_jurisdiction_counts_for_nothing(signed, now, key, write_trust, pattern):
    other = load_trust(write_trust((key, f'"{pattern}"')).encode())
    _refused(signed, other, now, "wrong-jurisdiction", "'演示机构 0' may not sign for cn-51")


@pytest.mark.parametrize(
    ("more", "words"), [("from = 2027-01-01T00:00:00Z\n", ""), ("to = 2026-11-22T00:00:00Z\n", "")]
)
def test_a_key_out_of_its_time_counts_for_nothing(signed, now, key, write_trust, more, words):
    other = load_trust(write_trust((key, '"cn-51"'), more=more).encode())
    _refused(signed, other, now, "key-not-valid", "is not valid at 2026-11-22T00:00:00+00:00")
    assert verify_pack(signed, trust=other, at=None).manifest.serial == 3


def test_a_key_of_every_day_may_be_kept_from_packs(signed, trust, now, key, write_trust):
    lanes = load_trust(write_trust((key, '"cn-51*"'), more='signs = ["index", "lanes"]\n').encode())
    _refused(signed, lanes, now, "wrong-purpose", "'演示机构 0' may not sign packs")
    lane = build_lane("cn-51-lab", LaneKind.QUALITY, (), serial=5, issued=now)
    data, signatures = _index(signed, key, now)
    assert verify_lane(lane, sign_manifest(lane, [key]), trust=lanes, at=now).serial == 5
    assert verify_index(data, signatures, trust=lanes, at=now).serial == 5
    packs = load_trust(write_trust((key, '"cn-51*"'), more='signs = ["packs"]\n').encode())
    assert verify_pack(signed, trust=packs, at=now).manifest.serial == 3
    with pytest.raises(PackRefusedError, match="may not sign lanes"):
        verify_lane(lane, sign_manifest(lane, [key]), trust=packs, at=now)
    with pytest.raises(PackRefusedError, match="may not sign index"):
        verify_index(data, signatures, trust=packs, at=now)


def test_the_algorithm_is_the_keys_and_not_the_files_word(signed, trust, now):
    value = json.loads(signed["signatures.json"])
    value[0]["alg"] = "SM2-SM3"
    _refused({**signed, "signatures.json": json.dumps(value).encode()}, trust, now, "bad-signature", "does not hold")


def test_every_required_algorithm_must_have_signed(signed, now, key, sm2_key, write_trust):
    trust = load_trust(write_trust((key, '"cn-51*"'), (sm2_key, '"cn-51*"'), require='"Ed25519", "SM2-SM3"').encode())
    data = signed["manifest.json"]
    _refused(signed, trust, now, "signature-missing", "no signature with SM2-SM3, which is required")
    both = {**signed, "signatures.json": sign_manifest(data, [sm2_key], signatures=signed["signatures.json"])}
    assert {each.public.alg for each in verify_pack(both, trust=trust, at=now).keys} == {"Ed25519", "SM2-SM3"}


def test_without_the_extra_a_required_sm2_is_an_error_and_another_is_passed_over(
    signed, now, key, sm2_key, write_trust, monkeypatch
):
    keys = ((key, '"cn-51*"'), (sm2_key, '"cn-51*"'))
    both = {**signed, "signatures.json": sign_manifest(signed["manifest.json"], [key, sm2_key])}
    monkeypatch.setitem(__import__("sys").modules, "gmalg", None)
    assert len(verify_pack(both, trust=load_trust(write_trust(*keys).encode()), at=now).keys) == 1
    needs = load_trust(write_trust(*keys, require='"SM2-SM3"').encode())
    with pytest.raises(MissingExtraError, match=r"fhir-hr\[sm2\]"):
        verify_pack(both, trust=needs, at=now)


def test_sm2_wants_sm3_of_every_file(signed, now, sm2_key, write_trust):
    trust = load_trust(write_trust((sm2_key, '"cn-51*"'), require='"SM2-SM3"').encode())
    entry = json.loads(signed["manifest.json"])["files"][0]
    _refused(_forged(signed, sm2_key, files=[{**entry, "sm3": None}]), trust, now, "digest-missing", "no SM3 digest")
    wrong = _forged(signed, sm2_key, files=[{**entry, "sm3": "0" * 64}])
    _refused(wrong, trust, now, "wrong-digest", "is not the file that was signed for")
    assert verify_pack(_forged(signed, sm2_key), trust=trust, at=now).manifest.serial == 3


def test_a_signature_made_elsewhere_is_attached_when_it_holds(signed, trust, now, key):
    data = signed["manifest.json"]
    attached = attach_signature(data, key.public, key.sign(data))
    assert verify_pack({**signed, "signatures.json": attached}, trust=trust, at=now).manifest.serial == 3
    with pytest.raises(UsageError, match="this is no signature of the key"):
        attach_signature(data + b" ", key.public, key.sign(data))


# -- when ------------------------------------------------------------------------------------------


def test_a_pack_before_its_time_waits(signed, trust):
    early = datetime(2026, 8, 31, 15, 59, 59, tzinfo=UTC)
    _refused(signed, trust, early, "not-yet", "takes effect at 2026-09-01T00:00:00+08:00")
    assert verify_pack(signed, trust=trust, at=early + timedelta(seconds=1)).manifest.serial == 3


def test_the_moment_has_an_offset(signed, trust):
    with pytest.raises(UsageError, match="the moment of taking over needs an offset"):
        verify_pack(signed, trust=trust, at=datetime(2026, 11, 22))


def test_a_lower_serial_or_other_bytes_with_the_same_are_refused(signed, trust, now):
    digest = hashlib.sha256(signed["manifest.json"]).hexdigest()
    held = Held(serial=4, digest=digest)
    _refused(signed, trust, now, "rolled-back", "serial 3, and 4 was accepted before", held=held)
    other = Held(serial=3, digest="0" * 64)
    _refused(signed, trust, now, "serial-reused", "was accepted before, with other bytes", held=other)
    for fine in (Held(serial=3, digest=digest), Held(serial=2, digest="0" * 64)):
        assert verify_pack(signed, trust=trust, at=now, held=fine).manifest.serial == 3


# -- what: signed by the right key, and still not taken --------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fault", "words"),
    [
        ({"vocabulary": "9.0"}, "wrong-vocabulary", "is written for vocabulary '9.0'; this library knows"),
        ({"pack": "cn-42-lab"}, "wrong-jurisdiction", "'cn-42-lab' does not belong to the jurisdiction 'cn-51'"),
        ({"jurisdiction": "cn-42", "pack": "cn-42-lab"}, "wrong-jurisdiction", "may not sign for cn-42"),
        ({"jurisdiction": "cn"}, "wrong-jurisdiction", "does not belong to the jurisdiction 'cn'"),
        ({"version": "9"}, "mismatch", "version is '2022.1.0', the manifest says '9'"),
        ({"level": "nation"}, "mismatch", "the manifest says"),
        ({"pack": "cn-51-imaging"}, "mismatch", "does not list cn-51-imaging.json"),
        ({"serial": 0}, "malformed", "Expected `int` >= 1"),
        ({"serial": 2**53}, "malformed", "`int` <="),
        ({"serial": 10**30}, "malformed", "a number of 31 digits"),
        ({"serial": -1}, "malformed", "Expected `int` >= 1"),
        ({"serial": 3.0}, "malformed", "numbers are whole"),
        ({"serial": "3"}, "malformed", "Expected `int`, got `str`"),
        ({"not_before": "2026-09-01T00:00:00"}, "malformed", "timezone"),
        ({"format": "fhir-hr-lane/1"}, "malformed", "Invalid enum value"),
        ({"files": []}, "malformed", "length >= 1"),
        ({"surprise": 1}, "malformed", "unknown key 'surprise'"),
    ],
)
def test_a_manifest_that_says_what_it_may_not(signed, trust, now, key, changes, fault, words):
    _refused(_forged(signed, key, **changes), trust, now, fault, words)


@pytest.mark.parametrize("missing", ["format", "pack", "serial", "files", "not_before", "supersedes"])
def test_a_manifest_leaves_nothing_out(signed, trust, now, key, missing):
    manifest = json.loads(signed["manifest.json"])
    del manifest[missing]
    data = json.dumps(manifest).encode()
    forged = {**signed, "manifest.json": data, "signatures.json": sign_manifest(data, [key])}
    _refused(forged, trust, now, "malformed", f"missing required field `{missing}`")


@pytest.mark.parametrize(
    "path", ["../../etc/cron.d/x", "/etc/passwd", "..\\x", "C:\\x", "a\0b", "manifest.json", "signatures.json", "a//b"]
)
def test_a_manifest_names_no_path_outside(signed, trust, now, key, path):
    entry = json.loads(signed["manifest.json"])["files"][0]
    forged = _forged(signed, key, files=[entry, {**entry, "path": path}])
    with pytest.raises(PackRefusedError) as caught:
        verify_pack(forged, trust=trust, at=now)
    assert caught.value.fault == ("malformed" if "\0" in path else "path-refused")


def test_a_path_stands_there_once_whatever_its_case(signed, trust, now, key):
    entry = json.loads(signed["manifest.json"])["files"][0]
    for again in (entry, {**entry, "path": "CN-51-lab.json"}):
        _refused(_forged(signed, key, files=[entry, again]), trust, now, "path-refused", "stands there twice")


def test_a_declared_gigabyte_is_refused_before_it_is_read(signed, trust, now, key):
    entry = json.loads(signed["manifest.json"])["files"][0]
    forged = _forged(signed, key, files=[{**entry, "size": 1_000_000_000}])
    _refused(forged, trust, now, "too-large", "declares 1000000000 bytes; at most 16000000 are read")
    sixteen = [{**entry, "path": f"x{n}.json", "size": 1_000_001} for n in range(15)]
    _refused(_forged(signed, key, files=[{**entry, "size": 1_000_001}, *sixteen]), trust, now, "too-large", "declares")
    _refused(_forged(signed, key, files=[entry] * 17), trust, now, "malformed", "length <= 16")
    _refused({**signed, "manifest.json": b" " * 256_001}, trust, now, "too-large", "larger than 256000 bytes")


def test_files_that_are_missing_short_or_long(signed, trust, now):
    for name in ("manifest.json", "signatures.json", "cn-51-lab.json"):
        less = {path: data for path, data in signed.items() if path != name}
        _refused(less, trust, now, "not-found", f"{name}: is missing")
    data = signed["cn-51-lab.json"]
    _refused({**signed, "cn-51-lab.json": data[:-1]}, trust, now, "truncated", "bytes where")
    _refused({**signed, "cn-51-lab.json": b""}, trust, now, "truncated", "0 bytes where")
    _refused({**signed, "cn-51-lab.json": data + b" "}, trust, now, "too-large", "bytes where")


def test_each_digest_is_enough_alone(signed, trust, now, key):
    entry = json.loads(signed["manifest.json"])["files"][0]
    changed = signed["cn-51-lab.json"][:-2] + b" }"
    _refused({**_forged(signed, key, files=[{**entry, "sm3": None}]), "cn-51-lab.json": changed}, trust, now,
             "wrong-digest", "is not the file that was signed for")  # fmt: skip
    sha = hashlib.sha256(changed).hexdigest()
    _refused({**_forged(signed, key, files=[{**entry, "sha256": sha}]), "cn-51-lab.json": changed}, trust, now,
             "wrong-digest", "is not the file that was signed for")  # fmt: skip


def test_another_vocabulary_is_noticed_before_any_file_is_fetched(signed, trust, now, key):
    forged = _forged(signed, key, vocabulary="9.0")
    with pytest.raises(PackRefusedError, match="wrong-vocabulary"):
        verify_manifest(forged["manifest.json"], forged["signatures.json"], trust=trust, at=now)


def test_files_of_one_version_do_not_pass_under_the_manifest_of_another(files, signed, trust, now):
    text = files["pack.yaml"].decode()
    other = build_pack({**files, "pack.yaml": text.replace("规则（第一批）", "规则（第二批）", 1).encode()}, serial=4)
    assert len(other.files["cn-51-lab.json"]) == len(signed["cn-51-lab.json"])
    mixed = {**signed, "cn-51-lab.json": other.files["cn-51-lab.json"]}
    _refused(mixed, trust, now, "wrong-digest", "is not the file that was signed for")


def _signed_content(signed, key, change):
    """Sign for a changed compiled pack, as its own authority could."""
    data = change(signed["cn-51-lab.json"])
    entry = {
        "path": "cn-51-lab.json",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "sm3": None,
    }
    return {**_forged(signed, key, files=[entry]), "cn-51-lab.json": data}


@pytest.mark.parametrize(
    ("change", "fault", "words"),
    [
        (lambda data: b"{}", "broken-pack", "missing required field"),
        (lambda data: b"not JSON", "broken-pack", "is not JSON"),
        (lambda data: data.replace(b'"pack":', b'"pack":"cn-42-lab","pack":', 1), "broken-pack", "canonical"),
        (lambda data: data + b"\n", "broken-pack", "canonical"),
        (lambda data: b"[" * 1_000_000, "broken-pack", ""),
        (lambda data: data.replace(b'"510000"', b'"000000"'), "broken-pack", "the pack is not the nation's"),
        (
            lambda data: data.replace(b'"jurisdiction":"cn-51"', b'"jurisdiction":"cn-42"'),
            "broken-pack",
            "outside cn-42",
        ),
        (lambda data: data.replace(b'"pack":"cn-51-lab"', b'"pack":"cn-51-xxx"'), "mismatch", "pack is 'cn-51-xxx'"),
        (lambda data: data.replace(b'"vocabulary":"', b'"vocabulary":"9'), "", "vocabulary"),
    ],
)
def test_a_rightly_signed_pack_with_wrong_content(signed, trust, now, key, change, fault, words):
    with pytest.raises(PackRefusedError) as caught:
        verify_pack(_signed_content(signed, key, change), trust=trust, at=now)
    assert caught.value.fault in ([fault] if fault else ["broken-pack", "mismatch"])
    assert words in str(caught.value)


def test_an_overlay_is_not_published(signed, trust, now, key):
    def change(data):
        content = json.loads(data)
        content["overlays"] = [{"overlay": "x", "version": "1", "institution": "T1"}]
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    _refused(_signed_content(signed, key, change), trust, now, "broken-pack", "")


# -- index and lane --------------------------------------------------------------------------------


def _index(signed, key, now, **changes):
    site = build_site(
        [signed], publisher="demo", jurisdiction="cn-51", serial=5, issued=now, expires=now + timedelta(days=7)
    )
    data = json.dumps({**json.loads(site["index.json"]), **changes}).encode()
    return data, sign_manifest(data, [key])


def test_an_index_is_checked_like_a_manifest(signed, trust, now, key, stranger):
    data, signatures = _index(signed, key, now)
    assert verify_index(data, signatures, trust=trust, at=now).serial == 5
    late = now + timedelta(days=400)
    assert verify_index(data, signatures, trust=trust, at=late).expires < late
    with pytest.raises(PackRefusedError, match="rolled-back"):
        verify_index(data, signatures, trust=trust, at=now, held=Held(serial=6, digest="0" * 64))
    with pytest.raises(PackRefusedError, match="bad-signature"):
        verify_index(data + b" ", signatures, trust=trust, at=now)
    with pytest.raises(PackRefusedError, match="unknown-key"):
        verify_index(data, sign_manifest(data, [stranger]), trust=trust, at=now)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"jurisdiction": "cn-14"}, "wrong-jurisdiction"),
        ({"jurisdiction": "cn-1"}, "malformed"),
        ({"publisher": "../x"}, "malformed"),
        ({"publisher": "con"}, "path-refused"),
        ({"expires": "tomorrow"}, "malformed"),
        ({"packs": [{"pack": "cn-51-lab"}]}, "malformed"),
        ({"packs": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {}}}}}}}}}}, "malformed"),
    ],
)
def test_an_index_that_says_what_it_may_not(signed, trust, now, key, changes, fault):
    data, signatures = _index(signed, key, now, **changes)
    with pytest.raises(PackRefusedError) as caught:
        verify_index(data, signatures, trust=trust, at=now)
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"path": "../x"}, "path-refused"),
        ({"path": "/x"}, "path-refused"),
        ({"pack": "cn-42-lab"}, "wrong-jurisdiction"),
    ],
)
def test_an_index_lists_its_own_packs_at_plain_paths(signed, trust, now, key, change, fault):
    data, _ = _index(signed, key, now)
    packs = [{**json.loads(data)["packs"][0], **change}]
    data, signatures = _index(signed, key, now, packs=packs)
    with pytest.raises(PackRefusedError) as caught:
        verify_index(data, signatures, trust=trust, at=now)
    assert caught.value.fault == fault


def test_a_lane_is_checked_like_a_manifest(trust, now, key, stranger):
    data = build_lane("cn-51-lab", LaneKind.QUALITY, (), serial=5, issued=now)
    lane = verify_lane(data, sign_manifest(data, [key]), trust=trust, at=now)
    assert (lane.kind, lane.rows) == (LaneKind.QUALITY, ())
    with pytest.raises(PackRefusedError, match="rolled-back"):
        verify_lane(data, sign_manifest(data, [key]), trust=trust, at=now, held=Held(serial=6, digest="0" * 64))
    with pytest.raises(PackRefusedError, match="unknown-key"):
        verify_lane(data, sign_manifest(data, [stranger]), trust=trust, at=now)
    other = data.replace(b'"cn-51"', b'"cn-42"')
    with pytest.raises(PackRefusedError, match="wrong-jurisdiction"):
        verify_lane(other, sign_manifest(other, [key]), trust=trust, at=now)
    table = data.replace(b'"quality"', b'"items"')
    with pytest.raises(PackRefusedError, match="Invalid value 'items'"):
        verify_lane(table, sign_manifest(table, [key]), trust=trust, at=now)
