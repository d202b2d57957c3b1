"""Our profiles before the official validator: examples, definitions, snapshots, expressions."""

import json
from pathlib import Path

import pytest

PROFILES = Path(__file__).resolve().parents[2] / "profiles" / "fhir"
FLAG = "https://fhir-hr.example/fhir/StructureDefinition/recognition-flag"
RECOGNISED = "https://fhir-hr.example/fhir/StructureDefinition/recognised-"

pytestmark = pytest.mark.peer


def definitions(release, kind="*"):
    found = sorted((PROFILES / release.lower()).glob(f"{kind}-*.json"))
    assert found, f"no {kind} in {release}"
    return found


def examples(release):
    return sorted((PROFILES / release.lower() / "examples").glob("*.json"))


def read(path):
    return json.loads(path.read_text("utf-8"))


def test_the_package_is_loaded_by_the_reference_package_reader(official_validator, release):
    # The fixture hands the .tgz to NpmPackage; all but the ImplementationGuide count as definitions.
    assert official_validator.loaded == len(definitions(release)) - 1


def test_every_profile_has_an_example(release):
    claimed = {profile for path in examples(release) for profile in read(path).get("meta", {}).get("profile", [])}
    own = {read(p)["url"] for p in definitions(release, "StructureDefinition") if read(p)["type"] != "Extension"}
    assert len(own) == 7
    assert own == claimed


def test_every_extension_is_used_by_an_example(release):
    text = "".join(path.read_text("utf-8") for path in examples(release))
    for path in definitions(release, "StructureDefinition"):
        if read(path)["type"] == "Extension":
            assert read(path)["url"] in text, path.name


def test_examples_are_valid(official_validator, release):
    found = {path.name: official_validator.errors(path) for path in examples(release)}
    assert len(found) == 15
    assert {name: errors for name, errors in found.items() if errors} == {}


# Every other warning on an example would be news: these are explained in docs/reference/profiles.md.
EXPLAINED = (
    "dom-6",
    "CodeSystem is unknown and can't be validated: https://hospital-a.example/",
    "/part16/sect_CID_",
    "/part04/sect_B.5",
    "http://www.rsna.org/RadLex_Playbook.aspx",
    "CodeSystem is unknown and can't be validated: urn:ietf:rfc:3986 for 'urn:ietf:rfc:3986#urn:oid:",
    "None of the codings provided are in the value set 'ImagingStudy series performer function'",
)


def test_warnings_on_examples_are_the_explained_ones(official_validator, release):
    messages = [str(m) for path in examples(release) for m in official_validator.validate(path)]
    assert [m for m in messages if not any(known in m for known in EXPLAINED)] == []


def test_examples_are_valid_together_as_a_bundle(official_validator, release):
    # In a Bundle the references resolve, so the target profiles are checked as well.
    assert official_validator.errors(bundle(release)) == []


def test_a_report_in_a_bundle_refuses_a_result_of_another_profile(official_validator, release):
    data = json.loads(bundle(release))
    result = next(e["resource"] for e in data["entry"] if e["resource"]["id"] == "example-result-no-value")
    del result["meta"], result["category"]
    errors = official_validator.errors(json.dumps(data).encode())
    assert any("example-result-no-value" in e or "recognised-lab-result" in e for e in errors), errors


def bundle(release):
    entries = []
    for path in examples(release):
        resource = read(path)
        address = f"https://fhir-hr.example/fhir/{resource['resourceType']}/{resource['id']}"
        entries.append({"fullUrl": address, "resource": resource})
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


# R5's core repeats this extension in every snapshot that unfolds a code, and leaves its definition to
# another package.
CORE_R5 = "The extension http://hl7.org/fhir/StructureDefinition/regex could not be found"


def test_definitions_are_valid(official_validator, release):
    found = {path.name: official_validator.errors(path) for path in definitions(release)}
    own = {name: [e for e in errors if release == "R4" or CORE_R5 not in e] for name, errors in found.items()}
    assert {name: errors for name, errors in own.items() if errors} == {}


KEPT = (
    "min",
    "max",
    "type",
    "binding",
    "mustSupport",
    "fixedUri",
    "patternCodeableConcept",
    "sliceName",
    "slicing",
)


