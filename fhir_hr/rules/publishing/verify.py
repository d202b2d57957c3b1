"""Checking what was published: first who signed it, then that it is what was signed, then what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from fhir_hr.errors import PackError
from fhir_hr.rules.load import load_compiled
from fhir_hr.rules.pack import Pack
from fhir_hr.rules.publishing.faults import Fault, refused
from fhir_hr.rules.publishing.formats import (
    INDEX,
    MANIFEST,
    MAX_INDEX,
    MAX_LANE,
    MAX_MANIFEST,
    MAX_PACK,
    SIGNATURES,
    Index,
    Lane,
    Manifest,
)
from fhir_hr.rules.publishing.keys import Alg
from fhir_hr.rules.publishing.names import inside, is_jurisdiction, jurisdiction_of, plain_path
from fhir_hr.rules.publishing.signatures import check_signatures
from fhir_hr.rules.publishing.sm2 import sm3
from fhir_hr.rules.publishing.strict_json import read_json
from fhir_hr.rules.publishing.trust import Signs, Trust, TrustedKey
from fhir_hr.rules.vocabulary import VOCABULARY

__all__ = [
    "Held",
    "VerifiedPack",
    "check_declared",
    "check_files",
    "check_name",
    "digest_bytes",
    "load_verified",
    "read_index",
    "read_lane",
    "read_manifest",
    "verify_index",
    "verify_lane",
    "verify_manifest",
    "verify_pack",
]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a client has accepted before: nothing with a lower serial is taken, nor other bytes with the same."""

    serial: int
    digest: str


class VerifiedPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack that may be used.

    Attributes:
        manifest: what was signed.
        digest: SHA-256 of the manifest's bytes.
        keys: who signed it.
        pack: the pack itself, bound.
    """

    manifest: Manifest
    digest: str
    keys: tuple[TrustedKey, ...]
    pack: Pack


def digest_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes as hex."""
    return hashlib.sha256(data).hexdigest()


def verify_pack(
    files: Mapping[str, bytes], *, trust: Trust, at: datetime | None, held: Held | None = None
) -> VerifiedPack:
    """Check a whole pack: its signatures, its place in time, its files, its content.

    Args:
        files: bytes by name: ``manifest.json``, ``signatures.json`` and what the manifest names. Others are not read.
        trust: whom we believe.
        at: the moment of taking it over; ``None`` for what was taken over before: then no time is asked.
        held: the serial and manifest's digest accepted before.

    Raises:
        PackRefusedError: with its :class:`~fhir_hr.rules.publishing.faults.Fault`.
        MissingExtraError: SM2 is required and its extra is not installed.
    """
    for name in (MANIFEST, SIGNATURES):
        if name not in files:
            raise refused(Fault.NOT_FOUND, "is missing", file=name)
    manifest, keys = verify_manifest(files[MANIFEST], files[SIGNATURES], trust=trust, at=at, held=held)
    check_files(manifest, files, need_sm3=Alg.SM2_SM3 in trust.required(manifest.jurisdiction))
    pack = load_verified(manifest, files[manifest.content_path])
    return VerifiedPack(manifest=manifest, digest=digest_bytes(files[MANIFEST]), keys=keys, pack=pack)


