"""Image archives as sources of priors: what is asked, what is answered, and whose a study is."""

from fhir_hr.sources.studies.pacs import PacsSource, PatientNumbers
from fhir_hr.sources.studies.query import StudyAnswer, StudyArchive, StudyQuery, StudyState

__all__ = ["PacsSource", "PatientNumbers", "StudyAnswer", "StudyArchive", "StudyQuery", "StudyState"]
