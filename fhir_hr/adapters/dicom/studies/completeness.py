"""Is all of a study there (序列完整)? A verdict with its evidence, never only yes or no.

No DICOM message says that a study is complete. What comes nearest, strongest first: the modality's own list (MPPS
COMPLETED), a manifest of the whole study (KOS 113032, 113033), the archive's confirmation and counts, and what the
images themselves say (spacing, frames). Presentation states, key objects, structured reports and dose records are made
after the images, by others: they are neither expected nor counted, so that a mark of ours does not make a study differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fhir_hr.adapters.dicom.studies.gaps import find_gaps
from fhir_hr.model.imaging import (
    Completeness,
    CompletenessEvidence,
    CompletenessGround,
    CompletenessVerdict,
    InstanceKind,
    Manifest,
    Series,
    Study,
)

__all__ = ["assess"]

_ADDED_LATER = frozenset({InstanceKind.PRESENTATION, InstanceKind.KEY_OBJECT, InstanceKind.DOCUMENT, InstanceKind.DOSE})
_MODALITIES_ADDED_LATER = frozenset({"PR", "KO", "SR", "DOC"})
"""The same by modality, where an archive names a series only (PS3.3 C.7.3.1.1.1)."""

_PROOF = (CompletenessGround.PERFORMED_STEP, CompletenessGround.MANIFEST)
_PER_ARCHIVE = CompletenessGround.ARCHIVE_COUNTS


def assess(
    study: Study,
    *,
    manifests: Sequence[Manifest] = (),
    archive: Study | None = None,
    committed: frozenset[str] | None = None,
) -> Completeness:
    """Weigh what tells whether all of a study is there.

    Args:
        study: what was read. Without instances (only the archive's word on the study) nothing can be compared.
        manifests: performed procedure steps and key object lists; what they list of other studies is left aside.
        archive: the same study as an archive states it, by counts or instance by instance.
        committed: SOP Instance UIDs that the archive confirms to hold (storage commitment).

    Returns:
        ``complete`` only by a COMPLETED performed step or a manifest of the whole study that names just what is there;
        ``complete-per-archive`` by the archive's list or counts; ``incomplete`` as soon as anything is known to be
        missing; else ``unknown``.
    """
    held = {one.uid for each in study.series for one in each.instances}
    counted = {one.uid for each in study.series for one in each.instances if one.kind not in _ADDED_LATER}
    lists = [each for each in manifests if any(entry[0] == study.uid for entry in each.instances)]
    evidence = [
        *_by_performed_steps(study.uid, lists, held, counted),
        *_by_manifests(study.uid, lists, held, counted),
        *_by_commitment(committed, held, counted),
        *_by_archive(study, archive, held, counted),
        *_by_own_counts(study, counted),
        *_by_acquisitions(study),
        *_by_geometry(study),
        *_by_frames(study),
    ]
    return Completeness(verdict=_verdict(evidence), evidence=tuple(evidence))


def _verdict(evidence: Sequence[CompletenessEvidence]) -> CompletenessVerdict:
    if any(each.holds is False for each in evidence):
        return CompletenessVerdict.INCOMPLETE
    good = {each.ground for each in evidence if each.holds}
    if good & set(_PROOF):
        return CompletenessVerdict.COMPLETE
    return CompletenessVerdict.COMPLETE_PER_ARCHIVE if _PER_ARCHIVE in good else CompletenessVerdict.UNKNOWN


# -- lists by name -----------------------------------------------------------------------------------


def _listed(uid: str, manifests: Iterable[Manifest]) -> set[str]:
    return {entry[2] for each in manifests for entry in each.instances if entry[0] == uid}


def _by_performed_steps(
    uid: str, manifests: Sequence[Manifest], held: set[str], counted: set[str]
) -> Iterator[CompletenessEvidence]:
    """All steps together: a study may be made in several."""
    steps = [each for each in manifests if each.ground is CompletenessGround.PERFORMED_STEP]
    if not steps:
        return
    listed = _listed(uid, steps) - _rejected(uid, manifests)
    unfinished = sum(each.finished is not True for each in steps)
    yield _compared(
        CompletenessGround.PERFORMED_STEP,
        f"{len(steps)} performed procedure steps",
        listed=listed,
        held=held,
        counted=counted,
        doubt=f"{unfinished} of them not COMPLETED" if unfinished else "",
    )


def _by_manifests(
    uid: str, manifests: Sequence[Manifest], held: set[str], counted: set[str]
) -> Iterator[CompletenessEvidence]:
    """Each list by itself: a later manifest may name more than an earlier one."""
    rejected = _rejected(uid, manifests)
    for each in manifests:
        if each.ground is not CompletenessGround.MANIFEST or each.rejects:
            continue
        yield _compared(
            CompletenessGround.MANIFEST,
            "a manifest of the whole study" if each.whole_study else "a list of key objects",
            listed=_listed(uid, (each,)) - rejected,
            held=held,
            counted=counted,
            doubt="" if each.whole_study else "it does not claim to name the whole study",
        )


def _rejected(uid: str, manifests: Sequence[Manifest]) -> set[str]:
    """Instances that were rejected (113001 and its like): that one of them is not there is as it should be."""
    return _listed(uid, (each for each in manifests if each.rejects))


def _compared(
    ground: CompletenessGround, what: str, *, listed: set[str], held: set[str], counted: set[str], doubt: str
) -> CompletenessEvidence:
    missing = tuple(sorted(listed - held))
    extra = len(counted - listed)
    text = f"{what}: {len(listed)} objects listed, {len(missing)} of them missing, {extra} images not listed"
    holds = False if missing else None if extra or doubt or not listed else True
    return CompletenessEvidence(ground=ground, holds=holds, text=f"{text}; {doubt}" if doubt else text, missing=missing)


def _by_commitment(
    committed: frozenset[str] | None, held: set[str], counted: set[str]
) -> Iterator[CompletenessEvidence]:
    """The archive's promise on a list: it proves the objects safe, not the list complete."""
    if committed is None:
        return
    missing = tuple(sorted(committed - held))
    unsafe = len(counted - committed)
    text = f"storage commitment: {len(committed)} objects confirmed, {len(missing)} of them not among those read"
    text += f", {unsafe} images read but not confirmed" if unsafe else "; this does not prove the study complete"
    holds = False if missing else None if unsafe or not committed else True
    yield CompletenessEvidence(ground=CompletenessGround.STORAGE_COMMITMENT, holds=holds, text=text, missing=missing)


# -- counts ------------------------------------------------------------------------------------------


def _by_archive(
    study: Study, archive: Study | None, held: set[str], counted: set[str]
) -> Iterator[CompletenessEvidence]:
    if archive is None or not held:
        return
    if archive.series and all(each.instances for each in archive.series if not _added_later(each)):
        theirs = {one.uid for each in archive.series for one in each.instances if one.kind not in _ADDED_LATER}
        missing = tuple(sorted(theirs - held))
        extra = len(counted - theirs)
        text = f"the archive names {len(theirs)} images, {len(missing)} of them missing; {extra} are not in the archive"
        names = sum(len(each.instances) for each in archive.series)
        if not missing and archive.stated_instances is not None and archive.stated_instances > names:
            text += f"; it counts {archive.stated_instances} objects in all and names {names}"
            extra += 0 if _blurred(study, archive) else 1
        holds = False if missing else None if extra or not theirs else True
        yield CompletenessEvidence(ground=CompletenessGround.ARCHIVE_COUNTS, holds=holds, text=text, missing=missing)
    elif archive.series:
        yield _by_series_counts(study, archive)
    elif archive.stated_instances is not None:
        yield _by_total(study, archive, held, counted, ground=CompletenessGround.ARCHIVE_COUNTS)


def _by_series_counts(study: Study, archive: Study) -> CompletenessEvidence:
    """Series by series; an archive that holds a series by name but not its count leaves it open."""
    mine = {each.uid: len(each.instances) for each in study.series}
    missing, short, unclear = [], 0, 0
    theirs = [each for each in archive.series if not _added_later(each)]
    for each in theirs:
        own = mine.get(each.uid, 0)
        stated = len(each.instances) or each.stated_instances
        if not own and stated != 0:
            missing.append(each.uid)
        elif stated is None or own > stated:
            unclear += 1
        elif own < stated:
            short += 1
    known = {each.uid for each in archive.series}
    extra = sum(bool(each.instances) and each.uid not in known and not _added_later(each) for each in study.series)
    if archive.stated_series is not None and archive.stated_series > len(archive.series):
        unclear += 1
    text = (
        f"the archive counts {len(theirs)} image series: {len(missing)} missing, {short} with fewer instances here, "
        f"{unclear} that its counts leave open, {extra} here that it does not have"
    )
    holds = False if missing or short else None if unclear or extra or not theirs else True
    return CompletenessEvidence(
        ground=CompletenessGround.ARCHIVE_COUNTS, holds=holds, text=text, missing=tuple(sorted(missing))
    )


def _by_total(
    study: Study, archive: Study, held: set[str], counted: set[str], *, ground: CompletenessGround
) -> CompletenessEvidence:
    """One number for all kinds of objects: what the archive has of kinds that are not counted blurs it."""
    stated = archive.stated_instances or 0
    blurred = _blurred(study, archive)
    text = f"{stated} objects stated in all, {len(held)} read, {len(counted)} of them not added later"
    if len(held) == stated:
        holds: bool | None = True
    elif len(held) < stated:
        holds = None if blurred else False
        text += "; presentation states, key objects or reports may be the difference" if blurred else ""
    else:
        holds = None
    return CompletenessEvidence(ground=ground, holds=holds, text=text)


def _blurred(study: Study, archive: Study) -> bool:
    """Whether there are, here or there, objects that a total counts and this comparison does not."""
    return bool(_MODALITIES_ADDED_LATER & {*archive.modalities, *study.modalities})


def _by_own_counts(study: Study, counted: set[str]) -> Iterator[CompletenessEvidence]:
    """What the objects themselves carry of an archive's counts: of unknown age, so it can only show a lack."""
    if not counted:
        return
    held = {one.uid for each in study.series for one in each.instances}
    ground = CompletenessGround.STATED_COUNTS
    if study.stated_instances is not None:
        yield _by_total(study, study, held, counted, ground=ground)
    for each in study.series:
        if each.stated_instances is not None and each.instances and not _added_later(each):
            own = len(each.instances)
            holds = False if own < each.stated_instances else True if own == each.stated_instances else None
            text = f"{_named(each)}: {each.stated_instances} instances stated, {own} read"
            yield CompletenessEvidence(ground=ground, holds=holds, text=text)


def _by_acquisitions(study: Study) -> Iterator[CompletenessEvidence]:
    """ImagesInAcquisition. An acquisition may fill several series, so only a lack in the whole study counts."""
    images: dict[str | None, int] = {}
    for each in study.series:
        images[each.modality] = images.get(each.modality, 0) + _frames_of(each)
    for each in study.series:
        if each.stated_images is None or not each.instances:
            continue
        own = _frames_of(each)
        elsewhere = own < each.stated_images <= images[each.modality]
        holds = None if elsewhere else own >= each.stated_images
        text = f"{_named(each)}: ImagesInAcquisition states {each.stated_images}, {own} read"
        yield CompletenessEvidence(ground=CompletenessGround.STATED_COUNTS, holds=holds, text=text)


def _frames_of(series: Series) -> int:
    return sum(one.frames or 1 for one in series.instances if one.kind is InstanceKind.IMAGE)


# -- the images themselves ---------------------------------------------------------------------------


def _by_geometry(study: Study) -> Iterator[CompletenessEvidence]:
    for each in study.series:
        gaps = find_gaps(each)
        if gaps is None:
            continue
        if gaps.missing:
            text = f"{_named(each)}: {gaps.missing} slices are missing between {gaps.slices} evenly spaced ones"
        elif gaps.unsure:
            text = f"{_named(each)}: {gaps.unsure} gaps between evenly spaced slices that may have been planned"
        else:
            text = f"{_named(each)}: no gap between {gaps.slices} slices; slices missing at an end would not be seen"
        holds = False if gaps.missing else None
        yield CompletenessEvidence(ground=CompletenessGround.GEOMETRY, holds=holds, text=text)


def _by_frames(study: Study) -> Iterator[CompletenessEvidence]:
    for each in study.series:
        for one in each.instances:
            if one.frames is None or one.frames_described is None or one.frames == one.frames_described:
                continue
            lacking = one.frames_described < one.frames
            text = (
                f"{_named(each)}: a multi-frame image states {one.frames} frames and describes {one.frames_described}"
            )
            yield CompletenessEvidence(ground=CompletenessGround.FRAMES, holds=False if lacking else None, text=text)


def _added_later(series: Series) -> bool:
    if series.instances:
        return all(one.kind in _ADDED_LATER for one in series.instances)
    return (series.modality or "") in _MODALITIES_ADDED_LATER


def _named(series: Series) -> str:
    return f"series {series.number}" if series.number is not None else f"series {series.uid}"
