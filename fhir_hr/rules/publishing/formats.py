"""What is published, as data: manifest, signatures, index, lanes. Each names its format, so none passes for another."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import msgspec

from fhir_hr.rules.publishing.keys import Alg
from fhir_hr.rules.schema import QualityRow, SuspensionRow
from fhir_hr.rules.vocabulary import Level

__all__ = [
    "INDEX",
    "INDEX_SIGNATURES",
    "MANIFEST",
    "MAX_FILES",
    "MAX_INDEX",
    "MAX_LANE",
    "MAX_MANIFEST",
    "MAX_PACK",
    "MAX_SIGNATURES",
    "SIGNATURES",
    "FileEntry",
    "Index",
    "Lane",
    "LaneEntry",
    "LaneKind",
    "Manifest",
    "PackEntry",
    "QualityLane",
    "Signature",
    "Supersedes",
    "SuspensionLane",
    "signatures_beside",
]

MANIFEST, SIGNATURES = "manifest.json", "signatures.json"
INDEX, INDEX_SIGNATURES = "index.json", "index.signatures.json"

MAX_MANIFEST = 256_000
MAX_SIGNATURES = 64_000
MAX_INDEX = 4_000_000
MAX_LANE = 16_000_000
MAX_PACK = 16_000_000
"""Most bytes of all files of one pack together."""
MAX_FILES = 16

Serial: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Sha: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]
Version: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}\Z")]
Path: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refuses keys that it does not know."""


class FileEntry(_Strict, frozen=True, kw_only=True):
    """One file of a pack. ``sm3`` is ``None`` where the builder had no SM3."""

    path: Path
    size: Annotated[int, msgspec.Meta(ge=1)]
    sha256: Sha
    sm3: Sha | None


class Supersedes(_Strict, frozen=True, kw_only=True):
    """The published version that this one replaces."""

    version: Version
    serial: Serial


class Manifest(_Strict, frozen=True, kw_only=True):
    """What is signed of a pack.

    Attributes:
        serial: grows with every publication of this pack; a lower one is never taken again.
        files: every file of the pack with its digests; ``<pack>.json`` is the compiled pack.
        not_before: moment before which no client takes it; ``None``: at once.
        review_by: as the pack says; never switches anything off.
    """

    format: Literal["fhir-hr-pack/1"]
    pack: Name
    version: Version
    jurisdiction: Name
    level: Level
    vocabulary: Annotated[str, msgspec.Meta(max_length=20)]
    serial: Serial
    files: Annotated[tuple[FileEntry, ...], msgspec.Meta(min_length=1, max_length=MAX_FILES)]
    not_before: Moment | None
    review_by: Annotated[str, msgspec.Meta(max_length=10)] | None
    supersedes: Supersedes | None

    @property
    def content_path(self) -> str:
        """Name of the compiled pack's file."""
        return f"{self.pack}.json"


class Signature(_Strict, frozen=True, kw_only=True):
    """One signature over the bytes of the file beside: ``value`` is base64 (SM2: of the DER of r and s)."""

    alg: Alg
    kid: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}\Z")]
    value: Annotated[str, msgspec.Meta(max_length=200)]


class LaneKind(StrEnum):
    """Lists that change faster than rules; each is named as the table of the pack that it replaces."""

    SUSPENSIONS = "suspensions"
    QUALITY = "quality"


class _Lane(_Strict, frozen=True, kw_only=True, tag_field="lane"):
    format: Literal["fhir-hr-lane/1"]
    pack: Name
    jurisdiction: Name
    serial: Serial
    issued: Moment


class SuspensionLane(_Lane, frozen=True, kw_only=True, tag="suspensions"):
    """The whole list of suspensions of one pack, as of ``issued``."""

    rows: tuple[SuspensionRow, ...]

    @property
    def kind(self) -> LaneKind:
        """Which table it replaces."""
        return LaneKind.SUSPENSIONS


class QualityLane(_Lane, frozen=True, kw_only=True, tag="quality"):
    """The whole list of quality evidence of one pack, as of ``issued``."""

    rows: tuple[QualityRow, ...]

    @property
    def kind(self) -> LaneKind:
        """Which table it replaces."""
        return LaneKind.QUALITY


Lane: TypeAlias = SuspensionLane | QualityLane
"""A list that replaces one table of one pack."""


class PackEntry(_Strict, frozen=True, kw_only=True):
    """A published version in the index: ``digest`` is the SHA-256 of its manifest, ``path`` its folder."""

    pack: Name
    version: Version
    serial: Serial
    not_before: Moment | None
    digest: Sha
    path: Path


class LaneEntry(_Strict, frozen=True, kw_only=True):
    """A lane in the index: ``digest`` is the SHA-256 of the file at ``path``."""

    pack: Name
    lane: LaneKind
    serial: Serial
    digest: Sha
    path: Path


class Index(_Strict, frozen=True, kw_only=True):
    """What a publisher offers at ``issued``; after ``expires`` decisions say that the rules may be stale."""

    format: Literal["fhir-hr-index/1"]
    publisher: Name
    jurisdiction: Name
    serial: Serial
    issued: Moment
    expires: Moment
    packs: Annotated[tuple[PackEntry, ...], msgspec.Meta(max_length=10_000)]
    lanes: Annotated[tuple[LaneEntry, ...], msgspec.Meta(max_length=20_000)]


def signatures_beside(path: str) -> str:
    """Return where the signatures of a file stand.

    Example:
        >>> signatures_beside("lanes/cn-51-lab/suspensions-3.json")
        'lanes/cn-51-lab/suspensions-3.signatures.json'
    """
    return f"{path.removesuffix('.json')}.signatures.json"
