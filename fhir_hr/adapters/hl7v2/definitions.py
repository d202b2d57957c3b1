"""What an OBX says about its item (code, unit, range, method), translated once per sender and raw text.

A laboratory repeats these fields for every patient, so the translation is shared by identity: the renderer
recognises the same object again. What names a person or an event is never in here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import read_cwe
from fhir_hr.adapters.hl7v2.er7 import Segment
from fhir_hr.adapters.hl7v2.numbers import read_ranges
from fhir_hr.adapters.hl7v2.problems import Problem
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import LOINC
from fhir_hr.mapping.item_table import ItemMatch
from fhir_hr.mapping.marks import without_symbols
from fhir_hr.model.codes import Code, Concept
from fhir_hr.model.lab import ReferenceRange, ResultDefinition, Scale
from fhir_hr.model.values import Quantity, Unit

__all__ = ["Shape", "interpret_flags", "read_shape", "read_unit"]

_POWER = re.compile(r"\s*[x×X*]?10\^\d{1,2}(/.*)?\Z", re.DOTALL)
_DIGIT = re.compile(r"\d")
V3_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


class Shape(NamedTuple):
    """A translated definition with what was found wrong in it (``problems``), said again for each OBX.

    ``plain`` is the same definition without the recognised item, for a specimen that the item is not about.
    """

    key: str
    definition: ResultDefinition
    plain: ResultDefinition
    problems: tuple[Problem, ...]


def read_shape(ctx: Context, obx: Segment) -> Shape:
    """Translate fields 3, 6, 7, 16 (limits, where the sender misuses it), 17 and 20 of an OBX."""
    with ctx.captured(limit=50) as found:
        shape = _shape(ctx, obx)
    problems = tuple(
        Problem(issue.code, issue.severity, issue.where.removeprefix("-"), issue.message) for issue in found.done()
    )
    return shape._replace(problems=problems)


def _shape(ctx: Context, obx: Segment) -> Shape:
    code = read_cwe(ctx, obx.get(3), "-3")
    unit = read_unit(ctx, obx.get(6))
    ranges = _ranges(ctx, obx, unit)
    method = read_cwe(ctx, obx.get(17).split(ctx.separators.repetition)[0], "-17") if obx.get(17) else None
    body_site = read_cwe(ctx, obx.get(20).split(ctx.separators.repetition)[0], "-20") if obx.get(20) else None
    match = _match(ctx, code, obx.get(3))
    scale = match.scale or _scale_of_method(method)
    starred = _starred(ctx, code)
    plain = ResultDefinition(
        code=code,
        starred=starred,
        unit=unit,
        ranges=ranges,
        method=method or None,
        body_site=body_site or None,
        scale=scale,
    )
    definition = plain
    if match.item is not None:
        codings = [*code.codings]
        if code.code_in(LOINC) is None:
            loinc = ctx.vocabulary.items.loinc_for(match.item, ucum=unit.ucum if unit else None, scale=scale)
            if loinc is not None:
                codings.append(loinc)
        codings.append(match.item)
        concept = Concept(codings=tuple(codings), text=code.text, source=code.source)
        definition = msgspec.structs.replace(plain, code=concept, item=match.item)
    elif match.candidates:
        names = ", ".join(candidate.code for candidate in match.candidates[:5])
        ctx.log.add(
            IssueCode.ITEM_AMBIGUOUS,
            Severity.INFORMATION,
            "-3",
            f"the item could be any of {names}; none was chosen",
        )
    key = _key(code, obx.get(3))
    return Shape(key=key, definition=definition, plain=plain, problems=())


def _key(code: Concept, raw: str) -> str:
    if code.codings:
        first = code.codings[0]
        return f"{first.system or ''}#{first.code}"
    return code.text or raw


def _match(ctx: Context, code: Concept, raw: str) -> ItemMatch:
    if not code:
        return ItemMatch()
    parts = [ctx.text(part).strip() for part in raw.split(ctx.separators.component)]
    parts += [""] * (9 - len(parts))
    component = ctx.profile.abbreviation_component
    abbreviation = parts[component - 1] if component else parts[3] or parts[4]
    local = next((c for c in code.codings if c.system is None), None)
    first = local or (code.codings[0] if code.codings else None)
    items = ctx.vocabulary.items
    match = items.find(
        code=first.code if first else "",
        system=first.system if first else None,
        name=parts[1] or code.text or "",
        abbreviation=abbreviation or None,
        loinc=code.code_in(LOINC),
    )
    if match.item is None and not match.candidates and parts[4] and parts[4] not in (parts[1], abbreviation):
        match = items.find(
            code=parts[3],
            system=None,
            name=parts[4],
            abbreviation=parts[3] or None,
            loinc=code.code_in(LOINC),
        )
    return match


def _starred(ctx: Context, code: Concept) -> bool | None:
    """Whether the sender prefixed the item with its symbol; unknown while nobody says what a star means."""
    if ctx.profile.star is None:
        return None
    names = [code.text or "", *(c.display or "" for c in code.codings), *(c.code for c in code.codings)]
    stars = ctx.vocabulary.marks.item_symbols
    return any(char in stars for name in names for char in without_symbols(name)[0])


def _scale_of_method(method: Concept | None) -> Scale | None:
    """定量/定性, only where the method text states the word itself."""
    if not method:
        return None
    words = " ".join([method.text or "", *(c.display or "" for c in method.codings)])
    quantitative, qualitative = "定量" in words, "定性" in words
    if quantitative == qualitative:
        return None
    return Scale.QUANTITATIVE if quantitative else Scale.QUALITATIVE


def read_unit(ctx: Context, raw: str) -> Unit | None:
    """Read OBX-6.

    ``10^9/L`` is split by the component separator when a sender forgets to escape it; ``^umol/L`` has the unit in
    the second component. A UCUM code is taken from the sender only where it is one.
    """
    text = raw.strip()
    if text in {"", '""'}:
        return None
    seps = ctx.separators
    if seps.component in text and _POWER.match(text.replace(seps.component, "^")):
        whole = text.replace(seps.component, "^")
        ctx.log.add(
            IssueCode.UNIT_REPAIRED,
            Severity.INFORMATION,
            "-6",
            f"'{whole[:30]}' was sent with its '^' unescaped and was put together again",
        )
        return _known(ctx, whole, raw)
    parts = [ctx.text(part).strip() for part in text.split(seps.component)]
    parts += [""] * (6 - len(parts))
    for code, name, system in ((parts[0], parts[1], parts[2]), (parts[3], parts[4], parts[5])):
        if system.upper() == "UCUM" and code:
            if ctx.vocabulary.units.is_ucum(code) is not False:
                return Unit(text=name or code, ucum=code, source=raw)
            unit = ctx.vocabulary.units.find(code)
            ctx.log.add(
                IssueCode.UNIT_UNKNOWN,
                Severity.WARNING,
                "-6",
                f"'{code[:30]}' is labelled UCUM but is no UCUM code"
                + (f"; it was read as {unit.ucum}" if unit else "; the unit was kept as text"),
            )
            return Unit(text=name or code, ucum=unit.ucum if unit else None, source=raw)
    words = parts[1] if not parts[0] else parts[0]
    unit = ctx.vocabulary.units.find(words) or (ctx.vocabulary.units.find(parts[1]) if parts[1] else None)
    if unit is not None:
        return Unit(text=parts[1] if parts[1] and parts[0] else words, ucum=unit.ucum, source=raw)
    return _known(ctx, parts[1] or words, raw)


def _known(ctx: Context, text: str, raw: str) -> Unit | None:
    if not text:
        return None
    unit = ctx.vocabulary.units.find(text)
    if unit is None:
        ctx.log.add(
            IssueCode.UNIT_UNKNOWN,
            Severity.INFORMATION,
            "-6",
            f"unit '{text[:30]}' is not in the table; it was kept as text",
        )
    return Unit(text=text, ucum=unit.ucum if unit else None, source=raw)


def _ranges(ctx: Context, obx: Segment, unit: Unit | None) -> tuple[ReferenceRange, ...]:
    raw = obx.get(7)
    text = ctx.text(raw).strip()
    limits = _limits_of_obx16(ctx, obx, unit) if ctx.profile.limits_in_obx16 else None
    if not text:
        return (limits,) if limits is not None else ()
    ranges = read_ranges(text, unit)
    bounded = any(r.low is not None or r.high is not None for r in ranges)
    if not bounded and limits is not None:
        return (ReferenceRange(text=text, low=limits.low, high=limits.high),)
    if not bounded and _DIGIT.search(text):
        ctx.log.add(
            IssueCode.RANGE_UNPARSED,
            Severity.INFORMATION,
            "-7",
            "the reference interval was kept as text only",
        )
    return ranges


def _limits_of_obx16(ctx: Context, obx: Segment, unit: Unit | None) -> ReferenceRange | None:
    """Numeric limits in components 4 and 5 of OBX-16, as one LIS sends them (``C^0^BAA^205.0^285.0``)."""
    parts = [part.strip() for part in obx.get(16).split(ctx.separators.component)]
    if len(parts) < 5:
        return None
    found = read_ranges(f"{parts[3]}-{parts[4]}", unit)[0]
    return found if isinstance(found.low, Quantity) and isinstance(found.high, Quantity) else None


def interpret_flags(
    ctx: Context, raw: str, *, grade: bool, field: str
) -> tuple[tuple[Concept, ...], tuple[Problem, ...]]:
    """Translate OBX-8 by the sender's tables, in their order; an unknown flag is kept as its text.

    Args:
        grade: whether the result is a grade word instead of a number: the Ruimei flag ``N`` then means 阴性.
    """
    concepts: list[Concept] = []
    problems: list[Problem] = []
    seps = ctx.separators
    for part in raw.split(seps.repetition):
        flag = ctx.text(part.split(seps.component)[0]).strip()
        if not flag or flag == '""':
            continue
        row = None
        for name in ctx.profile.flag_tables:
            row = ctx.vocabulary.flags[name].get(flag)
            if row is not None:
                break
        if row is None:
            problems.append(
                Problem(
                    IssueCode.FLAG_UNKNOWN,
                    Severity.WARNING,
                    field,
                    f"flag '{flag[:20]}' is not known; it was kept as text",
                )
            )
            concepts.append(Concept(text=flag, source=part))
            continue
        target = (row.target_for_grade if grade else None) or row.target
        if target is None:
            if row.display or row.note:
                concepts.append(Concept(text=flag, source=part))
            continue
        coding = Code(system=row.target_system or V3_INTERPRETATION, code=target, display=_display(ctx, target))
        concepts.append(Concept(codings=(coding,), text=None if flag == target else flag, source=part))
    return tuple(concepts), tuple(problems)


def _display(ctx: Context, target: str) -> str | None:
    standard = ctx.vocabulary.flags["0078"].get(target)
    return standard.display if standard is not None and standard.target == target else None