def verify_manifest(
    data: bytes, signatures: bytes, *, trust: Trust, at: datetime | None, held: Held | None = None
) -> tuple[Manifest, tuple[TrustedKey, ...]]:
    """Check a manifest before any file of its pack is fetched.

    Raises:
        PackRefusedError: not to be trusted; too large files are declared; a path leads astray; too early or too late.
    """
    manifest = read_manifest(data)
    keys = check_signatures(
        data, signatures, trust=trust, what=Signs.PACKS, jurisdiction=manifest.jurisdiction, at=at, file=MANIFEST
    )
    check_declared(manifest)
    _check_vocabulary(manifest)
    _check_serial(manifest.serial, data, held, file=MANIFEST)
    if at is not None and manifest.not_before is not None and at < manifest.not_before:
        raise refused(Fault.NOT_YET, f"takes effect at {manifest.not_before.isoformat()}", file=MANIFEST)
    return manifest, keys


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest without asking who signed it.

    Raises:
        PackRefusedError: ``malformed``, or ``wrong-jurisdiction``: its name.
    """
    manifest = read_json(data, Manifest, file=MANIFEST, limit=MAX_MANIFEST)
    check_name(manifest.pack, manifest.jurisdiction, file=MANIFEST)
    return manifest


def check_declared(manifest: Manifest) -> None:
    """Check what a manifest declares before any of its files is read.

    Raises:
        PackRefusedError: ``path-refused``, ``too-large``, or ``mismatch``: the pack itself is not among the files.
    """
    seen: set[str] = set()
    total = 0
    for each in manifest.files:
        plain_path(each.path, file=MANIFEST)
        if each.path.lower() in seen or each.path in (MANIFEST, SIGNATURES):
            raise refused(Fault.PATH_REFUSED, f"{each.path!r} stands there twice", file=MANIFEST)
        seen.add(each.path.lower())
        total += each.size
    if total > MAX_PACK:
        raise refused(Fault.TOO_LARGE, f"declares {total} bytes; at most {MAX_PACK} are read", file=MANIFEST)
    if manifest.content_path not in {each.path for each in manifest.files}:
        raise refused(Fault.MISMATCH, f"does not list {manifest.content_path}", file=MANIFEST)


def check_files(manifest: Manifest, files: Mapping[str, bytes], *, need_sm3: bool = False) -> None:
    """Check that every file is the one that was signed for.

    Raises:
        PackRefusedError: ``not-found``, ``truncated``, ``too-large``, ``wrong-digest`` or ``digest-missing``.
    """
    for each in manifest.files:
        data = files.get(each.path)
        if data is None:
            raise refused(Fault.NOT_FOUND, "is missing", file=each.path)
        if len(data) != each.size:
            fault = Fault.TRUNCATED if len(data) < each.size else Fault.TOO_LARGE
            raise refused(fault, f"{len(data)} bytes where {each.size} were signed for", file=each.path)
        own = sm3(data) if each.sm3 is not None or need_sm3 else None
        if need_sm3 and (each.sm3 is None or own is None):
            raise refused(Fault.DIGEST_MISSING, "no SM3 digest, which SM2 signatures need", file=each.path)
        if digest_bytes(data) != each.sha256 or (own is not None and own != each.sm3):
            raise refused(Fault.WRONG_DIGEST, "is not the file that was signed for", file=each.path)


def load_verified(manifest: Manifest, data: bytes, *, fresh_until: datetime | None = None) -> Pack:
    """Load the compiled pack of a manifest whose digests were checked.

    Raises:
        PackRefusedError: ``broken-pack``: it does not load; ``mismatch``: it is another pack than the manifest says.
    """
    file = manifest.content_path
    _check_vocabulary(manifest)
    try:
        pack = load_compiled(data, fresh_until=fresh_until, file=file)
    except PackError as error:
        raise refused(Fault.BROKEN_PACK, error.reason, file=file) from error
    content = pack.content
    for name in ("pack", "version", "jurisdiction", "level", "vocabulary", "review_by"):
        said, held = getattr(manifest, name), getattr(content, name)
        if said != held:
            raise refused(Fault.MISMATCH, f"{name} is {held!r}, the manifest says {said!r}", file=file)
    if content.weaken or content.overlays:
        raise refused(Fault.BROKEN_PACK, "holds a hospital's overlay; those are not published", file=file)
    return pack


def verify_index(
    data: bytes, signatures: bytes, *, trust: Trust, at: datetime | None, held: Held | None = None
) -> Index:
    """Check a publisher's index. One that has expired is not refused: what it lists is used and flagged.

    Raises:
        PackRefusedError: with its fault.
        MissingExtraError: SM2 is required and its extra is not installed.
    """
    index = read_index(data)
    check_signatures(
        data, signatures, trust=trust, what=Signs.INDEX, jurisdiction=index.jurisdiction, at=at, file=INDEX
    )
    _check_serial(index.serial, data, held, file=INDEX)
    return index


def read_index(data: bytes) -> Index:
    """Read an index without asking who signed it.

    Raises:
        PackRefusedError: ``malformed``; ``wrong-jurisdiction``: a pack outside; ``path-refused``.
    """
    index = read_json(data, Index, file=INDEX, limit=MAX_INDEX)
    if not is_jurisdiction(index.jurisdiction):
        raise refused(Fault.MALFORMED, f"{index.jurisdiction!r} is no jurisdiction", file=INDEX)
    plain_path(index.publisher, file=INDEX)
    listed = [(each.pack, each.path) for each in index.packs] + [(each.pack, each.path) for each in index.lanes]
    for pack, path in listed:
        whose = jurisdiction_of(pack)
        if whose is None or not inside(whose, index.jurisdiction):
            message = f"lists {pack!r}, which does not lie in {index.jurisdiction}"
            raise refused(Fault.WRONG_JURISDICTION, message, file=INDEX)
        plain_path(path, file=INDEX)
    return index


def verify_lane(data: bytes, signatures: bytes, *, trust: Trust, at: datetime | None, held: Held | None = None) -> Lane:
    """Check a lane. Whether its rows fit the pack shows when they are put into it.

    Raises:
        PackRefusedError: with its fault.
        MissingExtraError: SM2 is required and its extra is not installed.
    """
    lane = read_lane(data)
    file = f"{lane.pack} {lane.kind}"
    check_signatures(data, signatures, trust=trust, what=Signs.LANES, jurisdiction=lane.jurisdiction, at=at, file=file)
    _check_serial(lane.serial, data, held, file=file)
    return lane


def read_lane(data: bytes) -> Lane:
    """Read a lane without asking who signed it.

    Raises:
        PackRefusedError: ``malformed``, or ``wrong-jurisdiction``: its name.
    """
    lane: Lane = read_json(data, Lane, file="lane", limit=MAX_LANE)  # type: ignore[arg-type]
    check_name(lane.pack, lane.jurisdiction, file=f"{lane.pack} {lane.kind}")
    return lane


def check_name(pack: str, jurisdiction: str, *, file: str) -> None:
    """Check that a pack's name starts with its jurisdiction.

    Raises:
        PackRefusedError: ``wrong-jurisdiction``.
    """
    if jurisdiction_of(pack) != jurisdiction:
        message = f"the name {pack!r} does not belong to the jurisdiction {jurisdiction!r}"
        raise refused(Fault.WRONG_JURISDICTION, message, file=file)


def _check_vocabulary(manifest: Manifest) -> None:
    if manifest.vocabulary != VOCABULARY:
        message = f"is written for vocabulary {manifest.vocabulary!r}; this library knows {VOCABULARY!r}"
        raise refused(Fault.WRONG_VOCABULARY, message, file=MANIFEST)


def _check_serial(serial: int, data: bytes, held: Held | None, *, file: str) -> None:
    if held is None:
        return
    if serial < held.serial:
        raise refused(Fault.ROLLED_BACK, f"serial {serial}, and {held.serial} was accepted before", file=file)
    if serial == held.serial and digest_bytes(data) != held.digest:
        message = f"serial {serial} was accepted before, with other bytes"
        raise refused(Fault.SERIAL_REUSED, message, file=file)
