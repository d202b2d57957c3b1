"""The composite data types of HL7 v2 (chapter 2A) as the neutral model's parties, codes and identifiers."""

from __future__ import annotations

import re

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.er7 import components
from fhir_hr.adapters.hl7v2.problems import Problem
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import LOINC, V2_0203
from fhir_hr.mapping.identifiers import oid_uri, universal_authority
from fhir_hr.mapping.loinc import is_loinc
from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.people import Address, ContactPoint, Device, HumanName, Organization, Practitioner

__all__ = [
    "assigner_of",
    "read_address",
    "read_cwe",
    "read_device",
    "read_entity",
    "read_name",
    "read_organization",
    "read_person",
    "read_telecom",
    "repetitions",
    "shared_cwe",
    "system_uri",
]

_MAX_REMEMBERED = 400
"""Longer code fields are texts of their own and not worth remembering."""

_CODE_SPACE = re.compile(r"\s+")
_LOINC_PART = re.compile(r"L[APLG]\d{1,7}-\d\Z", re.ASCII)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z .'\-]*\Z")

# HL7 table 0200 to FHIR name-use (v2-to-FHIR "NameType"); what is absent has no FHIR use.
_NAME_USE = {
    "L": "official", "D": "usual", "M": "maiden", "N": "nickname", "S": "anonymous", "T": "temp", "A": "nickname",
}  # fmt: skip
# HL7 table 0190 to FHIR address-use.
_ADDRESS_USE = {"H": "home", "B": "work", "O": "work", "C": "temp", "BA": "old"}
# HL7 table 0202 (equipment) and 0201 (use) to FHIR contact-point.
_TELECOM_SYSTEM = {
    "PH": "phone",
    "CP": "phone",
    "FX": "fax",
    "Internet": "email",
    "BP": "pager",
    "SAT": "phone",
}
_TELECOM_USE = {"PRN": "home", "ORN": "home", "WPN": "work", "VHN": "home"}


def repetitions(ctx: Context, raw: str) -> list[str]:
    """Split a field into its repetitions."""
    mark = ctx.separators.repetition
    if mark not in raw:
        return [raw] if raw not in {"", '""'} else []
    return [part for part in raw.split(mark) if part not in {"", '""'}]


def _is_loinc(code: str) -> bool:
    """Whether text is a possible LOINC code (form and check digit), part or answer (form only)."""
    return is_loinc(code) or _LOINC_PART.match(code) is not None


def system_uri(ctx: Context, name: str) -> str | None:
    """URI of a coding system name (HL7 table 0396), an OID, or ``None`` for a local or unknown one."""
    if not name or name in ctx.profile.false_systems:
        return None
    row = ctx.vocabulary.code_systems.get(name)
    if row is not None:
        return row.target
    return oid_uri(name)


def _coding(ctx: Context, code: str, display: str, system_name: str, version: str, where: str) -> Code | None:
    code = _CODE_SPACE.sub(" ", code).strip()
    if not code:
        return None
    system = system_uri(ctx, system_name)
    if system == LOINC and not _is_loinc(code):
        ctx.log.add_once(
            IssueCode.CODE_SYSTEM_DOUBTFUL,
            Severity.WARNING,
            where,
            f"'{code[:40]}' is labelled LOINC but is no LOINC code; it was kept as a local code",
        )
        system = None
    return Code(code=code, system=system, display=display.strip() or None, version=version.strip() or None)


def shared_cwe(ctx: Context, raw: str, where: str) -> Concept:
    """Read a code field that says what is ordered or taken, never what was found or of whom.

    The same raw text gives the same object for all messages of a sender; an answer, a reason or a fact about the
    patient is read by :func:`read_cwe`, which remembers nothing.
    """
    known = ctx.concepts.get(raw)
    if known is None:
        with ctx.captured(limit=20) as found:
            concept = read_cwe(ctx, raw, "")
        known = concept, tuple(Problem(one.code, one.severity, "", one.message) for one in found.done())
        if len(raw) <= _MAX_REMEMBERED:
            ctx.concepts[raw] = known
    for problem in known[1]:
        ctx.log.add_once(problem.code, problem.severity, where, problem.message)
    return known[0]


