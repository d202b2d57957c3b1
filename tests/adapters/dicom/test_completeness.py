"""Is all of a study there? Every piece of evidence by itself; complete only by a list of the whole study."""

import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from headers import PR, SR, header

from fhir_hr.adapters.dicom.studies import completeness
from fhir_hr.adapters.dicom.studies.completeness import assess
from fhir_hr.adapters.dicom.studies.gaps import find_gaps
from fhir_hr.adapters.dicom.studies.grouping import StudyBuilder
from fhir_hr.model.imaging import CompletenessGround as Ground
from fhir_hr.model.imaging import CompletenessVerdict as Verdict
from fhir_hr.model.imaging import Instance, InstanceKind, Manifest, Series, Study
from fhir_hr.testing.dicom import uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def study(count=3, *extra, **values):
    builder = StudyBuilder()
    for number in range(1, count + 1):
        plain = {"image_position_patient": (), "image_orientation_patient": ()}
        assert builder.add(header(number=number, **{**plain, **values}), "f") == ()
    for each in extra:
        assert builder.add(each, "f") == ()
    (found,) = builder.done()
    return found.study


def listing(*numbers, ground=Ground.MANIFEST, whole_study=True, of="S1", **options):
    entries = tuple((uid(of), uid(of, "1"), uid(of, "1", number)) for number in numbers)
    return Manifest(uid="1.9", ground=ground, instances=entries, whole_study=whole_study, **options)


def step(*numbers, finished=True, **options):
    return listing(*numbers, ground=Ground.PERFORMED_STEP, whole_study=False, finished=finished, **options)


def only(completeness, ground):
    (found,) = [each for each in completeness.evidence if each.ground is ground]
    return found


LATER = (
    header(series="9", number=1, sop_class_uid=PR, modality="PR"),
    header(series="8", number=1, sop_class_uid=SR, modality="SR"),
)


def test_without_evidence_nothing_is_known():
    read = assess(study())
    assert (read.verdict, read.evidence, read.all_series) == (Verdict.UNKNOWN, (), None)


# -- lists by name -----------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [step, listing])
def test_a_list_that_names_just_what_is_there_proves_a_study_complete(make):
    read = assess(study(), manifests=[make(1, 2, 3)])
    assert (read.verdict, read.all_series, read.missing) == (Verdict.COMPLETE, True, ())


@pytest.mark.parametrize("make", [step, listing])
def test_what_a_list_names_and_is_not_there_is_missing_by_name(make):
    read = assess(study(), manifests=[make(1, 2, 3, 4)])
    assert (read.verdict, read.missing) == (Verdict.INCOMPLETE, (uid("S1", "1", 4),))
    assert "4 objects listed, 1 of them missing, 0 images not listed" in read.evidence[0].text


@pytest.mark.parametrize("make", [step, listing])
def test_a_list_that_names_less_than_is_there_proves_nothing(make):
    read = assess(study(), manifests=[make(1, 2)])
    assert (read.verdict, read.evidence[0].holds) == (Verdict.UNKNOWN, None)
    assert "1 images not listed" in read.evidence[0].text


@pytest.mark.parametrize("make", [step, listing])
def test_presentations_and_reports_are_nothing_extra(make):
    assert assess(study(3, *LATER), manifests=[make(1, 2, 3)]).verdict is Verdict.COMPLETE


def test_a_step_that_is_not_completed_proves_nothing_but_shows_a_lack():
    for finished in (False, None):
        assert assess(study(), manifests=[step(1, 2, 3, finished=finished)]).verdict is Verdict.UNKNOWN
    assert assess(study(), manifests=[step(1, 4, finished=False)]).verdict is Verdict.INCOMPLETE


def test_several_steps_make_one_study():
    assert assess(study(), manifests=[step(1, 2), step(3)]).verdict is Verdict.COMPLETE
    assert assess(study(), manifests=[step(1, 2), step(3, finished=False)]).verdict is Verdict.UNKNOWN


def test_a_list_of_key_images_never_proves_a_study_complete():
    assert assess(study(), manifests=[listing(1, 2, 3, whole_study=False)]).verdict is Verdict.UNKNOWN
    assert assess(study(), manifests=[listing(1, 9, whole_study=False)]).verdict is Verdict.INCOMPLETE


def test_a_list_of_another_study_says_nothing():
    assert assess(study(), manifests=[listing(1, of="S2")]).evidence == ()


