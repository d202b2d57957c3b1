"""Headers to studies: split, counted once, never merged over two patients, nothing lost."""

import random
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from headers import PR, SR, header

from fhir_hr.adapters.dicom.headers.header import CodedEntry, Header
from fhir_hr.adapters.dicom.studies.grouping import StudyBuilder
from fhir_hr.adapters.dicom.studies.rows import studies_of_headers, study_of_headers
from fhir_hr.errors import UsageError
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.mapping.imaging_senders import ImagingSender, load_imaging_senders
from fhir_hr.model.exams import Side
from fhir_hr.model.imaging import InstanceKind
from fhir_hr.model.priors import Institution
from fhir_hr.testing.dicom import uid


def grouped(*headers, senders=None):
    builder = StudyBuilder(senders=senders)
    for number, one in enumerate(headers):
        assert builder.add(one, f"file{number}") == ()
    return builder.done()


def one(*headers, **options):
    (found,) = grouped(*headers, **options)
    return found


def only_series(*headers):
    (found,) = one(*headers).study.series
    return found


def said(issues, code):
    return [issue for issue in issues if issue.code is code]


# -- what a study says -------------------------------------------------------------------------------


def test_a_study_says_what_its_headers_say():
    found = one(*(header(number=n) for n in (2, 10, 1)))
    study = found.study
    assert (study.uid, study.where, study.modalities) == (uid("S1"), "file0", ("CT",))
    assert (study.started.iso, study.started.zone_stated) == ("2026-03-01T09:15:00+08:00", False)
    assert (study.accession.value, study.accession.type.code, study.accession.assigner) == ("ACC-S1", "ACSN", None)
    assert (study.study_id, study.description) == ("1", "胸部CT平扫")
    assert study.institution.name == "示例市第一人民医院"
    assert (study.instance_count, study.image_count) == (3, 3)
    (series,) = study.series
    assert [each.number for each in series.instances] == [1, 2, 10]
    assert (series.number, series.description, series.station) == (1, "肺窗", "CT01")
    assert series.body_part.text == "CHEST"
    assert (series.device.manufacturer, series.device.model, series.device.version) == ("示例厂商", "SIM-64", "1.0")
    assert series.device.identifiers[0].value == "SN-1"
    assert (series.technique.slice_thickness, series.technique.kvp) == (5.0, 120.0)
    assert series.instances[0].position == (-120.0, -120.0, 5.0)
    assert series.instances[0].orientation == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    assert found.sources == ("file0", "file1", "file2")
    assert (found.files_read, found.duplicates) == (3, 0)
    assert [issue.code for issue in found.issues] == [IssueCode.ZONE_ASSUMED]


def test_several_studies_are_split_and_series_ordered_by_number():
    first, second = grouped(header("S2"), header("S1", "10"), header("S1", "2"), header("S1", "x", series_number=None))
    by_uid = {each.study.uid: each.study for each in (first, second)}
    assert list(by_uid) == sorted(by_uid)
    assert [series.number for series in by_uid[uid("S1")].series] == [2, 10, None]


def test_a_stated_offset_goes_before_the_senders_zone():
    assert one(header(timezone_offset_from_utc="+0900")).study.started.iso == "2026-03-01T09:15:00+09:00"
    assert not said(one(header(timezone_offset_from_utc="+0900")).issues, IssueCode.ZONE_ASSUMED)
    wrong = one(header(timezone_offset_from_utc="+9900"))
    assert wrong.study.started.zone == "+08:00"
    assert "is not an offset from UTC" in said(wrong.issues, IssueCode.TIME_INVALID)[0].message


def test_without_a_time_there_is_the_date_and_without_a_date_nothing():
    assert one(header(study_time=None)).study.started.iso == "2026-03-01"
    dateless = one(header(study_date=None))
    assert dateless.study.started is None
    assert "a time of day without a date was left out" in said(dateless.issues, IssueCode.TIME_INVALID)[0].message


def test_a_series_without_a_date_began_with_its_procedure_step():
    steps = {"performed_procedure_step_start_date": "20260302", "performed_procedure_step_start_time": "10"}
    series = only_series(header(series_date=None, series_time=None, **steps))
    assert series.started.iso == "2026-03-02T10:00:00+08:00"