def read_cwe(ctx: Context, raw: str, where: str) -> Concept:
    """Read CE, CWE, CNE, CF (components 1–9): parallel codings and the sender's words.

    ``code&name`` in the first component, as some Chinese systems send specimen types, is understood too.
    """
    seps = ctx.separators
    if seps.component not in raw and seps.subcomponent in raw:
        parts = raw.split(seps.subcomponent)[:2]
    else:
        parts = raw.split(seps.component)
    if seps.escape in raw:
        parts = [ctx.text(part) for part in parts]
    parts = [*(("" if part == '""' else part) for part in parts), *[""] * (9 - len(parts))]
    codings = []
    first = None if _is_words(parts) else _coding(ctx, parts[0], parts[1], parts[2], parts[6], where)
    if first is not None:
        codings.append(first)
    second = _coding(ctx, parts[3], parts[4], parts[5], parts[7], where)
    if second is not None:
        codings.append(second)
    if len(parts) > 11:
        third = _coding(ctx, parts[9], parts[10], parts[11], parts[12] if len(parts) > 12 else "", where)
        if third is not None:
            codings.append(third)
    text = parts[8].strip() or parts[1].strip() or parts[4].strip() or (None if codings else parts[0].strip())
    return Concept(codings=tuple(codings), text=text or None, source=raw)


def _is_words(parts: list[str]) -> bool:
    """Whether the first component is no code but Chinese words, as methods are often sent (``化学发光法``)."""
    words = parts[0].strip()
    return _HAN.search(words) is not None and not parts[2].strip() and parts[1].strip() in {"", words}


def assigner_of(ctx: Context, authority: str) -> tuple[str | None, str | None]:
    """System and assigner of an assigning authority (HD: namespace & universal id & type).

    A universal id is a system of its own. A bare namespace is only unique inside the sending facility, so the
    assigner names the facility first: two hospitals both call theirs ``HIS``.
    """
    known = ctx.assigners.get(authority)
    if known is None:
        known = _assigner_of(ctx, authority)
        if len(authority) <= _MAX_REMEMBERED:
            ctx.assigners[authority] = known
    return known


def _assigner_of(ctx: Context, authority: str) -> tuple[str | None, str | None]:
    seps = ctx.separators
    parts = authority.split(seps.subcomponent) if authority else []
    namespace = ctx.text(parts[0]) if parts else ""
    universal = parts[1].strip() if len(parts) > 1 else ""
    known = universal_authority(namespace, universal)
    if known is not None:
        return known
    where = "/".join(part for part in (ctx.facility, namespace or universal) if part)
    return None, where or None


def read_entity(ctx: Context, raw: str, *, type_code: str | None = None) -> Identifier | None:
    """Read EI (identifier ^ namespace ^ universal id ^ type), e.g. an order number."""
    parts = components(raw, ctx.separators.component)
    if not parts or not parts[0].strip():
        return None
    seps = ctx.separators
    value = ctx.text(parts[0].split(seps.subcomponent)[0]).strip()
    if not value:
        return None
    authority = seps.subcomponent.join(parts[1:4])
    system, assigner = assigner_of(ctx, authority)
    kind = Code(system=V2_0203, code=type_code) if type_code else None
    return Identifier(value=value, system=system, type=kind, assigner=assigner)


def read_name(ctx: Context, raw: str, where: str) -> list[HumanName]:
    """Read XPN; a Chinese name with its pinyin beside it (``<姓名>^<Ming Zi>``) gives two names."""
    parts = ctx.parts(raw, 8)
    family = parts[0].split(ctx.separators.subcomponent)[0].strip()
    given = [part.strip() for part in (parts[1], parts[2]) if part.strip()]
    if not family and not given:
        return []
    use = _NAME_USE.get(parts[6].strip())
    representation = parts[7].strip() or None
    if _HAN.search(family):
        tight = "".join(family.split())
        if tight != family:
            ctx.log.add_once(
                IssueCode.NAME_PADDED,
                Severity.INFORMATION,
                where,
                "padding inside a Chinese name was removed",
            )
        if len(tight) > 1 and len(given) == 1 and _LATIN.match(given[0]):
            pinyin = HumanName(text=given[0], use=use, representation="A")
            return [HumanName(text=tight, use=use, representation=representation or "I"), pinyin]
        given = ["".join(part.split()) for part in given]
        text = tight + "".join(given)
        if not given:
            return [HumanName(text=text, use=use, representation=representation)]
        return [HumanName(text=text, family=tight, given=tuple(given), use=use, representation=representation)]
    prefix, suffix = parts[4].strip() or None, parts[3].strip() or None
    words = [prefix, *given, family, suffix]
    return [
        HumanName(
            text=" ".join(word for word in words if word),
            family=family or None,
            given=tuple(given),
            prefix=prefix,
            suffix=suffix,
            use=use,
            representation=representation,
        )
    ]


