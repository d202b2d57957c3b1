"""Building: an author's folder to a compiled pack with its manifest; packs and lanes to a site with its index.

The same bytes in give the same bytes out: no clock, no order of a file system, no zip.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from fhir_hr.errors import UsageError
from fhir_hr.rules.clock import parse_day
from fhir_hr.rules.load import compile_pack
from fhir_hr.rules.pack import canonical_json
from fhir_hr.rules.pack_tables import read_tables
from fhir_hr.rules.publishing.formats import (
    INDEX,
    MANIFEST,
    MAX_FILES,
    MAX_PACK,
    SIGNATURES,
    FileEntry,
    Index,
    Lane,
    LaneEntry,
    LaneKind,
    Manifest,
    PackEntry,
    QualityLane,
    Supersedes,
    SuspensionLane,
    signatures_beside,
)
from fhir_hr.rules.publishing.names import inside, is_jurisdiction, jurisdiction_of, plain_path
from fhir_hr.rules.publishing.sm2 import sm3
from fhir_hr.rules.publishing.strict_json import read_json
from fhir_hr.rules.publishing.verify import check_name
from fhir_hr.rules.schema import PackContent, QualityRow, SuspensionRow
from fhir_hr.rules.tables import TableRow

__all__ = [
    "LEAD_TIME",
    "Advice",
    "AdviceCode",
    "BuiltPack",
    "build_advice",
    "build_lane",
    "build_pack",
    "build_site",
    "lane_rows",
]

LEAD_TIME = timedelta(hours=48)
"""Between publishing a pack and its effect, so that every client has it in time (as the EU's gateway asked)."""

_CHINA = "+08:00"
_MADE = {MANIFEST, SIGNATURES}


class BuiltPack(msgspec.Struct, frozen=True, kw_only=True):
    """A pack ready to be signed.

    Attributes:
        content: the compiled pack.
        manifest: what is to be signed.
        files: bytes by name: ``manifest.json``, ``<pack>.json`` and the extra files.
    """

    content: PackContent
    manifest: Manifest
    files: dict[str, bytes]


class AdviceCode(StrEnum):
    """What a builder is told, and may ignore."""

    LEAD_TIME = "lead-time"
    NO_SM3 = "no-sm3"
    REVIEW_PAST = "review-past"


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """A word to the publisher; never a reason to refuse."""

    code: AdviceCode
    message: str


def build_pack(
    files: Mapping[str, bytes],
    *,
    serial: int,
    not_before: datetime | None = None,
    supersedes: Supersedes | None = None,
    extra: Mapping[str, bytes] | None = None,
) -> BuiltPack:
    """Compile an author's folder and write its manifest.

    Args:
        files: the folder's files by name: ``pack.yaml``, ``sources.yaml``, the tables.
        serial: higher than that of every publication of this pack before.
        not_before: moment, with an offset, before which no client takes it; ``None``: at once.
        supersedes: the version that it replaces.
        extra: more files to publish with it by plain relative path, such as its decision vectors.

    Raises:
        PackError: the folder is broken, with file and line; or the pack's name and its jurisdiction do not agree.
        UsageError: a time without offset, a serial below 1, too many or too large files.
    """
    if not_before is not None and not_before.tzinfo is None:
        raise UsageError("not_before needs an offset, as in 2026-12-01T00:00:00+08:00")
    content = compile_pack(files)
    check_name(content.pack, content.jurisdiction, file="pack.yaml")
    name = f"{content.pack}.json"
    published = {name: canonical_json(content)}
    for path, data in sorted((extra or {}).items()):
        if path in _MADE or path == name:
            raise UsageError(f"{path} is made here and cannot be given")
        published[plain_path(path, file=path[:60])] = data
    if len(published) > MAX_FILES or sum(map(len, published.values())) > MAX_PACK:
        raise UsageError(f"a pack has at most {MAX_FILES} files of {MAX_PACK} bytes together")
    manifest = Manifest(
        format="fhir-hr-pack/1",
        pack=content.pack,
        version=content.version,
        jurisdiction=content.jurisdiction,
        level=content.level,
        vocabulary=content.vocabulary,
        serial=serial,
        files=tuple(_entry(path, published[path]) for path in sorted(published)),
        not_before=not_before,
        review_by=content.review_by,
        supersedes=supersedes,
    )
    return BuiltPack(content=content, manifest=manifest, files={MANIFEST: _written(manifest), **published})


def build_advice(manifest: Manifest, *, published: datetime) -> tuple[Advice, ...]:
    """Say what a publisher may want to know before publishing at a moment."""
    found: list[Advice] = []
    if manifest.not_before is None or manifest.not_before - published < LEAD_TIME:
        hours = int(LEAD_TIME.total_seconds() // 3600)
        message = f"takes effect less than {hours} hours after {published.isoformat()}; clients may not have it in time"
        found.append(Advice(code=AdviceCode.LEAD_TIME, message=message))
    if any(each.sm3 is None for each in manifest.files):
        message = (
            "has no SM3 digests: neither OpenSSL nor the extra sm2 offers SM3 here; clients that require SM2 refuse it"
        )
        found.append(Advice(code=AdviceCode.NO_SM3, message=message))
    if manifest.review_by is not None and manifest.review_by < published.date().isoformat()[: len(manifest.review_by)]:
        found.append(Advice(code=AdviceCode.REVIEW_PAST, message=f"should have been reviewed by {manifest.review_by}"))
    return tuple(found)


def lane_rows(kind: LaneKind, table: bytes) -> tuple[SuspensionRow, ...] | tuple[QualityRow, ...]:
    """Read ``suspensions.csv`` or ``quality.csv`` as a pack's table is read.

    Raises:
        PackError: with file and line.
    """
    read = read_tables({f"{kind}.csv": table})
    rows: tuple[SuspensionRow, ...] | tuple[QualityRow, ...] = read.parts[kind]
    for row, source in zip(read.parts[kind], read.rows[kind], strict=True):
        _check_period(row, source)
    return rows


def _check_period(row: SuspensionRow | QualityRow, source: TableRow) -> None:
    """Refuse what every client would: it holds the lane's rows to the pack, and the old list would stay."""
    start, end = (parse_day(day, zone=_CHINA) for day in (row.start, row.end))
    for name, day, read in (("from", row.start, start), ("to", row.end, end)):
        if day is not None and read is None:
            raise source.broken(f"{name}: {day[:60]!r} is no date")
    if start is not None and end is not None and end[1] < start[0]:
        raise source.broken("ends before it begins")


def build_lane(
    pack: str, kind: LaneKind, rows: Sequence[SuspensionRow] | Sequence[QualityRow], *, serial: int, issued: datetime
) -> bytes:
    """Write a lane: the whole list that replaces one table of one pack.

    Args:
        pack: the pack's name; its jurisdiction is in it.
        kind: which table.
        rows: the whole list, not what changed; empty lifts everything.
        serial: higher than that of every lane of this pack and kind before.
        issued: moment, with an offset.

    Raises:
        UsageError: a name, a serial, a time or a row that a lane cannot have.
    """
    jurisdiction = jurisdiction_of(pack)
    if jurisdiction is None:
        raise UsageError(f"{pack[:40]!r} is no name of a pack")
    form = SuspensionLane if kind is LaneKind.SUSPENSIONS else QualityLane
    row = SuspensionRow if kind is LaneKind.SUSPENSIONS else QualityRow
    if not all(isinstance(each, row) for each in rows):
        raise UsageError(f"the rows of the lane {kind} are {row.__name__}")
    lane = form(
        format="fhir-hr-lane/1",
        pack=pack,
        jurisdiction=jurisdiction,
        serial=serial,
        issued=issued,
        rows=tuple(rows),  # type: ignore[arg-type]
    )
    return _written(lane)


def build_site(
    packs: Sequence[Mapping[str, bytes]],
    lanes: Sequence[tuple[bytes, bytes]] = (),
    *,
    publisher: str,
    jurisdiction: str,
    serial: int,
    issued: datetime,
    expires: datetime,
) -> dict[str, bytes]:
    """Lay out all files of a publisher's site and write its index, which is then to be signed.

    Args:
        packs: signed packs, each its files by name (``manifest.json``, ``signatures.json``, …). Several versions
            of one pack may stand side by side: one in force, one that is coming.
        lanes: each the lane's bytes and those of its signatures.
        publisher: a short name, ``a-z``, digits and ``-``.
        jurisdiction: for which the publisher speaks; every pack must lie inside it.
        serial: higher than that of the index before.
        issued, expires: with offsets; after ``expires`` clients go on and say that the rules may be stale.

    Returns:
        Bytes by path. Sign ``index.json`` and put the result beside as ``index.signatures.json``.

    Raises:
        UsageError: no jurisdiction, a pack outside of it, a missing file, times in the wrong order.
        PackRefusedError: a manifest or lane cannot be read.
    """
    if not is_jurisdiction(jurisdiction):
        raise UsageError(f"{jurisdiction[:40]!r} is no jurisdiction (cn, cn-51, cn-1401, cn-r-jjj)")
    if issued.tzinfo is None or expires.tzinfo is None or expires <= issued:
        raise UsageError("issued and expires need offsets, and expires comes after issued")
    site: dict[str, bytes] = {}
    pack_entries = [_place_pack(files, jurisdiction, site) for files in packs]
    lane_entries = [_place_lane(data, signatures, jurisdiction, site) for data, signatures in lanes]
    index = Index(
        format="fhir-hr-index/1",
        publisher=publisher,
        jurisdiction=jurisdiction,
        serial=serial,
        issued=issued,
        expires=expires,
        packs=tuple(sorted(pack_entries, key=lambda each: (each.pack, each.serial))),
        lanes=tuple(sorted(lane_entries, key=lambda each: (each.pack, each.lane, each.serial))),
    )
    return {**site, INDEX: _written(index)}


def _place_pack(files: Mapping[str, bytes], jurisdiction: str, site: dict[str, bytes]) -> PackEntry:
    manifest_bytes = _needed(files, MANIFEST)
    manifest = read_json(manifest_bytes, Manifest, file=MANIFEST, limit=len(manifest_bytes))
    _inside(manifest.jurisdiction, jurisdiction, manifest.pack)
    folder = f"packs/{manifest.pack}/{manifest.serial}"
    names = [MANIFEST, SIGNATURES, *(each.path for each in manifest.files)]
    for name in names:
        _put(site, f"{folder}/{name}", _needed(files, name))
    return PackEntry(
        pack=manifest.pack,
        version=manifest.version,
        serial=manifest.serial,
        not_before=manifest.not_before,
        digest=hashlib.sha256(manifest_bytes).hexdigest(),
        path=folder,
    )


def _place_lane(data: bytes, signatures: bytes, jurisdiction: str, site: dict[str, bytes]) -> LaneEntry:
    lane: Lane = read_json(data, Lane, file="lane", limit=len(data))  # type: ignore[arg-type]
    _inside(lane.jurisdiction, jurisdiction, lane.pack)
    path = f"lanes/{lane.pack}/{lane.kind}-{lane.serial}.json"
    _put(site, path, data)
    site[signatures_beside(path)] = signatures
    return LaneEntry(
        pack=lane.pack, lane=lane.kind, serial=lane.serial, digest=hashlib.sha256(data).hexdigest(), path=path
    )


def _put(site: dict[str, bytes], path: str, data: bytes) -> None:
    if path in site:
        raise UsageError(f"{path} would be published twice; two of one serial?")
    site[path] = data


def _inside(jurisdiction: str, whole: str, pack: str) -> None:
    if not inside(jurisdiction, whole):
        raise UsageError(f"{pack} is a pack of {jurisdiction}, which does not lie in {whole}")


def _needed(files: Mapping[str, bytes], name: str) -> bytes:
    if name not in files:
        raise UsageError(f"{name} is missing; a pack is published with its manifest and signatures")
    return files[name]


def _entry(path: str, data: bytes) -> FileEntry:
    return FileEntry(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest(), sm3=sm3(data))


def _written(value: Manifest | Lane | Index) -> bytes:
    """Write canonically, and read it again as a stranger would, so that nothing is published that nobody takes."""
    data = canonical_json(value) + b"\n"
    try:
        msgspec.json.decode(data, type=type(value))
    except msgspec.ValidationError as error:
        raise UsageError(f"cannot be published: {error}") from error
    return data
