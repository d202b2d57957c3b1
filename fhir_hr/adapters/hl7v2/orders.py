"""ORC, OBR, SPM and NTE: the order, the specimens, the notes (chapters 4.5, 7.4)."""

from __future__ import annotations

from fhir_hr.adapters.hl7v2.context import Context
from fhir_hr.adapters.hl7v2.datatypes import (
    assigner_of,
    read_cwe,
    read_entity,
    read_person,
    repetitions,
    shared_cwe,
)
from fhir_hr.adapters.hl7v2.definitions import read_unit
from fhir_hr.adapters.hl7v2.er7 import Segment, components
from fhir_hr.adapters.hl7v2.groups import OrderGroup, SpecimenGroup
from fhir_hr.adapters.hl7v2.numbers import read_number
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.canonical import V2_0203
from fhir_hr.model.codes import EMPTY_CONCEPT, Code, Concept, Identifier
from fhir_hr.model.lab import Note, Request, Specimen
from fhir_hr.model.people import Performer
from fhir_hr.model.values import Quantity
from fhir_hr.model.when import Period

__all__ = ["obr_concept", "read_notes", "read_request", "read_specimens"]

ORDER_NUMBER = "urn:oid:2.16.156.10011.1.24"
"""电子申请单编号."""
SPECIMEN_NUMBER = "urn:oid:2.16.156.10011.1.14"
"""标本编号/条码."""

_PRIORITY = {"S": "stat", "A": "asap", "R": "routine", "U": "urgent", "T": "urgent"}


def read_notes(ctx: Context, segments: list[Segment]) -> tuple[Note, ...]:
    """Read consecutive NTEs as one note: their lines joined, blank ones kept; a new author begins a new note."""
    if not segments:
        return ()
    notes: list[Note] = []
    lines: list[str] = []
    author: Performer | None = None
    kind: str | None = None
    for segment in segments:
        where = f"{segment.where}-3"
        person = read_person(ctx, segment.get(5), f"{segment.where}-5") if segment.get(5) else None
        if person is not None and lines and author is not None:
            notes.append(Note(text="  \n".join(lines), author=author, kind=kind))
            lines, author = [], None
        if person is not None:
            author = Performer(practitioner=person)
        kind = segment.get(2) or kind
        lines.extend(ctx.text(part, where) for part in segment.get(3).split(ctx.separators.repetition))
    if any(line.strip() for line in lines):
        notes.append(Note(text="  \n".join(lines), author=author, kind=kind))
    return tuple(notes)


def obr_concept(ctx: Context, obr: Segment | None) -> Concept:
    """The requested service (OBR-4)."""
    return shared_cwe(ctx, obr.get(4), f"{obr.where}-4") if obr is not None and obr.get(4) else EMPTY_CONCEPT


def _number(ctx: Context, group: OrderGroup, field: int, type_code: str) -> Identifier | None:
    """Placer (2) or filler (3) number: of ORC, else of OBR."""
    for segment in (group.orc, group.obr):
        if segment is not None and segment.get(field):
            found = read_entity(ctx, segment.get(field), type_code=type_code)
            if found is not None:
                return found
    return None


def read_request(ctx: Context, group: OrderGroup, *, code: Concept) -> Request | None:
    """Read the order that a report answers; ORC goes before OBR where both say it (v2-to-FHIR)."""
    orc, obr = group.orc, group.obr
    if orc is None and obr is None:
        return None
    head = obr or orc
    assert head is not None
    status_raw = orc.get(5) if orc is not None else ""
    row = ctx.vocabulary.order_status.get(status_raw) if status_raw else None
    placer = _number(ctx, group, 2, "PLAC")
    if placer is not None and placer.system is None:
        placer = Identifier(value=placer.value, system=ORDER_NUMBER, type=placer.type, assigner=placer.assigner)
    authored = ctx.when(orc.get(9), f"{orc.where}-9") if orc is not None else None
    if authored is None and obr is not None:
        authored = ctx.when(obr.get(6), f"{obr.where}-6")
    return Request(
        key="",
        where=head.where,
        placer=placer,
        filler=_number(ctx, group, 3, "FILL"),
        group=read_entity(ctx, orc.get(4)) if orc is not None else None,
        code=code,
        status=row.target if row is not None and row.target else "unknown",
        status_source=status_raw or None,
        priority=_PRIORITY.get(obr.get(5)) if obr is not None else None,
        authored=authored,
        requester=_requester(ctx, orc, obr),
        reasons=_reasons(ctx, orc, obr),
        notes=read_notes(ctx, group.notes),
    )