def test_what_was_rejected_need_not_be_there():
    rejected = listing(4, whole_study=False, rejects=True)
    assert assess(study(), manifests=[listing(1, 2, 3, 4), rejected]).verdict is Verdict.COMPLETE
    assert assess(study(), manifests=[step(1, 2, 3, 4), rejected]).verdict is Verdict.COMPLETE
    assert assess(study(), manifests=[rejected]).evidence == ()


def test_an_outdated_manifest_does_not_undo_a_newer_one():
    assert assess(study(), manifests=[listing(1, 2), listing(1, 2, 3)]).verdict is Verdict.COMPLETE


# -- the archive -------------------------------------------------------------------------------------


def counts(total=None, modalities=("CT",), **series):
    found = tuple(
        Series(uid=uid("S1", name[1:]), modality="CT", stated_instances=count) for name, count in series.items()
    )
    return Study(uid=uid("S1"), stated_instances=total, modalities=modalities, series=found)


@pytest.mark.parametrize(
    ("archive", "verdict"),
    [
        (counts(3), Verdict.COMPLETE_PER_ARCHIVE),
        (counts(4), Verdict.INCOMPLETE),
        (counts(2), Verdict.UNKNOWN),
        (counts(4, ("CT", "PR")), Verdict.UNKNOWN),
        (counts(), Verdict.UNKNOWN),
        (counts(s1=3), Verdict.COMPLETE_PER_ARCHIVE),
        (counts(9, ("CT", "PR"), s1=3), Verdict.COMPLETE_PER_ARCHIVE),
        (counts(s1=4), Verdict.INCOMPLETE),
        (counts(s1=2), Verdict.UNKNOWN),
        (counts(s1=None), Verdict.UNKNOWN),
        (counts(s2=3), Verdict.INCOMPLETE),
        (counts(s1=3, s2=0), Verdict.COMPLETE_PER_ARCHIVE),
        (counts(s1=3, s2=None), Verdict.INCOMPLETE),
    ],
)
def test_counts_of_an_archive(archive, verdict):
    read = assess(study(), archive=archive)
    assert read.verdict is verdict
    assert read.all_series in ((False,) if verdict is Verdict.INCOMPLETE else (None,))


def test_a_missing_series_is_named():
    assert assess(study(), archive=counts(s1=3, s2=5)).missing == (uid("S1", "2"),)


def test_series_made_later_are_not_counted():
    mark = Series(uid="1.7", modality="PR", stated_instances=3)
    archive = counts(s1=3)
    archive = msgspec.structs.replace(archive, series=(*archive.series, mark))
    assert assess(study(), archive=archive).verdict is Verdict.COMPLETE_PER_ARCHIVE
    assert assess(study(3, *LATER), archive=counts(s1=3)).verdict is Verdict.COMPLETE_PER_ARCHIVE


def test_an_archive_with_more_series_than_it_names_leaves_it_open():
    archive = msgspec.structs.replace(counts(s1=3), stated_series=2)
    assert assess(study(), archive=archive).verdict is Verdict.UNKNOWN


def test_the_archives_own_list_is_compared_by_name():
    assert assess(study(3, *LATER), archive=study(3)).verdict is Verdict.COMPLETE_PER_ARCHIVE
    assert assess(study(3), archive=study(3, *LATER)).verdict is Verdict.COMPLETE_PER_ARCHIVE
    read = assess(study(2), archive=study(3))
    assert (read.verdict, read.missing) == (Verdict.INCOMPLETE, (uid("S1", "1", 3),))
    assert assess(study(3), archive=study(2)).verdict is Verdict.UNKNOWN
    more = msgspec.structs.replace(study(3), stated_instances=5)
    assert assess(study(3), archive=more).verdict is not Verdict.COMPLETE_PER_ARCHIVE


def test_a_study_whose_instances_were_not_read_cannot_be_compared():
    assert assess(counts(3), archive=counts(3)).evidence == ()


def test_storage_commitment_proves_safe_and_not_complete():
    committed = frozenset(uid("S1", "1", n) for n in (1, 2, 3))
    read = assess(study(), committed=committed)
    assert (read.verdict, read.evidence[0].ground, read.evidence[0].holds) == (
        Verdict.UNKNOWN, Ground.STORAGE_COMMITMENT, True,
    )  # fmt: skip
    read = assess(study(2), committed=committed)
    assert (read.verdict, read.missing) == (Verdict.INCOMPLETE, (uid("S1", "1", 3),))
    read = assess(study(4), committed=committed)
    assert (read.evidence[0].holds, read.missing) == (None, ())
    assert "1 images read but not confirmed" in read.evidence[0].text


