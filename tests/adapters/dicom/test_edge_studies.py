"""Studies at the edge of the standard: each object ends in one study or in an issue, none is lost, none crashes."""

import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from sr_documents import FINDINGS, IMAGE_ELEMENTS, container, document, key_objects, listed, plant, reread, text

from fhir_hr.adapters.dicom.documents.kos import read_manifest
from fhir_hr.adapters.dicom.documents.sr import read_report
from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.adapters.dicom.headers.reading import read_header
from fhir_hr.adapters.dicom.studies.grouping import StudyBuilder
from fhir_hr.issues import IssueCode, Severity
from fhir_hr.model.imaging import InstanceKind
from fhir_hr.model.when import Precision
from fhir_hr.testing.dicom import CT, MR, dataset, file_bytes, series, uid

IMPLICIT, BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
ENHANCED_CT, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.4.1"
ULTRASOUND_FRAMES = "1.2.840.10008.5.1.4.1.1.3.1"
RT_PLAN, SEGMENTATION, ECG = (
    *("1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.66.4"),
    "1.2.840.10008.5.1.4.1.1.9.1.1",
)
SHIPPED = Path(pydicom.__file__).parent / "data"


class Converted:
    """What became of files: studies, and the issues of those that no study took."""

    def __init__(self, files, **options):
        builder = StudyBuilder()
        self.left = {}
        self.headers = {}
        for name, data in files.items():
            read = read_header(io.BytesIO(data), **options)
            if read.value is None:
                self.left[name] = read.issues
                continue
            self.headers[name] = read.value
            refused = builder.add(read.value, name, read.issues)
            if refused:
                self.left[name] = refused
        self.grouped = builder.done()
        taken = [source for each in self.grouped for source in each.sources]
        assert sorted([*taken, *self.left]) == sorted(files), "a file is in no place, or in two"
        assert all(any(one.severity is Severity.ERROR for one in issues) for issues in self.left.values())
        objects = sum(each.study.instance_count + each.duplicates for each in self.grouped)
        assert objects + len(self.left) == len(files)

    @property
    def study(self):
        (one,) = self.grouped
        return one.study

    @property
    def issues(self):
        return [issue for each in self.grouped for issue in each.issues]

    @property
    def codes(self):
        return {issue.code for issue in self.issues}

    def kinds(self):
        return sorted(one.kind.value for held in self.study.series for one in held.instances)


def named(datasets, **options):
    return {f"IM{number}": file_bytes(each, **options) for number, each in enumerate(datasets, 1)}


def without_meta(data, *, preamble):
    """The file as its data set alone, with or without the preamble before it."""
    meta = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).file_meta
    body = data[132 + 12 + meta.FileMetaInformationGroupLength :]
    return (b"\0" * 128 + b"DICM" if preamble else b"") + body


def bare(**elements):
    """Elements that take the image out of a synthetic object."""
    return {**dict.fromkeys(IMAGE_ELEMENTS), **elements}


# -- how it is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_every_way_of_writing_gives_the_same_study(syntax):
    plain = Converted(named(series(3)))
    other = Converted(named(series(3), transfer_syntax=syntax))
    assert other.study == plain.study
    assert other.study.image_count == 3
    assert other.codes <= {IssueCode.ZONE_ASSUMED}


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", IMPLICIT])
def test_a_missing_meta_header_hinders_nothing(syntax):
    whole = named(series(3), transfer_syntax=syntax)
    parts = {name: without_meta(data, preamble=False) for name, data in whole.items()}
    assert Converted(parts).study == Converted(whole).study


def test_a_file_that_ends_early_is_taken_or_said():
    (data,) = named(series(1)).values()
    for end in (0, 1, 100, 131, 132, 140, 200, 300, 400, 600, 900, len(data) - 1):
        Converted({"IM1": data[:end]})


@pytest.mark.parametrize(
    "data", [b"", b"DICM", b"\0" * 200, b"not an image at all", b"\x89PNG\r\n", b"\0" * 128 + b"DICM" + b"\xff" * 60]
)
def test_what_is_no_object_is_said(data):
    found = Converted({"X": data})
    assert list(found.left) == ["X"]


# -- what it is ----------------------------------------------------------------------------------


def functional_group(**sequences):
    out = Dataset()
    for keyword, values in sequences.items():
        inner = Dataset()
        for name, value in values.items():
            setattr(inner, name, value)
        setattr(out, keyword, [inner])
    return out


