"""The neutral model to FHIR R4 and R5."""
