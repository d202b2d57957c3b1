"""A copy beside its archive: what is missing is named, and what could not be asked is said."""

from __future__ import annotations

import pytest

from fhir_hr.model.imaging import CompletenessVerdict
from fhir_hr.recognition.imaging import ImagingConverter
from fhir_hr.sources.dicom_files import find_files
from fhir_hr.sources.dicomweb import DicomWebArchive
from fhir_hr.sources.dimse import DimseArchive
from fhir_hr.testing.dicom import dataset, write_study
from fhir_hr.testing.qido import QidoServer


def converted(folder, *archives):
    [one] = ImagingConverter(archives=archives).convert(find_files([str(folder)])).conversions
    return one


def codes(one):
    return {issue.code.value for issue in one.issues}


@pytest.mark.parametrize(
    ("held", "verdict"),
    [(2, CompletenessVerdict.COMPLETE_PER_ARCHIVE), (3, CompletenessVerdict.INCOMPLETE)],
)
def test_an_archive_that_counts_more_shows_what_is_missing(tmp_path, held, verdict):
    write_study(tmp_path, 2)
    with QidoServer([dataset(number=number) for number in range(1, held + 1)]) as server:
        one = converted(tmp_path, DicomWebArchive("PACS", server.root))
    assert one.study.completeness.verdict is verdict
    assert ("study-incomplete" in codes(one)) is (verdict is CompletenessVerdict.INCOMPLETE)


def test_another_patient_under_the_same_uid_is_not_compared(tmp_path):
    write_study(tmp_path, 2)
    other = [dataset(number=number, PatientName="Bie^Ren=别^人", PatientID="T9") for number in (1, 2, 3)]
    with QidoServer(other) as server:
        one = converted(tmp_path, DicomWebArchive("PACS", server.root))
    assert one.study.completeness.verdict is CompletenessVerdict.UNKNOWN
    assert "study-conflict" in codes(one)


def test_an_archive_that_is_gone_proves_nothing_and_the_next_is_asked(tmp_path):
    write_study(tmp_path, 2)
    gone = DimseArchive("gone", "127.0.0.1", 1, called_ae="NOBODY")
    one = converted(tmp_path, gone)
    assert one.study.completeness.verdict is CompletenessVerdict.UNKNOWN
    assert {"source-unavailable", "source-partial"} <= codes(one)
    with QidoServer([dataset(number=number) for number in (1, 2)]) as server:
        one = converted(tmp_path, gone, DicomWebArchive("PACS", server.root))
    assert one.study.completeness.verdict is CompletenessVerdict.COMPLETE_PER_ARCHIVE


def test_an_archive_without_the_study_leaves_it_open(tmp_path):
    write_study(tmp_path, 2)
    with QidoServer([dataset(study="other")]) as server:
        one = converted(tmp_path, DicomWebArchive("PACS", server.root))
    assert one.study.completeness.verdict is CompletenessVerdict.UNKNOWN
    assert "source-partial" not in codes(one)
