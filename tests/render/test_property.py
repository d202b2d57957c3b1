"""Any message that the model can hold becomes a valid Bundle, and the same one every time."""

from __future__ import annotations

import string
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fhir_hr.model.codes import Code, Concept, Identifier
from fhir_hr.model.lab import (
    Counts,
    Note,
    ReferenceRange,
    Report,
    ReportKind,
    ReportMessage,
    ReportStatus,
    Request,
    Result,
    ResultDefinition,
    ResultStatus,
    Scale,
    Specimen,
)
from fhir_hr.model.origin import MessageOrigin
from fhir_hr.model.people import (
    Address,
    ContactPoint,
    Device,
    Encounter,
    EncounterClass,
    HumanName,
    Organization,
    Patient,
    Performer,
    Practitioner,
    Sex,
)
from fhir_hr.model.values import (
    Absent,
    AbsentReason,
    Attachment,
    Coded,
    Comparator,
    Moment,
    Quantity,
    Ratio,
    SampledData,
    Span,
    Text,
    Unit,
    ValueRange,
)
from fhir_hr.model.when import Period, Precision, When
from fhir_hr.render import BundleKind, Release, Renderer, render
from fhir_hr.render.check import check_bytes
from fhir_hr.render.typed import typed

words = st.text(max_size=12)
maybe = st.none() | words
systems = st.none() | st.sampled_from(["http://loinc.org", "urn:oid:1.2.156.1.1", "LN", "urn:oid:x"]) | words
codes = st.builds(Code, code=words, system=systems, display=maybe, version=st.none())
concepts = st.builds(Concept, codings=st.lists(codes, max_size=2).map(tuple), text=maybe)
identifiers = st.builds(Identifier, value=words, system=systems, type=st.none() | codes, assigner=maybe)
several_identifiers = st.lists(identifiers, max_size=2).map(tuple)
decimals = st.decimals(allow_nan=True, allow_infinity=True) | st.sampled_from([Decimal("4.30"), Decimal("-0")])
finite = st.decimals(allow_nan=False, allow_infinity=False)


@st.composite
def whens(draw):
    moment = draw(st.datetimes())
    precision = draw(st.sampled_from(list(Precision)))
    full = moment.replace(microsecond=0, year=max(moment.year, 1)).isoformat() + "+08:00"
    cut = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}.get(precision, len(full))
    return When(iso=full[:cut], precision=precision, source=draw(maybe))


