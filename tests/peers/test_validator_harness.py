"""The harness of the official validator: its settings bite, and its failures say what is missing."""

import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture
def peer(release):
    return sys.modules["fhir_hr_peer_validator"]


@pytest.fixture
def conftest():
    # Under the name that pytest gave it.
    return next(m for m in list(sys.modules.values()) if getattr(m, "__file__", None) == str(HERE / "conftest.py"))


def observation(**values):
    base = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-05-01",
        "performer": [{"reference": "Organization/1"}],
        "valueString": "x",
    }
    return json.dumps({**base, **values}).encode()


def allergy(*codings):
    return json.dumps(
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": {"coding": list(codings)},
            "patient": {"reference": "Patient/1"},
            "code": {"text": "x"},
        }
    ).encode()


ACTIVE = {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
LOCAL = {"system": "https://hospital-a.example/codes", "code": "1"}

pytestmark = pytest.mark.peer


def test_one_coding_in_a_required_set_suffices(official_validator):
    assert official_validator.errors(allergy(LOCAL, ACTIVE)) == []


def test_but_no_coding_of_a_known_system_may_be_wrong(official_validator):
    errors = official_validator.errors(allergy({**ACTIVE, "code": "activ"}, ACTIVE))
    assert any("activ" in error for error in errors), errors


def test_a_wrong_display_is_noticed(official_validator):
    messages = official_validator.validate(allergy({**ACTIVE, "display": "Dormant"}))
    assert any("Dormant" in message.text for message in messages), messages


def test_loinc_that_cannot_be_checked_is_no_error(official_validator):
    loinc = {"coding": [{"system": "http://loinc.org", "code": "6690-2"}]}
    messages = official_validator.validate(observation(code=loinc))
    assert [str(m) for m in messages if m.is_error] == []
    assert any("http://loinc.org" in m.text for m in messages if m.severity == "warning")


def test_a_reference_to_the_wrong_type_is_an_error(official_validator):
    assert official_validator.errors(observation(performer=[{"reference": "Medication/1"}]))


def test_an_unknown_profile_is_an_error(official_validator):
    errors = official_validator.errors(observation(meta={"profile": ["https://nobody.example/StructureDefinition/x"]}))
    assert any("nobody.example" in error for error in errors), errors


def test_an_unknown_extension_is_an_error(official_validator):
    extension = [{"url": "https://nobody.example/StructureDefinition/x", "valueString": "x"}]
    errors = official_validator.errors(observation(extension=extension))
    assert any("nobody.example" in error for error in errors), errors


@pytest.mark.parametrize("unit", ["x10*9/L", "IU/L", "mMol/L", "µmol/L"])
def test_a_unit_that_ucum_lacks_is_an_error(official_validator, unit):
    quantity = {"value": 1, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    data = json.loads(observation(valueQuantity=quantity))
    del data["valueString"]
    errors = official_validator.errors(json.dumps(data).encode())
    assert any(unit in error for error in errors), errors


def test_a_key_that_stands_twice_is_an_error(official_validator):
    data = observation().replace(b'"status": "final"', b'"status": "final", "status": "amended"')
    assert official_validator.errors(data)


def test_xml_is_read_as_well(official_validator):
    data = b'<Observation xmlns="http://hl7.org/fhir"><status value="guess"/></Observation>'
    assert any("guess" in error for error in official_validator.errors(data))


def test_a_message_says_where(official_validator):
    messages = official_validator.validate(observation(status="guess"))
    message = next(m for m in messages if "guess" in m.text and m.is_error)
    assert message.location == "Observation.status"
    assert message.line is not None


def test_a_named_profile_is_applied(official_validator):
    profile = "https://fhir-hr.example/fhir/StructureDefinition/recognised-lab-result"
    assert official_validator.errors(observation()) == []
    assert any("category" in error for error in official_validator.errors(observation(), profiles=[profile]))


def test_what_cannot_be_read_is_a_failure_of_the_call_and_not_of_the_next(official_validator, peer, tmp_path):
    with pytest.raises(peer.PeerFailed, match="NoSuchFileException"):
        official_validator.validate(tmp_path / "nothing.json")
    with pytest.raises(peer.PeerFailed, match="Unable to determine encoding"):
        official_validator.validate(b"not FHIR at all")
    assert official_validator.errors(observation()) == []


def test_no_maven_is_said(peer, tmp_path, monkeypatch):
    # Java is there, Maven is not, and the jars were never collected.
    (tmp_path / "java").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(peer, "CACHE", tmp_path / "cache")
    with pytest.raises(peer.PeerUnavailable, match=r"^mvn not found$"):
        peer.OfficialValidator("R4").__enter__()


def test_no_java_is_said(peer, official_validator, tmp_path, monkeypatch):
    # The jars are in the cache by now, so only the program is missing.
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(peer.PeerUnavailable, match=r"^java not found$"):
        peer.OfficialValidator("R4").__enter__()


def test_definitions_that_are_no_package_end_in_the_last_words_of_java(peer, official_validator, tmp_path):
    (tmp_path / "x.tgz").write_bytes(b"not a package")
    with pytest.raises(peer.PeerFailed, match=r"(?s)the validator died or took over .*Exception"):
        peer.OfficialValidator("R4", definitions=[tmp_path / "x.tgz"]).__enter__()


def test_a_validator_that_was_closed_says_so(peer):
    with pytest.raises(peer.PeerFailed, match="the validator is not running"):
        peer.OfficialValidator("R4").check_expression("true", type_name="Patient", context="Patient")


def test_a_missing_peer_is_a_named_skip(conftest, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^official validator not run: mvn not found$"):
        conftest.not_run("official validator", "mvn not found")


def test_a_missing_peer_fails_in_ci(conftest, monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"^official validator not run: mvn not found$"):
        conftest.not_run("official validator", "mvn not found")
