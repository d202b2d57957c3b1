"""The trust file: which key may sign for which jurisdiction, for how long, and which algorithms are required.

.. code-block:: toml

    format = "fhir-hr-trust/1"
    require = ["Ed25519"]                  # a valid signature of each of these must be there

    [[keys]]
    name = "四川省卫生健康委员会 2026"
    kid = "…"                              # checked against the key
    public = "-----BEGIN PUBLIC KEY----- …"
    jurisdictions = ["cn-51*"]             # cn-51 and all inside it; without * that one alone
    signs = ["packs", "index", "lanes"]    # may be left out: all three
    from = 2026-01-01T00:00:00+08:00       # from and to may be left out
    to = 2028-01-01T00:00:00+08:00

    [[requirements]]                       # the first that fits counts in place of require
    jurisdictions = ["cn-51*"]
    algs = ["Ed25519", "SM2-SM3"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from fhir_hr.errors import DataFileError, UsageError
from fhir_hr.rules.publishing.keys import Alg, PublicKey, load_public_key
from fhir_hr.rules.publishing.names import covers, is_pattern

__all__ = ["Requirement", "Signs", "Trust", "TrustedKey", "load_trust"]

_MAX_TRUST = 1_000_000
_AT = re.compile(r" - at `\$\.?([^`]*)`\Z")
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]*)`")


class Signs(StrEnum):
    """What a key may sign: so that the key of every day need not be the key that makes rules."""

    PACKS = "packs"
    INDEX = "index"
    LANES = "lanes"


_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Patterns = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
_Algs = Annotated[tuple[Alg, ...], msgspec.Meta(min_length=1)]
_Kinds = Annotated[tuple[Signs, ...], msgspec.Meta(min_length=1)]


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and what it may do.

    Attributes:
        jurisdictions: ``cn-51``, or ``cn-51*`` for it and all inside it.
        signs: what it may sign.
        start, end: it may sign what is taken over from ``start`` on and before ``end``; ``None``: open.
    """

    name: str
    public: PublicKey
    jurisdictions: tuple[str, ...]
    signs: tuple[Signs, ...] = tuple(Signs)
    start: datetime | None = None
    end: datetime | None = None

    def may_sign(self, jurisdiction: str) -> bool:
        """Tell whether the key may sign for a jurisdiction."""
        return any(covers(pattern, jurisdiction) for pattern in self.jurisdictions)

    def valid(self, at: datetime) -> bool:
        """Tell whether a moment lies in the key's period."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Algorithms that must have signed for these jurisdictions."""

    jurisdictions: _Patterns
    algs: _Algs


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a hospital believes.

    Attributes:
        require: algorithms of which a valid signature must be there.
        requirements: in place of ``require``, for some jurisdictions.
    """

    keys: tuple[TrustedKey, ...]
    require: tuple[Alg, ...]
    requirements: tuple[Requirement, ...] = ()

    def key(self, kid: str) -> TrustedKey | None:
        """Return the key of a name, or ``None``."""
        return next((key for key in self.keys if key.public.kid == kid), None)

    def required(self, jurisdiction: str) -> tuple[Alg, ...]:
        """Return the algorithms that must have signed for a jurisdiction."""
        for each in self.requirements:
            if any(covers(pattern, jurisdiction) for pattern in each.jurisdictions):
                return each.algs
        return self.require


class _Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    kid: str
    public: str
    jurisdictions: _Patterns
    signs: _Kinds = tuple(Signs)
    start: _Moment | None = msgspec.field(name="from", default=None)
    end: _Moment | None = msgspec.field(name="to", default=None)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Literal["fhir-hr-trust/1"]
    require: _Algs
    keys: Annotated[tuple[_Key, ...], msgspec.Meta(min_length=1)]
    requirements: tuple[Requirement, ...] = ()


def load_trust(data: bytes, *, file: str = "trust.toml") -> Trust:
    """Read a trust file.

    Args:
        data: its bytes, TOML.
        file: its name, for errors.

    Raises:
        DataFileError: it is not TOML, a key is unknown, missing, repeated or of a wrong kind, a name and its public
            key do not belong together, a time has no offset, a jurisdiction is none.
    """
    read = _read(data, file=file)
    keys: list[TrustedKey] = []
    for n, each in enumerate(read.keys):
        at = f"keys[{n}]"
        try:
            public = load_public_key(each.public.encode())
        except UsageError as error:
            raise DataFileError(f"{at}.public: {error}", file=file) from error
        if each.kid != public.kid:
            raise DataFileError(f"{at}.kid: the key given is {public.kid}", file=file)
        if any(public.kid == other.public.kid for other in keys):
            raise DataFileError(f"{at}.kid: this key stands there twice", file=file)
        if each.start is not None and each.end is not None and each.end <= each.start:
            raise DataFileError(f"{at}: ends before it begins", file=file)
        _patterns(each.jurisdictions, at=at, file=file)
        keys.append(
            TrustedKey(
                name=each.name,
                public=public,
                jurisdictions=each.jurisdictions,
                signs=each.signs,
                start=each.start,
                end=each.end,
            )
        )
    for n, requirement in enumerate(read.requirements):
        _patterns(requirement.jurisdictions, at=f"requirements[{n}]", file=file)
    return Trust(keys=tuple(keys), require=read.require, requirements=read.requirements)


def _patterns(patterns: Iterable[str], *, at: str, file: str) -> None:
    for pattern in patterns:
        if not is_pattern(pattern):
            raise DataFileError(
                f"{at}.jurisdictions: {pattern[:40]!r} is no jurisdiction (cn, cn-51, cn-51*)", file=file
            )


def _read(data: bytes, *, file: str) -> _File:
    if len(data) > _MAX_TRUST:
        raise DataFileError(f"larger than {_MAX_TRUST} bytes", file=file)
    try:
        return msgspec.convert(tomllib.loads(data.decode("utf-8")), _File)
    except UnicodeDecodeError as error:
        raise DataFileError("not UTF-8", file=file) from error
    except msgspec.ValidationError as error:
        found = _AT.search(str(error))
        message = _UNKNOWN_FIELD.sub(lambda name: f"unknown key {name[1]!r}", _AT.sub("", str(error)))
        raise DataFileError(f"{found[1]}: {message}" if found and found[1] else message, file=file) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataFileError(f"not TOML: {error}", file=file) from error
