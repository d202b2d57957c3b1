"""The fhir-hr command."""
