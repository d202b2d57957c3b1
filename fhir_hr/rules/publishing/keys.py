"""Keys: files, names, signing and checking. Ed25519 (RFC 8032) and SM2 with SM3.

Key files are PEM as ``openssl genpkey`` writes them: PKCS #8 and SubjectPublicKeyInfo. The name of a key
(``kid``) is the first 40 hex digits of the SHA-256 of its public key's DER, so nobody assigns names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from enum import StrEnum

from fhir_hr.errors import UsageError
from fhir_hr.rules.publishing import sm2

__all__ = ["Alg", "PublicKey", "SigningKey", "load_public_key", "load_signing_key", "new_key"]


class Alg(StrEnum):
    """Algorithms of signatures."""

    ED25519 = "Ed25519"
    SM2_SM3 = "SM2-SM3"


_PUBLIC_HEAD = {
    Alg.ED25519: bytes.fromhex("302a300506032b6570032100"),
    Alg.SM2_SM3: bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200"),
}
_PUBLIC_SIZE = {Alg.ED25519: 32, Alg.SM2_SM3: 65}
_SM2_HEAD = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_SM2_MIDDLE = bytes.fromhex("a144034200")
_SM2_FORMS = (
    (_SM2_HEAD, _SM2_MIDDLE),  # as OpenSSL writes it; GmSSL names the curve a second time:
    (
        bytes.fromhex("308193020100301306072a8648ce3d020106082a811ccf5501822d047930770201010420"),
        bytes.fromhex("a00a06082a811ccf5501822da144034200"),
    ),
)
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
_PEM = re.compile(rb"\s*-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----\s*\Z")
_MAX_PEM = 10_000
_ENTROPY = 48


class PublicKey:
    """A public key.

    Attributes:
        alg: its algorithm.
        raw: 32 bytes (Ed25519), or ``04``, x and y (SM2).
    """

    __slots__ = ("alg", "raw")

    def __init__(self, alg: Alg, raw: bytes) -> None:
        self.alg = alg
        self.raw = raw

    def __repr__(self) -> str:
        return f"PublicKey({self.alg}, {self.kid})"

    @property
    def kid(self) -> str:
        """Name of the key: 40 hex digits, from its bytes."""
        return hashlib.sha256(self._der()).hexdigest()[:40]

    def pem(self) -> bytes:
        """Return the key as a PEM file."""
        return _to_pem("PUBLIC KEY", self._der())

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Tell whether a signature over the bytes holds.

        Raises:
            MissingExtraError: SM2, and its extra is not installed.
        """
        if self.alg is Alg.SM2_SM3:
            return sm2.verify(data, signature, public=self.raw)
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _der(self) -> bytes:
        return _PUBLIC_HEAD[self.alg] + self.raw


class SigningKey:
    """A private key. Its ``repr`` shows the public half alone."""

    __slots__ = ("_secret", "public")

    def __init__(self, secret: bytes, public: PublicKey) -> None:
        self._secret = secret
        self.public = public

    def __repr__(self) -> str:
        return f"SigningKey({self.public.alg}, {self.public.kid})"

    def sign(self, data: bytes) -> bytes:
        """Sign the bytes. The same key and bytes give the same signature."""
        if self.public.alg is Alg.SM2_SM3:
            return sm2.sign(data, secret=self._secret, public=self.public.raw)
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._secret).sign(data)

    def private_pem(self, password: bytes | None = None) -> bytes:
        """Return the private key as a PEM file, encrypted when a password is given.

        Raises:
            UsageError: a password for an SM2 key; encrypt the file with another program.
        """
        if self.public.alg is Alg.SM2_SM3:
            if password is not None:
                raise UsageError("an SM2 key cannot be encrypted here; use: openssl pkcs8 -topk8 -v2 aes-256-cbc")
            return _to_pem("PRIVATE KEY", _SM2_HEAD + self._secret + _SM2_MIDDLE + self.public.raw)
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        cipher = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return Ed25519PrivateKey.from_private_bytes(self._secret).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, cipher
        )


