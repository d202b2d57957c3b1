"""How an archive is reached by DIMSE, and the bounds of talking to it."""

from __future__ import annotations

import ssl
from pathlib import Path

import msgspec

from fhir_hr.errors import UsageError

__all__ = ["Bounds", "Peer", "Tls"]


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """A secure connection (PS3.15 B.12).

    Attributes:
        ca: file of the certificates that are trusted; ``None``: those of the system.
        certificate, key: files of our own certificate and its key, where the archive asks for one.
        check_hostname: whether the archive's certificate must name the host that is asked. Off only for archives
            whose certificate names something else; it is then still checked against ``ca``.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """Return the TLS context: 1.2 or newer, the archive's certificate always checked.

        Raises:
            UsageError: a file cannot be read or is no certificate or key.
        """
        if not self.check_hostname and self.ca is None:
            raise UsageError("without a check of the host name, TLS needs ca: else any certificate would do")
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
            if self.certificate is not None:
                context.load_cert_chain(str(self.certificate), str(self.key) if self.key else None)
        except OSError as error:  # ssl.SSLError is one
            raise UsageError(f"the certificates for TLS cannot be read: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = self.check_hostname
        return context


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one call may take at most.

    Attributes:
        connect: seconds until the association stands.
        silence: seconds without any answer.
        total: seconds for all of one call, however many associations it takes.
        rows: rows that are read of one query.
        row_bytes: size of one answer of a query.
        object_bytes: size of one object that is fetched.
        total_bytes: size of all objects of one call.
        pdu: the largest PDU that we take.
    """

    connect: float = 10.0
    silence: float = 30.0
    total: float = 120.0
    rows: int = 20_000
    row_bytes: int = 1 << 20
    object_bytes: int = 1 << 30
    total_bytes: int = 8 << 30
    pdu: int = 1 << 17


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """An archive as it is reached by DIMSE.

    Attributes:
        called_ae, calling_ae: AE titles of the archive and of this system.
        charset: SpecificCharacterSet of what is asked: ``GB18030``, ``GBK``, ``ISO_IR 192`` …
        answer_charset: what an answer with other than ASCII letters is read by when it states no character set;
            ``None``: it is not guessed.
    """

    host: str
    port: int
    called_ae: str
    calling_ae: str = "FHIRHR"
    charset: str = "GB18030"
    answer_charset: str | None = None
    tls: Tls | None = None
    bounds: Bounds = Bounds()

    def __post_init__(self) -> None:
        """Refuse what no association can be asked with.

        Raises:
            UsageError: an AE title, the port or the character set cannot be.
        """
        from fhir_hr.sources.dimse.text import codec_of

        for name, title in (("called_ae", self.called_ae), ("calling_ae", self.calling_ae)):
            if not _is_ae_title(title):
                raise UsageError(
                    f"{name} {title!r}: an AE title has 1 to 16 ASCII characters, none of them a backslash"
                )
        if not 0 < self.port < 65_536:
            raise UsageError(f"port {self.port} is none")
        codec_of(self.charset)
        if self.answer_charset is not None:
            codec_of(self.answer_charset)


def _is_ae_title(text: str) -> bool:
    return 0 < len(text) <= 16 and text.isascii() and text.isprintable() and "\\" not in text and bool(text.strip())
