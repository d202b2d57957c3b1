"""DICOM objects, DICOM JSON and query answers to the neutral model of imaging studies."""
