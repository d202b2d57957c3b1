"""Deterministic ids: version 5 UUIDs of stable business keys, never of values, dates, clock or chance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha1
from uuid import NAMESPACE_URL, uuid5

from fhir_hr.mapping.canonical import CANONICAL

__all__ = ["STUDIES", "IdMaker", "study_id"]

STUDIES = "urn:dicom:uid"
"""Sender of whatever is named by its Study Instance UID alone: every archive that has the study gives the same id."""

# Key of a report that came as a DICOM SR and has a UID of its own.
_STRUCTURED = re.compile(r"sr\|(?=.{3,64}\Z)[0-2](?:\.[0-9]+)+", re.ASCII)

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class IdMaker:
    """Makes the ids of one sender's resources.

    Args:
        sender: stable key of the sending institution; two senders may both have a report ``1``.
        namespace: name of the deployment; ``None`` for the library's own. Parties that exchange ids use one.

    Example:
        >>> ids = IdMaker(sender="H001")
        >>> ids.make("Patient", "|H001|1") == ids.make("Patient", "|H001|1")
        True
        >>> import uuid
        >>> uuid.UUID(ids.make("Patient", "|H001|1")).version
        5
    """

    __slots__ = ("_namespace", "_prefixes", "_sender", "_shared", "_space")

    def __init__(self, *, sender: str, namespace: str | None = None) -> None:
        self._space = uuid5(NAMESPACE_URL, namespace or CANONICAL).bytes
        self._sender = sender
        self._namespace = namespace
        self._shared: IdMaker | None = None
        self._prefixes: dict[str, bytes] = {}

    def make(self, kind: str, key: str) -> str:
        """Return the id of the resource of this kind with this business key."""
        return _uuid(self._prefix(kind) + key.encode("utf-8", "surrogatepass"))

    def make_many(self, kind: str, start: str, ends: Iterable[str]) -> list[str]:
        """Return ``make(kind, start + end)`` for each ``end``."""
        prefix = self._prefix(kind) + start.encode("utf-8", "surrogatepass")
        return [_uuid(prefix + end.encode("utf-8", "surrogatepass")) for end in ends]

    def of_report(self, key: str) -> IdMaker:
        """Return the maker of the ids of a report and its results.

        A structured report is named by its SOP Instance UID, so it is the same one whoever sends it; any other is
        named by its sender's number.

        Example:
            >>> one, other = IdMaker(sender="H001"), IdMaker(sender="H002")
            >>> one.of_report("sr|1.2.3").make("DiagnosticReport", "sr|1.2.3") == (
            ...     other.of_report("sr|1.2.3").make("DiagnosticReport", "sr|1.2.3"))
            True
            >>> one.of_report("FILL|1") is one
            True
        """
        if not _STRUCTURED.fullmatch(key):
            return self
        if self._shared is None:
            self._shared = IdMaker(sender=STUDIES, namespace=self._namespace)
        return self._shared

    def _prefix(self, kind: str) -> bytes:
        prefix = self._prefixes.get(kind)
        if prefix is None:
            text = f"{kind}\x1f{self._sender}\x1f"
            prefix = self._prefixes[kind] = self._space + text.encode("utf-8", "surrogatepass")
        return prefix


def study_id(uid: str, namespace: str | None = None) -> str:
    """Return the id of the ImagingStudy with this Study Instance UID, from whatever source.

    Example:
        >>> study_id("1.2.3") == IdMaker(sender=STUDIES).make("ImagingStudy", "1.2.3")
        True
    """
    return IdMaker(sender=STUDIES, namespace=namespace).make("ImagingStudy", uid)


def _uuid(data: bytes) -> str:
    # uuid.uuid5 spends most of its time on the UUID object; only its text is needed.
    text = sha1(data, usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
