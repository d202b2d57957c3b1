"""Image archives that are asked by DICOMweb: QIDO-RS for studies and series, WADO-RS for metadata."""

from fhir_hr.sources.dicomweb.archive import DicomWebArchive
from fhir_hr.sources.dicomweb.limits import DicomWebLimits

__all__ = ["DicomWebArchive", "DicomWebLimits"]
