"""Synthetic studies with everything that makes archives differ, and the twelve questions that all must answer alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_hr.model.people import Sex
from fhir_hr.sources.studies.query import StudyQuery
from fhir_hr.testing.dicom import CT, DX, MR, dataset, uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_IR58 = b"\x1b$)A"


def studies() -> dict[str, list[Dataset]]:
    """Return objects by the name of their study."""
    return {
        "gb18030": [
            *_of("gb18030", "Wang^XiaoDong=王^小东", "P001", charset="GB18030", StudyDate="20260105", number=1),
            *_of("gb18030", "Wang^XiaoDong=王^小东", "P001", charset="GB18030", StudyDate="20260105", number=2),
        ],
        "same-patient": _of(
            "same-patient",
            "Wang^XiaoDong=王^小东",
            "P001",
            sop_class=MR,
            StudyDate="20260220",
            StudyDescription="头颅MR平扫",
        ),
        "other-case": _of("other-case", "Wang^DaWei=王^大伟", "p001", StudyDate="20260301", PatientSex="M"),
        "other-issuer": _of("other-issuer", "Li^Na=李^娜", "P001", IssuerOfPatientID="OTHERHOSP", StudyDate="20260302"),
        "gbk": _of("gbk", "OuYang^Xiu=欧阳^修", "P002", charset="GBK", PatientSex="M", PatientBirthDate="19700101"),
        "utf8": _of("utf8", "Zhang^Wei=张^伟", "P003", charset="ISO_IR 192", sop_class=DX, StudyDescription="胸部正位"),
        "ir58": _raw(
            "ir58",
            "P004",
            PatientName=b"Wang^XiaoHong=" + _IR58 + "王".encode("gb2312") + b"^" + _IR58 + "小红".encode("gb2312"),
            StudyDescription=_IR58 + "腹部CT增强".encode("gb2312"),
        ),
        "four-bytes": _of("four-bytes", "Wang^Gai=王^㐀𠂇", "P005", charset="GB18030", StudyDate="20251231"),
        "single": _of("single", "王芳", "P006", charset="GB18030", PatientBirthDate="19850214", StudyDate="20260401"),
        "backslash": _of("backslash", "Xu^Kun=徐^誠", "P007", charset="GB18030", StudyDate="20260402"),
        "no-day": _of("no-day", "Qian^Yi=钱^一", "P008", charset="GB18030", StudyDate="", StudyTime=""),
    }


def questions() -> dict[str, tuple[StudyQuery, set[str]]]:
    """Return the twelve questions, each with the studies that meet it."""
    everyone_named_wang = {"gb18030", "same-patient", "other-case", "ir58", "four-bytes", "single"}
    return {
        "patient id": (StudyQuery(patient_id="P001"), {"gb18030", "same-patient", "other-issuer"}),
        "patient id and issuer": (
            StudyQuery(patient_id="P001", issuer="TESTHOSP"),
            {"gb18030", "same-patient"},
        ),
        "name, ASCII with a wildcard": (
            StudyQuery(name="wang^xiao*"),
            {"gb18030", "same-patient", "ir58"},
        ),
        "name, Chinese in full": (StudyQuery(name="王小东"), {"gb18030", "same-patient"}),
        "name, one Chinese letter": (StudyQuery(name="*王*"), everyone_named_wang),
        "birth date": (StudyQuery(birth_date="19700101"), {"gbk"}),
        "study date, between": (
            StudyQuery(date_from="20260201", date_to="20260301"),
            {"same-patient", "other-case", "gbk", "utf8", "ir58"},
        ),
        "study date, open": (
            StudyQuery(date_from="20260302"),
            {"other-issuer", "single", "backslash"},
        ),
        "modality": (StudyQuery(modalities=("MR", "DX")), {"same-patient", "utf8"}),
        "accession number": (StudyQuery(accession="ACC-gbk"), {"gbk"}),
        "list of study UIDs": (
            StudyQuery(study_uids=(uid("utf8"), uid("single"), uid("nowhere"))),
            {"utf8", "single"},
        ),
        "description, sex and day together": (
            StudyQuery(description="*平扫", sex=Sex.FEMALE, date_from="20260201", date_to="20260228"),
            {"same-patient"},
        ),
    }


def _of(study: str, name: str, patient_id: str, *, charset: str = "GB18030", **elements: object) -> list[Dataset]:
    return [dataset(study=study, charset=charset, PatientName=name, PatientID=patient_id, **elements)]


def _raw(study: str, patient_id: str, *, sop_class: str = CT, **raw: bytes) -> list[Dataset]:
    r"""Make an object of ``\ISO 2022 IR 58``, its text as bytes: no encoder of this kind is at hand."""
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    plain = {"SeriesDescription": "lung", "InstitutionName": "Test hospital", "Manufacturer": "SIM"}
    made = dataset(study=study, charset=["", "ISO 2022 IR 58"], PatientID=patient_id, sop_class=sop_class, **plain)
    for keyword, value in raw.items():
        tag = Tag(tag_for_keyword(keyword) or 0)
        padded = value + b" " * (len(value) % 2)
        made[tag] = RawDataElement(tag, dictionary_VR(tag), len(padded), padded, 0, False, True)
    return [made]
