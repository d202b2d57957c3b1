"""Where a fact came from."""

from __future__ import annotations

import msgspec

from fhir_hr.model.when import When

__all__ = ["MessageOrigin", "Origin"]


class MessageOrigin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The message, document or file that facts came from.

    Attributes:
        system: sending system as it names itself (``LIS@H001``).
        format: ``hl7v2``, ``cda``, ``dicom``, ``rows``, ``fhir``.
        message_id: message control id, document id …; may be empty.
        sha256: hex digest of the bytes as received.
        received: when it was received, if the caller told; the library reads no clock.
    """

    system: str
    format: str
    message_id: str
    sha256: str
    received: When | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fact's place: the message, and the segment/field, XPath or tag in it.

    Attributes:
        message: the message; shared by all facts of it.
        where: ``OBX[3]``, ``SPM[1]`` …
    """

    message: MessageOrigin
    where: str