def test_the_senders_profile_tells_zone_institution_and_assigners():
    profile = ImagingSender(
        id="x", title="x", source="test", zone="+06:00", patient_assigner="HIS-A", accession_assigner="RIS-A",
        institution=Institution(id="EXAMPLE-1", name="示例医院甲", division="510100"),
    )  # fmt: skip

    class Senders:
        def find(self, *, institution_name=None, station_name=None, ae_title=None, manufacturer=None):
            assert (institution_name, station_name, manufacturer) == ("示例市第一人民医院", "CT01", "示例厂商")
            return profile

    study = one(header(issuer_of_patient_id=None), senders=Senders()).study
    assert study.started.iso.endswith("+06:00")
    assert (study.institution.name, study.institution.division) == ("示例医院甲", "510100")
    assert study.patient.identifiers[0].assigner == "HIS-A"
    assert study.accession.assigner == "RIS-A"
    stated = one(header(issuer_of_accession_number="2.16.1.5"), senders=Senders()).study
    assert stated.patient.identifiers[0].assigner == "TESTHOSP"
    assert (stated.accession.system, stated.accession.assigner) == ("urn:oid:2.16.1.5", None)


def test_the_packaged_profiles_fit():
    assert one(header(), senders=load_imaging_senders()).study.started.zone == "+08:00"


def test_procedures_are_kept_with_their_codes():
    codes = (CodedEntry(value="CT01", scheme="99HOSP", meaning="胸部CT平扫"), CodedEntry(meaning="加急"))
    asked = (CodedEntry(value="30628-3", scheme="LN", meaning="CT Chest"), CodedEntry(value="1-1", scheme="LN"))
    found = one(header(procedure_codes=codes, requested_procedure_codes=asked, requested_procedure_description="胸部"))
    done, words, requested = found.study.procedures
    assert (done.codings[0].code, done.codings[0].system, done.shown) == ("CT01", None, "胸部CT平扫")
    assert (words.codings, words.text) == ((), "加急")
    assert requested.text == "胸部"
    assert "is labelled LOINC but is no LOINC code" in said(found.issues, IssueCode.CODE_SYSTEM_DOUBTFUL)[0].message


# -- kinds and modalities ----------------------------------------------------------------------------


def test_only_images_count_as_images():
    found = one(
        header(), header(series="9", number=2, sop_class_uid=PR, modality="PR"),
        header(series="8", number=3, sop_class_uid=SR, modality="SR"),
    )  # fmt: skip
    assert (found.study.instance_count, found.study.image_count) == (3, 1)
    assert found.study.modalities == ("CT", "PR", "SR")
    kinds = {each.modality: each.instances[0].kind for each in found.study.series}
    assert kinds == {"CT": InstanceKind.IMAGE, "PR": InstanceKind.PRESENTATION, "SR": InstanceKind.DOCUMENT}


