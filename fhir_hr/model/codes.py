"""Codes, concepts and identifiers.

A code is equal to another by system and code, never by display; two systems are never "the same" by
equality (that is a mapping's statement, made in a table).
"""

from __future__ import annotations

import msgspec

__all__ = ["EMPTY_CONCEPT", "Code", "Concept", "Identifier"]


class Code(msgspec.Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """One code of one system (FHIR ``Coding``).

    Attributes:
        code: the code as sent.
        system: URI of the code system; ``None`` when the sender's system has none that is known.
        display: the sender's or the table's name for it.
        version: version of the code system.

    Example:
        >>> Code(system="http://loinc.org", code="718-7", display="HGB") == Code(
        ...     system="http://loinc.org", code="718-7")
        True
    """

    code: str
    system: str | None = None
    display: str | None = None
    version: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Code):
            return NotImplemented
        return self.code == other.code and self.system == other.system

    def __hash__(self) -> int:
        return hash((self.system, self.code))


class Concept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A meaning with its parallel codings and the source's own words (FHIR ``CodeableConcept``).

    Attributes:
        codings: the codings, the sender's first.
        text: the sender's own words.
        source: the raw text of the field it was read from.
    """

    codings: tuple[Code, ...] = ()
    text: str | None = None
    source: str | None = None

    @property
    def shown(self) -> str:
        """What a person reads: the sender's own words, else the first display, else the first code.

        Example:
            >>> Concept(codings=(Code(code="ALT"), Code(code="0301", display="丙氨酸氨基转移酶"))).shown
            '丙氨酸氨基转移酶'
        """
        if self.text:
            return self.text
        for coding in self.codings:
            if coding.display:
                return coding.display
        return self.codings[0].code if self.codings else ""

    def code_in(self, system: str) -> str | None:
        """Return the code of the first coding in ``system``, or ``None``."""
        for coding in self.codings:
            if coding.system == system:
                return coding.code
        return None

    def __bool__(self) -> bool:
        return bool(self.codings or self.text)


EMPTY_CONCEPT = Concept()


class Identifier(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A business identifier (FHIR ``Identifier``).

    Attributes:
        value: the number itself.
        system: URI of the identifier's system; a registered OID root as ``urn:oid:…`` where known.
        type: kind of identifier (HL7 table 0203 or a local type code).
        assigner: name or code of the organisation that gave the number. All hospitals share the registered
            OID roots, so a number that is only locally unique is nothing without its assigner.
    """

    value: str
    system: str | None = None
    type: Code | None = None
    assigner: str | None = None

    @property
    def key(self) -> str:
        """Stable text key: system, assigner and value."""
        return f"{self.system or ''}|{self.assigner or ''}|{self.value}"

    def __repr__(self) -> str:
        return f"Identifier(system={self.system!r}, …)"
