"""Detached signatures: a list beside the file that they are over."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from fhir_hr.errors import MissingExtraError, UsageError
from fhir_hr.rules.pack import canonical_json
from fhir_hr.rules.publishing.faults import Fault, refused
from fhir_hr.rules.publishing.formats import MAX_SIGNATURES, SIGNATURES, Signature
from fhir_hr.rules.publishing.keys import Alg, PublicKey, SigningKey
from fhir_hr.rules.publishing.strict_json import read_json
from fhir_hr.rules.publishing.trust import Signs, Trust, TrustedKey

__all__ = ["attach_signature", "check_signatures", "read_signatures", "sign_manifest"]

_Signatures = Annotated[tuple[Signature, ...], msgspec.Meta(max_length=16)]


def sign_manifest(data: bytes, keys: Sequence[SigningKey], *, signatures: bytes | None = None) -> bytes:
    """Sign a manifest, an index or a lane with one key or several.

    Args:
        data: the file's bytes.
        keys: who signs.
        signatures: the signatures there are already; those of the same keys are replaced.

    Returns:
        The bytes of ``signatures.json``: the same keys and bytes give the same.

    Raises:
        MissingExtraError: an SM2 key, and its extra is not installed.
        PackRefusedError: ``signatures`` cannot be read.
    """
    made = [(key.public, key.sign(data)) for key in keys]
    return _joined(made, signatures)


def attach_signature(data: bytes, public: PublicKey, value: bytes, *, signatures: bytes | None = None) -> bytes:
    """Add a signature that was made elsewhere: by a token, or by ``openssl pkeyutl``.

    Args:
        data: the file's bytes.
        public: whose signature it is.
        value: the signature: 64 bytes (Ed25519), or the DER of r and s (SM2).
        signatures: the signatures there are already.

    Raises:
        UsageError: it is no signature of this key over these bytes.
    """
    if not public.verify(data, value):
        raise UsageError(f"this is no signature of the key {public.kid} over these bytes")
    return _joined([(public, value)], signatures)


def read_signatures(data: bytes, *, file: str = SIGNATURES) -> tuple[Signature, ...]:
    """Read a list of signatures, without checking them.

    Raises:
        PackRefusedError: ``malformed`` or ``too-large``; also when a key stands there twice.
    """
    found: tuple[Signature, ...] = read_json(data, _Signatures, file=file, limit=MAX_SIGNATURES)
    if len({each.kid for each in found}) < len(found):
        raise refused(Fault.MALFORMED, "two signatures of one key", file=file)
    return found


def check_signatures(
    data: bytes, signatures: bytes, *, trust: Trust, what: Signs, jurisdiction: str, at: datetime | None, file: str
) -> tuple[TrustedKey, ...]:
    """Check that the keys required for a jurisdiction have signed these bytes.

    Signatures of unknown keys are passed over; one of a known key that does not hold refuses the file.

    Args:
        data: the bytes.
        signatures: the bytes of the list beside.
        trust: whom we believe.
        what: whether it is a pack's manifest, an index or a lane.
        jurisdiction: for which the file speaks.
        at: the moment of taking it over, at which the keys must be valid; ``None`` for what was taken over before.
        file: name for errors.

    Returns:
        The keys that have signed.

    Raises:
        PackRefusedError: ``unknown-key``, ``bad-signature``, ``wrong-jurisdiction``, ``wrong-purpose``,
            ``key-not-valid`` or ``signature-missing``.
        MissingExtraError: SM2 is required here, and its extra is not installed.
        UsageError: ``at`` has no offset.
    """
    if at is not None and at.tzinfo is None:
        raise UsageError("the moment of taking over needs an offset")
    required = trust.required(jurisdiction)
    good: list[TrustedKey] = []
    why: dict[Fault, str] = {}
    for each in read_signatures(signatures, file=f"signatures of {file}"):
        key = trust.key(each.kid)
        if key is None:
            continue
        try:
            holds = key.public.alg is each.alg and key.public.verify(data, _value(each))
        except MissingExtraError:
            if each.alg in required:
                raise
            continue
        if not holds:
            raise refused(Fault.BAD_SIGNATURE, f"the signature of {key.name!r} does not hold", file=file)
        if not key.may_sign(jurisdiction):
            why[Fault.WRONG_JURISDICTION] = f"{key.name!r} may not sign for {jurisdiction}"
        elif what not in key.signs:
            why[Fault.WRONG_PURPOSE] = f"{key.name!r} may not sign {what}"
        elif at is not None and not key.valid(at):
            why[Fault.KEY_NOT_VALID] = f"the key of {key.name!r} is not valid at {at.isoformat()}"
        else:
            good.append(key)
    signed = {key.public.alg for key in good}
    missing = [alg for alg in required if alg not in signed]
    if missing:
        raise _missing(missing, why, signed, file=file)
    return tuple(good)


def _missing(missing: list[Alg], why: dict[Fault, str], signed: set[Alg], *, file: str) -> Exception:
    for fault, message in why.items():
        return refused(fault, message, file=file)
    if signed:
        return refused(Fault.SIGNATURE_MISSING, f"no signature with {', '.join(missing)}, which is required", file=file)
    return refused(Fault.UNKNOWN_KEY, "signed by no key of the trust file", file=file)


def _value(signature: Signature) -> bytes:
    try:
        return base64.b64decode(signature.value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _joined(made: list[tuple[PublicKey, bytes]], signatures: bytes | None) -> bytes:
    all_of = {each.kid: each for each in (() if signatures is None else read_signatures(signatures))}
    for public, value in made:
        all_of[public.kid] = Signature(alg=public.alg, kid=public.kid, value=base64.b64encode(value).decode())
    return canonical_json([all_of[kid] for kid in sorted(all_of)]) + b"\n"