def test_a_localizer_is_told_by_its_image_type():
    found = one(header(), header(number=2, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")))
    assert [each.localizer for each in found.study.series[0].instances] == [False, True]


def test_what_a_study_says_is_taken_from_its_images_first():
    later = header(
        series="0", number=1, sop_class_uid=PR, modality="PR", institution_name="别的医院", station_name="WS"
    )
    assert one(later, header(series="5")).study.institution.name == "示例市第一人民医院"


def test_modalities_in_study_is_never_the_modality():
    row = Header(study_instance_uid="1.2", modalities_in_study=("CT", "PR"), patient_id="1")
    study = study_of_headers([row]).value
    assert (study.modalities, study.series) == (("CT", "PR"), ())
    series = Header(study_instance_uid="1.2", series_instance_uid="1.3", modalities_in_study=("CT", "PR"))
    assert study_of_headers([series]).value.series[0].modality is None


# -- duplicates --------------------------------------------------------------------------------------


def test_an_object_given_twice_counts_once():
    found = one(header(), header(number=2), header())
    assert (found.study.instance_count, found.duplicates, found.files_read) == (2, 1, 3)
    (issue,) = said(found.issues, IssueCode.DUPLICATE_INSTANCE)
    assert (issue.severity, issue.where) == (Severity.INFORMATION, "file2")


@pytest.mark.parametrize(
    "change", [{"series_instance_uid": uid("S1", "2")}, {"instance_number": "7"}, {"body_part_examined": "ABDOMEN"}]
)
def test_a_duplicate_that_differs_is_a_warning_and_the_first_is_kept(change):
    found = one(header(), header(**change))
    assert (len(found.study.series), found.study.instance_count) == (1, 1)
    assert found.study.series[0].instances[0].number == 1
    (issue,) = said(found.issues, IssueCode.DUPLICATE_INSTANCE)
    assert issue.severity is Severity.WARNING
    assert "differs in series or header" in issue.message


def test_a_duplicate_in_another_study_is_taken_into_none():
    builder = StudyBuilder()
    assert builder.add(header(), "a") == ()
    (issue,) = builder.add(header(study_instance_uid="1.2.3"), "b")
    assert (issue.code, issue.severity, issue.where) == (IssueCode.DUPLICATE_INSTANCE, Severity.ERROR, "b")
    assert [each.sources for each in builder.done()] == [("a",)]


# -- two patients ------------------------------------------------------------------------------------

OTHER_PATIENT = [
    ({"patient_id": "T0002"}, "PatientID"),
    ({"issuer_of_patient_id": "OTHER"}, "IssuerOfPatientID"),
    ({"issuer_of_patient_id": None, "issuer_universal_id": "1.2.9"}, None),
    ({"patient_birth_date": "19850215"}, "PatientBirthDate"),
    ({"patient_birth_date": "1985.02.14"}, None),
    ({"patient_sex": "M"}, "PatientSex"),
    ({"patient_sex": "O"}, None),
    ({"patient_name": "Ce^ShiYi=测^试乙"}, "PatientName"),
    ({"patient_name": "测试乙"}, "PatientName"),
    ({"patient_name": "Ce^ShiYi"}, "PatientName"),
    ({"patient_name": "CE^SHI JIA"}, None),
    ({"patient_name": "测试甲"}, None),
    ({"patient_name": "Ceshi^Jia=测试^甲"}, None),
    ({"patient_name": None, "patient_id": None, "issuer_of_patient_id": None}, None),
]


@pytest.mark.parametrize(("change", "differs"), OTHER_PATIENT)
def test_two_patients_under_one_study_uid_are_never_merged(change, differs):
    builder = StudyBuilder()
    assert builder.add(header(), "a") == ()
    issues = builder.add(header(number=2, **change), "b")
    (found,) = builder.done()
    if differs is None:
        assert (issues, found.study.instance_count) == ((), 2)
        return
    assert [(issue.code, issue.severity) for issue in issues] == [(IssueCode.STUDY_CONFLICT, Severity.ERROR)]
    assert f"({differs} differs)" in issues[0].message
    assert "it was not merged" in issues[0].message
    assert (found.study.instance_count, found.sources) == (1, ("a",))
    assert found.study.patient == one(header()).study.patient
    assert not any(text in str(issues) for text in ("T000", "测", "Shi", "1985"))


def test_a_gap_in_what_is_stated_does_not_let_a_third_patient_in():
    builder = StudyBuilder()
    assert builder.add(header(patient_name="测试甲"), "a") == ()
    assert builder.add(header(number=2, patient_name="Ce^ShiJia"), "b") == ()
    assert builder.add(header(number=3, patient_name="Li^Si"), "c")[0].code is IssueCode.STUDY_CONFLICT


def test_a_rejected_object_leaves_no_study_behind():
    builder = StudyBuilder()
    builder.add(header(), "a")
    builder.add(header(number=2, patient_id="T2"), "b")
    assert builder.add(header(number=2), "c") == ()  # its UID was not taken by the rejected one
    assert builder.done()[0].study.instance_count == 2


def test_the_fullest_name_is_shown():
    for names in (("Ce^ShiJia", "Ce^ShiJia=测^试甲"), ("Ce^ShiJia=测^试甲", "Ce^ShiJia")):
        study = one(*(header(number=n, patient_name=name) for n, name in enumerate(names, 1))).study
        assert study.patient.names[0].text == "测试甲"


# -- UIDs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["study_instance_uid", "series_instance_uid", "sop_instance_uid"])
def test_an_object_without_a_uid_has_no_place(name):
    builder = StudyBuilder()
    (issue,) = builder.add(header(**{name: None}), "a")
    assert (issue.code, issue.severity, issue.where) == (IssueCode.OBJECT_REJECTED, Severity.ERROR, "a")
    assert "states no" in issue.message
    assert builder.done() == ()


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"study_instance_uid": "1.2.03"}, False),
        ({"study_instance_uid": "1.2.x"}, False),
        ({"study_instance_uid": "1." + "2" * 70}, True),
        ({"series_instance_uid": "1.2.03"}, True),
        ({"series_instance_uid": "1." + "2" * 70}, False),
        ({"sop_instance_uid": "1.2.0003"}, True),
        ({"sop_instance_uid": "1.2..3"}, False),
        ({"sop_instance_uid": "张三"}, False),
    ],
)
def test_an_invalid_uid_is_kept_where_fhir_can_hold_it(change, kept):
    builder = StudyBuilder()
    issues = builder.add(header(**change), "a")
    if kept:
        assert issues == ()
        (issue,) = said(builder.done()[0].issues, IssueCode.UID_INVALID)
        assert (issue.severity, "breaks the rules" in issue.message) == (Severity.WARNING, True)
    else:
        assert issues[0].code is IssueCode.OBJECT_REJECTED
        assert "is none that FHIR can hold" in issues[0].message
        assert builder.done() == ()


