"""Random and broken trees: reading never raises, and every word ends in the report or in an issue with its place."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword
from sr_documents import (
    COMPREHENSIVE_3D,
    DERIVATION,
    DIAMETER,
    FINDING,
    FINDINGS,
    GROUP,
    HISTORY,
    IMPRESSION,
    IMPRESSIONS,
    MEASUREMENTS,
    METHOD,
    SIDE,
    SITE,
    TRACKING_ID,
    TRACKING_UID,
    code,
    container,
    document,
    image,
    item,
    key_objects,
    listed,
    number,
    performed_step,
    plant,
    reread,
    text,
)

from fhir_hr.adapters.dicom.documents.kos import read_manifest
from fhir_hr.adapters.dicom.documents.mpps import read_performed_step
from fhir_hr.adapters.dicom.documents.sr import read_report
from fhir_hr.model.codes import Concept

NAMES = st.sampled_from(
    [
        *(None, FINDING, FINDINGS, HISTORY, IMPRESSION, IMPRESSIONS, MEASUREMENTS, GROUP, TRACKING_ID, TRACKING_UID),
        *(SITE, SIDE, METHOD, DERIVATION, DIAMETER, ("X1", "99HIS", "检查所见"), ("X2", "99HIS", "诊断意见")),
    ]
)
RELATIONS = st.sampled_from(
    ["CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS PROPERTIES", "INFERRED FROM", "HAS ACQ CONTEXT", "ODD"]
)
KINDS = st.sampled_from(["container", "container", "text", "code", "num", "image", "uidref", "scoord", "odd", "bare"])
TREES = st.recursive(
    st.tuples(KINDS, NAMES, RELATIONS, st.just(())),
    lambda below: st.tuples(KINDS, NAMES, RELATIONS, st.lists(below, max_size=4).map(tuple)),
    max_leaves=25,
)
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def built(shape, said, path):
    """An item of a shape; every word that it says is noted with its place."""
    kind, name, relation, below = shape
    at = len(said)
    word = {"num": f"7{at:03}7", "uidref": f"1.2.{at}.99", "image": f"1.3.{at}.98"}.get(kind, f"W{at}W")
    if kind not in ("container", "bare", "scoord"):
        said[word] = path
    children = [built(each, said, f"{path}.ContentSequence[{count}]") for count, each in enumerate(below, 1)]
    options = {"relationship": relation}
    if kind == "container":
        return container(name, *children, **options)
    if kind == "bare":
        return item("TEXT", name, *children, **options)
    if kind == "scoord":
        return item("SCOORD", name, *children, GraphicType="POINT", GraphicData=[1.0, 2.0], **options)
    if kind == "image":
        pointed = image(name, word)
        return item("IMAGE", name, *children, ReferencedSOPSequence=pointed.ReferencedSOPSequence, **options)
    if kind == "text":
        return text(word, name, *children, **options)
    if kind == "code":
        return item("CODE", name, *children, ConceptCodeSequence=code(("C1", "99HIS", word)), **options)
    if kind == "num":
        return number(word, name, *children, **options)
    if kind == "uidref":
        return item("UIDREF", name, *children, UID=word, **options)
    return item("UNHEARD", name, *children, TextValue=word, **options)


def all_words(report):
    parts = [report.findings or "", report.conclusion or "", *(note.text for note in report.notes)]
    for result in report.results:
        parts += [note.text for note in result.notes]
        parts += [str(result.sub_id), *(held.value for held in result.identifiers)]
        concepts = [result.definition.code, result.definition.method, result.definition.body_site]
        for value in (result.value, *result.components):
            parts += [str(getattr(value, name)) for name in ("value", "text", "source") if hasattr(value, name)]
            concepts.append(getattr(value, "concept", None))
        for concept in concepts:
            if isinstance(concept, Concept):
                parts += [concept.text or "", *(coding.display or "" for coding in concept.codings)]
    return "\n".join(parts)


@QUICK
@given(st.lists(TREES, max_size=5), st.lists(TREES, max_size=5))
def test_every_word_of_a_tree_is_told_or_said_not_to_be(shapes, measured):
    said: dict[str, str] = {}
    children = [built(shape, said, f"ContentSequence[{at}]") for at, shape in enumerate(shapes, 2)]
    group = [built(shape, said, f"ContentSequence[1].ContentSequence[{at}]") for at, shape in enumerate(measured, 2)]
    children.insert(0, container(GROUP, number("1"), *group))
    outcome = read_report(document(*children, sop_class=COMPREHENSIVE_3D))
    told = all_words(outcome.value)
    places = {issue.where for issue in outcome.issues}
    assert [path for word, path in said.items() if word not in told and path not in places] == []


KEYWORDS = (
    *("ContentSequence", "ConceptNameCodeSequence", "ConceptCodeSequence", "MeasuredValueSequence", "TextValue"),
    *("ValueType", "RelationshipType", "NumericValue", "MeasurementUnitsCodeSequence", "ReferencedSOPSequence", "UID"),
    *("ReferencedSOPInstanceUID", "ReferencedFrameNumber", "CodeValue", "CodingSchemeDesignator", "CodeMeaning"),
    *("SpecificCharacterSet", "StudyDate", "StudyTime", "ContentDate", "CompletionFlag", "VerificationFlag"),
    *("VerifyingObserverSequence", "VerificationDateTime", "VerifyingObserverName", "SOPInstanceUID"),
    *("StudyInstanceUID", "AccessionNumber", "TimezoneOffsetFromUTC", "ReferencedRequestSequence"),
    *("CurrentRequestedProcedureEvidenceSequence", "ReferencedSeriesSequence", "PerformedSeriesSequence"),
    *("PerformedProcedureStepStatus", "ScheduledStepAttributesSequence", "ReferencedImageSequence"),
    *("ObservationDateTime", "ReferencedContentItemIdentifier", "PredecessorDocumentsSequence", "GraphicData"),
)
VRS = st.sampled_from(["SQ", "UT", "LO", "PN", "DS", "IS", "DA", "TM", "DT", "UI", "CS", "UL", "FD", "OB", "UN", "SH"])
FAULTS = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(KEYWORDS), VRS, st.binary(max_size=24), st.booleans()), max_size=8
)


def every(made, depth=0):
    """The object and all items below it."""
    yield made
    if depth <= 12:
        for element in made:
            if element.VR == "SQ":
                for one in element.value:
                    yield from every(one, depth + 1)


def spoil(made, faults):
    """Take elements away, and put bytes where others stood."""
    places = list(every(made))
    for at, keyword, vr, raw, remove in faults:
        target = places[at % len(places)]
        if remove:
            target.pop(tag_for_keyword(keyword), None)
        else:
            plant(target, keyword, raw, vr)


@QUICK
@given(FAULTS, st.booleans())
def test_reading_a_broken_document_never_raises(faults, repair):
    history = text("x", HISTORY, relationship="HAS CONCEPT MOD")
    group = container(GROUP, text("结节1", TRACKING_ID), number("4.30", DIAMETER, history))
    seen = container(FINDINGS, text("甲", FINDING, image(None, "1.2.3")))
    made = reread(document(seen, group, sop_class=COMPREHENSIVE_3D))
    spoil(made, faults)
    assert read_report(made, repair=repair).issues is not None


@QUICK
@given(FAULTS)
def test_reading_a_broken_list_never_raises(faults):
    made = reread(key_objects(("113030", "DCM", "Manifest"), *listed(2)))
    spoil(made, faults)
    assert read_manifest(made).issues is not None
    step = performed_step(*listed(2))
    spoil(step, faults)
    assert read_performed_step(step).issues is not None