@pytest.mark.parametrize(("sop_class", "modality"), [(ENHANCED_CT, "CT"), (ENHANCED_MR, "MR")])
def test_an_enhanced_image_is_one_instance_with_its_frames(sop_class, modality):
    shared = functional_group(
        PixelMeasuresSequence={"SliceThickness": "5", "PixelSpacing": ["0.5", "0.5"]},
        PlaneOrientationSequence={"ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"]},
    )
    frames = [functional_group(PlanePositionSequence={"ImagePositionPatient": ["0", "0", str(at)]}) for at in range(4)]
    gone = dict.fromkeys(("SliceThickness", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"))
    made = dataset(
        sop_class=sop_class,
        Modality=modality,
        NumberOfFrames="4",
        PixelData=b"\0\4" * 256,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
        **gone,
    )
    study = Converted(named([made])).study
    ((one,),) = [held.instances for held in study.series]
    assert (one.kind, one.frames, one.frames_described) == (InstanceKind.IMAGE, 4, 4)
    assert study.series[0].technique.slice_thickness == 5
    assert study.image_count == 1


def test_a_colour_ultrasound_with_frames_is_one_image():
    made = dataset(
        sop_class=ULTRASOUND_FRAMES,
        Modality="US",
        NumberOfFrames="3",
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=b"\x10\x20\x30" * 64 * 3,
    )
    study = Converted(named([made])).study
    assert (study.image_count, study.series[0].instances[0].frames) == (1, 3)
    assert study.modalities == ("US",)


@pytest.mark.parametrize(
    ("sop_class", "modality", "kind"),
    [
        (RT_PLAN, "RTPLAN", InstanceKind.RADIOTHERAPY),
        (SEGMENTATION, "SEG", InstanceKind.SEGMENTATION),
        (ECG, "ECG", InstanceKind.WAVEFORM),
    ],
)
def test_what_is_no_image_is_in_the_study_and_counts_as_none(sop_class, modality, kind):
    other = dataset(series="7", sop_class=sop_class, **bare(Modality=modality))
    found = Converted(named([*series(2), other]))
    assert found.study.instance_count == 3
    assert found.study.image_count == 2
    assert found.kinds() == sorted(["image", "image", kind.value])
    assert found.study.modalities == tuple(sorted({"CT", modality}))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("rtplan.dcm", "radiotherapy"), ("rtdose_1frame.dcm", "radiotherapy"), ("rtstruct.dcm", "radiotherapy")),
        *(("liver_1frame.dcm", "segmentation"), ("waveform_ecg.dcm", "waveform"), ("test-SR.dcm", "document")),
        *(("reportsi.dcm", "document"), ("examples_ybr_color.dcm", "image"), ("MR_small_bigendian.dcm", "image")),
        *(("image_dfl.dcm", "image"), ("ExplVR_LitEndNoMeta.dcm", None), ("no_meta.dcm", None)),
    ],
)
def test_objects_that_others_made(name, kind):
    found = Converted({name: Path(get_testdata_file(name)).read_bytes()})
    if found.left:
        assert found.left[name][-1].code in (IssueCode.OBJECT_REJECTED, IssueCode.NOT_DICOM)
    elif kind is not None:
        assert found.kinds() == [kind]


def test_a_report_and_a_key_object_are_of_the_study_and_read_besides():
    report = document(container(FINDINGS, text("未见异常")))
    keys = key_objects(
        ("113000", "DCM", "Of Interest"), *listed(1), SeriesInstanceUID=uid("S1", "8"), SOPInstanceUID=uid("S1", "8", 1)
    )
    found = Converted(named([*series(2), report, keys]))
    assert found.kinds() == ["document", "image", "image", "key-object"]
    assert found.study.image_count == 2
    assert read_report(reread(report)).value.study_uid == found.study.uid
    assert read_manifest(reread(keys)).value.instances[0][0] == found.study.uid
    titles = {one.kind: one.title.shown for held in found.study.series for one in held.instances if one.title}
    assert titles[InstanceKind.KEY_OBJECT] == "Of Interest"


# -- how many ------------------------------------------------------------------------------------


def test_two_studies_are_told_apart():
    found = Converted({**named(series(2)), **{f"B{name}": data for name, data in named(series(3, study="S2")).items()}})
    assert {each.study.uid: each.study.image_count for each in found.grouped} == {uid("S1"): 2, uid("S2"): 3}


def test_duplicates_count_once_and_are_said():
    once = named(series(3))
    found = Converted({**once, **{f"again/{name}": data for name, data in once.items()}})
    assert found.study.image_count == 3
    assert found.grouped[0].duplicates == 3
    assert found.grouped[0].files_read == 6
    assert IssueCode.DUPLICATE_INSTANCE in found.codes


def test_two_patients_under_one_study_are_never_merged():
    other = dataset(number=9, PatientID="T0002", PatientName="Ling^YiRen=另^一人")
    found = Converted(named([*series(2), other]))
    assert found.study.image_count == 2
    assert [issue.code for issue in found.left["IM3"]] == [IssueCode.STUDY_CONFLICT]
    assert not any("T0002" in str(issue) or "另" in str(issue) for issue in found.left["IM3"])


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_an_object_without_its_uids_is_said_by_name(keyword):
    whole = dataset(number=2)
    data = file_bytes(whole)
    made = pydicom.dcmread(io.BytesIO(data))
    del made[keyword]
    out = io.BytesIO()
    made.save_as(out)
    found = Converted({"IM1": file_bytes(dataset()), "IM2": out.getvalue()})
    assert found.study.image_count == 1
    assert found.left["IM2"][-1].code is IssueCode.OBJECT_REJECTED
    assert keyword in found.left["IM2"][-1].message


