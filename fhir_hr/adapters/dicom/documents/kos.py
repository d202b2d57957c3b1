"""Key object selection documents (KOS) as manifests: which objects they list, and what their title claims of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_hr.adapters.dicom.documents.elements import Elements, warnings_as_issues
from fhir_hr.adapters.dicom.documents.sr_tree import Node, read_tree
from fhir_hr.adapters.dicom.facts.codes import code_of
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Outcome, Severity
from fhir_hr.model.imaging import CompletenessGround, Manifest

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["KEY_OBJECT_SELECTION", "read_manifest"]

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

_EVIDENCE = "CurrentRequestedProcedureEvidenceSequence"
_MAX_ISSUES = 200

# PS3.16 CID 7010. Complete Study Content and its signed form are the only titles that speak of the whole study.
# Complete Acquisition Content (113034, 113035) is one acquisition of possibly several; Manifest (113030, 113031) lists
# what was shared, which the sender may have chosen (XDS-I.b): what they list must be there, but there may be more.
_WHOLE_STUDY = frozenset({"113032", "113033"})

# PS3.16 CID 7031. Quality Issue (113010) warns of what it lists and does not reject it.
_REJECTS = frozenset({"113001", "113037", "113038", "113039"})


def read_manifest(dataset: Dataset) -> Outcome[Manifest | None]:
    """Read a key object selection document. Never raises on a broken one.

    Args:
        dataset: the object, read by pydicom.

    Returns:
        the list, with what could not be read as issues; ``None`` when the object is no such document or has no UID.
    """
    log = IssueLog(limit=_MAX_ISSUES, of="document")
    with warnings_as_issues(log):
        manifest = _read(dataset, Elements(log, dataset))
    return Outcome(manifest, log.done())


def _read(dataset: Dataset, elements: Elements) -> Manifest | None:
    if elements.text(dataset, "SOPClassUID") != KEY_OBJECT_SELECTION:
        return None
    uid = elements.text(dataset, "SOPInstanceUID")
    if uid is None:
        elements.log.add(
            IssueCode.OBJECT_REJECTED,
            Severity.ERROR,
            "SOPInstanceUID",
            "a key object document has no UID; its list was not taken over",
        )
        return None
    titles = elements.entries(dataset, "ConceptNameCodeSequence")
    title = code_of(titles[0], where="ConceptNameCodeSequence", log=elements.log) if titles else None
    standard = titles[0].value if titles and titles[0].scheme == "DCM" else None
    if title is None:
        elements.log.add(
            IssueCode.CODE_MISSING,
            Severity.WARNING,
            "ConceptNameCodeSequence",
            "a key object document has no coded title; it claims nothing of what it lists",
        )
    instances = listed(dataset, elements)
    _check_content(dataset, instances, elements)
    return Manifest(
        uid=uid,
        ground=CompletenessGround.MANIFEST,
        instances=instances,
        title=title,
        whole_study=standard in _WHOLE_STUDY,
        rejects=standard in _REJECTS,
        where="KO",
    )


def listed(dataset: Dataset, elements: Elements) -> tuple[tuple[str, str, str], ...]:
    """Study, series and instance UIDs of the evidence (Hierarchical SOP Instance Reference Macro), each once."""
    found: dict[tuple[str, str, str], None] = {}
    for a, study in enumerate(elements.items(dataset, _EVIDENCE), 1):
        where = f"{_EVIDENCE}[{a}]"
        study_uid = elements.text(study, "StudyInstanceUID", where)
        for b, series in enumerate(elements.items(study, "ReferencedSeriesSequence", where), 1):
            place = f"{where}.ReferencedSeriesSequence[{b}]"
            series_uid = elements.text(series, "SeriesInstanceUID", place)
            for c, one in enumerate(elements.items(series, "ReferencedSOPSequence", place), 1):
                uid = elements.text(one, "ReferencedSOPInstanceUID", place)
                if study_uid and series_uid and uid:
                    found[study_uid, series_uid, uid] = None
                    continue
                elements.log.add(
                    IssueCode.UID_INVALID,
                    Severity.ERROR,
                    f"{place}.ReferencedSOPSequence[{c}]",
                    "an object is listed without its study, series or own UID; it was left out of the list",
                )
    return tuple(found)


def _check_content(dataset: Dataset, instances: tuple[tuple[str, str, str], ...], elements: Elements) -> None:
    """Say which objects the document shows without listing them as evidence: their series is not known."""
    known = {uid for _, _, uid in instances}
    stack: list[Node] = [read_tree(dataset, elements)]
    while stack:
        node = stack.pop()
        stack.extend(reversed(node.children))
        if any(each.uid not in known for each in node.references):
            elements.log.add_once(
                IssueCode.CONTENT_UNMAPPED,
                Severity.WARNING,
                node.path,
                "an object is selected that the evidence does not list; it was left out of the list",
            )
        if node.words or node.codes:
            elements.log.add_once(
                IssueCode.CONTENT_UNMAPPED,
                Severity.INFORMATION,
                node.path,
                "words and codes of a key object document (description, observer, reason) were not taken over",
            )