def _requester(ctx: Context, orc: Segment | None, obr: Segment | None) -> Performer | None:
    for segment, field in ((orc, 12), (obr, 16)):
        if segment is None:
            continue
        for part in repetitions(ctx, segment.get(field)):
            person = read_person(ctx, part, f"{segment.where}-{field}")
            if person is not None:
                return Performer(practitioner=person)
    return None


def _reasons(ctx: Context, orc: Segment | None, obr: Segment | None) -> tuple[Concept, ...]:
    for segment, field in ((obr, 31), (orc, 16)):
        if segment is not None and segment.get(field):
            parts = repetitions(ctx, segment.get(field))
            return tuple(c for part in parts if (c := read_cwe(ctx, part, f"{segment.where}-{field}")))
    return ()


def read_specimens(ctx: Context, group: OrderGroup) -> list[Specimen]:
    """Read the specimens of an order: its SPM segments, else OBR-15 as older versions send it."""
    specimens = [_spm(ctx, one, index) for index, one in enumerate(group.specimens)]
    obr = group.obr
    if not specimens and obr is not None and obr.get(15):
        specimens.append(_obr15(ctx, obr))
    return specimens


def _kind(ctx: Context, concept: Concept, where: str) -> str | None:
    """Code of the accepted-specimen table that the type means, by its code or its words."""
    known = ctx.specimen_kinds.get(concept.source or "")
    if known is not None:
        return known
    table = ctx.vocabulary.specimens
    words = [coding.code for coding in concept.codings if coding.system is not None]
    words += [coding.display or "" for coding in concept.codings]
    words += [concept.text or "", *(coding.code for coding in concept.codings)]
    for word in words:
        kind = table.find(word) if word else None
        if kind is not None:
            ctx.specimen_kinds[concept.source or ""] = kind
            return kind
    if concept:
        ctx.log.add_once(
            IssueCode.SPECIMEN_UNMAPPED,
            Severity.INFORMATION,
            where,
            f"specimen type '{(concept.text or concept.codings[0].code)[:30]}' is not in the table; kept as text",
        )
    return None


def _spm(ctx: Context, group: SpecimenGroup, index: int) -> Specimen:
    spm = group.spm
    where = spm.where
    identifiers = _specimen_numbers(ctx, spm.get(2))
    type_ = shared_cwe(ctx, spm.get(4), f"{where}-4") if spm.get(4) else EMPTY_CONCEPT
    seps = ctx.separators
    times = [*spm.get(17).split(seps.component), ""][:2]
    start = ctx.when(times[0].split(seps.subcomponent)[0], f"{where}-17")
    end = ctx.when(times[1].split(seps.subcomponent)[0], f"{where}-17") if times[1] else None
    accession = read_entity(ctx, spm.get(30)) if spm.get(30) else None
    return Specimen(
        key=identifiers[-1].value if identifiers else str(index),
        where=where,
        type=type_,
        kind_code=_kind(ctx, type_, f"{where}-4"),
        identifiers=identifiers,
        accession=accession,
        collected=Period(start=start, end=end) if start is not None or end is not None else None,
        received=ctx.when(spm.get(18), f"{where}-18"),
        body_site=shared_cwe(ctx, spm.get(8), f"{where}-8") if spm.get(8) else None,
        method=shared_cwe(ctx, spm.get(7), f"{where}-7") if spm.get(7) else None,
        quantity=_quantity(ctx, spm),
        additives=_concepts(ctx, spm, 6),
        conditions=_concepts(ctx, spm, 24),
        container=shared_cwe(ctx, spm.get(27), f"{where}-27") if spm.get(27) else None,
        available={"Y": True, "N": False}.get(spm.get(20)),
        notes=(_remarks(ctx, spm) if spm.get(14) else ()) + read_notes(ctx, group.notes),
        parent=_parent(ctx, spm.get(3)) if spm.get(3) else None,
    )


