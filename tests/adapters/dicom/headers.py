"""Headers of invented objects, for the tests of grouping and completeness."""

from fhir_hr.adapters.dicom.headers.header import Header
from fhir_hr.testing.dicom import CT, uid

PR = "1.2.840.10008.5.1.4.1.1.11.1"
SR = "1.2.840.10008.5.1.4.1.1.88.33"


def header(study="S1", series="1", number=1, **values) -> Header:
    """A CT image, with what is given otherwise."""
    stated = {
        "sop_class_uid": CT,
        "sop_instance_uid": uid(study, series, number),
        "study_instance_uid": uid(study),
        "series_instance_uid": uid(study, series),
        "patient_name": "Ce^ShiJia=测^试甲",
        "patient_id": "T0001",
        "issuer_of_patient_id": "TESTHOSP",
        "patient_birth_date": "19850214",
        "patient_sex": "F",
        "study_id": "1",
        "study_date": "20260301",
        "study_time": "0915",
        "accession_number": f"ACC-{study}",
        "study_description": "胸部CT平扫",
        "institution_name": "示例市第一人民医院",
        "modality": "CT",
        "series_number": series,
        "series_description": "肺窗",
        "series_date": "20260301",
        "series_time": "091530",
        "body_part_examined": "CHEST",
        "manufacturer": "示例厂商",
        "manufacturer_model_name": "SIM-64",
        "device_serial_number": "SN-1",
        "software_versions": ("1.0",),
        "station_name": "CT01",
        "instance_number": str(number),
        "image_position_patient": ("-120", "-120", str(number * 5)),
        "image_orientation_patient": ("1", "0", "0", "0", "1", "0"),
        "slice_thickness": "5.0",
        "kvp": "120",
    }
    return Header(**{**stated, **values})
