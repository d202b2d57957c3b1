"""SM2 signatures with SM3 (GB/T 32918.2, GM/T 0009): key files, the nonce, the signature's DER.

The arithmetic is the package ``gmalg``'s (extra ``sm2``); SM3 is OpenSSL's where Python's has it. The user
identity is the standard's default, so that ``openssl pkeyutl -rawin -digest sm3 -pkeyopt distid:1234567812345678``
and other programs make and check the same signatures.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

from fhir_hr.errors import MissingExtraError

__all__ = ["ORDER", "USER", "from_der", "on_curve", "public_of", "sign", "sm3", "to_der", "verify"]

USER = b"1234567812345678"
"""The default identity of GM/T 0009."""

ORDER = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
_P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
_B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
_SIZE = 32


def sm3(data: bytes) -> str | None:
    """Return the SM3 digest (hex), or ``None`` where neither OpenSSL nor the extra has it.

    Example:
        >>> sm3(b"abc") in (None, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
        True
    """
    try:
        return hashlib.new("sm3", data, usedforsecurity=False).hexdigest()
    except ValueError:
        pass
    try:
        from gmalg import SM3
    except ImportError:
        return None
    own = SM3()
    own.update(data)
    return str(own.value().hex())


def on_curve(point: bytes) -> bool:
    """Tell whether 65 bytes (``04``, x, y) are a point of the curve, other than infinity."""
    if len(point) != 1 + 2 * _SIZE or point[0] != 4:
        return False
    x, y = (int.from_bytes(each, "big") for each in (point[1 : 1 + _SIZE], point[1 + _SIZE :]))
    return x < _P and y < _P and (y * y - x * x * x + 3 * x - _B) % _P == 0


def public_of(secret: bytes) -> bytes:
    """Return the public point (65 bytes) of a secret number (32 bytes).

    Raises:
        MissingExtraError: the extra ``sm2`` is not installed.
    """
    x, y = (int(each) for each in _core().generate_pk(int.from_bytes(secret, "big")))
    return b"\x04" + x.to_bytes(_SIZE, "big") + y.to_bytes(_SIZE, "big")


def sign(data: bytes, *, secret: bytes, public: bytes) -> bytes:
    """Sign; DER of ``r`` and ``s``. The same key and bytes give the same signature.

    Raises:
        MissingExtraError: the extra ``sm2`` is not installed.
    """
    nonces = _nonces(secret, data)
    r, s = _core(lambda _: next(nonces)).sign(data, int.from_bytes(secret, "big"), USER, _point(public))
    return to_der(int(r), int(s))


def verify(data: bytes, signature: bytes, *, public: bytes) -> bool:
    """Tell whether a signature (DER) holds.

    Raises:
        MissingExtraError: the extra ``sm2`` is not installed.
    """
    numbers = from_der(signature)
    core = _core()
    if numbers is None or not on_curve(public):
        return False
    r, s = numbers
    # Asked here and not left to the package: 0, and a sum of 0, would hold for every message.
    if not (0 < r < ORDER and 0 < s < ORDER) or (r + s) % ORDER == 0:
        return False
    try:
        return bool(core.verify(data, r, s, USER, _point(public)))
    except (ArithmeticError, TypeError, ValueError):
        return False  # the point at infinity


def to_der(r: int, s: int) -> bytes:
    """Write ``r`` and ``s`` as ``SEQUENCE { INTEGER, INTEGER }``.

    Example:
        >>> to_der(1, 255).hex()
        '3007020101020200ff'
    """
    body = b""
    for number in (r, s):
        octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
        body += bytes((2, len(octets))) + octets
    return bytes((0x30, len(body))) + body


def from_der(data: bytes) -> tuple[int, int] | None:
    """Read ``r`` and ``s``; ``None`` for anything but the one way to write them."""
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2:
        return None
    first = 4 + data[3]
    if first + 2 > len(data):
        return None
    numbers = int.from_bytes(data[4:first], "big"), int.from_bytes(data[first + 2 :], "big")
    return numbers if to_der(*numbers) == data else None


class _Sm3:
    """SM3 as ``gmalg`` wants a hash, by OpenSSL: its own takes seconds for a large list."""

    def __init__(self) -> None:
        self.reset()

    @classmethod
    def hash_length(cls) -> int:
        return _SIZE

    def reset(self) -> None:
        self._hash = hashlib.new("sm3", usedforsecurity=False)

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def value(self) -> bytes:
        return self._hash.digest()


def _core(nonce: Callable[[int], int] | None = None) -> Any:  # noqa: ANN401 - the package has no types
    try:
        from gmalg import SM3
        from gmalg.sm2 import SM2Core, _ecdlp
    except ImportError as error:
        raise MissingExtraError(package="gmalg", extra="sm2") from error
    try:
        digest: object = _Sm3()
    except ValueError:
        digest = SM3()
    return SM2Core(_ecdlp, digest, nonce)


def _point(public: bytes) -> tuple[int, int]:
    return int.from_bytes(public[1 : 1 + _SIZE], "big"), int.from_bytes(public[1 + _SIZE :], "big")


def _nonces(secret: bytes, data: bytes) -> Iterator[int]:
    """Yield numbers of 256 bits from the key and the bytes alone (RFC 6979 section 3.2): no chance, no reuse."""
    message = hashlib.sha256(data).digest()
    key, value = bytes(_SIZE), b"\x01" * _SIZE
    for step in (b"\x00", b"\x01"):
        key = hmac.digest(key, value + step + secret + message, "sha256")
        value = hmac.digest(key, value, "sha256")
    while True:
        value = hmac.digest(key, value, "sha256")
        yield int.from_bytes(value, "big")
        key = hmac.digest(key, value + b"\x00", "sha256")
        value = hmac.digest(key, value, "sha256")