def shape(resource):
    """Map each element id to what it demands."""
    elements = {}
    for element in resource["snapshot"]["element"]:
        kept = {key: element[key] for key in KEPT if key in element}
        if "binding" in kept:
            kept["binding"] = {key: kept["binding"].get(key) for key in ("strength", "valueSet")}
            # The base's value sets carry |version in one snapshot and not in the other.
            kept["binding"]["valueSet"] = str(kept["binding"]["valueSet"]).split("|")[0]
        # R4's core says "string" of every id, the generator corrects it to "id".
        kept["type"] = [{k: v for k, v in t.items() if k != "extension"} for t in kept.get("type", [])]
        kept["constraint"] = sorted(c["key"] for c in element.get("constraint", []))
        kept["mustSupport"] = kept.get("mustSupport", False)
        elements[element["id"]] = kept
    return elements


REPEATED = {
    "extension:recognition": ("hr-flag-1", "hr-flag-2"),
    "extension:completeness": ("hr-complete-1", "hr-complete-2"),
}


def test_snapshots_equal_the_reference_generator(official_validator, release):
    for path in definitions(release, "StructureDefinition"):
        ours, theirs = shape(read(path)), shape(official_validator.snapshot(path))
        assert list(ours) == list(theirs), path.name
        for key in ours:
            # The generator repeats an extension's own invariants where it is used; SUSHI leaves them
            # to the extension.
            repeated = REPEATED.get(key.rpartition(".")[2], ())
            ours[key]["constraint"] = sorted([*ours[key]["constraint"], *repeated])
        different = {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]}
        assert different == {}, path.name


def own_invariants(release):
    for path in definitions(release, "StructureDefinition"):
        for element in read(path)["differential"]["element"]:
            for constraint in element.get("constraint", []):
                yield read(path)["type"], element["path"], constraint["key"], constraint["expression"]


def test_invariants_are_well_typed(official_validator, release):
    found = list(own_invariants(release))
    assert {key for _, _, key, _ in found} == {
        *("hr-flag-1", "hr-flag-2", "hr-obs-1", "hr-obs-2"),
        *("hr-complete-1", "hr-complete-2", "hr-study-1", "hr-endpoint-1"),
    }
    for type_name, context, key, expression in found:
        types = official_validator.check_expression(expression, type_name=type_name, context=context)
        assert [t for t in types if t.lower().endswith("boolean")] == types, (key, types)


def test_the_type_checker_bites(official_validator):
    with pytest.raises(RuntimeError, match="valu"):
        official_validator.check_expression("valu.exists()", type_name="Observation", context="Observation")


SEARCHED = {
    "recognition-scope": ("Coding", {"cn-51", "cn-r-chengyu", "cn-1401"}),
    "recognition-mark": ("Coding", {"chuannei-hr", "bing-hr"}),
    "recognition-label": ("string", {"川内HR", "并HR"}),
    "recognition-item": ("Coding", {"cn-51-lab-01", "cn-51-lab-16"}),
    "recognition-valid-until": ("date", {"2026-12-31", "2026-05-31"}),
    "study-completeness": ("code", {"complete-per-archive", "incomplete"}),
    "item-candidate": ("Coding", {"cn-51-img-24", "cn-51-img-35"}),
    "imaging-study": ("Reference", {"ImagingStudy/example-imaging-study"}),
}


@pytest.mark.parametrize("code", SEARCHED)
def test_search_parameters_find_the_flag(official_validator, release, code):
    parameter = read(PROFILES / release.lower() / f"SearchParameter-{code}.json")
    fhir_type, expected = SEARCHED[code]
    assert parameter["status"] == "active"
    found = set()
    for path in examples(release):
        for result in official_validator.evaluate(parameter["expression"], path):
            name, _, value = result.partition(" ")
            assert name == fhir_type, result
            parsed = json.loads(value) if value.startswith("{") else value.strip('"')
            found.add((parsed.get("code") or parsed["reference"]) if isinstance(parsed, dict) else parsed)
    assert found == expected


@pytest.mark.parametrize("code", SEARCHED)
def test_search_expressions_have_one_type(official_validator, release, code):
    parameter = read(PROFILES / release.lower() / f"SearchParameter-{code}.json")
    branches = parameter["expression"].split(" | ")
    assert [branch.partition(".")[0] for branch in branches] == parameter["base"]
    for branch, base in zip(branches, parameter["base"], strict=True):
        types = official_validator.check_expression(branch, type_name=base, context=base)
        assert [t.rsplit("/", 1)[-1].rsplit(".", 1)[-1] for t in types] == [SEARCHED[code][0]]