def test_a_missing_or_impossible_sop_class_is_said():
    for stated in (None, "1.2.x"):
        found = one(header(), header(number=2, sop_class_uid=stated))
        assert found.study.series[0].instances[1].sop_class is None
        assert "what it is was told by its modality" in said(found.issues, IssueCode.UID_INVALID)[0].message


# -- what disagrees ----------------------------------------------------------------------------------


def test_objects_of_a_series_that_disagree_are_told_once_and_the_first_is_kept():
    changes = [{}, {"series_description": "纵隔窗", "station_name": "CT02"}, {"series_description": "骨窗"}]
    headers = [header(number=n, **change) for n, change in enumerate(changes, 1)]
    for given_in in (headers, headers[::-1]):
        found = one(*given_in)
        assert found.study.series[0].description == "肺窗"
        (issue,) = said(found.issues, IssueCode.SERIES_CONFLICT)
        assert "disagree on SeriesDescription, StationName; the first one's was kept" in issue.message


def test_the_first_is_the_one_with_the_lowest_number_however_late_it_comes():
    found = one(*(header(number=n, series_description=text) for n, text in ((2, "甲"), (1, "乙"), (0, "甲"))))
    assert found.study.series[0].description == "甲"


def test_what_is_not_stated_disagrees_with_nothing():
    found = one(header(series_description=None), header(number=2))
    assert found.study.series[0].description == "肺窗"
    assert not said(found.issues, IssueCode.SERIES_CONFLICT)


def test_objects_of_a_study_that_disagree_are_told():
    found = one(header(), header(series="2", accession_number="ACC-9", study_time="1000"))
    assert found.study.accession.value == "ACC-S1"
    assert found.study.started.iso.endswith("T09:15:00+08:00")
    assert (
        "one study disagree on StudyTime, AccessionNumber" in said(found.issues, IssueCode.SERIES_CONFLICT)[0].message
    )


def test_a_series_uid_in_two_studies_is_told():
    first, second = grouped(header("S1", series_instance_uid="1.5"), header("S2", series_instance_uid="1.5"))
    assert len(first.study.series) == len(second.study.series) == 1
    assert said((*first.issues, *second.issues), IssueCode.SERIES_CONFLICT)


@pytest.mark.parametrize(
    ("stated", "side", "source"),
    [
        ([{"laterality": "L"}], Side.LEFT, "L"),
        ([{"image_laterality": "R"}], Side.RIGHT, "R"),
        ([{"frame_laterality": "B"}], Side.BOTH, "B"),
        ([{"image_laterality": "L"}, {"image_laterality": "R"}], Side.BOTH, "L\\R"),
        ([{"laterality": "L", "image_laterality": "R"}], None, "R\\L"),
        ([{"image_laterality": "U"}], None, "U"),
        ([{}], None, None),
    ],
)
def test_the_side_is_read_and_never_guessed(stated, side, source):
    found = one(*(header(number=n, **values) for n, values in enumerate(stated, 1)))
    assert (found.study.series[0].side, found.study.series[0].side_source) == (side, source)
    if side is None and source == "R\\L":
        assert "contradict each other" in said(found.issues, IssueCode.SERIES_CONFLICT)[0].message