def read_person(ctx: Context, raw: str, where: str) -> Practitioner | None:
    """Read XCN (staff): id ^ family ^ given …; ``id&name`` (CNN in NDL.1) is understood too."""
    if raw in ctx.people:
        return ctx.people[raw]
    person = ctx.people[raw] = _person(ctx, raw, where)
    return person


def _person(ctx: Context, raw: str, where: str) -> Practitioner | None:
    seps = ctx.separators
    parts = components(raw, seps.component)
    if not parts:
        return None
    if seps.subcomponent in parts[0]:
        parts = parts[0].split(seps.subcomponent)
    parts = [*parts, *[""] * (13 - len(parts))]
    number = ctx.text(parts[0]).strip()
    name_field = seps.component.join([parts[1], parts[2], parts[3], parts[4], parts[5], "", parts[9], ""])
    names = read_name(ctx, name_field, where)
    if number and not names and _HAN.search(number):
        return Practitioner(name=HumanName(text=number), source=raw)  # only a name was sent
    identifiers: tuple[Identifier, ...] = ()
    if number:
        system, assigner = assigner_of(ctx, parts[8])
        kind = Code(system=V2_0203, code=parts[12].strip()) if parts[12].strip() else None
        identifiers = (Identifier(value=number, system=system, type=kind, assigner=assigner),)
    if not identifiers and not names:
        return None
    return Practitioner(identifiers=identifiers, name=names[0] if names else None, source=raw)


def read_organization(ctx: Context, raw: str) -> Organization | None:
    """Read XON: name ^ type ^ id … ^ authority(6) ^ id type(7) … ^ organisation id(10)."""
    parts = [*components(raw, ctx.separators.component)]
    if not parts:
        return None
    parts += [""] * (10 - len(parts))
    name = ctx.text(parts[0]).strip()
    number = ctx.text(parts[9]).strip() or ctx.text(parts[2]).strip()
    identifiers: tuple[Identifier, ...] = ()
    if number:
        system, assigner = assigner_of(ctx, parts[5])
        kind = Code(system=V2_0203, code=parts[6].strip()) if parts[6].strip() else None
        identifiers = (Identifier(value=number, system=system, type=kind, assigner=assigner),)
    if not name and not identifiers:
        return None
    return Organization(name=name or None, identifiers=identifiers)


def read_address(ctx: Context, raw: str) -> Address | None:
    """Read XAD: street ^ other ^ city ^ state ^ postal code ^ country ^ use ^ … ^ district(9)."""
    parts = [part.strip() for part in ctx.parts(raw, 9)]
    if not any(parts):
        return None
    street = parts[0].split(ctx.separators.subcomponent)[0]
    return Address(
        lines=tuple(line for line in (street, parts[1]) if line),
        city=parts[2] or None,
        state=parts[3] or None,
        postal_code=parts[4] or None,
        country=parts[5] or None,
        use=_ADDRESS_USE.get(parts[6]),
        district=parts[8] or None,
    )


def read_telecom(ctx: Context, raw: str) -> ContactPoint | None:
    """Read XTN: number(1) ^ use ^ equipment ^ e-mail(4) ^ country ^ area ^ local(7) … ^ unformatted(12)."""
    parts = [part.strip() for part in ctx.parts(raw, 12)]
    if not any(parts):
        return None
    use = _TELECOM_USE.get(parts[1])
    if parts[3] and (parts[2] in {"Internet", "X.400", ""} or not (parts[0] or parts[6])):
        return ContactPoint(value=parts[3], system="email", use=use)
    number = parts[11] or parts[0]
    if not number and parts[6]:
        number = " ".join(part for part in (f"+{parts[4]}" if parts[4] else "", parts[5], parts[6]) if part)
    if not number:
        return None
    use = "mobile" if parts[2] == "CP" else use
    return ContactPoint(value=number, system=_TELECOM_SYSTEM.get(parts[2], "phone"), use=use)


def read_device(ctx: Context, raw: str) -> Device | None:
    """Read OBX-18 (EI): instrument ^ namespace ^ universal id ^ type; the namespace often names the maker."""
    identifier = read_entity(ctx, raw)
    if identifier is None:
        return None
    parts = components(raw, ctx.separators.component)
    namespace = ctx.text(parts[1]).strip() if len(parts) > 1 else ""
    return Device(identifiers=(identifier,), name=identifier.value, manufacturer=namespace or None)
