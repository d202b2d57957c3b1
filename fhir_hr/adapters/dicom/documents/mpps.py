"""Modality performed procedure steps (MPPS; PS3.3 B.17) as manifests: the machine's own list of what it made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_hr.adapters.dicom.documents.elements import Elements, warnings_as_issues
from fhir_hr.adapters.issue_log import IssueLog
from fhir_hr.issues import IssueCode, Outcome, Severity
from fhir_hr.model.imaging import CompletenessGround, Manifest

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["PERFORMED_STEP", "read_performed_step"]

PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"

_MAX_ISSUES = 200
_LISTS = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
_FINISHED = {"COMPLETED": True, "DISCONTINUED": False, "IN PROGRESS": False}


def read_performed_step(dataset: Dataset, *, uid: str | None = None) -> Outcome[Manifest | None]:
    """Read a performed procedure step. Never raises on a broken one.

    It lists what one step made. A study may have several steps, so that it never claims the whole study
    (``whole_study`` is false); what it lists must be there.

    Args:
        dataset: attributes of the step, as its N-CREATE and N-SETs together leave them.
        uid: SOP Instance UID of the step, where the attributes do not hold it (in N-CREATE it stands in the command).

    Returns:
        the list, with what could not be read as issues; ``None`` when the object is no such step.
    """
    log = IssueLog(limit=_MAX_ISSUES, of="procedure step")
    with warnings_as_issues(log):
        manifest = _read(dataset, uid, Elements(log, dataset))
    return Outcome(manifest, log.done())


def _read(dataset: Dataset, uid: str | None, elements: Elements) -> Manifest | None:
    sop_class = elements.text(dataset, "SOPClassUID") or elements.text(dataset, "AffectedSOPClassUID")
    status = elements.text(dataset, "PerformedProcedureStepStatus")
    if sop_class != PERFORMED_STEP and (sop_class is not None or status is None):
        return None
    own = uid or elements.text(dataset, "SOPInstanceUID") or elements.text(dataset, "AffectedSOPInstanceUID")
    if own is None:
        elements.log.add(
            IssueCode.OBJECT_REJECTED,
            Severity.ERROR,
            "SOPInstanceUID",
            "a performed procedure step has no UID; its list was not taken over",
        )
        return None
    if status not in _FINISHED:
        elements.log.add(
            IssueCode.STATUS_UNKNOWN,
            Severity.WARNING,
            "PerformedProcedureStepStatus",
            "the status of the step is none of IN PROGRESS, COMPLETED and DISCONTINUED; its list proves nothing",
        )
    study = _study(dataset, elements)
    return Manifest(
        uid=own,
        ground=CompletenessGround.PERFORMED_STEP,
        instances=_listed(dataset, study, elements) if study is not None else (),
        finished=_FINISHED.get(status or ""),
        where="MPPS",
    )


def _study(dataset: Dataset, elements: Elements) -> str | None:
    """The one study of the step; a step that serves several says not which object is of which (PS3.3 C.4.13)."""
    keyword = "ScheduledStepAttributesSequence"
    found = {
        uid
        for number, item in enumerate(elements.items(dataset, keyword), 1)
        if (uid := elements.text(item, "StudyInstanceUID", f"{keyword}[{number}]"))
    }
    if len(found) == 1:
        return next(iter(found))
    elements.log.add(
        IssueCode.CONTENT_UNMAPPED,
        Severity.ERROR,
        keyword,
        f"the step belongs to {len(found)} studies instead of one; which object is of which is not said, "
        "and its list was not taken over",
    )
    return None


def _listed(dataset: Dataset, study: str, elements: Elements) -> tuple[tuple[str, str, str], ...]:
    found: dict[tuple[str, str, str], None] = {}
    for a, series in enumerate(elements.items(dataset, "PerformedSeriesSequence"), 1):
        where = f"PerformedSeriesSequence[{a}]"
        series_uid = elements.text(series, "SeriesInstanceUID", where)
        for keyword in _LISTS:
            for b, one in enumerate(elements.items(series, keyword, where), 1):
                uid = elements.text(one, "ReferencedSOPInstanceUID", f"{where}.{keyword}[{b}]")
                if series_uid and uid:
                    found[study, series_uid, uid] = None
                    continue
                elements.log.add(
                    IssueCode.UID_INVALID,
                    Severity.ERROR,
                    f"{where}.{keyword}[{b}]",
                    "an object is listed without its series or own UID; it was left out of the list",
                )
    return tuple(found)
