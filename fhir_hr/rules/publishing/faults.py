"""Why a published pack, index or lane is refused, or flagged: permanent codes."""

from __future__ import annotations

from enum import StrEnum

from fhir_hr.errors import PackRefusedError

__all__ = ["Fault", "refused"]


class Fault(StrEnum):
    """Every reason, permanent once released. Nothing of what is refused is used; the last good one is kept."""

    # -- reaching it --------------------------------------------------------------------------
    UNREACHABLE = "unreachable"  # no answer, an error of the server, a lost connection
    NOT_FOUND = "not-found"
    TOO_SLOW = "too-slow"  # not there within the deadline
    REDIRECTED = "redirected"  # to another origin
    TOO_LARGE = "too-large"  # declared or real
    TRUNCATED = "truncated"  # shorter than declared
    PATH_REFUSED = "path-refused"  # absolute, with .. or \ or NUL, or otherwise not a plain relative path
    LINK_REFUSED = "link-refused"  # a symbolic link, or no regular file

    # -- reading it ---------------------------------------------------------------------------
    MALFORMED = "malformed"  # not JSON, a repeated key, too deep, a number too large, a missing or unknown key
    WRONG_VOCABULARY = "wrong-vocabulary"  # written for another vocabulary than this library knows
    BROKEN_PACK = "broken-pack"  # its signature holds, but its content does not

    # -- trusting it --------------------------------------------------------------------------
    UNKNOWN_KEY = "unknown-key"  # signed by no key of the trust file
    KEY_NOT_VALID = "key-not-valid"  # before or after the period of the key
    BAD_SIGNATURE = "bad-signature"  # by a known key, and it does not hold
    SIGNATURE_MISSING = "signature-missing"  # of an algorithm that the trust file requires
    WRONG_JURISDICTION = "wrong-jurisdiction"  # the key may not sign for it, or its name or area lies outside
    WRONG_PURPOSE = "wrong-purpose"  # the key may not sign this kind of file
    WRONG_DIGEST = "wrong-digest"  # a file is not the one that was signed for
    DIGEST_MISSING = "digest-missing"  # SM3 where SM2 is required
    MISMATCH = "mismatch"  # parts of different versions or packs

    # -- its place in time --------------------------------------------------------------------
    ROLLED_BACK = "rolled-back"  # a serial lower than one accepted before
    SERIAL_REUSED = "serial-reused"  # the serial accepted before, with other bytes
    NOT_YET = "not-yet"  # its not_before lies in the future

    # -- of a copy held: not used, the one before it stands in ----------------------------------
    STORE_DAMAGED = "store-damaged"  # it was changed or lost
    KEY_WITHDRAWN = "key-withdrawn"  # the trust file has no key any more that signed it

    # -- flagged, and used all the same -------------------------------------------------------
    INDEX_EXPIRED = "index-expired"  # decisions carry HR-PACK-STALE
    NOT_LISTED = "not-listed"  # the index names it no more
    EXTRA_MISSING = "extra-missing"  # a signature could not be checked again for want of a package


def refused(fault: Fault, message: str, *, file: str) -> PackRefusedError:
    """Make the error of a refusal."""
    return PackRefusedError(message, fault=fault, file=file)
