"""The public surface, name by name, and what importing the package costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import fhir_hr

SURFACE = """
BundleKind Conversion Converter DataFileError Decision ExclusionClaim FhirHrError Found Institution InvariantError
Issue IssueCode ItemDecision MemorySource MissingExtraError Nothing Order OrderItem PackError Partial PatientIdentity
Prior PriorQuery PriorSource PriorStore Reason Recognition RecognitionOutcome Refused Release Severity StoreError
Unavailable UsageError __version__ builtin_pack check_bundle check_bytes convert decide explain find_priors load_pack
load_senders priors_of read_evidence read_order recognise
DicomWebArchive DimseArchive ImagingConversion ImagingConverter ImagingResult PacsSource PatientNumbers StudyAnswer
StudyQuery convert_imaging
""".split()


def test_the_surface_is_what_was_promised():
    # A name that is taken away or renamed breaks its users: change this list with the changelog only.
    assert sorted(fhir_hr.__all__) == sorted(SURFACE)
    assert dir(fhir_hr) == sorted(SURFACE)


@pytest.mark.parametrize("name", SURFACE)
def test_every_name_is_there(name):
    assert getattr(fhir_hr, name) is not None


def test_every_public_thing_says_what_it_is():
    silent = [name for name in SURFACE if name != "__version__" and not getattr(fhir_hr, name).__doc__]
    assert silent == []


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'fhir_hr' has no attribute 'recognize'"):
        _ = fhir_hr.recognize


def _modules_after(statement: str) -> set[str]:
    told = "print(json.dumps(sorted(set(sys.modules) - before)))"
    code = f"import sys, json; before = set(sys.modules); {statement}; {told}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_import_alone_pulls_in_nothing():
    own = {name for name in _modules_after("import fhir_hr") if name.startswith("fhir_hr")}
    assert own == {"fhir_hr", "fhir_hr._version"}


# jsonschema_rs (some 20 ms) checks what is written, so it is part of converting.
HEAVY = {"fhir", "pydantic", "pydicom", "pynetdicom", "requests", "lxml", "rich", "numpy", "ssl"}


@pytest.mark.parametrize(
    "statement",
    [
        "from fhir_hr import convert, recognise, PriorStore",
        "from fhir_hr import convert; list(convert(b'MSH|^~\\\\&|L|H|||20260101||ORU^R01|1|P|2.5'))",
    ],
)
def test_converting_and_deciding_need_none_of_the_heavy_packages(statement):
    roots = {name.split(".")[0] for name in _modules_after(statement)}
    assert roots & HEAVY == set()