@pytest.mark.parametrize(
    ("stated", "contrast", "agent"),
    [
        ([{}], None, None),
        ([{"contrast_bolus_agent": "碘海醇"}], True, "碘海醇"),
        ([{}, {"contrast_bolus_agent": "Iohexol"}], True, "Iohexol"),
        ([{"contrast_bolus_agent": "NONE"}], False, "NONE"),
        ([{"contrast_bolus_agents": (CodedEntry(value="C-B0322", scheme="SRT", meaning="Iohexol"),)}], True, "Iohexol"),
    ],
)
def test_contrast_is_unknown_unless_something_is_said(stated, contrast, agent):
    series = only_series(*(header(number=n, **values) for n, values in enumerate(stated, 1)))
    assert (series.contrast, series.contrast_agent) == (contrast, agent)


def test_views_are_each_kept_once_in_order_of_the_images():
    views = {3: "PA", 1: "LL", 2: "PA"}
    series = only_series(*(header(number=n, view_position=view) for n, view in views.items()))
    assert series.views == ("LL", "PA")


def test_technique_that_changes_from_image_to_image_is_unknown():
    technique = only_series(
        header(exposure="100", slice_thickness="5", burned_in_annotation="NO"),
        header(number=2, exposure="120", slice_thickness="5.0", burned_in_annotation="YES"),
        header(number=3, kvp=None),
        header(number=4, sop_class_uid=PR, kvp="80"),
    ).technique
    assert (technique.exposure, technique.slice_thickness, technique.kvp) == (None, 5.0, 120.0)
    assert (technique.burned_in, technique.lossy) == (True, None)


def test_numbers_that_are_none_are_said_and_left_out():
    found = one(
        header(instance_number="-1", slice_thickness="5,0", image_position_patient=("a", "b", "c"),
               number_of_frames="x", series_number="1.5", image_orientation_patient=("1", "0"))
    )  # fmt: skip
    (series,) = found.study.series
    instance = series.instances[0]
    assert (series.number, instance.number, instance.frames, instance.position, instance.orientation) == (None,) * 5
    assert series.technique.slice_thickness is None
    places = {issue.where for issue in said(found.issues, IssueCode.NUMBER_INVALID)}
    assert places == {
        *("InstanceNumber", "SliceThickness", "ImagePositionPatient", "NumberOfFrames", "SeriesNumber"),
        "ImageOrientationPatient",
    }


def test_issues_of_reading_stay_with_the_object():
    from fhir_hr.issues import Issue

    read = Issue(code=IssueCode.CHARSET_WRONG, severity=Severity.WARNING, where="PatientName", message="a doubt")
    builder = StudyBuilder()
    assert builder.add(header(), "a", [read]) == ()
    assert read in builder.done()[0].issues
    rejected = builder.add(header(study_instance_uid=None), "b", [read])
    assert (rejected[0], rejected[1].code) == (read, IssueCode.OBJECT_REJECTED)


def test_done_may_be_called_again():
    builder = StudyBuilder()
    builder.add(header(), "a")
    assert builder.done() == builder.done()
    builder.add(header(number=2), "b")
    assert builder.done()[0].study.instance_count == 2


# -- an archive's rows -------------------------------------------------------------------------------


def test_rows_on_studies_series_and_instances_are_read_together():
    study = Header(
        study_instance_uid="1.2", patient_id="T1", study_date="20260301", modalities_in_study=("CT", "PR"),
        number_of_study_related_series="2", number_of_study_related_instances="402", instance_availability="NEARLINE",
    )  # fmt: skip
    series = Header(
        study_instance_uid="1.2", series_instance_uid="1.2.1", modality="CT", number_of_series_related_instances="400"
    )
    read = study_of_headers([study, series, study], where="PACS").value
    assert (read.where, read.stated_series, read.stated_instances, read.availability) == ("PACS", 2, 402, "NEARLINE")
    assert (read.series[0].stated_instances, read.series[0].instances) == (400, ())
    assert read.modalities == ("CT", "PR")


