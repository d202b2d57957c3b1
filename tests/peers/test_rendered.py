"""What the renderer writes, before the official validator: no errors in R4 and R5.

The files are the golden files of ``tests/render``; that they are what is rendered is tested there.
"""

from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parents[1] / "render" / "golden"

pytestmark = pytest.mark.peer

# Every other warning would be news; why these stand is in docs/reference/validator-warnings.md.
EXPLAINED = (
    "dom-6",  # no narrative: results are read as data
    "Coding has no system",  # a local code never pretends to be of a known system
    "CodeSystem is unknown and can't be validated",  # LOINC, and the tag that a transaction searches by
    "A Reference without an actual reference or identifier should have a display",  # unknown patient, said so
    "All observations should have a",  # best practice; only what the sender said is written
    "all observations should have a",
    "No code provided, and a code should be provided from the value set",  # words without a code
    "Error Cannot invoke",  # the validator itself, on a LOINC document type without LOINC
    "requires a status of",
    # DICOM's and RadLex's value sets are part of no FHIR package.
    "ValueSet 'http://dicom.nema.org/medical/dicom/current/output/chtml/",
    "ValueSet 'http://www.rsna.org/RadLex_Playbook.aspx' not found",
    "'ImagingStudy series performer function'",  # equipment and hospital, as HL7 Europe Imaging writes them
    "CodeSystem/image-connection#image-viewer) was not found in the value set 'Endpoint Connection Type'",  # R4
)


def files(release):
    return sorted(GOLDEN.glob(f"{release.lower()}-*.json"))


def test_no_errors(official_validator, release):
    found = {path.name: [str(m) for m in official_validator.errors(path)] for path in files(release)}
    assert len(found) == 14
    assert {name: errors for name, errors in found.items() if errors} == {}


def test_warnings_are_the_explained_ones(official_validator, release):
    messages = [m for path in files(release) for m in official_validator.validate(path)]
    news = {m.text for m in messages if m.severity == "warning" and not any(e in str(m) for e in EXPLAINED)}
    assert news == set()
