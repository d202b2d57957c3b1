"""MSH: who sends, read once from the raw bytes to find the character set, and again from the decoded text."""

from __future__ import annotations

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import assigner_of
from fhir_hr.adapters.hl7v2.er7 import Segment, Separators, separators_of
from fhir_hr.mapping.canonical import USCC
from fhir_hr.mapping.senders import SenderProfile
from fhir_hr.model.codes import Identifier
from fhir_hr.model.people import Organization

__all__ = ["facility_key", "first_component", "raw_component", "raw_field", "raw_header", "sender_of"]


def raw_header(raw: bytes) -> tuple[Separators, list[str]] | None:
    """Delimiters and MSH fields from the raw bytes; the parts that matter are ASCII."""
    line = raw[:4096].split(b"\r", 1)[0].split(b"\n", 1)[0].decode("latin-1")
    separators = separators_of(line)
    return None if separators is None else (separators, line.split(separators.field))


def raw_field(fields: list[str], index: int) -> str:
    """A field of the undecoded header, or an empty string."""
    return fields[index] if index < len(fields) else ""


def raw_component(fields: list[str], index: int) -> str:
    """An ASCII component for the first look at the sender; the names behind it are not decoded yet."""
    text = raw_field(fields, index)
    return text.split(fields[1][0])[0] if text and len(fields) > 1 and fields[1] else text


def first_component(ctx: Context, raw: str) -> str:
    """The first component of a field, with escapes resolved."""
    return ctx.text(raw.split(ctx.separators.component, maxsplit=1)[0]).strip()


def facility_key(profile: SenderProfile, application: str, facility: str, separators: Separators) -> str:
    """Stable name of the sending institution: its USCC where the profile states it, else MSH-4, else MSH-3."""
    if profile.institution is not None:
        return profile.institution.id
    return (
        facility.split(separators.component, maxsplit=1)[0].strip()
        or application.split(separators.component, maxsplit=1)[0].strip()
    )


def sender_of(ctx: Context, msh: Segment) -> Organization:
    """The sending facility (MSH-4), with what the sender's profile knows of the institution."""
    institution = ctx.profile.institution
    parts = [ctx.text(part).strip() for part in msh.get(4).split(ctx.separators.component)]
    code, second = [*parts, ""][:2]
    universal = len(parts) > 2 and parts[2].upper() in {"ISO", "UUID", "DNS"}
    if institution is not None:
        identifiers = [Identifier(value=institution.id, system=USCC)]
        name, division = institution.name, institution.division
    else:
        identifiers, division = [], None
        name = second if second and not universal else code
    if code and (institution is None or code != institution.id):
        system, _ = assigner_of(ctx, f"&{second}" if universal else "")
        assigner = ctx.facility if institution is not None else None
        identifiers.append(Identifier(value=code, system=system, assigner=assigner))
    return Organization(name=name or None, identifiers=tuple(identifiers), division=division)