periods = st.builds(Period, start=st.none() | whens(), end=st.none() | whens())
units = st.builds(Unit, text=words, ucum=st.none() | st.sampled_from(["mg/L", "10*9/L", "bad code "]))
quantities = st.builds(
    Quantity,
    value=decimals,
    unit=st.none() | units,
    comparator=st.none() | st.sampled_from(list(Comparator)),
    source=maybe,
)
values = (
    quantities
    | st.builds(Text, text=words)
    | st.builds(Coded, concept=concepts)
    | st.builds(Absent, reason=st.sampled_from(list(AbsentReason)), text=maybe)
    | st.builds(ValueRange, low=st.none() | decimals, high=st.none() | decimals, unit=st.none() | units, source=maybe)
    | st.builds(Ratio, numerator=decimals, denominator=decimals)
    | st.builds(Moment, when=whens())
    | st.builds(Span, period=periods)
    | st.builds(SampledData, data=st.lists(st.text(string.digits + ".-x", max_size=4), max_size=3).map(tuple))
    | st.builds(Attachment, content_type=maybe, data=st.sampled_from([None, "AAAA"]), url=maybe, title=maybe)
)
names = st.builds(HumanName, text=words, family=maybe, representation=st.sampled_from([None, "I", "A", "P", "x"]))
organisations = st.builds(
    Organization,
    name=maybe,
    identifiers=several_identifiers,
    address=st.none() | st.builds(Address, lines=st.lists(words, max_size=2).map(tuple), city=maybe),
    contact=st.none() | names,
    contact_title=maybe,
)
practitioners = st.builds(Practitioner, identifiers=several_identifiers, name=st.none() | names, source=maybe)
performers = st.builds(
    Performer,
    practitioner=st.none() | practitioners,
    organization=st.none() | organisations,
    role=st.none() | concepts,
)
several_performers = st.lists(performers, max_size=2).map(tuple)
notes = st.lists(st.builds(Note, text=words, author=st.none() | performers), max_size=2).map(tuple)
ranges = st.builds(
    ReferenceRange, text=words, low=st.none() | quantities, high=st.none() | quantities, applies_to=maybe
)
definitions = st.builds(
    ResultDefinition,
    code=concepts,
    item=st.none() | codes,
    unit=st.none() | units,
    ranges=st.lists(ranges, max_size=2).map(tuple),
    method=st.none() | concepts,
    body_site=st.none() | concepts,
    scale=st.none() | st.sampled_from(list(Scale)),
)
devices = st.builds(Device, identifiers=several_identifiers, name=maybe, manufacturer=maybe, model=maybe)
results = st.builds(
    Result,
    key=words,
    definition=definitions,
    value=st.none() | values,
    status=st.sampled_from(list(ResultStatus)),
    where=st.just("OBX[1]"),
    components=st.lists(values, max_size=1).map(tuple),
    status_source=maybe,
    interpretations=st.lists(concepts, max_size=2).map(tuple),
    effective=st.none() | whens(),
    analysed=st.none() | whens(),
    performers=several_performers,
    device=st.none() | devices,
    identifiers=several_identifiers,
    notes=notes,
    specimen=st.none() | st.integers(0, 2),
    focus=st.none() | st.integers(0, 2),
    derived_from=maybe,
)
specimens = st.builds(
    Specimen,
    key=words,
    where=st.just("SPM[1]"),
    type=concepts,
    identifiers=several_identifiers,
    collected=st.none() | periods,
    received=st.none() | whens(),
    quantity=st.none() | quantities,
    additives=st.lists(concepts, max_size=2).map(tuple),
    container=st.none() | concepts,
    collector=st.none() | performers,
    notes=notes,
)
requests = st.builds(
    Request,
    key=words,
    where=st.just("OBR[1]"),
    placer=st.none() | identifiers,
    filler=st.none() | identifiers,
    code=concepts,
    status=words,
    requester=st.none() | performers,
    reasons=st.lists(concepts, max_size=2).map(tuple),
    notes=notes,
    authored=st.none() | whens(),
)
reports = st.builds(
    Report,
    key=words,
    kind=st.sampled_from(list(ReportKind)),
    where=st.just("OBR[1]"),
    status=st.sampled_from(list(ReportStatus)),
    identifiers=several_identifiers,
    code=concepts,
    categories=st.lists(concepts, max_size=1).map(tuple),
    effective=st.none() | whens() | periods,
    issued=st.none() | whens(),
    request=st.none() | requests,
    specimens=st.lists(specimens, max_size=2).map(tuple),
    results=st.lists(results, max_size=3).map(tuple),
    performers=several_performers,
    interpreters=several_performers,
    findings=maybe,
    conclusion=maybe,
    notes=notes,
)
patients = st.builds(
    Patient,
    identifiers=several_identifiers,
    names=st.lists(names, max_size=2).map(tuple),
    sex=st.none() | st.sampled_from(list(Sex)),
    sex_source=maybe,
    birth=st.none() | whens(),
    deceased=st.none() | st.booleans() | whens(),
    telecoms=st.lists(st.builds(ContactPoint, value=words, system=words), max_size=1).map(tuple),
    marital=st.none() | concepts,
)
encounters = st.builds(
    Encounter,
    identifiers=several_identifiers,
    klass=st.none() | st.sampled_from(list(EncounterClass)),
    class_source=maybe,
    start=st.none() | whens(),
    end=st.none() | whens(),
    location=maybe,
    participants=several_performers,
)
messages = st.builds(
    ReportMessage,
    origin=st.builds(MessageOrigin, system=words, format=st.just("hl7v2"), message_id=words, sha256=st.just("0" * 64)),
    type=words,
    control_id=words,
    sender=organisations,
    counts=st.just(Counts()),
    created=st.none() | whens(),
    patient=st.none() | patients,
    encounter=st.none() | encounters,
    reports=st.lists(reports, max_size=2).map(tuple),
)

slow = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Shrinking a whole message takes minutes and the words of the issue say enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.mark.parametrize("release", list(Release))
@pytest.mark.parametrize("kind", [BundleKind.COLLECTION, BundleKind.TRANSACTION])
@slow
@given(message=messages)
def test_any_message_becomes_a_valid_bundle(release, kind, message):
    rendered = render(message, release=release, kind=kind)
    assert [str(i) for i in rendered.issues if i.code == "fhir-invalid"] == []
    assert [str(i) for i in check_bytes(rendered.body, release=release)] == []


@slow
@given(message=messages, release=st.sampled_from(list(Release)))
def test_remembering_changes_nothing(message, release):
    renderer = Renderer(release=release)
    first = render(message, release=release).body
    assert [renderer.render(message).body for _ in range(3)] == [first] * 3


@settings(slow, max_examples=15)
@given(message=messages, release=st.sampled_from(list(Release)))
def test_the_typed_view_agrees(message, release):
    typed(render(message, release=release).body, release=release)