# -- what the objects state --------------------------------------------------------------------------


def test_counts_that_the_objects_carry_show_a_lack_and_prove_nothing():
    assert assess(study(number_of_study_related_instances="5")).verdict is Verdict.INCOMPLETE
    read = assess(study(number_of_study_related_instances="3"))
    assert (read.verdict, only(read, Ground.STATED_COUNTS).holds) == (Verdict.UNKNOWN, True)
    assert assess(study(number_of_series_related_instances="5")).verdict is Verdict.INCOMPLETE


def test_images_in_acquisition():
    stated = {"acquisition_number": "1", "images_in_acquisition": "5"}
    assert assess(study(3, **stated)).verdict is Verdict.INCOMPLETE
    assert only(assess(study(5, **stated)), Ground.STATED_COUNTS).holds is True
    elsewhere = [header(series="2", number=n) for n in (1, 2)]
    assert only(assess(study(3, *elsewhere, **stated)), Ground.STATED_COUNTS).holds is None


def test_frames_that_are_not_described_are_missing():
    assert assess(study(1, number_of_frames="10", frames_described=8)).verdict is Verdict.INCOMPLETE
    read = assess(study(1, number_of_frames="10", frames_described=12))
    assert only(read, Ground.FRAMES).holds is None
    assert assess(study(1, number_of_frames="10", frames_described=10)).evidence == ()


# -- geometry ----------------------------------------------------------------------------------------


def stack(places, *, numbers=None, orientation=AXIAL, start=0):
    normal = 2 if orientation is AXIAL else 0
    found = []
    for count, place in enumerate(places):
        position = [10.0, 10.0, 10.0]
        position[normal] = float(place)
        found.append(
            Instance(
                uid=f"1.{start}.{count + 1}",
                kind=InstanceKind.IMAGE,
                number=count + 1 if numbers is None else numbers[count],
                position=tuple(position),
                orientation=orientation,
            )
        )
    return tuple(found)


def verdict_of(*stacks):
    series = Series(uid="1", number=1, instances=tuple(one for each in stacks for one in each))
    return assess(Study(uid="1", series=(series,)))


WITHOUT = [n for n in range(1, 41) if n not in (17, 18)]


def test_slices_missing_in_the_middle_are_found():
    read = verdict_of(stack([n * 1.25 for n in WITHOUT], numbers=WITHOUT))
    assert read.verdict is Verdict.INCOMPLETE
    assert "series 1: 2 slices are missing between 38 evenly spaced ones" in read.evidence[0].text


def test_slices_missing_at_the_end_are_not_and_it_says_so():
    read = verdict_of(stack(range(20)))
    assert (read.verdict, read.evidence[0].holds) == (Verdict.UNKNOWN, None)
    assert "missing at an end would not be seen" in read.evidence[0].text


@pytest.mark.parametrize(
    "stacks",
    [
        # several phases, numbered phase by phase
        [stack([*range(20), *range(20)], numbers=range(1, 41))],
        # several phases, numbered place by place
        [stack(sorted([*range(20), *range(20)]), numbers=range(1, 41))],
        # the same place twice
        [stack([0, 1, 2, 2, 3, 4, 4.004, 5, 6, 7])],
        # a localizer of another orientation
        [stack(range(0, 100, 5)), stack([0, 40], orientation=SAGITTAL, start=1, numbers=[21, 22])],
        # a protocol that changes its spacing
        [stack([*range(0, 30, 5), *range(30, 70, 10)])],
        # two slabs
        [stack([*range(0, 50, 5), *range(100, 150, 5)])],
        # two slabs, of which one is numbered backwards
        [stack([*range(0, 50, 5), *range(100, 150, 5)], numbers=[*range(1, 11), *range(20, 10, -1)])],
        # every second number, as planned
        [stack([*range(0, 50, 5), *range(100, 150, 5)], numbers=range(1, 41, 2))],
        # numbers that are not stated
        [stack([n * 5 for n in WITHOUT], numbers=[None] * len(WITHOUT))],
        # sorted backwards
        [stack(range(20), numbers=range(20, 0, -1))],
        # too few
        [stack([0, 1, 3])],
        # a gap that is no whole number of slices
        [stack([0, 5, 10, 15, 20, 25, 37, 42, 47, 52, 57], numbers=[1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13])],
        # no usual distance, and numbers that jump
        [stack([0, 1, 3, 4, 8, 9, 14, 16, 25], numbers=[1, 2, 5, 6, 10, 11, 17, 20, 30])],
        # no usual distance
        [stack([0, 1, 3, 7, 15, 31, 40, 56])],
    ],
)
def test_what_is_planned_is_no_gap(stacks):
    assert verdict_of(*stacks).verdict is Verdict.UNKNOWN