def test_rows_without_the_study_are_of_the_one_asked_for():
    rows = [Header(series_instance_uid="1.2.1", modality="CT"), Header(study_instance_uid="1.9", patient_id="X")]
    read = study_of_headers(rows, study_uid="1.2", where="PACS")
    assert (read.value.uid, len(read.value.series), read.value.patient) == ("1.2", 1, None)
    (issue,) = read.issues
    assert (issue.code, issue.message) == (
        IssueCode.ANSWER_NOT_ASKED_FOR, "1 rows are of another study than the one asked for; they were left out",
    )  # fmt: skip
    assert study_of_headers([], study_uid="1.2").value is None


def test_rows_of_several_studies_need_a_name():
    rows = [Header(study_instance_uid=f"1.{n}", patient_id="1") for n in (3, 2)]
    with pytest.raises(UsageError, match="the rows are of 2 studies"):
        study_of_headers(rows)
    assert [study.uid for study in studies_of_headers(rows).value] == ["1.2", "1.3"]


def test_rows_that_name_two_patients_are_not_merged():
    rows = [Header(study_instance_uid="1.2", patient_id=number) for number in ("1", "2")]
    read = studies_of_headers(rows)
    assert [issue.code for issue in read.issues] == [IssueCode.STUDY_CONFLICT]
    assert read.value[0].patient.identifiers[0].value == "1"


# -- properties --------------------------------------------------------------------------------------

NAMES = st.sampled_from(["Ce^ShiJia=测^试甲", "Ce^ShiJia", "测试甲", "Ce^ShiYi=测^试乙", None])
WILD = st.builds(
    header,
    study=st.sampled_from(["S1", "S2"]),
    series=st.sampled_from(["1", "2", "x"]),
    number=st.integers(0, 5),
    patient_id=st.sampled_from(["T1", "T2", None, ""]),
    patient_name=NAMES,
    study_instance_uid=st.sampled_from([uid("S1"), uid("S2"), "1.02", None]),
    sop_class_uid=st.sampled_from(["1.2.840.10008.5.1.4.1.1.2", PR, None]),
    study_time=st.text(max_size=6),
    instance_number=st.text(max_size=3),
)


@given(st.lists(WILD, max_size=12))
def test_every_object_ends_in_one_study_or_in_an_issue(headers):
    builder = StudyBuilder()
    taken, left = set(), set()
    for number, each in enumerate(headers):
        (left if builder.add(each, str(number)) else taken).add(str(number))
    studies = builder.done()
    sources = [source for each in studies for source in each.sources]
    assert sorted(sources) == sorted(taken)
    assert len(taken) + len(left) == len(headers)
    assert sum(each.study.instance_count + each.duplicates for each in studies) == len(taken)
    assert all(each.files_read == len(each.sources) for each in studies)


CALM = st.builds(
    header,
    study=st.sampled_from(["S1", "S2"]),
    series=st.sampled_from(["1", "2", "x"]),
    number=st.integers(0, 9),
)
VALUES = st.fixed_dictionaries(
    {
        "series_description": st.sampled_from(["a", "b", None]),
        "study_time": st.sampled_from(["09", "10", None]),
        "patient_name": st.sampled_from(["Ce^ShiJia=测^试甲", "Ce^ShiJia", None]),
        "view_position": st.sampled_from(["PA", "LL", None]),
        "exposure": st.sampled_from(["1", "1.0", "2", None]),
        "image_laterality": st.sampled_from(["L", "R", None]),
        "burned_in_annotation": st.sampled_from(["YES", "NO", None]),
    }
)


@given(st.dictionaries(CALM.map(lambda one: one.sop_instance_uid), st.tuples(CALM, VALUES), max_size=10), st.randoms())
def test_the_order_of_the_files_does_not_matter_and_twice_is_once(objects, chance):
    headers = [msgspec.structs.replace(one, sop_instance_uid=name, **values) for name, (one, values) in objects.items()]
    shuffled = random.Random(chance.random()).sample(headers + headers, 2 * len(headers))
    plain, mixed = grouped(*headers), grouped(*shuffled)
    same = [msgspec.structs.replace(each.study, where="") for each in mixed]
    assert same == [msgspec.structs.replace(each.study, where="") for each in plain]
    assert sum(each.duplicates for each in mixed) == len(headers)
