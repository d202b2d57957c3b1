"""Query text is written as it is or not at all; ``?`` stands for every patient."""

from __future__ import annotations

import pytest

from fhir_hr.errors import UsageError
from fhir_hr.model.people import Sex
from fhir_hr.sources.dimse import Peer
from fhir_hr.sources.dimse.keys import IMAGE, SERIES, STUDY, identifier
from fhir_hr.sources.dimse.plan import loose_patterns, refusals, study_conditions
from fhir_hr.sources.dimse.text import unsendable
from fhir_hr.sources.studies import StudyQuery


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192"])
def test_chinese_is_written_in_chinese_sets_and_read_back(charset):
    import io

    from pynetdicom.dsutils import decode

    data = identifier("STUDY", ("PatientID",), {"PatientName": "*欧*阳*"}, charset=charset)
    read = decode(io.BytesIO(data), True, True)
    assert (read.SpecificCharacterSet, str(read.PatientName)) == (charset, "*欧*阳*")
    assert b"?" not in data


@pytest.mark.parametrize("implicit", [True, False])
def test_both_transfer_syntaxes_are_written_as_pydicom_reads_them(implicit):
    import io

    from pynetdicom.dsutils import decode

    data = identifier(
        "STUDY", STUDY, {"PatientID": "P1", "StudyInstanceUID": "1.2.3"}, charset="GB18030", implicit=implicit
    )
    read = decode(io.BytesIO(data), implicit, True)
    assert {each.keyword for each in read} == {*STUDY, "QueryRetrieveLevel", "SpecificCharacterSet"}
    assert (read.PatientID, read.StudyInstanceUID, read.PatientName) == ("P1", "1.2.3", "")
    assert [each.tag for each in read] == sorted(each.tag for each in read)


@pytest.mark.parametrize(
    ("text", "charset", "words"),
    [
        ("欧阳", "ISO_IR 100", "not every character can be written in ISO_IR 100"),
        ("欧阳", "", "not every character can be written in ISO_IR 6"),
        ("㐀𠂇", "GBK", "not every character can be written in GBK"),
        ("W?ng", "GB18030", "'?' is a wildcard for any character"),
        ("A*", "GB18030", "'*' is a wildcard for any text"),
        ("A\\B", "GB18030", "'\\' parts one value from the next"),
        ("A\x1b$)A", "GB18030", "control characters cannot be asked for"),
        ("\ud800", "ISO_IR 192", "control characters cannot be asked for"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(text, charset, words):
    assert unsendable(text, charset) == words


def test_four_bytes_of_gb18030_are_writable():
    assert unsendable("㐀𠂇", "GB18030") is None


def test_a_refused_text_is_never_quoted():
    found = refusals(StudyQuery(name="欧阳?", patient_id="密*"), "GB18030")
    assert [issue.message for issue in found] == [
        "the patient id is not sent: '*' is a wildcard for any text",
        "the name is not sent: '?' is a wildcard for any character",
    ]


@pytest.mark.parametrize(
    "query",
    [
        StudyQuery(birth_date="1985-02-14"),
        StudyQuery(date_from="*"),
        StudyQuery(date_to="２０２６０３０１"),
        StudyQuery(study_uids=("1.2.*",)),
        StudyQuery(study_uids=("",)),
        StudyQuery(modalities=("C?",)),
    ],
)
def test_dates_uids_and_codes_bring_no_wildcard_either(query):
    assert [issue.code for issue in refusals(query, "GB18030")] == ["query-unencodable"]


def test_an_encoder_never_puts_something_in_place():
    with pytest.raises(UnicodeEncodeError):
        identifier("STUDY", (), {"PatientName": "欧阳*"}, charset="ISO_IR 100")


def test_names_are_asked_so_that_groups_and_case_do_not_matter():
    assert loose_patterns("欧阳*") == ("*欧*阳*",)
    assert loose_patterns("Wang^XiaoDong=王^小东") == ("*王*小*东*",)
    assert loose_patterns("*Wang") == ("*Wa*", "*WA*", "*wa*")
    assert loose_patterns("mcDonald") == ("*Mc*", "*MC*", "*mc*")
    assert loose_patterns("胸部CT平扫*") == ("*胸*部*平*扫*",)


def test_a_name_is_not_asked_beside_a_number_that_finds_the_patient():
    assert study_conditions(StudyQuery(patient_id="P1", name="王", sex=Sex.MALE)) == (
        {"PatientID": "P1", "PatientSex": "M"},
    )


def test_several_modalities_are_asked_one_by_one_and_dates_as_ranges():
    asked = study_conditions(StudyQuery(modalities=("CT", "MR"), date_to="20260301"))
    assert asked == (
        {"StudyDate": "-20260301", "ModalitiesInStudy": "CT"},
        {"StudyDate": "-20260301", "ModalitiesInStudy": "MR"},
    )


def test_many_uids_are_asked_in_lists_of_fifty():
    asked = study_conditions(StudyQuery(study_uids=tuple(f"1.2.{n}" for n in range(120))))
    assert [each["StudyInstanceUID"].count("\\") + 1 for each in asked] == [50, 50, 20]


def test_image_level_asks_for_nothing_of_the_study():
    assert set(IMAGE) == {"SOPInstanceUID", "SOPClassUID", "InstanceNumber"}
    assert not {each for each in (*IMAGE, *SERIES) if "Study" in each or "Patient" in each}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"called_ae": "A" * 17}, "an AE title has 1 to 16 ASCII characters"),
        ({"called_ae": "影像"}, "an AE title has 1 to 16 ASCII characters"),
        ({"calling_ae": ""}, "an AE title has 1 to 16 ASCII characters"),
        ({"port": 0}, "port 0 is none"),
        ({"charset": "ISO 2022 IR 58"}, "character set 'ISO 2022 IR 58' cannot be asked in; known are 'ISO_IR 6'"),
    ],
)
def test_a_peer_that_cannot_be_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        Peer(**{"host": "h", "port": 104, "called_ae": "PACS", **options})