def new_key(alg: Alg, *, entropy: bytes) -> SigningKey:
    """Make a key from chance that the caller brings; this layer has none of its own.

    Args:
        alg: the algorithm.
        entropy: exactly 48 bytes of the operating system's secure generator (``os.urandom(48)``). The same bytes
            give the same key.

    Raises:
        UsageError: another number of bytes.
        MissingExtraError: SM2, and its extra is not installed.
    """
    if len(entropy) != _ENTROPY:
        raise UsageError(f"a new key needs {_ENTROPY} random bytes, not {len(entropy)}")
    if alg is Alg.ED25519:
        return _ed25519(entropy[:32])
    # 128 bits more than the order has: what the remainder prefers cannot be noticed (FIPS 186-5, A.2.1).
    secret = (int.from_bytes(entropy, "big") % (sm2.ORDER - 2) + 1).to_bytes(32, "big")
    return SigningKey(secret, PublicKey(alg, sm2.public_of(secret)))


def load_signing_key(pem: bytes, *, password: bytes | None = None) -> SigningKey:
    """Read a private key file (PKCS #8), encrypted or not.

    Raises:
        UsageError: it is no such file, of another algorithm, or the password is wrong or missing.
        MissingExtraError: SM2, and its extra is not installed.
    """
    label, der = _from_pem(pem)
    if label == "PRIVATE KEY" and _SM2_CURVE in der[:64]:
        return _sm2_key(der)
    if label not in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        raise UsageError(f"the key file holds a {label.lower()}; needed is PKCS #8 (openssl pkcs8 -topk8 -nocrypt)")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    encrypted = label.startswith("ENCRYPTED")
    if encrypted and not password:
        raise UsageError("the key file is encrypted; its password is needed")
    try:
        key = serialization.load_pem_private_key(pem, password if encrypted else None)
    except UnsupportedAlgorithm as error:
        raise UsageError("the key file holds an algorithm not known here; decrypt an SM2 key first") from error
    except (ValueError, TypeError) as error:
        raise UsageError("the key file cannot be read: broken, or a wrong password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"the key file holds a {type(key).__name__}; keys are Ed25519 or SM2")
    return _ed25519(key.private_bytes_raw())


def load_public_key(pem: bytes) -> PublicKey:
    """Read a public key file (SubjectPublicKeyInfo).

    Raises:
        UsageError: it is no such file, of another algorithm, or no point of the curve.
    """
    label, der = _from_pem(pem)
    if label != "PUBLIC KEY":
        raise UsageError(f"the key file holds a {label.lower()}, not a public key")
    for alg, head in _PUBLIC_HEAD.items():
        raw = der[len(head) :]
        if der.startswith(head) and len(raw) == _PUBLIC_SIZE[alg]:
            if alg is Alg.SM2_SM3 and not sm2.on_curve(raw):
                raise UsageError("the public key is no point of the SM2 curve")
            return PublicKey(alg, raw)
    raise UsageError("the public key is neither Ed25519 nor SM2")


def _ed25519(secret: bytes) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return SigningKey(secret, PublicKey(Alg.ED25519, public))


def _sm2_key(der: bytes) -> SigningKey:
    for head, middle in _SM2_FORMS:
        secret, rest = der[len(head) : len(head) + 32], der[len(head) + 32 :]
        if der.startswith(head) and rest.startswith(middle):
            break
    else:
        raise UsageError("the SM2 key file is written neither as OpenSSL nor as GmSSL writes PKCS #8")
    if not 0 < int.from_bytes(secret, "big") < sm2.ORDER - 1:
        raise UsageError("the SM2 key is out of range")
    public = sm2.public_of(secret)
    if rest[len(middle) :] != public:
        raise UsageError("the two halves of the SM2 key do not belong together")
    return SigningKey(secret, PublicKey(Alg.SM2_SM3, public))


def _to_pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join([f"-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b""])


def _from_pem(pem: bytes) -> tuple[str, bytes]:
    found = _PEM.match(pem) if len(pem) <= _MAX_PEM else None
    if found is None:
        raise UsageError("the key file is not PEM with one key")
    try:
        return found[1].decode(), base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error as error:
        raise UsageError("the key file is not PEM: its base64 is broken") from error