def test_one_phase_of_several_may_hide_a_gap_but_a_place_missing_in_all_is_found():
    places = [n for n in range(20) if n != 7]
    numbers = [n + 1 for n in places]
    both = stack([*places, *places], numbers=[*numbers, *(n + 20 for n in numbers)])
    assert verdict_of(both).verdict is Verdict.INCOMPLETE


def test_many_images_at_few_places_are_compared_in_good_time():
    phases = 3_000
    places = [n for n in range(8) if n != 4] * phases
    many = stack(places, numbers=[phase * 8 + n for phase in range(phases) for n in range(8) if n != 4])
    started = time.monotonic()
    assert find_gaps(Series(uid="1", instances=many)).missing == 1
    assert time.monotonic() - started < 3


def test_places_that_are_nearly_one_are_one():
    twice = stack(sorted([*range(20), *(n + 0.004 for n in range(20))]))
    assert find_gaps(Series(uid="1", instances=twice)).slices == 20


def test_only_images_with_place_and_orientation_are_looked_at():
    flat = (0.0,) * 6
    assert find_gaps(Series(uid="1", instances=stack(range(10), orientation=flat))) is None
    dose = tuple(msgspec.structs.replace(one, kind=InstanceKind.DOSE) for one in stack(range(10)))
    assert find_gaps(Series(uid="1", instances=dose)) is None


@given(st.integers(8, 60), st.data())
def test_dropping_inner_slices_is_always_found_and_nothing_else_is(count, data):
    spacing = data.draw(st.floats(0.3, 10))
    lost = data.draw(st.integers(2, count - 1))
    whole = list(range(1, count + 1))
    assert verdict_of(stack([n * spacing for n in whole], numbers=whole)).verdict is Verdict.UNKNOWN
    whole.remove(lost)
    assert verdict_of(stack([n * spacing for n in whole], numbers=whole)).verdict is Verdict.INCOMPLETE


# -- all together ------------------------------------------------------------------------------------


def test_one_lack_outweighs_every_proof():
    read = assess(study(), manifests=[listing(1, 2, 3)], archive=counts(4))
    assert read.verdict is Verdict.INCOMPLETE


def test_a_list_goes_before_the_archives_counts():
    read = assess(study(), manifests=[step(1, 2, 3)], archive=counts(3))
    assert (read.verdict, len(read.evidence)) == (Verdict.COMPLETE, 2)


def test_no_evidence_names_a_patient():
    read = assess(study(), manifests=[listing(1, 2, 3, 4)], archive=counts(s1=9))
    assert not any(text in each.text for each in read.evidence for text in ("T0001", "测", "Shi"))


PATHS = {
    "_by_performed_steps": lambda: assess(study(), manifests=[step(1, 2, 3)]),
    "_by_manifests": lambda: assess(study(), manifests=[listing(1, 2, 3)]),
    "_by_commitment": lambda: assess(study(2), committed=frozenset(uid("S1", "1", n) for n in (1, 2, 3))),
    "_by_archive": lambda: assess(study(), archive=counts(s1=3)),
    "_by_own_counts": lambda: assess(study(number_of_study_related_instances="5")),
    "_by_acquisitions": lambda: assess(study(acquisition_number="1", images_in_acquisition="5")),
    "_by_geometry": lambda: verdict_of(stack([n * 1.25 for n in WITHOUT], numbers=WITHOUT)),
    "_by_frames": lambda: assess(study(1, number_of_frames="10", frames_described=8)),
}


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_needed_for_its_verdict(path, monkeypatch):
    assert PATHS[path]().verdict is not Verdict.UNKNOWN
    monkeypatch.setattr(completeness, path, lambda *_: iter(()))
    assert PATHS[path]().verdict is Verdict.UNKNOWN


def test_no_path_is_left_out():
    assert {name for name in vars(completeness) if name.startswith("_by_")} - set(PATHS) == {
        "_by_series_counts", "_by_total",
    }  # fmt: skip