def test_no_counts_are_none_and_not_nought():
    study = Converted(named(series(2))).study
    assert (study.stated_series, study.stated_instances) == (None, None)
    assert study.series[0].stated_instances is None
    builder = StudyBuilder(rows=True)
    assert builder.add(Header(study_instance_uid="1.2.3", modalities_in_study=("CT",), patient_id="T1"), "row") == ()
    (row,) = builder.done()
    assert (row.study.stated_series, row.study.stated_instances, row.study.series) == (None, None, ())


# -- when ----------------------------------------------------------------------------------------


def test_a_time_of_hours_and_minutes_keeps_its_precision():
    started = Converted(named(series(1, StudyTime="0915"))).study.started
    assert (started.iso, started.precision) == ("2026-03-01T09:15:00+08:00", Precision.MINUTE)


@pytest.mark.parametrize("time", [None, ""])
def test_no_time_leaves_the_date(time):
    started = Converted(named(series(1, StudyTime=time))).study.started
    assert (started.iso, started.precision) == ("2026-03-01", Precision.DAY)


def test_no_date_and_no_time_leave_nothing_invented():
    times = dict.fromkeys(("StudyDate", "StudyTime", "SeriesDate", "SeriesTime"))
    assert Converted(named(series(1, **times))).study.started is None


def test_an_impossible_time_is_said_and_the_date_kept():
    made = reread(dataset())
    plant(made, "StudyTime", b"2575", "TM")
    found = Converted(named([made]))
    assert found.study.started.iso == "2026-03-01"
    assert IssueCode.TIME_INVALID in found.codes


def test_a_zone_of_its_own_is_taken():
    started = Converted(named(series(1, TimezoneOffsetFromUTC="+0900"))).study.started
    assert started.iso == "2026-03-01T09:15:00+09:00"
    assert started.zone_stated


# -- in which letters ----------------------------------------------------------------------------


def mislabelled(charset):
    """A file whose text is GB18030, labelled as something else, or not at all."""
    data = file_bytes(dataset())
    label = b"\x08\x00\x05\x00CS\x08\x00GB18030 "
    assert data.count(label) == 1
    if charset is None:
        return data.replace(label, b"")
    value = charset + b" " * (len(charset) % 2)
    return data.replace(label, label[:6] + len(value).to_bytes(2, "little") + value)


@pytest.mark.parametrize("charset", [None, b"ISO_IR 100", b"ISO_IR 192", b"KLINGON"])
def test_a_wrong_character_set_is_said_and_repaired_only_when_asked(charset):
    data = mislabelled(charset)
    asis = Converted({"IM1": data})
    assert asis.study.description != "胸部CT平扫"
    assert asis.codes & {IssueCode.CHARSET_WRONG, IssueCode.CHARSET_UNKNOWN, IssueCode.UNDECODABLE}
    repaired = Converted({"IM1": data}, repair=True)
    assert repaired.study.description == "胸部CT平扫"
    assert repaired.study.patient.names[0].text == "测试甲"
    assert IssueCode.CHARSET_REPAIRED in repaired.codes


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192"])
def test_the_same_study_in_other_letters(charset):
    assert Converted(named(series(1, charset=charset))).study == Converted(named(series(1))).study


def test_a_misspelt_character_set_is_understood_and_said():
    found = Converted({"IM1": mislabelled(b"GB 18030")})
    assert found.study.description == "胸部CT平扫"
    assert IssueCode.CHARSET_WRONG in found.codes


# -- all that others made ------------------------------------------------------------------------


def shipped():
    roots = (SHIPPED / "test_files", SHIPPED / "charset_files")
    return sorted(path for root in roots for path in root.rglob("*") if path.is_file() and path.stat().st_size < 2**21)


def test_all_objects_of_pydicom_are_taken_or_said():
    files = {str(path.relative_to(SHIPPED)): path.read_bytes() for path in shipped()}
    assert len(files) > 100
    found = Converted(files)
    assert sum(each.study.instance_count for each in found.grouped) > 60
    for name, header in found.headers.items():
        if header.modality in ("SR", "KO") or name.endswith(("SR.dcm", "reportsi.dcm")):
            made = pydicom.dcmread(io.BytesIO(files[name]), force=True)
            assert read_report(made).value is not None or read_manifest(made).value is not None


def test_two_modalities_of_one_study_stay_one_study():
    study = Converted(named([*series(2), *series(2, series="2", sop_class=MR)])).study
    assert study.modalities == ("CT", "MR")
    assert [len(held.instances) for held in study.series] == [2, 2]
    assert {one.sop_class for held in study.series for one in held.instances} == {CT, MR}