def _parent(ctx: Context, raw: str) -> Identifier | None:
    numbers = _specimen_numbers(ctx, raw)
    return numbers[-1] if numbers else None


def _remarks(ctx: Context, spm: Segment) -> tuple[Note, ...]:
    parts = [ctx.text(part, f"{spm.where}-14") for part in repetitions(ctx, spm.get(14))]
    return tuple(Note(text=part) for part in parts if part.strip())


def _concepts(ctx: Context, segment: Segment, field: int) -> tuple[Concept, ...]:
    if not segment.get(field):
        return ()
    parts = repetitions(ctx, segment.get(field))
    return tuple(c for part in parts if (c := shared_cwe(ctx, part, f"{segment.where}-{field}")))


def _specimen_numbers(ctx: Context, raw: str) -> tuple[Identifier, ...]:
    """SPM-2 (EIP): placer and filler numbers, each an EI whose parts are subcomponents."""
    seps = ctx.separators
    found = []
    for part, type_code in zip(raw.split(seps.component)[:2], ("PLAC", "FILL"), strict=False):
        pieces = components(part, seps.subcomponent)
        value = ctx.text(pieces[0]).strip() if pieces else ""
        if not value:
            continue
        system, assigner = assigner_of(ctx, seps.subcomponent.join(pieces[1:4]))
        found.append(
            Identifier(
                value=value,
                system=system or SPECIMEN_NUMBER,
                type=Code(system=V2_0203, code=type_code),
                assigner=assigner,
            )
        )
    return tuple(found)


def _quantity(ctx: Context, spm: Segment) -> Quantity | None:
    """SPM-12 (CQ): number ^ units."""
    if not spm.get(12):
        return None
    parts = spm.get(12).split(ctx.separators.component, 1)
    number = read_number(parts[0].strip())
    if number is None:
        return None
    text = parts[1].replace(ctx.separators.subcomponent, ctx.separators.component) if len(parts) > 1 else ""
    return Quantity(value=number, unit=read_unit(ctx, text))


def _obr15(ctx: Context, obr: Segment) -> Specimen:
    """OBR-15 (SPS): source ^ additives ^ text ^ body site; ``C&血清`` has code and name as subcomponents."""
    seps = ctx.separators
    where = f"{obr.where}-15"
    parts = [*obr.get(15).split(seps.component), "", "", ""]
    type_ = shared_cwe(ctx, parts[0].replace(seps.subcomponent, seps.component), where)
    if not type_ and parts[2]:
        type_ = Concept(text=ctx.text(parts[2]), source=parts[2])
    site = shared_cwe(ctx, parts[3].replace(seps.subcomponent, seps.component), where) if parts[3] else None
    return Specimen(
        key="obr15",
        where=where,
        type=type_,
        kind_code=_kind(ctx, type_, where),
        body_site=site,
        received=ctx.when(obr.get(14), f"{obr.where}-14"),
        collected=_collected(ctx, obr),
    )


def _collected(ctx: Context, obr: Segment) -> Period | None:
    """OBR-7 is the collection time of a specimen that OBR itself describes (chapter 4.5.3.7)."""
    start, end = ctx.when(obr.get(7), f"{obr.where}-7"), ctx.when(obr.get(8), f"{obr.where}-8")
    return Period(start=start, end=end) if start is not None else None
